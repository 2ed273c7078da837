"""An alias that others must approve a change of: asked, approved, rejected, on every database."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from registry import ConflictError, NotFoundError, ProtectedError, Registry, UsageError
from registry.cli import app
from registry.core.console import run


@pytest.fixture
def people(database_url, registry, register):
    """Give ann's, bob's and cy's registry, with toy/1 to toy/3 and a champion on toy/1 that needs an approval."""
    for score in (0.5, 0.6, 0.7):
        register(registry, score)
    opened = [Registry(database_url, actor=name) for name in ("ann", "bob", "cy")]
    opened[0].set_alias("toy", "champion", 1)
    opened[0].protect_alias("toy", "champion", approvals=1)
    yield opened
    for each in opened:
        each.close()


def champion(registry):
    return registry.get("toy@champion").version


def kinds(registry):
    return [(event.kind.removeprefix("alias_"), event.actor) for event in registry.history("toy@champion")]


def test_a_move_waits_until_somebody_else_approves_it(people):
    ann, bob, _ = people
    asked = ann.set_alias("toy", "champion", 2, why="better on coats")
    assert champion(ann) == 1
    assert bob.requests() == [asked]
    assert (asked.kind, asked.from_version, asked.to_version, asked.actor, asked.missing) == (
        "alias_set",
        1,
        2,
        "ann",
        1,
    )
    with pytest.raises(ProtectedError, match="request 1 is ann's own, and nobody approves his own"):
        ann.approve(asked.id)
    done = bob.approve(asked.id, why="it is")
    assert (done.state, champion(ann)) == ("approved", 2)
    assert [(each.actor, each.verdict, each.why) for each in done.decisions] == [("bob", "approved", "it is")]
    assert kinds(ann) == [
        ("set", "ann"),
        ("protected", "ann"),
        ("requested", "ann"),
        ("approved", "bob"),
        ("set", "bob"),
    ]
    assert [event.detail for event in ann.history("toy@champion")][2:] == [
        "request 1, set: better on coats",
        "request 1 of ann: it is",
        "request 1 of ann: better on coats",
    ]
    with pytest.raises(ConflictError, match="request 1 is approved already"):
        bob.approve(asked.id)


def test_every_change_asks(people):
    ann, bob, _ = people
    found = ann.promote("toy/3", "champion")
    assert (found.status, found.request, champion(ann)) == ("requested", 1, 1)
    assert "waits for 1 approval" in found.reason
    assert ann.promote("toy/1", "champion").status == "already"
    bob.approve(found.request)
    assert champion(ann) == 3
    back = ann.rollback("toy@champion", force=True)  # force spares nobody's approval
    bob.approve(back.id)
    assert champion(ann) == 1
    removal = ann.remove_alias("toy", "champion", force=True)
    taken_off = ann.protect_alias("toy", "champion", protected=False)
    assert [each.kind for each in ann.requests()] == ["alias_removed", "alias_unprotected"]
    bob.approve(taken_off.id)
    assert ann.models()[0].protected == ()
    assert {each.id: each.state for each in ann.requests(every=True)}[removal.id] == "superseded"
    assert ann.set_alias("toy", "champion", 2) is None
    ann.protect_alias("toy", "champion", approvals=1)
    bob.approve(ann.remove_alias("toy", "champion").id)
    with pytest.raises(NotFoundError):
        champion(ann)


def test_a_promotion_that_is_no_better_asks_nobody(people):
    ann, bob, _ = people
    bob.approve(ann.set_alias("toy", "champion", 3).id)
    assert ann.promote("toy/1", "champion").status == "refused"
    with pytest.raises(ConflictError):
        ann.set_alias("toy", "champion", 1, if_currently=2)
    assert ann.requests() == []


def test_a_request_that_is_rejected_or_taken_back_changes_nothing(people):
    ann, bob, _ = people
    for who, asked in ((bob, ann.set_alias("toy", "champion", 2)), (ann, ann.set_alias("toy", "champion", 3))):
        assert who.reject(asked.id, why="no").state == "rejected"
        with pytest.raises(ConflictError, match="is rejected already"):
            bob.approve(asked.id)
    assert champion(ann) == 1
    assert kinds(ann)[2:] == [("requested", "ann"), ("requested", "ann"), ("rejected", "bob"), ("rejected", "ann")]


def test_two_approvals_are_of_two_people(people):
    ann, bob, cy = people
    ann.protect_alias("toy", "champion", approvals=2)
    asked = ann.set_alias("toy", "champion", 2)
    assert bob.approve(asked.id).missing == 1
    with pytest.raises(ConflictError, match="bob has approved request 1 before; it waits for 1 more"):
        bob.approve(asked.id)
    assert champion(ann) == 1
    assert cy.approve(asked.id).state == "approved"
    assert champion(ann) == 2


def test_of_two_who_approve_at_once_both_count_once(people):
    ann, bob, cy = people
    ann.protect_alias("toy", "champion", approvals=2)
    asked = ann.set_alias("toy", "champion", 2)
    with ThreadPoolExecutor(2) as pool:
        states = [done.state for done in pool.map(lambda who: who.approve(asked.id), (bob, cy))]
    assert sorted(states) == ["approved", "open"]
    assert champion(ann) == 2
    assert [kind for kind, _ in kinds(ann)].count("set") == 2


def test_the_same_change_is_the_same_request_and_others_are_superseded(people):
    ann, bob, cy = people
    asked = ann.set_alias("toy", "champion", 2)
    assert cy.set_alias("toy", "champion", 2) == asked
    other = cy.set_alias("toy", "champion", 3)
    bob.approve(other.id)
    with pytest.raises(ConflictError, match="request 1 is superseded already"):
        bob.approve(asked.id)
    assert champion(ann) == 3


def test_a_version_that_is_gone_or_has_no_weights_is_refused(people):
    ann, bob, _ = people
    gone, bare = ann.set_alias("toy", "champion", 2), ann.set_alias("toy", "champion", 3)
    ann.delete("toy/2")
    ann.drop_weights("toy", [3])
    with pytest.raises(NotFoundError, match="no version 2"):
        bob.approve(gone.id)
    with pytest.raises(NotFoundError, match=r"toy/3 cannot be loaded, .*; reject request 2"):
        bob.approve(bare.id)
    assert [each.state for each in ann.requests()] == ["open", "open"]
    assert champion(ann) == 1


def test_fewer_approvals_are_not_to_be_had_by_oneself(people):
    ann = people[0]
    with pytest.raises(ProtectedError, match="needs 1 approval, and not fewer: run `registry alias unprotect"):
        ann.protect_alias("toy", "champion", approvals=0)
    ann.protect_alias("toy", "champion")  # as it is
    assert ann.models()[0].approvals == {"champion": 1}
    assert ann.models()[0].as_dict()["approvals"] == {"champion": 1}
    with pytest.raises(UsageError, match="-1 approvals cannot be"):
        ann.protect_alias("toy", "champion", approvals=-1)
    with pytest.raises(NotFoundError, match="there is no request 9; `registry requests`"):
        ann.approve(9)
    with pytest.raises(NotFoundError, match="no registered model 'none'"):
        ann.requests("none")


def test_numbers_that_no_database_holds_are_told_in_a_line(people):
    ann = people[0]
    with pytest.raises(UsageError, match="a number is larger than the database holds; expected 2147483647 at most"):
        ann.protect_alias("toy", "champion", approvals=10**23)
    for act in (ann.approve, ann.reject, ann.remove_hook):
        with pytest.raises((UsageError, NotFoundError)):
            act(10**23)


def test_those_who_are_to_decide_hear_of_it(people, tmp_path):
    ann = people[0]
    ann.add_hook("true", ["approval-requested"])
    ann.set_alias("toy", "champion", 2)
    ann.set_alias("toy", "champion", 2)
    (waiting,) = ann.hook_log()
    assert (waiting.kind, waiting.outcome) == ("approval-requested", "waiting")


class TestCommandLine:
    @pytest.fixture
    def call(self, tmp_path, capsys, register):
        url = f"sqlite:///{tmp_path}/studies.db"
        with Registry(url, create=True) as registry:
            for score in (0.5, 0.6):
                register(registry, score)
            registry.set_alias("toy", "champion", 1)

        def called(*words):
            code = run(app, "registry", [*words, "--storage", url])
            return code, *capsys.readouterr()

        return called

    def test_asking_exits_with_3_and_says_what_others_do(self, call):
        assert call("alias", "protect", "toy@champion", "--approvals", "1")[0] == 0
        for words in (["promote", "toy/2", "--to", "champion"], ["alias", "set", "toy@champion", "2"]):
            code, out, err = call(*words, "--actor", "ann")
            assert (code, err) == (3, "")
            assert "request 1 waits for 1 approval" in out
        assert call("alias", "unprotect", "toy@champion", "--actor", "ann")[0] == 3
        assert call("alias", "rm", "toy@champion", "--actor", "ann", "--force")[0] == 3
        assert "toy@champion  set " in call("requests")[1]
        assert "champion (1 approval)" in call("models")[1]
        assert "toy@champion (1 approval) is protected" in call("show", "toy@champion")[1]
        code, out, err = call("request", "approve", "1", "--actor", "ann")
        assert (code, err.count("\n")) == (1, 1)
        assert "nobody approves his own" in err
        code, out, _ = call("request", "approve", "1", "--actor", "bob", "--why", "tried")
        assert (code, out.splitlines()[-1]) == (0, "request 1 is approved: toy@champion is toy/2")
        code, out, _ = call("rollback", "toy@champion", "--actor", "ann")
        assert code == 3
        code, out, _ = call("request", "reject", "4", "--actor", "bob")
        assert (code, out.splitlines()[-1]) == (0, "request 4 is rejected; toy@champion stays as it is")
        states = [each["state"] for each in json.loads(call("requests", "--all", "--json")[1])]
        assert states == ["approved", "superseded", "superseded", "rejected"]


def test_what_nobody_could_approve_is_not_asked_for(people):
    ann, _bob = people[:2]
    ann.drop_weights("toy", [3])
    with pytest.raises(NotFoundError, match="toy@champion is not moved: toy/3 .*; nobody could approve that"):
        ann.set_alias("toy", "champion", 3, force=True)
    assert ann.requests() == []
