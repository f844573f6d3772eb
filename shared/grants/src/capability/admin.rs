//! Whether policies come so near to every action on every resource that only denies, or what a `Not…` leaves out, is missing.
//!
//! `NotAction` is every action with a deny of some, and `NotResource` every resource with a deny of some: both are judged as that (item 6 of
//! `docs/evaluation.md`). Whether their holder can then give themselves the rest is for the paths to say.

use super::actions::Value;
use super::conditions::{self, RequestContext};
use super::reach;
use crate::document::{Document, Effect, Patterns, Principals, Statement};

/// Whether a statement allows everything but what is left out: for certain, and perhaps.
pub(super) fn is_everything(documents: &[Document<'_>], context: &RequestContext<'_>) -> (bool, bool) {
    let mut answer = (false, false);
    for statement in documents.iter().flat_map(|document| &document.statements) {
        if allows(statement) && every_action(&statement.actions) {
            answer.0 |=
                reach::is_nearly_everything(statement.resources.as_ref()) && conditions::limit_nothing(&statement.conditions, context);
            answer.1 = true;
        }
    }
    answer
}

fn allows(statement: &Statement<'_>) -> bool {
    statement.effect == Effect::Allow && statement.principals == Principals::Absent
}

/// Whether the element is every action, or every action but some.
fn every_action(actions: &Patterns<'_>) -> bool {
    actions.values.iter().any(|value| matches!(Value::of(value), Value::Everything)) != actions.negated
}
