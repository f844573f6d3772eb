use super::*;
use crate::action::Action;
use crate::actor::Actor;
use crate::arn::IamName;
use crate::change::{Change, Missing};

fn found(source: &str, detail: &str) -> Vec<Claim> {
    let envelope = format!(
        r#"{{"version":"0","id":"e-1","detail-type":"Finding","source":"aws.{source}","account":"123456789012",
            "time":"2026-01-01T00:00:00Z","region":"us-east-1","resources":[],"detail":{detail}}}"#
    );
    let event = Event::from_event_bridge(&envelope).unwrap();
    Action::of(&event).unwrap().claims(&event, &Actor::of(&event).unwrap()).unwrap()
}

fn health_event(code: &str, entities: &str) -> Vec<Claim> {
    found("health", &format!(r#"{{"eventTypeCode":"{code}","affectedEntities":{entities}}}"#))
}

fn misuse(details: &str) -> Claim {
    let detail = format!(
        r#"{{"schemaVersion":"2.0","accountId":"123456789012","id":"f-1","type":"UnauthorizedAccess:IAMUser/TorIPCaller","severity":8,
            "resource":{{"resourceType":"AccessKey","accessKeyDetails":{details}}}}}"#
    );
    found("guardduty", &detail).remove(0)
}

fn said(claim: &Claim) -> String {
    match claim {
        Claim::Change(Change::CredentialExposed(CredentialExposed { owner, credential, session, finding })) => {
            let credential = credential.as_ref().map(|credential| format!(", {credential}")).unwrap_or_default();
            let name = session.as_ref().map(|session| session.name.as_ref().map_or("some", IamName::as_str));
            format!("{owner}{credential}{}, {}", name.map(|name| format!(", session {name}")).unwrap_or_default(), finding.severity.name())
        }
        Claim::Missing(Missing::Owner { id, .. }) => format!("somebody's {id}"),
        other => format!("{other:?}"),
    }
}

#[test]
fn each_entity_of_a_health_event_is_a_claim_of_its_own() {
    let claims = health_event(
        "AWS_RISK_CREDENTIALS_EXPOSED",
        r#"[{"entityValue":"AKIAIOSFODNN7EXAMPLE"},{"entityValue":"arn:aws:iam::123456789012:user/team/ann"},{"entityValue":"bob"}]"#,
    );
    let said: Vec<String> = claims.iter().map(said).collect();
    assert_eq!(said, ["somebody's AKIAIOSFODNN7EXAMPLE", "user ann, critical", "user bob, critical"]);
}

#[test]
fn what_a_health_event_does_not_name_plainly_is_not_guessed() {
    for entities in [
        "[]",
        r#"[{"entityValue":"arn:aws:iam::999999999999:user/ann"}]"#,
        r#"[{"entityValue":"ASIAIOSFODNN7EXAMPLE"}]"#,
        r#"[{"entityValue":"<<key>>"}]"#,
        "[{}]",
        "7",
    ] {
        assert!(matches!(health_event("AWS_RISK_CREDENTIALS_EXPOSED", entities)[..], [Claim::Unknown(_)]), "{entities}");
    }
    assert!(matches!(health_event("AWS_EC2_SOMETHING", r#"[{"entityValue":"i-1"}]"#)[..], [Claim::Unknown(_)]));
}

#[test]
fn a_key_a_session_and_root_are_told_apart() {
    for (details, wanted) in [
        (
            r#"{"accessKeyId":"AKIAIOSFODNN7EXAMPLE","userName":"ann","userType":"IAMUser"}"#,
            "user ann, access key AKIAIOSFODNN7EXAMPLE, high",
        ),
        (r#"{"accessKeyId":"ASIAIOSFODNN7EXAMPLE","userName":"ann","userType":"IAMUser"}"#, "user ann, session some, high"),
        (
            r#"{"AccessKeyId":"ASIAIOSFODNN7EXAMPLE","PrincipalId":"AROAX:i-0a","UserName":"web","UserType":"AssumedRole"}"#,
            "role web, session i-0a, high",
        ),
        (r#"{"accessKeyId":"","userName":"Root","userType":"Root"}"#, "the root user, high"),
    ] {
        assert_eq!(said(&misuse(details)), wanted);
    }
}

#[test]
fn missing_members_another_schema_and_samples_are_told_to_a_person() {
    for details in
        ["{}", r#"{"userType":"IAMUser"}"#, r#"{"userType":"FederatedUser","userName":"x"}"#, r#"{"accessKeyId":"x","userType":"IAMUser"}"#]
    {
        assert!(matches!(misuse(details), Claim::Unknown(_)), "{details}");
    }
    for detail in [
        "{}",
        r#"{"schemaVersion":"3.0","severity":8}"#,
        r#"{"schemaVersion":"2.0"}"#,
        r#"{"schemaVersion":"2.0","severity":5,"resource":{"resourceType":"Instance"}}"#,
        r#"{"schemaVersion":"2.0","severity":5,"service":{"additionalInfo":{"sample":true}}}"#,
    ] {
        assert!(matches!(found("guardduty", detail)[..], [Claim::Unknown(_)]), "{detail}");
    }
    assert!(matches!(found("securityhub", "{}")[..], [Claim::Unknown(_)]));
}

#[test]
fn every_actor_of_an_attack_sequence_is_a_claim() {
    let claims = found(
        "guardduty",
        r#"{"schemaVersion":"2.0","type":"AttackSequence:IAM/CompromisedCredentials","severity":9,"service":{"detection":{"sequence":{"actors":[
            {"user":{"name":"ann","type":"IAMUser","credentialUid":"AKIAIOSFODNN7EXAMPLE"}},
            {"user":{"name":"web","type":"AssumedRole","uid":"AROAX:i-0a","credentialUid":"ASIAIOSFODNN7EXAMPLE"}}]}}}}"#,
    );
    let said: Vec<String> = claims.iter().map(said).collect();
    assert_eq!(said, ["user ann, access key AKIAIOSFODNN7EXAMPLE, critical", "role web, session i-0a, critical"]);
}

#[test]
fn a_finding_that_names_hundreds_is_cut_and_says_so() {
    let entities = vec![r#"{"entityValue":"bob"}"#; 300].join(",");
    let claims = health_event("AWS_RISK_CREDENTIALS_EXPOSED", &format!("[{entities}]"));
    assert_eq!(claims.len(), SUBJECTS_MAX + 1);
    assert!(matches!(claims.last(), Some(Claim::Unknown(reason)) if reason.contains("280 more")));
}
