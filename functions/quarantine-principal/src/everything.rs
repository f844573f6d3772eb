//! A user is denied everything: by the stack's own policy, attached; if there is no room for one more, as permissions boundary.

use policy::Case;
use policy::arn::PolicyArn;
use policy::containment::{self, Containment};
use policy::target::Identity;
use policy::text;
use remedy::reading::holdings;
use remedy::setting::{Attachment, Boundary, Live, ManagedPolicy, Setting as _, Step, says};
use remedy::{AwsCall, Ending, Failure, Hand, Set, found};

use crate::already;

/// Denies a user everything.
pub async fn deny(hand: &mut Hand<'_>, case: &Case, user: &Identity) -> Result<Ending, AwsCall> {
    let own = hand.deny_everything();
    // It would be no containment to attach a policy that somebody has changed.
    if says(&ManagedPolicy { arn: own.clone() }, hand.reader(), &containment::deny_everything()).await? {
        return by(hand, user, own).await;
    }
    let Some(aws) = containment::aws_denies_all(&case.partition) else {
        return Ok(Ending::unremediable(format!("{} does not deny everything", text::name(own.as_str()))));
    };
    let instead = format!(
        "the stack's own policy {} is gone or changed, so AWS's own {} contains this user: deploy the stack again",
        text::name(own.as_str()),
        aws.name()
    );
    Ok(by(hand, user, &aws).await?.saying(Some(instead)))
}

/// Denies a user everything by this policy.
pub async fn by(hand: &mut Hand<'_>, user: &Identity, policy: &PolicyArn) -> Result<Ending, AwsCall> {
    let boundary = Boundary { user: user.name.clone() };
    let (attached, live) = (found(holdings::attached(hand.reader(), user).await)?, boundary.get(hand.reader()).await?);
    let (Some(attached), Live::Is(bounded)) = (attached, live) else {
        return Ok(hand.gone(user));
    };
    let attach = Step { setting: Attachment { identity: user.clone(), policy: policy.clone() }, from: false, to: true };
    let bound = Step { setting: boundary, from: bounded.clone(), to: Some(policy.clone()) };
    let is_denied = attached.iter().any(|arn| arn.eq_ignore_ascii_case(policy.as_str())) || Boundary::is_same(&bounded, &bound.to);
    if is_denied && !hand.has_begun(&attach) && !hand.has_begun(&bound) {
        return Ok(already(user));
    }
    hand.contains(user, Containment::Attached { policy: policy.clone() }).await?;
    match hand.set(&attach).await {
        Ok(Set::Done) => return Ok(Ending::done()),
        Ok(Set::Already) => return Ok(already(user)),
        Ok(Set::Gone | Set::Moved) => return Ok(hand.gone(user)),
        Err(call) if call.failure == Failure::Full => {}
        Err(call) => return Err(call),
    }
    hand.contains(user, Containment::Boundary { policy: policy.clone() }).await?;
    let no_room = format!("{user} has no room for one more policy, so this one is the permissions boundary");
    let before =
        bounded.map_or_else(String::new, |arn| format!("; the one before, {}, comes back with the undo", text::name(arn.as_str())));
    Ok(match hand.set(&bound).await? {
        Set::Done => Ending::done().saying(Some(format!("{no_room}{before}"))),
        Set::Already => already(user),
        Set::Gone | Set::Moved => hand.gone(user),
    })
}
