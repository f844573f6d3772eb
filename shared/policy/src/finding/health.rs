//! AWS Health's events about exposed credentials (AWS Health user guide, "Event and entity descriptions").

use serde::Deserialize;

use super::{exposed, finding};
use crate::arn::{AccountId, CredentialId, IamName};
use crate::change::{Claim, Finding, Missing};
use crate::record::{Event, FindingState};
use crate::severity::Severity;
use crate::target::{Identity, Target};
use crate::text::{quoted, shown};

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
    status: Option<String>,
}

/// What a Health event names, or why it names nothing.
pub fn claims(event: &Event, detail: &str) -> Result<Vec<Claim>, String> {
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
    Ok(read.affected_entities.iter().map(|entity| claim(event, &finding, entity)).collect())
}

/// Each entity can be resolved by itself, while the event is open for others.
fn claim(event: &Event, finding: &Finding, entity: &AffectedEntity) -> Claim {
    let resolved = entity.status.as_deref().map(FindingState::of_status).filter(|state| finding.state.is_open() && !state.is_open());
    let finding = Finding { state: resolved.unwrap_or(finding.state), ..finding.clone() };
    affected(event, &finding, entity.entity_value.as_deref().unwrap_or_default())
}

/// What Health writes instead of an entity (AWS Health API reference, `AffectedEntity`).
const NO_ENTITY: [&str; 2] = ["AWS_ACCOUNT", "UNKNOWN"];

/// An entity is the id of a key, or the ARN or name of a user or role.
fn affected(event: &Event, finding: &Finding, entity: &str) -> Claim {
    if entity.starts_with("arn:") {
        return by_arn(event, entity).map_or_else(
            || Claim::Unknown(format!("the finding names {}, which is not a user or role of this account", quoted(entity))),
            |target| exposed(target, None, None, finding),
        );
    }
    if NO_ENTITY.contains(&entity) || AccountId::new(entity).is_ok() {
        return Claim::Unknown(format!("the finding is about the account itself ({}), not about one user or key", shown(entity)));
    }
    if entity.eq_ignore_ascii_case("root") {
        return Claim::Unknown(format!("the finding names {}: the account's root user, or a user of that name", quoted(entity)));
    }
    match (CredentialId::new(entity).ok().filter(CredentialId::is_access_key), IamName::new(entity)) {
        (Some(id), _) if id.is_of_a_session() => {
            Claim::Unknown(format!("the key {id} belongs to a session, and the finding does not say whose: search CloudTrail for it"))
        }
        (Some(id), _) => Claim::Missing(Missing::Owner { id, finding: finding.clone() }),
        (_, Ok(name)) => exposed(Identity::user(name).into(), None, None, finding),
        _ => Claim::Unknown(format!("the finding names {}, which is neither a key nor a user", quoted(entity))),
    }
}

/// A user, role or root user of this account.
fn by_arn(event: &Event, arn: &str) -> Option<Target> {
    let rest = arn.strip_prefix(&format!("arn:{}:iam::{}:", event.partition(), event.account))?;
    if rest == "root" {
        return Some(Target::Root);
    }
    Identity::of_resource(rest).map(Target::Identity)
}
