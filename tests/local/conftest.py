"""The application as `sam build` makes it, run by `sam local invoke` in a container, next to an emulated AWS.

Skipped where there is no Docker engine, and failing instead where REQUIRE_DOCKER=1 says that there must be one.
"""

import os

import pytest

from . import engine
from .sam import Sam


@pytest.fixture(scope="session")
def sam(_one_world, request):
    doorway, lacking = _doorway(_one_world)
    if lacking and os.environ.get("REQUIRE_DOCKER") == "1":
        pytest.fail(f"REQUIRE_DOCKER=1, but {lacking}", pytrace=False)
    if lacking:
        pytest.skip(f"sam build and sam local invoke are not tested: {lacking}")
    built = Sam(engine.architecture(), doorway.url)
    _say(request, f"sam build for {built.architecture}: seconds after make build, too long without")
    built.build()
    yield built
    doorway.close()


def _doorway(world) -> tuple[engine.Doorway | None, str]:
    """How containers reach the world's AWS; or why they cannot, or cannot be had."""
    try:
        engine.require()
        return engine.Doorway(world), ""
    except engine.Unavailable as why:
        return None, str(why)


def _say(request, what: str) -> None:
    """Past pytest's capture: so long a silence would look like a hang."""
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print(f"\n{what}", flush=True)
