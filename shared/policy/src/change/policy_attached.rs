//! A managed policy attached to a user, group or role.

use serde::{Deserialize, Serialize};

use super::{Call, Change, Claim, Gives, Kind, Unread};
use crate::arn::PolicyArn;
use crate::facts::{Facts, Members};
use crate::target::{Identity, IdentityKind, Target};
use crate::text;

/// A managed policy was attached to a user, group or role.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicyAttached {
    /// The identity that it was attached to.
    #[serde(rename = "target")]
    pub identity: Identity,
    /// Which policy.
    pub policy_arn: PolicyArn,
}

impl Kind for PolicyAttached {
    fn target(&self) -> Target {
        self.identity.clone().into()
    }

    fn context(&self, facts: &Facts, context: &mut Members<'_>) {
        let arn = &self.policy_arn;
        let names = [("arn", arn.as_str()), ("name", arn.name()), ("owner", arn.owner())];
        context.granting("policy", &names, facts);
        context.before_and_after(facts);
    }

    fn gives(&self) -> Gives<'_> {
        Gives::Managed(&self.policy_arn)
    }

    fn part(&self) -> String {
        format!("{} on {}", self.policy_arn, self.identity)
    }

    fn matter(&self) -> String {
        format!("policy {} on {}", self.policy_arn.name(), self.identity)
    }

    fn happened(&self) -> String {
        format!("{} was attached to {}", text::name(self.policy_arn.as_str()), self.identity)
    }

    fn tried(&self, _: &str) -> String {
        format!("to attach {} to {}", text::name(self.policy_arn.as_str()), self.identity)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parameters {
    user_name: Option<String>,
    group_name: Option<String>,
    role_name: Option<String>,
    policy_arn: Option<String>,
}

/// The identity and the policy that a call names which attaches or detaches one.
pub(super) fn named(kind: IdentityKind, call: &Call<'_>) -> Result<(Identity, PolicyArn), Unread> {
    let parameters: Parameters = call.parameters()?;
    let name = kind.pick(parameters.user_name, parameters.group_name, parameters.role_name);
    let identity = call.identity(kind, name.as_deref())?;
    Ok((identity, call.policy_arn("policyArn", parameters.policy_arn.as_deref())?))
}

/// Reads `AttachUserPolicy`, `AttachGroupPolicy` or `AttachRolePolicy`.
pub fn read(kind: IdentityKind, call: &Call<'_>) -> Result<Vec<Claim>, Unread> {
    let (identity, policy_arn) = named(kind, call)?;
    Ok(vec![Claim::Change(Change::PolicyAttached(PolicyAttached { identity, policy_arn }))])
}
