"""Intruders: quarantined, kept so, and reported to people."""

import json
import time

import pytest
from lab.command import rescind
from lab.events import BILLING, assumed_role, attachment, exposure, iam_call, iam_user, misuse, updated
from lab.offence import ADMINISTRATOR, ALLOW_ALL, BILLING_AND_ITS_GIVER, DENY_ALL, of_session, undated
from lab.rulebook import rulebook
from lab.world import OWN_ROLES, QUARANTINE_PRINCIPAL, Observation

OWN_ROLE = "rescind-quarantine-principal"


@pytest.fixture
def responder(world):
    """A stack in which somebody is left who could lift a quarantine."""
    return {"BREAK_GLASS": world.role("responder").arn}


def contained(target) -> str:
    return target.now_has("RescindQuarantine", DENY_ALL)


def inline(world, target) -> dict:
    """The inline policies of a target, by name."""
    names = getattr(world.iam, f"list_{target.kind}_policies")(**{f"{target.kind.capitalize()}Name": target.name})["PolicyNames"]
    get = getattr(world.iam, f"get_{target.kind}_policy")
    return {name: get(**{f"{target.kind.capitalize()}Name": target.name, "PolicyName": name})["PolicyDocument"] for name in names}


def simulate(**request) -> str:
    return json.loads(rescind("simulate", stdin=json.dumps(request) + "\n").stdout)["decision"]


def receives(world, event, **settings) -> Observation:
    return world.receives(event, name=QUARANTINE_PRINCIPAL, **settings)


def exposed(world):
    """Deploy, an administrator, and the event that a key of theirs is exposed."""
    deploy = world.user("deploy", holds=[ADMINISTRATOR])
    return deploy, exposure(world.key(deploy))


def test_the_owner_of_an_exposed_key_is_denied_everything(world, responder):
    deploy, event = exposed(world)
    seen = receives(world, event, **responder)
    assert (seen.outcome, seen.changed) == ("applied", {contained(deploy)})
    assert "user deploy is denied everything" in seen.notice.text
    world.take_back(seen.undo)
    assert contained(deploy)[2:] not in world.account.snapshot()


def test_what_looks_contained_and_is_not_is_contained(world, responder):
    deploy, event = exposed(world)
    world.writes_inline(deploy, ALLOW_ALL, name="RescindQuarantine")
    seen = receives(world, event, **responder)
    assert seen.outcome == "applied"
    assert inline(world, deploy) == {"RescindQuarantine": DENY_ALL}


def test_only_the_misused_session_of_a_role_is_ended_and_the_role_goes_on(world, responder):
    web = world.role("web", holds=[ADMINISTRATOR])
    seen = receives(world, misuse(of_session("web")), **responder)
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
    receives(world, misuse(of_session("web", session=None)), **responder)
    (name,) = inline(world, web)
    assert name.count("-") == 1


def test_of_three_updates_of_a_finding_the_newest_quarantine_replaces_the_others(world, responder):
    web = world.role("web", holds=[ADMINISTRATOR])
    finding = misuse(of_session("web", id=web.id))
    first = receives(world, finding, **responder)
    before = world.account.snapshot()
    for _ in range(2):
        time.sleep(1.1)
        last = receives(world, updated(finding), **responder)
        (name,) = inline(world, web)
        assert (last.outcome, last.case["id"]) == ("applied", first.case["id"])
        assert name == last.writes[0].parameters["PolicyName"]
        assert "it replaces RescindQuarantine-" in last.notice.text
    for receipt in last.undos:
        world.take_back(receipt)
    assert len(inline(world, web)) == 1, "the one before it is back"
    assert undated(set(world.account.snapshot())) == undated(set(before))



@pytest.mark.parametrize("identity", [None, "ann"], ids=["by its name", "by its source identity"])
def test_an_actor_with_a_role_loses_that_session_alone(world, tmp_path, responder, identity):
    polsen, ops = world.user("polsen", holds=[BILLING]), world.role("ops")
    actor = assumed_role("ops", "someone", id=ops.id)
    if identity:
        actor["sessionContext"]["sourceIdentity"] = identity
    receives(world, attachment(BILLING, user=polsen, actor=actor), guardrails=rulebook(tmp_path, BILLING_AND_ITS_GIVER), **responder)
    (name,) = inline(world, ops)
    assert name.endswith("-i-ann" if identity else "-s-someone")


# Where there is no room.


def test_where_inline_policies_have_no_room_the_deny_is_a_policy_of_its_own(world, responder):
    deploy, event = exposed(world)
    before = world.account.snapshot()
    world.aws.have_no_room("PutUserPolicy")
    seen = receives(world, event, **responder, fresh=True)
    arn = "arn:aws:iam::123456789012:policy/rescind/RescindQuarantine"
    assert seen.outcome == "applied"
    assert deploy.now_holds(arn) in seen.changed
    world.aws.forget()
    for undo in seen.undos:
        world.take_back(undo)
    assert world.account.snapshot() == before


def test_throttling_between_the_two_steps_is_made_good_by_the_second_try(world, responder):
    deploy, event = exposed(world)
    world.aws.have_no_room("PutUserPolicy")
    world.aws.throttle("AttachUserPolicy", times=4)
    assert receives(world, event, **responder, fresh=True).error.type == "Retryable.Throttled"
    world.ledger.age()
    seen = receives(world, event, **responder, fresh=True)
    assert (seen.outcome, seen.changed) == ("applied", {deploy.now_holds("arn:aws:iam::123456789012:policy/rescind/RescindQuarantine")})


def test_a_policy_that_somebody_put_there_to_be_harmless_is_not_taken_for_containment(world, responder):
    _, event = exposed(world)
    world.policy("RescindQuarantine", ALLOW_ALL, path="/rescind/")
    world.aws.have_no_room("PutUserPolicy")
    seen = receives(world, event, **responder, fresh=True)
    assert (seen.outcome, seen.changed) == ("unremediable", set())


@pytest.mark.parametrize("full", ["CreatePolicy", "AttachUserPolicy"])
def test_where_nothing_has_room_a_person_is_paged(world, responder, full):
    _, event = exposed(world)
    world.aws.have_no_room("PutUserPolicy")
    world.aws.have_no_room(full)
    seen = receives(world, event, **responder, fresh=True)
    assert (seen.outcome, seen.notice.attributes["severity"]) == ("unremediable", "critical")
    assert "no room" in seen.notice.text


# Whom it is never aimed at.


def test_its_own_roles_are_never_contained(world, responder):
    world.role(OWN_ROLES[0])
    seen = receives(world, misuse(of_session(OWN_ROLES[0])), **responder)
    assert (seen.outcome, seen.changed) == ("unremediable", set())


def test_aws_s_own_roles_are_never_contained(world, responder):
    world.role("AWSReservedSSO_Admin_1", path="/aws-reserved/sso.amazonaws.com/")
    seen = receives(world, misuse(of_session("AWSReservedSSO_Admin_1")), **responder)
    assert (seen.outcome, seen.changed) == ("unremediable", set())


def test_those_who_break_glass_are_never_contained(world):
    deploy, event = exposed(world)
    seen = receives(world, event, BREAK_GLASS=deploy.arn)
    assert (seen.outcome, seen.changed) == ("unremediable", set())
    assert "no remedy ever touches" in seen.notice.text


def test_the_last_who_could_lift_it_is_never_contained(world):
    _, event = exposed(world)
    seen = receives(world, event)
    assert (seen.outcome, seen.changed) == ("unremediable", set())
    assert "could lock everybody out" in seen.notice.text


@pytest.mark.parametrize("left", ["listed", "an administrator through a group"])
def test_one_who_could_lift_it_is_enough(world, left):
    deploy, event = exposed(world)
    settings = {}
    if left == "listed":
        settings["BREAK_GLASS"] = world.role("responder", path="/team/").arn
    else:
        world.user("ann", groups=[world.group("admins", holds=[ADMINISTRATOR])])
    seen = receives(world, event, **settings)
    assert (seen.outcome, seen.changed) == ("applied", {contained(deploy)})


def test_one_who_is_listed_and_does_not_exist_lifts_nothing(world):
    _, event = exposed(world)
    seen = receives(world, event, BREAK_GLASS="arn:aws:iam::123456789012:role/nobody")
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
    seen = receives(world, attachment(BILLING, user=polsen, actor=actor), guardrails=rulebook(tmp_path, BILLING_AND_ITS_GIVER), **responder)
    assert (seen.outcome, seen.changed) == ("unremediable", set())
    assert why in seen.notice.text


def test_a_user_who_was_renamed_is_contained_under_the_new_name(world, responder):
    deploy, event = exposed(world)
    renamed = world.rename(deploy, "elsewhere")
    seen = receives(world, event, **responder)
    assert seen.changed == {contained(renamed)}
    assert "user elsewhere" in seen.notice.text


# Watching the hands.


@pytest.mark.parametrize("call", ["DeleteUserPolicy", "PutUserPolicy"])
def test_a_quarantine_that_was_lifted_is_put_back(world, responder, call):
    polsen = world.user("polsen", holds=[ADMINISTRATOR])
    if call == "PutUserPolicy":
        world.writes_inline(polsen, ALLOW_ALL, name="RescindQuarantine")
    seen = receives(world, iam_call(call, {"userName": "polsen", "policyName": "RescindQuarantine"}), **responder)
    assert seen.outcome == "applied"
    assert inline(world, polsen) == {"RescindQuarantine": DENY_ALL}
    assert seen.notice.attributes["severity"] == "critical"
    assert "put back" in seen.notice.subject


def test_the_end_of_a_session_that_was_lifted_is_put_back_from_its_name(world, responder):
    web = world.role("web")
    receives(world, misuse(of_session("web")), **responder)
    ((name, document),) = inline(world, web).items()
    world.iam.delete_role_policy(RoleName="web", PolicyName=name)
    seen = receives(world, iam_call("DeleteRolePolicy", {"roleName": "web", "policyName": name}), **responder)
    assert (seen.outcome, inline(world, web)) == ("applied", {name: document})


def test_those_who_break_glass_may_lift_it(world):
    world.user("polsen")
    event = iam_call("DeleteUserPolicy", {"userName": "polsen", "policyName": "RescindQuarantine"}, iam_user("responder"))
    seen = receives(world, event, BREAK_GLASS="arn:aws:iam::123456789012:user/responder")
    assert (seen.outcome, seen.changed) == ("exempt", set())


def test_those_who_break_glass_may_give_back_whatever_was_taken(world):
    polsen = world.user("polsen", holds=[BILLING])
    event = attachment(BILLING, user=polsen, actor=iam_user("responder"))
    seen = world.receives(event, BREAK_GLASS="arn:aws:iam::123456789012:user/responder")
    assert (seen.outcome, seen.changed) == ("exempt", set())


@pytest.mark.parametrize(("role", "judged"), [(OWN_ROLE, False), ("somebody", True)])
def test_its_own_containment_is_no_lifting_of_it(world, responder, role, judged):
    world.user("polsen")
    event = iam_call("PutUserPolicy", {"userName": "polsen", "policyName": "RescindQuarantine"}, assumed_role(role))
    assert bool(receives(world, event, **responder).cases) == judged


def test_its_own_containment_is_no_attachment_to_be_judged(world):
    polsen = world.user("polsen")
    arn = "arn:aws:iam::123456789012:policy/rescind/RescindQuarantine"
    seen = world.receives(attachment(arn, user=polsen, actor=assumed_role(OWN_ROLE)))
    assert (seen.cases, seen.calls) == ([], [])


NOBODY_ATTACHES_ANYTHING_OF_OUR_OWN = """
@id("only-aws-s-policies")
@severity("high")
@remedy("detach-policy")
forbid (principal, action in Action::"attach-policy", resource) when { context.policy.owner != "aws" };
"""


@pytest.mark.parametrize(("document", "outcome"), [(DENY_ALL, "unremediable"), (ALLOW_ALL, "applied")], ids=["a quarantine", "its name alone"])
def test_a_quarantine_is_never_detached_and_its_name_protects_nothing_else(world, tmp_path, document, outcome):
    arn = world.policy("RescindQuarantine", document, path="/rescind/")
    polsen = world.user("polsen", holds=[arn])
    seen = world.receives(attachment(arn, user=polsen), guardrails=rulebook(tmp_path, NOBODY_ATTACHES_ANYTHING_OF_OUR_OWN))
    assert (seen.outcome, seen.changed) == (outcome, {polsen.no_longer_holds(arn)} if outcome == "applied" else set())


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
