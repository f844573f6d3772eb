"""remove-login: what the contract suite does not ask of every remedy."""

import json

import pytest
from lab.command import rescind
from lab.events import assumed_role, iam_call, iam_user, just_now, login_made, login_reset, sample
from lab.rulebook import rulebook
from lab.world import REMOVE_LOGIN

# Whatever the record says about who did it is in the case.
EVERY_PASSWORD = """
@id("no-passwords")
@severity("critical")
@remedy("remove-login")
forbid (principal, action in Action::"console-password", resource is User)
when { %s };
"""


@pytest.fixture
def receives(world, tmp_path):
    def receive(event: dict, condition: str = "", **settings):
        settings = {"guardrails": rulebook(tmp_path, EVERY_PASSWORD % condition if condition else ""), **settings}
        return world.receives(event, name=REMOVE_LOGIN, **settings)

    return receive


def test_the_notice_says_that_nothing_gives_it_back_what_to_do_and_which_sessions_stay(world, receives):
    polsen = world.user("polsen")
    fact = world.login(polsen)
    seen = receives(login_made(polsen, iam_user("mallory")))
    assert (seen.outcome, seen.changed) == ("applied", {f"- {fact}"})
    assert "undo" not in seen.case["outcomes"][0]
    assert seen.notice.subject.endswith("deleted: the console password of user polsen (123456789012)")
    for words in (
        "no call can give a password back",
        "aws iam create-login-profile --user-name polsen --password-reset-required",
        "console sessions that user polsen already opened go on for up to 12 hours",
    ):
        assert words in seen.notice.text


def test_where_the_actor_is_quarantined_as_well_the_notice_says_whom_that_contains(world, tmp_path):
    polsen = world.user("polsen")
    world.login(polsen)
    guardrails = rulebook(tmp_path, (EVERY_PASSWORD % "true").replace("remove-login", "remove-login,quarantine-principal"))
    seen = world.receives(login_made(polsen, iam_user("mallory")), name=REMOVE_LOGIN, guardrails=guardrails)
    assert seen.case["siblings"] == ["quarantine-principal"]
    assert "quarantine-principal contains whoever set the password, not its owner" in seen.notice.text


def test_a_password_that_was_made_later_is_another_change(world, receives):
    polsen = world.user("polsen")
    world.login(polsen, made="2099-01-01T00:00:00Z")
    for event in (login_made(polsen, iam_user("mallory")), login_reset(polsen, iam_user("mallory"))):
        world.ledger.clear()
        seen = receives(event)
        assert (seen.outcome, seen.changed, seen.writes) == ("already-clean", set(), [])
        assert "another change, with an event of its own" in seen.notice.text


def test_a_password_made_at_the_very_moment_of_the_call_is_the_one_of_the_change(world, receives):
    polsen = world.user("polsen")
    fact = world.login(polsen, made=just_now())
    seen = receives(login_made(polsen, iam_user("mallory")))
    assert (seen.outcome, seen.changed) == ("applied", {f"- {fact}"})


def test_a_user_made_anew_under_the_name_keeps_the_password(world, receives):
    """The login profile of the one who bears the name now is younger than the change."""
    event = {**login_made("polsen", iam_user("mallory")), "time": "2026-03-02T10:00:00Z"}
    event["detail"]["eventTime"] = "2026-03-02T10:00:00Z"
    world.login(world.user("polsen"), made=None)
    seen = receives(event)
    assert (seen.outcome, seen.changed, seen.writes) == ("already-clean", set(), [])


def test_one_whose_password_was_made_by_themselves_is_known_by_the_unique_id(world, receives):
    polsen = world.user("polsen")
    fact = world.login(polsen)
    event = iam_call("CreateLoginProfile", {"passwordResetRequired": False}, iam_user("polsen", polsen.id))
    world.rename(polsen, "elsewhere")
    seen = receives(event, 'context.oneself == "yes"')
    assert (seen.outcome, seen.changed) == ("applied", {f"- {fact.replace('polsen', 'elsewhere')}"})
    assert "has been renamed" in seen.notice.text


@pytest.mark.parametrize(
    ("actor", "oneself"),
    [
        (iam_user("polsen"), "yes"),
        (iam_user("Polsen"), "yes"),
        (iam_user("mallory"), "no"),
        (assumed_role("Admin", "polsen"), "likely"),
        (assumed_role("polsen", "someone"), "no"),
        ({**iam_user("polsen"), "accountId": "999999999999", "arn": "arn:aws:iam::999999999999:user/polsen"}, "no"),
    ],
)
def test_whether_it_is_one_s_own_is_a_question_of_who_called(world, receives, actor, oneself):
    polsen = world.user("polsen")
    world.login(polsen)
    others = {"yes", "likely", "no"} - {oneself}
    event = login_reset(polsen, actor, passwordResetRequired=True)
    said = receives(event, f'context.oneself == "{oneself}" && context.passwordResetRequired && !context.created', mode="observe")
    assert "no-passwords" in [guardrail["id"] for guardrail in said.case["decision"]["guardrails"]]
    assert said.case["change"]["oneself"] == oneself
    for other in others:
        seen = receives(event, f'context.oneself == "{other}"', mode="observe")
        assert "no-passwords" not in json.dumps([case["decision"] for case in seen.cases])


def test_the_help_desk_resets_passwords_that_have_to_be_changed_and_no_others(receives):
    lawful = receives(sample("update-login-profile-lawful"))
    assert (lawful.cases, lawful.calls) == ([], [])
    unlawful = sample("update-login-profile-lawful")
    unlawful["detail"]["requestParameters"].pop("passwordResetRequired")
    assert receives(unlawful).case["decision"]["guardrails"][0]["id"] == "nobody-sets-a-password-for-somebody-else"


def test_root_s_password_is_reported_and_nothing_is_called(receives):
    seen = receives(sample("create-login-profile-root"))
    assert (seen.outcome, seen.writes, seen.notice.attributes["severity"]) == ("observed", [], "critical")


def test_a_password_that_a_role_sets_is_reported_and_kept_by_the_shipped_rulebook(world, receives):
    """Terraform makes users like that."""
    polsen = world.user("polsen")
    world.login(polsen)
    seen = receives(login_made(polsen, assumed_role("terraform", "run-1")))
    assert (seen.outcome, seen.changed) == ("observed", set())
    assert seen.case["outcomes"][0]["would"][0]["operation"] == "DeleteLoginProfile"


def test_a_forged_undo_is_refused(world):
    polsen = world.user("polsen")
    world.login(polsen)
    case = world.receives(login_made(polsen, iam_user("mallory")), name=REMOVE_LOGIN).case
    forged = {"service": "iam", "operation": "CreateLoginProfile", "parameters": {"UserName": "polsen", "Password": "known"}, "command": ""}
    case["outcomes"][0]["undo"] = [forged]
    undone = rescind("undo", "-", "--yes", stdin=json.dumps(case), env={})
    assert undone.returncode == 1
    assert "Rescind does not write" in undone.stderr
