"""The loop: its hooks in order, what they see, how they end it; loaders; and examples that cannot be learned."""

import math
import signal
from collections.abc import Callable
from typing import Any

import pytest

import rcmlrs_core as rc
from rcmlrs_core import metrics, nn, optim
from rcmlrs_core.data import Loader, TensorDataset
from rcmlrs_core.errors import DataError, IndexRangeError, TrainingError
from rcmlrs_core.random import Generator, normal
from rcmlrs_core.train import Callback, History, evaluate, fit, predict
from rcmlrs_core.train.callbacks.base import HOOKS
from rcmlrs_core.train.engine import Batches, Measured, Training, run_predict, run_test

X = normal((14, 3), seed=1)
Y = (X[:, :1] - X[:, 1:2] * 0.5).tanh()


def model() -> nn.Sequential:
    return nn.Sequential(nn.Linear(3, 4, generator=Generator(1)), nn.Tanh(), nn.Linear(4, 1, generator=Generator(2)))


def trained(x: Any = X, y: Any = Y, **options: Any) -> tuple[nn.Sequential, History]:
    network = model()
    optimizer = optim.Adam(network.parameters(), lr=0.02)
    if not isinstance(x, Loader):
        options = {"batch_size": 5} | options
    return network, fit(network, optimizer, rc.mse_loss, x, y, **({"epochs": 2} | options))


class Teller(Callback):
    """Writes down every call; and calls a function in some of them."""

    def __init__(self, **does: Callable[[Any], object]) -> None:
        super().__init__()
        self.told: list[Any] = []
        for hook in HOOKS:
            setattr(self, hook, self.teller(hook, does.get(hook)))

    def teller(self, hook: str, do: Callable[[Any], object] | None) -> Callable[..., None]:
        def tell(*arguments: Any) -> None:
            self.told.append((hook.removeprefix("on_"), *arguments))
            if do is not None:
                do(self.model)

        return tell


def stop(network: Any) -> None:
    network.stop_training = True


def test_the_hooks_come_in_the_order_of_keras() -> None:
    teller = Teller()
    _, history = trained(validation=(X[:7], Y[:7]), metrics=[metrics.rmse], epochs=2, callbacks=[teller])
    names = [name for name, *_ in teller.told]
    test = ["test_begin", *["test_batch_begin", "test_batch_end"] * 2, "test_end"]
    epoch = ["epoch_begin", *["train_batch_begin", "train_batch_end"] * 3, *test, "epoch_end"]
    assert names == ["train_begin", *epoch, *epoch, "train_end"]
    assert [number for name, number, *_ in teller.told if name == "train_batch_end"] == [0, 1, 2, 0, 1, 2]
    assert [logs for name, *_, logs in teller.told if name == "epoch_end"] == [e.logs for e in history.epochs]
    assert list(history.epochs[0].logs) == ["loss", "val_loss", "val_rmse"]
    (end,) = (logs for name, *_, logs in teller.told if name == "train_end")
    assert end == history.epochs[-1].logs
    tests = [logs for name, *_, logs in teller.told if name == "test_end"]
    assert tests[1] == {"loss": end["val_loss"], "rmse": end["val_rmse"]}


def test_the_logs_of_a_batch_are_the_means_of_the_epoch_so_far() -> None:
    teller, losses = Teller(), []
    trained(callbacks=[teller], epochs=1, on_step=lambda step: losses.append(step.loss))
    seen = [logs["loss"] for name, *_, logs in teller.told if name == "train_batch_end"]
    sizes = [5, 5, 4]
    assert seen == [
        math.fsum(a * b for a, b in zip(losses[:k], sizes, strict=False)) / sum(sizes[:k]) for k in (1, 2, 3)
    ]


def test_what_a_callback_adds_to_the_logs_is_in_the_history() -> None:
    class Rate(Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            logs["learning_rate"] = 0.5**epoch

    assert trained(callbacks=[Rate()])[1].curves["learning_rate"] == [1.0, 0.5]


def test_a_callback_knows_the_run() -> None:
    teller = Teller()
    network = model()
    optimizer = optim.SGD(network.parameters(), lr=0.1)
    fit(network, optimizer, rc.mse_loss, X, Y, epochs=2, start_epoch=3, batch_size=5, callbacks=[teller])
    assert teller.model is network
    assert teller.params == {"epochs": 5, "steps": 3, "verbose": 0, "optimizer": optimizer}


def test_a_callback_ends_the_run_after_the_batch_or_the_epoch() -> None:
    _, history = trained(epochs=5, callbacks=[Teller(on_epoch_end=stop)])
    assert (len(history.epochs), history.steps, history.interrupted) == (1, 3, False)
    teller = Teller(on_train_batch_end=stop)
    network, history = trained(epochs=5, callbacks=[teller])
    assert (len(history.epochs), history.steps) == (1, 1)
    assert [name for name, *_ in teller.told][-2:] == ["epoch_end", "train_end"]
    assert fit(network, optim.SGD(network.parameters(), lr=0.1), rc.mse_loss, X, Y, epochs=2, batch_size=7).steps == 4


def test_ctrl_c_in_an_epoch_ends_the_training_and_not_the_epoch() -> None:
    teller = Teller()
    _, history = trained(
        callbacks=[teller], on_step=lambda s: signal.raise_signal(signal.SIGINT) if s.step == 4 else None
    )
    assert history.interrupted
    assert [name for name, *_ in teller.told].count("epoch_end") == 1
    assert teller.told[-1] == ("train_end", history.epochs[0].logs)


# --------------------------------------------------------------------------------------------- data, metrics


def test_a_loader_is_data() -> None:
    wanted, history = trained(seed=7, validation=(X, Y))
    data = TensorDataset(X, Y)
    network, again = trained(Loader(data, 5, seed=7), None, validation=Loader(data, 4, seed=3))
    assert (network.digest(), again) == (wanted.digest(), history)
    assert trained(Loader(data, 5, seed=7, prefetch=2), None)[0].digest() == wanted.digest()
    assert evaluate(network, rc.mse_loss, Loader(data, 3)) == evaluate(network, rc.mse_loss, X, Y)
    assert predict(network, Loader(data, 3)).tobytes() == predict(network, X).tobytes()
    with pytest.raises(TypeError, match="a Loader has its own targets and batch size"):
        trained(Loader(data, 5), Y)
    with pytest.raises(TypeError, match="a Loader has its own targets and batch size"):
        trained(Loader(data, 5), None, batch_size=3)


def test_what_a_batch_holds_beyond_its_targets_goes_to_the_loss() -> None:
    def weighted(prediction: Any, target: Any, weight: Any) -> Any:
        return ((prediction - target).square() * weight).mean()

    def fitted(loss: Any, *data: rc.RamTensor) -> str:
        network = model()
        loader = Loader(TensorDataset(*data), 7)
        fit(network, optim.SGD(network.parameters(), lr=0.1), loss, loader, epochs=2, validation=loader)
        return network.digest()

    ones, twos = rc.ones((14, 1)), rc.full((14, 1), 2.0)
    assert fitted(weighted, X, Y, ones) == fitted(rc.mse_loss, X, Y) != fitted(weighted, X, Y, twos)


def test_several_metrics_have_their_names() -> None:
    network, history = trained(metric=metrics.mae, metrics={"root": metrics.rmse, "square": rc.mse_loss})
    assert history.epochs[-1].metrics == {
        "mae": metrics.mae(network(X), Y).item(),
        "root": metrics.rmse(network(X), Y).item(),
        "square": rc.mse_loss(network(X), Y).item(),
    }
    assert history.metrics[-1] == history.epochs[-1].metrics["mae"]
    with pytest.raises(TypeError, match="two metrics are called 'rmse'"):
        trained(metric=metrics.rmse, metrics=[metrics.rmse])
    with pytest.raises(TypeError, match="metrics is 'rmse'; pass a list of functions"):
        trained(metrics="rmse")
    with pytest.raises(TypeError, match="metric is 'rmse'; pass a function"):
        trained(metrics=["rmse"])


def test_a_model_is_in_training_while_it_learns_and_in_use_when_it_is_measured() -> None:
    network = nn.Sequential(nn.Linear(3, 1), nn.Dropout(0.5), nn.Dropout(0.0))
    network[2].training = False
    seen: list[Any] = []

    def look(*arguments: Any) -> rc.RamTensor:
        seen.append([module.training for module in network.modules()])
        return rc.mse_loss(*arguments)

    optimizer = optim.SGD(network.parameters(), lr=0.1)
    fit(network, optimizer, look, X, Y, epochs=1, batch_size=14, validation=(X, Y))
    assert seen[0] == [True] * 4
    assert [module.training for module in network.modules()] == [True, True, True, False]
    plain = nn.Sequential(network[0])
    assert predict(network, X).tobytes() == plain(X).tobytes(), "nothing is dropped"
    assert evaluate(network, rc.mse_loss, X, Y) == rc.mse_loss(plain(X), Y).item()
    with pytest.raises(RuntimeError, match="stop"):
        fit(network, optimizer, look, X, Y, epochs=1, batch_size=7, on_step=fail)
    assert [module.training for module in network.modules()] == [True, True, True, False]


def fail(*arguments: Any) -> None:
    raise RuntimeError("stop")


# ------------------------------------------------------------------------------------------------- bad examples


@pytest.mark.parametrize(("where", "what"), [("x", "x"), ("y", "y")])
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_an_example_that_is_not_finite_is_named_and_the_model_untouched(where: str, what: str, bad: float) -> None:
    network = nn.Sequential(nn.Linear(3, 4, generator=Generator(1)), nn.BatchNorm1d(4), nn.Linear(4, 1))
    x, y = X.tolist(), Y.tolist()
    (x if where == "x" else y)[11][0] = bad
    digests = [network.digest()]
    optimizer = optim.Adam(network.parameters())
    with pytest.raises(TrainingError) as caught:
        fit(
            network, optimizer, rc.mse_loss, rc.tensor(x), rc.tensor(y), epochs=1, batch_size=5, shuffle=False,
            on_step=lambda step: digests.append(network.digest()),
        )  # fmt: skip
    said = str(caught.value)
    assert "in epoch 1, batch 3; that update was not made" in said
    assert f"{what} holds NaN or an infinity in example 12 (index 11)" in said
    assert len(set(digests)) == 3
    assert network.digest() == digests[-1], "running means too"
    assert optimizer.step_count == 2


def test_in_a_shuffled_epoch_the_example_is_that_of_the_data() -> None:
    x = X.tolist()
    x[6][2] = math.nan
    with pytest.raises(TrainingError, match=r"example 7 \(index 6\)"):
        trained(rc.tensor(x))


def test_a_loss_that_explodes_is_not_blamed_on_the_data() -> None:
    network = model()
    with pytest.raises(
        TrainingError, match=r"batch \d+; .*: the data of the batch are finite; take a smaller learning"
    ):
        fit(network, optim.SGD(network.parameters(), lr=1e30), rc.mse_loss, X, Y, epochs=9, batch_size=5)


@pytest.mark.parametrize("label", [3, 100, -1])
def test_a_label_outside_of_the_classes_is_named_and_the_model_untouched(label: int) -> None:
    network = nn.Sequential(nn.Linear(3, 3, generator=Generator(1)), nn.BatchNorm1d(3))
    labels = [0, 1, 2] * 4 + [label, 1]
    digests = [network.digest()]
    with pytest.raises(IndexRangeError) as caught:
        fit(
            network, optim.Adam(network.parameters()), rc.cross_entropy, X, rc.tensor(labels, dtype="int32"),
            epochs=1, batch_size=5, shuffle=False, on_step=lambda step: digests.append(network.digest()),
        )  # fmt: skip
    said = str(caught.value)
    assert said.startswith(f"epoch 1, batch 3, example 13 (index 12): the label {label} is none of the 3 classes")
    assert network.digest() == digests[-1] != digests[0]


# ------------------------------------------------------------------------------------------- the engine alone


def test_a_source_of_unknown_length_and_numbers_that_are_no_means() -> None:
    class Count:
        seen = 0

        def reset(self) -> None:
            self.seen = 0

        def result(self) -> dict[str, float]:
            return {"seen": self.seen}

    count = Count()

    def step(batch: Any, place: Any) -> Measured:
        count.seen += 1
        return Measured(2, {"loss": float(batch)}, weight=float(batch))

    teller = Teller()
    source = Batches(lambda epoch, start: iter(range(start, 3 + epoch)))
    for progress in (0, 1):
        training = Training(
            None, step, source, epochs=range(1, 3), callbacks=[teller], tracked=count, progress=progress
        )
        history = training.run()
        assert history.curves == {"loss": [14 / 6, 30 / 10], "seen": [4, 5]}, "weighted by 0, 1, 2, ..."
        assert [epoch.epoch for epoch in history.epochs] == [1, 2]
    assert teller.params == {"epochs": 3, "steps": None, "verbose": 1}
    with pytest.raises(DataError, match="epoch 1 has no batches; is the iterator"):
        Training(None, step, Batches(lambda epoch, start: iter(())), epochs=range(1)).run()


def test_testing_and_predicting_have_their_hooks() -> None:
    from rcmlrs_core.train import CallbackList

    network, teller = model(), Teller()
    batches = [(X[:10], Y[:10]), (X[10:], Y[10:])]
    callbacks = CallbackList([teller], network)

    def step(batch: Any, place: Any) -> Measured:
        assert not network.training
        return Measured(batch[0].shape[0], {"loss": float(rc.mse_loss(network(batch[0]), batch[1]))})

    logs = run_test(network, step, batches, callbacks=callbacks)
    parts = [float(rc.mse_loss(network(x), y)) for x, y in batches]
    assert logs == {"loss": math.fsum([parts[0] * 10, parts[1] * 4]) / 14}
    assert teller.told[0] == ("test_begin", {})
    assert teller.told[-1] == ("test_end", logs)
    outputs = run_predict(network, lambda batch: network(batch[0]), batches, callbacks=callbacks)
    assert [output.shape for output in outputs] == [(10, 1), (4, 1)]
    assert not outputs[0].requires_grad
    assert [name for name, *_ in teller.told[-6:]] == [
        "predict_begin", *["predict_batch_begin", "predict_batch_end"] * 2, "predict_end",
    ]  # fmt: skip
    assert network.training
