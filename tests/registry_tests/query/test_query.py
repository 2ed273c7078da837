"""Filters, sorts and pages: what they say when they are wrong, and what they find."""

from __future__ import annotations

import base64
import csv
import io
import json
import math
import sys
from contextlib import suppress
from datetime import UTC, datetime

import pytest

from registry import Registry, UsageError
from registry.cli import app
from registry.core.console import run
from registry.query.language import fields as f
from registry.query.language.errors import FilterError
from registry.query.language.grammar import parse_filter, parse_sort
from registry.query.language.tree import And, Compare, Field, IsNull, Like, Order, Within

NOW = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shop_url(request, tmp_path_factory):
    """Give the URL of a database with six versions of ``toy`` and one of ``other``; the tests only read it."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('query')}/studies.db"
    else:
        url = request.getfixturevalue("postgres")()
    with Registry(url, create=True, clock=lambda: NOW) as made:
        for number, score in enumerate([0.5, 0.9, math.nan, 0.7, 0.9, 0.2], 1):
            params = {"dropout": number / 10, "units#2": number, "name": None if number == 3 else f"n{number}"}
            curves = {"val_accuracy": [score], "loss": [1.0 - score]}
            add(made, "toy", score, params=params, curves=curves, tags={"team": "vision" if number % 2 else "Speech"})
        add(made, "other", 0.8, params={"dropout": "none"}, curves={"val_accuracy": [0.8]}, weights=None)
        made.set_alias("toy", "champion", 2)
    return url


@pytest.fixture
def shop(shop_url):
    with Registry(shop_url) as opened:
        yield opened


def add(registry, model, score, **given):
    fields = {"weights": f"weights {score}".encode(), "metric": "val_accuracy", "direction": "max", "epoch": 1}
    registry.register(model, score=score, **(fields | {"params": {}, "curves": {}} | given))


def refs(found):
    return [version.ref for version in found]


def test_a_filter_is_read():
    found = parse_filter(
        "val_accuracy > 0.88 AND params.dropout <= .3 and (tag.team = 'it''s' and \"a b\" is not null)"
    )
    assert found == And(
        (
            Compare(Field("metrics", "val_accuracy"), ">", 0.88),
            Compare(Field("params", "dropout"), "<=", 0.3),
            And((Compare(Field("tag", "team"), "=", "it's"), IsNull(Field("metrics", "a b"), True))),
        )
    )


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("epoch", Field("own", "epoch")),
        ('"epoch"', Field("metrics", "epoch")),
        ("metrics.epoch", Field("metrics", "epoch")),
        ("best.loss", Field("best", "loss")),
        ("last.val_loss", Field("last", "val_loss")),
        ("params.in", Field("params", "in")),
        ("params.opt.lr", Field("params", "opt.lr")),
        ('params."units#2"', Field("params", "units#2")),
        ("tag.ci-run", Field("tag", "ci-run")),
        ("android", Field("metrics", "android")),
    ],
)
def test_a_field_is_read(text, field):
    assert parse_filter(f"{text} = 1") == Compare(field, "=", 1)
    assert parse_sort(f"{text} desc") == Order(field, descending=True)


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("", 1, "it ends here; expected not, ( or a name"),
        ("loss >", 7, "it ends here; expected a number, a text in single quotes, true or false"),
        ("loss > > 3", 8, "'>' came; expected a number"),
        ("tag.team = vision", 12, "write texts in quotes: 'vision'"),
        ("tag.team = 'vision", 12, "the text that begins with ' here has no end"),
        ("loss = null", 8, "ask for what is missing with `is null`"),
        ("loss = 1 && epoch = 2", 10, "combine with and, or and not"),
        ("(loss = 1", 10, "it ends here; expected )"),
        ("loss = 1)", 9, "')' came; expected the end"),
        ("tags.team = 'a'", 1, "'tags' cannot stand before a dot; did you mean 'tag'?"),
        ("loss like 3", 11, "'3' came; expected a text in single quotes"),
        ("params.dropout", 15, "it ends here; expected not, in, like, is or ="),
    ],
)
def test_a_wrong_filter_says_where_and_what_was_expected(text, column, message):
    with pytest.raises(FilterError) as caught:
        parse_filter(text)
    assert f"column {column}: " in str(caught.value)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.picture.splitlines()[1] == " " * (column - 1) + "^"


@pytest.mark.parametrize(
    "text", ["not " * 2000 + "loss = 1", " or ".join(["loss = 1"] * 300), "(" * 9000, "x" * 10_001]
)
def test_no_filter_is_too_long_for_the_program(shop, text):
    with pytest.raises(UsageError, match="expected"):
        shop.find("toy", text)


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("los < 1", "no version has a metric 'los'; did you mean 'loss'?"),
        ("dropout < 1", "no version has a metric 'dropout'; did you mean params.dropout?"),
        ("params.dropuot < 1", "no version has a param 'dropuot'; did you mean 'params.dropout'?"),
        ("best.los < 1", "did you mean 'best.loss'?"),
        ("params.epoch < 1", "did you mean epoch?"),
        ("score = 'a'", "score is compared with 'a'; expected a number"),
        ("tag.team = 3", "tag.team is compared with 3; expected a text in quotes"),
        ("created > 'soon'", "created is compared with 'soon'; expected a moment such as '2026-11-23'"),
        ("alias > 'a'", "an alias cannot be > another"),
        ("loss like 'a'", "metrics.loss is no text"),
    ],
)
def test_a_filter_of_wrong_names_or_kinds_says_what_was_meant(shop, where, message):
    with pytest.raises(FilterError) as caught:
        shop.find("toy", where)
    assert message in str(caught.value)
    assert caught.value.at == 0


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("score >= 0.7", [2, 4, 5]),
        ("val_accuracy > 0.5 and params.dropout <= 0.4 and tag.team = 'Speech'", [2, 4]),
        ("not score >= 0.7", [1, 3, 6]),
        ("score is null", [3]),
        ('params."units#2" in (1, 2, 99)', [1, 2]),
        ("params.name != 'n1'", [2, 4, 5, 6]),
        ("params.name is null or alias = 'champion'", [2, 3]),
        ("tag.team like 's%'", []),
        ("tag.team like 'S%h'", [2, 4, 6]),
        ("tag.nobody-has = 'a'", []),
        ("alias is null and version > 4", [5, 6]),
        ("created >= '2026-11-23' and created < '2026-11-24'", [1, 2, 3, 4, 5, 6]),
        ("model = 'other'", []),
        ("bytes > 10", [1, 2, 3, 4, 5, 6]),
        ("last.loss < 0.2", [2, 5]),
    ],
)
def test_what_fits(shop, where, expected):
    assert [version.version for version in shop.list("toy", where=where)] == expected


@pytest.mark.parametrize("name", ["epoch", "score", "params.dropout", "last.loss", "trial"])
@pytest.mark.parametrize("numbers", [range(999), [0.5, *range(998)]], ids=["whole", "mixed"])
def test_a_thousand_values(shop, name, numbers):
    few = [number for number in numbers if number < 64]
    for operator in ("in", "not in"):
        long, short = (shop.find(None, f"{name} {operator} ({','.join(map(str, each))})") for each in (numbers, few))
        assert refs(long) == refs(short)


def test_text_and_python_mean_the_same(shop):
    where = (f.metric("val_accuracy") > 0.5) & (f.params["dropout"] <= 0.4) & ~(f.tag["team"] == "vision")
    text = "val_accuracy > 0.5 and params.dropout <= 0.4 and not tag.team = 'vision'"
    assert refs(shop.find("toy", where)) == refs(shop.find("toy", text)) == ["toy/2", "toy/4"]
    assert (f.study == None) == IsNull(Field("own", "study"))  # noqa: E711 - as SQLAlchemy has it
    assert f.epoch.in_([1, 2]) == Within(Field("own", "epoch"), (1, 2))
    assert f.best("loss").is_not_null() | f.stop_reason.not_like("a%") != Like(Field("own", "study"), "a")


def test_python_filters_that_mean_nothing(shop):
    with pytest.raises(UsageError, match="combine filters with &"):
        _ = 1 < f.epoch < 3
    with pytest.raises(AttributeError, match="did you mean 'epoch'"):
        _ = f.epohc
    with pytest.raises(UsageError, match="expected a number, a text"):
        _ = f.epoch > [1]
    with pytest.raises(UsageError, match="NaN, which nothing equals"):
        shop.find("toy", f.score == math.nan)
    with pytest.raises(UsageError, match="expected text, or an expression"):
        shop.find("toy", 3)


def test_best_among_those_that_fit(shop):
    assert shop.best("toy").ref == "toy/2"
    assert shop.best("toy", where="tag.team = 'vision'").ref == "toy/5"
    assert shop.best("toy", "loss", where="params.dropout > 0.3 and score < 0.8").ref == "toy/4"
    with pytest.raises(Exception, match="no version of 'toy' that has a value of 'val_accuracy' fits the filter"):
        shop.best("toy", where="params.dropout > 7")


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        (None, [1, 2, 3, 4, 5, 6]),
        ("score", [6, 1, 4, 2, 5, 3]),
        ("val_accuracy desc", [2, 5, 4, 1, 6, 3]),
        ("last.loss", [2, 5, 4, 1, 6, 3]),
        ("tag.team", [2, 4, 6, 1, 3, 5]),
        ("params.name desc", [6, 5, 4, 2, 1, 3]),
        ("created", [1, 2, 3, 4, 5, 6]),
        ("bytes desc", [1, 2, 3, 4, 5, 6]),
    ],
)
@pytest.mark.parametrize("limit", [1, 2, 6])
def test_pages_put_together_are_the_whole(shop, sort, expected, limit):
    found, after = [], None
    while True:
        page = shop.find("toy", sort=sort, limit=limit, after=after)
        found += [version.version for version in page]
        assert len(page) <= limit
        if page.next is None:
            break
        after = page.next
    assert found == expected


def test_numbers_come_before_texts_and_all_models_may_be_asked(shop):
    assert refs(shop.find(sort="params.dropout"))[-2:] == ["toy/6", "other/1"]
    assert refs(shop.find(sort="params.dropout desc"))[:2] == ["other/1", "toy/6"]
    assert refs(shop.find(where="model like 'o%'")) == ["other/1"]


def test_a_page_goes_on_where_the_last_one_ended_though_better_ones_came(sqlite_registry, register):
    for score in (0.5, 0.9, 0.7, 0.9):
        register(sqlite_registry, score)
    first = sqlite_registry.find("toy", sort=f.metric("val_accuracy").desc(), limit=2)
    register(sqlite_registry, 0.95)
    second = sqlite_registry.find("toy", sort="val_accuracy desc", limit=2, after=first.next)
    assert refs(first) + refs(second) == ["toy/2", "toy/4", "toy/3", "toy/1"]


@pytest.mark.parametrize("cursor", ["x", "!!", "WzFd", "bnVsbA", "W10", "WyIiLDcsbnVsbCwxXQ", "WyIiLDAsbnVsbCwiYSJd"])
def test_no_cursor(shop, cursor):
    with pytest.raises(UsageError, match="is no cursor"):
        shop.find("toy", after=cursor)


@pytest.mark.parametrize("key", [10**30, math.nan, "\ud800", "a\0", [], {}, "0001-01-01T00:00:00+12:00", "9" * 9])
@pytest.mark.parametrize("sort", ["created", "score", "study"])
def test_a_cursor_of_a_value_that_cannot_be(shop, key, sort):
    cursor = base64.urlsafe_b64encode(json.dumps([sort, 0, key, 1]).encode()).decode().rstrip("=")
    with suppress(UsageError):  # and nothing else
        assert shop.find("toy", sort=sort, after=cursor).next is None


@pytest.mark.parametrize("limit", [0, -1, 2**31, 10**30])
def test_no_limit(shop, limit):
    with pytest.raises(UsageError, match=f"the limit is {limit}; expected 1 to 2147483647, or None for all"):
        shop.find("toy", limit=limit)


def test_a_cursor_of_another_sort(shop):
    following = shop.find("toy", sort="score", limit=1).next
    with pytest.raises(UsageError, match="sorted by 'score', not by 'score desc'"):
        shop.find("toy", sort="score desc", after=following)


@pytest.mark.parametrize(
    ("sort", "message"), [("alias", "several aliases"), ("lsos", "did you mean 'loss'"), (3, "the sort is 3")]
)
def test_wrong_sorts(shop, sort, message):
    with pytest.raises(UsageError, match=message):
        shop.find("toy", sort=sort)


def test_compare_says_what_differs(shop):
    found = shop.compare(["toy/1", "toy@champion", "other"])
    assert refs(found.versions) == ["toy/1", "toy/2", "other/1"]
    assert found.differing == {
        "dropout": (0.1, 0.2, "none"),
        "name": ("n1", "n2", None),
        "units#2": (1, 2, None),
    }
    assert found.same == {}
    assert found.metrics["loss"] == (0.5, pytest.approx(0.1), None)
    assert [curve and curve.values for curve in found.curves["val_accuracy"]] == [(0.5,), (0.9,), (0.8,)]
    assert shop.compare(["toy/1", "toy/1"]).same["dropout"] == 0.1


def test_tables(shop, tmp_path, capsys, shop_url):
    import pandas as pd

    frame = shop.find("toy", "version < 3").to_frame()
    assert list(frame["params.dropout"]) == [0.1, 0.2]
    assert list(frame["tag.team"]) == ["vision", "Speech"]

    def call(*words):
        code = run(app, "registry", ["list", *words, "--storage", shop_url])
        return code, capsys.readouterr()

    code, said = call("--sort", "loss desc", "--limit", "2", "--json")
    assert [one["version"] for one in json.loads(said.out)] == [6, 1]
    cursor = said.err.split("--after ")[1].strip()
    said = call("--sort", "loss desc", "--after", cursor, "--json")[1]
    assert json.loads(said.out)[0]["version"] == 4
    code, said = call("toy", "--where", "score > 0.8", "--format", "csv")
    assert code == 0
    assert said.out.splitlines()[0].startswith("model,version,score")
    assert len(said.out.splitlines()) == 3
    table = list(csv.DictReader(io.StringIO(call("--format", "csv")[1].out)))
    assert {row["params.units#2"] for row in table} == {"", "1", "2", "3", "4", "5", "6"}  # one version has none
    out = tmp_path / "all.parquet"
    assert call("--format", "parquet", "--out", str(out))[0] == 0
    stored = pd.read_parquet(out)
    assert list(stored["params.dropout"]) == ["0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "none"]
    assert stored["score"].isna().sum() == 1
    assert call("--format", "parquet")[0] == call("--format", "xml")[0] == call("--format", "csv", "--json")[0] == 2


def test_a_wrong_filter_on_the_command_line_is_one_line(shop, capsys, shop_url):
    assert run(app, "registry", ["best", "toy", "--where", "los > 1", "--storage", shop_url]) == 2
    said = capsys.readouterr()
    assert said.err == "registry: in 'los > 1', column 1: no version has a metric 'los'; did you mean 'loss'?\n"


def test_parquet_without_pyarrow_says_what_to_install(shop, tmp_path, monkeypatch):
    from registry.versions.frame import write_parquet

    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UsageError, match=r"pip install 'studies\[parquet\]'"):
        write_parquet(shop.find().versions, tmp_path / "a.parquet")
