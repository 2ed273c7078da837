"""How a checkpoint is kept: a head of JSON values and arrays, as one ``.npz`` archive without pickles."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from search.errors import CannotContinue


def pack(head: Mapping[str, Any], arrays: Mapping[str, np.ndarray[Any, Any]]) -> bytes:
    """Return the archive; the head has a number, ``format``, and no array is called ``head``."""
    # An array of a type that has no name in numpy (bfloat16) would come back as plain bytes.
    plain = {name: array.astype(np.float32) if array.dtype.kind == "V" else array for name, array in arrays.items()}
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, head=np.frombuffer(json.dumps(head).encode(), np.uint8), **plain)
    return buffer.getvalue()


@contextmanager
def unpacked(data: bytes, expected: int) -> Iterator[tuple[dict[str, Any], Any]]:
    """Give the head and the archive of what `pack` packed; pickled members are refused.

    Args:
        data: the archive's bytes.
        expected: the head's ``format``.

    Raises:
        CannotContinue: it is damaged, or of another version of this program; also while the caller reads in it.
    """
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            head = json.loads(archive["head"].tobytes())
            if head["format"] != expected:
                raise CannotContinue(f"the checkpoint has the format {head['format']}; expected {expected}")
            yield head, archive
    except CannotContinue:
        raise
    except Exception as error:
        raise CannotContinue("the checkpoint cannot be read: it is damaged or of another version") from error
