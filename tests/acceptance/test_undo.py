"""`rescind undo`: what a case took is given back, where all is still as the remedy left it, and a person agrees."""

import json
import os
import pty
import subprocess
import time
from pathlib import Path

import pytest
from lab.command import RESCIND, credentials
from lab.emulator import ACCOUNT, REGION, changed
from lab.events import BILLING, attachment
from lab.offence import ALLOW_ALL
from lab.proxy import UNLIMITED, Proxy
from lab.world import DENY_EVERYTHING, Target

ID = "rsc-8b332ad44cc59341"
# The end of a role's sessions, as Rescind writes it, and the name that says so.
NAME = "RescindQuarantine-1772455454"
ENDED = {
    "Version": "2012-10-17",
    "Statement": [{"Sid": "Quarantine", "Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"DateLessThan": {"aws:TokenIssueTime": "2026-03-02T12:44:14Z"}}}],
}
ASKS = "undo this? [y/N] "


def receipt(operation: str, **parameters: str) -> dict:
    return {"service": "iam", "operation": operation, "parameters": parameters, "command": "the command is not read"}


def undone(undo: dict) -> dict:
    """The call that this one undoes."""
    operation, parameters = undo["operation"], dict(undo["parameters"])
    if operation == "DeletePolicy":
        *_, path, name = parameters.pop("PolicyArn").split("/")
        return {"service": "iam", "operation": "CreatePolicy", "parameters": {"PolicyName": name, "Path": f"/{path}/", "PolicyDocument": json.dumps(ENDED)}}
    if operation.startswith("Delete"):
        parameters["PolicyDocument"] = json.dumps(ENDED)
    elif "Status" in parameters:
        parameters["Status"] = "Inactive"
    inverse = {"Attach": "Detach", "Detach": "Attach", "Delete": "Put", "AddUserTo": "RemoveUserFrom", "Update": "Update"}
    verb = next((verb for verb in inverse if operation.startswith(verb)), None)
    return {"service": "iam", "operation": inverse[verb] + operation.removeprefix(verb) if verb else operation, "parameters": parameters}


def told(remedy: str, *undo: dict, **members: object) -> dict:
    """A case of polsen's, as Rescind tells it."""
    guardrail = {"id": "no-billing", "severity": "high", "mode": "enforce", "remedies": [remedy], "controls": []}
    return {
        "version": 1,
        "id": ID,
        "time": "2026-01-01T00:00:04Z",
        "latencyMs": 4000,
        "account": ACCOUNT,
        "region": REGION,
        "partition": "aws",
        "mode": "enforce",
        "record": {"eventId": "8f3c1f6e", "eventName": "AttachUserPolicy", "eventTime": "2026-01-01T00:00:00Z"},
        "actor": {"type": "IAMUser", "kind": "User", "arn": f"arn:aws:iam::{ACCOUNT}:user/ann", "name": "ann", "account": ACCOUNT, "mfa": True},
        "change": {"type": "PolicyAttached", "target": {"type": "user", "name": "polsen"}, "policyArn": BILLING},
        "decision": {"verdict": "forbidden", "guardrails": [guardrail]},
        "outcome": "applied",
        "outcomes": [{"remedy": remedy, "outcome": "applied", "calls": [undone(each) for each in undo], "undo": list(undo)}],
        "remedy": remedy,
        **members,
    }


DETACHED = told("detach-policy", receipt("AttachUserPolicy", UserName="polsen", PolicyArn=BILLING))


class Undo:
    """The command, with credentials for the emulated account; remembers nothing."""

    def __init__(self, world, tmp_path: Path):
        self._world = world
        self._path = tmp_path / "case.json"

    def __call__(self, case: object, *arguments: str, stdin: str = "", aws: str | None = None) -> tuple[subprocess.CompletedProcess, set[str]]:
        """What it says, and everything that changed in the account. A `case` that is not text is put into a file."""
        before = self._world.account.snapshot()
        ran = subprocess.run(self.command(case, *arguments), env=self.environment(aws), input=stdin, capture_output=True, text=True, check=False)
        return ran, changed(before, self._world.account.snapshot())

    def command(self, case: object, *arguments: str) -> list[str]:
        if not isinstance(case, str):
            self._path.write_text(json.dumps(case))
            case = str(self._path)
        return [str(RESCIND), "undo", case, *arguments]

    def environment(self, aws: str | None = None) -> dict[str, str]:
        # Whichever region a person works in: Rescind is where IAM is.
        return {"PATH": os.environ["PATH"], **credentials(aws or self._world.account.url, region="eu-west-1")}


@pytest.fixture
def undo(world, tmp_path):
    return Undo(world, tmp_path)


@pytest.fixture
def polsen(world):
    return world.user("polsen")


class Keeping(Proxy):
    """AWS as it answers where a policy that is to be deleted is in use; the emulator deletes it all the same."""

    def __init__(self, upstream_port: int):
        super().__init__(upstream_port)
        self._answer("DeletePolicy", UNLIMITED, 409, "DeleteConflict", "Cannot delete a policy attached to entities.")


def quarantined(world) -> tuple[Target, str]:
    """A role, its sessions ended by a policy that stands by itself; its ARN."""
    web, arn = world.role("web"), world.policy(NAME, ENDED, path="/rescind/")
    world.attach(arn, web)
    return web, arn


def contained_by(arn: str) -> dict:
    undo = [receipt("DetachRolePolicy", RoleName="web", PolicyArn=arn), receipt("DeletePolicy", PolicyArn=arn)]
    return told("quarantine-principal", *undo)


def test_a_policy_that_was_taken_back_is_attached_again_and_nothing_else_changes(undo, polsen):
    ran, moved = undo(DETACHED, "--yes")
    assert (ran.returncode, ran.stderr, moved) == (0, "", {polsen.now_holds(BILLING)})
    command = f"aws iam attach-user-policy --policy-arn {BILLING} --user-name polsen"
    shown, done = ran.stdout.split("will do:\n")
    assert shown.startswith("[high] Rescind: taken back: policy Billing on user polsen")
    assert f"case {ID}, of 2026-01-01 00:00:00 UTC" in shown
    assert done.startswith(f"  {command}\n") and "BreakGlassArns" in done
    assert done.endswith(f"\ndone: {command}\n")


def test_a_dry_run_checks_and_changes_nothing(undo, polsen):
    ran, moved = undo(DETACHED, "--dry-run")
    assert (ran.returncode, ran.stderr, moved) == (0, "", set())
    assert ran.stdout.endswith("everything is as Rescind left it and can be undone; nothing was done\n")


def test_as_json_it_is_one_document_and_nobody_is_asked(undo, polsen):
    command = f"aws iam attach-user-policy --policy-arn {BILLING} --user-name polsen"
    ran, moved = undo(DETACHED, "--json")
    assert (ran.returncode, ran.stdout, moved) == (1, "", set())
    assert "--json needs --yes or --dry-run" in ran.stderr
    ran, moved = undo(DETACHED, "--json", "--dry-run")
    assert (json.loads(ran.stdout), moved) == ({"case": ID, "calls": [command], "done": [], "leftOut": [], "undone": []}, set())
    ran, moved = undo(DETACHED, "--json", "--yes")
    assert (json.loads(ran.stdout), moved) == ({"case": ID, "calls": [command], "done": [command], "leftOut": [], "undone": []}, {polsen.now_holds(BILLING)})
    ran, moved = undo(DETACHED, "--json", "--yes")
    assert (ran.returncode, moved) == (1, set()) and "nothing to undo" in ran.stderr
    assert len(json.loads(ran.stdout)["undone"]) == 1


def test_a_queue_s_message_is_undone_from_standard_input(undo, polsen):
    notice = json.dumps({"Type": "Notification", "Message": json.dumps(DETACHED)})
    ran, moved = undo("-", "--yes", stdin=notice)
    assert (ran.returncode, moved) == (0, {polsen.now_holds(BILLING)})


def test_what_a_function_returned_with_several_cases_wants_a_choice(undo, polsen):
    cases = {"cases": [told("detach-policy", id="rsc-0000000000000000"), DETACHED]}
    ran, moved = undo(cases, "--yes")
    assert (ran.returncode, ran.stdout, moved) == (1, "", set())
    assert "--case" in ran.stderr and ID in ran.stderr and "rsc-0000000000000000" in ran.stderr
    assert undo(cases, "--yes", "--case", ID)[1] == {polsen.now_holds(BILLING)}


def taken_back(world, polsen) -> dict:
    """The case of a policy that was taken back from polsen, as a function made it."""
    world.attach(BILLING, polsen)
    return world.receives(attachment(BILLING, user=polsen)).case


def test_a_case_id_is_looked_up_in_the_ledger_of_the_stack(undo, world, polsen):
    ran, moved = undo(taken_back(world, polsen)["id"], "--yes")
    assert (ran.returncode, ran.stderr, moved) == (0, "", {polsen.now_holds(BILLING)})
    assert "given by hand" not in ran.stdout


def test_a_case_that_was_begun_and_not_finished_is_undone_by_its_id(undo, world, polsen):
    world.attach(BILLING, polsen)
    world.aws.afterwards("DetachUserPolicy", world.kill)
    world.receives(attachment(BILLING, user=polsen), fresh=True)
    (begun,) = world.ledger.cases()
    ran, moved = undo(begun["pk"].partition("#")[2], "--yes")
    assert (begun["state"], ran.returncode, ran.stderr, moved) == ("begun", 0, "", {polsen.now_holds(BILLING)})


def test_a_case_by_hand_is_said_to_prove_nothing(undo, polsen):
    assert "this case was given by hand and proves nothing" in undo(DETACHED, "--dry-run")[0].stdout


def test_another_ledger_is_read_if_that_is_said(undo, world, polsen):
    case = taken_back(world, polsen)
    for option in (["--stack", "elsewhere"], ["--table", "nowhere"]):
        ran, moved = undo(case["id"], "--yes", *option)
        assert (ran.returncode, ran.stdout, moved) == (1, "", set())
    assert undo(case["id"], "--yes", "--table", world.ledger.table)[1] == {polsen.now_holds(BILLING)}


def test_of_two_ledgers_one_has_to_be_chosen(undo, world, polsen):
    case = taken_back(world, polsen)
    earlier = world.account.ledger("rescind-Ledger-EARLIER")
    try:
        ran, moved = undo(case["id"], "--yes")
    finally:
        world.account.dynamodb.delete_table(TableName=earlier)
    assert (ran.returncode, moved) == (1, set())
    assert "--table" in ran.stderr and earlier in ran.stderr and world.ledger.table in ran.stderr


def test_an_id_that_the_ledger_does_not_have_is_said(undo, polsen):
    ran, moved = undo(ID, "--yes")
    assert (ran.returncode, ran.stdout, moved) == (1, "", set()) and f"the ledger has no case {ID}" in ran.stderr


def test_where_the_target_was_renamed_nothing_is_done_and_it_is_said_what_moved(undo, world, polsen):
    world.rename(polsen, "elsewhere")
    ran, moved = undo(DETACHED, "--yes")
    assert (ran.returncode, moved) == (1, set())
    assert ran.stderr == "moved: user polsen is gone or renamed\nnothing was done\n"


def test_what_is_attached_again_needs_no_undo(undo, world, polsen):
    world.attach(BILLING, polsen)
    ran, moved = undo(DETACHED, "--yes")
    assert (ran.returncode, moved) == (1, set())
    assert ran.stderr == f"nothing to undo: {BILLING} on user polsen: already attached\n"


def test_a_policy_that_is_gone_cannot_be_attached(undo, polsen):
    gone = f"arn:aws:iam::{ACCOUNT}:policy/gone"
    case = told("detach-policy", receipt("AttachUserPolicy", UserName="polsen", PolicyArn=gone), change={**DETACHED["change"], "policyArn": gone})
    ran, moved = undo(case, "--yes")
    assert (ran.returncode, moved) == (1, set())
    assert f"moved: {gone} is gone" in ran.stderr


def test_a_policy_that_the_case_is_not_about_is_not_attached(undo, polsen):
    another = "arn:aws:iam::aws:policy/AdministratorAccess"
    ran, moved = undo(told("detach-policy", receipt("AttachUserPolicy", UserName="polsen", PolicyArn=another)), "--yes")
    assert (ran.returncode, ran.stdout, moved) == (1, "", set())
    assert ran.stderr.startswith("this case holds an undo that Rescind does not write")


def test_keys_that_were_quarantined_are_active_again_and_what_failed_in_between_can_be_done_later(undo, world, polsen):
    keys = [world.iam.create_access_key(UserName="polsen")["AccessKey"]["AccessKeyId"] for _ in range(2)]
    for key in keys:
        world.iam.update_access_key(UserName="polsen", AccessKeyId=key, Status="Inactive")
    case = told("quarantine-key", *(receipt("UpdateAccessKey", UserName="polsen", AccessKeyId=key, Status="Active") for key in keys))
    active = [{f"- user polsen has access key {key}, Inactive", f"+ user polsen has access key {key}, Active"} for key in keys]
    commands = [f"aws iam update-access-key --access-key-id {key} --status Active --user-name polsen" for key in keys]
    with Proxy(world.account.port) as aws:
        aws.meanwhile("UpdateAccessKey", lambda: None)  # the first one goes through
        aws.deny("UpdateAccessKey")
        ran, moved = undo(case, "--yes", aws=aws.url)
        assert (ran.returncode, moved) == (1, active[0])
        assert ran.stdout.endswith(f"done: {commands[0]}\n")
        assert ran.stderr.startswith(f"failed: {commands[1]}\n") and "AccessDenied" in ran.stderr
    ran, moved = undo(case, "--yes")
    assert (ran.returncode, ran.stderr, moved) == (0, "", active[1])
    assert f"nothing to undo: access key {keys[0]} of user polsen: already active\n" in ran.stdout


def test_where_a_call_fails_those_after_it_are_not_made(undo, world):
    _, arn = quarantined(world)
    with Proxy(world.account.port) as aws:
        aws.deny("DetachRolePolicy")
        ran, moved = undo(contained_by(arn), "--yes", aws=aws.url)
        assert (ran.returncode, moved) == (1, set())
        assert ran.stderr.endswith(f"\nnot done: aws iam delete-policy --policy-arn {arn}\n")
        assert "DeletePolicy" not in {call.operation for call in aws.calls()}


def test_an_ssh_key_is_active_again(undo, world, polsen):
    key = world.iam.upload_ssh_public_key(UserName="polsen", SSHPublicKeyBody="ssh-rsa AAAA")["SSHPublicKey"]["SSHPublicKeyId"]
    world.iam.update_ssh_public_key(UserName="polsen", SSHPublicKeyId=key, Status="Inactive")
    ran, _ = undo(told("quarantine-key", receipt("UpdateSSHPublicKey", UserName="polsen", SSHPublicKeyId=key, Status="Active")), "--yes")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert [listed["Status"] for listed in world.iam.list_ssh_public_keys(UserName="polsen")["SSHPublicKeys"]] == ["Active"]


def test_the_sessions_of_a_role_go_on(undo, world):
    web = world.role("web")
    world.writes_inline(web, ENDED, name=NAME)
    ran, moved = undo(told("quarantine-principal", receipt("DeleteRolePolicy", RoleName="web", PolicyName=NAME)), "--yes")
    assert (ran.returncode, ran.stderr, moved) == (0, "", {web.no_longer_has(NAME, ENDED)})


def test_a_user_is_let_go(undo, world):
    polsen = world.user("contained", holds=[DENY_EVERYTHING])
    ran, moved = undo(told("quarantine-principal", receipt("DetachUserPolicy", UserName="contained", PolicyArn=DENY_EVERYTHING)), "--yes")
    assert (ran.returncode, ran.stderr, moved) == (0, "", {polsen.no_longer_holds(DENY_EVERYTHING)})


def test_a_user_s_earlier_boundary_comes_back(undo, world, polsen):
    earlier = world.policy("earlier")
    world.bound(polsen, DENY_EVERYTHING)
    bounds = {"service": "iam", "operation": "PutUserPermissionsBoundary", "parameters": {"UserName": "polsen", "PermissionsBoundary": DENY_EVERYTHING}}
    back = receipt("PutUserPermissionsBoundary", UserName="polsen", PermissionsBoundary=earlier)
    case = told("quarantine-principal", outcomes=[{"remedy": "quarantine-principal", "outcome": "applied", "calls": [bounds], "undo": [back]}])
    ran, moved = undo(case, "--yes", aws=world.aws.url)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert moved == {f"- user polsen is bounded by {DENY_EVERYTHING}", f"+ user polsen is bounded by {earlier}"}


def test_a_quarantine_that_says_something_else_by_now_is_left_alone(undo, world):
    world.writes_inline(world.role("web"), name=NAME)
    ran, moved = undo(told("quarantine-principal", receipt("DeleteRolePolicy", RoleName="web", PolicyName=NAME)), "--yes")
    assert (ran.returncode, moved) == (1, set())
    assert ran.stderr.startswith(f"moved: inline policy {NAME} of role web is no longer as Rescind left it\n")


def test_a_quarantine_that_stands_by_itself_is_detached_and_deleted(undo, world):
    web, arn = quarantined(world)
    ran, moved = undo(contained_by(arn), "--yes")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert web.no_longer_holds(arn) in moved and all(fact.startswith(("- role web holds", f"- policy {arn}")) for fact in moved)


def test_a_quarantine_that_contains_somebody_else_too_stays_for_them(undo, world):
    web, arn = quarantined(world)
    world.role("other", holds=[arn])
    with Keeping(world.account.port) as aws:
        ran, moved = undo(contained_by(arn), "--yes", aws=aws.url)
    assert (ran.returncode, ran.stderr, moved) == (0, "", {web.no_longer_holds(arn)})
    assert f"left out: aws iam delete-policy --policy-arn {arn}\n  AWS keeps it: DeleteConflict" in ran.stdout


@pytest.mark.parametrize(
    "strange",
    [
        receipt("CreateAccessKey", UserName="polsen"),
        receipt("AttachUserPolicy", UserName="polsen", PolicyArn=BILLING, Force="true"),
        receipt("DeletePolicy", PolicyArn=f"arn:aws:iam::{ACCOUNT}:policy/rescind/RescindQuarantine-1"),
        {**receipt("AttachUserPolicy", UserName="polsen", PolicyArn=BILLING), "service": "\u001b[2J"},
    ],
    ids=["another-call", "another-parameter", "deleting-alone", "another-service"],
)
def test_a_receipt_that_rescind_does_not_write_is_refused_before_aws_is_asked(undo, world, polsen, strange):
    with Proxy(world.account.port) as aws:
        case = told("detach-policy", *DETACHED["outcomes"][0]["undo"], strange)
        ran, moved = undo(case, "--yes", aws=aws.url)
        assert (ran.returncode, ran.stdout, moved, aws.calls()) == (1, "", set(), [])
        assert ran.stderr.startswith("this case holds an undo that Rescind does not write: `aws ") and "\u001b" not in ran.stderr


# What the two remedies about groups and inline policies took.

TEXT = json.dumps(ALLOW_ALL, indent=1) + "\n"
LEFT = told(
    "remove-group-member",
    receipt("AddUserToGroup", UserName="polsen", GroupName="a+d=m,i.n@s_-"),
    change={"type": "GroupJoined", "target": {"type": "user", "name": "polsen"}, "group": "a+d=m,i.n@s_-"},
)


def deleted(undo: dict, call: dict | None = None, document: str | None = TEXT) -> dict:
    """The case of polsen's inline policy `helper`, which was deleted."""
    made = {"service": "iam", "operation": "DeleteUserPolicy", "parameters": {"UserName": "polsen", "PolicyName": "helper"}}
    change = {"type": "InlinePolicyPut", "target": {"type": "user", "name": "polsen"}, "policyName": "helper", "document": document}
    outcome = {"remedy": "delete-inline-policy", "outcome": "applied", "calls": [call or made], "undo": [undo]}
    return told("delete-inline-policy", change=change, outcomes=[outcome])


def puts(name: str = "helper", text: str = TEXT, user: str = "polsen") -> dict:
    return receipt("PutUserPolicy", UserName=user, PolicyName=name, PolicyDocument=text)


def test_a_member_who_was_removed_is_in_the_group_again(undo, world, polsen):
    group = world.group("a+d=m,i.n@s_-", path="/team/a/")
    ran, moved = undo(LEFT, "--yes")
    assert (ran.returncode, ran.stderr, moved) == (0, "", {f"+ user polsen is in group {group.name}"})
    ran, moved = undo(LEFT, "--yes")
    assert (ran.returncode, moved) == (1, set())
    assert ran.stderr.startswith("nothing to undo: ")


@pytest.mark.parametrize("gone", ["the user", "the group"])
def test_nobody_is_added_to_a_group_where_one_of_them_is_gone(undo, world, polsen, gone):
    if gone == "the user":
        world.group("a+d=m,i.n@s_-")
        world.remove("user", "polsen")
    ran, moved = undo(LEFT, "--yes")
    assert (ran.returncode, moved) == (1, set())
    assert ran.stderr.startswith("moved: ") and ran.stderr.endswith("nothing was done\n")


def test_an_inline_policy_that_was_deleted_is_put_back_byte_for_byte(undo, world, polsen):
    ran, moved = undo(deleted(puts()), "--yes")
    assert (ran.returncode, ran.stderr, moved) == (0, "", {polsen.now_has("helper", ALLOW_ALL)})
    assert world.inline_text(polsen, "helper") == TEXT
    ran, moved = undo(deleted(puts()), "--yes")
    assert (ran.returncode, moved) == (1, set())
    assert ran.stderr.startswith("nothing to undo: ")


def test_an_inline_policy_that_somebody_wrote_again_is_left_alone(undo, world, polsen):
    world.writes_inline(polsen, name="helper")
    ran, moved = undo(deleted(puts()), "--yes")
    assert (ran.returncode, moved) == (1, set())
    assert ran.stderr.startswith("moved: ")


FORGED = {
    "another text": deleted(puts(text=json.dumps(ALLOW_ALL).replace("*", "iam:*"))),
    "another policy": deleted(puts(name="helper-2")),
    "another user": deleted(puts(user="mallory")),
    "another call": deleted(puts(), call={"service": "iam", "operation": "DeleteUserPolicy", "parameters": {"UserName": "polsen", "PolicyName": "helper-2"}}),
    "no call": {**deleted(puts()), "outcomes": [{"remedy": "delete-inline-policy", "outcome": "applied", "undo": [puts()]}], "change": DETACHED["change"]},
    "another remedy": told("detach-policy", puts()),
    "a quarantine's remedy": told("quarantine-principal", puts(name=NAME)),
    "a group of another remedy": told("detach-policy", receipt("AddUserToGroup", UserName="polsen", GroupName="admins")),
}


@pytest.mark.parametrize("forged", FORGED)
def test_a_text_is_put_back_only_as_the_inverse_of_what_the_same_case_took(undo, world, polsen, forged):
    """Everything that the undo of an inline policy writes is an attacker's: a forged case must not be a way to write more of it."""
    world.user("mallory")
    world.group("admins")
    with Proxy(world.account.port) as aws:
        ran, moved = undo(FORGED[forged], "--yes", aws=aws.url)
        assert (ran.returncode, ran.stdout, moved, aws.calls()) == (1, "", set(), [])
    assert ("does not hold the call" if forged == "no call" else "Rescind does not write") in ran.stderr


def test_a_case_with_a_member_of_another_edition_is_read_all_the_same(undo, polsen):
    assert undo({**DETACHED, "requests": [], "somethingNew": {}}, "--yes")[1] == {polsen.now_holds(BILLING)}


@pytest.mark.parametrize("text", ["", "[]", "{}", "taken back: policy Billing", json.dumps({"outcomes": []}), " " * (1 << 20) + "{}"])
def test_what_is_no_case_is_a_clear_error(undo, text):
    ran, _ = undo("-", "--yes", stdin=text)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr and "panicked" not in ran.stderr


def test_a_case_that_took_nothing_says_so_with_its_outcome(undo):
    ran, _ = undo(told("detach-policy", outcome="observed", outcomes=[{"remedy": "detach-policy", "outcome": "observed"}]), "--yes")
    assert (ran.returncode, ran.stderr) == (1, "nothing to undo: the outcome of this case is observed\n")


def test_where_nobody_can_be_asked_nothing_is_done_without_yes(undo, polsen):
    ran, moved = undo(DETACHED)
    assert (ran.returncode, moved) == (1, set())
    assert "--yes" in ran.stderr and ASKS not in ran.stderr


@pytest.mark.parametrize(("answer", "agrees"), [("y", True), ("Yes", True), ("n", False), ("", False), ("undo", False)])
def test_a_person_at_a_terminal_is_asked(undo, world, polsen, answer, agrees):
    before = world.account.snapshot()
    ours, theirs = pty.openpty()
    try:
        os.write(ours, f"{answer}\n".encode())
        ran = subprocess.run(undo.command(DETACHED), env=undo.environment(), stdin=theirs, capture_output=True, text=True, check=False)
    finally:
        os.close(ours)
        os.close(theirs)
    assert ran.stderr == (ASKS if agrees else f"{ASKS}nothing was done\n")
    assert ran.returncode == (0 if agrees else 1)
    assert changed(before, world.account.snapshot()) == ({polsen.now_holds(BILLING)} if agrees else set())


def test_without_credentials_the_way_to_them_is_told():
    ran = subprocess.run([RESCIND, "undo", "-"], env={}, input=json.dumps(DETACHED), capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert ran.stderr.startswith("no credentials: set AWS_ACCESS_KEY_ID")
