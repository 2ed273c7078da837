"""Some random command lines; `python -m tests.e2e.fuzz_commands` makes as many as it is told."""

from tests.support.command_lines import fuzz


def test_a_command_line_is_answered_or_refused_in_a_line(tmp_path):
    counted = fuzz(tmp_path, 150)
    assert set(counted) == {"exit 0", "exit 1", "exit 2"}
