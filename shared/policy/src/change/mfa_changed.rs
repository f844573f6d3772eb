//! What became of a user's second factor: a device that was deactivated or enabled, or the denial without one that was taken off.

use serde::{Deserialize, Serialize};

use super::{Call, Change, Claim, Kind, Unread};
use crate::actor::ActorKind;
use crate::arn::PolicyArn;
use crate::containment;
use crate::facts::{Facts, Members};
use crate::record::{Event, Parameters};
use crate::target::{Identity, IdentityKind, Target};
use crate::text;

/// A user's second factor changed.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MfaChanged {
    /// The user.
    #[serde(rename = "target")]
    pub user: Identity,
    /// What happened.
    #[serde(flatten)]
    pub deed: MfaDeed,
}

/// What happened to a second factor.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(tag = "deed", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum MfaDeed {
    /// A device was deactivated.
    Deactivated {
        /// Its serial number, or its ARN.
        serial_number: String,
    },
    /// A device was enabled.
    Enabled {
        /// Its serial number, or its ARN.
        serial_number: String,
    },
    /// A policy that is called like the stack's denial without MFA was detached.
    Lifted {
        /// Its ARN.
        policy: PolicyArn,
    },
}

impl Kind for MfaChanged {
    fn target(&self) -> Target {
        self.user.clone().into()
    }

    fn context(&self, facts: &Facts, context: &mut Members) {
        context.before_and_after(facts);
        context.second_factor(facts);
    }

    fn part(&self) -> String {
        match &self.deed {
            MfaDeed::Deactivated { serial_number } | MfaDeed::Enabled { serial_number } => format!("{serial_number} of {}", self.user),
            MfaDeed::Lifted { policy } => format!("{} of {}", policy.as_str(), self.user),
        }
    }

    fn matter(&self) -> String {
        match &self.deed {
            MfaDeed::Deactivated { .. } => self.user.to_string(),
            MfaDeed::Enabled { .. } | MfaDeed::Lifted { .. } => format!("the denial without MFA of {}", self.user),
        }
    }

    fn happened(&self) -> String {
        match &self.deed {
            MfaDeed::Deactivated { serial_number } => format!("MFA device {} of {} was deactivated", text::name(serial_number), self.user),
            MfaDeed::Enabled { serial_number } => format!("MFA device {} was enabled for {}", text::name(serial_number), self.user),
            MfaDeed::Lifted { policy } => format!("{} was detached from {}", text::name(policy.as_str()), self.user),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    user_name: Option<String>,
    serial_number: Option<String>,
}

/// Reads `DeactivateMFADevice`.
pub fn deactivated(call: &Call<'_>) -> Result<Vec<Claim>, Unread> {
    of_device(call, |serial_number| MfaDeed::Deactivated { serial_number })
}

/// Reads `EnableMFADevice`.
pub fn enabled(call: &Call<'_>) -> Result<Vec<Claim>, Unread> {
    of_device(call, |serial_number| MfaDeed::Enabled { serial_number })
}

/// A device of the root user makes no claim: nothing can be attached to root.
fn of_device(call: &Call<'_>, deed: impl Fn(String) -> MfaDeed) -> Result<Vec<Claim>, Unread> {
    let Written { user_name, serial_number } = call.parameters()?;
    let user = match (user_name.as_deref(), call.actor.kind) {
        (None, ActorKind::Root) => return Ok(Vec::new()),
        (None, ActorKind::User) => call.identity(IdentityKind::User, Some(&call.actor.name))?,
        (named, _) => call.identity(IdentityKind::User, named)?,
    };
    let serial_number = serial_number.ok_or_else(|| call.unreadable(&"it names no device"))?;
    Ok(vec![Claim::Change(Change::MfaChanged(MfaChanged { user, deed: deed(serial_number) }))])
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Detached {
    user_name: Option<String>,
    policy_arn: Option<String>,
}

/// Whether a call detaches a policy that is called like the stack's denial without MFA.
pub fn lifts(event: &Event) -> bool {
    let (true, Parameters::Known(json)) = (event.record.event_name == "DetachUserPolicy", event.record.parameters()) else {
        return false;
    };
    serde_json::from_str::<Detached>(json).is_ok_and(|written| denial(event, &written).is_some())
}

fn denial(event: &Event, written: &Detached) -> Option<PolicyArn> {
    let policy = PolicyArn::new(written.policy_arn.as_deref()?).ok()?;
    (policy.owner() == event.account.as_str() && containment::is_called_deny_without_mfa(&policy)).then_some(policy)
}

/// Reads such a call.
pub fn lifted(call: &Call<'_>) -> Result<Vec<Claim>, Unread> {
    let written: Detached = call.parameters()?;
    let policy = denial(call.event, &written).ok_or_else(|| call.unreadable(&"it detaches no denial without MFA"))?;
    let user = call.identity(IdentityKind::User, written.user_name.as_deref())?;
    Ok(vec![Claim::Change(Change::MfaChanged(MfaChanged { user, deed: MfaDeed::Lifted { policy } }))])
}
