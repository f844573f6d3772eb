//! A policy of Rescind's own quarantine taken away, or replaced, by whichever call.

use serde::{Deserialize, Serialize};

use super::{Behind, Call, Change, Claim, Kind, Unread};
use crate::arn::{IamName, PolicyArn};
use crate::containment::{PATH, Quarantine};
use crate::facts::{Facts, Members};
use crate::record::{Event, Parameters};
use crate::target::{Identity, IdentityKind, Target};

/// The calls that can take a quarantine away.
const CALLS: [&str; 6] = ["DeleteRolePolicy", "DeleteUserPolicy", "DetachRolePolicy", "DetachUserPolicy", "PutRolePolicy", "PutUserPolicy"];

/// A policy of Rescind's own quarantine was taken away, or replaced.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct QuarantineLifted {
    /// The identity that it contained.
    #[serde(rename = "target")]
    pub identity: Identity,
    /// The policy's name.
    pub policy_name: IamName,
}

impl Kind for QuarantineLifted {
    fn target(&self) -> Target {
        self.identity.clone().into()
    }

    fn context(&self, _: &Facts, context: &mut Members) {
        context.text("policyName", self.policy_name.as_str());
    }

    fn behind(&self) -> Behind<'_> {
        Behind::Owner(None)
    }

    fn matter(&self) -> String {
        format!("quarantine of {}", self.identity)
    }

    fn happened(&self) -> String {
        format!("the quarantine {} was taken from {}, or replaced", self.policy_name, self.identity)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    user_name: Option<String>,
    role_name: Option<String>,
    policy_name: Option<String>,
    policy_arn: Option<String>,
}

/// Whether a call takes a quarantine away, or puts another policy in its place.
pub fn takes_away(event: &Event) -> bool {
    CALLS.contains(&event.record.event_name.as_str()) && lifted(event).is_some()
}

/// Reads such a call.
pub fn read(call: &Call<'_>) -> Result<Vec<Claim>, Unread> {
    let lifted = lifted(call.event).ok_or_else(|| Unread(format!("{} does not take a quarantine away", call.name)))?;
    Ok(vec![Claim::Change(Change::QuarantineLifted(lifted))])
}

fn lifted(event: &Event) -> Option<QuarantineLifted> {
    let Parameters::Known(json) = event.record.parameters() else {
        return None;
    };
    let call: Written = serde_json::from_str(json).ok()?;
    let (kind, name) = match (&call.user_name, &call.role_name) {
        (Some(user), None) => (IdentityKind::User, user),
        (None, Some(role)) => (IdentityKind::Role, role),
        _ => return None,
    };
    let by_arn = || {
        let arn = PolicyArn::new(call.policy_arn.as_deref()?).ok()?;
        (arn.owner() == event.account.as_str() && arn.path().eq_ignore_ascii_case(PATH)).then(|| arn.name().to_owned())
    };
    let policy_name = call.policy_name.clone().or_else(by_arn)?;
    Quarantine::named(&policy_name)?;
    Some(QuarantineLifted { identity: Identity::new(kind, IamName::new(name).ok()?), policy_name: IamName::new(&policy_name).ok()? })
}
