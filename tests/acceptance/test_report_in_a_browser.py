"""The report of `rescind replay --html`, in a real browser: Debian's Chromium, without a window and without network."""

import html
import json
import os
import re
import shutil
import subprocess

import pytest
from lab.command import rescind
from lab.events import BILLING, anew, assumed_role, attachment, but, sample

CHROMIUM = shutil.which("chromium")
QUIET = ("--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync")
MARKUP = "<img src=x onerror=document.title='broken'></script><script>document.title='broken'</script>"


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The report on a small history, as Chromium has it when its script is done."""
    if not CHROMIUM:
        assert "CI" not in os.environ, "the checks need Debian's chromium"
        pytest.skip("no chromium on this machine")
    folder = tmp_path_factory.mktemp("report")
    deploy = {"actor": assumed_role("deploy", MARKUP, path="/ci/", id="AROADEPLOYEXAMPLE001")}
    events = [but(anew(attachment(BILLING, user=f"user-{n}", **deploy)), eventTime=f"2026-03-{n + 1:02}T12:00:00Z") for n in range(9)]
    events += [anew(sample("create-saml-provider")), anew(sample("console-login-root"))]
    (folder / "history.jsonl").write_text("\n".join(map(json.dumps, events)))
    ran = rescind("replay", folder / "history.jsonl", "--html", folder / "report.html")
    assert ran.returncode == 0, ran.stderr
    command = [CHROMIUM, "--headless", "--no-sandbox", *QUIET, f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=5000", "--dump-dom"]
    shown = subprocess.run([*command, (folder / "report.html").as_uri()], capture_output=True, text=True, check=True, timeout=120)
    return (folder / "report.html").read_text(), shown.stdout


def text_of(dom: str) -> str:
    """What a person reads: without the scripts and tags."""
    visible = re.sub(r"<(script|style)\b.*?</\1>", "", dom, flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", visible)))


def test_the_page_says_what_would_have_been_done(page):
    text = text_of(page[1])
    assert "What would Rescind have done?" in text
    assert "9 changes would have been taken back" in text and "11 records of CloudTrail in 1 file" in text
    for said in ("When", "Which guardrails", "billing-is-for-finance", "arn:aws:iam::123456789012:role/ci/deploy", "11 of 11 cases"):
        assert said in text


def test_there_is_a_bar_for_each_day_and_a_row_for_each_case(page):
    assert len(re.findall(r"<rect\b", page[1])) >= 9
    (cases,) = re.findall(r"of 11 cases</p>.*?<tbody>(.*?)</tbody>", page[1], re.DOTALL)
    assert len(re.findall("<tr>", cases)) == 11


def test_each_guardrail_has_its_first_and_last_cases_as_notices(page):
    (section,) = re.findall(r'<section class="guardrail" id="guardrail-billing-is-for-finance">(.*?)</section>', page[1], re.DOTALL)
    assert len(re.findall("<pre>", section)) == 4
    notices = text_of(section)
    assert all(f"user-{n}" in notices for n in (0, 1, 7, 8)) and "would be taken back: policy Billing on user user-0" in notices
    assert "Billing belongs to finance" in notices


def test_names_that_are_markup_stay_text(page):
    source, dom = page
    assert "<title>Rescind: what would it have done?</title>" in dom and "<img" not in dom
    assert source.count("</script>") == 2, "only the page's own"
    assert "onerror=document.title='broken'" in text_of(dom)


def test_the_page_asks_for_nothing_from_anywhere(page):
    source, _ = page
    assert "default-src 'none'" in source
    assert not re.findall(r"""(?:src|href)=["'](?!#)""", source)
