"""The part of CloudWatch Logs Insights' query language that the template's saved queries use, over lines of a function's log.

Each command stands on a line of its own: `fields`, `filter`, `stats`, `sort`, `limit`. A field that a line lacks is None. What this does not know is an error: a query
that it cannot run is a query that nobody has tried.
"""

import re
from collections import defaultdict
from collections.abc import Callable

# What CloudWatch adds to each line (CloudWatch Logs user guide, "Supported logs and discovered fields").
OF_CLOUDWATCH = {"@timestamp", "@logStream"}
TOKEN = re.compile(r'"(?P<text>[^"]*)"|/(?P<pattern>[^/]+)/|`(?P<quoted>\w+)`|(?P<number>\d+)|(?P<name>@?[A-Za-z_]\w*)|(?P<sign>!=|[=()\[\],*])|(?P<other>\S)')
WORDS = {"and", "or", "not", "in", "like"}
AGGREGATES: dict[str, Callable] = {"count": len, "min": min, "max": max}


class Query:
    """A saved query."""

    def __init__(self, text: str):
        lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
        self._commands = [line.removeprefix("| ").split(" ", 1) for line in lines]
        unknown = {name for name, _ in self._commands} - {"fields", "filter", "stats", "sort", "limit"}
        if unknown or not all(line.startswith("| ") for line in lines[1:]):
            raise ValueError(f"not in this part of the language: {text}")
        self.fields: set[str] = set()
        made: set[str] = set()
        for name, rest in self._commands:
            kinds = list(_tokens(rest))
            for position, (kind, value) in enumerate(kinds):
                follows = kinds[position + 1][1] if position + 1 < len(kinds) else ""
                if kind == "quoted" or (kind == "name" and value not in WORDS | {"as", "by", "asc", "desc"} and follows != "("):
                    (made if position and kinds[position - 1][1] == "as" else self.fields).add(value)
            self.fields -= made if name == "sort" else set()

    def matching(self, lines: list[dict]) -> list[dict]:
        """The lines that pass its filters."""
        for name, rest in self._commands:
            if name == "filter":
                test = _condition(rest)
                lines = [line for line in lines if test(line)]
        return lines

    def rows(self, lines: list[dict]) -> list[dict]:
        """What it shows."""
        shown: list[str] = []
        rows = self.matching(lines)
        for name, rest in self._commands:
            if name == "fields":
                shown = [value for kind, value in _tokens(rest) if kind in ("name", "quoted")]
            elif name == "stats":
                rows = _grouped(rest, rows)
            elif name == "sort":
                order = rest.removesuffix(" asc").removesuffix(" desc")
                keys = [key.strip() for key in order.split(",")]
                rows = sorted(rows, key=lambda row: [str(row.get(key) or "") for key in keys], reverse=rest.endswith(" desc"))
            elif name == "limit":
                rows = rows[: int(rest)]
        return [{field: row[field] for field in shown if row.get(field) is not None} for row in rows] if shown else rows


def _tokens(text: str):
    for match in TOKEN.finditer(text):
        kind = match.lastgroup
        if kind == "other":
            raise ValueError(f"{match.group()!r} in {text!r} is not in this part of the language")
        yield kind, match.group(kind)


def _condition(text: str) -> Callable[[dict], bool]:
    """A filter as a function of a line."""
    python = []
    for kind, value in _tokens(text):
        if kind == "pattern":
            python.append(f"_Pattern({value!r})")
        elif kind == "text":
            python.append(f"_Pattern(re.escape({value!r}))" if python and python[-1] == "@" else repr(value))
        elif kind == "number":
            python.append(value)
        elif kind == "name" and value == "like":
            python.append("@")
        elif value == "ispresent":
            python.append("None is not")
        elif kind == "quoted" or (kind == "name" and value not in WORDS):
            python.append(f"_Field(line.get({value!r}))" if "like" in text else f"line.get({value!r})")
        else:
            python.append({"=": "=="}.get(value, value))
    code = compile(" ".join(python), text, "eval")
    return lambda line: bool(eval(code, {"_Pattern": _Pattern, "_Field": _Field, "re": re, "line": line}))  # noqa: S307


class _Pattern:
    def __init__(self, pattern: str):
        self.pattern = re.compile(pattern)


class _Field(str):
    """A field in a filter with `like`, which reads as `field @ pattern`."""

    def __new__(cls, value):
        return super().__new__(cls, "" if value is None else value)

    def __matmul__(self, pattern: _Pattern) -> bool:
        return pattern.pattern.search(self) is not None


def _grouped(text: str, rows: list[dict]) -> list[dict]:
    aggregates, by = text.split(" by ")
    keys = [key.strip() for key in by.split(",")]
    groups = defaultdict(list)
    for row in rows:
        groups[tuple(row.get(key) for key in keys)].append(row)
    found = []
    for key, members in groups.items():
        row = dict(zip(keys, key, strict=True))
        for function, field, alias in re.findall(r"(\w+)\((\*|@?\w+)\) as (\w+)", aggregates):
            row[alias] = AGGREGATES[function](members if field == "*" else [member[field] for member in members])
        found.append(row)
    return found
