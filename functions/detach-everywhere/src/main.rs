//! Detaches a managed policy from everybody who holds it, if a forbidden version is the default and the rulebook lets no other stand.

use std::process::ExitCode;

use policy::arn::PolicyArn;
use policy::case::Call;
use policy::change::PolicyVersionSet;
use policy::remedy::Remedy;
use policy::target::{Identity, Target};
use policy::text;
use policy::{Case, Change};
use remedy::reading::holders;
use remedy::setting::{Attachment, DefaultVersion, Live, Setting as _, Step};
use remedy::{AwsCall, Ending, Failure, Function, Hand, Set, Spared, candidates};

struct DetachEverywhere;

/// From at most so many holders is a policy detached in one case: whatever would take it from more is a person's decision. The case, with two calls of up
/// to 900 bytes for each, stays below 200 KB, and its calls take half of the time that Lambda gives.
const MOST: usize = 100;
/// So many of those who are left alone are named to a person.
const NAMED: usize = 10;

impl Function for DetachEverywhere {
    const NAME: &'static str = "detach-everywhere";
    const OWNS: Option<Remedy> = Some(Remedy::DetachEverywhere);

    async fn take_back(hand: &mut Hand<'_>, case: &Case, change: &Change, _: &Target) -> Result<Ending, AwsCall> {
        let Change::PolicyVersionSet(set) = change else {
            return Ok(Ending::unremediable("no version of a policy was changed".to_owned()));
        };
        let Some(forbidden) = set.version.as_deref() else {
            return Ok(Ending::unremediable("the record does not say which version it was".to_owned()));
        };
        if !set.is_default {
            return Ok(Ending::clean("it is not the default version, so nobody gets what it grants".to_owned()));
        }
        let begun: Vec<Step<Attachment>> = hand.begun(case);
        if let Some(ending) = not_needed(hand, case, set, forbidden, begun.is_empty()).await? {
            // What an earlier try detached is part of the case, and can be undone.
            let mut made = 0;
            for step in &begun {
                if step.setting.get(hand.reader()).await? != Live::Is(true) && hand.already(step) == Set::Done {
                    made += 1;
                }
            }
            return Ok(if made == 0 {
                ending
            } else {
                Ending::done().saying(ending.why().map(|why| format!("the others keep it: {why}")))
            });
        }
        let read = hand.deadline().before_the_remedy(Box::pin(held(hand, set))).await;
        let Some(read) = read else {
            return Err(late(set, "there was not enough time to find out who holds the policy".to_owned()));
        };
        let held = match read? {
            Ok(held) => held,
            Err(ending) => return Ok(ending),
        };
        detach(hand, set, held, &begun).await
    }
}

/// Who holds a policy, and who keeps it.
struct Held {
    /// The policy as IAM spells it: IAM finds policies without regard to case.
    policy: PolicyArn,
    holders: Vec<Identity>,
    spared: Vec<Spared>,
    /// How many users and roles have it as their permissions boundary.
    boundaries: usize,
}

/// How the remedy ends if nobody has to lose the policy. A choice that an earlier try at the event made is not made again.
async fn not_needed(
    hand: &Hand<'_>,
    case: &Case,
    set: &PolicyVersionSet,
    forbidden: &str,
    is_first: bool,
) -> Result<Option<Ending>, AwsCall> {
    let Some(listed) = candidates::listed(hand, set).await? else {
        return Ok(Some(Ending::clean("the policy was deleted".to_owned())));
    };
    if candidates::is_another(hand, set, forbidden).await? {
        return Ok(Some(Ending::clean("another policy has this ARN now, or the version was deleted".to_owned())));
    }
    if let Some(why) = candidates::is_over(hand, set, forbidden).await? {
        return Ok(Some(Ending::clean(why.to_owned())));
    }
    let passing = if is_first { candidates::choice(hand, set, &listed).await? } else { None };
    let Some(passing) = passing else {
        return Ok(None);
    };
    if case.siblings.contains(&Remedy::RestorePolicyVersion) {
        let why = format!("version {passing} passes the guardrails, and making it the default is restore-policy-version's");
        return Ok(Some(Ending::clean(why)));
    }
    let why = format!("version {passing} passes the guardrails, and none of them asks restore-policy-version to make it the default");
    let call = DefaultVersion { policy: set.policy_arn.clone() }.call(&passing);
    Ok(Some(Ending::unremediable(why).with_calls(call.into_iter().collect())))
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

/// Detaches the policy from each holder, those first that an earlier try had begun with.
async fn detach(hand: &mut Hand<'_>, set: &PolicyVersionSet, held: Held, begun: &[Step<Attachment>]) -> Result<Ending, AwsCall> {
    let Held { policy, mut holders, mut spared, boundaries } = held;
    let step = |holder: &Identity| Step { setting: Attachment { identity: holder.clone(), policy: policy.clone() }, from: true, to: false };
    holders.retain(|holder| !spared.iter().any(|spared| spared.holder == *holder));
    let is_begun = |holder: &Identity| begun.iter().any(|begun| begun.setting.identity == *holder);
    holders.sort_by_key(|holder| !is_begun(holder));
    // Those that IAM lists no longer: the earlier try got so far.
    let mut detached = 0;
    for made in begun.iter().filter(|begun| !holders.contains(&begun.setting.identity)) {
        if hand.already(made) == Set::Done {
            detached += 1;
        }
    }
    let now = holders.len().min(MOST.saturating_sub(detached));
    let rest = holders.split_off(now);
    let mut refused = None;
    for (place, holder) in holders.iter().enumerate() {
        if !hand.deadline().leaves_time() {
            let left = holders.len() - place;
            return Err(late(set, format!("it was detached from {detached} holders, and there was no time for {left} more")));
        }
        match hand.set(&step(holder)).await {
            Ok(Set::Done) => detached += 1,
            Ok(Set::Already | Set::Moved | Set::Gone) => {}
            Err(call) if call.failure == Failure::Unmodifiable => {
                spared.push(Spared { holder: holder.clone(), why: "AWS does not allow it".to_owned() });
            }
            Err(call) if call.failure.is_retryable() => return Err(call),
            // That one of them keeps it is no reason to leave it to the others.
            Err(call) => refused = refused.or(Some(call)),
        }
    }
    if let Some(call) = refused {
        return Err(call);
    }
    let calls: Vec<Call> = rest.iter().take(NAMED).filter_map(|holder| step(holder).call()).collect();
    let notes = [kept(&spared), left(rest.len()), bounded(boundaries)].into_iter().flatten().collect::<Vec<_>>().join("; ");
    let notes = Some(notes).filter(|notes| !notes.is_empty());
    Ok(if detached > 0 {
        Ending::done().saying(notes).with_calls(calls)
    } else if spared.is_empty() {
        Ending::clean("nobody holds the policy".to_owned()).saying(notes)
    } else {
        Ending::spared("nobody may lose it".to_owned()).saying(notes)
    })
}

/// Who keeps the policy, and why.
fn kept(spared: &[Spared]) -> Option<String> {
    let named = spared.iter().take(NAMED).map(|Spared { holder, why }| format!("{holder} keeps it: {why}"));
    let more = spared.len().checked_sub(NAMED).filter(|more| *more > 0).map(|more| format!("{more} more keep it for such a reason"));
    let all = named.chain(more).collect::<Vec<_>>();
    (!all.is_empty()).then(|| all.join("; "))
}

/// How many hold it still because there are too many for one case.
fn left(rest: usize) -> Option<String> {
    (rest > 0).then(|| {
        format!(
            "ACT: {rest} more hold it still, because Rescind detaches a policy from at most {MOST} holders in one case: \
             aws iam list-entities-for-policy names them, and the lines By hand detach it from the first"
        )
    })
}

/// That a boundary stays.
fn bounded(boundaries: usize) -> Option<String> {
    (boundaries > 0).then(|| format!("it stays the permissions boundary of {boundaries} users or roles, which grants them nothing"))
}

/// What remains is for the next try.
fn late(set: &PolicyVersionSet, message: String) -> AwsCall {
    AwsCall { call: format!("detaching {} from its holders", text::name(set.policy_arn.as_str())), failure: Failure::Unfinished, message }
}

fn main() -> ExitCode {
    remedy::run::<DetachEverywhere>()
}
