//! What AWS's own services find: AWS Health, that a credential is exposed; `GuardDuty`, that somebody misuses one.
//!
//! A finding names credentials, users or roles. Rescind reports whatever a finding does not name plainly, and never guesses.

mod guard_duty;
mod health;

use crate::arn::CredentialId;
use crate::change::{Call, Claim, CredentialExposed, Finding, Unread};
use crate::credential::{Credential, CredentialKind, Session};
use crate::record::{Event, Parameters};
use crate::severity::Severity;
use crate::target::Target;
use crate::text::bounded;

/// Credentials of one finding that are acted on: each costs calls, and a finding that names more is out of the ordinary.
const SUBJECTS_MAX: usize = 20;
/// Longest type that is kept, in bytes.
const TYPE_MAX: usize = 256;

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
