"""A study is changed while real workers work on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from search import Study
from search.records.shown.status import StudyStatus

MINE = """
import threading
from pathlib import Path

def objective(trial):
    x = trial.suggest_float("x", 0, 1)
    for _ in range(600):
        if trial.number < 2 or Path("changed").exists():
            break
        threading.Event().wait(0.05)
    return x
"""


def test_workers_take_a_change_up_at_their_next_claim(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.py").write_text(MINE)
    monkeypatch.chdir(tmp_path)
    study = Study.create("s", problem="mine:objective", trials=8, storage=f"sqlite:///{tmp_path}/s.db")

    def change(status: StudyStatus) -> None:
        if status.finished >= 2 and not Path("changed").exists():
            study.change(pruner="none", trials=10)
            Path("changed").touch()

    status = study.run(workers=2, on_status=change)
    assert (status.finished, status.trials["complete"], status.budget) == (10, 10, 10)
    frame = study.to_frame().sort_values("trial")
    assert frame["study_version"][:2].tolist() == [1, 1]
    assert frame["study_version"][4:].tolist() == [2] * 6
    assert set(frame["worker"][:2]).isdisjoint(frame["worker"][4:])
    assert [version.changes for version in status.versions] == [("pruner: median became none", "trials: 8 became 10")]
    study.close()
