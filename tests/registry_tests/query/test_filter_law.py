"""The filter's SQL, on both databases, agrees with a plain Python evaluation on any data and any expression."""

from __future__ import annotations

import itertools
import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from support.plain_filter import evaluate, matches, written

from registry import Registry, Source
from registry.query import filters
from registry.query.language.grammar import parse_filter
from registry.query.language.tree import And, Compare, Field, IsNull, Like, Not, Or, Within

NOW = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)
TEXTS = ["", "a", "A", "b", "aB", "é", "z", "1", "1.0", "True", "a%b", "a_b", "a*b", "[a]", "\\", "it's", "\U0001f600"]
NUMBERS = [0, 1, -1, 2, 3.5, 0.1, 1e-300, 1e300, 2**53, 2**53 + 1, -(2**62), 10**400, math.inf, -math.inf]
texts = st.sampled_from(TEXTS) | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=4)
numbers = st.sampled_from(NUMBERS) | st.booleans() | st.floats(allow_nan=False) | st.integers(-5, 5)
measured = st.sampled_from([math.nan, math.inf, -math.inf, 0.1, 0.5, 0.5, 1.0]) | st.floats()
PARAMS, METRICS, TAGS = ["p", "units#2"], ["val_accuracy", "loss", "odd one"], ["team", "stage"]

versions = st.fixed_dictionaries(
    {
        "params": st.dictionaries(st.sampled_from(PARAMS), numbers | texts | st.none() | st.just(math.nan)),
        "curves": st.dictionaries(st.sampled_from(METRICS[1:]), st.lists(measured, max_size=3)),
        "score": measured.filter(lambda score: score != math.inf),  # which no version can have
        "epoch": st.integers(1, 3),
        "tags": st.dictionaries(st.sampled_from(TAGS), texts),
        "study": st.sampled_from([None, "s", "S", "t"]),
        "seconds": st.none() | st.sampled_from([0.5, 2.0]),
        "parameters": st.none() | st.integers(0, 2**62),
        "seed": st.none() | st.sampled_from([0, 2**53 - 1, 2**53 + 1, 2**62 + 1]),
        "stop_reason": st.none() | st.sampled_from(["pruned", "max_epochs"]),
        "weights": st.none() | st.binary(max_size=3),
        "alias": st.lists(st.sampled_from(["champion", "Next", "a"]), unique=True, max_size=2),
    }
)

own_numbers = ["bytes", "epoch", "parameters", "score", "seconds", "seed", "trial", "version"]
number_fields = st.sampled_from(
    [Field("own", name) for name in own_numbers]
    + [Field(space, name) for space in ("metrics", "best", "last") for name in METRICS]
)
text_fields = st.sampled_from(
    [Field("own", name) for name in ("model", "study", "problem", "state", "stop_reason")]
    + [Field("tag", name) for name in TAGS]
)
any_fields = st.sampled_from([Field("params", name) for name in PARAMS])
alias = st.just(Field("own", "alias"))
created = st.just(Field("own", "created"))
moments = st.sampled_from([NOW, NOW + timedelta(minutes=2), NOW.replace(tzinfo=None)]).map(datetime.isoformat)
names = texts | st.sampled_from(["champion", "Next", "s", "S", "pruned", "ready"])
patterns = st.sampled_from(["%", "_", "a%", "%a", "a\\%b", "a\\_b", "\\", "a*", "[a]", "%B", "Champion", "_%"]) | names
equal = st.sampled_from(["=", "!="])
signs = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])


def pairs(fields, values, operators=signs):
    return st.builds(Compare, fields, operators, values) | st.builds(
        Within, fields, st.lists(values, min_size=1, max_size=3).map(tuple), st.booleans()
    )


tests = (
    pairs(number_fields, numbers)
    | pairs(text_fields, names)
    | pairs(any_fields, numbers | texts)
    | pairs(alias, names, equal)
    | pairs(created, moments)
    | st.builds(Like, text_fields | any_fields | alias, patterns, st.booleans())
    | st.builds(IsNull, number_fields | text_fields | any_fields | alias | created, st.booleans())
)
expressions = st.recursive(
    tests,
    lambda inner: (
        st.builds(Not, inner)
        | st.lists(inner, min_size=2, max_size=3).map(tuple).map(And)
        | st.lists(inner, min_size=2, max_size=3).map(tuple).map(Or)
    ),
    max_leaves=6,
)


@pytest.fixture
def shop(registry):
    """Give a registry in which every name is known already."""
    minutes = itertools.count()
    registry._clock = lambda: NOW + timedelta(minutes=next(minutes) % 4)
    add(registry, "known", 0, {"params": dict.fromkeys(PARAMS, 1), "curves": {name: [0.5] for name in METRICS[1:]}})
    return registry


def add(registry: Registry, model: str, trial: int, fields: dict) -> None:
    given = {"weights": None, "score": 0.5, "epoch": 1} | fields
    marks, study = given.pop("alias", []), given.pop("study", None)
    source = Source(study=study, trial=trial if study else None, seed=given.pop("seed", None))
    made = registry.register(model, metric="val_accuracy", direction="max", source=source, **given)
    for name in marks:
        registry.set_alias(model, name, made.version, force=True)


# Without shrinking: one example is many statements.
@settings(
    max_examples=6,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(
    data=st.lists(versions, min_size=1, max_size=5),
    asked=st.lists(expressions, min_size=12, max_size=12),
    rare=st.sampled_from([0, filters.RARE]),
)
def test_sql_agrees_with_python(shop, monkeypatch_rare, data, asked, rare):
    monkeypatch_rare(rare)
    model = f"m{next(COUNT)}"
    for trial, fields in enumerate(data):
        add(shop, model, trial, fields)
    stored = shop.list(model)
    for expression in asked:
        expected = [version.ref for version in stored if evaluate(expression, version)]
        assert [version.ref for version in shop.find(model, expression)] == expected, written(expression)
        # Sorted by a metric or param, other rows are walked, and the same versions found.
        for sort in ("val_accuracy", "params.p desc"):
            assert {version.ref for version in shop.find(model, written(expression), sort=sort)} == set(expected)


COUNT = itertools.count()


@pytest.fixture
def monkeypatch_rare(monkeypatch):
    """Give a function that says below how many versions a test counts as rare."""
    return lambda most: monkeypatch.setattr(filters, "RARE", most - 1)


@given(expressions)
def test_what_is_written_is_what_is_read(expression):
    found = parse_filter(written(expression))
    assert same(found) == same(expression)


def same(expression):
    """Return an expression's text; whole floats and ints, and infinities of any spelling, are the same number."""
    return repr(parse_filter(written(expression)))


@given(st.sampled_from(TEXTS) | texts)
def test_a_text_fits_the_pattern_that_it_is(text):
    assert matches(text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_"), text)
