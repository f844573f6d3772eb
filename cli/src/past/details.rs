//! An account in the JSON of `aws iam get-account-authorization-details`, as what it is known to have been; and what is known of one in that JSON.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use policy::arn::{AccountId, IdentifierError, path_of};
use policy::target::IdentityKind;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use thiserror::Error;

use super::state::{self, Account, Entity, Listing, Policy, Sure};

/// Why an account's details cannot be used.
#[derive(Debug, Error)]
pub enum DetailsError {
    #[error("not what `aws iam get-account-authorization-details` prints: {0}")]
    Json(#[from] serde_json::Error),
    #[error("no user, group, role or policy in it is of an account, so it cannot be said of which it is")]
    Nobody,
    #[error("its account cannot be read: {0}")]
    Account(#[from] IdentifierError),
    #[error("it is of more than one account: {0} and {1}")]
    Several(AccountId, AccountId),
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Details {
    user_detail_list: Vec<Detail>,
    group_detail_list: Vec<Detail>,
    role_detail_list: Vec<Detail>,
    policies: Vec<Managed>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Detail {
    #[serde(alias = "UserName", alias = "GroupName", alias = "RoleName")]
    name: String,
    #[serde(alias = "UserId", alias = "GroupId", alias = "RoleId")]
    id: Option<String>,
    arn: String,
    path: Option<String>,
    create_date: Option<DateTime<Utc>>,
    #[serde(default)]
    group_list: Vec<String>,
    #[serde(default, alias = "UserPolicyList", alias = "GroupPolicyList", alias = "RolePolicyList")]
    inline: Vec<Inline>,
    #[serde(default)]
    attached_managed_policies: Vec<Attachment>,
    permissions_boundary: Option<Boundary>,
    assume_role_policy_document: Option<Box<RawValue>>,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Inline {
    policy_name: String,
    policy_document: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attachment {
    policy_arn: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Boundary {
    permissions_boundary_arn: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Tag {
    key: String,
    #[serde(default)]
    value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Managed {
    arn: String,
    default_version_id: Option<String>,
    #[serde(default)]
    policy_version_list: Vec<Version>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Version {
    #[serde(rename = "VersionId")]
    id: String,
    #[serde(default, rename = "IsDefaultVersion")]
    is_default: bool,
    document: Option<Box<RawValue>>,
    create_date: Option<DateTime<Utc>>,
}

/// Reads an account, and whose it is.
pub fn read(json: &str) -> Result<(AccountId, Account), DetailsError> {
    let details: Details = serde_json::from_str(json)?;
    let mut account = Account::read();
    let mut whose: Option<AccountId> = None;
    let mut own = |arn: &str| {
        let owner = arn.split(':').nth(4).unwrap_or_default();
        if owner == "aws" {
            return Ok(());
        }
        let owner = AccountId::new(owner)?;
        match whose.get_or_insert_with(|| owner.clone()) {
            known if *known == owner => Ok(()),
            known => Err(DetailsError::Several(known.clone(), owner)),
        }
    };
    for (kind, list) in IdentityKind::ALL.into_iter().zip([details.user_detail_list, details.group_detail_list, details.role_detail_list]) {
        for detail in list {
            own(&detail.arn)?;
            account.add(entity(kind, detail));
        }
    }
    for managed in details.policies {
        own(&managed.arn)?;
        account.add_policy(policy(managed));
    }
    whose.map(|whose| (whose, account)).ok_or(DetailsError::Nobody)
}

fn entity(kind: IdentityKind, detail: Detail) -> Entity {
    let sure = Sure::Assumed;
    let mut entity = Entity::unknown(kind, &detail.name, DateTime::UNIX_EPOCH, sure);
    entity.id = detail.id;
    entity.path = detail.path.or_else(|| detail.arn.contains('/').then(|| path_of(&detail.arn).to_owned()));
    entity.made = detail.create_date;
    entity.tags = Some((detail.tags.into_iter().map(|Tag { key, value }| (key, value)).collect(), sure));
    (entity.attached, entity.inline, entity.groups) = (Listing::empty(sure), Listing::empty(sure), Listing::empty(sure));
    for attachment in detail.attached_managed_policies {
        entity.attached.put(&attachment.policy_arn, (), sure);
    }
    for inline in detail.inline {
        entity.inline.put(&inline.policy_name, inline.policy_document.as_deref().map(text), sure);
    }
    for group in detail.group_list {
        entity.groups.put(&group, (), sure);
    }
    entity.boundary = Some((detail.permissions_boundary.and_then(|boundary| boundary.permissions_boundary_arn), sure));
    entity.trust = detail.assume_role_policy_document.as_deref().map(|document| (text(document), sure));
    entity
}

fn policy(managed: Managed) -> Policy {
    let sure = Sure::Assumed;
    let mut policy = Policy::new(&managed.arn, sure);
    policy.default = managed.default_version_id.map(|version| (version, sure));
    for version in managed.policy_version_list {
        if version.is_default {
            policy.default = Some((version.id.clone(), sure));
        }
        let known = state::Version { text: version.document.as_deref().map(text), made: version.create_date };
        policy.versions.put(&version.id, known, sure);
    }
    policy
}

/// A document's text: the AWS CLI prints an object, IAM itself answers with percent-encoded text.
fn text(document: &RawValue) -> Arc<str> {
    serde_json::from_str::<String>(document.get()).unwrap_or_else(|_| document.get().to_owned()).into()
}

/// What is known of an account in the same JSON. Whoever is not known wholly is left out.
pub fn write(whose: &AccountId, account: &Account) -> Value {
    let all = |kind: IdentityKind| {
        let known = account.entities(kind).into_iter().filter(|entity| entity.whole().is_some());
        known.map(|entity| entity_json(whose, account.partition, entity)).collect::<Vec<_>>()
    };
    let policies = account.policies().into_iter().filter(|policy| policy.versions.whole.is_some());
    json!({
        "UserDetailList": all(IdentityKind::User),
        "GroupDetailList": all(IdentityKind::Group),
        "RoleDetailList": all(IdentityKind::Role),
        "Policies": policies.map(policy_json).collect::<Vec<_>>(),
    })
}

fn entity_json(whose: &AccountId, partition: &str, entity: &Entity) -> Value {
    let kind = entity.kind;
    let path = entity.path.as_deref().unwrap_or("/");
    let inline = entity.inline.items.values().map(|item| json!({ "PolicyName": item.name, "PolicyDocument": item.value.as_deref() }));
    let attached = entity.attached.items.values().map(|item| json!({ "PolicyName": item.name.rsplit('/').next(), "PolicyArn": item.name }));
    let mut json = json!({
        format!("{}Name", kind.name()): entity.name,
        format!("{}Id", kind.name()): entity.id,
        "Arn": format!("arn:{partition}:iam::{whose}:{}{path}{}", kind.word(), entity.name),
        "Path": path,
        "CreateDate": entity.made,
        format!("{}PolicyList", kind.name()): inline.collect::<Vec<_>>(),
        "AttachedManagedPolicies": attached.collect::<Vec<_>>(),
    });
    let Some(members) = json.as_object_mut() else {
        return json;
    };
    let mut member = |name: &str, value: Value| members.insert(name.to_owned(), value);
    if kind == IdentityKind::User {
        member("GroupList", entity.groups.items.values().map(|item| item.name.as_str()).collect());
    }
    if let Some((Some(arn), _)) = &entity.boundary {
        member("PermissionsBoundary", json!({ "PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn }));
    }
    if let Some((trust, _)) = &entity.trust {
        member("AssumeRolePolicyDocument", json!(trust.as_ref()));
    }
    if let Some((tags, _)) = entity.tags.as_ref().filter(|_| kind != IdentityKind::Group) {
        member("Tags", tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect());
    }
    json
}

fn policy_json(policy: &Policy) -> Value {
    let default = policy.default.as_ref().map(|(version, _)| version.as_str());
    let versions = policy.versions.items.values().map(|item| {
        let state::Version { text, made } = &item.value;
        json!({ "VersionId": item.name, "IsDefaultVersion": default == Some(&item.name), "Document": text.as_deref(), "CreateDate": made })
    });
    json!({
        "PolicyName": policy.arn.rsplit('/').next(), "Arn": policy.arn, "DefaultVersionId": default,
        "PolicyVersionList": versions.collect::<Vec<_>>(),
    })
}
