"""The archive ``.keras``: a zip file of three members, written by equal bytes for equal content, read within bounds.

Nothing is ever unpacked to the disk: the three names are looked up, and other members are passed over.
"""

import zipfile
import zlib
from collections.abc import Mapping
from io import BytesIO
from typing import BinaryIO

from rcmlrs_core.errors import FileFormatError
from rcmlrs_core.io.atomic import FilePath, atomic_write
from rcmlrs_core.numerics.decimal_text import shown

METADATA = "metadata.json"
CONFIG = "config.json"
WEIGHTS = "model.weights.h5"

ADVICE = "the file is truncated, altered or no .keras file; get it again from where it came, or save it again"
EXPANSION = 100
"""A member is at most this many times as long as what the archive has of it: Keras does not compress at all."""
SMALL = 1 << 16
LONGEST_TEXT = 1 << 26
"""Of the configuration, in bytes: thousands of layers take a few million."""


def write_archive(path: FilePath, members: Mapping[str, bytes]) -> None:
    """A zip file of these members, uncompressed and without dates. The file is replaced in one step."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content)
    with atomic_write(path) as file:
        file.write(buffer.getbuffer())


def read_member(source: str, file: BinaryIO, size: int, name: str) -> bytes:
    """One member of the zip file, which has ``size`` bytes; ``source`` names it in errors."""
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as archive:
            infos = [info for info in archive.infolist() if info.filename == name]
            if len(infos) != 1:
                found = ", ".join(shown(info.filename) for info in archive.infolist()[:8]) or "nothing"
                many = f"{len(infos)} times" if infos else "not at all"
                raise FileFormatError(
                    f"{source}: expected {name} once in the archive, found it {many}, among: {found}; {ADVICE}"
                )
            (info,) = infos
            if info.flag_bits & 1 or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise FileFormatError(
                    f"{source}: {name} is encrypted or compressed in an unusual way, expected it plain; {ADVICE}"
                )
            if info.compress_size > size or info.file_size > max(EXPANSION * info.compress_size, SMALL):
                raise FileFormatError(
                    f"{source}: {name} declares {info.file_size} bytes and stores {info.compress_size} of the file's "
                    f"{size}; expected at most {EXPANSION} times as many; {ADVICE}"
                )
            if name != WEIGHTS and info.file_size > LONGEST_TEXT:
                raise FileFormatError(
                    f"{source}: {name} has {info.file_size} bytes, expected at most {LONGEST_TEXT}; {ADVICE}"
                )
            with archive.open(info) as member:
                content = member.read(info.file_size)  # no more than that is decompressed; the checksum is verified
            if len(content) != info.file_size:
                raise FileFormatError(f"{source}: {name} ends after {len(content)} of {info.file_size} bytes; {ADVICE}")
            return content
    except FileFormatError:
        raise
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, RuntimeError, OverflowError) as error:
        raise FileFormatError(f"{source}: expected a zip archive, found: {error}; {ADVICE}") from None
