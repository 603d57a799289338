"""Groups of parameters, rates that change, and gradients that are clipped, in an optimizer."""

import json
from collections.abc import Callable
from typing import Any

import pytest

import rcmlrs_core as rc
from rcmlrs_core import nn, optim
from rcmlrs_core.errors import AttributeValueError, DataError, GradientError
from rcmlrs_core.optim.optimizer import Optimizer
from rcmlrs_core.random import normal
from rcmlrs_core.tensor import RamTensor


def leaves(count: int) -> list[RamTensor]:
    return [nn.Parameter(normal((2, 3), seed=i)) for i in range(count)]


def steps(parameters: list[RamTensor], optimizer: Optimizer, numbers: range) -> None:
    for number in numbers:
        for i, parameter in enumerate(parameters):
            parameter.grad = normal((2, 3), seed=7 + i, stream=number)
        optimizer.step()


def values(parameters: list[RamTensor]) -> list[bytes]:
    return [parameter.tobytes() for parameter in parameters]


def test_each_group_steps_by_its_own_numbers() -> None:
    together, first, second = leaves(3), leaves(3), leaves(3)
    groups: list[dict[str, Any]] = [
        {"params": iter(together[:1])},
        {"params": together[1:], "lr": 0.5, "betas": (0.5, 0.6)},
    ]
    optimizer = optim.Adam(groups, lr=0.1)
    alone = optim.Adam(first[:1], lr=0.1), optim.Adam(second[1:], lr=0.5, betas=(0.5, 0.6))
    steps(together, optimizer, range(3))
    steps(first, alone[0], range(3))
    steps(second, alone[1], range(3))
    assert values(together) == values(first[:1] + second[1:])
    assert [group["lr"] for group in optimizer.param_groups] == [0.1, 0.5]
    assert [len(group["params"]) for group in optimizer.param_groups] == [1, 2]
    assert repr(optimizer) == (
        "Adam(lr=0.1, betas=(0.9, 0.999), eps=1e-08, weight_decay=0; "
        "lr=0.5, betas=(0.5, 0.6), eps=1e-08, weight_decay=0)"
    )


def test_hyperparameters_are_read_and_set() -> None:
    one, two = leaves(2)
    adam = optim.Adam([{"params": one}, {"params": [two], "lr": 0.5}], lr=0.25)
    assert (adam.lr, adam.learning_rate, adam.betas) == (0.25, 0.25, (0.9, 0.999))
    adam.param_groups[1]["lr"] = 0.125
    adam.eps = 0.5
    assert [(group["lr"], group["eps"]) for group in adam.param_groups] == [(0.25, 0.5), (0.125, 0.5)]
    adam.learning_rate = 0.75
    assert [group["lr"] for group in adam.param_groups] == [0.75, 0.75]
    with pytest.raises(AttributeValueError, match="lr must be a number, at least 0 and finite, got -1"):
        adam.lr = -1
    assert adam.lr == 0.75
    with pytest.raises(AttributeError, match="Adam has no attribute 'momentum'"):
        _ = adam.momentum
    adam.param_groups[1]["betas"] = (0.9, 1.5)
    before = values([one, two])
    with pytest.raises(AttributeValueError, match=r"betas\[1\] must be a number, at least 0 and below 1, got 1.5"):
        steps([one, two], adam, range(1))
    assert values([one, two]) == before
    assert adam.step_count == 0


def test_a_group_that_comes_later_begins_at_its_own_first_update() -> None:
    """Adam's corrections count the updates that a parameter has had, not the steps of the others."""
    old, late, new = nn.Parameter(rc.zeros(2)), nn.Parameter(rc.zeros(2)), nn.Parameter(rc.zeros(2))
    adam = optim.Adam([old, late], lr=0.1)
    fresh = optim.Adam([new], lr=0.1)
    for _ in range(20):
        old.grad = rc.ones(2)
        adam.step()
    added = nn.Parameter(rc.zeros(2))
    adam.add_param_group({"params": added})
    for _ in range(3):
        late.grad = added.grad = new.grad = rc.tensor([0.5, -2.0])
        adam.step()
        fresh.step()
        saved = json.loads(json.dumps({key: value for key, value in adam.state_dict().items() if key != "tensors"}))
        assert saved["skipped"] == {"1": 20, "2": 20}
        tensors = adam.state_dict()["tensors"]
        adam = optim.Adam([{"params": [old, late]}, {"params": [added]}])
        adam.load_state_dict(saved | {"tensors": tensors})
    assert late.tobytes() == added.tobytes() == new.tobytes()


def test_a_frozen_parameter_is_passed_over() -> None:
    one, two = leaves(2)
    before = values([two])
    sgd = optim.SGD([one, two], lr=0.5, weight_decay=0.1)
    two.requires_grad_(False)
    steps([one, two], sgd, range(2))
    assert values([two]) == before
    two.requires_grad_()
    steps([one, two], sgd, range(1))
    assert values([two]) != before


@pytest.mark.parametrize(
    ("group", "error", "words"),
    [
        ({"lr": 1}, TypeError, "a group of parameters is a dict such as .*, got one with lr"),
        ([1, 2], TypeError, "got list"),
        ({"params": 3}, TypeError, "got one with params"),
        ({"params": []}, AttributeValueError, "no parameters"),
        ({"params": [rc.ones(2)]}, GradientError, r"parameter 2 of shape \(2,\) requires no gradient"),
        ({"params": leaves(1), "momentum": 1}, AttributeValueError, "a group has momentum; its hyperparameters are lr"),
        ({"params": leaves(1), "lr": "big"}, AttributeValueError, "lr must be a number, .* got 'big'"),
    ],
)
def test_groups_that_are_refused(group: Any, error: type[Exception], words: str) -> None:
    parameters = leaves(2)
    adam = optim.Adam(parameters)
    with pytest.raises(error, match=words):
        adam.add_param_group(group)
    with pytest.raises(AttributeValueError, match="given twice"):
        adam.add_param_group({"params": parameters[1]})
    assert len(adam.param_groups) == 1
    assert (len(adam.parameters), len(adam.state)) == (2, 2)
    steps(parameters, adam, range(1))


def test_a_state_of_groups_goes_through_json() -> None:
    parameters = leaves(3)

    def made(tensors: list[RamTensor], rate: Any) -> Optimizer:
        return optim.AdamW([{"params": tensors[:2], "lr": rate}, {"params": tensors[2:], "weight_decay": 0.5}])

    optimizer = made(parameters, optim.ExponentialDecay(0.1, 3, 0.5))
    steps(parameters, optimizer, range(4))
    state, begun = optimizer.state_dict(), [p.detach().requires_grad_() for p in parameters]
    steps(parameters, optimizer, range(4, 8))
    resumed = made(begun, 7)
    resumed.load_state_dict(json.loads(json.dumps(state | {"tensors": {}})) | {"tensors": state["tensors"]})
    assert resumed.lr == optim.ExponentialDecay(0.1, 3, 0.5)
    steps(begun, resumed, range(4, 8))
    assert values(begun) == values(parameters)
    one = optim.AdamW(leaves(3))
    with pytest.raises(DataError, match=r"groups of \[2, 1\] parameters, and here are \[3\]"):
        one.load_state_dict(state)
    numbers = {"lr": 1, "betas": (0, 0), "eps": 1, "weight_decay": 0}
    with pytest.raises(DataError, match="the state has no groups, and here are 2"):
        resumed.load_state_dict({"optimizer": "AdamW", "step": 0, "hyperparameters": numbers, "tensors": {}})


@pytest.mark.parametrize(
    ("rate", "words"),
    [
        ({"schedule": "os.system"}, "'os.system' is no schedule; there are Constant, CosineDecay"),
        ({"schedule": ["Constant"]}, "is no schedule"),
        ({}, "None is no schedule"),
        ({"schedule": "Constant", "rate": 1}, "Constant: .*unexpected keyword argument 'rate'"),
        ({"schedule": "Constant", "learning_rate": -1}, "Constant: learning_rate must be a number, at least 0"),
        ({"schedule": "PiecewiseConstantDecay", "boundaries": 3, "values": [1]}, "boundaries must be ints"),
        ({"schedule": "Warmup", "schedule_after": {"schedule": "x"}, "warmup_steps": 1}, "'x' is no schedule"),
        (None, "lr must be a number, at least 0 and finite, got None"),
    ],
)
def test_a_saved_rate_that_is_none_is_refused(rate: Any, words: str) -> None:
    adam = optim.Adam(leaves(1), lr=0.5)
    state = adam.state_dict()
    with pytest.raises(DataError, match=words):
        adam.load_state_dict(state | {"groups": [state["groups"][0] | {"lr": rate}]})
    assert adam.lr == 0.5


def test_a_schedule_gives_the_rate_of_each_step() -> None:
    schedule = optim.PolynomialDecay(0.5, 4, 0.125)
    one, other = leaves(1), leaves(1)
    sgd, by_hand = optim.SGD(one, schedule), optim.SGD(other, 1)
    for number, rate in enumerate((0.5, 0.40625, 0.3125, 0.21875, 0.125, 0.125)):
        assert sgd.learning_rate == rate
        by_hand.lr = rate
        steps(one, sgd, range(number, number + 1))
        steps(other, by_hand, range(number, number + 1))
    assert values(one) == values(other)
    sgd.lr = 0.25
    assert sgd.learning_rate == 0.25


def test_a_rate_that_is_no_rate_changes_nothing() -> None:
    class Falls(optim.Schedule):
        def rate(self, step: int) -> float:
            return 1.0 - step

    one = leaves(1)
    sgd = optim.SGD(one, Falls())
    steps(one, sgd, range(2))
    before = values(one)
    with pytest.raises(AttributeValueError, match="SGD: lr must be a number, at least 0 and finite, got -1"):
        steps(one, sgd, range(1))
    assert values(one) == before
    assert sgd.step_count == 2
    del optim.Schedule.known["Falls"]


def test_a_plateau_goes_on_as_the_object_that_the_caller_holds() -> None:
    def made() -> tuple[optim.ReduceOnPlateau, Optimizer]:
        plateau = optim.ReduceOnPlateau(0.5, factor=0.5, patience=1)
        groups = [{"params": leaf} for leaf in leaves(2)]
        return plateau, optim.SGD(groups, plateau)

    plateau, sgd = made()
    for metric in (3.0, 2.0, 2.0, 2.0, 2.0):
        plateau.observe(metric)
    assert (sgd.learning_rate, plateau.bad) == (0.25, 1)
    again, resumed = made()
    resumed.load_state_dict(json.loads(json.dumps(sgd.state_dict())))
    assert resumed.param_groups[0]["lr"] is again is resumed.param_groups[1]["lr"]
    again.observe(2.0)
    assert resumed.learning_rate == 0.125
    different = resumed.state_dict()
    different["groups"][1]["lr"] = optim.ReduceOnPlateau(1.0).config()
    resumed.load_state_dict(different)
    assert [group["lr"](0) for group in resumed.param_groups] == [0.125, 1.0]


CLIPS: list[tuple[dict[str, float], Callable[[list[RamTensor]], Any]]] = [
    ({"clip_norm": 0.5}, lambda parameters: optim.clip_grad_norm_(parameters, 0.5, eps=0)),
    ({"clip_value": 0.25}, lambda parameters: optim.clip_grad_value_(parameters, 0.25)),
    ({"clip_each_norm": 0.5}, lambda parameters: [optim.clip_grad_norm_([p], 0.5, eps=0) for p in parameters]),
]


@pytest.mark.parametrize(("options", "clip"), CLIPS)
def test_an_optimizer_clips_as_the_functions_do(
    options: dict[str, float], clip: Callable[[list[RamTensor]], Any]
) -> None:
    one, other, none = leaves(3), leaves(3), leaves(3)
    clips: Any = options
    optimizers = optim.SGD([{"params": one[:1]}, {"params": one[1:]}], 0.1, **clips), optim.SGD(other, 0.1)
    for number in range(2):
        for parameters in (one, other, none):
            for i, parameter in enumerate(parameters[:2]):
                parameter.grad = normal((2, 3), seed=7 + i, stream=number)
        given = values([p.grad for p in one if p.grad is not None])
        clip(other)
        for optimizer in (*optimizers, optim.SGD(none, 0.1)):
            optimizer.step()
        assert values([p.grad for p in one if p.grad is not None]) == given
    assert values(one) == values(other) != values(none)
    assert optimizers[0].state_dict()["clips"] == dict.fromkeys(("clip_norm", "clip_value", "clip_each_norm")) | options


@pytest.mark.parametrize(
    ("clips", "words"),
    [
        ({"clip_norm": 0}, "clip_norm must be above 0, or None for no clipping; got 0"),
        ({"clip_value": -1}, "clip_value must be a number, at least 0 and finite, got -1"),
        ({"clip_each_norm": True}, "clip_each_norm must be a number, .* got True"),
        ({"clip_norm": "1"}, "clip_norm must be a number, .* got '1'"),
        ({"clip_norm": 1, "clip_value": 1}, "at most one of clip_norm, clip_value, clip_each_norm is given, got"),
    ],
)
def test_clips_that_are_refused(clips: Any, words: str) -> None:
    with pytest.raises(AttributeValueError, match=f"SGD: {words}"):
        optim.SGD(leaves(1), **clips)
    parameters = leaves(1)
    sgd = optim.SGD(parameters)
    for name, value in clips.items():
        setattr(sgd, name, value)
    before = values(parameters)
    with pytest.raises(AttributeValueError, match=f"SGD: {words}"):
        steps(parameters, sgd, range(1))
    assert values(parameters) == before


HOSTILE = (-1, float("nan"), float("inf"), True, "0.1", None, (0.1,), 10**400)
MAKERS: dict[str, tuple[Callable[..., Optimizer], tuple[str, ...]]] = {
    "SGD": (optim.SGD, ("lr", "momentum", "dampening", "weight_decay")),
    "Adam": (optim.Adam, ("lr", "eps", "weight_decay")),
    "AdamW": (optim.AdamW, ("lr", "eps", "weight_decay")),
    "Adamax": (optim.Adamax, ("lr", "eps", "weight_decay")),
    "NAdam": (optim.NAdam, ("lr", "eps", "weight_decay", "momentum_decay")),
    "RMSprop": (optim.RMSprop, ("lr", "alpha", "eps", "weight_decay", "momentum")),
    "Adagrad": (optim.Adagrad, ("lr", "lr_decay", "weight_decay", "initial_accumulator_value", "eps")),
    "Adadelta": (optim.Adadelta, ("lr", "rho", "eps", "weight_decay")),
    "Lion": (optim.Lion, ("lr", "weight_decay")),
}


@pytest.mark.parametrize("name", MAKERS)
def test_numbers_that_are_none_are_refused(name: str) -> None:
    make, numbers = MAKERS[name]
    for number in numbers:
        for value in HOSTILE:
            with pytest.raises(AttributeValueError, match=f"^{name}: {number} must be a number, at least 0 and"):
                make(leaves(1), **{number: value})
    for flag in ("decoupled_weight_decay", "nesterov", "amsgrad", "centered"):
        if flag in make(leaves(1)).defaults:
            with pytest.raises(AttributeValueError, match=f"^{name}: {flag} must be True or False, got 1"):
                make(leaves(1), **{flag: 1})
    if "betas" in make(leaves(1)).defaults:
        for betas in (0.9, (0.9,), (0.9, 1.0), (True, 0.5), ("a", "b"), (float("nan"), 0.5)):
            with pytest.raises(AttributeValueError, match=f"^{name}: betas"):
                make(leaves(1), betas=betas)
    if "form" in make(leaves(1)).defaults:
        with pytest.raises(AttributeValueError, match=f"^{name}: form must be 'torch' or 'keras', got 'optax'"):
            make(leaves(1), form="optax")
    with pytest.raises(TypeError, match="learning"):
        make(leaves(1), learning=1)


def test_dampening_has_its_place() -> None:
    for options in ({"nesterov": True}, {"form": "keras"}):
        with pytest.raises(AttributeValueError, match="dampening goes neither with nesterov nor with form='keras'"):
            optim.SGD(leaves(1), momentum=0.9, dampening=0.1, **options)
