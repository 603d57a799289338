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

COUNT = 14


class Best(Callback):
    """Remembers the lowest loss and the weights that had it, as a callback that stops early does."""

    def __init__(self) -> None:
        super().__init__()
        self.loss = float("inf")
        self.state: dict[str, Any] = {}

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if logs["loss"] < self.loss:
            self.loss = logs["loss"]
            self.state = {"epoch": epoch, **self.model.state_dict()}

    def state_dict(self) -> dict[str, Any]:
        return {"loss": self.loss, **self.state}

    def load_state_dict(self, state: Any) -> None:
        self.loss = state["loss"]
        self.state = {name: value for name, value in state.items() if name != "loss"}


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
    whole = Job(second)
    history = whole.fit()
    path = tmp_path / "run.safetensors"
    stopped_after(Job(first), path, 6, checkpoint_every=3)  # in the middle of the second epoch, 6 of 16 updates
    assert (Checkpoint.read(path).epoch, Checkpoint.read(path).batch) == (1, 2)
    resumed = Job(second)
    manual_seed(123)  # what the process did before does not matter
    again = resumed.fit(checkpoint=path, checkpoint_every=3, resume=True)
    assert again == history
    assert resumed.bits() == whole.bits()


@pytest.mark.parametrize("updates", [1, 3, 4, 5, 15])
def test_a_run_goes_on_from_wherever_it_was(updates: int, tmp_path: Path) -> None:
    whole = Job()
    history = whole.fit()
    path = tmp_path / "run.safetensors"
    stopped_after(Job(), path, updates, checkpoint_every=1)
    resumed = Job()
    assert resumed.fit(checkpoint=path, resume=True) == history
    assert resumed.bits() == whole.bits()


def test_ctrl_c_saves_at_the_step_and_the_same_objects_go_on(tmp_path: Path) -> None:
    whole = Job()
    history = whole.fit()
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
    again = job.fit(checkpoint=path, resume=True)
    assert again == history
    assert job.bits() == whole.bits()


def test_a_run_that_ended_is_not_run_again_and_may_be_made_longer(tmp_path: Path) -> None:
    path = tmp_path / "run.safetensors"
    long = Job()
    history = long.fit(epochs=6)
    Job().fit(checkpoint=path, resume=True)  # there is nothing yet to go on from
    before = path.read_bytes()
    steps: list[Step] = []
    done = Job()
    assert len(done.fit(checkpoint=path, resume=True, on_step=steps.append).epochs) == 4
    assert not steps
    assert path.read_bytes() == before
    longer = Job()
    assert longer.fit(checkpoint=path, resume=True, epochs=6) == history
    assert longer.bits() == long.bits()


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
    other.x = other.x + rc.eye(COUNT, 2) * 1e-6  # type: ignore[attr-defined] # one bit here and there
    with pytest.raises(DataError, match="another run: data was '"):
        other.fit(checkpoint=path, resume=True)
    with pytest.raises(DataError, match=r"model\.1 was .*Linear\(2, 3.*, and is .*Linear\(2, 4"):
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
        values: list[Any] = [None, "x", [1], {"a": 1}, -1, 1e400]
        for value in values[: 1 if key == "stopped" else 6]:
            if key != "stopped":
                assert refused(json.dumps({**state, key: value})), (key, value)
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

CHILD = """
import os, resource, signal, sys
sys.path.insert(0, {here!r})
from test_checkpoint import Job
job = Job()
path = {path!r}
{code}
"""


def child(code: str, path: Path) -> subprocess.CompletedProcess[str]:
    run = [sys.executable, "-c", CHILD.format(here=str(Path(__file__).parent), path=str(path), code=code)]
    return subprocess.run(run, capture_output=True, text=True, env=dict(os.environ))


def test_a_full_disk_leaves_the_previous_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "run.safetensors"
    code = """
job.fit(checkpoint=path, epochs=1)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
again = Job()
try:
    again.fit(checkpoint=path, resume=True)
except OSError as error:
    print(type(error).__name__, error, len(again.best.state))
"""
    done = child(code, path)
    assert done.returncode == 0, done.stderr
    assert "File too large; nothing was written, and what was there is unchanged" in done.stdout
    assert os.listdir(tmp_path) == [path.name]
    assert Checkpoint.read(path).epoch == 1
    whole, resumed = Job(), Job()
    assert resumed.fit(checkpoint=path, resume=True) == whole.fit()
    assert resumed.bits() == whole.bits()


@pytest.mark.parametrize("when", ["between", "while it is written", "before it takes its place"])
def test_a_killed_run_leaves_a_checkpoint_to_go_on_from(when: str, tmp_path: Path) -> None:
    path = tmp_path / "run.safetensors"
    kill = "os.kill(os.getpid(), signal.SIGKILL)"
    code = {
        "between": f"job.fit(checkpoint=path, checkpoint_every=1, on_step=lambda s: s.step == 6 and {kill})",
        "while it is written": f"""
from rcmlrs_core.tensor import RamTensor
dump, count = RamTensor.tobytes, []
def tobytes(self):
    count.append(self)
    if len(count) > 100: {kill}
    return dump(self)
def begin(step):
    RamTensor.tobytes = tobytes
job.fit(checkpoint=path, checkpoint_every=1, on_step=begin)
""",
        "before it takes its place": f"""
replace, count = os.replace, []
def replacing(a, b):
    count.append(a)
    if len(count) == 7: {kill}
    replace(a, b)
os.replace = replacing
job.fit(checkpoint=path, checkpoint_every=1)
""",
    }[when]
    done = child(code, path)
    assert done.returncode == -signal.SIGKILL, done.stderr
    found = Checkpoint.read(path)
    assert 0 < found.history.steps < 16
    whole, resumed = Job(), Job()
    assert resumed.fit(checkpoint=path, resume=True) == whole.fit()
    assert resumed.bits() == whole.bits()
