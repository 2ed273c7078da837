"""The outbox: an event is written in the transaction that makes it, so it is there exactly if what it tells of is.

The body is written here, once, so that every attempt sends the same bytes: JSON of CloudEvents 1.0
(github.com/cloudevents/spec).
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal, get_args

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from registry.schema import deliveries, hooks, settings

Kind = Literal["study-ended", "new-best", "alias-moved", "approval-requested", "version-registered", "worker-lost"]
KINDS: tuple[Kind, ...] = get_args(Kind)

_LISTENING: sa.Select[Any] = sa.select(hooks.c.id, hooks.c.kinds).where(
    sa.or_(hooks.c.model.is_(None), hooks.c.model == sa.bindparam("of_model"))
)


def announce(connection: Connection, kind: Kind, model: str, make: Callable[[], tuple[str, Mapping[str, Any]]]) -> None:
    """Let the hooks hear of an event, once the transaction is committed; one statement where nobody listens.

    Args:
        connection: the transaction that makes the event; events of those that hold the model's row come in their order.
        kind: what happened.
        model: the registered model that it is about.
        make: returns what the event is about, such as ``fmnist@champion``, and its data as JSON types.
    """
    listening = listeners(connection, model)
    if any(hears(hook, kind) for hook in listening):
        put(connection, listening, kind, model, *make())


def listeners(connection: Connection, model: str) -> Sequence[Row[Any]]:
    """Return the hooks that hear of a model, whatever of it they hear."""
    return connection.execute(_LISTENING, {"of_model": model}).all()


def hears(hook: Row[Any], kind: Kind) -> bool:
    """Tell whether a hook is for events of a kind."""
    return kind in hook.kinds.split(",")


def put(
    connection: Connection, listening: Sequence[Row[Any]], kind: Kind, model: str, subject: str, data: Mapping[str, Any]
) -> None:
    """Write an event for those of the hooks that hear of its kind."""
    now, event = datetime.now(UTC), uuid.uuid4().hex
    registry = connection.execute(sa.select(settings.c.value).where(settings.c.name == "id")).scalar_one()
    body = {
        "specversion": "1.0",
        "id": event,
        "source": f"urn:studies:registry:{registry}",
        "type": f"studies.{kind}",
        "subject": subject,
        "time": now.isoformat(),
        "datacontenttype": "application/json",
        "data": data,
    }
    row = {
        "model": model,
        "event": event,
        "kind": kind,
        "body": json.dumps(body, allow_nan=False),
        "created_at": now,
    }
    heard = [row | {"hook_id": hook.id} for hook in listening if hears(hook, kind)]
    if heard:
        connection.execute(deliveries.insert(), heard)
