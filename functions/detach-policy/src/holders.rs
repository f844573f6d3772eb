//! Where a target went that does not hold the policy under its old name.
//!
//! Names move (UpdateUser, UpdateGroup), unique ids don't. Who holds the policy now is asked of the policy itself, and the unique id
//! decides whether one of the holders is the target. A record tells the id only of its actor, so it is known where somebody changed
//! their own access. Where it is not known, and somebody else holds the policy who could be the target, nothing is detached from anybody.

use aws_sdk_iam::Client;
use aws_sdk_iam::primitives::DateTime;
use aws_sdk_iam::types::EntityType;
use policy::Case;
use policy::actor::ActorKind;
use policy::arn::{IamName, PolicyArn};
use policy::change::{Target, TargetKind};
use policy::text::shown;
use remedy::{AwsCall, found};

/// At most this many holders are named to a person.
const NAMED: usize = 5;

/// What became of a target that does not hold the policy under its name.
pub enum Whereabouts {
    /// It does not hold the policy under any name.
    Gone,
    /// It still does, under this name.
    Renamed(Target),
    /// It cannot be told; why, for a person.
    Uncertain(String),
}

/// A user, group or role that holds the policy now.
struct Holder {
    name: String,
    id: String,
}

/// Finds out, with one call, or two where the unique id is not known.
pub async fn whereabouts(iam: &Client, case: &Case, target: &Target, policy_arn: &PolicyArn) -> Result<Whereabouts, AwsCall> {
    let Some(holders) = holders(iam, target, policy_arn).await? else {
        return Ok(if policy_arn.owner() == "aws" {
            // AWS's own policies do not go away: the ARN is not one that IAM finds, and what was attached under it may still be.
            Whereabouts::Uncertain(format!("IAM does not find {}, which was attached a moment ago", shown(policy_arn.as_str())))
        } else {
            // The policy itself is gone, and with it every attachment.
            Whereabouts::Gone
        });
    };
    if holders.is_empty() {
        return Ok(Whereabouts::Gone);
    }
    let renamed = |holder: &Holder| IamName::new(&holder.name).ok().map(|name| Target { kind: target.kind, name });
    let of_that_name = |holder: &&Holder| holder.name.eq_ignore_ascii_case(target.name.as_str());
    if target.kind == TargetKind::Role {
        // IAM has no call that renames a role.
        return Ok(holders.iter().find(of_that_name).and_then(renamed).map_or(Whereabouts::Gone, Whereabouts::Renamed));
    }
    if let Some(id) = unique_id(case, target) {
        let found = holders.iter().find(|holder| holder.id == id).and_then(renamed);
        return Ok(found.map_or(Whereabouts::Gone, Whereabouts::Renamed));
    }
    if holders.iter().any(|holder| of_that_name(&holder)) {
        // Attached again since the detach was refused: that is another change, with an event of its own.
        return Ok(Whereabouts::Gone);
    }
    let changed_at = DateTime::from_millis(case.record.event_time.timestamp_millis());
    match created(iam, target).await? {
        // The one of that name was there when the change was made, and it does not hold the policy.
        Some(created) if created <= changed_at => Ok(Whereabouts::Gone),
        since => {
            let what = if since.is_some() { "was created after the change" } else { "is gone or renamed" };
            Ok(Whereabouts::Uncertain(format!(
                "{target} {what}, and the record does not tell its unique id: if it was renamed, it is one of those who hold the policy now: {}",
                listed(&holders)
            )))
        }
    }
}

/// The target's unique id, where the record tells it: where the actor changed their own access.
fn unique_id<'a>(case: &'a Case, target: &Target) -> Option<&'a str> {
    let actor = &case.actor;
    let oneself = target.kind == TargetKind::User
        && actor.kind == ActorKind::User
        && actor.account == case.account.as_str()
        && actor.name.eq_ignore_ascii_case(target.name.as_str());
    actor.principal_id.as_deref().filter(|_| oneself)
}

/// Who of the target's kind holds the policy; `None` where IAM does not find the policy.
async fn holders(iam: &Client, target: &Target, policy_arn: &PolicyArn) -> Result<Option<Vec<Holder>>, AwsCall> {
    let kind = match target.kind {
        TargetKind::User => EntityType::User,
        TargetKind::Group => EntityType::Group,
        TargetKind::Role | TargetKind::Root => EntityType::Role,
    };
    let mut pages = iam.list_entities_for_policy().policy_arn(policy_arn.as_str()).entity_filter(kind).into_paginator().send();
    let mut holders = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| AwsCall::of(format!("iam:ListEntitiesForPolicy about {target}"), &error));
        let Some(page) = found(page)? else {
            return Ok(None);
        };
        let holder = |name: Option<String>, id: Option<String>| Some(Holder { name: name?, id: id.unwrap_or_default() });
        holders.extend(page.policy_users.unwrap_or_default().into_iter().filter_map(|user| holder(user.user_name, user.user_id)));
        holders.extend(page.policy_groups.unwrap_or_default().into_iter().filter_map(|group| holder(group.group_name, group.group_id)));
        holders.extend(page.policy_roles.unwrap_or_default().into_iter().filter_map(|role| holder(role.role_name, role.role_id)));
    }
    Ok(Some(holders))
}

/// When the user or group that has the target's name now was created; `None` where there is none.
async fn created(iam: &Client, target: &Target) -> Result<Option<DateTime>, AwsCall> {
    let name = target.name.as_str();
    let created = if target.kind == TargetKind::User {
        let answer = iam.get_user().user_name(name).send().await;
        let answer = answer.map_err(|error| AwsCall::of(format!("iam:GetUser on {target}"), &error));
        answer.map(|answer| answer.user.map(|user| user.create_date))
    } else {
        let answer = iam.get_group().group_name(name).send().await;
        let answer = answer.map_err(|error| AwsCall::of(format!("iam:GetGroup on {target}"), &error));
        answer.map(|answer| answer.group.map(|group| group.create_date))
    };
    Ok(found(created)?.flatten())
}

fn listed(holders: &[Holder]) -> String {
    let named = holders.iter().take(NAMED).map(|holder| format!("{} ({})", shown(&holder.name), shown(&holder.id)));
    let more = holders.len().checked_sub(NAMED).filter(|more| *more > 0).map(|more| format!("{more} more"));
    named.chain(more).collect::<Vec<_>>().join(", ")
}
