"""What a build sees through the bridge is what KerasTuner's own class shows it for the same values."""

from __future__ import annotations

import keras_tuner
from hypothesis import given, settings
from hypothesis import strategies as st
from keras_tuner.engine import hyperparameters as kt

from search.space.hyperparameters import SampledHyperParameters

NAMES = st.sampled_from(["a", "b", "c"])
STEP = st.sampled_from([None, 2, 3])
SAMPLING = st.sampled_from(["linear", "log", "reverse_log"])
CHOICES = st.one_of(
    st.lists(st.integers(-3, 9), min_size=1, max_size=4),
    st.lists(st.sampled_from([0.5, 1.5, 2.0]), min_size=1, max_size=3),
    st.lists(st.sampled_from(["x", "y", "relu"]), min_size=1, max_size=3),
    st.lists(st.booleans(), min_size=1, max_size=2),
)
VALUES = st.one_of(st.integers(0, 9), st.sampled_from([0.5, "x", True, False]))


@st.composite
def declarations(draw):
    """Return a call that declares one hyperparameter, as its method and arguments."""
    kind, name = draw(st.sampled_from(["Int", "Float", "Choice", "Boolean", "Fixed"])), draw(NAMES)
    if kind == "Int":
        low = draw(st.integers(1, 5))
        options = {"step": draw(STEP), "sampling": draw(SAMPLING), "default": draw(st.sampled_from([None, low]))}
        return kind, (name, low, low + draw(st.integers(0, 9))), options
    if kind == "Float":
        low = draw(st.sampled_from([0.1, 1.0]))
        return kind, (name, low, low * draw(st.sampled_from([1.0, 10.0]))), {"sampling": draw(SAMPLING)}
    if kind == "Choice":
        values = draw(CHOICES)
        return kind, (name, values), {"default": draw(st.sampled_from([None, values[-1]]))}
    return kind, (name, draw(VALUES)) if kind == "Fixed" else (name,), {}


def blocks(inner):
    """Return scopes around programs, and copies and merges of them."""
    scoped = st.tuples(st.just("scope"), st.sampled_from(["net", "deep"]), inner)
    conditional = st.tuples(st.just("if"), NAMES, st.lists(VALUES, min_size=1, max_size=2), inner)
    return st.one_of(
        scoped, conditional, st.tuples(st.just("copy"), inner), st.tuples(st.just("merge"), st.booleans(), inner)
    )


ASKS = st.one_of(
    st.tuples(st.just("declare"), declarations()), st.tuples(st.just("get"), NAMES), st.tuples(st.just("in"), NAMES)
)
PROGRAMS = st.recursive(
    st.lists(ASKS, max_size=5), lambda inner: st.lists(st.one_of(ASKS, blocks(inner)), max_size=4), max_leaves=6
)


def execute(hp, program, fresh, seen):
    """Run a program on hyperparameters and collect what it sees, errors as well."""
    for step in program:
        try:
            _execute(hp, step, fresh, seen)
        except (ValueError, KeyError, TypeError, IndexError) as error:
            seen.append((type(error).__name__, str(error)))
    return seen


def _execute(hp, step, fresh, seen):
    match step:
        case ("declare", (kind, arguments, options)):
            seen.append(getattr(hp, kind)(*arguments, **options))
        case ("get", name):
            seen.append(hp.get(name))
        case ("in", name):
            seen.append(name in hp)
        case ("scope", name, inner):
            with hp.name_scope(name):
                execute(hp, inner, fresh, seen)
        case ("if", parent, values, inner):
            with hp.conditional_scope(parent, values):
                execute(hp, inner, fresh, seen)
        case ("copy", inner):
            execute(hp.copy(), inner, fresh, seen)
        case ("merge", overwrite, inner):
            others = fresh()
            execute(others, inner, fresh, [])
            hp.merge(others, overwrite=overwrite)
            seen.append(dict(hp.values))


def shape(hp):
    """Return what a set of hyperparameters holds, by KerasTuner's own names."""
    config = hp.get_config()
    return [
        (entry["class_name"], entry["config"].get("name"), entry["config"]["conditions"]) for entry in config["space"]
    ]


@settings(max_examples=300)
@given(PROGRAMS, st.dictionaries(st.sampled_from(["a", "b", "net/a", "net/deep/b"]), VALUES, max_size=3))
def test_the_same_program_sees_the_same_values(program, assigned):
    real, ours = keras_tuner.HyperParameters(), SampledHyperParameters()
    real.values, ours.values = dict(assigned), dict(assigned)
    assert execute(ours, program, SampledHyperParameters, []) == execute(real, program, keras_tuner.HyperParameters, [])
    assert ours.values == real.values
    assert shape(ours) == shape(real)
    assert (ours.active_scopes, ours.inactive_scopes) == (real.active_scopes, real.inactive_scopes)


@settings(max_examples=300)
@given(PROGRAMS, st.integers(0, 1000))
def test_what_was_sampled_replays_in_keras_tuners_own_class(program, place):
    """A trial's values, put into KerasTuner's class, make the build see the same."""

    def suggest(asked):
        marks = asked.grid()
        return marks[place % len(marks)]

    program = only_declaring(program)
    ours = SampledHyperParameters(suggest)
    seen = execute(ours, program, SampledHyperParameters, [])
    real = keras_tuner.HyperParameters()
    real.values = dict(ours.values)
    assert execute(real, program, keras_tuner.HyperParameters, []) == seen


def only_declaring(program):
    """Leave out what looks for names before they are declared, and what makes other hyperparameters."""
    kept = [step for step in program if step[0] in ("declare", "scope", "if")]
    return [step if step[0] == "declare" else (*step[:-1], only_declaring(step[-1])) for step in kept]


@given(PROGRAMS)
@settings(max_examples=100)
def test_a_config_goes_to_keras_tuners_class_and_back(program):
    hp = SampledHyperParameters()
    execute(hp, [step for step in program if step[0] != "merge"], SampledHyperParameters, [])
    real = keras_tuner.HyperParameters.from_config(hp.get_config())
    assert real.values == hp.values
    assert shape(real) == shape(hp)
    back = SampledHyperParameters.from_config(real.get_config())
    assert (back.values, shape(back)) == (hp.values, shape(hp))


def test_a_copy_is_apart_from_its_original():
    hp = SampledHyperParameters()
    hp.Int("a", 1, 5)
    copied = hp.copy()
    copied.values["a"] = 4
    copied.Int("b", 1, 5)
    assert hp.values == {"a": 1}
    assert [one.name for one in hp.space] == ["a"]
    assert isinstance(copied, keras_tuner.HyperParameters)


def test_config_of_choices_that_only_we_take():
    hp = SampledHyperParameters()
    hp.Choice("mixed", [None, 1, "x"])
    hp.Choice("flag", [True, False], default=False)
    copied = hp.copy()
    assert [entry["class_name"] for entry in hp.get_config()["space"]] == ["Choice", "Choice"]
    assert [one.values for one in copied.space] == [[None, 1, "x"], [True, False]]
    assert copied.values == {"mixed": None, "flag": False}
    assert copied.values["flag"] is False


def test_ensuring_active_values():
    for hp in (keras_tuner.HyperParameters(), SampledHyperParameters()):
        hp.Choice("kind", ["a", "b"])
        hp.Int("x", 1, 5, parent_name="kind", parent_values=["a"])
        hp.values = {"kind": "b", "x": 3}
        hp.ensure_active_values()
        assert hp.values == {"kind": "b"}
        hp.values = {"kind": "a"}
        hp.ensure_active_values()
        assert 1 <= hp.values["x"] <= 5


def test_protocol_buffers_go_both_ways():
    hp = SampledHyperParameters()
    hp.Int("i", 1, 9, step=2)
    hp.Float("f", 0.5, 2.0)
    hp.Choice("c", ["a", "b"])
    hp.Boolean("b")
    hp.Fixed("x", "y")
    back = SampledHyperParameters.from_proto(hp.to_proto())
    assert back.values == hp.values
    values = SampledHyperParameters.from_proto(hp.to_proto().values)
    assert {one.name for one in values.space} == set(hp.values)
    assert all(isinstance(one, kt.Fixed) for one in values.space)
