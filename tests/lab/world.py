"""An AWS account, a function in it, and everything that an event brings about: the sentences that acceptance tests are made of.

    polsen = world.user("polsen", holds=[BILLING, READ_ONLY])
    seen = world.receives(attachment(BILLING, user=polsen))
    assert seen.outcome == "applied"
    assert seen.changed == {polsen.no_longer_holds(BILLING)}
"""

import contextlib
import json
import os
import signal
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

from botocore import xform_name
from botocore.exceptions import ClientError
from lab import account
from lab.binaries import RELEASE
from lab.emulator import ACCOUNT, CREDENTIALS, REGION, Emulator, changed
from lab.events import ROOT, scheduled
from lab.inbox import Inbox, Notice
from lab.ledger import Ledger
from lab.proxy import Call, Proxy
from lab.rie import FunctionError, Invocation, Rie

GUARDRAILS = ROOT / "guardrails"
FUNCTIONS = tuple(sorted(crate.parent.name for crate in (ROOT / "functions").glob("*/Cargo.toml")))
OWN_ROLES = tuple(f"rescind-{function}" for function in FUNCTIONS)
DETACH_POLICY = "detach-policy"
QUARANTINE_KEY = "quarantine-key"
QUARANTINE_PRINCIPAL = "quarantine-principal"
REMOVE_GROUP_MEMBER = "remove-group-member"
DELETE_INLINE_POLICY = "delete-inline-policy"
RESTORE_TRUST = "restore-trust"
RESTORE_POLICY_VERSION = "restore-policy-version"
DETACH_EVERYWHERE = "detach-everywhere"
REMOVE_LOGIN = "remove-login"
RESTORE_PASSWORD_POLICY = "restore-password-policy"
RESTORE_GUARD = "restore-guard"
WATCH = "watch"
WATCH_TAMPERING = "watch-tampering"
# Function processes that are kept running, the least recently used one ends first.
KEPT = 24
DENIES_ALL = "RescindDenyEverything-0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"
# What the stack contains users by.
DENIES_WITHOUT_MFA = "RescindDenyWithoutMfa-0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"
DENY_WITHOUT_MFA = f"arn:aws:iam::{ACCOUNT}:policy/rescind/{DENIES_WITHOUT_MFA}"
DENY_EVERYTHING = f"arn:aws:iam::{ACCOUNT}:policy/rescind/{DENIES_ALL}"
BYSTANDERS = frozenset({"accountant", "auditor", "finance", DENIES_ALL, DENIES_WITHOUT_MFA})
TRUST = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
DENY_ALL = {"Version": "2012-10-17", "Statement": [{"Sid": "Quarantine", "Effect": "Deny", "Action": "*", "Resource": "*"}]}
ENROLLING = ["CreateVirtualMFADevice", "EnableMFADevice", "GetUser", "ListMFADevices", "ListVirtualMFADevices", "ResyncMFADevice"]
NO_MFA = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
ONESELF = ["arn:*:iam::*:user/${aws:username}", "arn:*:iam::*:user/*/${aws:username}"]
# What the stack's denial without MFA says.
WITHOUT_MFA = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "EnrolADeviceFirst",
            "Effect": "Deny",
            "NotAction": [*(f"iam:{call}" for call in ENROLLING), "sts:GetSessionToken"],
            "Resource": "*",
            "Condition": NO_MFA,
        },
        {
            "Sid": "ForOneself",
            "Effect": "Deny",
            "Action": ["iam:EnableMFADevice", "iam:GetUser", "iam:ListMFADevices", "iam:ResyncMFADevice"],
            "NotResource": ONESELF,
            "Condition": NO_MFA,
        },
    ],
}
ALLOW_READING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}


@dataclass(frozen=True)
class Target:
    """A user, group or role of the account, and how `Observation.changed` words what happened to it."""

    kind: str
    name: str
    id: str
    arn: str

    def no_longer_holds(self, policy: str) -> str:
        return f"- {self.kind} {self.name} holds {policy}"

    def now_holds(self, policy: str) -> str:
        return f"+ {self.kind} {self.name} holds {policy}"

    def no_longer_in(self, group: str) -> str:
        return f"- {self.kind} {self.name} is in group {group}"

    def no_longer_has(self, policy: str, document: dict) -> str:
        """An inline policy is gone."""
        return f"- {self.kind} {self.name} has inline policy {policy}: {json.dumps(document, sort_keys=True)}"

    def now_has(self, policy: str, document: dict) -> str:
        """An inline policy is new."""
        return f"+{self.no_longer_has(policy, document)[1:]}"

    def trusts(self, before: str, now: str) -> set[str]:
        """A role has another trust policy."""
        who = f"{self.kind} {self.name} trusts"
        return {f"- {who} {json.dumps(json.loads(before), sort_keys=True)}", f"+ {who} {json.dumps(json.loads(now), sort_keys=True)}"}

    def is_bounded(self, policy: str) -> str:
        """This policy is the permissions boundary now."""
        return f"+ {self.kind} {self.name} is bounded by {policy}"

    def no_longer_bounded(self, policy: str) -> str:
        return f"-{self.is_bounded(policy)[1:]}"

    def no_longer_active(self, key: str, what: str = "access key") -> set[str]:
        who = f"{self.kind} {self.name} has {what} {key}"
        return {f"- {who}, Active", f"+ {who}, Inactive"}


@dataclass(frozen=True)
class Observation:
    """Everything that one event brought about."""

    invocation: Invocation
    notices: list[Notice]
    calls: list[Call]
    changed: set[str]
    # Notices about the stop, which the first event or tick to see it sends as well.
    stops: list[Notice]

    @property
    def error(self) -> FunctionError | None:
        return self.invocation.error

    @property
    def cases(self) -> list[dict]:
        assert self.error is None, f"the function failed: {self.error}\n" + "\n".join(self.invocation.logs[-20:])
        return self.invocation.payload["cases"]

    @property
    def case(self) -> dict:
        (case,) = self.cases
        return case

    @property
    def outcome(self) -> str:
        return self.case["outcome"]

    @property
    def notice(self) -> Notice:
        (notice,) = self.notices
        return notice

    @property
    def operations(self) -> list[str]:
        """The AWS calls by name, in order, retries too, but for those to the ledger."""
        return [call.operation for call in self.calls if call.service != "dynamodb"]

    @property
    def ledger(self) -> list[str]:
        """The calls to the ledger by name, in order, retries too."""
        return [call.operation for call in self.calls if call.service == "dynamodb"]

    @property
    def writes(self) -> list[Call]:
        """The calls to IAM that could have changed something, in order, retries too."""
        return [call for call in self.calls if call.service == "iam" and not call.operation.startswith(("Get", "List"))]

    @property
    def logged(self) -> dict:
        """The case as the function's log has it: all that is left of it if the invocation ended in an error."""
        (case,) = [json.loads(record["case_json"]) for record in self.invocation.records() if "case_json" in record]
        return case

    @property
    def undos(self) -> list[dict]:
        """The receipts of all that was done, in the order in which they undo it."""
        return [receipt for outcome in self.case["outcomes"] for receipt in outcome.get("undo", [])]

    @property
    def undo(self) -> dict:
        """The receipt of the one thing that was done."""
        (receipt,) = self.undos
        return receipt


class World:
    """One emulated account behind one proxy; function processes are kept and used again, one for each function and configuration."""

    def __init__(self):
        self.account = Emulator()
        self.aws = Proxy(self.account.port)
        self.iam = self.account.iam
        self.inbox = Inbox(self.account)
        self._open_topic()
        self._untouched: frozenset[str] = frozenset()
        self._functions: OrderedDict[tuple, Rie] = OrderedDict()
        # Every call that a function made since the world began, as `service:Operation`, whatever was forgotten.
        self.made: dict[str, set[str]] = {function: set() for function in FUNCTIONS}

    def _open_topic(self) -> None:
        self.topic = self.account.topic("rescind-notices")
        self.inbox.subscribe(self.topic)
        self.ledger = Ledger(self.account)

    # Building it.

    def user(self, name: str, holds=(), groups=(), path: str = "/", tags: dict[str, str] | None = None) -> Target:
        made = self.iam.create_user(UserName=name, Path=path, Tags=_tags(tags))["User"]
        for group in groups:
            self.iam.add_user_to_group(UserName=name, GroupName=getattr(group, "name", group))
        return self._holding(Target("user", name, made["UserId"], made["Arn"]), holds)

    def group(self, name: str, holds=(), path: str = "/") -> Target:
        made = self.iam.create_group(GroupName=name, Path=path)["Group"]
        return self._holding(Target("group", name, made["GroupId"], made["Arn"]), holds)

    def role(self, name: str, holds=(), path: str = "/", tags: dict[str, str] | None = None) -> Target:
        made = self.iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=json.dumps(TRUST), Tags=_tags(tags))["Role"]
        return self._holding(Target("role", name, made["RoleId"], made["Arn"]), holds)

    def trusting(self, name: str, document: str) -> Target:
        """A role with this trust policy, as it stands, even if the emulator finds fault with it."""
        role = self.role(name)
        self.iam.update_assume_role_policy(RoleName=name, PolicyDocument=document)
        return role

    def policy(self, name: str, document: dict = ALLOW_READING, path: str = "/") -> str:
        """The ARN of a customer-managed policy."""
        return self.iam.create_policy(PolicyName=name, Path=path, PolicyDocument=json.dumps(document))["Policy"]["Arn"]

    def writes_version(self, policy: str, document: dict, default: bool = True) -> str:
        """The id of a new version of a customer-managed policy."""
        made = self.iam.create_policy_version(PolicyArn=policy, PolicyDocument=json.dumps(document), SetAsDefault=default)
        return made["PolicyVersion"]["VersionId"]

    def default_moves(self, policy: str, **documents: dict) -> set[str]:
        """The facts that change when the default moves from the first of these versions to the second, each with its document."""
        (old, was), (new, now) = ((version, json.dumps(document, sort_keys=True)) for version, document in documents.items())
        return {
            f"- policy {policy} version {old}, the default, is {was}",
            f"+ policy {policy} version {old} is {was}",
            f"- policy {policy} version {new} is {now}",
            f"+ policy {policy} version {new}, the default, is {now}",
        }

    def rename(self, user: Target, new: str) -> Target:
        self.iam.update_user(UserName=user.name, NewUserName=new)
        self.aws.tell_whose_key_it_is(new)
        return Target("user", new, user.id, user.arn.removesuffix(user.name) + new)

    def login(self, user: Target, made: str | None = "2026-03-02T10:00:00Z") -> str:
        """Gives a user a console password, and says when IAM is to have made it: without a time, when the emulator made the user. Returns the fact."""
        self.iam.create_login_profile(UserName=user.name, Password="Correct-horse-9")
        if made:
            self.iam.tag_user(UserName=user.name, Tags=[{"Key": account.LOGIN, "Value": made}])
        return f"user {user.name} has a console password"

    def enrols(self, user: Target, device: str = "phone") -> str:
        """Gives a user an MFA device, and returns its serial number."""
        serial = self.iam.create_virtual_mfa_device(VirtualMFADeviceName=device)["VirtualMFADevice"]["SerialNumber"]
        self.iam.enable_mfa_device(UserName=user.name, SerialNumber=serial, AuthenticationCode1="123456", AuthenticationCode2="654321")
        return serial

    def password_policy(self, **rules: int | bool) -> None:
        """Sets the account's password policy; what is not named is IAM's default."""
        self.iam.update_account_password_policy(**rules)

    def bound(self, user: Target, policy: str) -> None:
        """Sets the permissions boundary of a user or role."""
        kind = user.kind.capitalize()
        put = getattr(self.account.client("iam", self.aws.url), f"put_{user.kind}_permissions_boundary")
        put(**{f"{kind}Name": user.name, "PermissionsBoundary": policy})

    def join(self, user: Target, group: Target) -> None:
        self.iam.add_user_to_group(UserName=user.name, GroupName=group.name)

    def remove(self, kind: str, name: str) -> None:
        """Deletes a user, a group, a role or a policy with everything that belongs to it."""
        account.remove(self.iam, kind, name)

    def attach(self, policy: str, to: Target) -> None:
        getattr(self.iam, f"attach_{to.kind}_policy")(**{f"{to.kind.capitalize()}Name": to.name, "PolicyArn": policy})

    def writes_inline(self, target: Target, document: dict | str = ALLOW_READING, name: str = "inline") -> None:
        """An inline policy of the target; a document that is a string is written as it stands."""
        put = getattr(self.iam, f"put_{target.kind}_policy")
        text = document if isinstance(document, str) else json.dumps(document)
        put(**{f"{target.kind.capitalize()}Name": target.name, "PolicyName": name, "PolicyDocument": text})

    def inline_text(self, target: Target, name: str = "inline") -> str | None:
        """The text of an inline policy, byte for byte; `None` if there is no such policy."""
        return account.inline_text(self.account.client("iam"), target.kind, target.name, name)

    def key(self, user: Target, status: str = "Active") -> str:
        """The id of a new access key of the user."""
        made = self.iam.create_access_key(UserName=user.name)["AccessKey"]["AccessKeyId"]
        if status != "Active":
            self.iam.update_access_key(UserName=user.name, AccessKeyId=made, Status=status)
        return made

    def bystanders(self) -> None:
        """Others who hold what a guardrail forbids, and much else: who is not named by an event must not notice it. And the stack's own policy."""
        billing = "arn:aws:iam::aws:policy/job-function/Billing"
        finance = self.group("finance", holds=[billing])
        self.user("accountant", holds=[billing], groups=[finance], tags={"team": "finance"})
        self.iam.put_user_policy(UserName="accountant", PolicyName="reads", PolicyDocument=json.dumps(ALLOW_READING))
        self.iam.create_access_key(UserName="accountant")
        self.iam.create_login_profile(UserName="accountant", Password="Correct-horse-9")
        self.role("auditor", holds=[billing])
        self.iam.update_account_password_policy(MinimumPasswordLength=14)
        self.policy(DENIES_ALL, DENY_ALL, path="/rescind/")
        self.policy(DENIES_WITHOUT_MFA, WITHOUT_MFA, path="/rescind/")

    def _holding(self, target: Target, policies) -> Target:
        for policy in policies:
            self.attach(policy, target)
        return target

    # Letting something happen in it.

    def environment(self, mode: str = "enforce", guardrails: Path = GUARDRAILS, **variables: str) -> dict[str, str]:
        """What the function finds in its environment: as Lambda sets it, and AWS behind the proxy."""
        return {
            "MODE": mode,
            "NOTICE_TOPIC_ARN": self.topic,
            "ACCOUNT_ID": ACCOUNT,
            "OWN_ROLES": ",".join(OWN_ROLES),
            "BREAK_GLASS": "",
            "TRUSTED_ACCOUNTS": "",
            "DENY_EVERYTHING_POLICY": DENY_EVERYTHING,
            "DENY_WITHOUT_MFA_POLICY": DENY_WITHOUT_MFA,
            "LEDGER_TABLE": self.ledger.table,
            "LEDGER_DAYS": "400",
            "STORM_LIMIT": "20",
            # Whatever there is to say is said at once, unless a test asks for the digest.
            "NOTICE_SEVERITY": "low",
            "GUARDRAILS_DIR": str(guardrails),
            "AWS_REGION": REGION,
            "AWS_ENDPOINT_URL": self.aws.url,
            **{name.upper(): value for name, value in CREDENTIALS.items()},
            **variables,
        }

    def function(self, mode: str = "enforce", name: str = DETACH_POLICY, **settings) -> Rie:
        """The function under that configuration: the process that is there already, or a new one."""
        env = self.environment(mode, **settings)
        key = (name, *sorted(env.items()))
        if key not in self._functions:
            self._functions[key] = Rie(RELEASE / name, env)
            if len(self._functions) > KEPT:
                self._functions.popitem(last=False)[1].stop()
        self._functions.move_to_end(key)
        return self._functions[key]

    def receives(self, event: object, mode: str = "enforce", fresh: bool = False, name: str = DETACH_POLICY, seconds: int = 30, **settings) -> Observation:
        """One event reaches the function of that name; what comes of it, and everything that changed.

        `fresh` gives it a process of its own, with so many `seconds` until Lambda kills it: where AWS throttles, the client remembers, and later
        calls of the same process wait.
        """
        function = Rie(RELEASE / name, self.environment(mode, **settings), seconds) if fresh else self.function(mode, name, **settings)
        self._running = function
        try:
            before, seen = self.account.snapshot(), len(self.aws.calls())
            invocation = function.invoke(event)
            after = self.account.snapshot()
            made = self.aws.calls()[seen:]
            self.made[name] |= {str(call) for call in made}
            calls = [call for call in made if not call.only_connects]
            sent = self.inbox.take()
            stops = [notice for notice in sent if "stop" in notice.case]
            # Of a tick they are all there is to see.
            is_tick = isinstance(event, dict) and event.get("detail-type") == "Scheduled Event"
            notices = sent if is_tick else [notice for notice in sent if notice not in stops]
            return Observation(invocation, notices, calls, changed(before, after), stops)
        finally:
            if fresh:
                function.stop()

    def tick(self, mode: str = "enforce", **settings) -> Observation:
        """What the schedule brings about every few minutes."""
        return self.receives(scheduled(), mode, **settings)

    def kill(self) -> bool:
        """Ends the process of the function that is at work, as Lambda does, without a word."""
        pid = self._running.function_pid()
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
        return True

    def take_back(self, undo: dict) -> None:
        """Does what an undo receipt says, by its parameters, which are all text."""
        client = self.account.client(undo["service"])
        shape = client.meta.service_model.operation_model(undo["operation"]).input_shape
        typed = {"integer": int, "boolean": {"true": True, "false": False}.__getitem__}
        parameters = {name: typed.get(shape.members[name].type_name, str)(value) for name, value in undo["parameters"].items()}
        getattr(client, xform_name(undo["operation"]))(**parameters)

    # Between tests, and at the end.

    def start_over(self) -> None:
        """An account with nobody in it but the bystanders, an empty inbox, an AWS that behaves.

        Resetting the emulator takes a second, so it is done only where what a test left does not go away by IAM's own calls.
        """
        self.aws.forget()
        self.inbox.take()
        self.ledger.clear()
        # A key of a user who was renamed does not go away in the emulator.
        with contextlib.suppress(ClientError):
            account.clear(self.iam, keep=BYSTANDERS)
            if self._untouched and self.account.snapshot() == self._untouched:
                return
            account.clear(self.iam)
        if self.account.snapshot():
            self.account.reset()
            self._open_topic()
        self.bystanders()
        self._untouched = self.account.snapshot()

    def stop(self) -> None:
        for function in self._functions.values():
            function.stop()
        self.aws.stop()
        self.account.stop()
        self.inbox.stop()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def _tags(tags: dict[str, str] | None) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in (tags or {}).items()]
