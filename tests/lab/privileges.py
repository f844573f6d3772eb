"""What each function's role allows, read off the template."""

import functools

from template.stack import RUNTIME_CALLS, Stack, allowed_calls, logical_id, translate


@functools.cache
def _stack() -> Stack:
    return translate(Mode="enforce")


def calls_of_the_role(function: str) -> set[str]:
    """The calls that the role of a function allows, as `service:Operation`, without those that AWS makes on the function's behalf."""
    return allowed_calls(_stack(), _stack().role_of(logical_id(function))) - RUNTIME_CALLS
