"""`rescind grants`: what a document grants, and which statements grant it."""

import json
import re
from pathlib import Path
from urllib.parse import quote

import pytest
from lab.command import rescind
from moto.iam.aws_managed_policies import aws_managed_policies_data

GUARDRAILS = Path(__file__).resolve().parents[2] / "guardrails"

HALVES = {
    "Version": "2012-10-17",
    "Statement": [
        {"Sid": "Read", "Effect": "Allow", "NotAction": "iam:*", "Resource": "*"},
        {"Sid": "ListUsers", "Effect": "Allow", "Action": "iam:*", "Resource": "*"},
    ],
}
READS = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "ec2:Describe*", "Resource": "*"}}


def grants(text: str, *options: str, status: int = 0) -> str:
    run = rescind("grants", "-", *options, stdin=text)
    assert run.returncode == status, run.stdout + run.stderr
    return run.stdout


@pytest.mark.parametrize("encode", [str, quote], ids=["plain", "percent-encoded"])
def test_a_person_sees_what_is_granted_and_by_which_statement(encode):
    text = grants(encode(json.dumps(HALVES)))
    assert text.startswith("grants for certain\n  admin ")
    assert "statement 0 (Read), statement 1 (ListUsers)" in text


def test_a_statement_whose_sid_is_empty_is_named_by_its_number():
    text = grants(json.dumps({"Statement": {**HALVES["Statement"][1], "Sid": ""}}))
    assert "by statement 0\n" in text and "()" not in text


def test_a_harmless_policy_is_said_to_be_harmless():
    assert grants(json.dumps(READS)) == "grants nothing that is dangerous of itself\n"


def test_many_documents_go_in_and_out_as_json_lines():
    lines = [json.dumps({"id": "a", "document": HALVES}), json.dumps({"id": "b", "document": json.dumps(READS)}), json.dumps({"id": "c", "document": {}})]
    a, b, c = map(json.loads, grants("\n".join(lines), status=1).splitlines())
    assert (a["id"], a["definite"]["grants"][0]["capability"]) == ("a", "admin")
    assert (b["id"], b["possible"]) == ("b", {"grants": [], "escalations": []})
    assert c == {"id": "c", "error": "not a policy document: Statement is missing at line 1 column 2"}


def test_a_document_that_aws_would_refuse_is_an_error_at_its_place():
    assert "Effect is missing at line 1 column" in grants('{"Statement":[{"Action":"*","Resource":"*"}]}', status=1)


def test_json_names_the_statements_of_every_path():
    (line,) = grants(json.dumps(HALVES), "--json").splitlines()
    paths = {path["id"]: path for path in json.loads(line)["definite"]["escalations"]}
    assert paths["iam-putuserpolicy"]["statements"] == [1]


def test_every_policy_of_aws_s_that_opens_a_certain_path_is_named_by_a_guardrail(tmp_path):
    managed = json.loads(aws_managed_policies_data)
    for name, policy in managed.items():
        (tmp_path / name).write_text(json.dumps(policy["Document"]))
    run = rescind("grants", "--json", *(str(tmp_path / name) for name in sorted(managed)))
    assert run.returncode == 0, run.stderr
    answers = map(json.loads, run.stdout.splitlines())
    open_paths = {Path(answer["id"]).name for answer in answers if answer["definite"]["escalations"]}
    rules = "".join(path.read_text() for path in GUARDRAILS.glob("*.cedar"))
    named = set(re.findall(r'"([\w-]+)"', rules)) | {name for name in managed if name.startswith("AdministratorAccess")}
    assert "AWSLambda_FullAccess" in open_paths
    assert open_paths <= named, f"no guardrail names {sorted(open_paths - named)}"
    (listed,) = re.findall(r'@id\("no-path-to-administrator-by-aws-policy"\).*?\[(.*?)\]', rules, re.DOTALL)
    closed = set(re.findall(r'"([\w-]+)"', listed)) - open_paths
    assert not closed, f"{sorted(closed)} open no path"
