"""What an operation's file must have, and what is generated from it: typed stubs on which a user can rely."""

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import rcmlrs_core as rc
from rcmlrs_core import stubs
from rcmlrs_core.dispatch import FUNCTIONS
from rcmlrs_core.errors import RcmlrsError
from rcmlrs_core.methods import Methods
from rcmlrs_core.ops import TABLE
from rcmlrs_core.ops.op import Composition, NoGradient, Operation

HERE = Path(rc.__file__).parent
GENERATED = {"functions.pyi": stubs.functions_stub, "methods.pyi": stubs.methods_stub}
OPERATIONS = pytest.mark.parametrize("operation", TABLE.values(), ids=TABLE)

CLAUSE = re.compile(r"^(\d+)\. ", re.MULTILINE)
CITATION = re.compile(r"\bN[1-9](\.[1-9])?\b")

# ------------------------------------------------------------------------------------------ operations' files


@OPERATIONS
def test_the_page_has_a_signature_and_numbered_clauses(operation: Operation) -> None:
    """``name(x, ...): what it is.`` and then 1. 2. 3., as the error messages and the suite cite them."""
    page = operation.documentation
    first = page.splitlines()[0]
    assert first.startswith(f"{operation.name}("), first
    assert re.fullmatch(r".+\): .+[.;`]", first), first
    clauses = [int(number) for number in CLAUSE.findall(page)]
    assert clauses == list(range(1, len(clauses) + 1))
    assert clauses, f"{operation.name} has no numbered clauses"
    assert page in (inspect.getdoc(sys.modules[operation.module]), inspect.getdoc(getattr(rc, operation.name)))


@OPERATIONS
def test_the_page_names_every_parameter(operation: Operation) -> None:
    words = set(re.findall(r"\w+", operation.documentation))
    for parameter in operation.signature.parameters:
        assert parameter in words, f"{operation.name}: {parameter} is not on its page"


@OPERATIONS
def test_the_clause_that_it_stands_under_is_one_of_the_contract(operation: Operation) -> None:
    assert re.fullmatch(r"N[1-9](\.[1-9])?", operation.clause)


@OPERATIONS
def test_there_are_cases_and_refusals_with_errors_of_our_own(operation: Operation) -> None:
    assert operation.cases, f"{operation.name} has no cases"
    assert any(case.want is not None for case in operation.cases), f"{operation.name}: no case says what is wanted"
    for refusal in operation.refusals:
        assert issubclass(refusal.error, RcmlrsError)
        assert refusal.match


@OPERATIONS
def test_there_is_a_gradient_or_the_reason_why_there_is_none(operation: Operation) -> None:
    if isinstance(operation.gradient, NoGradient):
        assert len(operation.gradient.reason) > 15
        if not isinstance(operation, Composition):
            assert re.search("[Nn]ot differentiable|no gradient", operation.documentation), "the page does not say so"
    else:
        assert operation.gradient.__doc__, f"{operation.name}: the gradient has no docstring"
        assert "gradient" in operation.documentation, f"{operation.name}: the page does not tell the gradient"


@OPERATIONS
def test_the_file_says_nothing_that_its_name_says_already(operation: Operation) -> None:
    """One file, one operation, of the file's name; aliases are names that nothing else has."""
    assert operation.module == f"rcmlrs_core.ops.{operation.name}"
    for alias in operation.aliases:
        assert alias not in TABLE
        assert FUNCTIONS[alias] is FUNCTIONS[operation.name]


# ---------------------------------------------------------------------------------------------------- stubs


@pytest.mark.parametrize("name", GENERATED)
def test_the_stubs_are_what_is_generated(name: str) -> None:
    """``make stubs`` after a change of an operation's signature."""
    assert (HERE / name).read_text(encoding="utf-8") == GENERATED[name]()


def test_the_stubs_are_written_by_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stubs, "HERE", tmp_path)
    stubs.main()
    for name in GENERATED:
        assert (tmp_path / name).read_bytes() == (HERE / name).read_bytes()


def test_the_stubs_are_as_the_formatter_leaves_them() -> None:
    pytest.importorskip("ruff", reason="ruff is in the extra 'lint'")
    command = [sys.executable, "-m", "ruff", "format", "--check", *(str(HERE / name) for name in GENERATED)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=HERE.parent)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_stubs_name_every_operation() -> None:
    functions, methods = (
        set(re.findall(r"^\s*def (\w+)\(", (HERE / name).read_text(encoding="utf-8"), re.MULTILINE))
        for name in GENERATED
    )
    assert functions == methods == set(FUNCTIONS) == {name for name in vars(Methods) if not name.startswith("_")}
    for name in functions:
        assert hasattr(rc, name)
        assert name in rc.__all__


# ------------------------------------------------------------------------------------------ a user's program

PROGRAM = '''
"""A user's program: what the stubs must let through."""

import rcmlrs_core as rc
from rcmlrs_core import RamTensor


def loss(w: RamTensor, x: RamTensor, *, scale: float = 1.0) -> RamTensor:
    hidden = x.linear(w).gelu()
    return (hidden * scale - 1.0).square().mean()


w = rc.tensor([[0.5, -1.0]], requires_grad=True)
x = rc.tensor([[1.0, 2.0], [3.0, 4.0]], backend=w.backend)
y: RamTensor = x.gelu().sum(axis=0)
z: RamTensor = rc.softmax(x, axis=-1) @ w.T + 2.0 - 1 / x[0, None]
mask: RamTensor = (x > 1.0) & ~(x == 2.0)
chosen: RamTensor = mask.where(x, 0.0).max(axis=(0, 1), keepdims=True)
both: RamTensor = rc.concat(x, x.T, axis=1).take(rc.tensor([0], dtype="int32"))
z.sum().backward()
if w.grad is not None:
    with rc.no_grad(), rc.use_backend("python"):
        w.replace_(w - 0.1 * w.grad)
slope = rc.grad(loss)(w, x, scale=2.0)
value, (first, second) = rc.value_and_grad(loss, argnums=(0, 1))(w, x)
shape: tuple[int, ...] = x.shape
name: str = x.backend + x.dtype + x.digest()
raw: bytes = x.tobytes()
for row in x:
    print(float(row.sum()), len(row), row.tolist(), f"{row.mean():.2f}")
again = rc.from_bytes(raw, (2, 2), "numpy").to("python").reshape((4, 1))
made = [rc.zeros((2, 3)), rc.ones(2), rc.full((), 0.5), rc.eye(2), rc.arange(3), rc.zeros_like(x)]
model = rc.nn.Linear(2, 1)
optimizer = rc.optim.Adam(model.parameters(), lr=0.01)
rc.manual_seed(1)
'''

MISTAKES = {
    "x.gelo()": '"RamTensor" has no attribute "gelo"',
    "rc.gelo(x)": 'Module has no attribute "gelo"',
    "x.sum(axs=0)": "Unexpected keyword argument",
    'x.sum(axis="rows")': "incompatible type",
    "x.gelu(1)": "Too many",
    "x.matmul()": "Missing positional argument",
    "n: int = x.sum()": "Incompatible types in assignment",
    "x.grad.sum()": "None",
    "x.shape = (1,)": "read-only",
}


def type_check(text: str, folder: Path, cache: Path) -> list[str]:
    """What mypy, strict, finds in a program that imports RCMLRS."""
    pytest.importorskip("mypy", reason="mypy is in the extra 'lint'")
    (folder / "program.py").write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--follow-imports=silent"]
    command += [f"--cache-dir={cache}", "--no-error-summary", "--no-color-output", str(folder / "program.py")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False, cwd=HERE.parent)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return [line for line in done.stdout.splitlines() if ": error:" in line]


def test_a_typed_program_passes_strict_and_its_mistakes_are_found(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    """One run for both, as the first takes mypy a while: every mistake is found, each on its line, and nothing else."""
    kept = getattr(pytestconfig, "cache", None)
    cache = kept.mkdir("mypy") if kept else tmp_path
    before = PROGRAM.count("\n")
    errors = type_check(PROGRAM + "\n".join(MISTAKES) + "\n", tmp_path, cache)
    found = {int(line.split(":")[1]) - before - 1: line for line in errors}
    assert len(found) == len(errors)
    assert sorted(found) == list(range(len(MISTAKES))), "\n".join(errors)
    for number, (mistake, words) in enumerate(MISTAKES.items()):
        assert words in found[number], f"{mistake}: {found[number]}"


def test_the_typed_program_runs(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROGRAM, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(tmp_path / "program.py")], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0].startswith("3.0 2 [1.0, 2.0] 1.50")
