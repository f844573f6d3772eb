"""Versions of a policy: judged by what they newly grant to whoever holds it, and the newest one that passes becomes the default again."""

import json
from datetime import datetime, timedelta, timezone

import pytest
from lab.command import credentials, rescind
from lab.events import attachment, but, default_set, iam_call, iam_user, sample, version_created
from lab.offence import ADMINISTRATOR, ALLOW_ALL
from lab.proxy import user_id
from lab.rulebook import rulebook
from lab.world import ALLOW_READING, DENY_EVERYTHING, DETACH_POLICY, OWN_ROLES, QUARANTINE_PRINCIPAL, RESTORE_POLICY_VERSION, Observation, World

PATH_TO_MORE = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "iam:PutUserPolicy", "Resource": "*"}}
ONLY_WITH_MFA = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}},
}
WRITING = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::reports/*"}}
# So long after everything that a test makes that all of it is old.
IN_TWO_DAYS = (datetime.now(timezone.utc) + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M:%SZ")


def receives(world, event, **settings) -> Observation:
    return world.receives(event, name=RESTORE_POLICY_VERSION, **settings)


def broken(seen: Observation) -> list[str]:
    return [guardrail["id"] for guardrail in seen.case["decision"]["guardrails"]]


def written(world: World, document: dict, *earlier: dict, **record) -> tuple[str, dict]:
    """The policy Tools with these versions and then this one, which became the default; its ARN and the event of the last."""
    first, *more = earlier
    tools = world.policy("Tools", first, path="/build/")
    for text in more:
        world.writes_version(tools, text)
    return tools, version_created(tools, world.writes_version(tools, document), document, **record)


def test_the_case_names_the_policy_the_forbidden_version_and_the_chosen_one(world):
    tools, event = written(world, ALLOW_ALL, ALLOW_READING)
    seen = receives(world, event)
    assert seen.changed == world.default_moves(tools, v2=ALLOW_ALL, v1=ALLOW_READING)
    change = {name: value for name, value in seen.case["change"].items() if name != "document"}
    assert change == {
        "type": "PolicyVersionSet",
        "policyArn": tools,
        "version": "v2",
        "isDefault": True,
        "deed": "created-version",
        "replaced": {"versions": ["v1"], "assumed": True},
    }
    assert seen.undo["command"] == f"aws iam set-default-policy-version --policy-arn {tools} --version-id v2"
    for said in (
        "taken back: version v2 of policy Tools",
        "Rescind made v1 the default again",
        "assumed: IAM does not say which one was the default before",
        f"aws iam delete-policy-version --policy-arn {tools} --version-id v2",
        seen.undo["command"],
    ):
        assert said in seen.notice.text


def test_the_newest_version_that_passes_is_chosen(world):
    tools, event = written(world, ALLOW_ALL, ALLOW_READING, WRITING, ALLOW_ALL)
    seen = receives(world, event)
    assert seen.changed == world.default_moves(tools, v4=ALLOW_ALL, v2=WRITING)


@pytest.mark.parametrize("document", [PATH_TO_MORE, ONLY_WITH_MFA], ids=["only observed", "only reported"])
def test_a_version_that_guardrails_let_stand_passes(world, document):
    tools, event = written(world, ALLOW_ALL, ALLOW_READING, document)
    seen = receives(world, event)
    assert seen.changed == world.default_moves(tools, v3=ALLOW_ALL, v2=document)


def test_a_version_that_came_later_is_chosen_only_if_no_earlier_one_passes(world):
    tools, event = written(world, ALLOW_ALL, ALLOW_READING)
    world.writes_version(tools, WRITING, default=False)
    assert receives(world, event).changed == world.default_moves(tools, v2=ALLOW_ALL, v1=ALLOW_READING)
    world.iam.set_default_policy_version(PolicyArn=tools, VersionId="v2")
    world.iam.delete_policy_version(PolicyArn=tools, VersionId="v1")
    world.ledger.clear()
    assert receives(world, event).changed == world.default_moves(tools, v2=ALLOW_ALL, v3=WRITING)


def test_an_old_loose_version_is_the_same_offence(world):
    tools = world.policy("Tools", ALLOW_ALL)
    for text in (ALLOW_READING, WRITING):
        world.writes_version(tools, text)
    world.iam.set_default_policy_version(PolicyArn=tools, VersionId="v1")
    seen = receives(world, default_set(tools, "v1"))
    assert seen.changed == world.default_moves(tools, v1=ALLOW_ALL, v3=WRITING)
    assert "no-administrator-by-version" in seen.notice.text


# What the policy granted already.


def test_a_harmless_edit_of_an_old_policy_strips_nobody(world):
    edited = {**ALLOW_ALL, "Id": "edited"}
    tools, event = written(world, edited, ALLOW_READING, ALLOW_ALL, eventTime=IN_TWO_DAYS)
    world.role("deployer", holds=[tools])
    seen = receives(world, event)
    assert (seen.outcome, seen.changed, seen.writes) == ("observed", set(), [])
    assert broken(seen) == ["an-administrator-s-policy-was-edited"]
    assert "in place of v2 (assumed" in seen.notice.text


def test_a_loose_version_that_was_only_stored_first_does_not_excuse_the_next(world):
    tools = world.policy("Tools")
    stored = world.writes_version(tools, ALLOW_ALL, default=False)
    ready = receives(world, version_created(tools, stored, ALLOW_ALL, default=False))
    assert (ready.outcome, broken(ready), ready.changed) == ("observed", ["a-version-that-makes-administrators-is-ready"], set())
    last = world.writes_version(tools, ALLOW_ALL)
    seen = receives(world, version_created(tools, last, ALLOW_ALL))
    assert seen.changed == world.default_moves(tools, v3=ALLOW_ALL, v1=ALLOW_READING)
    assert seen.case["change"]["replaced"] == {"versions": ["v2", "v1"], "assumed": True}


def test_the_ledger_knows_what_was_restored(world):
    """The forbidden version stays stored, and days later it would be taken for the default before."""
    tools, event = written(world, ALLOW_ALL, ALLOW_READING)
    receives(world, event)
    again = world.writes_version(tools, ALLOW_ALL)
    seen = receives(world, version_created(tools, again, ALLOW_ALL, eventTime=IN_TWO_DAYS))
    assert seen.case["change"]["replaced"] == {"versions": ["v1"], "assumed": False}
    assert seen.changed == world.default_moves(tools, v3=ALLOW_ALL, v1=ALLOW_READING)
    assert "assumed" not in seen.notice.text


def test_what_the_ledger_knows_to_have_been_the_default_is_chosen_before_newer_ones(world):
    tools = world.policy("Tools")
    receives(world, default_set(tools, "v1"))
    world.writes_version(tools, WRITING, default=False)
    last = world.writes_version(tools, ALLOW_ALL)
    seen = receives(world, version_created(tools, last, ALLOW_ALL, eventTime=IN_TWO_DAYS))
    assert seen.changed == world.default_moves(tools, v3=ALLOW_ALL, v1=ALLOW_READING)


# What it leaves alone.


def test_a_version_that_is_not_the_default_is_never_taken_back(world, tmp_path):
    """Whatever a guardrail asks for."""
    forbids = '@id("x")\n@severity("high")\n@remedy("restore-policy-version")\nforbid (principal, action in Action::"policy-version", resource);\n'
    tools = world.policy("Tools")
    stored = world.writes_version(tools, ALLOW_ALL, default=False)
    seen = receives(world, version_created(tools, stored, ALLOW_ALL, default=False), guardrails=rulebook(tmp_path, forbids))
    assert (seen.outcome, seen.changed, seen.writes) == ("already-clean", set(), [])
    assert "not in force: version v2 of policy Tools" in seen.notice.text


def test_a_new_policy_is_judged_and_reported_only(world):
    world.policy("Tools", ALLOW_ALL, path="/build/")
    event = iam_call("CreatePolicy", {"policyName": "Tools", "path": "/build/", "policyDocument": json.dumps(ALLOW_ALL)})
    seen = receives(world, event)
    assert (seen.outcome, seen.changed, broken(seen)) == ("observed", set(), ["a-new-policy-makes-administrators"])
    assert "noticed: version v1 of policy Tools" in seen.notice.text


def test_a_default_that_somebody_has_changed_in_the_meantime_is_another_change(world):
    tools, event = written(world, ALLOW_ALL, ALLOW_READING)
    world.writes_version(tools, WRITING)
    seen = receives(world, event)
    assert (seen.outcome, seen.changed) == ("already-clean", set())


def test_another_policy_of_the_same_arn_is_left_alone(world):
    tools, event = written(world, ALLOW_ALL, ALLOW_READING)
    world.remove("policy", "Tools")
    _, _ = written(world, PATH_TO_MORE, ALLOW_READING)
    seen = receives(world, event)
    assert (seen.outcome, seen.changed) == ("already-clean", set())


@pytest.mark.parametrize("default", [True, False])
def test_the_policy_that_contains_users_is_the_business_of_its_guard(world, default):
    version = world.writes_version(DENY_EVERYTHING, ALLOW_ALL, default)
    seen = receives(world, version_created(DENY_EVERYTHING, version, ALLOW_ALL, default))
    assert (seen.changed, seen.writes) == (set(), [])
    assert [case["outcome"] for case in seen.cases] == ([] if default else ["observed"])
    world.role("responder")
    guard = world.receives(
        version_created(DENY_EVERYTHING, version, ALLOW_ALL, default), name=QUARANTINE_PRINCIPAL, BREAK_GLASS="arn:aws:iam::123456789012:role/responder"
    )
    assert [case["outcome"] for case in guard.cases] == (["applied"] if default else [])


def test_a_policy_that_one_of_its_own_roles_holds_is_left_to_a_person(world):
    tools, event = written(world, ALLOW_ALL, ALLOW_READING)
    world.role(OWN_ROLES[0], holds=[tools])
    seen = receives(world, event)
    assert (seen.outcome, seen.changed) == ("unremediable", set())
    assert "Rescind's own roles" in seen.notice.text and "By hand" not in seen.notice.text


def test_a_policy_that_a_break_glass_principal_holds_through_a_group_is_left_to_a_person(world):
    tools, event = written(world, ALLOW_ALL, ALLOW_READING)
    world.user("responder", groups=[world.group("responders", holds=[tools])])
    seen = receives(world, event, BREAK_GLASS="arn:aws:iam::123456789012:user/responder")
    assert (seen.outcome, seen.changed) == ("unremediable", set())
    assert "break-glass user responder holds this policy" in seen.notice.text


@pytest.mark.parametrize("through_a_group", [True, False])
def test_whoever_renames_a_break_glass_principal_does_not_change_what_they_can_do(world, through_a_group):
    tools, event = written(world, ALLOW_ALL, ALLOW_READING)
    responder = world.user("responder", groups=[world.group("responders", holds=[tools])]) if through_a_group else world.user("responder", holds=[tools])
    world.aws.spell_user_ids()
    world.rename(responder, "elsewhere")
    seen = receives(world, event, BREAK_GLASS=f"{responder.arn}={user_id(responder.id)}")
    assert (seen.outcome, seen.changed) == ("unremediable", set())
    assert "break-glass user responder holds this policy" in seen.notice.text


def test_a_policy_that_aws_manages_is_told_to_a_person(world):
    seen = receives(world, default_set(ADMINISTRATOR, "v1"))
    assert (seen.outcome, seen.changed, seen.writes) == ("unremediable", set(), [])


# No version passes.


def test_if_no_version_passes_a_person_gets_the_exact_calls(world):
    tools = world.policy("Tools")
    world.user("polsen", holds=[tools])
    world.group("developers", holds=[tools])
    world.role("build", holds=[tools])
    version = world.writes_version(tools, ALLOW_ALL)
    world.iam.delete_policy_version(PolicyArn=tools, VersionId="v1")
    looks = f"aws iam list-policy-versions --policy-arn {tools}"
    for mode in ("observe", "enforce"):
        seen = receives(world, version_created(tools, version, ALLOW_ALL), mode=mode)
        assert (seen.changed, seen.writes) == (set(), [])
        for command in (
            looks,
            # As a shell reads it: file://corrected.json, which a mail program would make a link.
            f"aws iam create-policy-version --policy-arn {tools} --policy-document $'file:/\\x2fcorrected.json' --set-as-default",
            f"aws iam detach-user-policy --policy-arn {tools} --user-name polsen",
            f"aws iam detach-group-policy --group-name developers --policy-arn {tools}",
            f"aws iam detach-role-policy --policy-arn {tools} --role-name build",
        ):
            assert command in seen.notice.text or (mode, command) == ("observe", looks)
        assert "holders: users 1, groups 1, roles 1" in seen.notice.text
    assert seen.outcome == "unremediable"
    assert "ACT: cannot be taken back" in seen.notice.subject


def test_a_chosen_version_that_is_deleted_at_that_moment_is_replaced_by_the_next(world):
    tools, event = written(world, ALLOW_ALL, ALLOW_READING, WRITING)
    world.aws.meanwhile("SetDefaultPolicyVersion", lambda: world.iam.delete_policy_version(PolicyArn=tools, VersionId="v2"))
    seen = receives(world, event, fresh=True)
    default = world.iam.get_policy(PolicyArn=tools)["Policy"]["DefaultVersionId"]
    assert (default, seen.error is None or seen.error.type) in (("v1", True), ("v3", "Retryable.Unsettled"))
    if default == "v3":
        world.ledger.age()
        assert receives(world, event, fresh=True).outcome == "applied"
        assert world.iam.get_policy(PolicyArn=tools)["Policy"]["DefaultVersionId"] == "v1"


# Who holds it.


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("context.holders.count > 1", True),
        ("context.holders.count > 2", False),
        ("context.holders.breakGlass", False),
        ("context.holders.administrator", False),
        ("context.holders.administrator", True),
    ],
)
def test_a_guardrail_can_ask_who_holds_the_policy(world, tmp_path, condition, holds):
    asks = f"""
@id("by-the-holders")
@severity("low")
forbid (principal, action in Action::"policy-version", resource) when {{ {condition} }};
"""
    tools, event = written(world, WRITING, ALLOW_READING)
    polsen = world.user("polsen", holds=[tools])
    world.group("developers", holds=[tools])
    if "administrator" in condition and holds:
        world.attach(ADMINISTRATOR, polsen)
    seen = receives(world, event, guardrails=rulebook(tmp_path, asks))
    assert [broken(seen) for _ in seen.cases] == ([["by-the-holders"]] if holds else [])


# The race between an attachment and the default.


@pytest.mark.parametrize("order", ["the attachment is judged while the default is loose", "the attachment is judged while the default is harmless"])
def test_an_attachment_judged_while_the_default_is_switched_back_and_forth_ends_right(world, order):
    """mallory attaches a policy with a loose version in store, and switches its default back and forth."""
    mallory = world.user("mallory")
    tools = world.policy("Tools")
    world.writes_version(tools, ALLOW_ALL, default=False)
    actor = iam_user("mallory", mallory.id)
    world.attach(tools, mallory)
    attached = attachment(tools, user=mallory, actor=actor)
    loose = lambda: world.iam.set_default_policy_version(PolicyArn=tools, VersionId="v2")  # noqa: E731
    back = lambda: world.iam.set_default_policy_version(PolicyArn=tools, VersionId="v1")  # noqa: E731
    if "loose" in order:
        loose()
        assert world.receives(attached, name=DETACH_POLICY).outcome == "applied"
        back()
        assert receives(world, default_set(tools, "v2", actor)).outcome == "already-clean"
    else:
        assert [case["outcome"] for case in world.receives(attached, name=DETACH_POLICY).cases if case["outcome"] == "applied"] == []
        loose()
        assert receives(world, default_set(tools, "v2", actor)).outcome == "applied"
        receives(world, default_set(tools, "v1", actor))
    holds = world.iam.list_attached_user_policies(UserName="mallory")["AttachedPolicies"]
    default = world.iam.get_policy(PolicyArn=tools)["Policy"]["DefaultVersionId"]
    assert default == "v1", "nobody is an administrator by it"
    assert [policy["PolicyArn"] for policy in holds] == ([] if "loose" in order else [tools])


# Samples, undo, odd records.


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("create-policy-version-administrator", "no-administrator-by-version"),
        ("create-policy-version-path", "no-path-to-administrator-by-version"),
        ("create-policy-version-with-mfa", "perhaps-an-administrator-by-version"),
        ("create-policy-version-path-with-mfa", "perhaps-a-path-to-administrator-by-version"),
        ("create-policy-version-ready", "a-version-that-makes-administrators-is-ready"),
        ("create-policy", "a-new-policy-makes-administrators"),
        ("create-policy-version-lawful", None),
    ],
)
def test_each_sample_event_breaks_its_guardrail_and_the_lawful_one_none(world, name, wanted):
    seen = receives(world, sample(name), mode="observe")
    assert [broken(seen) for _ in seen.cases] == ([[wanted]] if wanted else [])


def test_the_undo_command_gives_back_the_forbidden_version_and_says_if_it_is_gone(world):
    tools, event = written(world, ALLOW_ALL, ALLOW_READING)
    before = world.account.snapshot()
    case = receives(world, event).case
    undone = rescind("undo", "-", "--yes", stdin=json.dumps(case), env=credentials(world.account.url))
    assert (undone.returncode, undone.stderr) == (0, "")
    assert world.account.snapshot() == before
    world.iam.set_default_policy_version(PolicyArn=tools, VersionId="v1")
    world.iam.delete_policy_version(PolicyArn=tools, VersionId="v2")
    undone = rescind("undo", "-", "--yes", stdin=json.dumps(case), env=credentials(world.account.url))
    assert undone.returncode == 1


def test_booleans_that_are_texts_are_read_as_booleans(world):
    tools, event = written(world, ALLOW_ALL, ALLOW_READING)
    parameters = {**event["detail"]["requestParameters"], "setAsDefault": "true"}
    assert receives(world, but(event, requestParameters=parameters)).changed == world.default_moves(tools, v2=ALLOW_ALL, v1=ALLOW_READING)


def test_a_text_that_the_record_omits_is_read_from_iam(world):
    tools, event = written(world, ALLOW_ALL, ALLOW_READING)
    parameters = {name: value for name, value in event["detail"]["requestParameters"].items() if name != "policyDocument"}
    assert receives(world, but(event, requestParameters=parameters)).changed == world.default_moves(tools, v2=ALLOW_ALL, v1=ALLOW_READING)


def test_a_version_whose_text_cannot_be_read_any_more_is_told_to_a_person(world):
    tools = world.policy("Tools")
    seen = receives(world, default_set(tools, "v7"))
    assert (seen.outcome, seen.changed) == ("unremediable", set())
    assert "version v7" in seen.notice.text
