"""What `sam build` does for the layer: it packages a valid rulebook, and refuses any other."""

import os
import shutil
import subprocess
from pathlib import Path

from lab.events import ROOT
from lab.world import GUARDRAILS


def test_a_valid_rulebook_is_packaged_one_folder_down(tmp_path):
    built = build_layer(GUARDRAILS, tmp_path)
    assert built.returncode == 0, built.stderr
    shipped = {path.name for path in GUARDRAILS.iterdir() if path.suffix in (".cedar", ".cedarschema")}
    assert packaged(tmp_path) == {f"guardrails/{name}" for name in shipped}


def test_an_invalid_rulebook_fails_the_build_with_its_place_and_packages_nothing(tmp_path):
    rulebook = tmp_path / "rulebook"
    shutil.copytree(GUARDRAILS, rulebook)
    (rulebook / "wrong.cedar").write_text('@id("wrong")\nforbid (principal, action, resource)\nwhen { context.polcy };\n')
    built = build_layer(rulebook, tmp_path / "artifacts")
    assert built.returncode != 0
    assert f"{rulebook / 'wrong.cedar'}:1:1: " in built.stderr
    assert f"{rulebook}: invalid, " in built.stderr
    assert packaged(tmp_path / "artifacts") == set()


def build_layer(rulebook: Path, artifacts: Path) -> subprocess.CompletedProcess:
    """The layer's build, as SAM calls it, with another rulebook."""
    return subprocess.run(
        ["make", "--makefile", ROOT / "guardrails" / "Makefile", "build-GuardrailsLayer", f"RULEBOOK={rulebook}"],
        cwd=ROOT,
        env={**os.environ, "ARTIFACTS_DIR": str(artifacts)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def packaged(artifacts: Path) -> set[str]:
    return {str(path.relative_to(artifacts)) for path in artifacts.rglob("*") if path.is_file()}
