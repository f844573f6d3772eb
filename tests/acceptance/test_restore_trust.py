"""Roles that others can assume: a trust policy is judged principal by principal, and only the forbidden ones are removed from it."""

import json

import pytest
from lab.command import credentials, rescind
from lab.emulator import ACCOUNT
from lab.events import but, iam_call, role_created, sample, trust_updated
from lab.rulebook import rulebook
from lab.world import RESTORE_TRUST, Observation

OWN = f"arn:aws:iam::{ACCOUNT}:root"
FOREIGN = "arn:aws:iam::999999999999:root"
EVERYONE = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
ENFORCED = """
@id("nobody-from-outside")
@severity("high")
@remedy("restore-trust")
forbid (principal, action in Action::"trust", resource)
when { context.trusted.account != "" && !context.trusted.trustedAccount };
"""


def allow(principal, condition=None, action="sts:AssumeRole") -> dict:
    return {"Effect": "Allow", "Principal": principal, "Action": action, **({"Condition": condition} if condition else {})}


def policy(*statements: dict) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def receives(world, event, **settings) -> Observation:
    return world.receives(event, name=RESTORE_TRUST, **settings)


def ids(seen: Observation) -> set[str]:
    return {guardrail["id"] for guardrail in seen.case["decision"]["guardrails"]}


def live(world, role) -> str:
    """The text as IAM keeps it."""
    return json.dumps(world.iam.get_role(RoleName=role.name)["Role"]["AssumeRolePolicyDocument"])


def test_only_the_forbidden_principal_is_removed_and_the_rest_stays_byte_for_byte(world):
    before = f'{{ "Version":"2012-10-17",\n "Statement": [ {{"Effect":"Allow","Principal":{{"AWS":["{OWN}" , "*"],"Service":"ec2.amazonaws.com"}},"Action":"sts:AssumeRole"}} ] }}'
    role = world.trusting("web", before)
    seen = receives(world, trust_updated(role, before))
    assert seen.outcome == "applied"
    assert seen.case["outcomes"][0]["calls"][0]["parameters"]["PolicyDocument"] == before.replace(' , "*"', "")
    assert seen.undo["parameters"] == {"RoleName": "web", "PolicyDocument": before}
    assert [judged["principal"] for judged in seen.case["change"]["trusted"]] == [{"type": "everyone"}]
    for said in ("role web", "everyone", "no-role-for-everyone", "the undo restores what Rescind removed, not what the trust policy said before"):
        assert said in seen.notice.text


def test_if_nobody_is_left_nobody_meets_the_trust(world):
    role = world.trusting("web", policy(EVERYONE))
    seen = receives(world, role_created(role, policy(EVERYONE)))
    assert seen.outcome == "applied"
    (statement,) = json.loads(live(world, role))["Statement"]
    assert (statement["Effect"], statement["Principal"]) == ("Deny", {"AWS": "*"})
    assert "not what the trust policy said before" not in seen.notice.text, "a role that is new had no policy before"
    undone = rescind("undo", "-", "--yes", stdin=json.dumps(seen.case), env=credentials(world.account.url))
    assert (undone.returncode, undone.stderr) == (0, "")
    assert json.loads(live(world, role)) == json.loads(policy(EVERYONE))


@pytest.mark.parametrize("name", ["create-role", "create-role-github"])
def test_a_sample_event_breaks_a_shipped_guardrail(world, name):
    event = sample(name)
    parameters = event["detail"]["requestParameters"]
    role = world.trusting(parameters["roleName"], parameters["assumeRolePolicyDocument"])
    seen = receives(world, role_created(role, parameters["assumeRolePolicyDocument"]))
    assert seen.outcome == "applied"
    assert receives(world, trust_updated(role, live(world, role))).cases == []


@pytest.mark.parametrize(
    ("name", "guardrail"),
    [
        ("update-assume-role-policy-foreign", "trusted-accounts-are-listed"),
        ("update-assume-role-policy-external-id", "everyone-with-an-external-id"),
        ("update-assume-role-policy-with-mfa", "perhaps-a-role-for-everyone"),
    ],
)
def test_what_may_be_meant_is_reported_and_stays(world, name, guardrail):
    parameters = sample(name)["detail"]["requestParameters"]
    role = world.trusting(parameters["roleName"], parameters["policyDocument"])
    seen = receives(world, trust_updated(role, parameters["policyDocument"]))
    assert (seen.outcome, ids(seen), seen.changed) == ("observed", {guardrail}, set())


def test_a_text_that_iam_would_refuse_is_unknown(world):
    seen = receives(world, trust_updated(world.role("web"), "{}"))
    assert (seen.outcome, seen.case["decision"]["verdict"], seen.changed) == ("unremediable", "unknown", set())
    assert "Statement is missing" in seen.notice.text


@pytest.mark.parametrize("call", ["CreateRole", "UpdateAssumeRolePolicy"])
def test_a_text_that_the_record_omits_is_read_from_iam(world, call):
    role = world.trusting("web", policy(EVERYONE, allow({"AWS": OWN})))
    seen = receives(world, iam_call(call, {"roleName": "web"}))
    assert seen.outcome == "applied"
    assert json.loads(live(world, role))["Statement"] == [allow({"AWS": OWN})]
    gone = receives(world, iam_call(call, {"roleName": "nobody"}))
    assert gone.case["decision"]["verdict"] == "unknown"


def test_each_principal_is_judged_by_itself(world, tmp_path):
    """Two are forbidden, a third is only reported, a fourth is exempt, a fifth is nobody's business."""
    exemption = f"""
@id("the-scanner-may")
@owner("security")
@reason("it scans")
@until("2030-01-01")
permit (principal, action in Action::"trust", resource)
when {{ context.trusted.arn == "arn:aws:iam::888888888888:root" }};
"""
    text = policy(allow({"AWS": [OWN, FOREIGN, "888888888888"]}), EVERYONE, allow("*", {"StringEquals": {"sts:ExternalId": "x1"}}))
    role = world.trusting("web", text)
    seen = receives(world, trust_updated(role, text), guardrails=rulebook(tmp_path, ENFORCED, exemption))
    assert seen.outcome == "applied"
    statements = json.loads(live(world, role))["Statement"]
    assert statements == [allow({"AWS": [OWN, "888888888888"]}), allow("*", {"StringEquals": {"sts:ExternalId": "x1"}})]
    assert {"nobody-from-outside", "no-role-for-everyone", "everyone-with-an-external-id"} <= ids(seen)
    assert len(seen.notices) == 1


def test_an_exemption_for_all_that_is_forbidden_leaves_it(world, tmp_path):
    exemption = '@id("may")\n@owner("o")\n@reason("r")\n@until("2030-01-01")\npermit (principal, action in Action::"trust", resource) when { context.trusted.account == "999999999999" };'
    text = policy(allow({"AWS": [OWN, FOREIGN]}))
    role = world.trusting("web", text)
    seen = receives(world, trust_updated(role, text), guardrails=rulebook(tmp_path, ENFORCED, exemption))
    assert (seen.outcome, seen.changed) == ("exempt", set())
    assert [judged["principal"]["name"] for judged in seen.case["change"]["trusted"]] == [FOREIGN]


def test_listed_accounts_are_trusted(world, tmp_path):
    text = policy(allow({"AWS": [FOREIGN, "arn:aws:iam::888888888888:role/x"]}))
    role = world.trusting("web", text)
    event = trust_updated(role, text)
    guardrails = rulebook(tmp_path, ENFORCED)
    assert receives(world, event, guardrails=guardrails, TRUSTED_ACCOUNTS="999999999999,888888888888").cases == []
    seen = receives(world, event, guardrails=guardrails, TRUSTED_ACCOUNTS="999999999999")
    assert json.loads(live(world, role))["Statement"] == [allow({"AWS": [FOREIGN]})]
    assert seen.outcome == "applied"


def test_what_somebody_added_in_the_meantime_is_another_change(world, tmp_path):
    """The live text has one more principal, which this event does not name, and one that is forbidden under other conditions now."""
    text = policy(allow({"AWS": [OWN, FOREIGN]}), EVERYONE)
    now = policy(allow({"AWS": [OWN, FOREIGN, "777777777777"]}), {**EVERYONE, "Condition": {"StringEquals": {"sts:ExternalId": "x1"}}})
    role = world.trusting("web", now)
    seen = receives(world, trust_updated(role, text), guardrails=rulebook(tmp_path, ENFORCED))
    assert seen.outcome == "applied"
    assert json.loads(live(world, role))["Statement"] == [allow({"AWS": [OWN, "777777777777"]}), json.loads(now)["Statement"][1]]


def test_a_policy_that_was_corrected_in_the_meantime_is_left_alone(world):
    role = world.trusting("web", policy(allow({"AWS": OWN})))
    seen = receives(world, trust_updated(role, policy(EVERYONE)))
    assert (seen.outcome, seen.changed, seen.writes) == ("already-clean", set(), [])


def test_principals_that_no_longer_exist_are_dropped_and_named(world):
    """IAM shows them by their unique ids, and refuses to save those."""
    gone = "AROAEXAMPLEEXAMPLE0001"
    role = world.trusting("web", policy(allow({"AWS": [OWN, gone]}), EVERYONE))
    seen = receives(world, trust_updated(role, policy(allow({"AWS": [OWN, f"arn:aws:iam::{ACCOUNT}:role/old"]}), EVERYONE)))
    assert seen.outcome == "applied"
    assert json.loads(live(world, role))["Statement"] == [allow({"AWS": [OWN]})]
    assert gone not in seen.undo["parameters"]["PolicyDocument"] and gone in seen.notice.text
    undone = rescind("undo", "-", "--yes", stdin=json.dumps(seen.case), env=credentials(world.account.url))
    assert (undone.returncode, undone.stderr) == (0, "")
    assert json.loads(live(world, role))["Statement"] == [allow({"AWS": [OWN]}), EVERYONE]


def test_a_new_role_of_the_same_name_is_another_role(world):
    role = world.trusting("web", policy(EVERYONE))
    seen = receives(world, role_created(role, policy(EVERYONE), id="AROAEXAMPLEEXAMPLE0002"))
    assert (seen.outcome, seen.changed) == ("already-clean", set())


@pytest.mark.parametrize(
    "text",
    [
        policy(allow({"Service": "ec2.amazonaws.com"})),
        policy(allow({"AWS": OWN})),
        policy(allow({"AWS": "*"}, {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}})),
        policy(EVERYONE, {"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole", "Condition": {"StringNotEquals": {"aws:PrincipalAccount": ACCOUNT}}}),
        policy(allow("*", {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/ci*"}})),
        policy(allow({"Federated": f"arn:aws:iam::{ACCOUNT}:saml-provider/idp"}, {"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}}, "sts:AssumeRoleWithSAML")),
        policy(allow({"Federated": "cognito-identity.amazonaws.com"}, {"StringEquals": {"cognito-identity.amazonaws.com:aud": "us-east-1:x"}}, "sts:AssumeRoleWithWebIdentity")),
        policy({"Effect": "Allow", "Principal": "*", "Action": "sts:TagSession"}),
    ],
)
def test_ordinary_trust_is_nobody_s_business(world, text):
    role = world.trusting("web", text)
    seen = receives(world, trust_updated(role, text))
    assert (seen.cases, seen.notices, seen.changed) == ([], [], set())


def test_a_refused_call_that_keeps_its_parameters_is_reported_as_tried(world):
    role = world.role("web")
    denied = but(trust_updated(role, policy(EVERYONE)), errorCode="AccessDenied")
    seen = receives(world, denied)
    assert (seen.outcome, seen.changed) == ("attempted", set())
    assert "the actor tried to let everyone assume role web" in seen.notice.text


def test_an_update_of_an_identity_provider_is_reported(world):
    seen = receives(world, sample("update-open-id-connect-provider"))
    assert (seen.outcome, ids(seen), seen.changed) == ("observed", {"identity-providers-are-updated-with-care"}, set())
    assert "its claim `email` says" in seen.notice.text
