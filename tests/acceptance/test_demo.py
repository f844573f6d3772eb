"""`make demo`, without the build: the story is told to its end, and nothing is left of it when it is interrupted."""

import os
import signal
import subprocess
import sys
import time

import pytest
from lab.events import ROOT
from lab.processes import descendants

COMMAND = [sys.executable, "demo/demo.py"]


def test_the_demo_tells_the_whole_story():
    run = subprocess.run(COMMAND, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    for said in ("billing-is-for-finance", "aws iam attach-user-policy", "Taken back", "Done once, reported once", "Exempt:", "Observed:", "judged by what it grants",
                 "byte for byte", "v1 counts again", "nobody but the service can assume the role", "explicitDeny", "Quarantined:", "Stopped:", "again and again", "Terraform makes it", "exactly as it was before"):
        assert said in run.stdout, said
    assert "\x1b" not in run.stdout, "colour where nobody is watching"
    assert max(map(len, run.stdout.splitlines())) <= 100


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_an_interrupted_demo_leaves_no_process_behind(number):
    run = subprocess.Popen(COMMAND, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    for line in run.stdout:
        if "The account is up" in line:
            break
    started = descendants(run.pid)
    run.send_signal(number)
    run.communicate(timeout=20)
    assert run.returncode != 0
    time.sleep(0.1)
    assert started and [pid for pid in started if os.path.exists(f"/proc/{pid}")] == []
