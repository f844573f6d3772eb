"""EventBridge's matching, as far as the rules here use it (User Guide, "Creating Amazon EventBridge event patterns")."""

_ABSENT = object()


def matches(pattern, event):
    """Whether an event pattern matches an event. Raises ValueError for an operator it does not know, rather than guess."""
    return all(_field(wanted, event.get(name, _ABSENT)) for name, wanted in pattern.items())


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
        return isinstance(value, str) and value.startswith(operand)
    if operator == "anything-but":
        refused = operand if isinstance(operand, list) else [operand]
        return not any(_leaf(r, value) for r in refused)
    raise ValueError(f"unknown operator in an event pattern: {operator}")
