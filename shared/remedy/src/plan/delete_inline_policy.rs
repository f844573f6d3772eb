//! # What it takes back
//!
//! An inline policy of a user, group or role: it is deleted, if it still says what the guardrail forbids.
//!
//! # What it spares
//!
//! A policy that somebody has corrected in the meantime: that is another change, with an event of its own. A policy that only denies: it takes
//! access away. Roles that only AWS can change, and Rescind's own. Rescind's quarantines are never judged as inline policies at all.
//!
//! # How it is undone
//!
//! The policy is put again, byte for byte: the case keeps its text. If the call had replaced an earlier policy of that name, nobody knows what
//! that one said: neither IAM nor the record keeps it.
//!
//! # Source
//!
//! IAM API reference, `PutUserPolicy`, `GetUserPolicy`, `DeleteUserPolicy` and their siblings for groups and roles.

use policy::case::Call;
use policy::change::InlinePolicyPut;
use policy::document::{Document, Effect};
use policy::remedy::Remedy;
use policy::target::Target;
use policy::{Case, Change};

use super::{Plan, call_of};
use crate::setting::{Home, InlinePolicy, Setting as _, Step};

/// The remedy `delete-inline-policy`.
pub struct DeleteInlinePolicy;

/// The step that takes an inline policy back.
#[must_use]
pub fn step(change: &Change) -> Option<Step<InlinePolicy>> {
    let Change::InlinePolicyPut(InlinePolicyPut { identity, policy_name, document }) = change else {
        return None;
    };
    Some(Step { setting: InlinePolicy { identity: identity.clone(), name: policy_name.clone() }, from: document.clone(), to: None })
}

impl Plan for DeleteInlinePolicy {
    fn remedy(&self) -> Remedy {
        Remedy::DeleteInlinePolicy
    }

    fn applied(&self, _: &Case, _: &Change) -> String {
        "Rescind deleted it".to_owned()
    }

    fn clean(&self, _: &Case, _: &Change) -> String {
        "it was no longer there when Rescind acted".to_owned()
    }

    fn never(&self, _: &Case, change: &Change) -> Option<String> {
        let step = step(change)?;
        let only_denies = |document: Document<'_>| document.statements.iter().all(|statement| statement.effect == Effect::Deny);
        let denies = Document::parse(step.from.as_deref()?).is_ok_and(only_denies);
        denies.then(|| "this policy only denies, so deleting it would give access: Rescind never does that".to_owned())
    }

    fn touches(&self, _: &Case, change: &Change) -> Option<Target> {
        step(change).map(|step| step.setting.identity.into())
    }

    fn calls(&self, _: &Case, change: &Change) -> Vec<Call> {
        call_of(step(change))
    }

    /// The text of an undo is an attacker's. It is accepted only for the policy that the case is about, with the text that the change put, and as
    /// the inverse of a deletion that the same case says was made.
    fn writes(&self, call: Option<&Call>, undo: &Call, case: &Case) -> bool {
        let (Some((setting, text)), Some(mut step)) = (InlinePolicy::parse(undo, Home::of(case)), case.change.as_ref().and_then(step))
        else {
            return false;
        };
        // One whose unique id is known was found under another name, if it had been renamed.
        if step.setting.identity.id.is_some() && step.setting.identity.kind == setting.identity.kind {
            step.setting.identity = setting.identity;
        }
        let is_as_put = text.is_some() && (step.from.is_none() || InlinePolicy::is_same(&step.from, &text));
        is_as_put && step.setting.call(&text).as_ref() == Some(undo) && call.is_some() && step.call().as_ref() == call
    }
}
