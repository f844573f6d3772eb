//! A user is denied everything: by the stack's own policy, attached; if there is no room for one more, as permissions boundary.

use policy::Case;
use policy::arn::PolicyArn;
use policy::containment::{self, Containment};
use policy::target::Identity;
use policy::text;
use remedy::reading::holdings;
use remedy::setting::{Attachment, Boundary, Live, Setting as _, Step};
use remedy::{AwsCall, Ending, Failure, Hand, Set, denies_everything, found};

use crate::already;
use crate::text::rewritten;

/// Denies a user everything.
pub async fn deny(hand: &mut Hand<'_>, case: &Case, user: &Identity) -> Result<Ending, AwsCall> {
    let own = hand.deny_everything();
    // It would be no containment to attach a policy that somebody has changed.
    if denies_everything(hand.reader(), own).await? {
        return by(hand, user, own).await;
    }
    let Some(aws) = containment::aws_denies_all(&case.partition) else {
        return Ok(Ending::unremediable(format!("{} does not deny everything", text::name(own.as_str()))));
    };
    let instead = format!(
        "the stack's own policy {} is gone or changed, so AWS's own {} contains this user; to repair it: {}",
        text::name(own.as_str()),
        aws.name(),
        rewritten(hand.reader(), own).await?
    );
    Ok(by(hand, user, &aws).await?.saying(Some(instead)))
}

/// Denies a user everything by this policy.
pub async fn by(hand: &mut Hand<'_>, user: &Identity, policy: &PolicyArn) -> Result<Ending, AwsCall> {
    let boundary = Boundary { identity: user.clone() };
    let (attached, live) = (found(holdings::attached(hand.reader(), user).await)?, boundary.get(hand.reader()).await?);
    let (Some(attached), Live::Is(bounded)) = (attached, live) else {
        return Ok(hand.gone(user));
    };
    let attach = Step { setting: Attachment { identity: user.clone(), policy: policy.clone() }, from: false, to: true };
    let bound = Step { setting: boundary, from: bounded.clone(), to: Some(policy.clone()) };
    // An earlier try found no room: what was the boundary before, only its step says.
    if hand.has_begun(&bound) {
        return by_boundary(hand, user, bound).await;
    }
    if !hand.has_begun(&attach)
        && let Some(containment) = denied(hand, &attached, bounded.as_ref()).await?
    {
        hand.is_contained(user, containment).await?;
        return Ok(already(user));
    }
    hand.contains(user, Containment::Attached { policy: policy.clone() }).await?;
    match hand.set(&attach).await {
        Ok(Set::Done) => Ok(Ending::done()),
        Ok(Set::Already) => Ok(already(user)),
        Ok(Set::Gone | Set::Moved) => Ok(hand.gone(user)),
        Err(call) if call.failure == Failure::Full => by_boundary(hand, user, bound).await,
        Err(call) => Err(call),
    }
}

/// What denies a user everything already, if anything does: another stack may have been faster.
async fn denied(hand: &Hand<'_>, attached: &[String], bounded: Option<&PolicyArn>) -> Result<Option<Containment>, AwsCall> {
    for policy in attached.iter().filter_map(|arn| PolicyArn::new(arn).ok()) {
        if denies_everything(hand.reader(), &policy).await? {
            return Ok(Some(Containment::Attached { policy }));
        }
    }
    match bounded {
        Some(policy) if denies_everything(hand.reader(), policy).await? => Ok(Some(Containment::Boundary { policy: policy.clone() })),
        _ => Ok(None),
    }
}

async fn by_boundary(hand: &mut Hand<'_>, user: &Identity, bound: Step<Boundary>) -> Result<Ending, AwsCall> {
    let no_room = format!("{user} has no room for one more policy, so this one is the permissions boundary");
    let before = match (&bound.from, &bound.to) {
        (Some(before), Some(policy)) if before != policy => {
            format!("; the one before, {}, comes back with the undo", text::name(before.as_str()))
        }
        _ => String::new(),
    };
    if let Some(policy) = bound.to.clone() {
        hand.contains(user, Containment::Boundary { policy }).await?;
    }
    Ok(match hand.set(&bound).await? {
        Set::Done => Ending::done().saying(Some(format!("{no_room}{before}"))),
        Set::Already => already(user),
        Set::Gone | Set::Moved => hand.gone(user),
    })
}
