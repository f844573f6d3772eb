//! What AWS's own services find: AWS Health, that a credential is exposed; `GuardDuty`, that somebody misuses one.
//!
//! A finding names credentials, users or roles. Rescind reports whatever a finding does not name plainly, and never guesses.

mod guard_duty;
mod health;

use serde::Deserialize;

use crate::arn::CredentialId;
use crate::change::{Call, Claim, CredentialExposed, Finding, Unread};
use crate::credential::{Credential, CredentialKind, Session};
use crate::record::{Event, Parameters, Record};
use crate::severity::Severity;
use crate::target::Target;
use crate::text::bounded;

/// Credentials of one finding that are acted on: each costs calls, and a finding that names more is out of the ordinary.
const SUBJECTS_MAX: usize = 20;
/// Longest type that is kept, in bytes.
const TYPE_MAX: usize = 256;

/// Whether the rules of the stack deliver such a finding, as far as its contents decide. A function reports any that reaches it.
#[must_use]
pub fn is_delivered(event: &Event) -> bool {
    let record = &event.record;
    match record.event_source.as_str() {
        "health.amazonaws.com" => record.event_name.starts_with("AWS_RISK_"),
        "securityhub.amazonaws.com" => record.event_name == "Security Hub Findings - Imported" && is_new_and_about_iam(record),
        _ => true,
    }
}

/// Whether findings of Security Hub are about IAM, stand, and nobody has looked at them. As EventBridge does, it looks at all of an event's findings at once.
fn is_new_and_about_iam(record: &Record) -> bool {
    #[derive(Deserialize)]
    struct Found {
        findings: Vec<One>,
    }
    #[derive(Default, Deserialize)]
    #[serde(default, rename_all = "PascalCase")]
    struct One {
        record_state: String,
        workflow: Workflow,
        resources: Vec<Resource>,
    }
    #[derive(Default, Deserialize)]
    #[serde(default, rename_all = "PascalCase")]
    struct Workflow {
        status: String,
    }
    #[derive(Default, Deserialize)]
    #[serde(default, rename_all = "PascalCase")]
    struct Resource {
        r#type: String,
    }

    let Parameters::Known(detail) = record.parameters() else {
        return false;
    };
    let Ok(Found { findings }) = serde_json::from_str(detail) else {
        return false;
    };
    findings.iter().any(|finding| finding.record_state == "ACTIVE")
        && findings.iter().any(|finding| finding.workflow.status == "NEW")
        && findings.iter().flat_map(|finding| &finding.resources).any(|resource| resource.r#type.starts_with("AwsIam"))
}

/// What a finding names: each is a change of its own.
///
/// # Errors
///
/// [`Unread`] if it names nothing clearly.
pub fn claims(call: &Call<'_>) -> Result<Vec<Claim>, Unread> {
    let Parameters::Known(detail) = call.event.record.parameters() else {
        return Err(Unread("the finding has no detail".to_owned()));
    };
    let read = match call.event.record.event_source.as_str() {
        "health.amazonaws.com" => health::claims(call.event, detail),
        "guardduty.amazonaws.com" => guard_duty::claims(call.event, detail),
        _ => Err("Rescind acts on findings of AWS Health and GuardDuty only: look at this one in the service that made it".to_owned()),
    };
    let mut claims = read.map_err(Unread)?;
    if claims.len() > SUBJECTS_MAX {
        let more = claims.len() - SUBJECTS_MAX;
        claims.truncate(SUBJECTS_MAX);
        claims
            .push(Claim::Unknown(format!("the finding names {more} more credentials than Rescind acts on at once: look at each of them")));
    }
    Ok(claims)
}

fn finding(event: &Event, finder: &str, severity: Severity) -> Finding {
    Finding {
        finder: finder.to_owned(),
        kind: bounded(event.record.event_name.clone(), TYPE_MAX),
        severity,
        state: event.record.finding_state(),
    }
}

fn exposed(owner: Target, id: Option<CredentialId>, session: Option<Session>, finding: &Finding) -> Claim {
    let credential = id.map(|id| Credential { kind: CredentialKind::AccessKey, id });
    Claim::Change(CredentialExposed { owner, credential, session, finding: finding.clone() }.into())
}

#[cfg(test)]
mod tests;
