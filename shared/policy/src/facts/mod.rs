//! What was read from IAM about a change, and the members of a Cedar context that are made from it.
//!
//! A fact that was not read is not an empty fact. Every place where a request would hold one that is missing is noted while the request
//! is built ([`Members`]), and a decision that could depend on it is "unknown".

mod access;
mod members;
mod needs;

pub use access::{Access, Texts};
pub use members::Members;
pub use needs::Needs;

use crate::arn::{IamName, UniqueId};
use crate::change::Replaced;

/// What was read from IAM: whatever [`Needs`] asked for. Starts empty, and each part is added as it is read.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Facts {
    details: Option<IdentityDetails>,
    groups: Option<Vec<IamName>>,
    group_path: Option<String>,
    granted: Option<Access>,
    holdings: Option<(Access, Access)>,
    holders: Option<Holders>,
    administrator: Option<bool>,
    device: Option<bool>,
    denied: Option<bool>,
    replaced: Option<Replaced>,
    removed: Option<Vec<String>>,
    conditional: Option<bool>,
    named_by: Option<NamedBy>,
    failures: Option<u32>,
}

/// Who a renamed user or group is now, and which policies still name it as it was called.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct NamedBy {
    /// Its unique id, if IAM knows it under its new name.
    pub id: Option<UniqueId>,
    /// The policies, in words: `policy arn:…`, `inline policy P of role r`, `trust policy of role r`.
    pub policies: Vec<String>,
}

/// Who holds a managed policy.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Holders {
    /// How many users, groups and roles it is attached to.
    pub count: u32,
    /// Whether a break-glass principal is among them, or in such a group.
    pub break_glass: bool,
}

/// What IAM says of a user, group or role.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct IdentityDetails {
    /// `/` or `/team/a/`.
    pub path: String,
    /// Its tags, key and value; groups have none.
    pub tags: Vec<(String, String)>,
}

impl Facts {
    /// Nothing was read.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Adds the target's path and tags.
    #[must_use]
    pub fn with_details(self, details: IdentityDetails) -> Self {
        Self { details: Some(details), ..self }
    }

    /// Adds the groups that a user is in.
    #[must_use]
    pub fn with_groups(self, groups: Vec<IamName>) -> Self {
        Self { groups: Some(groups), ..self }
    }

    /// Adds the path of the group that a user joined.
    #[must_use]
    pub fn with_group_path(self, path: String) -> Self {
        Self { group_path: Some(path), ..self }
    }

    /// Adds what the change itself grants.
    #[must_use]
    pub fn with_granted(self, access: Access) -> Self {
        Self { granted: Some(access), ..self }
    }

    /// Adds what the target could do without the change, and can do with it.
    #[must_use]
    pub fn with_holdings(self, before: Access, after: Access) -> Self {
        Self { holdings: Some((before, after)), ..self }
    }

    /// Adds who holds the policy that was changed.
    #[must_use]
    pub fn with_holders(self, holders: Holders) -> Self {
        Self { holders: Some(holders), ..self }
    }

    /// Adds whether any of them is an administrator without that policy.
    #[must_use]
    pub fn with_administrator(self, is_any: bool) -> Self {
        Self { administrator: Some(is_any), ..self }
    }

    /// Adds whether the user has an MFA device.
    #[must_use]
    pub fn with_device(self, has_one: bool) -> Self {
        Self { device: Some(has_one), ..self }
    }

    /// Adds whether the user is denied everything without MFA.
    #[must_use]
    pub fn with_denied(self, is_denied: bool) -> Self {
        Self { denied: Some(is_denied), ..self }
    }

    /// Adds which version of the policy had been the default before.
    #[must_use]
    pub fn with_replaced(self, replaced: Option<Replaced>) -> Self {
        Self { replaced, ..self }
    }

    /// Adds the guards that the change took away, as the rulebook's `@requires` write them.
    #[must_use]
    pub fn with_removed(self, removed: Vec<String>) -> Self {
        Self { removed: Some(removed), ..self }
    }

    /// The target's path and tags.
    #[must_use]
    pub const fn details(&self) -> Option<&IdentityDetails> {
        self.details.as_ref()
    }

    /// The groups that a user is in.
    #[must_use]
    pub fn groups(&self) -> Option<&[IamName]> {
        self.groups.as_deref()
    }

    /// Whether the user has an MFA device.
    #[must_use]
    pub const fn device(&self) -> Option<bool> {
        self.device
    }

    /// Whether the user is denied everything without MFA.
    #[must_use]
    pub const fn denied(&self) -> Option<bool> {
        self.denied
    }

    /// The path of the group that a user joined.
    #[must_use]
    pub fn group_path(&self) -> Option<&str> {
        self.group_path.as_deref()
    }

    /// What the change itself grants.
    #[must_use]
    pub const fn granted(&self) -> Option<&Access> {
        self.granted.as_ref()
    }

    /// The guards that the change took away, as the rulebook's `@requires` write them.
    #[must_use]
    pub fn removed(&self) -> Option<&[String]> {
        self.removed.as_deref()
    }

    /// What the target could do without the change, and can do with it.
    #[must_use]
    pub const fn holdings(&self) -> Option<&(Access, Access)> {
        self.holdings.as_ref()
    }

    /// Who holds the policy that was changed.
    #[must_use]
    pub const fn holders(&self) -> Option<Holders> {
        self.holders
    }

    /// Whether any of them is an administrator without that policy.
    #[must_use]
    pub const fn administrator(&self) -> Option<bool> {
        self.administrator
    }

    /// Adds whether the trust policy lets the caller in under a condition only.
    #[must_use]
    pub fn with_conditional(self, is_conditional: bool) -> Self {
        Self { conditional: Some(is_conditional), ..self }
    }

    /// Adds which policies name the target by its old name.
    #[must_use]
    pub fn with_named_by(self, named_by: NamedBy) -> Self {
        Self { named_by: Some(named_by), ..self }
    }

    /// Adds how often somebody failed to sign in within ten minutes.
    #[must_use]
    pub fn with_failures(self, failures: u32) -> Self {
        Self { failures: Some(failures), ..self }
    }

    /// Whether the trust policy lets the caller in under a condition only.
    #[must_use]
    pub const fn conditional(&self) -> Option<bool> {
        self.conditional
    }

    /// Which policies name the target by its old name.
    #[must_use]
    pub const fn named_by(&self) -> Option<&NamedBy> {
        self.named_by.as_ref()
    }

    /// How often somebody failed to sign in within ten minutes.
    #[must_use]
    pub const fn failures(&self) -> Option<u32> {
        self.failures
    }

    /// Which version of the policy had been the default before.
    #[must_use]
    pub const fn replaced(&self) -> Option<&Replaced> {
        self.replaced.as_ref()
    }
}
