"""What the other tests rest on: a snapshot that misses nothing, and processes that end with whoever started them."""

import json
import signal
import subprocess
import sys
import time

import pytest
from lab import account
from lab.events import BILLING, READ_ONLY, ROOT
from lab.world import ALLOW_READING, TRUST

DOCUMENT = json.dumps(ALLOW_READING)
OTHER_TRUST = json.dumps(TRUST).replace("ec2.amazonaws.com", "lambda.amazonaws.com")
CHANGES = {
    "a user made": lambda iam: iam.create_user(UserName="new"),
    "a user renamed": lambda iam: iam.update_user(UserName="polsen", NewUserName="innocent"),
    "a user's tag": lambda iam: iam.tag_user(UserName="polsen", Tags=[{"Key": "team", "Value": "web"}]),
    "a user's inline policy": lambda iam: iam.put_user_policy(UserName="polsen", PolicyName="p", PolicyDocument=DOCUMENT),
    "a user's policy attached": lambda iam: iam.attach_user_policy(UserName="polsen", PolicyArn=BILLING),
    "a user's policy detached": lambda iam: iam.detach_user_policy(UserName="polsen", PolicyArn=READ_ONLY),
    "a user's access key": lambda iam: iam.create_access_key(UserName="polsen"),
    "a user's password": lambda iam: iam.create_login_profile(UserName="polsen", Password="Correct-horse-9"),
    "an access key's status": lambda iam: iam.update_access_key(
        UserName="accountant",
        AccessKeyId=iam.list_access_keys(UserName="accountant")["AccessKeyMetadata"][0]["AccessKeyId"],
        Status="Inactive",
    ),
    "a group made": lambda iam: iam.create_group(GroupName="new"),
    "a group's member": lambda iam: iam.add_user_to_group(GroupName="finance", UserName="polsen"),
    "a group's policy": lambda iam: iam.attach_group_policy(GroupName="finance", PolicyArn=READ_ONLY),
    "a group's inline policy": lambda iam: iam.put_group_policy(GroupName="finance", PolicyName="p", PolicyDocument=DOCUMENT),
    "a role's policy": lambda iam: iam.detach_role_policy(RoleName="auditor", PolicyArn=BILLING),
    "a role's inline policy": lambda iam: iam.put_role_policy(RoleName="auditor", PolicyName="p", PolicyDocument=DOCUMENT),
    "a role's trust": lambda iam: iam.update_assume_role_policy(RoleName="auditor", PolicyDocument=OTHER_TRUST),
    "a role's boundary": lambda iam: iam.put_role_permissions_boundary(RoleName="auditor", PermissionsBoundary=READ_ONLY),
    "a role's tag": lambda iam: iam.tag_role(RoleName="auditor", Tags=[{"Key": "team", "Value": "web"}]),
    "a policy made": lambda iam: iam.create_policy(PolicyName="new", PolicyDocument=DOCUMENT),
    "a policy's new version": lambda iam: iam.create_policy_version(
        PolicyArn="arn:aws:iam::123456789012:policy/own", PolicyDocument=DOCUMENT, SetAsDefault=True
    ),
    "the password policy": lambda iam: iam.update_account_password_policy(MinimumPasswordLength=6),
    "a virtual MFA device": lambda iam: iam.create_virtual_mfa_device(VirtualMFADeviceName="phone"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_snapshot_sees_every_kind_of_change(world, what):
    world.user("polsen", holds=[READ_ONLY])
    world.policy("own")
    before = world.account.snapshot()
    assert world.account.snapshot() == before
    CHANGES[what](world.iam)
    assert world.account.snapshot() != before


STARTS_EVERYTHING = """
import os, sys, time
sys.path.insert(0, "tests")
from lab import processes
from lab.events import attachment
from lab.world import World
processes.exit_on_signals()
world = World()
world.receives(attachment(user="nobody"))
print(*processes.descendants(os.getpid()), flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
def test_no_process_outlives_whoever_started_it(world, number):
    run = subprocess.Popen([sys.executable, "-c", STARTS_EVERYTHING], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    started = [int(pid) for pid in run.stdout.readline().split()]
    assert len(started) >= 3, "the emulator, the Lambda emulator, the function"
    run.send_signal(number)
    run.wait(timeout=20)
    run.stdout.close()
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and any(runs(pid) for pid in started):
        time.sleep(0.05)
    assert [pid for pid in started if runs(pid)] == []


def runs(pid: int) -> bool:
    """Whether a process is there and is more than an entry that nobody has collected yet."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_the_emulator_s_own_page_says_what_iam_answers(world):
    group = world.group("builders", holds=[world.policy("Tools")])
    user = world.user("polsen", groups=[group], path="/team/", tags={"team": "a"})
    world.key(user)
    world.login(user)
    world.enrols(user)
    world.writes_inline(user)
    world.bound(user, world.policy("Fence"))
    role = world.role("deployer", path="/ci/", tags={"team": "b"})
    world.iam.put_role_permissions_boundary(RoleName=role.name, PermissionsBoundary=world.policy("Wall"))
    world.iam.create_instance_profile(InstanceProfileName="machine")
    world.iam.add_role_to_instance_profile(InstanceProfileName="machine", RoleName=role.name)
    world.writes_version(world.policy("Edited"), ALLOW_READING)
    world.iam.create_account_alias(AccountAlias="example")
    world.password_policy(MinimumPasswordLength=9)
    asked, said = account.facts(world.iam), world.account.snapshot()
    world.iam.delete_account_alias(AccountAlias="example")
    assert said == asked and len(said) > 30
