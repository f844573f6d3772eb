//! What an account was before a call.

use chrono::{DateTime, Utc};
use policy::arn::IamName;
use policy::target::Identity;

use super::{Account, Entity, Policy, Sure, Version, key};
use crate::past::deed::Deed;

impl Account {
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
