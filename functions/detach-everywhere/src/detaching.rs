//! Detaches the policy from each of its holders, except those who must keep it.

use policy::arn::PolicyArn;
use policy::case::Call;
use policy::change::PolicyVersionSet;
use policy::target::Identity;
use policy::text;
use remedy::reading::identity::{self, Whom};
use remedy::setting::{Attachment, Step};
use remedy::{AwsCall, Ending, Failure, Hand, Set, Spared};

/// One case detaches a policy from at most this many holders; about the others a person decides. The case, with two calls of up
/// to 900 bytes for each, stays below 200 KB, and its calls take half of the time that Lambda gives.
const MOST: usize = 100;
/// At most this many of those who keep it are named to a person.
const NAMED: usize = 10;

/// Who holds a policy, and who keeps it.
pub struct Held {
    /// The policy as IAM spells it: IAM finds policies without regard to case.
    pub policy: PolicyArn,
    /// All of its holders.
    pub holders: Vec<Identity>,
    /// Those among them who keep it.
    pub spared: Vec<Spared>,
    /// How many users and roles have it as their permissions boundary.
    pub boundaries: usize,
}

/// Detaches the policy from each holder, beginning with those that an earlier try had begun.
pub async fn detach(hand: &mut Hand<'_>, set: &PolicyVersionSet, held: Held, begun: &[Step<Attachment>]) -> Result<Ending, AwsCall> {
    let Held { policy, mut holders, mut spared, boundaries } = held;
    let step = |holder: Identity| Step { setting: Attachment { identity: holder, policy: policy.clone() }, from: true, to: false };
    let is_begun = |holder: &Identity| begun.iter().any(|begun| begun.setting.identity.is_same(holder));
    let mut detached = made(hand, begun, &holders);
    holders.retain(|holder| !spared.iter().any(|spared| spared.holder.is_same(holder)));
    holders.sort_by_key(|holder| !is_begun(holder));
    let now = holders.len().min(MOST.saturating_sub(detached));
    let rest = holders.split_off(now);
    let (mut refused, mut lost) = (None, None);
    for (place, listed) in holders.iter().enumerate() {
        if !hand.deadline().leaves_time() {
            let left = holders.len() - place;
            return Err(late(set, format!("it was detached from {detached} holders, and there was no time for {left} more")));
        }
        let holder = match identity::resolve(hand.reader(), listed, None).await? {
            Whom::Is(holder) => holder,
            Whom::Gone(_) => continue,
            // A group that was renamed since IAM listed it: the next try finds it under its new name.
            Whom::Unknown(why) => {
                lost = lost.or(Some(why));
                continue;
            }
        };
        match hand.set(&step(holder.clone())).await {
            Ok(Set::Done) => detached += 1,
            Ok(Set::Already | Set::Moved | Set::Gone) => {}
            Err(call) if call.failure == Failure::Unmodifiable => spared.push(Spared { holder, why: "AWS does not allow it".to_owned() }),
            Err(call) if call.failure.is_retryable() => return Err(call),
            // That one of them keeps it is no reason to leave it to the others.
            Err(call) => refused = refused.or(Some(call)),
        }
    }
    if let Some(call) = refused {
        return Err(call);
    }
    if let Some(why) = lost {
        return Err(AwsCall { failure: Failure::Unsettled, ..late(set, why) });
    }
    let calls: Vec<Call> = rest.iter().take(NAMED).filter_map(|holder| step(holder.clone()).call()).collect();
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

/// How many of the steps that an earlier try had begun are made: IAM no longer lists their holders. They are part of the case. A namesake of one
/// of them is somebody else.
pub fn made(hand: &mut Hand<'_>, begun: &[Step<Attachment>], holders: &[Identity]) -> usize {
    let made = begun.iter().filter(|begun| !holders.iter().any(|holder| holder.is_same(&begun.setting.identity)));
    made.filter(|made| hand.already(made) == Set::Done).count()
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

/// The note that it stays a boundary.
fn bounded(boundaries: usize) -> Option<String> {
    (boundaries > 0).then(|| format!("it stays the permissions boundary of {boundaries} users or roles, which grants them nothing"))
}

/// What remains is for the next try.
pub fn late(set: &PolicyVersionSet, message: String) -> AwsCall {
    AwsCall { call: format!("detaching {} from its holders", text::name(set.policy_arn.as_str())), failure: Failure::Unfinished, message }
}
