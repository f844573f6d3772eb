"""Findings that nobody here wrote: each ends in the right remedy, or in a notice that says why not."""

import json

import pytest
from lab.emulator import ACCOUNT
from lab.events import corpus
from lab.world import QUARANTINE_KEY, QUARANTINE_PRINCIPAL

ENVELOPES = [(name, event) for name, event in corpus() if name.startswith("findings-envelopes")]


def as_if_here(event: dict) -> dict:
    """The same finding as if it were about the stack's own account, whatever its author took for an account's number."""
    account = str(event.get("account") or "")
    here = json.loads(json.dumps(event).replace(account, ACCOUNT)) if account else event
    for member in ("accountId", "AccountId"):
        if member in here["detail"]:
            here["detail"][member] = ACCOUNT
    return here


def test_there_are_findings_to_test_against():
    if not ENVELOPES:
        pytest.skip("no ../shared/corpus beside the repository: not tested against third-party findings")


@pytest.mark.parametrize(("name", "event"), ENVELOPES, ids=[name for name, _ in ENVELOPES])
def test_a_finding_ends_in_a_remedy_or_in_a_notice_that_says_why_not(world, name, event):
    event = as_if_here(event)
    seen = [world.receives(event, name=function) for function in (QUARANTINE_KEY, QUARANTINE_PRINCIPAL)]
    if not event["source"].startswith("aws."):
        # AWS lets nobody send a source that begins so; these were written for a test that does without.
        assert {each.error.type for each in seen} <= {"Final.ForeignEvent", "Final.MalformedEvent"}
        return
    assert sum(len(each.cases) for each in seen) > 0, name
    for each in seen:
        assert len(each.notices) == len(each.cases)
        assert each.changed == set(), "none of those whom they name is here"
        for notice in each.notices:
            assert notice.case["outcome"] in ("unremediable", "observed", "already-clean")
            assert "\nWhy " in notice.text or notice.case["outcome"] == "observed", notice.text


def test_a_misused_key_in_a_third_party_finding_is_set_inactive(world):
    findings = [event for _, event in ENVELOPES if event["detail"].get("type") == "UnauthorizedAccess:IAMUser/TorIPCaller"]
    if not findings:
        pytest.skip("no ../shared/corpus beside the repository: not tested against third-party findings")
    user = world.user(findings[0]["detail"]["resource"]["accessKeyDetails"]["userName"])
    key = world.key(user)
    text = json.dumps(as_if_here(findings[0])).replace(findings[0]["detail"]["resource"]["accessKeyDetails"]["accessKeyId"], key)
    event = json.loads(text)
    event["detail"]["severity"] = 8
    event["detail"]["service"]["additionalInfo"] = {}
    seen = world.receives(event, name=QUARANTINE_KEY)
    assert (seen.outcome, seen.changed) == ("applied", user.no_longer_active(key))
