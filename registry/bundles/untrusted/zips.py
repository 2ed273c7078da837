"""Untrusted zip archives.

Members must be stored, not compressed, so that an archive unpacks to no more than its own size: no zip bombs,
neither by compression nor by members that share their bytes.
"""

from __future__ import annotations

import errno
import stat
import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from registry.core.errors import BundleError

END = b"PK\5\6" + bytes(18)  # what an empty archive consists of, and every one of ours ends with, with other numbers


@contextmanager
def opened_zip(file: BinaryIO, what: str) -> Iterator[zipfile.ZipFile]:
    """Open an archive whose members are safe to read.

    Args:
        file: the archive, seekable.
        what: what messages call it.

    Raises:
        BundleError: it is no zip archive or a damaged one, or has something before or after it; or a member has a name
            that leads elsewhere, is there twice, is a link, is compressed or encrypted, or the members are larger than
            the archive.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            _check_members(archive, file.seek(0, 2), what)
            _check_alone(archive, file, what)
            yield archive
    except (zipfile.BadZipFile, EOFError, RuntimeError, ValueError, OverflowError, struct.error) as error:
        raise BundleError(f"{what} is no whole zip archive: {error}") from error
    except OSError as error:
        if error.errno != errno.EINVAL:  # what seeking to a place that cannot be raises
            raise
        raise BundleError(f"{what} is no whole zip archive: it names places outside of it") from error


def _check_members(archive: zipfile.ZipFile, size: int, what: str) -> None:
    seen: set[str] = set()
    total = 0
    for member in archive.infolist():
        name = member.orig_filename
        total += member.file_size
        fault = "is there twice" if name in seen else _fault(member)
        if fault is None and total > size:
            fault = f"makes the members larger than the archive, which has {size} bytes"
        seen.add(name)
        if fault:
            raise BundleError(f"{what} is refused: its member {name[:100]!r} {fault}")


def _check_alone(archive: zipfile.ZipFile, file: BinaryIO, what: str) -> None:
    first = min((member.header_offset for member in archive.infolist()), default=0)
    file.seek(-len(END), 2)
    if first > 0 or file.read()[:4] != END[:4]:
        raise BundleError(f"{what} is no whole zip archive, or has something before or after it")


def _fault(member: zipfile.ZipInfo) -> str | None:
    name = member.orig_filename
    kind = stat.S_IFMT(member.external_attr >> 16)
    if name != member.filename or "\\" in name or ":" in name or any(ord(char) < 32 for char in name):
        return "has a name that no member of ours has"
    if name.startswith("/") or any(part in ("", ".", "..") for part in name.split("/")):
        return "has a name that leads elsewhere"
    if kind not in (0, stat.S_IFREG):
        return "is a link or something else that is no file"
    if member.flag_bits & 0x1:
        return "is encrypted"
    if member.compress_type != zipfile.ZIP_STORED or member.compress_size != member.file_size:
        return "is compressed; expected it stored as it is"
    return None
