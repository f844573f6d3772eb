"""`rescind cases`: what the ledger holds, for a person who looks for something."""

import json

import pytest
from lab.command import credentials, rescind
from lab.events import BILLING, attachment, iam_user, joined
from lab.offence import ADMINISTRATOR
from lab.rulebook import rulebook
from lab.world import QUARANTINE_KEY, REMOVE_GROUP_MEMBER, World


def cases(world: World, *options: str) -> list[str]:
    ran = rescind("cases", *options, env=credentials(world.account.url))
    assert (ran.returncode, ran.stderr) == (0, "")
    return ran.stdout.splitlines()


@pytest.fixture
def three(world):
    """Polsen's policy is taken back, ann's is exempt, and deploy's is begun and not finished; the ids."""
    found = {}
    for name in ("polsen", "deploy"):
        event = attachment(BILLING, user=world.user(name, holds=[BILLING]), actor=iam_user("mallory"))
        if name == "deploy":
            world.aws.instead("DetachUserPolicy", world.kill)
        world.receives(event, fresh=name == "deploy")
        world.aws.forget()
    ann = world.user("ann", holds=[BILLING])
    world.receives(attachment(BILLING, user=ann, actor=iam_user("responder")), BREAK_GLASS="arn:aws:iam::123456789012:user/responder")
    for case in world.ledger.cases():
        found[case["target"].removeprefix("user ")] = case["pk"].partition("#")[2]
    return found


def test_every_case_is_a_line_and_the_newest_comes_first(world, three):
    lines = cases(world)
    assert [line.split()[1] for line in lines] == [three[name] for name in ("ann", "deploy", "polsen")]
    assert [line.split()[2] for line in lines] == ["exempt", "UNFINISHED", "applied"]
    assert all("billing-is-for-finance" in line and "by arn:aws:iam::123456789012:user/" in line for line in lines)


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (["--principal", "POLSEN"], ["polsen"]),
        (["--actor", "user/mallory"], ["polsen", "deploy"]),
        (["--outcome", "exempt"], ["ann"]),
        (["--guardrail", "billing-is-for-finance", "--since", "1h"], ["ann", "deploy", "polsen"]),
        (["--guardrail", "billing"], []),
        (["--unfinished"], ["deploy"]),
        (["--until", "2026-01-01"], []),
    ],
    ids=str,
)
def test_cases_are_looked_for(world, three, options, found):
    lines = cases(world, *options)
    assert lines == ["no such case"] if not found else [line.split()[1] for line in lines] == [three[name] for name in found]


def test_as_json_a_line_is_the_whole_case(world, three):
    (case,) = map(json.loads, cases(world, "--json", "--principal", "polsen"))
    (stored,) = [stored for stored in world.ledger.cases() if stored["target"] == "user polsen"]
    assert case == stored["body"]["case"]
    (unfinished,) = map(json.loads, cases(world, "--json", "--unfinished"))
    assert unfinished["outcomes"][0]["undo"][0]["operation"] == "AttachUserPolicy"


def test_a_time_that_is_none_is_said(world):
    ran = rescind("cases", "--since", "yesterday", env=credentials(world.account.url))
    assert ran.returncode == 2 and "2026-03-02T12:00:00Z" in ran.stderr


def test_a_notice_says_which_of_an_actors_changes_it_is_and_the_story_is_told_in_order(world):
    """An intruder gives a helper a policy and a group, and somebody else a policy: three cases of two functions."""
    admins, mallory = world.group("admins", holds=[ADMINISTRATOR]), iam_user("mallory")
    helper = world.user("helper", holds=[BILLING], groups=[admins])
    first = world.receives(attachment(BILLING, user=helper, actor=mallory))
    second = world.receives(joined(helper, admins, mallory), name=REMOVE_GROUP_MEMBER)
    third = world.receives(attachment(ADMINISTRATOR, user=world.user("other", holds=[ADMINISTRATOR]), actor=mallory))
    another = world.receives(attachment(BILLING, user=world.user("ann", holds=[BILLING]), actor=iam_user("ann")))

    stories = [story(seen.notice.text) for seen in (first, second, third, another)]
    correlation = first.case["correlation"]
    assert (stories[0], stories[3]) == ("", "")
    assert stories[1].startswith("the second change of this actor in ") and stories[1].endswith(f": rescind cases --actor {correlation}")
    assert stories[2].startswith("the third change of this actor in ")
    lines = cases(world, "--actor", correlation)
    assert [line.split()[1] for line in lines] == [seen.case["id"] for seen in (first, second, third)]


def test_cases_of_two_functions_about_one_change_are_one_part_of_the_story(world, tmp_path):
    both = """
        @id("both") @severity("critical") @remedy("detach-policy,quarantine-key")
        forbid (principal, action == Action::"AttachUserPolicy", resource);
    """
    asked = {"guardrails": rulebook(tmp_path, both)}
    event = attachment(BILLING, user=world.user("polsen", holds=[BILLING]), actor=iam_user("mallory"))
    first = world.receives(event, **asked)
    sibling = world.receives(event, name=QUARANTINE_KEY, **asked)
    assert first.case["correlation"] == sibling.case["correlation"]
    assert story(sibling.notice.text) == ""


def story(text: str) -> str:
    return "".join(line.removeprefix("Story").strip() for line in text.splitlines() if line.startswith("Story"))
