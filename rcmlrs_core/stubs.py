"""Generates ``functions.pyi`` and ``methods.pyi``, what a type checker sees of the operations: ``make stubs``.

A test compares the files with what this module generates, so a stub cannot be stale.
"""

import inspect
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rcmlrs_core.ops import TABLE
from rcmlrs_core.ops.op import Composition, Operand, Operation

HERE = Path(__file__).parent

HEADER = '''"""{what} Generated from the operations' files by rcmlrs_core.stubs; do not edit."""

from collections.abc import Sequence
from typing import Any

from rcmlrs_core.tensor import RamTensor
'''


def functions_stub() -> str:
    """The text of ``functions.pyi``."""
    lines = [HEADER.format(what="The operations as functions.")]
    names = []
    for name, operation in _named():
        names.append(name)
        lines.append(f"def {name}({_parameters(operation, method=False)}) -> RamTensor: ...")
    lines.append("")
    listed = "".join(f'    "{name}",\n' for name in sorted(names))
    lines.append(f"__all__ = [\n{listed}]")
    return "\n".join(lines) + "\n"


def methods_stub() -> str:
    """The text of ``methods.pyi``."""
    lines = [HEADER.format(what="The operations as methods of RamTensor."), "class Methods:"]
    for name, operation in _named():
        lines.append(f"    def {name}({_parameters(operation, method=True)}) -> RamTensor: ...")
    return "\n".join(lines) + "\n"


def _named() -> Iterator[tuple[str, Operation]]:
    """Every operation under its name and its aliases, in the order of the names."""
    pairs = [(name, operation) for operation in TABLE.values() for name in (operation.name, *operation.aliases)]
    yield from sorted(pairs, key=lambda pair: pair[0])


def _parameters(operation: Operation, method: bool) -> str:
    """A signature as text: a tensor, then tensors or numbers, then attributes with their types."""
    parts: list[str] = []
    star = False
    for i, (key, p) in enumerate(operation.signature.parameters.items()):
        is_operand = p.annotation is Operand or (isinstance(operation, Composition) and i == 0)
        if p.kind is p.VAR_POSITIONAL:
            parts += ["self"] * method + [f"*{key}: RamTensor"]
            star = True
            continue
        if p.kind is p.KEYWORD_ONLY and not star:
            parts.append("*")
            star = True
        if i == 0 and method:
            parts.append("self")
        else:
            annotation = ("RamTensor" if i == 0 else "RamTensor | float") if is_operand else type_text(p.annotation)
            if is_operand and p.default is None:
                annotation += " | None"
            default = "" if p.default is p.empty else f" = {p.default!r}"
            parts.append(f"{key}: {annotation}{default}")
    return ", ".join(parts)


def type_text(annotation: Any) -> str:
    """An annotation as it is written in a stub."""
    if annotation is inspect.Parameter.empty:
        return "Any"
    if annotation is type(None):
        return "None"
    if isinstance(annotation, types.UnionType):
        return " | ".join(type_text(part) for part in annotation.__args__)
    if annotation is ...:
        return "..."
    arguments = getattr(annotation, "__args__", None)
    name = getattr(annotation, "__name__", str(annotation))
    return f"{name}[{', '.join(type_text(a) for a in arguments)}]" if arguments else name


def main() -> None:
    """Write both files."""
    for name, text in {"functions.pyi": functions_stub(), "methods.pyi": methods_stub()}.items():
        (HERE / name).write_text(text, encoding="utf-8")
        print(f"rcmlrs_core/{name}")


if __name__ == "__main__":
    main()
