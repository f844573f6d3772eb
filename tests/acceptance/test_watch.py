"""What nobody takes back is reported: sign-ins, sessions, renames, and every other change to who can do what."""

import json

import pytest
from lab.command import rescind
from lab.emulator import ACCOUNT
from lab.events import anew, assumed_role, but, delivered, iam_call, iam_user, just_now, sample
from lab.offence import ADMINISTRATOR
from lab.rulebook import rulebook
from lab.world import WATCH

TRUSTED = {"TRUSTED_ACCOUNTS": "999999999999"}


def watched(world, event, **settings):
    return world.receives(event, name=WATCH, **settings)


def guardrails(case) -> list[str]:
    return [guardrail["id"] for guardrail in case["decision"]["guardrails"]]


def signed_in(identity: dict, result: str = "Success", mfa: str = "No", region: str = "us-east-1") -> dict:
    return anew(but(sample("console-login"), userIdentity=identity, responseElements={"ConsoleLogin": result}, awsRegion=region,
                    additionalEventData={"MFAUsed": mfa}, eventTime=just_now()))  # fmt: skip


def session(role: str, actor: dict, call: str = "AssumeRole", **parameters) -> dict:
    asked = {"roleArn": f"arn:aws:iam::{ACCOUNT}:role/{role}", "roleSessionName": "x", **parameters}
    return anew(but(sample("assume-role"), userIdentity=actor, eventName=call, requestParameters=asked))


# Calls of the table.


@pytest.mark.parametrize("mode", ["observe", "enforce"])
def test_a_change_that_nobody_takes_back_is_one_case_and_one_notice(world, mode):
    seen = watched(world, sample("create-saml-provider"), mode=mode)
    assert (seen.outcome, seen.notice.case, seen.changed, seen.writes) == ("observed", seen.case, set(), [])
    assert seen.case["change"]["type"] == "Noticed" and guardrails(seen.case) == ["worth-a-look-today"]


def test_what_is_only_recorded_is_no_notice(world):
    assert (watched(world, sample("tag-instance-profile-lawful")).cases, world.inbox.take()) == ([], [])


def test_a_change_to_iam_that_no_table_knows_is_reported(world):
    seen = watched(world, iam_call("DoSomethingNew", {"thing": "x"}))
    assert "DoSomethingNew" in seen.notice.text and "does not know" in seen.notice.text


def test_a_call_that_another_function_reports_is_not_reported_twice(world):
    assert watched(world, sample("attach-user-policy")).cases == []


def test_a_call_that_aws_refused_makes_no_case(world):
    assert watched(world, but(sample("create-saml-provider"), errorCode="AccessDenied", requestParameters=None)).cases == []


def test_what_the_caller_wrote_stands_in_quotation_marks(world):
    event = iam_call("CreateInstanceProfile", {"instanceProfileName": "x, which is harmless. <b>Ignore"})
    notice = watched(world, event).notice
    assert '"x, which is harmless.' in notice.text and "<b>" not in json.dumps(notice.case)


def test_parameters_of_a_megabyte_become_a_short_notice(world):
    seen = watched(world, iam_call("DoSomethingNew", {"thing": "x" * 1_000_000, "more": [{"a": "b" * 1000}] * 500}))
    assert len(seen.notice.text) < 8_000


def test_an_exemption_on_a_group_of_calls_covers_the_calls_in_it(world, tmp_path):
    permit = """
@id("the-intranet-team")
@owner("identity@example.com")
@reason("They run the identity provider")
@until("2099-12-31")
permit (principal, action in Action::"federation", resource)
when { principal.arn == "arn:aws:iam::123456789012:user/mallory" };
"""
    seen = watched(world, sample("create-saml-provider"), guardrails=rulebook(tmp_path, exemptions=permit))
    assert seen.outcome == "exempt"


# The root user.


@pytest.mark.parametrize("name", ["console-login-root", "run-instances-root", "create-access-key-root"])
def test_whatever_the_root_user_does_is_critical(world, name):
    seen = watched(world, sample(name))
    assert seen.notice.attributes["severity"] == "critical"


def test_what_a_service_does_with_the_root_user_s_rights_is_silent(world):
    event = sample("run-instances-root")
    event["detail"]["userIdentity"]["invokedBy"] = "autoscaling.amazonaws.com"
    assert watched(world, event).cases == []


def test_an_administrator_of_the_organization_who_acts_as_root_is_told_apart(world, tmp_path):
    guardrail = '@id("assumed")\n@severity("high")\nforbid (principal, action, resource) when { context.assumedRoot };'
    event = sample("create-user")
    event["detail"]["userIdentity"] = {"type": "Root", "arn": f"arn:aws:iam::{ACCOUNT}:root", "accountId": ACCOUNT, "sessionContext": {"assumedRoot": "true"}}
    assert "assumed" in guardrails(watched(world, event, guardrails=rulebook(tmp_path, guardrail)).case)


# Signing in.


def test_a_user_who_signs_in_without_mfa_is_reported_from_whichever_region(world):
    seen = watched(world, signed_in(iam_user("dana"), region="ap-southeast-2"))
    assert guardrails(seen.case) == ["users-sign-in-with-mfa"]
    assert "user dana signed in without MFA" in seen.notice.text


def test_a_user_who_signs_in_with_mfa_is_not(world):
    assert watched(world, signed_in(iam_user("dana"), mfa="Yes")).cases == []


@pytest.mark.parametrize(
    "identity",
    [
        assumed_role("Admin", "dana"),
        {"type": "SAMLUser", "principalId": "x:dana", "userName": "dana", "identityProvider": "x"},
        {"type": "WebIdentityUser", "principalId": "x", "userName": "dana", "identityProvider": "accounts.google.com"},
        {"type": "IdentityCenterUser", "accountId": ACCOUNT, "onBehalfOf": {"userId": "u-1", "identityStoreArn": "arn:aws:identitystore::1:identitystore/d-1"}},
        {"type": "SomethingNew"},
        {},
    ],
)
def test_of_anybody_but_users_the_record_does_not_say_whether_they_used_mfa(world, identity):
    assert watched(world, signed_in(identity)).cases == []


def test_five_failures_within_ten_minutes_are_one_notice_with_a_count(world):
    seen = [watched(world, signed_in(iam_user("dana"), result="Failure")) for _ in range(5)]
    assert [len(each.notices) for each in seen] == [0, 0, 0, 0, 1]
    assert "user dana failed to sign in, 5 times within ten minutes" in seen[-1].notice.text


def test_a_failure_that_is_delivered_twice_counts_once(world):
    event = signed_in(iam_user("dana"), result="Failure")
    assert [watched(world, event).cases for _ in range(6)] == [[]] * 6


def test_failures_of_different_users_are_counted_apart(world):
    assert [watched(world, signed_in(iam_user(f"user-{n}"), result="Failure")).cases for n in range(6)] == [[]] * 6


def test_a_user_whose_name_aws_hides_is_counted_by_where_they_come_from(world):
    hidden = {"type": "IAMUser", "accountId": ACCOUNT, "principalId": "", "accessKeyId": "", "userName": "HIDDEN_DUE_TO_SECURITY_REASONS"}
    seen = [watched(world, signed_in(hidden, result="Failure")) for _ in range(5)]
    assert "somebody whose name AWS does not show failed to sign in, 5 times" in seen[-1].notice.text


def test_somebody_who_tries_the_root_user_s_password_is_critical_at_once(world):
    root = {"type": "Root", "arn": f"arn:aws:iam::{ACCOUNT}:root", "accountId": ACCOUNT, "principalId": ACCOUNT}
    assert watched(world, signed_in(root, result="Failure")).notice.attributes["severity"] == "critical"


# Sessions.

FOREIGN = {"type": "AWSAccount", "principalId": "AIDAEXAMPLEEXAMPLE09", "accountId": "999999999999"}


def test_a_foreign_account_s_session_as_administrator_says_what_the_role_can_do_and_that_nothing_limits_it(world):
    role = world.role("vendor", holds=[ADMINISTRATOR])
    world.iam.update_assume_role_policy(RoleName=role.name, PolicyDocument=trust("999999999999"))
    seen = watched(world, session(role.name, FOREIGN))
    assert guardrails(seen.case) == ["no-administrator-session-from-a-foreign-account", "foreign-accounts-come-in-under-a-condition"]
    assert "the role is an administrator" in seen.notice.text and "without a condition" in seen.notice.text


def test_a_condition_in_the_trust_policy_is_seen(world):
    role = world.role("vendor")
    world.iam.update_assume_role_policy(RoleName=role.name, PolicyDocument=trust("999999999999", {"StringEquals": {"sts:ExternalId": "a1b2"}}))
    assert watched(world, session(role.name, FOREIGN)).cases == []


def test_an_account_that_is_trusted_comes_in_silently(world):
    role = world.role("vendor", holds=[ADMINISTRATOR])
    world.iam.update_assume_role_policy(RoleName=role.name, PolicyDocument=trust("999999999999"))
    assert watched(world, session(role.name, FOREIGN), **TRUSTED).cases == []


def test_sessions_that_aws_services_start_are_silent(world):
    seen = watched(world, session("deploy", {"type": "AWSService", "invokedBy": "ec2.amazonaws.com"}))
    assert (seen.cases, seen.operations) == ([], [])


def test_an_ordinary_session_costs_no_call(world):
    world.role("deploy")
    assert watched(world, session("deploy", iam_user("dana"))).operations == []


@pytest.mark.parametrize(
    ("condition", "actor", "parameters"),
    [
        ("context.chained", assumed_role("ci"), {}),
        ("context.durationSeconds > 3600", iam_user("dana"), {"durationSeconds": 43200}),
        ("context.durationSeconds > 3600", iam_user("dana"), {"durationSeconds": "43200"}),
        ('context has newSourceIdentity && context.newSourceIdentity == "dana"', iam_user("dana"), {"sourceIdentity": "dana"}),
        ('context.from == "999999999999"', FOREIGN, {}),
    ],
)
def test_a_guardrail_can_ask_how_a_session_was_started(world, tmp_path, condition, actor, parameters):
    world.role("deploy")
    book = rulebook(tmp_path, f'@id("asked")\n@severity("low")\nforbid (principal, action == Action::"sts:AssumeRole", resource) when {{ {condition} }};')
    assert "asked" in guardrails(watched(world, session("deploy", actor, **parameters), guardrails=book, **TRUSTED).case)
    assert watched(world, session("deploy", iam_user("erin")), guardrails=book).cases == []


@pytest.mark.parametrize("name", ["assume-root", "get-federation-token"])
def test_sessions_that_are_rare_are_reported(world, name):
    assert watched(world, sample(name)).outcome == "observed"


# Renames.


def test_a_rename_says_the_id_that_did_not_change_and_which_policies_still_name_the_old_arn(world):
    user = world.user("deploy")
    role = world.trusting("build", json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": user.arn}, "Action": "sts:AssumeRole"}]}))
    world.writes_inline(role, {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iam:GetUser", "Resource": user.arn}]}, name="reads")
    renamed = world.rename(user, "deploy-old")
    seen = watched(world, iam_call("UpdateUser", {"userName": "deploy", "newUserName": "deploy-old"}))
    assert "nothing-names-who-was-renamed" in guardrails(seen.case)
    assert seen.case["change"]["target"]["id"] in (user.id, f"AIDA{user.id.upper()[:17]}")
    assert set(seen.case["change"]["namedBy"]) == {"the trust policy of role build", "inline policy reads of role build"}
    assert renamed.name == seen.case["change"]["newName"]


def test_a_rename_of_somebody_whom_no_policy_names_breaks_only_the_guardrail_on_renames(world):
    world.rename(world.user("deploy"), "deploy-old")
    seen = watched(world, iam_call("UpdateUser", {"userName": "deploy", "newUserName": "deploy-old"}))
    assert guardrails(seen.case) == ["renames-are-reported"]


# Who is behind a call.


@pytest.mark.parametrize(
    ("identity", "condition"),
    [
        ({"onBehalfOf": {"userId": "u-1", "identityStoreArn": "arn:aws:identitystore::1:identitystore/d-1"}}, 'context has onBehalfOf && context.onBehalfOf == "u-1"'),
        ({"inScopeOf": {"credentialsIssuedTo": "arn:aws:lambda:us-east-1:123456789012:function:f"}}, 'context has inScopeOf && context.inScopeOf like "*:function:f"'),
        ({"invokedByDelegate": {"accountId": "999999999999"}}, 'context has delegate && context.delegate == "999999999999"'),
        ({"sessionContext": {"sourceIdentity": "dana"}}, 'context has sourceIdentity && context.sourceIdentity == "dana"'),
    ],
)
def test_a_guardrail_can_ask_who_is_behind_a_call(world, tmp_path, identity, condition):
    book = rulebook(tmp_path, f'@id("behind")\n@severity("low")\nforbid (principal, action, resource) when {{ {condition} }};')
    event = sample("create-user")
    event["detail"]["userIdentity"] |= identity
    assert "behind" in guardrails(watched(world, event, guardrails=book).case)


# The heartbeat.


def heartbeat(role: str = "rescind-HeartbeatRole-1A2B") -> dict:
    return iam_call("TagRole", {"roleName": "rescind-Canary-1A2B", "tags": [{"key": "rescind-heartbeat", "value": just_now()}]}, assumed_role(role))


def test_the_stack_s_own_change_is_noted_in_the_ledger_and_makes_no_case(world):
    seen = watched(world, heartbeat(), HEARTBEAT_ROLE="rescind-HeartbeatRole-1A2B")
    assert (seen.cases, seen.notices, seen.ledger) == ([], [], ["PutItem"])
    (item,) = [item for item in world.ledger.items() if item["pk"] == "watch#heartbeat"]
    assert len(item["rulebook"]) == 64 and item["at"] and item["seen"]
    assert any("Heartbeat" in line and "_aws" in line for line in seen.invocation.logs)


def test_a_heartbeat_that_the_ledger_does_not_take_sends_no_metric_and_is_tried_again(world):
    world.aws.deny("PutItem")
    seen = watched(world, heartbeat(), HEARTBEAT_ROLE="rescind-HeartbeatRole-1A2B", fresh=True)
    assert seen.error is not None
    assert not any('"Heartbeat"' in line and "_aws" in line for line in seen.invocation.logs)


def test_somebody_else_who_tags_a_role_is_no_heartbeat(world):
    world.role("rescind-Canary-1A2B")
    seen = watched(world, heartbeat(role="intruder"), HEARTBEAT_ROLE="rescind-HeartbeatRole-1A2B")
    assert seen.outcome == "observed"


def trust(account: str, condition: dict | None = None) -> str:
    statement = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "sts:AssumeRole", **({"Condition": condition} if condition else {})}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


# Every row of the table.


def test_a_sign_in_service_event_of_a_kind_that_nobody_knows_ends_quietly(world):
    event = delivered("aws.signin", "AWS Service Event via CloudTrail", [], {**sample("console-login")["detail"], "eventName": "UserAuthentication"})
    assert watched(world, event).cases == []


def test_decide_counts_failures_among_the_records_it_is_given(tmp_path):
    failures = [signed_in(iam_user("dana"), result="Failure") for _ in range(5)]
    (tmp_path / "failures.ndjson").write_text("\n".join(map(json.dumps, failures)))
    answers = rescind("decide", "--json", tmp_path / "failures.ndjson").stdout
    decoder, cases, answers = json.JSONDecoder(), [], answers.strip()
    while answers:
        case, end = decoder.raw_decode(answers)
        cases, answers = [*cases, *([case] if case else [])], answers[end:].strip()
    assert [guardrails(case) for case in cases] == [["five-failed-sign-ins"]]
