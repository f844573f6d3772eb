//! An account's IAM in the JSON of `aws iam get-account-authorization-details`, and what a principal holds in it.
//!
//! What the JSON does not carry is kept apart from what grants nothing: the call can leave policies out (`--filter`), and a policy that
//! nobody has read may grant, or deny, anything.

mod holder;
mod read;

use serde::Deserialize;
use thiserror::Error;

pub use holder::{Held, Holder, Membership, Origin, Unread};
use read::Text;

use crate::target::IdentityKind;

/// Why an account cannot be read.
#[derive(Debug, Error)]
#[error("not what `aws iam get-account-authorization-details` prints: {0}")]
pub struct AccountError(#[from] serde_json::Error);

/// The users, groups, roles and managed policies of an account. It borrows from the text it was read from.
///
/// ```
/// use policy::account::Account;
/// use policy::target::IdentityKind;
///
/// let json = r#"{"UserDetailList": [{"UserName": "polsen", "Arn": "arn:aws:iam::123456789012:user/polsen"}],
///                "GroupDetailList": [], "RoleDetailList": [], "Policies": []}"#;
/// let account = Account::parse(json)?;
/// assert_eq!(account.holder(IdentityKind::User, "POLSEN").map(|user| user.name), Some("polsen"));
/// # Ok::<(), policy::account::AccountError>(())
/// ```
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Account<'a> {
    #[serde(borrow, rename = "UserDetailList")]
    users: Vec<Entity<'a>>,
    #[serde(borrow, rename = "GroupDetailList")]
    groups: Vec<Entity<'a>>,
    #[serde(borrow, rename = "RoleDetailList")]
    roles: Vec<Entity<'a>>,
    #[serde(borrow)]
    policies: Vec<Managed<'a>>,
}

/// A user, group or role. Each kind has its own members; the others stay empty.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entity<'a> {
    #[serde(alias = "UserName", alias = "GroupName", alias = "RoleName")]
    name: String,
    arn: String,
    #[serde(default)]
    group_list: Vec<String>,
    #[serde(borrow, default, alias = "UserPolicyList", alias = "GroupPolicyList", alias = "RolePolicyList")]
    inline: Vec<Inline<'a>>,
    #[serde(default)]
    attached_managed_policies: Vec<Attached>,
    #[serde(default)]
    permissions_boundary: Option<Boundary>,
    #[serde(borrow, default)]
    assume_role_policy_document: Option<Text<'a>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Inline<'a> {
    policy_name: String,
    #[serde(borrow, default)]
    policy_document: Option<Text<'a>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attached {
    policy_arn: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Boundary {
    permissions_boundary_arn: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Managed<'a> {
    arn: String,
    #[serde(borrow, default)]
    policy_version_list: Vec<PolicyVersion<'a>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PolicyVersion<'a> {
    #[serde(default)]
    is_default_version: bool,
    #[serde(borrow, default)]
    document: Option<Text<'a>>,
}

impl<'a> Account<'a> {
    /// Reads the JSON.
    ///
    /// # Errors
    ///
    /// Where it is not the answer's JSON, with line and column. A policy document that cannot be read is no error here: it is told by
    /// the principal that holds it.
    pub fn parse(json: &'a str) -> Result<Self, AccountError> {
        Ok(serde_json::from_str(json)?)
    }

    /// What the user, group or role of that name holds; `None` if the account has none. Case does not count: IAM tells no two names
    /// apart by it (IAM API reference, `CreateUser`).
    #[must_use]
    pub fn holder(&self, kind: IdentityKind, name: &str) -> Option<Holder<'_>> {
        let entity = self.entity(kind, name)?;
        Some(Holder {
            kind,
            name: &entity.name,
            arn: &entity.arn,
            policies: self.held_by(entity),
            groups: entity.group_list.iter().map(|group| self.membership(group)).collect(),
            boundary: entity.permissions_boundary.as_ref().map(|boundary| self.managed(&boundary.permissions_boundary_arn)),
            trust: (kind == IdentityKind::Role).then(|| holder::document(entity.assume_role_policy_document.as_ref())),
        })
    }

    /// The names of all users, groups or roles.
    pub fn names(&self, kind: IdentityKind) -> impl Iterator<Item = &str> {
        self.entities(kind).iter().map(|entity| entity.name.as_str())
    }

    fn entities(&self, kind: IdentityKind) -> &[Entity<'a>] {
        match kind {
            IdentityKind::User => &self.users,
            IdentityKind::Group => &self.groups,
            IdentityKind::Role => &self.roles,
        }
    }

    fn entity(&self, kind: IdentityKind, name: &str) -> Option<&Entity<'a>> {
        self.entities(kind).iter().find(|entity| entity.name.eq_ignore_ascii_case(name))
    }

    fn membership<'s>(&'s self, name: &'s str) -> Membership<'s> {
        let policies = self.entity(IdentityKind::Group, name).map(|group| self.held_by(group));
        Membership { name, policies }
    }

    fn held_by<'s>(&'s self, entity: &'s Entity<'a>) -> Vec<Held<'s>> {
        let inline = entity.inline.iter().map(|policy| Held {
            name: &policy.policy_name,
            origin: Origin::Inline,
            document: holder::document(policy.policy_document.as_ref()),
        });
        inline.chain(entity.attached_managed_policies.iter().map(|attached| self.managed(&attached.policy_arn))).collect()
    }

    fn managed<'s>(&'s self, arn: &'s str) -> Held<'s> {
        // The whole ARN without regard to case, as IAM compares it when a policy is attached.
        let policy = self.policies.iter().find(|policy| policy.arn.eq_ignore_ascii_case(arn));
        let version = policy.and_then(|policy| policy.policy_version_list.iter().find(|version| version.is_default_version));
        Held {
            name: arn.rsplit('/').next().unwrap_or(arn),
            origin: Origin::Managed(arn),
            document: holder::document(version.and_then(|version| version.document.as_ref())),
        }
    }
}

#[cfg(test)]
mod tests;
