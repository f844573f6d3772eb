"""Every list that must name each function does, and a function that one of them lacks is noticed."""

import copy
import json
import re

import pytest

from .stack import ROOT, TEMPLATE, logical_id, read

FOLDERS = sorted(path.name for path in (ROOT / "functions").iterdir() if (path / "Cargo.toml").is_file())
# A part has the function, its rules and its two alarms. The template had 1,395 lines with three functions, 465 for each, before each had one part.
LINES_OF_A_FUNCTION = 165
LINES_FOR_EACH_FUNCTION = 300
# Where the lists are. A list that another one makes superfluous goes from here as well.
LISTS = {
    "Globals.Function.Environment.Variables.OWN_ROLES.Fn::Join.1",
    "Outputs.FunctionArns.Value.Fn::Join.1",
    "Resources.EveryFunctionPolicy.Properties.PolicyDocument.Statement.LeaveTheseRolesAlone.Resource",
    "Resources.EveryFunctionPolicy.Properties.Roles",
    "Resources.IdentitiesPolicy.Properties.Roles",
    "Resources.Ledger.Properties.ResourcePolicy.PolicyDocument.Statement.OnlyTheFunctionsAndBreakGlassPrincipalsWrite.Condition.ArnNotEquals.aws:PrincipalArn.Fn::Split.1.Fn::Join.1",
    "Resources.LedgerPolicy.Properties.Roles",
    "Resources.UndeliveredEventsPolicy.Properties.PolicyDocument.Statement.RulesOfThisStack.Condition.ArnEquals.aws:SourceArn",
}
# A function about the account itself reads nothing about identities.
LACKING = {("Resources.IdentitiesPolicy.Properties.Roles", f"{name}Function") for name in ("RestorePasswordPolicy", "WatchTampering")}


def functions(template):
    return [name for name, r in template["Resources"].items() if r["Type"] == "AWS::Serverless::Function"]


def without_the_blocks(template):
    """The template without the functions' own blocks."""
    stems = tuple(function.removesuffix("Function") for function in functions(template))
    shared = {name: r for name, r in template["Resources"].items() if not name.startswith(stems)}
    return template | {"Resources": shared}


def lists(node, names, path=()):
    """Each list that names two functions or more, with its path."""
    if isinstance(node, dict):
        children = node.items()
    elif isinstance(node, list):
        if sum(any(names_function(entry, name) for entry in node) for name in names) > 1 and not any(lists(e, names) for e in node):
            return {".".join(path): node}
        children = ((str(e.get("Sid", i)) if isinstance(e, dict) else str(i), e) for i, e in enumerate(node))
    else:
        return {}
    return {where: found for key, child in children for where, found in lists(child, names, (*path, key)).items()}


def names_function(node, function):
    """Whether the node names the function, its role, or one of its rules."""
    return re.search(rf"\b{function}", json.dumps(node)) is not None


def lacking(template):
    """Each list that lacks a function, with that function."""
    names = functions(template)
    found = lists(without_the_blocks(template), names)
    return {(where, name) for where, entries in found.items() for name in names if not any(names_function(e, name) for e in entries)}


def rules(template, function):
    """The logical ids of the rules that deliver the events of a function."""
    events = template["Resources"][function]["Properties"]["Events"]
    of_sam = {function + name for name, event in events.items() if event["Type"] == "EventBridgeRule"}
    # A rule that fills a queue which feeds the function is a resource of its own.
    return of_sam | {name for name, r in template["Resources"].items() if r["Type"] == "AWS::Events::Rule" and name.startswith(function)}


@pytest.mark.parametrize("function", functions(read()))
def test_a_function_has_one_schedule(function):
    events = read()["Resources"][function]["Properties"]["Events"]
    assert [name for name, event in events.items() if event["Type"] != "EventBridgeRule"] == ["Tick"]


def test_every_folder_of_functions_is_a_function_of_the_template():
    built = {r["Properties"]["CodeUri"] for r in read()["Resources"].values() if r["Type"] == "AWS::Serverless::Function"}
    assert built == {f"functions/{folder}" for folder in FOLDERS}
    assert sorted(functions(read())) == sorted(map(logical_id, FOLDERS))


def test_a_functions_names_follow_from_its_folders():
    for function in functions(read()):
        properties = read()["Resources"][function]["Properties"]
        folder = properties["CodeUri"].removeprefix("functions/")
        assert (function, properties["FunctionName"]) == (logical_id(folder), {"Fn::Sub": f"${{AWS::StackName}}-{folder}"})


def test_no_list_lacks_a_function():
    assert lacking(read()) == LACKING


def test_the_lists_are_where_they_are_known_to_be():
    assert set(lists(without_the_blocks(read()), functions(read()))) == LISTS


@pytest.mark.parametrize("where", sorted(LISTS))
@pytest.mark.parametrize("function", functions(read()))
def test_a_function_that_a_list_lacks_is_noticed(where, function):
    template = read()
    entries = lists(without_the_blocks(template), functions(template))[where]
    entries[:] = [entry for entry in entries if not names_function(entry, function)]
    assert lacking(template) == LACKING | {(where, function)}


def test_a_new_block_alone_is_noticed_by_every_list():
    template = read()
    template["Resources"]["NewThingFunction"] = copy.deepcopy(template["Resources"]["RemoveGroupMemberFunction"])
    assert lacking(template) == {(where, "NewThingFunction") for where in LISTS} | LACKING


@pytest.mark.parametrize("function", functions(read()))
def test_the_queue_of_undelivered_events_names_every_rule_of_a_function(function):
    template = read()
    where, = (where for where in LISTS if where.endswith("aws:SourceArn"))
    named = {entry["Fn::GetAtt"][0] for entry in lists(without_the_blocks(template), functions(template))[where]}
    assert {rule for rule in named if rule.startswith(function)} == rules(template, function)


@pytest.mark.parametrize("function", functions(read()))
def test_the_alarm_about_uninvited_invocations_counts_every_rule_of_a_function(function):
    metrics = read()["Resources"][f"{function.removesuffix('Function')}Uninvited"]["Properties"]["Metrics"]
    stats = {m["Id"]: m["MetricStat"]["Metric"] for m in metrics if "MetricStat" in m}
    counted = {id: metric["Dimensions"][0]["Value"]["Ref"] for id, metric in stats.items() if metric["Namespace"] == "AWS/Events"}
    assert counted.keys() == {id for id in stats if "rule" in id}, "the alarm adds up the metrics with this word in their id"
    assert sorted(counted.values()) == sorted({*rules(read(), function), f"{function}Tick"})


def parts():
    """The lines of each part of the template that a ruler with a name begins."""
    text = TEMPLATE.read_text(encoding="utf-8")
    pieces = re.split(r"(?m)^  # -{20,} (.+)\n", text)
    return {name: piece.splitlines() for name, piece in zip(pieces[1::2], pieces[2::2], strict=True)}


@pytest.mark.parametrize("function", functions(read()))
def test_a_functions_part_is_short_and_holds_all_that_is_its_own(function):
    folder = read()["Resources"][function]["Properties"]["CodeUri"].removeprefix("functions/")
    lines = parts()[folder]
    assert len(lines) + 1 <= LINES_OF_A_FUNCTION
    stem = function.removesuffix("Function")
    longer = tuple(other.removesuffix("Function") for other in functions(read()) if other.startswith(stem) and other != function)
    own = {name for name in read()["Resources"] if name.startswith(stem) and not name.startswith(longer)}
    assert own == {re.match(r"  (\w+):$", line).group(1) for line in lines if re.match(r"  \w+:$", line)} >= {function, f"{stem}NotKeepingUp", f"{stem}Uninvited"}


def test_the_template_is_short():
    assert len(TEMPLATE.read_text(encoding="utf-8").splitlines()) < LINES_FOR_EACH_FUNCTION * len(FOLDERS)
