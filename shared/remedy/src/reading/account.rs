//! What is read about an account as a whole: its alias, and for a person everything that `GetAccountAuthorizationDetails` gives.

use aws_sdk_iam::primitives::{DateTime, DateTimeFormat};
use aws_sdk_iam::types::{
    AttachedPermissionsBoundary, AttachedPolicy, GroupDetail, ManagedPolicyDetail, PolicyDetail, RoleDetail, Tag, UserDetail,
};
use serde_json::{Value, json};

use super::Reader;
use crate::error::{AwsCall, Named as _};

/// Entries on one page: the most that IAM gives (IAM API reference, `GetAccountAuthorizationDetails`, `MaxItems`).
const PAGE: i32 = 1000;

/// The account's details in the JSON that `aws iam get-account-authorization-details` prints, with the documents as IAM encodes them.
///
/// # Errors
///
/// If IAM refuses or does not answer.
pub async fn read(reader: &Reader) -> Result<String, AwsCall> {
    let (mut users, mut groups, mut roles, mut policies) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut pages = reader.get_account_authorization_details().max_items(PAGE).into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.named("iam:GetAccountAuthorizationDetails", &"")?;
        users.extend(page.user_detail_list().iter().map(user));
        groups.extend(page.group_detail_list().iter().map(group));
        roles.extend(page.role_detail_list().iter().map(role));
        policies.extend(page.policies().iter().map(policy));
    }
    Ok(json!({ "UserDetailList": users, "GroupDetailList": groups, "RoleDetailList": roles, "Policies": policies }).to_string())
}

/// The account's alias, if it has one. There is at most one (IAM API reference, `ListAccountAliases`).
///
/// # Errors
///
/// If IAM refuses or does not answer.
pub async fn alias(reader: &Reader) -> Result<Option<String>, AwsCall> {
    let answer = reader.list_account_aliases().send().await.named("iam:ListAccountAliases", &"")?;
    Ok(answer.account_aliases.into_iter().next())
}

fn user(user: &UserDetail) -> Value {
    json!({
        "UserName": user.user_name, "UserId": user.user_id, "Arn": user.arn, "Path": user.path, "CreateDate": moment(user.create_date()),
        "Tags": tags(user.tags()),
        "GroupList": user.group_list(),
        "UserPolicyList": inline(user.user_policy_list()),
        "AttachedManagedPolicies": attached(user.attached_managed_policies()),
        "PermissionsBoundary": boundary(user.permissions_boundary()),
    })
}

fn group(group: &GroupDetail) -> Value {
    json!({
        "GroupName": group.group_name, "GroupId": group.group_id, "Arn": group.arn, "Path": group.path, "CreateDate": moment(group.create_date()),
        "GroupPolicyList": inline(group.group_policy_list()),
        "AttachedManagedPolicies": attached(group.attached_managed_policies()),
    })
}

fn role(role: &RoleDetail) -> Value {
    json!({
        "RoleName": role.role_name, "RoleId": role.role_id, "Arn": role.arn, "Path": role.path, "CreateDate": moment(role.create_date()),
        "Tags": tags(role.tags()),
        "AssumeRolePolicyDocument": role.assume_role_policy_document,
        "RolePolicyList": inline(role.role_policy_list()),
        "AttachedManagedPolicies": attached(role.attached_managed_policies()),
        "PermissionsBoundary": boundary(role.permissions_boundary()),
    })
}

fn policy(policy: &ManagedPolicyDetail) -> Value {
    let versions = policy.policy_version_list().iter().map(|version| {
        json!({
            "VersionId": version.version_id, "IsDefaultVersion": version.is_default_version, "Document": version.document,
            "CreateDate": moment(version.create_date()),
        })
    });
    json!({
        "PolicyName": policy.policy_name, "Arn": policy.arn, "DefaultVersionId": policy.default_version_id,
        "PolicyVersionList": versions.collect::<Value>(),
    })
}

fn moment(at: Option<&DateTime>) -> Option<String> {
    at.and_then(|at| at.fmt(DateTimeFormat::DateTime).ok())
}

fn tags(tags: &[Tag]) -> Value {
    tags.iter().map(|tag| json!({ "Key": tag.key, "Value": tag.value })).collect()
}

fn inline(policies: &[PolicyDetail]) -> Value {
    policies.iter().map(|policy| json!({ "PolicyName": policy.policy_name, "PolicyDocument": policy.policy_document })).collect()
}

fn attached(policies: &[AttachedPolicy]) -> Value {
    policies.iter().map(|policy| json!({ "PolicyName": policy.policy_name, "PolicyArn": policy.policy_arn })).collect()
}

/// A boundary without an ARN is none: an emulator has such answers.
fn boundary(boundary: Option<&AttachedPermissionsBoundary>) -> Option<Value> {
    let arn = boundary?.permissions_boundary_arn()?;
    Some(json!({ "PermissionsBoundaryArn": arn }))
}
