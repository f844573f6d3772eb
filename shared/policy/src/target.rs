//! What a change is about. Never to be confused with the actor.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::arn::{IamName, PolicyArn, ProviderArn, UniqueId};
use crate::text;

/// A kind of IAM identity.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum IdentityKind {
    /// An IAM user.
    User,
    /// An IAM group.
    Group,
    /// An IAM role.
    Role,
}

impl IdentityKind {
    /// All three.
    pub const ALL: [Self; 3] = [Self::User, Self::Group, Self::Role];

    /// As IAM's API names and the Cedar schema spell it: `User`, `Group`, `Role`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Group => "Group",
            Self::Role => "Role",
        }
    }

    /// As ARNs and people spell it: `user`, `group`, `role`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Group => "group",
            Self::Role => "role",
        }
    }

    /// The one of three that belongs to this kind.
    #[must_use]
    pub fn pick<T>(self, of_user: T, of_group: T, of_role: T) -> T {
        match self {
            Self::User => of_user,
            Self::Group => of_group,
            Self::Role => of_role,
        }
    }

    /// The parameter in which IAM's calls take the name: `UserName`, `GroupName`, `RoleName`.
    #[must_use]
    pub const fn name_parameter(self) -> &'static str {
        match self {
            Self::User => "UserName",
            Self::Group => "GroupName",
            Self::Role => "RoleName",
        }
    }
}

/// A user, group or role: what IAM's own calls take.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Identity {
    /// User, group or role.
    pub kind: IdentityKind,
    /// Its name at the time of the change. Names move; the unique id stays.
    pub name: IamName,
    /// Its unique id, if the event says it.
    pub id: Option<UniqueId>,
}

impl Identity {
    /// One whose unique id is not known.
    #[must_use]
    pub const fn new(kind: IdentityKind, name: IamName) -> Self {
        Self { kind, name, id: None }
    }

    /// A user.
    #[must_use]
    pub const fn user(name: IamName) -> Self {
        Self::new(IdentityKind::User, name)
    }

    /// A group.
    #[must_use]
    pub const fn group(name: IamName) -> Self {
        Self::new(IdentityKind::Group, name)
    }

    /// A role.
    #[must_use]
    pub const fn role(name: IamName) -> Self {
        Self::new(IdentityKind::Role, name)
    }

    /// The same identity with its unique id.
    #[must_use]
    pub fn with_id(self, id: Option<UniqueId>) -> Self {
        Self { id, ..self }
    }

    /// Whether it is a user.
    #[must_use]
    pub fn is_user(&self) -> bool {
        self.kind == IdentityKind::User
    }

    /// Whether it has this kind and name: IAM ignores the case of names.
    #[must_use]
    pub fn is_named(&self, kind: IdentityKind, name: &str) -> bool {
        self.kind == kind && self.name.as_str().eq_ignore_ascii_case(name)
    }

    /// Whether both are the same user, group or role: by their unique ids if both are known, and by their names only if not.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        match (&self.id, &other.id) {
            (Some(one), Some(another)) => self.kind == other.kind && one == another,
            _ => self.is_named(other.kind, other.name.as_str()),
        }
    }

    /// The user or role that the end of an ARN names: `user/path/name`.
    #[must_use]
    pub fn of_resource(resource: &str) -> Option<Self> {
        let (kind, path) = resource.split_once('/')?;
        let kind = [IdentityKind::User, IdentityKind::Role].into_iter().find(|known| known.word() == kind)?;
        Some(Self::new(kind, IamName::new(path.rsplit('/').next()?).ok()?))
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.word(), self.name)
    }
}

/// What a change is about: the Cedar `resource`.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(try_from = "Written", into = "Written")]
pub enum Target {
    /// A user, group or role.
    Identity(Identity),
    /// The account's root user.
    Root,
    /// The account itself: its password policy, its alias.
    Account,
    /// A managed policy.
    Policy(PolicyArn),
    /// An identity provider (SAML or OIDC).
    Provider(ProviderArn),
}

impl Target {
    /// The identity, if it is one.
    #[must_use]
    pub const fn identity(&self) -> Option<&Identity> {
        match self {
            Self::Identity(identity) => Some(identity),
            Self::Root | Self::Account | Self::Policy(_) | Self::Provider(_) => None,
        }
    }

    /// The user, if it is one.
    #[must_use]
    pub fn user(&self) -> Option<&Identity> {
        self.identity().filter(|identity| identity.is_user())
    }
}

impl From<Identity> for Target {
    fn from(identity: Identity) -> Self {
        Self::Identity(identity)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Identity(identity) => identity.fmt(f),
            Self::Root => f.write_str("the root user"),
            Self::Account => f.write_str("the account"),
            Self::Policy(arn) => write!(f, "policy {}", text::name(arn.as_str())),
            Self::Provider(arn) => write!(f, "identity provider {}", text::name(arn.as_str())),
        }
    }
}

/// How a target stands in the JSON of a case: `{"type": "user", "name": "polsen"}`.
#[derive(Clone, Default, Deserialize, Serialize)]
struct Written {
    r#type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<IamName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<UniqueId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    arn: Option<String>,
}

impl From<Identity> for Written {
    fn from(Identity { kind, name, id }: Identity) -> Self {
        Self { r#type: kind.word().to_owned(), name: Some(name), id, arn: None }
    }
}

impl From<Target> for Written {
    fn from(target: Target) -> Self {
        let plain = |word: &str| Self { r#type: word.to_owned(), ..Self::default() };
        match target {
            Target::Identity(identity) => identity.into(),
            // The name is older than this type: readers of cases may rely on it.
            Target::Root => Self { name: Some(IamName::root()), ..plain("root") },
            Target::Account => plain("account"),
            Target::Policy(arn) => Self { arn: Some(arn.to_string()), ..plain("policy") },
            Target::Provider(arn) => Self { arn: Some(arn.to_string()), ..plain("provider") },
        }
    }
}

impl TryFrom<Written> for Identity {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let kind = IdentityKind::ALL.into_iter().find(|kind| kind.word() == written.r#type);
        match (kind, written.name) {
            (Some(kind), Some(name)) => Ok(Self { kind, name, id: written.id }),
            _ => Err("a user, group or role with its name was expected".to_owned()),
        }
    }
}

impl TryFrom<Written> for Target {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let arn = written.arn.as_deref().unwrap_or_default();
        Ok(match &*written.r#type {
            "root" => Self::Root,
            "account" => Self::Account,
            "policy" => Self::Policy(PolicyArn::new(arn).map_err(|error| error.to_string())?),
            "provider" => Self::Provider(ProviderArn::new(arn).map_err(|error| error.to_string())?),
            _ => Self::Identity(written.try_into()?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_is_read_back_from_the_json_of_a_case() {
        for json in [
            r#"{"type":"user","name":"polsen","id":"AIDAEXAMPLEEXAMPLE00"}"#,
            r#"{"type":"group","name":"admins"}"#,
            r#"{"type":"root","name":"root"}"#,
            r#"{"type":"account"}"#,
            r#"{"type":"policy","arn":"arn:aws:iam::123456789012:policy/team/P"}"#,
            r#"{"type":"provider","arn":"arn:aws:iam::123456789012:saml-provider/Idp"}"#,
        ] {
            let target: Target = serde_json::from_str(json).unwrap();
            assert_eq!(serde_json::to_string(&target).unwrap(), json);
        }
    }

    #[test]
    fn root_is_no_identity() {
        assert!(serde_json::from_str::<Identity>(r#"{"type":"root","name":"root"}"#).is_err());
        assert!(serde_json::from_str::<Target>(r#"{"type":"user"}"#).is_err());
    }

    #[test]
    fn names_are_compared_as_iam_does() {
        let user = Identity::user(IamName::new("Polsen").unwrap());
        assert!(user.is_named(IdentityKind::User, "polsen"));
        assert!(!user.is_named(IdentityKind::Role, "polsen"));
    }

    #[test]
    fn unique_ids_decide_and_names_only_without_them() {
        let named =
            |name: &str, id: Option<&str>| Identity::user(IamName::new(name).unwrap()).with_id(id.map(|id| UniqueId::new(id).unwrap()));
        let polsen = named("polsen", Some("AIDAEXAMPLEEXAMPLE001"));
        assert!(polsen.is_same(&named("renamed", Some("AIDAEXAMPLEEXAMPLE001"))));
        assert!(!polsen.is_same(&named("polsen", Some("AIDAEXAMPLEEXAMPLE002"))));
        assert!(polsen.is_same(&named("Polsen", None)) && named("Polsen", None).is_same(&polsen));
        assert!(!polsen.is_same(&named("other", None)));
        assert!(!polsen.is_same(&Identity { kind: IdentityKind::Role, ..polsen.clone() }));
    }
}
