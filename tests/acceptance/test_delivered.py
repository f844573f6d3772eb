"""`rescind decide` judges nothing that the stack would never see."""

import json

from lab.command import rescind
from lab.emulator import ACCOUNT
from lab.events import ROOT, corpus
from template.pattern import delivers
from template.stack import translate


def everything() -> list[tuple[str, dict]]:
    """The project's own sample events, and whatever third-party records there are."""
    samples = [(path.name, json.loads(path.read_text())) for path in sorted((ROOT / "events").glob("*.json"))]
    return samples + corpus()


def succeeded_here(event: dict) -> dict:
    """The same event in the stack's own account, and as if AWS had let the call through: the rules deliver no call that it refused."""
    text = json.dumps(event)
    account = str(event.get("account", ""))
    event = json.loads(text.replace(account, ACCOUNT) if len(account) == len(ACCOUNT) else text)
    detail = event.get("detail")
    if isinstance(detail, dict):
        detail.pop("errorCode", None)
    return event


def test_what_decide_judges_is_delivered_by_a_rule():
    rules = translate().of_type("AWS::Events::Rule").values()
    judged = 0
    for origin, event in everything():
        event = succeeded_here(event)
        if rescind("decide", "-", stdin=json.dumps(event)).returncode != 0:
            continue
        judged += 1
        assert any(delivers(rule, event) for rule in rules), origin
    assert judged > 25, "hardly anything is judged any more: the test proves less"
