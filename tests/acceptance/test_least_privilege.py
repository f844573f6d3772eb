"""The function's role allows exactly the calls that the function makes: found by recording them, over the whole run."""

from lab.events import BILLING, READ_ONLY, attachment
from lab.rulebook import rulebook

from template.stack import RUNTIME_CALLS, allowed_calls, translate

ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
ASKS_FOR_EVERY_FACT = """
@id("asks-for-every-fact")
@description("Asks for every fact about every kind of target")
@severity("low")
@remedy("detach-policy")
forbid (principal, action in Action::"attach-policy", resource)
when { resource.path == "/nowhere/" };

@id("asks-for-groups")
@description("Asks for a user's groups")
@severity("low")
@remedy("detach-policy")
forbid (principal, action == Action::"AttachUserPolicy", resource)
when { resource in Group::"arn:aws:iam::123456789012:group/nobody" };

@id("asks-what-the-target-can-do")
@description("Asks for everything that the target holds")
@severity("low")
@remedy("detach-policy")
forbid (principal, action in Action::"attach-policy", resource)
when { context.after.grants.admin && !context.before.grants.admin };
"""


def role_of_the_function(stack) -> str:
    (function,) = [name for name in stack.functions() if "DetachPolicy" in name]
    return stack.role_of(function)


def test_the_role_allows_exactly_the_calls_that_the_function_makes(world, tmp_path):
    every_fact = rulebook(tmp_path, ASKS_FOR_EVERY_FACT)
    for kind, make in (("user", world.user), ("group", world.group), ("role", world.role)):
        target = make(f"some-{kind}", holds=[ADMINISTRATOR, READ_ONLY])
        world.writes_inline(target)
        world.receives(attachment(ADMINISTRATOR, **{kind: target}))
        world.receives(attachment(READ_ONLY, **{kind: target}), guardrails=every_fact)
    gone = world.user("gone", holds=[BILLING])
    world.rename(gone, "elsewhere")
    world.receives(attachment(BILLING, user="gone"))
    stack = translate(Mode="enforce")
    assert world.aws.history() == allowed_calls(stack, role_of_the_function(stack)) - RUNTIME_CALLS
