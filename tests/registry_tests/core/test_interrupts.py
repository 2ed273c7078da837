"""Where Ctrl-C may come in a program, from its first import to its last word: it ends without a word, with 130."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from registry.core.console import new_app, run

ROOT = Path(__file__).parents[3]

# Each raises it at one place; a command that has not ended by itself ends with 3.
APP = """
import signal, sys, threading, weakref
from registry.core.console import new_app, run
app = new_app("Interrupted.")

@app.command("other")
def other():
    pass

@app.command("go")
def go():
{body}
    threading.Event().wait(60)
    sys.exit(3)

signal.signal(signal.SIGINT, signal.default_int_handler)
sys.exit(run(app, "interrupted", ["go"]))
"""
BODIES = {
    "plain": "    signal.raise_signal(signal.SIGINT)",
    "in code from a text": "    exec('signal.raise_signal(signal.SIGINT)')",
    "in a callback whose errors are ignored": (
        "    class Thing: pass\n"
        "    thing = Thing()\n"
        "    ref = weakref.ref(thing, lambda _: signal.raise_signal(signal.SIGINT))\n"
        "    del thing"
    ),
    "where all errors are made another": (
        "    try:\n        signal.raise_signal(signal.SIGINT)\n"
        "    except BaseException:\n        raise ImportError('half imported') from None"
    ),
}


def ended(folder: Path, code: str) -> tuple[int, str, str]:
    """Return the exit code of a program, run as ``python -m``, and what it printed."""
    (folder / "interrupted.py").write_text(code)
    paths = {**os.environ, "PYTHONPATH": f"{folder}:{ROOT}"}
    command = [sys.executable, "-m", "interrupted"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=paths)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_command_ends_wherever_it_comes(tmp_path: Path, body: str) -> None:
    assert ended(tmp_path, APP.format(body=body)) == (130, "", "")


@pytest.mark.parametrize("program", ["search", "registry", "fmnist"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_program_ends_before_its_command_runs_and_afterwards(tmp_path: Path, program: str, when: str) -> None:
    before = "" if when == "before" else "main.__globals__['run'](main.__globals__['app'], '', ['--version']); "
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
        f"from {program}.__main__ import main; {before}signal.raise_signal(signal.SIGINT)"
    )
    exit_code, _, err = ended(tmp_path, code)
    assert (exit_code, err) == (130, "")


def test_what_calls_a_command_hears_it_as_before() -> None:
    app = new_app("Two.")
    app.command("one")(lambda: None)
    app.command("other")(lambda: None)
    before = signal.getsignal(signal.SIGINT), sys.unraisablehook
    assert run(app, "two", ["one"]) == 0
    assert (signal.getsignal(signal.SIGINT), sys.unraisablehook) == before
