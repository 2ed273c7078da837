"""What the record of a version says of the versions that it was made of: written here, and read here."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from registry.core.errors import UsageError
from registry.values.known_tags import ENSEMBLE_TAG, REFIT_TAG
from registry.values.refs import parse_ref

if TYPE_CHECKING:
    from registry import ModelVersion

_ORIGIN = re.compile(rf"({ENSEMBLE_TAG}|{REFIT_TAG}):([^#]+)#[0-9a-f]{{8}}")
_TIMES = re.compile(r"[1-9][0-9]*")


@dataclass(frozen=True)
class Origin:
    """What a version was made of.

    Args:
        kind: ``ensemble`` or ``refit``.
        members: the references of the others, and how often each counts.
    """

    kind: str
    members: tuple[tuple[str, int], ...]


def origin_of(kind: str, members: Sequence[tuple[ModelVersion, int]], *also: object) -> str:
    """Return what a version's record says of the versions that it was made of.

    References mean other versions in another registry, so a digest of what is behind them stands after them: a version
    that a bundle brings is never taken for one that was made here.

    Args:
        kind: ``ensemble`` or ``refit``.
        members: the versions, and how often each counts.
        also: what else it was made with.

    Returns:
        For example ``ensemble:mine/3*2+mine/7#5f0c2a91``; `parse_origin` reads it again.
    """
    ordered = sorted(members, key=lambda member: member[0].version)
    refs = "+".join(version.ref if times == 1 else f"{version.ref}*{times}" for version, times in ordered)
    behind = [(version.created_at.isoformat(), version.score, sorted(version.params.items())) for version, _ in ordered]
    return f"{kind}:{refs}#{hashlib.sha256(repr((behind, also)).encode()).hexdigest()[:8]}"


def parse_origin(text: str | None) -> Origin | None:
    """Return what an origin says; None where it is none that `origin_of` writes, as another program's name for a model.

    Example:
        >>> parse_origin("ensemble:mine/3*2+mine/7#5f0c2a91")
        Origin(kind='ensemble', members=(('mine/3', 2), ('mine/7', 1)))
        >>> parse_origin("mlflow:0f3a") is None
        True
    """
    written = _ORIGIN.fullmatch(text or "")
    if written is None:
        return None
    members = []
    for member in written[2].split("+"):
        ref, star, times = member.partition("*")
        if not _is_numbered(ref) or (star and not _TIMES.fullmatch(times)):
            return None
        members.append((ref, int(times) if star else 1))
    return Origin(written[1], tuple(members))


def _is_numbered(ref: str) -> bool:
    try:
        return parse_ref(ref).version is not None
    except UsageError:
        return False
