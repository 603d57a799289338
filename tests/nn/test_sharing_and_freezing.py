"""What is in several places is one; what is frozen stays a parameter; a constant never becomes one."""

import copy
import pickle

import pytest

import rcmlrs_core as rc
from rcmlrs_core import io, nn
from rcmlrs_core.errors import DataError
from rcmlrs_core.optim import SGD
from rcmlrs_core.random import Generator, normal


def network() -> nn.Sequential:
    g = Generator(1)
    return nn.Sequential(nn.Linear(3, 4, generator=g), nn.BatchNorm1d(4), nn.Tanh(), nn.Linear(4, 2, generator=g))


class Tied(nn.Module):
    """A table that is the last layer's weight too, and a layer that is used twice."""

    def __init__(self) -> None:
        self.table = nn.Embedding(5, 3, generator=Generator(1))
        self.mix = nn.Linear(3, 3, generator=Generator(2))
        self.again = self.mix
        self.head = nn.Linear(3, 5, bias=False, generator=Generator(3))
        self.head.weight = self.table.weight

    def forward(self, tokens: rc.RamTensor) -> rc.RamTensor:
        return self.head(self.again(self.mix(self.table(tokens))))


# ------------------------------------------------------------------------------------------------------ sharing


def test_what_is_shared_is_counted_and_trained_once() -> None:
    model = Tied()
    assert [name for name, _ in model.named_parameters()] == ["table.weight", "mix.weight", "mix.bias"]
    assert model.count_parameters() == 15 + 9 + 3
    assert list(model.state_dict()) == [
        *("table.weight", "mix.weight", "mix.bias", "again.weight", "again.bias", "head.weight")
    ]
    tokens = rc.tensor([[0, 4], [2, 2]], dtype="int32")
    optimizer = SGD(model.parameters(), lr=0.5)
    model(tokens).square().mean().backward()
    before, gradient = model.mix.weight.detach(), model.mix.weight.grad
    assert gradient is not None
    optimizer.step()
    assert model.mix.weight.tobytes() == (before - 0.5 * gradient).tobytes()
    assert model.again is model.mix
    assert model.head.weight is model.table.weight


def test_a_shared_layer_receives_from_both_places() -> None:
    """The same as two layers of equal weights, whose gradients are added up."""
    model = Tied()
    tokens = rc.tensor([[0, 4]], dtype="int32")
    model(tokens).square().sum().backward()
    apart = Tied()
    apart.again = nn.Linear(3, 3, generator=Generator(2))
    apart(tokens).square().sum().backward()
    one, first, second = (layer.weight.grad for layer in (model.mix, apart.mix, apart.again))
    assert one is not None
    assert first is not None
    assert second is not None
    assert float((one - (first + second)).abs().max()) <= 2**-20 * float(one.abs().max())
    assert float(first.abs().max()) > 0 < float(second.abs().max())


def test_the_state_of_a_shared_tensor_goes_out_and_in() -> None:
    state = Tied().state_dict()
    other = Tied()
    with rc.no_grad():
        for parameter in other.parameters():
            parameter.replace_(parameter * 2.0)
    saved = other.state_dict()
    other.load_state_dict(state)
    assert other.digest() == Tied().digest()
    assert other.head.weight is other.table.weight
    fewer = {
        name: tensor for name, tensor in saved.items() if name not in ("again.weight", "again.bias", "head.weight")
    }
    other.load_state_dict(fewer)  # one of the names of a tensor is enough
    assert io.state_digest(other.state_dict()) == io.state_digest(saved)
    with pytest.raises(
        DataError, match=r"head\.weight differs from table\.weight, and in the model they are one tensor"
    ):
        other.load_state_dict({**saved, "head.weight": state["head.weight"]})
    del fewer["mix.bias"]
    with pytest.raises(DataError, match=r"mix\.bias is missing; again\.bias is missing"):
        other.load_state_dict(fewer)
    assert io.state_digest(other.state_dict()) == io.state_digest(saved)


def test_a_copy_shares_what_the_model_shared() -> None:
    for other in (copy.deepcopy(Tied()), pickle.loads(pickle.dumps(Tied()))):
        assert other.head.weight is other.table.weight
        assert other.count_parameters() == 27
        assert other.digest() == Tied().digest()


# ----------------------------------------------------------------------------------------------------- freezing


def test_a_frozen_parameter_stays_a_parameter() -> None:
    model = network()
    every, trained = model.count_parameters(), model.count_parameters(trainable_only=True)
    assert every == trained == 16 + 8 + 10
    assert model[0].freeze() is model[0]
    assert (model.count_parameters(), model.count_parameters(trainable_only=True)) == (34, 18)
    assert [name for name, _ in model.named_parameters()] == ["1.weight", "1.bias", "3.weight", "3.bias"]
    assert [name for name, _ in model.named_parameters(trainable_only=False)][:2] == ["0.weight", "0.bias"]
    constants = ["1.running_mean", "1.running_var", "1.num_batches_tracked"]
    assert [name for name, _ in model.named_buffers()] == constants
    assert "0.weight" in model.state_dict()
    model.freeze()
    assert model.count_parameters(trainable_only=True) == 0
    assert [name for name, _ in model.named_buffers()] == constants
    model.unfreeze()
    assert model.count_parameters(trainable_only=True) == 34
    assert [name for name, _ in model.named_buffers()] == constants, "a constant never becomes a parameter"
    first = model[0]
    assert isinstance(first, nn.Linear)
    first.weight = rc.ones((4, 3))
    assert "0.weight" in dict(model.named_buffers()), "what was frozen once leaves no mark"
    assert model.unfreeze().count_parameters() == 22


def test_what_is_frozen_does_not_move() -> None:
    model = network()
    optimizer = SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=0.1)
    x = normal((6, 3), seed=1)

    def step() -> None:
        model(x).square().mean().backward()
        optimizer.step()
        optimizer.zero_grad()

    step()
    model(x).square().mean().backward()
    model[0].freeze()  # with gradients at hand, which go
    frozen, moving = model[0].digest(), model[3].digest()
    step()
    assert model[0].digest() == frozen
    assert model[3].digest() != moving
    model.unfreeze()
    step()
    assert model[0].digest() != frozen


def test_a_copy_and_a_state_know_what_is_frozen() -> None:
    model = network()
    model[0].freeze()
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert other.count_parameters(trainable_only=True) == 18
        assert other.unfreeze().count_parameters(trainable_only=True) == 34
    model.load_state_dict(network().state_dict())
    assert model.count_parameters(trainable_only=True) == 18
    assert model.to("python").count_parameters(trainable_only=True) == 18


def test_what_is_shared_is_frozen_in_both_places() -> None:
    model = Tied()
    model.head.freeze()
    assert not model.table.weight.requires_grad
    assert next(model.named_parameters(trainable_only=False))[0] == "table.weight"
    assert list(model.named_buffers()) == []
    assert model.count_parameters(trainable_only=True) == 12
    model.unfreeze()
    assert model.count_parameters(trainable_only=True) == 27


# ----------------------------------------------------------------------------------------------------- iteration


def test_modules_by_path() -> None:
    model = Tied()
    assert [path for path, _ in model.named_modules()] == ["", "table", "mix", "head"]
    assert [path for path, _ in network().named_modules("net")] == ["net", "net.0", "net.1", "net.2", "net.3"]
    assert [type(child).__name__ for child in model.children()] == ["Embedding", "Linear", "Linear", "Linear"]


def test_apply_comes_to_every_module_once() -> None:
    seen: list[str] = []
    model = nn.Sequential(nn.Tanh(), nn.Sequential(nn.ReLU()))
    assert model.apply(lambda module: seen.append(type(module).__name__)) is model
    assert seen == ["ReLU", "Sequential", "Tanh", "Sequential"]


def test_a_part_of_a_sequence_shares_its_layers() -> None:
    model = network()
    part = model[:-1]
    assert isinstance(part, nn.Sequential)
    assert (len(part), part[0]) == (3, model[0])
    assert part.append(nn.ReLU()) is part
    assert (len(part), len(model)) == (4, 4)
    with pytest.raises(TypeError, match="the new one is a str, not a module"):
        part.append("ReLU")  # type: ignore[arg-type]
