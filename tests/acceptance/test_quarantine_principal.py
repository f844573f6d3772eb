"""Intruders: contained by the request of another function's case, kept so, and told of."""

import json
import subprocess

import pytest
from lab.events import BILLING, answered, assumed_role, attachment, exposure, iam_call, iam_user, misuse, sample
from lab.rulebook import rulebook
from lab.world import OWN_ROLES, QUARANTINE_KEY, QUARANTINE_PRINCIPAL, RELEASE

ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
DENY_ALL = {"Version": "2012-10-17", "Statement": [{"Sid": "Quarantine", "Effect": "Deny", "Action": "*", "Resource": "*"}]}
ALLOW_ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
DETACHES_AND_CONTAINS = """
@id("billing-and-its-giver")
@description("Billing is taken back, and who gave it is contained")
@severity("critical")
@remedy("detach-policy,quarantine-principal,quarantine-key")
forbid (principal, action in Action::"attach-policy", resource)
when { context.policy.name == "Billing" };
"""


@pytest.fixture
def responder(world):
    """A stack in which somebody is left who could lift a quarantine."""
    return {"BREAK_GLASS": world.role("responder").arn}


def contained(target) -> str:
    return f"+ {target.kind} {target.name} has inline policy RescindQuarantine: {json.dumps(DENY_ALL, sort_keys=True)}"


def inline(world, target) -> dict:
    """The inline policies of a target, by name."""
    names = getattr(world.iam, f"list_{target.kind}_policies")(**{f"{target.kind.capitalize()}Name": target.name})["PolicyNames"]
    get = getattr(world.iam, f"get_{target.kind}_policy")
    return {name: get(**{f"{target.kind.capitalize()}Name": target.name, "PolicyName": name})["PolicyDocument"] for name in names}


def simulate(**request) -> str:
    run = subprocess.run([RELEASE / "rescind", "simulate"], input=json.dumps(request) + "\n", capture_output=True, text=True, check=True)
    return json.loads(run.stdout)["decision"]


def of_session(role: str, session: str | None = "i-0a") -> dict:
    principal = f"AROAEXAMPLE:{session}" if session else "AROAEXAMPLE"
    return {"accessKeyId": "ASIAEXAMPLEEXAMPLE00", "principalId": principal, "userName": role, "userType": "AssumedRole"}


def exposed(world, **settings):
    """A key of user deploy is exposed: what quarantine-key makes of it."""
    deploy = world.user("deploy", holds=[ADMINISTRATOR])
    return deploy, world.receives(exposure(world.key(deploy)), name=QUARANTINE_KEY, **settings)


def test_the_owner_of_an_exposed_key_is_denied_everything(world, responder):
    deploy, first = exposed(world)
    seen = world.hands_on(first, to=QUARANTINE_PRINCIPAL, **responder)
    assert (seen.outcome, seen.changed) == ("applied", {contained(deploy)})
    assert seen.case["askedBy"]["case"] == first.case["id"] != seen.case["id"]
    assert "user deploy is denied everything" in seen.notice.text
    world.take_back(seen.undo)
    assert contained(deploy)[2:] not in world.account.snapshot()


def test_the_same_request_twice_is_already_clean_the_second_time(world, responder):
    _, first = exposed(world)
    once, twice = (world.hands_on(first, to=QUARANTINE_PRINCIPAL, **responder) for _ in range(2))
    assert (once.outcome, twice.outcome, twice.changed) == ("applied", "already-clean", set())
    assert once.case["id"] == twice.case["id"]


def test_what_looks_contained_and_is_not_is_contained(world, responder):
    deploy, first = exposed(world)
    world.writes_inline(deploy, ALLOW_ALL, name="RescindQuarantine")
    seen = world.hands_on(first, to=QUARANTINE_PRINCIPAL, **responder)
    assert seen.outcome == "applied"
    assert inline(world, deploy) == {"RescindQuarantine": DENY_ALL}


def test_only_the_misused_session_of_a_role_is_ended_and_the_role_goes_on(world, responder):
    web = world.role("web", holds=[ADMINISTRATOR])
    first = world.receives(misuse(of_session("web")), name=QUARANTINE_KEY)
    seen = world.hands_on(first, to=QUARANTINE_PRINCIPAL, **responder)
    assert seen.outcome == "applied"
    ((name, document),) = inline(world, web).items()
    assert name.startswith("RescindQuarantine-") and name.endswith("-s-i-0a")

    def allowed(session: str, issued: str) -> bool:
        context = {"aws:userid": f"AROAEXAMPLE:{session}", "aws:TokenIssueTime": issued}
        arn = f"arn:aws:sts::123456789012:assumed-role/web/{session}"
        return simulate(id=1, principal=arn, action="s3:GetObject", resource="*", context=context, identityPolicies=[ALLOW_ALL, document]) == "allowed"

    assert not allowed("i-0a", "2026-01-01T00:00:00Z")
    assert allowed("i-0b", "2026-01-01T00:00:00Z"), "another session of the same role"
    assert allowed("i-0a", "2099-01-01T00:00:00Z"), "one that is issued later"


def test_where_a_finding_names_no_session_every_session_that_was_there_is_ended(world, responder):
    web = world.role("web")
    first = world.receives(misuse(of_session("web", session=None)), name=QUARANTINE_KEY)
    world.hands_on(first, to=QUARANTINE_PRINCIPAL, **responder)
    (name,) = inline(world, web)
    assert name.count("-") == 1


def test_a_guardrail_of_one_function_has_the_actor_contained_and_their_key_set_inactive_by_others(world, tmp_path, responder):
    polsen, mallory = world.user("polsen", holds=[BILLING]), world.user("mallory")
    key = world.key(mallory)
    guardrails = {"guardrails": rulebook(tmp_path, DETACHES_AND_CONTAINS)}
    actor = iam_user("mallory", mallory.id, accessKeyId=key)
    first = world.receives(attachment(BILLING, user=polsen, actor=actor), **guardrails)
    assert (first.outcome, first.changed) == ("applied", {polsen.no_longer_holds(BILLING)})
    assert first.case["requests"] == ["quarantine-key", "quarantine-principal"]
    assert "quarantine-principal is asked for" in first.notice.text
    contains = world.hands_on(first, to=QUARANTINE_PRINCIPAL, **responder, by="detach-policy")
    assert (contains.outcome, contains.changed) == ("applied", {contained(mallory)})
    deactivates = world.hands_on(first, to=QUARANTINE_KEY, by="detach-policy")
    assert (deactivates.outcome, deactivates.changed) == ("applied", mallory.no_longer_active(key))


@pytest.mark.parametrize("identity", [None, "ann"], ids=["by its name", "by its source identity"])
def test_an_actor_with_a_role_loses_that_session_alone(world, tmp_path, responder, identity):
    polsen, ops = world.user("polsen", holds=[BILLING]), world.role("ops")
    actor = assumed_role("ops", "someone")
    if identity:
        actor["sessionContext"]["sourceIdentity"] = identity
    first = world.receives(attachment(BILLING, user=polsen, actor=actor), guardrails=rulebook(tmp_path, DETACHES_AND_CONTAINS))
    world.hands_on(first, to=QUARANTINE_PRINCIPAL, **responder, by="detach-policy")
    (name,) = inline(world, ops)
    assert name.endswith("-i-ann" if identity else "-s-someone")


# Where there is no room.


def test_where_inline_policies_have_no_room_the_deny_is_a_policy_of_its_own(world, responder):
    deploy, first = exposed(world)
    before = world.account.snapshot()
    world.aws.have_no_room("PutUserPolicy")
    seen = world.hands_on(first, to=QUARANTINE_PRINCIPAL, **responder, fresh=True)
    arn = "arn:aws:iam::123456789012:policy/rescind/RescindQuarantine"
    assert seen.outcome == "applied"
    assert deploy.now_holds(arn) in seen.changed
    world.aws.forget()
    for undo in seen.undos:
        world.take_back(undo)
    assert world.account.snapshot() == before


def test_throttling_between_the_two_steps_is_made_good_by_the_second_try(world, responder):
    deploy, first = exposed(world)
    world.aws.have_no_room("PutUserPolicy")
    world.aws.throttle("AttachUserPolicy", times=4)
    assert world.hands_on(first, to=QUARANTINE_PRINCIPAL, **responder, fresh=True).error.type == "Retryable.Throttled"
    seen = world.hands_on(first, to=QUARANTINE_PRINCIPAL, **responder, fresh=True)
    assert (seen.outcome, seen.changed) == ("applied", {deploy.now_holds("arn:aws:iam::123456789012:policy/rescind/RescindQuarantine")})


def test_a_policy_that_somebody_put_there_to_be_harmless_is_not_taken_for_containment(world, responder):
    _, first = exposed(world)
    world.policy("RescindQuarantine", ALLOW_ALL, path="/rescind/")
    world.aws.have_no_room("PutUserPolicy")
    seen = world.hands_on(first, to=QUARANTINE_PRINCIPAL, **responder, fresh=True)
    assert (seen.outcome, seen.changed) == ("unremediable", set())


@pytest.mark.parametrize("full", ["CreatePolicy", "AttachUserPolicy"])
def test_where_nothing_has_room_a_person_is_paged(world, responder, full):
    _, first = exposed(world)
    world.aws.have_no_room("PutUserPolicy")
    world.aws.have_no_room(full)
    seen = world.hands_on(first, to=QUARANTINE_PRINCIPAL, **responder, fresh=True)
    assert (seen.outcome, seen.notice.attributes["severity"]) == ("unremediable", "critical")
    assert "no room" in seen.notice.text


# Whom it is never aimed at.


def test_its_own_roles_are_never_contained(world, responder):
    world.role(OWN_ROLES[0])
    first = world.receives(misuse(of_session(OWN_ROLES[0])), name=QUARANTINE_KEY)
    seen = world.hands_on(first, to=QUARANTINE_PRINCIPAL, **responder)
    assert (seen.outcome, seen.changed) == ("unremediable", set())


def test_aws_s_own_roles_are_never_contained(world, responder):
    world.role("AWSReservedSSO_Admin_1", path="/aws-reserved/sso.amazonaws.com/")
    first = world.receives(misuse(of_session("AWSReservedSSO_Admin_1")), name=QUARANTINE_KEY)
    seen = world.hands_on(first, to=QUARANTINE_PRINCIPAL, **responder)
    assert (seen.outcome, seen.changed) == ("unremediable", set())


def test_those_who_break_glass_are_never_contained(world):
    deploy, first = exposed(world)
    seen = world.hands_on(first, to=QUARANTINE_PRINCIPAL, BREAK_GLASS=deploy.arn)
    assert (seen.outcome, seen.changed) == ("unremediable", set())
    assert "never contained" in seen.notice.text


def test_the_last_who_could_lift_it_is_never_contained(world):
    _, first = exposed(world)
    seen = world.hands_on(first, to=QUARANTINE_PRINCIPAL)
    assert (seen.outcome, seen.changed) == ("unremediable", set())
    assert "could lock everybody out" in seen.notice.text


@pytest.mark.parametrize("left", ["listed", "an administrator through a group"])
def test_one_who_could_lift_it_is_enough(world, left):
    deploy, first = exposed(world)
    settings = {}
    if left == "listed":
        settings["BREAK_GLASS"] = world.role("responder", path="/team/").arn
    else:
        world.user("ann", groups=[world.group("admins", holds=[ADMINISTRATOR])])
    seen = world.hands_on(first, to=QUARANTINE_PRINCIPAL, **settings)
    assert (seen.outcome, seen.changed) == ("applied", {contained(deploy)})


def test_one_who_is_listed_and_does_not_exist_lifts_nothing(world):
    _, first = exposed(world)
    seen = world.hands_on(first, to=QUARANTINE_PRINCIPAL, BREAK_GLASS="arn:aws:iam::123456789012:role/nobody")
    assert (seen.outcome, seen.changed) == ("unremediable", set())


@pytest.mark.parametrize(
    ("actor", "why"),
    [
        ({"type": "Root", "arn": "arn:aws:iam::123456789012:root", "accountId": "123456789012"}, "sign in as root"),
        (iam_user("guest", arn="arn:aws:iam::999999999999:user/guest", accountId="999999999999"), "another account"),
        ({"type": "AWSService", "invokedBy": "sso.amazonaws.com"}, "neither a user nor a role"),
    ],
    ids=["root", "another account", "a service"],
)
def test_who_cannot_be_contained_is_told_to_a_person(world, tmp_path, responder, actor, why):
    polsen = world.user("polsen", holds=[BILLING])
    first = world.receives(attachment(BILLING, user=polsen, actor=actor), guardrails=rulebook(tmp_path, DETACHES_AND_CONTAINS))
    seen = world.hands_on(first, to=QUARANTINE_PRINCIPAL, **responder, by="detach-policy")
    assert (seen.outcome, seen.changed) == ("unremediable", set())
    assert why in seen.notice.text


def test_a_user_who_is_gone_or_renamed_is_told_of(world, responder):
    deploy, first = exposed(world)
    renamed = world.rename(deploy, "elsewhere")
    seen = world.hands_on(first, to=QUARANTINE_PRINCIPAL, **responder)
    assert seen.changed == {contained(renamed)}
    assert "renamed" in seen.notice.text


# What one function asks of another.


FORGERIES = {
    "no seal": lambda case: case.pop("seal"),
    "a seal of something else": lambda case: case.update(seal="AAAA"),
    "another target": lambda case: case["change"]["target"].update(name="victim"),
    "another remedy": lambda case: case.update(requests=["quarantine-principal", "detach-policy"]),
    "another account": lambda case: case.update(account="999999999999"),
    "another actor": lambda case: case["actor"].update(name="victim"),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_request_that_is_not_one_of_rescind_s_own_contains_nobody(world, responder, forgery):
    _, first = exposed(world)
    world.user("victim")
    payload = json.loads(json.dumps(first.invocation.payload))
    FORGERIES[forgery](payload["cases"][0])
    seen = world.receives(answered(payload, QUARANTINE_KEY), name=QUARANTINE_PRINCIPAL, **responder)
    assert seen.error.type in ("Final.ForgedRequest", "Final.ForeignEvent")
    assert (seen.changed, seen.notices) == (set(), [])


def test_a_request_that_is_days_old_contains_nobody(world, responder):
    _, first = exposed(world)
    payload = json.loads(json.dumps(first.invocation.payload))
    payload["cases"][0]["time"] = "2026-01-01T00:00:00Z"
    assert world.receives(answered(payload, QUARANTINE_KEY), name=QUARANTINE_PRINCIPAL, **responder).error.type == "Final.ForgedRequest"


def test_the_sample_of_a_request_is_obeyed_by_nobody(world):
    """Its seal is another stack's, and its time is past: it shows the form."""
    world.user("deploy")
    seen = world.receives(sample("requested-quarantine"), name=QUARANTINE_PRINCIPAL)
    assert (seen.error.type, seen.changed) == ("Final.ForgedRequest", set())


def test_a_case_that_asks_for_nothing_of_this_function_is_passed_over(world):
    payload = {"cases": []}
    seen = world.receives(answered(payload, QUARANTINE_KEY), name=QUARANTINE_PRINCIPAL)
    assert (seen.cases, seen.calls) == ([], [])


def test_a_stack_that_observes_contains_nobody_whatever_it_is_asked(world, responder):
    _, first = exposed(world)
    seen = world.hands_on(first, to=QUARANTINE_PRINCIPAL, **responder, mode="observe")
    assert (seen.outcome, seen.changed) == ("observed", set())


def test_a_request_that_cannot_be_sealed_is_an_error_and_the_retry_sends_it(world):
    deploy = world.user("deploy")
    event = exposure(world.key(deploy))
    world.aws.deny("GenerateMac")
    assert world.receives(event, name=QUARANTINE_KEY, fresh=True).error.type == "Final.AccessDenied"
    world.aws.forget()
    again = world.receives(event, name=QUARANTINE_KEY, fresh=True)
    assert (again.outcome, again.case["requests"]) == ("already-clean", ["quarantine-principal"])
    assert again.case["seal"]


def test_a_seal_is_told_to_nobody_but_the_function_that_is_asked(world):
    _, first = exposed(world)
    seal = first.case["seal"]
    assert seal not in str(first.notices) + "\n".join(first.invocation.logs)


# Watching the hands.


@pytest.mark.parametrize("call", ["DeleteUserPolicy", "PutUserPolicy"])
def test_a_quarantine_that_was_lifted_is_put_back(world, responder, call):
    polsen = world.user("polsen", holds=[ADMINISTRATOR])
    if call == "PutUserPolicy":
        world.writes_inline(polsen, ALLOW_ALL, name="RescindQuarantine")
    seen = world.receives(iam_call(call, {"userName": "polsen", "policyName": "RescindQuarantine"}), name=QUARANTINE_PRINCIPAL, **responder)
    assert seen.outcome == "applied"
    assert inline(world, polsen) == {"RescindQuarantine": DENY_ALL}
    assert seen.notice.attributes["severity"] == "critical"
    assert "put back" in seen.notice.subject


def test_the_end_of_a_session_that_was_lifted_is_put_back_from_its_name(world, responder):
    web = world.role("web")
    world.hands_on(world.receives(misuse(of_session("web")), name=QUARANTINE_KEY), to=QUARANTINE_PRINCIPAL, **responder)
    ((name, document),) = inline(world, web).items()
    world.iam.delete_role_policy(RoleName="web", PolicyName=name)
    seen = world.receives(iam_call("DeleteRolePolicy", {"roleName": "web", "policyName": name}), name=QUARANTINE_PRINCIPAL, **responder)
    assert (seen.outcome, inline(world, web)) == ("applied", {name: document})


def test_those_who_break_glass_may_lift_it(world):
    world.user("polsen")
    event = iam_call("DeleteUserPolicy", {"userName": "polsen", "policyName": "RescindQuarantine"}, iam_user("responder"))
    seen = world.receives(event, name=QUARANTINE_PRINCIPAL, BREAK_GLASS="arn:aws:iam::123456789012:user/responder")
    assert (seen.outcome, seen.changed) == ("exempt", set())


def test_those_who_break_glass_may_give_back_whatever_was_taken(world):
    polsen = world.user("polsen", holds=[BILLING])
    event = attachment(BILLING, user=polsen, actor=iam_user("responder"))
    seen = world.receives(event, BREAK_GLASS="arn:aws:iam::123456789012:user/responder")
    assert (seen.outcome, seen.changed) == ("exempt", set())


@pytest.mark.parametrize(("role", "judged"), [(OWN_ROLES[2], False), ("somebody", True)])
def test_its_own_containment_is_no_lifting_of_it(world, responder, role, judged):
    world.user("polsen")
    event = iam_call("PutUserPolicy", {"userName": "polsen", "policyName": "RescindQuarantine"}, assumed_role(role))
    assert bool(world.receives(event, name=QUARANTINE_PRINCIPAL, **responder).cases) == judged


def test_its_own_containment_is_no_attachment_to_be_judged(world):
    polsen = world.user("polsen")
    arn = "arn:aws:iam::123456789012:policy/rescind/RescindQuarantine"
    seen = world.receives(attachment(arn, user=polsen, actor=assumed_role(OWN_ROLES[2])))
    assert (seen.cases, seen.calls) == ([], [])


# What containment is worth.


@pytest.mark.parametrize("version", ["", "V2", "V3"])
def test_aws_s_quarantine_leaves_open_what_ours_denies(world, version):
    arn = f"arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantine{version}"
    try:
        default = world.iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    except world.iam.exceptions.NoSuchEntityException:
        pytest.skip(f"the emulator does not carry {arn}")
    theirs = world.iam.get_policy_version(PolicyArn=arn, VersionId=default)["PolicyVersion"]["Document"]
    user = "arn:aws:iam::123456789012:user/polsen"
    for action, resource in [
        ("sts:AssumeRole", "arn:aws:iam::123456789012:role/admin"),
        ("iam:DeleteUserPolicy", user),
        ("iam:RemoveUserFromGroup", "arn:aws:iam::123456789012:group/g"),
        ("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:us-east-1:123456789012:secret:s"),
        ("ssm:StartSession", "arn:aws:ec2:us-east-1:123456789012:instance/i-0a"),
    ]:
        asked = {"id": 1, "principal": user, "action": action, "resource": resource}
        assert simulate(**asked, identityPolicies=[ALLOW_ALL, theirs]) == "allowed", action
        assert simulate(**asked, identityPolicies=[ALLOW_ALL, DENY_ALL]) == "explicitDeny", action
