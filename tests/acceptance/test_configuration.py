"""A function that is set up wrongly does not start, and says what is wrong: an invalid rulebook never runs."""

import shutil

import pytest
from lab.events import BILLING, sample
from lab.rulebook import rulebook
from lab.world import GUARDRAILS

MISSING = ["MODE", "NOTICE_TOPIC_ARN", "ACCOUNT_ID", "OWN_ROLES", "LEDGER_TABLE", "LEDGER_DAYS", "STORM_LIMIT", "NOTICE_SEVERITY", "AWS_REGION"]
BAD = {
    "MODE": "enforced",
    "NOTICE_TOPIC_ARN": "rescind-notices",
    "ACCOUNT_ID": "12345678901",
    "LEDGER_DAYS": "for ever",
    "STORM_LIMIT": "0",
    "NOTICE_SEVERITY": "Low",
}


def assert_does_not_start(world, naming: str, **settings) -> None:
    world.user("polsen", holds=[BILLING])
    seen = world.receives(sample("attach-user-policy"), fresh=True, **settings)
    assert (seen.invocation.crashed, seen.error.type) == (True, "Final.Init")
    assert naming in seen.error.message
    assert [record for record in seen.invocation.records() if naming in str(record)], f"no JSON log line names {naming}"
    assert (seen.calls, seen.notices, seen.changed) == ([], [], set())


@pytest.mark.parametrize("variable", MISSING)
def test_a_missing_environment_variable_is_named(world, variable):
    assert_does_not_start(world, variable, **{variable: ""})


@pytest.mark.parametrize("variable", BAD)
def test_a_bad_environment_variable_is_named(world, variable):
    assert_does_not_start(world, variable, **{variable: BAD[variable]})


def test_a_rulebook_that_does_not_parse_is_named_by_file_and_line(world, tmp_path):
    broken = rulebook(tmp_path, '@id("broken")\nforbid (principal, action resource);')
    assert_does_not_start(world, "more.cedar:2", guardrails=broken)


def test_a_guardrail_that_asks_for_what_is_not_there_is_named_by_file_and_line(world, tmp_path):
    """Cedar would skip it at run time: a guardrail that fails open."""
    typo = """@id("typo")
@description("A typo")
@severity("high")
@remedy("detach-policy")
forbid (principal, action in Action::"attach-policy", resource)
when { context.polcy.arn like "*" };
"""
    assert_does_not_start(world, "more.cedar:6", guardrails=rulebook(tmp_path, typo))


@pytest.mark.parametrize("annotation", ['@severity("grave")', '@remedy("delete-user")', '@mode("on")'])
def test_an_annotation_that_means_nothing_is_refused(world, tmp_path, annotation):
    kept = [line for line in ['@severity("high")', '@remedy("detach-policy")'] if line.split("(")[0] != annotation.split("(")[0]]
    guardrail = "\n".join(['@id("odd")', '@description("Odd")', annotation, *kept, "forbid (principal, action, resource);"])
    assert_does_not_start(world, "more.cedar", guardrails=rulebook(tmp_path, guardrail))


def test_an_exemption_among_the_guardrails_is_refused(world, tmp_path):
    permit = '@id("sneaky")\npermit (principal, action, resource);'
    assert_does_not_start(world, "more.cedar", guardrails=rulebook(tmp_path, permit))


def test_an_exemption_that_nobody_owns_is_refused(world, tmp_path):
    nobody_s = '\n@id("nobody-s")\n@reason("why not")\n@until("2099-12-31")\npermit (principal, action, resource);\n'
    assert_does_not_start(world, "exemptions.cedar", guardrails=rulebook(tmp_path, exemptions=nobody_s))


def test_an_empty_rulebook_is_refused(world, tmp_path):
    """A function that judges nothing looks exactly like one whose rulebook did not arrive."""
    shutil.copy(GUARDRAILS / "schema.cedarschema", tmp_path)
    (tmp_path / "exemptions.cedar").write_text("")
    assert_does_not_start(world, str(tmp_path), guardrails=tmp_path)


def test_a_rulebook_that_is_not_there_is_refused(world, tmp_path):
    assert_does_not_start(world, "not-there", guardrails=tmp_path / "not-there")
