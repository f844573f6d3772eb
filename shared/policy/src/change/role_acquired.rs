//! A role made from a template, with everything that the template gives it, by one call: `AcquireRole`.
//!
//! Each part is a change as the call makes it that does this alone: `CreateRole`, `AttachRolePolicy`, `PutRolePolicy`. The record has the trust policy,
//! and no other (IAM user guide, "Manage access to role manager"). A role that fits the template already is only returned (IAM API reference,
//! `AcquireRole`): then nothing has changed.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use serde::Deserialize;

use super::{Call, Claim, Missing, TrustChanged, Unread};
use crate::arn::UniqueId;
use crate::document::plain;
use crate::target::{Identity, IdentityKind};

/// The call.
pub const CALL: &str = "AcquireRole";

/// How far apart the clocks of IAM and CloudTrail may be. An earlier call that made the role within this time has an event of its own.
const SKEW: TimeDelta = TimeDelta::minutes(1);

/// `responseElements`.
#[derive(Deserialize)]
struct Answer {
    role: Option<Acquired>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Acquired {
    role_name: Option<String>,
    role_id: Option<String>,
    create_date: Option<String>,
    assume_role_policy_document: Option<String>,
}

/// Reads the trust policy.
pub fn trusted(call: &Call<'_>) -> Result<Vec<Claim>, Unread> {
    let Some((role, document)) = made(call)? else {
        return Ok(Vec::new());
    };
    let changed = TrustChanged { role, created: true, document: None, trusted: Vec::new() };
    let text = document.as_deref().and_then(|text| plain(text).ok());
    let known = text.and_then(|text| changed.clone().with_document(text.into_owned()).ok());
    Ok(vec![known.map_or(Claim::Missing(Missing::Trust(changed)), |changed| Claim::Change(changed.into()))])
}

/// Reads which role got the template's managed policies.
pub fn attached(call: &Call<'_>) -> Result<Vec<Claim>, Unread> {
    Ok(made(call)?.map(|(role, _)| Claim::Missing(Missing::Attachments(role))).into_iter().collect())
}

/// Reads which role got the template's inline policies.
pub fn put(call: &Call<'_>) -> Result<Vec<Claim>, Unread> {
    Ok(made(call)?.map(|(role, _)| Claim::Missing(Missing::InlinePolicies(role))).into_iter().collect())
}

/// The role, with its trust policy as the record has it; `None` if the role had been there before.
fn made(call: &Call<'_>) -> Result<Option<(Identity, Option<String>)>, Unread> {
    let part = call.name;
    let call = Call { name: CALL, ..*call };
    let answer = call.event.record.response().map(serde_json::from_str::<Answer>).transpose().map_err(|error| call.unreadable(&error))?;
    let Some(role) = answer.and_then(|answer| answer.role) else {
        return Err(Unread(format!("AcquireRole does what {part} does, and its record does not say to which role")));
    };
    let id = role.role_id.as_deref().and_then(|id| UniqueId::new(id).ok());
    let identity = call.identity(IdentityKind::Role, role.role_name.as_deref())?.with_id(id);
    let Some(made) = role.create_date.as_deref().and_then(moment) else {
        return Err(Unread(format!(
            "AcquireRole does what {part} does if {identity} is new, and its record does not say when it was made"
        )));
    };
    Ok((made >= call.event.record.event_time - SKEW).then_some((identity, role.assume_role_policy_document)))
}

/// A time as CloudTrail writes it in IAM's answers: `Mar 2, 2026 10:00:00 AM`, with a second comma in some records, or as RFC 3339 has it.
fn moment(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.to_utc());
    }
    let words: Vec<&str> = text.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty()).collect();
    NaiveDateTime::parse_from_str(&words.join(" "), "%b %d %Y %I:%M:%S %p").ok().map(|time| time.and_utc())
}

#[cfg(test)]
mod tests {
    use super::moment;

    #[test]
    fn a_time_is_read_in_every_form_that_cloudtrail_writes() {
        let expected = Some("2026-03-02T10:00:00Z".parse().unwrap());
        for form in ["Mar 2, 2026 10:00:00 AM", "Mar 2, 2026, 10:00:00 AM", "Mar 02, 2026, 10:00:00\u{202f}AM", "2026-03-02T10:00:00Z"] {
            assert_eq!(moment(form), expected, "{form}");
        }
        assert_eq!(moment("yesterday"), None);
    }
}
