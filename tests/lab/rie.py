"""A release function binary under AWS's own Lambda Runtime Interface Emulator (RIE), on this machine, without a container.

What the emulator does that its users must know (aws-sam-cli 1.170, tried):
- the function's process starts with the first invocation, not before, and then stays; one invocation at a time;
- an error that a function returns comes back with HTTP 200, its body `{"errorType": …, "errorMessage": …}` and no header to tell it by;
- a process that ends is HTTP 502: with what it told Lambda of its failed init, with `Runtime.ExitError` where it ended in an invocation,
  with an empty body where it ended in init without a word; the next invocation starts a new one;
- past the time-out the process is killed, and the answer is HTTP 200 with a line of plain text;
- what the function prints goes to the emulator's stdout, between its own lines START, END and REPORT.
"""

import http.client
import importlib.util
import json
import os
import platform
import re
import shutil
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from lab.processes import Child, descendants, environment, free_port, wait_for_port

ARCHITECTURES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}
PATH = "/2015-03-31/functions/function/invocations"
TIMED_OUT = re.compile(rb"Task timed out after [\d.]+ seconds")
OWN_LINE = re.compile(r"^(START|END|REPORT) RequestId: ")


@dataclass(frozen=True)
class FunctionError:
    """What Lambda would record of a failed invocation, retry, and then queue."""

    type: str
    message: str


@dataclass
class Invocation:
    """One invocation: its payload or its error, and what the function printed meanwhile."""

    payload: object = None
    error: FunctionError | None = None
    logs: list[str] = field(default_factory=list)
    crashed: bool = False
    seconds: float = 0.0

    def records(self) -> list[dict]:
        """The log lines that are JSON, parsed: steps and metrics."""
        parsed = []
        for line in self.logs:
            try:
                record = json.loads(line)
            except ValueError:
                continue
            if isinstance(record, dict):
                parsed.append(record)
        return parsed


class Rie:
    """One function binary with one environment. Starts on construction; `stop()` or leaving a `with` ends both processes."""

    def __init__(self, binary: Path, env: dict[str, str], timeout: int = 30, memory: int = 128):
        self._binary = Path(binary).resolve(strict=True)
        self._lines: list[str] = []
        self._arrived = threading.Condition()
        self._invoking = threading.Lock()
        self._scratch = tempfile.TemporaryDirectory(prefix="rescind-rie-")
        variables = environment(
            AWS_LAMBDA_FUNCTION_NAME=self._binary.name,
            AWS_LAMBDA_FUNCTION_TIMEOUT=str(timeout),
            AWS_LAMBDA_FUNCTION_MEMORY_SIZE=str(memory),
            **env,
        )
        for _ in range(3):  # a port that was free may be taken a moment later
            self.port = free_port()
            self._child = Child(
                [self._emulator(), "--runtime-interface-emulator-address", f"127.0.0.1:{self.port}",
                 "--runtime-api-address", f"127.0.0.1:{free_port()}", str(self._binary)],
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )  # fmt: skip
            threading.Thread(target=self._read, args=(self._child.process.stdout,), daemon=True).start()
            if wait_for_port(self.port, self._child, seconds=10):
                return
            self._child.stop()
        raise RuntimeError("the Runtime Interface Emulator does not start:\n" + "\n".join(self._lines))

    def _emulator(self) -> str:
        """The emulator's path: it ships inside the package that installs `sam`, not always executable."""
        machine = platform.machine().lower()
        spec = importlib.util.find_spec("samcli")
        if spec is None or not spec.submodule_search_locations or machine not in ARCHITECTURES:
            raise RuntimeError(f"no Runtime Interface Emulator here: it needs the package aws-sam-cli, and x86_64 or arm64, not {machine}")
        shipped = Path(spec.submodule_search_locations[0], "local", "rapid", f"aws-lambda-rie-{ARCHITECTURES[machine]}")
        if os.access(shipped, os.X_OK):
            return str(shipped)
        copy = Path(self._scratch.name, shipped.name)
        shutil.copyfile(shipped, copy)
        copy.chmod(0o755)
        return str(copy)

    def _read(self, stream) -> None:
        for raw in stream:
            with self._arrived:
                self._lines.append(raw.decode(errors="replace").rstrip("\n"))
                self._arrived.notify_all()

    def invoke(self, event: object, timeout: float = 60) -> Invocation:
        """Sends one event: `bytes` as they are, anything else as JSON."""
        body = event if isinstance(event, bytes) else json.dumps(event).encode()
        with self._invoking:
            start = len(self._lines)
            began = time.monotonic()
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
            try:
                connection.request("POST", PATH, body)
                response = connection.getresponse()
                answer, status = response.read(), response.status
            finally:
                connection.close()
            invocation = _understand(answer, status)
            invocation.seconds = time.monotonic() - began
            finished = "exited" if invocation.crashed else "REPORT RequestId: "
            with self._arrived:
                self._arrived.wait_for(lambda: any(finished in line for line in self._lines[start:]), timeout=1)
                invocation.logs = [line for line in self._lines[start:] if not _of_the_emulator(line)]
        return invocation

    def function_pid(self) -> int | None:
        """The function's own process, once the first invocation has started it."""
        return next(iter(descendants(self._child.pid)), None)

    def stop(self) -> None:
        self._child.stop()
        self._scratch.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def _understand(answer: bytes, status: int) -> Invocation:
    if TIMED_OUT.fullmatch(answer.strip()):
        return Invocation(error=FunctionError("Sandbox.Timedout", answer.decode().strip()))
    if status == 502 and not answer:
        return Invocation(error=FunctionError("Runtime.ExitError", "the process ended before it took the event"), crashed=True)
    payload = json.loads(answer) if answer else None
    if isinstance(payload, dict) and "errorType" in payload:
        error = FunctionError(payload["errorType"], payload.get("errorMessage", ""))
        return Invocation(error=error, crashed=status == 502)
    if status != 200:
        raise RuntimeError(f"the Runtime Interface Emulator answers {status}: {answer!r}")
    return Invocation(payload=payload)


def _of_the_emulator(line: str) -> bool:
    return bool(OWN_LINE.match(line)) or "] (rapid) " in line
