"""Where the winner errs: the classes it confuses, how sure it is, and its worst mistakes."""

from __future__ import annotations

import functools

from matplotlib.axes import Axes

from registry.reports.document.parts import Block, Facts, Gallery, Part, Picture, Pictures, Rows
from registry.reports.document.table import Cell, Column, Table, exact
from registry.reports.drawing.canvas import COLOURS, SOFT, Drawing, Spot
from registry.reports.facts.evidence import Mistakes
from registry.reports.facts.study import ReportedStudy
from registry.reports.facts.text import count_text
from registry.reports.sections.residuals import residual_parts

MOST_CLASSES = 20
MOST_PAIRS = 30
LEVELS = 8


def errors_block(study: ReportedStudy) -> Block:
    """Return the section of the winner's errors, an output after another; or why they are not known."""
    mistakes = study.mistakes
    ref = mistakes.ref if mistakes else study.residuals[0].ref if study.residuals else ""
    if not ref:
        notes = (f"Not known: {study.mistakes_missing}.",) if study.mistakes_missing else ()
        return Block("Errors of the winner", (), notes)
    best = study.leaders[0] if study.leaders else None
    again = ", trained again with the winner's params," if best and best.stand_in == ref else ""
    parts = _class_parts(mistakes) if mistakes else []
    parts += [part for residuals in study.residuals for part in residual_parts(residuals)]
    samples = mistakes.samples if mistakes else study.residuals[0].samples
    note = f"{ref}{again} on the {count_text(samples)} samples of the validation data, computed for this report."
    more = [f"Not all is known: {study.mistakes_missing}."] if study.mistakes_missing else []
    if mistakes and mistakes.others:
        more.append(
            f"Of the classes those of {mistakes.output} are shown, and not those of {', '.join(mistakes.others)}."
        )
    return Block("Errors of the winner", tuple(parts), (note, *more))


def _class_parts(mistakes: Mistakes) -> list[Part]:
    """Return measures, classes, confusion, calibration and the worst mistakes."""
    name = f"{mistakes.output}: " if mistakes.output else ""

    def titled(title: str) -> str:
        return f"{name}{title[0].lower()}{title[1:]}" if name else title

    parts: list[Part] = [
        Facts(
            {
                "accuracy": f"{mistakes.accuracy:.4f}",
                "wrong": count_text(round((1 - mistakes.accuracy) * mistakes.samples)),
                "calibration error": f"{mistakes.calibration_error:.4f}",
            },
            f"{name}{count_text(mistakes.samples)} samples" if name else "",
        ),
        Rows(classes_table(mistakes), titled("By class")),
    ]
    if len(mistakes.classes) <= MOST_CLASSES:
        parts.append(
            Rows(
                confusion_table(mistakes),
                titled("Confusion"),
                ("A line for each true class, a column for what it was taken for; tinted by its share of the line.",),
            )
        )
    else:
        parts.append(Rows(pairs_table(mistakes), titled("Most confused")))
    parts.append(Pictures((_calibration(mistakes),), "wide", titled("Calibration")))
    if mistakes.worst:
        parts.append(Gallery(mistakes.worst, titled("Worst mistakes"), ("Wrong, and surest of it.",)))
    return parts


def classes_table(mistakes: Mistakes) -> Table:
    """Return each class's accuracy, the worst first and one without samples last, and what it is most taken for."""
    columns = (Column("class", number=False), *map(Column, ("samples", "right", "accuracy", "of predictions right")))
    rows = []
    for index, name in enumerate(mistakes.classes):
        samples, right = sum(mistakes.confusion[index]), mistakes.confusion[index][index]
        predicted = sum(row[index] for row in mistakes.confusion)
        shares = [part / whole if whole else None for part, whole in ((right, samples), (right, predicted))]
        cells = [exact(share, f"{share:.3f}" if share is not None else "–") for share in shares]
        cells.append(_taken_for(mistakes, index))
        rows.append((2.0 if shares[0] is None else shares[0], (Cell(name), _count(samples), _count(right), *cells)))
    rows.sort(key=lambda row: row[0])
    return Table((*columns, Column("taken for", number=False)), tuple(row for _, row in rows))


def _count(count: int, level: int = 0) -> Cell:
    return Cell(count_text(count), str(count), level)


def _taken_for(mistakes: Mistakes, index: int) -> Cell:
    wrong = [(count, other) for other, count in enumerate(mistakes.confusion[index]) if other != index and count]
    if not wrong:
        return Cell("–", "")
    count, other = max(wrong)
    return Cell(f"{mistakes.classes[other]} ({count})")


def confusion_table(mistakes: Mistakes) -> Table:
    """Return the confusion matrix, each cell tinted by its share of its line."""
    columns = (Column("true class", number=False), *(Column(name) for name in mistakes.classes))
    rows = []
    for name, counts in zip(mistakes.classes, mistakes.confusion, strict=True):
        whole = max(1, sum(counts))
        cells = (_count(count, -(-LEVELS * count // whole) if count else 0) for count in counts)
        rows.append((Cell(name), *cells))
    return Table(columns, tuple(rows))


def pairs_table(mistakes: Mistakes) -> Table:
    """Return the pairs of classes that are most often confused."""
    pairs = [
        (count, true, other)
        for true, counts in enumerate(mistakes.confusion)
        for other, count in enumerate(counts)
        if other != true and count
    ]
    pairs.sort(key=lambda pair: -pair[0])
    columns = (Column("true class", number=False), Column("taken for", number=False), Column("samples"))
    rows = tuple(
        (Cell(mistakes.classes[true]), Cell(mistakes.classes[other]), Cell(str(count)))
        for count, true, other in pairs[:MOST_PAIRS]
    )
    note = f"{MOST_PAIRS} of {len(pairs)} pairs are listed." if len(pairs) > MOST_PAIRS else ""
    return Table(columns, rows, note)


def _calibration(mistakes: Mistakes) -> Picture:
    drawing = Drawing(
        functools.partial(_paint_calibration, mistakes=mistakes),
        (300.0, 250.0),
        "how often the winner is right, by how sure it is",
    )
    return Picture("", drawing, "On the dashed line, it is right as often as it is sure. A larger dot is more samples.")


def _paint_calibration(axes: Axes, *, mistakes: Mistakes) -> list[Spot]:
    axes.plot([0, 1], [0, 1], color=SOFT, linewidth=1, linestyle=(0, (3, 2)), zorder=1)
    parts = mistakes.calibration
    axes.plot([p.confidence for p in parts], [p.accuracy for p in parts], color=COLOURS[0], linewidth=1.6, zorder=2)
    most = max((part.samples for part in parts), default=1)
    for part in parts:
        size = 4 + 8 * (part.samples / most) ** 0.5
        axes.plot([part.confidence], [part.accuracy], marker="o", markersize=size, color=COLOURS[0], clip_on=False)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.set_xlabel("confidence")
    axes.set_ylabel("accuracy")
    return [
        Spot(
            p.confidence,
            p.accuracy,
            f"{count_text(p.samples)} samples · sure {p.confidence:.3f} · right {p.accuracy:.3f}",
        )
        for p in parts
    ]
