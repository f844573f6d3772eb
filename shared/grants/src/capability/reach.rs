//! How far a statement's `Resource` or `NotResource` reaches, for one action.

use std::borrow::Cow;

use super::catalog::Mark;
use crate::document::Patterns;
use crate::pattern::{covers, overlaps};

/// How much of what an action works on.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Reach {
    /// Nothing.
    Nothing,
    /// The caller's own user: `user/${aws:username}`.
    Oneself,
    /// Some of it, and it cannot be told whether that is what matters.
    Some,
    /// All but the caller's own user.
    Others,
    /// All but some of it.
    Rest,
    /// All of it.
    All,
}

/// Stands for a name that a pattern cannot know: only `*` and `?` name it.
const ANY_NAME: &str = "\u{1}*";
/// The end of one's own user's ARN, as policies write it.
const ONE_S_OWN: &str = ":user/${aws:username}";
/// Stands for the account, where the pattern does not name one.
const AN_ACCOUNT: &str = "000000000000";

/// Whether it is every resource, of whatever kind.
pub(super) fn is_everything(resources: Option<&Patterns<'_>>) -> bool {
    resources.is_none_or(|resources| !resources.negated && resources.values.iter().any(|value| is_stars(value)))
}

/// Whether it is every resource, or every one but some.
pub(super) fn is_nearly_everything(resources: Option<&Patterns<'_>>) -> bool {
    resources.is_none_or(|resources| resources.values.iter().any(|value| is_stars(value)) != resources.negated)
}

pub(super) fn is_stars(pattern: &str) -> bool {
    !pattern.is_empty() && pattern.bytes().all(|byte| byte == b'*')
}

/// The reach for a mark that has one shape, or none.
pub(super) fn of(resources: Option<&Patterns<'_>>, mark: &Mark) -> Reach {
    let Some(resources) = resources else {
        return Reach::All;
    };
    if is_everything(Some(resources)) {
        return Reach::All;
    }
    if resources.negated {
        return of_all_but(&resources.values, mark);
    }
    of_these(&resources.values, mark)
}

fn of_these(values: &[Cow<'_, str>], mark: &Mark) -> Reach {
    // An action without a resource type is granted on `*` only (item 11 of `docs/evaluation.md`).
    mark.shapes.iter().map(|shape| of_any(values, shape)).max().unwrap_or(Reach::Nothing)
}

/// Which shapes of a mark an element names, as bits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shapes {
    /// All of them.
    pub whole: u32,
    /// All of them, but for some that a `NotResource` leaves out.
    pub nearly: u32,
    /// Some of them.
    pub some: u32,
}

/// The shapes of a mark that `Resource` or `NotResource` names.
pub(super) fn shapes(resources: &Patterns<'_>, mark: &Mark) -> Shapes {
    let mut named = Shapes { whole: 0, nearly: 0, some: 0 };
    for (bit, shape) in (0..).zip(mark.shapes) {
        let all = resources.values.iter().any(|value| is_stars(value));
        let reach = if all { Reach::All } else { of_any(&resources.values, shape) };
        let (whole, nearly, some) = match (resources.negated, reach) {
            (false, Reach::All) | (true, Reach::Nothing) => (1, 1, 1),
            (false, Reach::Nothing) | (true, Reach::All) => (0, 0, 0),
            (false, _) => (0, 0, 1),
            (true, _) => (0, 1, 1),
        };
        named.whole |= whole << bit;
        named.nearly |= nearly << bit;
        named.some |= some << bit;
    }
    named
}

fn of_any(values: &[Cow<'_, str>], shape: &str) -> Reach {
    values.iter().map(|value| of_one(value, shape)).max().unwrap_or(Reach::Nothing)
}

fn of_all_but(values: &[Cow<'_, str>], mark: &Mark) -> Reach {
    if values.iter().any(|value| is_stars(value)) {
        return Reach::Nothing;
    }
    match of_these(values, mark) {
        Reach::All => Reach::Nothing,
        Reach::Nothing => Reach::All,
        Reach::Oneself => Reach::Others,
        Reach::Some | Reach::Others | Reach::Rest => Reach::Rest,
    }
}

/// How much of a shape one pattern names.
fn of_one(pattern: &str, shape: &str) -> Reach {
    if let Some(variable) = pattern.find("${") {
        let stem = pattern.get(..variable).unwrap_or_default();
        let of_users = matches!(shape.splitn(4, ':').nth(3), Some("user/*" | "*"));
        let own = of_users && pattern.ends_with(ONE_S_OWN) && overlaps(&format!("{stem}*"), &concrete(stem, shape, "*"));
        return if own { Reach::Oneself } else { overlap(&format!("{stem}*"), shape) };
    }
    if covers(pattern, &concrete(pattern, shape, ANY_NAME)) { Reach::All } else { overlap(pattern, shape) }
}

fn overlap(pattern: &str, shape: &str) -> Reach {
    if overlaps(pattern, &concrete(pattern, shape, "*")) { Reach::Some } else { Reach::Nothing }
}

/// A shape as an ARN in the partition and account that the pattern names: whoever writes an account's policies names their own.
fn concrete(pattern: &str, shape: &str, any: &str) -> String {
    let mut segments = pattern.splitn(6, ':').skip(1);
    let partition = segments.next().filter(|partition| partition.starts_with("aws") && !partition.contains(['*', '?'])).unwrap_or("aws");
    let account = segments.nth(2).filter(|account| account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit()));
    let mut parts = shape.splitn(4, ':');
    let mut part = || parts.next().unwrap_or_default();
    let (service, region, owner, resource) = (part(), part(), part(), part());
    let owner = if owner == "*" { account.unwrap_or(AN_ACCOUNT) } else { owner };
    format!("arn:{partition}:{service}:{}:{owner}:{}", region.replace('*', any), resource.replace('*', any))
}
