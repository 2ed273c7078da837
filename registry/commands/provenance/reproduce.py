"""The command that trains a version again: reproduce."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from registry.api.registry import Registry
from registry.commands.arguments import RefArgument
from registry.core.console import Json, Storage, print_json, say, show
from registry.core.errors import UsageError
from registry.core.plain_text import single_line

if TYPE_CHECKING:
    from registry.reproduction.reproduce import Reproduction

VERDICTS = {
    "identical": "identical: it trains to the same {}, bit for bit",
    "within_noise": "within noise: not the same numbers, but no further apart than chance",
    "different": "different",
}


def reproduce_command(
    ref: RefArgument,
    code: Annotated[
        str,
        typer.Option(
            metavar="current|recorded",
            help="The problem's source. 'recorded' runs what the database holds: say it only if you trust that.",
        ),
    ] = "current",
    storage: Storage = None,
    as_json: Json = False,
) -> None:
    """Train a version again and compare it with its record; exit 1 where it is different."""
    if code not in ("current", "recorded"):
        raise UsageError(f"--code is {code!r}; expected current or recorded")
    from registry.reproduction.reproduce import check_trained

    with Registry(storage) as registry:
        version = registry.get(ref)
        check_trained(version)
        if code == "recorded":
            say(f"{version.ref}: running the problem's source that the database holds", err=True)
        say(f"{version.ref}: training it again …", err=True)
        reproduction = registry.reproduce(version.ref, code="recorded" if code == "recorded" else "current")
    if as_json:
        print_json(reproduction.as_dict())
    else:
        same = "curves and weights" if reproduction.weights.status == "equal" else "curves"
        say(f"{version.ref}: {VERDICTS[reproduction.verdict].format(same)}")
        for name, text in _facts(reproduction):
            say(f"  {name:<11}{single_line(text)}")
    if reproduction.verdict == "different":
        raise typer.Exit(1)


def _facts(reproduction: Reproduction) -> Iterator[tuple[str, str]]:
    version, again = reproduction.version, reproduction.again
    before, now = (show(version.score), version.epoch), (show(again.score), again.epoch)
    if before == now:
        yield "score", f"{version.metric} {before[0]} at epoch {before[1]}, both times"
    else:
        change = f"{before[0]} at epoch {before[1]} became {now[0]} at epoch {now[1]}"
        yield "score", f"{version.metric} {change}, apart by {show(reproduction.apart)}"
    yield from _of_curves(reproduction)
    weights = reproduction.weights
    texts = {
        "equal": "equal, bit for bit",
        "close": f"apart by {show(weights.largest)} at most",
        "different": f"another model: {weights.why}",
        "unknown": f"not compared: {weights.why}",
    }
    yield "weights", texts[weights.status]
    if reproduction.verdict != "identical":
        yield "noise", f"{show(reproduction.noise.limit)}: {reproduction.noise.basis}"
    for number, difference in enumerate(reproduction.differences):
        yield "differs" if number == 0 else "", f"{difference.kind}: {difference.text}"
        yield from (("", f"    {line}") for line in difference.diff)
    if reproduction.verdict != "identical" and not reproduction.differences:
        yield "differs", "nothing that was recorded"
    if reproduction.unrecorded and reproduction.verdict != "identical":
        yield "unknown", f"not recorded: {', '.join(reproduction.unrecorded)}"
    yield from (("note", note) for note in again.notes)


def _of_curves(reproduction: Reproduction) -> Iterator[tuple[str, str]]:
    apart = [curve for curve in reproduction.curves if not curve.equal]
    for number, curve in enumerate(apart):
        parts = [] if curve.epoch is None else [f"apart by {show(curve.largest)} at most, at epoch {curve.epoch}"]
        if curve.epochs[0] != curve.epochs[1]:
            parts.append(f"{curve.epochs[0]} epochs became {curve.epochs[1]}")
        yield "curves" if number == 0 else "", f"{curve.metric} {'; '.join(parts)}"
    equal = [curve.metric for curve in reproduction.curves if curve.equal]
    if equal:
        yield "" if apart else "curves", f"equal, bit for bit: {', '.join(equal)}"
