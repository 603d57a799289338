"""What ``fit``, ``evaluate`` and ``predict`` take as data, as batches ``(x, y, sample_weight)``.

Arrays (NumPy's, tensors, lists of numbers, lists or dicts of arrays), ``data.Loader`` and data sets, generators, and
objects with ``__len__`` and ``__getitem__`` such as ``keras.utils.PyDataset``.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from operator import index
from typing import Any

from rcmlrs_core.creation import tensor
from rcmlrs_core.data.dataset import Dataset
from rcmlrs_core.data.loader import Loader
from rcmlrs_core.data.table import is_count
from rcmlrs_core.errors import AttributeValueError, DataError, ShapeError
from rcmlrs_core.keras import tree
from rcmlrs_core.keras.layer import as_tensor
from rcmlrs_core.keras.tensor import KerasTensor
from rcmlrs_core.plain import INT32
from rcmlrs_core.random import default_generator, permutation
from rcmlrs_core.tensor import RamTensor

Content = tuple[Any, Any, Any]
"""x, y and sample weights; None where there are none."""


END = object()


class PyDataset:
    """Data by batches: a subclass defines ``__len__()``, the number of batches, and ``__getitem__(batch)``."""

    def __init__(self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10) -> None:
        self.workers = workers

    def __getitem__(self, index: int) -> Any:
        raise NotImplementedError(f"{type(self).__name__} defines no __getitem__(batch)")

    def __len__(self) -> int:
        raise NotImplementedError(f"{type(self).__name__} defines no __len__(), the number of batches")

    def on_epoch_begin(self) -> None:
        """Before an epoch."""

    def on_epoch_end(self) -> None:
        """After an epoch."""


def tensors(name: str, data: Any) -> Any:
    """The same structure of tensors; a list of numbers, or of lists of them, is one tensor."""
    if data is None:
        return None
    if isinstance(data, Mapping):
        return {key: tensors(f"{name}[{key!r}]", value) for key, value in data.items()}
    if isinstance(data, list | tuple) and data and all(hasattr(part, "shape") for part in data):
        if all(part.shape == () for part in data):
            return as_tensor([part.item() for part in data])
        return [tensors(f"{name}[{i}]", part) for i, part in enumerate(data)]
    if isinstance(data, KerasTensor):
        raise TypeError(f"{name} is a KerasTensor of shape {data.shape}, which has no elements; pass arrays or tensors")
    if hasattr(data, "to_numpy"):  # a table or a column of pandas
        data = data.to_numpy()
    if not hasattr(data, "shape") and not isinstance(data, list | tuple):
        raise TypeError(
            f"{name} is a {type(data).__name__}; take an array, a tensor, a list, or a generator of batches"
        )
    made = as_tensor(data)
    if not made.ndim:
        raise ShapeError(f"{name} is a single number; its first axis is that of the examples")
    return made


def count(name: str, *parts: Any) -> int:
    """How many examples there are: as many in every tensor."""
    lengths = {t.shape[0] for part in parts for t in tree.leaves(part) if t is not None}
    if len(lengths) != 1:
        shapes = [[tuple(t.shape) for t in tree.leaves(part) if t is not None] for part in parts]
        raise ShapeError(f"{name}: the numbers of examples differ; the shapes of x, y and weights are {shapes}")
    found: int = lengths.pop()
    if not found:
        raise DataError(f"{name}: there are no examples")
    return found


def is_batches(x: Any) -> bool:
    """Whether it gives batches by itself."""
    if isinstance(x, Loader | Dataset | PyDataset):
        return True
    if isinstance(x, list | tuple | Mapping) or hasattr(x, "shape") or hasattr(x, "to_numpy"):
        return False
    return hasattr(x, "__next__") or hasattr(x, "__iter__") or (hasattr(x, "__getitem__") and hasattr(x, "__len__"))


class Arrays:
    """Batches of tensors in memory: a source for the engine.

    The order of pass e over the data is ``permutation(n, seed=seed, stream=e)`` (N8); the seed is drawn from the
    default generator once in a ``fit``. An epoch is a pass, unless ``limit`` makes it end sooner: the next one then
    goes on behind it, as in Keras, and the last of a pass has what is left.
    """

    def __init__(
        self, name: str, x: Any, y: Any, weight: Any, batch_size: int | None, shuffle: bool, limit: int | None = None
    ) -> None:
        size = 32 if batch_size is None else plain_int(batch_size)
        if not is_count(size):
            raise AttributeValueError(f"{name}: batch_size must be an int of at least 1, got {batch_size!r}")
        self.parts: Content = (x, y, weight)
        self.count = count(name, x, y, weight)
        self.batch_size = size
        self.whole = -(-self.count // size)
        """The batches of a pass."""
        self.steps: int = self.whole if limit is None else min(limit, self.whole)
        self.seed = fresh_seed() if shuffle else None

    def batches(self, epoch: int, start: int = 0) -> Iterator[Any]:
        """Those of an epoch from number ``start`` on."""
        turn, part = divmod(epoch, -(-self.whole // self.steps))
        order = None if self.seed is None else permutation(self.count, seed=self.seed, stream=turn)
        begin = part * self.steps
        for batch in range(begin + start, min(begin + self.steps, self.whole)):
            first = batch * self.batch_size
            last = min(first + self.batch_size, self.count)
            if order is None:
                yield tuple(_mapped(_slicer(first, last), part) for part in self.parts)
            else:
                chosen = order[first:last]
                yield tuple(_mapped(_taker(chosen), part) for part in self.parts)


def _slicer(first: int, last: int) -> Callable[[RamTensor], RamTensor]:
    return lambda t: t[first:last]


def _taker(chosen: list[int]) -> Callable[[RamTensor], RamTensor]:
    at: dict[str, RamTensor] = {}

    def take(t: RamTensor) -> RamTensor:
        if t.backend not in at:
            at[t.backend] = tensor(chosen, t._backend, dtype=INT32)
        return t.take(at[t.backend], axis=0)

    return take


def _mapped(function: Callable[[RamTensor], RamTensor], part: Any) -> Any:
    return None if part is None else tree.map_leaves(lambda t: None if t is None else function(t), part)


def plain_int(value: Any) -> Any:
    """A number of NumPy as Python's int, if it is whole; anything else as it is."""
    return value if isinstance(value, bool) or not hasattr(value, "__index__") else index(value)


def fresh_seed() -> int:
    """A seed from the default generator, which is one draw further then."""
    low, high = default_generator().randint(0, 1 << 30, (2,), backend="python").tolist()
    return int(low) | int(high) << 30


class Stream:
    """Batches that somebody else makes: a source for the engine."""

    def __init__(self, name: str, x: Any, limit: int | None, batch_size: int | None, shuffle: bool) -> None:
        if isinstance(x, Dataset):
            x = Loader(x, batch_size or 32, shuffle=shuffle, seed=fresh_seed() if shuffle else 0)
        self.name, self.x, self.limit = name, x, limit
        self.iterator: Iterator[Any] | None = iter(x) if hasattr(x, "__next__") else None
        known: int | None = None
        if isinstance(x, Loader):
            known = x.steps
        elif self.iterator is None and hasattr(x, "__len__"):
            known = len(x)
        self.steps: int | None = limit if known is None else known if limit is None else min(limit, known)

    def batches(self, epoch: int, start: int = 0) -> Iterator[Any]:
        """Those of an epoch; a generator goes on where it was."""
        for content in islice(self._all(epoch, start), None if self.limit is None else self.limit - start):
            yield unpacked(self.name, content)

    def _all(self, epoch: int, start: int) -> Iterator[Any]:
        if isinstance(self.x, Loader):
            yield from self.x.batches(epoch, start)
        elif self.iterator is not None:
            while (content := next(self.iterator, END)) is not END:  # yield from would close it with this generator
                yield content
        elif hasattr(self.x, "__getitem__") and hasattr(self.x, "__len__"):
            if hasattr(self.x, "on_epoch_begin"):
                self.x.on_epoch_begin()
            for batch in range(start, len(self.x)):
                yield self.x[batch]
            if hasattr(self.x, "on_epoch_end"):
                self.x.on_epoch_end()
        else:
            yield from islice(iter(self.x), start, None)


def unpacked(name: str, content: Any) -> Content:
    """A batch as (x, y, weights), of tensors."""
    if not isinstance(content, tuple):
        content = (content,)
    if not 1 <= len(content) <= 3:
        raise DataError(f"{name}: a batch is x, (x, y) or (x, y, sample_weight), got a tuple of {len(content)}")
    x, y, weight = (*content, None, None)[:3]
    return tensors("x", x), tensors("y", y), tensors("sample_weight", weight)


def source_of(
    name: str,
    x: Any,
    y: Any = None,
    weight: Any = None,
    batch_size: int | None = None,
    shuffle: bool = False,
    limit: int | None = None,
) -> Arrays | Stream:
    """The batches of what ``fit`` and its like were given."""
    limit = plain_int(limit)
    if limit is not None and not is_count(limit):
        raise AttributeValueError(f"{name}: the number of steps must be an int of at least 1, got {limit!r}")
    if is_batches(x):
        if y is not None or weight is not None:
            raise DataError(f"{name}: x gives batches (x, y) by itself, so y and sample_weight are left out")
        if batch_size is not None and not isinstance(x, Dataset):
            raise DataError(f"{name}: x gives batches by itself, so batch_size is left out")
        return Stream(name, x, limit, batch_size, shuffle)
    if x is None:
        raise TypeError(f"{name}: x is None; pass the examples")
    return Arrays(name, tensors("x", x), tensors("y", y), tensors("sample_weight", weight), batch_size, shuffle, limit)


def split(name: str, x: Any, y: Any, weight: Any, share: float) -> tuple[Content, Content]:
    """The first examples for training and the last ``share`` of them for validation, before any shuffling."""
    if not 0 < share < 1:
        raise AttributeValueError(f"{name}: validation_split must be a number between 0 and 1, got {share!r}")
    if is_batches(x):
        raise DataError(f"{name}: validation_split needs arrays; pass validation_data beside a generator or loader")
    parts = (tensors("x", x), tensors("y", y), tensors("sample_weight", weight))
    n = count(name, *parts)
    at = int(n * (1.0 - share))
    if not 0 < at < n:
        raise DataError(f"{name}: validation_split={share} of {n} examples leaves none on one side")
    first: Any = tuple(_mapped(lambda t: t[:at], part) for part in parts)
    last: Any = tuple(_mapped(lambda t: t[at:], part) for part in parts)
    return first, last
