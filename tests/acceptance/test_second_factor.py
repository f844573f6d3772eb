"""remove-login: the denial without MFA, as far as the contract suite does not ask it of every remedy."""

import json

import pytest
from lab.command import credentials, rescind
from lab.events import a_second_later, assumed_role, but, detached, device_deactivated, device_enabled, iam_call, iam_user
from lab.offence import ADMINISTRATOR, by_itself
from lab.rulebook import rulebook
from lab.world import ALLOW_READING, DENY_WITHOUT_MFA, OWN_ROLES, QUARANTINE_PRINCIPAL, REMOVE_LOGIN, WITHOUT_MFA

LOST = """
@id("second-factors")
@severity("high")
@remedy("remove-login")
forbid (principal, action == Action::"DeactivateMFADevice", resource)
when { !context.hasDevice && %s };
"""
ADMINISTRATORS = LOST % "context.after.grants.admin"
EVERYBODY = LOST % "true"
MALLORY = iam_user("mallory")
RESPONDER = "arn:aws:iam::123456789012:user/responder"
LONG_AGO = "2026-03-02T10:00:00Z"


@pytest.fixture
def receives(world, tmp_path):
    def receive(event: dict, guardrails: str = "", **settings):
        return world.receives(event, name=REMOVE_LOGIN, guardrails=rulebook(tmp_path, guardrails), **settings)

    return receive


@pytest.fixture
def denied(world, receives):
    """polsen, whom Rescind denies everything without MFA."""
    polsen = world.user("polsen", holds=[ADMINISTRATOR])
    seen = receives(device_deactivated(polsen, by_itself(polsen)), EVERYBODY)
    assert (seen.outcome, seen.changed) == ("applied", {polsen.now_holds(DENY_WITHOUT_MFA)})
    return polsen


def lifts(world, user, actor: dict = MALLORY) -> dict:
    """Somebody takes the denial off."""
    world.iam.detach_user_policy(UserName=user.name, PolicyArn=DENY_WITHOUT_MFA)
    return detached(DENY_WITHOUT_MFA, user, actor)


# Who is denied.


def test_an_administrator_without_a_device_is_denied_everything_without_mfa(world, receives):
    polsen = world.user("polsen", holds=[ADMINISTRATOR])
    seen = receives(but(device_deactivated(polsen, MALLORY), eventTime=a_second_later()), ADMINISTRATORS)
    assert (seen.outcome, seen.changed) == ("applied", {polsen.now_holds(DENY_WITHOUT_MFA)})
    assert seen.notice.subject.endswith("denied everything without MFA: user polsen (123456789012)")
    for words in (
        "It stops the access keys of user polsen as well",
        "Sessions that were opened with MFA go on until they expire",
        "if their own policies or boundary do not allow that, somebody else has to enable it",
        "It ends by itself when a device is enabled",
        "aws iam detach-user-policy",
    ):
        assert words in seen.notice.text


@pytest.mark.parametrize("condition", ['resource.hasTag("class") && resource.getTag("class") == "a"', 'resource in Group::"arn:aws:iam::123456789012:group/admins"'])
def test_a_guardrail_names_whom_by_a_tag_or_a_group(world, receives, condition):
    admins = world.group("admins")
    named, other = world.user("named", groups=[admins]), world.user("other")
    world.iam.tag_user(UserName="named", Tags=[{"Key": "class", "Value": "a"}])
    seen = receives(device_deactivated(named, by_itself(named)), LOST % condition)
    assert (seen.outcome, seen.changed) == ("applied", {named.now_holds(DENY_WITHOUT_MFA)})
    seen = receives(device_deactivated(other, by_itself(other)), LOST % condition)
    assert (seen.cases, seen.writes) == ([], [])


def test_whoever_is_no_administrator_keeps_their_access(world, receives):
    seen = receives(device_deactivated(world.user("polsen"), MALLORY), ADMINISTRATORS)
    assert (seen.cases, seen.changed, seen.writes) == ([], set(), [])


def test_the_shipped_rulebook_only_observes_it(world, receives):
    polsen = world.user("polsen", holds=[ADMINISTRATOR])
    seen = receives(device_deactivated(polsen, by_itself(polsen)))
    assert (seen.outcome, seen.writes) == ("observed", [])
    (would,) = seen.case["outcomes"][0]["would"]
    assert (would["operation"], would["parameters"]) == ("AttachUserPolicy", {"PolicyArn": DENY_WITHOUT_MFA, "UserName": "polsen"})


# Devices that IAM still lists, or does not list yet.


@pytest.mark.parametrize("when", ["just now", "long ago"])
def test_whoever_has_another_device_keeps_their_access(world, receives, when):
    polsen = world.user("polsen", holds=[ADMINISTRATOR])
    world.enrols(polsen, "tablet")
    event = device_deactivated(polsen, by_itself(polsen))
    seen = receives(event if when == "just now" else but(event, eventTime=LONG_AGO), ADMINISTRATORS)
    assert (seen.cases, seen.changed, seen.writes) == ([], set(), [])


def test_two_devices_deactivated_at_the_same_moment_are_both_gone(world, receives):
    """IAM lists each a little longer: the event of the one finds the other still there."""
    polsen = world.user("polsen", holds=[ADMINISTRATOR])
    serial = world.enrols(polsen, "tablet")
    world.aws.afterwards("ListMFADevices", lambda: world.iam.deactivate_mfa_device(UserName="polsen", SerialNumber=serial))
    seen = receives(device_deactivated(polsen, by_itself(polsen)), EVERYBODY, fresh=True)
    assert (seen.outcome, polsen.now_holds(DENY_WITHOUT_MFA) in seen.changed) == ("applied", True)


def test_a_device_enabled_while_the_denial_is_attached_ends_it(world, receives):
    """Its own event comes before the denial is there, and finds nothing to end."""
    polsen = world.user("polsen", holds=[ADMINISTRATOR])
    enabled = []
    world.aws.meanwhile("AttachUserPolicy", lambda: enabled.append(world.enrols(polsen)))
    seen = receives(device_deactivated(polsen, by_itself(polsen)), EVERYBODY, fresh=True)
    assert seen.outcome == "already-clean"
    assert [call.operation for call in seen.writes] == ["AttachUserPolicy", "DetachUserPolicy"]
    assert polsen.now_holds(DENY_WITHOUT_MFA) not in seen.changed
    assert "it was enabled while Rescind attached the denial" in seen.notice.text
    lifted = receives(detached(DENY_WITHOUT_MFA, polsen, MALLORY))
    assert (lifted.cases, lifted.writes) == ([], []), "there is a device"
    world.iam.deactivate_mfa_device(UserName="polsen", SerialNumber=enabled[0])

    later = receives(but(detached(DENY_WITHOUT_MFA, polsen, MALLORY), eventTime=a_second_later()))
    assert (later.outcome, later.writes) == ("unremediable", []), "the ledger knows that Rescind has ended it"


def test_killed_after_it_was_attached_a_device_that_came_since_ends_it(world, receives):
    polsen = world.user("polsen", holds=[ADMINISTRATOR])
    world.aws.afterwards("AttachUserPolicy", world.kill)
    event = device_deactivated(polsen, by_itself(polsen))
    receives(event, EVERYBODY, fresh=True)
    world.aws.forget()
    world.enrols(polsen)
    world.ledger.age()
    seen = receives(event, EVERYBODY, fresh=True)
    assert (seen.outcome, seen.changed) == ("already-clean", {polsen.no_longer_holds(DENY_WITHOUT_MFA)})


# Whom it cannot deny.


def test_somebody_of_the_same_name_who_was_made_later_is_not_denied_anything(world, receives):
    world.user("polsen", holds=[ADMINISTRATOR])
    seen = receives(but(device_deactivated("polsen", MALLORY), eventTime=LONG_AGO), ADMINISTRATORS)
    assert (seen.outcome, seen.changed, seen.writes) == ("unremediable", set(), [])
    assert "was made after the change" in seen.notice.text


def test_whoever_has_no_room_for_the_denial_is_told_to_a_person_with_the_call(world, receives):
    polsen = world.user("polsen", holds=[ADMINISTRATOR])
    world.aws.have_no_room("AttachUserPolicy")
    seen = receives(device_deactivated(polsen, by_itself(polsen)), EVERYBODY, fresh=True)
    assert (seen.outcome, seen.changed) == ("unremediable", set())
    assert "has no room for one more policy" in seen.notice.text
    assert "aws iam attach-user-policy --policy-arn" in seen.notice.text
    lifted = receives(but(detached(DENY_WITHOUT_MFA, polsen, MALLORY), eventTime=a_second_later()), fresh=True)
    assert lifted.outcome == "unremediable", "what was never attached is not put back"


def test_a_boundary_changes_nothing_about_the_denial(world, receives):
    polsen = world.user("polsen", holds=[ADMINISTRATOR])
    world.bound(polsen, world.policy("Boundary", ALLOW_READING))
    seen = receives(device_deactivated(polsen, by_itself(polsen)), EVERYBODY)
    assert (seen.outcome, seen.changed) == ("applied", {polsen.now_holds(DENY_WITHOUT_MFA)})


def test_a_denial_that_says_something_else_is_not_attached(world, receives):
    polsen = world.user("polsen", holds=[ADMINISTRATOR])
    world.iam.create_policy_version(PolicyArn=DENY_WITHOUT_MFA, PolicyDocument=json.dumps(ALLOW_READING), SetAsDefault=True)
    seen = receives(device_deactivated(polsen, by_itself(polsen)), EVERYBODY)
    assert (seen.outcome, seen.changed, seen.writes) == ("unremediable", set(), [])
    assert "does not say any more what it said" in seen.notice.text


def test_the_text_of_the_denial_is_restored(world):
    world.user("polsen", holds=[DENY_WITHOUT_MFA])
    world.iam.create_policy_version(PolicyArn=DENY_WITHOUT_MFA, PolicyDocument=json.dumps(ALLOW_READING), SetAsDefault=True)
    event = iam_call("CreatePolicyVersion", {"policyArn": DENY_WITHOUT_MFA, "setAsDefault": True}, MALLORY)
    seen = world.receives(event, name=QUARANTINE_PRINCIPAL, BREAK_GLASS=world.role("responder").arn)
    assert (seen.outcome, [call.operation for call in seen.writes]) == ("applied", ["SetDefaultPolicyVersion"])
    assert world.iam.get_policy_version(PolicyArn=DENY_WITHOUT_MFA, VersionId="v1")["PolicyVersion"]["IsDefaultVersion"]
    assert "denied everything without MFA again" in seen.notice.text
    assert world.iam.get_policy_version(PolicyArn=DENY_WITHOUT_MFA, VersionId="v1")["PolicyVersion"]["Document"] == WITHOUT_MFA


@pytest.mark.parametrize("call", ["DeactivateMFADevice", "EnableMFADevice"])
@pytest.mark.parametrize("named", [{}, {"userName": "AWS ROOT USER"}])
def test_a_device_of_root_s_makes_no_case(receives, call, named):
    root = {"type": "Root", "arn": "arn:aws:iam::123456789012:root", "accountId": "123456789012", "principalId": "123456789012"}
    seen = receives(iam_call(call, {**named, "serialNumber": "arn:aws:iam::123456789012:mfa/root-account-mfa-device"}, root), EVERYBODY)
    assert (seen.cases, seen.writes) == ([], [])


# It ends.


def test_it_comes_off_by_itself_with_a_device_and_that_is_reported_as_high(world, receives, denied):
    event = device_enabled(denied, world.enrols(denied), by_itself(denied))
    seen = receives(event)
    assert (seen.outcome, seen.changed) == ("applied", {denied.no_longer_holds(DENY_WITHOUT_MFA)})
    assert seen.notice.attributes["severity"] == "high"
    assert "an intruder who holds their password or key can enrol one as well" in seen.notice.text


def test_a_device_of_somebody_who_is_denied_nothing_is_nobody_s_business(world, receives):
    polsen = world.user("polsen")
    seen = receives(device_enabled(polsen, world.enrols(polsen), by_itself(polsen)))
    assert (seen.cases, seen.notices, seen.writes) == ([], [], [])


def test_another_stack_s_denial_is_that_stack_s(world, receives):
    other = world.policy("RescindDenyWithoutMfa-another", WITHOUT_MFA, path="/rescind/")
    polsen = world.user("polsen", holds=[other])
    seen = receives(device_enabled(polsen, world.enrols(polsen), by_itself(polsen)))
    assert (seen.cases, seen.writes) == ([], [])
    world.iam.deactivate_mfa_device(UserName="polsen", SerialNumber="arn:aws:iam::123456789012:mfa/phone")
    seen = receives(detached(other, polsen, MALLORY))
    assert (seen.outcome, seen.writes) == ("already-clean", [])
    assert "is no policy of this stack's" in seen.notice.text


def test_a_device_that_is_gone_again_ends_no_denial(receives, denied):
    seen = receives(device_enabled(denied, "arn:aws:iam::123456789012:mfa/phone", by_itself(denied)))
    assert (seen.outcome, seen.changed, seen.writes) == ("already-clean", set(), [])


def test_a_device_that_iam_does_not_list_yet_ends_it(world, receives, denied):
    serials = []
    world.aws.afterwards("ListMFADevices", lambda: serials.append(world.enrols(denied)))
    seen = receives(device_enabled(denied, "arn:aws:iam::123456789012:mfa/phone", by_itself(denied)), fresh=True)
    assert (seen.outcome, denied.no_longer_holds(DENY_WITHOUT_MFA) in seen.changed) == ("applied", True)


# Somebody takes it off.


def test_taken_off_by_somebody_else_it_is_put_back_and_reported(world, receives, denied):
    event = lifts(world, denied)
    seen = receives(event)
    assert (seen.outcome, seen.changed, seen.notice.attributes["severity"]) == ("applied", {denied.now_holds(DENY_WITHOUT_MFA)}, "high")
    again = receives(lifts(world, denied, by_itself(denied)))
    assert (again.outcome, again.changed) == ("applied", {denied.now_holds(DENY_WITHOUT_MFA)})


def test_one_who_was_renamed_since_is_found_by_the_unique_id(world, receives, denied):
    event = lifts(world, denied)
    world.rename(denied, "elsewhere")
    world.user("polsen")
    seen = receives(event)
    assert (seen.outcome, len(seen.changed)) == ("applied", 1)
    assert "user elsewhere" in next(iter(seen.changed))


def test_what_the_ledger_does_not_know_is_reported_and_not_put_back(world, receives):
    polsen = world.user("polsen")
    seen = receives(detached(DENY_WITHOUT_MFA, polsen, MALLORY))
    assert (seen.outcome, seen.changed, seen.writes) == ("unremediable", set(), [])
    assert "of this denial nothing says so" in seen.notice.text


def test_what_rescind_has_taken_off_itself_is_not_put_back(world, receives, denied):
    own = receives(detached(DENY_WITHOUT_MFA, denied, assumed_role(OWN_ROLES[0])))
    assert (own.cases, own.calls) == ([], [])
    serial = world.enrols(denied)
    assert receives(device_enabled(denied, serial, by_itself(denied))).outcome == "applied"
    world.iam.deactivate_mfa_device(UserName="polsen", SerialNumber=serial)
    seen = receives(but(detached(DENY_WITHOUT_MFA, denied, MALLORY), eventTime=a_second_later()))
    assert (seen.outcome, seen.writes) == ("unremediable", [])


def test_what_a_break_glass_principal_has_lifted_stays_off(world, receives, denied):
    early = detached(DENY_WITHOUT_MFA, denied, MALLORY)
    seen = receives(lifts(world, denied, iam_user("responder")), BREAK_GLASS=RESPONDER)
    assert (seen.outcome, seen.writes) == ("exempt", [])
    late = receives(early, BREAK_GLASS=RESPONDER)
    assert (late.outcome, late.writes) == ("unremediable", []), "an earlier event that comes late does not fight them"


def test_an_undo_by_a_break_glass_principal_stays_and_by_anybody_else_does_not(world, receives, denied):
    (case,) = world.ledger.cases()
    undone = rescind("undo", "-", "--yes", stdin=json.dumps(case["body"]["case"]), env=credentials(world.account.url))
    assert (undone.returncode, undone.stderr) == (0, ""), undone.stdout
    event = detached(DENY_WITHOUT_MFA, denied, MALLORY)
    assert receives(event).changed == {denied.now_holds(DENY_WITHOUT_MFA)}
    seen = receives(lifts(world, denied, iam_user("responder")), BREAK_GLASS=RESPONDER)
    assert (seen.outcome, seen.changed) == ("exempt", set())


def test_taken_off_one_who_has_a_device_it_stays_off(world, receives, denied):
    world.enrols(denied)
    seen = receives(lifts(world, denied))
    assert (seen.cases, seen.writes) == ([], [])


def test_a_stack_that_observes_puts_nothing_back(world, receives, denied):
    seen = receives(lifts(world, denied), mode="observe")
    assert (seen.outcome, seen.writes, seen.changed) == ("observed", [], set())


def test_a_break_glass_user_is_not_denied_anything(world, receives):
    polsen = world.user("polsen", holds=[ADMINISTRATOR])
    seen = receives(device_deactivated(polsen, MALLORY), EVERYBODY, BREAK_GLASS=polsen.arn)
    assert (seen.outcome, seen.changed, seen.writes) == ("unremediable", set(), [])
