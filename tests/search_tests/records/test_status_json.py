"""How a study stands, as JSON."""

from __future__ import annotations

import json

from registry.core.console import json_text
from registry.core.objective import Objective
from search.records.shown.status import BestTrial, StudyStatus


def test_an_infinite_score_is_null_in_json():
    best = BestTrial(3, float("inf"), 1, {"rate": float("nan")})
    counts = dict.fromkeys(("complete", "pruned", "failed", "running", "paused", "waiting"), 0)
    status = StudyStatus("s", "p", Objective("loss", "min"), 1, counts, best, (), False, None)
    assert json.loads(json_text(status.as_dict()))["best"] == {
        "trial": 3,
        "score": None,
        "epoch": 1,
        "params": {"rate": None},
    }
