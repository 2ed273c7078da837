"""Look through the weights of ``.keras`` files: a program of its own, because bytes of strangers make HDF5 crash.

It reads the files' paths from its input, parted by NUL, and prints one line of JSON for each: what is wrong, or null.
It imports nothing of ours, so that it starts at once.
"""

from __future__ import annotations

import json
import os
import sys
import zipfile
from typing import Any

import h5py

_LARGEST_GROWTH = 16  # how many times larger than their file arrays may be: constant ones take no room in it


def fault_of(path: str) -> str | None:
    """Return why a ``.keras`` file's weights are refused: they are no plain arrays, not to be read, or too large."""
    try:
        with (
            zipfile.ZipFile(path) as archive,
            archive.open("model.weights.h5") as file,
            h5py.File(file, "r") as weights,
        ):
            arrays = []
            for name, item in _items(weights):
                if fault := _fault(name, item):
                    return fault
                arrays += [item] if isinstance(item, h5py.Dataset) else []
            total, size = sum(int(one.size or 0) * one.dtype.itemsize for one in arrays), file.seek(0, 2)
            if total > max(size, 1 << 20) * _LARGEST_GROWTH:
                return f"its arrays would have {total} bytes, its weights' file has {size}"
            for one in arrays:
                one[()]
    except Exception as error:  # whatever such bytes make HDF5 raise
        return f"its weights cannot be read: {error}"
    return None


def _items(weights: h5py.File) -> Any:
    """Yield each member's name and what it leads to; a group is entered once, however often it is linked."""
    waiting, seen = [weights], set()
    while waiting:
        group = waiting.pop()
        address = h5py.h5o.get_info(group.id).addr
        if address in seen:
            continue
        seen.add(address)
        for name in group:
            link = group.get(name, getlink=True)
            item = group[name] if isinstance(link, h5py.HardLink) else link
            yield name, item
            if isinstance(item, h5py.Group):
                waiting.append(item)


def _fault(name: str, item: Any) -> str | None:
    if isinstance(item, h5py.SoftLink | h5py.ExternalLink):
        return f"its weights hold a link ({name!r}) that may lead to other files"
    if isinstance(item, h5py.Dataset):
        plain = not (item.is_virtual or item.external or item.dtype.hasobject)
    else:
        plain = isinstance(item, h5py.Group)
    if plain:
        dict(item.attrs)
    return None if plain else f"{name!r} in its weights is no plain array"


if __name__ == "__main__":
    for named in sys.stdin.buffer.read().split(b"\0"):
        sys.stdout.write(json.dumps(fault_of(os.fsdecode(named))) + "\n")
        sys.stdout.flush()
