"""The reference: a page for each operation and the table of kernels by backend, generated from the operations' files.

``make stubs`` writes ``docs/operations/NAME.md``, their index ``docs/operations.md`` and the table in the README; a
test compares them with what this module generates, so none can be stale. ``rcmlrs operations [NAME]`` shows the same in
a terminal, with the operations that installed packages add.
"""

import inspect
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rcmlrs_core.errors import RcmlrsError
from rcmlrs_core.ops import TABLE
from rcmlrs_core.ops.op import (
    OF_ITS_OPERATIONS,
    Composition,
    Elementwise,
    General,
    Move,
    NoGradient,
    Operand,
    Operation,
    Reduction,
)
from rcmlrs_core.plain import PlainArray
from rcmlrs_core.registry import BackendStatus
from rcmlrs_core.stubs import type_text

FAMILIES: Mapping[type[Operation], str] = {
    Elementwise: "functions of one element",
    Reduction: "functions of a row",
    Move: "moves",
    General: "of a form of their own",
    Composition: "compositions",
}
"""The families of operations, in words."""

GENERATED = "Generated from the operations' files by `make stubs`; do not edit."

Kernels = Mapping[str, Mapping[str, str]]
"""Backend and operation to where the kernel comes from: ``"own"`` or ``"derived"``."""


def kernels_of(statuses: Iterable[BackendStatus]) -> Kernels:
    """What the healthy ones among some backends have."""
    return {
        status.name: dict.fromkeys(status.own, "own") | dict.fromkeys(status.derived, "derived")
        for status in statuses
        if status.state == "healthy"
    }


def built_in() -> list[Operation]:
    """The operations of RCMLRS itself, in the order of their names."""
    return [TABLE[name] for name in sorted(TABLE) if TABLE[name].module.startswith("rcmlrs_core.")]


def family_of(operation: Operation) -> str:
    """In words."""
    return next(words for family, words in FAMILIES.items() if isinstance(operation, family))


def summary_of(operation: Operation) -> str:
    """What it is, from the first line of its page (or lines, up to the first full stop or blank line)."""
    head = operation.documentation.partition("\n\n")[0]
    return re.sub(r"^\w+\([^:]*\): ", "", " ".join(head.split()), count=1).rstrip(".")


def page(operation: Operation) -> str:
    """The page of an operation, in Markdown."""
    facts = [
        f"Family: {family_of(operation)}. Clause {operation.clause} of the [contract](../../conformance/CONTRACT.md)."
    ]
    if operation.aliases:
        facts.append("Also called " + ", ".join(f"`{alias}`" for alias in operation.aliases) + ".")
    facts.append(_gradient(operation))
    if isinstance(operation, Elementwise) and operation.bound and operation.exact:
        facts.append(f"Its binary64 formula errs by at most {operation.bound:g} units of 2^-53 of its magnitude.")
    facts.append(f"[Its file](../../{operation.module.replace('.', '/')}.py) is all of it.")
    parts = [
        f"# {operation.name}\n\n<!-- {GENERATED} -->",
        f"    rc.{operation.name}{_signature(operation)}",
        _markdown(operation.documentation),
        "\n".join(f"* {fact}" for fact in facts),
    ]
    cases = [_case(operation, case) for case in operation.cases]
    if cases:
        parts.append("## Cases\n\n" + _table(("call", "result", "why it is hard"), cases))
    refusals = [
        (f"`{_call(operation.name, refusal)}`", f"`{refusal.error.__name__}`", _cell(f"... {refusal.match} ..."))
        for refusal in operation.refusals
    ]
    if refusals:
        parts.append("## Refusals\n\n" + _table(("call", "error", "which says"), refusals))
    return "\n\n".join(parts) + "\n"


def index(kernels: Kernels) -> str:
    """The page that lists all operations, with whose kernel runs on each backend."""
    parts = [
        f"# The operations\n\n<!-- {GENERATED} -->",
        "`own`: the backend has a kernel of its own. `derived`: the kernel is made of the operation's file (its\n"
        "binary64 formula, the rounding test, and the exact definition for what stays undecided). The bits are the\n"
        "same. A composition has no kernel: it runs on those of its operations.",
        summary(kernels),
    ]
    operations = built_in()
    for family, words in FAMILIES.items():
        rows = [
            (
                f"[{operation.name}](operations/{operation.name}.md)",
                _cell(summary_of(operation)),
                *(kernels[backend].get(operation.name, "missing") for backend in kernels if family is not Composition),
            )
            for operation in operations
            if isinstance(operation, family)
        ]
        columns = () if family is Composition else tuple(kernels)
        parts.append(f"## {words[0].upper()}{words[1:]}\n\n" + _table(("operation", "what it is", *columns), rows))
    return "\n\n".join(parts) + "\n"


def summary(kernels: Kernels) -> str:
    """How many operations there are, by family, and how many kernels are each backend's own."""
    rows = []
    for family, words in FAMILIES.items():
        names = [operation.name for operation in built_in() if isinstance(operation, family)]
        own = [
            "" if family is Composition else str(sum(kernels[backend].get(name) == "own" for name in names))
            for backend in kernels
        ]
        rows.append((words, str(len(names)), *own))
    return _table(("operations", "number", *(f"{backend}'s own" for backend in kernels)), rows)


def _signature(operation: Operation) -> str:
    """Without the annotations of operands, which are tensors."""
    parameters = []
    for p in operation.signature.parameters.values():
        operand = p.annotation in (Operand, Any, p.empty)
        text = ("*" if p.kind is p.VAR_POSITIONAL else "") + p.name
        if not operand:
            text += f": {type_text(p.annotation)}"
        if p.default is not p.empty:
            text += f"={p.default!r}" if operand else f" = {p.default!r}"
        parameters.append((p.kind, text))
    texts, starred = [], any(kind is inspect.Parameter.VAR_POSITIONAL for kind, _ in parameters)
    for kind, text in parameters:
        if kind is inspect.Parameter.KEYWORD_ONLY and not starred:
            texts.append("*")
            starred = True
        texts.append(text)
    return f"({', '.join(texts)})"


def _gradient(operation: Operation) -> str:
    gradient = operation.gradient
    if gradient is OF_ITS_OPERATIONS:
        return "Its gradient is that of its operations."
    if isinstance(gradient, NoGradient):
        return f"It has no gradient: {gradient.reason}."
    first = inspect.cleandoc(gradient.__doc__ or "").partition("\n")[0]
    return f"Gradient: {_markdown(first)}"


def _case(operation: Operation, case: Any) -> tuple[str, str, str]:
    call = f"`{_call(operation.name, case)}`"
    if case.want is None:
        return call, "", _cell(case.note)
    parts = case.want if isinstance(case.want, tuple) else (case.want,)
    return call, ", ".join(f"`{_value(part)}`" for part in parts), _cell(case.note)


def _call(name: str, case: Any) -> str:
    arguments = [_value(x) for x in case.inputs] + [f"{key}={_value(value)}" for key, value in case.attributes.items()]
    return f"{name}({', '.join(arguments)})".replace("|", "\\|")


LONGEST = 60


def _value(x: Any) -> str:
    """As a reader would write it; what is long is cut, for the file has it."""
    if isinstance(x, PlainArray):
        text = f"{x.dtype} {x.values.tolist()}" if x.shape != () else f"{x.dtype} {x.values.tolist()[0]}"
        if len(x.shape) > 1:
            text += f" of shape {x.shape}"
    else:
        text = repr(x)
    text = text.replace("3.4028234663852886e+38", "max")
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def _cell(text: str) -> str:
    return _markdown(" ".join(text.split())).replace("|", "\\|")


def _markdown(text: str) -> str:
    """A docstring's double backticks are Markdown's single ones."""
    return re.sub(r":\w+:`~?(?:[\w.]*\.)?(\w+)`", r"`\1`", text.replace("``", "`"))


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |".replace("|  |", "| |").replace("|  |", "| |") for line in lines)


MARKS = ("<!-- operations: generated by make stubs -->", "<!-- end of operations -->")


def readme(text: str, kernels: Kernels) -> str:
    """The README with its table as it should be."""
    before, mark, rest = text.partition(MARKS[0])
    _, end, after = rest.partition(MARKS[1])
    if not mark or not end:
        raise RcmlrsError(f"the README has no table of operations between {MARKS[0]} and {MARKS[1]}")
    return f"{before}{mark}\n\n{summary(kernels)}\n\n{end}{after}"


def files(root: Path, kernels: Kernels) -> dict[Path, str]:
    """All that is generated, by path."""
    found = {root / "docs" / "operations" / f"{operation.name}.md": page(operation) for operation in built_in()}
    found[root / "docs" / "operations.md"] = index(kernels)
    found[root / "README.md"] = readme((root / "README.md").read_text(encoding="utf-8"), kernels)
    return found


DOCUMENTED = ("python", "numpy", "native")
"""The backends that the table shows."""


def main() -> None:
    """Write the pages and the tables of this checkout, and remove pages of operations that are gone."""
    from rcmlrs_core.registry import backends

    root = Path(__file__).parent.parent
    known = kernels_of(backends())
    missing = [name for name in DOCUMENTED if name not in known]
    if missing:
        raise RcmlrsError(f"the table shows {', '.join(missing)}, which is not healthy here; see rcmlrs backends")
    made = files(root, {name: known[name] for name in DOCUMENTED})
    folder = root / "docs" / "operations"
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob("*.md"):
        if path not in made:
            path.unlink()
    for path, text in made.items():
        path.write_text(text, encoding="utf-8")
    print(f"docs/operations.md and {len(made) - 2} pages; the table in README.md")


if __name__ == "__main__":
    main()
