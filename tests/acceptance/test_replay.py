"""`rescind replay`: what guardrails would have done to a history of CloudTrail, in whatever form people have it."""

import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
from datetime import datetime, timedelta, timezone

import pytest
from lab.command import RESCIND, rescind
from lab.events import BILLING, ROOT, anew, assumed_role, attachment, but, corpus, envelope, iam_user, sample
from lab.rulebook import exemption, rulebook

sys.path.insert(0, str(ROOT / "bench"))
import cloudtrail  # noqa: E402

GUARDRAIL = "billing-is-for-finance"
ORDINARY = {"eventVersion": "1.11", "eventSource": "s3.amazonaws.com", "eventName": "ListBuckets", "userIdentity": {"type": "IAMUser"}}


def record(time: str = "2026-03-02T12:00:00Z", user: str = "polsen", actor: dict | None = None, **members) -> dict:
    """One that the shipped rulebook forbids."""
    event = anew(attachment(BILLING, user=user, actor=actor or iam_user("mallory", "AIDAMALLORYEXAMPLE01")))
    return {**event["detail"], "eventTime": time, "recipientAccountId": "123456789012", **members}


def replayed(*paths, **options) -> dict:
    """The document that a replay of these files prints."""
    ran = rescind("replay", "--json", *arguments(options), *map(str, paths))
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def arguments(options: dict) -> list[str]:
    return [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]


def of(document: dict, guardrail: str = GUARDRAIL) -> dict:
    (row,) = [row for row in document["guardrails"] if row["id"] == guardrail]
    return row


def write(path, text: str):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


# What people have.


def forms() -> dict[str, str]:
    one, two = json.dumps(record(user="ann")), json.dumps(record(user="bob"))
    ordinary = json.dumps(ORDINARY)
    events = [json.dumps(envelope(json.loads(text))) for text in (one, two)]
    csv_row = lambda text: '1,"' + text.replace('"', '""') + '",x\n'  # noqa: E731
    return {
        "log.json": f'{{"Records":[{one},{ordinary},{two}]}}',
        "log.json.gz": f'{{"Records":[{one},{two}]}}',
        "pretty.json": json.dumps({"Records": [json.loads(one), json.loads(two)]}, indent=2),
        "array.json": f"[{one},{two}]",
        "lines.jsonl": f"{one}\n{ordinary}\n{two}\n",
        "looked-up.json": json.dumps({"Events": [{"EventId": "1", "CloudTrailEvent": one}, {"CloudTrailEvent": two}], "NextToken": "x"}),
        "events.jsonl": "\n".join(events),
        "filtered.json": json.dumps({"events": [{"message": one}, {"message": two}], "searchedLogStreams": [{"logStreamName": "x"}]}),
        "export.gz": f"2026-03-02T12:00:00.000Z {one}\n2026-03-02T12:00:01.000Z {two}\n",
        "queue.json": json.dumps({"Messages": [{"Body": events[0]}, {"Body": json.dumps({"version": "1.0", "requestPayload": json.loads(events[1])})}]}),
        "elastic.jsonl": "\n".join(json.dumps({"_source": {"event": {"original": text}}}) for text in (one, two)),
        "splunk.json": "\n".join(json.dumps({"preview": False, "result": {"_raw": text}}) for text in (one, two)),
        "lake.csv": "eventID,eventJson,x\n" + csv_row(one) + csv_row(two),
    }


@pytest.mark.parametrize("name", forms())
def test_every_form_in_which_people_have_records_is_read(tmp_path, name):
    document = replayed(write(tmp_path / name, forms()[name]))
    row = of(document)
    assert (row["verdicts"], sorted(target["target"] for target in row["targets"])) == ({"taken-back": 2}, ["user ann", "user bob"])
    assert document["notJudged"]["records"] == 0


@pytest.mark.parametrize("name", forms())
def test_decide_reads_the_same_forms(tmp_path, name):
    ran = rescind("decide", str(write(tmp_path / name, forms()[name])))
    assert ran.stdout.count("would be taken back: policy Billing on user") == 2, ran.stdout + ran.stderr


def test_standard_input_is_read():
    ran = rescind("replay", "--json", "-", stdin=json.dumps(record()))
    assert of(json.loads(ran.stdout))["cases"] == 1


def test_files_and_folders_are_mixed_and_a_folder_that_leads_back_to_itself_has_an_end(tmp_path):
    write(tmp_path / "a" / "one.json", json.dumps(record(user="ann")))
    write(tmp_path / "two.json", json.dumps(record(user="bob")))
    (tmp_path / "a" / "back").symlink_to(tmp_path / "a")
    assert of(replayed(tmp_path / "a", tmp_path / "two.json"))["cases"] == 2


def test_of_a_trail_s_tree_only_the_days_and_regions_asked_for_are_opened(tmp_path):
    trail = tmp_path / "AWSLogs" / "o-1" / "123456789012"
    for region, day in [("us-east-1", 2), ("us-east-1", 20), ("eu-west-1", 2)]:
        text = json.dumps({"Records": [record(time=f"2026-03-{day:02}T12:00:00Z", user=f"{region}-{day}")]})
        write(trail / "CloudTrail" / region / "2026" / "03" / f"{day:02}" / "x.json.gz", text)
    write(trail / "CloudTrail-Digest" / "us-east-1" / "2026" / "x.json.gz", '{"digestPublicKeyFingerprint": "x"}')
    document = replayed(tmp_path, **{"from": "2026-03-01", "to": "2026-03-10", "regions": "us-east-1"})
    assert [target["target"] for target in of(document)["targets"]] == ["user us-east-1-2"]
    assert (document["files"], document["foldersPassed"]) == (1, 3)
    assert of(replayed(tmp_path))["cases"] == 3


# What is broken.


def test_a_broken_record_costs_itself_only_and_is_named(tmp_path):
    text = f"{json.dumps(record(user='ann'))}\n{{\"eventName\": \n{json.dumps(record(user='bob'))}\nno json\n"
    document = replayed(write(tmp_path / "lines.jsonl", text))
    assert of(document)["cases"] == 2
    assert document["notJudged"]["records"] == 2 and document["notJudged"]["first"][0]["file"].endswith("lines.jsonl")


def test_a_file_that_cannot_be_read_is_named_and_the_others_are_read(tmp_path):
    good = write(tmp_path / "good.json", json.dumps(record()))
    cut = tmp_path / "cut.json.gz"
    cut.write_bytes(gzip.compress(json.dumps({"Records": [record(user=f"u{n}") for n in range(50)]}).encode())[:-200])
    parquet = tmp_path / "lake.parquet"
    parquet.write_bytes(b"PAR1" + bytes(100))
    ran = rescind("replay", "--json", str(good), str(cut), str(parquet), str(tmp_path / "missing"))
    document = json.loads(ran.stdout)
    assert ran.returncode == 1 and "3 of 4 files and folders could not be read" in ran.stderr
    assert {os.path.basename(each["file"]) for each in document["notRead"]} == {"cut.json.gz", "lake.parquet", "missing"}
    assert any("Parquet" in each["why"] for each in document["notRead"])
    assert of(document)["cases"] >= 1


def test_a_file_that_the_reader_may_not_read_is_named(tmp_path):
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        program = shutil.copy(RESCIND, folder)
        shutil.copytree(ROOT / "guardrails", f"{folder}/guardrails")
        closed = write(tmp_path / "closed.json", json.dumps(record()))
        closed.chmod(0)
        # Root may read everything.
        user = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
        ran = subprocess.run([program, "replay", str(closed)], cwd=folder, capture_output=True, text=True, check=False, **user)
    assert ran.returncode == 1 and "closed.json: Permission denied" in ran.stdout


def test_a_file_that_inflates_beyond_measure_is_not_read_on(tmp_path):
    bomb = tmp_path / "bomb.json.gz"
    with gzip.open(bomb, "wb", compresslevel=9) as out:
        for _ in range(512):
            out.write(b" " * (1 << 20))
    ran = rescind("replay", str(bomb))
    assert ran.returncode == 1 and "400 times its size" in ran.stdout


def test_several_compressed_files_in_one_are_all_read(tmp_path):
    path = tmp_path / "two.json.gz"
    path.write_bytes(b"".join(gzip.compress(json.dumps({"Records": [record(user=user)]}).encode()) for user in ("ann", "bob")))
    assert of(replayed(path))["cases"] == 2


def test_two_hundred_megabytes_in_one_line_are_streamed(tmp_path):
    """In little memory, whatever the length of the file."""
    path = tmp_path / "long.json"
    filler = json.dumps({**ORDINARY, "requestParameters": {"x": "y" * 100_000}})
    with path.open("w") as out:
        out.write('{"Records":[' + json.dumps(record()))
        for _ in range(2000):
            out.write("," + filler)
        out.write("]}")
    code = "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL); print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    ran = subprocess.run([sys.executable, "-c", code, str(RESCIND), "replay", str(path), "--guardrails", str(ROOT / "guardrails")], capture_output=True, text=True, check=True)
    assert int(ran.stdout) < 128 * 1024, f"{ran.stdout} KB"


def test_a_history_without_a_record_is_an_error(tmp_path):
    ran = rescind("replay", str(write(tmp_path / "empty.json", "")))
    assert ran.returncode == 1 and "there is no record in it" in ran.stderr


# How it judges.


def test_the_same_record_in_several_trails_counts_once(tmp_path):
    one = json.dumps({"Records": [record()]})
    document = replayed(write(tmp_path / "account.json", one), write(tmp_path / "organization.json.gz", one))
    assert (of(document)["cases"], document["doubled"]) == (1, 1)


def test_the_same_is_decided_as_of_each_record_alone(tmp_path):
    """Over all sample events that are CloudTrail's: the same guardrails lead as many cases."""
    events = [json.loads(path.read_text()) for path in sorted((ROOT / "events").glob("*.json"))]
    assert_the_same(tmp_path, [anew(event) if "eventID" in event.get("detail", {}) else event for event in events])


def test_of_third_party_records_the_same_is_decided_as_of_each_alone(tmp_path):
    events = [event for _, event in corpus()]
    if not events:
        pytest.skip("no ../shared/corpus beside the repository: not tested against third-party CloudTrail records")
    assert_the_same(tmp_path, events)


def assert_the_same(tmp_path, events: list[dict]) -> None:
    path = write(tmp_path / "events.jsonl", "\n".join(map(json.dumps, events)))
    cases = {case["id"]: case for case in decided(path)}
    # What a record leaves open, those before it may answer.
    is_open = lambda case: case["decision"]["verdict"] == "unknown" or "undecided" in case["decision"]  # noqa: E731
    left_open = {case["record"].get("eventId") for case in cases.values() if is_open(case)}
    names = lambda event: {event.get("id"), event.get("detail", {}).get("eventID"), event.get("detail", {}).get("id"), event.get("eventID")}  # noqa: E731
    certain = [event for event in events if not names(event) & (left_open - {None})]
    path = write(tmp_path / "certain.jsonl", "\n".join(map(json.dumps, certain)))
    alone: dict[str, int] = {}
    for case in {case["id"]: case for case in decided(path)}.values():
        guardrails = [*case["decision"].get("guardrails", []), *(case["decision"].get("undecided") or {}).get("guardrails", [])]
        alone[guardrails[0]["id"]] = alone.get(guardrails[0]["id"], 0) + 1
    assert {row["id"]: row["cases"] for row in replayed_anyway(path)["guardrails"]} == alone
    assert len(certain) > len(events) / 2
    # And of all of them none is lost without a reason: what is answered now is either a case, or allowed by what the records say.
    assert sum(row["cases"] for row in replayed_anyway(tmp_path / "events.jsonl")["guardrails"]) <= len(cases)


def replayed_anyway(path) -> dict:
    """The same of a file in which some records are broken."""
    return json.loads(rescind("replay", "--json", str(path)).stdout)


def decided(path) -> list[dict]:
    """The cases that `rescind decide` makes of the events in a file, one by one."""
    cases, decoder = [], json.JSONDecoder()
    answer = rescind("decide", "--json", str(path)).stdout.strip()
    while answer:
        case, end = decoder.raw_decode(answer)
        answer = answer[end:].lstrip()
        if case and "decision" in case:
            cases.append(case)
    return cases


def test_what_is_exempt_refused_or_undecided_is_told_apart(tmp_path):
    exempt = rulebook(tmp_path / "rules", exemptions=exemption("arn:aws:iam::123456789012:role/deploy"))
    records = [
        record(actor=assumed_role("deploy", id="AROADEPLOYEXAMPLE001")),
        record(errorCode="AccessDenied", responseElements=None),
        record(),
        {**sample("create-saml-provider")["detail"]},
    ]
    document = replayed(write(tmp_path / "log.jsonl", "\n".join(map(json.dumps, records))), guardrails=exempt)
    assert of(document)["verdicts"] == {"taken-back": 1, "exempt": 1, "refused": 1}
    assert of(document, "worth-a-look-today")["verdicts"] == {"noticed": 1}


def test_who_did_it_is_known_by_the_unique_id_and_the_people_behind_sessions_by_their_names(tmp_path):
    deploy = lambda session: assumed_role("deploy", session, id="AROADEPLOYEXAMPLE001")  # noqa: E731
    records = [record(user=f"u{n}", actor=deploy(session)) for n, session in enumerate(["ann", "bob", "ann"])]
    (actor,) = of(replayed(write(tmp_path / "log.jsonl", "\n".join(map(json.dumps, records)))))["actors"]
    assert (actor["id"], actor["cases"], actor["sessions"]) == ("AROADEPLOYEXAMPLE001", 3, {"ann": 2, "bob": 1})


def test_past_the_limit_of_an_hour_changes_are_held_and_what_comes_again_is_contested(tmp_path):
    begin = datetime(2026, 3, 2, 12)
    at = lambda minutes: (begin + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")  # noqa: E731
    records = [record(time=at(minute), user=f"user-{minute}") for minute in range(25)] + [record(time=at(61), user="user-25")]
    # In another order than that of time, as files come.
    document = replayed(write(tmp_path / "storm.jsonl", "\n".join(map(json.dumps, records[::-1]))))
    assert of(document)["verdicts"] == {"taken-back": 21, "held": 5}
    assert of(document)["busiestHour"] == {"hour": "2026-03-02T12:00:00Z", "cases": 25}
    again = [record(time=at(minute), user="polsen") for minute in (0, 30, 90)]
    assert of(replayed(write(tmp_path / "again.jsonl", "\n".join(map(json.dumps, again)))))["contested"] == 1


def test_failures_to_sign_in_count_across_files(tmp_path):
    def failed(second: int) -> str:
        event = anew(sample("console-login-failed"))
        return json.dumps({**event["detail"], "eventTime": f"2026-03-02T12:00:{second:02}Z"})

    files = [write(tmp_path / f"{second}.json", failed(second)) for second in range(6)]
    assert of(replayed(*files), "five-failed-sign-ins")["cases"] >= 1


def test_accounts_and_partitions_are_told_apart(tmp_path):
    china = json.loads(json.dumps(record(user="ann")).replace("arn:aws:", "arn:aws-cn:").replace("us-east-1", "cn-north-1"))
    other = json.loads(json.dumps(record(user="bob")).replace("123456789012", "999999999999"))
    document = replayed(write(tmp_path / "log.jsonl", "\n".join(map(json.dumps, (record(), china, other)))))
    assert {row["account"]: row["cases"] for row in document["accounts"]} == {"123456789012": 2, "999999999999": 1}


# Two rulebooks.


FOR_ANN = """
@id("nobody-gives-ann-anything")
@description("Ann gets nothing")
@severity("high")
@remedy("detach-policy")
forbid (principal, action == Action::"AttachUserPolicy", resource is User)
when { resource.name == "ann" };
"""


@pytest.fixture
def change(tmp_path):
    """A history, the rulebook as it was, and as it is now."""
    reading = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    given = anew(attachment(reading, user="ann", actor=iam_user("mallory", "AIDAMALLORYEXAMPLE01")))["detail"]
    records = [record(user="bob"), {**given, "recipientAccountId": "123456789012"}]
    history = write(tmp_path / "log.jsonl", "\n".join(map(json.dumps, records)))
    exempt = exemption("arn:aws:iam::123456789012:user/mallory")
    return history, rulebook(tmp_path / "was"), rulebook(tmp_path / "is", FOR_ANN), rulebook(tmp_path / "exempt", exemptions=exempt)


def test_what_a_rulebook_would_newly_take_back_is_listed_and_fails_a_build(change):
    history, was, now, _ = change
    ran = rescind("replay", history, "--guardrails", now, "--against", was, "--fail-on", "new-remedies")
    assert ran.returncode == 3, ran.stderr
    assert "0 lost" in ran.stdout and "1 change would be taken back that were not" in ran.stdout
    assert "taken back, was observed: nobody-gives-ann-anything  user ann  by arn:aws:iam::123456789012:user/mallory" in ran.stdout
    back = rescind("replay", history, "--guardrails", was, "--against", now, "--fail-on", "new-remedies")
    assert (back.returncode, "1 change " in back.stdout) == (0, False)
    assert rescind("replay", history, "--guardrails", was, "--against", now, "--fail-on", "any-difference").returncode == 3


def test_the_same_rulebook_twice_differs_in_nothing(change):
    history, was, *_ = change
    document = replayed(history, guardrails=was, against=was, fail_on="any-difference")
    assert document["against"] == {"rulebook": str(was), "newRemedies": 0, "won": [], "lost": [], "changed": []}


def test_an_exemption_answers_a_case_otherwise(change):
    history, was, _, exempt = change
    against = replayed(history, guardrails=exempt, against=was)["against"]
    assert [(each["was"], each["is"]["verdict"], each["is"]["target"]) for each in against["changed"] if each["was"] == "taken-back"] == [("taken-back", "exempt", "user bob")]


# What people see.


def test_the_table_says_what_who_and_when(tmp_path):
    records = [record(user=f"u{n}", actor=assumed_role("deploy", "ann", id="AROADEPLOYEXAMPLE001")) for n in range(3)]
    ran = rescind("replay", str(write(tmp_path / "log.jsonl", "\n".join(map(json.dumps, [*records, ORDINARY])))))
    lines = ran.stdout.splitlines()
    assert lines[0].startswith("4 records in 1 file, judged from 2026-03-02 12:00 UTC")
    assert lines[1].startswith("1 of no concern to any guardrail, 3 judged, 3 cases of 1 guardrail,")
    assert lines[3].split() == ["guardrail", "severity", "cases", "taken", "back"]
    assert lines[4].split()[:4] == [GUARDRAIL, "high", "3", "3"] and "▇" in lines[4]
    assert lines[5].strip() == "3 arn:aws:iam::123456789012:role/deploy: ann"
    assert lines[6].strip() == "busiest hour: 3 from 2026-03-02 12:00 UTC"


def test_what_an_attacker_wrote_is_inert_in_the_table(tmp_path):
    evil = record(actor=assumed_role("deploy", "\x1b[31mred\nGuardrail nothing", id="AROADEPLOYEXAMPLE001"))
    text = rescind("replay", str(write(tmp_path / "\x1b[31m.json", json.dumps(evil)))).stdout
    assert "\x1b" not in text and "\nGuardrail nothing" not in text


def test_the_number_of_threads_changes_nothing(tmp_path):
    cloudtrail.write(tmp_path, 3000, seed=3)
    one, many = (replayed(tmp_path, threads=threads) for threads in (1, 4))
    assert one == many and one["records"] == 3000 and one["passed"] > 2500


# Exemptions.


def filled_in(draft: str) -> str:
    return draft.replace('@owner("")', '@owner("Ann Example")').replace('@reason("")', '@reason("it deploys")')


def test_a_draft_of_exemptions_is_valid_once_it_is_filled_in_and_covers_what_it_says(tmp_path):
    deploy = {"actor": assumed_role("deploy", "pipeline", path="/ci/", id="AROADEPLOYEXAMPLE001")}
    records = [*(record(user=f"u{n}", **deploy) for n in range(3)), record(user="ann")]
    history, draft = write(tmp_path / "log.jsonl", "\n".join(map(json.dumps, records))), tmp_path / "draft.cedar"
    ran = rescind("replay", history, "--suggest-exemptions", draft)
    assert "2 exemptions proposed in" in ran.stdout
    text = draft.read_text()
    assert "// Covers 3 cases about 3 targets: 3 of billing-is-for-finance (high). 1 case left after this one." in text
    assert 'principal.path == "/ci/" && principal.name == "deploy"' in text and "pipeline" not in text
    unfinished = rulebook(tmp_path / "unfinished", exemptions="\n" + text)
    assert rescind("check", unfinished).returncode == 1, "nobody owns it yet"
    first = text[: text.index("\n// Covers 1 case ")]
    finished = rulebook(tmp_path / "finished", exemptions="\n" + filled_in(first))
    checked = rescind("check", finished)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert of(replayed(history, guardrails=finished))["verdicts"] == {"exempt": 3, "taken-back": 1}


def drafted(tmp_path, records: list[dict]) -> tuple[str, dict]:
    """The draft for a history, and what comes of the history once all of it is in force."""
    history, draft = write(tmp_path / "log.jsonl", "\n".join(map(json.dumps, records))), tmp_path / "draft.cedar"
    rescind("replay", history, "--suggest-exemptions", draft)
    finished = rulebook(tmp_path / "finished", exemptions="\n" + filled_in(draft.read_text()))
    checked = rescind("check", finished)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    return draft.read_text(), of(replayed(history, guardrails=finished))["verdicts"]


def test_a_role_that_is_deployed_to_many_accounts_gets_one_exemption_that_names_them(tmp_path):
    def at(account: str) -> dict:
        actor = json.loads(json.dumps(assumed_role("deploy", path="/ci/", id=f"AROA{account}")).replace("123456789012", account))
        return record(actor=actor, recipientAccountId=account)

    text, verdicts = drafted(tmp_path, [at("111111111111"), at("222222222222"), at("333333333333")])
    assert text.count("permit") == 1 and '["111111111111", "222222222222", "333333333333"].contains(principal.account)' in text
    assert verdicts == {"exempt": 3}


def test_roles_that_do_the_same_from_under_one_path_go_together_and_others_do_not(tmp_path):
    records = [record(actor=assumed_role(role, path="/ci/", id=f"AROA{role}")) for role in ("build", "deploy")]
    records += [record(actor=assumed_role(role, id=f"AROA{role}")) for role in ("ann", "bob")]
    text, verdicts = drafted(tmp_path, records)
    assert text.count("permit") == 3, "a role of no path has a name that anybody may give"
    assert 'principal.path == "/ci/" && ["build", "deploy"].contains(principal.name)' in text and verdicts == {"exempt": 4}


def test_the_roles_of_a_permission_set_are_known_by_its_name(tmp_path):
    path = "/aws-reserved/sso.amazonaws.com/eu-west-1/"
    records = [record(actor=assumed_role(f"AWSReservedSSO_Platform_{suffix * 16}", "ann@example.com", path, f"AROA{suffix}")) for suffix in "ab"]
    text, verdicts = drafted(tmp_path, records)
    assert text.count("permit") == 1 and 'principal.name like "AWSReservedSSO_Platform_*"' in text and "ann@" not in text
    assert "Only AWS can make a role under this path" in text and verdicts == {"exempt": 2}


def test_an_exemption_ends_in_ninety_days(tmp_path):
    draft = tmp_path / "draft.cedar"
    rescind("replay", write(tmp_path / "log.json", json.dumps(record())), "--suggest-exemptions", draft)
    assert f'@until("{(datetime.now(timezone.utc) + timedelta(days=90)).date()}")' in draft.read_text()


def test_nobody_is_exempt_who_cannot_be_named(tmp_path):
    root = {"type": "Root", "principalId": "123456789012", "arn": "arn:aws:iam::123456789012:root", "accountId": "123456789012"}
    foreign = iam_user("eve", "AIDAEVEEXAMPLE000001", arn="arn:aws:iam::999999999999:user/eve", accountId="999999999999")
    records = [record(user="ann", actor=root), record(user="bob", actor=foreign)]
    draft = tmp_path / "draft.cedar"
    rescind("replay", write(tmp_path / "log.jsonl", "\n".join(map(json.dumps, records))), "--suggest-exemptions", draft)
    assert "permit" not in draft.read_text() and "no exemption is proposed for them" in draft.read_text()


def test_what_stands_in_a_path_stays_text(tmp_path):
    evil = assumed_role("deploy", path='/x"||true||"\\/', id="AROADEPLOYEXAMPLE001")
    draft = tmp_path / "draft.cedar"
    rescind("replay", write(tmp_path / "log.json", json.dumps(record(actor=evil))), "--suggest-exemptions", draft)
    checked = rescind("check", rulebook(tmp_path / "rules", exemptions="\n" + filled_in(draft.read_text())))
    assert checked.returncode == 0, checked.stdout + checked.stderr
    (line,) = [line for line in draft.read_text().splitlines() if line.startswith("when")]
    assert line.count("==") == 3 and '\\"||true||\\"' in line
