//! An inline policy deleted from a user, group or role.

use serde::{Deserialize, Serialize};

use super::{Call, Change, Claim, Kind, Removes, Unread};
use crate::arn::IamName;
use crate::facts::{Facts, Members};
use crate::target::{Identity, IdentityKind, Target};

/// An inline policy of a user, group or role was deleted. No record says what its text was.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InlinePolicyDeleted {
    /// The identity that held it.
    #[serde(rename = "target")]
    pub identity: Identity,
    /// The policy's name.
    pub policy_name: IamName,
}

impl Kind for InlinePolicyDeleted {
    fn target(&self) -> Target {
        self.identity.clone().into()
    }

    fn context(&self, _: &Facts, context: &mut Members<'_>) {
        context.texts("policy", &[("name", &self.policy_name.as_str().to_ascii_lowercase())]);
    }

    fn removes(&self) -> Option<Removes<'_>> {
        Some(Removes::Inline(&self.policy_name))
    }

    fn matter(&self) -> String {
        format!("inline policy {} of {}", self.policy_name, self.identity)
    }

    fn happened(&self) -> String {
        format!("inline policy {} of {} was deleted", self.policy_name, self.identity)
    }

    fn tried(&self, _: &str) -> String {
        format!("to delete inline policy {} of {}", self.policy_name, self.identity)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "IAM names its parameters so")]
struct Parameters {
    user_name: Option<String>,
    group_name: Option<String>,
    role_name: Option<String>,
    policy_name: Option<String>,
}

/// Reads `DeleteUserPolicy`, `DeleteGroupPolicy` or `DeleteRolePolicy`.
pub fn read(kind: IdentityKind, call: &Call<'_>) -> Result<Vec<Claim>, Unread> {
    let parameters: Parameters = call.parameters()?;
    let name = kind.pick(parameters.user_name, parameters.group_name, parameters.role_name);
    let identity = call.identity(kind, name.as_deref())?;
    let policy_name = call.iam_name(parameters.policy_name.as_deref())?;
    Ok(vec![Claim::Change(Change::InlinePolicyDeleted(InlinePolicyDeleted { identity, policy_name }))])
}
