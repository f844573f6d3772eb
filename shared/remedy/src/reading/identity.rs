//! A user, group or role as IAM knows it now.

use aws_sdk_iam::types::Tag;
use policy::arn::{CredentialId, IamName};
use policy::facts::IdentityDetails;
use policy::target::{Identity, IdentityKind};

use super::Reader;
use crate::error::{AwsCall, Named as _, found, known};

/// The path and tags of a user, group or role.
///
/// # Errors
///
/// If there is none of that name, or IAM did not answer.
pub async fn details(reader: &Reader, identity: &Identity) -> Result<IdentityDetails, AwsCall> {
    let name = identity.name.as_str();
    let found = match identity.kind {
        IdentityKind::User => {
            let user = reader.get_user().user_name(name).send().await.named("iam:GetUser on", identity)?.user;
            user.map(|user| (user.path, user.tags.unwrap_or_default()))
        }
        IdentityKind::Group => {
            let group = reader.get_group().group_name(name).send().await.named("iam:GetGroup on", identity)?.group;
            group.map(|group| (group.path, Vec::new()))
        }
        IdentityKind::Role => {
            let role = reader.get_role().role_name(name).send().await.named("iam:GetRole on", identity)?.role;
            role.map(|role| (role.path, role.tags.unwrap_or_default()))
        }
    };
    let (path, tags) = found.ok_or_else(|| AwsCall::empty(format!("reading {identity}")))?;
    Ok(IdentityDetails { path, tags: tags.into_iter().map(|Tag { key, value, .. }| (key, value)).collect() })
}

/// Whether there is a user, group or role of that name.
///
/// # Errors
///
/// If IAM did not answer.
pub async fn exists(reader: &Reader, identity: &Identity) -> Result<bool, AwsCall> {
    Ok(found(details(reader, identity).await)?.is_some())
}

/// The user who owns an access key, or why that cannot be known.
///
/// # Errors
///
/// If IAM did not answer.
pub async fn owner(reader: &Reader, id: &CredentialId) -> Result<Result<Identity, String>, AwsCall> {
    let answer = reader.get_access_key_last_used().access_key_id(id.as_str()).send().await;
    let Some(answer) = known(answer.named("iam:GetAccessKeyLastUsed on", id))? else {
        return Ok(Err(format!("IAM does not know the key {id}: it was already deleted, or belongs to another account")));
    };
    let name = answer.user_name.unwrap_or_default();
    Ok(IamName::new(&name)
        .map(Identity::user)
        .map_err(|_| format!("IAM does not say whose the key {id} is: it may be root's, which only root can see and delete")))
}

/// The groups that a user is in.
///
/// # Errors
///
/// If there is no user of that name, or IAM did not answer.
pub async fn groups(reader: &Reader, user: &IamName) -> Result<Vec<IamName>, AwsCall> {
    let mut groups = Vec::new();
    let mut pages = reader.list_groups_for_user().user_name(user.as_str()).into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.named("iam:ListGroupsForUser on user", user)?;
        groups.extend(page.groups.iter().filter_map(|group| IamName::new(&group.group_name).ok()));
    }
    Ok(groups)
}
