//! What has to be read from IAM before a change can be judged.

use std::ops::{BitAnd, BitOr};

/// Facts that IAM has to be asked for.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a read of its own, and any of them can be needed")]
pub struct Needs {
    /// The target's path and tags: GetUser, GetGroup or GetRole.
    pub details: bool,
    /// The groups that a user is in: ListGroupsForUser.
    pub groups: bool,
    /// The path of the group that a user joined: GetGroup.
    pub group_path: bool,
    /// What the change itself grants: the documents of the policy or of the group.
    pub document: bool,
    /// Everything the target can do: its policies, its groups' policies, its boundary. Of a policy: what its default version said before.
    pub holdings: bool,
    /// Who holds the policy: `ListEntitiesForPolicy`.
    pub holders: bool,
    /// Whether one of them is an administrator: everything that each of them holds.
    pub administrator: bool,
    /// Whether a user has an MFA device: `ListMFADevices`.
    pub device: bool,
    /// Whether a user is denied everything without MFA: `ListAttachedUserPolicies`.
    pub denied: bool,
    /// Which guards that the rulebook requires the change took away: the documents of two boundaries, or what a group holds.
    pub guards: bool,
    /// Whether the trust policy of a role lets somebody in under a condition only: `GetRole`.
    pub conditional: bool,
    /// Which policies name a user or group by its old name: `GetAccountAuthorizationDetails`.
    pub named_by: bool,
    /// How often somebody failed to sign in within ten minutes: the ledger.
    pub failures: bool,
}

impl Needs {
    /// Nothing.
    pub const NONE: Self = Self {
        details: false,
        groups: false,
        group_path: false,
        document: false,
        holdings: false,
        holders: false,
        administrator: false,
        device: false,
        denied: false,
        guards: false,
        conditional: false,
        named_by: false,
        failures: false,
    };

    /// Whether nothing has to be read.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self == Self::NONE
    }
}

impl BitOr for Needs {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self {
            details: self.details || other.details,
            groups: self.groups || other.groups,
            group_path: self.group_path || other.group_path,
            document: self.document || other.document,
            holdings: self.holdings || other.holdings,
            holders: self.holders || other.holders,
            administrator: self.administrator || other.administrator,
            device: self.device || other.device,
            denied: self.denied || other.denied,
            guards: self.guards || other.guards,
            conditional: self.conditional || other.conditional,
            named_by: self.named_by || other.named_by,
            failures: self.failures || other.failures,
        }
    }
}

impl BitAnd for Needs {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        Self {
            details: self.details && other.details,
            groups: self.groups && other.groups,
            group_path: self.group_path && other.group_path,
            document: self.document && other.document,
            holdings: self.holdings && other.holdings,
            holders: self.holders && other.holders,
            administrator: self.administrator && other.administrator,
            device: self.device && other.device,
            denied: self.denied && other.denied,
            guards: self.guards && other.guards,
            conditional: self.conditional && other.conditional,
            named_by: self.named_by && other.named_by,
            failures: self.failures && other.failures,
        }
    }
}
