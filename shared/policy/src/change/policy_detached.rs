//! A managed policy detached from a user, group or role.

use serde::{Deserialize, Serialize};

use super::{Call, Change, Claim, Kind, Removes, Unread, policy_attached};
use crate::arn::PolicyArn;
use crate::facts::{Facts, Members};
use crate::target::{Identity, IdentityKind, Target};
use crate::text;

/// A managed policy was detached from a user, group or role.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicyDetached {
    /// The identity that it was detached from.
    #[serde(rename = "target")]
    pub identity: Identity,
    /// Which policy.
    pub policy_arn: PolicyArn,
}

impl Kind for PolicyDetached {
    fn target(&self) -> Target {
        self.identity.clone().into()
    }

    fn context(&self, _: &Facts, context: &mut Members<'_>) {
        context.policy_names("policy", &self.policy_arn);
    }

    fn removes(&self) -> Option<Removes<'_>> {
        Some(Removes::Managed(&self.policy_arn))
    }

    fn part(&self) -> String {
        format!("{} on {}", self.policy_arn, self.identity)
    }

    fn matter(&self) -> String {
        format!("policy {} on {}", self.policy_arn.name(), self.identity)
    }

    fn happened(&self) -> String {
        format!("{} was detached from {}", text::name(self.policy_arn.as_str()), self.identity)
    }

    fn tried(&self, _: &str) -> String {
        format!("to detach {} from {}", text::name(self.policy_arn.as_str()), self.identity)
    }
}

/// Reads `DetachUserPolicy`, `DetachGroupPolicy` or `DetachRolePolicy`.
pub fn read(kind: IdentityKind, call: &Call<'_>) -> Result<Vec<Claim>, Unread> {
    let (identity, policy_arn) = policy_attached::named(kind, call)?;
    Ok(vec![Claim::Change(Change::PolicyDetached(PolicyDetached { identity, policy_arn }))])
}
