//! Whether a statement applies to a request, but for whom it names.

use super::arns::{self, Fit};
use super::truth::Truth;
use super::{Reading, Request, conditions};
use crate::document::{Patterns, Statement, Version};
use crate::pattern::matches_ignore_case;

/// Whether action, resource and conditions are the request's.
pub(super) fn applies(statement: &Statement<'_>, version: Version, request: &Request<'_>) -> Truth {
    let action = action(&statement.actions, request.action, request.reading);
    if action == Truth::False {
        return Truth::False;
    }
    let resource = statement.resources.as_ref().map_or(Truth::True, |patterns| resource(patterns, version, request));
    if resource == Truth::False {
        return Truth::False;
    }
    action & resource & conditions::hold(&statement.conditions, version, &request.context, request.reading)
}

pub(super) fn action(patterns: &Patterns<'_>, action: &str, reading: Reading) -> Truth {
    let named = Truth::any(patterns.values.iter().map(|pattern| names_action(pattern, action, reading)));
    if patterns.negated { !named } else { named }
}

/// Whether a pattern names the action, without regard to case (item 4 of `docs/evaluation.md`).
///
/// A comma, a blank or an empty name is part of a name that no action has (item 5). Whether a wildcard may stand in the service is disputed
/// (item 7), but for `*:*`.
fn names_action(pattern: &str, action: &str, reading: Reading) -> Truth {
    if !pattern.is_empty() && pattern.bytes().all(|byte| byte == b'*') {
        return Truth::True;
    }
    let (Some((service, name)), Some((own_service, own_name))) = (pattern.split_once(':'), action.split_once(':')) else {
        return reading.disputed(matches_ignore_case(pattern, action));
    };
    if name.is_empty() || pattern.contains(char::is_whitespace) || !matches_ignore_case(name, own_name) {
        return Truth::False;
    }
    if service.contains(['*', '?']) && service != "*" || service == "*" && name != "*" {
        return reading.disputed(matches_ignore_case(service, own_service));
    }
    (service == "*" || service.eq_ignore_ascii_case(own_service)).into()
}

fn resource(patterns: &Patterns<'_>, version: Version, request: &Request<'_>) -> Truth {
    let mut named = Truth::False;
    for pattern in &patterns.values {
        match arns::resource(pattern, request.resource, version, &request.context, request.reading) {
            Fit::Named(truth) => named = named | truth,
            Fit::Unresolved if patterns.negated => return Truth::False,
            Fit::Unresolved => {}
        }
    }
    if patterns.negated { !named } else { named }
}
