//! Who could give access back: before Rescind takes any away, somebody else has to be left who can.
//!
//! A break-glass principal, if one exists; otherwise any other user or role that is certainly an administrator. Rescind does not count on
//! the account's root user: many organizations deny it everything.

use std::collections::HashSet;

use aws_sdk_iam::operation::get_account_authorization_details::paginator::GetAccountAuthorizationDetailsPaginator;
use aws_sdk_iam::types::{AttachedPolicy, EntityType, PolicyDetail};
use policy::arn::{IamName, PolicyArn};
use policy::break_glass::BreakGlass;
use policy::capability::{Capability, RequestContext};
use policy::document::{Document, Effect, plain};
use policy::facts::{Access, Texts};
use policy::target::{Identity, IdentityKind};

use super::holdings::{self, Except};
use super::identity::Whom;
use super::{Reader, holders, identity};
use crate::error::{AwsCall, Named as _};

/// Whether anybody is left who could give access back, other than these and the members of groups among them.
///
/// Nobody counts who holds the policy whose version was changed, if one was: another function may be taking away just what makes them an administrator.
///
/// # Errors
///
/// If IAM did not answer.
pub async fn is_anyone_left(
    reader: &Reader,
    break_glass: &[BreakGlass],
    account: &str,
    without: &[Identity],
    changed: Option<&PolicyArn>,
) -> Result<bool, AwsCall> {
    for BreakGlass { identity: responder, .. } in break_glass.iter().filter(|listed| listed.account.as_str() == account) {
        if let Whom::Is(responder) = identity::resolve(reader, responder, None).await?
            && identity::exists(reader, &responder).await?
        {
            return Ok(true);
        }
    }
    let holders = match changed {
        Some(policy) => holders::of(reader, policy).await?.unwrap_or_default(),
        None => Vec::new(),
    };
    let policies = administrator_policies(reader).await?;
    let groups = administrator_groups(reader, &policies).await?;
    let gives_all = |attached: &[AttachedPolicy], inline: &[PolicyDetail]| holds_one(&policies, attached) || inline.iter().any(is_one);
    let is_without = |kind, name: &str| without.iter().chain(&holders).any(|left| left.is_named(kind, name));
    let is_target = |group: &String| is_without(IdentityKind::Group, group);
    let mut pages = details(reader, &[EntityType::User, EntityType::Role]).send();
    while let Some(page) = pages.next().await {
        let page = page.named(CALL, &"")?;
        let users = page.user_detail_list().iter().filter(|user| !user.group_list().iter().any(is_target)).filter_map(|user| {
            let gives_all = gives_all(user.attached_managed_policies(), user.user_policy_list());
            let may = gives_all || user.group_list().iter().any(|group| groups.contains(group));
            may.then_some((IdentityKind::User, user.user_name()?))
        });
        let roles = page.role_detail_list().iter().filter_map(|role| {
            let may = gives_all(role.attached_managed_policies(), role.role_policy_list());
            may.then_some((IdentityKind::Role, role.role_name()?))
        });
        for (kind, name) in users.chain(roles) {
            if let Some(name) = IamName::new(name).ok().filter(|_| !is_without(kind, name))
                && is_administrator(reader, &Identity::new(kind, name)).await?
            {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

const CALL: &str = "iam:GetAccountAuthorizationDetails";
/// Entries on one page: with five versions of 6 KB in each policy, a page of 100 takes 7 MB of memory, one of 15 takes 1.
const PAGE: i32 = 15;

/// The account's details of these kinds, page by page: nothing of a page is kept but names.
fn details(reader: &Reader, kinds: &[EntityType]) -> GetAccountAuthorizationDetailsPaginator {
    reader.get_account_authorization_details().set_filter(Some(kinds.to_vec())).max_items(PAGE).into_paginator()
}

/// The ARNs of the managed policies that make whoever holds one an administrator.
async fn administrator_policies(reader: &Reader) -> Result<HashSet<String>, AwsCall> {
    let mut found = HashSet::new();
    let mut pages = details(reader, &[EntityType::LocalManagedPolicy, EntityType::AwsManagedPolicy]).send();
    while let Some(page) = pages.next().await {
        for policy in page.named(CALL, &"")?.policies() {
            let default = policy.policy_version_list().iter().find(|version| version.is_default_version);
            if default.and_then(|version| version.document()).is_some_and(makes_administrators)
                && let Some(arn) = policy.arn()
            {
                found.insert(arn.to_owned());
            }
        }
    }
    Ok(found)
}

/// The names of the groups that make their members administrators.
async fn administrator_groups(reader: &Reader, policies: &HashSet<String>) -> Result<HashSet<String>, AwsCall> {
    let mut found = HashSet::new();
    let mut pages = details(reader, &[EntityType::Group]).send();
    while let Some(page) = pages.next().await {
        for group in page.named(CALL, &"")?.group_detail_list() {
            if (holds_one(policies, group.attached_managed_policies()) || group.group_policy_list().iter().any(is_one))
                && let Some(name) = group.group_name()
            {
                found.insert(name.to_owned());
            }
        }
    }
    Ok(found)
}

fn holds_one(policies: &HashSet<String>, attached: &[AttachedPolicy]) -> bool {
    attached.iter().filter_map(AttachedPolicy::policy_arn).any(|arn| policies.contains(arn))
}

fn is_one(inline: &PolicyDetail) -> bool {
    inline.policy_document().is_some_and(makes_administrators)
}

/// Whether this document alone makes an administrator for certain. Whoever is one by several documents together is not counted: that errs on the
/// side of leaving a principal alone.
fn makes_administrators(document: &str) -> bool {
    let texts = Texts { policies: vec![document.to_owned()], boundary: None };
    Access::of(&texts, &[], RequestContext::default()).is_ok_and(|access| access.grants().contains(&Capability::Admin))
}

/// Whether everything that a user or role holds makes an administrator for certain, its boundary and all denials considered.
async fn is_administrator(reader: &Reader, identity: &Identity) -> Result<bool, AwsCall> {
    let Some(texts) = holdings::of(reader, identity, Except::NotEvenQuarantines).await? else {
        return Ok(false);
    };
    // A deny that most could step around may name this very principal.
    let denies = |document: Document<'_>| {
        document.statements.iter().any(|statement| statement.effect == Effect::Deny && !statement.conditions.is_empty())
    };
    let unread_or_denying = |text: &String| plain(text).map_or(true, |text| Document::parse(&text).map_or(true, denies));
    let is_one = Access::of(&texts, &[], RequestContext::default()).is_ok_and(|access| access.grants().contains(&Capability::Admin));
    Ok(is_one && !texts.policies.iter().any(unread_or_denying))
}
