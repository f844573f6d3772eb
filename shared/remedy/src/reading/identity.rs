//! A user, group or role as IAM knows it now.
//!
//! Names move (UpdateUser, UpdateGroup) and are given again; unique ids are not (IAM user guide, "Unique identifiers"). If an id is known, it
//! decides, and [`resolve`] is the only place that does so.

use aws_sdk_iam::types::Tag;
use policy::arn::{CredentialId, IamName, UniqueId};
use policy::credential::CredentialKind;
use policy::facts::IdentityDetails;
use policy::target::{Identity, IdentityKind};

use super::{Reader, credentials};
use crate::error::{AwsCall, Failure, Named as _, found};

/// Entries on one page: the most that IAM gives (IAM API reference, `ListUsers`, `MaxItems`).
const PAGE: i32 = 1000;

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

/// Whom a change or finding means, as IAM knows them now.
#[derive(Debug)]
pub enum Whom {
    /// This identity, under the name that it has now.
    Is(Identity),
    /// Nobody any more: IAM has no such unique id, or no such key. Why, for a person.
    Gone(String),
    /// It cannot be known; why, for a person.
    Unknown(String),
}

/// Whom a change or finding means: whoever has the unique id; if it is not known or nobody has it, whoever owns the access key; if neither is
/// known, whoever has the name.
///
/// # Errors
///
/// If IAM did not answer.
pub async fn resolve(reader: &Reader, wanted: &Identity, key: Option<&CredentialId>) -> Result<Whom, AwsCall> {
    let key = key.filter(|key| !key.is_of_a_session());
    let by_id = match &wanted.id {
        Some(id) => by_id(reader, wanted, id).await?,
        None if key.is_none() => return Ok(Whom::Is(wanted.clone())),
        None => Whom::Unknown(format!("nothing says for certain who {wanted} is")),
    };
    match (by_id, key) {
        // A key has one owner for as long as it exists.
        (Whom::Gone(_) | Whom::Unknown(_), Some(key)) => by_key(reader, wanted, key).await,
        (by_id, _) => Ok(by_id),
    }
}

async fn by_id(reader: &Reader, wanted: &Identity, id: &UniqueId) -> Result<Whom, AwsCall> {
    let bearer = id_of(reader, wanted).await?;
    if bearer.as_deref() == Some(id.as_str()) {
        return Ok(Whom::Is(wanted.clone()));
    }
    let another = if bearer.is_some() { ": another one has its name now" } else { "" };
    match wanted.kind {
        IdentityKind::User => {
            let now = user_with(reader, id).await?;
            let deleted = || Whom::Gone(format!("{wanted} with the unique id {} was deleted{another}", id.as_str()));
            Ok(now.map_or_else(deleted, |name| Whom::Is(Identity::user(name).with_id(Some(id.clone())))))
        }
        // IAM has no call that renames a role.
        IdentityKind::Role => Ok(Whom::Gone(format!("{wanted} with the unique id {} was deleted{another}", id.as_str()))),
        IdentityKind::Group => Ok(Whom::Unknown(format!("{wanted} with the unique id {} was renamed or deleted{another}", id.as_str()))),
    }
}

async fn by_key(reader: &Reader, wanted: &Identity, key: &CredentialId) -> Result<Whom, AwsCall> {
    let owns = async |user: &IamName| {
        let listed = credentials::of_kind(reader, user, CredentialKind::AccessKey).await?;
        Ok::<bool, AwsCall>(listed.is_some_and(|listed| listed.iter().any(|listed| listed.credential.id == *key)))
    };
    if owns(&wanted.name).await? {
        return Ok(Whom::Is(wanted.clone()));
    }
    match owner(reader, key).await? {
        Owner::User(now) if owns(&now.name).await? => Ok(Whom::Is(now)),
        Owner::User(now) => Ok(Whom::Unknown(format!("IAM says that the key {key} belongs to {now}, and does not list it there"))),
        Owner::Gone(why) => Ok(Whom::Gone(why)),
        Owner::Unknown(why) => Ok(Whom::Unknown(why)),
    }
}

/// Who has a name now.
pub struct Bearer {
    /// The unique id.
    pub id: String,
    /// When they were made, in seconds since 1970.
    pub made: i64,
}

/// Who has that name; `None` if nobody has.
///
/// # Errors
///
/// If IAM did not answer.
pub async fn bearer(reader: &Reader, identity: &Identity) -> Result<Option<Bearer>, AwsCall> {
    let name = identity.name.as_str();
    let found = match identity.kind {
        IdentityKind::User => found(reader.get_user().user_name(name).send().await.named("iam:GetUser on", identity))?
            .and_then(|answer| answer.user)
            .map(|user| (user.user_id, user.create_date)),
        IdentityKind::Group => found(reader.get_group().group_name(name).send().await.named("iam:GetGroup on", identity))?
            .and_then(|answer| answer.group)
            .map(|group| (group.group_id, group.create_date)),
        IdentityKind::Role => found(reader.get_role().role_name(name).send().await.named("iam:GetRole on", identity))?
            .and_then(|answer| answer.role)
            .map(|role| (role.role_id, role.create_date)),
    };
    Ok(found.map(|(id, made)| Bearer { id, made: made.secs() }))
}

/// The unique id of whoever has that name; `None` if nobody has.
///
/// # Errors
///
/// If IAM did not answer.
pub async fn id_of(reader: &Reader, identity: &Identity) -> Result<Option<String>, AwsCall> {
    Ok(bearer(reader, identity).await?.map(|bearer| bearer.id))
}

/// The name of the user with this unique id. IAM finds users by name alone, so all are listed: 1,000 a page, 5,000 by default in an account.
async fn user_with(reader: &Reader, id: &UniqueId) -> Result<Option<IamName>, AwsCall> {
    let mut pages = reader.list_users().max_items(PAGE).into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.named("iam:ListUsers", &"")?;
        if let Some(user) = page.users.iter().find(|user| user.user_id == id.as_str()) {
            return Ok(IamName::new(&user.user_name).ok());
        }
    }
    Ok(None)
}

/// Whether there is a user, group or role of that name.
///
/// # Errors
///
/// If IAM did not answer.
pub async fn exists(reader: &Reader, identity: &Identity) -> Result<bool, AwsCall> {
    Ok(found(details(reader, identity).await)?.is_some())
}

/// Who owns an access key.
#[derive(Debug)]
pub enum Owner {
    /// This user.
    User(Identity),
    /// Nobody: IAM has no such key. Why, for a person.
    Gone(String),
    /// It cannot be known; why, for a person.
    Unknown(String),
}

/// The user who owns an access key.
///
/// # Errors
///
/// If IAM did not answer.
pub async fn owner(reader: &Reader, id: &CredentialId) -> Result<Owner, AwsCall> {
    let answer = reader.get_access_key_last_used().access_key_id(id.as_str()).send().await;
    let answer = match answer.named("iam:GetAccessKeyLastUsed on", id) {
        Ok(answer) => answer,
        Err(call) if call.failure == Failure::NotFound => {
            return Ok(Owner::Gone(format!("IAM does not know the key {id}: it was deleted")));
        }
        // IAM's answer about keys of other accounts.
        Err(call) if call.failure == Failure::AccessDenied => {
            let why = "the key belongs to another account, or this function is not allowed to ask";
            return Ok(Owner::Unknown(format!("IAM refuses to say whose the key {id} is: {why}")));
        }
        Err(call) => return Err(call),
    };
    let name = answer.user_name.unwrap_or_default();
    let root = || format!("IAM does not say whose the key {id} is: it may be root's, which only root can see and delete");
    Ok(IamName::new(&name).map(Identity::user).map_or_else(|_| Owner::Unknown(root()), Owner::User))
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
