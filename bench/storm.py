"""A storm: ten thousand events of mixed kinds within minutes, through the real functions, as the template's rules deliver them.

    make storm

Every function is one process that polls Lambda's runtime API, all of them at once, against the emulated account. Somebody attaches a forbidden policy
to two hundred users again and again, tries the same where AWS refuses it, renames users, makes identity providers, disables a rule of Rescind's, signs in
as root and with wrong passwords, while deployments go on. Afterwards the guardrails' hour ends, and a tick judges what they held. Checked: no
invocation failed, every change that a guardrail takes back is taken back in the end, the ledger has each case once, and the number of notices is bounded.
"""

import argparse
import json
import random
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "tests"), str(ROOT)]

import cloudtrail  # noqa: E402
from lab import processes  # noqa: E402
from lab.binaries import RELEASE  # noqa: E402
from lab.delivery import Rules  # noqa: E402
from lab.events import BILLING, anew, attachment, but, envelope, iam_user, sample, scheduled  # noqa: E402
from lab.world import FUNCTIONS, World  # noqa: E402
from runtime_api import Function  # noqa: E402

EVENTS = 10_000
USERS = 200
# Within so many ticks everything that was held is judged again.
TICKS = 30
# What is reported by watch and watch-tampering, and what each of it is in the real world.
NOTICED = ("update-user", "create-saml-provider", "leave-organization", "console-login-failed", "console-login-root", "stop-logging", "unsubscribe", "create-user")


@dataclass
class Load:
    """What one function received, and what came of it."""

    events: int = 0
    cases: Counter = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)
    early: int = 0
    late: int = 0


def storm(users: list, number: int, seed: int = 7) -> list[dict]:
    """So many events, in no particular order."""
    chance = random.Random(seed)
    ordinary = [envelope(json.loads(record)) for _, record in cloudtrail.Account(seed).records(number) if '"eventSource":"iam' in record]
    # Each has to reach EventBridge by itself, so that each is one of CloudTrail's writes.
    ordinary = [event for event in ordinary if not event["detail"]["readOnly"]] or [anew(sample("create-role-lawful"))]
    attached = [attachment(BILLING, user=user, actor=iam_user("mallory")) for user in users]
    events = []
    for index in range(number):
        match index % 10:
            case 0 | 1 | 2:
                event = attached[(index // 10 * 3 + index % 10) % len(attached)]
            case 3 | 4:
                event = but(chance.choice(attached), errorCode="AccessDenied", responseElements=None)
            case 5 | 6 | 7:
                event = sample(chance.choice(NOTICED))
            case _:
                event = chance.choice(ordinary)
        events.append(anew(event))
    chance.shuffle(events)
    return events


def run(number: int, users: int) -> dict:
    """The storm's figures. Raises if something was lost."""
    with World() as world:
        people = [world.user(f"user-{index}", holds=[BILLING]) for index in range(users)]
        rules, loads = Rules(), {function: Load() for function in FUNCTIONS}
        waiting: dict[str, list[dict]] = {function: [] for function in FUNCTIONS}
        for event in storm(people, number):
            for function in rules.reached(event):
                waiting[function].append(event)
        settings = {"NOTICE_SEVERITY": "medium", "STORM_LIMIT": "20"}
        started = time.monotonic()
        functions = {name: Function([str(RELEASE / name)], processes.environment(**world.environment("enforce", **settings))) for name in FUNCTIONS}
        try:
            threads = [threading.Thread(target=receive, args=(functions[name], waiting[name], loads[name])) for name in FUNCTIONS]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            seconds = time.monotonic() - started
            at_once = world.inbox.take()
            world.ledger.an_hour_passes()
            for name in FUNCTIONS:
                receive(functions[name], [scheduled()], loads[name])
            # A tick ends in time, and leaves the rest to the next.
            for _ in range(TICKS):
                waiting_for = {held["pk"].partition("#")[0] for held in world.ledger.of("held")}
                if not waiting_for:
                    break
                for name in waiting_for:
                    receive(functions[name], [scheduled()], loads[name])
        finally:
            for function in functions.values():
                function.stop()
        afterwards = world.inbox.take()
        check(world, loads, at_once)
        return figures(world, loads, seconds, at_once, afterwards)


def receive(function: Function, events: list[dict], load: Load) -> None:
    """Hands them to the function, one after the other."""
    for index, event in enumerate(events):
        try:
            answer, _ = function.invoke(event)
            load.cases.update(case["outcome"] for case in answer["cases"])
        except RuntimeError as error:
            load.errors.append(str(error)[:2000])
        load.events += 1
        if index == len(events) // 10:
            load.early = function.peak_memory()
    load.late = max(load.late, function.peak_memory())


def check(world: World, loads: dict[str, Load], notices: list) -> None:
    errors = [error for load in loads.values() for error in load.errors]
    if errors:
        raise RuntimeError(f"{len(errors)} invocations failed, the first: {errors[0]}")
    standing = [fact for fact in world.account.snapshot() if BILLING in fact and " user user-" in fact]
    if standing:
        raise RuntimeError(f"{len(standing)} changes were not taken back: {standing[:3]}")
    unfinished = [case["pk"] for case in world.ledger.cases() if case["state"] != "closed"]
    held = world.ledger.of("held")
    if unfinished or held:
        raise RuntimeError(f"{len(unfinished)} cases are not closed, and {len(held)} still wait")
    by_kind = Counter((notice.attributes["guardrail"], notice.attributes["change"], notice.attributes["outcome"]) for notice in notices)
    many = {kind: times for kind, times in by_kind.items() if kind[2] not in ("applied", "held") and times > 60}
    if many:
        raise RuntimeError(f"notices that are alike were repeated: {many}")


def figures(world: World, loads: dict[str, Load], seconds: float, at_once: list, afterwards: list) -> dict:
    outcomes = sum((load.cases for load in loads.values()), Counter())
    return {
        "invocations": sum(load.events for load in loads.values()),
        "seconds": round(seconds, 1),
        "cases in the ledger": len(world.ledger.cases()),
        "cases by outcome": dict(outcomes),
        "notices at once": len(at_once),
        "notices after the hour": len(afterwards),
        "notices by outcome": dict(Counter(notice.attributes["outcome"] for notice in at_once + afterwards)),
        "peak memory, MB": {name: [round(load.early / 1e6, 1), round(load.late / 1e6, 1)] for name, load in loads.items() if load.events > 100},
    }


def main() -> None:
    processes.exit_on_signals()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=EVENTS)
    parser.add_argument("--users", type=int, default=USERS)
    arguments = parser.parse_args()
    print(json.dumps(run(arguments.events, arguments.users), indent=2))


if __name__ == "__main__":
    main()
