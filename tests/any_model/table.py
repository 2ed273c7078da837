"""The table: every row of every kind; each is a problem of this module, by its name."""

from __future__ import annotations

from typing import Any

from any_model import guides, kinds_of_fits, kinds_of_layers, kinds_of_metrics, kinds_of_models

MODULES = (kinds_of_models, kinds_of_layers, kinds_of_fits, kinds_of_metrics, guides)
ROWS = {row.name: row for module in MODULES for row in module.ROWS}
GUIDES = {row.name for row in guides.ROWS}
# The model of another row, trained by Keras' fit where that one is trained by ours, or the other way round; or what
# another row returns, raises or leaves out in a slightly other form.
TWINS = {
    "stateful_in_order",
    "counting_by_keras",
    "outputs_by_name_by_keras",
    "text_column_by_keras",
    "built_late_by_keras",
    "fit_built_late",
    "two_optimizers_fast",
    "own_loop_uncompiled",
    "returns_list",
    "loss_tells_nothing",
    "huge_text",
}


def __getattr__(name: str) -> Any:
    """Return a row's problem."""
    if name not in ROWS:
        raise AttributeError(name)
    return ROWS[name].problem()
