"""Where trials are logged, as users write it."""

import sqlite3

import pytest

from registry.core.errors import DatabaseError, UsageError
from search.tracking.target import parse_targets


def test_a_folder_is_made_and_said_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (target,) = parse_targets(["tensorboard:logs/night", f"tensorboard:{tmp_path}/logs/night"])
    assert (target.kind, target.place) == ("tensorboard", f"{tmp_path}/logs/night")
    assert (tmp_path / "logs/night").is_dir()


@pytest.mark.parametrize("text", ["logs", "tensorboard:", "wandb:night", ""])
def test_what_is_no_place_is_refused(text):
    with pytest.raises(UsageError, match="expected tensorboard:DIR or mlflow:URI"):
        parse_targets([text])


def test_a_password_is_not_shown():
    pytest.importorskip("mlflow")
    (target,) = parse_targets(["mlflow:http://ann:secret@host:5000"])
    assert (str(target), repr(target)) == ("mlflow:http://***@host:5000",) * 2
    with pytest.raises(UsageError) as refused:
        parse_targets(["wandb:http://ann:secret@host"])
    assert "secret" not in str(refused.value)


def test_another_programs_database_is_left_alone(tmp_path):
    pytest.importorskip("mlflow")
    with sqlite3.connect(tmp_path / "studies.db") as connection:
        connection.execute("create table search_studies (id integer)")
    with pytest.raises(DatabaseError, match="holds no MLflow runs"):
        parse_targets([f"mlflow:sqlite:///{tmp_path}/studies.db"])
    assert parse_targets([f"mlflow:sqlite:///{tmp_path}/new.db"])[0].kind == "mlflow"
    assert not (tmp_path / "new.db").exists()
