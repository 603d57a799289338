"""Modules: what counts as a parameter, under which name, and how state goes in and out."""

from typing import Any

import pytest

import rcmlrs_core as rc
from rcmlrs_core import nn
from rcmlrs_core.errors import DataError
from rcmlrs_core.io import state_digest
from rcmlrs_core.random import Generator
from rcmlrs_core.tensor import RamTensor


def small() -> nn.Sequential:
    generator = Generator(1)
    return nn.Sequential(nn.Linear(3, 4, generator=generator), nn.Tanh(), nn.Linear(4, 2, generator=generator))


class Everything(nn.Module):
    """Tensors and modules wherever they may be."""

    def __init__(self) -> None:
        self.scale = nn.Parameter(rc.tensor([2.0]))
        self.mean = rc.tensor([0.5])
        self.layers = [nn.Linear(1, 1), nn.Linear(1, 1, bias=False)]
        self.heads = {"a": nn.Linear(1, 1), "b": (nn.Tanh(), nn.Parameter(rc.tensor(1.0)))}
        self.encoder = small()
        self.name = "everything"
        self.cache = self.scale * 2.0

    def forward(self, x: RamTensor) -> RamTensor:
        return x * self.scale


def test_parameters_are_named_by_their_path() -> None:
    assert [name for name, _ in small().named_parameters()] == ["0.weight", "0.bias", "2.weight", "2.bias"]
    model = Everything()
    names = [
        "scale",
        "layers.0.weight",
        "layers.0.bias",
        "layers.1.weight",
        "heads.a.weight",
        "heads.a.bias",
        "heads.b.1",
        "encoder.0.weight",
        "encoder.0.bias",
        "encoder.2.weight",
        "encoder.2.bias",
    ]
    assert [name for name, _ in model.named_parameters()] == names
    assert list(model.state_dict()) == [names[0], "mean", *names[1:]], "a constant is saved, a result of operations not"
    assert [p is q for p, (_, q) in zip(model.parameters(), model.named_parameters(), strict=True)] == [True] * 11


def test_a_shared_parameter_is_trained_once() -> None:
    model = small()
    model.tied = model[0].weight  # type: ignore[attr-defined]
    pair = nn.Sequential(model, model)
    assert [name for name, _ in pair.named_parameters()] == ["0.0.weight", "0.0.bias", "0.2.weight", "0.2.bias"]
    assert len(pair.state_dict()) == 10


def test_a_subclass_of_sequential_has_its_own_attributes_too() -> None:
    class Net(nn.Sequential):
        def __init__(self) -> None:
            super().__init__(nn.Linear(2, 2), nn.Tanh())
            self.scale = nn.Parameter(rc.ones(1))
            self.head = nn.Linear(2, 1, bias=False)

    model = Net()
    names = ["0.weight", "0.bias", "scale", "head.weight"]
    assert [name for name, _ in model.named_parameters()] == list(model.state_dict()) == names
    assert [name for name, _ in model.named_children()] == ["0", "1", "head"]
    before = model.digest()
    with rc.no_grad():
        model.scale.replace_(model.scale + 1.0)
    assert model.digest() != before


@pytest.mark.parametrize(
    ("parts", "path"),
    [
        ({1: nn.Linear(1, 1), "1": nn.Linear(1, 1)}, "parts.1.weight"),
        ({"a": nn.Linear(1, 1), "a.bias": rc.ones(1)}, "parts.a.bias"),
        ({"a.b": rc.ones(1), "a": {"b": rc.ones(1)}}, "parts.a.b"),
    ],
)
def test_a_path_leads_to_one_tensor(parts: dict[Any, Any], path: str) -> None:
    model = nn.Module()
    model.parts = parts  # type: ignore[attr-defined]
    with pytest.raises(DataError, match=f"Module: two tensors have the path {path};"):
        model.state_dict()
    model.parts = dict.fromkeys((1, "1"), small())  # type: ignore[attr-defined]
    assert len(model.state_dict()) == 4, "the same tensors twice under one name are no contradiction"


def test_a_module_that_contains_itself_is_refused() -> None:
    inner, outer = nn.Module(), nn.Module()
    outer.child, inner.parent = inner, outer  # type: ignore[attr-defined]
    with pytest.raises(DataError, match=r"the module at child\.parent contains itself; .* weakref"):
        outer.state_dict()
    assert repr(outer) == "Module(\n  (child): Module(\n    (parent): ...\n  )\n)"


def test_a_frozen_parameter_is_a_constant() -> None:
    model = small()
    model[0].weight.requires_grad_(False)  # type: ignore[attr-defined]
    assert [name for name, _ in model.named_parameters()] == ["0.bias", "2.weight", "2.bias"]
    assert "0.weight" in model.state_dict()


def test_state_dict_is_a_snapshot() -> None:
    model = small()
    state = model.state_dict()
    before = model.digest()
    with rc.no_grad():
        for parameter in model.parameters():
            parameter.replace_(parameter + 1.0)
    assert model.digest() != before
    assert not any(tensor.requires_grad for tensor in state.values())
    model.load_state_dict(state)
    assert model.digest() == before
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_digest_is_that_of_the_state() -> None:
    model = small()
    assert model.digest() == small().digest() == state_digest(model.state_dict())
    other = nn.Sequential(*model)
    other.layers.reverse()
    assert other.digest() != model.digest(), "the names count"


def test_load_state_dict_names_everything_amiss_and_changes_nothing() -> None:
    model = small()
    before = model.digest()
    state: dict[str, Any] = model.state_dict()
    state["0.weight"] = rc.zeros((3, 4))
    state["2.weight"] = state["2.weight"] + 1.0
    state["2.gain"] = state.pop("2.bias")
    with pytest.raises(DataError) as caught:
        model.load_state_dict(state)
    assert str(caught.value) == (
        "load_state_dict: Sequential: 2.bias is missing; 2.gain is unexpected; 0.weight is float32 of shape (3, 4), "
        "and the model's float32 of (4, 3); strict=False takes what is there"
    )
    with pytest.raises(DataError, match=r"Sequential: 0.weight is float32 of shape \(3, 4\), .* of \(4, 3\)$"):
        model.load_state_dict(state, strict=False)
    assert model.digest() == before
    del state["0.weight"]
    model.load_state_dict(state, strict=False)
    assert model.state_dict()["2.weight"].tobytes() == state["2.weight"].tobytes()


def test_a_state_of_what_is_no_tensor_is_refused() -> None:
    layer = nn.Linear(2, 1)
    before = layer.digest()
    with pytest.raises(DataError, match="weight is a list, not a tensor"):
        layer.load_state_dict({"weight": [[1.0, 2.0]], "bias": rc.zeros((1,))})  # type: ignore[dict-item]
    with pytest.raises(DataError, match="bias is a memoryview, not a tensor"):
        layer.load_state_dict({"weight": rc.zeros((1, 2)), "bias": memoryview(b"")})  # type: ignore[dict-item]
    assert layer.digest() == before


def test_a_state_of_the_wrong_element_type_is_refused() -> None:
    with pytest.raises(DataError, match="scale is int32"):
        Everything().load_state_dict({"scale": rc.tensor([1], dtype="int32")}, strict=False)


def test_repr_is_that_of_pytorch() -> None:
    assert repr(nn.Sequential(small(), nn.ReLU())) == (
        "Sequential(\n"
        "  (0): Sequential(\n"
        "    (0): Linear(in_features=3, out_features=4, bias=True)\n"
        "    (1): Tanh()\n"
        "    (2): Linear(in_features=4, out_features=2, bias=True)\n"
        "  )\n"
        "  (1): ReLU()\n"
        ")"
    )


def test_zero_grad() -> None:
    model = small()
    model(rc.ones((2, 3))).sum().backward()
    assert all(parameter.grad is not None for parameter in model.parameters())
    model.zero_grad()
    assert all(parameter.grad is None for parameter in model.parameters())


def test_to_moves_the_same_tensors() -> None:
    """An optimizer that holds the parameters holds them still."""
    model = small()
    model(rc.ones((2, 3))).sum().backward()
    parameters, before = list(model.parameters()), model.digest()
    assert model.to("python") is model
    assert all(p is q and p.backend == "python" for p, q in zip(model.parameters(), parameters, strict=True))
    assert all(p.grad is not None and p.grad.backend == "python" for p in parameters)
    assert model.digest() == before


def test_a_module_without_forward_says_so() -> None:
    class Empty(nn.Module):
        pass

    with pytest.raises(NotImplementedError, match="Empty defines no forward"):
        Empty()(rc.ones(1))


def test_sequential_takes_modules() -> None:
    with pytest.raises(TypeError, match="element 1 is a builtin_function_or_method, not a module"):
        nn.Sequential(nn.Tanh(), abs)  # type: ignore[arg-type]
    model = small()
    assert len(model) == 3
    assert [type(layer).__name__ for layer in model] == ["Linear", "Tanh", "Linear"]
