"""Modules made of others: one after another, beside a shortcut; and functions as modules."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, overload

from rcmlrs_core.errors import RcmlrsError, ShapeError
from rcmlrs_core.nn.module import Layer, Module
from rcmlrs_core.tensor import RamTensor


class Sequential(Module):
    """Modules one after another: ``Sequential(a, b)(x)`` is ``b(a(x))``. They are named ``0``, ``1``, ...

    It has a length, is indexed, cut (``model[:-1]`` shares its layers) and iterated. What a subclass assigns to
    attributes of its own is part of it too, under their names.
    """

    def __init__(self, *layers: Module) -> None:
        for i, layer in enumerate(layers):
            _check_module(f"element {i}", layer)
        self.layers = list(layers)

    if TYPE_CHECKING:

        def __call__(self, x: Any) -> RamTensor:
            """What the last one returns, which is a tensor but for recurrent layers."""
            ...

    def forward(self, x: Any) -> Any:
        """Through all of them, in order. An error has a note that says in which."""
        for i, layer in enumerate(self.layers):
            try:
                x = layer(x)
            except RcmlrsError as error:
                error.add_note(f"in element {i} of {type(self).__name__}: {type(layer).__name__}({layer.extra_repr()})")
                raise
        return x

    def append(self, layer: Module) -> "Sequential":
        """Put a module at the end; returns itself."""
        _check_module("the new one", layer)
        self.layers.append(layer)
        return self

    def _members(self) -> Iterator[tuple[str, Any]]:
        return ((name.removeprefix("layers."), value) for name, value in super()._members())

    def __len__(self) -> int:
        return len(self.layers)

    @overload
    def __getitem__(self, index: int) -> Module: ...

    @overload
    def __getitem__(self, index: slice) -> "Sequential": ...

    def __getitem__(self, index: int | slice) -> Module:
        return Sequential(*self.layers[index]) if isinstance(index, slice) else self.layers[index]

    def __iter__(self) -> Iterator[Module]:
        return iter(self.layers)


def _check_module(what: str, layer: Any) -> None:
    if not isinstance(layer, Module):
        raise TypeError(
            f"Sequential: {what} is a {type(layer).__name__}, not a module; write a Module whose forward "
            "calls it, or use a layer such as Tanh() or Lambda(function)"
        )


class Residual(Layer):
    """``x + module(x)``, or ``shortcut(x) + module(x)`` where the shapes differ: one ``add``, rounded once.

    Source: K. He, X. Zhang, S. Ren, J. Sun, Deep residual learning for image recognition, arXiv:1512.03385.
    """

    def __init__(self, module: Module, shortcut: Module | None = None) -> None:
        for name, part in (("module", module), *([("shortcut", shortcut)] if shortcut is not None else [])):
            if not isinstance(part, Module):
                raise TypeError(f"Residual: {name} is a {type(part).__name__}, not a module; Lambda(function) is one")
        self.module = module
        self.shortcut = shortcut

    def forward(self, x: RamTensor) -> RamTensor:
        """The sum."""
        beside: RamTensor = x if self.shortcut is None else self.shortcut(x)
        y: RamTensor = self.module(x)
        if y.shape != beside.shape:
            raise ShapeError(
                f"Residual: the module makes {y.shape} of x, and beside it stands {beside.shape}; give a shortcut "
                "that makes the same shape, such as Linear or Conv2d with a kernel of 1"
            )
        return beside + y


class Lambda(Layer):
    """A function as a layer: ``Lambda(lambda x: x.square())``. Parameters that it uses are no part of the module."""

    def __init__(self, function: Callable[..., RamTensor]) -> None:
        if not callable(function):
            raise TypeError(f"Lambda: takes a function, got a {type(function).__name__}")
        self.function = function

    def forward(self, x: RamTensor, *inputs: Any, **options: Any) -> RamTensor:
        """What the function returns."""
        return self.function(x, *inputs, **options)

    def extra_repr(self) -> str:
        """The name of the function."""
        return getattr(self.function, "__qualname__", type(self.function).__name__)


class Identity(Layer):
    """``x`` itself, whatever it was made with: what stands where there is nothing to do."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        pass

    def forward(self, x: RamTensor) -> RamTensor:
        """``x``."""
        return x
