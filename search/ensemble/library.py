"""The models that an ensemble is chosen from: what each says of the validation data, predicted once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from registry import ModelVersion
from registry.values.structures import leaves
from search.data.first import first_inputs
from search.data.whole import as_whole
from search.ensemble.average import average_of
from search.ensemble.compiled import Judge
from search.ensemble.masks import Masks, masks_of
from search.ensemble.members import check_alike
from search.ensemble.outputs import OutputKind, kind_of
from search.ensemble.selection import Selection, select
from search.errors import ProblemError
from search.problems.finding.resolve import load_problem
from search.problems.inspection import load_data
from search.problems.models.predictions import predictions_of
from search.problems.rebuild import compilation, rebuild_model
from search.records.studies import StudyRecord
from search.system.process_settings import clear_session


class Library:
    """Stored models of a study, with their predictions for its validation data.

    Args:
        study: the study.
        versions: of its trials, with weights; the best first.

    ``alone`` is each model's own score, measured as the average's: of outputs with masks what the best model leaves.

    Raises:
        UserError: the problem or a model does not load, or the outputs cannot be averaged.
    """

    def __init__(self, study: StudyRecord, versions: Sequence[ModelVersion]) -> None:
        self._study, self._versions = study, versions
        part = as_whole(load_data(load_problem(study.problem)).validation, "validation")
        if len(part) < 2:
            raise ProblemError("the validation data hold no y: nothing says how good an average is")
        self._x, *truth = part
        self._masks: Masks = {}
        self._kind, self._outputs = self._predictions()
        self._judge = Judge(self._kind, self._compilation(), truth, self._masks)
        self.alone = tuple(self._score(outputs) for outputs in self._outputs)

    @property
    def samples(self) -> Any:
        """A few inputs, to check a loaded model by."""
        return first_inputs((self._x,))

    def select(self, size: int) -> Selection:
        """Choose members; see `search.ensemble.selection`."""
        return select(self._outputs, size, self._score, self._study.objective)

    def average(self, selection: Selection) -> Any:
        """Return the Keras model of a selection, compiled as the problem's models are."""
        members = [(self._load(self._versions[place]), times) for place, times in selection.weights.items()]
        model = average_of(members, self._kind, self._x)
        model.compile(**self._compilation())
        return model

    def metrics(self, selection: Selection) -> dict[str, float]:
        """Return loss and metrics of a selection's average on the validation data, named ``val_…``."""
        outputs = [self._outputs[place] for place in selection.members]
        sums = [sum(arrays[1:], arrays[0]) for arrays in zip(*outputs, strict=True)]
        return self._judge.metrics([array / len(outputs) for array in sums])

    def _score(self, means: Sequence[Any]) -> float:
        return self._judge.score(means, self._study.objective.metric)

    def _compilation(self) -> dict[str, Any]:
        return compilation(self._study.problem, self._versions[0].params)

    def _predictions(self) -> tuple[OutputKind, list[list[Any]]]:
        """Return what the models predict, and each one's predictions, one model in memory at a time."""
        loss = self._compilation().get("loss")
        kinds: list[OutputKind] = []
        outputs = []
        for version in self._versions:
            model = self._load(version)
            predicted = predictions_of(version, model, self._x)
            kinds.append(kind_of(model, predicted, loss))
            if len(kinds) == 1:
                self._masks = masks_of(model, kinds[0].names, self._x)
            check_alike(self._versions[0], kinds[0], version, kinds[-1], "look at fewer of the best with --candidates")
            raw = [np.asarray(leaf, "float32") for leaf in leaves(predicted)]
            outputs.append([np.array(link.probabilities(o)) for link, o in zip(kinds[0].links, raw, strict=True)])
            del model
            clear_session()
        return kinds[0], outputs

    def _load(self, version: ModelVersion) -> Any:
        return version.load(rebuild=rebuild_model)
