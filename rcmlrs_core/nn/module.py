"""Module: a function with parameters, made of modules. Parameters are named by their path, ``encoder.0.weight``."""

from collections.abc import Iterable, Iterator, Mapping
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, Self

from rcmlrs_core.autograd import no_grad
from rcmlrs_core.errors import DataError
from rcmlrs_core.io.state import state_digest
from rcmlrs_core.registry import get_backend
from rcmlrs_core.tensor import RamTensor


def Parameter(data: RamTensor) -> RamTensor:
    """A tensor of these elements that is trained: a leaf that requires a gradient."""
    return data.detach().requires_grad_()


class Module:
    """The base of layers and models. A subclass assigns tensors and modules to attributes, and defines ``forward``.

    Its tensors are those among its attributes that are no results of operations on the tape. The ones that require a
    gradient are its parameters; the others are constants, which are saved with it and not trained. What is in a list,
    tuple or dict counts too: ``self.layers = [Linear(2, 3)]`` has the parameter ``layers.0.weight``. The order is that
    of assignment.
    """

    training: bool = True
    """Whether it is being trained: dropout drops, and batch normalization looks at the batch. See ``train``."""

    def forward(self, *inputs: Any, **options: Any) -> Any:
        """What the module computes; calling the module calls this."""
        raise NotImplementedError(f"{type(self).__name__} defines no forward(); a module says there what it computes")

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        """The same as ``forward``."""
        return self.forward(*inputs, **options)

    # ------------------------------------------------------------------------------------------ what it has

    def named_children(self) -> Iterator[tuple[str, "Module"]]:
        """The modules of which this one is made, one level down, by name."""
        return ((name, value) for name, value in self._members() if isinstance(value, Module))

    def named_tensors(self, prefix: str = "") -> Iterator[tuple[str, RamTensor]]:
        """Every tensor of this module and of those in it, by path. One in two places comes twice.

        Raises :class:`DataError` for a path that leads to two tensors, and for a module that contains itself.
        """
        found: dict[str, RamTensor] = {}
        for path, tensor in self._tensors(prefix, ()):
            if found.setdefault(path, tensor) is not tensor:
                raise DataError(
                    f"{type(self).__name__}: two tensors have the path {path}; rename a key of a dict: 1 and '1' are "
                    "one name, and a dot in a key looks like a step down"
                )
            yield path, tensor

    def _tensors(self, prefix: str, above: tuple["Module", ...]) -> Iterator[tuple[str, RamTensor]]:
        """The tensors by path; ``above`` are the modules on the way to this one."""
        if any(module is self for module in above):
            raise DataError(
                f"{type(self).__name__}: the module at {prefix.rstrip('.')} contains itself; refer to one further up "
                "by a weakref.ref, which is no part of a module"
            )
        for name, value in self._members():
            if isinstance(value, Module):
                yield from value._tensors(f"{prefix}{name}.", (*above, self))
            elif isinstance(value, RamTensor) and value._node is None:
                yield prefix + name, value

    def named_parameters(self) -> Iterator[tuple[str, RamTensor]]:
        """Every tensor that is trained, by path; one in two places comes once, under its first name."""
        seen: set[int] = set()
        for name, tensor in self.named_tensors():
            if tensor.requires_grad and id(tensor) not in seen:
                seen.add(id(tensor))
                yield name, tensor

    def parameters(self) -> Iterator[RamTensor]:
        """Every tensor that is trained, once."""
        return (tensor for _, tensor in self.named_parameters())

    def _members(self) -> Iterator[tuple[str, Any]]:
        for name, value in vars(self).items():
            yield from _parts(name, value)

    # ------------------------------------------------------------------------------------------ what it holds

    def modules(self) -> Iterator["Module"]:
        """This module and every one in it, each once."""
        seen: set[int] = set()
        stack: list[Module] = [self]
        while stack:
            module = stack.pop()
            if id(module) not in seen:
                seen.add(id(module))
                yield module
                stack += reversed([child for _, child in module.named_children()])

    def train(self, mode: bool = True) -> Self:
        """Behave as in training (or, with False, as ``eval`` has it), and everything in here; returns itself."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """Behave as in use: nothing is dropped, and batch normalization takes what it remembers; returns itself."""
        return self.train(False)

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for parameter in self.parameters():
            parameter.grad = None

    def state_dict(self) -> dict[str, RamTensor]:
        """Every tensor by path, without history. A snapshot: training on does not change it."""
        return {name: tensor.detach() for name, tensor in self.named_tensors()}

    def load_state_dict(self, state: Mapping[str, RamTensor], strict: bool = True) -> None:
        """Take over the elements of ``state``, tensors by path, of whatever backend: all of them, or none on an error.

        Raises :class:`DataError`, which lists everything amiss: a shape or element type that differs and, unless
        ``strict`` is False, a tensor that is missing or unexpected.
        """
        own = dict(self.named_tensors())
        amiss = []
        if strict:
            amiss += [f"{name} is missing" for name in own if name not in state]
            amiss += [f"{name} is unexpected" for name in state if name not in own]
        both = [(name, own[name], state[name]) for name in own if name in state]
        for name, tensor, given in both:
            if (tensor.shape, tensor.dtype) != (given.shape, given.dtype):
                amiss.append(
                    f"{name} is {given.dtype} of shape {given.shape}, and the model's {tensor.dtype} of {tensor.shape}"
                )
        if amiss:
            hint = "; strict=False takes what is there" if strict and len(amiss) < len(own) else ""
            raise DataError(f"load_state_dict: {type(self).__name__}: {'; '.join(amiss)}{hint}")
        with no_grad():
            for _, tensor, given in both:
                tensor.replace_(given)

    def digest(self) -> str:
        """``rc.io.state_digest`` of ``state_dict()``: equal digests are equal models, in memory or in a file."""
        return state_digest(self.state_dict())

    def to(self, backend: str) -> Self:
        """Move every tensor to another backend, in place: an optimizer that holds the parameters holds them still."""
        target = get_backend(backend)
        for _, tensor in self.named_tensors():
            moved = tensor.to(target)
            tensor._buffer, tensor._backend = moved._buffer, target
            if tensor.grad is not None:
                tensor.grad = tensor.grad.to(target)
        return self

    # ------------------------------------------------------------------------------------------------- text

    def extra_repr(self) -> str:
        """What stands in the parentheses of a module that is made of none."""
        return ""

    @recursive_repr()
    def __repr__(self) -> str:
        name = type(self).__name__
        children = [f"({key}): {child!r}" for key, child in self.named_children()]
        if not children:
            return f"{name}({self.extra_repr()})"
        body = "\n".join([self.extra_repr()] * bool(self.extra_repr()) + children).replace("\n", "\n  ")
        return f"{name}(\n  {body}\n)"


def _parts(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """What an attribute holds, by path: itself, or what is in it."""
    if isinstance(value, Mapping):
        items: Iterable[tuple[Any, Any]] = value.items()
    elif isinstance(value, list | tuple):
        items = enumerate(value)
    else:
        yield name, value
        return
    for key, part in items:
        yield from _parts(f"{name}.{key}", part)


class Taker(Module):
    """A module that takes a tensor first, and refuses anything else in words; what it returns is its own affair."""

    def __call__(self, x: Any, *inputs: Any, **options: Any) -> Any:
        """Call ``forward``."""
        if not isinstance(x, RamTensor):
            pair = "a recurrent layer returns (outputs, last), so put LastStep() after it"
            hint = pair if isinstance(x, tuple) else "make it one with rc.tensor(...)"
            raise TypeError(f"{type(self).__name__}: takes a tensor, got a {type(x).__name__}; {hint}")
        return self.forward(x, *inputs, **options)


class Layer(Taker):
    """A module that makes one tensor of a tensor, and perhaps of others."""

    if TYPE_CHECKING:

        def __call__(self, x: RamTensor, *inputs: Any, **options: Any) -> RamTensor:
            """The same as ``forward``."""
            ...
