"""Pictures as data: ``read_image`` and ``ImageFolder``. PNG and JPEG are decoded by Pillow (the extra ``images``).

A pixel of a PNG file is an integer, and the same everywhere. JPEG leaves a decoder some freedom, so that versions of
libjpeg may differ in a last unit: where that matters, keep ``folder.digest()`` beside the results, or convert to PNG.
Pixels are taken as they lie in the file, whatever a camera noted of its orientation.
Everything behind the decoder is ours: grey values, sizes and scales are sums with integer weights (``matmul``) and
one division by a whole number, and so have the same bits on every machine, whatever version of Pillow is there.
"""

import os
from array import array
from collections.abc import Sequence
from functools import lru_cache
from math import gcd
from typing import TYPE_CHECKING, Any, Literal

from rcmlrs_core.creation import from_bytes, from_plain, tensor
from rcmlrs_core.data.dataset import Batch, Dataset, checked_indices
from rcmlrs_core.data.table import is_count
from rcmlrs_core.errors import DataError, FileFormatError
from rcmlrs_core.io.atomic import FilePath
from rcmlrs_core.io.reading import open_regular
from rcmlrs_core.plain import INT32, PlainArray
from rcmlrs_core.registry import Backend, current_backend, get_backend
from rcmlrs_core.tensor import RamTensor

if TYPE_CHECKING:
    from PIL.Image import Image

Mode = Literal["L", "RGB", "RGBA"]
"""Pillow's names: grey, colour, and colour with opacity."""

SUFFIXES = (".png", ".jpg", ".jpeg")
"""What the names of pictures end with, in letters of any case."""
MOST_PIXELS = 89_478_485
"""Pillow's own limit of a picture that may be a bomb: a quarter of a gibibyte, in colour."""
LONGEST_SIDE = 65535
"""JPEG's own limit. A picture of one line could be longer, and so would the table of weights that makes it small."""
PNG, JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
GREY = (299, 587, 114)
"""Thousandths of red, green and blue in a grey value: luma of ITU-R BT.601."""
UPPER = tuple(bytes(PlainArray.of([value], ()).tobytes()[place] for value in range(256)) for place in (2, 3))
"""For each byte, the two upper bytes of the binary32 number that is equal to it; the lower ones are 0."""
CHANNELS = {"L": 1, "RGB": 3, "RGBA": 4}


def read_image(
    path: FilePath,
    *,
    size: tuple[int, int] | None = None,
    mode: Mode = "RGB",
    scale: bool = False,
    backend: str | Backend | None = None,
) -> RamTensor:
    """The picture in a PNG or JPEG file: float32 ``(channels, height, width)``, from 0 to 255.

    Args:
        path: the file.
        size: (height, width). Along an axis that gets shorter, a new pixel is the mean of what it covers; along one
            that gets longer, it lies between its neighbours (linear, half-pixel centres). The shape is stretched.
        mode: ``"L"`` for one channel, ``(299 R + 587 G + 114 B) / 1000``; ``"RGB"`` for three; ``"RGBA"`` for four.
        scale: divide by 255, so that values lie in [0, 1].
        backend: where the tensor lives.

    Sums are exact before they are rounded (N3): once for grey values of a colour picture, once along each axis that is
    resized, and once in the one division at the end. All of them but the last are exact where that divisor is below
    2^24: it is 1000 for such grey values, times n / gcd(n, m) for an axis that shrinks from n to m or 2 m / gcd(n, m)
    for one that grows, times 255. From 400 x 300 to 224 x 224 in colour it is 25 * 75 * 255.

    Raises:
        DataError: no such file, a folder, something else than a PNG or JPEG file, one that is truncated or damaged,
            of more than 89478485 pixels or 65535 in a line, of more than 8 bits a channel, or with transparent pixels
            that ``mode`` has no room for. It names the file.
        ImportError: Pillow is not installed.
    """
    how = _How(size, mode, scale)
    return how.tensor(os.fsdecode(path), current_backend() if backend is None else get_backend(backend))


class ImageFolder(Dataset):
    """Pictures in folders by class: ``(n, channels, height, width)`` float32 and the labels ``(n,)`` int32.

    ``path`` has a folder for each class; classes are numbered in the order of their names by code point, and so are
    the pictures in them: those of PNG and JPEG suffixes, in folders below too. Hidden files, other suffixes and
    symbolic links to folders below a class are passed over. ``size``, ``mode``, ``scale`` and ``backend`` are those of
    ``read_image``; without a size all pictures must have the same one.

    Files are read when a batch asks for them. Where they fit in the memory, ``TensorDataset(*folder.tensors())``
    reads each once.

    ``classes`` are the names, ``files`` the paths, and ``labels`` the class of each.

    Raises:
        DataError: no such folder, no class in it, or a class without a picture.
    """

    def __init__(
        self,
        path: FilePath,
        *,
        size: tuple[int, int] | None = None,
        mode: Mode = "RGB",
        scale: bool = False,
        backend: str | None = None,
    ) -> None:
        self.path = os.fsdecode(path)
        self._how = _How(size, mode, scale)
        self.backend = backend
        try:
            with os.scandir(self.path) as entries:
                folders = [entry.name for entry in entries if entry.is_dir() and not entry.name.startswith(".")]
        except OSError as error:
            where = error.filename or self.path
            raise DataError(f"{where}: {error.strerror}; name a folder with one folder for each class") from None
        self.classes = tuple(sorted(folders))
        if not self.classes:
            raise DataError(f"{self.path} has no folders in it; put the pictures of each class in a folder of its name")
        self.files: list[str] = []
        self.labels: list[int] = []
        for label, name in enumerate(self.classes):
            found = _pictures(os.path.join(self.path, name))
            if not found:
                raise DataError(
                    f"{os.path.join(self.path, name)} has no picture in it ({', '.join(SUFFIXES)}); add some, or "
                    "remove the folder"
                )
            self.files += found
            self.labels += [label] * len(found)

    def __len__(self) -> int:
        return len(self.files)

    def take(self, indices: Sequence[int], epoch: int = 0) -> Batch:
        """The pictures and labels at ``indices``."""
        chosen = checked_indices(indices, len(self))
        if not chosen:
            raise DataError(f"{self!r}: take: no indices; a batch has one picture at least")
        backend = current_backend() if self.backend is None else get_backend(self.backend)
        pictures: list[RamTensor] = []
        for at in chosen:
            picture = self._how.tensor(self.files[at], backend)
            if pictures and picture.shape != pictures[0].shape:
                raise DataError(
                    f"{self.files[at]} is {picture.shape[1]} x {picture.shape[2]}, and {self.files[chosen[0]]} "
                    f"{pictures[0].shape[1]} x {pictures[0].shape[2]} pixels; pass size=(height, width)"
                )
            pictures.append(picture)
        x = pictures[0].stack(*pictures[1:], axis=0)
        return x, tensor([self.labels[at] for at in chosen], backend, dtype=INT32)

    def __repr__(self) -> str:
        return f"ImageFolder({self.path!r}, {len(self)} pictures of {len(self.classes)} classes)"


def _pictures(folder: str) -> list[str]:
    found = []
    for here, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [
            os.path.join(here, name) for name in names if name.lower().endswith(SUFFIXES) and not name.startswith(".")
        ]
    return sorted(found, key=lambda path: path.split(os.sep))


class _How:
    """What a picture becomes."""

    def __init__(self, size: tuple[int, int] | None, mode: Mode, scale: bool) -> None:
        if mode not in CHANNELS:
            raise DataError(f"mode={mode!r}: it is {', '.join(map(repr, CHANNELS))}")
        if size is not None and not (len(tuple(size)) == 2 and all(map(is_count, size))):
            raise DataError(f"size={size!r}: it is (height, width), two integers of at least 1")
        self.size = size
        self.mode = mode
        self.scale = scale

    def tensor(self, path: str, backend: Backend) -> RamTensor:
        """The picture in the file."""
        channels, height, width, raw = _decoded(path, self.mode)
        # Row-major with the channel last in the file; a channel is every so manieth byte.
        planes = b"".join(raw[channel::channels] for channel in range(channels)) if channels > 1 else raw
        raised = bytearray(4 * len(planes))  # the upper half of binary32 has room for all numbers up to 255
        raised[2::4] = planes.translate(UPPER[0])
        raised[3::4] = planes.translate(UPPER[1])
        x = from_bytes(raised, (channels, height, width), backend)
        divisor = 1
        if self.mode == "L" and channels == 3:
            grey = tensor([GREY], backend)
            x = (grey @ x.reshape((3, height * width))).reshape((1, height, width))
            divisor = sum(GREY)
        elif channels < CHANNELS[self.mode]:  # grey as colour
            x = x.broadcast_to((CHANNELS[self.mode], height, width))
        if self.size is not None and self.size != (height, width):
            if self.size[0] != height:
                x = _weights(height, self.size[0], backend) @ x
                divisor *= _total(height, self.size[0])
            if self.size[1] != width:
                x = x @ _weights(width, self.size[1], backend).T
                divisor *= _total(width, self.size[1])
        if self.scale:
            divisor *= 255
        return x if divisor == 1 else x / divisor


def _total(n: int, m: int) -> int:
    """What the weights of a new pixel add up to."""
    common = gcd(n, m)
    return n // common if m < n else 2 * m // common


@lru_cache(32)
def _weights(n: int, m: int, backend: Backend) -> RamTensor:
    """The integer weights ``(m, n)`` with which m new pixels of an axis are sums over n old ones.

    Where the axis gets shorter, they are what new pixel i covers of the old ones, in units of 1/m of an old one; else
    how near its two neighbours are, in units of 1/(2m). Without what n and m have in common, they are smaller.
    """
    common = gcd(n, m)
    a, b = n // common, m // common
    rows = array("f", bytes(4 * m * n))
    for i in range(m):
        if m < n:
            for j in range(i * a // b, -(-(i + 1) * a // b)):
                rows[i * n + j] = min((j + 1) * b, (i + 1) * a) - max(j * b, i * a)
        else:
            j, beyond = divmod(min(max((2 * i + 1) * a - b, 0), 2 * b * (n - 1)), 2 * b)
            rows[i * n + j] = 2 * b - beyond
            if beyond:
                rows[i * n + j + 1] = beyond
    return from_plain(PlainArray(rows, (m, n)), backend)


def _decoded(path: str, mode: Mode) -> tuple[int, int, int, bytes]:
    """Channels, height, width and bytes of the picture in a file: 1 channel, or as many as ``mode`` needs."""
    try:
        from PIL import JpegImagePlugin, PngImagePlugin
    except ImportError:
        raise ImportError("pictures are decoded by Pillow; install it: pip install 'rcmlrs[images]'") from None
    if os.path.isdir(path):
        raise DataError(f"{path} is a folder, expected a picture; ImageFolder reads a folder")
    try:
        with open_regular(path) as (file, _):
            start, header = file.read(8), file.read(17)
            file.seek(0)
            if start != PNG and not start.startswith(JPEG):
                raise DataError(f"{path}: expected a PNG or JPEG file, found the bytes {start!r}; convert or remove it")
            if start == PNG and header[4:8] == b"IHDR" and header[16:] == b"\x10":
                raise DataError(  # of colours Pillow would drop the lower 8 bits, and not say so
                    f"{path} has 16 bits a channel, expected 8; convert it by another program, or remove it"
                )
            # The plugins themselves: Image.open would try others, and only warn of a bomb.
            kind: Any = PngImagePlugin.PngImageFile if start == PNG else JpegImagePlugin.JpegImageFile
            try:
                with kind(file, path) as image:
                    _check_size(path, image)
                    image.load()
                    return _bytes_of(path, image, mode)
            except (DataError, MemoryError):
                raise
            except Exception as error:  # whatever a decoder meets in a damaged file: SyntaxError, OSError, ...
                raise DataError(
                    f"{path} is truncated or damaged: {error}; get the picture again, or remove it"
                ) from None
    except FileFormatError as error:
        raise DataError(str(error)) from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}; check the path, or remove the file") from None


def _check_size(path: str, image: "Image") -> None:
    width, height = image.size
    if width * height > MOST_PIXELS or max(width, height) > LONGEST_SIDE:
        raise DataError(
            f"{path} has {width} x {height} pixels, and {MOST_PIXELS} are the most, {LONGEST_SIDE} in a line: it may "
            "be a decompression bomb; make it smaller by another program if you trust it"
        )


def _bytes_of(path: str, image: "Image", mode: Mode) -> tuple[int, int, int, bytes]:
    """The conversions in here are copies and looks into palettes, without arithmetic."""
    width, height = image.size
    found = image.mode
    if found not in ("1", "L", "P", "RGB", "LA", "PA", "RGBA"):
        raise DataError(
            f"{path} has pixels of the kind {found!r}, expected grey or RGB of 8 bits a channel; convert it by another "
            "program, or remove it"
        )
    if mode == "RGBA":
        image = image.convert("RGBA")
    elif found in ("LA", "PA", "RGBA") or "transparency" in image.info:
        image = image.convert("RGBA")
        if image.getchannel("A").getextrema() != (255, 255):
            raise DataError(
                f'{path} has transparent pixels, which mode={mode!r} has no room for; mode="RGBA" keeps them'
            )
        image = image.getchannel("R") if found in ("1", "L", "LA") else image.convert("RGB")
    elif found in ("1", "P"):
        image = image.convert("L" if found == "1" else "RGB")
    return len(image.getbands()), height, width, image.tobytes()
