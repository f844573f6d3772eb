//! Whether policies allow every action on every resource: proven from their patterns, never from a list of actions.

use std::collections::HashSet;

use super::actions::Value;
use super::conditions;
use super::reach;
use crate::document::{Document, Effect, Principals, Statement};
use crate::pattern::{covers, overlaps};

/// Different patterns that another is compared with at most, so that the work grows with the documents and not with their square. A policy of
/// 6,144 characters, the most that IAM takes of a customer's own, has no more (1,024 of the shortest, `"a:*",`).
const COMPARED_MAX: usize = 1024;

/// Whether allows, taken together, leave out no action.
enum Together {
    /// They do not.
    Everything,
    /// They do.
    Less,
    /// There are more patterns than are compared.
    TooMany,
}

/// Whether it is proven that the documents' allows, taken together, leave out no action and no resource.
pub(super) fn is_proven(documents: &[Document<'_>]) -> bool {
    let statements = documents.iter().flat_map(|document| &document.statements);
    let certain = statements.filter(|statement| {
        allows(statement) && reach::is_everything(statement.resources.as_ref()) && conditions::limit_nothing(&statement.conditions)
    });
    matches!(together(certain), Together::Everything)
}

/// Whether there can be anything to prove: without a `NotAction`, or a value that begins with a star, something is left out.
pub(super) fn is_thinkable(documents: &[Document<'_>]) -> bool {
    let mut statements = documents.iter().flat_map(|document| &document.statements);
    statements.any(|statement| statement.actions.negated || statement.actions.values.iter().any(|value| value.starts_with('*')))
}

/// Whether they could, were every condition met and every resource the one that matters.
pub(super) fn is_possible(documents: &[Document<'_>]) -> bool {
    !matches!(together(documents.iter().flat_map(|document| &document.statements).filter(|statement| allows(statement))), Together::Less)
}

fn allows(statement: &Statement<'_>) -> bool {
    statement.effect == Effect::Allow && statement.principals == Principals::Absent
}

fn together<'a>(statements: impl Iterator<Item = &'a Statement<'a>>) -> Together {
    let (mut named, mut left_out) = (HashSet::new(), Vec::new());
    for statement in statements {
        let values = statement.actions.values.iter().map(AsRef::as_ref).filter(|value| !matches!(Value::of(value), Value::Never));
        let values: Vec<&str> = values.collect();
        let everything = values.iter().any(|value| matches!(Value::of(value), Value::Everything));
        match (statement.actions.negated, everything) {
            (false, true) => return Together::Everything,
            (true, true) => {}
            (false, false) => named.extend(values.iter().map(|value| value.to_ascii_lowercase())),
            (true, false) => left_out.push(values.iter().map(|value| value.to_ascii_lowercase()).collect::<HashSet<String>>()),
        }
    }
    // Item 6 of `docs/evaluation.md`: what one `NotAction` leaves out has to be granted by an `Action`, or by another `NotAction` that does not leave it out.
    let wild: Vec<&String> = named.iter().filter(|action| action.contains(['*', '?'])).collect();
    let mut too_many = false;
    for (place, base) in left_out.iter().enumerate() {
        let others = || left_out.iter().enumerate().filter(|(other, _)| *other != place).map(|(_, other)| other);
        if wild.len() + others().map(HashSet::len).sum::<usize>() > COMPARED_MAX && base.iter().any(|pattern| !named.contains(pattern)) {
            too_many = true;
            continue;
        }
        let granted = |pattern: &String| {
            named.contains(pattern)
                || wild.iter().any(|action| covers(action, pattern))
                || others().any(|other| !other.iter().any(|value| overlaps(value, pattern)))
        };
        if base.iter().all(granted) {
            return Together::Everything;
        }
    }
    if too_many { Together::TooMany } else { Together::Less }
}
