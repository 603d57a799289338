"""Pictures: pixels, sizes and scales by exact rules, on every backend; variations at random; and what is refused."""

import os
import struct
import warnings
import zlib
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import rcmlrs_core as rc
from rcmlrs_core.data import (
    Augmented,
    ImageFolder,
    Loader,
    RandomAffine,
    RandomBrightness,
    RandomContrast,
    RandomCrop,
    RandomFlip,
    RandomShift,
    RandomTurn,
    TensorDataset,
    read_image,
)
from rcmlrs_core.data.images import MOST_PIXELS
from rcmlrs_core.errors import AttributeValueError, DataError
from rcmlrs_core.numerics.formats import round_number

BACKENDS = ("python", "numpy", "native")


def refused(call: Callable[[], Any], kind: type[Exception] = DataError) -> str:
    with pytest.raises(kind) as caught:
        call()
    return str(caught.value)


def pixels(count: int, seed: int = 1) -> bytes:
    return bytes((seed * 7919 * i * i + 31 * i) % 256 for i in range(count))


def picture(path: Path, height: int, width: int, mode: str = "RGB", seed: int = 1, **options: Any) -> bytes:
    raw = pixels(height * width * len(Image.new(mode, (1, 1)).getbands()), seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.frombytes(mode, (width, height), raw).save(path, **options)
    return raw


# -------------------------------------------------------------------------------------------------- read_image


@pytest.mark.parametrize("backend", BACKENDS)
def test_pixels_are_those_of_the_file(tmp_path: Path, backend: str) -> None:
    raw = picture(tmp_path / "a.png", 2, 3)
    x = read_image(tmp_path / "a.png", backend=backend)
    assert (x.shape, x.dtype, x.backend) == ((3, 2, 3), "float32", backend)
    assert x.flatten().tolist() == [float(raw[3 * place + channel]) for channel in range(3) for place in range(6)]
    scaled = read_image(tmp_path / "a.png", backend=backend, scale=True)
    assert scaled.flatten().tolist() == [round_number(Fraction(int(v), 255)) for v in x.flatten().tolist()]
    grey = read_image(tmp_path / "a.png", mode="L", backend=backend)
    assert grey.shape == (1, 2, 3)
    assert grey.flatten().tolist() == [
        round_number(Fraction(299 * raw[3 * i] + 587 * raw[3 * i + 1] + 114 * raw[3 * i + 2], 1000)) for i in range(6)
    ]


def test_kinds_of_pixels(tmp_path: Path) -> None:
    raw = picture(tmp_path / "l.png", 2, 2, "L")
    assert read_image(tmp_path / "l.png", mode="L").flatten().tolist() == list(map(float, raw))
    assert read_image(tmp_path / "l.png").tobytes() == 3 * read_image(tmp_path / "l.png", mode="L").tobytes()
    Image.frombytes("L", (2, 2), raw).convert("1").save(tmp_path / "1.png")
    assert set(read_image(tmp_path / "1.png", mode="L").flatten().tolist()) <= {0.0, 255.0}
    colour = Image.frombytes("RGB", (2, 2), pixels(12))
    colour.quantize(4).save(tmp_path / "p.png")
    assert read_image(tmp_path / "p.png").flatten().tolist() == [
        float(value) for band in colour.quantize(4).convert("RGB").split() for value in band.tobytes()
    ]
    opaque = colour.convert("RGBA")
    opaque.save(tmp_path / "o.png")
    assert read_image(tmp_path / "o.png").digest() == _of(colour).digest()
    opaque.putpixel((1, 0), (1, 2, 3, 254))
    opaque.save(tmp_path / "t.png")
    assert "transparent pixels, which mode='RGB' has no room for; mode=\"RGBA\" keeps them" in refused(
        lambda: read_image(tmp_path / "t.png")
    )
    assert read_image(tmp_path / "t.png", mode="RGBA")[:, 0, 1].tolist() == [1.0, 2.0, 3.0, 254.0]
    Image.new("L", (2, 2), 5).save(tmp_path / "k.png", transparency=5)
    assert "transparent" in refused(lambda: read_image(tmp_path / "k.png"))
    Image.new("I;16", (2, 2)).save(tmp_path / "deep.png")
    assert "has 16 bits a channel, expected 8" in refused(lambda: read_image(tmp_path / "deep.png"))
    Image.new("CMYK", (2, 2)).save(tmp_path / "print.jpg")
    assert "pixels of the kind 'CMYK'" in refused(lambda: read_image(tmp_path / "print.jpg"))


def _of(image: Image.Image) -> rc.RamTensor:
    width, height = image.size
    flat = rc.tensor([float(value) for value in image.tobytes()])
    return flat.reshape((height, width, 3)).transpose((2, 0, 1))


def test_jpeg_grey_is_flat(tmp_path: Path) -> None:
    """A picture of one value is decoded alike by every decoder: there is only the mean of a block."""
    Image.new("RGB", (16, 8), (128, 128, 128)).save(tmp_path / "a.JPG".lower(), quality=95)
    assert set(read_image(tmp_path / "a.jpg").flatten().tolist()) == {128.0}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("size", [(2, 3), (6, 8), (4, 12), (9, 2), (1, 1), (13, 17)])
def test_n3_sizes_are_exact_sums(tmp_path: Path, backend: str, size: tuple[int, int]) -> None:
    """The rule in fractions, which is written another way than the code has it."""
    height, width = 6, 8
    raw = picture(tmp_path / "a.png", height, width, "L", seed=3)

    def along(n: int, m: int, i: int) -> dict[int, Fraction]:
        if m < n:
            start, end = Fraction(i * n, m), Fraction((i + 1) * n, m)
            covered = {j: min(end, Fraction(j + 1)) - max(start, Fraction(j)) for j in range(n)}
            return {j: share * m / n for j, share in covered.items() if share > 0}
        centre = min(max(Fraction(2 * i + 1, 2) * n / m - Fraction(1, 2), Fraction(0)), Fraction(n - 1))
        return {j: 1 - abs(centre - j) for j in range(n) if abs(centre - j) < 1}

    want = [
        round_number(
            sum(
                (a * b * raw[row * width + column])
                for row, a in along(height, size[0], i).items()
                for column, b in along(width, size[1], k).items()
            )
            / 255
        )
        for i in range(size[0])
        for k in range(size[1])
    ]
    x = read_image(tmp_path / "a.png", size=size, mode="L", scale=True, backend=backend)
    assert x.shape == (1, *size)
    assert x.flatten().tolist() == want


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def start_of_png(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))


def test_hostile_pictures(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    picture(path, 40, 40)
    whole = path.read_bytes()
    for cut in (8, 20, 33, 60, len(whole) // 2, len(whole) - 30):
        path.write_bytes(whole[:cut])
        assert refused(lambda: read_image(path)).startswith(f"{path} is truncated or damaged")
    path.write_bytes(whole[:29] + b"\0\0\0\0" + whole[33:])
    assert "is truncated or damaged" in refused(lambda: read_image(path)), "a wrong checksum"
    picture(tmp_path / "a.jpg", 40, 40)
    whole = (tmp_path / "a.jpg").read_bytes()
    for cut in (3, 20, len(whole) // 2):
        (tmp_path / "a.jpg").write_bytes(whole[:cut])
        assert "a.jpg is truncated or damaged" in refused(lambda: read_image(tmp_path / "a.jpg"))
    for content in (b"", b"hello", b"GIF89a" + bytes(20), b"%PDF-1.4"):
        path.write_bytes(content)
        assert "expected a PNG or JPEG file, found the bytes" in refused(lambda: read_image(path))
    for width, height in ((12000, 12000), (1, 70000), (2**31 - 1, 2**31 - 1)):
        path.write_bytes(start_of_png(width, height) + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b""))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert f"has {width} x {height} pixels, and {MOST_PIXELS} are the most, 65535 in a line" in refused(
                lambda: read_image(path)
            )
    bomb = chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(1 << 24)))
    path.write_bytes(start_of_png(4, 4) + bomb + chunk(b"IDAT", zlib.compress(bytes(20))) + chunk(b"IEND", b""))
    assert "is truncated or damaged" in refused(lambda: read_image(path))


@pytest.mark.parametrize("kind", [2, 4, 6])  # colour, grey with opacity, colour with opacity
def test_channels_of_16_bits_are_not_cut_in_silence(tmp_path: Path, kind: int) -> None:
    header = struct.pack(">IIBBBBB", 1, 1, 16, kind, 0, 0, 0)
    row = zlib.compress(b"\0" + bytes(range(1, 9)))
    path = tmp_path / "deep.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", row) + chunk(b"IEND", b""))
    assert "deep.png has 16 bits a channel, expected 8" in refused(lambda: read_image(path, mode="RGBA"))


def test_what_is_no_picture(tmp_path: Path) -> None:
    assert "No such file" in refused(lambda: read_image(tmp_path / "none.png"))
    assert "is a folder, expected a picture" in refused(lambda: read_image(tmp_path))
    os.symlink("loop.png", tmp_path / "loop.png")
    assert "loop.png cannot be read" in refused(lambda: read_image(tmp_path / "loop.png"))
    os.mkfifo(tmp_path / "pipe.png")
    assert "is a device or a pipe" in refused(lambda: read_image(tmp_path / "pipe.png"))
    assert "mode='rgb': it is" in refused(lambda: read_image("a.png", mode="rgb"))  # type: ignore[arg-type]
    assert "size=(0, 2)" in refused(lambda: read_image("a.png", size=(0, 2)))


# ----------------------------------------------------------------------------------------------------- folders


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for label, names in {"b": ["2.png", "10.png"], "a": ["x.PNG", "deep/y.png"], "Z": ["z.jpeg"]}.items():
        for seed, name in enumerate(names):
            picture(tmp_path / label / name, 4, 6, seed=seed + ord(label), format="jpeg" if "j" in name else "png")
    (tmp_path / "notes.txt").write_text("passed over")
    (tmp_path / "a" / "notes.txt").write_text("passed over")
    (tmp_path / "a" / ".hidden.png").write_text("passed over")
    (tmp_path / ".git").mkdir()
    os.symlink(tmp_path, tmp_path / "a" / "loop")
    return tmp_path


def test_classes_and_pictures_in_order(folder: Path) -> None:
    data = ImageFolder(folder, mode="L", size=(2, 2))
    assert data.classes == ("Z", "a", "b")
    assert [os.path.relpath(path, folder) for path in data.files] == [
        os.path.join(*parts)
        for parts in (("Z", "z.jpeg"), ("a", "deep", "y.png"), ("a", "x.PNG"), ("b", "10.png"), ("b", "2.png"))
    ]
    x, y = data.take([4, 0, 4])
    assert (x.shape, y.tolist()) == ((3, 1, 2, 2), [2, 0, 2])
    assert x[1].tobytes() == read_image(data.files[0], mode="L", size=(2, 2)).tobytes()
    assert repr(data).endswith("5 pictures of 3 classes)")
    digests = {ImageFolder(folder, size=(3, 3), scale=True, backend=backend).digest() for backend in BACKENDS}
    assert len(digests) == 1
    together = TensorDataset(*ImageFolder(folder, size=(3, 3), scale=True).tensors())
    assert {together.digest()} == digests


def test_a_loader_reads_ahead(folder: Path) -> None:
    data = ImageFolder(folder, size=(3, 3))
    at_once, ahead = (list(Loader(data, 2, prefetch=count).batches(1)) for count in (0, 2))
    assert [[part.digest() for part in batch] for batch in at_once] == [
        [part.digest() for part in batch] for batch in ahead
    ]


def test_refusals_of_folders(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    empty = tmp_path_factory.mktemp("empty")
    assert "has no folders in it" in refused(lambda: ImageFolder(empty))
    assert "No such file" in refused(lambda: ImageFolder(empty / "none"))
    os.symlink("round", empty / "round")
    assert refused(lambda: ImageFolder(empty)).startswith(f"{empty / 'round'}: ")
    os.unlink(empty / "round")
    (empty / "cat").mkdir()
    assert f"{empty / 'cat'} has no picture in it" in refused(lambda: ImageFolder(empty))
    picture(folder / "b" / "3.png", 5, 5)
    data = ImageFolder(folder)
    assert "no indices; a batch has one picture at least" in refused(lambda: data.take([]))
    assert refused(data.tensors) == (
        f"{folder / 'b' / '3.png'} is 5 x 5, and {folder / 'Z' / 'z.jpeg'} 4 x 6 pixels; pass size=(height, width)"
    )
    (folder / "b" / "3.png").write_bytes(b"not a picture")
    assert "3.png: expected a PNG or JPEG file" in refused(lambda: list(Loader(data, 2, prefetch=2).batches(0)))


# -------------------------------------------------------------------------------------------------- variations


def some(n: int = 6, size: int = 5, backend: str | None = None) -> TensorDataset:
    x = rc.random.uniform((n, 2, size, size), 0.0, 255.0, seed=5, backend=backend)
    return TensorDataset(x, rc.tensor(list(range(n)), backend, dtype="int32"))


VARIATIONS = {
    "flip": RandomFlip(),
    "vertical": RandomFlip(vertical=True),
    "crop": RandomCrop(2),
    "shift": RandomShift(2),
    "turn": RandomTurn(),
    "brightness": RandomBrightness(20, limits=(0, 255)),
    "contrast": RandomContrast(0.5, 1.5),
    "affine": RandomAffine(20, shift=1.5, zoom=0.2),
}


@pytest.mark.parametrize("name", VARIATIONS)
def test_n5_variations_have_the_same_bits_everywhere_in_any_batch(name: str) -> None:
    digests = set()
    for backend in BACKENDS:
        data = Augmented(some(backend=backend), [VARIATIONS[name]], seed=3)
        whole = data.take(range(6), epoch=2)[0]
        digests.add(whole.digest())
        assert data.take([4, 1], epoch=2)[0].tobytes() == whole[4].tobytes() + whole[1].tobytes()
        assert data.subset([5, 4]).take([1], epoch=2)[0].tobytes() == whole[4].tobytes()
    assert len(digests) == 1
    data = some()
    varied = Augmented(data, [VARIATIONS[name]], seed=3)
    assert varied.take(range(6), 2)[0].digest() != data.tensors()[0].digest()
    assert varied.take(range(6), 2)[0].digest() != varied.take(range(6), 3)[0].digest()
    assert (
        varied.take(range(6), 2)[0].digest()
        != Augmented(data, [VARIATIONS[name]], seed=4).take(range(6), 2)[0].digest()
    )
    assert varied.take(range(6), 2)[1].tolist() == list(range(6))


@pytest.mark.parametrize("name", ["flip", "vertical", "turn"])
def test_n4_moves_are_permutations_of_pixels(name: str) -> None:
    data = some()
    for before, after in zip(data.tensors()[0], Augmented(data, [VARIATIONS[name]]).tensors()[0], strict=True):
        for channel in range(2):
            assert sorted(before[channel].flatten().tolist()) == sorted(after[channel].flatten().tolist())


def test_turns_and_shifts_are_what_they_say() -> None:
    x = some(40).tensors()[0]
    turned = Augmented(TensorDataset(x), [RandomTurn()]).tensors()[0]
    seen = set()
    for before, after in zip(x, turned, strict=True):
        turn, found = before, None
        for quarter in range(4):
            if turn.tobytes() == after.tobytes():
                found = quarter
            turn = turn.transpose((0, 2, 1)).flip(axis=1)  # against the clock
        assert found is not None
        seen.add(found)
    assert seen == {0, 1, 2, 3}
    padded = x.pad(((0, 0), (0, 0), (1, 1), (1, 1)))
    moved = Augmented(TensorDataset(x), [RandomCrop(1)]).tensors()[0]
    places = set()
    for i in range(40):
        found = [
            (down, right)
            for down in range(3)
            for right in range(3)
            if padded[i, :, down : down + 5, right : right + 5].tobytes() == moved[i].tobytes()
        ]
        assert len(found) == 1
        places |= set(found)
    assert len(places) == 9
    still = Augmented(TensorDataset(x), [RandomAffine(0), RandomCrop(0), RandomFlip(0.0), RandomBrightness(0)])
    assert still.tensors()[0].tobytes() == x.tobytes()
    assert Augmented(TensorDataset(x), [RandomFlip(1.0)]).tensors()[0].tobytes() == x.flip(axis=3).tobytes()


def test_a_turn_by_an_affine_map_is_near_a_turn() -> None:
    """A quarter turn by bilinear sampling is a quarter turn, but for the last bits of its coordinates."""

    class Quarter(RandomAffine):
        def apply(self, x: rc.RamTensor, words: Any) -> rc.RamTensor:
            return super().apply(x, [(0, 1 << 31, 1 << 31, 1 << 31)] * len(words))  # u = 0: by -90 degrees

    x = some().tensors()[0]
    inner = Augmented(TensorDataset(x), [Quarter(90)]).tensors()[0][:, :, 1:-1, 1:-1]
    both = [
        turned[:, :, 1:-1, 1:-1].isclose(inner, rtol=1e-4).all().item()
        for turned in (x.transpose((0, 1, 3, 2)).flip(axis=2), x.transpose((0, 1, 3, 2)).flip(axis=3))
    ]
    assert sum(both) == 1


def test_refusals_of_variations() -> None:
    assert "p must be a number from 0 to 1, got 2" in refused(lambda: RandomFlip(2), AttributeValueError)
    assert "padding must be an int" in refused(lambda: RandomCrop(1.5), AttributeValueError)  # type: ignore[arg-type]
    assert "got nan" in refused(lambda: RandomBrightness(float("nan")), AttributeValueError)
    assert "zoom must be a number from 0 to 9/10" in refused(lambda: RandomAffine(zoom=1), AttributeValueError)
    assert "is no variation" in refused(lambda: Augmented(some(), ["flip"]), TypeError)  # type: ignore[list-item]
    assert "seed must be" in refused(lambda: Augmented(some(), [], seed=-1), AttributeValueError)
    flat = TensorDataset(rc.zeros((2, 8)))
    assert "takes pictures (n, channels, height, width)" in refused(lambda: Augmented(flat, [RandomFlip()]).tensors())
    wide = TensorDataset(rc.zeros((2, 1, 2, 3)))
    assert "takes square pictures" in refused(lambda: Augmented(wide, [RandomTurn()]).tensors())
