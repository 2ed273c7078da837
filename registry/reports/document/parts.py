"""A report's parts, the same for every kind of file: blocks of tables, pictures and facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from registry.reports.document.table import Table
from registry.reports.drawing.canvas import Drawing
from registry.reports.facts.evidence import Mistake


@dataclass(frozen=True, slots=True)
class Key:
    """An entry of a legend: a sign or a line in a colour of the style sheet, and what it means."""

    text: str
    role: str = "soft"
    sign: str = ""
    line: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture and what is written above it.

    Args:
        title: what it is called.
        drawing: draws it.
        note: beside the title.
        axes: of parallel coordinates, each axis: its column, its ends, whether logarithms, and its choices.
        pairs: of a map of two params, the same of all params, from which a page lets its reader choose.
    """

    title: str
    drawing: Drawing
    note: str = ""
    axes: tuple[tuple[str, float, float, bool, tuple[str, ...] | None], ...] = ()
    pairs: tuple[tuple[str, float, float, bool, tuple[str, ...] | None], ...] = ()


@dataclass(frozen=True, slots=True)
class Pictures:
    """Pictures of one size side by side; ``layout`` is ``wide``, ``grid`` (narrow) or ``long`` (a whole line each)."""

    pictures: tuple[Picture, ...]
    layout: str = "grid"
    title: str = ""
    notes: tuple[str, ...] = ()
    legend: tuple[Key, ...] = ()

    kind = "pictures"


@dataclass(frozen=True, slots=True)
class Rows:
    """A table.

    Args:
        table: its columns and rows.
        title: above it.
        notes: sentences above it.
        sortable: whether it can be sorted and filtered in a page.
        names: what the pictures call each row; empty where they do not.
        curves: the objective of each row, one value an epoch, to be laid over the picture of the curves.
    """

    table: Table
    title: str = ""
    notes: tuple[str, ...] = ()
    sortable: bool = False
    names: tuple[str, ...] = ()
    curves: tuple[tuple[float, ...], ...] = ()

    kind = "rows"


@dataclass(frozen=True, slots=True)
class Facts:
    """Names with a value each."""

    facts: Mapping[str, str]
    title: str = ""
    notes: tuple[str, ...] = ()

    kind = "facts"


@dataclass(frozen=True, slots=True)
class Bars:
    """Shares of 1 as bars: a line a name, a column a method; ``ranges`` are the shares' uncertainty, where known."""

    columns: tuple[str, ...]
    shares: Mapping[str, tuple[float | None, ...]]
    title: str = ""
    notes: tuple[str, ...] = ()
    ranges: Mapping[str, tuple[tuple[float, float] | None, ...]] = field(default_factory=dict)

    kind = "bars"


@dataclass(frozen=True, slots=True)
class Gallery:
    """Samples as small pictures with a line of text each."""

    samples: tuple[Mistake, ...]
    title: str = ""
    notes: tuple[str, ...] = ()

    kind = "gallery"


Shown = Pictures | Rows | Facts | Bars | Gallery


@dataclass(frozen=True, slots=True)
class Choices:
    """The same shown in several ways, of which a page shows one at a time, and paper the first."""

    title: str
    parts: Mapping[str, tuple[Shown, ...]]
    notes: tuple[str, ...] = ()

    kind = "choices"

    @property
    def first(self) -> tuple[Shown, ...]:
        """What is shown first."""
        return next(iter(self.parts.values()))

    @property
    def elsewhere(self) -> str:
        """What paper leaves out, in a sentence."""
        return f"The HTML report has this as well for {', '.join(list(self.parts)[1:])}."


Part = Shown | Choices


@dataclass(frozen=True, slots=True)
class Block:
    """A section with a heading."""

    title: str
    parts: tuple[Part, ...] = field(default=())
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """A document of blocks.

    Args:
        title: what it is called.
        about: a line below the title.
        commands: what to type: a title and the text each.
        blocks: its sections.
    """

    title: str
    about: str
    commands: Mapping[str, str]
    blocks: tuple[Block, ...]
