"""restore-password-policy: what the contract suite does not ask of every remedy."""

import json

import pytest
from lab.account import password_policy
from lab.command import credentials, rescind
from lab.events import password_policy_deleted, password_policy_set, sample
from lab.offence import BASELINE, IAM_DEFAULTS
from lab.rulebook import rulebook
from lab.world import RESTORE_PASSWORD_POLICY, World

STRONG = {"MinimumPasswordLength": 20, "RequireSymbols": True, "RequireNumbers": True, "PasswordReusePrevention": 24, "AllowUsersToChangePassword": True}


def guardrail(baseline: str, condition: str = "true", name: str = "more", mode: str = "enforce") -> str:
    return f"""
@id("{name}")
@severity("critical")
@mode("{mode}")
@remedy("restore-password-policy")
@baseline("{baseline}")
forbid (principal, action in Action::"password-policy", resource)
when {{ {condition} }};
"""


@pytest.fixture
def receives(world, tmp_path):
    def receive(event: dict, guardrails: str = "", **settings):
        settings = {"guardrails": rulebook(tmp_path, guardrails), **settings}
        return world.receives(event, name=RESTORE_PASSWORD_POLICY, **settings)

    return receive


def live(world: World) -> dict:
    return world.iam.get_account_password_policy()["PasswordPolicy"]


def test_what_a_call_leaves_out_is_iam_s_default_and_not_what_was_there_before(world, receives):
    world.password_policy(**STRONG)
    world.password_policy(RequireSymbols=True)
    seen = receives(password_policy_set(RequireSymbols=True))
    assert seen.outcome == "applied"
    assert live(world) == {**IAM_DEFAULTS, "RequireSymbols": True, **BASELINE}
    assert "at least 6 characters with symbols" in seen.notice.text


def test_a_call_that_names_nothing_resets_every_setting_and_is_taken_back(world, receives):
    world.password_policy()
    before = world.account.snapshot()
    seen = receives(password_policy_set())
    assert (seen.outcome, live(world)) == ("applied", {**IAM_DEFAULTS, **BASELINE})
    undone = rescind("undo", "-", "--yes", stdin=json.dumps(seen.case), env=credentials(world.account.url))
    assert (undone.returncode, undone.stderr) == (0, ""), undone.stdout
    assert world.account.snapshot() == before


def test_what_is_stricter_than_the_baseline_stays(world, receives):
    rules = {**STRONG, "PasswordReusePrevention": 2, "MaxPasswordAge": 30, "HardExpiry": True}
    world.password_policy(**rules)
    seen = receives(password_policy_set(**rules))
    assert seen.outcome == "applied"
    assert live(world) == {**IAM_DEFAULTS, **rules, "ExpirePasswords": True, "PasswordReusePrevention": 24}


def test_a_policy_that_meets_the_baseline_is_no_case(world, receives):
    world.password_policy(**STRONG)
    seen = receives(password_policy_set(**STRONG))
    assert (seen.cases, seen.notices, seen.operations, seen.changed) == ([], [], [], set())
    lawful = receives(sample("update-account-password-policy-lawful"))
    assert (lawful.cases, lawful.changed) == ([], set())


def test_deleted_it_is_restored_to_the_baseline_and_the_undo_deletes_it_again(world, receives):
    world.iam.delete_account_password_policy()
    seen = receives(password_policy_deleted())
    assert seen.changed == {f"+ {password_policy({**IAM_DEFAULTS, **BASELINE})}"}
    assert seen.undo["command"] == "aws iam delete-account-password-policy"
    world.take_back(seen.undo)
    with pytest.raises(world.iam.exceptions.NoSuchEntityException):
        live(world)


def test_the_undo_names_every_switch_in_the_aws_command_s_own_form(world, receives):
    world.password_policy(RequireNumbers=True, MaxPasswordAge=90)
    seen = receives(password_policy_set(RequireNumbers=True, MaxPasswordAge=90))
    switches = "--no-allow-users-to-change-password --no-hard-expiry --max-password-age 90 --minimum-password-length 6 --no-require-lowercase-characters"
    assert seen.undo["command"] == f"aws iam update-account-password-policy {switches} --require-numbers --no-require-symbols --no-require-uppercase-characters"


@pytest.mark.parametrize(
    ("now", "then"),
    [({"MaxPasswordAge": 365}, 365), ({"MaxPasswordAge": 30}, 30), ({}, 90), ({"HardExpiry": True}, 0), ({"HardExpiry": True, "MaxPasswordAge": 365}, 365)],
)
def test_nobody_is_locked_out_by_an_age_that_becomes_shorter(world, receives, now, then):
    world.password_policy(**now)
    receives(password_policy_set(**now), guardrail("maxPasswordAge=90"))
    assert live(world)["MaxPasswordAge"] == then
    assert live(world)["HardExpiry"] is now.get("HardExpiry", False)


def test_what_only_locking_people_out_would_restore_is_left_to_a_person(world, receives):
    rules = {**STRONG, "MaxPasswordAge": 365}
    world.password_policy(**rules)
    too_old = guardrail("maxPasswordAge=90", "context.passwordPolicy.maxPasswordAge > 90")
    seen = receives(password_policy_set(**rules), too_old)
    assert (seen.outcome, seen.changed, seen.writes) == ("unremediable", set(), [])
    assert "never shortens a maximum age" in seen.notice.text and "By hand" not in seen.notice.text
    world.password_policy(**{**rules, "MinimumPasswordLength": 6})
    partly = receives(password_policy_set(**{**rules, "MinimumPasswordLength": 6}), too_old)
    assert partly.outcome == "applied"
    assert "it still breaks a guardrail" in partly.notice.text


@pytest.mark.parametrize(("baseline", "then"), [("allowUsersToChangePassword=false", False), ("allowUsersToChangePassword=true", True), ("requireNumbers=true", True)])
def test_whether_users_change_their_own_password_is_the_baseline_s_decision(world, receives, baseline, then):
    world.password_policy(AllowUsersToChangePassword=True)
    receives(password_policy_set(AllowUsersToChangePassword=True), guardrail(baseline))
    assert live(world)["AllowUsersToChangePassword"] is then


def test_of_several_baselines_the_strictest_counts_and_one_that_observes_does_not(world, receives):
    world.password_policy()
    more = guardrail("minimumPasswordLength=16,maxPasswordAge=180") + guardrail("requireSymbols=true,maxPasswordAge=90", name="again")
    receives(password_policy_set(), more + guardrail("minimumPasswordLength=40", name="observes", mode="observe"))
    assert live(world) == {**IAM_DEFAULTS, **BASELINE, "MinimumPasswordLength": 16, "RequireSymbols": True, "MaxPasswordAge": 90, "ExpirePasswords": True}


def test_a_policy_that_somebody_has_set_again_is_another_change(world, receives):
    world.password_policy(**STRONG)
    seen = receives(password_policy_set(MinimumPasswordLength=6))
    assert (seen.outcome, seen.changed, seen.writes) == ("already-clean", set(), [])
    assert "another change, with an event of its own" in seen.notice.text


def test_hard_expiry_is_reported_and_never_changed(world, receives):
    rules = {**STRONG, "HardExpiry": True, "MaxPasswordAge": 1}
    world.password_policy(**rules)
    seen = receives(password_policy_set(**rules))
    assert (seen.outcome, seen.changed, seen.writes) == ("observed", set(), [])
    assert [guardrail["id"] for guardrail in seen.case["decision"]["guardrails"]] == ["nobody-is-locked-out-by-hard-expiry"]


@pytest.mark.parametrize(
    ("annotations", "says"),
    [
        ('@remedy("restore-password-policy")', "needs a `@baseline`"),
        ('@baseline("minimumPasswordLength=14")', "only the remedy `restore-password-policy` has a `@baseline`"),
        ('@remedy("restore-password-policy")\n@baseline("minimumLength=14")', "no setting `minimumLength`"),
        ('@remedy("restore-password-policy")\n@baseline("minimumPasswordLength=5")', "a number from 6 to 128"),
        ('@remedy("restore-password-policy")\n@baseline("hardExpiry=true")', "locks people out"),
    ],
)
def test_a_baseline_that_cannot_be_is_refused_at_its_place(tmp_path, annotations, says):
    wrong = f'@id("x")\n@severity("low")\n{annotations}\nforbid (principal, action in Action::"password-policy", resource);\n'
    checked = rescind("check", str(rulebook(tmp_path, wrong)))
    assert checked.returncode == 1
    assert "more.cedar:" in checked.stdout + checked.stderr and says in checked.stdout + checked.stderr
