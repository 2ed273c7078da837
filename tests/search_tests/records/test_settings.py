"""What the settings of a study may be."""

from __future__ import annotations

import json

import numpy as np
import pytest

from registry.core.errors import UsageError
from search.records.settings import Settings, check_budget


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("max_epochs", "x", "max_epochs is 'x'; expected a whole number"),
        ("max_epochs", 1.5, "max_epochs is 1.5; expected a whole number"),
        ("patience", None, "patience is None; expected a whole number"),
        ("seed", True, "seed is True; expected a whole number"),
        ("epochs", [3], r"epochs is \[3\]; expected a whole number"),
        ("epochs", 0, "epochs is 0; expected 1 or more"),
        ("target", "good", "target is 'good'; expected a number"),
        ("trial_seconds", {}, "trial_seconds is {}; expected a number"),
        ("checkpoint_seconds", -1, "checkpoint_seconds is -1; expected 0 or more"),
    ],
)
def test_a_value_of_another_type_is_refused_in_a_line(name, value, message):
    with pytest.raises(UsageError, match=message):
        Settings(**{name: value})


def test_numbers_of_numpy_become_pythons():
    settings = Settings(max_epochs=np.int64(3), target=np.float32(0.5), max_seconds_per_epoch=2)
    assert json.loads(json.dumps(settings.as_dict()))["max_epochs"] == 3
    assert (settings.target, settings.max_seconds_per_epoch) == (0.5, 2)


@pytest.mark.parametrize("trials", ["x", None, 2.5, 0, 10**7])
def test_a_budget_that_no_study_can_have_is_refused(trials):
    with pytest.raises(UsageError, match="the number of trials is "):
        check_budget(trials)
