"""The whole story on this machine: forbidden changes are taken back, an exposed key is set inactive, its owner is quarantined, and people are notified.

The functions are the release binaries under AWS's own Lambda Runtime Interface Emulator; IAM, DynamoDB, SNS and SQS are moto's. Nothing leaves this
machine. The exit status is 1 if a scene ends differently than it should. No process stays behind.
"""

import json
import os
import shlex
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

import screen  # noqa: E402
from lab import processes  # noqa: E402
from lab.binaries import RELEASE  # noqa: E402
from lab.command import RESCIND, credentials, rescind  # noqa: E402
from lab.events import BILLING, READ_ONLY, attachment, exposure, iam_user, put_inline, sample, trust_updated, version_created  # noqa: E402
from lab.offence import ADMINISTRATOR, ALLOW_ALL  # noqa: E402
from lab.rulebook import exemption, rulebook  # noqa: E402
from lab.world import (  # noqa: E402
    ALLOW_READING,
    DELETE_INLINE_POLICY,
    FUNCTIONS,
    GUARDRAILS,
    QUARANTINE_KEY,
    QUARANTINE_PRINCIPAL,
    RESTORE_POLICY_VERSION,
    RESTORE_TRUST,
    Observation,
    Target,
    World,
)

EVENT = "events/attach-user-policy.json"
# Neither statement grants everything, but together they do.
NOT_READ_ONLY = {
    "Version": "2012-10-17",
    "Statement": [
        {"Sid": "Read", "Effect": "Allow", "NotAction": "iam:*", "Resource": "*"},
        {"Sid": "ListUsers", "Effect": "Allow", "Action": ["iam:*"], "Resource": "*"},
    ],
}
# As somebody typed it: the undo has to give back every space.
TYPED_BY_HAND = '{"Version": "2012-10-17",\n  "Statement": {"Effect": "Allow",   "Action": "*", "Resource": "*"}}\n'


class Demo:
    """The story: one policy attached again and again, one that is not what its name says, an inline policy, a version, a trust policy, a key on the
    internet, and a stop."""

    def __init__(self, world: World, scratch: Path):
        self.world = world
        self.scratch = scratch
        self.event = sample("attach-user-policy")
        self.events: list[dict] = []
        self.failures = 0

    def run(self) -> int:
        finance = self.world.group("finance", holds=[BILLING])
        self.world.user("accountant", groups=[finance])
        polsen = self.world.user("polsen", holds=[READ_ONLY, BILLING])
        self.taken_back(polsen)
        self.again()
        self.exempted(polsen)
        self.observed(polsen)
        self.read_only_that_is_not(polsen)
        self.inline_policy(polsen)
        self.policy_version()
        self.trust()
        self.key_on_the_internet()
        self.stopped(polsen)
        self.made_again(polsen)
        self.replayed()
        screen.say()
        screen.title("Everything is as it should be." if not self.failures else f"{self.failures} of these are not as they should be.")
        return 1 if self.failures else 0

    def taken_back(self, polsen: Target) -> None:
        screen.scene(1, "polsen attaches the Billing policy to polsen")
        screen.step("IAM before")
        self.show_account()
        self.show_decision()
        seen = self.send("The event reaches the function, whose process starts with this first one", mode="enforce")
        screen.step("The remedy")
        self.show_calls(seen)
        screen.step("IAM after")
        self.show_account(seen.changed)
        self.show_notice(seen)
        screen.step("To give it back")
        if seen.outcome == "applied":
            screen.command(seen.undo["command"])
        self.expect(
            "applied", seen, changed={polsen.no_longer_holds(BILLING)}, says="Taken back from polsen, and nothing else in the account moved."
        )

    def again(self) -> None:
        screen.scene(2, "The same event again")
        screen.say()
        screen.say("EventBridge and Lambda may deliver an event twice. The function finds in its ledger that this one is done.")
        seen = self.send("The event reaches the function, which is already running", mode="enforce")
        self.show_calls(seen)
        self.expect("applied", seen, changed=set(), notices=0, says="Done once, reported once: the second time nothing happens.")

    def exempted(self, polsen: Target) -> None:
        screen.scene(3, "polsen does it again, now with an exemption")
        self.world.attach(BILLING, polsen)
        self.event = attachment(BILLING, user=polsen, actor=iam_user("polsen"))
        granted = exemption(polsen.arn)
        screen.step("Added to exemptions.cedar, in a copy of the rulebook")
        screen.lines(granted.strip(), mark="│")
        seen = self.send("The event reaches the function, with this rulebook", mode="enforce", guardrails=rulebook(self.scratch, exemptions=granted))
        self.show_calls(seen)
        self.show_subject(seen, "Exemption")
        self.expect("exempt", seen, changed=set(), says="Exempt: polsen keeps it, and the notice names the exemption and its owner.")

    def observed(self, polsen: Target) -> None:
        screen.scene(4, "The same in observe mode, in which every deployment starts")
        seen = self.send("The event reaches the function, which only observes", mode="observe")
        self.show_calls(seen)
        self.show_subject(seen, "By hand")
        self.expect("observed", seen, changed=set(), says="Observed: the notice lists the exact calls that enforcing would make.")

    def read_only_that_is_not(self, polsen: Target) -> None:
        screen.scene(5, "polsen writes a policy, calls it ReadOnly, and attaches it")
        policy = self.world.policy("ReadOnly", NOT_READ_ONLY)
        self.world.attach(policy, polsen)
        screen.step("What it grants: rescind grants")
        granted = rescind("grants", "-", stdin=json.dumps(NOT_READ_ONLY))
        screen.lines((granted.stdout + granted.stderr).strip("\n"), mark="│")
        seen = self.send("The event reaches the function", event=attachment(policy, user=polsen), mode="enforce")
        self.show_calls(seen)
        self.show_subject(seen, "Guardrail", "Why")
        self.expect("applied", seen, changed={polsen.no_longer_holds(policy)}, says="Taken back: the policy was judged by what it grants.")

    def inline_policy(self, polsen: Target) -> None:
        screen.scene(6, "polsen writes an inline policy that allows everything")
        self.world.writes_inline(polsen, TYPED_BY_HAND, name="helper")
        before = self.world.account.snapshot()
        event = put_inline(polsen, TYPED_BY_HAND, name="helper")
        seen = self.send("The event reaches delete-inline-policy", event=event, name=DELETE_INLINE_POLICY, mode="enforce")
        self.show_calls(seen)
        self.show_subject(seen, "Guardrail", "Why")
        deleted = polsen.no_longer_has("helper", json.loads(TYPED_BY_HAND))
        self.expect("applied", seen, changed={deleted}, says="Deleted, after a second look that it still says what is forbidden.")
        self.undo(seen)
        same = self.world.account.snapshot() == before and self.world.inline_text(polsen, "helper") == TYPED_BY_HAND
        self.check(same, "Given back: the text is the same, byte for byte.")

    def policy_version(self) -> None:
        screen.scene(7, "polsen writes another version of a policy that a whole team holds")
        tools = self.world.policy("tools", ALLOW_READING)
        self.world.group("team", holds=[tools])
        event = version_created(tools, self.world.writes_version(tools, ALLOW_ALL), ALLOW_ALL, actor=iam_user("polsen"))
        seen = self.send("The event reaches restore-policy-version", event=event, name=RESTORE_POLICY_VERSION, mode="enforce")
        self.show_calls(seen)
        self.show_subject(seen, "What", "Guardrail", "Why")
        versions = {v["VersionId"]: v["IsDefaultVersion"] for v in self.world.iam.list_policy_versions(PolicyArn=tools)["Versions"]}
        taken_back = (seen.outcome, versions) == ("applied", {"v1": True, "v2": False})
        self.check(taken_back, "Taken back: v1 counts again, and v2 stays stored, so that a person can read it.")

    def trust(self) -> None:
        screen.scene(8, "polsen lets everybody assume a role, beside the service that needs it")
        service = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        everyone = {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}
        document = {"Version": "2012-10-17", "Statement": [service, everyone]}
        web = self.world.role("web")
        self.world.iam.update_assume_role_policy(RoleName="web", PolicyDocument=json.dumps(document))
        event = trust_updated(web, json.dumps(document), iam_user("polsen"))
        seen = self.send("The event reaches restore-trust", event=event, name=RESTORE_TRUST, mode="enforce")
        self.show_calls(seen)
        self.show_subject(seen, "What", "Guardrail", "Undo")
        left = self.world.iam.get_role(RoleName="web")["Role"]["AssumeRolePolicyDocument"]["Statement"]
        self.check((seen.outcome, left) == ("applied", [service]), "Taken back: nobody but the service can assume the role.")

    def key_on_the_internet(self) -> None:
        screen.scene(9, "AWS finds a key of deploy, an administrator, on the internet")
        responder = self.world.role("responder")
        deploy = self.world.user("deploy", groups=[self.world.group("admins", holds=[ADMINISTRATOR])])
        key = self.world.key(deploy)
        before = self.world.account.snapshot()
        enforced = {"event": exposure(key), "mode": "enforce", "BREAK_GLASS": responder.arn}

        deactivated = self.send("AWS Health's event reaches quarantine-key", name=QUARANTINE_KEY, **enforced)
        self.show_subject(deactivated, "What", "Could", "Last used", "Created", "Also", "Undo")
        self.expect("applied", deactivated, changed=deploy.no_longer_active(key), says="The key is inactive, and the notice says what it could do.")

        contained = self.send("The same event reaches quarantine-principal", name=QUARANTINE_PRINCIPAL, **enforced)
        self.show_subject(contained, "What", "Undo", "Next")
        self.left_with_nothing(deploy)

        screen.step("rescind undo, with the responder's credentials")
        for seen in (contained, deactivated):
            self.undo(seen)
        self.check(self.world.account.snapshot() == before, "Given back: the account is exactly as it was before.")

    def stopped(self, polsen: Target) -> None:
        screen.scene(10, "Somebody stops Rescind, and lets it go on")
        self.person("stop", "--reason", "a migration is attaching policies")
        self.event = attachment(BILLING, user=polsen, actor=iam_user("mallory"))
        seen = self.send("polsen still holds Billing; an event says that mallory attached it", mode="enforce")
        self.show_subject(seen, "Why", "Stopped")
        self.expect("observed", seen, changed=set(), says="Stopped: nothing is taken back, and the notice says why.")
        self.person("resume")
        seen = self.send("The event again", mode="enforce")
        self.expect("applied", seen, changed={polsen.no_longer_holds(BILLING)}, says="Taken back, as soon as the stop was over.")

    def made_again(self, polsen: Target) -> None:
        screen.scene(11, "A deployment keeps attaching the policy")
        for what, notices in (("For the third time within a day", 1), ("For the fourth time", 0)):
            self.world.attach(BILLING, polsen)
            self.event = attachment(BILLING, user=polsen, actor=iam_user("mallory", invokedBy=None), userAgent="Terraform/1.9.5")
            seen = self.send(f"{what}, the event reaches the function", mode="enforce")
            if notices:
                self.show_subject(seen, "Contested")
            says = "Taken back, and the notice says what keeps making it." if notices else "Taken back: the next notice comes in an hour."
            self.expect("applied", seen, changed={polsen.no_longer_holds(BILLING)}, notices=notices, says=says)
        screen.step("What the ledger has of it")
        self.person("cases", "--principal", polsen.name)

    def replayed(self) -> None:
        screen.scene(12, "What would the guardrails have done with all that?")
        screen.say()
        screen.say("So you begin yourself, before you deploy anything: with the CloudTrail of your last three months.")
        history = self.scratch / "history.jsonl"
        history.write_text("\n".join(map(json.dumps, self.events)))
        screen.command(f"rescind replay {history.name}")
        ran = rescind("replay", history)
        # The table is wider than this screen: a line of it each.
        for line in (ran.stdout + ran.stderr).rstrip("\n").splitlines():
            print(f"    {screen.paint('│', 'dim')} {line}".rstrip(), flush=True)
        says = "Every event above is in it, each once, though some of them came twice."
        self.check(ran.returncode == 0 and "billing-is-for-finance" in ran.stdout and "exposed-credentials" in ran.stdout, says)

    def person(self, *arguments: str) -> None:
        """The command, with credentials for the account."""
        screen.command(shlex.join(["rescind", *arguments]))
        ran = rescind(*arguments, env=credentials(self.world.account.url))
        screen.lines((ran.stdout + ran.stderr).strip("\n"), mark="│")

    def left_with_nothing(self, user: Target) -> None:
        """Checks what the live policies of the user and its groups still allow, to the user and to an older session of it."""
        iam, name = self.world.iam, user.name
        policies = [iam.get_user_policy(UserName=name, PolicyName=policy)["PolicyDocument"] for policy in iam.list_user_policies(UserName=name)["PolicyNames"]]
        attached = iam.list_attached_user_policies(UserName=name)["AttachedPolicies"]
        for group in iam.list_groups_for_user(UserName=name)["Groups"]:
            attached += iam.list_attached_group_policies(GroupName=group["GroupName"])["AttachedPolicies"]
        for arn in (policy["PolicyArn"] for policy in attached):
            version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
            policies.append(iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"])
        session = {"aws:TokenIssueTime": "2026-01-01T00:00:00Z"}
        asked = [(action, context) for action in ("s3:GetObject", "iam:CreateUser", "sts:AssumeRole", "ec2:RunInstances") for context in ({}, session)]
        lines = [
            {"id": f"{action}{', a session' if context else ''}", "principal": user.arn, "action": action, "resource": "*", "context": context, "identityPolicies": policies}
            for action, context in asked
        ]
        run = rescind("simulate", stdin="\n".join(map(json.dumps, lines)))
        answers = [json.loads(line) for line in run.stdout.splitlines()]
        screen.step(f"rescind simulate, on the live policies of {name} and its group")
        for answer in answers:
            screen.fact(f"{answer['id']}: {answer['decision']}", "·")
        denied = len(answers) == len(asked) and all(answer["decision"] == "explicitDeny" for answer in answers)
        self.check(denied, "Quarantined: neither the user nor its sessions can do anything.")

    def undo(self, seen: Observation) -> None:
        undone = rescind("undo", seen.case["id"], "--yes", env=credentials(self.world.account.url))
        said = (undone.stdout + undone.stderr).splitlines()
        screen.lines("\n".join(line for line in said if line.startswith(("case", "done", "moved", "nothing"))), mark="│")

    # The parts of a scene.

    def check(self, holds: bool, says: str) -> None:
        if not holds:
            self.failures += 1
        screen.verdict(holds, says if holds else f"This should hold, and does not: {says}")

    def send(self, what: str, event: dict | None = None, **configuration) -> Observation:
        self.events.append(event or self.event)
        seen = self.world.receives(self.events[-1], **configuration)
        screen.step(what, seen.invocation.seconds)
        return seen

    def show_account(self, changed: set[str] = frozenset()) -> None:
        """Lists who holds which policy; a line that is gone stays visible, marked."""
        now = {fact for fact in self.world.account.snapshot() if " holds " in fact or " is in group " in fact}
        for fact in sorted(now | {change[2:] for change in changed}):
            sign = next((change[0] for change in changed if change[2:] == fact), " ")
            screen.fact(fact.replace("arn:aws:iam::aws:policy/", ""), sign)

    def show_decision(self) -> None:
        command = ["decide", EVENT, "--guardrails", str(GUARDRAILS.relative_to(ROOT))]
        with screen.timed() as took:
            decided = rescind(*command)
        screen.step(f"The decision: rescind {' '.join(command)}", took.seconds)
        screen.lines((decided.stdout + decided.stderr).strip("\n"), mark="│")
        if "billing-is-for-finance" not in decided.stdout:
            self.failures += 1
            screen.verdict(False, "The decision should name the guardrail billing-is-for-finance.")

    def show_calls(self, seen: Observation) -> None:
        for call in seen.calls:
            screen.fact(f"{call.service} {call.operation}", "·")

    def show_notice(self, seen: Observation) -> None:
        screen.step("The notice, as SNS delivered it")
        for notice in seen.notices:
            screen.lines(f"{notice.subject}\n\n{notice.text}", mark="│")

    def show_subject(self, seen: Observation, *labels: str) -> None:
        """The notice, cut down to its subject and these lines."""
        screen.step("The notice, as SNS delivered it")
        for notice in [*seen.stops, *seen.notices]:
            shown = [line for line in notice.text.splitlines() if line.startswith(labels)]
            screen.lines("\n".join([notice.subject, *shown]), mark="│")

    def expect(self, outcome: str, seen: Observation, changed: set[str], says: str, notices: int = 1) -> None:
        sent = [notice.case["outcome"] for notice in seen.notices]
        holds = seen.error is None and seen.outcome == outcome and seen.changed == changed and sent == [outcome] * notices
        if not holds:
            self.failures += 1
            got = seen.error or f"{seen.outcome}, notices {sent}, changed {sorted(seen.changed) or 'nothing'}"
            says = f"This should have ended as {outcome}, and it ended as: {got}"
        screen.verdict(holds, says)


def main() -> int:
    sys.stdout.reconfigure(errors="replace")
    processes.exit_on_signals()
    for binary in (*(RELEASE / function for function in FUNCTIONS), RESCIND):
        if not os.access(binary, os.X_OK):
            print(f"{binary.relative_to(ROOT)} is not built; `make demo` builds it and then runs the story", file=sys.stderr)
            return 2
    screen.title("Rescind takes back IAM access that your guardrails forbid")
    screen.say(
        "On this machine: an emulated AWS account (IAM, DynamoDB, SNS, SQS), and the release functions under AWS's own Lambda emulator."
        f" The first event is {EVENT}; it is from 2017, so it arrives years late."
    )
    with screen.timed() as took, tempfile.TemporaryDirectory() as scratch:
        with screen.timed() as started:
            world = World()
        with world:
            screen.step("The account is up", started.seconds)
            status = Demo(world, Path(scratch)).run()
    screen.say(f"{screen.duration(took.seconds)} in all.")
    return status


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("\n  interrupted: everything that was started is stopped", file=sys.stderr)
        sys.exit(130)
