"""`rescind explain`: from a file as the AWS CLI prints it, and from the live account, which here is the emulator."""

import json
import subprocess
from pathlib import Path

import pytest
from lab.command import credentials, rescind

ADMIN = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
QUEUES = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:ListQueues", "Resource": "*"}]}


def explain(*arguments: object, stdin: str = "", env: dict[str, str] | None = None) -> subprocess.CompletedProcess:
    return rescind("explain", *arguments, stdin=stdin, env=env)


@pytest.fixture
def polsen(world):
    """A user who is admin through a group's policy that is called ReadOnly, and a role that EC2 can assume."""
    group = world.group("admins", holds=[world.policy("ReadOnly", ADMIN)])
    world.iam.put_user_policy(UserName=world.user("polsen", groups=[group]).name, PolicyName="own", PolicyDocument=json.dumps(QUEUES))
    world.role("deployer")
    return world


@pytest.fixture
def live(polsen) -> dict[str, str]:
    return credentials(polsen.account.url)


@pytest.fixture
def details(polsen, tmp_path) -> Path:
    """What the AWS CLI prints: the documents are objects."""
    answer = polsen.iam.get_account_authorization_details()
    del answer["ResponseMetadata"]
    path = tmp_path / "details.json"
    path.write_text(json.dumps(answer, default=str))
    return path


def test_the_tree_leads_through_the_group_to_the_policy_that_makes_polsen_admin(details):
    explained = explain("user", "polsen", "--from", details)
    assert (explained.returncode, explained.stderr) == (0, "")
    lines = explained.stdout.splitlines()
    assert lines[0] == "user polsen  arn:aws:iam::123456789012:user/polsen"
    assert lines[1].startswith("├─ policy own (inline) → ")
    assert lines[2] == "└─ group admins"
    assert lines[3].startswith("   └─ policy ReadOnly arn:aws:iam::123456789012:policy/ReadOnly → admin")
    assert "All together: admin" in explained.stdout
    assert "\x1b" not in explained.stdout


@pytest.mark.parametrize("principal", [("user", "polsen"), ("group", "ADMINS"), ("role", "deployer")])
def test_the_live_account_and_its_file_say_the_same(details, live, principal):
    from_file, from_life = explain(*principal, "--from", details, "--json"), explain(*principal, "--json", env=live)
    assert (from_file.returncode, from_life.returncode, from_life.stderr) == (0, 0, "")
    assert json.loads(from_file.stdout) == json.loads(from_life.stdout)


def test_a_role_tells_who_can_assume_it(details):
    explained = explain("role", "deployer", "--from", "-", stdin=details.read_text())
    assert explained.stdout.endswith("Who can assume it:\n  service ec2.amazonaws.com\n")


def test_an_unknown_name_is_answered_with_the_nearest(details):
    explained = explain("user", "Polson", "--from", details)
    assert (explained.returncode, explained.stdout) == (1, "")
    assert "the account has no user `Polson`" in explained.stderr and "did you mean `polsen`" in explained.stderr


def test_without_credentials_the_way_to_them_is_told():
    explained = explain("user", "polsen")
    assert explained.returncode == 1
    assert explained.stderr.startswith("no credentials: set AWS_ACCESS_KEY_ID")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"UserDetailList": 1}'])
def test_what_is_no_account_is_a_clear_error(text):
    explained = explain("user", "polsen", "--from", "-", stdin=text)
    assert (explained.returncode, explained.stdout) == (1, "")
    assert "get-account-authorization-details" in explained.stderr and "panicked" not in explained.stderr
