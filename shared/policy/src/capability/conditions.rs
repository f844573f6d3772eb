//! What of a statement's conditions can be told without a request.

use super::catalog::PASSED_TO;
use super::reach::is_stars;
use crate::document::{Condition, Test};
use crate::pattern::matches;

/// Keys that every request has (IAM user guide, "AWS global condition context keys").
const ALWAYS_THERE: [&str; 7] = [
    "aws:CurrentTime",
    "aws:EpochTime",
    "aws:PrincipalAccount",
    "aws:PrincipalArn",
    "aws:PrincipalType",
    "aws:userid",
    "aws:SecureTransport",
];

/// Whether the conditions hold for every request: there are none, or they only look like some.
pub(super) fn always_hold(conditions: &[Condition<'_>]) -> bool {
    conditions.iter().all(|condition| {
        let there = condition.operator.if_exists || ALWAYS_THERE.iter().any(|key| key.eq_ignore_ascii_case(&condition.key));
        there && matches!(condition.operator.test, Test::StringLike | Test::ArnLike) && condition.values.iter().any(|value| is_stars(value))
    })
}

/// The services to which the conditions let a role be passed, as bits of `PASSED_TO`: for certain, and possibly.
pub(super) fn passed_to(conditions: &[Condition<'_>]) -> (u64, u64) {
    conditions.iter().filter(|condition| !always_hold(std::slice::from_ref(condition))).fold(
        (u64::MAX, u64::MAX),
        |(certain, possible), condition| {
            if !condition.key.eq_ignore_ascii_case("iam:PassedToService") || condition.values.iter().any(|value| value.contains("${")) {
                return (0, possible);
            }
            let same: fn(&str, &str) -> bool = match condition.operator.test {
                Test::StringEquals | Test::StringNotEquals => |value, service| value == service,
                Test::StringEqualsIgnoreCase | Test::StringNotEqualsIgnoreCase => |value, service| value.eq_ignore_ascii_case(service),
                Test::StringLike | Test::StringNotLike => matches,
                _ => return (0, possible),
            };
            let admitted = PASSED_TO.iter().enumerate().fold(0_u64, |bits, (place, service)| {
                let found = condition.values.iter().any(|value| same(value, service));
                if found == condition.operator.test.is_negated() { bits } else { bits | 1 << place }
            });
            (certain & admitted, possible & admitted)
        },
    )
}
