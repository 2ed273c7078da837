"""A version as a JSON document, bit for bit, and its identity, the same in every registry that holds the version."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from registry.core.errors import BundleError, UsageError
from registry.core.objective import Direction, to_direction
from registry.labels.tags import LONGEST_DESCRIPTION
from registry.registration.new_version import Record, check_tag, checked
from registry.values.encoding import check_names, check_text, pack_curve, pack_param, unpack_curve, unpack_param
from registry.values.refs import check_name
from registry.values.version import ModelVersion, Source


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a version was first registered: the registry's id, the model's name and the version's number there."""

    registry: str
    model: str
    number: int

    def __str__(self) -> str:
        return f"{self.registry}:{self.model}/{self.number}"


@dataclass(frozen=True, slots=True)
class Bundled:
    """A version of a bundle.

    Args:
        record: what `Registry.register` would be given.
        origin: where it was first registered.
        identity: the same for the same version, in whatever registry it is.
        created_at: when it was first registered.
        aliases: the names that pointed to it.
        protected: those of them that are protected.
        description: in Markdown.
        state: ``ready`` or ``displaced``.
        weights: the hash of the ``.keras`` file; None where there is none.
        reference_predictions: the hash of the stored predictions.
    """

    record: Record
    origin: Origin
    identity: str
    created_at: datetime
    aliases: tuple[str, ...]
    protected: tuple[str, ...]
    description: str | None
    state: str
    weights: str | None
    reference_predictions: str | None


@dataclass(frozen=True, slots=True)
class Line:
    """The registered model of a bundle's versions.

    Args:
        metric: what its best version is judged by.
        direction: ``max`` or ``min``.
        description: in Markdown.
        tags: name to text, of the model itself.
    """

    metric: str
    direction: Direction
    description: str | None
    tags: Mapping[str, str]


def plain_json(document: Any) -> bytes:
    """Return the only JSON text that a document has."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode()


def lasting(version: ModelVersion, origin: Origin) -> dict[str, Any]:
    """Return the fields of a version that never change; their hash is its identity."""
    return {
        "origin": asdict(origin),
        "score": version.score.hex(),
        "metric": version.metric,
        "direction": version.direction,
        "epoch": version.epoch,
        "params": {name: _param(name, value) for name, value in version.params.items()},
        "curves": {name: base64.b64encode(pack_curve(curve)).decode() for name, curve in version.curves.items()},
        "source": asdict(version.source) | {"libraries": dict(version.source.libraries)},
        "created_at": version.created_at.isoformat(),
        "stop_reason": version.stop_reason,
        "seconds": None if version.seconds is None else float(version.seconds).hex(),
        "parameters": version.parameters,
    }


def as_document(
    version: ModelVersion, origin: Origin, reference_predictions: str | None, protected: Sequence[str]
) -> dict[str, Any]:
    """Return a version as a bundle holds it."""
    return {
        "lasting": lasting(version, origin),
        "model": version.model,
        "aliases": list(version.aliases),
        "protected": list(protected),
        "tags": dict(version.tags),
        "description": version.description,
        "state": version.state,
        "weights": version.weights.sha256 if version.weights else None,
        "check": reference_predictions,
    }


def identity_of(fields: Mapping[str, Any]) -> str:
    """Return the SHA-256 of the fields that `lasting` returned."""
    return hashlib.sha256(plain_json(fields)).hexdigest()


def from_document(document: Any, what: str) -> Bundled:
    """Return a version from an untrusted document.

    Raises:
        BundleError: something is missing, of another type, or not allowed.
    """
    with _refusing(what):
        return _read(document)


def line_from(document: Any, what: str) -> Line:
    """Return a registered model from an untrusted document.

    Raises:
        BundleError: something is missing, of another type, or not allowed.
    """
    with _refusing(what):
        check_names("metric", [document["metric"]])
        return Line(
            _words(document["metric"]),
            to_direction(document["direction"]),
            _description(document["description"]),
            _tags(document["tags"]),
        )


@contextmanager
def _refusing(what: str) -> Iterator[None]:
    try:
        yield
    except (UsageError, KeyError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        said = f"there is no {error}" if isinstance(error, KeyError) else str(error)
        raise BundleError(f"{what} is refused: its record cannot be: {said}") from error


def _read(document: dict[str, Any]) -> Bundled:
    fixed, first = document["lasting"], document["lasting"]["origin"]
    origin = Origin(_words(first["registry"]), check_name("model", first["model"]), _number(first["number"]))
    record = checked(
        model=document["model"],
        score=float.fromhex(fixed["score"]),
        metric=fixed["metric"],
        direction=fixed["direction"],
        epoch=_number(fixed["epoch"]),
        params={name: unpack_param(value["kind"], value["text"]) for name, value in fixed["params"].items()},
        curves={
            name: unpack_curve(name, base64.b64decode(packed, validate=True)).values
            for name, packed in fixed["curves"].items()
        },
        tags=_tags(document["tags"]),
        source=_source(fixed["source"]),
        stop_reason=_text(fixed["stop_reason"]),
        seconds=None if fixed["seconds"] is None else float.fromhex(fixed["seconds"]),
        parameter_count=_whole(fixed["parameters"]),
    )
    created_at = datetime.fromisoformat(fixed["created_at"])
    if created_at.tzinfo is None:
        raise ValueError(f"the time {fixed['created_at']!r} has no zone")
    if document["state"] not in ("ready", "displaced"):
        raise ValueError(f"the state is {document['state']!r}")
    aliases = tuple(check_name("alias", name) for name in document["aliases"])
    if not set(document["protected"]) <= set(aliases):
        raise ValueError(f"{document['protected']!r} are protected, but its aliases are {document['aliases']!r}")
    return Bundled(
        record=record,
        origin=origin,
        identity=identity_of(fixed),
        created_at=created_at,
        aliases=aliases,
        protected=tuple(document["protected"]),
        description=_description(document["description"]),
        state=document["state"],
        weights=_text(document["weights"]),
        reference_predictions=_text(document["check"]),
    )


def _source(document: dict[str, Any]) -> Source:
    texts = {
        name: _text(document[name]) for name in ("study", "problem", "data_fingerprint", "code_revision", "origin")
    }
    libraries = {_words(name): _words(value) for name, value in document["libraries"].items()}
    return replace(Source(**texts), trial=_whole(document["trial"]), seed=_whole(document["seed"]), libraries=libraries)


def _param(name: str, value: Any) -> dict[str, Any]:
    packed = pack_param(name, value)
    return {"kind": packed["kind"], "text": packed["text"]}


def _tags(tags: dict[str, Any]) -> dict[str, str]:
    return {check_name("tag", name): check_tag(name, _words(text)) for name, text in tags.items()}


def _description(value: Any) -> str | None:
    text: str | None = _text(value)
    if text is not None and len(text) > LONGEST_DESCRIPTION:
        raise ValueError(f"a description has {len(text)} characters; expected up to {LONGEST_DESCRIPTION}")
    return text if text and text.strip() else None


def _words(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return check_text("a text", value)


def _text(value: Any) -> Any:
    return None if value is None else _words(value)


def _whole(value: Any) -> int | None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or abs(value) >= 2**63):
        raise TypeError(f"{value!r} is no number that a database holds")
    return value


def _number(value: Any) -> int:
    number = _whole(value)
    if number is None or not 1 <= number < 2**31:
        raise ValueError(f"{value!r} is no number from 1")
    return number
