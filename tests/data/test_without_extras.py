"""Data where neither NumPy nor Pillow is: the same bits, and errors that say what to install."""

import os
import subprocess
import sys
from pathlib import Path

from tests.test_no_numpy import BLOCK

PROGRAM = """
import random, sys
from pathlib import Path

import rcmlrs_core as rc
from rcmlrs_core import data, nn

folder = Path(sys.argv[1])
draws = random.Random(1)
rows = [[repr(draws.gauss(0, 1)), str(draws.randrange(9)), draws.choice("rgb"), "NA" if i % 9 == 4 else "1.5"]
        for i in range(60)]
(folder / "t.csv").write_text("\\n".join(map(",".join, [["a", "b", "c", "d"], *rows])))
(folder / "n.csv").write_text("\\n".join(f"{row[0]},{row[1]}" for row in rows))
digests = [data.read_csv(folder / "n.csv").tensor().digest()]

frame = data.read_frame(folder / "t.csv")
train, test = frame.split([0.75, 0.25], seed=4, stratify="c")
schema = data.Schema.fit(train, target="b", missing="mean")
encoded = schema.encode(train)
digests += [encoded.digest(), schema.encode(test).digest(), data.CsvDataset(folder / "t.csv", schema).digest()]
x, y = encoded.tensors()
digests.append(nn.StandardScaler().fit_transform(x).digest())
for batch in data.Loader(encoded, 7, seed=2, prefetch=2).batches(3):
    digests += [part.digest() for part in batch]

pictures = data.TensorDataset(rc.random.uniform((4, 1, 5, 5), seed=1))
varied = data.Augmented(pictures, [data.RandomFlip(), data.RandomCrop(1), data.RandomContrast(0.5, 2),
                                   data.RandomAffine(20, shift=1, zoom=0.1)], seed=9)
digests.append(varied.take(range(4), epoch=1)[0].digest())
digests.append(data.sunspots(5, steps=2).subset(range(6)).digest())
digests.append(data.CharDataset("to be or not to be", 5).digest())
print(rc.tensor(1.0).backend, *[digest[:12] for digest in digests])
"""

REFUSALS = """
import sys
from rcmlrs_core import data

(name := sys.argv[1] + "/x.npy") and open(name, "wb").write(b"\\x93NUMPY\\x01\\x00")
(picture := sys.argv[1] + "/x.png") and open(picture, "wb").write(b"\\x89PNG\\r\\n\\x1a\\n")
sys.modules["PIL"] = None
for call in (lambda: data.read_arrays(name), lambda: data.NpyDataset(name), lambda: data.read_image(picture)):
    try:
        call()
    except ImportError as error:
        print(error)
"""


def run(program: str, folder: Path, **environment: str) -> str:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("RCMLRS_")}
    words = [sys.executable, "-c", program, str(folder)]
    result = subprocess.run(words, env=kept | environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_data_have_the_bits_that_they_have_with_numpy(tmp_path: Path) -> None:
    without = run(BLOCK + PROGRAM, tmp_path).split()
    beside = run(PROGRAM, tmp_path, RCMLRS_BACKEND="numpy").split()
    assert (without[0], beside[0]) == ("python", "numpy")
    assert without[1:] == beside[1:]
    assert len(set(without)) > 20


def test_errors_say_what_to_install(tmp_path: Path) -> None:
    first, second, third = run(BLOCK + REFUSALS, tmp_path).splitlines()
    assert first == second == "files of NumPy are read by NumPy; install it: pip install 'rcmlrs[numpy]'"
    assert third == "pictures are decoded by Pillow; install it: pip install 'rcmlrs[images]'"
