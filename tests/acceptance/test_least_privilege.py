"""Each function's role allows exactly the calls that the function makes: the calls are recorded, and compared with the template."""

import itertools
import json
import time

import pytest
from lab.credentials import SSH_KEY, self_signed_certificate
from lab.events import (
    BILLING,
    QUARANTINE,
    READ_ONLY,
    anew,
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
    just_now,
    key_activated,
    left,
    login_made,
    login_reset,
    misuse,
    password_policy_set,
    put_inline,
    sample,
    scheduled,
    trust_updated,
    updated,
    version_created,
)
from lab.offence import ADMINISTRATOR, ALLOW_ALL, EVERYONE, KEY_QUARANTINE, OFFENCES, RESPONDER, by_itself, of_session, the_guard
from lab.privileges import calls_of_the_role
from lab.rulebook import rulebook
from lab.world import (
    ALLOW_READING,
    DELETE_INLINE_POLICY,
    DENY_EVERYTHING,
    DENY_WITHOUT_MFA,
    DETACH_EVERYWHERE,
    DETACH_POLICY,
    FUNCTIONS,
    QUARANTINE_KEY,
    QUARANTINE_PRINCIPAL,
    REMOVE_GROUP_MEMBER,
    REMOVE_LOGIN,
    RESTORE_GUARD,
    RESTORE_PASSWORD_POLICY,
    RESTORE_POLICY_VERSION,
    RESTORE_TRUST,
    WATCH,
    WATCH_TAMPERING,
    World,
)

ATTACH, PUT, JOIN, LIFT = 'in Action::"attach-policy"', 'in Action::"put-policy"', '== Action::"AddUserToGroup"', '== Action::"LiftQuarantine"'
VERSION, TRUST = 'in Action::"policy-version"', 'in Action::"trust"'
DETACH, DELETE, BOUND, LEAVE = 'in Action::"detach-policy"', 'in Action::"delete-policy"', 'in Action::"change-boundary"', '== Action::"RemoveUserFromGroup"'
REMOVE = 'in Action::"remove"'
# What restore-guard's guardrails on these calls require.
REQUIRED = {
    DETACH: "policy=arn:aws:iam:::policy/team/Guard",
    DELETE: "inline=guard:guard.json",
    BOUND: "boundary=arn:aws:iam:::policy/Boundary",
    LEAVE: "policy=arn:aws:iam:::policy/team/Guard",
}
LOGIN = 'in Action::"console-password"'
MFA = 'in [Action::"DeactivateMFADevice", Action::"EnableMFADevice", Action::"LiftMfaDenial"]'
SESSION, IDENTITY, RENAME = '== Action::"sts:GetSessionToken"', 'in Action::"identity"', 'in Action::"rename"'
CREDENTIAL, FINDING = 'in Action::"credential"', 'in Action::"finding"'
# What a guardrail can ask each function about.
ASKED = {
    DETACH_POLICY: (ATTACH,),
    DELETE_INLINE_POLICY: (PUT,),
    REMOVE_GROUP_MEMBER: (JOIN,),
    RESTORE_POLICY_VERSION: (VERSION,),
    DETACH_EVERYWHERE: (VERSION,),
    RESTORE_TRUST: (TRUST,),
    REMOVE_LOGIN: (LOGIN, MFA),
    RESTORE_PASSWORD_POLICY: (),  # about the account, of which no fact is read
    RESTORE_GUARD: (DETACH, DELETE, BOUND, LEAVE),
    QUARANTINE_KEY: (ATTACH, PUT, JOIN, VERSION, TRUST, REMOVE, LOGIN, MFA, CREDENTIAL, FINDING),
    QUARANTINE_PRINCIPAL: (ATTACH, PUT, JOIN, VERSION, TRUST, REMOVE, LOGIN, MFA, CREDENTIAL, FINDING, LIFT),
    WATCH: (SESSION, IDENTITY, RENAME),
    WATCH_TAMPERING: (),  # about no identity
}
# Every fact that has to be read from IAM, in a condition that only the live account decides.
FACTS = {
    "path": '(resource is User && resource.path == "/nowhere/") || (resource is Group && resource.path == "/nowhere/") || (resource is Role && resource.path == "/nowhere/")',
    "tags": '(resource is User && resource.hasTag("nowhere")) || (resource is Role && resource.hasTag("nowhere"))',
    "groups": 'resource is User && resource in Group::"arn:aws:iam::123456789012:group/nobody"',
}
OF_SOME = {
    "before": ((ATTACH, PUT, JOIN, VERSION, MFA), "context.after.grants.admin && !context.before.grants.admin"),
    "after": ((SESSION,), "context has after && context.after.grants.admin"),
    "named": ((RENAME,), "!context.namedBy.isEmpty()"),
    "device": ((MFA,), "!context.hasDevice && context.denied"),
    "holders": ((VERSION,), "context.holders.administrator || context.holders.breakGlass"),
    "policy": ((ATTACH, PUT, VERSION), "context.policy.grants.dataAccess"),
    "group": ((JOIN,), 'context.group.grants.dataAccess || context.group.path == "/nowhere/"'),
}


def asks_for_every_fact(function: str) -> str:
    """Guardrails that ask the function for its remedy, by everything that it would have to read."""
    # A policy has neither tags nor groups, and its path is in its ARN; a role is in no group.
    facts = [(scope, name) for scope in ASKED[function] if scope != VERSION for name in FACTS if (scope, name) != (TRUST, "groups") and scope != RENAME]
    asked = [(scope, name, FACTS[name]) for scope, name in facts]
    asked += [(scope, name, condition) for name, (scopes, condition) in OF_SOME.items() for scope in scopes if scope in ASKED[function]]
    return "".join(
        f'@id("fact-{number}-{name}")\n@severity("low")\n{remedy(function)}{requires(function, scope)}forbid (principal, action {scope}, resource)\nwhen {{ {condition} }};\n'
        for number, (scope, name, condition) in enumerate(asked)
    )


TRUST_POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "999999999999"}, "Action": "sts:AssumeRole"}]}


def remedy(function: str) -> str:
    return "" if function == WATCH else f'@remedy("{function}")\n'


def requires(function: str, scope: str) -> str:
    return f'@requires("{REQUIRED[scope]}")\n' if function == RESTORE_GUARD else ""


def every_change(world: World):
    """Events of every kind that a guardrail can ask about, each a moment after it happened."""
    mallory = world.user("mallory")
    actor = iam_user("mallory", mallory.id, accessKeyId=world.key(mallory))
    team = world.group("team", holds=[READ_ONLY])
    world.writes_inline(team)
    own = world.policy("own")
    user = world.user("some-user", holds=[ADMINISTRATOR, own], groups=[team])
    group, role = world.group("some-group", holds=[own]), world.role("some-role", holds=[own])
    for target in (user, group, role):
        world.writes_inline(target)
        world.attach(READ_ONLY, target)
        yield attachment(READ_ONLY, **{target.kind: target}, actor=actor)
        yield attachment(own, **{target.kind: target}, actor=actor)
        yield put_inline(target, ALLOW_READING, actor=actor)
    yield joined(user, team, actor)
    yield trust_updated(role, json.dumps(TRUST_POLICY), actor)
    shared = world.policy("shared")
    world.attach(shared, team)
    yield version_created(shared, world.writes_version(shared, ALLOW_READING), ALLOW_READING, actor=actor)
    yield version_created(own, world.writes_version(own, ALLOW_READING), ALLOW_READING, actor=actor)
    yield default_set(own, "v1", actor)
    world.login(user)
    yield login_reset(user, actor)
    yield device_deactivated(user, actor)
    yield device_enabled(user, "arn:aws:iam::123456789012:mfa/phone", actor)
    yield detached(DENY_WITHOUT_MFA, user, actor)
    yield password_policy_set(actor, MinimumPasswordLength=14)
    guard = the_guard(world)
    world.attach(guard, team)
    for target in (user, group, role):
        yield detached(guard, target, actor)
        yield inline_deleted(target, "guard", actor)
    yield boundary_changed(user, own, actor)
    yield boundary_changed(role, None, actor)
    yield left(user, team, actor)
    yield key_activated(world.key(user), user.name, actor=actor)
    yield exposure(world.key(user))
    yield misuse(of_session(role.name))
    yield iam_call("DetachUserPolicy", {"userName": user.name, "policyArn": DENY_EVERYTHING}, actor)
    yield iam_call("DeleteRolePolicy", {"roleName": role.name, "policyName": "RescindQuarantine-1772455454"}, actor)


def moved_and_gone(world: World):
    """What makes detach-policy look for a target under another name."""
    world.rename(world.user("gone", holds=[BILLING]), "elsewhere")
    yield attachment(BILLING, user="gone")
    yield attachment(BILLING, group="gone")
    yield attachment(ADMINISTRATOR, role=world.role("AWSServiceRoleForBackdoor", holds=[ADMINISTRATOR]))


def held_and_stopped(world: World, tmp_path, function: str) -> None:
    """A tick judges what was held, and reports a stop."""
    offence = next(offence for offence in OFFENCES if offence.function == function and not offence.finding)
    event, _ = offence.commit(world)
    guardrails = rulebook(tmp_path, offence.guardrails, severity="high")
    settings = {"name": function, "guardrails": guardrails, **offence.settings, "STORM_LIMIT": "1"}
    for receipt in world.receives(event, **settings).undos:
        world.take_back(receipt)
    if offence.given_back_by:
        offence.given_back_by(world)
    assert world.receives(anew(event), **settings).outcome == "held"
    world.ledger.an_hour_passes()
    world.ledger.stop(everything="a reason")
    assert world.tick(**settings).outcome == "observed"


def every_credential(world: World):
    polsen = world.user("polsen")
    ssh = world.iam.upload_ssh_public_key(UserName="polsen", SSHPublicKeyBody=SSH_KEY)["SSHPublicKey"]["SSHPublicKeyId"]
    certificate = world.iam.upload_signing_certificate(UserName="polsen", CertificateBody=self_signed_certificate())["Certificate"]["CertificateId"]
    world.aws.know_a_service_credential("polsen", "ACCAEXAMPLEEXAMPLE00")
    for call, parameter, credential in (
        ("UpdateSSHPublicKey", "sSHPublicKeyId", ssh),
        ("UpdateSigningCertificate", "certificateId", certificate),
        ("UpdateServiceSpecificCredential", "serviceSpecificCredentialId", "ACCAEXAMPLEEXAMPLE00"),
    ):
        yield iam_call(call, {"userName": "polsen", parameter: credential, "status": "Active"})
    yield exposure(world.key(polsen))
    yield attachment(QUARANTINE, user=world.user("fenced", holds=[QUARANTINE]))


def whoever_has_no_room(world: World):
    world.role("responder")
    deploy, web = world.user("deploy"), world.role("web")
    for operation in ("AttachUserPolicy", "PutRolePolicy"):
        world.aws.have_no_room(operation)
    yield exposure(world.key(deploy))
    yield exposure(world.key(world.user("second")))
    yield misuse(of_session(web.name))


def the_text_of_a_quarantine(world: World):
    world.role("responder")
    world.user("contained", holds=[DENY_EVERYTHING])
    change = iam_call("CreatePolicyVersion", {"policyArn": DENY_EVERYTHING, "setAsDefault": True})
    world.iam.create_policy_version(PolicyArn=DENY_EVERYTHING, PolicyDocument=json.dumps(ALLOW_READING), SetAsDefault=True)
    yield change
    world.iam.create_policy_version(PolicyArn=DENY_EVERYTHING, PolicyDocument=json.dumps(ALLOW_READING), SetAsDefault=True)
    world.iam.delete_policy_version(PolicyArn=DENY_EVERYTHING, VersionId="v1")
    yield change


def twice_misused(world: World):
    world.role("responder")
    web = world.role("web")
    yield misuse(of_session(web.name))
    time.sleep(1.1)
    yield updated(misuse(of_session(web.name)))


def whoever_was_renamed(world: World):
    world.role("responder")
    gone = world.user("gone")
    event = exposure(world.key(gone))
    world.rename(gone, "elsewhere")
    yield event


def nobody_on_the_list(world: World):
    """Where no break-glass principal exists, the whole account is read for another administrator, and everything that one holds."""
    world.writes_inline(world.role("administrator", holds=[ADMINISTRATOR]))
    team = world.group("team", holds=[ADMINISTRATOR])
    polsen = world.user("polsen", holds=[BILLING], groups=[team])
    key, actor = world.key(polsen), iam_user("polsen", polsen.id)
    for holder in (team, polsen):
        world.writes_inline(holder)
    text = json.dumps({"Version": "2012-10-17", "Statement": [EVERYONE]})
    web = world.trusting("web", text)
    world.login(polsen)
    for name in ("polsen", "elsewhere"):
        if name != polsen.name:
            world.rename(polsen, name)
        yield attachment(BILLING, user="polsen", actor=actor)
        yield put_inline(polsen, ALLOW_READING, actor=actor)
        yield joined("polsen", "team", actor)
        yield trust_updated(web, text, actor)
        yield detached(KEY_QUARANTINE, polsen, actor)
        yield key_activated(key, "polsen", actor=actor)
        yield login_made("polsen", actor)
        yield login_made("polsen", iam_user("mallory"))
    # Whoever holds the policy does not count either.
    tools = world.policy("tools")
    world.iam.attach_group_policy(GroupName="team", PolicyArn=tools)
    yield version_created(tools, world.writes_version(tools, ALLOW_ALL), ALLOW_ALL, actor=actor)


def whoever_may_lift_was_renamed(world: World):
    """A break-glass user who is known by the unique id, and has another name now."""
    tools = world.policy("tools")
    yield version_created(tools, world.writes_version(tools, ALLOW_ALL), ALLOW_ALL)


RESPONDING_USER = "arn:aws:iam::123456789012:user/responder"


def a_role_is_the_only_administrator(world: World):
    """Of a break-glass user with a unique id, all users are listed: they may have been renamed."""
    world.writes_inline(world.role("administrator", holds=[ADMINISTRATOR]))
    text = json.dumps({"Version": "2012-10-17", "Statement": [EVERYONE]})
    yield trust_updated(world.trusting("web", text), text)


def whoever_lost_a_boundary(world: World):
    polsen = world.user("polsen", path="/nowhere/")
    world.policy("Boundary")
    yield boundary_changed(polsen, actor=by_itself(polsen))


# What the policy that all functions share allows, and a function never needs: these two change no group, and no membership.
UNUSED = {RESTORE_TRUST: {"iam:GetGroup"}, REMOVE_LOGIN: {"iam:GetGroup"}, WATCH: {"dynamodb:DeleteItem"}, WATCH_TAMPERING: {"dynamodb:DeleteItem"}}

# Beyond the offences and the facts: what makes a function go on to a call that it rarely needs, with its environment.
def a_day(world: World):
    """The tick that sends the digest."""
    yield scheduled()


def whoever_is_watched(world: World):
    """A session of somebody in a group, one of somebody who was renamed since, and an identity of each kind."""
    team = world.group("team", holds=[READ_ONLY])
    world.writes_inline(team)
    own = world.policy("own")
    user, role = world.user("dana", holds=[READ_ONLY, own], groups=[team]), world.role("deploy", holds=[own])
    world.writes_inline(user)
    world.writes_inline(role)
    session = anew(sample("get-federation-token"))
    for name, actor in [("GetSessionToken", user), ("GetSessionToken", world.rename(world.user("old"), "new"))]:
        identity = iam_user("old" if actor.name == "new" else actor.name, actor.id)
        yield but(anew(session), eventName=name, userIdentity=identity, requestParameters={"durationSeconds": 900}, eventTime=just_now())
    foreign = {"type": "AWSAccount", "accountId": "999999999999"}
    yield but(anew(sample("assume-role")), userIdentity=foreign, requestParameters={"roleArn": role.arn, "roleSessionName": "x"}, eventTime=just_now())
    for target in (user, team, role):
        yield iam_call({"user": "CreateUser", "group": "CreateGroup", "role": "UpdateRole"}[target.kind], {f"{target.kind}Name": target.name})
    for name in ("console-login-failed", "run-instances-root"):
        yield but(anew(sample(name)), eventTime=just_now())
    yield iam_call("UpdateUser", {"userName": "former", "newUserName": world.user("present").name})


def what_is_switched_off(world: World):
    """A trail, and a rule of a stack."""
    rule = {"Type": "AWS::Events::Rule", "Properties": {"Name": "rescind-Rule-1A2B", "EventPattern": {"source": ["aws.iam"]}, "State": "DISABLED"}}
    world.account.client("cloudformation").create_stack(StackName="least", TemplateBody=json.dumps({"Resources": {"Rule": rule}}))
    world.account.client("s3").create_bucket(Bucket="trail")
    world.account.client("cloudtrail").create_trail(Name="rescind-management-events", S3BucketName="trail")
    yield but(anew(sample("stop-logging")), eventTime=just_now())
    world.account.client("events").disable_rule(Name="rescind-Rule-1A2B")
    yield but(anew(sample("disable-rule")), requestParameters={"name": "rescind-Rule-1A2B"}, eventTime=just_now())
    world.account.client("cloudformation").delete_stack(StackName="least")
    world.account.client("cloudtrail").delete_trail(Name="rescind-management-events")
    world.account.client("s3").delete_bucket(Bucket="trail")


RARELY = {
    DETACH_POLICY: [(moved_and_gone, {})],
    DELETE_INLINE_POLICY: [],
    REMOVE_GROUP_MEMBER: [],
    RESTORE_TRUST: [(a_role_is_the_only_administrator, RESPONDER), (a_role_is_the_only_administrator, {"BREAK_GLASS": f"{RESPONDING_USER}=AIDAEXAMPLEEXAMPLE00"})],
    RESTORE_POLICY_VERSION: [(whoever_may_lift_was_renamed, {"BREAK_GLASS": "arn:aws:iam::123456789012:user/gone=AIDAEXAMPLEEXAMPLE01"})],
    DETACH_EVERYWHERE: [(whoever_may_lift_was_renamed, {"BREAK_GLASS": "arn:aws:iam::123456789012:user/gone=AIDAEXAMPLEEXAMPLE01"})],
    REMOVE_LOGIN: [],
    RESTORE_PASSWORD_POLICY: [],
    RESTORE_GUARD: [(whoever_lost_a_boundary, {})],
    QUARANTINE_KEY: [(every_credential, {})],
    WATCH: [(whoever_is_watched, {}), (a_day, {"DIGEST_HOUR": "0"})],
    WATCH_TAMPERING: [(what_is_switched_off, {"STACK_ID": "least"})],
    QUARANTINE_PRINCIPAL: [(whoever_has_no_room, RESPONDER), (whoever_was_renamed, RESPONDER), (twice_misused, RESPONDER), (the_text_of_a_quarantine, RESPONDER)],
}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_each_function_makes_exactly_the_calls_that_its_role_allows(world, tmp_path, function):
    for offence in OFFENCES:
        if offence.function == function:
            event, _ = offence.commit(world)
            settings = {"name": function, "guardrails": rulebook(tmp_path, offence.guardrails), **offence.settings}
            world.aws.instead(offence.write, world.kill)
            world.receives(event, fresh=True, **settings)
            world.aws.forget()
            world.ledger.age()
            world.receives(event, **settings)
            world.start_over()
    if function not in (WATCH, WATCH_TAMPERING):
        held_and_stopped(world, tmp_path, function)
        world.start_over()
    facts = rulebook(tmp_path, asks_for_every_fact(function))
    for make, settings in itertools.chain([(every_change, RESPONDER), (nobody_on_the_list, RESPONDER)], RARELY[function]):
        for event in make(world):
            world.receives(event, name=function, guardrails=facts, **settings)
        world.start_over()
    assert world.made[function] == calls_of_the_role(function) - UNUSED.get(function, set())


def test_every_function_is_asked_about_something():
    assert set(FUNCTIONS) == set(ASKED) == set(RARELY) == {offence.function for offence in OFFENCES} | {WATCH, WATCH_TAMPERING}
