"""Which points no other dominates, and how much they cover; in plain Python, so that nothing heavy is imported.

A point is a tuple of losses, one an objective: less is better.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

Point = tuple[float, ...]


def dominates(point: Point, other: Point) -> bool:
    """Tell whether a point is as good as another in every objective, and better in one."""
    return point != other and all(mine <= its for mine, its in zip(point, other, strict=True))


def on_front(points: Sequence[Point]) -> list[bool]:
    """Tell of each point whether no other dominates it; equal points do not dominate each other.

    What dominates a point comes before it in lexicographic order, so one pass is enough.

    Example:
        >>> on_front([(1.0, 3.0), (2.0, 2.0), (2.0, 4.0)])
        [True, True, False]
    """
    front: list[Point] = []
    on = [False] * len(points)
    for place in sorted(range(len(points)), key=points.__getitem__):
        on[place] = not any(dominates(other, points[place]) for other in front)
        if on[place]:
            front.append(points[place])
    return on


def hypervolume(points: Sequence[Point], reference: Point) -> float:
    """Return the volume that points dominate, up to a reference point that is worse than all that counts.

    Zitzler and Thiele 1998; sliced along the last objective, While et al. 2006.

    Example:
        >>> hypervolume([(1.0, 2.0), (2.0, 1.0)], (3.0, 3.0))
        3.0
    """
    inside = [point for point in points if all(p < r for p, r in zip(point, reference, strict=True))]
    if not inside:
        return 0.0
    if len(reference) == 1:
        return reference[0] - min(point[0] for point in inside)
    front = sorted((point for point, on in zip(inside, on_front(inside), strict=True) if on), key=lambda p: p[-1])
    ends = [point[-1] for point in front[1:]] + [reference[-1]]
    slices = (
        (end - point[-1]) * hypervolume([p[:-1] for p in front[: place + 1]], reference[:-1])
        for place, (point, end) in enumerate(zip(front, ends, strict=True))
    )
    return math.fsum(slices)


def covered(points: Sequence[Point]) -> float | None:
    """Return the share of the box from the worst to the best value of each objective that points dominate.

    None where the points do not differ in every objective, so that there is no box.
    """
    if not points:
        return None
    worst = tuple(map(max, zip(*points, strict=True)))
    box = math.prod(high - min(values) for high, values in zip(worst, zip(*points, strict=True), strict=True))
    return hypervolume(points, worst) / box if box > 0 else None
