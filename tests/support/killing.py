"""Kill a process at its n-th step: an SQL statement, a commit, or a change of a file.

A step is counted before it happens, so the process dies between two of them; the forkserver has imported all that the
acts need once, so each new process is there in a few milliseconds.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from registry import Registry, Source

# What the acts need: the tests' forkserver imports it, too.
IMPORTED = (
    "registry.api.registry",
    "registry.bundles.add",
    "registry.retention.garbage",
    "registry.labels.promotion",
    "registry.artifacts.stores.folder_store",
    "sqlalchemy.dialects.postgresql.psycopg",
    "sqlalchemy.dialects.sqlite.pysqlite",
    "h5py",
)
_CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.truncate"}


def soon() -> datetime:
    """Return a time at which every file is old enough to be collected."""
    return datetime.now(UTC) + timedelta(minutes=1)


def keras_like(number: int) -> bytes:
    """Return the bytes of a .keras file, another one for each number."""
    import io
    import json
    import zipfile

    import h5py

    weights = io.BytesIO()
    with h5py.File(weights, "w") as file:
        file["vars/0"] = [float(number)]
    config = {"class_name": "Dense", "module": "keras.layers", "config": {"units": number}}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in [
            ("metadata.json", b"{}"),
            ("config.json", json.dumps(config)),
            ("model.weights.h5", weights.getvalue()),
        ]:
            archive.writestr(zipfile.ZipInfo(name), data)
    return out.getvalue()


def register(registry: Registry, trial: int, top_k: int | None = None) -> None:
    """Register a version that is better than all before."""
    registry.register(
        "toy",
        weights=keras_like(trial),
        score=float(trial),
        metric="m",
        direction="max",
        epoch=1,
        params={"a": trial},
        curves={"m": [float(trial)]},
        tags={"trial": str(trial)},
        source=Source("s", trial),
        top_k=top_k,
    )


ACTS: dict[str, Callable[[Registry, str], Any]] = {
    "register": lambda registry, _bundle: register(registry, 9, top_k=1),
    "gc": lambda registry, _bundle: registry.gc(grace=timedelta(0)),
    "delete": lambda registry, _bundle: registry.delete("toy/3"),
    "import": lambda registry, bundle: registry.import_bundle(bundle),
    "alias": lambda registry, _bundle: registry.set_alias("toy", "champion", 3),
    "promote": lambda registry, _bundle: registry.promote("toy/3", "champion"),
    "unalias": lambda registry, _bundle: registry.remove_alias("toy", "champion"),
}


def killed_at(step: int, act: str, url: str, bundle: str) -> bool:
    """Do something in a process of its own that is killed before its n-th step; tell whether it got so far.

    Raises:
        AssertionError: it failed by itself.
    """
    process = multiprocessing.get_context("forkserver").Process(target=_run, args=(step, act, url, bundle))
    process.start()
    process.join(60)
    assert process.exitcode in (0, -signal.SIGKILL), process.exitcode
    return process.exitcode != 0


def _run(step: int, act: str, url: str, bundle: str) -> None:
    tempfile.tempdir = str(Path(bundle).parent)  # a killed process leaves what it unpacked
    with Registry(url, clock=soon) as registry:
        left = step

        def count(*_others: Any) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

        def see(event: str, arguments: tuple[Any, ...]) -> None:
            if (event in _CHANGES or _writes(event, arguments)) and "/weights/" in str(arguments[0]):
                count()

        for name in ("begin", "before_cursor_execute", "commit"):
            sa.event.listen(registry._engine, name, count)
        sys.addaudithook(see)
        ACTS[act](registry, bundle)
        left = 0  # what comes at the end of a process is not of this test


def _writes(event: str, arguments: tuple[Any, ...]) -> bool:
    return event == "open" and bool(arguments[2] & (os.O_WRONLY | os.O_RDWR))
