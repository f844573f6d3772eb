"""Intruders: quarantined, kept so, and reported to people."""

import json
import re
import time

import pytest
from lab.command import rescind
from lab.events import BILLING, anew, assumed_role, attachment, exposure, iam_call, iam_user, late, misuse, updated
from lab.offence import ADMINISTRATOR, ALLOW_ALL, BILLING_AND_ITS_GIVER, DENY_ALL, DENY_EVERYTHING, of_session, undated
from lab.rulebook import rulebook
from lab.world import OWN_ROLES, QUARANTINE_PRINCIPAL, Observation

OWN_ROLE = "rescind-quarantine-principal"
AWS_DENIES_ALL = "arn:aws:iam::aws:policy/AWSDenyAll"


@pytest.fixture
def responder(world):
    """A stack in which somebody is left who could lift a quarantine."""
    return {"BREAK_GLASS": world.role("responder").arn}


def contained(target) -> str:
    return target.now_holds(DENY_EVERYTHING)


def fill(world, version: dict) -> None:
    """Somebody gives the stack's policy another text."""
    world.iam.create_policy_version(PolicyArn=DENY_EVERYTHING, PolicyDocument=json.dumps(version), SetAsDefault=True)


def default_text(world) -> dict:
    default = world.iam.get_policy(PolicyArn=DENY_EVERYTHING)["Policy"]["DefaultVersionId"]
    return world.iam.get_policy_version(PolicyArn=DENY_EVERYTHING, VersionId=default)["PolicyVersion"]["Document"]


def calls_the_version(**parameters) -> dict:
    return iam_call("CreatePolicyVersion", {"policyArn": DENY_EVERYTHING, "setAsDefault": True, **parameters}, iam_user("mallory"))


CONTAINS_WHOEVER_PUTS_ADMINISTRATORS = """
@id("contains-whoever-puts-administrators")
@severity("critical")
@remedy("quarantine-principal")
forbid (principal, action in Action::"put-policy", resource)
when { context.policy.grants.admin };
"""


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


def test_somebody_who_is_contained_already_is_so_once(world, responder):
    deploy, event = exposed(world)
    world.attach(DENY_EVERYTHING, deploy)
    seen = receives(world, event, **responder)
    assert (seen.outcome, seen.changed, seen.undos) == ("already-clean", set(), [])


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


@pytest.mark.parametrize("bounded", [False, True], ids=["without a boundary", "with a boundary"])
def test_a_user_without_room_for_a_policy_is_contained_by_the_boundary(world, responder, bounded):
    deploy, event = exposed(world)
    earlier = world.policy("earlier")
    if bounded:
        world.bound(deploy, earlier)
    before = world.account.snapshot()
    world.aws.have_no_room("AttachUserPolicy")
    seen = receives(world, event, **responder, fresh=True)
    was = {f"- user deploy is bounded by {earlier}"} if bounded else set()
    assert (seen.outcome, seen.changed) == ("applied", {f"+ user deploy is bounded by {DENY_EVERYTHING}", *was})
    assert "no room for one more policy" in seen.notice.text and ("the one before" in seen.notice.text) == bounded
    world.aws.forget()
    call = {"PutUserPermissionsBoundary": "put_user_permissions_boundary", "DeleteUserPermissionsBoundary": "delete_user_permissions_boundary"}
    getattr(world.account.client("iam", world.aws.url), call[seen.undo["operation"]])(**seen.undo["parameters"])
    assert world.account.snapshot() == before
    again = receives(world, anew(event), **responder)
    assert again.outcome == "applied"


def test_a_role_without_room_for_inline_text_gets_a_policy_of_its_own(world, responder):
    web = world.role("web", holds=[ADMINISTRATOR])
    before = world.account.snapshot()
    world.aws.have_no_room("PutRolePolicy")
    seen = receives(world, misuse(of_session("web", id=web.id)), **responder, fresh=True)
    assert seen.outcome == "applied"
    (policy,) = [fact for fact in seen.changed if fact.startswith("+ role web holds arn:aws:iam::123456789012:policy/rescind/RescindQuarantine-")]
    assert policy.endswith("-s-i-0a")
    world.aws.forget()
    for undo in seen.undos:
        world.take_back(undo)
    assert world.account.snapshot() == before


def test_throttling_between_the_two_steps_is_made_good_by_the_second_try(world, responder):
    web = world.role("web")
    event = misuse(of_session("web", id=web.id))
    world.aws.have_no_room("PutRolePolicy")
    world.aws.throttle("AttachRolePolicy", times=4)
    assert receives(world, event, **responder, fresh=True).error.type == "Retryable.Throttled"
    world.ledger.age()
    seen = receives(world, event, **responder, fresh=True)
    (fact,) = seen.changed
    assert seen.outcome == "applied" and fact.startswith("+ role web holds")


def test_a_policy_that_somebody_put_there_to_be_harmless_is_not_taken_for_containment(world, responder):
    web = world.role("web")
    event = misuse(of_session("web", id=web.id))
    would = receives(world, event, mode="observe", **responder).case["outcomes"][0]["would"]
    # Rescind names a policy by the moment of its case: this one guesses a minute of them.
    (seconds,) = re.findall(r"RescindQuarantine-(\d+)", would[0]["parameters"]["PolicyName"])
    for moment in range(int(seconds), int(seconds) + 20):
        world.policy(f"RescindQuarantine-{moment}-s-i-0a", ALLOW_ALL, path="/rescind/")
    world.aws.have_no_room("PutRolePolicy")
    seen = receives(world, event, **responder, fresh=True)
    assert (seen.outcome, seen.changed) == ("unremediable", set())


@pytest.mark.parametrize("full", ["CreatePolicy", "AttachRolePolicy"])
def test_where_nothing_has_room_a_person_is_paged(world, responder, full):
    web = world.role("web")
    world.aws.have_no_room("PutRolePolicy")
    world.aws.have_no_room(full)
    seen = receives(world, misuse(of_session("web", id=web.id)), **responder, fresh=True)
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


def test_a_quarantine_that_was_lifted_is_put_back(world, responder):
    deploy, event = exposed(world)
    receives(world, event, **responder)
    world.iam.detach_user_policy(UserName="deploy", PolicyArn=DENY_EVERYTHING)
    seen = receives(world, iam_call("DetachUserPolicy", {"userName": "deploy", "policyArn": DENY_EVERYTHING}), **responder)
    assert (seen.outcome, seen.changed) == ("applied", {contained(deploy)})
    assert seen.notice.attributes["severity"] == "critical"
    assert "put back: quarantine of user deploy" in seen.notice.subject


@pytest.mark.parametrize("call", ["DeleteUserPermissionsBoundary", "PutUserPermissionsBoundary"])
def test_the_boundary_of_a_contained_user_is_put_back(world, responder, call):
    deploy, event = exposed(world)
    world.aws.have_no_room("AttachUserPolicy")
    receives(world, event, **responder, fresh=True)
    world.bound(deploy, world.policy("wide", ALLOW_ALL))
    lifted = iam_call(call, {"userName": "deploy", "permissionsBoundary": "arn:aws:iam::123456789012:policy/wide"})
    seen = receives(world, lifted, **responder, fresh=True)
    assert (seen.outcome, f"+ user deploy is bounded by {DENY_EVERYTHING}" in seen.changed) == ("applied", True)


def test_a_boundary_of_somebody_who_is_not_contained_is_not_its_business(world, responder):
    deploy = world.user("deploy")
    world.bound(deploy, DENY_EVERYTHING)
    world.ledger.contains(deploy, by="boundary", policy=DENY_EVERYTHING)
    world.user("polsen")
    seen = receives(world, iam_call("DeleteUserPermissionsBoundary", {"userName": "polsen"}), **responder)
    assert (seen.cases, seen.notices, seen.changed) == ([], [], set())


def test_a_contained_user_who_is_renamed_and_let_go_is_contained_again(world, responder):
    deploy, event = exposed(world)
    receives(world, event, **responder)
    renamed = world.rename(deploy, "elsewhere")
    world.iam.detach_user_policy(UserName="elsewhere", PolicyArn=DENY_EVERYTHING)
    seen = receives(world, iam_call("DetachUserPolicy", {"userName": "elsewhere", "policyArn": DENY_EVERYTHING}), **responder)
    assert (seen.outcome, seen.changed) == ("applied", {contained(renamed)})


def test_a_contained_user_who_is_let_go_and_renamed_at_once_is_contained_again(world, responder):
    deploy, event = exposed(world)
    receives(world, event, **responder)
    world.iam.detach_user_policy(UserName="deploy", PolicyArn=DENY_EVERYTHING)
    renamed = world.rename(deploy, "elsewhere")
    seen = receives(world, iam_call("DetachUserPolicy", {"userName": "deploy", "policyArn": DENY_EVERYTHING}), **responder)
    assert (seen.outcome, seen.changed) == ("applied", {contained(renamed)})


def test_a_user_who_was_deleted_and_made_anew_is_nobody_whom_rescind_contained(world, responder):
    _, event = exposed(world)
    receives(world, event, **responder)
    world.remove("user", "deploy")
    world.user("deploy")
    seen = receives(world, iam_call("DetachUserPolicy", {"userName": "deploy", "policyArn": DENY_EVERYTHING}), **responder)
    assert (seen.outcome, seen.changed) == ("unremediable", set())


@pytest.mark.parametrize("spelt", [str, str.lower], ids=["as it was put", "in lower case"])
@pytest.mark.parametrize("call", ["DeleteRolePolicy", "PutRolePolicy"])
def test_the_end_of_a_session_that_was_lifted_is_put_back_to_the_letter(world, responder, call, spelt):
    web = world.role("web")
    receives(world, misuse(of_session("web", session="I-0A", id=web.id)), **responder)
    ((name, document),) = inline(world, web).items()
    if call == "DeleteRolePolicy":
        world.iam.delete_role_policy(RoleName="web", PolicyName=name)
    else:
        time.sleep(1.1)  # its name has the second in it
        world.writes_inline(web, ALLOW_ALL, name=name)
    lifted = iam_call(call, {"roleName": "web", "policyName": spelt(name), "policyDocument": json.dumps(ALLOW_ALL)})
    seen = receives(world, lifted, **responder)
    assert seen.outcome == "applied"
    if call == "DeleteRolePolicy":
        assert inline(world, web) == {name: document}
    else:
        overwritten = inline(world, web)
        assert overwritten.pop(name) == ALLOW_ALL, "delete-inline-policy judges it, and cannot delete the deny by mistake"
        ((again, denies),) = overwritten.items()
        assert again.endswith("-s-I-0A") and denies["Statement"][0]["Effect"] == "Deny"


@pytest.mark.parametrize("kind", ["user", "role"])
def test_what_is_only_called_a_quarantine_is_somebody_else_s(world, responder, kind):
    """Otherwise Rescind would cut off whomever an attacker likes."""
    target = getattr(world, kind)("polsen")
    call, policy = ("DetachUserPolicy", {"policyArn": DENY_EVERYTHING}) if kind == "user" else ("DeleteRolePolicy", {"policyName": "RescindQuarantine-1772455454"})
    seen = receives(world, iam_call(call, {f"{kind}Name": target.name, **policy}), **responder)
    assert (seen.outcome, seen.changed, seen.writes) == ("unremediable", set(), [])
    assert "its ledger says" in seen.notice.text


@pytest.mark.parametrize("who", ["a break-glass principal", "root"])
def test_who_may_lift_a_quarantine_does_so_for_good(world, who):
    deploy, event = exposed(world)
    responder = world.user("responder")
    settings = {"BREAK_GLASS": responder.arn}
    world.aws.have_no_room("AttachUserPolicy")
    receives(world, event, **settings, fresh=True)
    world.aws.forget()
    actor = iam_user("responder") if who != "root" else {"type": "Root", "arn": "arn:aws:iam::123456789012:root", "accountId": "123456789012"}
    world.account.client("iam", world.aws.url).delete_user_permissions_boundary(UserName="deploy")
    lifts = iam_call("DeleteUserPermissionsBoundary", {"userName": "deploy"}, actor)
    assert receives(world, lifts, **settings).outcome == "exempt"
    later = receives(world, iam_call("DeleteUserPermissionsBoundary", {"userName": "deploy"}, iam_user("mallory")), **settings)
    assert (later.cases, later.changed) == ([], set())


def test_a_lift_that_did_not_happen_releases_nobody(world):
    """Somebody who may invoke the function says that root let a user go."""
    deploy, event = exposed(world)
    settings = {"BREAK_GLASS": world.user("responder").arn}
    receives(world, event, **settings)
    root = {"type": "Root", "arn": "arn:aws:iam::123456789012:root", "accountId": "123456789012"}
    lifts = {"userName": "deploy", "policyArn": DENY_EVERYTHING}
    assert receives(world, iam_call("DetachUserPolicy", lifts, root), **settings).outcome == "exempt"
    world.iam.detach_user_policy(UserName="deploy", PolicyArn=DENY_EVERYTHING)
    seen = receives(world, iam_call("DetachUserPolicy", lifts, iam_user("mallory")), **settings)
    assert (seen.outcome, seen.changed) == ("applied", {contained(deploy)})


def test_what_was_lifted_before_the_quarantine_does_not_lift_it(world):
    deploy, event = exposed(world)
    settings = {"BREAK_GLASS": world.user("responder").arn}
    receives(world, event, **settings)
    lifts = iam_call("DetachUserPolicy", {"userName": "deploy", "policyArn": DENY_EVERYTHING}, iam_user("responder"))
    receives(world, late(lifts), **settings)
    world.iam.detach_user_policy(UserName="deploy", PolicyArn=DENY_EVERYTHING)
    seen = receives(world, iam_call("DetachUserPolicy", {"userName": "deploy", "policyArn": DENY_EVERYTHING}), **settings)
    assert (seen.outcome, seen.changed) == ("applied", {contained(deploy)})


def test_a_user_renamed_before_and_after_is_contained_again(world, responder):
    deploy, event = exposed(world)
    receives(world, event, **responder)
    second = world.rename(deploy, "second")
    world.iam.detach_user_policy(UserName="second", PolicyArn=DENY_EVERYTHING)
    third = world.rename(second, "third")
    seen = receives(world, iam_call("DetachUserPolicy", {"userName": "second", "policyArn": DENY_EVERYTHING}), **responder)
    assert (seen.outcome, seen.changed) == ("applied", {contained(third)})


def test_who_was_contained_by_somebody_else_is_kept_so_from_then_on(world, responder):
    deploy, event = exposed(world)
    world.attach(DENY_EVERYTHING, deploy)
    assert receives(world, event, **responder).outcome == "already-clean"
    world.iam.detach_user_policy(UserName="deploy", PolicyArn=DENY_EVERYTHING)
    seen = receives(world, iam_call("DetachUserPolicy", {"userName": "deploy", "policyArn": DENY_EVERYTHING}), **responder)
    assert (seen.outcome, seen.changed) == ("applied", {contained(deploy)})


def test_two_stacks_that_contain_the_same_user_do_not_fight(world, responder):
    deploy, event = exposed(world)
    other = world.policy("RescindDenyEverything-of-another-stack", DENY_ALL, path="/rescind/")
    world.aws.have_no_room("AttachUserPolicy")
    world.bound(deploy, other)
    seen = receives(world, event, **responder, fresh=True)
    assert (seen.outcome, seen.changed) == ("already-clean", set())
    replaced = iam_call("PutUserPermissionsBoundary", {"userName": "deploy", "permissionsBoundary": other})
    assert receives(world, replaced, **responder, fresh=True).cases == []


def test_killed_after_the_boundary_the_next_try_still_knows_the_one_before(world, responder):
    deploy, event = exposed(world)
    earlier = world.policy("earlier")
    world.bound(deploy, earlier)
    world.aws.have_no_room("AttachUserPolicy")
    world.aws.afterwards("PutUserPermissionsBoundary", world.kill)
    receives(world, event, **responder, fresh=True)
    world.aws.forget()
    world.ledger.age()
    seen = receives(world, event, **responder, fresh=True)
    assert (seen.outcome, seen.undo["parameters"]["PermissionsBoundary"]) == ("applied", earlier)


def test_without_its_ledger_no_boundary_is_replaced_that_nothing_else_knows(world, responder):
    deploy, event = exposed(world)
    world.bound(deploy, world.policy("earlier"))
    world.aws.have_no_room("AttachUserPolicy")
    seen = receives(world, event, **responder, fresh=True, LEDGER_TABLE="nowhere")
    assert (seen.error.type, seen.changed) == ("Retryable.Unreachable", set())


def test_an_overwritten_quarantine_is_judged_as_the_put_that_it_is_as_well(world, tmp_path, responder):
    web, ops = world.role("web"), world.role("ops")
    receives(world, misuse(of_session("web", id=web.id)), **responder)
    (name,) = inline(world, web)
    time.sleep(1.1)  # its name has the second in it
    world.writes_inline(web, ALLOW_ALL, name=name)
    book = rulebook(tmp_path, CONTAINS_WHOEVER_PUTS_ADMINISTRATORS)
    put = iam_call("PutRolePolicy", {"roleName": "web", "policyName": name, "policyDocument": json.dumps(ALLOW_ALL)}, assumed_role("ops", "x", id=ops.id))
    seen = receives(world, put, guardrails=book, **responder)
    assert [case["outcome"] for case in seen.cases] == ["applied", "applied"]
    assert len(inline(world, ops)) == 1 and len(inline(world, web)) == 2


# The text of the stack's own policy: one new version would lift every quarantine.


def test_the_text_that_contains_users_is_restored(world, responder):
    world.user("deploy", holds=[DENY_EVERYTHING])
    fill(world, ALLOW_ALL)
    seen = receives(world, calls_the_version(), **responder)
    assert (seen.outcome, default_text(world)) == ("applied", DENY_ALL)
    assert [str(call) for call in seen.writes] == ["iam:SetDefaultPolicyVersion"]
    assert seen.notice.attributes["severity"] == "critical"
    assert "is denied everything again" in seen.notice.text


def test_an_older_version_with_another_text_is_no_longer_the_default(world, responder):
    fill(world, ALLOW_ALL)
    world.iam.set_default_policy_version(PolicyArn=DENY_EVERYTHING, VersionId="v1")
    world.iam.set_default_policy_version(PolicyArn=DENY_EVERYTHING, VersionId="v2")
    seen = receives(world, iam_call("SetDefaultPolicyVersion", {"policyArn": DENY_EVERYTHING.lower(), "versionId": "v2"}), **responder)
    assert (seen.outcome, default_text(world)) == ("applied", DENY_ALL)


def test_a_version_that_says_the_same_is_no_offence(world, responder):
    fill(world, DENY_ALL)
    seen = receives(world, calls_the_version(), **responder)
    assert (seen.outcome, seen.writes) == ("already-clean", [])


def test_if_no_version_has_the_text_any_more_aws_s_own_policy_contains_whoever_holds_it(world, responder):
    deploy, polsen, bystander = world.user("deploy"), world.user("polsen"), world.user("bystander", holds=[DENY_EVERYTHING])
    gone = world.user("gone")
    for user in (gone, deploy):
        receives(world, exposure(world.key(user)), **responder)
    world.remove("user", "gone")
    fill(world, ALLOW_ALL)
    world.iam.delete_policy_version(PolicyArn=DENY_EVERYTHING, VersionId="v1")
    seen = receives(world, calls_the_version(), **responder)
    assert (seen.outcome, seen.changed) == ("applied", {deploy.now_holds(AWS_DENIES_ALL)})
    assert "now contains user deploy, because" in seen.notice.text, "not the one who is gone, and nobody whom Rescind did not contain"
    assert "aws iam create-policy-version --policy-arn" in seen.notice.text and bystander.name not in seen.notice.text
    exposed_too = receives(world, exposure(world.key(polsen)), **responder)
    assert (exposed_too.outcome, exposed_too.changed) == ("applied", {polsen.now_holds(AWS_DENIES_ALL)})
    world.iam.detach_user_policy(UserName="deploy", PolicyArn=AWS_DENIES_ALL)
    lifted = receives(world, iam_call("DetachUserPolicy", {"userName": "deploy", "policyArn": AWS_DENIES_ALL}), **responder)
    assert (lifted.outcome, lifted.changed) == ("applied", {deploy.now_holds(AWS_DENIES_ALL)})


def test_without_the_policy_aws_s_own_contains(world, responder):
    world.iam.delete_policy(PolicyArn=DENY_EVERYTHING)
    gone = receives(world, iam_call("DeletePolicy", {"policyArn": DENY_EVERYTHING}), **responder)
    assert (gone.outcome, gone.changed) == ("unremediable", set())
    assert "aws iam create-policy --path /rescind/ --policy-document" in gone.notice.text
    deploy, event = exposed(world)
    assert receives(world, event, **responder).changed == {deploy.now_holds(AWS_DENIES_ALL)}


@pytest.mark.parametrize("arn", ["arn:aws:iam::123456789012:policy/own", DENY_EVERYTHING[:-1], DENY_EVERYTHING.replace("123456789012", "999999999999")])
def test_another_policy_s_versions_are_not_its_business_yet(world, responder, arn):
    seen = receives(world, calls_the_version(policyArn=arn), **responder)
    assert seen.changed == set() and [case["outcome"] for case in seen.cases] in ([], ["unremediable"])


def test_those_who_break_glass_may_give_back_whatever_was_taken(world):
    polsen = world.user("polsen", holds=[BILLING])
    event = attachment(BILLING, user=polsen, actor=iam_user("responder"))
    seen = world.receives(event, BREAK_GLASS="arn:aws:iam::123456789012:user/responder")
    assert (seen.outcome, seen.changed) == ("exempt", set())


@pytest.mark.parametrize(("role", "judged"), [(OWN_ROLE, False), ("somebody", True)])
def test_its_own_doing_is_no_lifting_of_a_quarantine(world, responder, role, judged):
    world.ledger.contains(world.user("polsen"), by="attached", policy=DENY_EVERYTHING)
    event = iam_call("DetachUserPolicy", {"userName": "polsen", "policyArn": DENY_EVERYTHING}, assumed_role(role))
    assert bool(receives(world, event, **responder).cases) == judged


def test_its_own_containment_is_no_attachment_to_be_judged(world):
    polsen = world.user("polsen")
    seen = world.receives(attachment(DENY_EVERYTHING, user=polsen, actor=assumed_role(OWN_ROLE)))
    assert (seen.cases, seen.calls) == ([], [])


NOBODY_ATTACHES_ANYTHING_OF_OUR_OWN = """
@id("only-aws-s-policies")
@severity("high")
@remedy("detach-policy")
forbid (principal, action in Action::"attach-policy", resource) when { context.policy.owner != "aws" };
"""


@pytest.mark.parametrize(("document", "outcome"), [(DENY_ALL, "unremediable"), (ALLOW_ALL, "applied")], ids=["a quarantine", "its name alone"])
def test_a_quarantine_is_never_detached_and_its_name_protects_nothing_else(world, tmp_path, document, outcome):
    arn = world.policy("RescindDenyEverything-of-an-earlier-stack", document, path="/rescind/")
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


@pytest.mark.parametrize("by", ["attached", "boundary"])
def test_a_lift_whose_first_try_failed_is_put_back_by_the_next_however_late_it_is(world, responder, by):
    """The first try has noted in the ledger, long after the call, by what it contains the user."""
    deploy = world.user("deploy", holds=[ADMINISTRATOR])
    world.ledger.contains(deploy, by=by, policy=DENY_EVERYTHING)
    call = {"attached": "DetachUserPolicy", "boundary": "DeleteUserPermissionsBoundary"}[by]
    event = late(iam_call(call, {"userName": "deploy", **({"policyArn": DENY_EVERYTHING} if by == "attached" else {})}))
    world.aws.fail("AttachUserPolicy", 503)
    assert world.receives(event, name=QUARANTINE_PRINCIPAL, fresh=True, **responder).error.type == "Retryable.ServiceError"
    world.aws.forget()
    world.ledger.age()
    again = world.receives(event, name=QUARANTINE_PRINCIPAL, fresh=True, **responder)
    assert (again.outcome, again.changed) == ("applied", {contained(deploy)})
