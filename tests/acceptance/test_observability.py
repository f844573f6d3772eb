"""What the template's dashboard, alarms and saved queries name is what the functions emit."""

import json
import re
from datetime import datetime, timedelta, timezone

import pytest
from lab.events import BILLING, READ_ONLY, ROOT, assumed_role, attachment, iam_call, iam_user, key_created, scheduled
from lab.insights import OF_CLOUDWATCH, Query
from lab.rulebook import exemption, rulebook
from lab.world import DETACH_POLICY, FUNCTIONS, QUARANTINE_KEY, WATCH
from template.stack import translate

ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
POLSEN = "arn:aws:iam::123456789012:user/polsen"
STACK = translate()
# Metrics that AWS emits: the documentation that lists them.
OF_AWS = {
    # SQS developer guide, "Available CloudWatch metrics for Amazon SQS"
    "AWS/SQS": (
        {"QueueName"},
        {
            "ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesVisible",
            "NumberOfMessagesReceived", "NumberOfMessagesSent",
        },
    ),
    # Lambda developer guide, "Types of metrics for Lambda functions"
    "AWS/Lambda": (
        {"FunctionName"},
        {"AsyncEventAge", "AsyncEventsReceived", "DestinationDeliveryFailures", "Errors", "Invocations", "Throttles"},
    ),
    # EventBridge user guide, "Monitoring Amazon EventBridge"
    "AWS/Events": ({"RuleName"}, {"Invocations", "InvocationsFailedToBeSentToDlq", "TriggeredRules"}),
}  # fmt: skip


@pytest.fixture(scope="module")
def lines(_one_world, tmp_path_factory):
    """The log of functions to which everything happens that the dashboard and the queries are about."""
    world, folder = _one_world, tmp_path_factory.mktemp("rulebooks")
    world.start_over()
    mallory = iam_user("mallory")
    found = []

    def happens(event, **settings):
        seen = world.receives(event, **settings)
        name = settings.get("name", DETACH_POLICY)
        found.extend(record | {"@timestamp": record.get("timestamp"), "@logStream": name} for record in seen.invocation.records())
        return seen

    polsen = world.user("polsen", holds=[ADMINISTRATOR, BILLING, READ_ONLY])
    a_minute_ago = (datetime.now(timezone.utc) - timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert happens(attachment(ADMINISTRATOR, user=polsen, actor=mallory, eventTime=a_minute_ago)).outcome == "applied"
    assert happens(attachment(READ_ONLY, user=polsen, actor=mallory)).outcome == "observed"
    exempt = rulebook(folder, exemptions=exemption(POLSEN))
    assert happens(attachment(ADMINISTRATOR, user=polsen), guardrails=exempt).outcome == "exempt"
    ending = [(days, datetime.now(timezone.utc).date() + timedelta(days=days)) for days in (20, 5)]
    for _, day in ending:
        happens(scheduled(), guardrails=rulebook(folder, exemptions=exemption(POLSEN, until=str(day))), fresh=True)
    world.aws.deny("DetachUserPolicy")
    assert happens(attachment(BILLING, user=polsen, actor=mallory), fresh=True).error.type == "Final.AccessDenied"
    world.aws.forget()
    assert happens({"no": "event"}).error.type == "Final.MalformedEvent"
    for function in FUNCTIONS:
        happens(scheduled(), name=function)
    happens(key_created(world.key(polsen), "polsen", mallory), name=QUARANTINE_KEY)
    beat = iam_call("TagRole", {"roleName": "canary"}, assumed_role("heartbeat"))
    assert happens(beat, name=WATCH, HEARTBEAT_ROLE="heartbeat").cases == []
    world.ledger.stop(everything="a drill")
    assert happens(attachment(BILLING, user=polsen, actor=mallory)).outcome == "observed"
    happens(scheduled())
    world.start_over()
    return found


def emitted(lines):
    """The metrics in the lines: (namespace, name, names of the dimensions), and the dimensions' values."""
    metrics, values = set(), set()
    for line in lines:
        for block in line.get("_aws", {}).get("CloudWatchMetrics", []):
            for dimensions in block["Dimensions"]:
                assert all(line[name] for name in dimensions), "a metric without one of its dimensions' values is dropped"
                values |= {(name, line[name]) for name in dimensions}
                metrics |= {(block["Namespace"], metric["Name"], frozenset(dimensions)) for metric in block["Metrics"] if metric["Name"] in line}
    return metrics, values


def of_the_dashboard():
    """The metrics that the dashboard names, and the values of their dimensions."""
    metrics, values = set(), set()
    for widget in json.loads(STACK.properties("Dashboard")["DashboardBody"])["widgets"]:
        for metric in widget["properties"].get("metrics", []):
            if isinstance(metric[0], dict):
                (space,), (name,) = re.findall(r"'\{([^}]+)\}", metric[0]["expression"]), re.findall(r'MetricName="(\w+)"', metric[0]["expression"])
                namespace, *dimensions = space.split(",")
                metrics.add((namespace, name, frozenset(dimensions)))
            else:
                namespace, name, *rest = [part for part in metric if isinstance(part, str)]
                metrics.add((namespace, name, frozenset(rest[::2])))
                values |= set(zip(rest[::2], rest[1::2], strict=True))
    return metrics, values


def of_the_alarms():
    metrics, values = set(), set()
    for alarm in STACK.of_type("AWS::CloudWatch::Alarm").values():
        plain = [alarm] if "MetricName" in alarm else [m["MetricStat"]["Metric"] for m in alarm["Metrics"] if "MetricStat" in m]
        for metric in plain:
            dimensions = {d["Name"]: d["Value"] for d in metric.get("Dimensions", [])}
            metrics.add((metric["Namespace"], metric["MetricName"], frozenset(dimensions)))
            values |= set(dimensions.items())
    return metrics, values


@pytest.mark.parametrize("named", [of_the_dashboard, of_the_alarms])
def test_every_metric_that_the_template_names_is_emitted(lines, named):
    metrics, values = named()
    ours = {metric for metric in metrics if metric[0] == "Rescind"}
    assert ours, "it is about Rescind"
    known, known_values = emitted(lines)
    assert ours - known == set()
    for namespace, name, dimensions in metrics - ours:
        assert (dimensions, name in OF_AWS[namespace][1]) == (OF_AWS[namespace][0], True), f"AWS does not emit {namespace} {name} by {set(dimensions)}"
    written = {("Outcome", outcome) for outcome in outcomes()} | known_values
    assert {(name, value) for name, value in values if name in ("Outcome", "Within")} <= written


def test_a_metric_that_nobody_emits_would_be_noticed(lines):
    metrics, values = emitted(lines)
    assert ("Rescind", "Cases", frozenset({"Outcome"})) in metrics and ("Rescind", "Cases", frozenset({"Guardrail"})) not in metrics
    assert ("Within", "7 days") in values and ("Within", "8 days") not in values


def outcomes():
    """The outcomes of a case, as Rust names them."""
    code = (ROOT / "shared" / "policy" / "src" / "case" / "outcome.rs").read_text()
    return set(re.findall(r'Self::\w+ => "([a-z-]+)"', code))


def test_the_dashboard_shows_every_outcome_of_a_case():
    assert {value for name, value in of_the_dashboard()[1] if name == "Outcome"} == outcomes() != set()


def test_the_time_to_a_remedy_is_that_from_the_call(lines):
    took, = {line["TimeToRemedy"] for line in lines if "TimeToRemedy" in line}
    assert 60_000 <= took < 90_000


def test_a_stop_is_seen_in_its_metric_and_so_is_that_there_is_none(lines):
    assert {line["Stopped"] for line in lines if "Stopped" in line} == {0, 1}


def test_failures_are_counted_by_what_the_runbook_calls_them(lines):
    assert {line["ErrorType"] for line in lines if "Failures" in line} == {"Final.AccessDenied", "Final.MalformedEvent"}


def queries():
    return {properties["Name"].removeprefix("rescind/"): properties["QueryString"] for properties in STACK.of_type("AWS::Logs::QueryDefinition").values()}


def asked(lines, name):
    """What a saved query finds in the lines."""
    return Query(queries()[name].replace("ACTOR", "mallory")).rows(lines)


@pytest.mark.parametrize("name", queries())
def test_every_field_that_a_query_names_is_in_a_line_that_it_finds(lines, name):
    query = Query(queries()[name].replace("ACTOR", "mallory"))
    found = query.matching(lines)
    present = {field for line in found for field, value in line.items() if value is not None}
    assert query.fields - present == set()
    assert {field for field in query.fields if field.startswith("@")} <= OF_CLOUDWATCH
    assert query.rows(lines)


def test_a_field_that_no_line_has_would_be_noticed(lines):
    query = Query('fields guardrial, `case`\n| filter message = "case" and outcom = "applied"')
    assert query.fields == {"guardrial", "case", "message", "outcom"} and query.matching(lines) == []


def test_a_query_reads_the_functions_log_alone():
    for properties in STACK.of_type("AWS::Logs::QueryDefinition").values():
        assert properties["LogGroupNames"] == [STACK.identities["FunctionLogs"]["Ref"]]
        assert properties["Name"].startswith("rescind/")


def test_the_auditor_sees_each_change_to_administrators_rights_and_no_other(lines):
    found = asked(lines, "Changes to the rights of administrators")
    assert [(row["actor"].rsplit("/")[-1], row["event_name"], row["target"], row["outcome"], row.get("exemption")) for row in found] == [
        ("mallory", "AttachUserPolicy", "user polsen", "applied", None),
        ("polsen", "AttachUserPolicy", "user polsen", "exempt", "an-exemption"),
    ]


def test_a_shipped_guardrail_about_administrators_is_found_by_its_id():
    """The query goes by the guardrails' ids: so one about what makes an administrator has to be called so."""
    query = Query(queries()["Changes to the rights of administrators"])
    for file in (ROOT / "guardrails").glob("*.cedar"):
        for id, text in re.findall(r'@id\("([^"]+)"\)(.*?);\n', file.read_text(), re.DOTALL):
            if re.search(r"grants\.(admin|paths)|policy/(AdministratorAccess|PowerUserAccess|IAMFullAccess)", text) and "forbid" in text:
                found = query.matching([{"message": "case", "guardrails": id}])
                assert found, f"{file.name}: {id} is about administrators, and its id does not say so"


def test_the_auditor_sees_everything_that_an_actor_did_once_as_an_event_and_once_as_a_case(lines):
    found = asked(lines, "Everything that an actor did")
    assert {row["actor"].rsplit("/")[-1] for row in found} == {"mallory"}
    assert {(row["message"], row["event_name"]) for row in found} >= {("event", "CreateAccessKey"), ("case", "AttachUserPolicy"), ("case", "CreateAccessKey")}


def test_the_auditor_sees_each_exemption_that_was_used(lines):
    (row,) = asked(lines, "Every exemption that was used")
    assert (row["exemption"], row["owner"], row["actor"], row["guardrails"]) == ("an-exemption", "platform team", POLSEN, "administrator-access-needs-an-exemption users-get-access-through-groups")


def test_each_call_of_rescind_is_found_with_its_undo(lines):
    (row, *_) = asked(lines, "Every call that Rescind made, with its undo")
    assert row["call"].startswith("aws iam detach-user-policy") and row["undo"].startswith("aws iam attach-user-policy")


def test_at_three_in_the_morning_one_query_says_what_went_wrong(lines):
    found = asked(lines, "What went wrong")
    assert {row["error_type"] for row in found if "error_type" in row} == {"Final.AccessDenied", "Final.MalformedEvent"}
    assert {row["outcome"] for row in found if "outcome" in row} == {"failed"}


def test_what_would_have_been_taken_back_is_found_by_guardrail(lines):
    found = {(row["guardrail"], row["remedy"]) for row in asked(lines, "What would have been taken back")}
    assert found >= {("users-get-access-through-groups", "detach-policy"), ("billing-is-for-finance", "detach-policy")}


def test_the_documents_list_every_metric_of_rescind_by_its_dimensions(lines):
    section = (ROOT / "docs" / "operations.md").read_text().split("| metric | by | |")[1].split("\n\n")[0]
    listed = set()
    for names, by in re.findall(r"^\| (`.+?`) \| (.+?) \|", section, re.MULTILINE):
        for name in re.findall(r"`(\w+)`", names):
            listed |= {("Rescind", name, frozenset(re.findall(r"`(\w+)`", part))) for part in by.split(";")}
    assert listed == emitted(lines)[0]


def test_the_documents_list_every_saved_query():
    section = (ROOT / "docs" / "operations.md").read_text().split("| query | answers |")[1].split("\n\n")[0]
    assert set(re.findall(r"^\| ([A-Z].+?) \|", section, re.MULTILINE)) == set(queries())
