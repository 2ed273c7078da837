"""What ``fmnist`` offers, and what a look at it costs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import fmnist
from fmnist.cli import app
from registry.core.console import run
from registry.core.objective import Objective

HEAVY = ("keras", "keras_tuner", "matplotlib", "sklearn", "tensorflow")


def test_the_names_are_sorted_and_there() -> None:
    assert fmnist.__all__ == sorted(fmnist.__all__)
    assert fmnist.load_data is not None
    with pytest.raises(AttributeError, match=r"^module 'fmnist' has no attribute 'nothing'$"):
        fmnist.nothing  # noqa: B018


def test_the_problem_is_described() -> None:
    problem = fmnist.fmnist
    assert (problem.name, problem.objective) == ("fmnist", Objective("val_accuracy", "max"))
    assert (problem.batch_size, problem.class_names) == (32, fmnist.CLASS_NAMES)


@pytest.mark.parametrize("module", ["fmnist.problem", "fmnist.cli", "fmnist.dataset.arrays"])
def test_nothing_heavy_is_imported(module: str) -> None:
    code = f"import sys, {module}; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("command", ["data", "explore"])
def test_an_error_is_one_line(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nowhere = tmp_path / "nowhere"
    assert run(app, "fmnist", [command, "--data-dir", str(nowhere)]) == 1
    answer = capsys.readouterr()
    assert answer.out == ""
    assert answer.err == (
        f"fmnist: --data-dir names {nowhere}, which is not a folder; name one that holds Fashion-MNIST's four files\n"
    )


def test_an_unknown_command_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(app, "fmnist", ["dta"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_the_optimizers_are_a_problem_of_their_own() -> None:
    from fmnist.problem import fmnist_optimizers

    assert fmnist_optimizers.name == "fmnist-optimizers"
    assert fmnist_optimizers.hypermodel().optimizers == ("sgd", "adagrad", "rmsprop", "adam")
    assert fmnist.fmnist.hypermodel().optimizers == ("sgd",)
