//! What is known of an account's IAM at a moment.
//!
//! What nobody has said is not known to be absent: a listing is whole only if whoever has it was made in the records, or if somebody read the account.

mod apply;
mod undo;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use policy::arn::IamName;
use policy::target::IdentityKind;

/// How sure something is.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub enum Sure {
    /// The records say it.
    #[default]
    Certain,
    /// It is so in the account's details, which are of another day.
    Assumed,
}

/// Something that is known, and how surely; `None` if it is not.
pub type Known<T> = Option<(T, Sure)>;

/// Things of one kind that somebody has, by their names in lower case.
#[derive(Clone, Debug)]
pub struct Listing<T> {
    pub items: BTreeMap<String, Item<T>>,
    /// How sure it is that there are no others; `None` if it is not known.
    pub whole: Option<Sure>,
}

/// One of them.
#[derive(Clone, Debug)]
pub struct Item<T> {
    /// Its name, as it was written.
    pub name: String,
    pub value: T,
    pub sure: Sure,
}

/// A user, group or role.
#[derive(Clone, Debug)]
pub struct Entity {
    pub kind: IdentityKind,
    pub name: String,
    pub sure: Sure,
    pub id: Option<String>,
    pub path: Option<String>,
    pub made: Option<DateTime<Utc>>,
    pub tags: Known<Vec<(String, String)>>,
    /// Managed policies, by their ARNs.
    pub attached: Listing<()>,
    /// Inline policies, each with its text if it is known.
    pub inline: Listing<Option<Arc<str>>>,
    /// The groups that a user is in.
    pub groups: Listing<()>,
    /// A user's MFA devices, each with when it was enabled.
    pub devices: Listing<DateTime<Utc>>,
    pub boundary: Known<Option<String>>,
    /// A role's trust policy.
    pub trust: Known<Arc<str>>,
    /// When the records first speak of it.
    seen: DateTime<Utc>,
}

/// A managed policy.
#[derive(Clone, Debug)]
pub struct Policy {
    pub arn: String,
    pub sure: Sure,
    pub versions: Listing<Version>,
    pub default: Known<String>,
    /// Which version had been the default before the last change of it.
    pub replaced: Option<String>,
}

/// A version of it.
#[derive(Clone, Debug, Default)]
pub struct Version {
    /// What it says, if that is known.
    pub text: Option<Arc<str>>,
    pub made: Option<DateTime<Utc>>,
}

/// Whether somebody is there.
#[derive(Clone, Copy, Debug)]
pub enum Presence<T> {
    Is(T),
    /// No longer, or never.
    Gone(Sure),
    Unknown,
}

/// An account.
#[derive(Debug, Default)]
pub struct Account {
    /// Those that were deleted stay as `None`.
    entities: HashMap<(IdentityKind, String), Option<Entity>>,
    policies: HashMap<String, Option<Policy>>,
    /// Whose each access key is.
    keys: HashMap<String, IamName>,
    /// Whether somebody has read all of it.
    pub is_read: bool,
    /// `aws`, or another partition.
    pub partition: &'static str,
}

impl<T> Listing<T> {
    /// One of which nothing is known.
    const fn unknown() -> Self {
        Self { items: BTreeMap::new(), whole: None }
    }

    /// One that has nothing in it.
    pub const fn empty(sure: Sure) -> Self {
        Self { items: BTreeMap::new(), whole: Some(sure) }
    }

    pub fn put(&mut self, name: &str, value: T, sure: Sure) {
        self.items.insert(name.to_ascii_lowercase(), Item { name: name.to_owned(), value, sure });
    }

    fn remove(&mut self, name: &str) {
        self.items.remove(&name.to_ascii_lowercase());
    }

    pub fn get(&self, name: &str) -> Option<&Item<T>> {
        self.items.get(&name.to_ascii_lowercase())
    }

    /// How sure the listing is as a whole; `None` if there may be more in it.
    pub fn sure(&self) -> Option<Sure> {
        self.whole.map(|whole| self.items.values().map(|item| item.sure).max().unwrap_or_default().max(whole))
    }
}

impl Entity {
    /// One of which nothing is known but that it is there.
    pub fn unknown(kind: IdentityKind, name: &str, seen: DateTime<Utc>, sure: Sure) -> Self {
        Self {
            kind,
            name: name.to_owned(),
            sure,
            id: None,
            path: None,
            made: None,
            tags: None,
            attached: Listing::unknown(),
            inline: Listing::unknown(),
            groups: Listing::unknown(),
            devices: Listing::unknown(),
            boundary: None,
            trust: None,
            seen,
        }
    }

    /// How sure all of it is; `None` if something is not known.
    pub fn whole(&self) -> Option<Sure> {
        let is_role = self.kind == IdentityKind::Role;
        let trust = if is_role { self.trust.as_ref()?.1 } else { Sure::Certain };
        let is_group = self.kind == IdentityKind::Group;
        let boundary = if is_group { Sure::Certain } else { self.boundary.as_ref()?.1.max(self.tags.as_ref()?.1) };
        let groups = if self.kind == IdentityKind::User { self.groups.sure()? } else { Sure::Certain };
        let is_read = self.inline.items.values().all(|item| item.value.is_some());
        let all = [self.sure, trust, boundary, groups, self.attached.sure()?, self.inline.sure()?];
        all.into_iter().max().filter(|_| is_read)
    }
}

impl Policy {
    fn unknown(arn: &str, sure: Sure) -> Self {
        Self { arn: arn.to_owned(), sure, versions: Listing::unknown(), default: None, replaced: None }
    }

    /// One with these versions and no others.
    pub fn new(arn: &str, sure: Sure) -> Self {
        Self { versions: Listing::empty(sure), ..Self::unknown(arn, sure) }
    }
}

fn key(kind: IdentityKind, name: &str) -> (IdentityKind, String) {
    (kind, name.to_ascii_lowercase())
}

impl Account {
    /// One that somebody has read, to be filled.
    pub fn read() -> Self {
        Self { is_read: true, ..Self::default() }
    }

    /// The user, group or role of that name.
    pub fn entity(&self, kind: IdentityKind, name: &str) -> Presence<&Entity> {
        self.presence(self.entities.get(&key(kind, name)))
    }

    /// The managed policy with this ARN.
    pub fn policy(&self, arn: &str) -> Presence<&Policy> {
        self.presence(self.policies.get(&arn.to_ascii_lowercase()))
    }

    const fn presence<'a, T>(&self, found: Option<&'a Option<T>>) -> Presence<&'a T> {
        match found {
            Some(Some(found)) => Presence::Is(found),
            Some(None) => Presence::Gone(Sure::Certain),
            None if self.is_read => Presence::Gone(Sure::Assumed),
            None => Presence::Unknown,
        }
    }

    /// Whose an access key is.
    pub fn owner(&self, key: &str) -> Option<&IamName> {
        self.keys.get(key)
    }

    /// All users, groups and roles that are there, in the order of their names.
    pub fn entities(&self, kind: IdentityKind) -> Vec<&Entity> {
        let mut all: Vec<&Entity> = self.entities.values().flatten().filter(|entity| entity.kind == kind).collect();
        all.sort_by(|one, other| one.name.cmp(&other.name));
        all
    }

    /// All managed policies that are there, in the order of their ARNs.
    pub fn policies(&self) -> Vec<&Policy> {
        let mut all: Vec<&Policy> = self.policies.values().flatten().collect();
        all.sort_by(|one, other| one.arn.cmp(&other.arn));
        all
    }

    /// Adds somebody whom the account's details have.
    pub fn add(&mut self, entity: Entity) {
        self.entities.insert(key(entity.kind, &entity.name), Some(entity));
    }

    /// Adds a managed policy that the account's details have.
    pub fn add_policy(&mut self, policy: Policy) {
        self.policies.insert(policy.arn.to_ascii_lowercase(), Some(policy));
    }
}
