"""What `Registry.verify` and `Registry.gc` report."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class StoredArtifact:
    """An artifact: its hash, its size in bytes, and its store (None is the database)."""

    sha256: str
    bytes: int
    store: str | None


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of ours in an outside store without an artifact's row: its store, its name there, its size."""

    store: str
    name: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Fault:
    """An artifact that is not what was registered.

    Args:
        kind: ``missing`` or ``altered``.
        sha256: what its bytes should be.
        store: where they should be; None is the database.
        versions: whose they are, such as ``("fmnist/3",)``.
        found: the hash of what is there; None where nothing is.
    """

    kind: Literal["missing", "altered"]
    sha256: str
    store: str | None
    versions: tuple[str, ...]
    found: str | None


@dataclass(frozen=True, slots=True)
class DamagedRecord:
    """A version whose params or curves are not what was registered: its name, and what is wrong."""

    version: str
    what: str


@dataclass(frozen=True, slots=True)
class Findings:
    """The result of `Registry.verify`.

    Args:
        artifacts: how many were hashed.
        bytes: how many bytes they have.
        faults: missing and altered ones.
        orphans: artifacts that no version refers to; `Registry.gc` removes them.
        files: files in outside stores without an artifact's row; `Registry.gc` removes them, too.
        versions: how many records were checked.
        unhashed: how many of them have no hash, since they are older than it: checked by what is kept twice alone.
        damaged: those whose params or curves are not what was registered.
    """

    artifacts: int
    bytes: int
    faults: tuple[Fault, ...]
    orphans: tuple[StoredArtifact, ...]
    files: tuple[StoredFile, ...]
    versions: int
    unhashed: int
    damaged: tuple[DamagedRecord, ...]

    @property
    def clean(self) -> bool:
        """Whether everything is as it was registered, and nothing is left over."""
        return not (self.faults or self.orphans or self.files or self.damaged)

    def as_dict(self) -> dict[str, Any]:
        """Return the report as JSON types."""
        return {"clean": self.clean, **asdict(self)}


@dataclass(frozen=True, slots=True)
class Expired:
    """A version whose weights go by a rule: its model and number, the bytes that this frees, why, and their hash."""

    model: str
    version: int
    bytes: int
    why: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Garbage:
    """The result of `Registry.gc`.

    Args:
        versions: displaced versions that lose their weights, such as ``("fmnist/3",)``.
        artifacts: artifacts that no version refers to, or only displaced ones.
        files: files in outside stores without an artifact's row.
        expired: versions that lose their weights by a rule of age or size.
        cold: where the weights of these go; None: they are removed.
        over: by how many bytes what is kept is larger than it was to be.
    """

    versions: tuple[str, ...]
    artifacts: tuple[StoredArtifact, ...]
    files: tuple[StoredFile, ...]
    expired: tuple[Expired, ...] = ()
    cold: str | None = None
    over: int = 0

    @property
    def bytes(self) -> int:
        """How many bytes are freed, where the weights of expired versions are removed, or were before they moved."""
        return sum(sum(thing.bytes for thing in things) for things in (self.artifacts, self.files, self.expired))

    @property
    def moved(self) -> int:
        """How many of these bytes lie in the cold store now."""
        return sum(each.bytes for each in self.expired) if self.cold is not None else 0

    def as_dict(self) -> dict[str, Any]:
        """Return the report as JSON types."""
        return {"bytes": self.bytes, "moved": self.moved, **asdict(self)}
