"""Edits of a bundle: each may be any at all, with hashes and sizes that are right again, or not."""

from __future__ import annotations

import hashlib
import io
import json
import math
import warnings
import zipfile
from typing import Any

from hypothesis import strategies as st

Members = dict[str, bytes]
FIXED = "versions/000001.json"

_ODD = [
    *(None, True, 0, -1, 1, 2, 2**31, 2**63, 2**70, 1.5, math.inf, math.nan, [], {}, [[]], {"a": 1}),
    *("", "a", "b a", "\0", "\ud800", "../x", "max", "ready", "int", "x" * 600, "Lambda", "AAAA", "AAAAAAAA8H8="),
    *("inf", "-inf", "nan", "-0x1p0", "0x1p9999", "1_0", "2026-01-01", "2026-01-01T00:00:00+00:00"),
    *("9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+12:00"),
]
ODD_VALUES = st.sampled_from(_ODD) | st.text(max_size=9) | st.integers() | st.floats() | st.binary().map(bytes.hex)
_DESCRS = ["'|O'", "'<f4'", "'<U9999999'", "'|V8'", "'<M8[s]'", "[('a', '<f8')]", "'<f9'", "'O4'", "None", "'|b1'", "'"]
_SHAPES = ["(1,)", "(-1,)", "()", "(99999999999,)", "(2, 2)", "(0,)", "1", "(1.5,)", "(" * 300, "('a',)", "(True,)"]
_NAMES = ["inputs.npy", "outputs.1.npy", "more", "../x", "a/b", "inputs.structure.npy"]


def read(bundle: bytes) -> Members:
    """Return an archive's members by name."""
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write(members: Members) -> bytes:
    """Return an archive of members as they are."""
    out = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(out, "w") as archive:
        warnings.simplefilter("ignore")
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return out.getvalue()


def edited(draw: Any, members: Members) -> bytes:
    """Return a bundle in which one to three things are edited."""
    members = dict(members)
    for _ in range(draw(st.sampled_from([1, 1, 1, 2, 3]))):
        edit = draw(st.sampled_from([_edit_document, _edit_document, _edit_document, _edit_manifest, _edit_artifact]))
        edit(draw, members)
    bundle = write(members)
    return _bytes(draw, bundle) if draw(st.integers(0, 9)) == 0 else bundle


def _edit_document(draw: Any, members: Members) -> None:
    name = draw(st.sampled_from([name for name in members if name.startswith("versions/")] or [None]))
    if name is None:
        return
    members[name] = _json(draw, members[name])
    manifest = json.loads(members["manifest.json"])
    if isinstance(manifest, dict) and isinstance(manifest.get("versions"), dict):
        manifest["versions"][name] = hashlib.sha256(members[name]).hexdigest()
        members["manifest.json"] = json.dumps(manifest).encode()


def _edit_manifest(draw: Any, members: Members) -> None:
    members["manifest.json"] = _json(draw, members["manifest.json"])


def _edit_artifact(draw: Any, members: Members) -> None:
    """Edit an artifact, and let all that named it name what it has become."""
    old = draw(st.sampled_from(sorted(name for name in members if name.startswith("artifacts/")) or [None]))
    if old is None:
        return
    data = members.pop(old)
    data = _bytes(draw, data) if draw(st.integers(0, 3)) == 0 else _archive(draw, data)
    new = hashlib.sha256(data).hexdigest()
    for name in [name for name in members if not name.startswith("artifacts/")]:
        members[name] = members[name].replace(old.removeprefix("artifacts/").encode(), new.encode())
    members[f"artifacts/{new}"] = data
    manifest = json.loads(members["manifest.json"])
    if not isinstance(manifest, dict):
        return
    for part, sizes in (("versions", hashlib.sha256), ("artifacts", None)):
        if isinstance(manifest.get(part), dict):
            for name in manifest[part]:
                held = members.get(name if sizes else f"artifacts/{name}", b"")
                manifest[part][name] = sizes(held).hexdigest() if sizes else len(held)
    members["manifest.json"] = json.dumps(manifest).encode()


def _archive(draw: Any, data: bytes) -> bytes:
    """Return an artifact, a zip archive, in which a member is edited as its kind allows."""
    try:
        members = read(data)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError):
        return _bytes(draw, data)
    name = draw(st.sampled_from(sorted(members) or ["x"]))
    held = members.get(name, b"")
    if name.endswith(".json"):
        members[name] = _json(draw, held)
    elif name.endswith(".npy") and draw(st.booleans()):
        members[name] = _array(draw, held)
    elif draw(st.integers(0, 5)) == 0:
        members[draw(st.sampled_from(_NAMES))] = held
        if draw(st.booleans()):
            del members[name]
    else:
        members[name] = _bytes(draw, held)
    return write(members)


def _array(draw: Any, held: bytes) -> bytes:
    """Return an array's file with another header before its bytes."""
    header = f"{{'descr': {draw(st.sampled_from(_DESCRS))}, 'fortran_order': False, "
    text = (header + f"'shape': {draw(st.sampled_from(_SHAPES))}, }}").encode().ljust(117) + b"\n"
    version = draw(st.sampled_from([b"\x01\x00", b"\x01\x00", b"\x02\x00", b"\x09\x00"]))
    return b"\x93NUMPY" + version + len(text).to_bytes(2 if version[0] == 1 else 4, "little") + text + held[128:]


def _bytes(draw: Any, data: bytes) -> bytes:
    """Return bytes of which a few are replaced, left out, or more; often at the beginning or the end."""
    edges = st.integers(0, min(len(data), 300)) | st.integers(max(len(data) - 300, 0), len(data))
    start = draw(edges | st.integers(0, len(data)))
    length = draw(st.sampled_from([0, 1, 1, 2, 4, 8, 100, len(data)]))
    return data[:start] + draw(st.binary(max_size=9)) + data[start + length :]


def _json(draw: Any, data: bytes) -> bytes:
    """Return a document of which a part is another, is gone, or has another name."""
    try:
        document = json.loads(data)
    except ValueError:
        return _bytes(draw, data)
    held, key = {"": document}, ""
    node: Any = held
    while isinstance(node[key], dict | list) and node[key] and draw(st.integers(0, 4)):
        node = node[key]
        key = draw(st.sampled_from(sorted(node) if isinstance(node, dict) else range(len(node))))
    how = draw(st.integers(0, 5))
    if how == 0 and node is not held:
        del node[key]
    elif how == 1 and isinstance(node, dict):
        node[draw(st.text(max_size=9) | st.sampled_from(["class_name", "a b", "../x", "more"]))] = node[key]
    else:
        node[key] = draw(ODD_VALUES)
    return json.dumps(held[""]).encode()
