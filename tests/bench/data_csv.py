"""Reading numbers from CSV files beside pandas, which is left out where it is not installed.

With NumPy, as most have it, and the way without it, for which there is no goal.
"""

import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from unittest.mock import patch

import numpy

import rcmlrs_core.data.csv
from rcmlrs_core.data import read_csv
from tests.bench.measure import Effort, Result, compared

GROUP = "CSV"
GOAL = 3.0
ROWS, COLUMNS = 100_000, 20


def results(effort: Effort) -> Iterator[Result]:
    """A file of 100,000 x 20 numbers of each kind; both readers make numbers of all of it."""
    if find_spec("pandas") is None:
        return
    import pandas

    rows = ROWS if effort.rounds > 1 else ROWS // 20
    normal = numpy.random.default_rng(0).standard_normal((rows, COLUMNS))
    header = [f"c{place}" for place in range(COLUMNS)]
    with tempfile.TemporaryDirectory() as folder:
        for kind, table in {
            "floats, 17 digits": normal,
            "floats, 4 decimals": normal.round(4),
            "integers": (100 * normal).astype(int),
        }.items():
            path = Path(folder) / "numbers.csv"
            pandas.DataFrame(table).to_csv(path, header=header, index=False)
            for way, quick in ((", NumPy", True), (", Python alone", False)):
                with patch.object(rcmlrs_core.data.csv, "numpy_is_there", lambda size, quick=quick: quick):
                    yield compared(
                        GROUP,
                        f"{kind}, {rows} x {COLUMNS}{way}",
                        lambda path=path: read_csv(path),  # type: ignore[misc]
                        lambda path=path: pandas.read_csv(path),  # type: ignore[misc]
                        effort,
                        GOAL if quick else None,
                    )
