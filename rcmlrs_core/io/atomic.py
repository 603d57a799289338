"""``atomic_write``: a file that is either the old one or the whole new one, whatever happens in between.

Nothing in here knows what is written.
"""

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO

FilePath = str | bytes | os.PathLike[str] | os.PathLike[bytes]


@contextmanager
def atomic_write(path: FilePath) -> Iterator[BinaryIO]:
    """``with atomic_write("model.bin") as file: file.write(...)`` puts a file in place when the block ends well.

    What is written goes to a temporary file in the same directory (``.rcmlrs-*.tmp``), which is forced to the disk and
    then takes the place of ``path`` in one step. If the block, or anything after it, fails, then the temporary
    file is removed, ``path`` is what it was, and the error goes on.

    A new file has the permissions that ``open`` would give it; one that is replaced hands on its own. A symbolic link
    stays, and the file that it points to is replaced. Other hard links keep the old content.

    Raises:
        OSError: the file system refuses, with ``path`` as its ``filename``: no such directory, no permission, no
            space; ``path`` is a directory, a device or a file without write permission.
    """
    asked = os.fsdecode(path)
    target = os.path.realpath(asked)
    mode = _mode_of(asked, target)
    temporary = os.path.join(os.path.dirname(target), f".rcmlrs-{secrets.token_hex(8)}.tmp")
    try:
        file = open(temporary, "xb")  # noqa: SIM115  (closed below, before it takes its place)
    except OSError as error:
        raise _about(asked, error) from error
    try:
        if mode is not None:
            os.chmod(temporary, mode)  # before there is content that others must not read
        yield file
        file.flush()
        os.fsync(file.fileno())
        file.close()
        os.replace(temporary, target)
    except BaseException as error:
        with suppress(OSError):
            file.close()  # flushes, and may meet the full disk a second time
        with suppress(OSError):
            os.unlink(temporary)
        if isinstance(error, OSError) and error.errno is not None and error.filename in (None, temporary):
            raise _about(asked, error) from error
        raise
    # The new name reaches the disk with its directory. It is in place already, so a system that cannot promise this
    # (Windows opens no directories) is no reason to report a failure.
    with suppress(OSError):
        directory = os.open(os.path.dirname(target), os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)


def _mode_of(asked: str, target: str) -> int | None:
    """The permissions of the file that is replaced, None if there is none; what cannot be replaced is refused."""
    if os.path.basename(asked) in ("", ".") or os.path.isdir(target):  # "name/" is no file, whatever is there
        raise IsADirectoryError(errno.EISDIR, "is a directory; name a file in it", asked)
    try:
        mode = os.stat(target).st_mode
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "is a device or a pipe, which no file can take the place of; name a file", asked)
    if not os.access(target, os.W_OK, effective_ids=os.access in os.supports_effective_ids):
        raise PermissionError(errno.EACCES, "is write-protected; lift that, or choose another name", asked)
    return stat.S_IMODE(mode)


def _about(asked: str, error: OSError) -> OSError:
    """``error``, which names the temporary file or none, as an error about the file that was asked for."""
    reason = f"{error.strerror}; nothing was written, and what was there is unchanged"
    return OSError(error.errno, reason, asked)  # the number chooses the subclass: PermissionError, ...
