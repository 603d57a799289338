"""Generates ``functions.pyi`` and ``methods.pyi``, what a type checker sees of the operations: ``make stubs``.

A test compares the files with what this module generates, so a stub cannot be stale.
"""

import inspect
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rcmlrs_core.ops import TABLE
from rcmlrs_core.ops.op import Composition, Elementwise, Operand, Operation

HERE = Path(__file__).parent

WIDTH = 120
"""Of a line, as in pyproject.toml: what is generated here is as ``ruff format`` leaves it."""

HEADER = '''"""{what} Generated from the operations' files by rcmlrs_core.stubs; do not edit."""

from collections.abc import Sequence

from rcmlrs_core.tensor import RamTensor

'''


def functions_stub() -> str:
    """The text of ``functions.pyi``."""
    lines = [_definition(name, operation, "") for name, operation in _named()]
    listed = "".join(f'    "{name}",\n' for name, _ in _named())
    return HEADER.format(what="The operations as functions.") + "".join(lines) + f"\n__all__ = [\n{listed}]\n"


def methods_stub() -> str:
    """The text of ``methods.pyi``."""
    lines = [_definition(name, operation, "    ", method=True) for name, operation in _named()]
    return HEADER.format(what="The operations as methods of RamTensor.") + "class Methods:\n" + "".join(lines)


def _named() -> Iterator[tuple[str, Operation]]:
    """Every operation under its name and its aliases, in the order of the names."""
    pairs = [(name, operation) for operation in TABLE.values() for name in (operation.name, *operation.aliases)]
    yield from sorted(pairs, key=lambda pair: pair[0])


def _definition(name: str, operation: Operation, indent: str, *, method: bool = False) -> str:
    """On one line if it fits; else the parameters on a line of their own; else on one each."""
    parameters, result = _parameters(operation, method), _result(operation)
    line = f"{indent}def {name}({', '.join(parameters)}) -> {result}: ..."
    if len(line) > WIDTH:
        inner = f"{indent}    {', '.join(parameters)}"
        if len(inner) > WIDTH:
            inner = "\n".join(f"{indent}    {parameter}," for parameter in parameters)
        line = f"{indent}def {name}(\n{inner}\n{indent}) -> {result}: ..."
    return line + "\n"


def _result(operation: Operation) -> str:
    """A tensor; of a composition that says otherwise, what it says: ``tuple[Any, Any]`` is of two tensors."""
    said = operation.function.__annotations__.get("return", Any) if isinstance(operation, Composition) else Any
    return type_text(said).replace("Any", "RamTensor")


def _parameters(operation: Operation, method: bool) -> list[str]:
    """The parameters as text: a tensor, then tensors (or numbers, elementwise), then attributes with their types."""
    parts: list[str] = []
    star = False
    for i, (key, p) in enumerate(operation.signature.parameters.items()):
        if p.kind is p.VAR_POSITIONAL:
            text = " | str" if isinstance(operation, Composition) and operation.text_first else ""
            parts += ["self"] * (method and i == 0) + [f"*{key}: RamTensor{text}"]
            star = True
            continue
        if p.kind is p.KEYWORD_ONLY and not star and isinstance(operation, Composition):
            parts.append("*")  # the attributes of the others may also follow in their order
            star = True
        if i == 0 and method:
            parts.append("self")
        else:
            default = "" if p.default is p.empty else f" = {_literal(p.default)}"
            parts.append(f"{key}: {_annotation(operation, p, first=i == 0)}{default}")
    return parts


def _annotation(operation: Operation, p: inspect.Parameter, *, first: bool) -> str:
    if isinstance(operation, Composition):  # whose operands are not marked: any positional one without a type
        if p.annotation is not Any or p.kind is p.KEYWORD_ONLY:
            return type_text(p.annotation).replace("Operand", "RamTensor")
        return "RamTensor" if p.default is p.empty else "RamTensor | None"
    if p.annotation is not Operand:
        return type_text(p.annotation)
    if isinstance(operation, Elementwise) and not first:
        return "RamTensor | float"
    return "RamTensor" if p.default is p.empty else "RamTensor | None"


def _literal(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)


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
