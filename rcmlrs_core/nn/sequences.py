"""Sequences of different lengths in one batch: which of its steps there are."""

from collections.abc import Sequence
from typing import Any

from rcmlrs_core.creation import arange, tensor
from rcmlrs_core.errors import DTypeError, IndexRangeError, ShapeError
from rcmlrs_core.plain import BOOL, INT32
from rcmlrs_core.tensor import RamTensor


def mask_of(
    name: str, x: RamTensor, lengths: RamTensor | Sequence[int] | None, mask: RamTensor | None
) -> RamTensor | None:
    """A bool for each step of ``x``, (batch, time), true where there is one; None where there are all.

    ``lengths`` are the numbers of steps of each sequence, which begin at the first; ``mask`` is the result itself.
    """
    if lengths is None and mask is None:
        return None
    batch, time = x.shape[:2]
    if lengths is None:
        if not isinstance(mask, RamTensor) or mask.dtype != BOOL:
            got = mask.dtype if isinstance(mask, RamTensor) else type(mask).__name__
            raise DTypeError(f"{name}: mask is a tensor of bools, true where there is a step, got {got}")
        if mask.shape != (batch, time):
            raise ShapeError(
                f"{name}: mask must be (batch, time) = {(batch, time)} for x of {x.shape}, got {mask.shape}"
            )
        return mask
    if mask is not None:
        raise ShapeError(f"{name}: lengths and mask say the same; give one of them")
    counts = _counts(name, lengths, x)
    if counts.shape != (batch,):
        raise ShapeError(f"{name}: lengths must be one number for each of {batch} sequences, got shape {counts.shape}")
    for i, count in enumerate(counts.tolist()):
        if not 0 <= count <= time:
            raise IndexRangeError(
                f"{name}: sequence {i} has length {count}; x of shape {x.shape} has 0 to {time} steps"
            )
    return arange(time, dtype=INT32, backend=x._backend).less(counts.expand_dims(1))


def _counts(name: str, lengths: Any, x: RamTensor) -> RamTensor:
    if not isinstance(lengths, RamTensor):
        try:
            return tensor(list(lengths), dtype=INT32, backend=x.backend)
        except (TypeError, DTypeError):
            raise DTypeError(f"{name}: lengths are ints or an int32 tensor, got {lengths!r}") from None
    if lengths.dtype != INT32:
        raise DTypeError(f"{name}: lengths are ints or an int32 tensor, got {lengths.dtype}")
    return lengths


class Marks:
    """A mask, and what each step needs of it."""

    def __init__(self, mask: RamTensor) -> None:
        self.mask = mask
        self.whole = mask.all(axis=0).tolist()
        """For each step, whether all sequences have it."""
        self.some = mask.any(axis=0).tolist()
        """For each step, whether any sequence has it."""

    def only(self, x: RamTensor) -> RamTensor:
        """``x`` (batch, time, features), and zeros at the steps that there are not, whatever stood there."""
        return x if all(self.whole) else self.mask.expand_dims(2).where(x, 0.0)

    def keep(self, t: int, new: Sequence[RamTensor], old: Sequence[RamTensor]) -> tuple[RamTensor, ...]:
        """The state after step ``t``: ``new`` for the sequences that have it, and for the others ``old``."""
        if self.whole[t]:
            return tuple(new)
        here = self.mask[:, t : t + 1]
        return tuple(here.where(a, b) for a, b in zip(new, old, strict=True))
