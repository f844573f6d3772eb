//! AWS Health's events about exposed credentials (AWS Health user guide, "Event and entity descriptions").

use serde::Deserialize;

use super::{exposed, finding};
use crate::arn::{CredentialId, IamName};
use crate::change::{Claim, Finding, Missing};
use crate::record::Event;
use crate::severity::Severity;
use crate::target::{Identity, Target};
use crate::text::quoted;

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
    Ok(read.affected_entities.iter().map(|entity| affected(event, &finding, entity.entity_value.as_deref().unwrap_or_default())).collect())
}

/// An entity is the id of a key, or the ARN or name of a user or role.
fn affected(event: &Event, finding: &Finding, entity: &str) -> Claim {
    if entity.starts_with("arn:") {
        return by_arn(event, entity).map_or_else(
            || Claim::Unknown(format!("the finding names {}, which is not a user or role of this account", quoted(entity))),
            |target| exposed(target, None, None, finding),
        );
    }
    let is_key = entity.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
    match (CredentialId::new(entity), IamName::new(entity)) {
        (Ok(id), _) if is_key && id.is_of_a_session() => {
            Claim::Unknown(format!("the key {id} belongs to a session, and the finding does not say whose: search CloudTrail for it"))
        }
        (Ok(id), _) if is_key => Claim::Missing(Missing::Owner { id, finding: finding.clone() }),
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
