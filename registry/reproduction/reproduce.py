"""Train a version again and say whether it is the same."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy.engine import Engine

from registry.core.database.transaction import reading
from registry.core.database.url import with_password
from registry.core.errors import NotFoundError, UsageError, UserError
from registry.core.provenance import code_revision
from registry.reproduction.curves import CurveDifference, compare_curves
from registry.reproduction.differences import Difference, differences, unrecorded
from registry.reproduction.noise import Noise, noise_of
from registry.values.known_tags import ENSEMBLE_TAG, REFIT_TAG
from registry.values.recipes.retrained import Code, Retrain, Retrained, WeightsCompared
from registry.values.version import ModelVersion, finite
from registry.versions.loader import DatabaseLoader

ENTRY_POINTS = "registry.reproduce"
CODES: tuple[Code, ...] = ("current", "recorded")
Verdict = Literal["identical", "within_noise", "different"]


@dataclass(frozen=True, slots=True)
class Reproduction:
    """A version and what came out of training it again.

    Args:
        version: the one that was trained again.
        code: whose source trained: ``current`` or ``recorded``.
        verdict: ``identical`` (curves and weights bit for bit), ``within_noise`` or ``different``.
        again: the new training.
        apart: the difference of both scores; infinite where the new training has none.
        noise: up to where a difference of scores counts as chance.
        curves: how each metric differs.
        differences: what differs in how both were made, the likeliest cause first.
        unrecorded: what nobody knows of the first.
    """

    version: ModelVersion
    code: Code
    verdict: Verdict
    again: Retrained
    apart: float
    noise: Noise
    curves: tuple[CurveDifference, ...]
    differences: tuple[Difference, ...]
    unrecorded: tuple[str, ...]

    @property
    def weights(self) -> WeightsCompared:
        """How the weights differ."""
        return self.again.weights

    def as_dict(self) -> dict[str, Any]:
        """Return the comparison as JSON types; what is infinite is None."""
        version, again = self.version, self.again
        return {
            "ref": version.ref,
            "verdict": self.verdict,
            "code": self.code,
            "metric": version.metric,
            "score": {"recorded": finite(version.score), "now": again.score, "difference": finite(self.apart)},
            "epoch": {"recorded": version.epoch, "now": again.epoch},
            "stop_reason": {"recorded": version.stop_reason, "now": again.stop_reason},
            "noise": {"limit": finite(self.noise.limit), "basis": self.noise.basis},
            "curves": {
                curve.metric: {
                    "equal": curve.equal,
                    "largest_difference": finite(curve.largest),
                    "epoch": curve.epoch,
                    "epochs": {"recorded": curve.epochs[0], "now": curve.epochs[1]},
                }
                for curve in self.curves
            },
            "weights": {
                "status": self.weights.status,
                "largest_difference": finite(self.weights.largest),
                "why": self.weights.why,
            },
            "differences": [
                {"kind": each.kind, "what": each.text, "diff": list(each.diff)} for each in self.differences
            ],
            "not_recorded": list(self.unrecorded),
            "notes": list(again.notes),
        }


def reproduce(engine: Engine, version: ModelVersion, code: Code) -> Reproduction:
    """Train a version again and compare; see `Registry.reproduce`."""
    if code not in CODES:
        raise UsageError(f"the code is {code!r}; expected {' or '.join(CODES)}")
    check_trained(version)
    retrain = _installed()
    recipe = DatabaseLoader(engine).recipe(version)
    again = retrain(with_password(engine.url), version, recipe, code)
    with reading(engine) as connection:
        noise = noise_of(connection, version)
    curves = compare_curves(version.curves, again.curves)
    apart = math.inf if again.score is None else abs(again.score - version.score)
    return Reproduction(
        version=version,
        code=code,
        verdict=_verdict(again.weights, curves, apart, noise),
        again=again,
        apart=apart,
        noise=noise,
        curves=curves,
        differences=tuple(differences(version.source, recipe, again, code_revision())),
        unrecorded=unrecorded(recipe, again.recipe),
    )


def check_trained(version: ModelVersion) -> None:
    """Refuse a version that no study of this registry has trained.

    Raises:
        NotFoundError: says where it comes from instead.
    """
    source = version.source
    if version.is_of_trial:
        return
    if version.imported is not None:
        whence = "was imported from a bundle"
    elif (source.origin or "").partition(":")[0] in (ENSEMBLE_TAG, REFIT_TAG):
        raise NotFoundError(
            f"{version.ref} was made of other versions ({source.origin}): no trial trained it; reproduce those"
        )
    else:
        whence = f"was imported from {source.origin}" if source.origin else "was registered by hand"
    raise NotFoundError(f"{version.ref} {whence}: no study here has trained it, so nothing can train it again")


def _verdict(weights: WeightsCompared, curves: tuple[CurveDifference, ...], apart: float, noise: Noise) -> Verdict:
    """Judge by curves and weights, then by the score; weights that are gone decide nothing."""
    if weights.status in ("equal", "unknown") and all(curve.equal for curve in curves):
        return "identical"
    return "within_noise" if weights.status != "different" and apart <= noise.limit else "different"


def _installed() -> Retrain:
    """Return what trains versions again.

    Raises:
        UserError: no installed package does.
    """
    from importlib.metadata import entry_points

    for point in sorted(entry_points(group=ENTRY_POINTS), key=lambda point: point.name):
        retrain: Retrain = point.load()
        return retrain
    raise UserError(
        f"no installed package trains versions again (entry points {ENTRY_POINTS}); install this program anew: "
        "pip install -e ."
    )
