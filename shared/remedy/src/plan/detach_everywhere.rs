//! # What it takes back
//!
//! A version of one of the account's own managed policies that became the default, if the rulebook lets no stored version stand: the policy is
//! detached from everybody who holds it, from at most 100 holders in one case.
//!
//! # What it spares
//!
//! Everybody, if one version passes: restore-policy-version makes it the default. Break-glass principals and the groups that they are in, Rescind's
//! own roles, and the roles that only AWS can change. Permissions boundaries: a boundary grants nothing, and without it its user or role could do
//! more. A policy that AWS manages, and those by which Rescind contains people.
//!
//! No shipped guardrail enforces it: whoever deletes the good versions of a policy must not be able to have it taken from everybody who holds it.
//!
//! # How it is undone
//!
//! The policy is attached again to everybody from whom Rescind detached it, with whatever its default version then says. Whoever was deleted since is
//! left out, and so is a namesake who was made in their place.
//!
//! # Source
//!
//! IAM API reference, `ListEntitiesForPolicy`, `DetachUserPolicy` and its siblings for groups and roles; IAM user guide, "Permissions boundaries for
//! IAM entities".

use policy::case::Call;
use policy::change::PolicyVersionSet;
use policy::containment;
use policy::remedy::Remedy;
use policy::target::Target;
use policy::text;
use policy::{Case, Change};

use super::{Plan, Words, gives_back};
use crate::setting::{Attachment, Home, Setting as _};

/// The remedy `detach-everywhere`.
pub struct DetachEverywhere;

/// So many holders are named in the sentence that says what was done.
const NAMED: usize = 10;

const fn set(change: &Change) -> Option<&PolicyVersionSet> {
    match change {
        Change::PolicyVersionSet(set) => Some(set),
        _ => None,
    }
}

/// The holders from whom the policy was detached, by the calls of the case.
fn holders(case: &Case) -> Vec<String> {
    let outcomes = case.outcomes.iter().filter(|outcome| outcome.remedy == Remedy::DetachEverywhere);
    let attachments = outcomes.flat_map(|outcome| &outcome.calls).filter_map(|call| Attachment::parse(call, Home::of(case)));
    attachments.map(|(attachment, _)| attachment.identity.to_string()).collect()
}

impl Plan for DetachEverywhere {
    fn remedy(&self) -> Remedy {
        Remedy::DetachEverywhere
    }

    fn words(&self, _: &Change) -> Words {
        Words { done: "detached", clean: "not detached" }
    }

    fn matter(&self, _: &Case, change: &Change) -> String {
        let name = set(change).map(|set| text::name(set.policy_arn.name())).unwrap_or_default();
        format!("policy {name} from its holders")
    }

    fn applied(&self, case: &Case, _: &Change) -> String {
        format!("Rescind detached the policy from {}", text::few(holders(case), NAMED))
    }

    fn clean(&self, _: &Case, _: &Change) -> String {
        "Rescind detached the policy from nobody".to_owned()
    }

    fn next(&self, _: &Case, change: &Change) -> Option<String> {
        let arn = set(change)?.policy_arn.as_str();
        let corrected = [("PolicyArn", arn), ("PolicyDocument", "file://corrected.json"), ("SetAsDefault", "true")];
        let call = Call::iam("CreatePolicyVersion", &corrected).command();
        Some(format!("write a text that the guardrails let stand into corrected.json, make it the default, then undo this: {call}"))
    }

    fn never(&self, case: &Case, change: &Change) -> Option<String> {
        let policy = &set(change)?.policy_arn;
        if containment::text_of(policy).is_some() {
            return Some("this policy is called like those by which Rescind contains people, and Rescind never detaches it".to_owned());
        }
        let is_own = policy.owner() == case.account.as_str();
        (!is_own).then(|| "only AWS can change the versions of a policy that AWS manages".to_owned())
    }

    fn touches(&self, _: &Case, change: &Change) -> Option<Target> {
        set(change).map(|set| Target::Policy(set.policy_arn.clone()))
    }

    fn is_each_alone(&self) -> bool {
        true
    }

    /// The record does not say who holds the policy: so a person begins with a look at them.
    fn calls(&self, _: &Case, change: &Change) -> Vec<Call> {
        let filter = ("PolicyUsageFilter", "PermissionsPolicy");
        let looks = |set: &PolicyVersionSet| Call::iam("ListEntitiesForPolicy", &[("PolicyArn", set.policy_arn.as_str()), filter]);
        set(change).map(looks).into_iter().collect()
    }

    /// The undo attaches the policy of the change, and no other.
    fn writes(&self, call: Option<&Call>, undo: &Call, case: &Case) -> bool {
        let policy = case.change.as_ref().and_then(set).map(|set| set.policy_arn.as_str());
        let is_its_policy = undo.parameter("PolicyArn").zip(policy).is_some_and(|(one, other)| one.eq_ignore_ascii_case(other));
        is_its_policy && gives_back::<Attachment>(call, undo, Home::of(case))
    }
}
