"""Module: a function with parameters, made of modules. Parameters are named by their path, ``encoder.0.weight``."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, Self

from rcmlrs_core.autograd import no_grad
from rcmlrs_core.errors import DataError
from rcmlrs_core.io.state import state_digest
from rcmlrs_core.plain import FLOAT32
from rcmlrs_core.registry import get_backend
from rcmlrs_core.tensor import RamTensor


def Parameter(data: RamTensor) -> RamTensor:
    """A tensor of these elements that is trained: a leaf that requires a gradient."""
    return data.detach().requires_grad_()


class Module:
    """The base of layers and models. A subclass assigns tensors and modules to attributes, and defines ``forward``.

    Its tensors are those among its attributes that are no results of operations on the tape. The ones that require a
    gradient are its parameters; the others are constants, which are saved with it and not trained (PyTorch's buffers).
    What is in a list, tuple or dict counts too: ``self.layers = [Linear(2, 3)]`` has the parameter ``layers.0.weight``.
    The order is that of assignment.

    A tensor or a module may stand in several places, also of several modules: it is one, counted and trained once. In
    the state it has all its names.
    """

    training: bool = True
    """Whether it is being trained: dropout drops, and batch normalization looks at the batch. See ``train``."""

    _frozen: frozenset[str] = frozenset()
    """The names of its own parameters that ``freeze`` has found: what tells them from constants."""

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

    def named_parameters(self, trainable_only: bool = True) -> Iterator[tuple[str, RamTensor]]:
        """Every tensor that is trained, by path, and with ``trainable_only=False`` those that are frozen too.

        One in two places comes once, under its first name.
        """
        frozen = set() if trainable_only else self._frozen_tensors()
        return self._each_once(lambda tensor: tensor.requires_grad or id(tensor) in frozen)

    def parameters(self, trainable_only: bool = True) -> Iterator[RamTensor]:
        """The tensors of ``named_parameters``: every one that is trained, once."""
        return (tensor for _, tensor in self.named_parameters(trainable_only))

    def named_buffers(self) -> Iterator[tuple[str, RamTensor]]:
        """Every constant, by path, once: what is saved and is no parameter, not even a frozen one."""
        frozen = self._frozen_tensors()
        return self._each_once(lambda tensor: not tensor.requires_grad and id(tensor) not in frozen)

    def count_parameters(self, trainable_only: bool = False) -> int:
        """How many numbers its parameters are, frozen ones included unless ``trainable_only`` says otherwise."""
        return sum(tensor.size for tensor in self.parameters(trainable_only))

    def _each_once(self, wanted: Callable[[RamTensor], bool]) -> Iterator[tuple[str, RamTensor]]:
        seen: set[int] = set()
        for name, tensor in self.named_tensors():
            if id(tensor) not in seen and wanted(tensor):
                seen.add(id(tensor))
                yield name, tensor

    def _frozen_tensors(self) -> set[int]:
        """The frozen parameters in here, by id: a constant of one module may be a parameter of another."""
        return {id(tensor) for module in self.modules() for name, tensor in module._own() if name in module._frozen}

    def _own(self) -> Iterator[tuple[str, RamTensor]]:
        """The tensors of this module alone, by name."""
        for name, value in self._members():
            if isinstance(value, RamTensor) and value._node is None:
                yield name, value

    def _members(self) -> Iterator[tuple[str, Any]]:
        for name, value in vars(self).items():
            yield from _parts(name, value)

    # ------------------------------------------------------------------------------------------ what it holds

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, "Module"]]:
        """This module, under the name ``prefix``, and every one in it by path; each once, under its first name."""
        seen: set[int] = set()
        stack: list[tuple[str, Module]] = [(prefix, self)]
        while stack:
            path, module = stack.pop()
            if id(module) not in seen:
                seen.add(id(module))
                yield path, module
                start = f"{path}." if path else ""
                stack += reversed([(start + name, child) for name, child in module.named_children()])

    def modules(self) -> Iterator["Module"]:
        """This module and every one in it, each once."""
        return (module for _, module in self.named_modules())

    def children(self) -> Iterator["Module"]:
        """The modules of which this one is made, one level down."""
        return (module for _, module in self.named_children())

    def apply(self, function: "Callable[[Module], object]") -> Self:
        """Call ``function`` with every module in here, what it is made of before itself; returns itself."""
        for module in reversed(list(self.modules())):
            function(module)
        return self

    def train(self, mode: bool = True) -> Self:
        """Behave as in training (or, with False, as ``eval`` has it), and everything in here; returns itself."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """Behave as in use: nothing is dropped, and batch normalization takes what it remembers; returns itself."""
        return self.train(False)

    def freeze(self) -> Self:
        """Train the parameters in here no further; returns itself.

        They stay parameters, which ``count_parameters`` counts and ``unfreeze`` trains again, and lose their gradients,
        so an optimizer that holds them passes them over. Batch normalization remembers batches still: ``eval`` stops
        that. The mark belongs to the modules in here: what another module shares with them is frozen there too, and
        thawed by ``unfreeze`` here.
        """
        modules = list(self.modules())
        parameters = {id(tensor) for tensor in self.parameters(trainable_only=False)}
        for module in modules:
            module._frozen |= {name for name, tensor in module._own() if id(tensor) in parameters}
        for tensor in self.parameters():
            tensor.requires_grad_(False).grad = None
        return self

    def unfreeze(self) -> Self:
        """Train again what ``freeze`` has frozen, and nothing else: constants stay constants; returns itself."""
        for module in self.modules():
            for name, tensor in module._own():
                if name in module._frozen:
                    tensor.requires_grad_()
            module._frozen = frozenset()
        return self

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
        ``strict`` is False, a tensor that is missing or unexpected. Of a tensor with several names one is enough.
        """
        own = dict(self.named_tensors())
        both: list[tuple[str, RamTensor, Any]] = [(name, own[name], state[name]) for name in own if name in state]
        first = {id(tensor): name for name, tensor, _ in reversed(both)}
        amiss = []
        if strict:
            amiss += [f"{name} is missing" for name, tensor in own.items() if id(tensor) not in first]
            amiss += [f"{name} is unexpected" for name in state if name not in own]
        for name, tensor, given in both:
            if not isinstance(given, RamTensor):
                amiss.append(f"{name} is a {type(given).__name__}, not a tensor; make it one with rc.tensor(...)")
            elif (tensor.shape, tensor.dtype) != (given.shape, given.dtype):
                amiss.append(
                    f"{name} is {given.dtype} of shape {given.shape}, and the model's {tensor.dtype} of {tensor.shape}"
                )
            elif first[id(tensor)] != name and state[first[id(tensor)]].digest() != given.digest():
                amiss.append(f"{name} differs from {first[id(tensor)]}, and in the model they are one tensor")
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

    def summary(self, *inputs: RamTensor | Sequence[int], dtype: str = FLOAT32) -> None:
        """Print a table of the modules in here: output shapes, parameters, counts, and the totals of these.

        Output shapes are there when it is told what goes in: for each input of ``forward`` an example, such as a batch,
        or the shape of one without the batch axis, as in ``summary((8, 8))``; it then takes zeros of the type
        ``dtype``, a batch of one. The run is one as in ``eval``, and leaves no trace in the module.
        """
        from rcmlrs_core.nn.summary import print_summary  # which needs Module

        print_summary(self, inputs, dtype)

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


class TensorModule(Module):
    """A module that takes a tensor first, and refuses anything else in words; what it returns is its own affair."""

    def __call__(self, x: Any, *inputs: Any, **options: Any) -> Any:
        """Call ``forward``."""
        if not isinstance(x, RamTensor):
            pair = "a recurrent layer returns (outputs, last), so put LastStep() or AllSteps() after it"
            hint = pair if isinstance(x, tuple) else "make it one with rc.tensor(...)"
            raise TypeError(f"{type(self).__name__}: takes a tensor, got a {type(x).__name__}; {hint}")
        return self.forward(x, *inputs, **options)


class Layer(TensorModule):
    """A module that makes one tensor of a tensor, and perhaps of others."""

    if TYPE_CHECKING:

        def __call__(self, x: RamTensor, *inputs: Any, **options: Any) -> RamTensor:
            """The same as ``forward``."""
            ...
