"""The core needs no compiled package: it is imported, trains and saves where there is none, with the same bits."""

import os
import subprocess
import sys

BLOCK = '''
import importlib.machinery, sys, sysconfig

STANDARD = tuple(sysconfig.get_path(name) for name in ("stdlib", "platstdlib"))
SITE = tuple(sysconfig.get_path(name) for name in ("purelib", "platlib"))


class Blocker:
    """Refuses NumPy by name, and whatever is compiled and not of the standard library."""

    refused = []

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name.partition(".")[0] == "numpy":
            cls.refused.append(name)
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        if spec and isinstance(spec.loader, importlib.machinery.ExtensionFileLoader):
            if spec.origin.startswith(SITE) or not spec.origin.startswith(STANDARD):
                cls.refused.append(name)
                raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return None


sys.meta_path.insert(0, Blocker)
'''

TRAIN = """
import rcmlrs_core as rc

rc.manual_seed(7)
series = [((i * 37) % 19) / 10 - 0.9 for i in range(20)]
x = rc.tensor([[[v] for v in series[i : i + 5]] for i in range(12)])
y = rc.tensor([[series[i + 5]] for i in range(12)])
rnn, head = rc.nn.RNN(1, 4), rc.nn.Linear(4, 1)
parameters = [*rnn.parameters(), *head.parameters()]
optimizer = rc.optim.Adam(parameters, lr=0.01)
losses = []
for _ in range(4):
    loss = head(rnn(x)[1]).mse_loss(y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
assert losses[-1] < losses[0], losses
print(x.backend, losses[-1].hex(), *[p.digest()[:16] for p in parameters])
"""


def python(code: str, backend: str | None = None) -> str:
    """What a new interpreter prints that runs ``code``."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("RCMLRS_")}
    if backend is not None:
        environment["RCMLRS_BACKEND"] = backend
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=100, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_block_blocks() -> None:
    """These tests can fail: what is compiled cannot be imported behind the block, and Python's own modules can."""
    assert python(BLOCK + "import math, array, hashlib, _struct, decimal; print('imported')") == "imported\n"
    for package in ("numpy", "numpy.linalg", "flint"):
        assert python(BLOCK + f"try:\n    import {package}\nexcept ImportError as e:\n    print(e)").startswith(
            "No module"
        )


def test_a_recurrent_network_trains_without_numpy_and_has_the_bits_that_it_has_with_it() -> None:
    alone = python(BLOCK + TRAIN, "python").split()
    assert alone[0] == "python"
    assert python(TRAIN, "python").split() == alone
    with_numpy = python(TRAIN, "numpy").split()
    assert with_numpy[0] == "numpy"
    assert with_numpy[1:] == alone[1:]


def test_without_numpy_the_default_backend_is_pure_python() -> None:
    code = BLOCK + "import rcmlrs_core as rc; print(rc.tensor([1.0, 2.0]).sum()); print(rc.backends()[-1].name)"
    assert python(code).splitlines()[0] == "tensor(3., backend='python')"


def test_without_numpy_the_ways_to_it_say_what_to_install() -> None:
    code = """
import rcmlrs_core as rc
try:
    rc.zeros(1).numpy()
except ImportError as error:
    print(error)
try:
    rc.use_backend("numpy")
except rc.BackendError as error:
    print(error)
"""
    to_array, backend = python(BLOCK + code).splitlines()
    assert "pip install 'rcmlrs[numpy]'" in to_array
    assert "pip install 'rcmlrs[numpy]'" in backend


def test_every_part_of_the_core_is_imported_without_numpy() -> None:
    """And no part tries to import what is compiled, but mpmath, which asks for gmpy2 and does without."""
    code = """
import importlib, pkgutil, rcmlrs_core
for module in pkgutil.walk_packages(rcmlrs_core.__path__, "rcmlrs_core."):
    if not module.name.endswith("__main__"):  # which is a program
        importlib.import_module(module.name)
print(sorted({name.partition(".")[0] for name in Blocker.refused}))
"""
    assert python(BLOCK + code).strip() in ("[]", "['gmpy2']")


def loaded_by(code: str) -> set[str]:
    """The modules that a new interpreter has loaded after ``code``."""
    return set(python(code + "\nimport sys; print(*sys.modules)").split())


HEAVY = ("numpy", "mpmath", "rich", "typer", "click", "unittest", "asyncio", "multiprocessing", "sqlite3", "flint")


def test_importing_the_core_is_light() -> None:
    """No package that a first tensor does not need; parts of the library come when they are named."""
    fresh = loaded_by("")
    core = loaded_by("import rcmlrs_core") - fresh
    assert not {name for name in core if name.partition(".")[0] in HEAVY}
    parts = ("nn", "optim", "train", "io", "data", "random", "metrics", "cli", "losses")
    assert not {name for name in core if name.startswith(tuple(f"rcmlrs_core.{part}" for part in parts))}
    assert not {name for name in core if name.startswith(("rcmlrs_backend", "rcmlrs_conformance"))}
    named = loaded_by("import rcmlrs_core as rc\nrc.nn.Linear\nrc.optim")
    assert {"rcmlrs_core.nn", "rcmlrs_core.optim"} <= named
    assert not {name for name in named if name.partition(".")[0] in HEAVY}


def test_a_program_in_pure_python_loads_no_numpy_though_it_is_there() -> None:
    code = "import rcmlrs_core as rc\nx = rc.tensor([[1.5]], backend='python')\nrepr((x @ x).softmax().tolist())"
    assert not {name for name in loaded_by(code) if name.partition(".")[0] == "numpy"}


def test_importing_the_core_takes_a_fraction_of_a_second() -> None:
    """Processor time beyond the interpreter's own. It was 0.1 s when this was written, and the limit is generous."""
    code = "import time; before = time.process_time(); {}; print(time.process_time() - before)"
    spent = min(float(python(code.format("import rcmlrs_core"))) for _ in range(3))
    assert spent < 0.6, f"importing rcmlrs_core took {1000 * spent:.0f} ms"
