"""atomic_write: the old file or the whole new one, also when the disk is full, with ordinary permissions."""

import errno
import os
import secrets
import stat
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rcmlrs_core.io import atomic_write

POSIX = pytest.mark.skipif(os.name != "posix", reason="permissions, links and pipes of POSIX")
NOBODY = 65534


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A file with something in it, alone in its directory."""
    path = tmp_path / "model.bin"
    path.write_bytes(b"old")
    return path


def only(path: Path) -> bool:
    """Whether nothing else is in the directory: no temporary file was left behind."""
    return [entry.name for entry in path.parent.iterdir()] == [path.name]


@contextmanager
def unprivileged() -> Iterator[None]:
    """The block as a user to whom permissions apply; the superuser becomes nobody for a while."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def shared() -> Iterator[Path]:
    """A directory that nobody can reach too, unlike pytest's own."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "inner"
        path.mkdir()
        os.chmod(name, 0o755)
        os.chmod(path, 0o777)
        yield path
        os.chmod(path, 0o777)


def test_a_new_file_is_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "model.bin"
    with atomic_write(path) as file:
        file.write(b"new ")
        file.write(b"content")
    assert path.read_bytes() == b"new content"
    assert only(path)


def test_the_old_file_is_there_until_the_end(old: Path) -> None:
    with atomic_write(old) as file:
        file.write(b"new")
        file.flush()
        assert old.read_bytes() == b"old"
    assert old.read_bytes() == b"new"
    assert only(old)


def test_a_reader_sees_one_of_the_two_and_nothing_else(old: Path) -> None:
    contents = [bytes([value]) * 100_000 for value in (1, 2)]
    old.write_bytes(contents[0])
    seen: set[bytes] = set()
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            seen.add(old.read_bytes())

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for turn in range(40):
            with atomic_write(old) as file:
                file.write(contents[turn % 2][:50_000])
                file.flush()
                file.write(contents[turn % 2][50_000:])
    finally:
        done.set()
        reader.join()
    assert seen <= set(contents)


@pytest.mark.parametrize("error", [ValueError("in the middle"), KeyboardInterrupt(), SystemExit(3)])
def test_a_block_that_fails_changes_nothing(old: Path, error: BaseException) -> None:
    def fail() -> None:
        with atomic_write(old) as file:
            file.write(b"half of")
            raise error

    with pytest.raises(type(error)) as caught:
        fail()
    assert caught.value is error
    assert old.read_bytes() == b"old"
    assert only(old)


def test_a_block_that_fails_leaves_no_new_file(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), atomic_write(tmp_path / "model.bin") as file:
        file.write(b"%d" % (1 // 0))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("stage", ["fsync", "replace", "chmod"])
def test_the_system_fails_after_the_block(old: Path, stage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, stage, fail)
    with (
        pytest.raises(OSError, match="No space left on device; nothing was written") as caught,
        atomic_write(old) as file,
    ):
        file.write(b"new")
    assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, str(old))
    assert old.read_bytes() == b"old"
    assert only(old)


@POSIX
def test_a_disk_that_is_full(old: Path) -> None:
    """The system itself refuses to write on: a limit on the size of files stands in for the full disk."""
    import resource

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        with (
            pytest.raises(OSError, match="nothing was written, and what was there is unch") as caught,
            atomic_write(old) as f,
        ):
            f.writelines([b"x" * 4000] * 3)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (caught.value.errno, caught.value.filename) == (errno.EFBIG, str(old))
    assert old.read_bytes() == b"old"
    assert only(old)


def test_an_error_of_the_block_about_another_file_stays_as_it_is(old: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught, atomic_write(old) as file:
        file.write((tmp_path / "absent").read_bytes())
    assert caught.value.filename == str(tmp_path / "absent")
    assert "nothing was written" not in str(caught.value)
    assert only(old)


def test_the_last_of_two_writers_wins(old: Path) -> None:
    with atomic_write(old) as outer:
        outer.write(b"outer")
        with atomic_write(old) as inner:
            inner.write(b"inner")
        assert old.read_bytes() == b"inner"
    assert old.read_bytes() == b"outer"
    assert only(old)


@POSIX
@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o027, 0o640), (0o077, 0o600), (0, 0o666)])
def test_a_new_file_has_ordinary_permissions(tmp_path: Path, umask: int, mode: int) -> None:
    before = os.umask(umask)
    try:
        with atomic_write(tmp_path / "model.bin") as file:
            file.write(b"new")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "model.bin").stat().st_mode) == mode


@POSIX
def test_a_file_that_is_replaced_hands_on_its_permissions(old: Path) -> None:
    old.chmod(0o600)
    with atomic_write(old) as file:
        (temporary,) = set(old.parent.iterdir()) - {old}
        assert stat.S_IMODE(temporary.stat().st_mode) == 0o600  # private before there is content
        file.write(b"new")
    assert stat.S_IMODE(old.stat().st_mode) == 0o600


@POSIX
def test_a_symbolic_link_stays(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    target, link = tmp_path / "data" / "model.bin", tmp_path / "latest"
    link.symlink_to(os.path.join("data", "model.bin"))
    for content in (b"new, where the link pointed to nothing", b"newer"):
        with atomic_write(link) as file:
            file.write(content)
        assert link.is_symlink()
        assert target.read_bytes() == content
        assert only(target)


@POSIX
def test_links_in_a_circle(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.symlink_to(other)
    other.symlink_to(one)
    with pytest.raises(OSError, match="symbolic links"), atomic_write(one):
        pass
    assert one.is_symlink()


@POSIX
def test_a_hard_link_keeps_the_old_content(old: Path, tmp_path: Path) -> None:
    os.link(old, tmp_path / "copy")
    with atomic_write(old) as file:
        file.write(b"new")
    assert ((tmp_path / "copy").read_bytes(), old.read_bytes()) == (b"old", b"new")


def test_a_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError, match="name a file in it") as caught, atomic_write(tmp_path):
        pass
    assert caught.value.filename == str(tmp_path)


@pytest.mark.parametrize("ending", [os.sep, os.sep + "."])
def test_a_name_that_ends_as_a_directory_is_refused(old: Path, ending: str) -> None:
    """As ``open`` has it; whether a file of that name is there or not."""
    for asked in (f"{old}{ending}", f"{old.parent / 'absent'}{ending}"):
        with pytest.raises(IsADirectoryError, match="name a file in it") as caught, atomic_write(asked):
            pass
        assert caught.value.filename == asked
    assert old.read_bytes() == b"old"
    assert only(old)


@POSIX
def test_a_device_stays_one(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(OSError, match="device or a pipe") as caught, atomic_write(pipe):
        pass
    assert caught.value.filename == str(pipe)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_directory_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "absent" / "model.bin"
    with pytest.raises(FileNotFoundError, match="nothing was written") as caught, atomic_write(path):
        pass
    assert caught.value.filename == str(path)


@POSIX
def test_a_file_in_place_of_the_directory(old: Path) -> None:
    with pytest.raises(NotADirectoryError), atomic_write(old / "model.bin"):
        pass
    assert old.read_bytes() == b"old"


@POSIX
def test_a_directory_that_may_not_be_written_to(shared: Path) -> None:
    path = shared / "model.bin"
    path.write_bytes(b"old")
    os.chmod(path, 0o666)
    os.chmod(shared, 0o555)
    with unprivileged(), pytest.raises(PermissionError, match="nothing was written") as caught, atomic_write(path):
        pass
    assert caught.value.filename == str(path)
    assert path.read_bytes() == b"old"
    assert only(path)


@POSIX
@pytest.mark.skipif(os.access not in os.supports_effective_ids, reason="os.access asks for the real user")
def test_a_file_that_is_write_protected(shared: Path) -> None:
    """Its directory would allow the replacement, but whoever protected the file did not mean that."""
    path = shared / "model.bin"
    path.write_bytes(b"old")
    os.chmod(path, 0o444)
    with unprivileged(), pytest.raises(PermissionError, match="write-protected") as caught, atomic_write(path):
        pass
    assert caught.value.filename == str(path)
    assert path.read_bytes() == b"old"


@POSIX
def test_an_unprivileged_user_can_write_where_it_is_allowed(shared: Path) -> None:
    """The counterpart of the refusals above: what they refuse is the permission, not the user."""
    with unprivileged(), atomic_write(shared / "model.bin") as file:
        file.write(b"new")
    assert (shared / "model.bin").read_bytes() == b"new"


def test_a_temporary_name_that_is_taken(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names are drawn at random; should one be there all the same, it is somebody else's file."""
    monkeypatch.setattr(secrets, "token_hex", lambda size: "0" * 2 * size)
    taken = old.parent / ".rcmlrs-0000000000000000.tmp"
    taken.write_bytes(b"somebody else's")
    with pytest.raises(FileExistsError) as caught, atomic_write(old):
        pass
    assert caught.value.filename == str(old)
    assert (taken.read_bytes(), old.read_bytes()) == (b"somebody else's", b"old")


def test_a_relative_path_and_a_long_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    name = "m" * 250
    with atomic_write(name) as file:
        file.write(b"new")
    assert (tmp_path / name).read_bytes() == b"new"


@POSIX
def test_a_path_of_bytes(old: Path) -> None:
    with atomic_write(os.fsencode(old)) as file:
        file.write(b"new")
    assert old.read_bytes() == b"new"
    assert only(old)
