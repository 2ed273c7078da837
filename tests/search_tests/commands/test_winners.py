"""What the commands that follow a search print."""

import json

import pytest

from registry import Registry, Source
from registry.core.console import run
from registry.core.objective import Objective
from search.api.study import Study
from search.cli import app
from search.commands.winners import ensemble, refit
from search.ensemble.make import Ensemble, Member
from search.refit.results import Refit, Refitted, RefittedEnsemble, RefittedMember


def made(**changes):
    fields = {
        "study": "s",
        "objective": Objective("val_accuracy", "max"),
        "version": "m/9",
        "is_new": True,
        "score": 0.92,
        "members": (Member("m/3", 2, 0.91), Member("m/7", 1, 0.9)),
        "scores": (0.91, 0.915, 0.92, 0.918, 0.919),
        "best": Member("m/3", 1, 0.91),
        "candidates": 4,
        "without_weights": 0,
    }
    return Ensemble(**fields | changes)


def test_an_ensemble_says_who_is_in_it_and_what_was_gained(capsys):
    ensemble._print(made())
    said = capsys.readouterr().out.splitlines()
    assert [line.split() for line in said[-6:-4]] == [["m/3", "2/3", "0.91"], ["m/7", "1/3", "0.9"]]
    assert said[-4:] == [
        "m/9: the average of 2 of 4 stored models of s",
        "val_accuracy 0.92; m/3, the best alone, has 0.91",
        "it ends with 3 of 5 choices: the last 2 gained nothing",
        "chosen and measured on the same validation data, so what it gains is a little less on new ones",
    ]


def test_what_was_left_out_or_there_already_is_said(capsys):
    ensemble._print(made(is_new=False, without_weights=6, scores=(0.91, 0.915, 0.92)))
    said = capsys.readouterr().out
    assert "4 stored models of s (6 without weights were left out), which was there already\n" in said
    assert "gained nothing" not in said


def test_an_ensemble_as_json():
    told = made().as_dict()
    assert json.loads(json.dumps(told)) == told
    assert [member["weight"] for member in told["members"]] == pytest.approx([2 / 3, 1 / 3])


def test_seeds_of_a_refit_are_told_with_mean_and_spread(capsys):
    trained = [Refitted(f"m/{n}", n, 1.25, n == 1, {"test_accuracy": 0.9 + n / 100}) for n in (1, 2)]
    done = Refit("s", "m/3", 7, tuple(trained))
    assert refit._line(trained[0]) == "m/1: seed 1, trained in 1.2 s, test_accuracy 0.9100"
    assert refit._line(trained[1]) == "m/2: seed 2, was there already, test_accuracy 0.9200"
    refit._print(done)
    assert capsys.readouterr().out == (
        "trained as m/3, 7 epochs, on training and validation data: nothing is left for a score\n"
        "on the test data, measured once: test_accuracy 0.9150 ± 0.0071 over 2 seeds\n"
    )
    assert json.loads(json.dumps(done.as_dict()))["trainings"][1]["test"] == {"test_accuracy": 0.92}
    refit._print(Refit("s", "m/3", 7, (Refitted("m/1", 1, 1.0, True),)))
    assert "the problem has no test data\n" in capsys.readouterr().out


def test_a_refitted_ensemble_says_what_was_averaged(capsys):
    trained = tuple(Refitted(f"m/{n}", n, 1.25, True) for n in (11, 12, 13, 14))
    members = (
        RefittedMember(Refit("s", "m/3", 7, trained[:2]), 2),
        RefittedMember(Refit("s", "m/7", 9, trained[2:]), 1),
    )
    done = RefittedEnsemble("s", "m/9", members, "m/15", True, {"test_accuracy": 0.92})
    refit._print_ensemble(done)
    said = capsys.readouterr().out.splitlines()
    assert [line.split() for line in said[-5:-3]] == [
        ["m/3", "2/3", "7", "m/11,", "m/12"],
        ["m/7", "1/3", "9", "m/13,", "m/14"],
    ]
    assert said[-3:] == [
        "m/15: the average of 4 models, trained as the members of m/9",
        "trained on training and validation data: nothing is left for a score",
        "on the test data, measured once: test_accuracy 0.9200",
    ]
    told = done.as_dict()
    assert json.loads(json.dumps(told)) == told
    assert (told["version"], told["test"], done.test) == ("m/15", {"test_accuracy": 0.92}, {"test_accuracy": (0.92,)})
    assert [member["weight"] for member in told["members"]] == pytest.approx([2 / 3, 1 / 3])
    assert told["members"][1]["trainings"][0]["version"] == "m/13"
    refit._print_ensemble(RefittedEnsemble("s", "m/9", members, "m/15", False))
    said = capsys.readouterr().out
    assert "members of m/9, which was there already\n" in said
    assert said.endswith("the problem has no test data\n")


@pytest.mark.parametrize("words", ["confirm --top 0", "ensemble --size 1", "refit --seeds 0"])
def test_of_several_objectives_the_first_is_said_to_count(sqlite_engine, make_study, capsys, words):
    url = str(sqlite_engine.url)
    make_study(sqlite_engine, "one")
    make_study(sqlite_engine, "two", objectives="val_accuracy:max,parameters:min,latency:min")
    line = "chosen by val_accuracy, the first of the study's objectives; parameters, latency not considered\n"
    for name, said in (("one", False), ("two", True)):
        command, *options = words.split()
        assert run(app, "search", [command, name, *options, "--storage", url]) == 2
        assert (line in capsys.readouterr().out) is said


def test_wrong_usage_is_told_before_anything_is_loaded(sqlite_engine, make_study, capsys):
    make_study(sqlite_engine)
    url = str(sqlite_engine.url)
    for words, message in (
        (["ensemble", "s", "--size", "1"], "the size of the ensemble is 1; expected 2 or more"),
        (["refit", "s", "--seeds", "0"], "the number of seeds is 0; expected 1 or more"),
    ):
        assert run(app, "search", [*words, "--storage", url]) == 2
        assert message in capsys.readouterr().err


def test_a_renamed_study_keeps_what_was_made_of_it(sqlite_engine, make_study):
    study = make_study(sqlite_engine)
    url = str(sqlite_engine.url)
    with Registry(url) as registry:
        for mark in ("ensemble", "refit"):
            source = Source(origin=f"{mark}:m/1")
            registry.register("m", weights=None, metric="loss", score=0.5, source=source, tags={mark: "s"})
        Study(sqlite_engine, study).rename("t")
        assert [version.tags for version in registry.list("m")] == [{"ensemble": "t"}, {"refit": "t"}]
