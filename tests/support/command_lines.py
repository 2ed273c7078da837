"""Command lines that may be anything: words, names, filters, URLs, numbers, for every command that answers at once."""

from __future__ import annotations

import base64
import io
import json
import os
import shutil
from collections import Counter
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import optuna
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry import Registry, Source
from registry.core.console import run
from registry.core.database.engine import open_engine
from search.creation.create import begin_study
from search.problems.inspection import Inspection
from search.records.settings import Settings
from tests.support.commands import APPS, COMMANDS

# These train, serve, load Keras, or ask other machines; a test of their own holds each.
SLOW = {
    *("search run", "search create", "search worker", "search confirm", "search dashboard"),
    *("fmnist baselines", "fmnist reference", "fmnist pictures"),
    *("registry export", "registry load-check", "registry reproduce", "registry import-mlflow", "registry serve"),
    "registry hook deliver",  # runs what `registry hook add` was given
}
QUICK = sorted(set(COMMANDS) - SLOW)


def _one_of(words: str) -> st.SearchStrategy[str]:
    return st.sampled_from(words.split())


_TEXT = st.text(st.characters(exclude_characters="/~"), max_size=12)
_NUMBERS = st.integers().map(str) | st.floats().map(str) | _one_of(f"0 1 -1 1e9 {'9' * 30} 1_0 ٣")
_REFS = _one_of(f"toy toy/1 toy/2 toy@champion other/1 s toy/0 toy/99 toy@ @x /1 toy/{'9' * 30}")
_URLS = _TEXT.map("sqlite:///{}".format) | _one_of(
    """
    sqlite:///none.db sqlite:// sqlite:/// sqlite:///. sqlite:///:memory: sqlite:///text.txt sqlite:///empty.db
    sqlite:///studies.db?timeout=x sqlite:///studies.db?x=1 sqlite://host/studies.db sqlite:////dev/null
    sqlite:///file:studies.db?mode=ro&uri=true sqlite+aiosqlite:///studies.db mysql://127.0.0.1/x http://127.0.0.1
    postgresql://127.0.0.1:1/x postgresql://127.0.0.1:99999/x postgresql://127.0.0.1:a/x postgresql://[::1 a:b ://
    postgresql:///x?host=/none postgresql://127.0.0.1:1/x?sslmode=odd postgresql://127.0.0.1:1/x?connect_timeout=odd
    postgresql+asyncpg://127.0.0.1:1/x postgresql+psycopg2://127.0.0.1:1/x postgresql://127.0.0.1:1/x?odd=1
    """
)
_PATHS = _one_of("x.png x.html x.json x.keras none/x.csv studies.db . text.txt empty.db") | st.just("")
_TOKENS = _one_of(
    f"""
    epoch score params.units params val_accuracy best.loss tag.team alias created state "a" . , ( ) = != < >= <> in
    not and or like is null asc desc 1 -2.5 1e999 {"9" * 400} 'text' '%' '2026-01-01' ' " true (1,2) ('a')
    """
)
_TESTS = st.tuples(
    _one_of("epoch score created alias tag.team params.units val_accuracy study seed bytes"),
    st.sampled_from(["=", "<", "!=", "in", "not in", "like", "is"]),
    _one_of(f"1 1e999 'a' '2026-13-01' '0001-01-01' '9999-12-31' (1,'a') null {'9' * 300} true"),
)
_FILTERS = (st.lists(_TOKENS, max_size=9) | _TESTS).map(" ".join)
_KEYS = st.none() | st.integers() | st.floats() | _TEXT | st.sampled_from(["0001-01-01T00:00:00+12:00", "\ud800"])
_CURSORS = st.tuples(_one_of("score created study epoch") | st.just(""), st.integers(-1, 3), _KEYS, st.integers()).map(
    lambda cursor: base64.urlsafe_b64encode(json.dumps(cursor).encode()).decode().rstrip("=")
)
_ANY = _REFS | _TEXT | _NUMBERS | _FILTERS | _PATHS | _one_of("--json -- - --help --x max min")
_BY_NAME = {
    "storage": _URLS,
    **dict.fromkeys(("where", "sort"), _FILTERS),
    "after": _CURSORS,
    **dict.fromkeys(("limit", "grace", "margin", "trials", "version"), _NUMBERS),
    **dict.fromkeys(("out", "data_dir", "bundle", "artifacts", "store", "images", "file"), _PATHS),
}


@st.composite
def command_lines(draw: Any) -> list[str]:
    """Return a command line: a command that there is, most of what it needs, and some of its options."""
    name = draw(st.sampled_from(QUICK))
    words = name.split(" ")
    for parameter in COMMANDS[name].params:
        option = parameter.opts[0].startswith("--")
        if draw(st.integers(0, 9)) < (7 if option else 1):
            continue
        if option:
            words.append(parameter.opts[0])
        if not option or not getattr(parameter, "is_flag", False):
            mostly = _BY_NAME.get(parameter.name, _REFS)
            words.append(draw(_ANY if draw(st.integers(0, 5)) == 0 else mostly))
    if "--watch" in words:
        words.remove("--watch")  # goes on until the study is done
    if draw(st.integers(0, 9)) == 0:
        words.insert(draw(st.integers(1, len(words))), draw(_ANY))
    if "--storage" not in words:
        words += ["--storage", "sqlite:///studies.db"] if draw(st.booleans()) else []
    return words


def prepared(folder: Path) -> Path:
    """Return a folder with a database of a few versions and a study, and with files that are none."""
    home = folder / "home"
    home.mkdir()
    (home / "empty.db").touch()
    (home / "text.txt").write_text("a text and no database, longer than a header would be " * 9)
    url = f"sqlite:///{home}/studies.db"
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    engine = open_engine(url)
    inspection = Inspection(
        problem="search.toy:toy", model="toy", metric="val_accuracy", direction="max", space={"hyperparameters": []},
        space_fingerprint="", data_fingerprint="", grid_size=1,
    )  # fmt: skip
    begin_study(engine, "s", inspection, Settings(), 3)
    engine.dispose()
    with Registry(url) as registry:
        for number, score in enumerate([0.5, 0.9, float("nan")], 1):
            registry.register(
                "toy",
                weights=b"weights %d" % number,
                score=score,
                metric="val_accuracy",
                direction="max",
                epoch=1,
                params={"units": number, "name": "x\x1b" if number > 1 else None},
                curves={"val_accuracy": [score], "loss": [float("inf")]},
                source=Source(study="s", trial=number),
            )
        registry.register("other", weights=None, score=1, metric="loss", direction="min", epoch=1, params={})
        registry.set_alias("toy", "champion", 2)
        registry.set_tag("toy/1", "team", "=cmd()")
    return home


def fuzz(folder: Path, lines: int) -> Counter[str]:
    """Run as many command lines; return how they ended, and what was wrong, by its text."""
    home, counted = prepared(folder), Counter[str]()
    clean = shutil.copytree(home, folder / "clean")
    environ = {"FMNIST_DATA_DIR": str(home / "none"), "STUDIES_URL": "sqlite:///studies.db", "COLUMNS": "80"}
    before = dict(os.environ)

    # Few are the same each time, so that a test that passes goes on passing; many are others each time.
    repeated = lines < 1000

    @settings(
        max_examples=lines, deadline=None, database=None, derandomize=repeated, suppress_health_check=list(HealthCheck)
    )
    @given(command_lines())
    def check(words: list[str]) -> None:
        out, err = io.StringIO(), io.StringIO()
        with chdir(home), redirect_stdout(out), redirect_stderr(err):
            try:
                code: Any = run(APPS[words[0]], words[0], words[1:])
            except BaseException as error:
                code = f"{type(error).__name__}: {error}"
        if code in (0, 1, 2) and "fault of the program" not in err.getvalue():
            counted[f"exit {code}"] += 1
        else:
            counted[f"WRONG: {code} {err.getvalue():.300} after {words}"] += 1
        if words[:2] not in (["registry", "list"], ["registry", "show"], ["registry", "best"]):
            shutil.rmtree(home)
            shutil.copytree(clean, home)

    os.environ.update(environ)
    try:
        check()
    finally:
        os.environ.clear()
        os.environ.update(before)
    return counted
