//! A user is denied everything without MFA as long as no device is there, by the stack's own policy.

use policy::change::{MfaChanged, MfaDeed};
use policy::target::Identity;
use policy::text;
use remedy::plan;
use remedy::reading::credentials::has_device;
use remedy::reading::facts::deactivated;
use remedy::{AwsCall, Ending, Hand, Set, denies_without_mfa};

/// Attaches the policy, or detaches it, by whether the user has a device now.
pub async fn set(hand: &mut Hand<'_>, changed: &MfaChanged, whom: &Identity) -> Result<Ending, AwsCall> {
    let own = hand.deny_without_mfa();
    if let MfaDeed::Lifted { policy } = &changed.deed
        && !policy.as_str().eq_ignore_ascii_case(own.as_str())
    {
        return Ok(Ending::clean(format!("{} is no policy of this stack's", text::name(policy.as_str()))));
    }
    let mut step = plan::denial(changed, own.clone());
    step.setting.identity = whom.clone();
    let gone = deactivated(changed, hand.time_of_the_change());
    let mut device = has_device(hand.reader(), &whom.name, gone).await?;
    // Just after a device was enabled, IAM may not list it yet.
    if device == Some(false) && !step.to && hand.settles().await {
        device = has_device(hand.reader(), &whom.name, gone).await?;
    }
    match device {
        None => return Ok(hand.gone(whom)),
        Some(true) if step.to => return Ok(Ending::clean(format!("{whom} has an MFA device"))),
        Some(false) if !step.to => return Ok(Ending::clean(format!("{whom} has no MFA device any more"))),
        Some(_) => {}
    }
    // It would be no denial to attach a policy that somebody has changed.
    if step.to && !denies_without_mfa(hand.reader(), own).await? {
        return Ok(Ending::unremediable(format!("{} is gone, or does not say any more what it said", text::name(own.as_str()))));
    }
    Ok(match (hand.set(&step).await?, step.to) {
        (Set::Done, _) => Ending::done(),
        (Set::Already | Set::Moved, true) => Ending::clean(format!("{whom} is denied everything without MFA already")),
        (Set::Already | Set::Moved, false) => Ending::clean(format!("{whom} is not denied anything by this stack's policy")),
        (Set::Gone, _) => hand.gone(whom),
    })
}
