"""Data: files to tables and tensors, data sets and their parts, and batches in an order that can be had again.

A table with categories, gaps and a target becomes batches by

    train, test = data.read_frame("houses.csv").split([0.8, 0.2], seed=1)
    schema = data.Schema.fit(train, target="price", missing="mean")    # fitted on the training part alone
    loader = data.Loader(schema.encode(train), batch_size=32, seed=1)

and pictures in folders by class by

    loader = data.Loader(data.ImageFolder("pictures", size=(64, 64), scale=True), batch_size=32, prefetch=2)

``train.fit(model, optimizer, loss, loader, epochs=10)`` takes either. What is read is rounded once (contract N6), and
after that moved (N4.1) or computed on by operations (N5): a batch is the same on every machine and backend.
"""

from rcmlrs_core.data.arrays import NpyDataset, read_arrays
from rcmlrs_core.data.augment import (
    Augmented,
    RandomAffine,
    RandomBrightness,
    RandomContrast,
    RandomCrop,
    RandomFlip,
    RandomShift,
    RandomTurn,
    Variation,
)
from rcmlrs_core.data.check import check_dataset, check_finite, check_labels
from rcmlrs_core.data.csv import read_csv
from rcmlrs_core.data.csv_dataset import CsvDataset
from rcmlrs_core.data.dataset import Dataset, Subset, TensorDataset, join, split
from rcmlrs_core.data.frame import Frame, read_frame
from rcmlrs_core.data.images import ImageFolder, read_image
from rcmlrs_core.data.loader import Loader
from rcmlrs_core.data.schema import Schema
from rcmlrs_core.data.sequences import WindowDataset, pad_sequences, sequence_mask
from rcmlrs_core.data.shipped import digits, load_alice, load_digits, load_sunspots, path_of, sunspots
from rcmlrs_core.data.table import Table
from rcmlrs_core.data.text import CharDataset, Vocabulary
from rcmlrs_core.data.windows import Windows, batches, sliding_windows
from rcmlrs_core.numerics.decimal_text import round_decimal, round_decimals

__all__ = [
    "Augmented",
    "CharDataset",
    "CsvDataset",
    "Dataset",
    "Frame",
    "ImageFolder",
    "Loader",
    "NpyDataset",
    "RandomAffine",
    "RandomBrightness",
    "RandomContrast",
    "RandomCrop",
    "RandomFlip",
    "RandomShift",
    "RandomTurn",
    "Schema",
    "Subset",
    "Table",
    "TensorDataset",
    "Variation",
    "Vocabulary",
    "WindowDataset",
    "Windows",
    "batches",
    "check_dataset",
    "check_finite",
    "check_labels",
    "digits",
    "join",
    "load_alice",
    "load_digits",
    "load_sunspots",
    "pad_sequences",
    "path_of",
    "read_arrays",
    "read_csv",
    "read_frame",
    "read_image",
    "round_decimal",
    "round_decimals",
    "sequence_mask",
    "sliding_windows",
    "split",
    "sunspots",
]
