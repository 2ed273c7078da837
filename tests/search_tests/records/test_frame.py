"""Trials as a table, and a study as a notebook shows it."""

from __future__ import annotations

import pandas as pd
import pytest
import sqlalchemy as sa

from registry import Registry, Source
from registry.core.database.transaction import writing
from search.api.study import Study
from search.schema import results, slots


@pytest.fixture
def study(sqlite_engine, make_study):
    """Give a study of three slots: one trial has ended, one runs, one has not begun."""
    record = make_study(sqlite_engine, name="<b>&")
    ended = {"state": "finished", "lease": 1, "trial": 0, "params": {"units": 8}, "score": 0.5, "best_epoch": 2}
    with writing(sqlite_engine) as connection:
        change = sa.update(slots).where(slots.c.study_id == record.id)
        connection.execute(change.where(slots.c.number == 0).values(ended | {"stop_reason": "max_epochs"}))
        connection.execute(change.where(slots.c.number == 1).values(trial=1, params={"rate": 0.1}))
    return Study(sqlite_engine, record)


def test_a_row_for_each_trial_that_has_begun(study):
    frame = study.to_frame()
    assert list(frame["trial"]) == [0, 1]
    assert list(frame["stop_reason"].fillna("")) == ["max_epochs", ""]
    assert frame["params.units"][0] == 8
    assert pd.isna(frame["params.units"][1])
    assert frame["params.rate"][1] == 0.1
    assert not frame["imported"].any()


def test_each_further_objective_has_a_column(sqlite_engine, make_study):
    record = make_study(sqlite_engine, objectives="val_accuracy:max,parameters:min,latency:min,seconds:max")
    with writing(sqlite_engine) as connection:
        ids = list(connection.scalars(sa.select(slots.c.id).where(slots.c.study_id == record.id)))
        for trial, reason in enumerate(("max_epochs", "pruned", "error")):
            ended = {"state": "finished", "trial": trial, "stop_reason": reason, "parameters": 30 + trial}
            scored = {} if reason == "error" else {"score": 0.5, "best_epoch": 2}
            connection.execute(sa.update(slots).where(slots.c.id == ids[trial]).values(ended | scored))
            curves = {"latency": [0.1, 0.2 + trial, 0.3], "seconds": [1.0, None, 2.0]}
            connection.execute(sa.insert(results).values(slot_id=ids[trial], curves=curves))
    frame = Study(sqlite_engine, record).to_frame()
    assert list(frame["latency"][:2]) == [0.2, 1.2]
    assert pd.isna(frame["latency"][2])
    assert list(frame["parameters"]) == [30, 31, 32]
    assert frame["values.seconds"].isna().all()
    assert frame.columns.is_unique


def test_a_study_without_trials_has_the_columns_all_the_same(sqlite_engine, make_study):
    frame = Study(sqlite_engine, make_study(sqlite_engine, name="empty")).to_frame()
    assert len(frame) == 0
    assert {"trial", "score", "imported"} <= set(frame.columns)


def test_a_study_shows_itself_without_markup_of_users(study):
    assert repr(study) == "Study('<b>&', problem='search.toy:toy')"
    shown = study._repr_html_()
    assert study.status()._repr_html_() == shown
    assert "<caption>&lt;b&gt;&amp;</caption>" in shown
    assert "1 of 3" in shown
    assert "0.5000 (trial 0, epoch 2)" in shown


def test_a_registry_and_a_version_show_themselves(tmp_path):
    url = f"sqlite:///{tmp_path}/studies.db"
    with Registry(url, create=True) as registry:
        values = {"weights": b"x", "metric": "val_loss", "score": 0.25, "epoch": 1, "params": {"<i>": "<script>"}}
        version = registry.register("m", **values, source=Source(study="s", trial=3))
        assert repr(registry) == f"Registry('{url}')"
        assert "<td>m</td><td>1</td><td>val_loss</td>" in registry._repr_html_()
    assert repr(version) == "ModelVersion('m/1', val_loss=0.2500)"
    shown = version._repr_html_()
    assert "s, trial 3" in shown
    assert "<td>&lt;i&gt;</td><td>&lt;script&gt;</td>" in shown
