"""Inline policies that grant too much: deleted as long as they still say it, with their text kept so that they can be given back."""

import json

import pytest
from lab.command import credentials, rescind
from lab.events import iam_call, put_inline, sample
from lab.offence import ALLOW_ALL, DENY_ALL, RESPONDER
from lab.rulebook import rulebook
from lab.world import ALLOW_READING, DELETE_INLINE_POLICY, QUARANTINE_PRINCIPAL, Observation

PATH_TO_MORE = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "iam:PutUserPolicy", "Resource": "*"}}
# As somebody might write it: nothing here is the form in which a program would put it.
ODD = '{ "Version":"2012-10-17",\n\t"Statement" : [\r\n {"Action":["*"],  "Effect":"Allow",\n"Resource":"*" } ]\t}\n '
# The most characters that PutUserPolicy takes. IAM's own limits, 2,048 for a user, 5,120 for a group and 10,240 for a role, leave out white space.
LONGEST = 131_072
# What CloudTrail keeps of a call's parameters, at most.
RECORDED = 90_000
SNS_LIMIT = 256 * 1024
FORBIDS_DENIALS = """
@id("nobody-writes-inline-policies")
@severity("high")
@remedy("delete-inline-policy")
forbid (principal, action in Action::"put-policy", resource);
"""


def receives(world, event, **settings) -> Observation:
    return world.receives(event, name=DELETE_INLINE_POLICY, **settings)


def padded(size: int) -> str:
    """An administrator's document of that many characters, most of which are white space."""
    text = json.dumps(ALLOW_ALL)
    return text[:-1] + " \t\n\r" * ((size - len(text)) // 4) + text[-1]


@pytest.fixture(params=["user", "group", "role"])
def target(request, world):
    return getattr(world, request.param)("polsen", path="/team/a/")


def test_the_remedy_and_its_case_name_target_policy_and_text(world, target):
    world.writes_inline(target, ODD, name="helper")
    seen = receives(world, put_inline(target, ODD, name="helper"))
    assert (seen.outcome, seen.changed) == ("applied", {target.no_longer_has("helper", ALLOW_ALL | {"Statement": [ALLOW_ALL["Statement"][0] | {"Action": ["*"]}]})})
    kind = target.kind.capitalize()
    assert seen.case["change"] == {"type": "InlinePolicyPut", "target": {"type": target.kind, "name": "polsen"}, "policyName": "helper", "document": ODD}
    named = {f"{kind}Name": "polsen", "PolicyName": "helper"}
    assert seen.case["outcomes"][0]["calls"] == [{"service": "iam", "operation": f"Delete{kind}Policy", "parameters": named}]
    assert seen.undo["operation"] == f"Put{kind}Policy"
    assert seen.undo["parameters"] == named | {"PolicyDocument": ODD}
    assert seen.notice.attributes["change"] == "InlinePolicyPut"
    for said in ("polsen", "helper", "no-administrator-by-inline-policy"):
        assert said in seen.notice.text


@pytest.mark.parametrize(("event", "ends"), [("put-user-policy", ("applied", 1)), ("put-group-policy", ("observed", 0)), ("put-role-policy", ("applied", 1))])
def test_the_sample_event_breaks_the_shipped_guardrail(world, event, ends):
    event = sample(event)
    parameters = event["detail"]["requestParameters"]
    kind = event["detail"]["eventName"].removeprefix("Put").removesuffix("Policy").lower()
    target = getattr(world, kind)(parameters[f"{kind}Name"])
    world.writes_inline(target, parameters["policyDocument"], name=parameters["policyName"])
    seen = receives(world, event)
    assert (seen.outcome, len(seen.changed)) == ends


@pytest.mark.parametrize("how", ["by its receipt", "by rescind undo"])
@pytest.mark.parametrize("text", [ODD, padded(2048), json.dumps(ALLOW_ALL, indent=2) + "\n\n"], ids=["odd white space", "padded", "indented"])
def test_undone_the_text_is_the_same_byte_for_byte(world, target, text, how):
    world.writes_inline(target, text, name="helper")
    before, kept = world.account.snapshot(), world.inline_text(target, "helper")
    assert kept == text, "the emulator keeps it byte for byte"
    seen = receives(world, put_inline(target, text, name="helper"))
    assert seen.outcome == "applied"
    assert world.inline_text(target, "helper") is None
    if how == "by its receipt":
        world.take_back(seen.undo)
    else:
        undone = rescind("undo", "-", "--yes", stdin=json.dumps(seen.case), env=credentials(world.account.url))
        assert (undone.returncode, undone.stderr) == (0, "")
    assert world.inline_text(target, "helper") == text
    assert world.account.snapshot() == before


def test_the_undo_restores_the_live_text_where_it_says_the_same_in_other_words(world, target):
    """The record and IAM may differ in white space and order: what was deleted is what is given back."""
    world.writes_inline(target, ODD, name="helper")
    recorded = json.dumps({"Statement": [{"Resource": "*", "Effect": "Allow", "Action": ["*"]}], "Version": "2012-10-17"})
    seen = receives(world, put_inline(target, recorded, name="helper"))
    assert seen.outcome == "applied"
    assert seen.undo["parameters"]["PolicyDocument"] == ODD


def test_a_policy_that_somebody_corrected_meanwhile_is_kept(world, target):
    event = put_inline(target, ALLOW_ALL, name="helper")
    world.writes_inline(target, ALLOW_READING, name="helper")
    seen = receives(world, event)
    assert (seen.outcome, seen.changed, seen.writes) == ("already-clean", set(), [])
    assert seen.notice.case == seen.case


def test_a_policy_that_is_put_again_while_it_is_deleted_is_reported(world, target):
    """IAM has no compare-and-set: a race cannot be prevented, but it is not hidden."""
    world.writes_inline(target, ALLOW_ALL, name="helper")
    event = put_inline(target, ALLOW_ALL, name="helper")
    world.aws.afterwards(f"Delete{target.kind.capitalize()}Policy", lambda: world.writes_inline(target, ALLOW_READING, name="helper"))
    seen = receives(world, event)
    assert world.inline_text(target, "helper") == json.dumps(ALLOW_READING), "the correction stays"
    assert seen.case["outcomes"][0]["detail"] in seen.notice.text
    assert seen.notice.case == seen.case


def test_a_policy_of_another_name_is_left_alone(world, target):
    world.writes_inline(target, ALLOW_ALL, name="helper")
    world.writes_inline(target, ALLOW_ALL, name="helper-2")
    assert len(receives(world, put_inline(target, ALLOW_ALL, name="helper")).changed) == 1
    assert world.inline_text(target, "helper-2") == json.dumps(ALLOW_ALL)


def test_a_policy_that_only_reads_is_left_alone(world, target):
    world.writes_inline(target, ALLOW_READING, name="AdministratorLookalike")
    seen = receives(world, put_inline(target, ALLOW_READING, name="AdministratorLookalike"))
    assert (seen.cases, seen.changed, seen.operations) == ([], set(), [])


def test_a_path_to_more_access_is_observed(world, target):
    world.writes_inline(target, PATH_TO_MORE, name="helper")
    seen = receives(world, put_inline(target, PATH_TO_MORE, name="helper"))
    assert (seen.outcome, seen.changed, seen.writes) == ("observed", set(), [])
    assert seen.case["decision"]["guardrails"][0]["id"] == "no-path-to-administrator-by-inline-policy"


def test_a_policy_that_only_denies_is_never_deleted(world, target, tmp_path):
    denies = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}]}
    world.writes_inline(target, denies, name="fence")
    seen = receives(world, put_inline(target, denies, name="fence"), guardrails=rulebook(tmp_path, FORBIDS_DENIALS))
    assert (seen.outcome, seen.changed, seen.writes) == ("unremediable", set(), [])
    assert seen.notice.case == seen.case


@pytest.mark.parametrize("name", ["RescindQuarantine", "RescindQuarantine-1772455454", "RescindQuarantine-1772455454-s-i-0a", "rescindquarantine-1"])
@pytest.mark.parametrize("kind", ["user", "group", "role"])
def test_the_name_of_a_quarantine_protects_nothing(world, kind, name):
    target = getattr(world, kind)("polsen")
    world.writes_inline(target, ALLOW_ALL, name=name)
    event = put_inline(target, ALLOW_ALL, name=name)
    assert world.receives(event, name=QUARANTINE_PRINCIPAL, **RESPONDER).cases == [], "Rescind did not write what it replaced"
    seen = receives(world, event)
    assert (seen.outcome, seen.changed) == ("applied", {target.no_longer_has(name, ALLOW_ALL)})


def test_a_quarantine_that_is_put_back_first_is_not_deleted(world):
    web = world.role("web")
    name = "RescindQuarantine-1772455454"
    event = put_inline(web, ALLOW_ALL, name=name)
    world.writes_inline(web, DENY_ALL, name=name)
    seen = receives(world, event)
    assert (seen.outcome, seen.changed) == ("already-clean", set())


@pytest.mark.parametrize("omitted", ["missing", "null"])
def test_a_text_that_the_record_omits_is_read_from_iam(world, target, omitted):
    world.writes_inline(target, ODD, name="helper")
    parameters = {f"{target.kind}Name": target.name, "policyName": "helper"}
    if omitted == "null":
        parameters["policyDocument"] = None
    seen = receives(world, iam_call(f"Put{target.kind.capitalize()}Policy", parameters))
    assert seen.outcome == "applied"
    assert seen.undo["parameters"]["PolicyDocument"] == ODD
    assert world.inline_text(target, "helper") is None


def test_an_omitted_text_that_iam_no_longer_has_is_not_guessed_at(world, target):
    event = iam_call(f"Put{target.kind.capitalize()}Policy", {f"{target.kind}Name": target.name, "policyName": "helper"})
    seen = receives(world, event)
    assert (seen.outcome, seen.changed) == ("unremediable", set()) or seen.outcome == "already-clean"
    assert seen.notice.case == seen.case


MALFORMED = {
    "no JSON": "{not json",
    "JSON of another kind": "[]",
    "no statement": '{"Version": "2012-10-17"}',
    "an effect that is none": '{"Statement": {"Effect": "Maybe", "Action": "*", "Resource": "*"}}',
    "nothing": "",
    "hidden by CloudTrail": "HIDDEN_DUE_TO_SECURITY_REASONS",
    "deeply nested": "[" * 10_000,
}


@pytest.mark.parametrize("what", MALFORMED)
def test_a_document_that_does_not_parse_is_told_and_a_retry_makes_no_difference(world, what):
    polsen = world.user("polsen")
    world.writes_inline(polsen, ALLOW_ALL, name="helper")
    event = put_inline(polsen, MALFORMED[what], name="helper")
    first = receives(world, event)
    world.ledger.age()
    second = receives(world, event)
    for seen in (first, second):
        assert (seen.outcome, seen.case["decision"]["verdict"], seen.changed, seen.writes) == ("unremediable", "unknown", set(), [])
        assert seen.notice.case == seen.case
    assert first.case["id"] == second.case["id"]


@pytest.mark.parametrize("told", ["in the record", "left out of it"])
def test_a_document_at_iam_s_limit_is_deleted_and_given_back_and_its_notice_arrives(world, target, told):
    text = padded(RECORDED if told == "in the record" else LONGEST)
    world.writes_inline(target, text, name="helper")
    event = put_inline(target, text, name="helper")
    if told != "in the record":
        del event["detail"]["requestParameters"]["policyDocument"]
    seen = receives(world, event)
    assert seen.outcome == "applied"
    assert world.inline_text(target, "helper") is None
    (published,) = [call for call in seen.calls if call.operation == "Publish"]
    assert len(published.parameters["Message"].encode()) + 2_000 < SNS_LIMIT
    assert seen.notice.case["outcome"] == "applied"
    assert seen.undo["parameters"]["PolicyDocument"] == text
    undone = rescind("undo", "-", "--yes", stdin=json.dumps(seen.case), env=credentials(world.account.url))
    assert (undone.returncode, undone.stderr) == (0, "")
    assert world.inline_text(target, "helper") == text


HOSTILE = {
    "quotes": "'; rm -rf / #",
    "markup": "<script>*bold* `x`</script><!channel>",
    "escapes": "\x1b[2J\u202e\r\n",
    "not ASCII": "Ünïcödé",
}


@pytest.mark.parametrize("what", HOSTILE)
def test_what_an_attacker_wrote_into_the_document_is_inert_and_restored_all_the_same(world, what):
    more = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", "Condition": {"StringEquals": {"aws:PrincipalTag/x": HOSTILE[what]}}}
    document = {"Version": "2012-10-17", "Statement": [*ALLOW_ALL["Statement"], more]}
    # IAM takes letters up to U+00FF as they are, and any other in an escape.
    text = json.dumps(document, ensure_ascii=what != "not ASCII")
    polsen = world.user("polsen")
    world.writes_inline(polsen, text, name="helper")
    seen = receives(world, put_inline(polsen, text, name="helper"))
    assert (seen.outcome, world.inline_text(polsen, "helper")) == ("applied", None)
    shown = seen.notice.subject + seen.notice.text + json.dumps(seen.notice.chat, ensure_ascii=False)
    assert not [live for live in ("<script>", "<!channel>", "\x1b", "\u202e") if live in shown]
    world.take_back(seen.undo)
    assert world.inline_text(polsen, "helper") == text


@pytest.mark.parametrize("kind", ["user", "group", "role"])
def test_names_have_every_character_that_iam_allows(world, kind):
    target = getattr(world, kind)("p+o=l,s.e@n_-")
    name = ("aZ09+=,.@_-" * 12)[:128]
    world.writes_inline(target, ALLOW_ALL, name=name)
    before = world.account.snapshot()
    seen = receives(world, put_inline(target, ALLOW_ALL, name=name))
    assert (seen.outcome, seen.changed) == ("applied", {target.no_longer_has(name, ALLOW_ALL)})
    undone = rescind("undo", "-", "--yes", stdin=json.dumps(seen.case), env=credentials(world.account.url))
    assert (undone.returncode, undone.stderr) == (0, "")
    assert world.account.snapshot() == before


@pytest.mark.parametrize("how", ["denied", "failing"])
def test_where_the_live_text_cannot_be_read_nothing_is_deleted(world, target, how):
    world.writes_inline(target, ALLOW_ALL, name="helper")
    event = put_inline(target, ALLOW_ALL, name="helper")
    read = f"Get{target.kind.capitalize()}Policy"
    if how == "denied":
        world.aws.deny(read)
    else:
        world.aws.fail(read)
    seen = receives(world, event, fresh=True)
    assert (seen.error.type, seen.changed, seen.writes) == ("Final.AccessDenied" if how == "denied" else "Retryable.ServiceError", set(), [])


@pytest.mark.parametrize("name", ["AWSServiceRoleForSupport", "AWSReservedSSO_AdministratorAccess_0123456789abcdef"])
def test_aws_s_own_roles_are_never_touched(world, name):
    role = world.role(name, path="/aws-service-role/support.amazonaws.com/" if "Service" in name else "/aws-reserved/sso.amazonaws.com/")
    world.writes_inline(role, ALLOW_ALL, name="helper")
    seen = receives(world, put_inline(role, ALLOW_ALL, name="helper"))
    assert (seen.outcome, seen.changed, seen.writes) == ("unremediable", set(), [])


def test_what_a_user_could_do_before_is_what_decides(world, tmp_path, target):
    makes = rulebook(
        tmp_path,
        '@id("makes-an-administrator")\n@severity("critical")\n@remedy("delete-inline-policy")\n'
        'forbid (principal, action in Action::"put-policy", resource)\n'
        "when { context.after.grants.admin && !context.before.grants.admin };\n",
    )
    (makes / "grants.cedar").unlink()
    world.writes_inline(target, ALLOW_ALL, name="helper")
    event = put_inline(target, ALLOW_ALL, name="helper")
    world.writes_inline(target, ALLOW_ALL, name="another")
    assert receives(world, event, guardrails=makes).cases == [], "another policy made it one already"
    getattr(world.iam, f"delete_{target.kind}_policy")(**{f"{target.kind.capitalize()}Name": target.name, "PolicyName": "another"})
    seen = receives(world, event, guardrails=makes)
    assert (seen.outcome, seen.changed) == ("applied", {target.no_longer_has("helper", ALLOW_ALL)})


def test_a_deny_that_is_no_quarantine_s_is_judged_like_any_other_document(world):
    """Whoever denies themselves everything has taken nothing."""
    polsen = world.user("polsen")
    world.writes_inline(polsen, DENY_ALL, name="fence")
    assert receives(world, put_inline(polsen, DENY_ALL, name="fence")).cases == []
