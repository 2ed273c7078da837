"""What `search status --watch` draws."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from typing import Any

import optuna
import pytest
import sqlalchemy as sa
from rich.console import Console
from sqlalchemy.engine import Engine

from registry.core.database.transaction import writing
from registry.core.objective import Objective
from search.optuna_bridge.storage import closing_storage
from search.records.forecast.outlook import Outlook
from search.records.forecast.pace import Pace
from search.records.shown.live_curves import LiveCurves, read_live_curves
from search.records.shown.status import BestTrial, StudyStatus, WorkerStatus
from search.records.studies import StudyRecord
from search.records.trials import read_trials
from search.schema import results, slots
from search.terminal.progress import (
    ChangeProgress,
    PlainProgress,
    describe_outlook,
    describe_pace,
    describe_under_way,
    render,
)
from search.terminal.sparkline import sparkline, squeezed


@pytest.mark.parametrize(
    ("values", "width", "line"),
    [
        ([0.0, 0.5, 1.0], 9, "▁▅█"),
        ([3.0, 1.0, 2.0], 2, "▁█"),
        ([5.0, 5.0], 9, "▅▅"),
        ([0.1, *(n / 10 for n in range(80, 96))], 17, "▁▄▄▄▄▅▅▅▆▆▆▇▇▇▇██"),
        ([1.0, math.nan, 2.0, math.inf], 9, "▁ █ "),
        ([math.nan], 9, " "),
        ([], 9, ""),
    ],
)
def test_a_sparkline_goes_from_the_lowest_to_the_highest(values: list[float], width: int, line: str) -> None:
    assert sparkline(values, width) == line


def test_a_long_curve_is_squeezed_from_its_first_to_its_last_value() -> None:
    assert squeezed(range(100), 4) == [0, 33, 66, 99]
    assert squeezed([1.0, 2.0], 4) == [1.0, 2.0]


def test_running_curves_and_ended_scores_are_read(engine: Engine, make_study: Callable[..., StudyRecord]) -> None:
    record = make_study(engine)
    with closing_storage(engine) as storage:
        study = optuna.create_study(study_name=record.name, storage=storage, load_if_exists=True)
        other = optuna.create_study(study_name="other", storage=storage)
        for one, values in ((study, (0.5, math.nan, 0.7)), (other, (0.1,))):
            trial = one.ask()
            for epoch, value in enumerate(values, 1):
                trial.report(value, epoch)
        ended = study.ask()
        ended.report(0.2, 1)
        study.tell(ended, 0.2)
    with writing(engine) as connection:
        for number, (score, at) in enumerate(((0.4, 9.0), (0.3, 5.0))):
            change = sa.update(slots).where(slots.c.study_id == record.id, slots.c.number == number)
            done = {"state": "finished", "stop_reason": "max_epochs"}
            connection.execute(change.values(score=score, finished_at=at, **done))
    found = read_live_curves(engine, record)
    assert list(found.running) == [0]
    assert found.running[0] == pytest.approx([0.5, math.nan, 0.7], nan_ok=True)
    assert found.scores == [0.3, 0.4]


def shown(status: StudyStatus, curves: LiveCurves | None) -> list[str]:
    console = Console(file=io.StringIO(), width=80, force_terminal=False)
    console.print(render(status, 3600.0, curves))
    out: Any = console.file
    lines: list[str] = out.getvalue().splitlines()
    return lines


def test_80_columns_are_enough() -> None:
    workers = tuple(
        WorkerStatus("0123456789ab", "a-host-with-a-very-long-name", 4194304, "gpu:0", "working", trial, 100, 0.5)
        for trial in (1234, None)
    )
    counts = {"complete": 900, "pruned": 300, "failed": 34, "running": 2, "paused": 64, "waiting": 8700}
    status = StudyStatus(
        study="fmnist", problem="p", objective=Objective("val_accuracy", "max"), budget=10000, trials=counts, best=None,
        workers=workers, stopping=False, error=None, paused_bytes=123_000_000, pace=Pace(0.0, 3600.0, 75.0, 2.0, 40.5),
    )  # fmt: skip
    lines = shown(status, LiveCurves({1234: [n / 100 for n in range(100)]}, [n % 7 for n in range(200)]))
    assert max(map(len, lines)) <= 80
    scores = next(line for line in lines if line.startswith("scores "))
    assert len(scores) == 79
    head = next(index for index, line in enumerate(lines) if line.startswith("worker"))
    assert "val_accuracy" in lines[head]
    assert [line.count("█") for line in lines[head + 1 :]] == [1, 0]
    assert not any("scores" in line for line in shown(status, None))
    assert "64 paused, whose checkpoints take 123.0 MB" in lines
    assert "1m 15s gone, about 1h 00m left, 2 trials a minute, 40 epochs a minute" in lines
    assert any(line.startswith("2 workers at work since ") for line in lines)


ESCAPE = "\x1b]0;x\x07"  # sets a terminal's title


@pytest.mark.parametrize("progress", [PlainProgress, ChangeProgress])
def test_a_line_that_is_printed_while_it_runs_obeys_no_text_of_users(
    progress: Any, sqlite_engine: Engine, make_study: Callable[..., StudyRecord]
) -> None:
    study = make_study(sqlite_engine)
    console = Console(file=io.StringIO(), width=200)
    trials = lambda: read_trials(sqlite_engine, study.id)  # noqa: E731
    with progress(console, trials) if progress is PlainProgress else progress(console) as shows:
        with writing(sqlite_engine) as connection:
            first = sa.select(slots.c.id).where(slots.c.study_id == study.id, slots.c.number == 0).scalar_subquery()
            error = f"Traceback\nValueError: {ESCAPE}"
            connection.execute(sa.insert(results).values(slot_id=first, curves={}, error=error))
            failed = {"state": "finished", "stop_reason": "error", "trial": 0, "lease": 1, "finished_at": 1.0}
            connection.execute(sa.update(slots).where(slots.c.id == first).values(failed))
        shows.show(standing(1, study=f"s{ESCAPE}"))
    out: Any = console.file
    assert "\x1b" not in out.getvalue()
    assert r"\x1b]0;x\x07" in out.getvalue()


def test_a_trial_that_ended_after_the_counts_were_read_may_be_the_best(
    sqlite_engine: Engine, make_study: Callable[..., StudyRecord]
) -> None:
    study = make_study(sqlite_engine)
    progress = PlainProgress(Console(file=io.StringIO(), width=200), lambda: read_trials(sqlite_engine, study.id))
    with writing(sqlite_engine) as connection:
        for number, score in enumerate([0.5, 0.75, 0.25]):
            ended = {"state": "finished", "stop_reason": "completed", "trial": number, "lease": 1, "finished_at": 1.0}
            ended |= {"score": score, "best_epoch": 2, "epoch": 2}
            connection.execute(sa.update(slots).where(slots.c.number == number).values(ended))
    progress.show(standing(1, best=BestTrial(0, 0.5, 2, {})))
    out: Any = progress._console.file
    assert [line.partition("best ")[2] for line in out.getvalue().splitlines()] == [
        "val_accuracy 0.5000: trial 0, epoch 2",
        "val_accuracy 0.7500: trial 1, epoch 2",
        "val_accuracy 0.7500: trial 1, epoch 2",
    ]


def test_the_picture_obeys_no_text_of_users() -> None:
    worker = WorkerStatus("w", f"h{ESCAPE}", 1, "cpu", "working", 0, 1, 0.5)
    status = standing(1, worker, study=f"s{ESCAPE}", objective=Objective(f"m{ESCAPE}", "max"))
    text = "\n".join(shown(status, LiveCurves({0: [0.1]}, [0.1])))
    assert "\x1b" not in text
    assert text.count(r"\x1b]0;x") >= 2


def standing(done: int, *workers: WorkerStatus, **fields: Any) -> StudyStatus:
    counts = {"complete": done, "pruned": 0, "failed": 0, "running": 0, "paused": 0, "waiting": 4 - done}
    given: dict[str, Any] = {"study": "s", "objective": Objective("val_accuracy", "max")}
    given |= {"stopping": False, "error": None, "best": None} | fields
    return StudyStatus(problem="p", budget=4, trials=counts, workers=workers, **given)


WORKER = WorkerStatus("w", "h", 1, "cpu", "working", 0, 1, 0.5)
DEAD = WorkerStatus("w", "h", 1, "cpu", "dead", 0, 1, 99.0)


@pytest.mark.parametrize(
    ("status", "state", "goes_on"),
    [
        (standing(0), "not begun", True),
        (standing(0, pace=Pace(begun=1.0)), "stopped", True),
        (standing(1, WORKER), "running", True),
        (standing(1, WORKER, stopping=True), "stopping", True),
        (standing(1), "stopped", True),
        (standing(1, DEAD), "stopped", True),
        (standing(1, stopping=True), "stopped", False),
        (standing(4), "done", False),
        (standing(1, ended="the target is reached"), "ended", True),
        (standing(1, error="no module x"), "failed", False),
    ],
)
def test_a_study_has_a_state(status: StudyStatus, state: str, goes_on: bool) -> None:
    assert (status.state, status.goes_on) == (state, goes_on)


def test_whether_anybody_works_is_said() -> None:
    assert describe_pace(standing(1, DEAD)) == ["nobody works on it"]
    assert describe_pace(standing(4)) == []
    stopped = standing(0, pace=Pace(0.0, elapsed=90.0, epochs=1207), under_way=(2, 1207))
    assert describe_pace(stopped) == ["nobody works on it", "1m 30s gone, 1,207 epochs trained"]
    assert describe_under_way(stopped) == "2 trials are under way with 1,207 epochs and will be continued"
    assert describe_under_way(standing(1)) == ""
    (line,) = describe_pace(standing(1, WORKER, pace=Pace(since=3600.0)))
    assert line.startswith("1 worker at work since ")


def test_what_is_left_follows_from_the_pace() -> None:
    assert standing(1, pace=Pace(trials_a_minute=2.0)).left == 90.0
    assert standing(1).left is None
    assert standing(4, pace=Pace(trials_a_minute=2.0)).left is None


def test_a_pipe_gets_a_line_a_change() -> None:
    console = Console(file=io.StringIO(), width=200, soft_wrap=True)
    with ChangeProgress(console) as progress:
        for status in (standing(0), standing(0), standing(1), standing(1), standing(1, WORKER)):
            progress.show(status)
    out: Any = console.file
    assert [line.split("  ")[1:3] for line in out.getvalue().splitlines()] == [
        ["not begun", "0/4 trials (4 waiting)"],
        ["stopped", "1/4 trials (1 complete, 3 waiting)"],
        ["running", "1/4 trials (1 complete, 3 waiting)"],
    ]


def test_what_the_rest_would_bring_is_said_beside_the_noise() -> None:
    assert describe_outlook(Outlook(30, 0.00123, 0.0005)) == (
        "30 more trials would probably bring 0.0012; from epoch to epoch the best one's score jumps by 0.0005"
    )
    assert describe_outlook(Outlook(1, 0.0, None)) == "1 more trial would probably bring 0"
