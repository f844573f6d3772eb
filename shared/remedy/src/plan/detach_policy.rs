//! # What it takes back
//!
//! A managed policy that was attached to a user, group or role: it is detached from that identity.
//!
//! # What it spares
//!
//! The policies that AWS attaches to users whose keys leaked (`AWSCompromisedKeyQuarantine…`), AWS's `AWSDenyAll`, and Rescind's own quarantines, by
//! name and text: anybody can give a policy that name. Roles that only AWS can change, and Rescind's own.
//!
//! # How it is undone
//!
//! The policy is attached again.
//!
//! # Source
//!
//! IAM API reference, `AttachUserPolicy`, `DetachUserPolicy` and their siblings for groups and roles.

use policy::case::Call;
use policy::change::PolicyAttached;
use policy::containment;
use policy::remedy::Remedy;
use policy::target::Target;
use policy::{Case, Change};

use super::{Plan, call_of, gives_back};
use crate::setting::{Attachment, Home, Step};

/// The remedy `detach-policy`.
pub struct DetachPolicy;

/// The step that takes an attachment back.
#[must_use]
pub fn step(change: &Change) -> Option<Step<Attachment>> {
    let Change::PolicyAttached(PolicyAttached { identity, policy_arn }) = change else {
        return None;
    };
    Some(Step { setting: Attachment { identity: identity.clone(), policy: policy_arn.clone() }, from: true, to: false })
}

impl Plan for DetachPolicy {
    fn remedy(&self) -> Remedy {
        Remedy::DetachPolicy
    }

    fn applied(&self, _: &Case, _: &Change) -> String {
        "Rescind detached it".to_owned()
    }

    fn clean(&self, _: &Case, _: &Change) -> String {
        "it was no longer attached when Rescind acted".to_owned()
    }

    fn never(&self, _: &Case, change: &Change) -> Option<String> {
        let Change::PolicyAttached(PolicyAttached { policy_arn, .. }) = change else {
            return None;
        };
        if containment::is_aws_denies_all(policy_arn) {
            return Some("this policy denies everything: Rescind never detaches it".to_owned());
        }
        policy_arn.is_key_quarantine().then(|| "AWS attaches this policy to users whose keys leaked: Rescind never detaches it".to_owned())
    }

    fn touches(&self, _: &Case, change: &Change) -> Option<Target> {
        step(change).map(|step| step.setting.identity.into())
    }

    fn calls(&self, _: &Case, change: &Change) -> Vec<Call> {
        call_of(step(change))
    }

    fn writes(&self, call: Option<&Call>, undo: &Call, case: &Case) -> bool {
        let policy = case.change.as_ref().and_then(step).map(|step| step.setting.policy);
        let is_its_policy = undo.parameter("PolicyArn").zip(policy).is_some_and(|(one, other)| one.eq_ignore_ascii_case(other.as_str()));
        is_its_policy && gives_back::<Attachment>(call, undo, Home::of(case))
    }
}
