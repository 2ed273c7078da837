"""Names that have other ranges on other branches: every sampler and the grid take each branch's own."""

from importlib.util import find_spec

import keras_tuner
import optuna
import pytest

from search.errors import SpaceError
from search.optuna_bridge.samplers import SAMPLERS, make_sampler, nth_point
from search.records.settings import Settings
from search.space.discovery import discover
from search.space.hyperparameters import SampledHyperParameters, build_model
from search.space.names import Names


def model_of(build, **members):
    """Return a HyperModel whose build only asks."""
    return type("Model", (keras_tuner.HyperModel,), {"build": lambda self, hp: build(hp), **members})()


def two_choices(hp):
    hp.Choice("units", [2, 4] if hp.Choice("kind", ["a", "b"]) == "a" else ["40", "80"])


def two_kinds(hp):
    kind = hp.Choice("kind", ["choice", "int", "boolean", "log", "fixed"])
    if kind == "choice":
        hp.Choice("x", ["40", "80"])
    elif kind == "int":
        hp.Int("x", 2, 9)
    elif kind == "boolean":
        hp.Boolean("x")
    elif kind == "log":
        hp.Float("x", 1e-4, 1e-1, sampling="log")
    else:
        hp.Fixed("x", 7)


def dependent(hp):
    first = hp.Int("first", 2, 5)
    hp.Int("second", 2, first)


def dependent_on_a_float(hp):
    rate = hp.Float("rate", 0.1, 0.9, step=0.4)
    hp.Float("decay", rate / 10, rate, step=rate / 5)


def heads_of_width(hp):
    width = hp.Int("width", 8, 12, step=2)
    hp.Choice("heads", [heads for heads in (1, 2, 4, 5) if width % heads == 0])


def both(hp):
    if hp.Boolean("a") and hp.Boolean("b"):
        hp.Choice("c", [1, 2, 3])


SPACES = [two_choices, two_kinds, dependent, dependent_on_a_float, heads_of_width, both]


def ask(study, names, build):
    trial = study.ask()
    hp = SampledHyperParameters(lambda asked: trial._suggest(asked.name, asked.distribution), names)
    build(hp)
    return trial, hp


@pytest.mark.parametrize("sampler", sorted(SAMPLERS))
@pytest.mark.parametrize("build", SPACES)
def test_every_sampler_goes_on(sampler, build):
    if sampler == "gp" and find_spec("torch") is None:
        pytest.skip("needs PyTorch")
    space = discover(model_of(build))
    names = Names.of_record(space.record())
    trials = space.grid().count(40) if sampler == "grid" else 40
    study = optuna.create_study()
    for number in range(trials):
        study.sampler = make_sampler(
            Settings(sampler=sampler), number=number, grid_point=lambda n=number: nth_point(space.grid(), n)
        )
        trial, hp = ask(study, names, build)
        study.tell(trial, float(len(str(hp.values))) + number % 3)
    asked = {name: {repr(t.distributions[name]) for t in study.trials if name in t.params} for name in names.ranges}
    assert all(len(ranges) < 2 for ranges in asked.values())


def grid_of(build):
    """Return what each trial of the grid gets."""
    space = discover(model_of(build))
    points = []
    for point in space.grid():
        hp = SampledHyperParameters(lambda asked, p=point: p[asked.name], space.names)
        build(hp)
        points.append(hp.values)
    return points


def test_the_grid_takes_each_branchs_own_range():
    assert grid_of(two_choices) == [
        {"kind": "a", "units": 2},
        {"kind": "a", "units": 4},
        {"kind": "b", "units": "40"},
        {"kind": "b", "units": "80"},
    ]
    assert [(p["first"], p["second"]) for p in grid_of(dependent)] == [
        (first, second) for first in range(2, 6) for second in range(2, first + 1)
    ]
    assert [(p["width"], p["heads"]) for p in grid_of(heads_of_width)] == [
        *((8, heads) for heads in (1, 2, 4)),
        *((10, heads) for heads in (1, 2, 5)),
        *((12, heads) for heads in (1, 2, 4)),
    ]
    assert [tuple(p.values()) for p in grid_of(both)] == [
        (False,),
        (True, False),
        *((True, True, c) for c in (1, 2, 3)),
    ]
    assert [p["decay"] / p["rate"] for p in grid_of(dependent_on_a_float)] == pytest.approx(
        [0.1, 0.3, 0.5, 0.7, 0.9] * 3
    )


def test_a_grid_of_branches_is_counted_up_to_the_trials():
    space = discover(model_of(two_choices))
    assert space.branches
    assert space.grid_size(3, 100_000) == 3
    assert space.grid_size(10, 100_000) == 4
    plain = discover(model_of(lambda hp: (hp.Int("a", 1, 3), hp.Boolean("b"))))
    assert not plain.branches
    assert plain.grid_size(2, 100_000) == 2
    assert plain.grid_size(1000, 100_000) == 6
    assert plain.grid_size(2, 5) == 5


def test_the_first_trial_gets_the_defaults_of_its_branch():
    def build(hp):
        kind = hp.Choice("kind", ["small", "large"], default="large")
        hp.Int("units", *((1, 4) if kind == "small" else (10, 40)), default=2 if kind == "small" else 20)
        hp.Int("outside", 1, 5, default=9)

    space = discover(model_of(build))
    defaults = space.defaults()
    hp = SampledHyperParameters(lambda asked: defaults.get(asked.name, asked.grid()[0]), space.names)
    build(hp)
    assert hp.values == {"kind": "large", "units": 20, "outside": 1}


def test_what_an_old_study_recorded_still_names_its_params():
    names = Names.of_record({"hyperparameters": [], "ambiguous": ["units"], "defaults": {}})
    hp = SampledHyperParameters(lambda asked: asked.grid()[0], names)
    two_choices(hp)
    assert hp.values == {"kind": "a", "units": 2}


def test_an_unforeseen_range_gets_a_name_of_its_own():
    space = discover(model_of(lambda hp: (hp.Int("x", 1, 4), hp.Choice("c", [1, 2]))))
    asked = []
    hp = SampledHyperParameters(lambda dimension: asked.append(dimension.name) or dimension.grid()[0], space.names)
    assert (hp.Int("x", 1, 8), hp.Choice("c", [1, 3])) == (1, 1)
    assert asked == ["x#share", "c[1|3]"]


def test_untunable_hyperparameters_keep_their_defaults_and_are_recorded():
    inner = model_of(lambda hp: (hp.Int("x", 3, 5, default=4), hp.Boolean("flag", default=True)))
    inner.tunable = False

    def build(hp):
        inner.build(hp)
        return hp.Int("y", 1, 2)

    space = discover(model_of(build), twice=True)
    assert [(hp["name"], hp["class"]) for hp in space.describe()] == [("y", "Int"), ("x", "Fixed"), ("flag", "Fixed")]
    hp = SampledHyperParameters(lambda asked: asked.grid()[-1])
    build(hp)
    assert hp.values == {"y": 2}
    assert hp.params == {"x": 4, "flag": True, "y": 2}


def test_what_is_declared_beforehand_is_tuned_everywhere():
    """As KerasTuner says: of a model that is not tunable, the space may be defined in advance."""
    inner = model_of(lambda hp: hp.Int("x", 3, 5), declare_hyperparameters=lambda self, hp: hp.Int("x", 3, 5))
    inner.tunable = False
    space = discover(inner)
    assert [(hp["name"], hp["class"]) for hp in space.describe()] == [("x", "Int")]
    hp = SampledHyperParameters(lambda asked: 5)
    assert build_model(inner, hp) == 5
    assert hp.params == {"x": 5}


def test_a_merge_that_overwrites_sets_the_default():
    others = keras_tuner.HyperParameters()
    others.Int("x", 1, 9, default=6)

    def build(hp):
        hp.Int("x", 1, 9)
        hp.merge(others, overwrite=True)
        return hp.get("x")

    for real in (keras_tuner.HyperParameters(), SampledHyperParameters(lambda asked: 3)):
        assert build(real) == 6
    hp = SampledHyperParameters(lambda asked: 3)
    hp.merge(others, overwrite=False)
    assert hp.get("x") == 3


def scope_of_nothing(hp):
    if hp.Boolean("deep"):
        with hp.conditional_scope("nothing", [1]):
            pass


def default_that_is_no_choice(hp):
    if hp.Choice("kind", ["a", "b"]) == "b":
        hp.Choice("mixed", [None, 1, "x"], default="y")


def own_parent(hp):
    if hp.Boolean("deep"):
        with hp.conditional_scope("deep", [True]):
            hp.Int("deep", 1, 2)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (scope_of_nothing, "with deep=True, build cannot declare its hyperparameters: ValueError: `HyperParameter` na"),
        (default_that_is_no_choice, "with kind='b', build cannot declare .*the default of the choice 'mixed' is 'y'"),
        (own_parent, "with deep=True, build cannot declare .*same name as its parent"),
        (lambda hp: hp.Int("x" * 600, 1, 2), "'x{60}'… has a name of 600 characters; the database takes 500 at most"),
        (lambda hp: hp.Int("", 1, 2), "a hyperparameter is called ''; expected a name that any database takes"),
        (lambda hp: hp.Fixed("half\ud800", 1), r"is called 'half\\ud800'; expected a name that any database takes"),
        (lambda hp: hp.Int("nul\0", 1, 2), r"is called 'nul\\x00'; expected a name that any database takes"),
    ],
)
def test_what_cannot_be_is_refused(build, message):
    with pytest.raises(SpaceError, match=message):
        discover(model_of(build))


def test_a_choice_that_changes_from_build_to_build_is_refused():
    orders = iter([["a", "b"], ["b", "a"]] * 50)
    with pytest.raises(
        SpaceError, match=r"'x' changes from build to build: Choice .*\[\"a\", \"b\"\].*\[\"b\", \"a\"\]"
    ):
        discover(model_of(lambda hp: hp.Choice("x", next(orders))), twice=True)


def test_a_model_that_cannot_be_built_on_a_branch_is_the_trials_own_fault():
    def build(hp):
        if hp.Boolean("deep"):
            raise ValueError("too deep")

    assert [hp.name for hp in discover(model_of(build)).declared] == ["deep"]
