"""What `rescind replay` knows of an account at the time of a change: from the records before it, over what the account is said to have been."""

import json
import random
from collections import Counter
from datetime import datetime, timedelta, timezone
from pathlib import Path
from urllib.parse import unquote

import pytest
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError
from lab.command import credentials, rescind
from lab.delivery import Rules
from lab.emulator import ACCOUNT, Emulator
from lab.events import anew, envelope, iam_user, sample
from lab.world import Observation

ADMIN = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
READ = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
TRUST = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
BEGIN = datetime(2026, 3, 2, 12, tzinfo=timezone.utc)


def camel(value):
    """As CloudTrail writes what boto3 takes and gives."""
    if isinstance(value, dict):
        return {key[:1].lower() + key[1:]: camel(inner) for key, inner in value.items() if key != "ResponseMetadata"}
    if isinstance(value, list):
        return [camel(inner) for inner in value]
    return value if isinstance(value, (str, bool, int)) or value is None else str(value)


def record(call: str, parameters: dict, response: dict | None = None, time: datetime = BEGIN, **members) -> dict:
    template = anew(sample("attach-user-policy"))["detail"]
    return {
        **template,
        "eventName": call,
        "eventTime": time.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "userIdentity": iam_user("mallory", "AIDAMALLORYEXAMPLE01"),
        "requestParameters": camel(parameters),
        "responseElements": camel(response) or None,
        "recipientAccountId": ACCOUNT,
        **members,
    }


def replayed(tmp_path, records: list[dict], *options: object, env: dict | None = None) -> dict:
    path = tmp_path / "log.jsonl"
    path.write_text("\n".join(map(json.dumps, records)))
    ran = rescind("replay", path, "--json", *options, env=env)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


# What the records say.


class History:
    """An account in the emulator, and the records of every call that was made in it."""

    def __init__(self, account: Emulator, begin: datetime = BEGIN, happened=lambda record: None):
        self.iam, self.time, self.records, self.happened = account.iam, begin, [], happened

    def call(self, name: str, **parameters) -> dict | None:
        method = "".join("_" + letter.lower() if letter.isupper() else letter for letter in name).lstrip("_").replace("m_f_a_", "mfa_")
        try:
            response, refused = getattr(self.iam, method)(**parameters), {}
        except ClientError as error:
            response, refused = None, {"errorCode": error.response["Error"]["Code"]}
        except ResponseParserError:  # the emulator's own failure, which changes nothing
            response, refused = None, {"errorCode": "ServiceFailure"}
        self.records.append(record(name, parameters, response, self.time, **refused))
        self.happened(self.records[-1])
        self.time += timedelta(seconds=random.Random(len(self.records)).randrange(2))
        return response


def walk(history: History, seed: int, steps: int) -> None:
    """Random calls, of which many are refused: the names are few."""
    chance = random.Random(seed)
    arns: list[str] = []
    user, group, role, policy = (lambda kind=kind: f"{kind}-{chance.randrange(3)}" for kind in ("user", "group", "role", "policy"))
    arn = lambda: chance.choice(arns or [f"arn:aws:iam::{ACCOUNT}:policy/none"])  # noqa: E731
    text = lambda: json.dumps(chance.choice([ADMIN, READ]))  # noqa: E731
    path = lambda: chance.choice(["/", "/team/"])  # noqa: E731
    calls = {
        "CreateUser": lambda: {"UserName": user(), "Path": path()},
        "CreateGroup": lambda: {"GroupName": group()},
        "CreateRole": lambda: {"RoleName": role(), "AssumeRolePolicyDocument": json.dumps(TRUST), "Tags": [{"Key": "of", "Value": "a"}]},  # the emulator mixes up the tags of renamed users
        "CreatePolicy": lambda: {"PolicyName": policy(), "PolicyDocument": text()},
        "CreatePolicyVersion": lambda: {"PolicyArn": arn(), "PolicyDocument": text(), "SetAsDefault": chance.random() < 0.5},
        "SetDefaultPolicyVersion": lambda: {"PolicyArn": arn(), "VersionId": f"v{chance.randrange(1, 4)}"},
        "DeletePolicyVersion": lambda: {"PolicyArn": arn(), "VersionId": f"v{chance.randrange(1, 4)}"},
        "AttachUserPolicy": lambda: {"UserName": user(), "PolicyArn": arn()},
        "AttachGroupPolicy": lambda: {"GroupName": group(), "PolicyArn": arn()},
        "AttachRolePolicy": lambda: {"RoleName": role(), "PolicyArn": arn()},
        "DetachUserPolicy": lambda: {"UserName": user(), "PolicyArn": arn()},
        "DetachGroupPolicy": lambda: {"GroupName": group(), "PolicyArn": arn()},
        "DetachRolePolicy": lambda: {"RoleName": role(), "PolicyArn": arn()},
        "PutUserPolicy": lambda: {"UserName": user(), "PolicyName": policy(), "PolicyDocument": text()},
        "PutGroupPolicy": lambda: {"GroupName": group(), "PolicyName": policy(), "PolicyDocument": text()},
        "PutRolePolicy": lambda: {"RoleName": role(), "PolicyName": policy(), "PolicyDocument": text()},
        "DeleteUserPolicy": lambda: {"UserName": user(), "PolicyName": policy()},
        "DeleteGroupPolicy": lambda: {"GroupName": group(), "PolicyName": policy()},
        "DeleteRolePolicy": lambda: {"RoleName": role(), "PolicyName": policy()},
        "PutUserPermissionsBoundary": lambda: {"UserName": user(), "PermissionsBoundary": arn()},
        "DeleteUserPermissionsBoundary": lambda: {"UserName": user()},
        "PutRolePermissionsBoundary": lambda: {"RoleName": role(), "PermissionsBoundary": arn()},
        "DeleteRolePermissionsBoundary": lambda: {"RoleName": role()},
        "AddUserToGroup": lambda: {"UserName": user(), "GroupName": group()},
        "RemoveUserFromGroup": lambda: {"UserName": user(), "GroupName": group()},
        "UpdateAssumeRolePolicy": lambda: {"RoleName": role(), "PolicyDocument": json.dumps(TRUST | {"Id": str(chance.randrange(9))})},
        "UpdateUser": lambda: {"UserName": user(), "NewUserName": user()},
        "UpdateGroup": lambda: {"GroupName": group(), "NewGroupName": group()},
        "TagRole": lambda: {"RoleName": role(), "Tags": [{"Key": "team", "Value": chance.choice("xy")}]},
        "UntagRole": lambda: {"RoleName": role(), "TagKeys": [chance.choice(["of", "team"])]},
        "DeleteUser": lambda: {"UserName": user()},
        "DeleteGroup": lambda: {"GroupName": group()},
        "DeleteRole": lambda: {"RoleName": role()},
        "DeletePolicy": lambda: {"PolicyArn": arn()},
    }
    for call in ["CreateUser", "CreateGroup", "CreateRole", "CreatePolicy"] * 3 + chance.choices(list(calls), k=steps):
        made = history.call(call, **calls[call]())
        if call == "CreatePolicy" and made:
            arns.append(made["Policy"]["Arn"])


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


def test_the_functions_decide_the_same_as_a_replay_of_their_history(world, tmp_path):
    """Every call of a random walk reaches the functions at once, as the rules deliver it, and they ask the account as it is then."""
    rules, live = Rules(), {}

    def happened(record: dict) -> None:
        event = envelope(record)
        for name in rules.reached(event):
            seen = Observation(world.function("observe", name).invoke(event), [], [], set(), [])
            live.update({case["id"]: case for case in seen.cases})

    history = History(world.account, datetime.now(timezone.utc).replace(microsecond=0), happened)
    walk(history, 7, 120)
    page = tmp_path / "report.html"
    replayed(tmp_path, history.records, "--html", page)
    guardrail = lambda case: [*case["decision"]["guardrails"], *case["decision"].get("undecided", {}).get("guardrails", [])][0]["id"]  # noqa: E731
    lived = Counter((guardrail(case), case["decision"]["verdict"] == "unknown") for case in live.values())
    # Few of the calls that AWS refused reach a function.
    told = [case for case in cases_of(page) if case["verdict"] != "refused"]
    assert Counter((case["guardrail"], case["verdict"] == "unknown") for case in told) == lived
    assert len(lived) > 3


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


def cases_of(page: Path) -> list[dict]:
    """Those that a report shows."""
    data, _ = json.JSONDecoder().raw_decode(page.read_text().split('id="data">', 1)[1])
    return data["cases"]


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


def test_how_many_answers_are_assumed_is_told(today, tmp_path):
    (tmp_path / "log.jsonl").write_text(json.dumps(joined()))
    told = rescind("replay", tmp_path / "log.jsonl", "--account-details", tmp_path / "today.json").stdout
    assert "answers that rest on the accounts' details, which are of another day: 1" in told


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
