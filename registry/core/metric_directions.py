"""Which way is better, for the metrics that Keras ships with: an explicit table, no guessing."""

from __future__ import annotations

import re
from functools import lru_cache

from registry.core.errors import UsageError
from registry.core.objective import Direction

# Spelled as Keras spells them, without ``val_``.
_WORDS: dict[Direction, str] = {
    "min": """
        loss error mse mae mape msle rmse mean_squared_error mean_absolute_error
        mean_absolute_percentage_error mean_squared_logarithmic_error root_mean_squared_error log_cosh logcosh
        kl_divergence kullback_leibler_divergence poisson hinge squared_hinge categorical_hinge
        binary_crossentropy categorical_crossentropy sparse_categorical_crossentropy false_positives
        false_negatives perplexity parameters seconds_per_epoch latency
        """,
    "max": """
        accuracy acc binary_accuracy categorical_accuracy sparse_categorical_accuracy
        top_k_categorical_accuracy sparse_top_k_categorical_accuracy auc precision recall f1 f1_score
        fbeta_score true_positives true_negatives binary_io_u mean_io_u io_u one_hot_io_u one_hot_mean_io_u iou
        cosine_similarity r2_score pearson_correlation concordance_correlation precision_at_recall
        recall_at_precision sensitivity_at_specificity specificity_at_sensitivity
        """,
}


@lru_cache(maxsize=1024)  # a search asks for the same few metrics again and again
def known_direction(metric: str) -> Direction | None:
    """Return the direction of one of Keras' metrics, or None.

    ``val_``, an output's name in front and the number that Keras adds to a repeated metric are ignored.

    Example:
        >>> known_direction("val_accuracy"), known_direction("digits_loss"), known_direction("auc_1")
        ('max', 'min', 'max')
        >>> known_direction("margin") is None
        True
    """
    name = re.sub(r"_\d+$", "", metric.lower())
    ends = [
        (len(word), way)
        for way, words in _WORDS.items()
        for word in words.split()
        if name == word or name.endswith(f"_{word}")
    ]
    return max(ends)[1] if ends else None


def require_direction(metric: str, *directions: Direction | None, advice: str) -> Direction:
    """Return the first given direction, else that of one of Keras' metrics.

    Raises:
        UsageError: there is none; ends with the advice.
    """
    for way in (*directions, known_direction(metric)):
        if way is not None:
            return way
    raise UsageError(f"nobody has said whether a higher or a lower {metric!r} is better; {advice}")
