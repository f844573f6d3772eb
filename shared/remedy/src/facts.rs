//! What a guardrail has to know of the target that the record does not tell. Read only when one asks.

use aws_sdk_iam::Client;
use aws_sdk_iam::types::Tag;
use policy::arn::{CredentialId, IamName};
use policy::change::{Target, TargetKind};
use policy::guardrail::{Facts, Needs, TargetDetails, Texts};
use policy::text::shown;
use policy::{Change, Rulebook};

use crate::error::{AwsCall, Error, Failure, found, known};
use crate::holdings;

/// Why facts cannot be had: not an error of AWS's, but the change cannot be judged, and a person has to be told.
const GONE: &str = "the target is no longer there under its name, so what the guardrails ask of it cannot be read";

/// The facts, or why they cannot be had.
pub async fn read(iam: &Client, rulebook: &Rulebook, change: &Change, needs: Needs) -> Result<Result<Facts, String>, Error> {
    let target = change.target();
    let gone = || Ok(Err(GONE.to_owned()));
    let mut facts = Facts::default();
    // Nobody but root can ask about root, and nothing that guardrails ask for is to be had of it.
    if target.kind == TargetKind::Root {
        return Ok(Ok(facts));
    }
    if needs.details {
        match found(details(iam, target).await)? {
            Some(details) => facts.details = Some(details),
            None => return gone(),
        }
    }
    if needs.groups && target.kind == TargetKind::User {
        match found(groups(iam, target).await)? {
            Some(groups) => facts.groups = groups,
            None => return gone(),
        }
    }
    if let Change::PolicyAttached { policy_arn, .. } = change
        && (needs.document || needs.holdings)
    {
        let Some(document) = holdings::document(iam, policy_arn.as_str()).await? else {
            return Ok(Err(format!("the policy {} is no longer there, so what it grants cannot be read", shown(policy_arn.as_str()))));
        };
        let judge = |texts: &Texts| rulebook.access(texts).map_err(|error| format!("what is granted cannot be told: {error}"));
        let alone = Texts { policies: vec![document.clone()], boundary: None };
        match judge(&alone) {
            Ok(access) => facts.policy = Some(access),
            Err(reason) => return Ok(Err(reason)),
        }
        if needs.holdings {
            let Some(mut texts) = holdings::of(iam, target, Some(policy_arn)).await? else {
                return gone();
            };
            let before = judge(&texts);
            texts.policies.push(document);
            match (before, judge(&texts)) {
                (Ok(before), Ok(after)) => (facts.before, facts.after) = (Some(before), Some(after)),
                (Err(reason), _) | (_, Err(reason)) => return Ok(Err(reason)),
            }
        }
    }
    Ok(Ok(facts))
}

/// The path and tags of a user, group or role.
pub async fn details(iam: &Client, target: &Target) -> Result<TargetDetails, AwsCall> {
    let name = target.name.as_str();
    let found = match target.kind {
        TargetKind::User => {
            let answer = iam.get_user().user_name(name).send().await;
            let user = answer.map_err(|error| AwsCall::of(format!("iam:GetUser on {target}"), &error))?.user;
            user.map(|user| (user.path, user.tags.unwrap_or_default()))
        }
        TargetKind::Group => {
            let answer = iam.get_group().group_name(name).send().await;
            let group = answer.map_err(|error| AwsCall::of(format!("iam:GetGroup on {target}"), &error))?.group;
            group.map(|group| (group.path, Vec::new()))
        }
        TargetKind::Role => {
            let answer = iam.get_role().role_name(name).send().await;
            let role = answer.map_err(|error| AwsCall::of(format!("iam:GetRole on {target}"), &error))?.role;
            role.map(|role| (role.path, role.tags.unwrap_or_default()))
        }
        TargetKind::Root => None,
    };
    let (path, tags) = found.ok_or_else(|| AwsCall {
        call: format!("reading {target}"),
        failure: Failure::ServiceError,
        message: "IAM's answer holds no entity".to_owned(),
    })?;
    Ok(TargetDetails { path, tags: tags.into_iter().map(|Tag { key, value, .. }| (key, value)).collect() })
}

/// Whose an access key is, or why that cannot be told.
///
/// # Errors
///
/// Where IAM did not answer.
pub async fn owner(iam: &Client, id: &CredentialId) -> Result<Result<Target, String>, AwsCall> {
    let answer = iam.get_access_key_last_used().access_key_id(id.as_str()).send().await;
    let answer = answer.map_err(|error| AwsCall::of(format!("iam:GetAccessKeyLastUsed on {id}"), &error));
    let Some(answer) = known(answer)? else {
        return Ok(Err(format!("IAM does not know the key {id}: it was deleted already, or is another account's")));
    };
    let name = answer.user_name.unwrap_or_default();
    Ok(IamName::new(&name).map_or_else(
        |_| Err(format!("IAM does not say whose the key {id} is: it may be root's, which only root can see and delete")),
        |name| Ok(Target { kind: TargetKind::User, name }),
    ))
}

/// The groups that a user is in.
pub async fn groups(iam: &Client, target: &Target) -> Result<Vec<IamName>, AwsCall> {
    let mut groups = Vec::new();
    let mut pages = iam.list_groups_for_user().user_name(target.name.as_str()).into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| AwsCall::of(format!("iam:ListGroupsForUser on {target}"), &error))?;
        groups.extend(page.groups.iter().filter_map(|group| IamName::new(&group.group_name).ok()));
    }
    Ok(groups)
}
