"""What `rescind replay` knows of an account at the time of a change: from the records before it, over what the account is said to have been."""

import json
from datetime import datetime, timedelta
from urllib.parse import unquote

import pytest
from lab.command import cases_of, credentials, rescind
from lab.emulator import ACCOUNT, Emulator
from lab.history import ADMIN, BEGIN, READ, History, record, walk

def replayed(tmp_path, records: list[dict], *options: object, env: dict | None = None) -> dict:
    path = tmp_path / "log.jsonl"
    path.write_text("\n".join(map(json.dumps, records)))
    ran = rescind("replay", path, "--json", *options, env=env)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


# What the records say.


def details(iam) -> dict:
    answer = iam.get_account_authorization_details(Filter=["User", "Group", "Role", "LocalManagedPolicy"])
    return {name: answer[name] for name in ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")}


def facts(account: dict) -> dict[str, dict]:
    """What an account's details say, whatever the order, each of them by its ARN."""
    document = lambda text: json.loads(unquote(text)) if isinstance(text, str) else text  # noqa: E731
    known = {}
    for kind in ("User", "Group", "Role"):
        for one in account[f"{kind}DetailList"]:
            known[one["Arn"]] = {
                "name": one[f"{kind}Name"],
                "id": one[f"{kind}Id"],
                "groups": sorted(one.get("GroupList", [])),
                "attached": sorted(policy["PolicyArn"] for policy in one["AttachedManagedPolicies"]),
                "inline": {policy["PolicyName"]: document(policy["PolicyDocument"]) for policy in one.get(f"{kind}PolicyList", [])},
                "boundary": (one.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn"),
                "trust": document(one["AssumeRolePolicyDocument"]) if kind == "Role" else None,
                "tags": {tag["Key"]: tag["Value"] for tag in one.get("Tags", [])},
            }
    for policy in account["Policies"]:
        versions = {version["VersionId"]: document(version["Document"]) for version in policy["PolicyVersionList"]}
        known[policy["Arn"]] = {"default": policy["DefaultVersionId"], "versions": versions}
    return known


@pytest.fixture
def account():
    with Emulator(managed_policies=False) as account:
        yield account


def rebuilt(tmp_path, records: list[dict], *options: object) -> dict[str, dict]:
    replayed(tmp_path, records, "--write-account-details", tmp_path / "accounts", *options)
    return facts(json.loads((tmp_path / "accounts" / f"{ACCOUNT}.json").read_text()))


def test_what_the_records_say_of_an_account_is_what_the_same_calls_made_of_it(account, tmp_path):
    for seed in range(4):
        account.reset()
        history = History(account)
        walk(history, seed, 250)
        refused = sum("errorCode" in record for record in history.records)
        assert 50 < refused < 230 and rebuilt(tmp_path, history.records) == facts(details(account.iam)), f"seed {seed}"


def test_what_is_known_of_an_account_on_its_last_day_agrees_with_what_it_was_on_that_day(account, tmp_path):
    """Somebody reads the account at the end, and has the records of the second half only: what is said of anybody is true."""
    for seed in range(4):
        account.reset()
        history = History(account)
        walk(history, seed, 250)
        (tmp_path / "today.json").write_text(json.dumps(details(account.iam), default=str))
        now = facts(details(account.iam))
        said = rebuilt(tmp_path, history.records[130:], "--account-details", tmp_path / "today.json")
        # Tags that a call replaced are not known again, and whoever is not known wholly is left out.
        assert said == {arn: now[arn] for arn in said}, f"seed {seed}"
        assert len(said) >= len(now) / 3


# What it decides.


def joined(group: str = "builders", time: datetime = BEGIN + timedelta(hours=1)) -> dict:
    return record("AddUserToGroup", {"UserName": "polsen", "GroupName": group}, time=time)


def powerful_group(group: str = "builders", text: dict | None = ADMIN) -> list[dict]:
    """The records of a group that is made and gets an administrator's rights."""
    made = {"Group": {"GroupName": group, "GroupId": "AGPAEXAMPLEEXAMPLE00", "Arn": f"arn:aws:iam::{ACCOUNT}:group/{group}", "Path": "/"}}
    put = {"GroupName": group, "PolicyName": "tools"} | ({"PolicyDocument": json.dumps(text)} if text else {})
    return [record("CreateGroup", {"GroupName": group}, made), record("PutGroupPolicy", put)]


def polsen() -> dict:
    user = {"User": {"UserName": "polsen", "UserId": "AIDAPOLSENEXAMPLE001", "Arn": f"arn:aws:iam::{ACCOUNT}:user/polsen", "Path": "/"}}
    return record("CreateUser", {"UserName": "polsen"}, user)


def answers(tmp_path, records: list[dict], *options: object, env: dict | None = None) -> dict[str, tuple[str, str]]:
    """What comes of the cases that their page shows: verdict and certainty, by guardrail."""
    page = tmp_path / "report.html"
    replayed(tmp_path, records, "--html", page, *options, env=env)
    return {case["guardrail"]: (case["verdict"], case["certainty"]) for case in cases_of(page) if "polsen" in case["target"] and case["guardrail"] != "worth-knowing"}


BY_GROUP = "no-administrator-by-group"


def test_what_a_group_got_before_decides_about_who_joins_it(tmp_path):
    assert answers(tmp_path, [*powerful_group(), polsen(), joined()]) == {BY_GROUP: ("taken-back", "certain")}
    assert answers(tmp_path, [*powerful_group(text=READ), polsen(), joined()]) == {}


def test_what_it_gets_later_does_not(tmp_path):
    made, put = powerful_group()
    put["eventTime"] = "2026-03-03T00:00:00Z"
    assert answers(tmp_path, [made, put, polsen(), joined()]) == {}


def test_the_records_count_in_order_of_time_wherever_they_stand(tmp_path):
    assert answers(tmp_path, [joined(), *powerful_group(), polsen()]) == {BY_GROUP: ("taken-back", "certain")}


def test_what_nobody_has_said_is_unknown(tmp_path):
    assert answers(tmp_path, [joined()])[BY_GROUP] == ("unknown", "unknown")
    # Of a group that is older than the records, they say only what was added to it.
    assert answers(tmp_path, [powerful_group()[1], joined()])[BY_GROUP] == ("unknown", "unknown")
    # A text that CloudTrail left out is not an empty one.
    assert answers(tmp_path, [*powerful_group(text=None), polsen(), joined()])[BY_GROUP] == ("unknown", "unknown")


@pytest.fixture
def today(account, tmp_path):
    """An account in which polsen is in a group of administrators, on the day on which somebody read it."""
    account.iam.create_group(GroupName="builders")
    account.iam.put_group_policy(GroupName="builders", PolicyName="tools", PolicyDocument=json.dumps(ADMIN))
    account.iam.create_user(UserName="polsen")
    account.iam.add_user_to_group(UserName="polsen", GroupName="builders")
    (tmp_path / "today.json").write_text(json.dumps(details(account.iam), default=str))
    return account


def test_what_an_account_is_said_to_have_been_is_assumed(today, tmp_path):
    expected = {BY_GROUP: ("taken-back", "assumed")}
    assert answers(tmp_path, [joined()], "--account-details", tmp_path / "today.json") == expected
    assert answers(tmp_path, [joined()], "--live-account-details", env=credentials(today.url)) == expected


def test_what_the_records_say_of_it_counts_for_more(today, tmp_path):
    """The group got its policy after polsen had joined it."""
    put = powerful_group()[1]
    put["eventTime"] = "2026-03-03T00:00:00Z"
    assert answers(tmp_path, [joined(), put], "--account-details", tmp_path / "today.json") == {}


def test_what_the_records_say_of_the_time_after_it_counts_as_well(today, tmp_path):
    """The same, asked about the day before the group got its policy."""
    put = powerful_group()[1]
    put["eventTime"] = "2026-03-03T00:00:00Z"
    assert answers(tmp_path, [joined(), put], "--account-details", tmp_path / "today.json", "--to", "2026-03-02T20:00:00Z") == {}


def test_policies_that_name_somebody_who_was_renamed_are_looked_for_in_what_the_account_was(account, tmp_path):
    for user in ("olsen", "mallory"):
        account.iam.create_user(UserName=user)
    trust = {"Statement": {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:user/polsen"}, "Action": "sts:AssumeRole"}}
    account.iam.create_role(RoleName="deployer", AssumeRolePolicyDocument=json.dumps(trust))
    (tmp_path / "today.json").write_text(json.dumps(details(account.iam), default=str))
    options = ("--account-details", tmp_path / "today.json")
    renamed = record("UpdateUser", {"UserName": "polsen", "NewUserName": "olsen"})
    named = "nothing-names-who-was-renamed"
    assert named not in answers(tmp_path, [renamed])
    assert answers(tmp_path, [renamed], *options)[named] == ("noticed", "assumed")
    # Before the rename the trust policy had named somebody else.
    changed = record("UpdateAssumeRolePolicy", {"RoleName": "deployer", "PolicyDocument": json.dumps(trust).replace("polsen", "petersen")})
    assert named not in answers(tmp_path, [changed, renamed], *options)


def test_how_many_answers_are_assumed_is_told(today, tmp_path):
    (tmp_path / "log.jsonl").write_text(json.dumps(joined()))
    told = rescind("replay", tmp_path / "log.jsonl", "--account-details", tmp_path / "today.json").stdout
    assert "assumed, from the accounts' details of another day: 1" in told


def test_records_from_before_the_time_that_is_asked_about_are_no_cases_and_count_all_the_same(tmp_path):
    records = [*powerful_group(), polsen(), joined()]
    since = "2026-03-02T12:30:00Z"
    assert answers(tmp_path, records, "--from", since) == {BY_GROUP: ("taken-back", "certain")}
    assert replayed(tmp_path, records, "--from", since)["judged"] == 1


def test_a_call_that_aws_refused_changed_nothing(tmp_path):
    made, put = powerful_group()
    assert answers(tmp_path, [made, put | {"errorCode": "AccessDenied"}, polsen(), joined()]) == {}


def test_one_account_is_not_taken_for_another(tmp_path):
    records = [*({**record, "recipientAccountId": "999999999999"} for record in powerful_group()), polsen(), joined()]
    assert answers(tmp_path, records)[BY_GROUP] == ("unknown", "unknown")


@pytest.mark.parametrize("text, why", [("{}", "not what `aws iam get-account-authorization-details` prints"), ('{"UserDetailList":[],"GroupDetailList":[],"RoleDetailList":[],"Policies":[]}', "of which it is")])
def test_what_is_no_account_is_refused(tmp_path, text, why):
    (tmp_path / "log.jsonl").write_text(json.dumps(joined()))
    (tmp_path / "details.json").write_text(text)
    ran = rescind("replay", tmp_path / "log.jsonl", "--account-details", tmp_path / "details.json")
    assert ran.returncode == 1 and why in ran.stderr, ran.stderr


def test_what_is_rebuilt_can_be_explained(tmp_path):
    replayed(tmp_path, [*powerful_group(), polsen(), joined()], "--write-account-details", tmp_path / "accounts")
    explained = rescind("explain", "user", "polsen", "--from", tmp_path / "accounts" / f"{ACCOUNT}.json")
    assert explained.returncode == 0 and "All together: admin" in explained.stdout, explained.stderr
