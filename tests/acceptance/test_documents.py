"""Documents that name tests name tests that exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def names_in(document: str) -> set[str]:
    return set(re.findall(r"`(\w+_\w+)`", (ROOT / "docs" / document).read_text()))


def written_tests() -> set[str]:
    code = [*(ROOT / "tests").rglob("*.py"), *(path for folder in ("cli", "functions", "shared") for path in (ROOT / folder).rglob("*.rs"))]
    return {name for path in code for name in re.findall(r"(?:def|fn) (\w+)\(", path.read_text())}


def items_of(code: Path) -> set[int]:
    """The items a source file says it honours: "item 3", "items 8 to 10", "Items 14, 15 and 18"."""
    items = set()
    for numbers in re.findall(r"[Ii]tems? (\d+(?:(?:, | and | to )\d+)*)", code.read_text()):
        items.update(int(number) for number in re.findall(r"\d+", numbers))
        for first, last in re.findall(r"(\d+) to (\d+)", numbers):
            items.update(range(int(first), int(last) + 1))
    return items


@pytest.mark.parametrize("document", ["invariants.md", "evaluation.md"])
def test_every_promise_names_tests_that_exist(document):
    promised = names_in(document)
    assert promised, "no promise names a test"
    assert promised <= written_tests(), f"there is no test called {', '.join(sorted(promised - written_tests()))}"


def test_the_evaluation_table_has_every_item_with_its_tests_and_its_code():
    rows = re.findall(r"^\| (\d+) \|.*?\| ([^|]+) \| ([^|]+) \|$", (ROOT / "docs" / "evaluation.md").read_text(), re.MULTILINE)
    assert [int(number) for number, _, _ in rows] == list(range(1, 23))
    for number, code, tests in rows:
        assert all(name.startswith(f"item_{number}_") for name in re.findall(r"`(\w+)`", tests)), number
        for path in re.findall(r"`([\w/]+\.rs)`", code):
            assert int(number) in items_of(ROOT / "shared" / "grants" / "src" / path), f"{path} does not say where it honours item {number}"
    tabled = {name for name in written_tests() if re.match(r"item_\d+_", name)}
    assert tabled == tabled & names_in("evaluation.md"), "a test of an item that the table lacks"
