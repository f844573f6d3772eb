"""Every call that decides who can do what is classified, reported as its row says, and listed in docs/coverage.md."""

import functools
import gzip
import importlib.util
import json
import subprocess
import sys
import zipfile

import boto3
import pytest
from lab.command import RESCIND, rescind
from lab.events import ROOT, anew, corpus, envelope
from lab.world import WATCH

spec = importlib.util.spec_from_file_location("coverage_page", ROOT / "docs" / "coverage.py")
page = importlib.util.module_from_spec(spec)
spec.loader.exec_module(page)
spec = importlib.util.spec_from_file_location("cloudtrail", ROOT / "bench" / "cloudtrail.py")
generator = importlib.util.module_from_spec(spec)
spec.loader.exec_module(generator)

CALLS = json.loads(rescind("describe", "--calls", "--json").stdout)
REPORTED = [call for call in CALLS if call["reported"] and call["function"] == WATCH]
READS = ("Get", "List", "Simulate", "Generate")
# Calls that do several things at once, by their parts, and those that are known by their parameters.
KNOWN = {call["action"] for call in CALLS if call["source"] == "iam.amazonaws.com"} | {part for call in CALLS for part in call["parts"]}


def test_the_page_is_up_to_date():
    written = (ROOT / "docs" / "coverage.md").read_text(encoding="utf-8")
    assert written == page.document(str(RESCIND)), "python3 docs/coverage.py target/bin/rescind > docs/coverage.md"


def test_every_row_names_a_test_that_exists():
    assert all((ROOT / "tests" / "acceptance" / row[-1]).is_file() for row in page.rows(str(RESCIND)))


@pytest.mark.parametrize("call", REPORTED, ids=lambda call: call["action"])
def test_a_call_of_the_table_is_reported_as_its_row_says(world, call):
    seen = world.receives(anew(envelope(page.record(call))), name=WATCH)
    if call["severity"] is None:
        assert (seen.cases, seen.notices) == ([], [])
    else:
        assert seen.notice.attributes["severity"] == call["severity"]
        assert "{" not in seen.notice.subject, "a placeholder that the record does not fill"


@functools.cache
def newest_api(folder) -> list[str]:
    """The calls of IAM in the newest botocore that can be installed; in the installed one, if none can be fetched."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--dest", str(folder), "botocore"]
    fetched = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    wheels = sorted(folder.glob("botocore-*.whl"))
    if fetched.returncode or not wheels:
        return list(boto3.client("iam", region_name="us-east-1").meta.service_model.operation_names)
    with zipfile.ZipFile(wheels[-1]) as wheel:
        (model,) = [name for name in wheel.namelist() if "/data/iam/" in name and "/service-2.json" in name]
        text = wheel.read(model)
    return list(json.loads(gzip.decompress(text) if model.endswith(".gz") else text)["operations"])


def test_every_call_of_iam_that_changes_something_is_classified(tmp_path_factory):
    writes = {call for call in newest_api(tmp_path_factory.mktemp("botocore")) if not call.startswith(READS)}
    assert len(writes) > 100
    assert writes - KNOWN == set(), "AWS has added a call: give it a row in shared/policy/src/watch/iam.rs, or a line in action.rs"


# An ordinary account.


def test_of_a_thousand_ordinary_records_fewer_than_five_make_a_notice():
    records = [record for _, record in generator.Account(seed=7).records(5_000)]
    severities = [severity(case) for case in cases_of("\n".join(records))]
    at_once = [each for each in severities if each != "low"]
    assert 0 < len(severities) < 50, "deployments change IAM"
    assert len(at_once) / len(records) * 1000 < 5, at_once


def severity(case: dict) -> str:
    """The gravest of the guardrails that the case breaks, or may break."""
    decision = case["decision"]
    guardrails = [*decision.get("guardrails", []), *(decision.get("undecided") or {}).get("guardrails", [])]
    return max((guardrail["severity"] for guardrail in guardrails), key=["low", "medium", "high", "critical"].index)


# Third-party records.


def cases_of(records: str) -> list[dict]:
    """The cases that records make, as `rescind decide` prints them."""
    answer = rescind("decide", "--json", "-", stdin=records).stdout.strip()
    decoder, cases = json.JSONDecoder(), []
    while answer:
        said, end = decoder.raw_decode(answer)
        # A record that cannot be judged has its place instead.
        cases, answer = [*cases, *([said] if said and "decision" in said else [])], answer[end:].lstrip()
    return cases


@functools.cache
def third_party() -> list[dict]:
    """The cases that third-party records make."""
    return cases_of("\n".join(json.dumps(event) for _, event in corpus()))


def needs_corpus():
    if not corpus():
        pytest.skip("no ../shared/corpus beside the repository: not tested against third-party CloudTrail records")


def test_no_failed_call_of_a_third_party_leads_to_a_remedy():
    needs_corpus()
    failed = [case for case in third_party() if case["record"].get("errorCode")]
    assert all(case["outcome"] in ("attempted", "exempt") and not any(outcome.get("would") for outcome in case["outcomes"]) for case in failed)


def test_attacks_on_iam_in_third_party_records_are_seen():
    needs_corpus()
    seen = {case["record"]["eventName"] for case in third_party()}
    attacks = {
        "AttachUserPolicy", "ConsoleLogin", "CreateAccessKey", "CreateLoginProfile", "CreatePolicyVersion", "CreateUser", "DeleteDetector",
        "DeleteTrail", "GetFederationToken", "StopLogging", "UpdateAssumeRolePolicy", "UpdateLoginProfile", "UpdateTrail",
    }  # fmt: skip
    assert attacks <= seen, sorted(attacks - seen)
