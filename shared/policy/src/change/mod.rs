//! What an event means: one typed change to who can do what. Each kind of change has a file here, and nothing else knows it.
//!
//! To add a kind: write its file, name it in `changes!`, and give the API calls that make it a line in [`crate::action`].

mod boundary_changed;
mod call;
mod credential_activated;
mod credential_exposed;
mod group_joined;
mod group_left;
mod inline_policy_deleted;
mod inline_policy_put;
mod mfa_changed;
mod noticed;
mod password_policy_changed;
mod password_set;
mod policy_attached;
mod policy_detached;
mod policy_version_set;
mod provider_updated;
mod quarantine_lifted;
mod renamed;
mod role_acquired;
mod session_started;
mod signed_in;
mod trust_changed;

use serde::{Deserialize, Serialize};

pub use boundary_changed::BoundaryChanged;
pub(crate) use boundary_changed::{deleted as read_boundary_deleted, put as read_boundary_put};
pub use call::{Call, Unread};
pub use credential_activated::CredentialActivated;
pub(crate) use credential_activated::{activated as read_activated, created as read_created, reset as read_reset};
pub use credential_exposed::{CredentialExposed, Finding};
pub use group_joined::GroupJoined;
pub(crate) use group_joined::read as read_group_joined;
pub use group_left::GroupLeft;
pub(crate) use group_left::read as read_group_left;
pub use inline_policy_deleted::InlinePolicyDeleted;
pub(crate) use inline_policy_deleted::read as read_inline_policy_deleted;
pub use inline_policy_put::InlinePolicyPut;
pub(crate) use inline_policy_put::read as read_inline_policy_put;
pub use mfa_changed::{MfaChanged, MfaDeed, lift_of as lift_of_mfa_denial};
pub(crate) use mfa_changed::{
    deactivated as read_mfa_deactivated, enabled as read_mfa_enabled, lifted as read_mfa_denial_lifted, lifts as lifts_mfa_denial,
};
pub use noticed::Noticed;
pub(crate) use noticed::read as read_noticed;
pub use password_policy_changed::PasswordPolicyChanged;
pub(crate) use password_policy_changed::{deleted as read_password_policy_deleted, updated as read_password_policy_updated};
pub use password_set::{Oneself, PasswordSet};
pub(crate) use password_set::{created as read_password_created, reset as read_password_reset};
pub use policy_attached::PolicyAttached;
pub(crate) use policy_attached::read as read_policy_attached;
pub use policy_detached::PolicyDetached;
pub(crate) use policy_detached::read as read_policy_detached;
pub use policy_version_set::{Deed, PolicyVersionSet, Replaced};
pub(crate) use policy_version_set::{
    created as read_policy_version_created, policy_created as read_policy_created, set as read_default_version_set,
};
pub(crate) use provider_updated::read as read_provider_updated;
pub use provider_updated::{ProviderUpdated, Update};
pub use quarantine_lifted::{Lift, QuarantineLifted};
pub(crate) use quarantine_lifted::{read as read_quarantine_lifted, takes_away as takes_quarantine_away};
pub use renamed::Renamed;
pub(crate) use renamed::read as read_renamed;
pub(crate) use role_acquired::{
    CALL as ACQUIRE_ROLE, attached as read_acquired_attached, put as read_acquired_put, trusted as read_acquired_trusted,
};
pub use session_started::SessionStarted;
pub(crate) use session_started::read as read_session_started;
pub(crate) use signed_in::read as read_signed_in;
pub use signed_in::{SignedIn, failures_within};
pub(crate) use trust_changed::read as read_trust_changed;
pub use trust_changed::{Judged, TrustChanged};

use crate::arn::{CredentialId, IamName, PolicyArn};
use crate::capability::Capability;
use crate::credential::Session;
use crate::facts::{Facts, Members, NamedBy};
use crate::target::{Identity, Target};

/// One kind of change: everything that Rescind knows about it.
pub trait Kind {
    /// What the change is about: the Cedar `resource`.
    fn target(&self) -> Target;

    /// Adds what the schema's context type has beyond who made the change, when and from where.
    fn context(&self, facts: &Facts, context: &mut Members<'_>);

    /// Whose documents decide what the change granted. They are read only if a guardrail asks.
    fn gives(&self) -> Gives<'_> {
        Gives::Nothing
    }

    /// What it took away that a guardrail can require; `None` if it took nothing of the kind.
    fn removes(&self) -> Option<Removes<'_>> {
        None
    }

    /// Whom a quarantine would affect.
    fn behind(&self) -> Behind<'_> {
        Behind::TheActor
    }

    /// The same change about one thing at a time, if it gives several at once: the rulebook is asked about each by itself, and forbids the change
    /// if it forbids one of them. An exemption covers only what it covers by itself.
    fn one_by_one(&self) -> Option<Vec<Change>> {
        None
    }

    /// The change as its case shows it: with those things of [`Self::one_by_one`], by their places, that break these guardrails, or may.
    fn with_broken(&self, _: &[(usize, Vec<String>)]) -> Option<Change> {
        None
    }

    /// Distinguishes this change from the others of one event: part of the case id.
    fn part(&self) -> String {
        self.matter()
    }

    /// The change in a few words: `policy Billing on user polsen`.
    fn matter(&self) -> String;

    /// What a list of cases says of it beside its guardrail: its target, and more if the guardrail says little.
    fn listed(&self) -> String {
        self.target().to_string()
    }

    /// The change as a sentence: `user polsen was added to group admins`.
    fn happened(&self) -> String;

    /// What somebody tried whose call AWS refused: `to attach … to user polsen`.
    fn tried(&self, call: &str) -> String {
        format!("to call {call} on {}", self.target())
    }

    /// What the account's history does not say about this change, if a reader needs to know it.
    fn caveat(&self) -> Option<&'static str> {
        None
    }
}

/// Whose documents decide what a change granted.
#[derive(Clone, Copy, Debug)]
pub enum Gives<'a> {
    /// It granted nothing that a document says.
    Nothing,
    /// This managed policy, to the target.
    Managed(&'a PolicyArn),
    /// This inline policy of the target, with this text.
    Inline(&'a IamName, &'a str),
    /// Everything that this group holds, to the target, which is now a member.
    Membership(&'a IamName),
    /// What this version of a managed policy says, to everybody who holds the policy.
    Version(&'a PolicyVersionSet),
}

/// What a change took away that a guardrail can require.
#[derive(Clone, Copy, Debug)]
pub enum Removes<'a> {
    /// This managed policy, from the target.
    Managed(&'a PolicyArn),
    /// The target's inline policy of this name.
    Inline(&'a IamName),
    /// The target's permissions boundary, for which this one took its place, or none.
    Boundary(Option<&'a PolicyArn>),
    /// Everything that this group holds, from the target, which is no longer a member.
    Membership(&'a IamName),
}

/// Whom a quarantine would affect.
#[derive(Clone, Copy, Debug)]
pub enum Behind<'a> {
    /// Whoever made the change.
    TheActor,
    /// The owner of misused credentials, or whoever was contained before: of a role the session, if it is known which.
    Owner(Option<&'a Session>),
}

macro_rules! changes {
    ($($kind:ident),* $(,)?) => {
        /// What an event means.
        #[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
        #[serde(tag = "type")]
        #[expect(missing_docs, reason = "each variant is documented as the type that it holds")]
        pub enum Change {
            $($kind($kind)),*
        }

        impl Change {
            /// Everything that Rescind knows about a change of this kind.
            #[must_use]
            pub fn kind(&self) -> &dyn Kind {
                match self {
                    $(Self::$kind(it) => it),*
                }
            }

            /// The name of the kind, as it stands in a case and in the notice's `change` attribute.
            #[must_use]
            pub const fn name(&self) -> &'static str {
                match self {
                    $(Self::$kind(_) => stringify!($kind)),*
                }
            }
        }

        $(impl From<$kind> for Change {
            fn from(change: $kind) -> Self {
                Self::$kind(change)
            }
        })*
    };
}

changes! {
    PolicyAttached, CredentialActivated, CredentialExposed, QuarantineLifted, Renamed, GroupJoined, InlinePolicyPut, PolicyVersionSet, TrustChanged,
    PasswordPolicyChanged, PolicyDetached, InlinePolicyDeleted, BoundaryChanged, GroupLeft, PasswordSet, MfaChanged, ProviderUpdated,
    Noticed, SignedIn, SessionStarted
}

impl Change {
    /// What the change is about.
    #[must_use]
    pub fn target(&self) -> Target {
        self.kind().target()
    }

    /// The same with what the facts say beside what a guardrail can ask: for the case.
    #[must_use]
    pub(crate) fn noting(self, facts: &Facts) -> Self {
        match self {
            Self::PolicyVersionSet(set) => {
                PolicyVersionSet { replaced: facts.replaced().cloned().or_else(|| set.replaced.clone()), ..set }.into()
            }
            Self::Renamed(renamed) => match facts.named_by() {
                Some(NamedBy { id, policies }) => {
                    Renamed { identity: renamed.identity.with_id(id.clone()), named_by: Some(policies.clone()), ..renamed }.into()
                }
                None => renamed.into(),
            },
            Self::SignedIn(signed_in) => SignedIn { failures: facts.failures(), ..signed_in }.into(),
            Self::SessionStarted(started) => SessionStarted {
                conditional: facts.conditional(),
                admin: facts.holdings().map(|(_, after)| after.grants().contains(&Capability::Admin)),
                ..started
            }
            .into(),
            change => change,
        }
    }
}

/// What an event says about one change.
#[derive(Debug)]
pub enum Claim {
    /// All of it.
    Change(Change),
    /// All but one thing, which IAM has to be asked for.
    Missing(Missing),
    /// Not enough, for this reason: the answer is "unknown".
    Unknown(String),
}

/// The one thing that an event does not say about a change.
#[derive(Clone, Debug)]
pub enum Missing {
    /// Whose key it is that AWS found exposed.
    Owner {
        /// The key.
        id: CredentialId,
        /// The finding.
        finding: Finding,
    },
    /// The text of an inline policy.
    Document(InlinePolicyPut),
    /// The trust policy of a role.
    Trust(TrustChanged),
    /// Which managed policies a new role has.
    Attachments(Identity),
    /// Which inline policies a new role has.
    InlinePolicies(Identity),
}

/// What IAM answered about the one missing thing.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub enum Found {
    /// Whose key it is.
    Owner(Identity),
    /// The policy's text, plain.
    Document(String),
    /// The managed policies.
    Attachments(Vec<PolicyArn>),
    /// The inline policies: name and text, plain.
    InlinePolicies(Vec<(IamName, String)>),
}

impl Missing {
    /// The changes, completed: one, or of a new role one for each policy. `None` if the answer is to another question.
    #[must_use]
    pub fn completed(self, found: Found) -> Option<Vec<Change>> {
        let change = match (self, found) {
            (Self::Owner { id, finding }, Found::Owner(owner)) => CredentialExposed::of_key(owner.into(), id, finding).into(),
            (Self::Document(put), Found::Document(text)) => InlinePolicyPut { document: Some(text), ..put }.into(),
            (Self::Trust(changed), Found::Document(text)) => changed.with_document(text).ok()?.into(),
            (Self::Attachments(role), Found::Attachments(policies)) => {
                let attached = |policy_arn| PolicyAttached { identity: role.clone(), policy_arn }.into();
                return Some(policies.into_iter().map(attached).collect());
            }
            (Self::InlinePolicies(role), Found::InlinePolicies(policies)) => {
                let put = |(policy_name, text)| InlinePolicyPut { identity: role.clone(), policy_name, document: Some(text) }.into();
                return Some(policies.into_iter().map(put).collect());
            }
            _ => return None,
        };
        Some(vec![change])
    }

    /// Why the change cannot be judged without asking IAM.
    #[must_use]
    pub fn reason(&self) -> String {
        match self {
            Self::Owner { id, .. } => format!("only the live account says whose key {id} is"),
            Self::Document(put) => format!("the record omits the text of policy {}, which only the live account has", put.policy_name),
            Self::Trust(changed) => format!("the record omits the trust policy of {}, which only the live account has", changed.role),
            Self::Attachments(role) => format!("only the live account says which managed policies {role} got from its template"),
            Self::InlinePolicies(role) => format!("only the live account says which inline policies {role} got from its template"),
        }
    }

    /// Distinguishes it from the other changes of one finding.
    #[must_use]
    pub fn part(&self) -> String {
        match self {
            Self::Owner { id, .. } => id.to_string(),
            Self::Document(put) => put.part(),
            Self::Trust(changed) => changed.part(),
            Self::Attachments(role) => format!("managed policies of {role}"),
            Self::InlinePolicies(role) => format!("inline policies of {role}"),
        }
    }
}

#[cfg(test)]
mod tests;
