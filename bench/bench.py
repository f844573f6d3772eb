"""The budgets, measured on the release builds in one run, beside the floor and the peer.

    make bench

The floor is a Lambda function that is nothing but the runtime (bench/floor). The peer is Cloud Custodian's own Lambda function for an
equivalent policy (bench/custodian). All three are processes on this machine that poll the same runtime API; Rescind and Custodian take
back the same attachment in the same emulated account, which is checked after every event. What reads and judges policy documents is put
beside cloudsplaining and policy_sentry (bench/analysers.py), on the documents of AWS's managed policies that moto carries. Each function has
rows for its binary, its start and its AWS calls. `rescind replay` reads two million generated records (bench/cloudtrail.py), beside jq and DuckDB
on the same files (bench/readers.py). Prints four tables and writes target/bench.json; a budget that does not hold is shown, not
an error, since a busy machine is not one either.
"""

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

import cloudtrail  # noqa: E402
from ground import Ground  # noqa: E402
from lab import processes  # noqa: E402
from lab.binaries import RELEASE  # noqa: E402
from lab.emulator import REGION  # noqa: E402
from lab.offence import OFFENCES  # noqa: E402
from lab.rulebook import rulebook  # noqa: E402
from lab.world import DETACH_POLICY, FUNCTIONS, QUARANTINE_PRINCIPAL, World  # noqa: E402
from moto.iam import aws_managed_policies  # noqa: E402
from runtime_api import Function, Spent, peak_memory_of  # noqa: E402
from table import Measured, Row, as_json, draw  # noqa: E402

CUSTODIAN = ROOT / ".venv-custodian" / "bin" / "python"
ANALYSERS = ROOT / ".venv-analysers" / "bin" / "python"
READERS = ROOT / ".venv-readers" / "bin" / "python"
RESULTS = ROOT / "target" / "bench.json"

BENCHES = ("floor", "decision-bench", "documents-bench")

STARTS = 30
WARM_EVENTS = 200
# Custodian takes tenths of a second where the others take milliseconds.
CUSTODIAN_STARTS = 10
CUSTODIAN_WARM_EVENTS = 30
# The first events of a process fill caches and connections; they are the row "first event".
WARM_UP = 3
BINARY_BUDGET_MB = 11.5
MEMORY_BUDGET_MB = 16
# Five versions of each, as long as IAM takes: the largest account allowed by the default quota, and a small one.
POLICIES = (15, 1_500)
START_BUDGET_FLOORS = 8
DECISION_BUDGETS_US = {
    "decision on a change, shipped rulebook, no facts": 100,
    "a record no guardrail can concern, parsing included": 5,
}
DOCUMENT_BUDGETS_US = {"document: parse": 3, "document: parse and mark its capabilities": 4}
SIMULATE_BUDGET_PER_S = 200_000
SIMULATIONS = 500_000
RECORDS = 2_000_000
REPLAYS = 5
REPLAY_BUDGET_PER_S = 400_000
REPLAY_BUDGET_MB = 128
# What all processors together read, for each of them, as a part of what one reads alone.
REPLAY_BUDGET_EACH = 0.8
SIMULATE_RUNS = 5


@dataclass
class Contestant:
    """A function to measure, and what was measured of it."""

    name: str
    launch: Callable[[], Function]
    receive: Callable[[Function], Spent]  # one event
    starts: int
    warm_events: int
    start: list[Spent] = field(default_factory=list)
    first: list[Spent] = field(default_factory=list)
    warm: list[Spent] = field(default_factory=list)
    peaks: list[int] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    first_calls: list[str] = field(default_factory=list)

    def measure_start(self, ground: Ground) -> None:
        with self.launch() as function:
            self.start.append(function.start)
            self.first.append(self.receive(function))
            self.first_calls = ground.calls()

    def measure_start_alone(self) -> None:
        with self.launch() as function:
            self.start.append(function.start)

    def measure_warm(self, ground: Ground) -> None:
        with self.launch() as function:
            for _ in range(WARM_UP):
                self.receive(function)
            self.warm = [self.receive(function) for _ in range(self.warm_events)]
            self.calls = ground.calls()
            self.peaks = [function.peak_memory()]


def main() -> None:
    processes.exit_on_signals()
    for program in (*(RELEASE / name for name in (*FUNCTIONS, *BENCHES)), CUSTODIAN, ANALYSERS, READERS):
        if not os.access(program, os.X_OK):
            sys.exit(f"{program.relative_to(ROOT)} is not there; `make bench` builds and installs everything first")
    began = time.monotonic()
    with Ground() as ground, tempfile.TemporaryDirectory() as packaged:
        rescind, floor, custodian = contestants(ground, Path(packaged))
        others = [launcher(name, ground.environment()) for name in FUNCTIONS if name != rescind.name]
        say(f"starting each {STARTS} times, in turns; Custodian {CUSTODIAN_STARTS} times")
        for turn in range(STARTS):
            for contestant in (floor, rescind, custodian):
                if turn % (STARTS // contestant.starts) == 0:
                    contestant.measure_start(ground)
            for other in others:
                other.measure_start_alone()
        say(f"taking back the same attachment {WARM_EVENTS} times; Custodian {CUSTODIAN_WARM_EVENTS} times")
        without = launcher(DETACH_POLICY, ground.environment() | {"LEDGER_TABLE": "nowhere"})
        without.receive, without.warm_events = ground.take_back, WARM_EVENTS
        for contestant in (floor, rescind, without, custodian):
            contestant.measure_warm(ground)
        say(f"ending a session in accounts of {' and '.join(f'{policies:,}' for policies in POLICIES)} policies")
        peaks = [peak_memory(ground, policies) for policies in POLICIES]
    say("deciding, in process")
    rows = [*budgets(rescind, floor, custodian), without_a_ledger(without), *peaks, *decisions()]
    say("answering one offence for each function")
    calls = calls_of_each_function()
    each = [row for function in (rescind, *others) for row in of_function(function, floor, calls[function.name])]
    say("reading and judging the documents of AWS's managed policies")
    judged = [*documents(), simulations()]
    say(f"replaying {RECORDS:,} records of CloudTrail")
    history = replays()
    print(f"\n{draw(rows, 'floor', 'custodian')}\n\n{draw(each, 'floor')}\n\n{draw(judged, 'cloudsplaining', 'policy_sentry')}")
    print(f"\n{draw(history, 'inflate', 'jq', 'duckdb')}\n")
    print(textwrap.fill(
        "Each a median, and after ± the distance between the quartiles. CPU time is the function's own; wall time includes the emulated AWS, "
        "which is not as fast or as slow as AWS.", width=100,
    ))  # fmt: skip
    print(f"\nAWS calls for the Billing event\n  Rescind    {', '.join(rescind.calls)}\n  Custodian  {', '.join(custodian.calls)}")
    print(f"             and {len(custodian.first_calls)} at the first event of a process")
    print("AWS calls for one offence")
    for function, (what, made) in calls.items():
        print(f"  {function}: {what}\n    {', '.join(made)}")
    print()
    listed = {"rescind": rescind.calls, "custodian": custodian.calls, **{function: made for function, (_, made) in calls.items()}}
    RESULTS.write_text(json.dumps({"rows": as_json(rows + each + judged + history), "calls": listed}, indent=2) + "\n")
    say(f"all numbers are in {RESULTS.relative_to(ROOT)}; measured in {time.monotonic() - began:.0f} s")


def replays() -> list[Row]:
    """A history of CloudTrail by the shipped rulebook, beside what only inflates it, and what only looks for the calls to IAM in it."""
    folder = ROOT / "target" / "cloudtrail"
    if not (made := folder / f"{RECORDS}.txt").exists():
        shutil.rmtree(folder, ignore_errors=True)
        size = cloudtrail.write(folder, RECORDS, seed=7)
        made.write_text(str(size))
    size, processors = int(made.read_text()), os.cpu_count() or 1
    alone, peaks = zip(*(replay(folder, 1) for _ in range(REPLAYS)))
    together, more = zip(*(replay(folder, processors) for _ in range(REPLAYS)))
    rates = [RECORDS / seconds for seconds in alone]
    peers = {name: RECORDS / reading(name, folder)["seconds"] for name in ("inflate", "jq", "duckdb")}
    most = max(peers["jq"], peers["duckdb"])
    each = Measured.of([RECORDS / seconds / processors for seconds in together]).median / Measured.of(rates).median
    return [
        Row("replay: records a second, one processor", "", Measured.of(rates), {name: Measured(rate) for name, rate in peers.items()}, REPLAY_BUDGET_PER_S, at_least=True),
        Row("replay: MB a second, inflated, one processor", "", Measured.of([size / 1e6 / seconds for seconds in alone])),
        Row("replay: so many times as fast as jq and DuckDB", "", Measured(Measured.of(rates).median / most), limit=10, at_least=True),
        Row(f"replay: each of {processors} processors, of one alone", "", Measured(each), limit=REPLAY_BUDGET_EACH, at_least=True),
        Row("replay: peak memory", "MB", Measured(max(*peaks, *more)), limit=REPLAY_BUDGET_MB),
    ]


def replay(folder: Path, threads: int) -> tuple[float, float]:
    """Seconds, and the most memory in MB."""
    command = [str(RELEASE / "rescind"), "replay", str(folder / "AWSLogs"), "--guardrails", str(ROOT / "guardrails"), "--threads", str(threads), "--json"]
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output)
        began, peak = time.monotonic(), 0
        # What the system adds up of a process that has ended begins with the memory of the one that started it.
        while process.poll() is None:
            peak = max(peak, peak_memory_of(process.pid))
            time.sleep(0.01)
        seconds = time.monotonic() - began
        output.seek(0)
        document = json.load(output)
    if document["records"] != RECORDS:
        raise RuntimeError(f"{document['records']} records were read, not {RECORDS}")
    return seconds, peak / 1e6


def reading(reader: str, folder: Path) -> dict:
    """What another reader takes for the same files."""
    ran = subprocess.run([READERS, ROOT / "bench/readers.py", reader, folder], capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL)
    return json.loads(ran.stdout)


def contestants(ground: Ground, packaged: Path) -> tuple[Contestant, Contestant, Contestant]:
    subprocess.run([CUSTODIAN, ROOT / "bench/custodian/package.py", packaged, REGION], check=True, stdin=subprocess.DEVNULL)
    env = ground.environment()
    peer = [str(CUSTODIAN), str(ROOT / "bench/custodian/bootstrap.py")]
    return (
        Contestant(DETACH_POLICY, lambda: Function([str(RELEASE / DETACH_POLICY)], env), ground.take_back, STARTS, WARM_EVENTS),
        Contestant("floor", lambda: Function([str(RELEASE / "floor")], env), ground.hand_over, STARTS, WARM_EVENTS),
        Contestant("custodian", lambda: Function(peer, env, packaged), ground.take_back, CUSTODIAN_STARTS, CUSTODIAN_WARM_EVENTS),
    )


def launcher(function: str, env: dict[str, str]) -> Contestant:
    """A function that is started and receives nothing."""
    return Contestant(function, lambda: Function([str(RELEASE / function)], env), lambda running: running.start, STARTS, 0)


def calls_of_each_function() -> dict[str, tuple[str, list[str]]]:
    """For each function an offence, and the AWS calls with which it answers: each in a new process, so that nothing is cached."""
    calls = {}
    with World() as world, tempfile.TemporaryDirectory() as books:
        for function in FUNCTIONS:
            offence = next(offence for offence in OFFENCES if offence.function == function)
            world.start_over()
            event, _ = offence.commit(world)
            guardrails = rulebook(Path(books), offence.guardrails)
            seen = world.receives(event, name=function, guardrails=guardrails, fresh=True, **offence.settings)
            if seen.outcome != "applied":
                raise RuntimeError(f"{offence} ends as {seen.outcome}")
            calls[function] = offence.what, [str(call) for call in seen.calls]
    return calls


def of_function(function: Contestant, floor: Contestant, calls: tuple[str, list[str]]) -> list[Row]:
    """The rows of one function."""
    floor_start = Measured.of([spent.cpu for spent in floor.start])
    what, made = calls
    return [
        Row(f"{function.name}: binary", "MB", size(function.name), {floor.name: size(floor.name)}, limit=BINARY_BUDGET_MB),
        Row(f"{function.name}: CPU, process start to first poll", "ms", Measured.of([spent.cpu for spent in function.start]),
            {floor.name: floor_start}, limit=START_BUDGET_FLOORS * floor_start.median, budget=f"≤ {START_BUDGET_FLOORS} × floor"),
        Row(f"{function.name}: AWS calls, {what}", "", Measured.of([len(made)])),
    ]  # fmt: skip


def budgets(rescind: Contestant, floor: Contestant, custodian: Contestant) -> list[Row]:
    """The rows of the budget table, and next to each what it is to be seen beside."""

    def row(what: str, unit: str, of: Callable[[Contestant], list[float] | None], **budget) -> Row:
        shown = {c.name: Measured.of(values) for c in (rescind, floor, custodian) if (values := of(c))}
        return Row(what, unit, shown.pop(rescind.name), shown, **budget)

    floor_cpu = START_BUDGET_FLOORS * Measured.of([spent.cpu for spent in floor.start]).median
    return [
        row("AWS calls for the Billing event", "", lambda c: [len(c.calls)] if c.calls else None, limit=7, budget="≤ 7"),
        row("CPU, process start to first poll", "ms", lambda c: [spent.cpu for spent in c.start],
            limit=floor_cpu, budget=f"≤ {START_BUDGET_FLOORS} × floor, {floor_cpu:.1f} ms"),
        row("wall, process start to first poll", "ms", lambda c: [spent.wall for spent in c.start]),
        row("CPU, first event of a process", "ms", lambda c: [spent.cpu for spent in c.first]),
        row("wall, first event of a process", "ms", lambda c: [spent.wall for spent in c.first]),
        row("CPU, warm event", "ms", lambda c: [spent.cpu for spent in c.warm], limit=2),
        row("wall, warm event", "ms", lambda c: [spent.wall for spent in c.warm]),
        row("peak memory", "MB", lambda c: [peak / 1e6 for peak in c.peaks], limit=MEMORY_BUDGET_MB),
    ]  # fmt: skip


def without_a_ledger(function: Contestant) -> Row:
    """Beside the row above, it shows what the ledger adds: the answers of the emulated DynamoDB, which are slower than AWS's."""
    return Row("wall, warm event, if the ledger is gone", "ms", Measured.of([spent.wall for spent in function.warm]))


def peak_memory(ground: Ground, policies: int) -> Row:
    """Of the function that reads the whole account: that another account is larger must not matter."""
    with Function([str(RELEASE / QUARANTINE_PRINCIPAL)], ground.environment()) as function:
        ground.end_a_session(function, policies)
        peak = function.peak_memory() / 1e6
    return Row(f"peak memory, {QUARANTINE_PRINCIPAL}, account of {policies:,} policies", "MB", Measured.of([peak]), limit=MEMORY_BUDGET_MB)


def size(binary: str) -> Measured:
    return Measured.of([(RELEASE / binary).stat().st_size / 1e6])


def decisions() -> list[Row]:
    """What bench/decision measures in process: one JSON object a line."""
    finished = subprocess.run([RELEASE / "decision-bench"], cwd=ROOT, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    return [
        Row(line["row"], "µs", Measured(line["median_us"], line["spread_us"]), limit=DECISION_BUDGETS_US[line["row"]])
        for line in map(json.loads, finished.stdout.splitlines())
    ]


def documents() -> list[Row]:
    """What bench/documents measures in process, and bench/analysers.py of the peers, one document at a time."""
    managed = json.loads(aws_managed_policies.aws_managed_policies_data).values()
    lines = "".join(json.dumps(policy["Document"]) + "\n" for policy in managed)

    def run(*program: str | Path) -> list[dict]:
        finished = subprocess.run(program, input=lines, check=True, stdout=subprocess.PIPE, text=True)
        return [json.loads(line) for line in finished.stdout.splitlines()]

    peers = {line["analyser"]: Measured(line["median_us"], line["spread_us"]) for line in run(ANALYSERS, ROOT / "bench/analysers.py")}
    return [
        Row(line["row"], "µs", Measured(line["median_us"], line["spread_us"]), peers if "capabilities" in line["row"] else {},
            limit=DOCUMENT_BUDGETS_US.get(line["row"]))
        for line in run(RELEASE / "documents-bench")
    ]  # fmt: skip


def simulations() -> Row:
    """`rescind simulate`, as a process, on requests with a policy of one statement: requests per second of CPU time."""
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}]}
    request = {"id": "1", "principal": "arn:aws:iam::123456789012:user/a", "action": "s3:GetObject", "resource": "arn:aws:s3:::b/k",
               "resourceAccount": "123456789012", "context": {"aws:SourceIp": "192.0.2.1"}, "identityPolicies": [policy]}  # fmt: skip
    lines = (json.dumps(request) + "\n") * SIMULATIONS
    rates = []
    for _ in range(SIMULATE_RUNS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        finished = subprocess.run([RELEASE / "rescind", "simulate"], input=lines, check=True, stdout=subprocess.PIPE, text=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert finished.stdout.count('"decision":"allowed"') == SIMULATIONS, "simulate allows what the policy allows"
        rates.append(SIMULATIONS / (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime))
    return Row("simulate, one statement, one core", "requests/s", Measured.of(rates), limit=SIMULATE_BUDGET_PER_S, at_least=True)


def say(what: str) -> None:
    print(f"bench: {what}", flush=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
