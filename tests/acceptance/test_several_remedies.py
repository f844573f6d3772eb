"""One event, several functions: each applies its own remedy, whichever comes first, and none waits for another or undoes its work."""

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from lab.events import BILLING, attachment, device_deactivated, device_enabled, exposure, iam_call, iam_user, joined, key_created, login_made, password_policy_deleted, password_policy_set, put_inline, sample, trust_updated, version_created, boundary_changed, detached, left
from lab.offence import ADMINISTRATOR, ALLOW_ALL, EVERYONE, OWN_TRUST, RESPONDER, undated
from lab.rulebook import rulebook
from lab.world import (
    DELETE_INLINE_POLICY,
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
    Observation,
    Target,
    World,
)

EVERYTHING = "quarantine-key,quarantine-principal"
WRITES = {
    DETACH_POLICY: "DetachUserPolicy",
    QUARANTINE_KEY: "UpdateAccessKey",
    QUARANTINE_PRINCIPAL: "AttachUserPolicy",
    REMOVE_GROUP_MEMBER: "RemoveUserFromGroup",
    DELETE_INLINE_POLICY: "DeleteUserPolicy",
    RESTORE_TRUST: "UpdateAssumeRolePolicy",
    RESTORE_POLICY_VERSION: "SetDefaultPolicyVersion",
    DETACH_EVERYWHERE: "DetachUserPolicy",
    REMOVE_LOGIN: "DeleteLoginProfile",
    RESTORE_PASSWORD_POLICY: "UpdateAccountPasswordPolicy",
    RESTORE_GUARD: "AttachUserPolicy",
}


def whatever_it_is(action: str, remedies: str, condition: str = "") -> str:
    """A guardrail that asks several functions, by nothing but the call unless there is a condition."""
    return f"""
@id("nobody-does-this")
@description("Nobody does this")
@severity("critical")
@remedy("{remedies}")
forbid (principal, action == Action::"{action}", resource)
{condition};
"""


def makes_an_administrator(action: str, remedies: str) -> str:
    """A guardrail that asks several functions, by what the target could do before and after."""
    return whatever_it_is(action, remedies, "when { context.after.grants.admin && !context.before.grants.admin }")


WEAK = whatever_it_is("UpdateAccountPasswordPolicy", f"restore-password-policy,{EVERYTHING}").replace("@remedy", '@baseline("minimumPasswordLength=15")\n@remedy')


@dataclass(frozen=True)
class Situation:
    """One event that several functions answer."""

    what: str
    functions: tuple[str, ...]
    # Does it to this user, as this actor; returns the event.
    commit: Callable[[World, Target, dict], dict]
    guardrails: str
    # Whether the one who does it is also the one it is done to.
    oneself: bool = False

    def __str__(self) -> str:
        return self.what


def _attaches(world: World, polsen: Target, actor: dict) -> dict:
    world.attach(ADMINISTRATOR, polsen)
    return attachment(ADMINISTRATOR, user=polsen, actor=actor)


def _joins(world: World, polsen: Target, actor: dict) -> dict:
    admins = world.group("admins", holds=[ADMINISTRATOR])
    world.join(polsen, admins)
    return joined(polsen, admins, actor)


def _writes(world: World, polsen: Target, actor: dict) -> dict:
    world.writes_inline(polsen, ALLOW_ALL, name="helper")
    return put_inline(polsen, ALLOW_ALL, name="helper", actor=actor)


def _trusts(world: World, _: Target, actor: dict) -> dict:
    text = json.dumps({"Version": "2012-10-17", "Statement": [EVERYONE, OWN_TRUST]})
    return trust_updated(world.trusting("web", text), text, actor)


def _writes_a_version(world: World, polsen: Target, actor: dict) -> dict:
    tools = world.policy("tools")
    world.attach(tools, polsen)
    return version_created(tools, world.writes_version(tools, ALLOW_ALL), ALLOW_ALL, actor=actor)


def _creates_a_key(world: World, polsen: Target, actor: dict) -> dict:
    return key_created(world.key(polsen), "polsen", actor)


def _exposes_a_key(world: World, polsen: Target, _: dict) -> dict:
    world.attach(ADMINISTRATOR, polsen)
    return exposure(world.key(polsen))


def _makes_a_login(world: World, polsen: Target, actor: dict) -> dict:
    world.login(polsen)
    return login_made(polsen, actor)


def _loses_the_last_device(world: World, polsen: Target, actor: dict) -> dict:
    world.attach(ADMINISTRATOR, polsen)
    return device_deactivated(polsen, actor)


def _weakens_the_password_policy(world: World, _: Target, actor: dict) -> dict:
    world.password_policy()
    return password_policy_set(actor)


def _situations():
    for what, action, function, commit in (
        ("attaches", "AttachUserPolicy", DETACH_POLICY, _attaches),
        ("joins", "AddUserToGroup", REMOVE_GROUP_MEMBER, _joins),
        ("writes inline", "PutUserPolicy", DELETE_INLINE_POLICY, _writes),
        ("writes a version", "CreatePolicyVersion", RESTORE_POLICY_VERSION, _writes_a_version),
    ):
        functions = (function, QUARANTINE_KEY, QUARANTINE_PRINCIPAL)
        remedies = ",".join(functions)
        # One that forbids every version, whatever it says, lets none be chosen.
        if function != RESTORE_POLICY_VERSION:
            yield Situation(f"mallory {what}", functions, commit, whatever_it_is(action, remedies))
        yield Situation(f"mallory {what}, judged by before and after", functions, commit, makes_an_administrator(action, remedies))
        yield Situation(f"polsen {what} for oneself, judged by before and after", functions, commit, makes_an_administrator(action, remedies), True)
    trust = (RESTORE_TRUST, QUARANTINE_KEY, QUARANTINE_PRINCIPAL)
    condition = "when { context.trusted.everyone }"
    yield Situation("mallory opens a role", trust, _trusts, whatever_it_is("UpdateAssumeRolePolicy", ",".join(trust), condition))
    both = (QUARANTINE_KEY, QUARANTINE_PRINCIPAL)
    yield Situation("mallory creates a key", both, _creates_a_key, whatever_it_is("CreateAccessKey", EVERYTHING))
    yield Situation("mallory sets a password", (REMOVE_LOGIN, *both), _makes_a_login, whatever_it_is("CreateLoginProfile", f"remove-login,{EVERYTHING}"))
    condition = "when { !context.hasDevice && context.after.grants.admin && context.before.grants.admin }"
    last_device = whatever_it_is("DeactivateMFADevice", f"remove-login,{EVERYTHING}", condition)
    yield Situation("mallory takes the last device, judged by before and after", (REMOVE_LOGIN, *both), _loses_the_last_device, last_device)
    yield Situation("mallory weakens the password policy", (RESTORE_PASSWORD_POLICY, *both), _weakens_the_password_policy, WEAK)
    yield Situation("a key is exposed", both, _exposes_a_key, "")


SITUATIONS = list(_situations())
PLAIN = [situation for situation in SITUATIONS if "before and after" not in situation.what]


class Scene:
    """A situation in a world, and the functions that answer it."""

    def __init__(self, world: World, situation: Situation, directory):
        self.world, self.situation = world, situation
        world.role("responder")
        polsen = world.user("polsen")
        actor = polsen if situation.oneself else world.user("mallory")
        identity = iam_user(actor.name, actor.id, accessKeyId=world.key(actor))
        self.event = situation.commit(world, polsen, identity)
        self.before = world.account.snapshot()
        self._guardrails = rulebook(directory, situation.guardrails)

    def receives(self, function: str, **settings) -> Observation:
        return self.world.receives(self.event, name=function, guardrails=self._guardrails, **RESPONDER, **settings)

    def take_back(self, seen: list[Observation]) -> None:
        """Undoes everything, last things first, so that the world is the same again."""
        for each in reversed(seen):
            for receipt in each.undos:
                self.world.take_back(receipt)
            if each.case["remedy"] == REMOVE_LOGIN and not each.undos:
                self.world.iam.create_login_profile(UserName="polsen", Password="Another-horse-9")
        self.world.ledger.clear()
        assert self.world.account.snapshot() == self.before


@pytest.fixture(scope="session")
def books(tmp_path_factory):
    return tmp_path_factory.mktemp("rulebooks")


@pytest.fixture(params=SITUATIONS, ids=str)
def scene(request, world, books):
    return Scene(world, request.param, books)


def undated_case(case: dict) -> dict:
    # The report about a key says what its owner can do at that moment: the version of a policy may have been restored before or after.
    is_live = case["change"]["type"] == "PolicyVersionSet"
    outcomes = [{name: value for name, value in outcome.items() if not (is_live and name == "report")} for outcome in case["outcomes"]]
    return undated({name: value for name, value in case.items() if name not in ("time", "latencyMs")} | {"outcomes": outcomes})


def test_in_every_order_they_end_in_the_same_state_with_the_same_cases(scene):
    ends = {}
    for order in itertools.permutations(scene.situation.functions):
        seen = [scene.receives(function) for function in order]
        assert [each.outcome for each in seen] == ["applied"] * len(order), order
        cases = {function: undated_case(each.case) for function, each in zip(order, seen, strict=True)}
        ends[order] = (undated(set(scene.world.account.snapshot())), cases)
        scene.take_back(seen)
    first = ends[scene.situation.functions]
    for order, end in ends.items():
        assert end[0] == first[0], order
        assert end[1] == first[1], order


@pytest.mark.parametrize("scene", PLAIN, indirect=True, ids=str)
def test_each_case_is_about_one_remedy_and_names_its_siblings(scene):
    functions = scene.situation.functions
    cases = {function: scene.receives(function).case for function in functions}
    for function, case in cases.items():
        assert case["remedy"] == function
        assert [outcome["remedy"] for outcome in case["outcomes"]] == [function]
        assert sorted(case["siblings"]) == sorted(set(functions) - {function})
    assert len({case["id"] for case in cases.values()}) == len(functions)


@pytest.mark.parametrize("scene", PLAIN, indirect=True, ids=str)
def test_a_remedy_that_aws_denies_keeps_no_other_from_being_applied(scene):
    for denied in scene.situation.functions:
        scene.world.aws.deny(WRITES[denied])
        seen = {function: scene.receives(function) for function in scene.situation.functions}
        refused = seen.pop(denied)
        assert (refused.error.type, refused.changed, refused.notice.case["outcome"]) == ("Final.AccessDenied", set(), "failed")
        assert {each.outcome for each in seen.values()} == {"applied"}
        scene.world.aws.forget()
        scene.take_back(list(seen.values()))


@pytest.mark.parametrize("scene", PLAIN, indirect=True, ids=str)
def test_a_notice_that_cannot_be_sent_keeps_no_remedy_from_being_applied(scene):
    scene.world.aws.deny("Publish")
    failed = [scene.receives(function) for function in scene.situation.functions]
    assert {each.error.type for each in failed} == {"Final.AccessDenied"}
    assert all(each.changed for each in failed)
    scene.world.aws.forget()
    scene.world.ledger.age()
    for function in scene.situation.functions:
        again = scene.receives(function)
        assert (again.outcome, again.changed, again.notice.case) == ("applied", set(), again.case)


@pytest.mark.parametrize("scene", PLAIN, indirect=True, ids=str)
def test_a_function_that_is_down_keeps_no_remedy_from_being_applied(scene):
    for down in scene.situation.functions:
        others = [function for function in scene.situation.functions if function != down]
        seen = [scene.receives(function) for function in others]
        assert {each.outcome for each in seen} == {"applied"}
        assert all(down in each.case["siblings"] for each in seen)
        scene.take_back(seen)


@pytest.mark.parametrize("given", ["attached", "through a group", "inline", "by a version"])
def test_an_administrator_whom_the_very_change_made_is_nobody_who_could_lift_a_quarantine(world, books, given):
    """Before its sibling has taken that back, and afterwards: whoever comes first, the answer is the same."""
    commit, action, function = {
        "attached": (_attaches, "AttachUserPolicy", DETACH_POLICY),
        "through a group": (_joins, "AddUserToGroup", REMOVE_GROUP_MEMBER),
        "inline": (_writes, "PutUserPolicy", DELETE_INLINE_POLICY),
        "by a version": (_writes_a_version, "CreatePolicyVersion", RESTORE_POLICY_VERSION),
    }[given]
    forbids = makes_an_administrator if function == RESTORE_POLICY_VERSION else whatever_it_is
    guardrails = rulebook(books, forbids(action, f"{function},quarantine-principal"))
    mallory, polsen = world.user("mallory"), world.user("polsen")
    event = commit(world, polsen, iam_user("mallory", mallory.id))
    outcomes = []
    for order in ((QUARANTINE_PRINCIPAL, function), (function, QUARANTINE_PRINCIPAL)):
        seen = {name: world.receives(event, name=name, guardrails=guardrails) for name in order}
        outcomes.append(seen[QUARANTINE_PRINCIPAL].outcome)
        world.take_back(seen[function].undo)
        world.ledger.clear()
    assert outcomes == ["unremediable", "unremediable"]


# Guardrails of different kinds about one change.

ONLY_NOTIFIES = """
@id("only-notifies")
@severity("high")
forbid (principal, action in Action::"attach-policy", resource) when { context.policy.grants.admin };
"""
CONTAINS = """
@id("contains")
@severity("critical")
@remedy("quarantine-principal")
forbid (principal, action in Action::"attach-policy", resource) when { context.policy.name == "Helper" };
"""
OBSERVES = CONTAINS.replace("@remedy", '@mode("observe")\n@remedy')
CONTAINS_BY_WHAT_IT_GRANTS = CONTAINS.replace('context.policy.name == "Helper"', "context.policy.grants.dataAccess")
ATTACHMENT = (DETACH_POLICY, QUARANTINE_KEY, QUARANTINE_PRINCIPAL)


@dataclass(frozen=True)
class Helper:
    policy: str
    judged_by: Callable[[str], dict[str, Observation]]


@pytest.fixture
def helper(world, books):
    """mallory attaches the policy Helper to polsen; whatever guardrails are given judge it in the place of the shipped ones about policies."""
    world.role("responder")
    mallory, polsen = world.user("mallory"), world.user("polsen")
    policy = world.policy("Helper", ALLOW_ALL)
    world.attach(policy, polsen)
    event = attachment(policy, user=polsen, actor=iam_user("mallory", mallory.id))

    def receives(guardrails: str) -> dict[str, Observation]:
        folder = rulebook(books, guardrails)
        # The shipped ones ask for remedies too.
        for shipped in ("grants.cedar", "users.cedar"):
            (folder / shipped).unlink(missing_ok=True)
        return {name: world.receives(event, name=name, guardrails=folder, **RESPONDER) for name in ATTACHMENT}

    return Helper(policy, receives)


def test_a_guardrail_that_only_notifies_is_in_a_case_although_another_one_asks_a_function(helper):
    """It needs a fact that the other one does not."""
    seen = helper.judged_by(ONLY_NOTIFIES + CONTAINS)
    assert seen[QUARANTINE_PRINCIPAL].outcome == "applied"
    broken = {guardrail["id"] for each in seen.values() for case in each.cases for guardrail in case["decision"]["guardrails"]}
    assert broken == {"only-notifies", "contains"}


def test_a_guardrail_that_observes_holds_up_its_own_remedy_and_no_other(helper):
    detaches = ONLY_NOTIFIES.replace('@severity("high")', '@severity("high")\n@remedy("detach-policy")')
    seen = helper.judged_by(detaches + OBSERVES)
    assert (seen[DETACH_POLICY].outcome, len(seen[DETACH_POLICY].changed)) == ("applied", 1)
    assert (seen[QUARANTINE_PRINCIPAL].outcome, seen[QUARANTINE_PRINCIPAL].changed) == ("observed", set())
    assert [call["operation"] for call in seen[QUARANTINE_PRINCIPAL].case["outcomes"][0]["would"]] == ["AttachUserPolicy"]
    assert seen[QUARANTINE_KEY].cases == []


def test_what_cannot_be_decided_is_reported_once(world, helper):
    world.iam.detach_user_policy(UserName="polsen", PolicyArn=helper.policy)
    world.iam.delete_policy(PolicyArn=helper.policy)
    seen = helper.judged_by(CONTAINS_BY_WHAT_IT_GRANTS)
    assert (seen[DETACH_POLICY].outcome, seen[DETACH_POLICY].case["decision"]["verdict"]) == ("unremediable", "unknown")
    assert seen[QUARANTINE_PRINCIPAL].cases == seen[QUARANTINE_KEY].cases == []
    assert {change for each in seen.values() for change in each.changed} == set()


# What nobody asks a function about.

# By the shipped rulebook: the event, and the functions that answer it.
ASKED = {
    "Billing attached": (lambda world: attachment(BILLING, user=world.user("polsen", holds=[BILLING])), {DETACH_POLICY}),
    "a policy of one's own attached": (
        lambda world: attachment(world.policy("ReadOnly", ALLOW_ALL), role=world.role("build")),
        {DETACH_POLICY},
    ),
    "a console password made": (lambda world: login_made(world.user("polsen"), iam_user("mallory")), {REMOVE_LOGIN}),
    "a device enabled for one who is denied nothing": (lambda world: device_enabled("polsen", world.enrols(world.user("polsen"))), {REMOVE_LOGIN}),
    "the denial without MFA detached": (lambda world: detached(DENY_WITHOUT_MFA, world.user("polsen")), {REMOVE_LOGIN}),
    "the password policy deleted": (lambda world: password_policy_deleted(), {RESTORE_PASSWORD_POLICY}),
    "a member added": (lambda world: _joins(world, world.user("polsen"), iam_user("mallory")), {REMOVE_GROUP_MEMBER}),
    "an inline policy written": (lambda world: _writes(world, world.user("polsen"), iam_user("mallory")), {DELETE_INLINE_POLICY}),
    "a role opened": (lambda world: _trusts(world, world.user("polsen"), iam_user("mallory")), {RESTORE_TRUST}),
    "a version written": (lambda world: _writes_a_version(world, world.user("polsen"), iam_user("mallory")), {RESTORE_POLICY_VERSION}),
    "an inline policy deleted": (lambda world: iam_call("DeleteUserPolicy", {"userName": world.user("polsen").name, "policyName": "x"}), set()),
    "a policy detached": (lambda world: detached(BILLING, world.user("polsen")), set()),
    "a boundary set": (lambda world: boundary_changed(world.role("build"), BILLING), set()),
    "a member removed": (lambda world: left(world.user("polsen"), "team"), set()),
    "a quarantine lifted": (lambda world: sample("delete-role-policy"), {QUARANTINE_PRINCIPAL}),
    "a key created for oneself": (lambda world: key_created(world.key(world.user("polsen"))), set()),
    "a user created": (lambda world: iam_call("CreateUser", {"userName": world.user("new").name}), {WATCH}),
    "a call that does not exist": (lambda world: iam_call("attachuserpolicy", {"userName": "polsen", "policyArn": BILLING}), {WATCH}),
}


@pytest.mark.parametrize("what", ASKED)
def test_what_nobody_asks_a_function_about_ends_quietly_without_a_call(world, what):
    commit, asked = ASKED[what]
    event = commit(world)
    for function in set(FUNCTIONS) - asked:
        seen = world.receives(event, name=function)
        assert (seen.cases, seen.calls, seen.notices, seen.changed) == ([], [], [], set()), function


def test_a_function_reads_no_fact_that_only_another_one_needs(world, books):
    """The attachment is asked of all three; only detach-policy's guardrail wants to know what the policy grants."""
    guardrails = rulebook(books, whatever_it_is("AttachUserPolicy", EVERYTHING))
    world.role("responder")
    mallory = world.user("mallory")
    policy = world.policy("ReadOnly", ALLOW_ALL)
    event = attachment(policy, user=world.user("polsen", holds=[policy]), actor=iam_user("mallory", mallory.id, accessKeyId=world.key(mallory)))
    for function, reads in ((DETACH_POLICY, True), (QUARANTINE_KEY, False), (QUARANTINE_PRINCIPAL, False)):
        seen = world.receives(event, name=function, guardrails=guardrails, mode="observe", **RESPONDER)
        about_it = [call for call in seen.calls if policy in call.parameters.values() and call.service == "iam"]
        assert bool(about_it) == reads, function


def test_a_case_as_json_holds_nothing_of_requests(world):
    seen = world.receives(attachment(BILLING, user=world.user("polsen", holds=[BILLING])))
    assert not {"requests", "askedBy", "seal", "siblings"} & seen.case.keys()
    assert "requested" not in json.dumps(seen.case)
