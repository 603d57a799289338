"""What all optimizers do: which parameters they take, how they step, how their state is saved."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

import rcmlrs_core as rc
from rcmlrs_core import nn, optim
from rcmlrs_core.errors import AttributeValueError, DataError, GradientError
from rcmlrs_core.optim.optimizer import Optimizer, State
from rcmlrs_core.random import Generator, normal
from rcmlrs_core.tensor import RamTensor

MAKERS: list[Callable[[Any], Optimizer]] = [
    lambda params: optim.SGD(params, lr=0.1),
    lambda params: optim.SGD(params, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    lambda params: optim.SGD(params, lr=0.1, momentum=0.9, dampening=0.5),
    lambda params: optim.SGD(params, lr=0.1, momentum=0.9, form="keras"),
    lambda params: optim.Adam(params, lr=0.01),
    lambda params: optim.Adam(params, lr=0.01, amsgrad=True, clip_norm=0.1),
    lambda params: optim.AdamW(params, lr=optim.CosineDecay(0.1, 8)),
    lambda params: optim.Adamax(params, clip_value=0.01),
    lambda params: optim.NAdam(params, clip_each_norm=0.1),
    lambda params: optim.RMSprop(params, momentum=0.9, centered=True),
    lambda params: optim.RMSprop(params),
    lambda params: optim.Adagrad(params, lr_decay=0.1, initial_accumulator_value=0.1),
    lambda params: optim.Adadelta(params),
    lambda params: optim.Lion(params, weight_decay=0.1),
]


def model() -> nn.Sequential:
    return nn.Sequential(nn.Linear(2, 3, generator=Generator(1)), nn.Tanh(), nn.Linear(3, 1, generator=Generator(2)))


def steps(network: nn.Module, optimizer: Optimizer, numbers: range) -> None:
    for number in numbers:
        x = normal((4, 2), seed=5, stream=number)
        optimizer.zero_grad()
        network(x).square().mean().backward()
        optimizer.step()


@pytest.mark.parametrize("make", MAKERS)
def test_a_resumed_run_has_the_bits_of_one_that_never_stopped(make: Callable[[Any], Optimizer]) -> None:
    """The state goes through JSON and bytes, as it would through files."""
    whole = model()
    optimizer = make(whole.parameters())
    steps(whole, optimizer, range(4))
    state = optimizer.state_dict()
    numbers = json.loads(json.dumps({key: value for key, value in state.items() if key != "tensors"}))
    tensors = {name: rc.from_bytes(t.tobytes(), t.shape) for name, t in state["tensors"].items()}
    weights = whole.state_dict()
    steps(whole, optimizer, range(4, 8))

    second = model()
    second.load_state_dict(weights)
    resumed = make(second.parameters())
    resumed.lr = 123.0
    resumed.clip_norm = resumed.clip_value = resumed.clip_each_norm = None
    resumed.load_state_dict(numbers | {"tensors": tensors})
    assert resumed.step_count == 4
    steps(second, resumed, range(4, 8))
    assert second.digest() == whole.digest()
    assert resumed.state_dict()["groups"] == optimizer.state_dict()["groups"]

    forgetful = model()
    forgetful.load_state_dict(weights)
    steps(forgetful, make(forgetful.parameters()), range(4, 8))
    remembers = bool(state["tensors"])
    assert (forgetful.digest() != whole.digest()) == remembers, "the state matters where there is one"


def test_state_is_a_snapshot_with_names() -> None:
    network = model()
    adam = optim.Adam(network.parameters())
    steps(network, adam, range(1))
    state = adam.state_dict()
    assert {key: value for key, value in state.items() if key != "tensors"} == {
        "optimizer": "Adam",
        "step": 1,
        "groups": [
            {
                "params": 4,
                "lr": 0.001,
                "betas": (0.9, 0.999),
                "eps": 1e-8,
                "weight_decay": 0,
                "amsgrad": False,
                "form": "torch",
                "decoupled_weight_decay": False,
            }
        ],
        "clips": {"clip_norm": None, "clip_value": None, "clip_each_norm": None},
        "skipped": {},
    }
    assert list(state["tensors"]) == ["0.m", "0.v", "1.m", "1.v", "2.m", "2.v", "3.m", "3.v"]
    before = {name: tensor.tobytes() for name, tensor in state["tensors"].items()}
    steps(network, adam, range(1, 2))
    assert {name: tensor.tobytes() for name, tensor in state["tensors"].items()} == before
    assert not any(tensor.requires_grad for tensor in state["tensors"].values())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"optimizer": "SGD"}, "the state is one of SGD, and this is Adam"),
        ({"groups": [{"params": 4, "lr": 1, "momentum": 2}]}, "differ in betas, eps, momentum, weight_decay"),
        ({"groups": [{"params": 3}, {"params": 1}]}, r"groups of \[3, 1\] parameters, and here are \[4\]"),
        ({"groups": "none"}, "groups must be a list of mappings"),
        ({"skipped": {"4": 0}}, "skipped are steps of 0, by the place of one of 4 parameters; got '4': 0"),
        ({"skipped": {"0": 1}}, "got '0': 1"),
        ({"clips": {"clip_norm": -1}}, "Adam: clip_norm must be a number, at least 0 and finite, got -1"),
        ({"clips": {"norm": 1}}, "clips are clip_norm, clip_value, clip_each_norm, got norm"),
        ({"tensors": {"9.m": None}}, "9.m belongs to none of the 4 parameters"),
        ({"tensors": {"weight": None}}, "weight belongs to none"),
    ],
)
def test_a_state_that_does_not_fit_is_refused(change: dict[str, Any], words: str) -> None:
    adam = optim.Adam(model().parameters())
    with pytest.raises(DataError, match=words):
        adam.load_state_dict(adam.state_dict() | change)
    with pytest.raises(DataError, match="step, tensors missing"):
        adam.load_state_dict({"optimizer": "Adam", "hyperparameters": {}})
    with pytest.raises(DataError, match=r"0.m has shape \(5,\), and parameter 0 has \(3, 2\)"):
        adam.load_state_dict(adam.state_dict() | {"tensors": {"0.m": rc.zeros(5)}})


GOOD = {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0}
FIRST_FORM: dict[str, Any] = {"optimizer": "Adam", "step": 0, "hyperparameters": GOOD, "tensors": {}}
"""A state of the versions that knew no groups."""


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"step": -1}, r"step must be an int of at least 0 and below 2\^63, got -1"),
        ({"step": 1 << 63}, "step must be .* got 9223372036854775808"),
        ({"step": True}, "step must be .* got True"),
        ({"step": "3"}, "step must be .* got '3'"),
        ({"hyperparameters": GOOD | {"lr": float("nan")}}, "Adam: lr must be a number, at least 0 and finite, got nan"),
        ({"hyperparameters": GOOD | {"betas": [0.9, 1.0]}}, r"Adam: betas\[1\] must be .* below 1, got 1.0"),
        ({"hyperparameters": GOOD | {"betas": 0.9}}, "Adam: betas are two numbers, got 0.9"),
        ({"hyperparameters": [1, 2]}, "hyperparameters must be a mapping by name, got a list"),
        ({"tensors": None}, "tensors must be a mapping by name, got a NoneType"),
        ({"tensors": {"0.m": [1.0]}}, "0.m must be a tensor of float32, got a list"),
        ({"tensors": {"0.m": rc.tensor([1], dtype="int32")}}, "0.m must be .* got a tensor of int32"),
        ({"tensors": {"0.q": rc.zeros((3, 2))}}, "0.q is unknown; Adam remembers m, v, v_max of a parameter"),
        ({"tensors": {"00.m": rc.zeros((3, 2))}}, "00.m belongs to none of the 4 parameters"),
        ({"tensors": {"0.m": rc.zeros((3, 2))}}, "0.v missing, beside 0.m"),
    ],
)
def test_a_state_is_loaded_whole_or_not_at_all(change: dict[str, Any], words: str) -> None:
    network = model()
    adam = optim.Adam(network.parameters(), lr=0.5)
    steps(network, adam, range(1))
    before, remembered = adam.state_dict(), adam.state
    given = FIRST_FORM | {"step": 7}
    with pytest.raises(DataError, match=f"^load_state_dict: {words}"):
        adam.load_state_dict(given | change)
    after = adam.state_dict()
    assert all(after[key] == before[key] for key in ("step", "groups"))
    assert adam.state is remembered
    adam.load_state_dict(given)
    assert adam.step_count == 7


def test_sgd_loads_what_its_constructor_takes() -> None:
    sgd = optim.SGD(model().parameters(), lr=0.5)
    numbers = {"lr": 0.1, "momentum": 0, "nesterov": True, "weight_decay": 0}
    changes: list[tuple[dict[str, Any], str]] = [
        ({}, "nesterov needs a momentum"),
        ({"nesterov": "no"}, "nesterov must be True or False"),
    ]
    for change, words in changes:
        with pytest.raises(DataError, match=f"load_state_dict: SGD: {words}"):
            sgd.load_state_dict(FIRST_FORM | {"optimizer": "SGD", "hyperparameters": numbers | change})
    assert sgd.lr == 0.5


def test_an_optimizer_that_states_no_ranges_takes_finite_numbers() -> None:
    class Plain(Optimizer):
        pass

    plain = Plain([nn.Parameter(rc.ones(2))], {"lr": 0.5})
    plain.load_state_dict(plain.state_dict() | {"tensors": {"0.any": rc.zeros(2)}})
    assert list(plain.state[0]) == ["any"]
    with pytest.raises(DataError, match="load_state_dict: lr must be finite, got inf"):
        plain.load_state_dict(FIRST_FORM | {"optimizer": "Plain", "hyperparameters": {"lr": float("inf")}})


def test_a_parameter_without_gradient_stays() -> None:
    one, other = nn.Parameter(rc.ones(2)), nn.Parameter(rc.ones(2))
    sgd = optim.SGD([one, other], lr=0.5)
    one.grad = rc.ones(2)
    sgd.step()
    assert (one.tolist(), other.tolist()) == ([0.5, 0.5], [1.0, 1.0])
    sgd.zero_grad()
    assert one.grad is None


def test_a_step_updates_all_parameters_or_none() -> None:
    class Fails(Optimizer):
        def update(
            self, parameter: RamTensor, gradient: RamTensor, state: State, numbers: Mapping[str, Any]
        ) -> tuple[RamTensor, State]:
            if parameter.shape == (3,):
                raise RuntimeError("out of memory")
            return parameter - gradient, {"seen": gradient}

    parameters = [nn.Parameter(rc.ones(2)), nn.Parameter(rc.ones(3))]
    optimizer = Fails(parameters, {"lr": 1})
    for parameter in parameters:
        parameter.grad = parameter.detach()
    with pytest.raises(RuntimeError, match="out of memory"):
        optimizer.step()
    assert parameters[0].tolist() == [1.0, 1.0]
    assert optimizer.state == [{}, {}]
    assert optimizer.step_count == 0


def test_nothing_is_put_on_the_tape() -> None:
    network = model()
    adam = optim.Adam(network.parameters())
    steps(network, adam, range(2))
    assert all(p._node is None and p.requires_grad for p in network.parameters())


def test_which_parameters_are_taken() -> None:
    leaf = nn.Parameter(rc.ones(2))
    with pytest.raises(TypeError, match=r"takes an iterable of parameters, got Tanh; pass model.parameters\(\)"):
        optim.SGD(nn.Tanh(), lr=0.1)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"parameter 0 is a Tanh, not a tensor; pass model.parameters\(\)"):
        optim.SGD(nn.Sequential(nn.Tanh()), lr=0.1)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="got RamTensor"):
        optim.SGD(leaf, lr=0.1)
    with pytest.raises(TypeError, match="parameter 1 is a str"):
        optim.SGD([leaf, "bias"], lr=0.1)  # type: ignore[list-item]
    with pytest.raises(GradientError, match=r"parameter 0 of shape \(2,\) requires no gradient"):
        optim.SGD([rc.ones(2)], lr=0.1)
    with pytest.raises(GradientError, match="is a result of operations"):
        optim.SGD([leaf * 2.0], lr=0.1)
    with pytest.raises(AttributeValueError, match="no parameters"):
        optim.SGD(nn.Tanh().parameters(), lr=0.1)
    with pytest.raises(AttributeValueError, match="given twice"):
        optim.SGD([leaf, leaf], lr=0.1)
