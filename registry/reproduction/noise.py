"""How far apart the scores of two trainings may be that differ by chance alone."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from registry.schema import models, tags, versions
from registry.values.known_tags import CONFIRM_TAG, EPOCHS_TAG, SEEDS_TAG, SPREAD_TAG, TEACHER_TAG, trained_with
from registry.values.version import ModelVersion

DEVIATIONS = 2  # standard deviations of the scores of several seeds
SHARE = 0.01  # of the score, where no seeds were compared


@dataclass(frozen=True, slots=True)
class Noise:
    """A difference of scores that counts as chance, in the score's units, and what that is taken from."""

    limit: float
    basis: str


def noise_of(connection: Connection, version: ModelVersion) -> Noise:
    """Return what counts as chance for a version's score.

    That is twice the standard deviation over the seeds with which the version's study was confirmed; where it was not,
    1 % of the score.
    """
    family = version.tags.get(CONFIRM_TAG, version.source.study)
    confirming = sa.select(tags.c.version_id).where(tags.c.name == CONFIRM_TAG, tags.c.value == family)
    asked = (
        sa.select(versions.c.number, tags.c.name, tags.c.value)
        .join(versions, versions.c.id == tags.c.version_id)
        .join(models, models.c.id == versions.c.model_id)
        .where(models.c.name == version.model, tags.c.version_id.in_(confirming))
        .where(tags.c.name.in_((SPREAD_TAG, SEEDS_TAG, TEACHER_TAG, EPOCHS_TAG)))
        .order_by(versions.c.number)
    )
    by_version: dict[int, dict[str, str]] = {}
    for number, name, text in connection.execute(asked):
        by_version.setdefault(number, {})[name] = text
    for number, texts in sorted(by_version.items(), reverse=True):
        if trained_with(texts) != trained_with(version.tags):
            continue
        with suppress(KeyError, ValueError):
            spread, seeds = float(texts[SPREAD_TAG]), int(texts[SEEDS_TAG])
            return Noise(
                DEVIATIONS * spread,
                f"{DEVIATIONS} standard deviations over the {seeds} seeds of {version.model}/{number}: {spread:g} each",
            )
    return Noise(
        SHARE * abs(version.score), f"{SHARE:.0%} of the score, for {family} was not confirmed with other seeds"
    )
