"""What differs between how a version was made and how it was made again, the likeliest cause first."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from registry.core.provenance import LIBRARIES
from registry.values.recipes.recipe import Recipe
from registry.values.recipes.retrained import Retrained
from registry.values.version import Source

SHOWN_LINES, SHOWN_NAMES = 16, 3


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that was not the same.

    Args:
        kind: ``library``, ``code``, ``data``, ``processor``, ``threads`` or ``package`` (one that does not compute).
        text: what, in words.
        diff: of code, the head of a unified diff from the recorded file to the one that ran.
    """

    kind: Literal["library", "code", "data", "processor", "threads", "package"]
    text: str
    diff: tuple[str, ...] = ()


def differences(source: Source, recipe: Recipe | None, again: Retrained, revision: str | None) -> Iterator[Difference]:
    """Yield what differs, by kind.

    Args:
        source: the version's.
        recipe: what made it; None where that was not recorded.
        again: the training that is compared with it.
        revision: of the code in the working folder, as `registry.core.provenance.code_revision` names it.
    """
    here = again.recipe
    before = dict(source.libraries if recipe is None else recipe.packages)
    computes = [name for name in before if name in LIBRARIES]
    libraries = list(_changed({name: before[name] for name in computes}, here.packages))
    if recipe is not None and recipe.python != here.python:
        libraries.append(f"Python {recipe.python} became {here.python}")
    if libraries:
        yield Difference("library", "; ".join(libraries))
    yield from _of_code(source, recipe, here, revision)
    if source.data_fingerprint is not None and source.data_fingerprint != again.data_fingerprint:
        yield Difference("data", f"the data's hash was {source.data_fingerprint}, and is {again.data_fingerprint}")
    if recipe is None:
        return
    if (recipe.processor, recipe.flags) != (here.processor, here.flags):
        yield Difference("processor", f"{_machine(recipe)} became {_machine(here)}")
    if (recipe.device, recipe.threads) != (here.device, here.threads):
        yield Difference("threads", f"{_threads(recipe)} became {_threads(here)}")
    others = [*_changed({name: before[name] for name in before if name not in computes}, here.packages)]
    if others:
        yield Difference("package", _few(others))


def unrecorded(recipe: Recipe | None, here: Recipe) -> tuple[str, ...]:
    """Return what was not recorded, then or now, so that nobody knows whether it differs."""
    if recipe is None:
        return ("the source", "the processor", "the threads")
    return tuple(f"the source ({each.no_source})" for each in (recipe, here) if not each.source)[:1]


def _changed(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    for name, version in before.items():
        if now.get(name) != version:
            yield f"{name} {version} became {now[name]}" if name in now else f"{name} {version} is not here"


def _of_code(source: Source, recipe: Recipe | None, here: Recipe, revision: str | None) -> Iterator[Difference]:
    if recipe is None:
        if source.code_revision is not None and source.code_revision != revision:
            yield Difference("code", f"the revision was {source.code_revision}, and is {revision or 'not known here'}")
        return
    were, are = recipe.source, here.source
    changed = [name for name in sorted(were.keys() | are.keys()) if were.get(name) != are.get(name)]
    if changed and were and are:
        lines = _diff(changed[0], were.get(changed[0], ""), are.get(changed[0], ""))
        yield Difference("code", f"the problem's source: {_few(changed)}", lines)
    programs = recipe.program.keys() | here.program.keys()
    ours = [name for name in sorted(programs) if recipe.program.get(name) != here.program.get(name)]
    if ours:
        yield Difference("code", f"this program's own: {_few(ours)}")


def _diff(name: str, before: str, after: str) -> tuple[str, ...]:
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), f"recorded/{name}", f"current/{name}", n=1, lineterm=""
    )
    return tuple(lines)[:SHOWN_LINES]


def _few(names: list[str]) -> str:
    more = len(names) - SHOWN_NAMES
    return ", ".join(names[:SHOWN_NAMES]) + (f" and {more} more" if more > 0 else "")


def _machine(recipe: Recipe) -> str:
    return f"{recipe.processor} ({' '.join(recipe.flags) or 'no known instruction sets'})"


def _threads(recipe: Recipe) -> str:
    return f"{recipe.threads} thread{'' if recipe.threads == 1 else 's'} on the {recipe.device}"
