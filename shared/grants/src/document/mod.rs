//! An IAM policy document, as AWS accepts it.
//!
//! Scalars stand where lists may, one statement where several may, in both versions of the language. A document that AWS would refuse is
//! an error that names the place, never an empty document: what cannot be read must not pass for what grants nothing.
//! The elements and their grammar are those of the IAM user guide, "Grammar of the IAM JSON policy language".

mod operator;
mod read;

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use thiserror::Error;

pub use operator::{Operator, Qualifier, Test};
pub use read::{PrincipalList, Texts};

/// Longest document that is read, in bytes. The largest of AWS's own is 152,297 bytes (item 2 of `docs/evaluation.md`); a customer's own has
/// 6,144 characters at most.
pub const DOCUMENT_MAX: usize = 200 * 1024;

/// Why a document cannot be read.
#[derive(Debug, Error)]
pub enum DocumentError {
    /// It is larger than any that AWS keeps.
    #[error("the policy document has {0} bytes: the limit is {DOCUMENT_MAX}")]
    TooLarge(usize),
    /// It is percent-encoded, and what that hides is not UTF-8.
    #[error("the percent-encoded policy document is not UTF-8 text")]
    Encoding,
    /// It is not a policy document.
    #[error("not a policy document: {0}")]
    Malformed(#[from] serde_json::Error),
}

/// A policy document. It borrows from the text it was read from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Document<'a> {
    /// The language's version: it decides whether `${…}` is a variable.
    pub version: Version,
    /// The document's `Id`; services use it in resource policies.
    pub id: Option<Cow<'a, str>>,
    /// Every statement, in order. Two with the same `Sid` are two (item 3).
    pub statements: Vec<Statement<'a>>,
}

impl<'a> Document<'a> {
    /// Reads a document from plain JSON; see [`plain`] for text that may be percent-encoded.
    ///
    /// # Errors
    ///
    /// [`DocumentError`] if AWS would refuse it, with the element, line and column.
    pub fn parse(json: &'a str) -> Result<Self, DocumentError> {
        if json.len() > DOCUMENT_MAX {
            return Err(DocumentError::TooLarge(json.len()));
        }
        Ok(serde_json::from_str(json)?)
    }
}

/// The document's plain JSON. IAM's answers percent-encode it (RFC 3986), and so do some who call IAM, so that CloudTrail's record has it so.
///
/// # Errors
///
/// [`DocumentError::Encoding`] if the encoded bytes are no text.
pub fn plain(text: &str) -> Result<Cow<'_, str>, DocumentError> {
    if text.starts_with('%') {
        percent_decode_str(text).decode_utf8().map_err(|_| DocumentError::Encoding)
    } else {
        Ok(Cow::Borrowed(text))
    }
}

/// The version of the policy language.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Version {
    /// `2008-10-17`, and where none is given: `${…}` is plain text.
    #[default]
    V2008,
    /// `2012-10-17`.
    V2012,
}

/// What a statement does to the requests it applies to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Effect {
    /// It grants them.
    Allow,
    /// It refuses them, whatever else grants them.
    Deny,
}

/// One statement.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Statement<'a> {
    /// Its name, if it has one.
    pub sid: Option<Cow<'a, str>>,
    /// Grant or refuse.
    pub effect: Effect,
    /// Whom it concerns; identity policies name nobody.
    pub principals: Principals<'a>,
    /// `Action` or `NotAction`.
    pub actions: Patterns<'a>,
    /// `Resource` or `NotResource`; absent in trust policies.
    pub resources: Option<Patterns<'a>>,
    /// All of these have to hold.
    pub conditions: Vec<Condition<'a>>,
}

/// `Action` or `NotAction`, `Resource` or `NotResource`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Patterns<'a> {
    /// Whether it is the `Not` form: everything but these.
    pub negated: bool,
    /// The patterns, as written.
    pub values: Vec<Cow<'a, str>>,
}

/// `Principal`, `NotPrincipal`, or neither.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Principals<'a> {
    /// Neither element.
    Absent,
    /// `Principal`.
    Only(Vec<Principal<'a>>),
    /// `NotPrincipal`: everybody else.
    AllBut(Vec<Principal<'a>>),
}

/// One principal that a resource policy names.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Principal<'a> {
    /// `"*"` or `{"AWS": "*"}`.
    Everyone,
    /// An account, user, role or session: an ARN, a 12-digit account id, or the unique id that IAM puts there when the principal is gone.
    Aws(Cow<'a, str>),
    /// The same, written as a bare text without `AWS`. AWS documents only `"*"` in this form, but IAM's console shows others too.
    Bare(Cow<'a, str>),
    /// An AWS service, such as `lambda.amazonaws.com`.
    Service(Cow<'a, str>),
    /// A SAML or OIDC provider.
    Federated(Cow<'a, str>),
    /// An account by its canonical user id; S3 takes it.
    CanonicalUser(Cow<'a, str>),
}

/// One key of one operator in `Condition`: it holds where the key's value stands so to one of these values.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Condition<'a> {
    /// How they are compared.
    pub operator: Operator,
    /// The condition key, as written; its case does not count.
    pub key: Cow<'a, str>,
    /// The values; numbers and booleans as their text.
    pub values: Vec<Cow<'a, str>>,
}

#[cfg(test)]
mod tests;
