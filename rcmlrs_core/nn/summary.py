"""The table that ``Module.summary`` prints: what a model is made of, what comes out where, and how large it is."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.table import Table

from rcmlrs_core.autograd import no_grad
from rcmlrs_core.creation import zeros
from rcmlrs_core.nn.module import Module
from rcmlrs_core.ops.shapes import normalize_shape
from rcmlrs_core.plain import ITEMSIZE
from rcmlrs_core.random import default_generator, draws_again
from rcmlrs_core.tensor import RamTensor

BATCH = "batch"
"""What stands for the first axis of a batch of one that nobody gave."""


def print_summary(model: Module, inputs: Sequence[RamTensor | Sequence[int]], dtype: str) -> None:
    """The table and the totals, on standard output; in a pipe every row is one line."""
    from rcmlrs_core.cli.console import PlainConsole  # and with it the commands: only where something is printed

    console = PlainConsole()
    console.table(table_of(model, _outputs(model, inputs, dtype) if inputs else None))
    for line in totals(model):
        console.say(line)


def table_of(model: Module, outputs: dict[int, str] | None) -> Table:
    """A row for every module; ``outputs`` are the shapes that come out, by the id of the module."""
    table = Table("path", "module", *["output"] * (outputs is not None), box=None, pad_edge=False)
    table.add_column("count", justify="right")
    table.add_column("parameters")
    parameters = {id(tensor) for tensor in model.parameters(trainable_only=False)}
    names: dict[int, str] = {}
    for path, module, again in _rows(model):
        cells = [path or ".", type(module).__name__]
        if outputs is not None:
            cells.append(outputs.get(id(module), "-"))
        own, count = [], 0
        for name, tensor in module._own():
            if id(tensor) in parameters:
                place = f"{path}.{name}" if path else name
                first = names.setdefault(id(tensor), place)
                count += tensor.size if first == place else 0
                note = f" = {first}" if first != place else "" if tensor.requires_grad else ", frozen"
                own.append(f"{name} {tensor.shape}{note}")
        table.add_row(*cells, f"{count:,}" if own else "", "; ".join(own) if not again else f"the same as {again}")
    return table


def _rows(model: Module) -> Iterator[tuple[str, Module, str]]:
    """Every module in every place, by path, and where it was met before; what it is made of comes once."""
    places: dict[int, str] = {}
    stack = [("", model)]
    while stack:
        path, module = stack.pop()
        yield path, module, places.get(id(module), "")
        if id(module) not in places:
            places[id(module)] = path
            start = f"{path}." if path else ""
            stack += reversed([(start + name, child) for name, child in module.named_children()])


def totals(model: Module) -> list[str]:
    """Numbers, and the bytes that they take."""
    every, trained = model.count_parameters(), model.count_parameters(trainable_only=True)
    lines = [
        f"Parameters: {every:,} ({_bytes(4 * every)})",
        f"  trained: {trained:,}",
        f"  frozen: {every - trained:,}",
    ]
    constants = [tensor for _, tensor in model.named_buffers()]
    if constants:
        size = sum(ITEMSIZE[tensor.dtype] * tensor.size for tensor in constants)
        lines.append(f"Constants, saved and not trained: {sum(t.size for t in constants):,} ({_bytes(size)})")
    return lines


def _bytes(n: int) -> str:
    for unit, size in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if n >= size:
            return f"{n / size:.1f} {unit}"
    return f"{n} bytes"


def _outputs(model: Module, inputs: Sequence[RamTensor | Sequence[int]], dtype: str) -> dict[int, str]:
    """What comes out of every module, as text, in a run that leaves no trace; of one that runs twice, the last."""
    backend = next((tensor._backend for _, tensor in model.named_tensors()), None)
    given = [x for x in inputs if isinstance(x, RamTensor)]
    examples = [
        x
        if isinstance(x, RamTensor)
        else zeros((1, *normalize_shape("summary", x)), backend=given[0]._backend if given else backend, dtype=dtype)
        for x in inputs
    ]
    found: dict[int, str] = {}
    generator = default_generator()
    with no_grad(), draws_again(generator.seed, generator.stream), _recorded(model, found, named=not given):
        model(*examples)
    return found


@contextmanager
def _recorded(model: Module, found: dict[int, str], *, named: bool) -> Iterator[None]:
    """Inside, every module notes what it returns, and behaves as in ``eval``."""
    modules = list(model.modules())
    before = [(module, dict(vars(module))) for module in modules]

    def note(module: Module) -> None:
        forward = module.forward

        def noted(*inputs: Any, **options: Any) -> Any:
            result = forward(*inputs, **options)
            found[id(module)] = _shape_of(result, named)
            return result

        vars(module).update(forward=noted, training=False)

    try:
        for module in modules:
            note(module)
        yield
    finally:
        for module, attributes in before:
            for name in ("forward", "training"):
                vars(module).pop(name, None)
                if name in attributes:
                    vars(module)[name] = attributes[name]


def _shape_of(result: Any, named: bool) -> str:
    """A shape as text; of several results, those of all."""
    if isinstance(result, RamTensor):
        if named and result.shape[:1] == (1,):
            rest = ", ".join(map(str, result.shape[1:]))
            return f"({BATCH}, {rest})" if rest else f"({BATCH},)"
        return str(result.shape)
    if isinstance(result, tuple | list):
        return ", ".join(_shape_of(part, named) for part in result)
    return type(result).__name__
