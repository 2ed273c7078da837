"""How the winner stands: a line a configuration, a dot a training, so that chance can be seen beside the distance."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from matplotlib.axes import Axes

from registry.reports.analysis.noise import value_of
from registry.reports.document.parts import Key, Picture, Pictures
from registry.reports.drawing.canvas import COLOURS, Drawing, Spot
from registry.reports.drawing.limits import window
from registry.reports.drawing.ticks import plain_numbers
from registry.reports.facts.digits import score_writer
from registry.reports.facts.evidence import Repeats, means_over
from registry.reports.facts.study import ReportedStudy
from registry.reports.facts.text import shorten_apart
from registry.values.known_tags import TEST

MOST = 8
LABEL = 22


@dataclass(frozen=True, slots=True)
class _Line:
    label: str
    scores: tuple[float, ...]
    tests: tuple[float, ...] = field(default=())


def standing(study: ReportedStudy) -> Pictures | None:
    """Draw the winner, its rivals and the baselines, a dot a training; None where it stands alone."""
    lines = _lines(study)
    if len(lines) < 2:
        return None
    key = study.objective.key
    lines.sort(key=lambda line: key(sum(line.scores) / len(line.scores)))
    shown = lines[:MOST]
    keys = [Key(study.metric, "c1", "●")]
    keys += [Key(_test_name(study), "c2", "◆")] if any(line.tests for line in shown) else []
    notes = (f"The best {MOST} of {len(lines)} are drawn.",) if len(lines) > MOST else ()
    drawing = Drawing(
        functools.partial(_paint, study=study, lines=shown),
        (420.0, 50.0 + 22.0 * len(shown)),
        f"{study.metric} of {', '.join(line.label for line in shown)}, a dot a training",
        (150.0, 12.0, 8.0, 36.0),
    )
    return Pictures((Picture("", drawing),), "wide", notes=notes, legend=tuple(keys))


def _lines(study: ReportedStudy) -> list[_Line]:
    best = study.leaders[0]
    test = _test_name(study)
    own = study.repeats_of(best)
    tested = (best.test[test],) if test in best.test else ()
    lines = [_of(best.name, own, test) if own else _Line(best.name, (value_of(study, best),), tested)]
    for trial in study.leaders[1:]:
        if repeated := study.repeats_of(trial):
            lines.append(_of(trial.name, repeated, test))
    fixed = {repeats.label: repeats for repeats in study.repeats if repeats.trial is None}
    for baseline in study.baselines:
        repeated = fixed.get(f"baseline {baseline.label.partition(' (')[0]}")
        measured: Mapping[str, float] = baseline.test
        alone = _Line(baseline.label, (baseline.score,), (measured[test],) if test in measured else ())
        lines.append(_of(baseline.label.partition(" (")[0], repeated, test) if repeated else alone)
    return lines


def _of(label: str, repeated: Repeats, test: str) -> _Line:
    return _Line(label, repeated.scores, repeated.tests.get(test, ()))


def _test_name(study: ReportedStudy) -> str:
    return f"{TEST}{study.metric.removeprefix('val_')}"


def _paint(axes: Axes, *, study: ReportedStudy, lines: Sequence[_Line]) -> list[Spot]:
    write = score_writer(study)
    spots = []
    for place, line in enumerate(reversed(lines)):
        for values, marker, colour, name in (
            (line.tests, "D", COLOURS[1], _test_name(study)),
            (line.scores, "o", COLOURS[0], study.metric),
        ):
            axes.plot(
                values, [place] * len(values), linestyle="", marker=marker, markersize=5, color=colour, alpha=0.75
            )
            spots += [Spot(value, place, f"{line.label} · {name} {write(value)}") for value in values]
    axes.set_xlim(*window([spot.x for spot in spots], study.objective))
    axes.set_ylim(-0.6, len(lines) - 0.4)
    axes.set_yticks(range(len(lines)), shorten_apart([line.label for line in reversed(lines)], LABEL))
    axes.grid(visible=True, axis="x")
    plain_numbers(axes.xaxis)
    axes.set_xlabel(f"a dot a training, on different {means_over(study.repeats)}")
    return spots
