"""The documents of a bundle, as msgspec checks them: keys, types, ranges and lengths, with their place in messages."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct

from registry.core.errors import BundleError, UsageError
from registry.core.objective import Direction
from registry.labels.tags import LONGEST_DESCRIPTION
from registry.values.encoding import check_text
from registry.values.refs import NAME_PATTERN

Sha = Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]
Member = Annotated[str, Meta(pattern=r"\Aversions/[0-9]{6,9}\.json\Z")]
Name = Annotated[str, Meta(pattern=rf"\A{NAME_PATTERN}\Z")]
Word = Annotated[str, Meta(min_length=1, max_length=500)]
Tag = Annotated[str, Meta(max_length=500)]
Natural = Annotated[int, Meta(ge=1, lt=2**31)]
Description = Annotated[str, Meta(max_length=LONGEST_DESCRIPTION)]

FORMAT, SCHEMA = "registry bundle", 1
MANIFEST = "manifest.json"

T = TypeVar("T")


class Strict(Struct, frozen=True, forbid_unknown_fields=True):
    """A document that has exactly these keys."""


class Origin(Strict, frozen=True):
    """Where a version was first registered: the registry's id, the model's name and the version's number there."""

    registry: Annotated[str, Meta(pattern=r"\A[0-9a-f]{32}\Z")]
    model: Name
    number: Natural


class PackedParam(Strict, frozen=True):
    """A param: its kind and its exact value as text."""

    kind: Literal["none", "bool", "int", "float", "text"]
    text: str | None


class Lineage(Strict, frozen=True):
    """Where a version comes from, as `registry.Source` has it."""

    study: str | None
    trial: Annotated[int, Meta(ge=0, lt=2**31)] | None
    seed: Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)] | None
    problem: str | None
    data_fingerprint: str | None
    code_revision: str | None
    libraries: dict[str, str]
    origin: str | None


class Lasting(Strict, frozen=True):
    """The fields that never change. Numbers are in hexadecimal and curves in base64, so that they are exact."""

    origin: Origin
    score: str
    metric: Word
    direction: Direction
    epoch: Natural
    params: dict[Word, PackedParam]
    curves: dict[Word, bytes]
    source: Lineage
    created_at: str
    stop_reason: str | None
    seconds: str | None
    parameters: Annotated[int, Meta(ge=0, le=2**63 - 1)] | None


class Document(Strict, frozen=True):
    """A version."""

    lasting: Lasting
    model: Name
    aliases: list[Name]
    protected: list[Name]
    tags: dict[Name, Tag]
    description: Description | None
    state: Literal["ready", "displaced"]
    weights: Sha | None
    check: Sha | None

    def __post_init__(self) -> None:
        if len(set(self.aliases)) < len(self.aliases):
            raise ValueError(f"its aliases are {self.aliases!r}; expected each once")
        if not set(self.protected) <= set(self.aliases):
            raise ValueError(f"{self.protected!r} are protected, but its aliases are {self.aliases!r}")


class Line(Strict, frozen=True):
    """The registered model of a bundle's versions.

    Args:
        metric: what its best version is judged by.
        direction: ``max`` or ``min``.
        description: in Markdown.
        tags: name to text, of the model itself.
    """

    metric: Word
    direction: Direction
    description: Description | None
    tags: dict[Name, Tag]


class Manifest(Struct, frozen=True):
    """What a bundle holds: its models, the hash of each version's document, the size of each artifact."""

    models: dict[Name, Any]
    versions: dict[Member, Sha]
    artifacts: dict[Sha, int]


def as_type(document: Any, of: type[T], what: str) -> T:
    """Return an untrusted document as one of these types.

    Raises:
        BundleError: something is missing, unknown, of another type, or no database can hold it; says where.
    """
    try:
        _check_texts(document)
        return msgspec.convert(document, of)
    except (msgspec.ValidationError, UsageError) as error:
        raise BundleError(f"{what} is refused: {error}") from error


def _check_texts(document: Any) -> None:
    waiting = [document]
    while waiting:
        node = waiting.pop()
        if isinstance(node, str):
            check_text("a text", node)
        elif isinstance(node, list):
            waiting += node
        elif isinstance(node, dict):
            waiting += [*node, *node.values()]
