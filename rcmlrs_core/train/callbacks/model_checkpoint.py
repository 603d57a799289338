"""ModelCheckpoint: the model in a file after every epoch, or whenever it is better than before."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rcmlrs_core.errors import AttributeValueError
from rcmlrs_core.train.callbacks.base import Logs
from rcmlrs_core.train.callbacks.monitor import Monitor


class ModelCheckpoint(Monitor):
    """Writes the model to ``filepath``, in which ``{epoch:02d}`` (from 1) and ``{val_loss:.3f}`` are filled in.

    A Keras model is written by its ``save`` (a ``.keras`` file) or, with ``save_weights_only``, ``save_weights``
    (``.weights.h5``); any other module by ``rc.save_tensors_binary`` of its ``state_dict()`` (``.safetensors``). Files
    are written whole or not at all. For what a run needs to go on, see ``train.Checkpoint``.

    Args:
        filepath: the file.
        monitor: the number that is watched.
        verbose: 1 says what is written.
        save_best_only: write only after an improvement.
        save_weights_only: see above.
        mode: min, max, or auto.
        save_freq: "epoch", or a number of batches.
        initial_value_threshold: what must be beaten before the first file is written.
    """

    def __init__(
        self,
        filepath: str | os.PathLike[str],
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: str | int = "epoch",
        initial_value_threshold: float | None = None,
    ) -> None:
        super().__init__(monitor, mode)
        self.filepath = os.fspath(filepath)
        self.verbose = verbose
        self.save_best_only = save_best_only
        self.save_weights_only = save_weights_only
        if save_freq != "epoch" and (not isinstance(save_freq, int) or save_freq < 1):
            raise AttributeValueError(
                f"ModelCheckpoint: save_freq is 'epoch' or a number of batches, got {save_freq!r}"
            )
        self.save_freq = save_freq
        self.best = initial_value_threshold
        self._epoch = 0
        self._batches = 0

    def set_model(self, model: Any) -> None:
        """Check the name of the file against what will be written."""
        super().set_model(model)
        wanted = self._suffix()
        if not self.filepath.endswith(wanted):
            hint = "; save_weights_only=True writes .weights.h5" if wanted == ".keras" else ""
            raise AttributeValueError(
                f"ModelCheckpoint: the name of the file must end in {wanted}, got {self.filepath!r}{hint}"
            )

    def _suffix(self) -> str:
        if not hasattr(self.model, "save_weights"):
            return ".safetensors"
        return ".weights.h5" if self.save_weights_only else ".keras"

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Note the epoch."""
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Write, where it is time by batches."""
        if isinstance(self.save_freq, int):
            self._batches += 1
            if self._batches >= self.save_freq:
                self._batches = 0
                self._write(self._epoch, batch, logs)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Write, where it is time by epochs."""
        if self.save_freq == "epoch":
            self._write(epoch, None, logs)

    def _write(self, epoch: int, batch: int | None, logs: Logs | None) -> None:
        if self.save_best_only:
            value = self.value_in(logs)
            if value is not None:
                if not self.improves(value, self.best):
                    return
                self.best = value
        path = self._path(epoch, batch, logs)
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        if hasattr(self.model, "save_weights"):
            write = self.model.save_weights if self.save_weights_only else self.model.save
            write(path, overwrite=True)
        else:
            from rcmlrs_core.io import save_tensors_binary

            save_tensors_binary(path, self.model.state_dict())
        if self.verbose:
            self.say(f"epoch {epoch + 1}: the model is in {path}")

    def _path(self, epoch: int, batch: int | None, logs: Logs | None) -> str:
        known = {"epoch": epoch + 1, **({} if batch is None else {"batch": batch + 1}), **(logs or {})}
        try:
            return self.filepath.format(**known)
        except (KeyError, ValueError, IndexError) as error:
            raise AttributeValueError(
                f"ModelCheckpoint: {self.filepath!r} cannot be filled in: {error}; there are {', '.join(known)}"
            ) from None

    def state_dict(self) -> Mapping[str, Any]:
        """What it remembers."""
        return {"best": self.best, "batches": self._batches}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from it."""
        self.best, self._batches = state["best"], state["batches"]
