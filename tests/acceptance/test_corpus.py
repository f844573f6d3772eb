"""Records that nobody here wrote: every function stands them all, and only a successful call that it answers makes it act."""

import json

import pytest
from lab.emulator import ACCOUNT, changed
from lab.events import corpus
from lab.world import DETACH_EVERYWHERE, DELETE_INLINE_POLICY, DETACH_POLICY, FUNCTIONS, QUARANTINE_KEY, QUARANTINE_PRINCIPAL, REMOVE_GROUP_MEMBER, REMOVE_LOGIN, RESTORE_TRUST, RESTORE_POLICY_VERSION, RESTORE_PASSWORD_POLICY, RESTORE_GUARD, WATCH_TAMPERING

FINDING = None  # a record without the name of a call
CREDENTIALS = {
    f"{verb}{what}"
    for what, verbs in {
        "AccessKey": ("Create", "Update"),
        "SSHPublicKey": ("Upload", "Update"),
        "SigningCertificate": ("Upload", "Update"),
        "ServiceSpecificCredential": ("Create", "Update"),
    }.items()
    for verb in verbs
}
# The calls that each function may answer by the shipped rulebook.
WATCHED = {"AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity", "UpdateUser", "UpdateGroup"}
ANSWERED = {
    DETACH_POLICY: {"AttachUserPolicy", "AttachGroupPolicy", "AttachRolePolicy"},
    DELETE_INLINE_POLICY: {"PutUserPolicy", "PutGroupPolicy", "PutRolePolicy"},
    REMOVE_GROUP_MEMBER: {"AddUserToGroup"},
    RESTORE_TRUST: {"CreateRole", "UpdateAssumeRolePolicy"},
    RESTORE_POLICY_VERSION: {"CreatePolicyVersion", "SetDefaultPolicyVersion", "CreatePolicy"},
    DETACH_EVERYWHERE: set(),
    REMOVE_LOGIN: {"CreateLoginProfile", "UpdateLoginProfile", "DeactivateMFADevice", "EnableMFADevice", "DetachUserPolicy"},
    RESTORE_PASSWORD_POLICY: {"UpdateAccountPasswordPolicy", "DeleteAccountPasswordPolicy"},
    RESTORE_GUARD: {"DetachUserPolicy"},
    QUARANTINE_KEY: {"AttachUserPolicy", FINDING, *CREDENTIALS},
    WATCH_TAMPERING: set(),
    QUARANTINE_PRINCIPAL: {FINDING, *(f"{verb}{kind}Policy" for verb in ("Delete", "Put", "Detach") for kind in ("User", "Role"))},
}


def as_if_here(event: dict) -> bytes:
    """The same event as if its account were the stack's own: otherwise the function would refuse it before it reads on."""
    text = json.dumps(event)
    account = str(event.get("account", ""))
    return (text.replace(account, ACCOUNT) if len(account) == len(ACCOUNT) else text).encode()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_no_foreign_record_crashes_a_function_or_is_taken_for_a_change(world, name):
    events = corpus()
    if not events:
        pytest.skip("no ../shared/corpus beside the repository: not tested against third-party CloudTrail records")
    function, before = world.function(name=name), world.account.snapshot()
    acted = set()
    for origin, event in events:
        seen = len(world.aws.calls())
        invocation = function.invoke(as_if_here(event))
        assert not invocation.crashed, (origin, invocation.logs)
        assert invocation.error or "cases" in invocation.payload, origin
        record = event.get("detail") or {}
        # A tick of watch's asks for the account's alias.
        if [call for call in world.aws.calls()[seen:] if call.service == "iam" and call.operation != "ListAccountAliases"]:
            # watch asks IAM about sessions and renames.
            assert record.get("eventName") in ANSWERED.get(name, WATCHED) and not record.get("errorCode"), origin
            acted.add(origin)
    assert acted or name not in (DETACH_POLICY, QUARANTINE_KEY), "the corpus holds successful calls that are forbidden, but none was judged"
    assert changed(before, world.account.snapshot()) == set()
