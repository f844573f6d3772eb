//! The remedy: one policy, one target.

use aws_sdk_iam::Client;
use policy::case::{Outcome, Receipt, RemedyOutcome};
use policy::change::{Remedy, Target, TargetKind};
use policy::{Case, Change};
use remedy::notice::{give_back_call, take_back_call};
use remedy::{AwsCall, Function, found};

use crate::holders::{self, Whereabouts};

/// The owner of the remedy `detach-policy`.
pub struct DetachPolicy;

impl Function for DetachPolicy {
    const REMEDY: Remedy = Remedy::DetachPolicy;

    async fn take_back(iam: &Client, case: &Case, change: &Change) -> Result<RemedyOutcome, AwsCall> {
        let Change::PolicyAttached { target, policy_arn } = change;
        if detach(iam, target, policy_arn.as_str()).await? {
            return Ok(applied(change, None));
        }
        match holders::whereabouts(iam, case, target, policy_arn).await? {
            Whereabouts::Gone => Ok(already_clean(change)),
            Whereabouts::Renamed(renamed) => {
                let detail = (renamed != *target).then(|| format!("{target} had been renamed: now {renamed}"));
                let change = Change::PolicyAttached { target: renamed.clone(), policy_arn: policy_arn.clone() };
                let detached = detach(iam, &renamed, policy_arn.as_str()).await?;
                Ok(if detached { applied(&change, detail) } else { already_clean(&change) })
            }
            Whereabouts::Uncertain(why) => {
                Ok(RemedyOutcome { remedy: Self::REMEDY, outcome: Outcome::Unremediable, detail: Some(why), calls: Vec::new(), undo: None })
            }
        }
    }
}

/// Detaches; `false` where the policy is not attached to a target of that name.
async fn detach(iam: &Client, target: &Target, policy_arn: &str) -> Result<bool, AwsCall> {
    let name = target.name.as_str();
    let answer = match target.kind {
        TargetKind::User => {
            let call = iam.detach_user_policy().user_name(name).policy_arn(policy_arn);
            call.send().await.map(drop).map_err(|error| AwsCall::of(format!("iam:DetachUserPolicy on {target}"), &error))
        }
        TargetKind::Group => {
            let call = iam.detach_group_policy().group_name(name).policy_arn(policy_arn);
            call.send().await.map(drop).map_err(|error| AwsCall::of(format!("iam:DetachGroupPolicy on {target}"), &error))
        }
        TargetKind::Role => {
            let call = iam.detach_role_policy().role_name(name).policy_arn(policy_arn);
            call.send().await.map(drop).map_err(|error| AwsCall::of(format!("iam:DetachRolePolicy on {target}"), &error))
        }
    };
    Ok(found(answer)?.is_some())
}

fn applied(change: &Change, detail: Option<String>) -> RemedyOutcome {
    RemedyOutcome {
        remedy: DetachPolicy::REMEDY,
        outcome: Outcome::Applied,
        detail,
        calls: vec![take_back_call(change)],
        undo: Some(Receipt::from(give_back_call(change))),
    }
}

/// Nothing stands any more. An earlier try of this very event may have seen to that and failed to tell: so the notice says all the same
/// how to give the policy back.
fn already_clean(change: &Change) -> RemedyOutcome {
    RemedyOutcome {
        remedy: DetachPolicy::REMEDY,
        outcome: Outcome::AlreadyClean,
        detail: Some("somebody, or an earlier try at this event, had detached it, or the target is gone".to_owned()),
        calls: Vec::new(),
        undo: Some(Receipt::from(give_back_call(change))),
    }
}
