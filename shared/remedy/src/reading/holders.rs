//! Who holds a managed policy.

use aws_sdk_iam::types::{PolicyUsageType, User};
use policy::arn::{IamName, PolicyArn, UniqueId};
use policy::break_glass::BreakGlass;
use policy::capability::Capability;
use policy::hearing::Circumstances;
use policy::target::{Identity, IdentityKind};

use super::holdings::{self, Except};
use super::identity::Whom;
use super::{Reader, identity};
use crate::error::{AwsCall, Named as _, found};

/// How many users and roles are looked at for an administrator among them: each takes several calls.
const READ: usize = 25;

/// The users, groups and roles that hold a policy, with their unique ids; `None` if the policy is gone. Permissions boundaries do not count.
///
/// # Errors
///
/// If IAM did not answer.
pub async fn of(reader: &Reader, policy: &PolicyArn) -> Result<Option<Vec<Identity>>, AwsCall> {
    let listed = reader.list_entities_for_policy().policy_arn(policy.as_str()).policy_usage_filter(PolicyUsageType::PermissionsPolicy);
    let mut pages = listed.into_paginator().send();
    let mut holders = Vec::new();
    let mut add = |kind, name: Option<String>, id: Option<String>| {
        let id = id.and_then(|id| UniqueId::new(&id).ok());
        holders.extend(name.and_then(|name| IamName::new(&name).ok()).map(|name| Identity::new(kind, name).with_id(id)));
    };
    while let Some(page) = pages.next().await {
        let Some(page) = found(page.named("iam:ListEntitiesForPolicy of", &policy.as_str()))? else {
            return Ok(None);
        };
        for user in page.policy_users.unwrap_or_default() {
            add(IdentityKind::User, user.user_name, user.user_id);
        }
        for group in page.policy_groups.unwrap_or_default() {
            add(IdentityKind::Group, group.group_name, group.group_id);
        }
        for role in page.policy_roles.unwrap_or_default() {
            add(IdentityKind::Role, role.role_name, role.role_id);
        }
    }
    Ok(Some(holders))
}

/// A managed policy as IAM spells it, and how many users and roles have it as their permissions boundary; `None` if it is gone.
///
/// # Errors
///
/// If IAM did not answer.
pub async fn policy(reader: &Reader, policy: &PolicyArn) -> Result<Option<(PolicyArn, usize)>, AwsCall> {
    let answer = reader.get_policy().policy_arn(policy.as_str()).send().await;
    let answer = found(answer.named("iam:GetPolicy on", &policy.as_str()))?.and_then(|answer| answer.policy);
    let spelt = |arn: Option<String>| arn.and_then(|arn| PolicyArn::new(&arn).ok()).unwrap_or_else(|| policy.clone());
    let count = |count: Option<i32>| count.and_then(|count| usize::try_from(count).ok()).unwrap_or_default();
    Ok(answer.map(|answer| (spelt(answer.arn), count(answer.permissions_boundary_usage_count))))
}

/// The first break-glass principal among these holders, or in a group among them. Whoever has the name of one counts, and so does the one that was
/// renamed, if the list has the unique id.
///
/// # Errors
///
/// If IAM did not answer.
pub async fn break_glass<'b>(
    reader: &Reader,
    list: &'b [BreakGlass],
    account: &str,
    holders: &[Identity],
) -> Result<Option<&'b Identity>, AwsCall> {
    let holds = |kind, name: &str| holders.iter().any(|holder| holder.is_named(kind, name));
    let is_holder = |listed: &&Identity| holds(listed.kind, listed.name.as_str()) || holders.iter().any(|holder| holder.is_same(listed));
    let mut all = list.iter().filter(|listed| listed.account.as_str() == account).map(|listed| &listed.identity);
    if let Some(listed) = all.find(is_holder) {
        return Ok(Some(listed));
    }
    if !holders.iter().any(|holder| holder.kind == IdentityKind::Group) {
        return Ok(None);
    }
    let groups = groups_of_break_glass(reader, list, account).await?;
    let is_in_one = |groups: &[IamName]| groups.iter().any(|group| holds(IdentityKind::Group, group.as_str()));
    Ok(groups.into_iter().find(|(_, groups)| is_in_one(groups)).map(|(user, _)| user))
}

/// The break-glass users of an account, each with the groups that they are in.
///
/// # Errors
///
/// If IAM did not answer.
pub async fn groups_of_break_glass<'b>(
    reader: &Reader,
    list: &'b [BreakGlass],
    account: &str,
) -> Result<Vec<(&'b Identity, Vec<IamName>)>, AwsCall> {
    let mut all = Vec::new();
    for BreakGlass { identity: user, .. } in list.iter().filter(|listed| listed.account.as_str() == account && listed.identity.is_user()) {
        // If the unique id is known, under the name that it has now.
        let now = match identity::resolve(reader, user, None).await? {
            Whom::Is(now) => now,
            Whom::Gone(_) | Whom::Unknown(_) => user.clone(),
        };
        all.push((user, found(identity::groups(reader, &now.name).await)?.unwrap_or_default()));
    }
    Ok(all)
}

/// Whether one of these holders of a policy, or a member of a group among them, is certainly an administrator without it; or why that cannot be said.
///
/// # Errors
///
/// If IAM did not answer.
pub async fn has_administrator(
    reader: &Reader,
    circumstances: Circumstances<'_>,
    policy: &PolicyArn,
    holders: &[Identity],
) -> Result<Result<bool, String>, AwsCall> {
    let mut looked_at: Vec<Identity> = Vec::new();
    for holder in holders {
        let principals = if holder.kind == IdentityKind::Group { members(reader, holder).await? } else { vec![holder.clone()] };
        for principal in principals {
            if looked_at.iter().any(|looked_at| looked_at.is_same(&principal)) {
                continue;
            }
            if looked_at.len() >= READ {
                return Ok(Err(format!(
                    "more than {READ} users and roles hold the policy, which are too many to look for an administrator"
                )));
            }
            // One that is gone holds nothing any more.
            if let Some(texts) = holdings::of(reader, &principal, Except::Policy(policy)).await? {
                match circumstances.access(&texts, Some(&principal)) {
                    Ok(access) if access.grants().contains(&Capability::Admin) => return Ok(Ok(true)),
                    Ok(_) => {}
                    Err(error) => return Ok(Err(format!("Rescind cannot read what {principal} can do: {error}"))),
                }
            }
            looked_at.push(principal);
        }
    }
    Ok(Ok(false))
}

fn member(user: &User) -> Option<Identity> {
    Some(Identity::user(IamName::new(&user.user_name).ok()?).with_id(UniqueId::new(&user.user_id).ok()))
}

/// The users in a group; no more than are looked at, and one.
async fn members(reader: &Reader, group: &Identity) -> Result<Vec<Identity>, AwsCall> {
    let mut members = Vec::new();
    let mut pages = reader.get_group().group_name(group.name.as_str()).into_paginator().send();
    while let Some(page) = pages.next().await {
        let Some(page) = found(page.named("iam:GetGroup on", group))? else {
            break;
        };
        members.extend(page.users.iter().filter_map(member));
        if members.len() > READ {
            break;
        }
    }
    Ok(members)
}
