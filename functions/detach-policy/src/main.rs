//! Takes back a policy that was attached to a user, group or role: detaches that policy from that identity.

mod holders;

use std::process::ExitCode;

use policy::change::PolicyAttached;
use policy::containment::Quarantine;
use policy::remedy::Remedy;
use policy::target::Identity;
use policy::{Case, Change};
use remedy::plan::detachment;
use remedy::setting::{Attachment, ManagedPolicy, Step, is_quarantine};
use remedy::{AwsCall, Ending, Function, Hand, Set};

use crate::holders::Whereabouts;

struct DetachPolicy;

impl Function for DetachPolicy {
    const NAME: &'static str = "detach-policy";
    const OWNS: Option<Remedy> = Some(Remedy::DetachPolicy);

    async fn take_back(hand: &mut Hand<'_>, case: &Case, change: &Change, whom: &Identity) -> Result<Ending, AwsCall> {
        let (Change::PolicyAttached(PolicyAttached { policy_arn, .. }), Some(mut step)) = (change, detachment(change)) else {
            return Ok(Ending::unremediable("nothing was attached, so there is nothing to detach".to_owned()));
        };
        if let Some(quarantine) = Quarantine::of_arn(policy_arn.as_str())
            && is_quarantine(&ManagedPolicy { arn: policy_arn.clone() }, hand.reader(), &quarantine).await?
        {
            return Ok(Ending::unremediable("this policy is one of Rescind's own quarantines: Rescind never detaches it".to_owned()));
        }
        step.setting.identity = whom.clone();
        if hand.set(&step).await? == Set::Done {
            return Ok(Ending::done());
        }
        match holders::whereabouts(hand.reader(), case, whom, policy_arn).await? {
            Whereabouts::Gone => Ok(already_clean(hand, &step)),
            Whereabouts::Holds => Ok(if hand.set(&step).await? == Set::Done { Ending::done() } else { already_clean(hand, &step) }),
            Whereabouts::Uncertain(why) => Ok(Ending::unremediable(why)),
        }
    }
}

/// Nothing stands any more. An earlier try at this very event may have detached it without being able to send the notice, so this notice says
/// how to give the policy back.
fn already_clean(hand: &mut Hand<'_>, step: &Step<Attachment>) -> Ending {
    hand.remember(step);
    Ending::clean("somebody, or an earlier try at this event, had detached it, or the target is gone".to_owned())
}

fn main() -> ExitCode {
    remedy::run::<DetachPolicy>()
}
