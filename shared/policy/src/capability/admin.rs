//! Whether policies allow every action on every resource: proven from their patterns, never from a list of actions.

use super::actions::Value;
use super::conditions;
use super::reach;
use crate::document::{Document, Effect, Principals, Statement};
use crate::pattern::{covers, overlaps};

/// Pairs of patterns that are compared at most. All that fits into IAM's quotas for one principal (20 policies of 6,144 characters and
/// the inline ones) makes fewer; beyond it, nothing is proven.
const PAIRS_MAX: usize = 16_000_000;

/// Whether it is proven that the documents' allows, taken together, leave out no action and no resource.
pub(super) fn is_proven(documents: &[Document<'_>]) -> bool {
    let statements = documents.iter().flat_map(|document| &document.statements);
    covers_all(statements.filter(|statement| {
        allows(statement) && reach::is_everything(statement.resources.as_ref()) && conditions::always_hold(&statement.conditions)
    }))
}

/// Whether there can be anything to prove: without a `NotAction`, or a value that begins with a star, something is left out.
pub(super) fn is_thinkable(documents: &[Document<'_>]) -> bool {
    let mut statements = documents.iter().flat_map(|document| &document.statements);
    statements.any(|statement| statement.actions.negated || statement.actions.values.iter().any(|value| value.starts_with('*')))
}

/// Whether they could, were every condition met and every resource the one that matters.
pub(super) fn is_possible(documents: &[Document<'_>]) -> bool {
    covers_all(documents.iter().flat_map(|document| &document.statements).filter(|statement| allows(statement)))
}

fn allows(statement: &Statement<'_>) -> bool {
    statement.effect == Effect::Allow && statement.principals == Principals::Absent
}

fn covers_all<'a>(statements: impl Iterator<Item = &'a Statement<'a>>) -> bool {
    let (mut named, mut left_out): (Vec<&str>, Vec<Vec<&str>>) = (Vec::new(), Vec::new());
    for statement in statements {
        let values = statement.actions.values.iter().map(AsRef::as_ref);
        let mut values: Vec<&str> = values.filter(|value| !matches!(Value::of(value), Value::Never)).collect();
        let everything = values.iter().any(|value| matches!(Value::of(value), Value::Everything));
        match (statement.actions.negated, everything) {
            (false, true) => return true,
            (true, true) => {}
            (false, false) => named.append(&mut values),
            (true, false) => left_out.push(values),
        }
    }
    // Item 6 of `docs/evaluation.md`: what one `NotAction` leaves out has to be granted by an `Action`, or by another `NotAction` that does not leave it out.
    let all_left_out: usize = left_out.iter().map(Vec::len).sum();
    if all_left_out.saturating_mul(named.len() + all_left_out) > PAIRS_MAX {
        return false;
    }
    left_out.iter().enumerate().any(|(place, base)| {
        let others = || left_out.iter().enumerate().filter(|(other, _)| *other != place).map(|(_, other)| other);
        base.iter().all(|pattern| {
            named.iter().any(|action| covers(action, pattern)) || others().any(|other| !other.iter().any(|value| overlaps(value, pattern)))
        })
    })
}
