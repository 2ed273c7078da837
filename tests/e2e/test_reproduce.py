"""A version of a real study is trained again: the same, then with a changed line, then by its recorded source."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from registry import Registry
from registry.cli import app
from registry.core.console import run
from search import Study

PROBLEM = """
import keras
import keras_tuner
from dataclasses import replace

from search.toy import FEATURES, toy
from shapes import UNITS

class Mine(keras_tuner.HyperModel):
    def build(self, hp):
        rate = hp.Float("rate", 0.05, 0.5)
        layers = [keras.layers.Input((FEATURES,)), keras.layers.Dense(UNITS, "relu"), keras.layers.Dropout(0.2)]
        model = keras.Sequential([*layers, keras.layers.Dense(1, "sigmoid")])
        model.compile(keras.optimizers.SGD(rate), "binary_crossentropy", metrics=["accuracy"])
        return model

problem = replace(toy, name="mine", hypermodel=Mine)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("reproduce")


@pytest.fixture(autouse=True)
def project(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in the folder of a problem of two files, as its user does."""
    (folder / "mine.py").write_text(PROBLEM)
    (folder / "shapes.py").write_text("UNITS = 8\n")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PYTHONPATH", str(folder))
    return folder


@pytest.fixture
def url(project: Path) -> str:
    """Give a database with a study's versions, searched once: two are trained to their end, others are pruned."""
    url = f"sqlite:///{project}/studies.db"
    if not (project / "studies.db").exists():
        study = Study.create(
            "s", problem="mine:problem", trials=2, storage=url, sampler="random", schedule="full", max_epochs=3
        )
        study.run(workers=1)
        study.close()
    return url


@pytest.fixture
def reproduced(url: str, capsys: pytest.CaptureFixture[str]) -> Any:
    """Give a function that reproduces the best version and returns the exit code, its JSON and what it said."""

    def call(*words: str) -> tuple[int, Any, str]:
        code = run(app, "registry", ["reproduce", "mine", "--json", "--storage", url, *words])
        out, err = capsys.readouterr()
        return code, json.loads(out) if out else None, err

    return call


def test_it_is_identical(reproduced: Any, url: str) -> None:
    code, made, _ = reproduced()
    assert (code, made["verdict"], made["weights"]["status"]) == (0, "identical", "equal")
    assert {"loss", "val_loss", "accuracy", "val_accuracy"} <= made["curves"].keys()
    assert all(curve["equal"] for curve in made["curves"].values())
    assert (made["differences"], made["not_recorded"]) == ([], [])
    with Registry(url) as registry:
        recipe = registry.recipe("mine")
        assert recipe is not None
        assert sorted(recipe.source) == ["mine.py", "shapes.py"]
        assert registry.verify().artifacts == 2 * len(registry.list("mine")) + 1  # one recipe for all


def test_a_changed_line_is_named_and_the_recorded_source_is_identical(reproduced: Any, project: Path) -> None:
    (project / "shapes.py").write_text("UNITS = 30\n")
    code, made, _ = reproduced()
    assert (code, made["verdict"], made["weights"]["status"]) == (1, "different", "different")
    first = made["differences"][0]
    assert (first["kind"], first["what"]) == ("code", "the problem's source: shapes.py")
    assert {"-UNITS = 8", "+UNITS = 30"} < set(first["diff"])
    code, made, said = reproduced("--code", "recorded")
    assert (code, made["verdict"], made["differences"]) == (0, "identical", [])
    assert "running the problem's source that the database holds" in said


def test_people_read_what_differs(url: str, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "shapes.py").write_text("UNITS = 30\n")
    with Registry(url) as registry:
        copy = f"sqlite:///{registry.backup(project / 'copy.db', force=True)}"
    with Registry(copy) as registry:
        version = registry.best("mine")
        registry.drop_weights("mine", [version.version])
        ref = version.ref
    assert run(app, "registry", ["reproduce", ref, "--storage", copy]) in (0, 1)
    out, _ = capsys.readouterr()
    lines = [line.strip() for line in out.splitlines()]
    assert lines[0].startswith(f"{ref}: ")
    assert any(
        line.startswith("weights") and "not compared: the version has no weights any more" in line for line in lines
    )
    assert "differs    code: the problem's source: shapes.py" in lines
    assert "+UNITS = 30" in lines


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("shapes.py", "", "fails to import: ImportError: cannot import name 'UNITS'"),
        ("mine.py", "other = 1\n", "module mine has no 'problem'"),
        ("mine.py", None, "there is no module 'mine'"),
    ],
)
def test_a_problem_that_is_not_there_gets_a_line(
    reproduced: Any, project: Path, file: str, text: str | None, said: str
) -> None:
    (project / file).unlink() if text is None else (project / file).write_text(text)
    code, made, err = reproduced()
    assert (code, made) == (1, None)
    assert said in err.splitlines()[-1]
