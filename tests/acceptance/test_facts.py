"""Whatever a guardrail can ask about is read from IAM: each attribute of the schema, for the change of each offence."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from lab.offence import CALLS
from lab.world import GUARDRAILS, QUARANTINE_PRINCIPAL, REMOVE_LOGIN

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "shared/policy/src/guardrail/schema.json").read_text())[""]
SETS = {"allows": "nobody:Nothing", "escalations": "iam-putuserpolicy", "organizations": "o-a1b2c3d4e5", "removes": "policy=arn:aws:iam:::policy/Nothing"}


def conditions(path: str, shape: dict) -> Iterator[str]:
    """Conditions that look at an attribute, and are true whatever it holds."""
    kind = shape.get("name", shape["type"]) if shape["type"] == "EntityOrCommon" else shape["type"]
    if kind in SCHEMA["commonTypes"]:
        yield from conditions(path, SCHEMA["commonTypes"][kind])
    elif kind == "Record":
        for name, member in shape["attributes"].items():
            for condition in conditions(f"{path}.{name}", member):
                yield condition if member.get("required", True) else f"(if {path} has {name} then {condition} else true)"
    elif kind == "Set":
        holds = f'{path}.contains("{SETS[path.rpartition(".")[2]]}")'
        yield f"({holds} || !{holds})"
    else:
        yield {
            "Long": f"{path} >= 0",
            "String": f'{path} like "*"',
            "Bool": f"({path} || !{path})",
            "Boolean": f"({path} || !{path})",
            "Long": f"{path} >= 0",
            "datetime": f'{path} > datetime("1970-01-01")',
            "ipaddr": f"({path}.isLoopback() || !{path}.isLoopback())",
        }[kind.removeprefix("__cedar::")]


def questions(action: str, resource: str) -> list[str]:
    """Everything that a guardrail on this action can ask about a target of this type."""
    context = SCHEMA["actions"][action]["appliesTo"]["context"]
    entity = SCHEMA["entityTypes"][resource]
    asked = [*conditions("context", context), *(f'resource.{name} like "*"' for name in entity["shape"]["attributes"])]
    if "tags" in entity:
        asked.append('!resource.hasTag("nobody")')
    if resource == "User":
        asked.append('!(resource in Group::"nobody")')
    return asked


@pytest.mark.parametrize("offence", CALLS, ids=str)
def test_every_attribute_that_a_guardrail_can_ask_about_is_read(world, tmp_path, offence):
    event, _ = offence.commit(world)
    called = event["detail"]["eventName"]
    lifts = offence.reporter == QUARANTINE_PRINCIPAL and called.startswith(("Delete", "Detach", "Put"))
    # A role made from a template is judged as the calls that do each of it alone, and its trust policy as CreateRole.
    denial = offence.reporter == REMOVE_LOGIN and called == "DetachUserPolicy"
    action = "LiftQuarantine" if lifts else "LiftMfaDenial" if denial else "CreateRole" if called == "AcquireRole" else called
    parameters = event["detail"]["requestParameters"]
    kinds = SCHEMA["actions"][action]["appliesTo"]["resourceTypes"]
    resource = kinds[0] if len(kinds) == 1 else next(kind for kind in ("User", "Group", "Role") if f"{kind.lower()}Name" in parameters)
    asked = questions(action, resource)
    rules = (
        f'@id("asks-{number}")\n@severity("low")\nforbid (principal, action == Action::"{action}", resource is {resource}) when {{ {condition} }};'
        for number, condition in enumerate(asked)
    )
    folder = tmp_path / "guardrails"
    folder.mkdir()
    (folder / "rules.cedar").write_text("\n".join(rules))
    (folder / "exemptions.cedar").write_text("")
    (folder / "schema.cedarschema").write_text((GUARDRAILS / "schema.cedarschema").read_text())
    seen = world.receives(event, name=offence.reporter, guardrails=folder, **offence.settings)
    assert seen.case["decision"]["verdict"] == "forbidden", seen.case["decision"]
    broken = {guardrail["id"] for guardrail in seen.case["decision"]["guardrails"]}
    assert broken == {f"asks-{number}" for number in range(len(asked))}
    assert len(asked) > 10
