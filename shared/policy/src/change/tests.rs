use super::*;
use crate::action::Action;
use crate::actor::Actor;
use crate::record::Event;

const POLSEN: &str = r#"{"type":"IAMUser","arn":"arn:aws:iam::123456789012:user/polsen","userName":"polsen","accountId":"123456789012"}"#;

fn claims_of(action: &str, identity: &str, parameters: &str, response: &str) -> Vec<Claim> {
    let record = format!(
        r#"{{"eventTime":"2026-01-01T00:00:00Z","eventSource":"iam.amazonaws.com","eventName":"{action}","awsRegion":"us-east-1",
            "recipientAccountId":"123456789012","userIdentity":{identity},"requestParameters":{parameters},"responseElements":{response}}}"#
    );
    let event = Event::from_envelope_or_record(&record).unwrap();
    Action::of(&event).remove(0).claims(&event, &Actor::of(&event).unwrap())
}

fn change(action: &str, parameters: &str) -> Claim {
    claims_of(action, POLSEN, parameters, "null").remove(0)
}

fn credential(action: &str, identity: &str, parameters: &str, response: &str) -> String {
    match claims_of(action, identity, parameters, response).pop() {
        Some(Claim::Change(Change::CredentialActivated(CredentialActivated { owner, credential, created }))) => {
            format!("{credential} of {owner}, {created}")
        }
        Some(other) => format!("{other:?}"),
        None => "nothing".to_owned(),
    }
}

#[test]
fn each_attach_call_names_its_own_kind_of_target() {
    for (action, parameters, target) in [
        ("AttachUserPolicy", r#""userName":"a""#, "user a"),
        ("AttachGroupPolicy", r#""groupName":"b""#, "group b"),
        ("AttachRolePolicy", r#""roleName":"c""#, "role c"),
    ] {
        let claim = change(action, &format!(r#"{{{parameters},"policyArn":"arn:aws:iam::aws:policy/X"}}"#));
        assert!(matches!(claim, Claim::Change(change) if change.target().to_string() == target), "{target}");
    }
}

#[test]
fn parameters_that_were_not_kept_are_unknown() {
    for parameters in ["null", r#"{"omitted":true}"#] {
        assert!(matches!(change("AttachUserPolicy", parameters), Claim::Unknown(_)));
    }
    assert!(matches!(change("CreateAccessKey", r#"{"omitted":true}"#), Claim::Unknown(_)));
}

#[test]
fn a_policy_of_another_account_or_partition_is_unknown() {
    for arn in ["arn:aws:iam::999999999999:policy/X", "arn:aws-cn:iam::aws:policy/X"] {
        let parameters = format!(r#"{{"userName":"a","policyArn":"{arn}"}}"#);
        assert!(matches!(change("AttachUserPolicy", &parameters), Claim::Unknown(_)), "{arn}");
    }
}

#[test]
fn a_target_of_another_kind_than_the_call_s_is_unknown() {
    let parameters = r#"{"groupName":"a","policyArn":"arn:aws:iam::aws:policy/X"}"#;
    assert!(matches!(change("AttachUserPolicy", parameters), Claim::Unknown(_)));
}

#[test]
fn an_event_of_another_service_is_no_action_of_ours() {
    let record = r#"{"eventTime":"2026-01-01T00:00:00Z","eventSource":"sso.amazonaws.com","eventName":"AttachUserPolicy",
        "awsRegion":"us-east-1","recipientAccountId":"123456789012"}"#;
    assert!(Action::of(&Event::from_envelope_or_record(record).unwrap()).is_empty());
}

#[test]
fn a_new_key_is_the_named_user_s_or_the_caller_s_or_root_s() {
    let key = r#"{"accessKey":{"accessKeyId":"AKIAIOSFODNN7EXAMPLE","status":"Active","userName":"whoever"}}"#;
    let root = r#"{"type":"Root","arn":"arn:aws:iam::123456789012:root","accountId":"123456789012"}"#;
    let role = r#"{"type":"AssumedRole","arn":"arn:aws:sts::123456789012:assumed-role/ops/bob"}"#;
    for (identity, parameters, wanted) in [
        (POLSEN, r#"{"userName":"deploy"}"#, "access key AKIAIOSFODNN7EXAMPLE of user deploy, true"),
        (POLSEN, "null", "access key AKIAIOSFODNN7EXAMPLE of user polsen, true"),
        (POLSEN, "{}", "access key AKIAIOSFODNN7EXAMPLE of user polsen, true"),
        (root, "null", "access key AKIAIOSFODNN7EXAMPLE of the root user, true"),
    ] {
        assert_eq!(credential("CreateAccessKey", identity, parameters, key), wanted);
    }
    assert!(credential("CreateAccessKey", role, "null", key).starts_with("Unknown"), "a session has no keys of its own");
    assert!(credential("CreateAccessKey", POLSEN, "null", "null").starts_with("Unknown"), "which key it is, is not told");
}

#[test]
fn every_kind_of_long_lived_credential_is_known_by_its_id() {
    for (action, response, wanted) in [
        (
            "UploadSSHPublicKey",
            r#"{"sSHPublicKey":{"sSHPublicKeyId":"APKAEXAMPLEEXAMPLE00"}}"#,
            "SSH public key APKAEXAMPLEEXAMPLE00 of user a, true",
        ),
        (
            "UploadSigningCertificate",
            r#"{"certificate":{"certificateId":"TA7SMP42TDN5Z26OBPJE7EXAMPLE"}}"#,
            "signing certificate TA7SMP42TDN5Z26OBPJE7EXAMPLE of user a, true",
        ),
        (
            "CreateServiceSpecificCredential",
            r#"{"serviceSpecificCredential":{"serviceSpecificCredentialId":"ACCAEXAMPLEEXAMPLE00","serviceName":"bedrock.amazonaws.com"}}"#,
            "service-specific credential ACCAEXAMPLEEXAMPLE00 of user a, true",
        ),
    ] {
        assert_eq!(credential(action, POLSEN, r#"{"userName":"a"}"#, response), wanted);
    }
}

#[test]
fn only_what_becomes_active_is_a_change() {
    let update = |status: &str| {
        credential("UpdateAccessKey", POLSEN, &format!(r#"{{"accessKeyId":"AKIAIOSFODNN7EXAMPLE","status":"{status}"}}"#), "null")
    };
    assert_eq!(update("Active"), "access key AKIAIOSFODNN7EXAMPLE of user polsen, false");
    assert_eq!(update("Inactive"), "nothing");
}

#[test]
fn taking_away_or_replacing_a_quarantine_is_distinguished_from_other_policies() {
    let lifts = |action: &str, parameters: &str| {
        let record = format!(
            r#"{{"eventTime":"2026-01-01T00:00:00Z","eventSource":"iam.amazonaws.com","eventName":"{action}","awsRegion":"us-east-1",
                "recipientAccountId":"123456789012","requestParameters":{parameters}}}"#
        );
        Action::of(&Event::from_envelope_or_record(&record).unwrap()).first() == Action::named("LiftQuarantine").as_ref()
    };
    assert!(
        lifts("DeleteRolePolicy", r#"{"roleName":"a","policyName":"rescindquarantine-1-s-x"}"#),
        "IAM does not tell names apart by case"
    );
    let denies = "arn:aws:iam::123456789012:policy/rescind/RescindDenyEverything-0";
    assert!(lifts("DetachUserPolicy", &format!(r#"{{"userName":"a","policyArn":"{denies}"}}"#)));
    assert!(lifts("SetDefaultPolicyVersion", &format!(r#"{{"policyArn":"{denies}","versionId":"v2"}}"#)));
    assert!(lifts("CreatePolicyVersion", &format!(r#"{{"policyArn":"{denies}","setAsDefault":true}}"#)));
    assert!(!lifts("CreatePolicyVersion", &format!(r#"{{"policyArn":"{denies}"}}"#)), "the default stays what it was");
    assert!(!lifts("PutRolePolicy", r#"{"roleName":"a","policyName":"RescindQuarantine-1"}"#), "judged as any other put");
    assert!(!lifts("DetachUserPolicy", r#"{"userName":"a","policyArn":"arn:aws:iam::aws:policy/AWSDenyAll"}"#), "anybody's");
    assert!(lifts("DetachRolePolicy", r#"{"roleName":"a","policyArn":"arn:aws:iam::123456789012:policy/rescind/RescindQuarantine-1"}"#));
    assert!(!lifts("DeleteRolePolicy", r#"{"roleName":"a","policyName":"Other"}"#));
    assert!(!lifts("DetachUserPolicy", &format!(r#"{{"userName":"a","policyArn":"{}"}}"#, denies.replace("/rescind", ""))));
    assert!(!lifts("DetachUserPolicy", &format!(r#"{{"userName":"a","policyArn":"{}"}}"#, denies.replace("1234", "9999"))));
    assert!(!lifts("DeleteRolePolicy", "null"));
    assert!(!lifts("DeleteRolePolicy", r#"{"roleName":"a","policyName":"RescindQuarantine-evil"}"#), "not a name that Rescind gives");
}

#[test]
fn an_inline_policy_is_read_with_its_text_or_without() {
    let put = |parameters: &str| change("PutRolePolicy", parameters);
    let Claim::Change(Change::InlinePolicyPut(with)) = put(r#"{"roleName":"web","policyName":"p+=,.@_-","policyDocument":"{}"}"#) else {
        panic!("a change was expected");
    };
    assert_eq!((with.matter().as_str(), with.document.as_deref()), ("inline policy p+=,.@_- of role web", Some("{}")));
    assert!(matches!(put(r#"{"roleName":"web","policyName":"p"}"#), Claim::Missing(Missing::Document(_))));
    assert!(matches!(change("PutRolePolicy", r#"{"userName":"web","policyName":"p","policyDocument":"{}"}"#), Claim::Unknown(_)));
}

#[test]
fn a_policy_that_is_put_under_the_name_of_a_quarantine_is_judged_as_any_other() {
    let parameters = r#"{"roleName":"a","policyName":"rescindquarantine-1","policyDocument":"{}"}"#;
    assert!(matches!(change("PutRolePolicy", parameters), Claim::Change(Change::InlinePolicyPut(_))));
}

#[test]
fn a_user_is_added_to_a_group_whatever_their_names() {
    let claim = change("AddUserToGroup", r#"{"userName":"a+=,.@_-","groupName":"g+=,.@_-"}"#);
    assert!(matches!(claim, Claim::Change(change) if change.kind().matter() == "user a+=,.@_- in group g+=,.@_-"));
    for parameters in ["{}", r#"{"userName":"a"}"#, r#"{"userName":"a","groupName":"b c"}"#, "[]", "7"] {
        assert!(matches!(change("AddUserToGroup", parameters), Claim::Unknown(_)), "{parameters}");
    }
    assert!(matches!(change("AddUserToGroup", "null"), Claim::Unknown(_)));
}

#[test]
fn the_id_of_the_actor_is_the_target_s_only_if_they_are_the_same() {
    let polsen = POLSEN.replace('{', r#"{"principalId":"AIDAEXAMPLEEXAMPLE00","#);
    let id = |user: &str| {
        let parameters = format!(r#"{{"userName":"{user}","groupName":"g"}}"#);
        match claims_of("AddUserToGroup", &polsen, &parameters, "null").pop() {
            Some(Claim::Change(change)) => change.target().identity().and_then(|user| user.id.clone()),
            other => panic!("{other:?}"),
        }
    };
    assert!(id("Polsen").is_some());
    assert_eq!(id("intern"), None);
}

#[test]
fn what_iam_accepted_in_other_letters_is_read() {
    let claim = change("AttachUserPolicy", r#"{"userName":"Polsen","policyArn":"arn:aws:iam::AWS:policy/administratoraccess"}"#);
    let Claim::Change(Change::PolicyAttached(attached)) = claim else { panic!("{claim:?}") };
    assert_eq!((attached.policy_arn.owner(), attached.policy_arn.name()), ("aws", "administratoraccess"));
}

#[test]
fn detaching_a_quarantine_in_other_letters_lifts_it() {
    for arn in [
        "arn:aws:iam::123456789012:policy/rescind/rescinddenyeverything-0",
        "arn:aws:iam::123456789012:POLICY/RESCIND/RescindDENYEVERYTHING-0",
    ] {
        let claim = change("DetachUserPolicy", &format!(r#"{{"userName":"deploy","policyArn":"{arn}"}}"#));
        assert!(matches!(claim, Claim::Change(Change::QuarantineLifted(_))), "{arn}: {claim:?}");
    }
}

#[test]
fn what_becomes_of_a_second_factor_is_read_whatever_the_letters() {
    let read = |action: &str, parameters: &str| match change(action, parameters) {
        Claim::Change(Change::MfaChanged(changed)) => format!("{:?} {}", changed.deed, changed.user),
        Claim::Unknown(_) => "unknown".to_owned(),
        other => panic!("{other:?}"),
    };
    let device = r#"{"userName":"deploy","serialNumber":"GAHT12345678"}"#;
    assert_eq!(read("DeactivateMFADevice", device), r#"Deactivated { serial_number: "GAHT12345678" } user deploy"#);
    assert_eq!(read("EnableMFADevice", device), r#"Enabled { serial_number: "GAHT12345678" } user deploy"#);
    for parameters in ["{}", "null", "7", r#"{"userName":"deploy"}"#, r#"{"userName":"a b","serialNumber":"x"}"#] {
        assert_eq!(read("DeactivateMFADevice", parameters), "unknown", "{parameters}");
    }
    for arn in [
        "arn:aws:iam::123456789012:policy/rescind/RescindDenyWithoutMfa-0",
        "arn:aws:iam::123456789012:POLICY/RESCIND/rescinddenywithoutmfa-0",
    ] {
        let said = read("DetachUserPolicy", &format!(r#"{{"userName":"deploy","policyArn":"{arn}"}}"#));
        assert!(said.starts_with("Lifted") && said.ends_with("known: false } user deploy"), "{arn}: {said}");
        assert_eq!(read("DetachUserPolicy", &format!(r#"{{"policyArn":"{arn}"}}"#)), "unknown");
    }
    for arn in ["arn:aws:iam::123456789012:policy/RescindDenyWithoutMfa-0", "arn:aws:iam::123456789012:policy/rescind/Guard"] {
        let claim = change("DetachUserPolicy", &format!(r#"{{"userName":"deploy","policyArn":"{arn}"}}"#));
        assert!(matches!(claim, Claim::Change(Change::PolicyDetached(_))), "{arn}: {claim:?}");
    }
}

#[test]
fn a_device_of_root_s_is_no_change_whoever_deactivates_it() {
    let root = r#"{"type":"Root","arn":"arn:aws:iam::123456789012:root","accountId":"123456789012"}"#;
    let serial = r#""serialNumber":"arn:aws:iam::123456789012:mfa/root-account-mfa-device""#;
    for action in ["DeactivateMFADevice", "EnableMFADevice"] {
        assert!(claims_of(action, root, &format!("{{{serial}}}"), "null").is_empty());
        for identity in [root, POLSEN] {
            assert!(claims_of(action, identity, &format!(r#"{{"userName":"AWS ROOT USER",{serial}}}"#), "null").is_empty());
        }
        let user = claims_of(action, root, &format!(r#"{{"userName":"deploy",{serial}}}"#), "null");
        assert!(matches!(&*user, [Claim::Change(Change::MfaChanged(_))]), "root can take a user's device");
    }
}

#[test]
fn a_service_specific_credential_with_a_new_password_is_judged_like_a_new_one() {
    let reset = |status: &str| {
        let answer =
            format!(r#"{{"serviceSpecificCredential":{{"serviceSpecificCredentialId":"ACCAEXAMPLEEXAMPLE00","status":"{status}"}}}}"#);
        let parameters = r#"{"userName":"deploy","serviceSpecificCredentialId":"ACCAEXAMPLEEXAMPLE00"}"#;
        credential("ResetServiceSpecificCredential", POLSEN, parameters, &answer)
    };
    assert_eq!(reset("Active"), "service-specific credential ACCAEXAMPLEEXAMPLE00 of user deploy, true");
    assert_eq!(reset("Inactive"), "nothing");
}

#[test]
fn a_role_session_that_changes_its_own_role_says_the_role_s_id() {
    let role = r#"{"type":"AssumedRole","principalId":"AROAEXAMPLEEXAMPLE00:bob","arn":"arn:aws:sts::123456789012:assumed-role/ops/bob","accountId":"123456789012"}"#;
    let id = |name: &str| {
        let parameters = format!(r#"{{"roleName":"{name}","policyArn":"arn:aws:iam::aws:policy/X"}}"#);
        match claims_of("AttachRolePolicy", role, &parameters, "null").pop() {
            Some(Claim::Change(change)) => change.target().identity().and_then(|role| role.id.as_ref().map(ToString::to_string)),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(id("ops").as_deref(), Some("AROAEXAMPLEEXAMPLE00"));
    assert_eq!(id("web"), None);
}

#[test]
fn a_trust_policy_says_whom_it_lets_in() {
    let text = r#"{"Statement":{"Effect":"Allow","Principal":{"AWS":["999999999999","999999999999"],"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}}"#;
    for (call, parameter, created) in
        [("CreateRole", "assumeRolePolicyDocument", true), ("UpdateAssumeRolePolicy", "policyDocument", false)]
    {
        let parameters = serde_json::json!({"roleName": "web", parameter: text}).to_string();
        let Claim::Change(Change::TrustChanged(changed)) = change(call, &parameters) else {
            panic!("{call} changes a trust policy");
        };
        assert_eq!((changed.created, changed.document.as_deref(), changed.trusted.len()), (created, Some(text), 2));
        assert!(Change::from(changed.clone()).kind().happened().ends_with("which trusts account 999999999999; service ec2.amazonaws.com"));
        assert!(matches!(change(call, r#"{"roleName":"web"}"#), Claim::Missing(Missing::Trust(_))));
        let refused = serde_json::json!({"roleName": "web", parameter: "{}"}).to_string();
        assert!(matches!(change(call, &refused), Claim::Unknown(reason) if reason.contains("Statement is missing")));
    }
}

fn version(action: &str, parameters: &str, response: &str) -> Result<PolicyVersionSet, String> {
    let parameters = format!(r#"{{"policyArn":"arn:aws:iam::123456789012:policy/a/Tools",{parameters}}}"#);
    match claims_of(action, POLSEN, &parameters, response).pop() {
        Some(Claim::Change(Change::PolicyVersionSet(set))) => Ok(set),
        other => Err(format!("{other:?}")),
    }
}

#[test]
fn a_version_is_the_default_only_if_the_record_says_so() {
    const V2: &str = r#"{"policyVersion":{"versionId":"v2"}}"#;
    for (written, wanted) in [
        (r#","setAsDefault":true"#, Some(true)),
        (r#","setAsDefault":"True""#, Some(true)),
        (r#","setAsDefault":false"#, Some(false)),
        ("", Some(false)),
        (r#","setAsDefault":1"#, None),
        (r#","setAsDefault":"yes""#, None),
    ] {
        let set = version("CreatePolicyVersion", &format!(r#""policyDocument":"{{}}"{written}"#), V2);
        assert_eq!(set.as_ref().ok().map(|set| set.is_default), wanted, "{written}: {set:?}");
        assert!(set.is_err() || set.is_ok_and(|set| set.version.as_deref() == Some("v2")));
    }
    let set = version("SetDefaultPolicyVersion", r#""versionId":"v1""#, "null").unwrap();
    assert_eq!((set.is_default, set.version.as_deref(), set.document), (true, Some("v1"), None));
}

#[test]
fn a_successful_call_whose_record_does_not_say_which_version_it_made_is_unknown() {
    for response in
        ["null", "{}", r#"{"policyVersion":{}}"#, r#"{"policyVersion":{"versionId":"v"}}"#, r#"{"policyVersion":{"versionId":"2"}}"#]
    {
        let set = version("CreatePolicyVersion", r#""policyDocument":"{}","setAsDefault":true"#, response);
        assert!(set.is_err_and(|unknown| unknown.contains("Unknown")), "{response}");
    }
    assert!(version("SetDefaultPolicyVersion", r#""versionId":"v1;x""#, "null").is_err());
    assert!(version("SetDefaultPolicyVersion", r#""policyDocument":"{}""#, "null").is_err());
}

#[test]
fn the_versions_of_a_policy_that_is_not_the_account_s_own_are_unknown() {
    for arn in ["arn:aws:iam::aws:policy/X", "arn:aws:iam::999999999999:policy/X", "arn:aws-cn:iam::123456789012:policy/X"] {
        let parameters = format!(r#"{{"policyArn":"{arn}","versionId":"v1"}}"#);
        assert!(matches!(change("SetDefaultPolicyVersion", &parameters), Claim::Unknown(_)), "{arn}");
    }
}

#[test]
fn a_new_policy_is_its_first_version_under_its_path() {
    let claim = change("CreatePolicy", r#"{"policyName":"Tools","path":"/a/b/","policyDocument":"{}"}"#);
    assert!(matches!(claim, Claim::Change(change) if change.target().to_string() == "policy arn:aws:iam::123456789012:policy/a/b/Tools"));
}

fn password_rules(parameters: &str) -> String {
    match change("UpdateAccountPasswordPolicy", parameters) {
        Claim::Change(Change::PasswordPolicyChanged(PasswordPolicyChanged { rules: Some(rules) })) => rules.to_string(),
        other => format!("{other:?}"),
    }
}

#[test]
fn what_a_password_policy_does_not_name_is_iam_s_default() {
    let default = "at least 6 characters of any kind, earlier ones allowed again, never expiring, not changed by the users themselves";
    for parameters in ["null", "{}", r#"{"maxPasswordAge":0,"passwordReusePrevention":null}"#, r#"{"hardExpiry":"false"}"#] {
        assert_eq!(password_rules(parameters), default, "{parameters}");
    }
    let named = password_rules(r#"{"minimumPasswordLength":"9","requireSymbols":true,"maxPasswordAge":90,"hardExpiry":"true"}"#);
    assert_eq!(
        named,
        "at least 9 characters with symbols, earlier ones allowed again, expiring after 90 days and then reset by an administrator only, not changed by the users themselves"
    );
    for parameters in [r#"{"omitted":true}"#, r#"{"minimumPasswordLength":-1}"#, r#"{"requireSymbols":""}"#, r#"["polsen"]"#, r#""polsen""#]
    {
        assert!(password_rules(parameters).starts_with("Unknown"), "{parameters}");
    }
}

#[test]
fn a_deleted_password_policy_is_known_without_parameters() {
    let deleted = |parameters: &str| change("DeleteAccountPasswordPolicy", parameters);
    for parameters in ["null", "{}"] {
        assert!(
            matches!(deleted(parameters), Claim::Change(Change::PasswordPolicyChanged(PasswordPolicyChanged { rules: None }))),
            "{parameters}"
        );
    }
    for parameters in [r#"{"omitted":true}"#, r#"["polsen"]"#] {
        assert!(matches!(deleted(parameters), Claim::Unknown(_)), "{parameters}");
    }
}

#[test]
fn each_removal_names_its_target_and_what_it_took_away() {
    for (action, parameters, said) in [
        ("DetachGroupPolicy", r#"{"groupName":"a","policyArn":"arn:aws:iam::aws:policy/X"}"#, "policy X on group a"),
        ("DeleteRolePolicy", r#"{"roleName":"a","policyName":"guard"}"#, "inline policy guard of role a"),
        ("DeleteUserPermissionsBoundary", r#"{"userName":"a"}"#, "permissions boundary of user a"),
        (
            "PutRolePermissionsBoundary",
            r#"{"roleName":"a","permissionsBoundary":"arn:aws:iam::aws:policy/X"}"#,
            "permissions boundary of role a",
        ),
        ("RemoveUserFromGroup", r#"{"userName":"a","groupName":"denied"}"#, "user a in group denied"),
    ] {
        match change(action, parameters) {
            Claim::Change(change) => assert_eq!(change.kind().matter(), said),
            other => panic!("{action}: {other:?}"),
        }
    }
    for (action, parameters) in [
        ("DetachUserPolicy", r#"{"userName":"a","policyArn":"arn:aws:iam::999999999999:policy/X"}"#),
        ("PutUserPermissionsBoundary", r#"{"userName":"a"}"#),
        ("PutUserPermissionsBoundary", r#"{"roleName":"a","permissionsBoundary":"arn:aws:iam::aws:policy/X"}"#),
        ("DeleteUserPolicy", r#"{"userName":"a"}"#),
        ("RemoveUserFromGroup", r#"{"userName":"a"}"#),
    ] {
        assert!(matches!(change(action, parameters), Claim::Unknown(_)), "{action} {parameters}");
    }
}

#[test]
fn a_quarantine_that_is_taken_away_is_no_removal_of_a_guard() {
    let detached = r#"{"userName":"a","policyArn":"arn:aws:iam::123456789012:policy/rescind/RescindDenyEverything-0"}"#;
    let deleted = r#"{"roleName":"a","policyName":"RescindQuarantine-1772455454"}"#;
    for (action, parameters) in [("DetachUserPolicy", detached), ("DeleteRolePolicy", deleted)] {
        assert!(matches!(change(action, parameters), Claim::Change(Change::QuarantineLifted(_))), "{action}");
    }
}

#[test]
fn whose_password_it_is_and_who_set_it_is_read_from_the_record() {
    let said = |action: &str, identity: &str, parameters: &str| match claims_of(action, identity, parameters, "null").pop() {
        Some(Claim::Change(change @ Change::PasswordSet(_))) => change.kind().happened(),
        other => panic!("{other:?}"),
    };
    let session = |name: &str| {
        format!(
            r#"{{"type":"AssumedRole","principalId":"AROAEXAMPLEEXAMPLE00:{name}","accountId":"123456789012",
                "arn":"arn:aws:sts::123456789012:assumed-role/ops/{name}","sessionContext":{{"sessionIssuer":{{"type":"Role",
                "principalId":"AROAEXAMPLEEXAMPLE00","arn":"arn:aws:iam::123456789012:role/ops","accountId":"123456789012","userName":"ops"}}}}}}"#
        )
    };
    let of_polsen = r#"{"userName":"polsen"}"#;
    let made = |by: &str| format!("the console password of user polsen was made by {by}");
    assert_eq!(said("CreateLoginProfile", POLSEN, of_polsen), made("themselves"));
    assert_eq!(said("CreateLoginProfile", POLSEN, "null"), made("themselves"));
    assert_eq!(said("CreateLoginProfile", &session("alice"), of_polsen), made("somebody else"));
    let likely = made("a role session that carries their name, which proves nothing");
    assert_eq!(said("CreateLoginProfile", &session("polsen"), of_polsen), likely);
    let reset = said("UpdateLoginProfile", POLSEN, r#"{"userName":"deploy","passwordResetRequired":true}"#);
    assert_eq!(reset, "the console password of user deploy was reset by somebody else, to be changed at the next sign-in");
    // A user of that name in another account is somebody else.
    let elsewhere = POLSEN.replace("123456789012", "999999999999");
    assert_eq!(said("CreateLoginProfile", &elsewhere, of_polsen), made("somebody else"));
}

#[test]
fn a_reset_that_names_nobody_is_unknown() {
    assert!(matches!(change("UpdateLoginProfile", "null"), Claim::Unknown(_)));
    assert!(matches!(change("CreateLoginProfile", r#"{"userName":"polsen","passwordResetRequired":"perhaps"}"#), Claim::Unknown(_)));
}

#[test]
fn a_role_made_from_a_template_is_judged_as_the_calls_that_do_each_of_it_alone() {
    let answer = r#"{"role":{"roleName":"app","roleId":"AROAEXAMPLEEXAMPLE01","createDate":"Jan 1, 2026, 12:00:00 AM",
        "assumeRolePolicyDocument":"%7B%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%22%2A%22%2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%7D"}}"#;
    let record = |answer: &str| {
        format!(
            r#"{{"eventTime":"2026-01-01T00:00:00Z","eventSource":"iam.amazonaws.com","eventName":"AcquireRole","awsRegion":"us-east-1",
                "recipientAccountId":"123456789012","userIdentity":{POLSEN},"requestParameters":{{}},"responseElements":{answer}}}"#
        )
    };
    let claims = |answer: &str| {
        let event = Event::from_envelope_or_record(&record(answer)).unwrap();
        let actor = Actor::of(&event).unwrap();
        let said = |claim: Claim| match claim {
            Claim::Change(change) => change.kind().happened(),
            Claim::Missing(missing) => missing.reason(),
            Claim::Unknown(reason) => reason,
        };
        let of = |action: &'static Action| (action.name, action.claims(&event, &actor).into_iter().map(said).collect::<Vec<_>>());
        Action::of(&event).into_iter().filter(|action| action.name != "OwnRoleChanged").map(of).collect::<Vec<_>>()
    };
    let expected = [
        ("CreateRole", vec!["role app was created, which trusts everyone".to_owned()]),
        ("AttachRolePolicy", vec!["only the live account says which managed policies role app got from its template".to_owned()]),
        ("PutRolePolicy", vec!["only the live account says which inline policies role app got from its template".to_owned()]),
    ];
    assert_eq!(claims(answer), expected);
    let old = claims(&answer.replace("Jan 1, 2026", "Dec 31, 2025"));
    assert!(old.iter().all(|(_, claims)| claims.is_empty()), "a role that the call only returned: {old:?}");
    let unreadable = claims(&answer.replace("Jan 1, 2026, 12:00:00 AM", "yesterday"));
    assert!(unreadable.iter().all(|(name, claims)| claims.iter().all(|reason| reason.contains(name))), "{unreadable:?}");
}

#[test]
fn an_update_of_an_identity_provider_says_what_is_new() {
    let happened = |update: &str| {
        let parameters = format!(r#"{{"openIDConnectProviderArn":"arn:aws:iam::123456789012:oidc-provider/login.example.com"{update}}}"#);
        match change("UpdateOpenIDConnectProvider", &parameters) {
            Claim::Change(change) => change.kind().happened(),
            Claim::Unknown(reason) => reason,
            Claim::Missing(missing) => missing.reason(),
        }
    };
    for (update, said) in [
        (r#","contextProvider":{"subjectSourceKey":"email","keyDefinitionList":[]}"#, "is what its claim `email` says"),
        (r#","removeContextProvider":true"#, "no claim says any more"),
        (r#","removeContextProvider":"true","removeIdentityCenterInstance":false"#, "no claim says any more"),
        (
            r#","identityCenterInstanceArn":"arn:aws:sso:::instance/ssoins-1""#,
            "belongs to the IAM Identity Center instance arn:aws:sso:::instance/ssoins-1",
        ),
        (r#","removeIdentityCenterInstance":true"#, "no longer belongs to an IAM Identity Center instance"),
        ("", "it does not say what was updated"),
        (r#","removeContextProvider":false"#, "it does not say what was updated"),
    ] {
        assert!(happened(update).contains(said), "{update}: {}", happened(update));
    }
}

#[test]
fn a_trust_policy_that_the_caller_encoded_is_read_like_any_other() {
    let plain = r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}}"#;
    let encoded = plain.bytes().fold(String::new(), |text, byte| text + &format!("%{byte:02X}"));
    for text in [plain, &encoded] {
        let parameters = serde_json::json!({ "roleName": "web", "policyDocument": text }).to_string();
        let Claim::Change(Change::TrustChanged(changed)) = change("UpdateAssumeRolePolicy", &parameters) else {
            panic!("{text}");
        };
        assert_eq!((changed.trusted.len(), changed.document.as_deref()), (1, Some(plain)));
    }
}
