//! # What it takes back
//!
//! A password policy of the account that asks for less than the guardrail's `@baseline`, or that was deleted: each setting becomes the stricter of
//! baseline and current. If several guardrails with baselines are broken, the strictest of them counts.
//!
//! # What it spares
//!
//! A policy that somebody has changed again in the meantime: that is another change, with an event of its own. Whatever is stricter already. Hard
//! expiry, which is never switched on, and a maximum age that is in force, which is never shortened: both lock people out. No record says which
//! maximum age was in force before the call, so one that the call removed becomes the baseline's.
//!
//! # How it is undone
//!
//! The policy becomes what the call had set, setting by setting; after a deletion it is deleted again. What it was before the call is in no record.
//!
//! # Source
//!
//! IAM API reference, `UpdateAccountPasswordPolicy` and `DeleteAccountPasswordPolicy`; IAM user guide, "Set an account password policy for IAM users".

use policy::case::Call;
use policy::change::PasswordPolicyChanged;
use policy::guardrail::Mode;
use policy::password::PasswordBaseline;
use policy::remedy::Remedy;
use policy::target::Target;
use policy::{Case, Change};

use super::{Plan, call_of};
use crate::setting::{PasswordPolicy, Step};

/// The remedy `restore-password-policy`.
pub struct RestorePasswordPolicy;

/// The step that restores what the baseline asks for.
#[must_use]
pub fn step(case: &Case, change: &Change) -> Option<Step<PasswordPolicy>> {
    let Change::PasswordPolicyChanged(PasswordPolicyChanged { rules }) = change else {
        return None;
    };
    let to = baseline(case)?.over(rules.as_ref());
    Some(Step { setting: PasswordPolicy, from: *rules, to: Some(to) })
}

/// The strictest baseline of the broken guardrails that are enforced, or, if none is, of those that are observed.
fn baseline(case: &Case) -> Option<PasswordBaseline> {
    let of = |mode: Mode| {
        let guardrails = case.decision.guardrails().iter().filter(move |guardrail| guardrail.mode == mode);
        guardrails.filter_map(|guardrail| guardrail.baseline.clone()).reduce(|one, other| one.and(&other))
    };
    of(Mode::Enforce).or_else(|| of(Mode::Observe))
}

impl Plan for RestorePasswordPolicy {
    fn remedy(&self) -> Remedy {
        Remedy::RestorePasswordPolicy
    }

    fn applied(&self, case: &Case, change: &Change) -> String {
        let to = step(case, change).and_then(|step| step.to).map(|rules| rules.to_string()).unwrap_or_default();
        format!("Rescind set it to: {to}")
    }

    fn clean(&self, _: &Case, _: &Change) -> String {
        "it was no longer so when Rescind looked".to_owned()
    }

    fn never(&self, case: &Case, change: &Change) -> Option<String> {
        let step = step(case, change)?;
        let nothing = "the policy has all that the baseline asks for and that Rescind may set: it never switches hard expiry on, and never shortens a maximum age that is in force";
        (step.from == step.to).then(|| nothing.to_owned())
    }

    fn touches(&self, case: &Case, change: &Change) -> Option<Target> {
        step(case, change).map(|_| Target::Account)
    }

    fn calls(&self, case: &Case, change: &Change) -> Vec<Call> {
        call_of(step(case, change))
    }

    fn writes(&self, call: Option<&Call>, undo: &Call, case: &Case) -> bool {
        let step = case.change.as_ref().and_then(|change| step(case, change));
        step.is_some_and(|step| call.is_some() && step.call().as_ref() == call && step.undo().as_ref() == Some(undo))
    }
}
