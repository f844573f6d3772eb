//! Finds out what became of a target that does not hold the policy under its name.
//!
//! Names move (UpdateUser, UpdateGroup), unique ids don't, and a record says the id of its actor only. If the target's is not known, and somebody else
//! holds the policy who could be the target, Rescind detaches it from nobody.

use aws_sdk_iam::primitives::DateTime;
use aws_sdk_iam::types::EntityType;
use policy::Case;
use policy::arn::PolicyArn;
use policy::target::{Identity, IdentityKind};
use policy::text;
use remedy::reading::Reader;
use remedy::{AwsCall, Named as _, found};

/// At most this many holders are named to a person.
const NAMED: usize = 5;

/// What became of a target that does not hold the policy under its name.
pub enum Whereabouts {
    /// It does not hold the policy under any name.
    Gone,
    /// It does hold the policy: by the listing of the policy's holders.
    Holds,
    /// Nobody can say; why, for a person.
    Uncertain(String),
}

/// A user, group or role that holds the policy now.
struct Holder {
    name: String,
    id: String,
}

/// Finds out, with one call, or two if the unique id is not known.
pub async fn whereabouts(reader: &Reader, case: &Case, target: &Identity, policy_arn: &PolicyArn) -> Result<Whereabouts, AwsCall> {
    let Some(holders) = holders(reader, target, policy_arn).await? else {
        return Ok(if policy_arn.owner() == "aws" {
            // AWS's own policies do not go away: IAM does not find this ARN, and the policy may still be attached.
            Whereabouts::Uncertain(format!("IAM does not find {}, which somebody attached a moment ago", text::name(policy_arn.as_str())))
        } else {
            // The policy itself is gone, and with it every attachment.
            Whereabouts::Gone
        });
    };
    if holders.is_empty() {
        return Ok(Whereabouts::Gone);
    }
    let is_named = |holder: &Holder| holder.name.eq_ignore_ascii_case(target.name.as_str());
    let is_target = |holder: &Holder| target.id.as_ref().map_or_else(|| is_named(holder), |id| holder.id == id.as_str());
    if holders.iter().any(is_target) {
        return Ok(Whereabouts::Holds);
    }
    // IAM has no call that renames a role, and one whose unique id is known holds it under no name.
    if target.kind == IdentityKind::Role || target.id.is_some() {
        return Ok(Whereabouts::Gone);
    }
    let changed_at = DateTime::from_millis(case.record.event_time.timestamp_millis());
    match created(reader, target).await? {
        // The one of that name existed when the change was made, and does not hold the policy.
        Some(created) if created <= changed_at => Ok(Whereabouts::Gone),
        since => {
            let what = if since.is_some() { "was created after the change" } else { "is gone or renamed" };
            Ok(Whereabouts::Uncertain(format!(
                "{target} {what}, and the record does not say its unique id: if it was renamed, it is one of the present holders of the policy: {}",
                listed(&holders)
            )))
        }
    }
}

/// The identities of the target's kind that hold the policy; `None` if IAM does not find the policy.
async fn holders(reader: &Reader, target: &Identity, policy_arn: &PolicyArn) -> Result<Option<Vec<Holder>>, AwsCall> {
    let kind = match target.kind {
        IdentityKind::User => EntityType::User,
        IdentityKind::Group => EntityType::Group,
        IdentityKind::Role => EntityType::Role,
    };
    let mut pages = reader.list_entities_for_policy().policy_arn(policy_arn.as_str()).entity_filter(kind).into_paginator().send();
    let mut holders = Vec::new();
    while let Some(page) = pages.next().await {
        let Some(page) = found(page.named("iam:ListEntitiesForPolicy about", target))? else {
            return Ok(None);
        };
        let holder = |name: Option<String>, id: Option<String>| Some(Holder { name: name?, id: id.unwrap_or_default() });
        holders.extend(page.policy_users.unwrap_or_default().into_iter().filter_map(|user| holder(user.user_name, user.user_id)));
        holders.extend(page.policy_groups.unwrap_or_default().into_iter().filter_map(|group| holder(group.group_name, group.group_id)));
        holders.extend(page.policy_roles.unwrap_or_default().into_iter().filter_map(|role| holder(role.role_name, role.role_id)));
    }
    Ok(Some(holders))
}

/// When the user or group that has the target's name now was created; `None` if there is none.
async fn created(reader: &Reader, target: &Identity) -> Result<Option<DateTime>, AwsCall> {
    let name = target.name.as_str();
    let created = if target.is_user() {
        let answer = reader.get_user().user_name(name).send().await.named("iam:GetUser on", target);
        answer.map(|answer| answer.user.map(|user| user.create_date))
    } else {
        let answer = reader.get_group().group_name(name).send().await.named("iam:GetGroup on", target);
        answer.map(|answer| answer.group.map(|group| group.create_date))
    };
    Ok(found(created)?.flatten())
}

fn listed(holders: &[Holder]) -> String {
    let named = holders.iter().take(NAMED).map(|holder| format!("{} ({})", text::name(&holder.name), text::name(&holder.id)));
    let more = holders.len().checked_sub(NAMED).filter(|more| *more > 0).map(|more| format!("{more} more"));
    named.chain(more).collect::<Vec<_>>().join(", ")
}
