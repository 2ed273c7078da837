from __future__ import annotations

from pathlib import Path

import pytest
from optuna.distributions import FloatDistribution

from benchmarks import recording
from benchmarks.recording import Recording, Row


def test_rows_come_back_in_the_order_of_their_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "FOLDER", tmp_path)
    distributions = {"rate": FloatDistribution(1e-4, 1.0, log=True)}
    rows = [Row(n, {"rate": 0.1}, dict(distributions), [0.25, 0.5], [1.5, 2.0]) for n in (1, 0)]
    for row in rows:
        Recording("p").append(row)
    assert Recording("p").rows() == [rows[1], rows[0]]
    assert Recording("q").rows() == []
