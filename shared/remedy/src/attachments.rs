//! Managed policies, on and off.

use aws_sdk_iam::Client;
use policy::change::{Target, TargetKind};

use crate::error::AwsCall;

/// Attaches a managed policy.
///
/// # Errors
///
/// Where IAM did not do it.
pub async fn attach(iam: &Client, target: &Target, policy_arn: &str) -> Result<(), AwsCall> {
    let name = target.name.as_str();
    match target.kind {
        TargetKind::User => {
            let answer = iam.attach_user_policy().user_name(name).policy_arn(policy_arn).send().await;
            answer.map(drop).map_err(|error| AwsCall::of(format!("iam:AttachUserPolicy on {target}"), &error))
        }
        TargetKind::Group => {
            let answer = iam.attach_group_policy().group_name(name).policy_arn(policy_arn).send().await;
            answer.map(drop).map_err(|error| AwsCall::of(format!("iam:AttachGroupPolicy on {target}"), &error))
        }
        TargetKind::Role | TargetKind::Root => {
            let answer = iam.attach_role_policy().role_name(name).policy_arn(policy_arn).send().await;
            answer.map(drop).map_err(|error| AwsCall::of(format!("iam:AttachRolePolicy on {target}"), &error))
        }
    }
}

/// Detaches a managed policy.
///
/// # Errors
///
/// Where IAM did not do it; [`Failure::NotFound`](crate::Failure::NotFound) where it is not attached to a target of that name.
pub async fn detach(iam: &Client, target: &Target, policy_arn: &str) -> Result<(), AwsCall> {
    let name = target.name.as_str();
    match target.kind {
        TargetKind::User => {
            let answer = iam.detach_user_policy().user_name(name).policy_arn(policy_arn).send().await;
            answer.map(drop).map_err(|error| AwsCall::of(format!("iam:DetachUserPolicy on {target}"), &error))
        }
        TargetKind::Group => {
            let answer = iam.detach_group_policy().group_name(name).policy_arn(policy_arn).send().await;
            answer.map(drop).map_err(|error| AwsCall::of(format!("iam:DetachGroupPolicy on {target}"), &error))
        }
        TargetKind::Role | TargetKind::Root => {
            let answer = iam.detach_role_policy().role_name(name).policy_arn(policy_arn).send().await;
            answer.map(drop).map_err(|error| AwsCall::of(format!("iam:DetachRolePolicy on {target}"), &error))
        }
    }
}
