//! What is known of an account's IAM at a moment.
//!
//! What nobody has said is not known to be absent: a listing is whole only if whoever has it was made in the records, or if somebody read the account.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use policy::arn::IamName;
use policy::target::{Identity, IdentityKind};

use super::deed::Deed;

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

    /// Notes the unique id and path that a record says of whoever made a call.
    pub fn learn(&mut self, who: &Identity, id: &str, path: &str, at: DateTime<Utc>) {
        let entity = self.of(who, at);
        if entity.id.is_none() {
            entity.id = Some(id.to_owned());
            entity.path.get_or_insert_with(|| path.to_owned());
        }
    }

    /// Whoever a record speaks of. Whom it speaks of is there.
    fn of(&mut self, who: &Identity, at: DateTime<Utc>) -> &mut Entity {
        let place = self.entities.entry(key(who.kind, who.name.as_str())).or_default();
        place.get_or_insert_with(|| Entity::unknown(who.kind, who.name.as_str(), at, Sure::Certain))
    }

    fn written(&mut self, arn: &str) -> &mut Policy {
        let place = self.policies.entry(arn.to_ascii_lowercase()).or_default();
        place.get_or_insert_with(|| Policy::unknown(arn, Sure::Certain))
    }

    /// Does what a record says was done.
    pub fn apply(&mut self, deed: Deed, at: DateTime<Utc>) {
        let sure = Sure::Certain;
        match deed {
            Deed::Made { who, id, path, tags, boundary, trust, is_bare } => self.made(&who, at, is_bare, |entity| {
                entity.id = id;
                entity.path = Some(path);
                entity.tags = Some((tags, sure));
                entity.boundary = Some((boundary, sure));
                entity.trust = trust.map(|text| (text.into(), sure));
            }),
            Deed::Unmade(who) => {
                self.entities.insert(key(who.kind, who.name.as_str()), None);
                match who.kind {
                    IdentityKind::User => self.keys.retain(|_, owner| !who.is_named(who.kind, owner.as_str())),
                    IdentityKind::Group => self.entities.values_mut().flatten().for_each(|user| user.groups.remove(who.name.as_str())),
                    IdentityKind::Role => {}
                }
            }
            Deed::Moved { who, name, path } => {
                let entity = self.of(&who, at);
                entity.path = path.or_else(|| entity.path.take());
                if let Some(name) = name {
                    self.rename(&who, &name);
                }
            }
            Deed::Attached(who, arn) => self.of(&who, at).attached.put(&arn, (), sure),
            Deed::Detached(who, arn) => self.of(&who, at).attached.remove(&arn),
            Deed::Put(who, policy, text) => self.of(&who, at).inline.put(&policy, text.map(Into::into), sure),
            Deed::Deleted(who, policy) => self.of(&who, at).inline.remove(&policy),
            Deed::Bounded(who, arn) => self.of(&who, at).boundary = Some((arn, sure)),
            Deed::Joined(who, group) => self.of(&who, at).groups.put(&group, (), sure),
            Deed::Left(who, group) => self.of(&who, at).groups.remove(&group),
            Deed::Trusted(who, text) => self.of(&who, at).trust = text.map(|text| (text.into(), sure)),
            Deed::Tagged(who, tags) => self.tag(&who, tags, at),
            Deed::Untagged(who, keys) => {
                if let Some((tags, _)) = &mut self.of(&who, at).tags {
                    tags.retain(|(tag, _)| !keys.contains(tag));
                }
            }
            Deed::Enabled(who, serial) => self.of(&who, at).devices.put(&serial, at, sure),
            Deed::Disabled(who, serial) => self.of(&who, at).devices.remove(&serial),
            Deed::Keyed(who, key) => {
                self.of(&who, at);
                self.keys.insert(key, who.name);
            }
            Deed::Written { arn, text } => {
                let mut policy = Policy::new(&arn, sure);
                policy.versions.put("v1", Version { text: text.map(Into::into), made: Some(at) }, sure);
                policy.default = Some(("v1".to_owned(), sure));
                self.policies.insert(arn.to_ascii_lowercase(), Some(policy));
            }
            Deed::Unwritten(arn) => {
                self.policies.insert(arn.to_ascii_lowercase(), None);
            }
            Deed::Versioned { arn, version, text, is_default } => {
                let policy = self.written(&arn);
                policy.replaced = policy.default.as_ref().map(|(version, _)| version.clone());
                match version {
                    Some(version) => {
                        policy.versions.put(&version, Version { text: text.map(Into::into), made: Some(at) }, sure);
                        if is_default {
                            policy.default = Some((version, sure));
                        }
                    }
                    None => *policy = Policy::unknown(&arn, sure),
                }
            }
            Deed::Defaulted(arn, version) => {
                let policy = self.written(&arn);
                policy.replaced = policy.default.replace((version, sure)).map(|(version, _)| version);
            }
            Deed::Unversioned(arn, version) => self.written(&arn).versions.remove(&version),
        }
    }

    /// Somebody new. What the records of the same second say that it got is its own: CloudTrail does not keep them in order.
    fn made(&mut self, who: &Identity, at: DateTime<Utc>, is_bare: bool, known: impl FnOnce(&mut Entity)) {
        let place = self.entities.entry(key(who.kind, who.name.as_str())).or_default();
        if place.as_ref().is_none_or(|entity| entity.seen != at || entity.made.is_some()) {
            *place = Some(Entity::unknown(who.kind, who.name.as_str(), at, Sure::Certain));
        }
        let Some(entity) = place else {
            return;
        };
        who.name.as_str().clone_into(&mut entity.name);
        let (boundary, tags) = (entity.boundary.take(), entity.tags.take());
        known(entity);
        entity.made = Some(at);
        entity.boundary = boundary.or_else(|| entity.boundary.take());
        entity.tags = tags.or_else(|| entity.tags.take());
        if is_bare {
            let whole = Some(Sure::Certain);
            (entity.attached.whole, entity.inline.whole, entity.groups.whole, entity.devices.whole) = (whole, whole, whole, whole);
        }
    }

    fn rename(&mut self, who: &Identity, name: &str) {
        let Some(Some(mut entity)) = self.entities.insert(key(who.kind, who.name.as_str()), None) else {
            return;
        };
        name.clone_into(&mut entity.name);
        match (who.kind, IamName::new(name)) {
            (IdentityKind::User, Ok(name)) => {
                self.keys
                    .values_mut()
                    .filter(|owner| who.is_named(IdentityKind::User, owner.as_str()))
                    .for_each(|owner| *owner = name.clone());
            }
            (IdentityKind::Group, _) => {
                for user in self.entities.values_mut().flatten() {
                    if let Some(Item { value, sure, .. }) = user.groups.items.remove(&who.name.as_str().to_ascii_lowercase()) {
                        user.groups.put(name, value, sure);
                    }
                }
            }
            _ => {}
        }
        self.add(entity);
    }

    fn tag(&mut self, who: &Identity, tags: Vec<(String, String)>, at: DateTime<Utc>) {
        if let Some((known, _)) = &mut self.of(who, at).tags {
            known.retain(|(tag, _)| tags.iter().all(|(set, _)| set != tag));
            known.extend(tags);
        }
    }

    /// Takes back what a record says was done, to get from what the account is to what it was before. What a call replaced is not known any more.
    pub fn undo(&mut self, deed: Deed, at: DateTime<Utc>) {
        let sure = Sure::Assumed;
        match deed {
            Deed::Made { who, .. } => {
                self.entities.remove(&key(who.kind, who.name.as_str()));
            }
            Deed::Unmade(who) => self.add(Entity::unknown(who.kind, who.name.as_str(), at, sure)),
            Deed::Moved { who, name, path } => {
                if let Some(name) = &name
                    && let Ok(renamed) = IamName::new(name)
                {
                    self.rename(&Identity::new(who.kind, renamed.clone()), who.name.as_str());
                    self.entities.remove(&key(who.kind, renamed.as_str()));
                }
                if path.is_some() {
                    self.before(&who, at, |entity| entity.path = None);
                }
            }
            Deed::Attached(who, arn) => self.before(&who, at, |entity| entity.attached.remove(&arn)),
            Deed::Detached(who, arn) => self.before(&who, at, |entity| entity.attached.put(&arn, (), sure)),
            Deed::Put(who, policy, _) => self.before(&who, at, |entity| entity.inline.remove(&policy)),
            Deed::Deleted(who, policy) => self.before(&who, at, |entity| entity.inline.put(&policy, None, sure)),
            Deed::Bounded(who, _) => self.before(&who, at, |entity| entity.boundary = None),
            Deed::Joined(who, group) => self.before(&who, at, |entity| entity.groups.remove(&group)),
            Deed::Left(who, group) => self.before(&who, at, |entity| entity.groups.put(&group, (), sure)),
            Deed::Trusted(who, _) => self.before(&who, at, |entity| entity.trust = None),
            Deed::Tagged(who, tags) => self.before(&who, at, |entity| {
                if let Some((known, _)) = &mut entity.tags {
                    known.retain(|(tag, _)| tags.iter().all(|(set, _)| set != tag));
                }
            }),
            Deed::Untagged(who, _) => self.before(&who, at, |entity| entity.tags = None),
            Deed::Enabled(who, serial) => self.before(&who, at, |entity| entity.devices.remove(&serial)),
            Deed::Disabled(who, _) => self.before(&who, at, |entity| entity.devices.whole = None),
            Deed::Keyed(_, key) => {
                self.keys.remove(&key);
            }
            Deed::Written { arn, .. } => {
                self.policies.remove(&arn.to_ascii_lowercase());
            }
            Deed::Unwritten(arn) => self.add_policy(Policy::unknown(&arn, sure)),
            Deed::Versioned { arn, version, is_default, .. } => self.policy_before(&arn, |policy| {
                if let Some(version) = &version {
                    policy.versions.remove(version);
                }
                if is_default {
                    policy.default = None;
                }
            }),
            Deed::Defaulted(arn, _) => self.policy_before(&arn, |policy| policy.default = None),
            Deed::Unversioned(arn, version) => self.policy_before(&arn, |policy| policy.versions.put(&version, Version::default(), sure)),
        }
    }

    /// Changes somebody whom the account's details have. Who was deleted since is unknown anyway.
    fn before(&mut self, who: &Identity, at: DateTime<Utc>, change: impl FnOnce(&mut Entity)) {
        if let Some(Some(entity)) = self.entities.get_mut(&key(who.kind, who.name.as_str())) {
            entity.seen = at;
            change(entity);
        }
    }

    fn policy_before(&mut self, arn: &str, change: impl FnOnce(&mut Policy)) {
        if let Some(Some(policy)) = self.policies.get_mut(&arn.to_ascii_lowercase()) {
            change(policy);
        }
    }
}
