//! Takes back a policy that was attached to a user, group or role: detaches that policy from that identity.

mod holders;

use std::process::ExitCode;

use policy::arn::PolicyArn;
use policy::change::PolicyAttached;
use policy::containment;
use policy::remedy::Remedy;
use policy::target::Target;
use policy::{Case, Change};
use remedy::plan::detachment;
use remedy::reading::{Reader, holdings};
use remedy::setting::{Attachment, ManagedPolicy, Step, says};
use remedy::{AwsCall, Ending, Failure, Function, Hand, Set};

use crate::holders::Whereabouts;

struct DetachPolicy;

impl Function for DetachPolicy {
    const NAME: &'static str = "detach-policy";
    const OWNS: Option<Remedy> = Some(Remedy::DetachPolicy);

    async fn take_back(hand: &mut Hand<'_>, case: &Case, change: &Change, target: &Target) -> Result<Ending, AwsCall> {
        let Some(whom) = target.identity() else {
            return Ok(Ending::unremediable(format!("{target} is no identity")));
        };
        let (Change::PolicyAttached(PolicyAttached { policy_arn, .. }), Some(mut step)) = (change, detachment(change)) else {
            return Ok(Ending::unremediable("nothing was attached, so there is nothing to detach".to_owned()));
        };
        if let Some(quarantine) = containment::text_of(policy_arn)
            && says(&ManagedPolicy { arn: policy_arn.clone() }, hand.reader(), &quarantine).await?
        {
            return Ok(Ending::unremediable("this policy is one of Rescind's own quarantines: Rescind never detaches it".to_owned()));
        }
        step.setting.identity = whom.clone();
        let set = match hand.set(&step).await {
            // IAM lists it in other letters than the record has.
            Err(call) if call.failure == Failure::Unsettled => {
                step.setting.policy = spelt(hand.reader(), &step.setting).await?.ok_or(call)?;
                hand.set(&step).await?
            }
            set => set?,
        };
        if set == Set::Done {
            return Ok(Ending::done());
        }
        match holders::whereabouts(hand.reader(), case, whom, policy_arn).await? {
            Whereabouts::Gone => Ok(already_clean(hand, &step)),
            Whereabouts::Holds => Ok(if hand.set(&step).await? == Set::Done { Ending::done() } else { already_clean(hand, &step) }),
            Whereabouts::Uncertain(why) => Ok(Ending::unremediable(why)),
        }
    }
}

/// The policy as IAM spells it, if the record has it in other letters: IAM finds policies without regard to case.
async fn spelt(reader: &Reader, attachment: &Attachment) -> Result<Option<PolicyArn>, AwsCall> {
    let listed = holdings::attached(reader, &attachment.identity).await?;
    let policy = attachment.policy.as_str();
    let same = listed.iter().find(|listed| listed.eq_ignore_ascii_case(policy) && *listed != policy);
    Ok(same.and_then(|listed| PolicyArn::new(listed).ok()))
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
