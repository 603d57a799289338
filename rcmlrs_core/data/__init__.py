"""Data: text to numbers, CSV files to tables, series to windows, and the data sets that come along.

Nothing here computes on data: what is read is rounded once (contract N6), and after that only moved (N4.1).
"""

from rcmlrs_core.data.csv import read_csv
from rcmlrs_core.data.shipped import load_alice, load_digits, load_sunspots, path_of
from rcmlrs_core.data.table import Table
from rcmlrs_core.data.windows import Windows, batches, sliding_windows
from rcmlrs_core.numerics.decimal_text import round_decimal, round_decimals

__all__ = [
    "Table",
    "Windows",
    "batches",
    "load_alice",
    "load_digits",
    "load_sunspots",
    "path_of",
    "read_csv",
    "round_decimal",
    "round_decimals",
    "sliding_windows",
]
