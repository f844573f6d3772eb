//! What one principal holds.

use thiserror::Error;

use super::read::Text;
use crate::document::{Document, DocumentError};
use crate::target::IdentityKind;

/// A user, group or role with all that decides what it can do.
#[derive(Debug)]
pub struct Holder<'a> {
    /// User, group or role.
    pub kind: IdentityKind,
    /// Its name, as IAM spells it.
    pub name: &'a str,
    /// Its ARN.
    pub arn: &'a str,
    /// Its own policies: inline ones first, then those attached.
    pub policies: Vec<Held<'a>>,
    /// The groups that a user is in.
    pub groups: Vec<Membership<'a>>,
    /// Its permissions boundary.
    pub boundary: Option<Held<'a>>,
    /// A role's trust policy; nobody else has one.
    pub trust: Option<Result<Document<'a>, Unread>>,
}

/// A group that a user is in.
#[derive(Debug)]
pub struct Membership<'a> {
    /// The group's name.
    pub name: &'a str,
    /// The group's policies; `None` if the JSON does not carry the group.
    pub policies: Option<Vec<Held<'a>>>,
}

/// A policy that a principal holds.
#[derive(Debug)]
pub struct Held<'a> {
    /// Its name, without its path.
    pub name: &'a str,
    /// Where it is kept.
    pub origin: Origin<'a>,
    /// What it says: the default version of a managed policy.
    pub document: Result<Document<'a>, Unread>,
}

/// Where a policy is kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Origin<'a> {
    /// In the principal itself.
    Inline,
    /// By itself, under this ARN.
    Managed(&'a str),
}

/// Why it is not known what a policy says.
#[derive(Debug, Error)]
pub enum Unread {
    /// The JSON does not carry it: the call was told to leave it out, or it was gone in between.
    #[error("its document is not in the account's details")]
    Absent,
    /// It is there, and is not a policy document.
    #[error(transparent)]
    Malformed(#[from] DocumentError),
}

impl<'a> Holder<'a> {
    /// Every policy that grants or denies, its own and its groups', in the order of the tree.
    pub fn held(&self) -> impl Iterator<Item = &Held<'a>> {
        self.policies.iter().chain(self.groups.iter().flat_map(|group| group.policies.iter().flatten()))
    }

    /// Whether everything that decides what the principal can do has been read.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.groups.iter().all(|group| group.policies.is_some()) && self.held().chain(&self.boundary).all(|held| held.document.is_ok())
    }
}

pub(super) fn document<'s>(text: Option<&'s Text<'_>>) -> Result<Document<'s>, Unread> {
    Ok(Document::parse(&text.ok_or(Unread::Absent)?.0)?)
}
