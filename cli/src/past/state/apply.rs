//! What a call makes of an account.

use chrono::{DateTime, Utc};
use policy::arn::IamName;
use policy::target::{Identity, IdentityKind};

use super::{Account, Entity, Item, Policy, Sure, Version, key};
use crate::past::deed::Deed;

impl Account {
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

    pub(super) fn rename(&mut self, who: &Identity, name: &str) {
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
}
