"""The ledger's table: kept, recoverable, and written by the functions alone; what stops them is a break-glass principal's."""

import pytest
from lab.emulator import Emulator

from .stack import ACCOUNT, translate

WRITES = {f"dynamodb:{call}" for call in ("BatchWriteItem", "DeleteItem", "PartiQLDelete", "PartiQLInsert", "PartiQLUpdate", "PutItem", "UpdateItem")}
RESPONDERS = f"arn:aws:iam::{ACCOUNT}:user/ops/ann,arn:aws:iam::{ACCOUNT}:role/Emergency=AROAEXAMPLEEXAMPLE01"


def denials(stack) -> dict[str, dict]:
    """The statements of the table's policy, by their Sids."""
    statements = stack.properties("Ledger")["ResourcePolicy"]["PolicyDocument"]["Statement"]
    assert all((s["Effect"], s["Principal"], s["Resource"], set(s["Action"])) == ("Deny", "*", "*", WRITES) for s in statements)
    return {statement["Sid"]: statement["Condition"] for statement in statements}


def test_it_stays_when_the_stack_goes_and_can_be_restored(stack):
    table = stack.properties("Ledger")
    assert (stack.resources["Ledger"]["DeletionPolicy"], stack.resources["Ledger"]["UpdateReplacePolicy"]) == ("Retain", "Retain")
    assert table["DeletionProtectionEnabled"] and table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires", "Enabled": True}
    assert "TableName" not in table, "a second stack has a ledger of its own"


def test_the_tests_use_a_table_like_it(stack):
    table = stack.properties("Ledger")
    with Emulator() as account:
        account.ledger("like-it")
        like_it = account.dynamodb.describe_table(TableName="like-it")["Table"]
    assert like_it["KeySchema"] == table["KeySchema"]
    assert [{name: like[name] for name in ("IndexName", "KeySchema", "Projection")} for like in like_it["GlobalSecondaryIndexes"]] == table["GlobalSecondaryIndexes"]


def test_nobody_but_the_functions_and_break_glass_principals_writes(stack):
    roles = [stack.arn(stack.role_of(function)) for function in stack.functions()]
    written = denials(stack)["OnlyTheFunctionsAndBreakGlassPrincipalsWrite"]["ArnNotEquals"]["aws:PrincipalArn"]
    assert sorted(written) == sorted([*roles, "arn:*:iam::000000000000:role/nobody"])
    enforcing = translate(Mode="enforce", BreakGlassArns=RESPONDERS)
    written = denials(enforcing)["OnlyTheFunctionsAndBreakGlassPrincipalsWrite"]["ArnNotEquals"]["aws:PrincipalArn"]
    assert {f"arn:aws:iam::{ACCOUNT}:user/ops/ann", f"arn:aws:iam::{ACCOUNT}:role/Emergency", *roles} <= set(written)
    assert not [arn for arn in written if ACCOUNT not in arn and "000000000000" not in arn]


@pytest.mark.parametrize("listed", ["", RESPONDERS])
def test_the_stop_belongs_to_break_glass_principals_and_nothing_else_does(listed):
    stack = translate(BreakGlassArns=listed)
    found = denials(stack)
    stops = found["OnlyBreakGlassPrincipalsStop"]
    assert stops["ForAnyValue:StringEquals"] == {"dynamodb:LeadingKeys": ["stop"]}
    allowed = stops["ArnNotEquals"]["aws:PrincipalArn"]
    assert not any(stack.arn(stack.role_of(function)) in allowed for function in stack.functions())
    if listed:
        only = found["BreakGlassPrincipalsOnlyStop"]
        assert only == {"ArnEquals": {"aws:PrincipalArn": allowed}, "ForAnyValue:StringNotEquals": {"dynamodb:LeadingKeys": ["stop"]}}
    else:
        assert allowed == "arn:*:iam::000000000000:role/nobody" and "BreakGlassPrincipalsOnlyStop" not in found
