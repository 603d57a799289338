"""The reference is what the operations' files say, and nobody's hand has been in it."""

from pathlib import Path

import pytest

from rcmlrs_core import reference, registry
from rcmlrs_core.errors import RcmlrsError
from rcmlrs_core.ops import TABLE
from rcmlrs_core.ops.op import Operation

ROOT = Path(__file__).parents[1]
KERNELS = reference.kernels_of(registry.backends())


def test_every_operation_has_its_page_and_no_page_is_left_over() -> None:
    there = {path.stem for path in (ROOT / "docs" / "operations").glob("*.md")}
    assert there == {operation.name for operation in reference.built_in()}


@pytest.mark.parametrize("operation", reference.built_in(), ids=lambda operation: operation.name)
def test_the_page_is_what_is_generated(operation: Operation) -> None:
    """``make stubs`` after a change of an operation's file."""
    written = (ROOT / "docs" / "operations" / f"{operation.name}.md").read_text(encoding="utf-8")
    assert written == reference.page(operation)


def test_the_tables_are_what_is_generated() -> None:
    missing = [name for name in reference.DOCUMENTED if name not in KERNELS]
    if missing:
        pytest.skip(f"the tables show {', '.join(missing)}, which is not healthy here")
    kernels = {name: KERNELS[name] for name in reference.DOCUMENTED}
    for path in (ROOT / "docs" / "operations.md", ROOT / "README.md"):
        assert path.read_text(encoding="utf-8") == reference.files(ROOT, kernels)[path], path


def test_the_table_tells_own_derived_and_missing() -> None:
    kernels = {"here": {"gelu": "own", "exp": "derived"}}
    lines = reference.index(kernels).splitlines()
    for name, origin in (("gelu", "own"), ("exp", "derived"), ("tanh", "missing")):
        (line,) = [line for line in lines if line.startswith(f"| [{name}](")]
        assert line.endswith(f"| {origin} |")


def test_a_page_holds_what_a_reader_looks_for() -> None:
    page = reference.page(TABLE["linear"])
    for words in (
        "rc.linear(x, weight, bias=None)",
        "the bias is inside the one rounding (N3.1)",
        "[Its file](../../rcmlrs_core/ops/linear.py)",
        "| `linear([0.0], [[inf]], [1.0])` | `[nan]` | |",
        "| `linear([[1.0]], [1.0])` | `ShapeError` | ... (out, in) ... |",
    ):
        assert words in page


def test_every_operation_is_told_in_a_line() -> None:
    for operation in TABLE.values():
        assert 3 < len(reference.summary_of(operation)) < 140, operation.name


def test_a_readme_without_a_table_is_refused() -> None:
    with pytest.raises(RcmlrsError, match="no table of operations"):
        reference.readme("# Nothing\n", KERNELS)
