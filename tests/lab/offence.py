"""Changes that a guardrail forbids: at least one for each function, and for each variant of its remedy.

The contract suite puts every one of them through everything that a remedy owes. To add a function's: append to `OFFENCES`.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from lab.credentials import SSH_KEY
from lab.emulator import ACCOUNT
from lab.events import (
    BILLING,
    a_second_later,
    assumed_role,
    attachment,
    boundary_changed,
    but,
    detached,
    exposure,
    iam_call,
    iam_user,
    inline_deleted,
    joined,
    key_activated,
    key_created,
    left,
    misuse,
    put_inline,
)
from lab.rulebook import GUARD
from lab.world import (
    DELETE_INLINE_POLICY,
    DENY_ALL,
    DENY_EVERYTHING,
    DETACH_POLICY,
    QUARANTINE_KEY,
    QUARANTINE_PRINCIPAL,
    REMOVE_GROUP_MEMBER,
    RESTORE_GUARD,
    Target,
    World,
)

ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
ALLOW_ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
# Somebody who could lift a quarantine: without one, nobody is contained.
RESPONDER = {"BREAK_GLASS": f"arn:aws:iam::{ACCOUNT}:role/responder"}
NOBODY_HAS_KEYS = """
@id("nobody-has-long-lived-credentials")
@description("Nobody has long-lived credentials")
@severity("high")
@remedy("quarantine-key")
forbid (principal, action in Action::"credential", resource is User);
"""
BILLING_AND_ITS_GIVER = """
@id("billing-and-its-giver")
@description("Billing is taken back, and whoever gave it is quarantined with their key")
@severity("critical")
@remedy("detach-policy,quarantine-key,quarantine-principal")
forbid (principal, action in Action::"attach-policy", resource)
when { context.policy.name == "Billing" };
"""


@dataclass(frozen=True)
class Offence:
    """One forbidden change, and how the function that answers it takes it back."""

    function: str
    what: str
    # Makes the change; returns its event, and the facts that the remedy changes, as `undated` writes them.
    commit: Callable[[World], tuple[dict, set[str]]]
    # The call that takes it back, which the proxy can break.
    write: str
    # The user, group or role that the remedy changes: kind and name.
    target: tuple[str, str]
    # The function that makes the case if no remedy is applied.
    reporter: str
    # What the rulebook has besides the shipped guardrails, and the function's environment besides the usual.
    guardrails: str = ""
    settings: dict[str, str] = field(default_factory=dict, hash=False)
    # Whether AWS found it, rather than somebody called for it.
    finding: bool = False
    # How it is known whom the remedy changes: by their unique id, by their access key, or by their name alone.
    known_by: str = "name"
    # Whether a record whose parameters are null is complete all the same, as one about the caller's own keys is.
    complete_without_parameters: bool = False
    # Whether only the ledger says what the call changed, and whether the record alone shows that it could be an offence at all.
    known_by_ledger: bool = False
    shows: bool = True
    # Whether the remedy destroys the only copy of what its undo needs, so that it does not act without the ledger.
    only_copy: bool = False

    def __str__(self) -> str:
        return f"{self.function}: {self.what}"


def undated(what):
    """The same without the moments that quarantines of sessions carry in their names and conditions."""
    if isinstance(what, set):
        return {undated(fact) for fact in what}
    if isinstance(what, str):
        text = re.sub(r"RescindQuarantine-\d+", "RescindQuarantine-0", what)
        return re.sub(r'(aws:TokenIssueTime\\*": ?\\*")[^"\\]+', r"\g<1>0", text)
    return json.loads(undated(json.dumps(what)))


# detach-policy


def _attached(kind: str, policy: str, name: str, path: str = "/"):
    def commit(world: World):
        target = getattr(world, kind)(name, holds=[policy], path=path)
        actor = iam_user(name, target.id) if kind == "user" else None
        return attachment(policy, **{kind: target}, actor=actor), {target.no_longer_holds(policy)}

    known_by = "id" if kind == "user" else "name"
    return Offence(DETACH_POLICY, f"a policy attached to a {kind}", commit, f"Detach{kind.capitalize()}Policy", (kind, name), DETACH_POLICY, known_by=known_by)


# quarantine-key


def _key_created(world: World):
    polsen = world.user("polsen")
    key = world.key(polsen)
    return key_created(key, "polsen", iam_user("mallory")), polsen.no_longer_active(key)


def _key_activated(world: World):
    polsen = world.user("polsen")
    key = world.key(polsen)
    return key_activated(key, "polsen", actor=iam_user("mallory")), polsen.no_longer_active(key)


def _ssh_key_uploaded(world: World):
    polsen = world.user("polsen")
    key = world.iam.upload_ssh_public_key(UserName="polsen", SSHPublicKeyBody=SSH_KEY)["SSHPublicKey"]["SSHPublicKeyId"]
    event = iam_call("UploadSSHPublicKey", {"userName": "polsen"}, response={"sSHPublicKey": {"sSHPublicKeyId": key}})
    return event, polsen.no_longer_active(key, "SSH public key")


def _key_exposed(world: World):
    deploy = world.user("deploy", holds=[ADMINISTRATOR])
    key = world.key(deploy)
    return exposure(key), deploy.no_longer_active(key)


# quarantine-principal


def _owner_of_an_exposed_key(world: World):
    world.role("responder")
    deploy = world.user("deploy", holds=[ADMINISTRATOR])
    return exposure(world.key(deploy)), {deploy.now_holds(DENY_EVERYTHING)}


def of_session(role: str, session: str | None = "i-0a", id: str = "AROAEXAMPLE") -> dict:
    """GuardDuty's accessKeyDetails of a role's session; the id is too short to be one unless it is given."""
    principal = f"{id}:{session}" if session else id
    return {"accessKeyId": "ASIAEXAMPLEEXAMPLE00", "principalId": principal, "userName": role, "userType": "AssumedRole"}


def _session_misused(world: World):
    world.role("responder")
    web = world.role("web", holds=[ADMINISTRATOR])
    condition = {"DateLessThan": {"aws:TokenIssueTime": "0"}, "StringLike": {"aws:userid": "*:i-0a"}}
    deny = {**DENY_ALL, "Statement": [{**DENY_ALL["Statement"][0], "Condition": condition}]}
    return misuse(of_session("web", id=web.id)), {undated(web.now_has("RescindQuarantine-0-s-i-0a", deny))}


def _quarantine_lifted(world: World):
    world.role("responder")
    polsen = world.user("polsen", holds=[ADMINISTRATOR])
    world.ledger.contains(polsen, by="attached", policy=DENY_EVERYTHING)
    return iam_call("DetachUserPolicy", {"userName": "polsen", "policyArn": DENY_EVERYTHING}), {polsen.now_holds(DENY_EVERYTHING)}


def _boundary_removed(world: World):
    world.role("responder")
    polsen = world.user("polsen", holds=[ADMINISTRATOR])
    world.ledger.contains(polsen, by="boundary", policy=DENY_EVERYTHING)
    return iam_call("DeleteUserPermissionsBoundary", {"userName": "polsen"}), {polsen.now_holds(DENY_EVERYTHING)}


def _session_s_end_lifted(world: World):
    world.role("responder")
    web = world.role("web", holds=[ADMINISTRATOR])
    name = "RescindQuarantine-1772455454-s-i-0a"
    world.ledger.contains(web, by="inline", policyName=name)
    condition = {"DateLessThan": {"aws:TokenIssueTime": "0"}, "StringLike": {"aws:userid": "*:i-0a"}}
    deny = {**DENY_ALL, "Statement": [{**DENY_ALL["Statement"][0], "Condition": condition}]}
    event = iam_call("DeleteRolePolicy", {"roleName": "web", "policyName": name.upper().replace("RESCIND", "Rescind")})
    return event, {undated(web.now_has("RescindQuarantine-0-s-i-0a", deny))}


def _actor_of_an_attachment(world: World):
    world.role("responder")
    mallory, polsen = world.user("mallory"), world.user("polsen", holds=[BILLING])
    event = attachment(BILLING, user=polsen, actor=iam_user("mallory", mallory.id, accessKeyId=world.key(mallory)))
    return event, {mallory.now_holds(DENY_EVERYTHING)}


# remove-group-member


def _joined(what: str, gives: Callable):
    def commit(world: World):
        admins = world.group("admins")
        gives(world, admins)
        polsen = world.user("polsen", groups=[admins])
        return joined(polsen, admins), {polsen.no_longer_in("admins")}

    return Offence(REMOVE_GROUP_MEMBER, what, commit, "RemoveUserFromGroup", ("user", "polsen"), REMOVE_GROUP_MEMBER)


# delete-inline-policy


# restore-guard

GUARDS = """
@id("the-guard-stays")
@description("Everybody here holds the guard")
@severity("high")
@remedy("restore-guard")
@requires("policy=arn:aws:iam:::policy/team/Guard")
forbid (principal, action in [Action::"detach-policy", Action::"RemoveUserFromGroup"], resource);

@id("the-inline-guard-stays")
@description("Everybody here holds the inline guard")
@severity("high")
@remedy("restore-guard")
@requires("inline=guard:guard.json")
forbid (principal, action in [Action::"delete-policy", Action::"RemoveUserFromGroup"], resource);

@id("the-boundary-stays")
@description("Everybody here is bounded")
@severity("high")
@remedy("restore-guard")
@requires("boundary=arn:aws:iam:::policy/Boundary")
forbid (principal, action in Action::"change-boundary", resource);
"""


KEY_QUARANTINE = "arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantineV3"


def the_guard(world: World) -> str:
    return world.policy("Guard", GUARD, path="/team/")


def by_itself(target: Target) -> dict:
    """The target is the actor too, so that the record gives its unique id."""
    return iam_user(target.name, target.id) if target.kind == "user" else assumed_role(target.name, id=target.id)


def _by_themselves_or_later(event: dict, target: Target) -> dict:
    """A record gives no unique id of a group: only its age distinguishes it from another one of its name."""
    return but(event, eventTime=a_second_later()) if target.kind == "group" else but(event, userIdentity=by_itself(target))


def _key_quarantine_lifted(world: World):
    polsen = world.user("polsen")
    return detached(KEY_QUARANTINE, polsen, by_itself(polsen)), {polsen.now_holds(KEY_QUARANTINE)}


def _detached(kind: str, name: str):
    def commit(world: World):
        target, guard = getattr(world, kind)(name), the_guard(world)
        return _by_themselves_or_later(detached(guard, target), target), {target.now_holds(guard)}

    return _restores(f"a policy detached from a {kind}", commit, f"Attach{kind.capitalize()}Policy", (kind, name))


def _inline_deleted(kind: str, name: str):
    def commit(world: World):
        target = getattr(world, kind)(name)
        return _by_themselves_or_later(inline_deleted(target, "guard"), target), {target.now_has("guard", GUARD)}

    return _restores(f"an inline policy of a {kind} deleted", commit, f"Put{kind.capitalize()}Policy", (kind, name))


def _unbounded(kind: str, name: str):
    def commit(world: World):
        target, boundary = getattr(world, kind)(name), world.policy("Boundary")
        return boundary_changed(target, actor=by_itself(target)), {target.is_bounded(boundary)}

    return _restores(f"the boundary of a {kind} removed", commit, f"Put{kind.capitalize()}PermissionsBoundary", (kind, name))


def _loosened(kind: str, name: str):
    def commit(world: World):
        target, boundary, looser = getattr(world, kind)(name), world.policy("Boundary"), world.policy("Looser", ALLOW_ALL)
        world.bound(target, looser)
        return boundary_changed(target, looser, by_itself(target)), {target.no_longer_bounded(looser), target.is_bounded(boundary)}

    return _restores(f"a looser boundary of a {kind}", commit, f"Put{kind.capitalize()}PermissionsBoundary", (kind, name), only_copy=True)


def _left(what: str, gives: Callable):
    def commit(world: World):
        polsen, denied = world.user("polsen"), world.group("denied")
        gives(world, denied)
        return left(polsen, denied, by_itself(polsen)), {f"+{polsen.no_longer_in('denied')[1:]}"}

    return _restores(what, commit, "AddUserToGroup", ("user", "polsen"))


def _restores(what: str, commit: Callable, write: str, target: tuple[str, str], guardrails: str = GUARDS, **members) -> Offence:
    known_by = "name" if target[0] == "group" else "id"
    return Offence(RESTORE_GUARD, what, commit, write, target, RESTORE_GUARD, guardrails=guardrails, known_by=known_by, **members)


def _put_inline(kind: str, name: str):
    def commit(world: World):
        target = getattr(world, kind)(name)
        world.writes_inline(target, ALLOW_ALL, name="helper")
        return put_inline(target, ALLOW_ALL, name="helper"), {target.no_longer_has("helper", ALLOW_ALL)}

    return Offence(DELETE_INLINE_POLICY, f"an inline policy of a {kind}", commit, f"Delete{kind.capitalize()}Policy", (kind, name), DELETE_INLINE_POLICY)


def _quarantines_key(what: str, commit: Callable, *, write: str = "UpdateAccessKey", target: str = "polsen", **members) -> Offence:
    return Offence(QUARANTINE_KEY, what, commit, write, ("user", target), QUARANTINE_KEY, **members)


def _contains(what: str, commit: Callable, target: tuple[str, str], reporter: str, **members) -> Offence:
    write = {"user": "AttachUserPolicy", "role": "PutRolePolicy"}[target[0]]
    return Offence(QUARANTINE_PRINCIPAL, what, commit, write, target, reporter, settings=RESPONDER, **members)


OFFENCES = [
    _attached("user", BILLING, "polsen"),
    _attached("group", ADMINISTRATOR, "developers"),
    _attached("role", ADMINISTRATOR, "build", path="/ci/"),
    _quarantines_key("an access key created", _key_created, guardrails=NOBODY_HAS_KEYS, known_by="key", complete_without_parameters=True),
    _quarantines_key("an access key reactivated", _key_activated, known_by="key"),
    _quarantines_key("an SSH key uploaded", _ssh_key_uploaded, write="UpdateSSHPublicKey", guardrails=NOBODY_HAS_KEYS, complete_without_parameters=True),
    _quarantines_key("a key exposed", _key_exposed, target="deploy", known_by="key", finding=True),
    _contains("the owner of an exposed key", _owner_of_an_exposed_key, ("user", "deploy"), QUARANTINE_KEY, known_by="key", finding=True),
    _contains("a misused session of a role", _session_misused, ("role", "web"), QUARANTINE_KEY, known_by="id", finding=True),
    _contains("a quarantine lifted", _quarantine_lifted, ("user", "polsen"), QUARANTINE_PRINCIPAL, known_by="id", known_by_ledger=True),
    _contains("the boundary of a contained user removed", _boundary_removed, ("user", "polsen"), QUARANTINE_PRINCIPAL, known_by="id", known_by_ledger=True, shows=False),
    _contains("the end of a session lifted", _session_s_end_lifted, ("role", "web"), QUARANTINE_PRINCIPAL, known_by="id", known_by_ledger=True),
    _contains("the actor of an attachment", _actor_of_an_attachment, ("user", "mallory"), DETACH_POLICY, known_by="id", guardrails=BILLING_AND_ITS_GIVER),
    _joined("a group that holds a policy", lambda world, group: world.attach(ADMINISTRATOR, group)),
    _joined("a group with an inline policy", lambda world, group: world.writes_inline(group, ALLOW_ALL)),
    _put_inline("user", "polsen"),
    _put_inline("group", "developers"),
    _put_inline("role", "build"),
    _restores("a key's quarantine lifted by its user", _key_quarantine_lifted, "AttachUserPolicy", ("user", "polsen"), guardrails=""),
    *(_detached(kind, name) for kind, name in (("user", "polsen"), ("group", "developers"), ("role", "build"))),
    *(_inline_deleted(kind, name) for kind, name in (("user", "polsen"), ("group", "developers"), ("role", "build"))),
    # The emulator forgets the boundary of a user who is renamed: users stand in tests/acceptance/test_restore_guard.py.
    _unbounded("role", "build"),
    _loosened("role", "build"),
    _left("a user out of a group that holds a policy", lambda world, group: world.attach(the_guard(world), group)),
    _left("a user out of a group with an inline policy", lambda world, group: world.writes_inline(group, GUARD, name="guard")),
]
CALLS = [offence for offence in OFFENCES if not offence.finding]
FINDINGS = [offence for offence in OFFENCES if offence.finding]
OF_KNOWN_USERS = [offence for offence in OFFENCES if offence.known_by != "name" and offence.target[0] == "user"]
