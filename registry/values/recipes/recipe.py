"""What made a version beside its params and its seed: source, settings, libraries and machine; shared by a study's."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from registry.core.errors import IntegrityError

LARGEST = 64_000_000  # bytes, unpacked


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What a worker knows of how it trains.

    Args:
        problem: what is searched, as a study names it.
        settings: the study's.
        source: the problem's module and what it imports of the same project: file to text, as ``package/module.py``.
        no_source: why there is none.
        diff: how those of the files that git tracks differ from the commit; None without git.
        program: the files of this program that train, each with the beginning of its SHA-256.
        packages: every installed distribution with its version.
        python: Python's version.
        processor: the model of the processor, or of the GPU that trained.
        flags: the processor's instruction sets that numerical libraries choose their code by.
        device: ``cpu`` or ``gpu``.
        threads: threads on the CPU, for each of TensorFlow's pools.
    """

    problem: str
    settings: Mapping[str, Any]
    source: Mapping[str, str] = field(default_factory=dict)
    no_source: str | None = None
    diff: str | None = None
    program: Mapping[str, str] = field(default_factory=dict)
    packages: Mapping[str, str] = field(default_factory=dict)
    python: str = ""
    processor: str = ""
    flags: tuple[str, ...] = ()
    device: str = "cpu"
    threads: int = 1

    def to_bytes(self) -> bytes:
        """Return the recipe as compressed JSON: the same recipe makes the same bytes."""
        import msgspec

        return gzip.compress(msgspec.json.encode(self, order="deterministic"), mtime=0)

    @classmethod
    def from_bytes(cls, packed: bytes) -> Recipe:
        """Return the recipe that `to_bytes` packed; keys that a newer program added are left out.

        Raises:
            IntegrityError: the bytes are no recipe.
        """
        import msgspec

        try:
            unpacking = zlib.decompressobj(zlib.MAX_WBITS | 16)
            text = unpacking.decompress(packed, LARGEST)
            if not unpacking.eof:
                raise IntegrityError(f"the recipe is not whole, or has more than {LARGEST} bytes")
            return msgspec.json.decode(text, type=cls)
        except (zlib.error, msgspec.DecodeError) as error:
            raise IntegrityError(f"the stored bytes are no recipe: {error}") from error
