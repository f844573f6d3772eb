//! An inline policy put into a user, group or role.

use serde::{Deserialize, Serialize};

use super::{Call, Change, Claim, Gives, Kind, Missing, Unread};
use crate::arn::IamName;
use crate::facts::{Facts, Members};
use crate::target::{Identity, IdentityKind, Target};

/// An inline policy was put into a user, group or role: a new one, or in place of an earlier one of that name.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InlinePolicyPut {
    /// The identity that holds it.
    #[serde(rename = "target")]
    pub identity: Identity,
    /// The policy's name.
    pub policy_name: IamName,
    /// The policy's text, as the caller wrote it. Absent only until IAM is asked for a text that the record omits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
}

impl Kind for InlinePolicyPut {
    fn target(&self) -> Target {
        self.identity.clone().into()
    }

    fn context(&self, facts: &Facts, context: &mut Members<'_>) {
        context.granting("policy", &[("name", self.policy_name.as_str())], facts);
        context.before_and_after(facts);
    }

    fn gives(&self) -> Gives<'_> {
        Gives::Inline(&self.policy_name, self.document.as_deref().unwrap_or_default())
    }

    fn matter(&self) -> String {
        format!("inline policy {} of {}", self.policy_name, self.identity)
    }

    fn happened(&self) -> String {
        format!("inline policy {} was put into {}", self.policy_name, self.identity)
    }

    fn tried(&self, _: &str) -> String {
        format!("to put inline policy {} into {}", self.policy_name, self.identity)
    }

    fn caveat(&self) -> Option<&'static str> {
        Some("if this call replaced an earlier policy of that name, its text is lost: neither IAM nor the record keeps it")
    }
}

/// Longest document that IAM takes, in characters (IAM API reference, `PutUserPolicy`).
const DOCUMENT_MAX: usize = 131_072;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parameters {
    user_name: Option<String>,
    group_name: Option<String>,
    role_name: Option<String>,
    policy_name: Option<String>,
    policy_document: Option<String>,
}

/// Reads `PutUserPolicy`, `PutGroupPolicy` or `PutRolePolicy`.
pub fn read(kind: IdentityKind, call: &Call<'_>) -> Result<Vec<Claim>, Unread> {
    let parameters: Parameters = call.parameters()?;
    let name = kind.pick(parameters.user_name, parameters.group_name, parameters.role_name);
    let identity = call.identity(kind, name.as_deref())?;
    let policy_name = call.iam_name(parameters.policy_name.as_deref())?;
    if parameters.policy_document.as_ref().is_some_and(|text| text.chars().count() > DOCUMENT_MAX) {
        return Err(call.unreadable(&format!("a policy document has at most {DOCUMENT_MAX} characters")));
    }
    let put = InlinePolicyPut { identity, policy_name, document: parameters.policy_document };
    let claim = if put.document.is_some() { Claim::Change(Change::InlinePolicyPut(put)) } else { Claim::Missing(Missing::Document(put)) };
    Ok(vec![claim])
}
