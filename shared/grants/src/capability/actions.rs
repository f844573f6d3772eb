//! Which marks a statement's `Action` or `NotAction` names.

use super::catalog::{ANY_SERVICE, EXACT, MARKS, SERVICES};
use super::reach::is_stars;
use crate::document::Patterns;
use crate::pattern::{covers, matches_ignore_case, overlaps};

/// How an action element takes a mark.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Named {
    /// The action itself, or all that the pattern stands for.
    Whole,
    /// An action that the mark's pattern names, but not all that it does.
    Instance,
    /// An action that the mark's pattern names, if the service has one.
    PerhapsInstance,
    /// All that the mark's pattern stands for, but for something that a `NotAction` leaves out.
    Rest,
    /// It cannot be told: AWS's documentation does not say what a wildcard in a service does (item 7), or the service may have no such
    /// action.
    Perhaps,
}

/// One value of an action element.
#[derive(Clone, Copy)]
pub(super) enum Value<'a> {
    /// Every action: `*`, `*:*`.
    Everything,
    /// `service:name`, with or without wildcards.
    Action(&'a str, &'a str),
    /// What no action is named like: without a service, or with blanks or commas in it (item 5 of `docs/evaluation.md`).
    Never,
}

impl<'a> Value<'a> {
    pub(super) fn of(value: &'a str) -> Self {
        if is_stars(value) {
            return Self::Everything;
        }
        match value.split_once(':') {
            Some((service, name)) if is_stars(service) && is_stars(name) => Self::Everything,
            Some((service, name)) if is_name(service) && is_name(name) => Self::Action(service, name),
            _ => Self::Never,
        }
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'*' | b'?'))
}

fn is_wild(text: &str) -> bool {
    text.contains(['*', '?'])
}

/// Calls back with each mark that the element names.
pub(super) fn named(actions: &Patterns<'_>, mut take: impl FnMut(usize, Named, Option<usize>)) {
    if actions.negated {
        not_named(actions, take);
        return;
    }
    for (index, value) in actions.values.iter().enumerate() {
        match Value::of(value) {
            Value::Everything => (0..MARKS.len()).for_each(|place| take(place, Named::Whole, None)),
            Value::Action(service, _) if is_wild(service) => {
                for (place, mark) in MARKS.iter().enumerate() {
                    if overlaps(value, mark.name) {
                        take(place, Named::Perhaps, None);
                    }
                }
            }
            Value::Action(service, name) => of_service(value, service, name, |place, named| take(place, named, Some(index))),
            Value::Never => {}
        }
    }
}

/// Whether the element names every action of the service. What `NotAction` leaves out counts as denied afterwards.
pub(super) fn names_service(actions: &Patterns<'_>, service: &str) -> bool {
    let is_all = |value: &str| match Value::of(value) {
        Value::Everything => true,
        Value::Action(named, name) => named.eq_ignore_ascii_case(service) && is_stars(name),
        Value::Never => false,
    };
    actions.negated || actions.values.iter().any(|value| is_all(value))
}

fn of_service(value: &str, service: &str, name: &str, mut take: impl FnMut(usize, Named)) {
    // No action, and no service, has a longer name; what is longer is not looked up. Stars make a pattern as long as one likes.
    let mut lower = [0_u8; 128];
    let bytes = if is_wild(name) { service.as_bytes() } else { value.as_bytes() };
    let Some(buffer) = lower.get_mut(..bytes.len()) else {
        return;
    };
    buffer.copy_from_slice(bytes);
    buffer.make_ascii_lowercase();
    let Ok(lowered) = std::str::from_utf8(buffer) else {
        return;
    };
    let Some(lower_service) = lowered.get(..service.len()) else {
        return;
    };
    let range = SERVICES.get(lower_service).copied();
    if !is_wild(name) {
        let mut of_its_own = 0..0;
        if let Some((_, wild, end)) = range {
            of_its_own = wild..end;
            if let Some(place) = EXACT.get(lowered) {
                take(*place, Named::Whole);
            }
        }
        for range in [of_its_own, 0..ANY_SERVICE] {
            for place in range {
                if MARKS.get(place).is_some_and(|mark| matches_ignore_case(mark.name, value)) {
                    take(place, Named::Instance);
                }
            }
        }
        return;
    }
    if let Some((start, wild, end)) = range {
        for place in start..end {
            let Some(mark) = MARKS.get(place) else {
                continue;
            };
            if if place < wild { matches_ignore_case(value, mark.name) } else { covers(value, mark.name) } {
                take(place, Named::Whole);
            }
        }
    }
    // Whether the service has an action that such a pattern names is not known.
    if is_stars(name) {
        (0..ANY_SERVICE).for_each(|place| take(place, Named::PerhapsInstance));
    }
}

fn not_named(actions: &Patterns<'_>, mut take: impl FnMut(usize, Named, Option<usize>)) {
    let excluded: Vec<&str> = actions.values.iter().map(AsRef::as_ref).filter(|value| !matches!(Value::of(value), Value::Never)).collect();
    if excluded.iter().any(|value| matches!(Value::of(value), Value::Everything)) {
        return;
    }
    let wild_service = |value: &&&str| value.split(':').next().is_some_and(is_wild);
    for (place, mark) in MARKS.iter().enumerate() {
        let left_out = |value: &&&str| !wild_service(value) && covers(value, mark.name);
        let mut touching = excluded.iter().filter(|value| overlaps(value, mark.name)).peekable();
        let named = if touching.peek().is_none() {
            Named::Whole
        } else if excluded.iter().any(|value| left_out(&value)) {
            continue;
        } else if touching.any(|value| wild_service(&value)) {
            Named::Perhaps
        } else {
            Named::Rest
        };
        take(place, named, None);
    }
}
