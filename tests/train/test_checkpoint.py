"""Checkpoints: a run that was stopped anywhere ends with the bits of one that never was, and no file is ever lost."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import rcmlrs_core as rc
from rcmlrs_core import nn, optim
from rcmlrs_core.errors import DataError, FileFormatError
from rcmlrs_core.io import load_state_binary, save_tensors_binary
from rcmlrs_core.optim.schedules import CosineDecay
from rcmlrs_core.random import Generator, default_generator, manual_seed, normal
from rcmlrs_core.train import Callback, Checkpoint, History, Step, fit
from rcmlrs_core.train.callbacks import EarlyStopping, LearningRateScheduler, ReduceLROnPlateau

COUNT = 14


class Best(Callback):
    """Remembers the lowest loss and the weights that had it, as a callback that stops early does."""

    def __init__(self) -> None:
        super().__init__()
        self.loss = float("inf")
        self.seen: list[int] = []
        self.state: dict[str, Any] = {}

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.seen.append(epoch)
        if logs["loss"] < self.loss:
            self.loss = logs["loss"]
            self.state = {"epoch": epoch, **self.model.state_dict()}

    def state_dict(self) -> dict[str, Any]:
        return {"loss": self.loss, "seen": list(self.seen), **self.state}

    def load_state_dict(self, state: Any) -> None:
        self.loss, self.seen = state["loss"], list(state["seen"])
        self.state = {name: value for name, value in state.items() if name not in ("loss", "seen")}


class Job:
    """A training with all that has a state: momentum, a schedule, running means, two generators, a callback."""

    def __init__(self, backend: str = "numpy", hidden: int = 3) -> None:
        self.backend = backend
        with rc.use_backend(backend):
            manual_seed(5)
            self.x = normal((COUNT, 2), seed=1)
            self.y = (self.x[:, :1] - self.x[:, 1:]).tanh()
            self.model = nn.Sequential(
                nn.Linear(2, hidden, generator=Generator(1)),
                nn.BatchNorm1d(hidden),
                nn.Dropout(0.25),
                nn.Tanh(),
                nn.Dropout(0.25, generator=Generator(77)),
                nn.Linear(hidden, 1, generator=Generator(2)),
            )
            body, head = list(self.model[0].parameters()), list(self.model[5].parameters())
            groups = [{"params": body}, {"params": head, "momentum": 0.5}]
            self.optimizer = optim.SGD(groups, lr=CosineDecay(0.1, 20), momentum=0.9)
        self.best = Best()
        self.options: dict[str, Any] = {"epochs": 4, "batch_size": 4, "seed": 3}

    def fit(self, **options: Any) -> History:
        with rc.use_backend(self.backend):
            return fit(
                self.model, self.optimizer, rc.mse_loss, self.x, self.y,
                validation=(self.x[:5], self.y[:5]), callbacks=[self.best], **{**self.options, **options},
            )  # fmt: skip

    def bits(self) -> Any:
        """Whatever a run could differ in."""
        state = self.optimizer.state_dict()
        tensors = {name: tensor.digest() for name, tensor in state.pop("tensors").items()}
        best = {name: getattr(value, "digest", lambda v=value: v)() for name, value in self.best.state_dict().items()}
        generators = default_generator().stream, self.model[4].generator.stream  # type: ignore[attr-defined]
        return self.model.digest(), tensors, state, best, generators


def ended(job: Job, **options: Any) -> Any:
    """The record of a run and the bits that it ends with."""
    return job.fit(**options), job.bits()


class Stop(Exception):
    """Ends a run where it is, as a failing machine does."""


def stopped_after(job: Job, path: Path, updates: int, **options: Any) -> None:
    """Train with checkpoints and break off in the middle."""

    def stop(step: Step) -> None:
        if step.step == updates:
            raise Stop

    with pytest.raises(Stop):
        job.fit(checkpoint=path, on_step=stop, **options)


@pytest.mark.parametrize(
    ("first", "second"), [("numpy", "numpy"), ("native", "native"), ("numpy", "native"), ("python", "numpy")]
)
def test_a_resumed_run_ends_with_the_bits_of_one_that_never_stopped(first: str, second: str, tmp_path: Path) -> None:
    whole = ended(Job(second))
    path = tmp_path / "run.safetensors"
    stopped_after(Job(first), path, 6, checkpoint_every=3)  # in the middle of the second epoch, 6 of 16 updates
    assert (Checkpoint.read(path).epoch, Checkpoint.read(path).batch) == (1, 2)
    resumed = Job(second)
    manual_seed(123)  # what the process did before does not matter
    assert ended(resumed, checkpoint=path, checkpoint_every=3, resume=True) == whole


@pytest.mark.parametrize("updates", [1, 3, 4, 5, 15])
def test_a_run_goes_on_from_wherever_it_was(updates: int, tmp_path: Path) -> None:
    whole = ended(Job())
    path = tmp_path / "run.safetensors"
    stopped_after(Job(), path, updates, checkpoint_every=1)
    assert ended(Job(), checkpoint=path, resume=True) == whole


def test_ctrl_c_saves_at_the_step_and_the_same_objects_go_on(tmp_path: Path) -> None:
    whole = ended(Job())
    path = tmp_path / "run.safetensors"
    job = Job()
    first = job.fit(
        checkpoint=path, on_step=lambda step: signal.raise_signal(signal.SIGINT) if step.step == 9 else None
    )
    assert (first.interrupted, first.steps, len(first.epochs)) == (True, 10, 2)
    found = Checkpoint.read(path)
    assert (found.epoch, found.batch, found.history.steps) == (2, 2, 10)
    assert {name: t.digest() for name, t in found.model.items()} == {
        name: t.digest() for name, t in job.model.state_dict().items()
    }
    assert ended(job, checkpoint=path, resume=True) == whole


def test_a_run_that_ended_is_not_run_again_and_may_be_made_longer(tmp_path: Path) -> None:
    path = tmp_path / "run.safetensors"
    long = ended(Job(), epochs=6)
    Job().fit(checkpoint=path, resume=True)  # there is nothing yet to go on from
    before = path.read_bytes()
    steps: list[Step] = []
    done = Job()
    assert len(done.fit(checkpoint=path, resume=True, on_step=steps.append).epochs) == 4
    assert not steps
    assert path.read_bytes() == before
    assert ended(Job(), checkpoint=path, resume=True, epochs=6) == long


def test_a_callback_whose_state_is_lost_says_so(tmp_path: Path) -> None:
    path = tmp_path / "run.safetensors"
    stopped_after(Job(), path, 6, checkpoint_every=1)
    tensors = load_state_binary(path)
    state = json.loads(tensors.metadata["state"])
    state["callbacks"] = [["Best", {}]]
    save_tensors_binary(path, dict(tensors), metadata={**tensors.metadata, "state": json.dumps(state)})
    with pytest.raises(DataError, match="no whole state of the callback Best: KeyError: 'loss'"):
        Job().fit(checkpoint=path, resume=True)


def test_a_run_that_is_long_enough_is_restored_where_it_was(tmp_path: Path) -> None:
    path = tmp_path / "run.safetensors"
    stopped_after(Job(), path, 6, checkpoint_every=1)  # in the middle of the second epoch
    job = Job()
    assert len(job.fit(checkpoint=path, resume=True, epochs=1).epochs) == 1
    assert {name: t.digest() for name, t in Checkpoint.read(path).model.items()} == {
        name: t.digest() for name, t in job.model.state_dict().items()
    }
    assert job.optimizer.step_count == 6


class NoisyInputs(nn.Module):
    """Adds noise in training, from generators that it keeps in a list."""

    def __init__(self) -> None:
        self.head = nn.Linear(2, 1, generator=Generator(1))
        self.noise = [Generator(8), Generator(9)]

    def forward(self, x: rc.RamTensor) -> rc.RamTensor:
        if self.training:
            x = x + self.noise[0].normal(x.shape) * self.noise[1].uniform(x.shape)
        return self.head(x)


def test_generators_in_lists_go_on_too(tmp_path: Path) -> None:
    def noisy() -> Job:
        job = Job()
        job.model = NoisyInputs().to("numpy")  # type: ignore[assignment]
        job.optimizer = optim.SGD(job.model.parameters(), lr=0.1)
        return job

    def digest(job: Job, **options: Any) -> str:
        with rc.use_backend("numpy"):
            fit(job.model, job.optimizer, rc.mse_loss, job.x, job.y, **job.options, **options)
        return job.model.digest()

    whole = digest(noisy())
    path = tmp_path / "run.safetensors"

    def stop(step: Step) -> None:
        if step.step == 6:
            raise Stop

    with pytest.raises(Stop):
        digest(noisy(), checkpoint=path, checkpoint_every=1, on_step=stop)
    assert digest(noisy(), checkpoint=path, resume=True) == whole


def test_ctrl_c_while_an_epoch_begins_changes_the_rate_once(tmp_path: Path) -> None:
    """The scheduler multiplies the rate when an epoch begins; a run that goes on must not multiply it again."""

    class Interrupt(Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            if epoch == 2:
                signal.raise_signal(signal.SIGINT)

    def digest(*callbacks: Callback, **options: Any) -> str:
        job = Job()
        with rc.use_backend("numpy"):
            halved = LearningRateScheduler(lambda epoch, rate: rate / 2)
            optimizer = optim.SGD(job.model.parameters(), lr=0.5)
            called = [halved, *callbacks]
            fit(job.model, optimizer, rc.mse_loss, job.x, job.y, callbacks=called, **job.options, **options)
        return job.model.digest()

    whole = digest()
    path = tmp_path / "run.safetensors"
    assert digest(Interrupt(), checkpoint=path, checkpoint_every=3) != whole
    assert digest(checkpoint=path, checkpoint_every=3, resume=True) == whole


def test_what_a_callback_ended_stays_ended(tmp_path: Path) -> None:
    path = tmp_path / "run.safetensors"
    Job().fit(checkpoint=path, callback=lambda epoch: epoch.epoch == 1)
    assert len(Job().fit(checkpoint=path, resume=True).epochs) == 2


def test_equal_runs_write_equal_checkpoints_but_for_the_time(tmp_path: Path) -> None:
    for name in ("a", "b"):
        Job().fit(checkpoint=tmp_path / name)
    a, b = (Checkpoint.read(tmp_path / name) for name in ("a", "b"))
    assert (a.history, a.run, a.generators, a.means) == (b.history, b.run, b.generators, b.means)
    assert all(a.model[name].tobytes() == b.model[name].tobytes() for name in a.model)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"batch_size": 5}, "batch_size was 4, and is 5"),
        ({"seed": 4}, "seed was 3, and is 4"),
        ({"shuffle": False}, "shuffle was True, and is False"),
        ({"start_epoch": 1}, "start_epoch was 0, and is 1"),
    ],
)
def test_another_run_is_refused(change: dict[str, Any], words: str, tmp_path: Path) -> None:
    path = tmp_path / "run.safetensors"
    Job().fit(checkpoint=path, epochs=1)
    before, job = path.read_bytes(), Job()
    state = job.bits()
    with pytest.raises(DataError) as caught:
        job.fit(checkpoint=path, resume=True, **change)
    assert "is the checkpoint of another run: " + words in str(caught.value)
    assert (path.read_bytes(), job.bits()) == (before, state)


def test_other_data_another_model_or_optimizer_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.safetensors"
    Job().fit(checkpoint=path, epochs=1)
    other = Job()
    other.x = other.x * 1.0000002  # the last bit, here and there
    with pytest.raises(DataError, match="another run: data was '"):
        other.fit(checkpoint=path, resume=True)
    with pytest.raises(DataError, match=r"loss was 'mse_loss', and is 'mae_loss'"):
        fit(other.model, other.optimizer, rc.mae_loss, other.x, other.y, epochs=1, batch_size=4, seed=3,
            validation=(other.x[:5], other.y[:5]), checkpoint=path, resume=True)  # fmt: skip
    with pytest.raises(DataError, match=r"model\.1 was .*out_features=3.*, and is .*out_features=4"):
        Job(hidden=4).fit(checkpoint=path, resume=True)
    faster = Job()
    faster.optimizer.lr = 0.2
    with pytest.raises(DataError, match=r"optimizer\.groups\.0\.lr"):
        faster.fit(checkpoint=path, resume=True)


def test_a_rate_that_a_callback_changed_is_no_other_run(tmp_path: Path) -> None:
    path = tmp_path / "run.safetensors"
    job = Job()
    job.fit(checkpoint=path, epochs=1, on_step=lambda step: setattr(job.optimizer, "lr", 0.25))
    for again in (Job(), job):
        again.fit(checkpoint=path, epochs=1, resume=True)
        assert again.optimizer.lr == 0.25


# ------------------------------------------------------------------------------------------------- bad files


def test_a_newer_version_and_other_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.safetensors"
    Job().fit(checkpoint=path, epochs=1)
    whole = load_state_binary(path)
    save_tensors_binary(path, whole, metadata={**whole.metadata, "format_version": "2"})
    with pytest.raises(FileFormatError, match=r"format_version '2', expected '1'; a newer RCMLRS may read it"):
        Job().fit(checkpoint=path, resume=True)
    save_tensors_binary(path, Job().model.state_dict())
    with pytest.raises(FileFormatError, match="holds tensors, and is no checkpoint"):
        Job().fit(checkpoint=path, resume=True)
    before = path.read_bytes()
    with pytest.raises(DataError, match="it is left as it is: choose another name"):
        Job().fit(checkpoint=path)
    assert path.read_bytes() == before
    with pytest.raises(FileNotFoundError, match="no such folder"):
        Job().fit(checkpoint=tmp_path / "nowhere" / "run.safetensors")


def test_a_damaged_checkpoint_is_refused_whatever_is_damaged(tmp_path: Path) -> None:
    """Every value of the state replaced by each of some others; every key left out; the JSON cut or absurd."""
    path, bad = tmp_path / "run.safetensors", tmp_path / "bad.safetensors"
    Job().fit(checkpoint=path, epochs=1)
    whole = load_state_binary(path)
    state = json.loads(whole.metadata["state"])

    def refused(text: str) -> bool:
        save_tensors_binary(bad, whole, metadata={**whole.metadata, "state": text})
        try:
            Job().fit(checkpoint=bad, resume=True, epochs=2)
        except (FileFormatError, DataError):
            return True
        return False

    for key in state:
        assert refused(json.dumps({name: value for name, value in state.items() if name != key})), key
        values: list[Any] = [] if key == "stopped" else [None, "x", [1], {"a": 1}, -1, 1e400]
        for value in values:
            assert refused(json.dumps({**state, key: value})), (key, value)
    huge = hex(1 << 10**5)
    for means in ({"loss": [huge, "0x1", "0.0"]}, {"loss": ["0x1"]}, {"accuracy": ["0x1", "0x1", "0.0"]}):
        assert refused(json.dumps({**state, "batch": 1, "means": means})), means
    for text in ("", "[]", "{", '{"a":' * 100_000, "[" * 100_000 + "]" * 100_000, "[" + "1," * 3_000_000 + "1]"):
        assert refused(text), text[:20]
    assert not refused(json.dumps(state))


def test_a_file_cut_anywhere_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.safetensors"
    Job().fit(checkpoint=path, epochs=1)
    raw = path.read_bytes()
    for length in range(0, len(raw), 97):
        path.write_bytes(raw[:length])
        with pytest.raises(FileFormatError):
            Checkpoint.read(path)


# ------------------------------------------------------------------------------ full disks and sudden ends


def full_disk(path: Path) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
    with pytest.raises(OSError, match="File too large; nothing was written, and what was there is unchanged"):
        Job().fit(checkpoint=path, resume=True)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def between_two_updates(path: Path) -> None:
    Job().fit(checkpoint=path, checkpoint_every=1, on_step=lambda step: step.step == 6 and die())


def while_a_file_is_written(path: Path) -> None:
    dump, count = rc.RamTensor.tobytes, []

    def tobytes(tensor: rc.RamTensor) -> bytes:
        count.append(tensor)
        return dump(tensor) if len(count) < 100 else die()  # type: ignore[return-value]

    def begin(step: Step) -> None:
        rc.RamTensor.tobytes = tobytes  # type: ignore[method-assign]

    Job().fit(checkpoint=path, checkpoint_every=1, on_step=begin)


def before_a_file_takes_its_place(path: Path) -> None:
    replace, count = os.replace, []

    def replacing(source: Any, target: Any) -> None:
        count.append(target)
        die() if len(count) == 7 else replace(source, target)

    os.replace = replacing  # type: ignore[assignment]
    Job().fit(checkpoint=path, checkpoint_every=1)


ENDS = full_disk, between_two_updates, while_a_file_is_written, before_a_file_takes_its_place


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where runs left their checkpoints, each in a folder of its name, and wrote how they ended."""
    folder = tmp_path_factory.mktemp("ends")
    code = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import test_checkpoint as t; t.end_all()"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=folder)
    return folder


def end_all() -> None:
    """Let each of ``ENDS`` happen, in a process of its own: a fork of one that has imported all and trained nothing."""
    for end in ENDS:
        path = Path(end.__name__, "run.safetensors")
        path.parent.mkdir()
        process = os.fork()
        if not process:
            Job().fit(checkpoint=path, epochs=1)
            end(path)
            os._exit(0)
        status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        Path(end.__name__ + ".status").write_text(str(status))


@pytest.mark.parametrize("end", ENDS)
def test_whatever_ends_a_run_leaves_a_checkpoint_to_go_on_from(end: Any, folder: Path) -> None:
    path = folder / end.__name__ / "run.safetensors"
    assert (folder / f"{end.__name__}.status").read_text() == ("0" if end is full_disk else str(-signal.SIGKILL))
    if end is full_disk:
        assert os.listdir(path.parent) == [path.name]
    assert 0 < Checkpoint.read(path).history.steps < 16
    whole = ended(Job())
    assert ended(Job(), checkpoint=path, resume=True) == whole


class Noisy(Job):
    """A training that stops early, with a rate that is reduced on the way: what both callbacks remember matters."""

    def __init__(self) -> None:
        super().__init__()
        self.y = self.y + normal((COUNT, 1), seed=5, backend=self.backend)
        self.optimizer = optim.SGD(self.model.parameters(), lr=0.05, momentum=0.9)
        self.early = EarlyStopping(patience=4, restore_best_weights=True)
        self.options = {"epochs": 40, "batch_size": 4}

    def fit(self, **options: Any) -> History:
        with rc.use_backend(self.backend):
            return fit(
                self.model, self.optimizer, rc.mse_loss, self.x[:10], self.y[:10],
                validation=(self.x[10:], self.y[10:]),
                callbacks=[self.early, ReduceLROnPlateau(patience=2, factor=0.5)], **{**self.options, **options},
            )  # fmt: skip

    def bits(self) -> Any:
        return self.model.digest(), self.optimizer.lr, self.early.stopped_epoch, self.early.best


@pytest.mark.parametrize("updates", [4, 8, 13])
def test_a_resumed_run_stops_early_where_the_other_does(updates: int, tmp_path: Path) -> None:
    whole = ended(Noisy())
    path = tmp_path / "run.safetensors"
    stopped_after(Noisy(), path, updates, checkpoint_every=2)
    assert ended(Noisy(), checkpoint=path, resume=True) == whole
    history, (_, rate, stopped, best) = whole
    assert (len(history.epochs), stopped) == (stopped + 1, history.epochs[-1].epoch) != (40, 39)
    assert rate < 0.05
    assert best == min(loss for loss in history.validation_losses if loss is not None)
