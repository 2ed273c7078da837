"""A search runs with the rights of a worker alone, on a real PostgreSQL."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa

from registry import Registry
from search import Study


def test_a_worker_searches_with_its_rights_alone(postgres: Callable[[], str], tmp_path: Path) -> None:
    url = sa.make_url(postgres())
    owner_url = url.render_as_string(hide_password=False)
    (tmp_path / "mine.py").write_text("def objective(trial):\n    return trial.suggest_float('x', 0, 1)\n")
    words = [sys.executable, "-m", "search", "run", "mine:objective", "--direction", "maximize", "--workers", "1"]

    def search(storage: str, trials: int, study: str) -> None:
        command = [*words, "--trials", f"{trials}", "--study", study, "--storage", storage]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=240, env=os.environ)
        assert done.returncode == 0, done.stderr

    search(owner_url, 1, "first")  # makes the tables
    name = f"worker_of_{url.database}"
    with Registry(owner_url) as registry, registry._engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE ROLE {name} LOGIN")
        for statement in registry.grants("worker", name):
            connection.exec_driver_sql(statement)
    try:
        worker_url = url.set(username=name, password=None).render_as_string(hide_password=False)
        search(worker_url, 3, "second")
        study = Study.open("second", owner_url)
        assert study.status().finished == 3
        study.close()
    finally:
        with Registry(owner_url) as registry, registry._engine.begin() as connection:
            connection.exec_driver_sql(f"DROP OWNED BY {name}")
            connection.exec_driver_sql(f"DROP ROLE {name}")
