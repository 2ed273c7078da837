"""A file of the working folder that is called as a library is nobody's library."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import search

SCRIPT = """
import os
from search.system.forkserver import call_in_child

def looks():
    import optuna, search
    return f"{optuna.__version__} {search.__file__} {os.environ.get('PYTHONSAFEPATH')}"

if __name__ == "__main__":
    from script import looks
    print(call_in_child(looks, tensorflow=False))
"""


def test_files_called_as_libraries_take_nobodys_place(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/script.py").write_text(SCRIPT)
    (tmp_path / "work").mkdir()
    for name in ("optuna", "search"):
        (tmp_path / f"work/{name}.py").write_text("raise ImportError('of the working folder')")
    environment = os.environ | {"PYTHONPATH": str(Path(search.__file__).parents[1])}
    environment.pop("PYTHONSAFEPATH", None)
    ended = subprocess.run(
        [sys.executable, str(tmp_path / "elsewhere/script.py")],
        cwd=tmp_path / "work",
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    import optuna

    assert ended.stdout.split() == [optuna.__version__, search.__file__, "None"], ended.stderr
