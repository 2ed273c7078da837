"""What made a version is kept, shared and told apart; training it again is judged by its numbers."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from registry import IntegrityError, LossCurve, ModelVersion, Registry, Source
from registry.cli import app
from registry.core.console import run
from registry.core.database.transaction import reading
from registry.reports.card import card
from registry.reproduction.curves import compare_curves
from registry.reproduction.differences import differences, unrecorded
from registry.reproduction.noise import noise_of
from registry.values.known_tags import CONFIRM_TAG, SEEDS_TAG, SPREAD_TAG, TEACHER_TAG
from registry.values.recipes.recipe import Recipe
from registry.values.recipes.retrained import Retrained, WeightsCompared

RECIPE = Recipe(
    problem="mine:problem",
    settings={"seed": 7, "patience": 3},
    source={"mine.py": "UNITS = 8\nRATE = 0.1\n", "parts/layers.py": "A = 1\n"},
    diff="",
    program={"search/training/trainer.py": "0123"},
    packages={"keras": "3.15.1", "numpy": "2.4.0", "pytest": "9.0"},
    python="3.12.1",
    processor="AMD EPYC",
    flags=("avx", "avx2"),
    threads=1,
)
SOURCE = Source(
    study="s", trial=1, data_fingerprint="d1", code_revision="abc", libraries={"keras": "3.15.1", "numpy": "2.4.0"}
)


def trained(recipe: Recipe = RECIPE, data: str = "d1") -> Retrained:
    """Return a training that came out as the first one, made by a recipe."""
    return Retrained({}, 0.5, 1, "max_epochs", WeightsCompared("equal"), data, recipe)


def told(recipe: Recipe | None, again: Retrained, revision: str | None = "abc") -> list[tuple[str, str]]:
    return [(one.kind, one.text) for one in differences(SOURCE, recipe, again, revision)]


# The recipe


def test_a_recipe_is_the_same_bytes_each_time_and_comes_back_whole() -> None:
    packed = RECIPE.to_bytes()
    assert packed == RECIPE.to_bytes()
    assert Recipe.from_bytes(packed) == RECIPE


@pytest.mark.parametrize("bad", [b"", b"no gzip", RECIPE.to_bytes()[:-9]])
def test_what_is_no_recipe_is_refused(bad: bytes) -> None:
    with pytest.raises(IntegrityError, match="recipe"):
        Recipe.from_bytes(bad)


def test_a_recipe_is_stored_once_and_stays_until_its_last_version_goes(registry: Registry, register) -> None:
    for trial in range(3):
        register(registry, trial / 10, trial=trial, recipe=RECIPE.to_bytes(), top_k=1)
    register(registry, 0.9, model="other")
    assert registry.recipe("toy/1") == RECIPE  # displaced, but its record is there
    assert registry.recipe("other/1") is None
    artifacts = registry.verify().artifacts
    assert registry.gc().artifacts == ()
    for number in (1, 2, 3):
        assert registry.recipe(f"toy/{number}") == RECIPE
        registry.delete(f"toy/{number}")
    after = registry.verify()
    assert after.clean
    assert after.artifacts == artifacts - 2  # the recipe, and the best one's weights


def test_an_altered_recipe_is_found(sqlite_registry: Registry, register, tmp_path) -> None:
    import sqlite3

    register(sqlite_registry, 0.5, trial=1, recipe=RECIPE.to_bytes(), weights=None)
    with sqlite3.connect(tmp_path / "studies.db") as connection:
        connection.execute("UPDATE registry_chunks SET data = ?", (b"another",))
    (fault,) = sqlite_registry.verify().faults
    assert (fault.kind, fault.versions) == ("altered", ("toy/1",))
    with pytest.raises(IntegrityError, match=r"toy/1 \(recipe\) are not those that were registered"):
        sqlite_registry.recipe("toy/1")


# Curves and noise


def test_equal_curves_are_equal_also_where_they_are_no_numbers() -> None:
    values = (0.5, math.nan, math.inf)
    (loss,) = compare_curves({"loss": LossCurve("loss", values)}, {"loss": values})
    assert loss.equal
    assert (loss.largest, loss.epoch) == (0.0, None)


@pytest.mark.parametrize(
    ("now", "largest", "epoch"),
    [((0.5, 0.25, 0.5), 0.0, None), ((0.5, 0.5), 0.25, 2), ((0.0, math.nan), math.inf, 2), ((), 0.0, None)],
)
def test_curves_that_differ_are_not_equal(now, largest, epoch) -> None:
    (loss,) = compare_curves({"loss": LossCurve("loss", (0.5, 0.25))}, {"loss": now})
    assert not loss.equal
    assert (loss.largest, loss.epoch, loss.epochs) == (largest, epoch, (2, len(now)))


def test_a_curve_that_only_one_of_both_has_differs() -> None:
    found = compare_curves({"loss": LossCurve("loss", (0.5,))}, {"val_loss": (0.5,)})
    assert [(curve.metric, curve.epochs, curve.equal) for curve in found] == [
        ("loss", (1, 0), False),
        ("val_loss", (0, 1), False),
    ]


def test_noise_is_the_spread_of_seeds_where_a_study_was_confirmed(registry: Registry, register) -> None:
    def noise(version: ModelVersion):
        with reading(registry._engine) as connection:
            return noise_of(connection, version)

    first = register(registry, 0.8, trial=1)
    assert noise(first).limit == pytest.approx(0.008)
    assert "was not confirmed" in noise(first).basis
    marks = {CONFIRM_TAG: "s", SPREAD_TAG: "0.003", SEEDS_TAG: "5"}
    own = register(registry, 0.81, trial=0, study="s-confirm", tags=marks)
    register(registry, 0.9, trial=2, study="other", tags=marks | {CONFIRM_TAG: "other", SPREAD_TAG: "0.5"})
    register(registry, 0.9, trial=3, study="s-taught", tags=marks | {SPREAD_TAG: "0.5", TEACHER_TAG: "toy/1#0f3a"})
    for version in (first, own):
        assert noise(version).limit == pytest.approx(0.006)
        assert "5 seeds of toy/2" in noise(version).basis


# What differs


def test_nothing_differs_from_itself() -> None:
    assert told(RECIPE, trained()) == []
    assert unrecorded(RECIPE, RECIPE) == ()


def test_a_changed_line_is_named() -> None:
    here = replace(RECIPE, source=RECIPE.source | {"mine.py": "UNITS = 9\nRATE = 0.1\n"})
    (code,) = differences(SOURCE, RECIPE, trained(here), "abc")
    assert (code.kind, code.text) == ("code", "the problem's source: mine.py")
    assert code.diff[:2] == ("--- recorded/mine.py", "+++ current/mine.py")
    assert {"-UNITS = 8", "+UNITS = 9"} < set(code.diff)


def test_the_likeliest_cause_is_named_first() -> None:
    here = replace(
        RECIPE,
        packages={"keras": "3.16.0", "numpy": "2.4.0"},
        source={"mine.py": RECIPE.source["mine.py"]},
        program={"search/training/trainer.py": "4567"},
        flags=("avx",),
        threads=2,
    )
    assert told(RECIPE, trained(here, data="d2")) == [
        ("library", "keras 3.15.1 became 3.16.0"),
        ("code", "the problem's source: parts/layers.py"),
        ("code", "this program's own: search/training/trainer.py"),
        ("data", "the data's hash was d1, and is d2"),
        ("processor", "AMD EPYC (avx avx2) became AMD EPYC (avx)"),
        ("threads", "1 thread on the cpu became 2 threads on the cpu"),
        ("package", "pytest 9.0 is not here"),
    ]


def test_of_a_version_without_a_recipe_the_record_is_compared() -> None:
    here = replace(RECIPE, packages={"keras": "3.16.0", "numpy": "2.4.0", "new": "1"})
    assert told(None, trained(here), "def") == [
        ("library", "keras 3.15.1 became 3.16.0"),
        ("code", "the revision was abc, and is def"),
    ]
    assert unrecorded(None, here) == ("the source", "the processor", "the threads")


def test_source_that_is_not_known_on_one_side_does_not_count_as_changed() -> None:
    without = replace(RECIPE, source={}, no_source="too large")
    for then, now in ((RECIPE, without), (without, RECIPE), (without, without)):
        assert told(then, trained(now)) == []
        assert unrecorded(then, now) == ("the source (too large)",)


# What cannot be


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (None, "toy/1 was registered by hand: no study here has trained it"),
        (Source(origin="mlflow:12"), "toy/1 was imported from mlflow:12: no study here has trained it"),
        (Source(study="gone", trial=1, seed=2), "toy/1 has no problem on record"),
        (Source(study="gone", trial=1, seed=2, problem="m:p"), "this database has no study 'gone'"),
    ],
)
def test_a_version_that_nothing_can_train_again_gets_a_line(tmp_path, register, capsys, source, said) -> None:
    url = f"sqlite:///{tmp_path}/studies.db"
    with Registry(url, create=True) as registry:
        register(registry, 0.5, source=source)
    assert run(app, "registry", ["reproduce", "toy", "--storage", url]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    (line,) = (line for line in err.splitlines() if line.startswith("registry: "))
    assert said in line


def test_a_version_of_a_bundle_gets_a_line(tmp_path, sqlite_registry: Registry, register, capsys) -> None:
    register(sqlite_registry, 0.5, trial=1, weights=None, recipe=RECIPE.to_bytes())
    bundle = sqlite_registry.bundle(["toy/1"], tmp_path / "b.zip", force=True) and tmp_path / "b.zip"
    url = f"sqlite:///{tmp_path}/other.db"
    with Registry(url, create=True) as other:
        other.import_bundle(bundle)
        assert other.recipe("toy/1") is None
    assert "Train it again and compare" not in card("toy/1", storage=url).commands
    assert run(app, "registry", ["reproduce", "toy", "--storage", url]) == 1
    assert "toy/1 was imported from a bundle: no study here has trained it" in capsys.readouterr().err


def test_a_wrong_option_is_told(tmp_path, capsys) -> None:
    assert run(app, "registry", ["reproduce", "toy", "--code", "both", "--storage", f"sqlite:///{tmp_path}/s.db"]) == 2
    assert "--code is 'both'; expected current or recorded" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["ensemble", "refit"])
def test_a_version_that_was_made_of_others_sends_to_them(tmp_path, register, capsys, kind) -> None:
    url = f"sqlite:///{tmp_path}/studies.db"
    with Registry(url, create=True) as registry:
        register(registry, 0.5, source=Source(origin=f"{kind}:toy/3+toy/4#00000000"))
    assert run(app, "registry", ["reproduce", "toy", "--storage", url]) == 1
    err = capsys.readouterr().err
    assert f"toy/1 was made of other versions ({kind}:toy/3+toy/4#00000000): no trial trained it; reproduce" in err
    assert "training it again" not in err
