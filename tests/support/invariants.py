"""What must hold of a database at any moment, whatever has happened to it; each promise is one SQL statement.

The promises are those of docs/architecture.md and docs/workers.md. A statement counts the rows that break one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from registry.core.database.transaction import reading


@dataclass(frozen=True)
class Check:
    """What was looked at, what was found, and whether that is as it should be; None where it may be anything."""

    what: str
    found: str
    good: bool | None = None


BROKEN = {
    "a study's slots are numbered without gaps": """
        SELECT count(*) FROM (SELECT study_id FROM search_slots GROUP BY study_id
        HAVING min(number) <> 0 OR max(number) + 1 <> count(*)) AS broken""",
    "no attempt is of a claim that nobody made": """
        SELECT count(*) FROM search_attempts AS a JOIN search_slots AS s ON s.id = a.slot_id
        WHERE a.lease > s.lease""",
    "only the last claim of a running slot goes on": """
        SELECT count(*) FROM search_attempts AS a JOIN search_slots AS s ON s.id = a.slot_id
        WHERE a.outcome IS NULL AND (s.state <> 'running' OR a.lease <> s.lease)""",
    "a running slot has an attempt that goes on": """
        SELECT count(*) FROM search_slots AS s WHERE s.state = 'running' AND NOT EXISTS
        (SELECT 1 FROM search_attempts AS a WHERE a.slot_id = s.id AND a.lease = s.lease AND a.outcome IS NULL)""",
    "every trial of Optuna's is a slot's": """
        SELECT count(*) FROM trials AS t WHERE NOT EXISTS
        (SELECT 1 FROM search_slots AS s WHERE s.trial_id = t.trial_id AND s.trial = t.number)""",
    "a slot and its trial in Optuna end together": """
        SELECT count(*) FROM search_slots AS s JOIN trials AS t ON t.trial_id = s.trial_id
        WHERE (s.state = 'finished') <> (t.state IN ('COMPLETE', 'PRUNED', 'FAIL'))""",
    "a trial's value in Optuna is its score": """
        SELECT count(*) FROM search_slots AS s LEFT JOIN trial_values AS v ON v.trial_id = s.trial_id
        WHERE s.state = 'finished' AND (v.value <> s.score OR (v.value IS NULL) <> (s.score IS NULL))""",
    "a finished trial has its curves": """
        SELECT count(*) FROM search_slots AS s WHERE s.state = 'finished'
        AND NOT EXISTS (SELECT 1 FROM search_results AS r WHERE r.slot_id = s.id)""",
    "a finished trial has no checkpoint": """
        SELECT count(*) FROM search_checkpoints AS c JOIN search_slots AS s ON s.id = c.slot_id
        WHERE s.state = 'finished'""",
    "a checkpoint has bytes": """
        SELECT count(*) FROM search_checkpoints AS c WHERE NOT EXISTS
        (SELECT 1 FROM search_checkpoint_chunks AS p WHERE p.slot_id = c.slot_id)""",
    "a version is of a finished trial, its score and its best epoch": """
        SELECT count(*) FROM registry_versions AS v JOIN search_studies AS t ON t.name = v.study
        JOIN search_slots AS s ON s.study_id = t.id AND s.trial = v.trial
        WHERE s.state <> 'finished' OR s.score <> v.score OR s.best_epoch <> v.epoch""",
    "versions are numbered as they were counted": """
        SELECT count(*) FROM registry_models AS m
        WHERE m.next_version <= (SELECT max(v.number) FROM registry_versions AS v WHERE v.model_id = m.id)""",
    "an alias points to a version of its model": """
        SELECT count(*) FROM registry_aliases AS a JOIN registry_versions AS v ON v.id = a.version_id
        WHERE a.model_id <> v.model_id""",
    "a displaced version has weights only where an alias keeps them": """
        SELECT count(*) FROM registry_versions AS v WHERE v.state = 'displaced' AND v.weights IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM registry_aliases AS a WHERE a.version_id = v.id)""",
}


def invariants(engine: Engine) -> Iterator[Check]:
    """Count what breaks each promise."""
    for promise, statement in BROKEN.items():
        with reading(engine) as connection:
            broken = connection.execute(sa.text(statement)).scalar_one()
        yield Check(promise, f"{broken} broken", broken == 0)
