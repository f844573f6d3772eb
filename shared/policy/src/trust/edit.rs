//! Principals cut out of a trust policy. The rest stays as it was written, byte for byte.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::spans::{Item, blanks, cuts, items};
use super::{Kind, Named, TrustError, Trusted, entries};
use crate::document::{Document, Principals};

/// What stands in place of statements of which nothing stays: IAM refuses a policy without a statement.
const NOBODY: &str = r#"[{"Sid":"RescindLeftNobody","Effect":"Deny","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]"#;

/// A trust policy with principals cut out.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Edited {
    /// The text.
    pub text: String,
    /// Those that were cut out because they were asked for.
    pub removed: Vec<Trusted>,
    /// The unique ids that were cut out because their users or roles no longer exist: IAM refuses to save them.
    pub deleted: BTreeSet<String>,
}

/// What goes of one statement.
#[derive(Default)]
struct Gone {
    whole: bool,
    places: BTreeSet<usize>,
}

/// The trust policy without these principals, and without those that no longer exist.
///
/// # Errors
///
/// [`TrustError`] if the text cannot be read.
pub fn without(text: &str, goes: impl Fn(&Trusted) -> bool) -> Result<Edited, TrustError> {
    let document = Document::parse(text)?;
    let (mut gone, mut removed) = (BTreeMap::<usize, Gone>::new(), Vec::new());
    for entry in entries(&document)?.into_iter().filter(|entry| goes(&entry.trusted)) {
        let of = gone.entry(entry.statement).or_default();
        match entry.place {
            Some(place) => drop(of.places.insert(place)),
            None => of.whole = true,
        }
        if !removed.contains(&entry.trusted) {
            removed.push(entry.trusted);
        }
    }
    let mut deleted = BTreeSet::new();
    for (place, statement) in document.statements.iter().enumerate() {
        let Principals::Only(list) = &statement.principals else {
            continue;
        };
        for (at, principal) in list.iter().map(Named::of).enumerate().filter(|(_, principal)| principal.kind() == Kind::Deleted) {
            gone.entry(place).or_default().places.insert(at);
            deleted.insert(principal.arn(""));
        }
        if let Some(of) = gone.get_mut(&place) {
            of.whole |= of.places.len() == list.len();
        }
    }
    let text = if gone.is_empty() { text.to_owned() } else { cut(text, &gone) };
    Ok(Edited { text, removed, deleted })
}

/// The trust policy as IAM saves it: without principals that no longer exist. A text that cannot be read stays as it is.
#[must_use]
pub fn saveable(text: &str) -> String {
    without(text, |_| false).map_or_else(|_| text.to_owned(), |edited| edited.text)
}

fn member<'i>(members: &'i [Item], name: &str) -> Option<&'i Item> {
    members.iter().find(|item| item.key.as_deref().is_some_and(|key| key.eq_ignore_ascii_case(name)))
}

fn cut(text: &str, gone: &BTreeMap<usize, Gone>) -> String {
    let whole = items(text, blanks(text, 0));
    let Some(value) = member(&whole, "Statement").map(|statement| statement.value.clone()) else {
        return text.to_owned();
    };
    let is_list = text.as_bytes().get(value.start) == Some(&b'[');
    let statements = if is_list { items(text, value.start) } else { vec![Item { whole: value.clone(), value: value.clone(), key: None }] };
    let goes = |place: usize| gone.get(&place).is_some_and(|gone| gone.whole);
    if (0..statements.len()).all(goes) {
        return spliced(text, &[(value, NOBODY)]);
    }
    let mut out = cuts(&statements, |place| !goes(place));
    for (place, statement) in statements.iter().enumerate().filter(|(place, _)| !goes(*place)) {
        if let Some(gone) = gone.get(&place)
            && let Some(principal) = member(&items(text, statement.value.start), "Principal")
        {
            out.extend(of_principal(text, principal, &gone.places));
        }
    }
    out.sort_by_key(|range| range.start);
    spliced(text, &out.into_iter().map(|range| (range, "")).collect::<Vec<_>>())
}

/// What to cut out of a statement's `Principal`, of which something stays.
fn of_principal(text: &str, principal: &Item, gone: &BTreeSet<usize>) -> Vec<Range<usize>> {
    let types = items(text, principal.value.start);
    let mut first = 0;
    let (mut out, mut stay) = (Vec::new(), BTreeSet::new());
    for (place, kind) in types.iter().enumerate() {
        let is_list = text.as_bytes().get(kind.value.start) == Some(&b'[');
        let names = if is_list { items(text, kind.value.start) } else { vec![kind.clone()] };
        let begin = first;
        first += names.len();
        if (begin..first).any(|at| !gone.contains(&at)) {
            stay.insert(place);
            if is_list {
                out.extend(cuts(&names, |at| !gone.contains(&(begin + at))));
            }
        }
    }
    out.extend(cuts(&types, |place| stay.contains(&place)));
    out
}

/// The text with other text in place of some ranges, which are in order and apart.
fn spliced(text: &str, changes: &[(Range<usize>, &str)]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for (range, instead) in changes {
        out.push_str(text.get(at..range.start).unwrap_or_default());
        out.push_str(instead);
        at = range.end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}
