"""Keys that should not exist, and keys that are exposed: set inactive, never deleted, and told of with what they could do."""

import pytest
from lab.credentials import SSH_KEY, self_signed_certificate
from lab.events import QUARANTINE, assumed_role, attachment, but, exposure, iam_call, iam_user, key_activated, key_created, misuse, sample
from lab.offence import ADMINISTRATOR, DENY_EVERYTHING, NOBODY_HAS_KEYS, of_session
from lab.rulebook import rulebook
from lab.world import QUARANTINE_KEY

ROOT_USER = {"type": "Root", "principalId": "123456789012", "arn": "arn:aws:iam::123456789012:root", "accountId": "123456789012"}


def receives(world, event, **settings):
    return world.receives(event, name=QUARANTINE_KEY, **settings)


@pytest.fixture
def no_keys(tmp_path):
    return {"guardrails": rulebook(tmp_path, NOBODY_HAS_KEYS)}


@pytest.mark.parametrize("for_whom", ["oneself", "somebody else"])
def test_a_key_that_should_not_exist_is_inactive_and_nothing_else_moves(world, no_keys, for_whom):
    polsen = world.user("polsen")
    key, other = world.key(polsen), world.key(polsen)
    event = key_created(key, actor=iam_user("polsen")) if for_whom == "oneself" else key_created(key, "polsen", iam_user("mallory"))
    seen = receives(world, event, **no_keys)
    assert (seen.outcome, seen.changed) == ("applied", polsen.no_longer_active(key))
    assert seen.case["change"]["credential"] == {"kind": "access-key", "id": key}
    assert other in seen.notice.text, "the other key of the same user is told"


def test_a_key_of_a_user_renamed_in_between_is_found_by_its_id(world, no_keys):
    polsen = world.user("polsen")
    key = world.key(polsen)
    renamed = world.rename(polsen, "elsewhere")
    seen = receives(world, key_created(key, "polsen"), **no_keys)
    assert (seen.outcome, seen.changed) == ("applied", renamed.no_longer_active(key))
    assert "renamed" in seen.notice.text


def test_another_key_of_whoever_has_the_old_name_now_is_left_alone(world, no_keys):
    polsen = world.user("polsen")
    key = world.key(polsen)
    renamed = world.rename(polsen, "elsewhere")
    world.key(world.user("polsen"))
    seen = receives(world, key_created(key, "polsen"), **no_keys)
    assert seen.changed == renamed.no_longer_active(key)


@pytest.mark.parametrize("gone", ["the key", "the user"])
def test_what_is_gone_already_is_said_to_be(world, no_keys, gone):
    polsen = world.user("polsen")
    key = world.key(polsen)
    world.iam.delete_access_key(UserName="polsen", AccessKeyId=key)
    if gone == "the user":
        world.iam.delete_user(UserName="polsen")
    seen = receives(world, key_created(key, "polsen"), **no_keys)
    assert (seen.outcome, seen.changed) == ("already-clean", set())


def test_an_ssh_key_and_a_signing_certificate_are_credentials_too(world, no_keys):
    polsen = world.user("polsen")
    ssh = world.iam.upload_ssh_public_key(UserName="polsen", SSHPublicKeyBody=SSH_KEY)["SSHPublicKey"]["SSHPublicKeyId"]
    event = iam_call("UploadSSHPublicKey", {"userName": "polsen"}, response={"sSHPublicKey": {"sSHPublicKeyId": ssh}})
    seen = receives(world, event, **no_keys)
    assert (seen.outcome, seen.changed) == ("applied", polsen.no_longer_active(ssh, "SSH public key"))
    certificate = self_signed_certificate()
    certificate = world.iam.upload_signing_certificate(UserName="polsen", CertificateBody=certificate)["Certificate"]["CertificateId"]
    event = iam_call("UploadSigningCertificate", {"userName": "polsen"}, response={"certificate": {"certificateId": certificate}})
    seen = receives(world, event, **no_keys)
    assert (seen.outcome, seen.changed) == ("applied", polsen.no_longer_active(certificate, "signing certificate"))


def test_a_credential_of_one_service_is_one_too(world, no_keys):
    world.user("deploy")
    event = sample("create-service-specific-credential")
    credential = event["detail"]["responseElements"]["serviceSpecificCredential"]["serviceSpecificCredentialId"]
    user = (event["detail"]["requestParameters"] or {}).get("userName", "polsen")
    world.aws.know_a_service_credential(user, credential)
    seen = receives(world, event, **no_keys)
    assert seen.outcome == "applied"
    (update,) = [call for call in seen.calls if call.operation == "UpdateServiceSpecificCredential"]
    assert update.parameters == {"UserName": user, "ServiceSpecificCredentialId": credential, "Status": "Inactive"}


def test_a_credential_of_one_service_that_cannot_be_looked_up_is_an_error_and_never_taken_for_done(world, no_keys):
    world.user("polsen")
    world.aws.fail("ListServiceSpecificCredentials")
    seen = receives(world, sample("create-service-specific-credential"), fresh=True, **no_keys)
    assert (seen.error.type, seen.changed) == ("Retryable.ServiceError", set())


def test_root_s_key_is_nobody_s_to_touch_and_pages(world):
    seen = receives(world, key_created("AKIAIOSFODNN7EXAMPLE", actor=ROOT_USER))
    assert (seen.outcome, seen.changed) == ("unremediable", set())
    assert seen.notice.attributes["severity"] == "critical"
    assert "sign in as root" in seen.notice.text


def test_a_key_set_active_again_is_set_inactive_again(world):
    polsen = world.user("polsen")
    key = world.key(polsen)
    seen = receives(world, key_activated(key, "polsen"))
    assert (seen.outcome, seen.changed) == ("applied", polsen.no_longer_active(key))
    assert seen.case["decision"]["guardrails"][0]["id"] == "inactive-credentials-stay-inactive"


@pytest.mark.parametrize("actor", [iam_user("responder"), assumed_role("team/responder")], ids=["user", "role"])
def test_those_who_may_lift_a_quarantine_may_set_it_active_again(world, actor):
    key = world.key(world.user("polsen"))
    listed = "arn:aws:iam::123456789012:user/x/responder,arn:aws:iam::123456789012:role/team/responder"
    actor = {**actor, "sessionContext": {**actor["sessionContext"]}}
    if "sessionIssuer" in actor["sessionContext"]:
        actor["sessionContext"]["sessionIssuer"] = {**actor["sessionContext"]["sessionIssuer"], "userName": "responder"}
    seen = receives(world, key_activated(key, "polsen", actor=actor), BREAK_GLASS=listed)
    assert (seen.outcome, seen.changed) == ("exempt", set())
    assert "break-glass-principals" in seen.notice.text


def test_a_key_set_inactive_is_no_news(world):
    seen = receives(world, key_activated(world.key(world.user("polsen")), "polsen", status="Inactive"))
    assert (seen.cases, seen.calls, seen.notices) == ([], [], [])


# What AWS finds.


def test_an_exposed_key_is_inactive_and_the_notice_says_what_it_could_do(world):
    admins = world.group("admins", holds=[ADMINISTRATOR])
    deploy = world.user("deploy", groups=[admins])
    key, other = world.key(deploy), world.key(deploy, status="Inactive")
    world.iam.create_login_profile(UserName="deploy", Password="Correct-horse-9")
    seen = receives(world, exposure(key))
    assert (seen.outcome, seen.changed) == ("applied", deploy.no_longer_active(key))
    report = seen.case["outcomes"][0]["report"]
    assert "admin" in report["can"]
    assert report["others"] == [f"access key {other} (inactive)", "a console password"]
    text = seen.notice.text
    for said in ("AWS_RISK_CREDENTIALS_EXPOSED", key, "admin", "Last used", "Created", other, "a console password", seen.undo["command"]):
        assert said in text


@pytest.mark.parametrize("code", ["EXPOSED", "EXPOSURE_SUSPECTED", "COMPROMISED", "COMPROMISE_SUSPECTED"])
def test_every_risk_that_aws_health_tells_of_a_key_is_answered(world, code):
    deploy = world.user("deploy")
    key = world.key(deploy)
    seen = receives(world, exposure(key, code=f"AWS_RISK_CREDENTIALS_{code}"))
    assert (seen.outcome, seen.changed) == ("applied", deploy.no_longer_active(key))
    assert seen.case.get("siblings", []) == ([] if code.endswith("SUSPECTED") else ["quarantine-principal"])


@pytest.mark.parametrize("named", ["by name", "by ARN"])
def test_a_user_whom_aws_names_without_a_key_loses_every_active_key(world, named):
    deploy = world.user("deploy", path="/ci/")
    keys = [world.key(deploy), world.key(deploy)]
    seen = receives(world, exposure("deploy" if named == "by name" else deploy.arn, code="AWS_RISK_IAM_QUARANTINE"))
    assert seen.changed == deploy.no_longer_active(keys[0]) | deploy.no_longer_active(keys[1])
    assert len(seen.undos) == 2


def test_each_affected_entity_of_a_health_event_makes_a_case_of_its_own(world):
    ann, bob = world.user("ann"), world.user("bob")
    keys = [world.key(ann), world.key(bob)]
    seen = receives(world, exposure(*keys, "AKIAGONEGONEGONEGONE"))
    assert [case["outcome"] for case in seen.cases] == ["applied", "applied", "unremediable"]
    assert len({case["id"] for case in seen.cases}) == len(seen.notices) == 3
    assert seen.changed == ann.no_longer_active(keys[0]) | bob.no_longer_active(keys[1])


def test_a_key_that_iam_does_not_know_is_told_to_a_person(world):
    seen = receives(world, exposure("AKIAGONEGONEGONEGONE"))
    assert (seen.outcome, seen.changed) == ("unremediable", set())
    assert "it was deleted" in seen.notice.text


def test_one_entity_that_fails_holds_up_no_other_and_is_tried_again(world):
    ann, bob = world.user("ann"), world.user("bob")
    keys = [world.key(ann), world.key(bob)]
    event = exposure(*keys)
    world.aws.throttle("UpdateAccessKey", times=4)
    first = receives(world, event, fresh=True)
    assert (first.error.type, first.changed) == ("Retryable.Throttled", bob.no_longer_active(keys[1]))
    world.aws.forget()
    world.ledger.age()
    second = receives(world, event, fresh=True)
    assert sorted(case["outcome"] for case in second.cases) == ["applied", "applied"]
    assert len(second.notices) == 1, "the other one is reported already"
    assert second.changed == ann.no_longer_active(keys[0])


def test_two_findings_for_one_key_end_in_one_inactive_key(world):
    deploy = world.user("deploy")
    key = world.key(deploy)
    details = {"accessKeyId": key, "principalId": deploy.id, "userName": "deploy", "userType": "IAMUser"}
    first, second = receives(world, exposure(key)), receives(world, misuse(details))
    assert (first.outcome, second.outcome, second.changed) == ("applied", "already-clean", set())
    assert first.case["id"] != second.case["id"]


def test_a_finding_that_guardduty_updates_is_the_same_case(world):
    deploy = world.user("deploy")
    details = {"accessKeyId": world.key(deploy), "principalId": deploy.id, "userName": "deploy", "userType": "IAMUser"}
    event = misuse(details, id="the-same")
    again = but(event, service={"serviceName": "guardduty", "count": 2}) | {"id": "another", "time": "2026-03-02T13:00:00Z"}
    assert receives(world, event).case["id"] == receives(world, again).case["id"]


def test_what_is_only_unusual_is_told_and_not_acted_on(world):
    deploy = world.user("deploy")
    details = {"accessKeyId": world.key(deploy), "principalId": deploy.id, "userName": "deploy", "userType": "IAMUser"}
    seen = receives(world, misuse(details, severity=5))
    assert (seen.outcome, seen.changed) == ("observed", set())


def test_a_session_has_no_key_to_set_inactive(world):
    """quarantine-principal ends it, and makes the case."""
    seen = receives(world, misuse(of_session("web"), type="UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS"))
    assert (seen.cases, seen.operations, seen.notices, seen.changed) == ([], [], [], set())


def test_in_observe_mode_the_notice_has_the_command(world):
    deploy = world.user("deploy")
    seen = receives(world, exposure(world.key(deploy)), mode="observe")
    assert (seen.outcome, seen.changed) == ("observed", set())
    assert "--status Inactive" in seen.notice.text


@pytest.mark.parametrize(
    "event",
    [
        exposure("AKIAIOSFODNN7EXAMPLE", account="999999999999"),
        misuse({}, accountId="999999999999"),
        but(exposure("AKIAIOSFODNN7EXAMPLE"), affectedAccount="999999999999"),
        exposure("AKIAIOSFODNN7EXAMPLE", source="my.health"),
        exposure("AKIAIOSFODNN7EXAMPLE", **{"detail-type": "AWS API Call via CloudTrail"}),
    ],
    ids=["another account", "a finding about another account", "a risk to another account of the organization", "another source", "a call that looks like a finding"],
)
def test_a_finding_that_is_not_this_account_s_own_is_refused(world, event):
    seen = receives(world, event)
    assert seen.error.type.startswith("Final.")
    assert (seen.calls, seen.notices, seen.changed) == ([], [], set())


@pytest.mark.parametrize(
    "detail", [{"schemaVersion": "9.0"}, {"severity": None}, {"resource": {}}], ids=str
)
def test_a_finding_that_does_not_say_plainly_what_it_is_about_is_told_to_a_person(world, detail):
    deploy = world.user("deploy")
    event = misuse({"accessKeyId": world.key(deploy), "userName": "deploy", "userType": "IAMUser"}, **detail)
    seen = receives(world, event)
    assert (seen.outcome, seen.changed, seen.case["decision"]["verdict"]) == ("unremediable", set(), "unknown")


def test_aws_s_own_quarantine_is_a_signal_and_stays(world):
    deploy = world.user("deploy", holds=[QUARANTINE])
    key = world.key(deploy)
    event = attachment(QUARANTINE, user=deploy)
    assert world.receives(event).cases == [], "there is nothing to detach"
    seen = receives(world, event)
    assert (seen.outcome, seen.changed) == ("applied", deploy.no_longer_active(key))


def test_what_a_key_could_do_is_said_although_its_owner_is_quarantined_already(world):
    deploy = world.user("deploy", holds=[ADMINISTRATOR, DENY_EVERYTHING])
    seen = receives(world, exposure(world.key(deploy)))
    assert "admin" in seen.case["outcomes"][0]["report"]["can"]


def test_what_else_could_not_be_read_is_said_and_holds_nothing_up(world):
    deploy = world.user("deploy")
    key = world.key(deploy)
    world.aws.deny("ListAttachedUserPolicies")
    world.aws.deny("GetLoginProfile")
    seen = receives(world, exposure(key), fresh=True)
    assert (seen.outcome, seen.changed) == ("applied", deploy.no_longer_active(key))
    assert "what user deploy can do" in seen.notice.text and "GetLoginProfile" in seen.notice.text
