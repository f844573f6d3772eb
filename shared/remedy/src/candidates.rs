//! Which version of a policy could become the default in place of a forbidden one, and whether the forbidden one still is the default.

use policy::Change;
use policy::change::{Deed, PolicyVersionSet};
use policy::containment;
use policy::document::plain;

use crate::error::AwsCall;
use crate::hand::{Ending, Hand};
use crate::reading::versions::Version;
use crate::reading::{holdings, versions};
use crate::setting::{DefaultVersion, Live, Setting as _};

/// The change and the forbidden version that it made the default; or how a remedy ends, because it made none.
///
/// # Errors
///
/// The ending.
pub fn forbidden(change: &Change) -> Result<(&PolicyVersionSet, &str), Box<Ending>> {
    let Change::PolicyVersionSet(set) = change else {
        return Err(Box::new(Ending::unremediable("no version of a policy was changed".to_owned())));
    };
    let Some(forbidden) = set.version.as_deref() else {
        return Err(Box::new(Ending::unremediable("the record does not say which version it was".to_owned())));
    };
    if !set.is_default {
        return Err(Box::new(Ending::clean("it is not the default version, so nobody gets what it grants".to_owned())));
    }
    Ok((set, forbidden))
}

/// The policy's versions, the newest first; `None` if the policy is gone. Just after the change, that may be IAM's lag.
///
/// # Errors
///
/// If IAM did not answer.
pub async fn listed(hand: &Hand<'_>, set: &PolicyVersionSet) -> Result<Option<Vec<Version>>, AwsCall> {
    let listed = versions::of(hand.reader(), &set.policy_arn).await?;
    if listed.is_some() || !hand.settles().await {
        return Ok(listed);
    }
    versions::of(hand.reader(), &set.policy_arn).await
}

/// Whether the forbidden version says something else than the record: no version is ever given another text, so the policy was made anew.
///
/// # Errors
///
/// If IAM did not answer.
pub async fn is_another(hand: &Hand<'_>, set: &PolicyVersionSet, forbidden: &str) -> Result<bool, AwsCall> {
    let Some(text) = &set.document else {
        return Ok(false);
    };
    let live = holdings::version_document(hand.reader(), set.policy_arn.as_str(), forbidden).await?;
    Ok(live.is_some_and(|live| !containment::says(&live, text) && plain(&live).is_ok_and(|live| live != *text)))
}

/// Which version could become the default.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Choice {
    /// This one passes.
    Version(String),
    /// None of them passes, for certain.
    Nothing,
    /// None passes for certain, and nobody can say whether this one does.
    Unknown(String),
}

/// The newest version that the rulebook lets stand. What was the default before comes first: the account is to be as it was; versions that were made
/// after the change come last.
///
/// # Errors
///
/// If IAM did not answer.
pub async fn choice(hand: &Hand<'_>, set: &PolicyVersionSet, listed: &[Version]) -> Result<Choice, AwsCall> {
    let known = set.replaced.as_ref().filter(|replaced| !replaced.assumed);
    let others = || listed.iter().filter(|version| Some(&version.id) != set.version.as_ref());
    let is_known = |version: &&Version| known.is_some_and(|known| known.versions.contains(&version.id));
    let is_later = |version: &&Version| set.deed == Deed::CreatedVersion && version.is_newer_than(set.version.as_deref());
    let first = others().filter(is_known);
    let then = others().filter(|version| !is_known(version) && !is_later(version));
    let last = others().filter(|version| !is_known(version) && is_later(version));
    let mut choice = Choice::Nothing;
    for version in first.chain(then).chain(last) {
        match passes(hand, set, &version.id).await? {
            Some(true) => return Ok(Choice::Version(version.id.clone())),
            Some(false) => {}
            None => choice = Choice::Unknown(version.id.clone()),
        }
    }
    Ok(choice)
}

/// Whether the rulebook would let this version stand as the default; `None` if nobody can say, because it was deleted at this moment for example.
///
/// # Errors
///
/// If IAM did not answer.
pub async fn passes(hand: &Hand<'_>, set: &PolicyVersionSet, version: &str) -> Result<Option<bool>, AwsCall> {
    match holdings::version_document(hand.reader(), set.policy_arn.as_str(), version).await? {
        Some(text) => hand.passes(&set.candidate(version.to_owned(), text).into()).await,
        None => Ok(None),
    }
}

/// Why the forbidden version is in force no longer; `None` if it still is the default.
///
/// # Errors
///
/// If IAM did not answer.
pub async fn is_over(hand: &Hand<'_>, set: &PolicyVersionSet, forbidden: &str) -> Result<Option<&'static str>, AwsCall> {
    let setting = DefaultVersion { policy: set.policy_arn.clone() };
    let mut live = setting.get(hand.reader()).await?;
    if live != Live::Is(forbidden.to_owned()) && hand.settles().await {
        live = setting.get(hand.reader()).await?;
    }
    Ok(match live {
        Live::Is(version) if version == forbidden => None,
        Live::Is(_) => Some("another version is the default now: that is another change, with an event of its own"),
        Live::Gone | Live::Unclear => Some("the policy was deleted"),
    })
}
