"""A report's facts come from the database: the search's tables, Optuna's and the registry's."""

from __future__ import annotations

import json
import math
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine, make_url

from registry import Registry, Source
from registry.core.database.transaction import writing
from registry.core.database.url import without_secrets
from registry.core.errors import DatabaseError, NotFoundError, UsageError, UserError
from registry.core.objective import Objective
from registry.reports import Attempt, ReportedStudy, ReportedTrial, bases_of, score_of
from registry.reports.sections.leaderboard import leaderboard
from registry.reports.sections.misclassified import classes_table, errors_block
from registry.reports.sources.commands import commands_for
from registry.reports.toy import toy_study
from search.errors import ProblemError
from search.optuna_bridge.storage import close_storage, open_storage
from search.records.confirm_plan import Confirmation
from search.records.history.events import CONFIRMED, WARM_START, note
from search.records.settings import Settings
from search.records.shown.status import read_status
from search.records.studies import insert_study, read_study
from search.records.trials import read_trials
from search.report.collect import collect, default_path, write_report
from search.report.errors.misclassified import classified, errors_by_output, summarize
from search.report.importances import importances
from search.schema import attempts, results, slots, workers

SPACE = {
    "hyperparameters": [
        {"name": "learning_rate", "class": "Float", "min_value": 3e-3, "max_value": 5e-2, "step": None,
         "sampling": "log", "conditions": []},
        {"name": "hidden_layers", "class": "Int", "min_value": 1, "max_value": 3, "step": 1,
         "sampling": "linear", "conditions": []},
        {"name": "units_1", "class": "Int", "min_value": 128, "max_value": 400, "step": 16,
         "sampling": "linear", "conditions": [["hidden_layers", [1, 2, 3]]]},
        {"name": "units_2", "class": "Int", "min_value": 64, "max_value": 256, "step": 16,
         "sampling": "linear", "conditions": [["hidden_layers", [2, 3]]]},
        {"name": "activation", "class": "Choice", "values": ["relu", "elu", "tanh"], "ordered": False,
         "conditions": []},
        {"name": "nesterov", "class": "Boolean", "conditions": []},
        {"name": "batch_size", "class": "Fixed", "value": 32, "conditions": []},
    ]
}  # fmt: skip
DISTRIBUTIONS: dict[str, optuna.distributions.BaseDistribution] = {
    "learning_rate": optuna.distributions.FloatDistribution(3e-3, 5e-2, log=True),
    "momentum": optuna.distributions.FloatDistribution(0.5, 0.95),
    "hidden_layers": optuna.distributions.IntDistribution(1, 3),
    "units_1": optuna.distributions.IntDistribution(128, 400, step=16),
    "units_2": optuna.distributions.IntDistribution(64, 256, step=16),
    "activation": optuna.distributions.CategoricalDistribution(("relu", "elu", "tanh")),
    "nesterov": optuna.distributions.CategoricalDistribution((False, True)),
}


def facts(engine: Engine, studies: list[str], *, importance: bool = False) -> tuple[ReportedStudy, ...]:
    """Return what a report knows of some studies, without what takes long to compute."""
    return collect(engine, studies, errors=False, importance=importance).studies


def fill(engine: Engine, name: str = "toy", *, count: int = 30, waiting: int = 2, register: int = 3) -> None:
    """Write a made-up study as workers would have left it, with one trial still running."""
    trials = toy_study(count, name=name).trials
    with writing(engine) as connection:
        study_id = insert_study(
            connection,
            name=name,
            objective=Objective("val_accuracy", "max"),
            settings=Settings(seed=7),
            problem="search.toy:toy",
            model="toy",
            space=SPACE,
            space_fingerprint="4a2b6c7763dbe788",
            data_fingerprint="e85ef21e58f8054a",
        )
        worker = f"worker of {name}"
        connection.execute(
            sa.insert(workers).values(
                id=worker, study_id=study_id, host="h", pid=1, device="cpu", state="working", started_at=0, beat_at=0
            )
        )
        for trial in trials:
            row = {"study_id": study_id, "number": trial.number, **_slot(trial)}
            slot = connection.execute(sa.insert(slots).values(row).returning(slots.c.id)).scalar_one()
            connection.execute(sa.insert(results).values(slot_id=slot, **_result(trial)))
        running = {"state": "running", "worker_id": worker, "expires_at": 1.0, "trial": count, "epoch": 2}
        connection.execute(
            sa.insert(slots).values(study_id=study_id, number=count, **running, params={}, score=0.99, best_epoch=2)
        )
        for number in range(count + 1, count + 1 + waiting):
            connection.execute(sa.insert(slots).values(study_id=study_id, number=number))
    _fill_optuna(engine, name, trials)
    _register(engine, name, register)


def _slot(trial: ReportedTrial) -> dict[str, Any]:
    return {
        "state": "finished",
        "lease": 1,
        "trial": trial.number,
        "params": dict(trial.params),
        "epoch": trial.epochs,
        "score": trial.score,
        "best_epoch": trial.epoch,
        "stop_reason": trial.stop_reason,
        "seconds": trial.seconds,
        "parameters": trial.parameters,
        "started_at": 100.0 + trial.number,
        "finished_at": 110.0 + trial.number,
    }


def _result(trial: ReportedTrial) -> dict[str, Any]:
    by = trial.pruned_by
    return {
        "curves": {name: [None, *values[1:]] for name, values in trial.curves.items()},
        "pruned_by": by
        and {name: getattr(by, name) for name in by.__slots__}
        | {"best_peers": [{"trial": n, "value": v} for n, v in by.best_peers]},
        "error": trial.error,
    }


def _fill_optuna(engine: Engine, name: str, trials: tuple[ReportedTrial, ...]) -> None:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    storage = open_storage(engine)
    study = optuna.create_study(study_name=name, storage=storage, direction="maximize")
    states = {"complete": "COMPLETE", "pruned": "PRUNED", "failed": "FAIL"}
    study.add_trials(
        [
            optuna.trial.create_trial(
                state=optuna.trial.TrialState[states[trial.outcome]],
                value=trial.score,
                params=dict(trial.params),
                distributions={param: DISTRIBUTIONS[param] for param in trial.params},
            )
            for trial in trials
        ]
    )
    close_storage(storage)


def _register(engine: Engine, name: str, top_k: int) -> None:
    ranked = toy_study(30, name=name).ranked
    with Registry(engine.url.render_as_string(hide_password=False)) as registry:
        for trial in reversed(ranked[: top_k + 1] if top_k else ()):
            registry.register(
                "toy",
                weights=b"weights of %d" % trial.number,
                score=trial.score or 0.0,
                metric="val_accuracy",
                direction="max",
                epoch=trial.epoch or 1,
                params=trial.params,
                curves=trial.curves,
                source=Source(study=name, trial=trial.number, libraries={"keras": "3.15.1"}, code_revision="abc"),
                top_k=top_k,
            )
        if top_k:
            best = registry.best("toy")
            registry.set_alias("toy", "champion", best.version)


class TestCollect:
    def test_the_facts_are_those_of_the_python_api(self, engine: Engine) -> None:
        fill(engine)
        (study,) = facts(engine, ["toy"])
        status = read_status(engine, "toy")
        assert dict(study.counts) == status.trials
        assert study.budget == status.budget == 33
        assert status.best is not None
        best = study.ranked[0]
        assert (best.number, best.score, best.epoch, best.params) == (
            status.best.trial, status.best.score, status.best.epoch, status.best.params,
        )  # fmt: skip
        records = {r.trial: r for r in read_trials(engine, read_study(engine, "toy").id) if r.trial is not None}
        for trial in study.trials:
            record = records[trial.number]
            score = record.score if record.state == "finished" else None
            assert (trial.score, trial.epochs, trial.seconds) == (score, record.epoch, record.seconds)
            assert trial.stop_reason == record.stop_reason

    def test_a_running_trial_is_not_the_winner(self, sqlite_engine: Engine) -> None:
        fill(sqlite_engine)
        (study,) = facts(sqlite_engine, ["toy"])
        assert study.counts["running"] == 1
        assert study.ranked[0].score != 0.99

    def test_an_interrupted_trial_waits_and_has_no_rank(self, sqlite_engine: Engine) -> None:
        fill(sqlite_engine)
        with writing(sqlite_engine) as connection:
            stopped = {"state": "waiting", "worker_id": None, "expires_at": None}
            connection.execute(sa.update(slots).where(slots.c.trial == 30).values(stopped))
        (study,) = facts(sqlite_engine, ["toy"])
        trial = study.trials[-1]
        assert (trial.outcome, trial.score, trial.epochs, trial.counts) == ("waiting", None, 2, False)
        assert study.leaders[0].number != 30
        table = leaderboard(study)
        row = {column.name: cell.text for column, cell in zip(table.columns, table.rows[-1], strict=True)}
        assert (row["trial"], row["epoch"], row["stop reason"]) == ("30", "2 so far", "waiting")

    @pytest.mark.parametrize(
        "verdict",
        [
            {"pruner": "request", "epoch": 3},
            {"pruner": "request"},
            {"epoch": "late", "value": None, "best_peers": 7},
            {"pruner": "mine", "value": [1], "peers": 1.5, "best_peers": [3, {"trial": 1}, {"trial": 1, "value": "x"}]},
            [1, 2],
            "pruned",
            {},
        ],
    )
    def test_a_verdict_of_any_shape_ends_no_report(self, sqlite_engine: Engine, tmp_path: Path, verdict: Any) -> None:
        fill(sqlite_engine, count=8, register=0)
        number = next(trial.number for trial in toy_study(8).trials if trial.score is not None)
        with writing(sqlite_engine) as connection:
            slot = sa.select(slots.c.id).where(slots.c.trial == number).scalar_subquery()
            connection.execute(sa.update(slots).where(slots.c.trial == number).values(stop_reason="pruned"))
            connection.execute(sa.update(results).where(results.c.slot_id == slot).values(pruned_by=verdict))
        out = write_report(sqlite_engine, ["toy"], tmp_path / "report.html", errors=False)
        asked = isinstance(verdict, dict) and verdict.get("pruner") == "request"
        assert ("pruned, on request" in out.read_text()) == asked
        assert ("<td>on request" in out.read_text()) == asked

    def test_versions_and_aliases_are_found(self, engine: Engine) -> None:
        fill(engine)
        (study,) = facts(engine, ["toy"])
        best = study.ranked[0]
        assert (best.version, best.aliases) == ("toy/4", ("champion",))
        assert study.ranked[3].version == "toy/1"
        assert study.ranked[4].version is None
        assert study.libraries == {"keras": "3.15.1"}
        assert study.provenance["code revision"] == "abc"

    def test_where_a_curve_was_not_finite_it_is_nan(self, sqlite_engine: Engine) -> None:
        fill(sqlite_engine)
        (study,) = facts(sqlite_engine, ["toy"])
        assert math.isnan(study.ranked[0].curves["loss"][0])

    def test_the_space_in_words(self, sqlite_engine: Engine) -> None:
        fill(sqlite_engine)
        (study,) = facts(sqlite_engine, ["toy"])
        assert [(hp.name, hp.kind, hp.range, hp.condition, hp.log) for hp in study.space] == [
            ("learning_rate", "Float", "0.003 to 0.05, log", "", True),
            ("hidden_layers", "Int", "1 to 3", "", False),
            ("units_1", "Int", "128 to 400, step 16", "", False),
            ("units_2", "Int", "64 to 256, step 16", "hidden_layers is 2 or 3", False),
            ("activation", "Choice", "relu, elu, tanh", "", False),
            ("nesterov", "Boolean", "True, False", "", False),
            ("batch_size", "Fixed", "32", "", False),
        ]

    def test_wall_time_is_from_the_first_begin_to_the_last_end(self, sqlite_engine: Engine) -> None:
        fill(sqlite_engine, count=30)
        (study,) = facts(sqlite_engine, ["toy"])
        assert study.wall_seconds == 139.0 - 100.0

    def test_without_names_all_studies_are_told(self, sqlite_engine: Engine) -> None:
        fill(sqlite_engine, "second")
        fill(sqlite_engine, "무작위 탐색")
        assert [study.name for study in facts(sqlite_engine, [])] == ["second", "무작위 탐색"]

    def test_a_name_twice_is_told_once(self, sqlite_engine: Engine) -> None:
        fill(sqlite_engine)
        assert len(facts(sqlite_engine, ["toy", "toy"])) == 1


class TestCommands:
    def test_they_name_the_version_that_won_also_where_a_better_one_comes_later(self, sqlite_engine: Engine) -> None:
        fill(sqlite_engine)
        (study,) = facts(sqlite_engine, ["toy"])
        shell, file, python, _ = study.commands.values()
        url = str(sqlite_engine.url)
        assert file == f"registry load toy/4 --out toy-4.keras --storage {url}"
        assert shell == f"registry show toy/4 --storage {url}"
        assert python == f"from registry import Registry\n\nmodel = Registry({url!r}).get('toy/4').load()"
        with Registry(str(sqlite_engine.url)) as registry:
            registry.register(
                "toy", weights=None, score=0.999, metric="val_accuracy", direction="max", epoch=1, params={}, curves={}
            )
        (again,) = facts(sqlite_engine, ["toy"])
        assert again.commands == study.commands

    def test_they_can_be_pasted_into_a_shell_whatever_the_names_are(self, sqlite_engine: Engine) -> None:
        name = 'it\'s a "night"; rm -rf $HOME'
        fill(sqlite_engine, name)
        (study,) = facts(sqlite_engine, [name])
        url = make_url("sqlite:////tmp/my studies' folder/s.db")
        with Registry(str(sqlite_engine.url)) as registry:
            commands = commands_for(url, registry.best("toy"))
        shown, loaded, _ = commands.values()
        assert shlex.split(shown) == ["registry", "show", "toy/4", "--storage", str(url)]
        assert shlex.split(loaded)[-2:] == ["--storage", str(url)]
        assert f"{name}-again" in shlex.split(study.commands["The study again"])

    def test_without_a_version_there_is_only_how_to_search_again(self, sqlite_engine: Engine) -> None:
        fill(sqlite_engine, register=0)
        (study,) = facts(sqlite_engine, ["toy"])
        assert study.commands == {
            "The study again": f"search run search.toy:toy --study toy-again --trials 33 --seed 7 "
            f"--storage {sqlite_engine.url}"
        }

    def test_the_study_again_begins_with_the_same_studies(self, sqlite_engine: Engine) -> None:
        fill(sqlite_engine, register=0)
        with writing(sqlite_engine) as connection:
            note(connection, read_study(sqlite_engine, "toy").id, WARM_START, study="last night")
        (study,) = facts(sqlite_engine, ["toy"])
        assert " --warm-start 'last night' " in study.commands["The study again"]

    def test_passwords_are_left_out(self) -> None:
        url = make_url("postgresql+psycopg://ann:hunter2@db/studies?sslpassword=hunter3&sslmode=require")
        assert without_secrets(url).render_as_string(hide_password=False) == (
            "postgresql+psycopg://ann@db/studies?sslmode=require"
        )


TRAINING_SECONDS = 9.5
SCORES = {trial.number: score_of(trial) for trial in toy_study(60).ranked}


class TestImportances:
    def test_they_find_what_matters(self, sqlite_engine: Engine) -> None:
        fill(sqlite_engine, count=60)
        for found in importances(sqlite_engine, "toy", "max", SCORES):
            assert found.missing == ""
            assert sum(found.shares.values()) == pytest.approx(1.0)
            assert found.trials == len(toy_study(60).ranked)
            assert next(iter(found.shares)) == "learning_rate"

    def test_they_come_with_their_uncertainty(self, sqlite_engine: Engine) -> None:
        fill(sqlite_engine, count=60)
        for found in importances(sqlite_engine, "toy", "max", SCORES):
            assert set(found.ranges) == set(found.shares)
            assert all(0 <= low < high <= 1 for low, high in found.ranges.values())
            assert all(found.ranges[name][0] <= share <= found.ranges[name][1] for name, share in found.shares.items())

    def test_they_are_those_of_the_scores_at_the_epoch_that_nearly_all_reached(self, sqlite_engine: Engine) -> None:
        fill(sqlite_engine, count=60)
        (study,) = facts(sqlite_engine, ["toy"], importance=True)
        there, complete = (basis.study for basis in bases_of(study))
        assert study.importances.trials == len(there.trials) > len(complete.trials) == study.of_complete[0].trials

    def test_fanova_leaves_out_what_not_all_trials_have(self, sqlite_engine: Engine) -> None:
        fill(sqlite_engine)
        first, second = importances(sqlite_engine, "toy", "max", SCORES)
        assert set(first.shares) - set(second.shares) == {"units_2"}

    def test_only_the_trials_of_one_moment_count(self, sqlite_engine: Engine) -> None:
        fill(sqlite_engine)
        numbers = [trial.number for trial in toy_study(30).ranked[:25]]
        assert importances(sqlite_engine, "toy", "max", {number: 0.5 + number for number in numbers})[0].trials == 25

    def test_few_trials_have_none(self, sqlite_engine: Engine) -> None:
        fill(sqlite_engine, count=10)
        scored = len(toy_study(10).ranked)
        told = f"they need 21 trials with a score for 7 hyperparameters, and there are {scored}"
        assert [found.missing for found in importances(sqlite_engine, "toy", "max", SCORES)] == [told, told]

    def test_a_range_that_depends_on_another_param_costs_only_the_importances(
        self, sqlite_engine: Engine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        steps = [optuna.distributions.IntDistribution(1, 3), optuna.distributions.IntDistribution(1, 300)]
        trials = [
            optuna.trial.create_trial(
                value=float(number), params={"x": 1 + number % 3}, distributions={"x": steps[number % 2]}
            )
            for number in range(30)
        ]
        monkeypatch.setattr("search.report.importances._scored", lambda *_: trials)
        ped_anova, fanova = importances(sqlite_engine, "toy", "max", SCORES)
        assert ped_anova.shares or ped_anova.missing
        assert not fanova.shares
        assert fanova.missing

    def test_without_optunas_trials_the_reason_is_told(self, sqlite_engine: Engine) -> None:
        found, _ = importances(sqlite_engine, "toy", "max", SCORES)
        assert found.missing == "Optuna's trials could not be read (KeyError)"


class TestEvidence:
    def test_baselines_seeds_and_test_data_are_found_by_their_tags(self, engine: Engine) -> None:
        fill(engine)
        best = toy_study(30, name="toy").ranked[0]
        with Registry(engine.url.render_as_string(hide_password=False)) as registry:
            for seed in (0, 1):
                register(registry, "baseline:softmax", seed, 0.84 + seed / 100, {}, kind="baseline", baseline="softmax",
                         test_accuracy="0.83")  # fmt: skip
            for seed, score in ((0, 0.88), (1, 0.87)):
                register(registry, "confirmed", seed, score, best.params, confirm="toy")
                register(registry, "longer", seed, score + 0.1, best.params, confirm="toy", confirm_max_epochs="60")
                register(registry, "taught", seed, score + 0.1, best.params, confirm="toy", teacher="toy/9")
        (study,) = facts(engine, ["toy"])
        (baseline,) = study.baselines
        assert (baseline.label, baseline.score, baseline.test) == (
            "softmax (mean of 2 seeds)", pytest.approx(0.845), {"test_accuracy": 0.83},
        )  # fmt: skip
        assert {one.label: one.scores for one in study.repeats} == {
            f"trial {best.number}": (0.88, 0.87),
            "baseline softmax": (0.84, 0.85),
        }
        assert study.provenance["confirmed otherwise by"] == "longer (max_epochs 60), taught (teacher toy/9)"

    def test_a_confirmed_winner_is_told_in_both_studies(self, engine: Engine) -> None:
        fill(engine, register=0)
        first, second = toy_study(30, name="toy").ranked[:2]
        plan = Confirmation("toy", (first.number, second.number), ({}, {}), 2)
        scores = {first.number: (0.87, 0.88), second.number: (0.89, 0.91)}
        with Registry(engine.url.render_as_string(hide_password=False)) as registry:
            for seed in (0, 1):
                for place, trial in enumerate((first, second)):
                    tests = {} if trial is first else {"test_accuracy": f"0.8{5 + seed}"}
                    score = scores[trial.number][seed]
                    register(registry, "again", 2 * seed + place, score, trial.params, confirm="toy", **tests)
        with writing(engine) as connection:
            again = insert_confirmation(connection, plan)
            for number in range(4):
                trial = (first, second)[number % 2]
                row = _slot(replace(trial, number=number, score=scores[trial.number][number // 2], epoch=1))
                connection.execute(sa.insert(slots).values(study_id=again, number=number, **row))
            note(connection, again, CONFIRMED, trial=second.number, version="toy/4")
        study, confirming = facts(engine, ["toy", "again"])
        best, same = study.leaders[0], confirming.leaders[0]
        assert (best.number, best.version, best.stand_in, best.test) == (
            second.number, None, "toy/4", {"test_accuracy": pytest.approx(0.855)},
        )  # fmt: skip
        assert (same.number, same.version, same.stand_in) == (3, "toy/4", None)
        assert (study.confirming_seconds, confirming.confirming_seconds) == (4 * TRAINING_SECONDS, 0.0)
        for told in (study, confirming):
            found = told.repeats_of(told.leaders[0])
            assert found is not None
            assert sorted(found.scores) == [0.89, 0.91]
            assert sorted(found.tests["test_accuracy"]) == [0.85, 0.86]
            assert told.repeats_of(told.leaders[1]).mean == pytest.approx(0.875)
            assert told.commands["Its record, on the command line"].startswith("registry show toy/")

    def test_workers_and_machines_are_told(self, engine: Engine) -> None:
        fill(engine)
        with writing(engine) as connection:
            slot = connection.execute(sa.select(slots.c.id).where(slots.c.trial == 3)).scalar_one()
            lost = {"slot_id": slot, "worker_id": "worker of toy", "first_epoch": 1}
            connection.execute(
                sa.insert(attempts).values(**lost, lease=1, started_at=5.0, ended_at=9.0, last_epoch=2, outcome="lost")
            )
            connection.execute(sa.insert(attempts).values(**lost | {"first_epoch": 3}, lease=2, started_at=12.0))
        (study,) = facts(engine, ["toy"])
        assert study.machines == ("h, cpu, 1 worker",)
        assert study.attempts == (
            Attempt(3, "worker of toy", "h, cpu", 5.0, 9.0, "lost", 1, 2),
            Attempt(3, "worker of toy", "h, cpu", 12.0, None, "running", 3, None),
        )

    def test_the_best_peers_are_told(self, sqlite_engine: Engine) -> None:
        fill(sqlite_engine)
        (study,) = facts(sqlite_engine, ["toy"])
        told = [trial.pruned_by.best_peers for trial in study.trials if trial.pruned_by]
        assert told
        assert all(peers == ((0, 0.87), (1, 0.865)) for peers in told)

    def test_a_winner_whose_problem_is_gone_costs_only_its_section(self, sqlite_engine: Engine) -> None:
        fill(sqlite_engine, register=0)
        (study,) = collect(sqlite_engine, ["toy"], errors=True).studies
        assert (study.mistakes, study.mistakes_missing) == (None, "")


def insert_confirmation(connection: Connection, plan: Confirmation) -> int:
    return insert_study(
        connection,
        name="again",
        objective=Objective("val_accuracy", "max"),
        settings=Settings(confirms=plan),
        problem="search.toy:toy",
        model="toy",
        space=SPACE,
        space_fingerprint="4a2b6c7763dbe788",
        data_fingerprint="e85ef21e58f8054a",
    )


def register(registry: Registry, study: str, seed: int, score: float, params: Any, **tags: str) -> None:
    source = Source(study=study, trial=seed, seed=seed)
    values: dict[str, Any] = {"metric": "val_accuracy", "direction": "max", "epoch": 1, "params": params}
    curves = {"val_accuracy": (score,)}
    values |= {"seconds": TRAINING_SECONDS}
    registry.register("toy", weights=None, score=score, curves=curves, source=source, tags=tags, **values)


class TestMistakes:
    def test_they_are_counted_from_the_predictions(self) -> None:
        shares = np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3], [0.45, 0.55]])
        found = summarize("m/1", ("a", "b"), np.array([0, 1, 1, 0]), shares, np.zeros((4, 9, 9), np.uint8))
        assert found.confusion == ((1, 1), (1, 1))
        assert found.accuracy == 0.5
        assert [(w.index, w.label, w.predicted, w.confidence) for w in found.worst] == [
            (2, "b", "a", 0.7), (3, "a", "b", 0.55),
        ]  # fmt: skip
        assert all(worst.png.startswith(b"\x89PNG") for worst in found.worst)
        assert [part.samples for part in found.calibration] == [1, 1, 1, 1]
        assert found.calibration_error == pytest.approx((0.1 + 0.2 + 0.7 + 0.55) / 4)

    def test_of_several_outputs_it_is_said_whose_classes_are_shown(self) -> None:
        y, shares = np.array([0, 1]), np.array([[0.8, 0.2], [0.6, 0.4]])
        outputs = {"kind": (y, shares), "price": (y + 0.5, shares[:, :1]), "size": (y, shares)}
        mistakes, residuals = errors_by_output("m/1", outputs)
        assert mistakes is not None
        assert (mistakes.output, mistakes.others, [each.output for each in residuals]) == ("kind", ("size",), ["price"])
        block = errors_block(replace(toy_study(3), mistakes=mistakes, residuals=residuals))
        assert block.notes[-1] == "Of the classes those of kind are shown, and not those of size."
        titles = [part.title for part in block.parts]
        assert titles[:2] == ["kind: 2 samples", "kind: by class"]
        assert all(title.startswith(("kind: ", "price: ")) for title in titles)

    def test_classes_of_one_name_and_without_samples_have_lines_of_their_own(self) -> None:
        labels, shares = np.array([0, 1, 1]), np.array([[0.1, 0.9, 0], [0.6, 0.4, 0], [0.1, 0.2, 0.7]])
        table = classes_table(summarize("m/1", ("a", "a", "c"), labels, shares))
        cells = [(row[0].text, row[1].text, row[-1].text) for row in table.rows]
        assert cells == [("a", "1", "a (1)"), ("a", "2", "c (1)"), ("c", "0", "–")]

    @pytest.mark.parametrize(
        ("y", "given"),
        [
            (np.array([[0], [1]]), np.array([[0.2], [0.9]])),
            (np.array([[1, 0], [0, 1]]), np.array([[0.8, 0.2], [0.1, 0.9]])),
            (np.array([0, 1]), np.log(np.array([[0.8, 0.2], [0.1, 0.9]]))),
        ],
    )
    def test_labels_and_predictions_come_in_several_shapes(self, y: Any, given: Any) -> None:
        labels, shares = classified(y, given)
        assert labels.tolist() == [0, 1]
        assert shares == pytest.approx(np.array([[0.8, 0.2], [0.1, 0.9]]))

    def test_a_regression_is_none(self) -> None:
        with pytest.raises(ProblemError, match="neither a classification of one class a sample nor a regression"):
            classified(np.array([0.5, 1.5]), np.array([[0.1], [0.2]]))


class TestWriteReport:
    def test_one_file_appears(self, engine: Engine, tmp_path: Path) -> None:
        fill(engine)
        out = tmp_path / "new" / "report.html"
        assert write_report(engine, ["toy"], out, errors=False) == out
        assert [path.name for path in out.parent.iterdir()] == ["report.html"]
        page = out.read_text(encoding="utf-8")
        assert page.startswith("<!doctype html>")
        assert repr(facts(engine, ["toy"])[0].ranked[0].score) in page

    def test_numbers_in_the_page_are_those_of_the_python_api(self, sqlite_engine: Engine, tmp_path: Path) -> None:
        fill(sqlite_engine)
        page = write_report(sqlite_engine, ["toy"], tmp_path / "r.html", errors=False).read_text(encoding="utf-8")
        best = read_status(sqlite_engine, "toy").best
        assert best is not None
        (headline,) = re.findall(r'<p class="score" data-v="([^"]+)">', page)
        with Registry(str(sqlite_engine.url)) as registry:
            assert float(headline) == registry.best("toy").score == best.score
        assert f"Trial {best.trial}, epoch {best.epoch} of " in page
        scores = [r.score for r in read_trials(sqlite_engine, read_study(sqlite_engine, "toy").id) if r.score]
        assert {repr(score) for score in scores if score != 0.99} <= set(re.findall(r'data-v="([^"]+)"', page))
        bars = page[page.index('<table class="bars">') :]
        told = {float(share) for share in re.findall(r'<td class="n" data-v="([^"]+)"', bars[: bars.index("</table>")])}
        (study,) = facts(sqlite_engine, ["toy"], importance=True)
        assert told == {share for found in (study.importances, study.fanova) for share in found.shares.values()}

    def test_a_url_does_as_well(self, sqlite_engine: Engine, tmp_path: Path) -> None:
        fill(sqlite_engine)
        assert write_report(str(sqlite_engine.url), ["toy"], tmp_path / "r.html", errors=False).exists()

    def test_passwords_are_nowhere_in_the_page(self, sqlite_engine: Engine, tmp_path: Path) -> None:
        fill(sqlite_engine)
        url = make_url("postgresql://ann:hunter2@host/studies?password=hunter3")
        with Registry(str(sqlite_engine.url)) as registry:
            commands = commands_for(url, registry.best("toy"))
        assert "hunter" not in str(commands)

    @pytest.mark.parametrize(
        ("make", "error", "message"),
        [
            (lambda e, t: write_report(e, ["tou"], t / "r.html"), NotFoundError, "no study is called 'tou'; did"),
            (lambda e, t: write_report(e, ["toy"], t / "r.docx", errors=False), UsageError, "cannot write a report to"),
            (lambda e, t: write_report(f"sqlite:///{t}/no.db", [], t / "r.html"), DatabaseError, "there is no data"),
            (lambda e, t: write_report(e, ["toy"], t / "studies.db" / "r.csv", errors=False), UserError, "cannot m"),
        ],
    )  # fmt: skip
    def test_errors_leave_nothing(
        self,
        sqlite_engine: Engine,
        tmp_path: Path,
        make: Callable[[Engine, Path], Path],
        error: type[Exception],
        message: str,
    ) -> None:
        fill(sqlite_engine)
        before = sorted(tmp_path.iterdir())
        with pytest.raises(error, match=message):
            make(sqlite_engine, tmp_path)
        assert sorted(tmp_path.iterdir()) == before

    def test_an_empty_database(self, sqlite_engine: Engine, tmp_path: Path) -> None:
        with pytest.raises(NotFoundError, match="holds no studies yet; start one with `search run`"):
            write_report(sqlite_engine, [], tmp_path / "r.html", errors=False)

    def test_no_heavy_import(self, sqlite_engine: Engine, tmp_path: Path) -> None:
        fill(sqlite_engine)
        code = (
            "import json, sys; from search.report.collect import write_report; "
            f"write_report({str(sqlite_engine.url)!r}, [], {str(tmp_path / 'r.html')!r}, errors=False); "
            "print(json.dumps([m for m in ('tensorflow', 'keras', 'keras_tuner', 'matplotlib.pyplot') "
            "if m in sys.modules]))"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert json.loads(done.stdout) == []
        assert done.stderr == ""


def test_no_two_studies_reports_go_to_one_file() -> None:
    names = ["a/b", "a b", "a-b", "a+b", "x" * 100, "x" * 101, "ü", "."]
    paths = [default_path([name]) for name in names]
    paths += [default_path(["a", "b"]), default_path([])]
    assert len(set(paths)) == len(paths)
    assert all(len(path.name) < 80 and path.parent == Path("reports") for path in paths)
    assert default_path(["night"]) == Path("reports/night.html")
