"""Changes that a guardrail forbids: at least one for each function, and for each variant of its remedy.

The contract suite puts every one of them through everything that a remedy owes. To add a function's: append to `OFFENCES`.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from lab.account import password_policy
from lab.credentials import SSH_KEY
from lab.emulator import ACCOUNT
from lab.events import (
    BILLING,
    a_second_later,
    assumed_role,
    attachment,
    boundary_changed,
    but,
    default_set,
    device_deactivated,
    device_enabled,
    detached,
    exposure,
    iam_call,
    iam_user,
    inline_deleted,
    joined,
    key_activated,
    key_created,
    left,
    login_made,
    login_reset,
    misuse,
    password_policy_deleted,
    password_policy_set,
    put_inline,
    role_acquired,
    role_created,
    trust_updated,
    version_created,
)
from lab.rulebook import GUARD
from lab.world import (
    ALLOW_READING,
    DELETE_INLINE_POLICY,
    DENY_ALL,
    DENY_EVERYTHING,
    DENY_WITHOUT_MFA,
    DETACH_EVERYWHERE,
    DETACH_POLICY,
    QUARANTINE_KEY,
    QUARANTINE_PRINCIPAL,
    REMOVE_GROUP_MEMBER,
    REMOVE_LOGIN,
    RESTORE_GUARD,
    RESTORE_PASSWORD_POLICY,
    RESTORE_POLICY_VERSION,
    RESTORE_TRUST,
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


# There is one, and it is always there.
ACCOUNT_ITSELF = ("account", ACCOUNT)


@dataclass(frozen=True)
class Offence:
    """One forbidden change, and how the function that answers it takes it back."""

    function: str
    what: str
    # Makes the change; returns its event, and the facts that the remedy changes, as `undated` writes them.
    commit: Callable[[World], tuple[dict, set[str]]]
    # The call that takes it back, which the proxy can break.
    write: str
    # The user, group, role or policy that the remedy changes: kind and name. `ACCOUNT_ITSELF` if it is none of them.
    target: tuple[str, str]
    # The function that makes the case if no remedy is applied.
    reporter: str
    # Who loses a policy, if that is what the remedy changes: kind and name.
    holder: tuple[str, str] | None = None
    # What the rulebook has besides the shipped guardrails, and the function's environment besides the usual.
    guardrails: str = ""
    settings: dict[str, str] = field(default_factory=dict, hash=False)
    # Whether AWS found it, rather than somebody called for it.
    finding: bool = False
    # What a person does who gives it back, if no call of Rescind's can; the case and `rescind undo` then have to say what to do.
    given_back_by: Callable[[World], object] | None = None
    # How it is known whom the remedy changes: by their unique id, by their access key, by their name alone, by the ARN of a policy, or because
    # there is one only.
    known_by: str = "name"
    # Whether a record whose parameters are null is complete all the same, as one about the caller's own keys is.
    complete_without_parameters: bool = False
    # Whether the answer alone says what the call changed, so that a refused call says nothing, and its parameters are not looked at.
    said_by_answer: bool = False
    # Whether only the ledger says what the call changed, and whether the record alone shows that it could be an offence at all.
    known_by_ledger: bool = False
    shows: bool = True
    # Whether the remedy destroys the only copy of what its undo needs, so that it does not act without the ledger.
    only_copy: bool = False

    @property
    def arn(self) -> str:
        """Of a policy."""
        return f"arn:aws:iam::{ACCOUNT}:policy/{self.target[1]}"

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


# restore-trust


OWN_TRUST = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}
EVERYONE = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
NOBODY = {"Sid": "RescindLeftNobody", "Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}


def _trusts(what: str, before: list[dict], now: list[dict], event: Callable, known_by: str = "name", **more):
    def commit(world: World):
        texts = [json.dumps({"Version": "2012-10-17", "Statement": statements}) for statements in (before, now)]
        web = world.trusting("web", texts[0])
        return event(web, texts[0]), web.trusts(*texts)

    return Offence(RESTORE_TRUST, what, commit, "UpdateAssumeRolePolicy", ("role", "web"), RESTORE_TRUST, known_by=known_by, **more)


def _with_both(principals: list[str]) -> dict:
    return {"Effect": "Allow", "Principal": {"AWS": principals, "Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}


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

    return _gives_back(f"a policy detached from a {kind}", commit, f"Attach{kind.capitalize()}Policy", (kind, name))


def _inline_deleted(kind: str, name: str):
    def commit(world: World):
        target = getattr(world, kind)(name)
        return _by_themselves_or_later(inline_deleted(target, "guard"), target), {target.now_has("guard", GUARD)}

    return _gives_back(f"an inline policy of a {kind} deleted", commit, f"Put{kind.capitalize()}Policy", (kind, name))


def _unbounded(kind: str, name: str):
    def commit(world: World):
        target, boundary = getattr(world, kind)(name), world.policy("Boundary")
        return boundary_changed(target, actor=by_itself(target)), {target.is_bounded(boundary)}

    return _gives_back(f"the boundary of a {kind} removed", commit, f"Put{kind.capitalize()}PermissionsBoundary", (kind, name))


def _loosened(kind: str, name: str):
    def commit(world: World):
        target, boundary, looser = getattr(world, kind)(name), world.policy("Boundary"), world.policy("Looser", ALLOW_ALL)
        world.bound(target, looser)
        return boundary_changed(target, looser, by_itself(target)), {target.no_longer_bounded(looser), target.is_bounded(boundary)}

    return _gives_back(f"a looser boundary of a {kind}", commit, f"Put{kind.capitalize()}PermissionsBoundary", (kind, name), only_copy=True)


def _left(what: str, gives: Callable):
    def commit(world: World):
        polsen, denied = world.user("polsen"), world.group("denied")
        gives(world, denied)
        return left(polsen, denied, by_itself(polsen)), {f"+{polsen.no_longer_in('denied')[1:]}"}

    return _gives_back(what, commit, "AddUserToGroup", ("user", "polsen"))


def _gives_back(what: str, commit: Callable, write: str, target: tuple[str, str], guardrails: str = GUARDS, **members) -> Offence:
    known_by = "name" if target[0] == "group" else "id"
    return Offence(RESTORE_GUARD, what, commit, write, target, RESTORE_GUARD, guardrails=guardrails, known_by=known_by, **members)


def _put_inline(kind: str, name: str):
    def commit(world: World):
        target = getattr(world, kind)(name)
        world.writes_inline(target, ALLOW_ALL, name="helper")
        return put_inline(target, ALLOW_ALL, name="helper"), {target.no_longer_has("helper", ALLOW_ALL)}

    return Offence(DELETE_INLINE_POLICY, f"an inline policy of a {kind}", commit, f"Delete{kind.capitalize()}Policy", (kind, name), DELETE_INLINE_POLICY)


# restore-policy-version


def _version_created(world: World):
    tools = world.policy("tools")
    world.user("polsen", holds=[tools])
    version = world.writes_version(tools, ALLOW_ALL)
    return version_created(tools, version, ALLOW_ALL), world.default_moves(tools, v2=ALLOW_ALL, v1=ALLOW_READING)


def _old_version_set(world: World):
    tools = world.policy("tools", ALLOW_ALL)
    world.group("developers", holds=[tools])
    world.writes_version(tools, ALLOW_READING)
    world.iam.set_default_policy_version(PolicyArn=tools, VersionId="v1")
    return default_set(tools, "v1"), world.default_moves(tools, v1=ALLOW_ALL, v2=ALLOW_READING)


def _restores(what: str, commit: Callable) -> Offence:
    return Offence(RESTORE_POLICY_VERSION, what, commit, "SetDefaultPolicyVersion", ("policy", "tools"), RESTORE_POLICY_VERSION, known_by="arn")


# detach-everywhere: the shipped rulebook enforces it nowhere


ONLY_BAD_VERSIONS = """
@id("nobody-holds-what-has-no-good-version")
@description("No version of this policy passes")
@severity("critical")
@remedy("restore-policy-version,detach-everywhere")
forbid (principal, action in Action::"policy-version", resource)
when { context.isDefault && context.policy.grants.admin };
"""


def _no_version_passes(world: World, *holders):
    tools = world.policy("tools", ALLOW_ALL)
    for holder in holders:
        world.attach(tools, holder)
    return tools, version_created(tools, world.writes_version(tools, {**ALLOW_ALL, "Id": "again"}), {**ALLOW_ALL, "Id": "again"})


def _held_by(kind: str, name: str) -> Offence:
    def commit(world: World):
        holder = getattr(world, kind)(name)
        tools, event = _no_version_passes(world, holder)
        return event, {holder.no_longer_holds(tools)}

    write, restores = f"Detach{kind.capitalize()}Policy", RESTORE_POLICY_VERSION
    what = f"no version passes, held by a {kind}"
    return Offence(DETACH_EVERYWHERE, what, commit, write, ("policy", "tools"), restores, (kind, name), known_by="arn", guardrails=ONLY_BAD_VERSIONS)


# remove-login


def _login(event: Callable):
    def commit(world: World):
        polsen = world.user("polsen")
        return event(polsen, iam_user("mallory")), {f"- {world.login(polsen)}"}

    return commit


def _password_set(what: str, event: Callable, **more) -> Offence:
    anew = lambda world: world.iam.create_login_profile(UserName="polsen", Password="Another-horse-9")  # noqa: E731
    return Offence(REMOVE_LOGIN, what, _login(event), "DeleteLoginProfile", ("user", "polsen"), REMOVE_LOGIN, given_back_by=anew, **more)


# In the place of the shipped ones, and without their conditions: what IAM says now decides what the function does.
DEVICES = "".join(
    f'@id("{name}")\n@severity("high")\n@remedy("remove-login")\nforbid (principal, action == Action::"{action}", resource);\n'
    for name, action in (
        ("administrators-keep-a-second-factor", "DeactivateMFADevice"),
        ("a-second-factor-ends-the-denial", "EnableMFADevice"),
        ("a-denial-without-mfa-stays", "LiftMfaDenial"),
    )
)


def _device_deactivated(world: World):
    polsen = world.user("polsen")
    return device_deactivated(polsen, by_itself(polsen)), {polsen.now_holds(DENY_WITHOUT_MFA)}


def _denial_lifted(world: World):
    polsen = world.user("polsen")
    world.ledger.contains(polsen, REMOVE_LOGIN, by="attached", policy=DENY_WITHOUT_MFA)
    return detached(DENY_WITHOUT_MFA, polsen, iam_user("mallory")), {polsen.now_holds(DENY_WITHOUT_MFA)}


def _device_enabled(world: World):
    polsen = world.user("polsen", holds=[DENY_WITHOUT_MFA])
    return device_enabled(polsen, world.enrols(polsen)), {polsen.no_longer_holds(DENY_WITHOUT_MFA)}


def _second_factor(what: str, commit: Callable, call: str, **members) -> Offence:
    return Offence(REMOVE_LOGIN, what, commit, call, ("user", "polsen"), REMOVE_LOGIN, guardrails=DEVICES, **members)


# restore-password-policy

# What IAM answers about a policy of which nothing was set: the emulator gives 0 for what is none.
IAM_DEFAULTS = {
    "MinimumPasswordLength": 6,
    "RequireSymbols": False,
    "RequireNumbers": False,
    "RequireUppercaseCharacters": False,
    "RequireLowercaseCharacters": False,
    "AllowUsersToChangePassword": False,
    "ExpirePasswords": False,
    "MaxPasswordAge": 0,
    "PasswordReusePrevention": 0,
    "HardExpiry": False,
}
BASELINE = {"MinimumPasswordLength": 14, "PasswordReusePrevention": 24}


def _weakened(world: World):
    rules = {"MinimumPasswordLength": 8, "RequireSymbols": True, "MaxPasswordAge": 90, "PasswordReusePrevention": 3, "AllowUsersToChangePassword": True}
    world.password_policy(**rules)
    now = {**IAM_DEFAULTS, **rules, "ExpirePasswords": True}
    return password_policy_set(**rules), {f"- {password_policy(now)}", f"+ {password_policy({**now, **BASELINE})}"}


def _deleted(world: World):
    world.iam.delete_account_password_policy()
    return password_policy_deleted(), {f"+ {password_policy({**IAM_DEFAULTS, **BASELINE})}"}


def _of_the_account(what: str, commit: Callable) -> Offence:
    members = {"known_by": "account", "complete_without_parameters": True}
    return Offence(RESTORE_PASSWORD_POLICY, what, commit, "UpdateAccountPasswordPolicy", ACCOUNT_ITSELF, RESTORE_PASSWORD_POLICY, **members)


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
    _trusts("a principal of a statement", [_with_both(["*", OWN_TRUST["Principal"]["AWS"]])], [_with_both([OWN_TRUST["Principal"]["AWS"]])], trust_updated),
    _trusts("a statement of a new role", [OWN_TRUST, EVERYONE], [OWN_TRUST], role_created, known_by="id"),
    _trusts("a statement of a role made from a template", [OWN_TRUST, EVERYONE], [OWN_TRUST], role_acquired, known_by="id", said_by_answer=True),
    _trusts("everything that a role trusts", [EVERYONE], [NOBODY], trust_updated),
    _restores("a version created as the default", _version_created),
    _restores("an old version set as the default", _old_version_set),
    _held_by("user", "polsen"),
    _held_by("group", "developers"),
    _held_by("role", "build"),
    _password_set("a console password made", login_made, complete_without_parameters=True),
    _password_set("a console password reset", login_reset),
    _second_factor("the last device deactivated", _device_deactivated, "AttachUserPolicy", known_by="id"),
    _second_factor("the denial without MFA detached", _denial_lifted, "AttachUserPolicy", known_by="id", known_by_ledger=True),
    _second_factor("a device enabled", _device_enabled, "DetachUserPolicy"),
    _of_the_account("a password policy weakened", _weakened),
    _of_the_account("the password policy deleted", _deleted),
    _gives_back("a key's quarantine lifted by its user", _key_quarantine_lifted, "AttachUserPolicy", ("user", "polsen"), guardrails=""),
    *(_detached(kind, name) for kind, name in (("user", "polsen"), ("group", "developers"), ("role", "build"))),
    *(_inline_deleted(kind, name) for kind, name in (("user", "polsen"), ("group", "developers"), ("role", "build"))),
    # The emulator forgets the boundary of a user who is renamed: users stand in tests/acceptance/test_restore_guard.py.
    _unbounded("role", "build"),
    _loosened("role", "build"),
    _left("a user out of a group that holds a policy", lambda world, group: world.attach(the_guard(world), group)),
    _left("a user out of a group with an inline policy", lambda world, group: world.writes_inline(group, GUARD, name="guard")),
]
CALLS = [offence for offence in OFFENCES if not offence.finding]
SAID_BY_PARAMETERS = [offence for offence in CALLS if not offence.said_by_answer]
FINDINGS = [offence for offence in OFFENCES if offence.finding]
OF_IDENTITIES = [offence for offence in OFFENCES if offence.target != ACCOUNT_ITSELF]
OF_KNOWN_USERS = [offence for offence in OFFENCES if offence.known_by != "name" and offence.target[0] == "user"]
