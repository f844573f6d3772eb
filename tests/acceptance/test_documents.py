"""Documents that name tests name tests that exist."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_promise_names_tests_that_exist():
    promised = set(re.findall(r"`(\w+)`", (ROOT / "docs" / "invariants.md").read_text()))
    code = [*(ROOT / "tests").rglob("*.py"), *(ROOT / "shared").rglob("*.rs")]
    written = {name for path in code for name in re.findall(r"(?:def|fn) (\w+)\(", path.read_text())}
    assert promised, "no promise names a test"
    assert promised <= written, f"there is no test called {', '.join(sorted(promised - written))}"
