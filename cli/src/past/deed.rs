//! What a record says was done to an account's IAM.

use policy::Event;
use policy::arn::IamName;
use policy::record::{Parameters, reads};
use policy::target::Identity;
use policy::target::IdentityKind::{self, Group, Role, User};
use serde::Deserialize;
use serde_json::Value;

/// The only service whose calls are read.
const IAM: &str = "iam.amazonaws.com";

/// One thing that a call did.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Deed {
    /// A user, group or role was made.
    Made {
        who: Identity,
        id: Option<String>,
        path: String,
        tags: Vec<(String, String)>,
        boundary: Option<String>,
        trust: Option<String>,
        is_bare: bool,
    },
    /// It was deleted.
    Unmade(Identity),
    /// It was given another name or path.
    Moved { who: Identity, name: Option<String>, path: Option<String> },
    /// A managed policy was attached to it.
    Attached(Identity, String),
    /// It was detached.
    Detached(Identity, String),
    /// An inline policy was put, with this text if the record has it.
    Put(Identity, String, Option<String>),
    /// It was deleted.
    Deleted(Identity, String),
    /// A permissions boundary was set, or taken away.
    Bounded(Identity, Option<String>),
    /// A user joined a group.
    Joined(Identity, String),
    /// It left the group.
    Left(Identity, String),
    /// A role got another trust policy.
    Trusted(Identity, Option<String>),
    /// Tags were set.
    Tagged(Identity, Vec<(String, String)>),
    /// Tags were taken away.
    Untagged(Identity, Vec<String>),
    /// A user got an MFA device, by its serial number.
    Enabled(Identity, String),
    /// The device was taken from it.
    Disabled(Identity, String),
    /// A user got an access key.
    Keyed(Identity, String),
    /// A managed policy was made.
    Written { arn: String, text: Option<String> },
    /// It was deleted.
    Unwritten(String),
    /// It got another version.
    Versioned { arn: String, version: Option<String>, text: Option<String>, is_default: bool },
    /// One of its versions became the default.
    Defaulted(String, String),
    /// One of its versions was deleted.
    Unversioned(String, String),
}

/// The parameters that IAM's calls have, each under its one name (IAM API reference; CloudTrail writes them with a small letter).
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Asked {
    user_name: Option<String>,
    group_name: Option<String>,
    role_name: Option<String>,
    new_user_name: Option<String>,
    new_group_name: Option<String>,
    path: Option<String>,
    new_path: Option<String>,
    policy_arn: Option<String>,
    policy_name: Option<String>,
    policy_document: Option<String>,
    assume_role_policy_document: Option<String>,
    permissions_boundary: Option<String>,
    version_id: Option<String>,
    set_as_default: Option<Written>,
    serial_number: Option<String>,
    access_key_id: Option<String>,
    tags: Option<Vec<Tag>>,
    tag_keys: Option<Vec<String>>,
}

/// What IAM answered.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Answered {
    user: Option<Made>,
    group: Option<Made>,
    role: Option<Made>,
    policy: Option<Made>,
    policy_version: Option<Version>,
    access_key: Option<Key>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Made {
    #[serde(alias = "userName", alias = "groupName", alias = "roleName")]
    name: Option<String>,
    #[serde(alias = "userId", alias = "groupId", alias = "roleId")]
    id: Option<String>,
    arn: Option<String>,
    path: Option<String>,
    assume_role_policy_document: Option<Value>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Version {
    version_id: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Key {
    user_name: Option<String>,
    access_key_id: Option<String>,
}

#[derive(Deserialize)]
struct Tag {
    key: String,
    #[serde(default)]
    value: String,
}

/// A boolean, which some producers write as text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Boolean(bool),
    Text(String),
}

impl Written {
    fn is_true(&self) -> bool {
        match self {
            Self::Boolean(value) => *value,
            Self::Text(text) => text.eq_ignore_ascii_case("true"),
        }
    }
}

impl Deed {
    /// Whether a call of this name may have done something, whatever its parameters.
    pub fn may_be(source: &str, call: &str) -> bool {
        source == IAM && !reads(call)
    }

    /// What a call did; `None` if it did nothing that decides what somebody can do, if AWS refused it, or if the record does not say what.
    pub fn of(event: &Event) -> Option<Self> {
        let record = &event.record;
        if !Self::may_be(&record.event_source, &record.event_name) || record.error_code.is_some() {
            return None;
        }
        let asked: Asked = match record.parameters() {
            Parameters::Known(json) => serde_json::from_str(json).ok()?,
            Parameters::Absent | Parameters::Omitted => Asked::default(),
        };
        let answered: Answered = record.response().and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default();
        Self::by(&record.event_name, asked, answered)
    }

    fn by(call: &str, asked: Asked, answered: Answered) -> Option<Self> {
        let user = || named(User, asked.user_name.as_deref()?);
        let group = || named(Group, asked.group_name.as_deref()?);
        let role = || named(Role, asked.role_name.as_deref()?);
        let (arn, policy) = (asked.policy_arn.clone(), asked.policy_name.clone());
        Some(match call {
            "CreateUser" => made(User, asked, answered.user, true)?,
            "CreateGroup" => made(Group, asked, answered.group, true)?,
            "CreateRole" | "CreateServiceLinkedRole" => made(Role, asked, answered.role, call == "CreateRole")?,
            // A role of a template has policies that the record does not say.
            "AcquireRole" => made(Role, asked, answered.role, false)?,
            "DeleteUser" => Self::Unmade(user()?),
            "DeleteGroup" => Self::Unmade(group()?),
            "DeleteRole" => Self::Unmade(role()?),
            "UpdateUser" => Self::Moved { who: user()?, name: asked.new_user_name, path: asked.new_path },
            "UpdateGroup" => Self::Moved { who: group()?, name: asked.new_group_name, path: asked.new_path },
            "AttachUserPolicy" => Self::Attached(user()?, arn?),
            "AttachGroupPolicy" => Self::Attached(group()?, arn?),
            "AttachRolePolicy" => Self::Attached(role()?, arn?),
            "DetachUserPolicy" => Self::Detached(user()?, arn?),
            "DetachGroupPolicy" => Self::Detached(group()?, arn?),
            "DetachRolePolicy" => Self::Detached(role()?, arn?),
            "PutUserPolicy" => Self::Put(user()?, policy?, asked.policy_document),
            "PutGroupPolicy" => Self::Put(group()?, policy?, asked.policy_document),
            "PutRolePolicy" => Self::Put(role()?, policy?, asked.policy_document),
            "DeleteUserPolicy" => Self::Deleted(user()?, policy?),
            "DeleteGroupPolicy" => Self::Deleted(group()?, policy?),
            "DeleteRolePolicy" => Self::Deleted(role()?, policy?),
            "PutUserPermissionsBoundary" => Self::Bounded(user()?, Some(asked.permissions_boundary?)),
            "PutRolePermissionsBoundary" => Self::Bounded(role()?, Some(asked.permissions_boundary?)),
            "DeleteUserPermissionsBoundary" => Self::Bounded(user()?, None),
            "DeleteRolePermissionsBoundary" => Self::Bounded(role()?, None),
            "AddUserToGroup" => Self::Joined(user()?, asked.group_name?),
            "RemoveUserFromGroup" => Self::Left(user()?, asked.group_name?),
            "UpdateAssumeRolePolicy" => Self::Trusted(role()?, asked.policy_document),
            "TagUser" => Self::Tagged(user()?, pairs(asked.tags)),
            "TagRole" => Self::Tagged(role()?, pairs(asked.tags)),
            "UntagUser" => Self::Untagged(user()?, asked.tag_keys?),
            "UntagRole" => Self::Untagged(role()?, asked.tag_keys?),
            "EnableMFADevice" => Self::Enabled(user()?, asked.serial_number?),
            "DeactivateMFADevice" => Self::Disabled(user()?, asked.serial_number?),
            "CreateAccessKey" => {
                let key = answered.access_key?;
                Self::Keyed(named(User, key.user_name.as_deref().or(asked.user_name.as_deref())?)?, key.access_key_id?)
            }
            "CreatePolicy" => Self::Written { arn: answered.policy?.arn?, text: asked.policy_document },
            "DeletePolicy" => Self::Unwritten(arn?),
            "CreatePolicyVersion" => Self::Versioned {
                arn: arn?,
                version: answered.policy_version.and_then(|version| version.version_id),
                text: asked.policy_document,
                is_default: asked.set_as_default.is_some_and(|written| written.is_true()),
            },
            "SetDefaultPolicyVersion" => Self::Defaulted(arn?, asked.version_id?),
            "DeletePolicyVersion" => Self::Unversioned(arn?, asked.version_id?),
            _ => return None,
        })
    }
}

/// Who was made. IAM's answer has the names as it keeps them.
fn made(kind: IdentityKind, asked: Asked, answered: Option<Made>, is_bare: bool) -> Option<Deed> {
    let answered = answered.unwrap_or_default();
    let name = answered.name.or_else(|| kind.pick(asked.user_name, asked.group_name, asked.role_name))?;
    Some(Deed::Made {
        who: named(kind, &name)?,
        id: answered.id,
        path: answered.path.or(asked.path).unwrap_or_else(|| "/".to_owned()),
        tags: pairs(asked.tags),
        boundary: asked.permissions_boundary,
        trust: asked.assume_role_policy_document.or_else(|| answered.assume_role_policy_document.map(text)),
        is_bare,
    })
}

fn named(kind: IdentityKind, name: &str) -> Option<Identity> {
    IamName::new(name).ok().map(|name| Identity::new(kind, name))
}

/// A document, which some producers write as an object.
fn text(document: Value) -> String {
    match document {
        Value::String(text) => text,
        object => object.to_string(),
    }
}

fn pairs(tags: Option<Vec<Tag>>) -> Vec<(String, String)> {
    tags.unwrap_or_default().into_iter().map(|Tag { key, value }| (key, value)).collect()
}
