"""The winner's errors in a report: what its weights predict is what its score says."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry.core.database.engine import open_engine
from search import Study
from search.report.collect import collect
from search.report.errors.misclassified import errors_of_winner


def test_the_winners_errors_add_up_to_its_score(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/studies.db"
    study = Study.create("toy", problem="search.toy:toy", trials=2, storage=url, max_epochs=3)
    study.run(workers=1)
    engine = open_engine(url)
    try:
        (found,) = collect(engine, ["toy"]).studies
    finally:
        engine.dispose()
    assert found.mistakes_missing == ""
    assert found.mistakes is not None
    assert found.mistakes.samples == 256
    assert found.mistakes.accuracy == pytest.approx(found.ranked[0].score, abs=1e-6)
    assert found.attempts
    # Other data than those that it was chosen by tell nothing of it.
    assert errors_of_winner(url, "toy/1", "search.toy:toy", "other data") == (
        (None, ()),
        "the problem's data are not those that the version was chosen by",
    )
