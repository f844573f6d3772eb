"""Each function's role allows exactly the calls that the function makes: found by recording them, over the whole run."""

from lab.credentials import SSH_KEY, self_signed_certificate
from lab.events import BILLING, QUARANTINE, READ_ONLY, answered, attachment, exposure, iam_call, key_activated, misuse, sample
from lab.rulebook import rulebook
from lab.world import DETACH_POLICY, QUARANTINE_KEY, QUARANTINE_PRINCIPAL

from template.stack import RUNTIME_CALLS, allowed_calls, translate

ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
ASKS_FOR_EVERY_FACT = """
@id("asks-for-every-fact")
@description("Asks for every fact about every kind of target")
@severity("low")
forbid (principal, action, resource)
when { (resource is User && resource.path == "/nowhere/") || (resource is Group && resource.path == "/nowhere/") || (resource is Role && resource.path == "/nowhere/") };

@id("asks-for-groups")
@description("Asks for a user's groups")
@severity("low")
forbid (principal, action, resource)
when { resource is User && resource in Group::"arn:aws:iam::123456789012:group/nobody" };

@id("asks-what-the-target-can-do")
@description("Asks for everything that the target holds")
@severity("low")
forbid (principal, action in Action::"attach-policy", resource)
when { context.after.grants.admin && !context.before.grants.admin };

@id("forbids-every-credential")
@severity("high")
@remedy("quarantine-key")
forbid (principal, action in Action::"credential", resource is User);
"""


def the_calls_of(function: str) -> set[str]:
    stack = translate(Mode="enforce")
    (name,) = [name for name in stack.functions() if name == "".join(map(str.capitalize, function.split("-"))) + "Function"]
    return allowed_calls(stack, stack.role_of(name)) - RUNTIME_CALLS


def test_detach_policy_makes_exactly_the_calls_that_its_role_allows(world, tmp_path):
    every_fact = rulebook(tmp_path, ASKS_FOR_EVERY_FACT)
    for kind, make in (("user", world.user), ("group", world.group), ("role", world.role)):
        target = make(f"some-{kind}", holds=[ADMINISTRATOR, READ_ONLY])
        world.writes_inline(target)
        world.receives(attachment(ADMINISTRATOR, **{kind: target}))
        world.receives(attachment(READ_ONLY, **{kind: target}), guardrails=every_fact)
    gone = world.user("gone", holds=[BILLING])
    world.rename(gone, "elsewhere")
    world.receives(attachment(BILLING, user="gone"))
    world.receives(attachment(QUARANTINE, user=world.user("fenced", holds=[QUARANTINE])))
    assert world.made[DETACH_POLICY] == the_calls_of(DETACH_POLICY)


def test_quarantine_key_makes_exactly_the_calls_that_its_role_allows(world, tmp_path):
    every_fact = {"name": QUARANTINE_KEY, "guardrails": rulebook(tmp_path, ASKS_FOR_EVERY_FACT)}
    team = world.group("team", holds=[READ_ONLY])
    polsen = world.user("polsen", groups=[team])
    for target in (team, polsen):
        world.writes_inline(target)
    key = world.key(polsen)
    ssh = world.iam.upload_ssh_public_key(UserName="polsen", SSHPublicKeyBody=SSH_KEY)["SSHPublicKey"]["SSHPublicKeyId"]
    certificate = world.iam.upload_signing_certificate(UserName="polsen", CertificateBody=self_signed_certificate())["Certificate"]["CertificateId"]
    world.aws.know_a_service_credential("polsen", "ACCAEXAMPLEEXAMPLE00")
    world.receives(key_activated(key, "polsen"), **every_fact)
    for call, parameter, credential in (
        ("UpdateSSHPublicKey", "sSHPublicKeyId", ssh),
        ("UpdateSigningCertificate", "certificateId", certificate),
        ("UpdateServiceSpecificCredential", "serviceSpecificCredentialId", "ACCAEXAMPLEEXAMPLE00"),
    ):
        world.receives(iam_call(call, {"userName": "polsen", parameter: credential, "status": "Active"}), **every_fact)
    session = {"accessKeyId": "ASIAEXAMPLEEXAMPLE00", "principalId": "AROAEXAMPLE:s", "userName": world.role("web").name, "userType": "AssumedRole"}
    asked = world.receives(misuse(session), **every_fact)
    world.receives(answered(asked.invocation.payload, QUARANTINE_KEY), name=QUARANTINE_KEY)
    fenced = world.receives(attachment(QUARANTINE, user=polsen))
    world.hands_on(fenced, to=QUARANTINE_KEY, by=DETACH_POLICY)
    assert world.made[QUARANTINE_KEY] == the_calls_of(QUARANTINE_KEY)


def test_quarantine_principal_makes_exactly_the_calls_that_its_role_allows(world, tmp_path):
    every_fact = {"name": QUARANTINE_PRINCIPAL, "guardrails": rulebook(tmp_path, ASKS_FOR_EVERY_FACT)}
    polsen, web = world.user("polsen"), world.role("web")
    world.receives(sample("delete-user-policy"), **every_fact)
    world.receives(iam_call("DeleteRolePolicy", {"roleName": web.name, "policyName": "RescindQuarantine-1772455454"}), **every_fact)
    first = world.receives(exposure(world.key(polsen)), name=QUARANTINE_KEY)
    world.hands_on(first, to=QUARANTINE_PRINCIPAL)
    session = {"accessKeyId": "ASIAEXAMPLEEXAMPLE00", "principalId": "AROAEXAMPLE:s", "userName": "web", "userType": "AssumedRole"}
    second = world.receives(misuse(session), name=QUARANTINE_KEY)
    world.role("responder")
    listed = {"BREAK_GLASS": "arn:aws:iam::123456789012:role/responder"}
    gone = world.user("gone")
    third = world.receives(exposure(world.key(gone)), name=QUARANTINE_KEY)
    world.rename(gone, "elsewhere")
    world.hands_on(third, to=QUARANTINE_PRINCIPAL, **listed)
    for operation in ("PutUserPolicy", "PutRolePolicy"):
        world.aws.have_no_room(operation)
    for asked in (first, second, first):
        world.hands_on(asked, to=QUARANTINE_PRINCIPAL, **listed)
    assert world.made[QUARANTINE_PRINCIPAL] == the_calls_of(QUARANTINE_PRINCIPAL)
