"""Documents say what is so: the tests and documents that they name exist, and the picture is what its text says."""

import importlib.util
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


DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def anchors(document: Path) -> set[str]:
    """The anchors that GitHub gives the headings of a document."""
    headings = re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```", "", document.read_text(), flags=re.MULTILINE | re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_a_link_leads_somewhere(document):
    for target in re.findall(r"\]\(([^)\s]+)\)", document.read_text()):
        if target.startswith(("http:", "https:")):
            continue
        path, _, anchor = target.partition("#")
        linked = document if not path else (document.parent / path).resolve()
        assert linked.exists(), f"{document.name} links to {target}"
        assert not anchor or anchor in anchors(linked), f"{document.name} links to {target}"


def test_the_picture_is_what_its_text_says():
    spec = importlib.util.spec_from_file_location("architecture", ROOT / "docs" / "architecture.py")
    architecture = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(architecture)
    drawn = architecture.draw((ROOT / "docs" / "architecture.txt").read_text())
    assert (ROOT / "docs" / "architecture.svg").read_text() == drawn, "run: python3 docs/architecture.py"
    light, dark = drawn.split("@media (prefers-color-scheme: dark)")
    for thing in ("text {", ".paper {", ".box {", ".arrow {", ".head {"):
        assert thing in light and thing in dark, "readable in light and dark"
    # The parts of the stack that it names are parts of the template.
    template = (ROOT / "template.yaml").read_text()
    for part in ("UndeliveredEvents", "FailedEvents", "NoticeTopic", "AlarmTopic", "Ledger", "Dashboard"):
        assert f">{part}<" in drawn and f"\n  {part}:\n" in template
