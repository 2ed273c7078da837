"""The texts of errors in a line."""

from __future__ import annotations

from registry.core.error_text import error_line, first_line, one_line, whole_traceback

BOLD = ValueError(
    "Exception encountered when calling Dense.call().\n\n\x1b[1mInvalid shape\x1b[0m\n\x1b[31;1mred\x1b[m"
)


def test_colours_are_left_out_of_errors() -> None:
    assert one_line(BOLD) == "ValueError: Exception encountered when calling Dense.call(). Invalid shape red"
    assert first_line(ValueError("\x1b[1mbold\x1b[0m\nand more")) == "bold"
    assert whole_traceback(BOLD).endswith("Dense.call().\n\nInvalid shape\nred\n")


def test_other_escapes_stay_for_whoever_prints_them() -> None:
    assert one_line(ValueError("a\x1b]0;title\x07")) == "ValueError: a\x1b]0;title\x07"


OF_A_GRAPH = RuntimeError(
    """Graph execution error:

Detected at node loss/Softmax defined at (most recent call last):
  File "/home/me/train.py", line 3, in <module>

  File "/lib/keras/src/losses.py", line 9, in call

Received a label value of 3 which is outside the valid range of [0, 3).  Label values: 3 1 0
\t [[{{node loss/Softmax}}]] [Op:__inference_step_123]"""
)
CAUSE = "Received a label value of 3 which is outside the valid range of [0, 3). Label values: 3 1 0"


def test_an_error_of_a_graph_is_told_by_its_cause() -> None:
    assert one_line(OF_A_GRAPH) == f"RuntimeError: {CAUSE}"
    stored = 'Traceback (most recent call last):\n  File "x.py", line 1, in fit\n' + whole_traceback(OF_A_GRAPH)
    assert error_line(stored) == f"RuntimeError: {CAUSE}"
    assert first_line(OF_A_GRAPH) == CAUSE.replace(". L", ".  L")
    assert "train.py" in whole_traceback(OF_A_GRAPH)


def test_a_group_of_exceptions_is_told_by_all_of_them() -> None:
    inner = ExceptionGroup("inner", [MemoryError(), KeyError("z")])
    try:
        try:
            raise ValueError("a\n  b")
        except ValueError as error:
            raise ExceptionGroup("two failed", [error, inner]) from None
    except ExceptionGroup as group:
        stored = whole_traceback(group)
    told = "ExceptionGroup: two failed (2 sub-exceptions) ValueError: a"
    assert error_line(stored) == f"{told} ExceptionGroup: inner (2 sub-exceptions) MemoryError KeyError: 'z'"


OF_A_DATA_SET = """Traceback (most recent call last):
  File "/lib/keras/fit.py", line 59, in fit
UnknownError: Graph execution error:

Detected at node PyFunc defined at (most recent call last):
<stack traces unavailable>
OSError: disk gone
Traceback (most recent call last):

  File "/lib/tensorflow/script_ops.py", line 269, in __call__
    ret = func(*args)
          ^^^^^^^^^^^

OSError: disk gone


\t [[{{node PyFunc}}]]
\t [[IteratorGetNext]] [Op:__inference_one_step_943]
"""


def test_an_error_of_a_data_set_in_a_graph_is_told_as_python_tells_it() -> None:
    assert error_line(OF_A_DATA_SET) == "OSError: disk gone"
