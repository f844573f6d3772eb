//! Somebody signed in to the console, or tried to.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::noticed::oneself;
use super::{Call, Change, Claim, Kind, Unread};
use crate::actor::ActorKind;
use crate::facts::{Facts, Members};
use crate::target::{IdentityKind, Target};
use crate::text;

/// Somebody signed in to the console, or failed to (CloudTrail user guide, "AWS Management Console sign-in events").
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SignedIn {
    /// The user, role or root that signed in; the account if the record does not name one of its own.
    pub target: Target,
    /// Whether AWS let them in.
    pub succeeded: bool,
    /// Who they are, as the record names them: what somebody types in as a user name is not in it.
    pub who: String,
    /// Whether a second factor was used, if the record can say it: of a role it cannot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mfa: Option<bool>,
    /// Of a failure, how many there were within ten minutes, this one among them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failures: Option<u32>,
}

impl Kind for SignedIn {
    fn target(&self) -> Target {
        self.target.clone()
    }

    fn context(&self, facts: &Facts, context: &mut Members<'_>) {
        context.boolean("succeeded", self.succeeded);
        if self.succeeded {
            context.long("failures", 0);
        } else {
            context.failures(facts);
        }
    }

    fn part(&self) -> String {
        "sign-in".to_owned()
    }

    fn matter(&self) -> String {
        match (self.succeeded, self.failures) {
            (true, _) => format!("{} signed in", self.who),
            (false, Some(count)) if count > 1 => format!("{} failed to sign in, {count} times within ten minutes", self.who),
            (false, _) => format!("{} failed to sign in", self.who),
        }
    }

    fn happened(&self) -> String {
        let mfa = match self.mfa {
            Some(true) => " with MFA",
            Some(false) if self.succeeded => " without MFA",
            Some(false) | None => "",
        };
        format!("{}{mfa}", self.matter())
    }

    fn tried(&self, _: &str) -> String {
        "to sign in to the console".to_owned()
    }
}

/// What AWS writes if the user's name is none of the account: people type their passwords there.
const HIDDEN: &str = "HIDDEN_DUE_TO_SECURITY_REASONS";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    console_login: Option<String>,
}

/// Reads `ConsoleLogin`.
pub fn read(call: &Call<'_>) -> Result<Vec<Claim>, Unread> {
    let (record, actor) = (&call.event.record, call.actor);
    let answer = record.response().map(serde_json::from_str::<Answer>).transpose().map_err(|error| call.unreadable(&error))?;
    let said = answer.and_then(|answer| answer.console_login);
    let succeeded = match said.as_deref() {
        Some("Success") => true,
        Some("Failure") => false,
        _ if record.error_code.is_some() => false,
        _ => return Err(call.unreadable(&"it does not say whether the sign-in succeeded")),
    };
    let role = || call.identity(IdentityKind::Role, Some(&actor.name)).ok().map(Target::from);
    let is_own = actor.account == call.event.account.as_str();
    let target = match actor.kind {
        ActorKind::Role if is_own => role(),
        _ if actor.name == HIDDEN => None,
        _ => oneself(call),
    };
    let target = target.unwrap_or(Target::Account);
    let session = actor.session.as_deref().map(|session| format!(", session {}", text::name(session))).unwrap_or_default();
    let who = match &target {
        Target::Identity(identity) => format!("{identity}{session}"),
        Target::Root => Target::Root.to_string(),
        _ if actor.name.is_empty() || actor.name == HIDDEN => "somebody whose name AWS does not show".to_owned(),
        _ => format!("{} {}", text::name(&actor.identity_type), text::name(&actor.name)),
    };
    Ok(vec![Claim::Change(Change::SignedIn(SignedIn { target, succeeded, who, mfa: actor.mfa, failures: None }))])
}

impl SignedIn {
    /// What failures are counted by: the identity, or of somebody unknown where they come from.
    #[must_use]
    pub fn counted_by(&self, source_ip: Option<&str>) -> String {
        match &self.target {
            Target::Account => format!("{} from {}", self.who, source_ip.unwrap_or_default()),
            target => target.to_string(),
        }
    }
}

/// Failures within this time belong together.
const WINDOW: TimeDelta = TimeDelta::minutes(10);

/// How many of these failures lie within ten minutes that have `at` in them, at most. They can have come in any order.
#[must_use]
pub fn failures_within(times: &[DateTime<Utc>], at: DateTime<Utc>) -> u32 {
    let starts = times.iter().filter(|start| **start <= at && at - **start < WINDOW);
    let within = |start: &DateTime<Utc>| times.iter().filter(|time| *time >= start && **time - *start < WINDOW).count();
    u32::try_from(starts.map(within).max().unwrap_or_default()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_count_together_that_lie_within_ten_minutes_in_whatever_order_they_come() {
        let minutes = |minutes: &[i64]| -> Vec<DateTime<Utc>> {
            minutes.iter().map(|minute| DateTime::UNIX_EPOCH + TimeDelta::minutes(*minute)).collect()
        };
        let at = |minute| DateTime::UNIX_EPOCH + TimeDelta::minutes(minute);
        assert_eq!(failures_within(&minutes(&[0, 2, 4, 6, 8]), at(8)), 5);
        assert_eq!(failures_within(&minutes(&[8, 6, 4, 2, 0]), at(0)), 5);
        assert_eq!(failures_within(&minutes(&[0, 10, 20, 30, 40]), at(40)), 1);
        assert_eq!(failures_within(&minutes(&[0, 1, 11, 12, 13]), at(11)), 3);
        assert_eq!(failures_within(&[], at(0)), 0);
    }
}
