//! # What it takes back
//!
//! A version of one of the account's own managed policies that became the default, whether it is new or an old one: the newest version that the
//! rulebook lets stand becomes the default again. A version that is not the default gives nobody anything, and is only reported.
//!
//! # What it spares
//!
//! The forbidden version itself: it stays stored, and the case names it. A policy whose default somebody has changed in the meantime: that is
//! another change, with an event of its own. A policy that AWS manages. A policy that a break-glass principal or one of Rescind's own roles holds.
//! Rescind's own policies are never judged as policies at all: quarantine-principal restores their texts.
//!
//! If no version passes, Rescind changes nothing and names the calls for a person: whoever deletes the good versions must not be able to have the
//! policy taken from everybody who holds it.
//!
//! # How it is undone
//!
//! The forbidden version becomes the default again.
//!
//! # Source
//!
//! IAM user guide, "Versioning IAM policies"; IAM API reference, `SetDefaultPolicyVersion`, `ListPolicyVersions`.

use policy::case::Call;
use policy::change::PolicyVersionSet;
use policy::containment;
use policy::remedy::Remedy;
use policy::target::Target;
use policy::text;
use policy::{Case, Change};

use super::{Plan, Words, inverse};
use crate::setting::{DefaultVersion, Home, Setting as _};

/// The remedy `restore-policy-version`.
pub struct RestorePolicyVersion;

const fn set(change: &Change) -> Option<&PolicyVersionSet> {
    match change {
        Change::PolicyVersionSet(set) => Some(set),
        _ => None,
    }
}

/// The version that the remedy made the default, by the calls of the case.
fn chosen(case: &Case) -> Option<String> {
    let calls = case.outcomes.iter().filter(|outcome| outcome.remedy == Remedy::RestorePolicyVersion).flat_map(|outcome| &outcome.calls);
    calls.filter_map(|call| DefaultVersion::parse(call, Home::of(case))).map(|(_, version)| version).next()
}

impl Plan for RestorePolicyVersion {
    fn remedy(&self) -> Remedy {
        Remedy::RestorePolicyVersion
    }

    fn words(&self, change: &Change) -> Words {
        let is_default = set(change).is_none_or(|set| set.is_default);
        Words { clean: if is_default { Words::TAKEN_BACK.clean } else { "not in force" }, ..Words::TAKEN_BACK }
    }

    fn applied(&self, case: &Case, _: &Change) -> String {
        let version = chosen(case).unwrap_or_else(|| "another version".to_owned());
        format!("Rescind made {version} the default again")
    }

    fn clean(&self, _: &Case, change: &Change) -> String {
        let is_default = set(change).is_none_or(|set| set.is_default);
        if is_default {
            "it was no longer the default when Rescind acted"
        } else {
            "nobody gets what it grants unless it becomes the default"
        }
        .to_owned()
    }

    fn next(&self, _: &Case, change: &Change) -> Option<String> {
        let set = set(change)?;
        let version = set.version.as_deref()?;
        let delete = Call::iam("DeletePolicyVersion", &[("PolicyArn", set.policy_arn.as_str()), ("VersionId", version)]);
        let stays = "stays stored, so one call makes it the default again; if nobody needs it";
        Some(format!("version {} {stays}: {}", text::name(version), delete.command()))
    }

    fn never(&self, case: &Case, change: &Change) -> Option<String> {
        let set = set(change)?;
        let is_own = set.policy_arn.owner() == case.account.as_str();
        (!is_own).then(|| "only AWS can change the versions of a policy that AWS manages".to_owned())
    }

    fn touches(&self, _: &Case, change: &Change) -> Option<Target> {
        set(change).map(|set| Target::Policy(set.policy_arn.clone()))
    }

    fn reaches_holders(&self) -> bool {
        true
    }

    /// The record does not say which versions there are, and only their texts say which one to choose: so a person begins with a look at them.
    fn calls(&self, _: &Case, change: &Change) -> Vec<Call> {
        let looks = |set: &PolicyVersionSet| Call::iam("ListPolicyVersions", &[("PolicyArn", set.policy_arn.as_str())]);
        set(change).map(looks).into_iter().collect()
    }

    /// The undo of a choice among the policy's versions gives back the one that the change had made the default.
    fn writes(&self, call: Option<&Call>, undo: &Call, case: &Case) -> bool {
        let (Some(set), Some((setting, _, back))) =
            (case.change.as_ref().and_then(set), inverse::<DefaultVersion>(call, undo, Home::of(case)))
        else {
            return false;
        };
        let is_rescinds = containment::text_of(&setting.policy).is_some();
        !is_rescinds && setting.policy == set.policy_arn && set.version.as_deref().is_none_or(|version| version == back)
    }
}
