"""The `rescind` command, as a person runs it."""

import json
import os
import subprocess
from pathlib import Path

from lab.binaries import RELEASE
from lab.emulator import CREDENTIALS, REGION
from lab.events import ROOT

RESCIND = RELEASE / "rescind"


def rescind(*arguments: object, stdin: str = "", env: dict[str, str] | None = None) -> subprocess.CompletedProcess:
    """Runs it from the repository's root. Without `env` it finds no credentials and no region."""
    env = {"PATH": os.environ["PATH"], **(env or {})}
    command = [str(RESCIND), *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, env=env, input=stdin, capture_output=True, text=True, check=False)


def credentials(endpoint: str, region: str = REGION) -> dict[str, str]:
    """The environment of a person who works in the emulated account."""
    return {"AWS_ENDPOINT_URL": endpoint, "AWS_REGION": region, **{name.upper(): value for name, value in CREDENTIALS.items()}}


def cases_of(page: Path) -> list[dict]:
    """The cases in a report that `rescind replay --html` wrote."""
    data, _ = json.JSONDecoder().raw_decode(page.read_text().split('id="data">', 1)[1])
    return data["cases"]
