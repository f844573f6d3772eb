//! What is known of a request's condition keys.

use std::borrow::Cow;
use std::cmp::Ordering;

/// The condition keys of a request. A key that is not there is known to be absent.
#[derive(Clone, Debug, Default)]
pub struct Context<'a> {
    /// Sorted by name, whatever its case.
    keys: Vec<(Cow<'a, str>, Known<'a>)>,
}

/// What is known of one key.
#[derive(Clone, Debug)]
enum Known<'a> {
    Values(Vec<Cow<'a, str>>),
    Nothing,
}

/// The values of a key that a condition names.
pub(super) enum Found<'c> {
    /// The request has no such key, or one without values.
    Absent,
    /// The request has it, with these values: one at least.
    Values(&'c [Cow<'c, str>]),
    /// Whether the request has it is not known.
    Unknown,
}

impl<'a> Context<'a> {
    /// Makes a context of keys with their values, and of keys of which nothing is known.
    ///
    /// # Errors
    ///
    /// The name of a key that is given twice; the case of its letters does not count.
    pub fn new(
        values: impl IntoIterator<Item = (Cow<'a, str>, Vec<Cow<'a, str>>)>,
        unknown: impl IntoIterator<Item = Cow<'a, str>>,
    ) -> Result<Self, String> {
        let known = values.into_iter().map(|(key, values)| (key, Known::Values(values)));
        let mut keys: Vec<_> = known.chain(unknown.into_iter().map(|key| (key, Known::Nothing))).collect();
        keys.sort_by(|(a, _), (b, _)| compare(a, b));
        let twice = keys.iter().zip(keys.iter().skip(1)).find(|((a, _), (b, _))| a.eq_ignore_ascii_case(b));
        match twice {
            Some(((key, _), _)) => Err(key.clone().into_owned()),
            None => Ok(Self { keys }),
        }
    }

    /// What is known of a key; the case of its letters does not count (item 17 of `docs/evaluation.md`).
    pub(super) fn get(&self, key: &str) -> Found<'_> {
        let found = self.keys.binary_search_by(|(name, _)| compare(name, key)).ok().and_then(|place| self.keys.get(place));
        match found {
            None => Found::Absent,
            Some((_, Known::Nothing)) => Found::Unknown,
            Some((_, Known::Values(values))) if values.is_empty() => Found::Absent,
            Some((_, Known::Values(values))) => Found::Values(values),
        }
    }
}

fn compare(a: &str, b: &str) -> Ordering {
    a.bytes().map(|byte| byte.to_ascii_lowercase()).cmp(b.bytes().map(|byte| byte.to_ascii_lowercase()))
}
