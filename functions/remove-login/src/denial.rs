//! A user is denied everything without MFA as long as no device is there, by the stack's own policy.

use policy::arn::PolicyArn;
use policy::change::{MfaChanged, MfaDeed};
use policy::containment::Containment;
use policy::target::Identity;
use policy::text;
use remedy::plan::denial;
use remedy::reading::credentials::has_device;
use remedy::setting::{Attachment, Step};
use remedy::{AwsCall, Ending, Failure, Hand, Set, denies_without_mfa};

/// Attaches the policy, or detaches it, by whether the user has a device now.
pub async fn set(hand: &mut Hand<'_>, changed: &MfaChanged, whom: &Identity) -> Result<Ending, AwsCall> {
    let own = hand.deny_without_mfa();
    if let MfaDeed::Lifted { policy, known } = &changed.deed {
        if !policy.as_str().eq_ignore_ascii_case(own.as_str()) {
            return Ok(Ending::clean(format!("{} is no policy of this stack's", text::name(policy.as_str()))));
        }
        if !known {
            let why = "Rescind puts back only what its ledger says it attached, and of this denial nothing says so";
            return Ok(Ending::unremediable(why.to_owned()));
        }
    }
    let Some(has_one) = hand.has_device(changed, whom).await? else {
        return Ok(hand.gone(whom));
    };
    let mut step = denial(changed, own.clone());
    step.setting.identity = whom.clone();
    match (&changed.deed, has_one) {
        (MfaDeed::Enabled { .. }, false) => Ok(Ending::clean(format!("{whom} has no MFA device any more"))),
        (MfaDeed::Enabled { .. }, true) => end(hand, step, whom).await,
        // An earlier try may have attached it before the device came.
        (_, true) if hand.has_begun(&step) => needless(hand, step, whom).await,
        (_, true) => Ok(Ending::clean(format!("{whom} has an MFA device"))),
        (_, false) => begin(hand, step, whom).await,
    }
}

async fn begin(hand: &mut Hand<'_>, step: Step<Attachment>, whom: &Identity) -> Result<Ending, AwsCall> {
    let own = step.setting.policy.clone();
    if hand.is_another(whom).await? {
        let why = format!("{whom} was made after the change: whoever lost the device was deleted, or renamed and is not denied anything");
        return Ok(Ending::unremediable(why));
    }
    // It would be no denial to attach a policy that somebody has changed.
    if !denies_without_mfa(hand.reader(), &own).await? {
        return Ok(Ending::unremediable(format!("{} is gone, or does not say any more what it said", text::name(own.as_str()))));
    }
    hand.contains(whom, by(&own)).await?;
    match hand.swap(&step).await {
        Ok((Set::Done, _)) => {}
        Ok((Set::Already | Set::Moved, _)) => {
            hand.is_contained(whom, by(&own)).await?;
            return Ok(Ending::clean(format!("{whom} is denied everything without MFA already")));
        }
        Ok((Set::Gone, _)) => return Ok(hand.gone(whom)),
        // As permissions boundary it would allow nothing at all, enrolling a device included.
        Err(call) if call.failure == Failure::Full => {
            hand.releases(whom, by(&own)).await?;
            let calls = step.call().into_iter().collect();
            let why = format!("{whom} has no room for one more policy: detach one that they do not need, and attach this one");
            return Ok(Ending::unremediable(why).with_calls(calls));
        }
        Err(call) => return Err(call),
    }
    // The event of a device that was enabled while this was attached found nothing to end.
    match has_device(hand.reader(), &whom.name).await? {
        Some(true) => needless(hand, step, whom).await,
        Some(false) | None => Ok(Ending::done()),
    }
}

async fn end(hand: &mut Hand<'_>, step: Step<Attachment>, whom: &Identity) -> Result<Ending, AwsCall> {
    let came = hand.set(&step).await?;
    if came == Set::Gone {
        return Ok(hand.gone(whom));
    }
    hand.releases(whom, by(&step.setting.policy)).await?;
    Ok(match came {
        Set::Done => Ending::done(),
        Set::Already | Set::Moved | Set::Gone => Ending::clean(format!("{whom} is not denied anything by this stack's policy")),
    })
}

/// Takes off again what was attached although a device was there by then.
async fn needless(hand: &mut Hand<'_>, step: Step<Attachment>, whom: &Identity) -> Result<Ending, AwsCall> {
    let step = Step { from: step.to, to: step.from, ..step };
    end(hand, step, whom).await?;
    Ok(Ending::clean(format!("{whom} has an MFA device: it was enabled while Rescind attached the denial, which it took off again")))
}

fn by(own: &PolicyArn) -> Containment {
    Containment::Attached { policy: own.clone() }
}
