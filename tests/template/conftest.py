import pytest

from . import stack as stacks


@pytest.fixture(scope="session")
def stack():
    """The stack as it deploys when nobody chooses anything."""
    return stacks.translate()


@pytest.fixture(scope="session")
def full_stack():
    """The stack with everything that is optional."""
    return stacks.translate(
        Mode="enforce",
        NotificationEmail="security@example.com",
        CreateTrail="true",
        PermissionsBoundaryArn="arn:aws:iam::123456789012:policy/boundary",
        BreakGlassArns="arn:aws:iam::123456789012:user/ops/break-glass,arn:aws:iam::123456789012:role/Emergency",
    )
