"""The stack's own roles before its own judgement: every way to more access that one opens is expected here, and docs/threat-model.md says why.

`rescind grants` judges all that a role holds as one document: its inline statements, the stack's managed policies and AWS's.
"""

import json
import re
from dataclasses import dataclass

import pytest
from lab.command import rescind

from .stack import ACCOUNT, ROOT, logical_id, statements


@dataclass(frozen=True)
class Judged:
    """What `rescind grants` finds: the paths to more access, and the kinds of danger."""

    certain: frozenset = frozenset()
    # Those that depend on a condition or on the resource.
    possible: frozenset = frozenset()
    kinds: frozenset = frozenset()


# A new path fails the tests below. Take the permission back; or write the path here and its reason into the table of docs/threat-model.md.
EXPECTED = {
    "detach-policy": Judged(
        possible=frozenset({"iam-detachgrouppolicy", "iam-detachrolepolicy", "iam-detachuserpolicy"}),
    ),
    "delete-inline-policy": Judged(
        certain=frozenset({"iam-deletegrouppolicy", "iam-deleterolepolicy", "iam-deleteuserpolicy"}),
    ),
    "remove-group-member": Judged(
        certain=frozenset({"iam-removeuserfromgroup"}),
    ),
    "restore-trust": Judged(
        certain=frozenset({"iam-updateassumerolepolicy"}),
        kinds=frozenset({"permissions-management"}),
    ),
    "restore-policy-version": Judged(
        certain=frozenset({"iam-setdefaultpolicyversion"}),
        kinds=frozenset({"permissions-management"}),
    ),
    "detach-everywhere": Judged(
        possible=frozenset({"iam-detachgrouppolicy", "iam-detachrolepolicy", "iam-detachuserpolicy"}),
    ),
    "remove-login": Judged(
        possible=frozenset({"iam-attachuserpolicy", "iam-detachuserpolicy"}),
        kinds=frozenset({"permissions-management"}),
    ),
    "restore-password-policy": Judged(),
    "restore-guard": Judged(
        certain=frozenset({"iam-addusertogroup", *(f"iam-{verb}{kind}policy" for verb in ("attach", "put") for kind in ("group", "role", "user")),
            "iam-putrolepermissionsboundary", "iam-putuserpermissionsboundary"}),
        kinds=frozenset({"permissions-management", "resource-exposure"}),
    ),
    "quarantine-key": Judged(
        certain=frozenset({"iam-updateaccesskey"}),
    ),
    "quarantine-principal": Judged(
        certain=frozenset({"iam-deleterolepolicy", "iam-putrolepolicy"}),
        possible=frozenset({"iam-attachrolepolicy", "iam-attachuserpolicy", "iam-putuserpermissionsboundary", "iam-setdefaultpolicyversion"}),
        kinds=frozenset({"permissions-management", "resource-exposure"}),
    ),
}
# What only watches opens nothing.
EXPECTED |= {"watch": Judged(), "watch-tampering": Judged()}
PATHS = [(role, path) for role, judged in EXPECTED.items() for path in sorted(judged.certain | judged.possible)]


def judged(policy):
    """What these statements give together. Reading data is left out: every function reads the account that it guards."""
    document = json.dumps({"Version": "2012-10-17", "Statement": policy})
    found = json.loads(rescind("grants", "--json", "-", stdin=document).stdout)
    certain, possible = (frozenset(path["id"] for path in found[sure]["escalations"]) for sure in ("definite", "possible"))
    kinds = frozenset(grant["capability"] for grant in found["possible"]["grants"])
    return Judged(certain, possible - certain, kinds - {"escalation", "data-access"})


def held(stack, function):
    return statements(stack, f"{logical_id(function)}Role")


def explained():
    """The rows of the document's table of paths: the certainty and the reason, by role and path."""
    text = (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8")
    rows = re.findall(r"(?m)^\| ([a-z-]+) \| (`iam-[^|]+`) \| (certain|possible) \| (.+) \|$", text)
    return {(role, path): (sure, reason) for role, paths, sure, reason in rows for path in re.findall(r"`([^`]+)`", paths)}


def test_every_role_is_expected(stack):
    assert sorted(stack.of_type("AWS::IAM::Role")) == sorted(["Canary", "HeartbeatRole", *(f"{logical_id(function)}Role" for function in EXPECTED)])


@pytest.mark.parametrize("function", EXPECTED)
def test_statements_of_several_documents_can_be_judged_as_one(stack, function):
    # The versions of the policy language differ in variables only: the one that there is stands in a document of the version that has them.
    assert set(re.findall(r"\$\{[^}]*\}", json.dumps(held(stack, function)))) == {"${aws:PrincipalTag/rescind-function}"}
    assert stack.resources["LedgerPolicy"]["Properties"]["PolicyDocument"]["Version"] == "2012-10-17"


@pytest.mark.parametrize("function", EXPECTED)
def test_a_role_opens_the_paths_that_are_expected_and_no_other(stack, full_stack, function):
    assert judged(held(stack, function)) == EXPECTED[function]
    assert judged(held(full_stack, function)) == EXPECTED[function]


@pytest.mark.parametrize("function", EXPECTED)
def test_no_role_is_an_administrator_even_perhaps(stack, function):
    assert "admin" not in judged(held(stack, function)).kinds


@pytest.mark.parametrize(
    ("action", "path"),
    [("iam:CreateAccessKey", "iam-createaccesskey"), ("iam:CreateLoginProfile", "iam-createloginprofile"), ("iam:PutGroupPolicy", "iam-putgrouppolicy")],
)
def test_a_new_path_is_noticed(stack, action, path):
    more = {"Effect": "Allow", "Action": action, "Resource": [f"arn:aws:iam::{ACCOUNT}:user/*", f"arn:aws:iam::{ACCOUNT}:group/*"]}
    assert path in judged([*held(stack, "remove-group-member"), more]).certain - EXPECTED["remove-group-member"].certain


@pytest.mark.parametrize(("role", "path"), PATHS)
def test_the_threat_model_says_why_a_path_is_left(role, path):
    sure, reason = explained()[role, path]
    assert sure == ("certain" if path in EXPECTED[role].certain else "possible")
    assert len(reason) > 40, "a reason is a sentence"


def test_the_threat_model_names_no_path_that_is_gone():
    assert explained().keys() == set(PATHS)
