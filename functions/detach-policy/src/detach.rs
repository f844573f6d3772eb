//! The remedy: one policy, one target.

use aws_sdk_iam::Client;
use policy::arn::PolicyArn;
use policy::case::{Outcome, Receipt, RemedyOutcome};
use policy::change::{Remedy, Target};
use policy::{Case, Change};
use remedy::{AwsCall, Function, attachments, calls, found};

use crate::holders::{self, Whereabouts};

/// The owner of the remedy `detach-policy`.
pub struct DetachPolicy;

impl Function for DetachPolicy {
    const REMEDY: Remedy = Remedy::DetachPolicy;

    async fn take_back(iam: &Client, case: &Case, change: &Change) -> Result<RemedyOutcome, AwsCall> {
        let Change::PolicyAttached { target, policy_arn } = change else {
            let why = "nothing was attached, so there is nothing to detach".to_owned();
            return Ok(RemedyOutcome::without_call(Self::REMEDY, Outcome::Unremediable, Some(why)));
        };
        if detach(iam, target, policy_arn.as_str()).await? {
            return Ok(applied(target, policy_arn));
        }
        match holders::whereabouts(iam, case, target, policy_arn).await? {
            Whereabouts::Gone => Ok(already_clean(target, policy_arn)),
            Whereabouts::Renamed(renamed) => {
                let detail = (renamed != *target).then(|| format!("{target} had been renamed: now {renamed}"));
                let detached = detach(iam, &renamed, policy_arn.as_str()).await?;
                Ok(if detached { applied(&renamed, policy_arn).saying(detail) } else { already_clean(&renamed, policy_arn) })
            }
            Whereabouts::Uncertain(why) => Ok(RemedyOutcome::without_call(Self::REMEDY, Outcome::Unremediable, Some(why))),
        }
    }
}

/// Detaches; `false` where the policy is not attached to a target of that name.
async fn detach(iam: &Client, target: &Target, policy_arn: &str) -> Result<bool, AwsCall> {
    Ok(found(attachments::detach(iam, target, policy_arn).await)?.is_some())
}

fn applied(target: &Target, policy_arn: &PolicyArn) -> RemedyOutcome {
    let arn = policy_arn.as_str();
    RemedyOutcome::applied(DetachPolicy::REMEDY, vec![calls::detach(target, arn)], vec![calls::attach(target, arn)])
}

/// Nothing stands any more. An earlier try of this very event may have seen to that and failed to tell: so the notice says all the same
/// how to give the policy back.
fn already_clean(target: &Target, policy_arn: &PolicyArn) -> RemedyOutcome {
    let why = "somebody, or an earlier try at this event, had detached it, or the target is gone".to_owned();
    let undo = vec![Receipt::from(calls::attach(target, policy_arn.as_str()))];
    RemedyOutcome { undo, ..RemedyOutcome::without_call(DetachPolicy::REMEDY, Outcome::AlreadyClean, Some(why)) }
}
