"""Laws that hold for any values."""

from __future__ import annotations

import math
import struct
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry import LossCurve, Registry, Source, UsageError
from registry.values.encoding import pack_curve, pack_param, unpack_curve, unpack_param
from registry.values.refs import Ref, parse_ref

LAW = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20)
params = st.none() | st.booleans() | st.integers() | st.floats() | texts
doubles = st.floats(width=64)


def bits(value):
    """Return what tells two floats apart, NaN and -0.0 included, and leaves the rest."""
    return struct.pack("<d", value) if isinstance(value, float) else value


@given(st.lists(doubles, max_size=50))
def test_a_curve_comes_back_bit_for_bit(values):
    found = unpack_curve("loss", pack_curve(LossCurve("loss", tuple(values))))
    assert [bits(value) for value in found.values] == [bits(value) for value in values]


@given(params)
def test_a_param_comes_back_with_its_type(value):
    row = pack_param("p", value)
    found = unpack_param(row["kind"], row["text"])
    assert type(found) is type(value)
    assert found == value or (math.isnan(found) and math.isnan(value))


model_names = st.from_regex(r"\A\w[\w.-]{0,20}\Z")


@given(st.builds(Ref, model_names) | st.builds(Ref, model_names, version=st.integers(1, 10**9 - 1)))
def test_a_reference_is_read_as_it_is_written(ref):
    assert parse_ref(str(ref)) == ref


@given(model_names, model_names)
def test_an_alias_is_read_as_it_is_written(model, alias):
    assert parse_ref(f"{model}@{alias}") == Ref(model, alias=alias)


@pytest.mark.parametrize("text", ["", "/3", "a/", "a/0", "a/-1", "a/03", "a/b", "a@", "@b", "a@b/3", "a b", "a/1/2"])
def test_what_is_no_reference(text):
    with pytest.raises(UsageError, match="expected MODEL, MODEL/3 or MODEL@ALIAS"):
        parse_ref(text)


@LAW
@given(
    params=st.dictionaries(names, params, max_size=5),
    curves=st.dictionaries(names, st.lists(doubles, max_size=6), max_size=3),
    score=doubles,
    libraries=st.dictionaries(texts, texts, max_size=3),
    when=st.datetimes(timezones=st.just(UTC), min_value=datetime(1970, 1, 1), max_value=datetime(2200, 1, 1)),
)
def test_what_is_registered_is_what_is_found(sqlite_registry, params, curves, score, libraries, when):
    sqlite_registry._clock = lambda: when
    curves.pop("objective", None)
    made = sqlite_registry.register(
        "any",
        weights=None,
        score=score,
        metric="objective",
        direction="min",
        epoch=2,
        params=params,
        curves=curves,
        source=Source(libraries=libraries),
    )
    found = sqlite_registry.get(made.ref)
    assert made.as_dict() == found.as_dict()
    assert (made.source, made.stop_reason, made.seconds) == (found.source, found.stop_reason, found.seconds)
    assert {name: bits(value) for name, value in found.params.items()} == {
        name: bits(float("nan") if isinstance(value, float) and math.isnan(value) else value)
        for name, value in params.items()
    }
    assert {name: [bits(value) for value in curve.values] for name, curve in found.curves.items()} == {
        name: [bits(value) for value in values] for name, values in curves.items()
    }
    assert (found.score == score) or (math.isnan(found.score) and math.isnan(score))
    assert found.source.libraries == libraries
    assert found.created_at == when


@LAW
@given(
    scores=st.lists(st.sampled_from([0.1, 0.2, 0.3, 0.4, math.nan]), max_size=12),
    top_k=st.integers(1, 4),
    direction=st.sampled_from(["max", "min"]),
    pin_every=st.integers(2, 6),
)
def test_top_k_agrees_with_plain_python(tmp_path_factory, scores, top_k, direction, pin_every):
    with Registry(f"sqlite:///{tmp_path_factory.mktemp('k')}/k.db", create=True) as registry:
        kept, pinned = [], set()
        for trial, score in enumerate(scores):
            version = registry.register(
                "toy",
                weights=str(trial).encode(),
                score=score,
                metric="m",
                direction=direction,
                epoch=1,
                params={},
                curves={},
                source=Source("s", trial),
                top_k=top_k,
            )
            sign = -1 if direction == "max" else 1
            ahead = [other for other, _ in kept if sign * other <= sign * score]
            assert (version is not None) == (not math.isnan(score) and len(ahead) < top_k)
            if version is not None:
                kept.append((score, version.version))
                if version.version % pin_every == 0:
                    registry.set_alias("toy", f"pin{version.version}", version.version)
                    pinned.add(version.version)
        winners = sorted(kept, key=lambda pair: (sign * pair[0], pair[1]))[:top_k] if kept else []
        expected = {number for _, number in winners} | pinned
        stored = {version.version for version in registry.list("toy") if version.weights} if kept else set()
        assert stored == expected


@pytest.mark.parametrize("value", [3, None, Ref("fmnist", version=3)])
def test_what_is_no_text_is_no_reference(value):
    with pytest.raises(UsageError, match="a reference is of type .*; expected MODEL, MODEL/3 or MODEL@ALIAS"):
        parse_ref(value)
