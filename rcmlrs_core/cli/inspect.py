"""``rcmlrs inspect``: what is in a file of tensors, whoever made it. It is only read, never run."""

import math
import zipfile
from io import BytesIO
from typing import Annotated, Any

import typer
from rich.table import Table

from rcmlrs_core.autograd import no_grad
from rcmlrs_core.cli.console import PlainConsole
from rcmlrs_core.cli.demo import counted
from rcmlrs_core.cli.targets import is_safetensors
from rcmlrs_core.data.arrays import read_arrays
from rcmlrs_core.errors import FileFormatError
from rcmlrs_core.io import State, load_state_binary, load_state_json, state_digest
from rcmlrs_core.io.reading import open_regular
from rcmlrs_core.numerics.decimal_text import shown
from rcmlrs_core.plain import FLOAT32, INT32, ITEMSIZE
from rcmlrs_core.registry import Backend, current_backend, get_backend
from rcmlrs_core.tensor import RamTensor
from rcmlrs_core.train import saved
from rcmlrs_core.train.checkpoint import FORMAT as CHECKPOINT
from rcmlrs_core.train.checkpoint import Checkpoint

HDF5, ZIP, NPY = b"\x89HDF\r\n\x1a\n", b"PK\x03\x04", b"\x93NUMPY"
WEIGHTS = "model.weights.h5"
"""In a ``.keras`` file."""
LONGEST_TEXT = 200
"""Of metadata that are shown."""


def inspect(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE", help="safetensors, a saved model, a checkpoint, .keras, .weights.h5, .npz, .npy, JSON."
        ),
    ],
    backend: Annotated[str | None, typer.Option(help="By default as 'rcmlrs backends' tells.")] = None,
) -> None:
    """Show what a file of tensors holds: names, shapes, statistics, digest, metadata."""
    console = PlainConsole()
    chosen = get_backend(backend) if backend else current_backend()
    kind, state = read(file, chosen)
    console.say(f"{file}: {kind}, {counted(len(state), 'tensor')}.")
    about(console, file, state, chosen)
    if state:
        console.table(table_of(state))
    numbers = sum(tensor.size for tensor in state.values())
    size = sum(tensor.size * ITEMSIZE[tensor.dtype] for tensor in state.values())
    console.say(f"{counted(numbers, 'number')}, {counted(size, 'byte')}; digest {state_digest(state)}")


def read(path: str, backend: Backend) -> tuple[str, State]:
    """What kind of file it is, by its beginning, and the tensors in it."""
    with open_regular(path) as (file, size):
        start = file.read(8)
        if start == HDF5 or start.startswith(ZIP):
            from rcmlrs_core.keras.saving import archive, hdf5

            file.seek(0)
            if start == HDF5:
                with hdf5.opened(path, file) as arrays:
                    return "HDF5 file of weights", State({name: each.read(backend) for name, each in arrays.items()})
            if not has_member(path, WEIGHTS):
                return "arrays of NumPy", State(read_arrays(path, backend=backend))
            content = BytesIO(archive.read_member(path, file, size, WEIGHTS))
            with hdf5.opened(f"{path}, {WEIGHTS}", content) as arrays:
                return "model of Keras", State({name: each.read(backend) for name, each in arrays.items()})
    if start.startswith(NPY):
        return "array of NumPy", State(read_arrays(path, backend=backend))
    if start.lstrip()[:1] == b"{" and not is_safetensors(path):
        return "JSON of tensors", load_state_json(path, backend=backend)
    state = load_state_binary(path, backend=backend)
    kinds = {saved.FORMAT: "model that rcmlrs train saved", CHECKPOINT: "checkpoint of a training"}
    return kinds.get(state.metadata.get("format", ""), "safetensors"), state


def has_member(path: str, name: str) -> bool:
    """Whether a zip file has a member of this name."""
    try:
        with zipfile.ZipFile(path) as archive:
            return name in archive.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise FileFormatError(f"{path} is no whole zip file: {error}; get it again from where it came") from None


def about(console: PlainConsole, path: str, state: State, backend: Backend) -> None:
    """What the metadata say."""
    kind = state.metadata.get("format")
    if kind == saved.FORMAT:
        model = saved.load(path, backend.name)
        aim = "a number" if model.classes is None else f"one of {', '.join(model.classes)}"
        console.say(f"It predicts {model.target!r}, {aim}, from data of the kind {model.source.kind}.")
        console.say(trained(model))
        with no_grad():
            console.say(repr(model.model))
        return
    if kind == CHECKPOINT:
        run = Checkpoint.read(path, backend=backend)
        last = run.history.epochs[-1].logs if run.history.epochs else {}
        measured = "; " + ", ".join(f"{name} {value:.4g}" for name, value in last.items()) if last else ""
        console.say(f"It goes on in epoch {run.epoch + 1}, batch {run.batch + 1}{measured}.")
        return
    for key, text in state.metadata.items():
        console.say(f"{shown(key)}: {shown(text, LONGEST_TEXT)}")


def trained(model: saved.SavedModel) -> str:
    """How a model was trained, as far as its file says so."""
    told = [f"{key} {value}" for key, value in model.training.items() if isinstance(value, int | str)]
    measured = model.training.get("measured")
    if isinstance(measured, dict):
        told += [f"{key} {value:.4g}" for key, value in measured.items() if isinstance(value, float)]
    return f"Loss {model.loss['name']}; training: {printable(', '.join(told))}."


def table_of(state: State) -> Table:
    """A row for each tensor."""
    table = Table("tensor", "type", "shape", box=None, pad_edge=False)
    for heading in ("numbers", "least", "mean", "greatest", "NaN", "infinite"):
        table.add_column(heading, justify="right")
    for name, tensor in state.items():
        table.add_row(printable(name), tensor.dtype, str(tensor.shape), str(tensor.size), *statistics(tensor))
    return table


def printable(name: str) -> str:
    """A name on one line; that of a stranger is quoted where it holds anything else."""
    return name if name.isprintable() and len(name) <= LONGEST_TEXT else shown(name, LONGEST_TEXT)


def statistics(tensor: RamTensor) -> list[str]:
    """Least, mean and greatest of the numbers, and how many are NaN and infinite; of bools the share that is true."""
    if not tensor.size:
        return ["", "", "", "", ""]
    with no_grad():
        if tensor.dtype == INT32:
            values: list[Any] = tensor.flatten().tolist()
            return [str(min(values)), f"{sum(values) / len(values):.6g}", str(max(values)), "", ""]
        if tensor.dtype != FLOAT32:
            return ["", f"{tensor.count_nonzero().item() / tensor.size:.6g}", "", "", ""]
        nan, infinite = tensor.isnan(), tensor.isinf()
        bad, endless = nan.count_nonzero().item(), infinite.count_nonzero().item()
        if bad:
            tensor = tensor[nan.logical_not()]
        if not tensor.size:
            return ["", "", "", str(bad), str(endless)]
        found = [tensor.min().item(), tensor.mean().item(), tensor.max().item()]
    return [*(f"{value:.6g}" if math.isfinite(value) else str(value) for value in found), str(bad), str(endless)]
