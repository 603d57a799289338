"""The examples run as they stand, and their models have the digests of ``examples/digests.json`` on every backend.

The whole of ``alice_transformer`` and of all on ``numpy`` takes minutes: that is ``make examples``.
"""

import os

os.environ.setdefault("KERAS_BACKEND", "jax")  # for the example that runs on real Keras

import json
import re
from pathlib import Path

import pytest

from rcmlrs_core import data
from tests.examples import FOLDER, NAMES, README, STORED, TABLE, digest_of, run, score_of, table
from tests.installed import BACKENDS

DIGESTS = json.loads(STORED.read_text(encoding="utf-8"))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", NAMES)
def test_small_settings_give_the_same_model_on_every_backend(name: str, backend: str) -> None:
    assert digest_of(run(name, "--quick", "--backend", backend)) == DIGESTS[name]["quick"]


# What takes a few seconds. On numpy the digits take a minute.
WHOLE = [
    ("sunspots_by_hand", "numpy"),
    ("sunspots_by_hand", "native"),
    ("sunspots_lstm_keras", "native"),
    ("digits_cnn", "native"),
    ("table_from_csv", "numpy"),
    ("table_from_csv", "native"),
    ("own_layer_and_loss", "native"),
]


@pytest.mark.parametrize(("name", "backend"), [pair for pair in WHOLE if pair[1] in BACKENDS])
def test_the_whole_example_ends_with_the_stored_model_and_score(name: str, backend: str) -> None:
    lines = run(name, "--backend", backend)
    assert (digest_of(lines), score_of(name, lines)) == (DIGESTS[name]["full"], DIGESTS[name]["score"])


def number(name: str) -> float:
    """The first number of a stored score."""
    found = re.search(r"[0-9.]+(?=%|$)", DIGESTS[name]["score"])
    assert found, name
    return float(found[0])


def test_the_scores_are_as_good_as_the_examples_promise() -> None:
    assert number("digits_cnn") >= 98.0
    assert number("sunspots_by_hand") < 19.3  # a linear regression on the same years, see data/sets/README.md
    assert number("sunspots_lstm_keras") < 19.3
    assert number("table_from_csv") >= 95.0
    assert number("alice_transformer") < 1.5  # the entropy of its 67 characters, each by itself, is 3.09


def test_the_example_in_the_words_of_keras_runs_on_keras() -> None:
    pytest.importorskip("keras")
    name = "sunspots_lstm_keras"
    ours = (FOLDER / f"{name}.py").read_text(encoding="utf-8")
    theirs = ours.replace("from rcmlrs_core import keras\n", "import keras\n")
    assert theirs != ours
    lines = run(name, "--quick", text=theirs)
    without_numbers = [
        [re.sub(r"[0-9.]+|[0-9a-f]{64}", "", line) for line in each] for each in (lines, run(name, "--quick"))
    ]
    assert without_numbers[0] == without_numbers[1]
    assert digest_of(lines) != DIGESTS[name]["quick"]  # other first weights: it did run on the other library


def test_the_table_is_that_of_the_digests() -> None:
    found = TABLE.search(README.read_text(encoding="utf-8"))
    assert found
    assert found[0] == table(DIGESTS)


def test_the_penguins_are_what_their_description_says() -> None:
    page = (FOLDER / "data" / "README.md").read_text(encoding="utf-8")
    path = FOLDER / "data" / "penguins.csv"
    assert sha256(path) in page
    frame = data.read_frame(path)
    species = list(frame.column("species"))
    assert f"{frame.rows} adult penguins" in page
    assert all(f"{name} ({species.count(name)})" in page for name in {"Adelie", "Chinstrap", "Gentoo"})


def sha256(path: Path) -> str:
    import hashlib

    return hashlib.sha256(path.read_bytes()).hexdigest()
