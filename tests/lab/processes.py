"""Children that never outlive the process that started them.

A test run ends in many ways: well, with an exception, by Ctrl-C, by SIGTERM, by SIGKILL. In the first four every child is stopped
here; in the last, the kernel sends the child SIGTERM on our behalf (PR_SET_PDEATHSIG), where the kernel is Linux.
"""

import atexit
import contextlib
import itertools
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

GRACE_SECONDS = 3.0
# Asks the kernel for SIGTERM when the parent dies, then becomes the command. A program of its own rather than `preexec_fn`, which is not
# safe in a process with threads. Arguments: the parent's pid, the command.
FOLLOW_PARENT = """
import ctypes, os, sys
PR_SET_PDEATHSIG, SIGTERM = 1, 15
ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, SIGTERM)
if os.getppid() != int(sys.argv[1]):
    sys.exit("nobody is left to follow")
os.execvp(sys.argv[2], sys.argv[2:])
"""

_running: set["Child"] = set()

PORTS_EACH = 1000
_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_ports = itertools.cycle(range(10_000 + _worker * PORTS_EACH, 10_000 + (_worker + 1) * PORTS_EACH))


class Child:
    """One process in a session of its own, so that a terminal's Ctrl-C reaches us alone and we end the child in our own order."""

    def __init__(self, command: list[str], env: dict[str, str], **popen):
        if sys.platform == "linux":
            command = [sys.executable, "-I", "-S", "-c", FOLLOW_PARENT, str(os.getpid()), *command]
        self.process = subprocess.Popen(command, env=env, start_new_session=True, **popen)
        _running.add(self)

    @property
    def pid(self) -> int:
        return self.process.pid

    def has_ended(self) -> bool:
        return self.process.poll() is not None

    def stop(self) -> None:
        """Ends the child and everything it started; says nothing if they have ended already."""
        _running.discard(self)
        family = descendants(self.pid)
        if not self.has_ended():
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(GRACE_SECONDS)
        for pid in [self.pid, *family]:
            if pid != self.pid or not self.has_ended():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def descendants(pid: int) -> list[int]:
    """The children of a process, their children, and so on; none where the kernel does not tell."""
    found = []
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in map(int, children.read_text().split()):
                found += [child, *descendants(child)]
    return found


@atexit.register
def stop_all() -> None:
    for child in list(_running):
        child.stop()


def exit_on_signals() -> None:
    """Makes SIGINT, which a background job ignores, SIGTERM and SIGHUP an ordinary exit: `finally`, context managers and `atexit` run."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, _frame: sys.exit(128 + received))


def environment(**variables: str) -> dict[str, str]:
    """An environment that holds nothing of this machine's but where programs are: no proxy, no region, no real credentials."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", "HOME": "/nonexistent", **variables}


def free_port() -> int:
    """A loopback port that nobody listens on. Each worker of the tests has ports of its own, below those that the system gives out: one that was free a
    moment ago is taken by nobody else before the child listens on it, and whoever waits for the child reaches no other.
    """
    for port in itertools.islice(_ports, PORTS_EACH):
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("there is no free port")


def wait_for_port(port: int, child: Child, seconds: float) -> bool:
    """Whether something answers on the port before the time is over or the child has ended."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and not child.has_ended():
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
        time.sleep(0.02)
    return False
