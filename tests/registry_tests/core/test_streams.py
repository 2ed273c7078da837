"""Standard streams that somebody closed, or that have no room, in real processes."""

import os
import subprocess
import sys

import pytest

from registry.core.atomic_file import whole_file
from registry.core.errors import UserError

CLOSED = f'exec {sys.executable} "$@" <&- >&- 2>&-'


def test_no_file_takes_the_number_of_a_stream_that_was_closed(tmp_path):
    code = (
        "import sys; from registry.core.starting.streams import open_standard_streams; open_standard_streams();"
        "print('to nobody'); file = open(sys.argv[1], 'w'); file.write(str(file.fileno()))"
    )
    done = subprocess.run(["sh", "-c", CLOSED, "sh", "-c", code, tmp_path / "file"], check=False)
    assert done.returncode == 0
    assert int((tmp_path / "file").read_text()) > 2


def test_a_command_works_where_all_streams_were_closed():
    words = ["-m", "registry", "--version"]
    assert subprocess.run(["sh", "-c", CLOSED, "sh", *words], check=False).returncode == 0


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="Linux has it")
@pytest.mark.parametrize("words", [["--version"], ["--help"], ["models", "--help"]])
def test_what_has_no_room_is_told_in_a_line(words):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "registry", *words], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 1
    assert done.stderr == (
        "registry: what it prints or writes has no room: No space left on device; make some, and run the same "
        "command again\n"
    )


def test_nothing_but_a_file_is_replaced(tmp_path):
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    with pytest.raises(UserError, match="it is a device, a pipe or a socket; name a file"), whole_file(pipe):
        pass
    assert pipe.is_fifo()
