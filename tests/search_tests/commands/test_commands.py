"""What commands take for wrong usage, before they look at a problem."""

import subprocess
import sys

import pytest

from registry.core.console import run
from search.cli import app


@pytest.mark.parametrize("trials", ["0", "-3"])
def test_a_budget_of_no_trials_is_wrong_usage(tmp_path, capsys, trials):
    words = ["create", "search.toy:toy", "--trials", trials, "--storage", f"sqlite:///{tmp_path}/studies.db"]
    assert run(app, "search", words) == 2
    assert f"search: the number of trials is {trials}; expected 1 or more" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_program_that_starts_workers_needs_no_keras_itself():
    heavy = "[name for name in ('keras', 'keras_tuner', 'tensorflow') if name in sys.modules]"
    modules = "search.study, search.commands.run, search.check.try_out, search.trial_import.keras_tuner_project"
    words = [sys.executable, "-c", f"import sys, {modules}; print({heavy})"]
    assert subprocess.run(words, capture_output=True, text=True, check=True).stdout == "[]\n"
