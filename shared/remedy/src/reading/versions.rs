//! The versions of a managed policy, and which one had been the default before a change.

use chrono::{DateTime, TimeDelta, Utc};
use policy::arn::PolicyArn;
use policy::change::{Deed, PolicyVersionSet, Replaced};

use super::Reader;
use crate::error::{AwsCall, Named as _, found};

/// A version that was made so shortly before the change may have been made for it.
const RECENT: TimeDelta = TimeDelta::hours(24);
/// The clocks of CloudTrail and IAM may differ by so much.
const SKEW: TimeDelta = TimeDelta::seconds(5);

/// A version of a managed policy.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Version {
    /// Its id: `v1`.
    pub id: String,
    /// When it was made, as far as IAM says it.
    pub made: Option<DateTime<Utc>>,
    /// Whether it is the default now.
    pub is_default: bool,
}

impl Version {
    fn number(&self) -> u64 {
        number(&self.id)
    }

    /// Whether it was made after that one.
    #[must_use]
    pub fn is_newer_than(&self, other: Option<&str>) -> bool {
        other.is_some_and(|other| self.number() > number(other))
    }
}

/// Ids count up, and none is given again (IAM user guide, "Versioning IAM policies").
fn number(id: &str) -> u64 {
    id.strip_prefix('v').and_then(|number| number.parse().ok()).unwrap_or_default()
}

/// All versions, the newest first; `None` if the policy is gone.
///
/// # Errors
///
/// If IAM did not answer.
pub async fn of(reader: &Reader, policy: &PolicyArn) -> Result<Option<Vec<Version>>, AwsCall> {
    // At most five, so there is one page (IAM user guide, "IAM and AWS STS quotas").
    let answer = reader.list_policy_versions().policy_arn(policy.as_str()).send().await;
    let Some(answer) = found(answer.named("iam:ListPolicyVersions of", &policy.as_str()))? else {
        return Ok(None);
    };
    let version = |version: aws_sdk_iam::types::PolicyVersion| {
        let made = version.create_date.and_then(|made| DateTime::from_timestamp(made.secs(), 0));
        Some(Version { id: version.version_id?, made, is_default: version.is_default_version })
    };
    let mut versions: Vec<Version> = answer.versions.unwrap_or_default().into_iter().filter_map(version).collect();
    versions.sort_by_key(|version| std::cmp::Reverse(version.number()));
    Ok(Some(versions))
}

/// How many versions of a policy were deleted, of which these are left.
#[must_use]
pub fn deleted(left: &[Version]) -> u64 {
    let newest = left.iter().map(Version::number).max().unwrap_or_default();
    newest.saturating_sub(u64::try_from(left.len()).unwrap_or(u64::MAX))
}

/// Which version had been the default before a change at this moment; `None` if there was none, or it is deleted. `known` is what the ledger says.
///
/// IAM does not say it, and the newest one before may have been made only to be taken for it: so every one of the last day may have been it, and
/// the newest that is older.
#[must_use]
pub fn replaced(versions: &[Version], set: &PolicyVersionSet, at: DateTime<Utc>, known: Option<&str>) -> Option<Replaced> {
    let this = set.version.as_deref();
    let others = || versions.iter().filter(|version| Some(version.id.as_str()) != this);
    let certain = |version: &Version| Replaced { versions: vec![version.id.clone()], assumed: false };
    match set.deed {
        Deed::CreatedPolicy => return None,
        // The default is what it was.
        Deed::CreatedVersion if !set.is_default => {
            if let Some(default) = others().find(|version| version.is_default) {
                return Some(certain(default));
            }
        }
        Deed::CreatedVersion | Deed::SetDefault => {
            if let Some(known) = others().find(|version| Some(version.id.as_str()) == known) {
                return Some(certain(known));
            }
        }
    }
    let is_before = |version: &&Version| match (set.deed, this) {
        (Deed::CreatedVersion, Some(this)) => version.number() < number(this),
        _ => version.made.is_none_or(|made| made <= at + SKEW),
    };
    let is_recent = |version: &&Version| version.made.is_none_or(|made| made > at - RECENT);
    let (recent, older): (Vec<&Version>, Vec<&Version>) = others().filter(is_before).partition(is_recent);
    let versions: Vec<String> = recent.into_iter().chain(older.into_iter().take(1)).map(|version| version.id.clone()).collect();
    (!versions.is_empty()).then_some(Replaced { versions, assumed: true })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at() -> DateTime<Utc> {
        "2026-03-02T12:00:00Z".parse().unwrap()
    }

    /// Versions of these ages in hours, the newest first, of which the newest is the default.
    fn aged(hours: &[i64]) -> Vec<Version> {
        let version = |(index, age): (usize, &i64)| Version {
            id: format!("v{}", hours.len() - index),
            made: Some(at() - TimeDelta::hours(*age)),
            is_default: index == 0,
        };
        hours.iter().enumerate().map(version).collect()
    }

    fn change(version: &str, deed: Deed, is_default: bool) -> PolicyVersionSet {
        PolicyVersionSet {
            policy_arn: PolicyArn::new("arn:aws:iam::123456789012:policy/Tools").unwrap(),
            version: Some(version.to_owned()),
            document: None,
            is_default,
            deed,
            replaced: None,
        }
    }

    fn listed(versions: &[Version], set: &PolicyVersionSet, known: Option<&str>) -> (Vec<String>, bool) {
        replaced(versions, set, at(), known).map(|replaced| (replaced.versions, replaced.assumed)).unwrap_or_default()
    }

    #[test]
    fn what_was_deleted_is_counted_by_the_numbers_that_are_missing() {
        let versions = aged(&[0, 900, 1000]);
        assert_eq!(deleted(&versions), 0);
        assert_eq!(deleted(&versions[..1]), 2);
        assert_eq!(deleted(&[]), 0);
    }

    #[test]
    fn of_a_long_standing_policy_it_is_the_newest_version_before() {
        let versions = aged(&[0, 900, 1000]);
        assert_eq!(listed(&versions, &change("v3", Deed::CreatedVersion, true), None), (vec!["v2".to_owned()], true));
        assert_eq!(listed(&versions, &change("v1", Deed::SetDefault, true), None), (vec!["v3".to_owned(), "v2".to_owned()], true));
    }

    #[test]
    fn one_that_was_made_only_to_be_taken_for_it_is_not_believed() {
        let versions = aged(&[0, 1, 900, 1000]);
        assert_eq!(listed(&versions, &change("v4", Deed::CreatedVersion, true), None), (vec!["v3".to_owned(), "v2".to_owned()], true));
    }

    #[test]
    fn the_ledger_decides_if_it_knows_a_version_that_is_still_there() {
        let versions = aged(&[0, 900, 1000]);
        let set = change("v3", Deed::CreatedVersion, true);
        assert_eq!(listed(&versions, &set, Some("v1")), (vec!["v1".to_owned()], false));
        assert_eq!(listed(&versions, &set, Some("v9")), (vec!["v2".to_owned()], true));
    }

    #[test]
    fn if_the_default_did_not_change_it_is_the_one_that_is_there() {
        let mut versions = aged(&[0, 1, 900]);
        for version in &mut versions {
            version.is_default = version.id == "v1";
        }
        assert_eq!(listed(&versions, &change("v3", Deed::CreatedVersion, false), None), (vec!["v1".to_owned()], false));
    }

    #[test]
    fn a_version_that_came_later_was_not_it_and_a_new_policy_had_none() {
        let versions = aged(&[-1, 0, 900]);
        assert_eq!(listed(&versions, &change("v2", Deed::CreatedVersion, true), None), (vec!["v1".to_owned()], true));
        assert_eq!(listed(&versions, &change("v1", Deed::SetDefault, true), None), (vec!["v2".to_owned()], true));
        assert_eq!(replaced(&versions, &change("v1", Deed::CreatedPolicy, true), at(), None), None);
    }
}
