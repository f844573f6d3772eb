"""`rescind simulate`: requests put to policies, line by line, through the release binary."""

import json
import subprocess

import pytest
from lab.command import RESCIND

ALLOW = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}
DENY = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:Get*", "Resource": "arn:aws:s3:::b/*"}]}


def request(**members) -> dict:
    asked = {"id": "1", "principal": "arn:aws:iam::123456789012:user/a", "action": "s3:GetObject", "resource": "arn:aws:s3:::b/k"}
    asked |= {"resourceAccount": "123456789012", "context": {"aws:SourceIp": "192.0.2.1", "aws:TagKeys": ["a", "b"]}}
    return asked | members


def simulate(*lines: dict | str) -> list[dict]:
    text = "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines)
    run = subprocess.run([RESCIND, "simulate"], input=text, capture_output=True, text=True, check=True)
    return [json.loads(answer) for answer in run.stdout.splitlines()]


def test_each_line_is_answered_with_the_decision_and_the_statements_that_decided():
    answers = simulate(
        request(identityPolicies=[ALLOW]),
        request(id=2, identityPolicies=[ALLOW, DENY]),
        request(id=None, identityPolicies=[ALLOW], permissionsBoundaries=[DENY], action="s3:PutObject"),
        request(id="4", identityPolicies=[ALLOW], serviceControlPolicies=[[ALLOW], [ALLOW, DENY]]),
    )
    assert answers == [
        {"id": "1", "decision": "allowed", "decidedBy": [{"policy": "identity:0", "statement": 0}]},
        {"id": 2, "decision": "explicitDeny", "decidedBy": [{"policy": "identity:1", "statement": 0}]},
        {"id": None, "decision": "implicitDeny", "decidedBy": []},
        {"id": "4", "decision": "explicitDeny", "decidedBy": [{"policy": "scp:1:1", "statement": 0}]},
    ]


BAD = {
    "no JSON": ("{", "EOF"),
    "no object": ("[]", "a request, an object"),
    "no principal": (request(principal=None), "principal is missing"),
    "a group for a principal": (request(principal="arn:aws:iam::123456789012:group/g"), "is not a principal"),
    "an action without its service": (request(action="GetObject"), "expected service:name"),
    "an account that is none": (request(resourceAccount="12"), "expected 12 digits"),
    "a policy that AWS would refuse": (request(identityPolicies=[{"Statement": [{"Effect": "allow"}]}]), "identityPolicies: Statement[0]"),
    "principals in an identity policy": (
        request(identityPolicies=[{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}}]),
        "identityPolicies[0]: Statement[0] names principals",
    ),
    "a resource policy for nobody": (request(resourcePolicy=ALLOW), "has neither Principal nor NotPrincipal"),
    "a misspelt member": (request(sessionPolicy=[ALLOW]), "did you mean sessionPolicies?"),
    "a key given twice": (request(context={"aws:x": "1", "AWS:X": "2"}), "given twice"),
}


@pytest.mark.parametrize("bad", BAD)
def test_a_bad_line_is_answered_with_its_error_and_the_run_goes_on(bad):
    line, error = BAD[bad]
    answers = simulate(line, "", request(id="after", identityPolicies=[ALLOW]))
    assert len(answers) == 2
    assert error in answers[0]["error"]
    assert answers[0]["id"] == (None if bad in ("no JSON", "no object") else "1")
    assert answers[1]["decision"] == "allowed"


def test_what_is_unknown_leaves_a_definite_and_a_possible_answer():
    on_tag = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": True}}}}
    (answer,) = simulate(request(identityPolicies=[on_tag], unknownContext=["aws:MultiFactorAuthPresent"]))
    assert answer["decision"] == "implicitDeny"
    assert answer["possible"] == {"decision": "allowed", "decidedBy": [{"policy": "identity:0", "statement": 0}]}


def test_text_that_is_no_utf_8_is_an_error_of_its_line():
    run = subprocess.run([RESCIND, "simulate"], input=b"\xff\n" + json.dumps(request()).encode(), capture_output=True, check=True)
    first, second = map(json.loads, run.stdout.splitlines())
    assert "utf-8" in first["error"]
    assert second["decision"] == "implicitDeny"


def resource_policy(principal: object) -> dict:
    return {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": principal, "Action": "*", "Resource": "*"}}


def test_a_principal_without_its_type_is_accepted_with_a_warning():
    user = request()["principal"]
    line = json.dumps(request(resourcePolicy=resource_policy(user)))
    run = subprocess.run([RESCIND, "simulate"], input=f"\n{line}\n", capture_output=True, text=True, check=True)
    assert json.loads(run.stdout)["decision"] == "allowed"
    assert run.stderr.startswith("warning: line 2: resourcePolicy: Statement[0]: the principal ")
    assert user in run.stderr


@pytest.mark.parametrize("principal", ["*", {"AWS": "*"}, {"AWS": ["*"]}])
def test_the_anonymous_principal_may_be_an_object(principal):
    public, own = resource_policy("*"), resource_policy({"AWS": request()["principal"]})
    answers = simulate(request(principal=principal, resourcePolicy=public), request(principal=principal, resourcePolicy=own))
    assert [answer["decision"] for answer in answers] == ["allowed", "implicitDeny"]


def test_an_object_of_several_principals_is_nobody_who_asks():
    (answer,) = simulate(request(principal={"AWS": ["*", "123456789012"]}))
    assert "expected one" in answer["error"]
