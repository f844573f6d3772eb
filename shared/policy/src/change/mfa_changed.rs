//! What became of a user's second factor: a device that was deactivated or enabled, or the denial without one that was taken off.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use super::{Call, Change, Claim, Kind, Lift, Unread};
use crate::actor::ActorKind;
use crate::arn::{IamName, PolicyArn};
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
        /// Whether the ledger says that Rescind had attached it to this user.
        #[serde(default)]
        known: bool,
    },
}

impl MfaChanged {
    /// A denial that the ledger knows was lifted from this user.
    #[must_use]
    pub const fn lifted(user: Identity, policy: PolicyArn) -> Self {
        Self { user, deed: MfaDeed::Lifted { policy, known: true } }
    }
}

impl Kind for MfaChanged {
    fn target(&self) -> Target {
        self.user.clone().into()
    }

    fn context(&self, facts: &Facts, context: &mut Members<'_>) {
        context.before_and_after(facts);
        context.second_factor(facts);
    }

    fn part(&self) -> String {
        match &self.deed {
            MfaDeed::Deactivated { serial_number } | MfaDeed::Enabled { serial_number } => format!("{serial_number} of {}", self.user),
            // Whoever it was lifted from may have another name by now: a later try at the event has to find the same case.
            MfaDeed::Lifted { policy, .. } => policy.as_str().to_owned(),
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
            MfaDeed::Lifted { policy, .. } => format!("{} was detached from {}", text::name(policy.as_str()), self.user),
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

/// How a record names the root user (CloudTrail user guide, "AWS Management Console sign-in events": MFA changed). No user can have this name.
const ROOT: &str = "AWS ROOT USER";

/// How long a device's serial number is, in characters (IAM API reference, `DeactivateMFADevice`).
const SERIAL_NUMBER: RangeInclusive<usize> = 9..=256;

/// A device of the root user makes no claim: nothing can be attached to root.
fn of_device(call: &Call<'_>, deed: impl Fn(String) -> MfaDeed) -> Result<Vec<Claim>, Unread> {
    let Written { user_name, serial_number } = call.parameters()?;
    let user = match (user_name.as_deref(), call.actor.kind) {
        (None, ActorKind::Root) => return Ok(Vec::new()),
        (Some(name), _) if name.eq_ignore_ascii_case(ROOT) => return Ok(Vec::new()),
        (None, ActorKind::User) => call.identity(IdentityKind::User, Some(&call.actor.name))?,
        (named, _) => call.identity(IdentityKind::User, named)?,
    };
    let is_serial = |text: &String| {
        SERIAL_NUMBER.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+=/:,.@-".contains(&byte))
    };
    let serial_number = serial_number.filter(is_serial).ok_or_else(|| call.unreadable(&"it names no device"))?;
    Ok(vec![Claim::Change(Change::MfaChanged(MfaChanged { user, deed: deed(serial_number) }))])
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Detached {
    user_name: Option<String>,
    policy_arn: Option<String>,
}

/// The policy that a call detaches from a user, if it is called like a stack's denial without MFA.
fn detached(event: &Event) -> Option<(Option<String>, PolicyArn)> {
    let (true, Parameters::Known(json)) = (event.record.event_name == "DetachUserPolicy", event.record.parameters()) else {
        return None;
    };
    let Detached { user_name, policy_arn } = serde_json::from_str(json).ok()?;
    let policy = PolicyArn::new(&policy_arn?).ok()?;
    let is_denial = policy.owner() == event.account.as_str() && containment::is_called_deny_without_mfa(&policy);
    is_denial.then_some((user_name, policy))
}

/// Whether a call detaches a policy that is called like a stack's denial without MFA.
pub fn lifts(event: &Event) -> bool {
    detached(event).is_some()
}

/// What such a call could lift. Only the ledger says whether it is Rescind's denial.
#[must_use]
pub fn lift_of(event: &Event) -> Option<Lift> {
    let (user, policy) = detached(event)?;
    Some(Lift::Attached(Identity::user(IamName::new(&user?).ok()?), policy))
}

/// Reads such a call: nothing says yet that Rescind had attached what it detaches.
pub fn lifted(call: &Call<'_>) -> Result<Vec<Claim>, Unread> {
    let (user, policy) = detached(call.event).ok_or_else(|| call.unreadable(&"it detaches no denial without MFA"))?;
    let user = call.identity(IdentityKind::User, user.as_deref())?;
    Ok(vec![Claim::Change(Change::MfaChanged(MfaChanged { user, deed: MfaDeed::Lifted { policy, known: false } }))])
}
