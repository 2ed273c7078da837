"""Every command and every Python block of README and docs runs, in order, in a copy of the checkout.

What takes hours is made short (`SHORT`), what a page leaves to its reader is given (`BEFORE`), and what needs another
machine, service or download is left out, with the reason (`LEFT_OUT`), as is a report that the page has made before.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.document_steps import BEFORE, LEFT_OUT, REFUSED, SHORT, STARTS_WITH, Files
from support.pages import PAGES, TOP, Step, steps


def applies(patterns: dict[str, str], step: Step) -> str | None:
    """Return what a table says of a step, by the first pattern that the beginning of its text matches."""
    return next((said for pattern, said in patterns.items() if re.match(pattern, step.text)), None)


def shortened(text: str) -> str:
    """Return a command that takes seconds."""
    for pattern, short in SHORT.items():
        text = re.sub(pattern, short, text)
    return text


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Give a copy of all tracked files, as a clone has them, where git sees what a command leaves behind."""
    folder = tmp_path / "checkout"
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=TOP, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (TOP / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(TOP / name, folder / name)
    return folder


def run(step: Step, folder: Path, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a step as its reader would."""
    given = next((code for part, code in BEFORE.items() if part in step.text), "")
    if "= Problem(" in step.text or "def objective(trial" in step.text:  # the file that its page tells to write
        (folder / "mine.py").write_text(step.text)
    command = (
        [sys.executable, "-c", given + step.text]
        if step.language == "python"
        else ["sh", "-c", given + shortened(step.text)]
    )
    return subprocess.run(
        command,
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,  # a terminal's would be waited for, by `search delete`
        capture_output=True,
        text=True,
        timeout=600,
    )


def _nightly(page: Path) -> Any:
    return page if page.name == "README.md" else pytest.param(page, marks=pytest.mark.nightly)


@pytest.mark.parametrize("page", [*map(_nightly, PAGES)], ids=lambda path: path.name)
def test_a_page_does_what_it_says(page: Path, checkout: Path) -> None:
    programs = Path(sys.executable).parent
    environ = {name: value for name, value in os.environ.items() if name != "STUDIES_URL"}
    environ |= {"PATH": f"{programs}:{os.environ['PATH']}", "PYTHONPATH": str(checkout), "COLUMNS": "160"}
    Files(checkout, environ).prepare(str(page.relative_to(TOP)))
    failures, followed = [], set[str]()
    for step in steps(page):
        if applies(LEFT_OUT, step) or (step.text in followed and step.text.startswith("search report")):
            continue
        followed.add(step.text)
        if step.text.startswith("export "):
            name, _, value = step.text.removeprefix("export ").partition("=")
            environ[name] = value
            continue
        done = run(step, checkout, environ)
        expected, printed = applies(REFUSED, step), done.stdout + done.stderr
        where = f"{step.page}:{step.line}: {step.text.strip()[:100]}"
        if (done.returncode != 0) != (expected is not None) or (expected and not re.search(expected, printed)):
            failures.append(f"{where}\n  exit {done.returncode}: {done.stdout[-300:]}{done.stderr[-1500:]}")
        failures += [f"{where}\n  {fault}" for fault in unlike(step, done.stdout)]
    assert not failures, "\n\n".join(failures)


def unlike(step: Step, printed: str) -> list[str]:
    """Return what a page shows otherwise than it is printed: its lines, numbers and names aside."""
    if step.language == "python":
        shown = re.findall(r"^print\(.*?\)  # (.*)$", step.text, re.MULTILINE)
        return [f"printed {printed!r}, shown {line!r}" for line in shown if line not in printed.splitlines()]
    kinds = [re.sub(r"\W.*", "", line.strip()) for line in step.shown.splitlines()]
    came = [re.sub(r"\W.*", "", line.strip()) for line in printed.splitlines()]
    return [] if not step.shown or kinds == came else [f"printed {printed}\n  shown {step.shown}"]


def test_the_tables_hold_nothing_that_no_page_has_any_more() -> None:
    texts = [step.text for page in PAGES for step in steps(page)]
    for pattern in (*LEFT_OUT, *REFUSED):
        assert any(re.match(pattern, text) for text in texts), pattern
    for pattern in SHORT:
        assert any(re.search(pattern, text) for text in texts), pattern
    for part in BEFORE:
        assert any(part in text for text in texts), part
    assert set(STARTS_WITH) <= {step.page for page in PAGES for step in steps(page)}
