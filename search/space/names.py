"""What a sampler calls each hyperparameter, so that one name always means one range.

KerasTuner tells hyperparameters apart by name and conditions, and a plain ``if`` may ask for one name with any range.
An Optuna param has one distribution in a study. The names here depend on the space that was found when the study was
created and on nothing that happened since, so all workers use the same ones.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from keras_tuner.engine import hyperparameters as kt
from optuna.distributions import BaseDistribution, distribution_to_json, json_to_distribution

from search.space.dimensions import Dimension, dimension, share_of_range

LONGEST_CHOICES = 100  # characters


@dataclass(frozen=True)
class Names:
    """How each hyperparameter of a study is sampled, and under which name.

    Args:
        ambiguous: hyperparameters that are declared more than once; their conditions are part of their names.
        varying: names, with conditions, that have more than one range.
        ranges: what is sampled under each name that has one range.

    Example:
        >>> Names().dimension(kt.Int("units", 8, 64)).name
        'units'
        >>> Names(varying=frozenset({"units"})).dimension(kt.Int("units", 8, 64)).name
        'units#share'
        >>> Names(varying=frozenset({"units"})).dimension(kt.Choice("units", [2, 4])).name
        'units[2|4]'
    """

    ambiguous: frozenset[str] = frozenset()
    varying: frozenset[str] = frozenset()
    ranges: Mapping[str, BaseDistribution] = field(default_factory=dict)

    @classmethod
    def of_declared(cls, declared: Iterable[Any]) -> Names:
        """Return the names for the hyperparameters that a problem was seen to declare, each of them once."""
        declared = tuple(declared)
        counts = Counter(hp.name for hp in declared)
        ambiguous = frozenset(name for name, count in counts.items() if count > 1)
        ranges: dict[str, list[BaseDistribution]] = {}
        for hp in declared:
            if not isinstance(hp, kt.Fixed):
                name = conditioned(hp, ambiguous)
                seen = ranges.setdefault(name, [])
                distribution = dimension(hp, name).distribution
                if distribution not in seen:
                    seen.append(distribution)
        varying = frozenset(name for name, seen in ranges.items() if len(seen) > 1)
        return cls(ambiguous, varying, {name: seen[0] for name, seen in ranges.items() if name not in varying})

    @classmethod
    def of_record(cls, space: Mapping[str, Any]) -> Names:
        """Return the names that a study's record holds; `as_record` wrote them."""
        ranges = {name: json_to_distribution(text) for name, text in space.get("ranges", {}).items()}
        return cls(frozenset(space["ambiguous"]), frozenset(space.get("varying", ())), ranges)

    def as_record(self) -> dict[str, Any]:
        """Return the names as JSON values, to be kept with the study."""
        return {
            "ambiguous": sorted(self.ambiguous),
            "varying": sorted(self.varying),
            "ranges": {name: distribution_to_json(distribution) for name, distribution in self.ranges.items()},
        }

    def dimension(self, hp: Any) -> Dimension:
        """Return how a hyperparameter that is not fixed is sampled."""
        name = conditioned(hp, self.ambiguous)
        plain = dimension(hp, name)
        if name not in self.varying and self.ranges.get(name, plain.distribution) == plain.distribution:
            return plain
        if isinstance(hp, kt.Int | kt.Float):
            return share_of_range(hp, name)
        return dimension(hp, f"{name}[{_shortened('|'.join(map(repr, hp.values)))}]")


def conditioned(hp: Any, ambiguous: frozenset[str]) -> str:
    """Return a hyperparameter's own name, with its conditions where the name alone could mean two ranges."""
    if hp.name not in ambiguous or not hp.conditions:
        return str(hp.name)
    conditions = ",".join(f"{c.name}={'|'.join(map(str, c.values))}" for c in hp.conditions)
    return f"{hp.name}[{conditions}]"


def _shortened(choices: str) -> str:
    if len(choices) <= LONGEST_CHOICES:
        return choices
    return f"{choices[:60]}…{sha256(choices.encode()).hexdigest()[:8]}"
