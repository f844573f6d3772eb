//! What each remedy would do, what it never does, and its words. A plan cannot change anything: it has no writer.
//!
//! Each remedy has a file here, with the same four headings: what it takes back, what it spares, how it is undone, and the source of its
//! facts.

mod delete_inline_policy;
mod detach_everywhere;
mod detach_policy;
mod quarantine_key;
mod quarantine_principal;
mod remove_group_member;
mod remove_login;
mod restore_guard;
mod restore_password_policy;
mod restore_policy_version;
mod restore_trust;
mod watch_tampering;

use policy::arn::{CredentialId, PolicyArn};
use policy::case::Call;
use policy::remedy::Remedy;
use policy::target::Target;
use policy::{Case, Change};

pub use delete_inline_policy::{DeleteInlinePolicy, step as deletion};
pub use detach_everywhere::DetachEverywhere;
pub use detach_policy::{DetachPolicy, step as detachment};
pub use quarantine_key::{QuarantineKey, Subject, subject};
pub use quarantine_principal::{Measure, QuarantinePrincipal, measure};
pub use remove_group_member::{RemoveGroupMember, step as removal};
pub use remove_login::{RemoveLogin, denial, step as logout};
pub use restore_guard::{Restoration, RestoreGuard, required, restoration};
pub use restore_password_policy::{RestorePasswordPolicy, step as password_restoration};
pub use restore_policy_version::RestorePolicyVersion;
pub use restore_trust::{RestoreTrust, offenders, step as trust_restoration};
pub use watch_tampering::{Off, WatchTampering, switch};

use crate::setting::{Home, Setting, Step};

/// A remedy's words for the headline of a notice.
#[derive(Clone, Copy, Debug)]
pub struct Words {
    /// `taken back`: the headline is `taken back: …`, `would be taken back: …`, `ACT: cannot be taken back: …`.
    pub done: &'static str,
    /// `already gone`: the headline if nothing was left to do.
    pub clean: &'static str,
}

impl Words {
    /// Those of a remedy that takes back what the change gave.
    pub const TAKEN_BACK: Self = Self { done: "taken back", clean: "already gone" };
}

/// What a remedy would do, and its words.
pub trait Plan: Sync {
    /// Which remedy.
    fn remedy(&self) -> Remedy;

    /// Its words, for this change.
    fn words(&self, _: &Change) -> Words {
        Words::TAKEN_BACK
    }

    /// What the headline is about, in a few words.
    fn matter(&self, _: &Case, change: &Change) -> String {
        change.kind().matter()
    }

    /// How things are after the remedy was applied: completes `user polsen was added to group admins; …`.
    fn applied(&self, case: &Case, change: &Change) -> String;

    /// How things were if there was nothing left to do.
    fn clean(&self, case: &Case, change: &Change) -> String;

    /// What a reader should do after the remedy was applied, if anything.
    fn next(&self, _: &Case, _: &Change) -> Option<String> {
        None
    }

    /// Why this must never be done, as far as the case alone says.
    fn never(&self, _: &Case, _: &Change) -> Option<String> {
        None
    }

    /// Whom or what the remedy changes.
    fn touches(&self, case: &Case, change: &Change) -> Option<Target>;

    /// The access key that says for certain whom the remedy changes, if the event does not say their unique id.
    fn key(&self, _: &Case, _: &Change) -> Option<CredentialId> {
        None
    }

    /// Whether it changes what everybody can do who holds a policy: then none of them may be somebody whom Rescind never touches.
    fn reaches_holders(&self) -> bool {
        false
    }

    /// Whether it locks its target out, so that somebody else has to be left who could undo it.
    fn locks_out(&self) -> bool {
        false
    }

    /// Whether each of its steps is about somebody else: then the undo of one does not depend on the others.
    fn is_each_alone(&self) -> bool {
        false
    }

    /// The calls, as far as the record says them: for `rescind decide`, which has no live account, and for people who have to act by hand.
    fn calls(&self, case: &Case, change: &Change) -> Vec<Call>;

    /// Those that a person makes with the stack's own policy that denies a user everything without MFA: no record names it.
    fn calls_with(&self, _: &Change, _deny_without_mfa: &PolicyArn) -> Vec<Call> {
        Vec::new()
    }

    /// Whether this remedy writes such a call, and an undo like this one for it. `call` is absent if an earlier try at the event made it.
    fn writes(&self, call: Option<&Call>, undo: &Call, case: &Case) -> bool;

    /// Why no call undoes this remedy, and what a person has to do instead; `None` if one does.
    fn irrevocable(&self, _: &Case, _: &Change) -> Option<String> {
        None
    }
}

static PLANS: &[&dyn Plan] = &[
    &DetachPolicy,
    &DeleteInlinePolicy,
    &RemoveGroupMember,
    &RemoveLogin,
    &RestorePolicyVersion,
    &DetachEverywhere,
    &RestorePasswordPolicy,
    &RestoreTrust,
    &RestoreGuard,
    &WatchTampering,
    &QuarantineKey,
    &QuarantinePrincipal,
];

/// The plan of a remedy.
#[must_use]
pub fn of(remedy: Remedy) -> &'static dyn Plan {
    // INVARIANT: a test finds each remedy here, so the first plan is never taken for another.
    PLANS.iter().copied().find(|plan| plan.remedy() == remedy).unwrap_or(&DetachPolicy)
}

/// Why no call undoes what was done in this case, and what a person has to do instead; `None` if one does, or nothing was done.
#[must_use]
pub fn irrevocable(case: &Case) -> Option<String> {
    let done = case.outcomes.iter().find(|outcome| !outcome.calls.is_empty())?;
    of(done.remedy).irrevocable(case, case.change.as_ref()?)
}

/// A setting with the value that a call gave it and the one that its undo gives back; `None` if they are not about the same setting.
fn inverse<S: Setting>(call: Option<&Call>, undo: &Call, home: Home<'_>) -> Option<(S, S::Value, S::Value)> {
    let ((setting, made), (_, back)) = (S::parse(call?, home)?, S::parse(undo, home)?);
    (setting.call(&back).as_ref() == Some(undo)).then_some((setting, made, back))
}

/// Whether an undo gives back something that a call took, or that an earlier try took whose call the case does not hold.
fn gives_back<S: Setting<Value = bool>>(call: Option<&Call>, undo: &Call, home: Home<'_>) -> bool {
    match call {
        Some(_) => matches!(inverse::<S>(call, undo, home), Some((_, false, true))),
        None => matches!(S::parse(undo, home), Some((_, true))),
    }
}

/// The call of a step, if there is one.
fn call_of<S: Setting>(step: Option<Step<S>>) -> Vec<Call> {
    step.and_then(|step| step.call()).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_remedy_has_a_plan() {
        for remedy in Remedy::ALL {
            assert_eq!(of(*remedy).remedy(), *remedy);
        }
    }
}
