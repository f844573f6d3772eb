//! Text as a policy writes it: with wildcards, and with variables that a request fills in.
//!
//! IAM user guide, "IAM policy elements: Variables and tags".

use std::borrow::Cow;

use super::context::{Context, Found};
use super::truth::Truth;
use crate::document::Version;
use crate::pattern::{self, LITERAL_QUESTION_MARK, LITERAL_STAR};

/// Longest text that a pattern with variables is filled in to, in bytes: no ARN and no value of a request comes near (an ARN has 2,048), and
/// a hostile policy cannot make much of little.
const FILLED_MAX: usize = 16 * 1024;

/// A policy's text with its variables filled in.
pub(super) enum Filled<'p> {
    /// As it is compared: wildcards are wildcards, and what was filled in is text.
    Pattern(Cow<'p, [u8]>),
    /// Longer than any text of a request: this matches nothing.
    TooLong,
    /// A variable that the request has no value for, or several: this matches nothing (item 13).
    Unresolved,
    /// A variable of which nothing is known.
    Unknown,
}

impl Filled<'_> {
    /// Whether the pattern names the text.
    pub(super) fn names(&self, text: &str) -> Truth {
        match self {
            Self::Pattern(pattern) => pattern::matches_filled(pattern, text).into(),
            Self::TooLong | Self::Unresolved => Truth::False,
            Self::Unknown => Truth::Unknown,
        }
    }

    /// The text where no wildcard counts, as `StringEquals` compares it; or what comparing it comes to.
    pub(super) fn literally(&self) -> Result<Cow<'_, [u8]>, Truth> {
        match self {
            Self::Pattern(Cow::Borrowed(pattern)) => Ok(Cow::Borrowed(pattern)),
            Self::Pattern(Cow::Owned(pattern)) => Ok(pattern.iter().copied().map(pattern::plain_byte).collect()),
            Self::TooLong | Self::Unresolved => Err(Truth::False),
            Self::Unknown => Err(Truth::Unknown),
        }
    }
}

/// Fills in the variables of a pattern. In the older version of the language there are none (item 12 of `docs/evaluation.md`).
pub(super) fn fill<'p>(text: &'p str, version: Version, context: &Context<'_>) -> Filled<'p> {
    if version == Version::V2008 || !text.contains("${") {
        return Filled::Pattern(Cow::Borrowed(text.as_bytes()));
    }
    let mut pattern = Vec::with_capacity(text.len() + 16);
    let mut rest = text;
    let mut unknown = false;
    while let Some((before, after)) = rest.split_once("${") {
        pattern.extend_from_slice(before.as_bytes());
        let Some((name, behind)) = after.split_once('}') else {
            // Never closed: plain text, and so is all that follows.
            pattern.extend_from_slice(b"${");
            rest = after;
            break;
        };
        match value(name, context) {
            Value::Text(value) => pattern.extend(value.bytes().map(literal)),
            Value::None => return Filled::Unresolved,
            Value::Unknown => unknown = true,
        }
        if pattern.len() > FILLED_MAX && pattern.iter().filter(|byte| **byte != b'*').count() > FILLED_MAX {
            return Filled::TooLong;
        }
        rest = behind;
    }
    if unknown {
        return Filled::Unknown;
    }
    pattern.extend_from_slice(rest.as_bytes());
    Filled::Pattern(Cow::Owned(pattern))
}

enum Value<'c> {
    Text(&'c str),
    None,
    Unknown,
}

/// The value of `${…}`: a key's only value, its default, or one of the three characters that are written so.
fn value<'c>(name: &'c str, context: &'c Context<'_>) -> Value<'c> {
    if matches!(name, "*" | "?" | "$") {
        return Value::Text(name);
    }
    let (key, default) = name.split_once(',').map_or((name, None), |(key, default)| {
        let default = default.trim();
        (key, default.strip_prefix('\'').and_then(|default| default.strip_suffix('\'')))
    });
    match context.get(key.trim()) {
        Found::Values([value]) => Value::Text(value),
        Found::Values(_) => Value::None,
        Found::Absent => default.map_or(Value::None, Value::Text),
        Found::Unknown => Value::Unknown,
    }
}

/// A byte that was filled in: a `*` there is a star and no wildcard.
const fn literal(byte: u8) -> u8 {
    match byte {
        b'*' => LITERAL_STAR,
        b'?' => LITERAL_QUESTION_MARK,
        other => other,
    }
}
