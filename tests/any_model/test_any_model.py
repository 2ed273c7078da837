"""Whatever a user's model does, the study goes on: every row is searched, continued, loaded and exported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from any_model.bench import Bench, closing_bench
from any_model.kinds_of_models import plain
from any_model.row import Row
from any_model.table import GUIDES, ROWS, TWINS

from registry import LoadError
from registry.export import FORMATS, export_checked, format_of
from registry.keras_models.predictions import predict
from search.problems.rebuild import rebuild_model
from search.records.trials import TrialRecord
from tests.support.filled import Filler

EXPORTED = {"keras": "x.keras", "savedmodel": "x", "onnx": "x.onnx", "tflite": "x.tflite", "weights": "x.weights.h5"}


# What a library says of a user's model is for the user to read.
pytestmark = pytest.mark.filterwarnings("default")


def _nightly(name: str) -> Any:
    return pytest.param(name, marks=pytest.mark.nightly) if name in GUIDES | TWINS else name


@pytest.mark.parametrize("name", [*map(_nightly, ROWS)])
def test_it_is_searched_recorded_loaded_exported_and_continued(name: str, tmp_path: Path, fill: Filler) -> None:
    row = ROWS[name]
    whole, halves = tmp_path / "whole", tmp_path / "halves"
    whole.mkdir()
    halves.mkdir()
    with closing_bench(row, whole, fill) as bench:
        assert len(bench.inspection.warnings) == (row.warns is not None)
        assert all((row.warns or "") in line for line in bench.inspection.warnings)
        trial = bench.work()
        assert trial.stop_reason is not None
        assert trial.stop_reason.value == row.ends, trial.error
        assert_right(row, trial)
        assert_stored(row, trial, bench, whole)
    if row.epochs > 1 and row.ends != "nan":
        with closing_bench(row, halves, fill) as bench:
            bench.interrupt(after=row.epochs - 1)
            assert_continued(row, trial, bench.work(), bench.details())


def assert_stored(row: Row, trial: TrialRecord, bench: Bench, folder: Path) -> None:
    """Check what the registry has of a winner: that it loads, predicts what it predicted, and can be exported.

    The model that many rows share is exported in its own row alone.
    """
    if trial.score is None:
        assert bench.context.registry.models() == []
        return
    version = bench.context.registry.get(row.name)
    if row.loads == "none":
        assert version.weights is None
        assert "cannot write" in version.tags["no_weights"]
        return
    rebuild = rebuild_model if row.loads == "rebuilt" else None
    if rebuild is not None:
        with pytest.raises(LoadError, match="--rebuild"):
            version.load()
    status = bench.context.registry.load_check(version.ref, rebuild).status
    assert status == ("equal" if row.loads == "rebuilt" else row.loads)
    model, check = version.load(rebuild), bench.context.registry._loader.reference_predictions(version)
    if check is not None:
        predict(model, check.inputs, 3)
    for exported in row.exports if row.build is not plain or row.name == "plain" else ():
        out = folder / EXPORTED[exported]
        assert export_checked(model, format_of(exported, out), out, check).samples > 0


def assert_continued(row: Row, whole: TrialRecord, trial: TrialRecord, details: list[str | None]) -> None:
    """Check a trial that was interrupted and went on, against one that was not."""
    assert trial.stop_reason == whole.stop_reason, trial.error
    assert len(details) == 2
    if row.continues == "exactly":
        assert details[1] is None
    else:
        assert (details[1] or "").startswith("began again" if row.continues == "anew" else "continued, not exactly")
    assert_right(row, trial)
    if row.continues != "not exactly":
        assert trial.curves == whole.curves


def assert_right(row: Row, trial: TrialRecord) -> None:
    """Check a trial's curves, which align with its epochs, and its score."""
    assert {len(values) for values in trial.curves.values()} == {row.epochs}
    assert set(row.curves) <= set(trial.curves)
    if row.ends in ("error", "nan"):
        assert trial.score is None
        return
    known = [value for value in trial.curves[row.metric] if value is not None]
    expected = (max(known) if row.direction == "max" else min(known)) if row.score is None else row.score(trial.curves)
    assert trial.score == pytest.approx(expected)
    assert trial.curves[row.metric][trial.best_epoch - 1] == trial.score


def test_every_format_has_a_place() -> None:
    assert set(EXPORTED) == set(FORMATS)
