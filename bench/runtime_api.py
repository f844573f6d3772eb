"""A function's process, and Lambda's runtime API for it: hands out events, and reads the process's clocks whenever it polls.

A poll is the moment to measure at: the function has nothing left to do. CPU time is the kernel's clock for the whole process, ended
threads included (CLOCK_PROCESS_CPUTIME_ID of another process; see clock_getcpuclockid(3)), so what the emulated AWS does is not in it.
"""

import http.server
import json
import queue
import subprocess
import tempfile
import threading
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

PATIENCE_SECONDS = 60
FUNCTION_SECONDS = 30
CPUCLOCK_SCHED = 2


@dataclass(frozen=True)
class Spent:
    """What something took, in milliseconds."""

    cpu: float
    wall: float


@dataclass(frozen=True)
class Moment:
    cpu_ns: int
    wall_ns: int


def peak_memory_of(pid: int) -> int:
    """The most memory that a process of ours ever had resident, in bytes; 0 if it has ended."""
    status = Path(f"/proc/{pid}/status").read_text()
    return next((int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM:")), 0)


class Function:
    """Starts on construction; leaving a `with` ends it. `start` is what it took until its first poll."""

    def __init__(self, command: list[str], env: dict[str, str], folder: Path | None = None):
        self._events: queue.Queue[bytes] = queue.Queue()
        self._polls: queue.Queue[Moment] = queue.Queue()
        self._answers: queue.Queue[tuple[str, bytes, int]] = queue.Queue()
        self._spawned = threading.Event()
        self._log = tempfile.TemporaryFile()
        self._server = self._listen()
        env = {**env, **_lambda_environment(self._server.server_address[1])}
        # Straight from here, with no helper in between whose CPU time would count as the function's.
        began = time.monotonic_ns()
        self._process = subprocess.Popen(command, env=env, cwd=folder, stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log)
        self._spawned.set()
        self._idle = Moment(0, began)
        try:
            self.start = self._until_next_poll()
        except BaseException:
            self.stop()
            raise

    def invoke(self, event: object) -> tuple[object, Spent]:
        """The function's answer, and what it took: wall time until the answer, CPU time until it polls again."""
        handed_out = time.monotonic_ns()
        self._events.put(json.dumps(event).encode())
        path, body, answered = self._take(self._answers)
        cpu = self._until_next_poll().cpu
        if not path.endswith("/response"):
            raise RuntimeError(f"the function answers with an error: {body.decode(errors='replace')}\n{self._output()}")
        return json.loads(body), Spent(cpu, (answered - handed_out) / 1e6)

    def peak_memory(self) -> int:
        """The most memory that it ever had resident, in bytes."""
        return peak_memory_of(self._process.pid)

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()
        self._events.put(b"")  # lets go of the thread that holds the last poll
        self._server.shutdown()
        self._server.server_close()
        self._log.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def _until_next_poll(self) -> Spent:
        before, self._idle = self._idle, self._take(self._polls)
        return Spent((self._idle.cpu_ns - before.cpu_ns) / 1e6, (self._idle.wall_ns - before.wall_ns) / 1e6)

    def _take(self, from_queue: queue.Queue):
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            try:
                return from_queue.get(timeout=0.5)
            except queue.Empty:
                if self._process.poll() is not None:
                    raise RuntimeError(f"the function ended with {self._process.returncode}:\n{self._output()}") from None
        raise RuntimeError(f"the function is silent for {PATIENCE_SECONDS} s:\n{self._output()}")

    def _output(self) -> str:
        self._log.seek(0)
        return self._log.read().decode(errors="replace")[-5000:]

    def _moment(self) -> Moment:
        now = time.monotonic_ns()
        self._spawned.wait()  # a fast function polls before we are told its process id
        return Moment(time.clock_gettime_ns((~self._process.pid << 3) | CPUCLOCK_SCHED), now)

    def _listen(self) -> http.server.ThreadingHTTPServer:
        function = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                function._polls.put(function._moment())
                event = function._events.get()
                if not event:
                    self.close_connection = True
                    return
                self._reply(200, event, {
                    "Lambda-Runtime-Aws-Request-Id": str(uuid.uuid4()),
                    "Lambda-Runtime-Deadline-Ms": str(int((time.time() + FUNCTION_SECONDS) * 1000)),
                    "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:123456789012:function:measured",
                    "Lambda-Runtime-Trace-Id": "Root=1-00000000-000000000000000000000000;Parent=0000000000000000;Sampled=0",
                })  # fmt: skip

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                function._answers.put((self.path, body, time.monotonic_ns()))
                self._reply(202, b"{}", {})

            def _reply(self, status: int, body: bytes, headers: dict[str, str]) -> None:
                self.send_response(status)
                for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_) -> None:
                """Silent: what is measured is printed elsewhere."""

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        server.block_on_close = False
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return server


def _lambda_environment(port: int) -> dict[str, str]:
    return {
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}",
        "AWS_LAMBDA_FUNCTION_NAME": "measured",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/measured",
        "AWS_LAMBDA_LOG_STREAM_NAME": "measured",
        "_HANDLER": "bootstrap",
    }
