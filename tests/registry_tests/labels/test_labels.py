"""Aliases, promotion, tags, descriptions and their history, on every database."""

from __future__ import annotations

import getpass
import math
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry import ConflictError, NotFoundError, ProtectedError, Registry, UsageError
from registry.core.objective import Objective
from registry.core.provenance import actor
from registry.labels.promotion import beats


@pytest.fixture
def three(registry, register):
    """Give a registry with toy/1, toy/2 and toy/3, of scores .5, .6 and .7."""
    for score in (0.5, 0.6, 0.7):
        register(registry, score, curves={"val_accuracy": [score], "val_loss": [1 - score], "margin": [score]})
    return registry


class TestAlias:
    def test_it_moves(self, three):
        three.set_alias("toy", "champion", 1)
        assert three.get("toy/1").aliases == ("champion",)
        three.set_alias("toy", "champion", 2)
        assert three.get("toy@champion").version == 2
        assert three.get("toy/1").aliases == ()
        three.remove_alias("toy", "champion")
        assert three.get("toy/2").aliases == ()

    def test_only_from_where_it_is_expected(self, three):
        three.set_alias("toy", "champion", 1, if_currently="none")
        with pytest.raises(
            ConflictError, match=r"toy@champion is toy/1 \(.+@.+ moved it at 2026-.*\), not none as was"
        ):
            three.set_alias("toy", "champion", 2, if_currently="none")
        three.set_alias("toy", "champion", 2, if_currently=1)
        with pytest.raises(
            ConflictError, match=r"toy@champion is toy/2 .*, not 1 as was expected; nothing was changed"
        ):
            three.set_alias("toy", "champion", 3, if_currently=1)
        with pytest.raises(ConflictError, match="not 1 as"):
            three.remove_alias("toy", "champion", if_currently=1)
        assert three.get("toy@champion").version == 2
        three.remove_alias("toy", "champion", if_currently=2)
        with pytest.raises(ConflictError, match=r"toy@champion names no version \(.* removed it at .*\), not 2"):
            three.set_alias("toy", "champion", 3, if_currently=2)
        with pytest.raises(ConflictError, match="toy@other names no version, not 2"):
            three.set_alias("toy", "other", 3, if_currently=2)
        with pytest.raises(UsageError, match=r"expected on '2'; expected a version's number, or 'none'"):
            three.set_alias("toy", "champion", 3, if_currently="2")

    def test_protected(self, three):
        with pytest.raises(NotFoundError, match="no alias 'champion'; there are none yet"):
            three.protect_alias("toy", "champion")
        three.set_alias("toy", "champion", 1)
        three.protect_alias("toy", "champion")
        three.set_alias("toy", "champion", 1)  # it stays where it is
        assert three.models()[0].protected == ("champion",)
        for act in (
            lambda: three.set_alias("toy", "champion", 2, if_currently=1),
            lambda: three.remove_alias("toy", "champion"),
            lambda: three.promote("toy/3", "champion"),
        ):
            with pytest.raises(ProtectedError, match=r"toy@champion is protected and stays on toy/1; .* with --force"):
                act()
        three.set_alias("toy", "champion", 2, force=True)
        assert three.promote("toy/3", "champion", force=True).status == "promoted"
        assert three.models()[0].protected == ("champion",)  # moved, and still protected
        three.protect_alias("toy", "champion", protected=False)
        three.remove_alias("toy", "champion")

    @pytest.mark.parametrize("name", ["", "a b", "a/b", "a@b", "-a", "x" * 201])
    def test_bad_names(self, three, register, name):
        for act in (lambda: three.set_alias("toy", name, 1), lambda: three.promote("toy", name)):
            with pytest.raises(UsageError, match="cannot be the name of an alias; "):
                act()
        with pytest.raises(UsageError, match="cannot be the name of a model"):
            register(three, 0.5, model=name)


class TestRollback:
    def moves(self, registry):
        return [
            (event.kind.removeprefix("alias_"), event.from_version, event.to_version, event.detail)
            for event in registry.history("toy@champion")
        ]

    def test_it_goes_back_move_by_move(self, three):
        for number in (1, 2, 3):
            three.set_alias("toy", "champion", number)
        assert three.rollback("toy@champion", why="it fails on coats") == 2
        assert three.get("toy@champion").version == 2
        assert three.rollback("toy@champion") == 1
        assert self.moves(three)[-2:] == [("rolled_back", 3, 2, "it fails on coats"), ("rolled_back", 2, 1, None)]
        with pytest.raises(ConflictError, match="toy@champion was nowhere before; .*`registry alias rm toy@champion`"):
            three.rollback("toy@champion")
        three.set_alias("toy", "champion", 3)
        assert three.rollback("toy@champion") == 1

    def test_a_removal_is_undone_too(self, three):
        three.set_alias("toy", "champion", 2)
        three.remove_alias("toy", "champion", why="by mistake")
        assert three.rollback("toy@champion", if_currently="none") == 2
        assert self.moves(three)[1:] == [("removed", 2, None, "by mistake"), ("rolled_back", None, 2, None)]
        with pytest.raises(ConflictError, match=r"toy@champion is toy/2 \(.* rolled back it at .*\), not none"):
            three.rollback("toy@champion", if_currently="none")

    def test_a_reason_that_no_database_holds(self, three):
        for act in (
            lambda: three.set_alias("toy", "champion", 1, why="a\0"),
            lambda: three.promote("toy/1", "champion", why="\ud800"),
        ):
            with pytest.raises(UsageError, match="the text that the history keeps is .*no database holds"):
                act()
        assert three.history("toy") == []

    def test_what_stands_in_its_way(self, three):
        with pytest.raises(NotFoundError, match="no alias 'champion'"):
            three.rollback("toy@champion")
        with pytest.raises(UsageError, match="'toy/1' names no alias; expected MODEL@ALIAS"):
            three.rollback("toy/1")
        three.set_alias("toy", "champion", 1)
        three.set_alias("toy", "champion", 2)
        three.protect_alias("toy", "champion", why="it is served")
        assert self.moves(three)[-1] == ("protected", 2, 2, "it is served")
        with pytest.raises(ProtectedError, match="toy@champion is protected"):
            three.rollback("toy@champion")
        three.protect_alias("toy", "champion", protected=False)
        three.drop_weights("toy", [1])
        with pytest.raises(NotFoundError, match="toy@champion is not moved: toy/1 cannot be loaded"):
            three.rollback("toy@champion")
        assert three.get("toy@champion").version == 2
        assert three.rollback("toy@champion", force=True) == 1
        three.set_alias("toy", "champion", 2)
        three.delete("toy/1")
        with pytest.raises(NotFoundError, match="no version 1"):
            three.rollback("toy@champion")


class TestActor:
    def test_the_nearest_word_counts(self, database_url, three, monkeypatch):
        three.set_alias("toy", "champion", 1)
        monkeypatch.setenv("REGISTRY_ACTOR", "ci@build-7")
        three.set_alias("toy", "champion", 2)
        with Registry(database_url, actor="ann") as registry:
            registry.set_alias("toy", "champion", 3)
        actors = [event.actor for event in three.history("toy@champion")]
        assert actors == [f"{getpass.getuser()}@{socket.gethostname()}", "ci@build-7", "ann"]

    @pytest.mark.parametrize("name", ["", " ", "x" * 201, "a\nb", "a\x1b[31m", "\0"])
    def test_what_is_no_name(self, three, database_url, name):
        with Registry(database_url, actor=name) as registry, pytest.raises(UsageError, match="the actor is .*--actor"):
            registry.set_alias("toy", "champion", 1)
        assert three.history("toy") == []


class TestPromote:
    def test_why_stands_beside_the_comparison(self, three):
        three.promote("toy/2", "champion", why="asked for by the shop")
        (event,) = three.history("toy@champion")
        assert event.detail == "asked for by the shop (the alias was on no version; toy/2 has val_accuracy 0.6)"

    def test_only_a_better_one(self, three):
        first = three.promote("toy/2", "champion")
        assert (first.status, first.current, first.value) == ("promoted", None, 0.6)
        worse = three.promote("toy/1", "champion")
        assert (worse.status, worse.version, worse.current, worse.current_value) == ("refused", 1, 2, 0.6)
        assert worse.reason == "toy/1 has val_accuracy 0.5 against 0.6 of toy/2: not better at all"
        assert three.promote("toy@champion", "champion").status == "already"
        by_little = three.promote("toy", "champion", margin=0.2)
        assert by_little.reason == "toy/3 has val_accuracy 0.7 against 0.6 of toy/2: not better by 0.2"
        assert three.get("toy@champion").version == 2
        assert three.promote("toy", "champion", margin=0.1).status == "promoted"
        assert three.get("toy@champion").version == 3
        assert [event.detail for event in three.history("toy@champion")] == [
            "the alias was on no version; toy/2 has val_accuracy 0.6",
            "toy/3 has val_accuracy 0.7 against 0.6 of toy/2",
        ]

    def test_by_another_metric(self, three):
        three.set_alias("toy", "champion", 2)
        assert three.promote("toy/1", "champion", metric="val_loss").status == "refused"
        assert three.promote("toy/3", "champion", metric="val_loss", margin=0.05).status == "promoted"
        with pytest.raises(UsageError, match="nobody has said whether a higher or a lower 'margin' is better"):
            three.promote("toy/1", "champion", metric="margin")
        assert three.promote("toy/1", "champion", metric="margin", direction="min").status == "promoted"

    def test_no_value_to_compare(self, three, register):
        register(three, math.nan)
        assert three.promote("toy/4", "champion").reason == "toy/4 has no value of val_accuracy"
        three.set_alias("toy", "champion", 4)
        assert three.promote("toy/3", "champion").reason.startswith("toy/4, where the alias is, has no value")
        with pytest.raises(NotFoundError, match="toy/3 has no metric 'val_los'; did you mean 'val_loss'"):
            three.promote("toy/3", "champion", metric="val_los")

    def test_wrong_usage(self, three):
        for margin in (-0.1, math.nan):
            with pytest.raises(UsageError, match="expected 0 or more"):
                three.promote("toy/3", "champion", margin=margin)
        with pytest.raises(UsageError, match="the direction is 'up'"):
            three.promote("toy/3", "champion", direction="up")


@given(
    st.integers(-10_000, 10_000), st.integers(-10_000, 10_000), st.integers(0, 10_000), st.sampled_from(["max", "min"])
)
def test_margins_are_decimal(value, other, margin, way):
    """Thousandths compare as the whole numbers do, whatever their floats are."""
    ahead = value - other if way == "max" else other - value
    assert beats(value / 1000, other / 1000, Objective("m", way), margin / 1000) is (ahead > 0 and ahead >= margin)


def test_infinities_can_be_beaten():
    assert beats(1.0, math.inf, Objective("m", "min"), 0.5)
    assert not beats(math.inf, math.inf, Objective("m", "max"), 0.0)


class TestTagsAndDescriptions:
    def test_on_versions(self, three):
        three.set_tag("toy/1", "team", "vision")
        three.set_tag("toy/1", "team", "speech")
        three.set_alias("toy", "champion", 1)
        three.set_tag("toy@champion", "note", "a = b")
        assert three.get("toy/1").tags == {"team": "speech", "note": "a = b"}
        three.remove_tag("toy/1", "team")
        assert three.get("toy/1").tags == {"note": "a = b"}
        with pytest.raises(NotFoundError, match="toy/1 has no tag 'team'; there are: note"):
            three.remove_tag("toy/1", "team")

    def test_on_models(self, three):
        three.set_tag("toy", "team", "vision")
        three.set_tag("toy", "team", "speech")
        assert three.models()[0].tags == {"team": "speech"}
        assert three.get("toy").tags == {}
        three.remove_tag("toy", "team")
        assert three.models()[0].tags == {}
        with pytest.raises(NotFoundError, match="the model 'toy' has no tag 'team'"):
            three.remove_tag("toy", "team")

    def test_descriptions(self, three):
        text = "# Toy\n\nA *toy* <b>ü</b>"
        three.describe("toy", text)
        three.describe("toy/2", "second")
        assert (three.models()[0].description, three.get("toy/2").description) == (text, "second")
        assert three.get("toy/1").description is None
        three.describe("toy/2", " \n")
        three.describe("toy", None)
        assert (three.models()[0].description, three.get("toy/2").description) == (None, None)
        with pytest.raises(UsageError, match="the description has 100001 characters"):
            three.describe("toy", "x" * 100_001)
        with pytest.raises(UsageError, match="NUL"):
            three.describe("toy", "a\0")


class TestHistory:
    def test_who_when_from_where(self, three):
        three.set_alias("toy", "champion", 1)
        three.set_alias("toy", "other", 1)
        three.set_alias("toy", "champion", 2)
        three.set_alias("toy", "champion", 2)  # nothing moves
        three.protect_alias("toy", "champion")
        three.protect_alias("toy", "champion")
        three.protect_alias("toy", "champion", protected=False)
        three.remove_alias("toy", "champion")
        found = three.history("toy@champion")
        assert [(event.kind, event.from_version, event.to_version) for event in found] == [
            ("alias_set", None, 1),
            ("alias_set", 1, 2),
            ("alias_protected", 2, 2),
            ("alias_unprotected", 2, 2),
            ("alias_removed", 2, None),
        ]
        assert {event.actor for event in found} == {f"{getpass.getuser()}@{socket.gethostname()}"}
        assert {event.at.isoformat() for event in found} == {"2026-11-23T12:30:00.123456+00:00"}

    def test_of_a_version_and_of_all(self, three):
        three.set_alias("toy", "champion", 1)
        three.set_tag("toy/2", "team", "vision")
        three.set_tag("toy", "team", "all")
        three.set_alias("toy", "champion", 3)
        three.describe("toy/2", "text")
        three.remove_tag("toy/2", "team")
        assert [(event.kind, event.detail) for event in three.history("toy/2")] == [
            ("tag_set", "vision"),
            ("described", "text"),
            ("tag_removed", None),
        ]
        assert [event.kind for event in three.history("toy/1")] == ["alias_set", "alias_set"]
        assert len(three.history("toy")) == 6

    def test_what_never_was(self, three):
        assert three.history("toy") == []
        three.set_alias("toy", "champion", 1)
        with pytest.raises(NotFoundError, match="never had an alias 'champio'; did you mean 'champion'"):
            three.history("toy@champio")
        with pytest.raises(NotFoundError, match="no registered model 'toi'"):
            three.history("toi")
        with pytest.raises(NotFoundError, match="'toy' never had a version 4; its last one is 3"):
            three.history("toy/4")

    def test_a_user_without_a_name(self, monkeypatch):
        def nameless():
            raise OSError("no name for this user id")

        monkeypatch.setattr(getpass, "getuser", nameless)
        monkeypatch.setattr(socket, "gethostname", lambda: "")
        assert actor() == "unknown@unknown"


def test_the_same_origin_is_the_same_version(registry, register):
    from registry import Source

    first = register(registry, 0.5, source=Source(origin="mlflow:1"))
    assert register(registry, 0.6, source=Source(origin="mlflow:1")) == first
    assert register(registry, 0.6, source=Source(origin="mlflow:2")).version == 2
    assert register(registry, 0.6, model="other", source=Source(origin="mlflow:1")).version == 1


def test_number_of_statements_does_not_grow(registry, register, count_statements):
    def counts():
        found = []
        for call in (
            lambda: registry.set_alias("toy", "a", len(found) + 1, force=True),
            lambda: registry.promote("toy/1", "a", force=True),
            lambda: registry.set_tag("toy", "a", "b"),
            lambda: registry.describe("toy/1", "text"),
            lambda: registry.history("toy@a"),
        ):
            with count_statements() as seen:
                call()
            found.append(len(seen))
        return found

    register(registry, 0.5)
    registry.set_alias("toy", "a", 1)
    registry.set_tag("toy", "a", "b")
    few = counts()
    for _ in range(20):
        register(registry, 0.5)
        registry.set_alias("toy", "b", 1)
        registry.set_tag("toy/1", "c", "d")
    assert counts() == few
