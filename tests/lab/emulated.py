"""moto's server with one page more: the facts about the account's IAM, read off the emulator's own memory.

Asked by IAM's calls, the facts take some thirty of them, and every test wants them several times: most of the time of all tests went there. That both
say the same is a test of its own.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

if __name__ == "__main__":
    # Started as a program, it does not have the laboratory's folder on its path.
    sys.path[0] = str(Path(__file__).resolve().parents[1])

import moto.server
from lab import account
from moto.iam.models import iam_backends


def facts(backend) -> Iterator[str]:
    """As `account.facts` has them."""
    for user in backend.users.values():
        yield from _user(backend, user)
    for group in backend.groups.values():
        who = f"group {group.name}"
        yield f"{who} has id {group.id} and arn {group.arn}"
        yield from _grants(who, group)
    for role in backend.roles.values():
        yield from _role(backend, role)
    for policy in backend.managed_policies.values():
        if policy.arn.split(":")[4] != "aws":
            yield from _policy(policy)
    for alias in backend.account_aliases:
        yield f"account has alias {alias}"
    for device in backend.virtual_mfa_devices.values():
        yield f"account has virtual MFA device {device.serial_number}"


def _user(backend, user) -> Iterator[str]:
    who = f"user {user.name}"
    yield f"{who} has id {user.id} and arn {user.arn}"
    yield from _grants(who, user)
    for group in backend.groups.values():
        if user in group.users:
            yield f"{who} is in group {group.name}"
    yield from account.tags(who, backend.tagger.list_tags_for_resource(user.arn)["Tags"])
    for key in user.access_keys:
        yield f"{who} has access key {key.access_key_id}, {key.status}"
    for key in user.ssh_public_keys:
        yield f"{who} has SSH public key {key.ssh_public_key_id}, {key.status}"
    for certificate in user.signing_certificates.values():
        yield f"{who} has signing certificate {certificate.id}, {certificate.status}"
    for device in user.mfa_devices.values():
        yield f"{who} has MFA device {device.serial_number}"
    if user.password is not None:
        yield f"{who} has a console password"


def _role(backend, role) -> Iterator[str]:
    who = f"role {role.name}"
    yield f"{who} has id {role.id} and arn {role.arn}"
    yield f"{who} trusts {_document(role.assume_role_policy_document)}"
    yield from _grants(who, role)
    for profile in backend.instance_profiles.values():
        if role in profile.roles:
            yield f"{who} is in instance profile {profile.name}"
    yield from account.tags(who, role.tags)
    if role.permissions_boundary_arn:
        yield f"{who} is bounded by {role.permissions_boundary_arn}"


def _policy(policy) -> Iterator[str]:
    which = f"policy {policy.arn}"
    yield f"{which} has id {policy.id}"
    for version in policy.versions:
        default = ", the default," if version.is_default else ""
        yield f"{which} version {version.version_id}{default} is {_document(version.document)}"
    yield from account.tags(which, list(policy.tags.values()))


def _grants(who: str, entity) -> Iterator[str]:
    for arn in entity.managed_policies:
        yield f"{who} holds {arn}"
    for name, text in entity.policies.items():
        yield f"{who} has inline policy {name}: {_document(text)}"


def _document(text) -> str:
    try:
        return json.dumps(json.loads(text), sort_keys=True)
    except (TypeError, ValueError):
        return str(text)


class WithFacts(moto.server.DomainDispatcherApplication):
    def __call__(self, environ, start_response):
        if environ["PATH_INFO"] != account.PAGE:
            return super().__call__(environ, start_response)
        found = sorted(facts(iam_backends[environ["QUERY_STRING"]]["aws"]))
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps(found).encode()]


if __name__ == "__main__":
    moto.server.DomainDispatcherApplication = WithFacts
    moto.server.main()
