"""A version as a JSON document, bit for bit, and its identity, the same in every registry that holds the version."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from msgspec import structs

from registry.bundles.documents import Document, Origin, as_type
from registry.core.errors import BundleError, IntegrityError, UsageError
from registry.registration.new_version import Record, checked
from registry.values.encoding import pack_curve, pack_param, unpack_curve, unpack_param
from registry.values.version import ModelVersion, Source
from registry.versions.read import fields_of_new

_YEARS = range(1970, 2262)  # what every program that reads tables can hold


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


def plain_json(document: Any) -> bytes:
    """Return the only JSON text that a document has."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode()


def lasting(version: ModelVersion, origin: Origin) -> dict[str, Any]:
    """Return the fields of a version that never change; their hash is its identity."""
    return {
        "origin": structs.asdict(origin),
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
        BundleError: something is missing, of another type, or not allowed, or the registry that writes such bundles
            would have written it otherwise.
    """
    read = as_type(document, Document, what)
    try:
        record, created_at = _record(read), _moment(read.lasting.created_at)
        fields = fields_of_new(record, read.lasting.origin.number, created_at, None)
        written = lasting(ModelVersion(**fields), read.lasting.origin)
    except (UsageError, IntegrityError, ValueError, OverflowError) as error:
        raise BundleError(f"{what} is refused: its record cannot be: {error}") from error
    for name, value in document["lasting"].items():
        if written[name] != value:
            difference = f"its {name} is {value!r:.100}; a registry writes {written[name]!r:.100}"
            raise BundleError(f"{what} is refused: {difference}")
    described = bool(read.description and read.description.strip())
    return Bundled(
        record=record,
        origin=read.lasting.origin,
        identity=identity_of(written),
        created_at=created_at,
        aliases=tuple(read.aliases),
        protected=tuple(read.protected),
        description=read.description if described else None,
        state=read.state,
        weights=read.weights,
        reference_predictions=read.check,
    )


def _record(read: Document) -> Record:
    fixed = read.lasting
    return checked(
        model=read.model,
        score=float.fromhex(fixed.score),
        metric=fixed.metric,
        direction=fixed.direction,
        epoch=fixed.epoch,
        params={name: unpack_param(param.kind, param.text) for name, param in fixed.params.items()},
        curves={name: unpack_curve(name, packed).values for name, packed in fixed.curves.items()},
        tags=read.tags,
        source=Source(**structs.asdict(fixed.source)),
        stop_reason=fixed.stop_reason,
        seconds=None if fixed.seconds is None else float.fromhex(fixed.seconds),
        parameter_count=fixed.parameters,
    )


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None or moment.year not in _YEARS:
        raise ValueError(f"the time is {text!r}; expected one of {_YEARS[0]} to {_YEARS[-1]} in UTC")
    return moment


def _param(name: str, value: Any) -> dict[str, Any]:
    packed = pack_param(name, value)
    return {"kind": packed["kind"], "text": packed["text"]}
