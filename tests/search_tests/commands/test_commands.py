"""What commands take for wrong usage, before they look at a problem."""

import pytest

from registry.core.console import run
from search.cli import app


@pytest.mark.parametrize("trials", ["0", "-3"])
def test_a_budget_of_no_trials_is_wrong_usage(tmp_path, capsys, trials):
    words = ["create", "search.toy:toy", "--trials", trials, "--storage", f"sqlite:///{tmp_path}/studies.db"]
    assert run(app, "search", words) == 2
    assert f"search: the number of trials is {trials}; expected 1 or more" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
