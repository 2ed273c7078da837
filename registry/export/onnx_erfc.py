"""What tf2onnx does not know: TensorFlow writes gelu with Erfc, and ONNX has only Erf."""

from __future__ import annotations

from typing import Any


def teach_erfc() -> None:
    """Let tf2onnx write TensorFlow's Erfc as 1 - Erf, in this process."""
    from tf2onnx.handler import tf_op

    tf_op("Erfc").register_compat_handler(_one_minus_erf, 9)  # Erf is in ONNX from opset 9


def _one_minus_erf(graph: Any, node: Any, **_options: Any) -> None:
    """Put two operations in the place of one; the names are those of tf2onnx's own handlers."""
    import numpy as np
    from tf2onnx import utils

    shapes, kinds, outputs = node.output_shapes, node.output_dtypes, node.output
    ones = graph.make_const(utils.make_name("one"), np.ones((), utils.map_onnx_to_numpy_type(kinds[0])))
    erf = graph.make_node("Erf", [node.input[0]], shapes=shapes, dtypes=kinds)
    graph.remove_node(node.name)
    graph.make_node("Sub", [ones.output[0], erf.output[0]], outputs=outputs, shapes=shapes, dtypes=kinds)
