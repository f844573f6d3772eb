"""Measurements, and how they are shown: a table for people, JSON for programs."""

import statistics
from dataclasses import asdict, dataclass, field


@dataclass(frozen=True)
class Measured:
    """The median of what was measured, and the distance between its quartiles."""

    median: float
    spread: float | None = None

    @classmethod
    def of(cls, values: list[float]) -> "Measured":
        if len(values) == 1:
            return cls(values[0])
        low, median, high = statistics.quantiles(values, n=4, method="inclusive")
        return cls(median, high - low)


@dataclass(frozen=True)
class Row:
    """One line of a table. `limit` is the budget for Rescind's median, which is at least that where `at_least`; without one the line is for
    comparison with the `peers`."""

    what: str
    unit: str
    rescind: Measured
    peers: dict[str, Measured] = field(default_factory=dict)
    limit: float | None = None
    budget: str = ""
    at_least: bool = False

    @property
    def holds(self) -> bool | None:
        if self.limit is None:
            return None
        return self.rescind.median >= self.limit if self.at_least else self.rescind.median <= self.limit

    @property
    def verdict(self) -> str:
        return {None: "", True: "holds", False: "BROKEN"}[self.holds]


def draw(rows: list[Row], *peers: str) -> str:
    """The rows, with a column for each peer, by the names that the rows have them under."""
    headings = ("", "Rescind", "", "budget", "", *(heading for peer in peers for heading in (peer, "")))
    lines = [headings, *(_cells(row, peers) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(headings))]
    drawn = []
    for line in lines:
        first, *rest = (cell.ljust(width) if column in (0, 4) else cell.rjust(width) for column, (cell, width) in enumerate(zip(line, widths)))
        drawn.append("  ".join([first, *rest]).rstrip())
    drawn.insert(1, "-" * max(map(len, drawn)))
    return "\n".join(drawn)


def as_json(rows: list[Row]) -> list[dict]:
    return [{**asdict(row), "holds": row.holds} for row in rows]


def _cells(row: Row, peers: tuple[str, ...]) -> tuple[str, ...]:
    shown = [text for measured in (row.rescind, *map(row.peers.get, peers)) for text in _shown(measured, row.unit)]
    sign = "≥" if row.at_least else "≤"
    budget = row.budget or ("" if row.limit is None else f"{sign} {_number(row.limit)} {row.unit}".rstrip())
    return (row.what, *shown[:2], budget, row.verdict, *shown[2:])


def _shown(measured: Measured | None, unit: str) -> tuple[str, str]:
    if measured is None:
        return "", ""
    return f"{_number(measured.median)} {unit}".rstrip(), "" if measured.spread is None else f"± {_number(measured.spread)}"


def _number(value: float) -> str:
    """Three significant digits, no exponent."""
    if value == int(value):
        return f"{int(value):,}"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
