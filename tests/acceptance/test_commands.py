"""Every command in a document is one: it parses, and what it names is there."""

import json
import re
import shutil
from pathlib import Path

import pytest
from lab.command import rescind
from lab.documented import Command, commands, wrong_with
from lab.events import ROOT
from lab.rulebook import GUARD

COMMANDS = commands()


def command(text: str, complete: bool = True) -> Command:
    return Command(Path("a.md"), tuple(text.split()), complete)


@pytest.mark.parametrize("command", COMMANDS, ids=str)
def test_a_command_in_a_document_is_one(command):
    assert wrong_with(command) is None


def test_the_documents_hold_commands_of_every_kind():
    assert {command.words[0] for command in COMMANDS if command.complete} >= {"aws", "make", "rescind", "rustup", "sam"}
    assert {command.document.name for command in COMMANDS} >= {"README.md", "guide.md", "runbook.md", "operations.md"}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("rescind undo rsc-1 --dry", "unexpected argument"),
        ("rescind undone", "unrecognized subcommand"),
        ("rescind stop", "required arguments"),
        ("rescind cases --since yesterday", "invalid value"),
        ("aws sns unsubscribe", "needs SubscriptionArn"),
        ("aws sns unsubscribe --arn x", "no parameter --arn"),
        ("aws sns subscribe --topic-arn x --protocol email --endpoint a@b.example", "no parameter --endpoint"),
        ("aws snss list-topics", "no service snss"),
        ("aws sns list-all", "no operation list-all"),
        ("aws lambda invoke --function-name f --invocation-type Evnt", "Evnt is none of"),
        ("aws cloudtrail lookup-events --lookup-attributes Key=EventId,AttributeValue=x", "no member Key"),
        ("make tests", "no target tests"),
        ("sam deploy --guide", "has no --guide"),
        ("sam deploy --parameter-overrides Modus=enforce", "no parameter Modus"),
        ("sam deploy --parameter-overrides Mode=enforced", "Mode cannot be enforced"),
        ("sam deploy --parameter-overrides AlarmEmail=nobody", "AlarmEmail cannot be nobody"),
        ("cargo install --path command", "there is no"),
        ("rescnd check", "no document explains rescnd"),
    ],
)
def test_a_command_that_is_none_is_noticed(text, why):
    assert why in (wrong_with(command(text)) or "nothing")


def test_what_is_only_mentioned_need_not_be_complete_but_has_to_be_there():
    assert wrong_with(command("rescind stop", complete=False)) is None
    assert "unexpected argument" in wrong_with(command("rescind stop --because x", complete=False))


@pytest.mark.parametrize("document", ["README.md", "docs/guide.md", "docs/guardrails.md"])
def test_a_guardrail_in_a_document_is_valid(document, tmp_path):
    """Added to the shipped rulebook, every policy that the document shows passes the check."""
    folder = Path(shutil.copytree(ROOT / "guardrails", tmp_path / "guardrails"))
    (folder / "keep-out.json").write_text(json.dumps(GUARD))
    shown = re.findall(r"^```cedar\n(.*?)^```", (ROOT / document).read_text(), re.MULTILINE | re.DOTALL)
    assert shown
    for text in shown:
        with (folder / ("exemptions.cedar" if re.search(r"^permit", text, re.MULTILINE) else "shown.cedar")).open("a") as file:
            file.write(text)
    checked = rescind("check", folder)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_the_guardrail_of_the_guide_does_what_the_guide_says(tmp_path):
    """It forbids what a contractor is given directly, and nothing of anybody else's."""
    text = (ROOT / "docs" / "guide.md").read_text()
    (tmp_path / "shown.cedar").write_text(re.search(r"^```cedar\n(.*?)^```", text, re.MULTILINE | re.DOTALL).group(1).replace('resource.path like "/contractors/*"', "true"))
    for name in ("exemptions.cedar", "schema.cedarschema"):
        shutil.copy(ROOT / "guardrails" / name, tmp_path / name)
    decided = rescind("decide", "--guardrails", tmp_path, "events/attach-user-policy.json")
    assert decided.stdout.startswith("forbidden by contractors-get-access-through-groups (medium)")
