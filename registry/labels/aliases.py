"""Aliases: set, moved, removed and protected by compare-and-set, and remembered.

The caller holds the model, so what is read here is still so when it is written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.engine import Row

from registry.core.errors import ConflictError, NotFoundError, ProtectedError, UsageError
from registry.labels.events import before_last_move, last_move, remember
from registry.schema import aliases, versions
from registry.values.refs import Expected, Ref, check_name
from registry.versions.find import no_such_alias
from registry.versions.held import HeldModel

if TYPE_CHECKING:
    from registry.labels.requests import Request
    from registry.values.version import ModelVersion


def set_alias(
    model: HeldModel,
    alias: str,
    version: Row[Any],
    *,
    if_currently: Expected = None,
    force: bool = False,
    why: str | None = None,
    kind: str = "alias_set",
) -> Request | None:
    """Point an alias to a version, or ask for that where others must approve it; see `Registry.set_alias`.

    Args:
        model: whose alias it is.
        alias: the name.
        version: the row of the version, with ``id``, ``number``, ``state`` and ``weights``.
        if_currently: the number that the alias must be on; ``none`` for nowhere; None: wherever it is.
        force: move a protected alias, too, and one to a version that has no weights; it spares no approval, and none
            is given to such a version.
        why: kept with the event.
        kind: the event's.
    """
    check_name("alias", alias)
    before = find(model, alias)
    expect(model, alias, before, if_currently)
    number = None if before is None else before.number
    if number == version.number:
        return None
    _guard(model, alias, before, force, "moved")
    asks = before is not None and before.approvals > 0
    if version.weights is None and (asks or not force):
        advice = "nobody could approve that" if asks else "do it nevertheless with --force (force=True in Python)"
        raise NotFoundError(
            f"{model.name}@{alias} is not moved: {without_weights(f'{model.name}/{version.number}', version.state)}; "
            f"{advice}"
        )
    if before is not None and before.approvals:
        return _ask(model, alias, before, kind, version.number, why)
    move(model, alias, before, version, kind, why)
    return None


def move(model: HeldModel, alias: str, before: Row[Any] | None, version: Row[Any], kind: str, why: str | None) -> None:
    """Point an alias to a version, whatever protects it; ``before`` is where it is."""
    values = {"version_id": version.id, "moved_at": model.now}
    if before is None:
        model.connection.execute(aliases.insert(), values | {"model_id": model.id, "name": alias})
    else:
        model.connection.execute(aliases.update().where(_here(model.id, alias)).values(values))
    remember(model, kind, alias, (None if before is None else before.number, version.number), why)


def roll_back(
    model: HeldModel, alias: str, *, if_currently: Expected = None, force: bool = False, why: str | None = None
) -> int | Request:
    """Point an alias to where it was before its last move, or ask for that; see `Registry.rollback`."""
    if last_move(model, alias) is None:
        raise NotFoundError(no_such_alias(model.connection, model.row, alias))
    expect(model, alias, find(model, alias), if_currently)
    earlier = before_last_move(model, alias)
    if earlier is None:
        raise ConflictError(
            f"{model.name}@{alias} was nowhere before; nothing was changed: to have it nowhere again, "
            f"run `registry alias rm {model.name}@{alias}`"
        )
    version = model.version(Ref(model.name, version=earlier))
    return set_alias(model, alias, version, force=force, why=why, kind="alias_rolled_back") or earlier


def without_weights(ref: str, state: str) -> str:
    """Return, in words, that a version cannot be loaded.

    Example:
        >>> without_weights("fmnist/3", "displaced")
        'fmnist/3 cannot be loaded, for its weights were dropped for those of others'
    """
    why = "its weights were dropped for those of others" if state == "displaced" else "it has no weights"
    return f"{ref} cannot be loaded, for {why}"


def not_loadable(version: ModelVersion) -> str:
    """Return what to add to a line that tells where an alias is: why nobody can load that, or nothing."""
    return "" if version.weights else f"; {without_weights(version.ref, version.state)}"


def remove_alias(
    model: HeldModel, alias: str, *, if_currently: Expected = None, force: bool = False, why: str | None = None
) -> Request | None:
    """Remove an alias, or ask for that; its version is no longer pinned by it. See `Registry.remove_alias`."""
    before = _existing(model, alias)
    expect(model, alias, before, if_currently)
    _guard(model, alias, before, force, "removed")
    if before.approvals:
        return _ask(model, alias, before, "alias_removed", None, why)
    drop(model, alias, before, why)
    return None


def drop(model: HeldModel, alias: str, before: Row[Any], why: str | None) -> None:
    """Remove an alias, whatever protects it; ``before`` is where it is."""
    model.connection.execute(aliases.delete().where(_here(model.id, alias)))
    remember(model, "alias_removed", alias, (before.number, None), why)


def protect_alias(model: HeldModel, alias: str, *, approvals: int | None = None, why: str | None = None) -> None:
    """Protect an alias; see `Registry.protect_alias`."""
    before = _existing(model, alias)
    needed = before.approvals if approvals is None else approvals
    if needed < 0:
        raise UsageError(f"{needed} approvals cannot be; expected 0 or more")
    if needed < before.approvals:
        raise ProtectedError(
            f"a change of {model.name}@{alias} needs {approvals_text(before.approvals)}, and not fewer: "
            f"run `registry alias unprotect {model.name}@{alias}`, which others must approve, too"
        )
    if before.protected and needed == before.approvals:
        return
    set_protection(model, alias, protected=True, approvals=needed)
    detail = "; ".join(filter(None, (why, approvals_text(needed) if needed else None)))
    remember(model, "alias_protected", alias, (before.number, before.number), detail or None)


def unprotect_alias(model: HeldModel, alias: str, *, why: str | None = None) -> Request | None:
    """Take an alias's protection off, or ask for that where others must approve it.

    Raises:
        NotFoundError: the model has none of that name.
    """
    before = _existing(model, alias)
    if before.approvals:
        return _ask(model, alias, before, "alias_unprotected", before.number, why)
    if before.protected:
        lay_open(model, alias, before, why)
    return None


def lay_open(model: HeldModel, alias: str, before: Row[Any], why: str | None) -> None:
    """Take an alias's protection off, whatever it is; ``before`` is where it is."""
    set_protection(model, alias, protected=False, approvals=0)
    remember(model, "alias_unprotected", alias, (before.number, before.number), why)


def set_protection(model: HeldModel, alias: str, *, protected: bool, approvals: int) -> None:
    """Write how an alias is protected."""
    values = {"protected": protected, "approvals": approvals}
    model.connection.execute(aliases.update().where(_here(model.id, alias)).values(values))


def approvals_text(count: int) -> str:
    """Return how many approvals there are, or are needed, in words.

    Example:
        >>> approvals_text(1), approvals_text(2)
        ('1 approval', '2 approvals')
    """
    return f"{count} approval{'' if count == 1 else 's'}"


def find(model: HeldModel, alias: str) -> Row[Any] | None:
    """Return where an alias is: the version's ``id`` and ``number``, ``protected`` and ``approvals``; or None.

    Of one whose version was removed behind the registry's back id and number are None: it can be moved and removed.
    """
    columns: sa.Select[Any] = sa.select(versions.c.id, versions.c.number, aliases.c.protected, aliases.c.approvals)
    here = columns.select_from(aliases).outerjoin(versions, aliases.c.version_id == versions.c.id)
    return model.connection.execute(here.where(_here(model.id, alias))).first()


def expect(model: HeldModel, alias: str, before: Row[Any] | None, expected: Expected) -> None:
    """Refuse to go on where an alias is not what the caller thinks it is.

    Raises:
        ConflictError: says what it is, and who moved it when.
        UsageError: the expectation is none.
    """
    if expected is None:
        return
    if expected != "none" and (isinstance(expected, bool) or not isinstance(expected, int)):
        raise UsageError(f"the alias is expected on {expected!r}; expected a version's number, or 'none'")
    number = "none" if before is None else before.number
    if number == expected:
        return
    moved = last_move(model, alias)
    by = "" if moved is None else f" ({moved.actor} {_done(moved.kind)} it at {moved.at.isoformat(timespec='seconds')})"
    now = "names no version" if before is None else f"is {model.name}/{before.number}"
    raise ConflictError(
        f"{model.name}@{alias} {now}{by}, not {expected} as was expected; "
        f"nothing was changed: look at `registry history {model.name}@{alias}` and decide again"
    )


def _done(kind: str) -> str:
    return {"alias_removed": "removed", "alias_rolled_back": "rolled back"}.get(kind, "moved")


def _ask(model: HeldModel, alias: str, before: Row[Any], kind: str, to_version: int | None, why: str | None) -> Request:
    from registry.labels.requests import ask  # few registries have any, and `registry best` reads none

    return ask(model, alias, before, kind, to_version, why)


def _guard(model: HeldModel, alias: str, before: Row[Any] | None, force: bool, done: str) -> None:
    if before is not None and before.protected and not before.approvals and not force:
        raise ProtectedError(
            f"{model.name}@{alias} is protected and stays on {model.name}/{before.number}; "
            f"it is {done} only with --force (force=True in Python)"
        )


def _existing(model: HeldModel, alias: str) -> Row[Any]:
    row = find(model, alias)
    if row is None:
        raise NotFoundError(no_such_alias(model.connection, model.row, alias))
    return row


def _here(model_id: int, alias: str) -> sa.ColumnElement[bool]:
    return sa.and_(aliases.c.model_id == model_id, aliases.c.name == alias)
