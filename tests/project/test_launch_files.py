"""The files that start workers elsewhere parse, call our programs rightly, and pass signals on."""

import os
import re
import signal
import subprocess
from pathlib import Path

import pytest
import yaml
from support.commands import fault

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
SLURM, RAY = EXAMPLES / "slurm/search.sbatch", EXAMPLES / "ray/node.sh"
JOBS = list(yaml.safe_load_all((EXAMPLES / "kubernetes/search.yaml").read_text()))
CREATE, WORK = (job["spec"]["template"]["spec"]["containers"][0]["command"] for job in JOBS)
FAKE = '#!/bin/sh\ntrap "exit 0" TERM\necho "$@"\n[ -z "$LONG" ] || while :; do sleep 0.05; done\n'


@pytest.fixture
def fake_search(tmp_path):
    """Give an environment where ``search`` prints what it was asked for."""
    program = tmp_path / "search"
    program.write_text(FAKE)
    program.chmod(0o755)
    return {"PATH": f"{tmp_path}:{os.environ['PATH']}"}


def test_kubernetes_jobs():
    assert [(job["apiVersion"], job["kind"]) for job in JOBS] == [("batch/v1", "Job")] * 2
    assert fault(" ".join(CREATE)) is None


@pytest.mark.parametrize("text", [WORK[2], SLURM.read_text(), RAY.read_text()], ids=["kubernetes", "slurm", "ray"])
def test_commands_are_ours(text):
    lines = re.findall(r"^(?:#.*?|exec |)\b(search (?:run|create|worker) [^\n&]*)", text, re.MULTILINE)
    assert lines
    assert [fault(line) for line in lines] == [None] * len(lines)
    subprocess.run(["bash", "-n"], input=text, text=True, check=True)


@pytest.mark.parametrize(("long", "code"), [("", 0), ("1", 75)])
def test_a_pod_that_was_stopped_does_not_end_as_one_that_is_done(fake_search, long, code):
    with subprocess.Popen(WORK, env=fake_search | {"LONG": long}, stdout=subprocess.PIPE, text=True) as pod:
        assert pod.stdout.readline() == "worker night --workers 2\n"
        if long:
            pod.send_signal(signal.SIGTERM)
        pod.stdout.read()
    assert pod.returncode == code


def test_a_task_of_slurm(fake_search, tmp_path):
    slurm = {"SLURM_CPUS_PER_TASK": "4", "SLURM_ARRAY_TASK_ID": "2", "SLURM_SUBMIT_DIR": str(tmp_path)}
    environment = fake_search | slurm | {"STUDIES_URL": "postgresql://host/name"}
    done = subprocess.run(["bash", SLURM], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "worker night --workers 4 --device auto"
    without = subprocess.run(["bash", SLURM], env=fake_search, capture_output=True, text=True)
    assert without.returncode != 0
    assert "STUDIES_URL: the URL of the PostgreSQL database" in without.stderr
