"""Registered versions as the facts that a report tells: to be compared, or as what a study's winner is held against."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from registry.core.errors import NotFoundError, UsageError
from registry.core.metric_directions import require_direction
from registry.core.objective import Direction
from registry.reports.facts.evidence import Baseline, Repeats
from registry.reports.facts.study import Importances, Report, ReportedStudy, ReportedTrial
from registry.schema import tags, versions
from registry.values.known_tags import BASELINE_TAG, CONFIRM_TAG, TEST
from registry.values.version import ModelVersion
from registry.versions.find import find_model
from registry.versions.read import fetch


def versions_around(connection: Connection, model: str, study: str) -> list[ModelVersion]:
    """Return a study's versions, the model's baselines and what confirms configurations, in a few statements."""
    try:
        model_row = find_model(connection, model)
    except NotFoundError:  # nothing of this problem has been registered yet
        return []
    marked = sa.select(tags.c.version_id).where(
        sa.or_(
            sa.and_(tags.c.name == BASELINE_TAG[0], tags.c.value == BASELINE_TAG[1]),
            tags.c.name == CONFIRM_TAG,
        )
    )
    ids = sa.select(versions.c.id).where(
        versions.c.model_id == model_row.id, sa.or_(versions.c.study == study, versions.c.id.in_(marked))
    )
    return fetch(connection, list(connection.scalars(ids.order_by(versions.c.number))))


def is_baseline(version: ModelVersion) -> bool:
    """Tell whether a version is a fixed configuration, registered for comparison."""
    return version.tags.get(BASELINE_TAG[0]) == BASELINE_TAG[1]


def metrics_on_test(version: ModelVersion) -> dict[str, float]:
    """Return what was measured on test data: metrics, or tags with a number, whose names begin with ``test_``."""
    measured = {name: value for name, value in version.metrics.items() if name.startswith(TEST)}
    for name, text in version.tags.items():
        if name.startswith(TEST):
            with suppress(ValueError):
                measured.setdefault(name, float(text))
    return {name: value for name, value in measured.items() if math.isfinite(value)}


def baselines_of(registered: Sequence[ModelVersion], metric: str) -> tuple[Baseline, ...]:
    """Return the baselines that have the metric; several seeds of one as their mean."""
    groups: dict[str, list[ModelVersion]] = {}
    for version in registered:
        if is_baseline(version) and math.isfinite(version.metrics.get(metric, math.nan)):
            groups.setdefault(_baseline_name(version), []).append(version)
    return tuple(
        Baseline(
            label=f"{name} ({those[0].ref})" if len(those) == 1 else f"{name} (mean of {len(those)} seeds)",
            score=_mean([version.metrics[metric] for version in those]),
            test=_means([metrics_on_test(version) for version in those]),
            seconds=_mean([version.seconds for version in those]),
            parameters=those[0].parameters,
        )
        for name, those in groups.items()
    )


def _baseline_name(version: ModelVersion) -> str:
    return version.tags.get("baseline") or version.tags.get("name") or version.ref


def repeats_in(
    registered: Sequence[ModelVersion], study: str, trials: Sequence[ReportedTrial], metric: str
) -> tuple[Repeats, ...]:
    """Return the scores over seeds: of a study's trials that were trained again to confirm them, and of baselines."""
    scored = [version for version in registered if math.isfinite(version.metrics.get(metric, math.nan))]
    by_seed: dict[str, dict[int | None, ModelVersion]] = {}
    for version in confirmations(scored, study):
        by_seed.setdefault(configuration(version.params), {})[version.source.seed] = version
    fixed: dict[str, list[ModelVersion]] = {}
    for version in filter(is_baseline, scored):
        fixed.setdefault(f"baseline {_baseline_name(version)}", []).append(version)
    latest_first = [*reversed(trials)]  # of equal params the last one here is taken: the first that has a rank
    latest_first.sort(key=lambda trial: trial.counts)
    by_params = {configuration(trial.params): trial for trial in latest_first}
    confirmed = (
        _repeats(by_params[key].name, list(those.values()), metric, by_params[key].number)
        for key, those in by_seed.items()
        if key in by_params
    )
    return (*confirmed, *(_repeats(name, those, metric) for name, those in fixed.items() if len(those) > 1))


def _repeats(label: str, those: Sequence[ModelVersion], metric: str, trial: int | None = None) -> Repeats:
    tests = joined([metrics_on_test(version) for version in those])
    return Repeats(label, tuple(version.metrics[metric] for version in those), trial, tests)


def joined(measured: Sequence[Mapping[str, float]]) -> dict[str, tuple[float, ...]]:
    """Return what several trainings measured, by name."""
    names = dict.fromkeys(name for each in measured for name in each)
    return {name: tuple(each[name] for each in measured if name in each) for name in names}


def confirmations(registered: Sequence[ModelVersion], study: str) -> list[ModelVersion]:
    """Return the versions that were trained, in this database, to confirm a configuration of a study."""
    return [version for version in registered if version.tags.get(CONFIRM_TAG) == study and version.imported is None]


def trial_on_test(registered: Sequence[ModelVersion], study: str, params: Mapping[str, Any]) -> dict[str, float]:
    """Return what was measured on test data with a configuration of a study, as means over its trainings."""
    key = configuration(params)
    return _means(
        [
            metrics_on_test(version)
            for version in confirmations(registered, study)
            if configuration(version.params) == key
        ]
    )


def configuration(params: Mapping[str, Any]) -> str:
    """Return what two trials share that have the same params."""
    return repr(sorted(params.items()))


def _mean(values: Sequence[float | None]) -> Any:
    numbers = [value for value in values if value is not None]
    return sum(numbers) / len(numbers) if numbers else None


def _means(measured: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {name: _mean(values) for name, values in joined(measured).items()}


def comparison_of(
    chosen: Sequence[ModelVersion],
    trained: Mapping[str, Sequence[ModelVersion]] | None = None,
    *,
    database: str,
    made_by: str,
    metric: str | None = None,
) -> Report:
    """Return a report that compares versions.

    Args:
        chosen: two or more, in any order; the report ranks them.
        trained: by a version's reference those that differ from it in their seed only, itself among them.
        database: where they come from, without a password.
        made_by: the program and its version.
        metric: what to rank by; the first one's objective where it is None.

    Raises:
        UsageError: fewer than two.
        NotFoundError: no version has the metric.
    """
    if len(chosen) < 2:
        raise UsageError(f"there is {len(chosen)} version to compare; expected two or more, such as fmnist/1 fmnist/2")
    asked = metric or chosen[0].metric
    moment = datetime.now(UTC)
    return Report((study_of(chosen, trained, asked),), database, moment, made_by)


def study_of(
    chosen: Sequence[ModelVersion], trained: Mapping[str, Sequence[ModelVersion]] | None, asked: str
) -> ReportedStudy:
    """Return versions as a report tells of them together.

    Args:
        chosen: the versions.
        trained: as for `comparison_of`.
        asked: the metric to rank by.

    Raises:
        NotFoundError: no version has the metric.
    """
    measured = [version for version in chosen if math.isfinite(version.metrics.get(asked, math.nan))]
    if not measured:
        raise NotFoundError(f"none of {', '.join(version.ref for version in chosen)} has the metric {asked!r}")
    return ReportedStudy(
        name=", ".join(version.ref for version in chosen),
        problem=", ".join(dict.fromkeys(version.source.problem or version.model for version in chosen)),
        metric=asked,
        direction=_direction(chosen, asked),
        budget=len(chosen),
        waiting=0,
        settings={},
        trials=tuple(_reported(number, version, asked) for number, version in enumerate(chosen, 1)),
        space=(),
        importances=Importances(),
        commands={},
        provenance=_provenance(chosen),
        libraries=libraries_of(chosen),
        created_at=min(version.created_at for version in chosen),
        kind="versions",
        repeats=tuple(_over_seeds(chosen, trained or {}, asked)),
    )


def _over_seeds(
    chosen: Sequence[ModelVersion], trained: Mapping[str, Sequence[ModelVersion]], metric: str
) -> Iterator[Repeats]:
    for number, version in enumerate(chosen, 1):
        alike = trained.get(version.ref, ())
        measured = [each for each in alike if math.isfinite(each.metrics.get(metric, math.nan))]
        by_seed = {each.source.seed: each for each in measured}
        if len(by_seed) > 1:
            yield _repeats(version.ref, list(by_seed.values()), metric, number)


def _direction(chosen: Sequence[ModelVersion], metric: str) -> Direction:
    own = next((version.direction for version in chosen if version.metric == metric), None)
    return require_direction(metric, own, advice="compare by another metric")


def _reported(number: int, version: ModelVersion, metric: str) -> ReportedTrial:
    score = version.metrics.get(metric, math.nan)
    source = version.source
    return ReportedTrial(
        number=number,
        outcome="complete",
        params=version.params,
        score=score if math.isfinite(score) else None,
        epoch=version.epoch,
        epochs=max((len(curve.values) for curve in version.curves.values()), default=version.epoch),
        stop_reason=version.stop_reason,
        seconds=version.seconds,
        parameters=version.parameters,
        curves={name: curve.values for name, curve in version.curves.items()},
        version=version.ref,
        aliases=version.aliases,
        label=version.ref,
        test=metrics_on_test(version),
        seed=source.seed,
        source=source.origin or "by hand" if source.study is None else f"{source.study}, trial {source.trial}",
    )


def _provenance(chosen: Sequence[ModelVersion]) -> dict[str, str]:
    return {version.ref: _origin(version) for version in chosen}


def _origin(version: ModelVersion) -> str:
    source = version.source
    facts = {"seed": source.seed, "data": source.data_fingerprint, "code": source.code_revision}
    texts = [f"{name} {value}" for name, value in facts.items() if value is not None]
    of = [] if source.origin is None else [source.origin]
    parts = [source.problem or "no problem", *of, *texts, f"{version.created_at:%Y-%m-%d %H:%M} UTC"]
    return " · ".join(parts)


def libraries_of(registered: Sequence[ModelVersion]) -> dict[str, str]:
    """Return the libraries that the versions were trained with; several versions of one are all named."""
    numbers: dict[str, dict[str, None]] = {}
    for version in registered:
        for name, number in version.source.libraries.items():
            numbers.setdefault(name, {})[number] = None
    return {name: ", ".join(those) for name, those in sorted(numbers.items())}
