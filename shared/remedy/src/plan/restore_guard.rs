//! # What it takes back
//!
//! The removal of something that the rulebook requires (`@requires`): a managed policy, an inline policy, a permissions boundary, or the membership
//! in a group that holds such a policy. It is attached, put, set or joined again, two minutes after the change, if it is still gone.
//!
//! # What it spares
//!
//! A boundary that is certainly not looser than the required one, whatever its name is; of one that cannot be compared for certain, a person is
//! notified. A target that was deleted: whoever tears something down detaches before they delete. A user who holds the required policy through
//! another group. Quarantines belong to `quarantine-principal`.
//!
//! # How it is undone
//!
//! The policy is detached or deleted, the user removed from the group, the boundary that was found is set again. If somebody had put another text under
//! the name of a required inline policy, the case keeps that text and the command that puts it back, and `rescind undo` refuses to run it: it is
//! somebody else's text, and a person has to read it first.
//!
//! # Source
//!
//! IAM user guide, "Permissions boundaries for IAM entities" and "IAM and AWS STS quotas"; IAM API reference, `AttachUserPolicy`,
//! `PutUserPolicy`, `PutUserPermissionsBoundary`, `AddUserToGroup` and their siblings.

use policy::case::Call;
use policy::change::{BoundaryChanged, GroupLeft, InlinePolicyDeleted, PolicyDetached};
use policy::containment::Quarantine;
use policy::guardrail::{Guardrail, Requirement};
use policy::remedy::Remedy;
use policy::target::{Identity, Target};
use policy::{Case, Change};

use super::{Plan, Words, call_of, inverse};
use crate::setting::{Attachment, Boundary, Home, InlinePolicy, Membership, Step};

/// The remedy `restore-guard`.
pub struct RestoreGuard;

/// What gives a guard back.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Restoration {
    /// This policy is attached again.
    Attachment(Step<Attachment>),
    /// This inline policy is put again.
    Inline(Step<InlinePolicy>),
    /// This boundary is set again.
    Boundary(Step<Boundary>),
    /// This user is in the group again.
    Membership(Step<Membership>),
}

/// What the case requires: by the first broken guardrail that asks for this remedy.
#[must_use]
pub fn required(case: &Case) -> Option<&Requirement> {
    let asks = |guardrail: &&Guardrail| guardrail.remedies.contains(&Remedy::RestoreGuard);
    case.decision.guardrails().iter().filter(asks).find_map(|guardrail| guardrail.requires.as_ref())
}

/// What gives the guard back, or why nothing does.
///
/// # Errors
///
/// Why, for a person.
pub fn restoration(case: &Case, change: &Change) -> Result<Restoration, String> {
    let required = required(case).ok_or("no guardrail says what is required")?;
    let policy = || {
        let policy = required.policy(&case.account, &case.partition);
        policy.ok_or_else(|| format!("`{required}` is not a policy that anybody in this account can hold: correct the guardrail"))
    };
    match (change, required) {
        (Change::PolicyDetached(PolicyDetached { identity, .. }), Requirement::Policy { .. }) => {
            let setting = Attachment { identity: identity.clone(), policy: policy()? };
            Ok(Restoration::Attachment(Step { setting, from: false, to: true }))
        }
        (Change::InlinePolicyDeleted(InlinePolicyDeleted { identity, .. }), Requirement::Inline { name, document, .. })
            if Quarantine::named(name.as_str()).is_none() =>
        {
            let setting = InlinePolicy { identity: identity.clone(), name: name.clone() };
            Ok(Restoration::Inline(Step { setting, from: None, to: Some(document.clone()) }))
        }
        (Change::BoundaryChanged(BoundaryChanged { identity, boundary }), Requirement::Boundary { .. }) => {
            let setting = Boundary { identity: identity.clone() };
            Ok(Restoration::Boundary(Step { setting, from: boundary.clone(), to: Some(policy()?) }))
        }
        (Change::GroupLeft(GroupLeft { user, group }), Requirement::Policy { .. } | Requirement::Inline { .. }) => {
            let setting = Membership { user: user.name.clone(), group: group.clone() };
            Ok(Restoration::Membership(Step { setting, from: false, to: true }))
        }
        _ => Err("what changed is nothing that the guardrail requires".to_owned()),
    }
}

impl Restoration {
    /// The same for whoever is affected, under the name that they have now.
    #[must_use]
    pub fn of(mut self, whom: &Identity) -> Self {
        match &mut self {
            Self::Attachment(step) => step.setting.identity = whom.clone(),
            Self::Inline(step) => step.setting.identity = whom.clone(),
            Self::Boundary(step) => step.setting.identity = whom.clone(),
            Self::Membership(step) => step.setting.user = whom.name.clone(),
        }
        self
    }
}

impl Plan for RestoreGuard {
    fn remedy(&self) -> Remedy {
        Remedy::RestoreGuard
    }

    fn words(&self, _: &Change) -> Words {
        Words { done: "restored", clean: "nothing to restore" }
    }

    fn applied(&self, _: &Case, change: &Change) -> String {
        let how = match change {
            Change::InlinePolicyDeleted(_) => "Rescind put the required text again",
            Change::BoundaryChanged(_) => "Rescind set the required boundary again",
            Change::GroupLeft(_) => "Rescind added the user again, because the group holds a required policy",
            _ => "Rescind attached it again",
        };
        how.to_owned()
    }

    fn clean(&self, _: &Case, _: &Change) -> String {
        "nothing was left to restore when Rescind acted".to_owned()
    }

    fn never(&self, case: &Case, change: &Change) -> Option<String> {
        restoration(case, change).err()
    }

    fn touches(&self, _: &Case, change: &Change) -> Option<Target> {
        Some(change.target()).filter(|target| target.identity().is_some())
    }

    fn calls(&self, case: &Case, change: &Change) -> Vec<Call> {
        match restoration(case, change) {
            Ok(Restoration::Attachment(step)) => call_of(Some(step)),
            Ok(Restoration::Inline(step)) => call_of(Some(step)),
            Ok(Restoration::Boundary(step)) => call_of(Some(step)),
            Ok(Restoration::Membership(step)) => call_of(Some(step)),
            Err(_) => Vec::new(),
        }
    }

    /// An undo takes a guard away, so it is accepted only for the very thing that the case requires, and as the inverse of a call that the same
    /// case says was made. A text that somebody had put in place of an inline guard is theirs: only a person gives it back.
    fn writes(&self, call: Option<&Call>, undo: &Call, case: &Case) -> bool {
        let home = Home::of(case);
        let Some(Ok(planned)) = case.change.as_ref().map(|change| restoration(case, change)) else {
            return false;
        };
        // One whose unique id is known was found under another name, if it had been renamed.
        let is_whom =
            |planned: &Identity, made: &Identity| planned.kind == made.kind && (planned.id.is_some() || planned.name == made.name);
        match planned {
            Restoration::Attachment(Step { setting, .. }) => {
                let made = inverse::<Attachment>(call, undo, home);
                matches!(made, Some((made, true, false)) if made.policy == setting.policy && is_whom(&setting.identity, &made.identity))
            }
            Restoration::Inline(Step { setting, to, .. }) => {
                let made = inverse::<InlinePolicy>(call, undo, home);
                matches!(made, Some((made, text, None)) if made.name == setting.name && text == to && is_whom(&setting.identity, &made.identity))
            }
            Restoration::Boundary(Step { setting, to, .. }) => {
                let made = inverse::<Boundary>(call, undo, home);
                matches!(made, Some((made, policy, _)) if policy == to && is_whom(&setting.identity, &made.identity))
            }
            Restoration::Membership(Step { setting, .. }) => {
                let user = case.change.as_ref().map(Change::target);
                let has_id = user.as_ref().and_then(Target::identity).is_some_and(|user| user.id.is_some());
                let made = inverse::<Membership>(call, undo, home);
                matches!(made, Some((made, true, false)) if made.group == setting.group && (has_id || made.user == setting.user))
            }
        }
    }
}
