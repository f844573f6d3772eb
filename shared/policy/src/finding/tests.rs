use super::*;
use crate::action::Action;
use crate::actor::Actor;
use crate::arn::IamName;
use crate::change::{Change, Missing};
use crate::record::FindingState;

fn found(source: &str, detail: &str) -> Vec<Claim> {
    let envelope = format!(
        r#"{{"version":"0","id":"e-1","detail-type":"Finding","source":"aws.{source}","account":"123456789012",
            "time":"2026-01-01T00:00:00Z","region":"us-east-1","resources":[],"detail":{detail}}}"#
    );
    let event = Event::from_event_bridge(&envelope).unwrap();
    Action::of(&event).remove(0).claims(&event, &Actor::of(&event).unwrap())
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
fn missing_members_and_another_schema_are_reported_to_a_person() {
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

#[test]
fn an_entity_that_is_no_user_or_key_is_never_acted_on() {
    for entity in ["AWS_ACCOUNT", "UNKNOWN", "123456789012", "999999999999", "root", "Root", "arn:aws:s3:::bucket", ""] {
        let claims = health_event("AWS_RISK_ACCOUNT_CONSOLE_COMPROMISE", &format!(r#"[{{"entityValue":"{entity}"}}]"#));
        assert!(matches!(claims[..], [Claim::Unknown(_)]), "{entity}: {claims:?}");
    }
}

#[test]
fn a_user_in_capital_letters_is_not_taken_for_a_key() {
    let claims =
        health_event("AWS_RISK_CREDENTIALS_EXPOSED", r#"[{"entityValue":"SVC_BILLING_EXPORT"},{"entityValue":"AKIA_BILLING_EXPORT_01"}]"#);
    assert_eq!(claims.iter().map(said).collect::<Vec<_>>(), ["user SVC_BILLING_EXPORT, critical", "user AKIA_BILLING_EXPORT_01, critical"]);
}

/// The states of what a finding names.
fn states(claims: &[Claim]) -> Vec<FindingState> {
    let state = |claim: &Claim| match claim {
        Claim::Change(Change::CredentialExposed(exposed)) => exposed.finding.state,
        Claim::Missing(Missing::Owner { finding, .. }) => finding.state,
        other => panic!("{other:?}"),
    };
    claims.iter().map(state).collect()
}

#[test]
fn an_entity_that_is_resolved_is_closed_while_others_stay_open() {
    let entities = r#"[{"entityValue":"ann","status":"RESOLVED"},{"entityValue":"bob","status":"IMPAIRED"},{"entityValue":"AKIAIOSFODNN7EXAMPLE","status":"resolved"}]"#;
    let claims = health_event("AWS_RISK_CREDENTIALS_EXPOSED", entities);
    assert_eq!(states(&claims), [FindingState::Closed, FindingState::Open, FindingState::Closed]);
}

#[test]
fn a_health_event_that_is_closed_is_closed_for_all_its_entities() {
    let detail = r#"{"eventTypeCode":"AWS_RISK_CREDENTIALS_EXPOSED","service":"RISK","statusCode":"closed",
        "affectedEntities":[{"entityValue":"ann"},{"entityValue":"bob","status":"IMPAIRED"}]}"#;
    assert_eq!(states(&found("health", detail)), [FindingState::Closed, FindingState::Closed]);
}

#[test]
fn a_guardduty_finding_says_whether_it_is_archived_or_a_sample() {
    for (service, title, state) in [
        (r#"{"archived":false,"additionalInfo":{"value":"{}","type":"default"}}"#, "t", FindingState::Open),
        (r#"{"archived":true}"#, "t", FindingState::Archived),
        (r#"{"archived":"true"}"#, "t", FindingState::Archived),
        (r#"{"additionalInfo":{"sample":true}}"#, "t", FindingState::Sample),
        (r#"{"additionalInfo":{"sample":"true"},"archived":true}"#, "t", FindingState::Sample),
        (r#"{"additionalInfo":{"value":"{\"sample\":true}","type":"default"}}"#, "t", FindingState::Sample),
        (r#"{"AdditionalInfo":{"Sample":true},"Archived":false}"#, "t", FindingState::Sample),
        ("{}", "[SAMPLE] An unusual API was invoked.", FindingState::Sample),
        ("{}", "An unusual API was invoked by [SAMPLE].", FindingState::Open),
    ] {
        let detail = format!(
            r#"{{"schemaVersion":"2.0","type":"x","title":"{title}","severity":8,"service":{service},"resource":{{"accessKeyDetails":
                {{"accessKeyId":"AKIAIOSFODNN7EXAMPLE","userName":"ann","userType":"IAMUser"}}}}}}"#
        );
        assert_eq!(states(&found("guardduty", &detail)), [state], "{service}");
    }
}

#[test]
fn a_finding_of_another_service_says_whether_it_still_stands() {
    let state = |source: &str, detail: &str| {
        let envelope = format!(
            r#"{{"version":"0","id":"e-1","detail-type":"Finding","source":"aws.{source}","account":"123456789012",
                "time":"2026-01-01T00:00:00Z","region":"us-east-1","resources":[],"detail":{detail}}}"#
        );
        Event::from_event_bridge(&envelope).unwrap().record.finding_state()
    };
    assert_eq!(state("access-analyzer", r#"{"status":"ACTIVE"}"#), FindingState::Open);
    assert_eq!(state("access-analyzer", r#"{"status":"ARCHIVED"}"#), FindingState::Archived);
    assert_eq!(state("access-analyzer", r#"{"status":"RESOLVED"}"#), FindingState::Closed);
    assert_eq!(state("securityhub", r#"{"findings":[{"RecordState":"ARCHIVED"},{"RecordState":"ACTIVE"}]}"#), FindingState::Open);
    assert_eq!(state("securityhub", r#"{"findings":[{"RecordState":"ARCHIVED"}]}"#), FindingState::Archived);
    assert_eq!(state("securityhub", r#"{"findings":[{"Sample":true}]}"#), FindingState::Sample);
}

#[test]
fn a_namesake_in_another_account_is_not_this_account_s_user() {
    let key = r#""accessKeyId":"AKIAIOSFODNN7EXAMPLE","userName":"ann","userType":"IAMUser""#;
    assert!(matches!(misuse(&format!(r#"{{{key},"accountId":"999999999999"}}"#)), Claim::Unknown(_)));
    assert!(matches!(misuse(&format!(r#"{{{key},"accountId":"123456789012"}}"#)), Claim::Change(_)));
    let remote = |kind: &str, account: &str| {
        let detail = format!(
            r#"{{"schemaVersion":"2.0","type":"{kind}","severity":8,"resource":{{"accessKeyDetails":{{{key}}}}},
                "service":{{"action":{{"awsApiCallAction":{{"remoteAccountDetails":{{"accountId":"{account}","affiliated":false}}}}}}}}}}"#
        );
        found("guardduty", &detail).remove(0)
    };
    assert!(matches!(remote("Exfiltration:S3/AnomalousBehavior", "999999999999"), Claim::Unknown(_)));
    assert!(matches!(remote("Exfiltration:S3/AnomalousBehavior", "123456789012"), Claim::Change(_)));
    let stolen = "UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.InsideAWS";
    assert!(matches!(remote(stolen, "999999999999"), Claim::Change(_)), "the remote account is the thief's");
}

#[test]
fn an_actor_of_another_account_is_reported_and_the_others_are_acted_on() {
    let user = r#""name":"web","type":"AssumedRole","credentialUid":"ASIAIOSFODNN7EXAMPLE""#;
    for (user_more, session) in [
        (r#","account":{"uid":"999999999999"}"#, "{}"),
        ("", r#"{"issuer":"arn:aws:iam::999999999999:role/web"}"#),
        (r#","account":{"uid":"123456789012"}"#, r#"{"issuer":"arn:aws:iam::999999999999:role/web"}"#),
        (r#","uid":"arn:aws:iam::999999999999:role/web""#, "{}"),
    ] {
        let detail = format!(
            r#"{{"schemaVersion":"2.0","type":"AttackSequence:IAM/CompromisedCredentials","severity":9,"service":{{"detection":{{"sequence":{{"actors":[
                {{"user":{{{user}{user_more}}},"session":{session}}},
                {{"user":{{{user},"account":{{"uid":"123456789012"}}}},"session":{{"issuer":"arn:aws:iam::123456789012:role/web"}}}}]}}}}}}}}"#
        );
        let claims = found("guardduty", &detail);
        assert!(matches!(claims[..], [Claim::Unknown(_), Claim::Change(_)]), "{user_more} {session}: {claims:?}");
    }
}

/// The unique id that a misuse names.
fn id_in(details: &str) -> Option<String> {
    match misuse(details) {
        Claim::Change(change) => change.target().identity().and_then(|owner| owner.id.as_ref().map(ToString::to_string)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_unique_id_of_a_user_or_role_is_kept_without_its_session() {
    assert_eq!(
        id_in(r#"{"principalId":"AIDAEXAMPLEEXAMPLE00","userName":"ann","userType":"IAMUser"}"#).as_deref(),
        Some("AIDAEXAMPLEEXAMPLE00")
    );
    assert_eq!(
        id_in(r#"{"principalId":"AROAEXAMPLEEXAMPLE00:i-0a","userName":"web","userType":"AssumedRole"}"#).as_deref(),
        Some("AROAEXAMPLEEXAMPLE00")
    );
    assert_eq!(id_in(r#"{"principalId":"<none>","userName":"ann","userType":"IAMUser"}"#), None);
}

#[test]
fn an_id_of_another_kind_of_principal_is_a_contradiction_and_not_acted_on() {
    for details in [
        r#"{"principalId":"AROAEXAMPLEEXAMPLE00:x","userName":"ann","userType":"IAMUser"}"#,
        r#"{"principalId":"AIDAEXAMPLEEXAMPLE00","userName":"web","userType":"AssumedRole"}"#,
    ] {
        assert!(matches!(misuse(details), Claim::Unknown(_)), "{details}");
    }
}
