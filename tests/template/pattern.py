"""EventBridge's matching, as far as the rules here use it (User Guide, "Creating Amazon EventBridge event patterns")."""

import re

_ABSENT = object()
# How the names of read-only management events begin, as far as EventBridge is concerned.
_READS = ("Describe", "Get", "List")
# Change events, although their names begin like that (the same page).
_CHANGES = ("GetFederationToken", "GetSessionToken")


def delivers(rule, event):
    """Whether a rule (its properties) delivers an event of the default bus to its targets.

    A rule that is `ENABLED` does not get read-only management events, whatever its pattern (User Guide, "Receiving read-only management
    events from AWS services"). One that runs on a schedule delivers none.
    """
    state = rule.get("State", "ENABLED")
    if state == "DISABLED":
        return False
    if state not in ("ENABLED", "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"):
        raise ValueError(f"unknown state of a rule: {state}")
    name = event.get("detail", {}).get("eventName", "")
    if state == "ENABLED" and event.get("detail-type") == "AWS API Call via CloudTrail" and name.startswith(_READS) and name not in _CHANGES:
        return False
    return "EventPattern" in rule and matches(rule["EventPattern"], event)


def matches(pattern, event):
    """Whether an event pattern matches an event. Raises ValueError for an operator that it does not know, rather than guess."""
    return all(
        _alternatives(wanted, event) if name == "$or" else _field(wanted, event.get(name, _ABSENT)) for name, wanted in pattern.items()
    )


def _alternatives(patterns, event):
    if len(patterns) < 2 or not all(isinstance(p, dict) and p for p in patterns):
        raise ValueError(f"$or takes two or more patterns: {patterns}")
    return any(matches(p, event) for p in patterns)


def _field(wanted, value):
    if isinstance(wanted, dict):
        if isinstance(value, list):
            return any(isinstance(v, dict) and matches(wanted, v) for v in value)
        # A missing object has no fields, which is what `exists: false` inside it asks for.
        return matches(wanted, value if isinstance(value, dict) else {})
    values = value if isinstance(value, list) else [value]
    return any(_leaf(w, v) for w in wanted for v in values)


def _leaf(wanted, value):
    if not isinstance(wanted, dict):
        # JSON's types differ: true is not 1, and "1" is not 1.
        return type(wanted) is type(value) and wanted == value
    (operator, operand), = wanted.items()
    if operator == "exists":
        # Only a leaf exists in this sense; an object does not.
        return (value is not _ABSENT and not isinstance(value, dict)) == operand
    if value is _ABSENT:
        return False
    if operator == "prefix":
        return isinstance(value, str) and _begins(operand, value)
    if operator == "suffix":
        return isinstance(value, str) and value.endswith(operand)
    if operator == "wildcard":
        return isinstance(value, str) and _wildcard(operand).fullmatch(value) is not None
    if operator == "anything-but":
        refused = operand if isinstance(operand, list) else [operand]
        return not any(_leaf(r, value) for r in refused)
    raise ValueError(f"unknown operator in an event pattern: {operator}")


def _begins(operand, value):
    if isinstance(operand, str):
        return value.startswith(operand)
    if operand.keys() != {"equals-ignore-case"}:
        raise ValueError(f"unknown operator in a prefix: {operand}")
    return value.lower().startswith(operand["equals-ignore-case"].lower())


def _wildcard(operand):
    """A `*` stands for any characters, or none."""
    if "**" in operand or "\\" in operand:
        raise ValueError(f"EventBridge refuses two wildcards in a row, and an escape is not known here: {operand}")
    return re.compile(".*".join(map(re.escape, operand.split("*"))), re.DOTALL)
