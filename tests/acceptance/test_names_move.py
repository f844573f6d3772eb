"""Names move, ids don't: what happens where the user of the record is no longer found under that name."""

from lab.events import BILLING, attachment, iam_user
from lab.world import Target


def gave_themselves_billing(user: Target) -> dict:
    """The caller is the target, so that the record knows the target's unique id."""
    return attachment(BILLING, user=user, actor=iam_user(user.name, user.id))


def test_a_user_renamed_in_between_is_still_found(world):
    polsen = world.user("polsen", holds=[BILLING])
    event = gave_themselves_billing(polsen)
    renamed = world.rename(polsen, "innocent")
    seen = world.receives(event)
    assert (seen.outcome, seen.changed) == ("applied", {renamed.no_longer_holds(BILLING)})
    world.take_back(seen.undo)
    assert renamed.now_holds(BILLING)[2:] in world.account.snapshot()


def test_a_user_renamed_in_between_is_found_although_another_took_the_name(world):
    polsen = world.user("polsen", holds=[BILLING])
    event = gave_themselves_billing(polsen)
    renamed = world.rename(polsen, "innocent")
    world.user("polsen")
    seen = world.receives(event)
    assert (seen.outcome, seen.changed) == ("applied", {renamed.no_longer_holds(BILLING)})


def test_a_user_renamed_while_the_remedy_runs_is_still_found(world):
    polsen = world.user("polsen", holds=[BILLING])
    world.aws.meanwhile("DetachUserPolicy", lambda: world.rename(polsen, "innocent"))
    seen = world.receives(gave_themselves_billing(polsen))
    assert seen.outcome == "applied"
    assert f"user innocent holds {BILLING}" not in world.account.snapshot()


def test_where_the_id_is_unknown_and_others_hold_the_policy_nobody_is_touched(world):
    intern = world.user("intern", holds=[BILLING])
    event = attachment(BILLING, user=intern)  # polsen did it: the record does not know the intern's id
    world.rename(intern, "innocent")
    seen = world.receives(event)
    assert (seen.outcome, seen.changed) == ("unremediable", set())
    assert not any(operation.startswith("Detach") for operation in seen.operations[1:])
    assert seen.notice.attributes["outcome"] == "unremediable"


def test_the_actor_s_id_is_not_taken_for_the_target_s(world):
    polsen = world.user("polsen", holds=[BILLING])
    intern = world.user("intern", holds=[BILLING])
    event = attachment(BILLING, user=intern, actor=iam_user("polsen", polsen.id))
    world.rename(intern, "innocent")
    seen = world.receives(event)
    assert (seen.outcome, seen.changed) == ("unremediable", set())


def test_a_user_deleted_in_between_is_already_clean(world):
    polsen = world.user("polsen")
    event = gave_themselves_billing(polsen)
    world.iam.delete_user(UserName=polsen.name)
    seen = world.receives(event)
    assert (seen.outcome, seen.changed) == ("already-clean", set())
    assert seen.notice.case == seen.case


def test_a_group_deleted_in_between_while_nobody_holds_the_policy_is_already_clean(world):
    administrator = "arn:aws:iam::aws:policy/AdministratorAccess"
    seen = world.receives(attachment(administrator, group="gone"))
    assert (seen.outcome, seen.changed) == ("already-clean", set())


def test_a_role_deleted_in_between_is_already_clean(world):
    """Roles cannot be renamed: whoever else holds the policy is somebody else."""
    seen = world.receives(attachment(BILLING, role="gone"))
    assert (seen.outcome, seen.changed) == ("already-clean", set())


def test_somebody_else_took_it_back_first(world):
    polsen = world.user("polsen")
    seen = world.receives(attachment(BILLING, user=polsen))
    assert (seen.outcome, seen.changed) == ("already-clean", set())
    assert seen.notice.case == seen.case


def test_a_policy_written_in_other_letters_is_judged_as_the_same_and_taken_back(world):
    polsen = world.user("polsen", holds=[BILLING])
    # Unlike IAM the emulator tells letters apart, so the remedy has to spell the policy as IAM lists it.
    seen = world.receives(attachment(BILLING.replace("Billing", "biLLing"), user=polsen))
    assert seen.case["decision"]["guardrails"][0]["id"] == "billing-is-for-finance"
    assert (seen.outcome, seen.changed) == ("applied", {polsen.no_longer_holds(BILLING)})
