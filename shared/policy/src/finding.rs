//! What AWS's own services find: of AWS Health that a credential is exposed, of `GuardDuty` that somebody misuses one.
//!
//! A finding names credentials, users or roles; what it does not name plainly is told to a person, never guessed.
//! AWS Health user guide, "Event and entity descriptions"; `GuardDuty` user guide, "`GuardDuty` IAM finding types" and "Attack sequence finding
//! types"; `GuardDuty` API reference, `AccessKeyDetails`, `Sequence`, `Actor`.

use serde::{Deserialize, Serialize};

use crate::arn::{CredentialId, IamName};
use crate::change::{Change, Claim, Target, TargetKind};
use crate::credential::{Credential, CredentialKind, Session};
use crate::guardrail::Severity;
use crate::record::Event;
use crate::text::{bounded, quoted};

/// The form of `GuardDuty`'s findings that is read.
const GUARD_DUTY_SCHEMA: &str = "2.0";
/// Subjects of one finding that are acted on: each costs calls, and a finding that names more is no ordinary one.
const SUBJECTS_MAX: usize = 20;
/// Longest type that is kept, in bytes.
const TYPE_MAX: usize = 256;

/// What was found, by whom, and how grave the finder takes it to be.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// `health` or `guardduty`.
    pub finder: String,
    /// `AWS_RISK_CREDENTIALS_EXPOSED`, `UnauthorizedAccess:IAMUser/MaliciousIPCaller`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// How grave.
    pub severity: Severity,
}

/// What a finding names: each is a change of its own.
pub(crate) fn claims(event: &Event, detail: &str) -> Vec<Claim> {
    let read = match event.record.event_source.as_str() {
        "health.amazonaws.com" => health(event, detail),
        "guardduty.amazonaws.com" => guard_duty(event, detail),
        _ => Err("only the findings of AWS Health and GuardDuty name a credential in a form that is acted on".to_owned()),
    };
    let mut claims = read.unwrap_or_else(|reason| vec![Claim::Unknown(reason)]);
    if claims.len() > SUBJECTS_MAX {
        let more = claims.len() - SUBJECTS_MAX;
        claims.truncate(SUBJECTS_MAX);
        claims.push(Claim::Unknown(format!("the finding names {more} more credentials than are acted on at once: look at each of them")));
    }
    claims
}

fn finding(event: &Event, finder: &str, severity: Severity) -> Finding {
    Finding { finder: finder.to_owned(), kind: bounded(event.record.event_name.clone(), TYPE_MAX), severity }
}

// ── AWS Health ──

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HealthEvent {
    #[serde(default)]
    affected_entities: Vec<AffectedEntity>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AffectedEntity {
    entity_value: Option<String>,
}

fn health(event: &Event, detail: &str) -> Result<Vec<Claim>, String> {
    let code = &event.record.event_name;
    if !code.starts_with("AWS_RISK_") {
        return Err(format!("the event is {}, which is not about a credential", quoted(code)));
    }
    let read: HealthEvent = serde_json::from_str(detail).map_err(|error| format!("the Health event cannot be read: {error}"))?;
    if read.affected_entities.is_empty() {
        return Err("the Health event names no affected entity: see its description in the AWS Health Dashboard".to_owned());
    }
    let severity = if code.ends_with("_SUSPECTED") { Severity::High } else { Severity::Critical };
    let finding = finding(event, "health", severity);
    Ok(read.affected_entities.iter().map(|entity| affected(event, &finding, entity.entity_value.as_deref().unwrap_or_default())).collect())
}

/// An entity is the id of a key, or the ARN or name of a user or role.
fn affected(event: &Event, finding: &Finding, entity: &str) -> Claim {
    if entity.starts_with("arn:") {
        return by_arn(event, entity).map_or_else(
            || Claim::Unknown(format!("the finding names {}, which is no user or role of this account", quoted(entity))),
            |target| exposed(target, None, None, finding),
        );
    }
    let is_key = entity.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
    match (CredentialId::new(entity), IamName::new(entity)) {
        (Ok(id), _) if is_key && id.is_of_a_session() => {
            Claim::Unknown(format!("the key {id} is that of a session, and the finding does not tell whose: search CloudTrail for it"))
        }
        (Ok(id), _) if is_key => Claim::Unowned { id, finding: finding.clone() },
        (_, Ok(name)) => exposed(Target { kind: TargetKind::User, name }, None, None, finding),
        _ => Claim::Unknown(format!("the finding names {}, which is neither a key nor a user", quoted(entity))),
    }
}

/// A user, role or root user of this account.
fn by_arn(event: &Event, arn: &str) -> Option<Target> {
    let rest = arn.strip_prefix(&format!("arn:{}:iam::{}:", event.partition(), event.account))?;
    if rest == "root" {
        return Some(Target::root());
    }
    Target::of_resource(rest)
}

fn exposed(target: Target, id: Option<CredentialId>, session: Option<Session>, finding: &Finding) -> Claim {
    let credential = id.map(|id| Credential { kind: CredentialKind::AccessKey, id });
    Claim::Change(Change::CredentialExposed { target, credential, session, finding: finding.clone() })
}

impl Claim {
    /// The change that an unowned key turns out to be, once it is known whose it is.
    #[must_use]
    pub fn owned_by(self, owner: Result<Target, String>) -> Self {
        match (self, owner) {
            (Self::Unowned { id, finding }, Ok(target)) => exposed(target, Some(id), None, &finding),
            (Self::Unowned { .. }, Err(reason)) => Self::Unknown(reason),
            (claim, _) => claim,
        }
    }
}

// ── GuardDuty. Its API has the same members with capital letters. ──

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GuardDutyFinding {
    #[serde(alias = "SchemaVersion")]
    schema_version: Option<String>,
    #[serde(alias = "Severity")]
    severity: Option<f64>,
    #[serde(default, alias = "Resource")]
    resource: Resource,
    #[serde(default, alias = "Service")]
    service: Service,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Resource {
    #[serde(alias = "ResourceType")]
    resource_type: Option<String>,
    #[serde(alias = "AccessKeyDetails")]
    access_key_details: Option<AccessKeyDetails>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AccessKeyDetails {
    #[serde(alias = "AccessKeyId")]
    access_key_id: Option<String>,
    #[serde(alias = "PrincipalId")]
    principal_id: Option<String>,
    #[serde(alias = "UserName")]
    user_name: Option<String>,
    #[serde(alias = "UserType")]
    user_type: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Service {
    #[serde(alias = "AdditionalInfo")]
    additional_info: Option<AdditionalInfo>,
    #[serde(alias = "Detection")]
    detection: Option<Detection>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct AdditionalInfo {
    #[serde(alias = "Sample")]
    sample: Option<bool>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Detection {
    #[serde(alias = "Sequence")]
    sequence: Option<Sequence>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Sequence {
    #[serde(alias = "Actors")]
    actors: Vec<ThreatActor>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ThreatActor {
    #[serde(alias = "User")]
    user: Option<ActorUser>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ActorUser {
    #[serde(alias = "Name")]
    name: Option<String>,
    #[serde(alias = "Uid")]
    uid: Option<String>,
    #[serde(alias = "Type")]
    r#type: Option<String>,
    #[serde(alias = "CredentialUid")]
    credential_uid: Option<String>,
}

fn guard_duty(event: &Event, detail: &str) -> Result<Vec<Claim>, String> {
    let read: GuardDutyFinding = serde_json::from_str(detail).map_err(|error| format!("the GuardDuty finding cannot be read: {error}"))?;
    let schema = read.schema_version.as_deref().unwrap_or_default();
    if schema != GUARD_DUTY_SCHEMA {
        return Err(format!("the finding's schema version is {}, and {GUARD_DUTY_SCHEMA} is the one that is read", quoted(schema)));
    }
    if read.service.additional_info.is_some_and(|more| more.sample == Some(true)) {
        return Err("it is a sample finding: nothing has happened".to_owned());
    }
    let severity = severity(read.severity.ok_or("the finding tells no severity")?);
    let finding = finding(event, "guardduty", severity);
    let actors = read.service.detection.and_then(|detection| detection.sequence).map_or_else(Vec::new, |sequence| sequence.actors);
    if !actors.is_empty() {
        let users = actors.into_iter().filter_map(|actor| actor.user);
        let details = users.map(|user| AccessKeyDetails {
            access_key_id: user.credential_uid,
            principal_id: user.uid,
            user_name: user.name,
            user_type: user.r#type,
        });
        let claims: Vec<Claim> = details.map(|details| misused(&details, &finding)).collect();
        return if claims.is_empty() { Err("the attack sequence names no user".to_owned()) } else { Ok(claims) };
    }
    let Some(details) = read.resource.access_key_details else {
        let about = read.resource.resource_type.unwrap_or_else(|| "something unnamed".to_owned());
        return Err(format!("the finding is about {}, not about a credential", quoted(&about)));
    };
    Ok(vec![misused(&details, &finding)])
}

/// `GuardDuty` user guide, "Severity levels of `GuardDuty` findings".
fn severity(value: f64) -> Severity {
    match value {
        9.0.. => Severity::Critical,
        7.0.. => Severity::High,
        4.0.. => Severity::Medium,
        _ => Severity::Low,
    }
}

/// Whose credentials are misused, by `AccessKeyDetails`.
fn misused(details: &AccessKeyDetails, finding: &Finding) -> Claim {
    let unknown = |what: &str| Claim::Unknown(format!("the finding does not tell plainly whose credentials are misused: {what}"));
    let user_type = details.user_type.as_deref().unwrap_or_default();
    let id = match details.access_key_id.as_deref().filter(|id| !id.is_empty()).map(CredentialId::new).transpose() {
        Ok(id) => id,
        Err(error) => return unknown(&error.to_string()),
    };
    let kind = match user_type {
        "IAMUser" => TargetKind::User,
        "AssumedRole" | "Role" => TargetKind::Role,
        "Root" => return exposed(Target::root(), id.filter(|id| !id.is_of_a_session()), None, finding),
        other => return unknown(&format!("its user type is {}", quoted(other))),
    };
    let name = match IamName::new(details.user_name.as_deref().unwrap_or_default()) {
        Ok(name) => name,
        Err(error) => return unknown(&error.to_string()),
    };
    let target = Target { kind, name };
    let of_session = kind == TargetKind::Role || id.as_ref().is_some_and(CredentialId::is_of_a_session);
    if !of_session {
        return exposed(target, id, None, finding);
    }
    // `AROA…:session`.
    let session = details.principal_id.as_deref().and_then(|id| id.split_once(':')).and_then(|(_, session)| IamName::new(session).ok());
    exposed(target, None, Some(Session { name: session, key_id: id }), finding)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(source: &str, detail: &str) -> Vec<Claim> {
        let envelope = format!(
            r#"{{"version":"0","id":"e-1","detail-type":"Finding","source":"aws.{source}","account":"123456789012",
                "time":"2026-01-01T00:00:00Z","region":"us-east-1","resources":[],"detail":{detail}}}"#
        );
        let event = Event::from_event_bridge(&envelope).unwrap();
        claims(&event, detail)
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
            Claim::Change(Change::CredentialExposed { target, credential, session, finding }) => {
                let credential = credential.as_ref().map(|credential| format!(", {credential}")).unwrap_or_default();
                let name = session.as_ref().map(|session| session.name.as_ref().map_or("some", IamName::as_str));
                format!(
                    "{target}{credential}{}, {}",
                    name.map(|name| format!(", session {name}")).unwrap_or_default(),
                    finding.severity.name()
                )
            }
            Claim::Unowned { id, .. } => format!("somebody's {id}"),
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
        for details in [
            "{}",
            r#"{"userType":"IAMUser"}"#,
            r#"{"userType":"FederatedUser","userName":"x"}"#,
            r#"{"accessKeyId":"x","userType":"IAMUser"}"#,
        ] {
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
}
