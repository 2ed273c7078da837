"""From nothing, or from a table, to a searched model: in an empty folder, with the installed programs alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

BIN = Path(sys.executable).parent


def followed(folder: Path, command: str) -> str:
    done = subprocess.run(
        command,
        shell=True,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        env={"PATH": f"{BIN}:/usr/bin:/bin"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.nightly
@pytest.mark.parametrize("kind", ["images", "text", "own"])
def test_a_problem_to_begin_with_is_well_and_is_searched(tmp_path: Path, kind: str) -> None:
    said = followed(
        tmp_path, f"search init --kind {kind} && search check mine.py && search run mine.py --trials 1 --max-epochs 1"
    )
    assert "nothing was found that would end a study" in said
    assert "1 of 1 trials done (1 complete" in said


def test_a_table_with_missing_values_and_texts_is_searched_and_predicted(tmp_path: Path) -> None:
    random, rows = np.random.default_rng(0), 200
    frame = pd.DataFrame({"size/cm": random.normal(50, 10, rows), "colour": random.choice(["red", "blue"], rows)})
    frame["remark"] = [f"seen {number} times by {'many' if number % 3 else 'few'}" for number in range(rows)]
    frame["kind"] = np.where((frame["size/cm"] > 50) == (frame["colour"] == "red"), "cat", "dog")
    frame.loc[::7, "size/cm"] = None
    frame.loc[::9, "colour"] = None
    frame.to_csv(tmp_path / "animals.csv", index=False)
    said = followed(
        tmp_path,
        "search init --csv animals.csv --target kind && search check mine.py "
        "&& search run mine.py --trials 1 --max-epochs 3",
    )
    assert "nothing was found that would end a study" in said
    followed(tmp_path, "registry predict mine animals.csv --out predictions.csv")
    predicted = pd.read_csv(tmp_path / "predictions.csv")
    assert set(predicted["class"]) <= {"cat", "dog"}
    assert list(predicted.columns) == ["row", "class", "probability", "probability.cat", "probability.dog"]
    assert len(predicted) == rows
