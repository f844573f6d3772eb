"""Records that nobody here wrote: the function stands them all, and only a successful Attach*Policy call leads to a remedy."""

import json

import pytest
from lab.emulator import ACCOUNT, changed
from lab.events import corpus

ATTACH = {"AttachUserPolicy", "AttachGroupPolicy", "AttachRolePolicy"}


def as_if_here(event: dict) -> bytes:
    """The same event as if its account were the stack's own: otherwise the function would refuse it before it reads on."""
    text = json.dumps(event)
    account = str(event.get("account", ""))
    return (text.replace(account, ACCOUNT) if len(account) == len(ACCOUNT) else text).encode()


def test_no_foreign_record_crashes_the_function_or_is_taken_for_a_change(world):
    events = corpus()
    if not events:
        pytest.skip("no ../shared/corpus beside the repository: not tested against third-party CloudTrail records")
    function, before = world.function(), world.account.snapshot()
    remedies = set()
    for name, event in events:
        seen = len(world.aws.calls())
        invocation = function.invoke(as_if_here(event))
        assert not invocation.crashed, (name, invocation.logs)
        assert invocation.error or "cases" in invocation.payload, name
        record = event.get("detail") or {}
        if {call.operation for call in world.aws.calls()[seen:]} - {"Publish"}:
            assert record["eventName"] in ATTACH and not record.get("errorCode"), name
            remedies.add(name)
    assert remedies, "the corpus holds successful attachments of forbidden policies, but none was judged"
    assert changed(before, world.account.snapshot()) == set()
