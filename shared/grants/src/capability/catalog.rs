//! What is looked for in policies: actions of escalation paths, and patterns of actions that are dangerous of themselves.
//!
//! The tables are made of `catalog/*.json` when the crate is built. The paths are compiled from what `pathfinding.cloud`, Rhino Security Labs,
//! Prowler, `PMapper`, `HackTricks` Cloud and iam-vulnerable publish; the resource types are those of AWS's Service Authorization Reference.

use std::ops::{BitAnd, BitOr};

/// An action, or a pattern of actions.
pub(super) struct Mark {
    /// `iam:PassRole`, `iam:Put*Policy`, `*:Put*Policy`.
    pub name: &'static str,
    /// What it works on: `service:region:account:resource`, `*` for what varies; none where the action takes no resource.
    pub shapes: &'static [&'static str],
    /// Groups of shapes, as bits, if there are several: the action needs one of each group, and the rest is optional.
    pub needs: &'static [u32],
}

impl Mark {
    /// `iam`, or `*`.
    pub(super) fn service(&self) -> &'static str {
        self.name.split_once(':').map_or("", |(service, _)| service)
    }

    /// Whether it can do with these of its shapes, which are given as bits.
    pub(super) fn is_open(&self, shapes: u32) -> bool {
        self.needs.iter().all(|group| group & shapes != 0)
    }
}

/// How a path leads on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Category {
    /// By giving oneself more.
    SelfEscalation,
    /// By becoming another principal.
    PrincipalAccess,
    /// By passing a role to something that one controls.
    NewPassrole,
    /// By taking over something that has a role.
    ExistingResource,
    /// By taking away what holds one back.
    GuardrailRemoval,
    /// By rewriting a resource's policy.
    ResourcePolicy,
    /// By trusting another identity provider.
    Federation,
    /// Through IAM Identity Center.
    IdentityCenter,
}

/// A way from what is granted to more than was given.
#[derive(Debug)]
pub struct Path {
    /// `iam-putuserpolicy`.
    pub id: &'static str,
    /// What is done, in a few words.
    pub name: &'static str,
    /// How it leads on.
    pub category: Category,
    /// The actions that it takes, all of them.
    pub requires: &'static [&'static str],
    pub(super) set: Set,
    /// The services that `iam:PassedToService` has to admit, as bits of `PASSED_TO`.
    pub(super) passes: u64,
    /// The paths that take less of the same.
    pub(super) smaller: &'static [usize],
}

impl Path {
    /// The path of that id.
    #[must_use]
    pub fn named(id: &str) -> Option<&'static Self> {
        PATHS.iter().find(|path| path.id == id)
    }

    /// Whether one's own user or role is as good a target as any.
    pub(super) const fn works_on_oneself(&self) -> bool {
        matches!(self.category, Category::SelfEscalation | Category::GuardrailRemoval)
    }
}

/// Some of the marks.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Set(pub [u64; 5]);

impl Set {
    pub(super) const EMPTY: Self = Self([0; 5]);

    pub(super) fn insert(&mut self, place: usize) {
        if let Some(word) = self.0.get_mut(place / 64) {
            *word |= 1 << (place % 64);
        }
    }

    pub(super) fn contains(&self, place: usize) -> bool {
        self.0.get(place / 64).is_some_and(|word| word & (1 << (place % 64)) != 0)
    }

    pub(super) fn holds(&self, all: &Self) -> bool {
        self.0.iter().zip(all.0).all(|(word, wanted)| word & wanted == wanted)
    }

    pub(super) fn is_empty(&self) -> bool {
        *self == Self::EMPTY
    }

    pub(super) fn but(self, other: Self) -> Self {
        self.zip(other, |a, b| a & !b)
    }

    fn zip(self, other: Self, join: impl Fn(u64, u64) -> u64) -> Self {
        let mut words = self.0;
        words.iter_mut().zip(other.0).for_each(|(word, other)| *word = join(*word, other));
        Self(words)
    }
}

impl BitAnd for Set {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        self.zip(other, |a, b| a & b)
    }
}

impl BitOr for Set {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.zip(other, |a, b| a | b)
    }
}

pub(super) use tables::*;

#[expect(clippy::unreadable_literal, reason = "the build script writes it, and nobody reads it")]
mod tables {
    use super::{Category, Mark, Path, Set};

    include!(concat!(env!("OUT_DIR"), "/catalog.rs"));
}
