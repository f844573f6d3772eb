"""Writes docs/coverage.md: every call that Rescind knows, who answers it, and what proves it. `python3 docs/coverage.py RESCIND > docs/coverage.md`."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
ACCOUNT = "123456789012"
HEAD = """# Coverage

`docs/coverage.py` writes this page from what `rescind describe --calls` and `rescind decide` say by the shipped rulebook.

*Response*: a remedy, if a guardrail asks for it; a notice, with its severity; or a record, which stands in the log and notifies nobody. *Guardrails* are those
that could forbid the call, or of a call that is only reported those that an ordinary user's call breaks. *Sample* is a file in `events/`. *Test* is a file
in `tests/acceptance/`; whatever is reported is tested by `test_coverage.py` as well.

"""
# What a call can name: so that the sentence of every row has its values.
PARAMETERS = {
    "userName": "dana", "groupName": "staff", "roleName": "deploy", "policyArn": f"arn:aws:iam::{ACCOUNT}:policy/P",
    "openIDConnectProviderArn": f"arn:aws:iam::{ACCOUNT}:oidc-provider/x", "sAMLProviderArn": f"arn:aws:iam::{ACCOUNT}:saml-provider/x",
}  # fmt: skip


def run(rescind: str, *arguments: str, stdin: str = "") -> str:
    return subprocess.run([rescind, *arguments], cwd=ROOT, input=stdin, capture_output=True, text=True, check=False).stdout


def record(call: dict) -> dict:
    """That an ordinary user made this call, and it succeeded."""
    identity = {"type": "IAMUser", "principalId": "AIDAEXAMPLEEXAMPLE09", "arn": f"arn:aws:iam::{ACCOUNT}:user/erin", "accountId": ACCOUNT, "userName": "erin"}
    if call["action"] == "RootUsed":
        identity = {"type": "Root", "arn": f"arn:aws:iam::{ACCOUNT}:root", "accountId": ACCOUNT}
    name = {"RootUsed": "RunInstances", "UnknownChange": "DoSomethingNew"}.get(call["action"], call["action"].split(":")[-1])
    return {
        "eventVersion": "1.11", "eventTime": "2026-03-02T13:00:00Z", "eventSource": call["source"] or "ec2.amazonaws.com", "eventName": name, "awsRegion": "us-east-1",
        "userIdentity": identity, "requestParameters": PARAMETERS, "eventID": call["action"], "recipientAccountId": ACCOUNT,
    }  # fmt: skip


def decided(rescind: str, calls: list[dict]) -> dict[str, list[str]]:
    """The guardrails that each call breaks, by its action."""
    answers = run(rescind, "decide", "--json", "-", stdin="\n".join(json.dumps(record(call)) for call in calls))
    decoder, broken = json.JSONDecoder(), {}
    while answers := answers.strip():
        case, end = decoder.raw_decode(answers)
        answers = answers[end:]
        if case and "record" in case and isinstance(case["record"], dict):
            broken[case["record"]["eventId"]] = [guardrail["id"] for guardrail in case["decision"]["guardrails"]]
    return broken


def samples() -> dict[tuple[str, str], list[str]]:
    """The sample events by source and call."""
    found: dict[tuple[str, str], list[str]] = {}
    for path in sorted((ROOT / "events").glob("*.json")):
        event = json.loads(path.read_text(encoding="utf-8"))
        detail = event["detail"]
        source = detail.get("eventSource", f"{event['source'].removeprefix('aws.')}.amazonaws.com")
        found.setdefault((source, detail.get("eventName", "")), []).append(path.stem)
    return found


def own_test(function: str) -> str:
    """The function's own tests; those of every remedy, if it has none."""
    name = f"test_{function.replace('-', '_')}.py"
    return name if (ROOT / "tests" / "acceptance" / name).is_file() else "test_contract.py"


def rows(rescind: str) -> list[list[str]]:
    calls = json.loads(run(rescind, "describe", "--calls", "--json"))
    reported = [call for call in calls if call["reported"]]
    broken, events, table = decided(rescind, reported), samples(), []
    for call in calls:
        name, source = call["action"], call["source"]
        key = (source, "") if source.split(".")[0] in ("health", "guardduty", "securityhub") and not call["reported"] else (source, name.split(":")[-1])
        own = {"RootUsed": ["run-instances-root"], "UnknownChange": ["create-something-new"]}
        if call["remedies"] and not (call["reported"] and set(call["remedies"]) <= {"quarantine-key", "quarantine-principal"}):
            response = ", ".join(call["remedies"])
        elif call["reported"]:
            response = f"notice, {call['severity']}" if call["severity"] else "record"
        else:
            response = "notice"
        guardrails = broken.get(name) or [each for each in call["guardrails"] if not (call["reported"] and each.startswith(("worth-", "root-")))]
        if call["reported"] and not call["severity"]:
            guardrails = []
        parts = f" (also by {', '.join(call['parts'])})" if call["parts"] else ""
        table.append([
            f"{name}{parts}", call["function"], response, ", ".join(guardrails) or "-", ", ".join(own.get(name) or events.get(key, [])[:2]) or "-",
            own_test(call["function"]),
        ])  # fmt: skip
    return sorted(table, key=lambda row: (":" in row[0], row[0].lower()))


def document(rescind: str) -> str:
    lines = ["| call | function | response | guardrails | sample | test |", "|---|---|---|---|---|---|"]
    lines += [f"| {' | '.join(row)} |" for row in rows(rescind)]
    return HEAD + "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(document(sys.argv[1]))
