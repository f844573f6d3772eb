"""A role made from a template: one call gives it a trust policy and policies, and each of these is judged as the call that does it alone."""

import json
from datetime import datetime, timedelta, timezone

import pytest
from lab.command import credentials, rescind
from lab.emulator import ACCOUNT
from lab.events import BILLING, READ_ONLY, anew, but, iam_user, role_acquired, role_created
from lab.offence import ADMINISTRATOR, ALLOW_ALL
from lab.rulebook import EXEMPT_EVERYBODY, rulebook
from lab.world import (
    ALLOW_READING,
    DELETE_INLINE_POLICY,
    DETACH_POLICY,
    QUARANTINE_PRINCIPAL,
    RESTORE_TRUST,
    TRUST,
    World,
)

EVERYONE = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}
WRITES = {DETACH_POLICY: "DetachRolePolicy", DELETE_INLINE_POLICY: "DeleteRolePolicy"}


def acquired(world: World, trust: dict = EVERYONE, attached=(READ_ONLY, ADMINISTRATOR), inline: dict | None = None, **event):
    """A role with what its template gave it, and the event."""
    role = world.trusting("app", json.dumps(trust))
    for policy in attached:
        world.attach(policy, role)
    for name, document in ({"read": ALLOW_READING, "everything": ALLOW_ALL} if inline is None else inline).items():
        world.writes_inline(role, document, name=name)
    return role, role_acquired(role, json.dumps(trust), **event)


def test_each_function_takes_back_its_own_part_and_together_they_leave_what_is_lawful(world):
    role, event = acquired(world)
    detached = world.receives(event, name=DETACH_POLICY)
    deleted = world.receives(event, name=DELETE_INLINE_POLICY)
    closed = world.receives(event, name=RESTORE_TRUST)
    assert (detached.outcome, detached.changed) == ("applied", {role.no_longer_holds(ADMINISTRATOR)})
    assert (deleted.outcome, deleted.changed) == ("applied", {role.no_longer_has("everything", ALLOW_ALL)})
    assert (closed.outcome, len(closed.changed)) == ("applied", 2), "a trust was replaced by another one"
    assert len({seen.case["id"] for seen in (detached, deleted, closed)}) == 3
    for seen in (detached, deleted, closed):
        assert seen.notice.case == seen.case
        assert "AcquireRole" in seen.notice.text and "role app" in seen.notice.text


@pytest.mark.parametrize("function", [DETACH_POLICY, DELETE_INLINE_POLICY])
def test_it_can_be_undone(world, function):
    _, event = acquired(world)
    before = world.account.snapshot()
    seen = world.receives(event, name=function)
    undone = rescind("undo", "-", "--yes", stdin=json.dumps(seen.case), env=credentials(world.account.url))
    assert (undone.returncode, undone.stderr) == (0, "")
    assert world.account.snapshot() == before


@pytest.mark.parametrize("function", [DETACH_POLICY, DELETE_INLINE_POLICY])
def test_two_forbidden_policies_are_two_cases(world, function):
    _, event = acquired(world, attached=(ADMINISTRATOR, BILLING), inline={"one": ALLOW_ALL, "two": ALLOW_ALL})
    seen = world.receives(event, name=function)
    assert [case["outcome"] for case in seen.cases] == ["applied", "applied"]
    assert len({case["id"] for case in seen.cases}) == len(seen.notices) == len(seen.changed) == 2


@pytest.mark.parametrize("function", [DETACH_POLICY, DELETE_INLINE_POLICY, RESTORE_TRUST, QUARANTINE_PRINCIPAL])
def test_a_role_that_the_call_only_returned_is_not_judged(world, function):
    long_ago = datetime.now(timezone.utc) - timedelta(minutes=10)
    _, event = acquired(world, made=long_ago)
    seen = world.receives(event, name=function)
    assert (seen.cases, seen.changed, seen.operations) == ([], set(), [])


@pytest.mark.parametrize("function", [DETACH_POLICY, DELETE_INLINE_POLICY, RESTORE_TRUST])
def test_a_lawful_role_stays_as_it_is(world, function):
    _, event = acquired(world, trust=TRUST, attached=[READ_ONLY], inline={"read": ALLOW_READING})
    seen = world.receives(event, name=function)
    assert (seen.cases, seen.notices, seen.changed) == ([], [], set())


@pytest.mark.parametrize("function", [DETACH_POLICY, DELETE_INLINE_POLICY, RESTORE_TRUST])
def test_a_refused_call_made_no_role(world, function):
    _, event = acquired(world)
    seen = world.receives(but(event, errorCode="AccessDenied", responseElements=None), name=function)
    assert (seen.cases, seen.changed) == ([], set())


@pytest.mark.parametrize("answer", [None, {}, {"role": {}}, {"role": None}, {"role": {"roleName": "app"}}, {"role": {"roleName": "app", "createDate": "soon"}}])
@pytest.mark.parametrize("function", [DETACH_POLICY, DELETE_INLINE_POLICY, RESTORE_TRUST])
def test_a_record_that_does_not_say_which_new_role_it_is_is_reported(world, function, answer):
    _, event = acquired(world)
    seen = world.receives(but(event, responseElements=answer), name=function)
    assert (seen.outcome, seen.case["decision"]["verdict"], seen.changed) == ("unremediable", "unknown", set())
    assert "AcquireRole" in seen.notice.text


@pytest.mark.parametrize("parameters", [None, {}, {"omitted": True}, ["app"], {"templateArn": {"a": "b" * 100_000}}])
def test_the_parameters_are_not_looked_at(world, parameters):
    role, event = acquired(world)
    seen = world.receives(but(event, requestParameters=parameters), name=DETACH_POLICY)
    assert (seen.outcome, seen.changed) == ("applied", {role.no_longer_holds(ADMINISTRATOR)})


@pytest.mark.parametrize("function", [DETACH_POLICY, DELETE_INLINE_POLICY])
def test_another_role_that_has_the_name_by_now_keeps_its_policies(world, function):
    role, event = acquired(world)
    for policy in (READ_ONLY, ADMINISTRATOR):
        world.iam.detach_role_policy(RoleName=role.name, PolicyArn=policy)
    for name in ("read", "everything"):
        world.iam.delete_role_policy(RoleName=role.name, PolicyName=name)
    world.iam.delete_role(RoleName=role.name)
    acquired(world)
    seen = world.receives(event, name=function)
    assert (seen.outcome, seen.case["decision"]["verdict"], seen.changed) == ("unremediable", "unknown", set())
    assert "another one has its name now" in seen.notice.text


@pytest.mark.parametrize("function", [DETACH_POLICY, DELETE_INLINE_POLICY])
@pytest.mark.parametrize("when", ["before the remedy", "after the remedy", "before the notice"])
def test_a_try_that_was_cut_is_finished_although_it_took_the_policy_back(world, function, when):
    role, event = acquired(world)
    before = world.account.snapshot()
    {
        "before the remedy": lambda: world.aws.instead(WRITES[function], world.kill),
        "after the remedy": lambda: world.aws.afterwards(WRITES[function], world.kill),
        "before the notice": lambda: world.aws.instead("Publish", world.kill),
    }[when]()
    assert world.receives(event, name=function, fresh=True).invocation.error is not None
    world.aws.forget()
    world.ledger.age()
    again = world.receives(event, name=function, fresh=True)
    assert (again.outcome, again.notice.case) == ("applied", again.case)
    assert world.ledger.states == ["closed"]
    (undo,) = again.undos
    world.take_back(undo)
    assert world.account.snapshot() == before


@pytest.mark.parametrize("function", [DETACH_POLICY, DELETE_INLINE_POLICY])
def test_the_same_event_twice_is_answered_once(world, function):
    _, event = acquired(world)
    first, second = world.receives(event, name=function), world.receives(event, name=function)
    assert (first.outcome, second.case) == ("applied", first.case)
    assert (second.changed, second.notices, second.writes) == (set(), [], [])


def test_what_is_attached_after_the_first_try_is_not_the_template_s(world):
    """A retry, hours later perhaps, finds the policies that the first try found."""
    role, event = acquired(world, attached=[READ_ONLY])
    assert world.receives(event, name=DETACH_POLICY).cases == []
    world.attach(ADMINISTRATOR, role)
    assert (world.receives(event, name=DETACH_POLICY).cases, world.receives(anew(event), name=DETACH_POLICY).outcome) == ([], "applied")


def test_without_its_ledger_a_policy_is_detached_all_the_same(world):
    role, event = acquired(world)
    seen = world.receives(event, name=DETACH_POLICY, fresh=True, LEDGER_TABLE="nowhere")
    assert (seen.outcome, seen.changed) == ("applied", {role.no_longer_holds(ADMINISTRATOR)})


@pytest.mark.parametrize("function", [DETACH_POLICY, DELETE_INLINE_POLICY])
def test_observing_lists_the_call_that_enforcing_makes(world, function):
    _, event = acquired(world)
    observed = world.receives(event, name=function, mode="observe")
    assert (observed.outcome, observed.changed, observed.ledger) == ("observed", set(), ["UpdateItem", "PutItem"])
    enforced = world.receives(event, name=function)
    assert observed.case["outcomes"][0]["would"] == enforced.case["outcomes"][0]["calls"]
    assert observed.case["id"] == enforced.case["id"]


@pytest.mark.parametrize("function", [DETACH_POLICY, DELETE_INLINE_POLICY, RESTORE_TRUST])
def test_an_exemption_for_the_call_that_does_it_alone_holds(world, tmp_path, function):
    _, event = acquired(world)
    seen = world.receives(event, name=function, guardrails=rulebook(tmp_path, "", EXEMPT_EVERYBODY))
    assert (seen.outcome, seen.changed) == ("exempt", set())


def test_a_trust_policy_that_the_record_lacks_is_read_from_iam(world):
    role, event = acquired(world, attached=(), inline={})
    del event["detail"]["responseElements"]["role"]["assumeRolePolicyDocument"]
    assert world.receives(event, name=RESTORE_TRUST).outcome == "applied"


def test_it_is_the_same_as_a_role_that_was_created_so(world):
    role, event = acquired(world, attached=(), inline={})
    before = world.account.snapshot()
    made = world.receives(event, name=RESTORE_TRUST)
    world.take_back(made.undos[0])
    assert world.account.snapshot() == before
    created = world.receives(role_created(role, json.dumps(EVERYONE)), name=RESTORE_TRUST)
    assert made.case["change"] == created.case["change"]


def test_whoever_makes_such_a_role_is_judged_by_the_policies_that_it_got(world, tmp_path):
    guardrail = """
@id("nobody-makes-administrators")
@severity("critical")
@remedy("quarantine-principal")
forbid (principal, action == Action::"AttachRolePolicy", resource)
when { context.policy.name == "AdministratorAccess" };
"""
    world.role("responder")
    mallory = world.user("mallory")
    _, event = acquired(world, actor=iam_user("mallory", mallory.id))
    settings = {"BREAK_GLASS": f"arn:aws:iam::{ACCOUNT}:role/responder", "guardrails": rulebook(tmp_path, guardrail)}
    seen = world.receives(event, name=QUARANTINE_PRINCIPAL, **settings)
    assert seen.outcome == "applied"
    assert all("mallory" in fact for fact in seen.changed)


def test_rescind_decide_says_which_parts_only_the_account_tells(world, tmp_path):
    _, event = acquired(world)
    (tmp_path / "event.json").write_text(json.dumps(event))
    said = rescind("decide", str(tmp_path / "event.json"))
    assert "forbidden by no-role-for-everyone" in said.stdout
    assert "only the live account says which managed policies role app got from its template" in said.stdout
    assert "only the live account says which inline policies role app got from its template" in said.stdout
