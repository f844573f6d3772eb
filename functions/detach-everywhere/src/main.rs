//! Detaches a managed policy from everybody who holds it, if a forbidden version is the default and the rulebook lets no other stand.

mod detaching;

use std::process::ExitCode;

use policy::change::PolicyVersionSet;
use policy::remedy::Remedy;
use policy::target::Target;
use policy::{Case, Change};
use remedy::candidates::{self, Choice};
use remedy::reading::versions::Version;
use remedy::reading::{holders, versions};
use remedy::setting::{Attachment, DefaultVersion, Setting as _, Step};
use remedy::{AwsCall, Ending, Function, Hand};

use crate::detaching::{Held, late};

struct DetachEverywhere;

impl Function for DetachEverywhere {
    const NAME: &'static str = "detach-everywhere";
    const OWNS: Option<Remedy> = Some(Remedy::DetachEverywhere);

    async fn take_back(hand: &mut Hand<'_>, case: &Case, change: &Change, _: &Target) -> Result<Ending, AwsCall> {
        let (set, forbidden) = match candidates::forbidden(change) {
            Ok(forbidden) => forbidden,
            Err(ending) => return Ok(*ending),
        };
        let begun: Vec<Step<Attachment>> = hand.begun(case);
        let listed = match stands(hand, case, set, forbidden, begun.is_empty()).await? {
            Ok(listed) => listed,
            Err(ending) => return without_another_step(hand, set, &begun, ending).await,
        };
        let read = hand.deadline().before_the_remedy(Box::pin(held(hand, set))).await;
        let Some(read) = read else {
            return Err(late(set, "there was not enough time to find out who holds the policy".to_owned()));
        };
        match read? {
            Ok(held) => Ok(detaching::detach(hand, set, held, &begun).await?.saying(deleted(&listed))),
            Err(ending) => without_another_step(hand, set, &begun, ending).await,
        }
    }
}

/// The stored versions, if none of them passes and the forbidden one still is the default; otherwise how the remedy ends, because nobody has to lose
/// the policy. A choice that an earlier try at the event made is not made again.
async fn stands(
    hand: &Hand<'_>,
    case: &Case,
    set: &PolicyVersionSet,
    forbidden: &str,
    is_first: bool,
) -> Result<Result<Vec<Version>, Ending>, AwsCall> {
    let clean = |why: &str| Ok(Err(Ending::clean(why.to_owned())));
    let Some(listed) = candidates::listed(hand, set).await? else {
        return clean("the policy was deleted");
    };
    if candidates::is_another(hand, set, forbidden).await? {
        return clean("another policy has this ARN now, or the version was deleted");
    }
    if let Some(why) = candidates::is_over(hand, set, forbidden).await? {
        return clean(why);
    }
    if !is_first {
        // The record of a version that was made the default has no text to compare.
        let is_lawful = set.document.is_none() && candidates::passes(hand, set, forbidden).await? == Some(true);
        return if is_lawful {
            clean("another policy has this ARN now, whose default version passes the guardrails")
        } else {
            Ok(Ok(listed))
        };
    }
    let passing = match candidates::choice(hand, set, &listed).await? {
        Choice::Nothing => return Ok(Ok(listed)),
        Choice::Unknown(version) => {
            let why = format!(
                "nobody can say whether version {version} passes the guardrails: a person has to look before anybody loses the policy"
            );
            return Ok(Err(Ending::unremediable(why)));
        }
        Choice::Version(passing) => passing,
    };
    if case.siblings.contains(&Remedy::RestorePolicyVersion) {
        let why = format!("version {passing} passes the guardrails, and making it the default is restore-policy-version's");
        return Ok(Err(Ending::clean(why)));
    }
    let why = format!("version {passing} passes the guardrails, and none of them asks restore-policy-version to make it the default");
    let call = DefaultVersion { policy: set.policy_arn.clone() }.call(&passing);
    Ok(Err(Ending::unremediable(why).with_calls(call.into_iter().collect())))
}

/// How the remedy ends without another step: what an earlier try detached is part of the case, and can be undone.
async fn without_another_step(
    hand: &mut Hand<'_>,
    set: &PolicyVersionSet,
    begun: &[Step<Attachment>],
    ending: Ending,
) -> Result<Ending, AwsCall> {
    if begun.is_empty() {
        return Ok(ending);
    }
    let holders = holders::of(hand.reader(), &set.policy_arn).await?.unwrap_or_default();
    if detaching::made(hand, begun, &holders) == 0 {
        return Ok(ending);
    }
    let why = ending.why().map(|why| format!("the others keep it: {why}"));
    Ok(Ending::done().saying(why))
}

/// Who holds the policy, read live; or how the remedy ends if nobody may lose it.
async fn held(hand: &Hand<'_>, set: &PolicyVersionSet) -> Result<Result<Held, Ending>, AwsCall> {
    let deleted = || Ok(Err(Ending::clean("the policy was deleted".to_owned())));
    let Some((policy, boundaries)) = holders::policy(hand.reader(), &set.policy_arn).await? else {
        return deleted();
    };
    let Some(holders) = holders::of(hand.reader(), &policy).await? else {
        return deleted();
    };
    let spared = hand.spares(Remedy::DetachEverywhere, &holders).await?;
    Ok(spared.map(|spared| Held { policy, holders, spared, boundaries }).map_err(Ending::spared))
}

/// Versions were deleted, and some of them may have been good: whoever deletes the good ones has the policy taken from everybody.
fn deleted(listed: &[Version]) -> Option<String> {
    let count = versions::deleted(listed);
    (count > 0).then(|| {
        format!(
            "{count} of its versions were deleted, now or long ago: look in CloudTrail (DeletePolicyVersion) whether a good one was, to have the policy \
             taken from its holders"
        )
    })
}

fn main() -> ExitCode {
    remedy::run::<DetachEverywhere>()
}
