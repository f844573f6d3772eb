"""What one function asks of another is obeyed for its seal alone: who may make one, and who may check it."""

from fnmatch import fnmatchcase

import pytest

from .stack import ACCOUNT

THE_ACCOUNT = f"arn:aws:iam::{ACCOUNT}:root"
# The functions that ask, and the functions that are asked.
ASKING = ["DetachPolicyFunction", "QuarantineKeyFunction"]
ASKED = ["QuarantineKeyFunction", "QuarantinePrincipalFunction"]


def listed(value):
    return value if isinstance(value, list) else [value]


def whom_the_key_lets(stack, action):
    """The principals that the key's own policy allows an action."""
    statements = stack.properties("SealKey")["KeyPolicy"]["Statement"]
    assert {(s["Effect"], s["Resource"], tuple(s["Principal"])) for s in statements} == {("Allow", "*", ("AWS",))}
    covering = [s for s in statements if any(fnmatchcase(action.lower(), a.lower()) for a in listed(s["Action"]))]
    return {principal for s in covering for principal in listed(s["Principal"]["AWS"])}


def roles_of(stack, functions):
    return {stack.arn(stack.role_of(function)) for function in functions}


def test_the_key_makes_seals_and_nothing_else(stack):
    key = stack.properties("SealKey")
    assert (key["KeySpec"], key["KeyUsage"]) == ("HMAC_256", "GENERATE_VERIFY_MAC")


def test_only_the_functions_that_ask_may_make_a_seal(stack):
    assert whom_the_key_lets(stack, "kms:GenerateMac") == roles_of(stack, ASKING)


def test_only_the_functions_that_are_asked_may_check_a_seal(stack):
    assert whom_the_key_lets(stack, "kms:VerifyMac") == roles_of(stack, ASKED)


@pytest.mark.parametrize("action", ["kms:GenerateMac", "kms:VerifyMac", "kms:CreateGrant", "kms:RetireGrant"])
def test_an_iam_policy_alone_lets_nobody_use_the_key_nor_lend_it(stack, action):
    assert THE_ACCOUNT not in whom_the_key_lets(stack, action)


# What CloudFormation calls for a key (its type's handlers), and what undoes a mistake.
@pytest.mark.parametrize(
    "action",
    [
        "kms:CancelKeyDeletion",
        "kms:DescribeKey",
        "kms:DisableKey",
        "kms:EnableKey",
        "kms:GetKeyPolicy",
        "kms:GetKeyRotationStatus",
        "kms:ListResourceTags",
        "kms:PutKeyPolicy",
        "kms:RevokeGrant",
        "kms:ScheduleKeyDeletion",
        "kms:TagResource",
        "kms:UntagResource",
        "kms:UpdateKeyDescription",
    ],
)
def test_the_account_manages_the_key(stack, action):
    assert whom_the_key_lets(stack, action) == {THE_ACCOUNT}


def test_a_rule_for_requests_listens_to_exactly_the_functions_that_may_make_a_seal(stack):
    rules = [r["EventPattern"]["detail"] for r in stack.of_type("AWS::Events::Rule").values() if r["EventPattern"]["source"] == ["lambda"]]
    heard = [[wanted["prefix"] for wanted in detail["requestContext"]["functionArn"]] for detail in rules]
    assert heard == [[f"{stack.arn(function)}:" for function in ASKING]] * len(ASKED)


def test_exactly_the_functions_that_are_asked_have_a_rule_for_requests(stack):
    rules = [r for r in stack.of_type("AWS::Events::Rule").values() if r["EventPattern"]["source"] == ["lambda"]]
    assert sorted(target["Arn"] for rule in rules for target in rule["Targets"]) == [stack.arn(function) for function in ASKED]
