"""Who trained what when: a lane a worker, a bar an attempt."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from registry.core.durations import duration_text
from registry.reports.document.parts import Block, Key, Picture, Pictures, Rows
from registry.reports.document.table import MOST_LISTED, NOTHING, Cell, Column, Table, exact, thin
from registry.reports.drawing.canvas import COLOURS, PAPER, Drawing, Spot
from registry.reports.drawing.limits import thinned, time_axis
from registry.reports.facts.evidence import Attempt
from registry.reports.facts.study import UNFINISHED, ReportedStudy
from registry.reports.facts.text import count_text, counted, shorten_apart
from registry.reports.sections.markers import LONG

MOST_LANES = 24
MOST_BARS = 800
# Ends that leave the trial to somebody else; all other ends but these two have a colour of their own.
FINISHED, RUNNING = "finished", "running"


def timeline_block(study: ReportedStudy) -> Block:
    """Return the section of workers; without parts where nobody knows who trained what."""
    attempts = study.attempts
    if not attempts:
        return Block("Workers")
    lanes = list(dict.fromkeys(attempt.worker for attempt in attempts))
    shown = [attempt for attempt in attempts if attempt.worker in lanes[:MOST_LANES]]
    bars = _bars(shown)
    outcomes = [outcome for outcome, _ in Counter(attempt.outcome for attempt in shown).most_common()]
    roles = {outcome: f"c{1 + index % len(COLOURS)}" for index, outcome in enumerate(_in_order(outcomes))}
    paint = functools.partial(_timeline, bars=bars, lanes=lanes[:MOST_LANES], roles=roles)
    height = max(90.0, 56.0 + 20.0 * min(len(lanes), MOST_LANES))
    alt = f"{counted(len(bars), 'attempt')} of {counted(len(lanes), 'worker')} over time"
    notes = (
        [f"{count_text(MOST_LANES)} of {count_text(len(lanes))} workers are drawn."] if len(lanes) > MOST_LANES else []
    )
    if len(bars) < len(shown):
        notes.append(
            f"{count_text(len(bars))} of {count_text(len(shown))} attempts are drawn, the interrupted ones first."
        )
    legend = tuple(Key(outcome.replace("_", " "), role, "■") for outcome, role in roles.items())
    picture = Picture("", Drawing(paint, (LONG[0], height), alt, (96.0, 14.0, 8.0, 36.0)))
    over = (trial for trial in study.trials if trial.outcome not in UNFINISHED)
    ended = {trial.number: trial.stop_reason or trial.outcome for trial in over}
    continued = continued_table(attempts, ended)
    parts: list[Pictures | Rows] = [Pictures((picture,), "long", notes=tuple(notes), legend=legend)]
    if continued.rows:
        parts.append(Rows(continued, "Interrupted, and by whom continued"))
    return Block("Workers", tuple(parts))


def _in_order(outcomes: Sequence[str]) -> list[str]:
    return sorted(outcomes, key=lambda outcome: (outcome != FINISHED, outcome == RUNNING, outcomes.index(outcome)))


def _bars(attempts: Sequence[Attempt]) -> list[Attempt]:
    """Return the attempts to draw; where they are many, all interrupted ones before an even choice of the others."""
    broken = [attempt for attempt in attempts if attempt.outcome not in (FINISHED, RUNNING)][: MOST_BARS // 2]
    others = [attempt for attempt in attempts if attempt.outcome in (FINISHED, RUNNING)]
    return [*(others[index] for index in thinned(len(others), MOST_BARS - len(broken))), *broken]


def _timeline(axes: Axes, *, bars: Sequence[Attempt], lanes: Sequence[str], roles: dict[str, str]) -> list[Spot]:
    begin = min(bar.started for bar in bars)
    end = max(max(bar.ended or bar.started for bar in bars) - begin, 1e-3)
    spots = []
    for bar in bars:
        lane = len(lanes) - 1 - lanes.index(bar.worker)
        start = bar.started - begin
        length = max((end if bar.ended is None else bar.ended - begin) - start, end * 0.001)
        colour = COLOURS[int(roles[bar.outcome][1:]) - 1]
        axes.add_patch(
            Rectangle((start, lane - 0.32), length, 0.64, facecolor=colour, edgecolor=PAPER, linewidth=0.6, zorder=2)
        )
        spots.append(Spot(start + length / 2, lane, _describe(bar)))
    axes.set_xlim(0, end * 1.01)
    axes.set_ylim(-0.6, len(lanes) - 0.4)
    axes.set_yticks(range(len(lanes)), shorten_apart(lanes, 14)[::-1])
    time_axis(axes, end)
    axes.set_xlabel("since the first trial began")
    return spots


def _describe(attempt: Attempt) -> str:
    trial = "no trial yet" if attempt.trial is None else f"trial {attempt.trial}"
    epochs = ""
    if attempt.first_epoch is not None and attempt.last_epoch is not None:
        epochs = f" · epochs {attempt.first_epoch} to {attempt.last_epoch}"
    time = "" if attempt.ended is None else f" · {duration_text(attempt.ended - attempt.started)}"
    detail = "" if attempt.detail is None else f" · {attempt.detail}"
    return f"{trial} · {attempt.outcome}{epochs}{time} · {attempt.machine}{detail}"


def continued_table(attempts: Sequence[Attempt], ended: Mapping[int, str]) -> Table:
    """Return a line for each attempt that ended before its trial, with who went on after it.

    Args:
        attempts: by their beginning.
        ended: the trials that nobody will continue, each with why it ended.
    """
    columns = (
        Column("trial"),
        Column("worker", number=False),
        Column("machine", number=False),
        Column("ended by", number=False),
        Column("after epoch"),
        Column("continued by", number=False),
        Column("from epoch"),
        Column("seconds later"),
        Column("remarks", number=False),
    )
    by_trial: dict[int, list[Attempt]] = {}
    for attempt in attempts:
        if attempt.trial is not None:
            by_trial.setdefault(attempt.trial, []).append(attempt)
    rows = []
    for trial, tries in by_trial.items():
        for attempt, after in zip(tries, [*tries[1:], None], strict=True):
            if attempt.outcome not in (FINISHED, RUNNING):
                rows.append(_continued(trial, attempt, after, ended.get(trial, "")))
    shown = thin(rows, MOST_LISTED)
    note = f"{len(shown)} of {len(rows)} interrupted attempts are listed." if len(shown) < len(rows) else ""
    return Table(columns, tuple(shown), note)


def _continued(trial: int, attempt: Attempt, after: Attempt | None, ended: str) -> tuple[Cell, ...]:
    nobody = f"nobody: {ended.replace('_', ' ')}" if ended else "nobody yet"
    wait = None if after is None or attempt.ended is None else after.started - attempt.ended
    return (
        Cell(str(trial)),
        Cell(attempt.worker),
        Cell(attempt.machine),
        Cell(attempt.outcome),
        NOTHING if attempt.last_epoch is None else Cell(str(attempt.last_epoch)),
        Cell(nobody if after is None else after.worker),
        NOTHING if after is None or after.first_epoch is None else Cell(str(after.first_epoch)),
        NOTHING if wait is None else exact(wait, f"{wait:.1f}"),
        NOTHING if after is None or after.detail is None else Cell(after.detail),
    )
