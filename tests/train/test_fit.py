"""The training loop: the same bits twice, resumed or not; and what it does when something goes wrong."""

import math
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

import rcmlrs_core as rc
from rcmlrs_core import metrics, nn, optim
from rcmlrs_core.data import TensorDataset
from rcmlrs_core.errors import AttributeValueError, ShapeError, TrainingError
from rcmlrs_core.optim.optimizer import Optimizer
from rcmlrs_core.random import Generator, normal, permutation
from rcmlrs_core.train import Callback, Epoch, History, Step, evaluate, fit, predict

X = normal((14, 3), seed=1)
Y = (X[:, :1] - X[:, 1:2] * 0.5).tanh()
HELD_OUT = normal((5, 3), seed=2), normal((5, 1), seed=3)


def model() -> nn.Sequential:
    return nn.Sequential(nn.Linear(3, 4, generator=Generator(1)), nn.Tanh(), nn.Linear(4, 1, generator=Generator(2)))


def adam(network: nn.Module) -> Optimizer:
    return optim.Adam(network.parameters(), lr=0.02)


def trained(epochs: int = 3, **options: Any) -> tuple[nn.Sequential, History]:
    network = model()
    return network, fit(network, adam(network), rc.mse_loss, X, Y, epochs=epochs, **({"batch_size": 4} | options))


def test_training_learns() -> None:
    _, history = trained(epochs=40)
    assert history.losses[-1] < history.losses[0] / 20
    assert history.steps == 160
    assert history.seconds > 0


def test_the_same_training_twice_has_the_same_bits() -> None:
    (first, history), (second, again) = trained(), trained()
    assert first.digest() == second.digest() != model().digest()
    assert history == again
    assert trained(seed=1)[0].digest() != first.digest()
    assert trained(shuffle=False)[0].digest() != first.digest()


def test_fit_is_the_loop_that_its_page_describes() -> None:
    network = model()
    optimizer = adam(network)
    losses = []
    for epoch in range(3):
        order = permutation(14, seed=9, stream=epoch)
        weighted = []
        for i in range(0, 14, 4):
            chosen = rc.tensor(order[i : i + 4], dtype="int32")
            optimizer.zero_grad()
            loss = network(X.take(chosen, axis=0)).mse_loss(Y.take(chosen, axis=0))
            loss.backward()
            optimizer.step()
            weighted.append(loss.item() * len(order[i : i + 4]))
        losses.append(math.fsum(weighted) / 14)
    fitted, history = trained(seed=9)
    assert fitted.digest() == network.digest()
    assert history.losses == losses


def test_a_resumed_run_has_the_bits_of_one_that_never_stopped() -> None:
    whole, history = trained(epochs=5)
    network = model()
    optimizer = adam(network)
    early = fit(network, optimizer, rc.mse_loss, X, Y, epochs=2, batch_size=4)
    weights, state = network.state_dict(), optimizer.state_dict()

    resumed = model()
    resumed.load_state_dict(weights)
    other = adam(resumed)
    other.load_state_dict(state)
    late = fit(resumed, other, rc.mse_loss, X, Y, epochs=3, batch_size=4, start_epoch=2)
    assert resumed.digest() == whole.digest()
    assert early.epochs + late.epochs == history.epochs


def test_validation_and_metric() -> None:
    network, history = trained(validation=HELD_OUT, metric=metrics.rmse)
    last = history.epochs[-1]
    assert last.validation_loss == rc.mse_loss(network(HELD_OUT[0]), HELD_OUT[1]).item()
    assert last.metric == metrics.rmse(network(HELD_OUT[0]), HELD_OUT[1]).item()
    assert history.validation_losses == [epoch.validation_loss for epoch in history.epochs]
    network, history = trained(metric=metrics.rmse)
    assert history.metrics[-1] == metrics.rmse(network(X), Y).item()
    assert history.validation_losses == [None] * 3
    assert trained()[0].digest() == network.digest(), "looking changes nothing"


def test_predict_and_evaluate_do_not_depend_on_the_batch_size() -> None:
    network = model()
    whole = predict(network, X)
    assert not whole.requires_grad
    for batch_size in (1, 5, 14, 100):
        assert predict(network, X, batch_size=batch_size).tobytes() == whole.tobytes()
        assert evaluate(network, rc.mse_loss, X, Y, batch_size=batch_size) == rc.mse_loss(whole, Y).item()


def test_callbacks() -> None:
    steps: list[Step] = []
    epochs: list[Epoch] = []
    _, history = trained(epochs=2, on_step=steps.append, callback=epochs.append)
    assert [(s.epoch, s.batch, s.step) for s in steps] == [(e, b, 4 * e + b) for e in range(2) for b in range(4)]
    assert epochs == history.epochs
    assert epochs[0].loss == math.fsum(s.loss * n for s, n in zip(steps[:4], (4, 4, 4, 2), strict=True)) / 14
    _, history = trained(epochs=9, callback=lambda epoch: epoch.epoch == 3)
    assert len(history.epochs) == 4
    assert not history.interrupted


def test_a_loss_that_is_not_finite_stops_before_the_update() -> None:
    network = model()
    x = rc.concat(X[:13], rc.full((1, 3), math.nan), axis=0)
    digests = [network.digest()]
    with pytest.raises(TrainingError) as caught:
        fit(
            network, adam(network), rc.mse_loss, x, Y, epochs=2, batch_size=4, shuffle=False,
            on_step=lambda step: digests.append(network.digest()),
        )  # fmt: skip
    assert "the loss is nan in epoch 1, batch 4;" in str(caught.value)
    assert len(set(digests)) == 4
    assert network.digest() == digests[-1]


def test_an_optimizer_of_another_model_is_refused() -> None:
    with pytest.raises(TrainingError, match="the optimizer holds no parameter of the model"):
        fit(model(), adam(model()), rc.mse_loss, X, Y, epochs=1, batch_size=4)
    network = model()
    fit(network, adam(network[2]), rc.mse_loss, X, Y, epochs=1, batch_size=4)  # a part of it is enough


def test_ctrl_c_ends_after_the_step() -> None:
    seen: list[int] = []

    def press(step: Step) -> None:
        seen.append(step.step)
        if step.step == 5:
            signal.raise_signal(signal.SIGINT)

    network, history = trained(on_step=press)
    assert history.interrupted
    assert history.steps == 6
    assert seen == list(range(6))
    assert len(history.epochs) == 1
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    by_hand = model()
    optimizer = adam(by_hand)
    count = 0
    for epoch in range(2):
        order = permutation(14, seed=0, stream=epoch)
        for i in range(0, 14, 4):
            if count < 6:
                chosen = rc.tensor(order[i : i + 4], dtype="int32")
                optimizer.zero_grad()
                by_hand(X.take(chosen, axis=0)).mse_loss(Y.take(chosen, axis=0)).backward()
                optimizer.step()
            count += 1
    assert network.digest() == by_hand.digest(), "six whole updates, and nothing of a seventh"


@pytest.mark.parametrize("where", ["on_step", "metric", "callback"])
def test_ctrl_c_at_the_very_end_is_told(where: str) -> None:
    def press(*arguments: Any) -> rc.RamTensor | None:
        if where != "on_step" or arguments[0].step == 3:
            signal.raise_signal(signal.SIGINT)
        return rc.ones(1) if where == "metric" else None

    _, history = trained(epochs=1, **{where: press})
    assert history.interrupted
    assert (history.steps, len(history.epochs)) == (4, 1)


def test_a_second_ctrl_c_is_not_waited_for() -> None:
    def press(step: Step) -> None:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        trained(on_step=press)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_another_handler_stays_in_charge() -> None:
    pressed = []
    before = signal.signal(signal.SIGINT, lambda number, frame: pressed.append(number))
    try:
        _, history = trained(epochs=1, on_step=lambda step: signal.raise_signal(signal.SIGINT))
    finally:
        signal.signal(signal.SIGINT, before)
    assert len(pressed) == 4
    assert not history.interrupted


def test_a_thread_trains_too() -> None:
    found: list[str] = []
    thread = threading.Thread(target=lambda: found.append(trained()[0].digest()))
    thread.start()
    thread.join()
    assert found == [trained()[0].digest()]


def test_progress_is_quiet_in_a_pipe_and_loads_rich_only_for_a_bar() -> None:
    code = """
import sys
import rcmlrs_core as rc
from rcmlrs_core import nn, optim, train
layer = nn.Linear(1, 1)
x = rc.ones((4, 1))
train.fit(layer, optim.SGD(layer.parameters(), lr=0.1), rc.mse_loss, x, x, epochs=1, batch_size=2, progress=PROGRESS)
print("rich" in sys.modules)
"""
    outputs = {}
    for progress in ("None", "False", "True"):
        run = [sys.executable, "-c", code.replace("PROGRESS", progress)]
        done = subprocess.run(run, check=True, capture_output=True, text=True)
        outputs[progress] = (done.stdout.strip(), "epoch 1/1" in done.stderr)
        assert progress == "True" or done.stderr == ""
    assert outputs == {"None": ("False", False), "False": ("False", False), "True": ("True", True)}


def test_a_recurrent_model_learns() -> None:
    generator = Generator(4)
    network = nn.Sequential(nn.RNN(1, 4, generator=generator), nn.LastStep(), nn.Linear(4, 1, generator=generator))
    x = normal((16, 5, 1), seed=1)
    y = x[:, -1] * 0.5
    history = fit(network, optim.Adam(network.parameters(), lr=0.05), rc.mse_loss, x, y, epochs=12, batch_size=8)
    assert history.losses[-1] < history.losses[0] / 5


def test_a_classifier_learns() -> None:
    network = nn.Sequential(nn.Linear(3, 3, generator=Generator(1)))
    labels = X.argmax(axis=1)
    optimizer = optim.SGD(network.parameters(), lr=0.5, momentum=0.9)
    history = fit(network, optimizer, rc.cross_entropy, X, labels, epochs=20, batch_size=7, metric=metrics.accuracy)
    assert history.metrics[-1] == 1.0


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"y": Y[:3]}, ShapeError, "x of shape (14, 3) and y of (3, 1) must have the same first axis"),
        ({"x": rc.zeros((0, 3)), "y": rc.zeros((0, 1))}, ShapeError, "has no examples"),
        ({"validation": (X, Y[:3])}, ShapeError, "fit: validation: x of shape"),
        ({"batch_size": 0}, AttributeValueError, "batch_size must be an int of at least 1, got 0"),
        ({"epochs": -1}, AttributeValueError, "epochs must be an int of at least 0, got -1"),
        ({"start_epoch": 0.5}, AttributeValueError, "start_epoch must be an int of at least 0, got 0.5"),
    ],
)
def test_what_is_refused(change: dict[str, Any], error: type[Exception], words: str) -> None:
    network = model()
    arguments: dict[str, Any] = {"x": X, "y": Y, "epochs": 1, "batch_size": 4} | change
    with pytest.raises(error) as caught:
        fit(network, adam(network), rc.mse_loss, **arguments)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"x": X.numpy()}, "fit: x is a ndarray, not a tensor; make it one with rc.tensor(...)"),
        ({"y": Y.tolist()}, "fit: y is a list, not a tensor; make it one with rc.tensor(...)"),
        ({"validation": (X, Y.numpy())}, "fit: validation: y is a ndarray, not a tensor"),
        ({"validation": (X,)}, "fit: validation is a tuple of 1; pass examples and targets, (x, y), or data.Loader("),
        ({"validation": 5}, "fit: validation is 5; pass examples and targets"),
        ({"callbacks": Callback()}, "callbacks: takes a list, got a Callback; put it into brackets"),
        ({"validation": TensorDataset(X, Y)}, "fit: validation is a TensorDataset; pass examples and targets"),
        ({"x": TensorDataset(X, Y)}, "fit: x is a TensorDataset, not a tensor; pass data.Loader(dataset, batch_size)"),
        ({"loss": "mse"}, "fit: loss is 'mse'; pass a function such as rc.mse_loss"),
        ({"metric": "rmse"}, "fit: metric is 'rmse'; pass a function such as metrics.rmse"),
        ({"optimizer": "adam"}, "fit: optimizer is 'adam'; pass one that holds the parameters, such as optim.Adam("),
        ({"model": None}, "fit: model is None; pass a function such as an nn.Module"),
    ],
)
def test_what_is_of_another_kind_is_refused_in_words(change: dict[str, Any], words: str) -> None:
    network = model()
    arguments: dict[str, Any] = {"model": network, "optimizer": adam(network), "loss": rc.mse_loss, "x": X, "y": Y}
    with pytest.raises(TypeError) as caught:
        fit(**(arguments | {"epochs": 1, "batch_size": 4} | change))
    assert words in str(caught.value)


def test_predict_and_evaluate_take_tensors() -> None:
    network, array = model(), X.numpy()
    with pytest.raises(TypeError, match="predict: x is a ndarray, not a tensor"):
        predict(network, array)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="evaluate: y is a list, not a tensor"):
        evaluate(network, rc.mse_loss, X, Y.tolist())


@pytest.mark.parametrize("batch_size", [0, -3, 2.0])
def test_predict_takes_batches_of_at_least_one(batch_size: Any) -> None:
    with pytest.raises(AttributeValueError, match="predict: batch_size must be an int of at least 1, got"):
        predict(model(), X, batch_size=batch_size)


def test_a_loss_that_gives_a_float_is_refused_in_words() -> None:
    network = model()
    with pytest.raises(TypeError, match=r"fit: loss returns 0.5, not a tensor, .* without float\(\) or item\(\)"):
        fit(network, adam(network), lambda p, t: 0.5, X, Y, epochs=1, batch_size=4)  # type: ignore[arg-type, return-value]


def test_a_loss_and_a_metric_are_single_numbers() -> None:
    network = model()
    before = network.digest()
    with pytest.raises(ShapeError, match=r"fit: loss gives a tensor of shape \(4, 1\), and a single number"):
        fit(network, adam(network), lambda p, t: (p - t).square(), X, Y, epochs=1, batch_size=4)
    assert network.digest() == before
    with pytest.raises(ShapeError, match="fit: the metric errors gives a tensor of shape"):
        fit(network, adam(network), rc.mse_loss, X, Y, epochs=1, batch_size=4, metrics={"errors": lambda p, t: p - t})


def test_the_progress_bar_ends_on_the_loss_of_the_last_epoch(capfd: pytest.CaptureFixture[str]) -> None:
    for epochs in (1, 3):
        _, history = trained(epochs=epochs, progress=True)
        end = capfd.readouterr().err.splitlines()[-1]
        assert f"epoch {epochs}/{epochs}, loss {history.losses[-1]:.6g} " in end


def test_a_model_that_gives_a_pair_says_what_to_do() -> None:
    rnn = nn.RNN(3, 2)
    with pytest.raises(TrainingError, match=r"the model returns a tuple, .* after an RNN put LastStep\(\)"):
        fit(rnn, optim.SGD(rnn.parameters(), lr=0.1), rc.mse_loss, X.reshape((14, 1, 3)), Y, epochs=1, batch_size=4)


def test_no_epochs_are_no_change() -> None:
    network, history = trained(epochs=0)
    assert network.digest() == model().digest()
    assert history == History()


@pytest.mark.parametrize("name", [status.name for status in rc.backends() if status.state == "healthy"])
def test_n5_every_backend_trains_to_the_same_bits(name: str) -> None:
    """A recurrent classifier: most of what layers, losses and optimizers are made of."""

    def digest_and_history(backend: str) -> tuple[str, History]:
        with rc.use_backend(backend):
            generator = Generator(4)
            network = nn.Sequential(nn.RNN(3, 4, generator=generator), nn.LastStep(), nn.GELU())
            network.layers.append(nn.Linear(4, 3, generator=generator))
            x = normal((12, 3, 3), seed=1).z_score(axis=(0, 1))
            labels = x.sum(axis=1).argmax(axis=1)
            optimizer = optim.Adam(network.parameters(), lr=0.05)
            assert {parameter.backend for parameter in network.parameters()} == {backend}
            history = fit(
                network, optimizer, rc.cross_entropy, x, labels, epochs=2, batch_size=5, metric=metrics.accuracy
            )
            return network.digest(), history

    assert digest_and_history(name) == digest_and_history("python")


def test_digest_does_not_depend_on_the_process() -> None:
    """Hash seeds and addresses have no part in the bits."""
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        run = [sys.executable, "-c", "import test_fit; print(test_fit.trained()[0].digest())"]
        here = Path(__file__).parent
        done = subprocess.run(run, check=True, capture_output=True, text=True, env=environment, cwd=here)
        assert done.stdout.strip() == trained()[0].digest()
