import pytest

from . import stack as stacks


@pytest.fixture(scope="session")
def stack():
    """The stack as it deploys with every parameter at its default."""
    return stacks.translate()


@pytest.fixture(scope="session")
def long_stack(stack):
    """The stack with the longest name that it can have: a function's name has at most 64 characters (Lambda API reference)."""
    longest = max(len(stack.name(function).removeprefix("rescind")) for function in stack.functions())
    return stacks.translate(stack_name="x" * (64 - longest))


@pytest.fixture(scope="session")
def full_stack():
    """The stack with everything that is optional."""
    return stacks.translate(
        Mode="enforce",
        NotificationEmail="security@example.com",
        AlarmEmail="on-call@example.com",
        CreateTrail="true",
        PermissionsBoundaryArn="arn:aws:iam::123456789012:policy/boundary",
        BreakGlassArns="arn:aws:iam::123456789012:user/ops/break-glass,arn:aws:iam::123456789012:role/Emergency=AROAEXAMPLEEXAMPLE01",
    )
