"""`sam build` and `sam local invoke`, as somebody who deploys this runs them."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml
from lab.emulator import CREDENTIALS, REGION
from lab.events import ROOT

# Not `.aws-sam`: there lies what the next `sam deploy` deploys.
BUILT = ROOT / "target" / "sam"
# After `make build` nothing is left to compile but the check of the rulebook. If this takes longer, a function built alone is no longer the program that
# is built with the others: `cargo lambda build --release` in its folder shows what is compiled again.
BUILD_SECONDS = 900
INVOKE_SECONDS = 180


@dataclass(frozen=True)
class Sam:
    """The built application. `endpoint` is where its functions find AWS."""

    architecture: str
    endpoint: str

    def build(self) -> None:
        _run(["build", "--build-dir", str(BUILT), *self._parameters()], BUILD_SECONDS)
        self._point_at_endpoint()

    def _point_at_endpoint(self) -> None:
        """SAM hands a function only those variables that its template names, and ours, rightly, names no endpoint."""
        path = BUILT / "template.yaml"
        template = yaml.safe_load(path.read_text())
        template["Globals"]["Function"]["Environment"]["Variables"]["AWS_ENDPOINT_URL"] = self.endpoint
        (BUILT / "local.yaml").write_text(yaml.safe_dump(template, sort_keys=False))

    def packaged(self, function: str) -> Path:
        """The binary that SAM uploads for a function (its logical id)."""
        return BUILT / function / "bootstrap"

    def invoke(self, function: str, event: dict, variables: dict[str, str]) -> dict:
        """The result of a function (its logical id); `variables` take the place of the template's values."""
        received, overrides = BUILT / "event.json", BUILT / "variables.json"
        received.write_text(json.dumps(event))
        overrides.write_text(json.dumps({"Parameters": variables}))
        printed = _run(
            ["local", "invoke", function, "--template", str(BUILT / "local.yaml"), "--event", str(received),
             "--env-vars", str(overrides), "--skip-pull-image", *self._parameters()],
            INVOKE_SECONDS,
        )  # fmt: skip
        return json.loads(printed.strip().splitlines()[-1])

    def _parameters(self) -> list[str]:
        return ["--parameter-overrides", f"Architecture={self.architecture}"]


def _run(arguments: list[str], seconds: float) -> str:
    """What one `sam` command prints on stdout; everything it said is in the failure where it fails."""
    scripts = Path(sys.executable).parent
    finished = subprocess.run(
        [scripts / "sam", *arguments],
        cwd=ROOT,
        env={**os.environ, **_variables(scripts)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
    )
    assert finished.returncode == 0, f"sam {' '.join(arguments)} failed:\n{finished.stdout}\n{finished.stderr}"
    return finished.stdout


def _variables(scripts: Path) -> dict[str, str]:
    return {
        # cargo-lambda and zig are where sam itself is.
        "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}",
        "SAM_CLI_TELEMETRY": "0",
        "AWS_DEFAULT_REGION": REGION,
        # The function's; where the engine is remote or behind a proxy of this machine's, localhost is still here.
        **{name.upper(): value for name, value in CREDENTIALS.items()},
        "NO_PROXY": "localhost,127.0.0.1",
    }
