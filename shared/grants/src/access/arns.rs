//! ARNs and their patterns, segment by segment.

use super::Reading;
use super::context::Context;
use super::truth::Truth;
use super::written::{Filled, fill};
use crate::document::Version;
use crate::pattern;

/// The first five segments of an ARN, and the rest: the resource.
pub(super) fn segments(arn: &str) -> Option<[&str; 6]> {
    let mut parts = arn.splitn(6, ':');
    let mut next = || parts.next();
    Some([next()?, next()?, next()?, next()?, next()?, next()?])
}

/// The segments of a pattern: a colon inside `${…}` parts nothing.
fn pattern_segments(pattern: &str) -> Option<[&str; 6]> {
    let mut found = [""; 6];
    let (mut start, mut count, mut inside) = (0, 0, false);
    for (place, byte) in pattern.bytes().enumerate() {
        match byte {
            b'{' => inside |= place > 0 && pattern.as_bytes().get(place - 1) == Some(&b'$'),
            b'}' => inside = false,
            b':' if !inside && count < 5 => {
                *found.get_mut(count)? = pattern.get(start..place)?;
                (start, count) = (place + 1, count + 1);
            }
            _ => {}
        }
    }
    *found.last_mut()? = pattern.get(start..)?;
    (count == 5).then_some(found)
}

/// Whether a condition's pattern names an ARN: `ArnLike`, and `ArnEquals`, which is the same (item 17 of `docs/evaluation.md`).
/// `None` if the value is no ARN. Whether a pattern that is none names one, such as `*` or a variable alone, is disputed.
pub(super) fn like(
    pattern: &str,
    filled: &Filled<'_>,
    arn: &str,
    version: Version,
    context: &Context<'_>,
    reading: Reading,
) -> Option<Truth> {
    let Some(wanted) = pattern_segments(pattern) else {
        return Some(reading.disputed(filled.names(arn) != Truth::False));
    };
    let parts = segments(arn)?;
    Some(Truth::all(wanted.iter().zip(parts).map(|(wanted, part)| fill(wanted, version, context).names(part))))
}

/// How an element of a policy stands to the request's resource.
pub(super) enum Fit {
    /// It names it, or not.
    Named(Truth),
    /// A variable in it has no value: neither `Resource` nor `NotResource` applies by it (item 13).
    Unresolved,
}

/// Whether a `Resource` pattern names the resource.
///
/// The segments are compared one by one, the first five without regard to case, the resource letter by letter; its `*` crosses `/` and, as
/// it is the last segment, `:` (items 8 to 10 of `docs/evaluation.md`). Variables stand in the resource alone (item 12).
/// Whether a `*` in one segment reaches into the next is disputed.
pub(super) fn resource(pattern: &str, resource: &str, version: Version, context: &Context<'_>, reading: Reading) -> Fit {
    if pattern.bytes().all(|byte| byte == b'*') && !pattern.is_empty() {
        return Fit::Named(Truth::True);
    }
    // Everything, as an action without a resource type asks for it: only `*` names that (item 11).
    if resource == "*" {
        return Fit::Named(Truth::False);
    }
    let Some(parts) = segments(resource) else {
        return named(&fill(pattern, version, context), resource);
    };
    let mut wanted = pattern.splitn(6, ':');
    let heads = parts.iter().take(5);
    // An ARN that breaks off is taken to go on with wildcards, if it ends with one; whether it does if not is disputed.
    let goes_on = if pattern.ends_with('*') { Truth::True } else { reading.disputed(true) };
    let heads_fit =
        Truth::all(heads.map(|part| wanted.next().map_or(goes_on, |segment| pattern::matches_ignore_case(segment, part).into())));
    let crossing = || {
        let named = || fill(pattern, version, context).names(resource) != Truth::False;
        reading.disputed(pattern.contains(['*', '?']) && named())
    };
    if heads_fit == Truth::False {
        return Fit::Named(crossing());
    }
    let [.., own] = parts;
    let Some(tail) = wanted.next() else {
        return Fit::Named(goes_on);
    };
    match named(&fill(tail, version, context), own) {
        Fit::Named(Truth::False) => Fit::Named(crossing()),
        fit => fit,
    }
}

fn named(pattern: &Filled<'_>, text: &str) -> Fit {
    match pattern {
        Filled::Unresolved => Fit::Unresolved,
        filled => Fit::Named(filled.names(text)),
    }
}
