//! Whether a statement's conditions hold for a request.

use super::Reading;
use super::compare::{Compared, Written, compare};
use super::context::{Context, Found};
use super::truth::Truth;
use crate::document::{Condition, Qualifier, Test, Version};

/// All operators and keys have to hold (item 14 of `docs/evaluation.md`).
pub(super) fn hold(conditions: &[Condition<'_>], version: Version, context: &Context<'_>, reading: Reading) -> Truth {
    Truth::all(conditions.iter().map(|condition| holds(condition, version, context, reading)))
}

fn holds(condition: &Condition<'_>, version: Version, context: &Context<'_>, reading: Reading) -> Truth {
    let operator = condition.operator;
    let found = context.get(&condition.key);
    if operator.test == Test::Null {
        let asks = |wanted: &str| condition.values.iter().any(|value| value.eq_ignore_ascii_case(wanted));
        let (missing, there) = (asks("true"), asks("false"));
        return match found {
            Found::Absent => missing.into(),
            Found::Unknown => Truth::Unknown,
            // Whether a key without any text is there is disputed.
            Found::Values(values) if missing != there && values.iter().all(|value| value.is_empty()) => {
                let absent = reading.disputed(true);
                if missing { absent } else { !absent }
            }
            Found::Values(_) => there.into(),
        };
    }
    let values = match found {
        Found::Unknown => return Truth::Unknown,
        Found::Absent if operator.if_exists => return Truth::True,
        // Items 14, 15, 16 and 18: what a missing key comes to.
        Found::Absent => {
            return match operator.qualifier {
                Some(Qualifier::ForAllValues) => Truth::True,
                Some(Qualifier::ForAnyValue) => Truth::False,
                None => operator.test.is_negated().into(),
            };
        }
        // Nothing but empty texts is an empty set (IAM user guide, "Set operators for multivalued context keys").
        Found::Values(values) if operator.qualifier.is_some() && values.iter().all(|value| value.is_empty()) => {
            return (operator.qualifier == Some(Qualifier::ForAllValues)).into();
        }
        Found::Values(values) => values,
    };
    // One value is what nearly every key has: it needs no list of what is filled in.
    let filled: Vec<Written<'_>> = match values {
        [_] => Vec::new(),
        _ => condition.values.iter().map(|written| Written::of(written, version, context)).collect(),
    };
    let passes = |value: &str| {
        let once = || condition.values.iter().map(|written| Written::of(written, version, context));
        let compared = |written: &Written<'_>| compare(operator.test, written, value, version, context, reading);
        if filled.is_empty() {
            passes(condition, once().map(|written| compared(&written)), reading)
        } else {
            passes(condition, filled.iter().map(compared), reading)
        }
    };
    match (operator.qualifier, values) {
        (Some(Qualifier::ForAllValues), values) => Truth::all(values.iter().map(|value| passes(value))),
        (Some(Qualifier::ForAnyValue), values) => Truth::any(values.iter().map(|value| passes(value))),
        (None, [value]) => passes(value),
        // Several values want a qualifier; what AWS makes of them without one is not documented.
        (None, values) => reading.disputed(values.iter().any(|value| passes(value) != Truth::False)),
    }
}

/// Whether one value of the request passes: it meets any of the policy's values, or, for a negated operator, none of them.
fn passes(condition: &Condition<'_>, compared: impl Iterator<Item = Compared>, reading: Reading) -> Truth {
    let negated = condition.operator.test.is_negated();
    let met = compared.map(|compared| match compared {
        Compared::As(truth) => truth,
        // Not comparable: neither the same nor another, so the condition does not hold.
        Compared::NotComparable if negated => !reading.disputed(true),
        Compared::NotComparable => Truth::False,
    });
    let met = Truth::any(met);
    if negated { !met } else { met }
}
