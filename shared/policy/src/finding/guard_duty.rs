//! `GuardDuty`'s findings about somebody's credentials. Its API has the same members with capital letters.
//!
//! `GuardDuty` user guide, "`GuardDuty` IAM finding types", "Attack sequence finding types" and "Severity levels of `GuardDuty` findings";
//! `GuardDuty` API reference, `AccessKeyDetails`, `Sequence`, `Actor`.

use serde::Deserialize;

use super::{exposed, finding};
use crate::arn::{CredentialId, IamName, UniqueId};
use crate::change::{Claim, Finding};
use crate::credential::Session;
use crate::record::Event;
use crate::severity::Severity;
use crate::target::{Identity, IdentityKind, Target};
use crate::text::quoted;

/// The form of findings that is read.
const SCHEMA: &str = "2.0";

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

/// What a finding names, or why it names nothing.
pub fn claims(event: &Event, detail: &str) -> Result<Vec<Claim>, String> {
    let read: GuardDutyFinding = serde_json::from_str(detail).map_err(|error| format!("the GuardDuty finding cannot be read: {error}"))?;
    let schema = read.schema_version.as_deref().unwrap_or_default();
    if schema != SCHEMA {
        return Err(format!("the finding's schema version is {}, and Rescind reads {SCHEMA}", quoted(schema)));
    }
    if read.service.additional_info.is_some_and(|more| more.sample == Some(true)) {
        return Err("it is a sample finding: nothing has happened".to_owned());
    }
    let severity = severity(read.severity.ok_or("the finding has no severity")?);
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

/// Whose credentials are misused.
fn misused(details: &AccessKeyDetails, finding: &Finding) -> Claim {
    let unknown = |what: &str| Claim::Unknown(format!("the finding does not say plainly whose credentials are misused: {what}"));
    let user_type = details.user_type.as_deref().unwrap_or_default();
    let id = match details.access_key_id.as_deref().filter(|id| !id.is_empty()).map(CredentialId::new).transpose() {
        Ok(id) => id,
        Err(error) => return unknown(&error.to_string()),
    };
    let kind = match user_type {
        "IAMUser" => IdentityKind::User,
        "AssumedRole" | "Role" => IdentityKind::Role,
        "Root" => return exposed(Target::Root, id.filter(|id| !id.is_of_a_session()), None, finding),
        other => return unknown(&format!("its user type is {}", quoted(other))),
    };
    let name = match IamName::new(details.user_name.as_deref().unwrap_or_default()) {
        Ok(name) => name,
        Err(error) => return unknown(&error.to_string()),
    };
    // `AIDA…`, or `AROA…:session`.
    let principal = details.principal_id.as_deref().unwrap_or_default();
    let (unique_id, session) = principal.split_once(':').map_or((principal, None), |(id, session)| (id, Some(session)));
    let owner = Identity::new(kind, name).with_id(UniqueId::new(unique_id).ok());
    let of_session = kind == IdentityKind::Role || id.as_ref().is_some_and(CredentialId::is_of_a_session);
    if !of_session {
        return exposed(owner.into(), id, None, finding);
    }
    let session = session.and_then(|session| IamName::new(session).ok());
    exposed(owner.into(), None, Some(Session { name: session, key_id: id }), finding)
}
