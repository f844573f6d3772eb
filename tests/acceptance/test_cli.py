"""The `rescind` command, as a person runs it who has no credentials: none of this needs AWS."""

import json
import os
import shutil
import subprocess
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from lab.command import RESCIND, rescind
from lab.events import ROOT

SAMPLE = ROOT / "events" / "attach-user-policy.json"


@pytest.fixture
def rulebook(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ROOT / "guardrails", tmp_path / "guardrails"))


def test_the_shipped_rulebook_is_valid():
    checked = rescind("check")
    assert (checked.returncode, checked.stderr) == (0, "")
    assert checked.stdout == "guardrails: valid, 76 guardrails and 5 exemptions\n"


def test_a_flaw_is_named_by_file_line_and_column_with_what_was_meant(rulebook):
    rules = rulebook / "billing.cedar"
    rules.write_text(rules.read_text().replace("context.policy.arn", "context.polcy.arn"))
    checked = rescind("check", rulebook)
    assert checked.returncode == 1
    line = next(number for number, text in enumerate(rules.read_text().splitlines(), 1) if "polcy" in text)
    assert f"{rules}:{line}:" in checked.stderr
    assert "did you mean `policy`?" in checked.stderr


def test_an_expired_exemption_is_told_and_is_no_flaw(rulebook):
    exemptions = rulebook / "exemptions.cedar"
    exemptions.write_text(exemptions.read_text().replace("2028-12-31", "2020-12-31"))
    checked = rescind("check", rulebook)
    assert checked.returncode == 0
    assert "expired: exemption `identity-center-provisions-its-roles`" in checked.stdout


@pytest.mark.parametrize(("left", "said"), [(29, "ends within 30 days"), (6, "ends within 7 days")])
def test_an_exemption_about_to_end_is_announced_and_is_no_flaw(rulebook, left, said):
    exemptions = rulebook / "exemptions.cedar"
    until = datetime.now(timezone.utc).date() + timedelta(days=left)
    exemptions.write_text(exemptions.read_text().replace("2028-12-31", str(until)))
    checked = rescind("check", rulebook)
    assert (checked.returncode, checked.stderr) == (0, "")
    assert f"{said}: exemption `break-glass-principals`" in checked.stdout


def test_an_exemption_that_somebody_can_create_a_role_for_is_refused_at_its_place(rulebook):
    exemptions = rulebook / "exemptions.cedar"
    loose = 'principal.arn like "arn:aws*:iam::*:role/aws-service-role/sso.amazonaws.com/AWSServiceRoleForSSO" &&'
    exemptions.write_text(exemptions.read_text().replace("principal.account == context.account &&", loose))
    checked = rescind("check", rulebook)
    assert checked.returncode == 1
    line, column = next((number, text.index('"') + 1) for number, text in enumerate(exemptions.read_text().splitlines(), 1) if loose in text)
    assert f"{exemptions}:{line}:{column}: `arn:aws*:iam::*:role/" in checked.stderr
    assert "principal.path ==" in checked.stderr


@pytest.mark.parametrize("what", ["missing", "empty"])
def test_a_folder_without_a_rulebook_is_an_error(tmp_path, what):
    folder = tmp_path / "rules"
    if what == "empty":
        folder.mkdir()
    checked = rescind("check", folder)
    assert checked.returncode == 1
    assert str(folder) in checked.stderr


def test_the_billing_event_is_forbidden_by_the_billing_guardrail():
    decided = rescind("decide", "events/attach-user-policy.json")
    assert decided.returncode == 0
    assert decided.stdout.startswith("forbidden by billing-is-for-finance (high)")
    assert "user polsen" in decided.stdout and "without MFA" in decided.stdout


def test_the_case_is_the_same_for_the_envelope_and_for_the_bare_record():
    envelope = json.loads(rescind("decide", SAMPLE, "--json").stdout)
    record = {"eventID": json.loads(SAMPLE.read_text())["id"], **json.loads(SAMPLE.read_text())["detail"]}
    bare = json.loads(rescind("decide", "-", "--json", stdin=json.dumps(record)).stdout)
    for case in (envelope, bare):
        del case["time"], case["latencyMs"]
    assert envelope == bare


def test_a_change_that_no_guardrail_forbids_is_allowed():
    event = SAMPLE.read_text().replace("AttachUserPolicy", "AttachGroupPolicy").replace('"userName": "polsen",\n      "policyArn"', '"groupName": "g",\n      "policyArn"')
    decided = rescind("decide", "-", stdin=event.replace("job-function/Billing", "ReadOnlyAccess"))
    assert (decided.returncode, decided.stdout) == (0, "allowed: no guardrail is broken\n")


def test_where_only_the_account_could_tell_the_answer_is_unknown(rulebook):
    (rulebook / "paths.cedar").write_text(
        '@id("paths")\n@severity("low")\nforbid (principal, action == Action::"AttachUserPolicy", resource)\n'
        'when { resource.path like "/team/*" };\n'
    )
    decided = rescind("decide", SAMPLE, "--guardrails", rulebook)
    assert decided.returncode == 0
    assert decided.stdout.startswith("forbidden by billing-is-for-finance (high)"), "what the record decides stands"
    assert "; unknown whether also by paths (low)" in decided.stdout.splitlines()[0]


def test_the_accounts_that_roles_may_trust_are_an_option_of_decide():
    foreign = "events/update-assume-role-policy-foreign.json"
    assert rescind("decide", foreign).stdout.startswith("forbidden by trusted-accounts-are-listed (medium)")
    decided = rescind("decide", foreign, "--trusted-accounts", "111111111111,999999999999")
    assert (decided.returncode, decided.stdout) == (0, "allowed: no guardrail is broken\n")
    refused = rescind("decide", foreign, "--trusted-accounts", "vendor")
    assert refused.returncode != 0 and "vendor" in refused.stderr and "--trusted-accounts" in refused.stderr


def test_a_log_file_a_list_json_lines_and_what_lookup_events_prints_are_decided_record_by_record():
    billing = {"eventID": "1", **json.loads(SAMPLE.read_text())["detail"]}
    harmless = {**billing, "eventName": "ListUsers"}
    broken = {**billing, "recipientAccountId": "nobody"}
    forms = [
        {"Records": [billing, harmless, billing]},
        {"Events": [{"EventName": "x", "CloudTrailEvent": json.dumps(record)} for record in (billing, harmless, billing)]},
        [billing, harmless, billing],
    ]
    texts = [json.dumps(form, indent=1) for form in forms] + ["\n".join(map(json.dumps, (billing, harmless, billing)))]
    for text in texts:
        decided = rescind("decide", "-", stdin=text)
        assert decided.returncode == 0, decided.stderr
        assert decided.stdout.count("forbidden by billing-is-for-finance (high)") == 2
        assert "record 3" in decided.stdout and "record 2" not in decided.stdout
        assert decided.stdout.endswith("3 records, 1 of which no guardrail can concern\n")
    decided = rescind("decide", "-", stdin=json.dumps([broken, billing]))
    assert (decided.returncode, decided.stdout.count("forbidden by billing-is-for-finance")) == (1, 1)
    assert "1 of 2 events were not judged" in decided.stderr


@pytest.mark.parametrize("text", ["", "{", "[]", '{"detail": 1}', '{"eventName": "AttachUserPolicy"}'])
def test_what_is_no_event_is_a_clear_error(text):
    decided = rescind("decide", "-", stdin=text)
    assert (decided.returncode, decided.stdout) == (1, "")
    assert "event" in decided.stderr and "panicked" not in decided.stderr


@pytest.mark.parametrize(
    ("command", "cause"),
    [
        (["explain", "user", "polsen", "--from", "-"], "EOF while parsing"),
        (["decide", "-"], "a list of records has no end"),
        (["undo", "-"], "EOF while parsing"),
    ],
)
def test_an_error_is_printed_once_with_its_cause(command, cause):
    ran = rescind(*command, stdin="[")
    assert (ran.returncode, ran.stdout, ran.stderr.count(cause)) == (1, "", 1)


def test_the_quotes_of_a_message_are_not_escaped():
    ran = rescind("decide", "-", stdin='{"detail": {}}')
    assert "missing field `detail-type`" in ran.stderr and "u{60}" not in ran.stderr


def test_a_call_outside_the_schema_is_told_as_that():
    decided = rescind("decide", "-", stdin=SAMPLE.read_text().replace("AttachUserPolicy", "ListUsers"))
    assert decided.returncode == 1
    assert "no guardrail can concern iam.amazonaws.com:ListUsers" in decided.stderr


def test_a_check_is_said_as_json(rulebook):
    checked = rescind("check", rulebook, "--json")
    assert (checked.returncode, checked.stderr) == (0, "")
    assert json.loads(checked.stdout) == {"valid": True, "guardrails": 76, "exemptions": 5, "ending": []}
    exemptions = rulebook / "exemptions.cedar"
    exemptions.write_text(exemptions.read_text().replace("2028-12-31", "2020-12-31", 1))
    (ending,) = json.loads(rescind("check", rulebook, "--json").stdout)["ending"]
    assert set(ending) == {"id", "owner", "reason", "until", "daysLeft"} and ending["daysLeft"] < 0
    rules = rulebook / "billing.cedar"
    rules.write_text(rules.read_text().replace("context.policy.arn", "context.polcy.arn"))
    checked = rescind("check", rulebook, "--json")
    problems = json.loads(checked.stdout)["problems"]
    assert checked.returncode == 1 and "invalid" in checked.stderr
    assert all(problem["file"] == str(rules) and problem["line"] > 1 for problem in problems)
    assert any("did you mean `policy`?" in problem["help"] for problem in problems)


def test_a_rulebook_is_described_as_json():
    described = json.loads(rescind("describe", "--json").stdout)
    assert (len(described["guardrails"]), len(described["exemptions"])) == (76, 5)
    (billing,) = [guardrail for guardrail in described["guardrails"] if guardrail["id"] == "billing-is-for-finance"]
    assert (billing["file"], billing["severity"], billing["remedies"]) == ("billing.cedar", "high", ["detach-policy"])
    assert all(each["file"] and each["comment"] for each in described["guardrails"] + described["exemptions"])


@pytest.mark.parametrize("shell", ["bash", "elvish", "fish", "powershell", "zsh"])
def test_a_shell_gets_a_script_that_completes_every_command(shell):
    ran = rescind("completions", shell)
    assert (ran.returncode, ran.stderr) == (0, "") and "redrive" in ran.stdout
    if shell == "bash":
        tried = 'source /dev/stdin; COMP_WORDS=(rescind doc); COMP_CWORD=1; _rescind rescind doc rescind; echo "${COMPREPLY[@]}"'
        completed = subprocess.run(["bash", "-c", tried], input=ran.stdout, capture_output=True, text=True, check=True, env={"PATH": os.environ["PATH"]})
        assert completed.stdout.split() == ["doctor"]


def test_manual_pages_are_written_into_a_folder(tmp_path):
    assert rescind("man", tmp_path / "man1").returncode == 0
    pages = {page.name for page in (tmp_path / "man1").iterdir()}
    assert pages >= {"rescind.1", "rescind-doctor.1", "rescind-redrive.1", "rescind-undo.1"}
    assert "rescind doctor \\-\\-stack rescind" in (tmp_path / "man1" / "rescind-doctor.1").read_text()
    (tmp_path / "file").write_text("")
    ran = rescind("man", tmp_path / "file")
    assert ran.returncode == 1 and f"cannot write the pages into {tmp_path / 'file'}" in ran.stderr


def test_a_closed_pipe_ends_no_command_with_a_panic():
    shell = f"{RESCIND} completions bash | true; echo ${{PIPESTATUS[0]}}"
    ran = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=True, env={"PATH": os.environ["PATH"]})
    assert "panicked" not in ran.stderr and ran.stdout.strip() in ("0", "1", "141")
