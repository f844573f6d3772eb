"""Rulebooks that differ from the shipped one in exactly what a test is about."""

import hashlib
import json
import re
import shutil
from pathlib import Path

from lab.world import GUARDRAILS

# Forbids every attachment: what remains untouched under it is untouched for another reason.
EVERYTHING = """
@id("nobody-attaches-anything")
@description("Nobody attaches anything")
@severity("critical")
@remedy("detach-policy")
forbid (principal, action in Action::"attach-policy", resource);
"""


# What a guardrail can require as an inline policy, under the name `guard.json`.
GUARD = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "cloudtrail:StopLogging", "Resource": "*"}]}


# Covers every change, whoever makes it.
EXEMPT_EVERYBODY = """
@id("an-exemption")
@owner("platform team")
@reason("the migration of the billing account")
@until("2099-12-31")
permit (principal, action, resource);
"""


def rulebook(directory: Path, guardrails: str = "", exemptions: str = "", severity: str = "") -> Path:
    """A copy of the shipped rulebook in `directory` with more guardrails and exemptions, all of one severity if one is given; one with the id of a
    shipped guardrail takes its place. The same texts get the same folder again."""
    copy = directory / f"guardrails-{hashlib.sha256(chr(0).join([guardrails, exemptions, severity]).encode()).hexdigest()[:16]}"
    if copy.exists():
        return copy
    shutil.copytree(GUARDRAILS, copy)
    replaced = [re.compile(rf'@id\("{own}"\).*?;\n', re.DOTALL) for own in re.findall(r'@id\("([^"]+)"\)', guardrails)]
    for file, shipped in [(file, shipped) for file in copy.glob("*.cedar") for shipped in replaced]:
        file.write_text(shipped.sub("", file.read_text()))
    (copy / "more.cedar").write_text(guardrails)
    (copy / "guard.json").write_text(json.dumps(GUARD, indent=2))
    with (copy / "exemptions.cedar").open("a") as file:
        file.write(exemptions)
    if severity:
        for file in copy.glob("*.cedar"):
            file.write_text(re.sub(r'@severity\("\w+"\)', f'@severity("{severity}")', file.read_text()))
    return copy


def exemption(actor_arn: str, until: str = "2099-12-31") -> str:
    """An exemption of one actor from everything."""
    return f"""
@id("an-exemption")
@owner("platform team")
@reason("the migration of the billing account")
@until("{until}")
permit (principal, action, resource)
when {{ principal.arn == "{actor_arn}" }};
"""
