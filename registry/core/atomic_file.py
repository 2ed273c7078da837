"""Write files that appear whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from registry.core.errors import UserError


@contextmanager
def whole_file(out: str | Path) -> Iterator[Any]:
    """Open a temporary file beside ``out``; it gets that name if the block succeeds, else it is removed.

    Raises:
        UserError: the file cannot be written there, or what has the name is no file and would be lost.
    """
    from tempfile import NamedTemporaryFile

    out = Path(out)
    if out.exists() and not (out.is_file() or out.is_dir()):
        raise UserError(f"cannot write {out}: it is a device, a pipe or a socket; name a file")
    try:
        file = NamedTemporaryFile(dir=out.parent, prefix=f".{out.name}.", suffix=out.suffix, delete=False)  # noqa: SIM115
    except OSError as error:
        raise UserError(f"cannot write {out}: {error.strerror}; check that its folder exists") from error
    try:
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(file.name, 0o666 & ~_umask())
        os.replace(file.name, out)
    except OSError as error:
        raise UserError(f"cannot write {out}: {error.strerror or error}") from error
    finally:
        with suppress(FileNotFoundError):
            os.unlink(file.name)


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
