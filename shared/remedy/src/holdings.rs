//! The documents behind a change: the policy that was attached, and everything else that its target holds.

use aws_sdk_iam::Client;
use policy::arn::PolicyArn;
use policy::change::{Target, TargetKind};
use policy::guardrail::Texts;

use crate::error::{AwsCall, Failure, found};
use crate::facts::groups;

/// The default version of a managed policy, as IAM gives it; `None` where the policy is gone.
///
/// # Errors
///
/// Where IAM did not answer.
pub async fn document(iam: &Client, policy_arn: &str) -> Result<Option<String>, AwsCall> {
    let answer = iam.get_policy().policy_arn(policy_arn).send().await;
    let Some(answer) = found(answer.map_err(|error| AwsCall::of(format!("iam:GetPolicy on {policy_arn}"), &error)))? else {
        return Ok(None);
    };
    let version = answer.policy.and_then(|policy| policy.default_version_id);
    let version = version.ok_or_else(|| empty(format!("iam:GetPolicy on {policy_arn}")))?;
    let call = || format!("iam:GetPolicyVersion on {policy_arn}");
    let answer = iam.get_policy_version().policy_arn(policy_arn).version_id(version).send().await;
    let Some(answer) = found(answer.map_err(|error| AwsCall::of(call(), &error)))? else {
        return Ok(None);
    };
    let document = answer.policy_version.and_then(|version| version.document);
    document.ok_or_else(|| empty(call())).map(Some)
}

fn empty(call: String) -> AwsCall {
    AwsCall { call, failure: Failure::ServiceError, message: "IAM's answer holds no policy".to_owned() }
}

/// What the target holds, but for the attachment of one policy to itself; `None` where the target is gone.
///
/// # Errors
///
/// Where IAM did not answer.
pub async fn of(iam: &Client, target: &Target, but: Option<&PolicyArn>) -> Result<Option<Texts>, AwsCall> {
    let Some(boundary) = boundary(iam, target).await? else {
        return Ok(None);
    };
    let Some(mut policies) = of_identity(iam, target, but).await? else {
        return Ok(None);
    };
    if target.kind == TargetKind::User {
        for name in found(groups(iam, target).await)?.unwrap_or_default() {
            let group = Target { kind: TargetKind::Group, name };
            policies.extend(of_identity(iam, &group, None).await?.unwrap_or_default());
        }
    }
    let boundary = match boundary {
        // A boundary whose policy is gone bounds everything away: IAM does not let one be deleted while it is one.
        Some(arn) => Some(document(iam, &arn).await?.ok_or_else(|| empty(format!("reading the permissions boundary {arn}")))?),
        None => None,
    };
    Ok(Some(Texts { policies, boundary }))
}

/// The ARN of the target's permissions boundary, if it has one; `None` where the target is gone. A group has none.
async fn boundary(iam: &Client, target: &Target) -> Result<Option<Option<String>>, AwsCall> {
    let name = target.name.as_str();
    let boundary = match target.kind {
        TargetKind::User => {
            let answer = iam.get_user().user_name(name).send().await;
            let answer = answer.map_err(|error| AwsCall::of(format!("iam:GetUser on {target}"), &error));
            found(answer)?.map(|answer| answer.user.and_then(|user| user.permissions_boundary))
        }
        TargetKind::Role => {
            let answer = iam.get_role().role_name(name).send().await;
            let answer = answer.map_err(|error| AwsCall::of(format!("iam:GetRole on {target}"), &error));
            found(answer)?.map(|answer| answer.role.and_then(|role| role.permissions_boundary))
        }
        TargetKind::Group | TargetKind::Root => Some(None),
    };
    Ok(boundary.map(|boundary| boundary.and_then(|boundary| boundary.permissions_boundary_arn)))
}

/// The documents of one user, group or role: attached but for one, and inline. `None` where it is gone.
async fn of_identity(iam: &Client, target: &Target, but: Option<&PolicyArn>) -> Result<Option<Vec<String>>, AwsCall> {
    let (Some(attached), Some(inline)) = (found(attached(iam, target).await)?, found(inline(iam, target).await)?) else {
        return Ok(None);
    };
    let mut documents = Vec::new();
    for arn in attached.iter().filter(|arn| but.is_none_or(|but| !but.as_str().eq_ignore_ascii_case(arn))) {
        // One that is gone since it was listed grants nothing any more.
        documents.extend(document(iam, arn).await?);
    }
    for name in inline {
        documents.extend(found(inline_document(iam, target, &name).await)?);
    }
    Ok(Some(documents))
}

/// All pages of a listing: `next` takes the marker, and gives the items and the next marker.
async fn pages(
    mut page: impl AsyncFnMut(Option<String>) -> Result<(Vec<String>, Option<String>), AwsCall>,
) -> Result<Vec<String>, AwsCall> {
    let (mut all, mut marker) = (Vec::new(), None);
    loop {
        let (items, next) = page(marker).await?;
        all.extend(items);
        if next.is_none() {
            return Ok(all);
        }
        marker = next;
    }
}

/// The ARNs of the managed policies that are attached to the target.
///
/// # Errors
///
/// Where there is no such target, or IAM did not answer.
pub async fn attached(iam: &Client, target: &Target) -> Result<Vec<String>, AwsCall> {
    let name = target.name.as_str();
    let arns = |list: Option<Vec<aws_sdk_iam::types::AttachedPolicy>>| {
        list.unwrap_or_default().into_iter().filter_map(|policy| policy.policy_arn).collect()
    };
    match target.kind {
        TargetKind::User => {
            pages(async |marker| {
                let answer = iam.list_attached_user_policies().user_name(name).set_marker(marker).send().await;
                let answer = answer.map_err(|error| AwsCall::of(format!("iam:ListAttachedUserPolicies on {target}"), &error))?;
                Ok((arns(answer.attached_policies), answer.marker))
            })
            .await
        }
        TargetKind::Group => {
            pages(async |marker| {
                let answer = iam.list_attached_group_policies().group_name(name).set_marker(marker).send().await;
                let answer = answer.map_err(|error| AwsCall::of(format!("iam:ListAttachedGroupPolicies on {target}"), &error))?;
                Ok((arns(answer.attached_policies), answer.marker))
            })
            .await
        }
        TargetKind::Role => {
            pages(async |marker| {
                let answer = iam.list_attached_role_policies().role_name(name).set_marker(marker).send().await;
                let answer = answer.map_err(|error| AwsCall::of(format!("iam:ListAttachedRolePolicies on {target}"), &error))?;
                Ok((arns(answer.attached_policies), answer.marker))
            })
            .await
        }
        TargetKind::Root => Ok(Vec::new()),
    }
}

async fn inline(iam: &Client, target: &Target) -> Result<Vec<String>, AwsCall> {
    let name = target.name.as_str();
    match target.kind {
        TargetKind::User => {
            pages(async |marker| {
                let answer = iam.list_user_policies().user_name(name).set_marker(marker).send().await;
                let answer = answer.map_err(|error| AwsCall::of(format!("iam:ListUserPolicies on {target}"), &error))?;
                Ok((answer.policy_names, answer.marker))
            })
            .await
        }
        TargetKind::Group => {
            pages(async |marker| {
                let answer = iam.list_group_policies().group_name(name).set_marker(marker).send().await;
                let answer = answer.map_err(|error| AwsCall::of(format!("iam:ListGroupPolicies on {target}"), &error))?;
                Ok((answer.policy_names, answer.marker))
            })
            .await
        }
        TargetKind::Role => {
            pages(async |marker| {
                let answer = iam.list_role_policies().role_name(name).set_marker(marker).send().await;
                let answer = answer.map_err(|error| AwsCall::of(format!("iam:ListRolePolicies on {target}"), &error))?;
                Ok((answer.policy_names, answer.marker))
            })
            .await
        }
        TargetKind::Root => Ok(Vec::new()),
    }
}

/// The text of an inline policy.
///
/// # Errors
///
/// Where there is none of that name, or IAM did not answer.
pub async fn inline_document(iam: &Client, target: &Target, policy: &str) -> Result<String, AwsCall> {
    let name = target.name.as_str();
    match target.kind {
        TargetKind::User => {
            let answer = iam.get_user_policy().user_name(name).policy_name(policy).send().await;
            answer.map(|answer| answer.policy_document).map_err(|error| AwsCall::of(format!("iam:GetUserPolicy on {target}"), &error))
        }
        TargetKind::Group => {
            let answer = iam.get_group_policy().group_name(name).policy_name(policy).send().await;
            answer.map(|answer| answer.policy_document).map_err(|error| AwsCall::of(format!("iam:GetGroupPolicy on {target}"), &error))
        }
        TargetKind::Role => {
            let answer = iam.get_role_policy().role_name(name).policy_name(policy).send().await;
            answer.map(|answer| answer.policy_document).map_err(|error| AwsCall::of(format!("iam:GetRolePolicy on {target}"), &error))
        }
        TargetKind::Root => Err(empty(format!("reading {policy} of {target}"))),
    }
}
