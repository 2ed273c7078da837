"""A version's card: what it is, by its record alone; what was not recorded is left out."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from statistics import fmean, stdev
from typing import Any

from registry.core.numbers import number_text
from registry.core.pareto.objectives import PARAMETERS, quantity_text
from registry.reports.document.parts import Block, Facts, Part, Picture, Pictures, Rows
from registry.reports.document.table import NOTHING, Cell, Column, Table, exact
from registry.reports.facts.study import ReportedStudy
from registry.reports.facts.text import count_text, value_text
from registry.reports.sections.curves import LINES, metrics_to_show, overlaid_picture
from registry.reports.sources.versions import metrics_on_test
from registry.values.known_tags import (
    CHANGES_TAG,
    CLASSES_TAG,
    CONFIRM_TAG,
    EPOCHS_TAG,
    MEAN_TAG,
    NO_WEIGHTS_TAG,
    SEEDS_TAG,
    SPREAD_TAG,
    TEACHER_TAG,
    TEST,
)
from registry.values.recipes.recipe import Recipe
from registry.values.version import ModelVersion

# Tags that are told in words elsewhere.
WORDED = {CHANGES_TAG, CLASSES_TAG, CONFIRM_TAG, MEAN_TAG, NO_WEIGHTS_TAG, SEEDS_TAG, SPREAD_TAG, TEACHER_TAG}
WORDED |= {EPOCHS_TAG, "licence", "license"}


def card_blocks(
    version: ModelVersion,
    alike: Sequence[ModelVersion],
    recipe: Recipe | None,
    study: ReportedStudy | None,
    description: str | None,
) -> tuple[Block, ...]:
    """Return the sections of a version's card that have something to say.

    Args:
        version: the version.
        alike: those that differ from it in their seed only.
        recipe: what made it.
        study: the version as a report tells of it, to draw its curves by; None where it has no score.
        description: the model's.
    """
    blocks = (
        Block("The model", _model(version), tuple(filter(None, [version.description, description]))),
        Block("Results", tuple(_results(version, alike))),
        Block("Params", _facts({name: _param(value) for name, value in version.params.items()})),
        Block("Data", _facts(_data(version))),
        Block("Curves", tuple(_curves(version, study))),
        Block("Where it comes from", tuple(_origin(version, recipe))),
    )
    return tuple(block for block in blocks if block.parts or block.notes)


def _facts(facts: Mapping[str, Any], title: str = "") -> tuple[Part, ...]:
    """Return what is known of these, as texts."""
    texts = {name: str(value) for name, value in facts.items() if value not in (None, "", ())}
    return (Facts(texts, title),) if texts else ()


def _param(value: Any) -> str:
    """Return a param's exact value."""
    return str(value) if value != "" else "''"


def _model(version: ModelVersion) -> tuple[Part, ...]:
    stored = version.weights
    missing = version.tags.get(NO_WEIGHTS_TAG) or ("displaced by better ones" if version.state == "displaced" else None)
    return _facts(
        {
            "version": version.ref,
            "aliases": ", ".join(version.aliases),
            "licence": version.tags.get("licence") or version.tags.get("license"),
            "numbers that it learns": None if version.parameters is None else count_text(version.parameters),
            "weights": f"{count_text(stored.bytes)} bytes, SHA-256 {stored.sha256}" if stored else None,
            "no weights": None if stored else missing,
            "registered": f"{version.created_at:%Y-%m-%d %H:%M} UTC",
            "tags": ", ".join(
                f"{name}={text}"
                for name, text in version.tags.items()
                if name not in WORDED and not name.startswith(TEST)
            ),
        }
    )


def _results(version: ModelVersion, alike: Sequence[ModelVersion]) -> list[Part]:
    tests = metrics_on_test(version)
    figures = {name: quantity_text(name, value) for name, value in version.metrics.items() if name not in tests}
    parts = [
        *_facts({"judged by": f"{version.metric} ({version.direction})", "best epoch": version.epoch} | figures),
        *_facts({name: number_text(value) for name, value in tests.items()}, "Measured on test data"),
    ]
    by_seed = {each.source.seed: each for each in alike if math.isfinite(each.score)}
    if len(by_seed) > 1:
        scores = [each.score for each in by_seed.values()]
        note = f"Mean {number_text(fmean(scores))}, standard deviation {number_text(stdev(scores))}."
        columns = (Column("version", number=False), Column("seed"), Column(version.metric))
        rows = tuple(
            (Cell(each.ref), Cell(str(seed)), exact(each.score, number_text(each.score)))
            for seed, each in by_seed.items()
        )
        parts.append(Rows(Table(columns, rows), "The same params with other seeds", (note,)))
    elif SEEDS_TAG in version.tags:
        tags = {"mean": MEAN_TAG, "standard deviation": SPREAD_TAG, "seeds": SEEDS_TAG}
        parts += _facts({name: version.tags.get(tag) for name, tag in tags.items()}, "Confirmed with other seeds")
    return parts


def _data(version: ModelVersion) -> dict[str, Any]:
    classes = ""
    with suppress(ValueError):
        names = json.loads(version.tags.get(CLASSES_TAG, "[]"))
        classes = ", ".join(map(str, names)) if isinstance(names, list) else ""
    return {"problem": version.source.problem, "hash": version.source.data_fingerprint, "classes": classes}


def _curves(version: ModelVersion, study: ReportedStudy | None) -> list[Part]:
    if not version.curves:
        return []
    parts: list[Part] = []
    epochs = max(len(curve.values) for curve in version.curves.values())
    if study is not None and study.leaders and epochs > 1:
        drawn = metrics_to_show(study, study.leaders)
        parts.append(Pictures(tuple(_picture(study, metric) for metric in drawn), "wide", legend=LINES))
    columns = (Column("epoch"), *(Column(name) for name in version.curves))
    rows = tuple(
        (
            Cell(f"{epoch + 1}{' (best)' if epoch + 1 == version.epoch else ''}", str(epoch + 1)),
            *(_value(name, curve.values, epoch) for name, curve in version.curves.items()),
        )
        for epoch in range(epochs)
    )
    ended = {"ended by": version.stop_reason, "seconds": None if version.seconds is None else f"{version.seconds:.1f}"}
    return [*parts, Rows(Table(columns, rows)), *_facts(ended)]


def _picture(study: ReportedStudy, metric: str) -> Picture:
    return overlaid_picture(study, study.leaders, (), metric)


def _value(metric: str, values: Sequence[float], epoch: int) -> Cell:
    if epoch >= len(values):
        return NOTHING
    value = values[epoch]
    if math.isnan(value):
        return exact(value, "NaN")
    return exact(value, quantity_text(metric, value) if metric == PARAMETERS else f"{value:.4g}")


def _origin(version: ModelVersion, recipe: Recipe | None) -> list[Part]:
    source = version.source
    parts = [
        *_facts(
            {
                "study": source.study,
                "trial": source.trial,
                "seed": source.seed,
                "confirms the study": version.tags.get(CONFIRM_TAG),
                "learnt from the predictions of": version.tags.get(TEACHER_TAG),
                "epochs at most, other than in that study": version.tags.get(EPOCHS_TAG),
                "origin": source.origin,
                "first registered as": version.imported,
                "code": source.code_revision,
                "the problem had changed": version.tags.get(CHANGES_TAG),
            }
        ),
        *_facts(source.libraries, "Libraries"),
    ]
    if recipe is None:
        return parts
    machine = {
        "processor": recipe.processor,
        "device": recipe.device,
        "threads": recipe.threads,
        "Python": recipe.python,
        "source": ", ".join(recipe.source) or recipe.no_source,
    }
    settings = {name: value_text(value) for name, value in recipe.settings.items() if name != "confirms"}
    return [*parts, *_facts(machine, "Made on, and of"), *_facts(settings, "The study's settings")]
