"""The functions, which ask the account as it is, and a replay, which rebuilds it, decide the same."""

import json
from collections import Counter
from datetime import datetime, timezone

import pytest
from lab.command import cases_of, rescind
from lab.delivery import Rules
from lab.emulator import ACCOUNT
from lab.events import ROOT, corpus, envelope
from lab.history import History, walk
from lab.world import Observation, World

RULES = Rules()
# What live depends on events before it, which the ledger counts; and what the versions of a policy say that is not there.
APART = ("ConsoleLogin", "CreatePolicyVersion", "SetDefaultPolicyVersion")


def judged(world: World, event: dict) -> dict[str, dict] | None:
    """The cases that all functions make of an event together, by their ids; none of an event that they refuse. `None` if one of them found something
    that the emulator does not have."""
    cases = {}
    for name in RULES.reached(event):
        seen = Observation(world.function("observe", name).invoke(event), [], [], set(), [])
        if seen.error and seen.error.type in ("Final.MalformedEvent", "Final.ForeignEvent"):
            continue
        if seen.error and seen.error.type == "Retryable.ServiceError":
            return None
        cases.update({case["id"]: case for case in seen.cases})
    return cases


def lead(case: dict) -> str:
    return [*case["decision"]["guardrails"], *case["decision"].get("undecided", {}).get("guardrails", [])][0]["id"]


def replayed(tmp_path, records: list[dict], *options: object) -> list[dict]:
    log, page = tmp_path / "log.jsonl", tmp_path / "report.html"
    log.write_text("\n".join(map(json.dumps, records)))
    ran = rescind("replay", log, "--html", page, *options)
    assert ran.returncode == 0, ran.stderr
    return cases_of(page)


def test_a_history_is_decided_the_same_as_it_happens_and_afterwards(world, tmp_path):
    """Every call of a random walk reaches the functions at once, as the rules deliver it."""
    live: dict[str, dict] = {}
    history = History(world.account, datetime.now(timezone.utc).replace(microsecond=0), lambda record: live.update(judged(world, envelope(record)) or {}))
    walk(history, 7, 120)
    lived = Counter((lead(case), case["decision"]["verdict"] == "unknown") for case in live.values())
    # Of the calls that AWS refused these reach no function.
    told = [case for case in replayed(tmp_path, history.records) if case["verdict"] != "refused"]
    assert Counter((case["guardrail"], case["verdict"] == "unknown") for case in told) == lived
    assert len(lived) > 3


def test_each_event_is_decided_the_same_in_an_account_that_is_known(world, tmp_path):
    """The project's samples, and of whatever third-party records there are one of each call."""
    answer = world.iam.get_account_authorization_details()
    details = tmp_path / "today.json"
    details.write_text(json.dumps({name: answer[name] for name in ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")}, default=str))
    compared = 0
    for origin, event in events():
        if not RULES.reached(event):
            continue
        live = judged(world, event)
        if live is None:
            continue
        told = replayed(tmp_path, [event], "--account-details", details)
        # Several functions can each make a case of their own remedy.
        assert {case["guardrail"] for case in told} == {lead(case) for case in live.values()}, origin
        compared += bool(live)
    assert compared > 40


def events() -> list[tuple[str, dict]]:
    samples = [(path.name, json.loads(path.read_text())) for path in sorted((ROOT / "events").glob("*.json"))]
    calls: dict[tuple, tuple[str, dict]] = {}
    for origin, event in corpus():
        detail = event.get("detail")
        if isinstance(detail, dict):
            call = (event.get("source"), event.get("detail-type"), detail.get("eventName"), detail.get("errorCode") is None)
            calls.setdefault(call, (origin, event))
    return [(origin, here(event)) for origin, event in [*samples, *calls.values()] if is_comparable(event)]


def is_comparable(event: dict) -> bool:
    detail = event.get("detail")
    return isinstance(detail, dict) and detail.get("eventName") not in APART and event.get("detail-type") != "Scheduled Event"


def here(event: dict) -> dict:
    """The same event in the stack's own account."""
    text, account = json.dumps(event), str(event.get("account", ""))
    return json.loads(text.replace(account, ACCOUNT) if len(account) == len(ACCOUNT) else text)
