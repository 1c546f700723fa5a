"""Files and folders replaced whole or not at all: whenever a run is ended, the old is there or the new, never a mix."""

import errno
import os
import secrets
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from zlib import crc32

from grammar.diagnostic import Language


def replace_file(path: Path, data: bytes | Iterable[bytes]) -> None:
    """Put data, whole or in pieces, in the place of a file, through a link if it is one; raises OSError and leaves the old one."""
    pieces = (data,) if isinstance(data, bytes) else data
    path = _behind_links(path)
    if path.exists() and not path.is_file():
        # A device or a pipe has nothing to be kept; it takes what comes.
        with path.open("wb") as stream:
            stream.writelines(pieces)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    _clean(path.parent)
    temporary = _beside(path)
    try:
        _write(temporary, pieces)
        _like(path, temporary, 0o644)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _flush(path.parent)


def replace_folder(folder: Path, files: Mapping[str, bytes], ours: Callable[[Path], bool] = lambda _: False) -> None:
    """Put files in a folder, all of them or none; ``ours`` tells earlier results there, which go, from what is foreign.

    Raises OSError and leaves the folder as it was. Where the system cannot exchange two folders, or somebody stands in
    this one, each file is replaced by itself.
    """
    folder = _behind_links(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    _clean(folder.parent, ours)
    if not folder.exists():
        _make_folder(folder, files)
        return
    gone = {path.name for path in folder.iterdir() if path.name not in files and path.is_file() and ours(path)}
    here = Path(os.path.realpath("."))  # a shell that stands in a folder would be left in the old one
    if not (here.is_relative_to(folder) or any((folder / name).is_dir() for name in files)):
        staged = _staged(folder, files, gone, ours)
        if staged is not None:
            # Its foreign files stand in the new folder as well.
            shutil.rmtree(staged, ignore_errors=True)
            return
    for name, data in files.items():
        replace_file(folder / name, data)
    for name in gone:
        (folder / name).unlink(missing_ok=True)


def _behind_links(path: Path) -> Path:
    real = Path(os.path.realpath(path))
    if real.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    return real


def why(error: OSError, language: Language) -> str:
    """What hindered the reading or writing of a file, in words."""
    known = _WHY.get(error.errno or 0)
    if language == "en" or known is None:
        return error.strerror or str(error)
    return known


_WHY = {
    errno.ENOSPC: "磁盘已满",
    errno.EDQUOT: "磁盘配额已用完",
    errno.EACCES: "没有权限",
    errno.EPERM: "没有权限",
    errno.EROFS: "这里只能读，不能写",
    errno.EISDIR: "这是文件夹",
    errno.ENOTDIR: "路径当中有一段是文件，不是文件夹",
    errno.EEXIST: "路径当中有一段是文件，不是文件夹",
    errno.ENOENT: "没有这个文件夹",
    errno.ENAMETOOLONG: "名称太长",
    errno.ELOOP: "链接绕成了圈",
    errno.EBUSY: "正被别的程序占用",
    errno.ETXTBSY: "正被别的程序占用",
    errno.EFBIG: "文件太大",
    errno.EIO: "磁盘读写出错",
}


def _make_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    """A folder that was not there."""
    temporary = _beside(folder)
    temporary.mkdir()
    try:
        for name, data in files.items():
            _write(temporary / name, (data,))
            (temporary / name).chmod(0o644)
        temporary.chmod(0o755)
        _flush(temporary)
        temporary.rename(folder)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    _flush(folder.parent)


def _staged(folder: Path, files: Mapping[str, bytes], gone: set[str], ours: Callable[[Path], bool]) -> Path | None:
    """Where the old folder stands after it was exchanged for one with the new files; None where that cannot be done."""
    temporary = _beside(folder)
    temporary.mkdir()
    try:
        for path in folder.iterdir():
            if path.name not in files and path.name not in gone:
                _link(path, temporary / path.name)
        for name, data in files.items():
            _write(temporary / name, (data,))
            _like(folder / name, temporary / name, 0o644)
        _like(folder, temporary, 0o755)
        _flush(temporary)
        exchanged = _exchange(temporary, folder)
    except _CannotLinkError:
        exchanged = False
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    if not exchanged:
        shutil.rmtree(temporary, ignore_errors=True)
        return None
    _flush(folder.parent)
    # What came into the old folder meanwhile is nobody's to throw away.
    for path in temporary.iterdir():
        if path.name not in gone and not (folder / path.name).exists() and not ours(path):
            path.rename(folder / path.name)
    return temporary


class _CannotLinkError(Exception):
    """A file or folder that cannot stand in two places."""


def _link(path: Path, new: Path) -> None:
    """A foreign file in a second place, a foreign folder with all its files."""
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.copytree(path, new, symlinks=True, copy_function=os.link)
        else:
            os.link(path, new, follow_symlinks=False)
    except (OSError, shutil.Error, NotImplementedError) as error:
        raise _CannotLinkError from error


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two folders in one step of the file system; whether it could be done."""
    if not sys.platform.startswith("linux"):
        return False
    import ctypes

    with suppress(AttributeError, OSError):
        # RENAME_EXCHANGE, with both paths taken as they stand.
        rename = ctypes.CDLL(None, use_errno=True).renameat2
        return bool(rename(_HERE, os.fsencode(one), _HERE, os.fsencode(other), 2) == 0)
    return False


_HERE = -100


def _write(path: Path, data: Iterable[bytes]) -> None:
    with path.open("xb") as file:
        file.writelines(data)
        file.flush()
        os.fsync(file.fileno())


def _like(old: Path, new: Path, mode: int) -> None:
    """Give the new the permissions, and where that is allowed the owner, of the old."""
    if not old.exists():
        new.chmod(mode)
        return
    state = old.stat()
    with suppress(OSError, AttributeError):
        os.chown(new, state.st_uid, state.st_gid)
    new.chmod(state.st_mode & 0o7777)


def _flush(folder: Path) -> None:
    """Have the names of a folder on the disk, where the system knows how."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _beside(path: Path) -> Path:
    """A hidden neighbour for what is under way; its name says which process of which machine makes it."""
    return path.parent / f"{_prefix()}{os.getpid()}.{secrets.token_hex(4)}"


def _prefix() -> str:
    node = os.uname().nodename if hasattr(os, "uname") else ""
    return f".xiance.{crc32(node.encode()):08x}."


def _clean(folder: Path, ours: Callable[[Path], bool] = lambda _: False) -> None:
    """Take away what runs left that were killed; a folder among it only where nothing is lost with it."""
    for path in folder.glob(f"{_prefix()}*"):
        if _is_running(path.name):
            continue
        if path.is_dir() and not path.is_symlink():
            inside = [each for each in path.rglob("*") if each.is_symlink() or not each.is_dir()]
            if all(each.lstat().st_nlink > 1 or ours(each) for each in inside):
                shutil.rmtree(path, ignore_errors=True)
        else:
            with suppress(OSError):
                path.unlink()


def _is_running(name: str) -> bool:
    """Whether the process that makes a neighbour is still there, or whether that cannot be told."""
    number = name.removeprefix(_prefix()).split(".")[0]
    if sys.platform == "win32" or not number.isdecimal():
        return True
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True
