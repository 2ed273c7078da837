"""Import edited bundles, one after another, and hold what comes of each to what is promised."""

from __future__ import annotations

import io
import shutil
from collections import Counter
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry import Registry
from registry.core.console import run
from registry.core.database.engine import open_engine
from registry.schema import metadata
from tests.support import bundle_edits
from tests.support.commands import APPS

TOP = Path(__file__).resolve().parents[2]


def real_bundle(folder: Path) -> bytes:
    """Return a bundle of two versions of the reference study's database."""
    copied = shutil.copy(TOP / "studies.db", folder / "reference.db")
    with Registry(f"sqlite:///{copied}") as registry:
        smallest = sorted((v for v in registry.find(None) if v.weights), key=lambda v: (v.weights.bytes, v.ref))
        registry.bundle([version.ref for version in smallest[:2]], folder / "real.bundle")
    return (folder / "real.bundle").read_bytes()


def fuzz(bundle: bytes, folder: Path, edits: int) -> Counter[str]:
    """Import a bundle and as many edits; return how many were refused, how many added, and what was wrong, by its text.

    Wrong is one that ends in a fault of the program, writes something though it is refused, or is added and cannot be
    read or bundled again.
    """
    members, counted = bundle_edits.read(bundle), Counter[str]()
    empty, path, url = folder / "empty.db", folder / "edited.bundle", f"sqlite:///{folder}/target.db"
    with Registry(f"sqlite:///{empty}", create=True):
        pass
    shutil.copy(empty, folder / "target.db")

    # Few are the same each time, so that a test that passes goes on passing; many are others each time.
    repeated = edits < 1000

    @settings(
        max_examples=edits, deadline=None, database=None, derandomize=repeated, suppress_health_check=list(HealthCheck)
    )
    @given(st.data())
    def check(data: st.DataObject) -> None:
        hold(bundle_edits.edited(data.draw, members))

    def hold(content: bytes) -> None:
        path.write_bytes(content)
        try:
            code, said = call("import", str(path), "--storage", url)
            if code:
                assert rows(url) == 0, f"refused, but something was written: {said}"
                counted["refused"] += 1
                return
            counted["added"] += 1
            use(url, folder / "again.bundle")
        except AssertionError as error:
            counted[f"WRONG: {error}"] += 1
            shutil.copy(path, folder / f"wrong-{counted.total()}.bundle")
        for leftover in folder.glob("target.db*"):
            leftover.unlink()
        shutil.copy(empty, folder / "target.db")

    hold(bundle)
    check()
    return counted


def use(url: str, out: Path) -> None:
    """Read, verify and bundle again all that was added."""
    with Registry(url) as registry:
        refs = [version.ref for version in registry.find(None)]
        names = [model.name for model in registry.models()]
    lines = [["models"], ["list"], ["list", "--json"], ["verify"], ["import", str(out)]]
    lines += [["bundle", *refs, "--force", "--out", str(out)]] if refs else []
    lines += [[command, name] for name in names for command in ("history", "list")]
    lines += [["show", ref, *more] for ref in refs for more in ([], ["--json"])]
    for line in sorted(lines, key=lambda line: line[0]):
        code, said = call(*line, "--storage", url)
        assert code == 0, f"{line}: {said}"


def call(*words: str) -> tuple[int, str]:
    """Run a command line of `registry` here; return its exit code and what it said."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = run(APPS["registry"], "registry", list(words))
    assert "fault of the program" not in err.getvalue(), f"{words}: {err.getvalue()}"
    return code, err.getvalue()


def rows(url: str) -> int:
    """Return how many rows of versions, their parts and models there are."""
    engine = open_engine(url)
    counts = [sa.select(sa.func.count()).select_from(table).scalar_subquery() for table in _WRITTEN]
    with engine.connect() as connection:
        total = sum(connection.execute(sa.select(*counts)).one())
    engine.dispose()
    return total


_WRITTEN = [table for name, table in metadata.tables.items() if name != "registry_settings"]
