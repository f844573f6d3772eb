//! What of a statement's conditions can be told without a request.
//!
//! A condition limits nothing if its holder can meet it and is as free afterwards as before. The list of such keys is closed, and counts by
//! value: a secure transport, a direct call, any IPv4 address, a time that is not over, the caller's own headers, a pattern that every
//! principal of the account meets. Every other condition, a second factor and regions among them, may limit. Two halves that exclude each
//! other, such as an allow and a deny for the same user agent, may limit as well.

use std::net::IpAddr;

use chrono::{DateTime, Utc};

use super::catalog::PASSED_TO;
use super::reach::is_stars;
use crate::access::moment;
use crate::document::{Condition, Document, Effect, Test};
use crate::pattern::{covers, matches, overlaps};

/// What is known of the requests that a policy's holder can make: the values of the keys that conditions on the caller and on the time ask for.
#[derive(Clone, Copy, Debug, Default)]
pub struct RequestContext<'a> {
    /// When: `aws:CurrentTime`. Unknown, only what ended before 2026 is over.
    pub at: Option<DateTime<Utc>>,
    /// The partition and the account that the holder belongs to. The partition is `aws` if neither is known.
    pub account: Option<(&'a str, &'a str)>,
    /// The name of the user or role that holds the policy, if it is one, and its unique id, if that is known.
    pub principal: Option<(&'a str, Option<&'a str>)>,
}

impl RequestContext<'_> {
    /// In nanoseconds since 1970.
    fn now(&self) -> i128 {
        self.at.map_or(PAST, |at| i128::from(at.timestamp()) * 1_000_000_000 + i128::from(at.timestamp_subsec_nanos()))
    }
}

/// How a condition stands to the requests that its holder can make.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Met {
    /// It holds for each of them.
    Always,
    /// It holds for the plainest: signed by its holder, over TLS and IPv4, now.
    Plainly,
    /// It does not hold now, and will from some time on.
    Later,
    /// The holder writes the value.
    AtWill,
    /// Nothing here decides it.
    Perhaps,
    /// It fails for the plainest.
    Avoided,
    /// It holds for none.
    Never,
}

impl Met {
    const fn negated(self) -> Self {
        match self {
            Self::Always => Self::Never,
            Self::Plainly => Self::Avoided,
            Self::Avoided => Self::Plainly,
            Self::Never => Self::Always,
            Self::Later | Self::AtWill | Self::Perhaps => self,
        }
    }
}

/// What a deny's conditions leave of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Denial {
    /// It denies whatever the request.
    Certain,
    /// It may.
    Perhaps,
    /// Its holder steps around it.
    Nothing,
}

/// What is earlier is over whenever this code runs, in nanoseconds since 1970: 2026-01-01T00:00:00Z, before its first release.
const PAST: i128 = 1_767_225_600_000_000_000;
/// Stands for a name that only a wildcard names.
const ANY: &str = "\u{1}*";
/// Stands for an account in the same way, with as many digits.
const ANY_ACCOUNT: &str = "\u{1}\u{1}\u{1}\u{1}\u{1}\u{1}\u{1}\u{1}\u{1}\u{1}\u{1}\u{1}";

/// Whether an allow's conditions limit nothing: there are none, or they only look like some.
#[must_use]
pub fn limit_nothing(conditions: &[Condition<'_>], context: &RequestContext<'_>) -> bool {
    conditions.iter().all(|condition| match met(condition, context) {
        Met::Always | Met::Plainly => true,
        // Two conditions for one header can exclude each other, and so can two on the time.
        Met::AtWill => conditions.iter().filter(|other| other.key.eq_ignore_ascii_case(&condition.key)).count() == 1,
        Met::Later => opens(conditions),
        Met::Perhaps | Met::Avoided | Met::Never => false,
    })
}

/// Whether all conditions on the time hold together once the last of them begins to.
fn opens(conditions: &[Condition<'_>]) -> bool {
    let timed = || conditions.iter().filter(|condition| is_time(&condition.key));
    let begins = timed().filter(|condition| begins_later(condition.operator.test));
    let last = begins.filter_map(|condition| condition.values.iter().filter_map(|value| moment(value)).min()).max();
    last.is_some_and(|last| timed().all(|condition| matches!(at_time(condition, last + 1), Met::Always | Met::Plainly)))
}

/// What the conditions leave of a deny, among all the documents that bear on its holder.
#[must_use]
pub fn denial(conditions: &[Condition<'_>], documents: &[Document<'_>], context: &RequestContext<'_>) -> Denial {
    let mut denial = Denial::Certain;
    for condition in conditions {
        match met(condition, context) {
            Met::Always => {}
            Met::Never | Met::Avoided => return Denial::Nothing,
            Met::AtWill | Met::Later if uncontested(condition, documents) => return Denial::Nothing,
            Met::AtWill | Met::Later | Met::Plainly | Met::Perhaps => denial = Denial::Perhaps,
        }
    }
    denial
}

/// Whether no other condition asks for another value of the same header, or for another time, so that the holder is free to avoid this one.
fn uncontested(condition: &Condition<'_>, documents: &[Document<'_>]) -> bool {
    let is_like_it = |key: &str| if is_time(&condition.key) { is_time(key) } else { key.eq_ignore_ascii_case(&condition.key) };
    documents.iter().flat_map(|document| &document.statements).all(|statement| {
        statement.conditions.iter().all(|other| {
            !is_like_it(&other.key)
                || (statement.effect == Effect::Deny && other.operator == condition.operator && other.values == condition.values)
        })
    })
}

const fn is_time(key: &str) -> bool {
    key.eq_ignore_ascii_case("aws:CurrentTime") || key.eq_ignore_ascii_case("aws:EpochTime")
}

fn met(condition: &Condition<'_>, context: &RequestContext<'_>) -> Met {
    // A variable stands for a text that is not known here.
    if condition.values.iter().any(|value| value.contains("${")) {
        return Met::Perhaps;
    }
    let key = condition.key.as_ref();
    let is = |name: &str| key.eq_ignore_ascii_case(name);
    if is("aws:UserAgent") || is("aws:Referer") {
        return header(condition);
    }
    let principal = is("aws:PrincipalArn") || is("aws:PrincipalAccount") || is("aws:PrincipalType") || is("aws:userid");
    let timed = is_time(key);
    let plain = if is("aws:SecureTransport") {
        Some("true")
    } else if is("aws:ViaAWSService") {
        Some("false")
    } else {
        None
    };
    let address = is("aws:SourceIp");
    if !(principal || timed || plain.is_some() || address) {
        return other(condition);
    }
    if condition.operator.test == Test::Null {
        // Every request has these keys; the address is missing only from calls through an AWS service or a VPC endpoint.
        let there = condition.values.iter().any(|value| value.eq_ignore_ascii_case("false"));
        let missing = condition.values.iter().any(|value| value.eq_ignore_ascii_case("true"));
        return match (there, missing) {
            (true, false) if address => Met::Plainly,
            (true, _) => Met::Always,
            (false, true) if address => Met::Avoided,
            (false, true) => Met::Never,
            (false, false) => Met::Perhaps,
        };
    }
    if principal {
        return of_principal(condition, context);
    }
    if timed {
        return at_time(condition, context.now());
    }
    plain.map_or_else(|| of_address(condition), |value| of_boolean(condition, value))
}

/// A condition on a key outside the list: it limits, unless it lets everything pass, present or not.
fn other(condition: &Condition<'_>) -> Met {
    let stars = condition.values.iter().any(|value| is_stars(value));
    match condition.operator.test {
        Test::StringLike | Test::ArnLike if stars && condition.operator.if_exists => Met::Always,
        _ => Met::Perhaps,
    }
}

/// A header that the caller writes.
fn header(condition: &Condition<'_>) -> Met {
    let stars = || condition.values.iter().any(|value| is_stars(value));
    match condition.operator.test {
        _ if condition.values.is_empty() => Met::Perhaps,
        Test::StringLike if stars() => Met::Plainly,
        Test::StringNotLike if stars() => Met::Avoided,
        Test::StringEquals
        | Test::StringNotEquals
        | Test::StringEqualsIgnoreCase
        | Test::StringNotEqualsIgnoreCase
        | Test::StringLike
        | Test::StringNotLike => Met::AtWill,
        Test::Null if condition.values.len() == 1 => Met::AtWill,
        _ => Met::Perhaps,
    }
}

/// A condition on who calls: whether the holder meets it, or any user and any role if the holder is not known.
fn of_principal(condition: &Condition<'_>, context: &RequestContext<'_>) -> Met {
    let is = |name: &str| condition.key.eq_ignore_ascii_case(name);
    let (partition, account) = context.account.unwrap_or(("aws", ANY_ACCOUNT));
    let callers: [String; 2] = if is("aws:PrincipalArn") {
        ["user", "role"].map(|kind| format!("arn:{partition}:iam::{account}:{kind}/{ANY}"))
    } else if is("aws:PrincipalType") {
        ["User".to_owned(), "AssumedRole".to_owned()]
    } else if is("aws:userid") {
        [format!("AIDA{ANY}"), format!("AROA{ANY}:{ANY}")]
    } else {
        [account.to_owned(), account.to_owned()]
    };
    let (literal, arn) = match condition.operator.test {
        Test::StringEquals | Test::StringNotEquals | Test::StringEqualsIgnoreCase | Test::StringNotEqualsIgnoreCase => (true, false),
        Test::StringLike | Test::StringNotLike => (false, false),
        Test::ArnEquals | Test::ArnLike | Test::ArnNotEquals | Test::ArnNotLike => (false, true),
        _ => return Met::Perhaps,
    };
    let named = |caller: &String| {
        condition.values.iter().any(|value| {
            if literal {
                value == caller
            } else if arn && !is_stars(value) {
                names_arn(value, caller)
            } else {
                covers_exactly(value, caller)
            }
        })
    };
    let every = callers.iter().all(named);
    // Whoever is named one by one is somebody else than the holder of a policy that anybody can hold, unless the holder is known.
    let one_by_one = (is("aws:PrincipalArn") || is("aws:userid"))
        && condition.values.iter().all(|value| (literal || !is_wild(value)) && !names_holder(value, context));
    let known_account = is("aws:PrincipalAccount") && context.account.is_some();
    let may_be_named = |caller: &String| {
        let anybody = caller.replace(ANY_ACCOUNT, "*").replace(ANY, "*");
        condition.values.iter().any(|value| overlaps(value, &anybody))
    };
    let positive = if every {
        Met::Always
    } else if one_by_one {
        Met::Avoided
    } else if known_account || !literal && !callers.iter().any(may_be_named) {
        Met::Never
    } else {
        Met::Perhaps
    };
    if condition.operator.test.is_negated() { positive.negated() } else { positive }
}

/// Whether a value can be the ARN or the unique id of whoever holds the policy. Of an ARN only the name is compared, of which IAM tells no two
/// apart by their case: the path is not known here.
fn names_holder(value: &str, context: &RequestContext<'_>) -> bool {
    context.principal.is_some_and(|(name, id)| match value.rsplit_once('/') {
        Some((_, last)) => last.eq_ignore_ascii_case(name),
        None => id.is_none_or(|id| value.split(':').next() == Some(id)),
    })
}

fn is_wild(value: &str) -> bool {
    value.contains(['*', '?'])
}

/// Whether a pattern names all that another stands for; both keep their case.
fn covers_exactly(pattern: &str, all: &str) -> bool {
    covers(pattern, all) && matches(pattern, all)
}

/// The same segment by segment, as `ArnLike` takes an ARN.
fn names_arn(pattern: &str, arn: &str) -> bool {
    let (mut own, mut all) = (pattern.splitn(6, ':'), arn.splitn(6, ':'));
    (0..6).all(|_| own.next().zip(all.next()).is_some_and(|(own, all)| covers_exactly(own, all)))
}

const fn begins_later(test: Test) -> bool {
    matches!(test, Test::DateGreaterThan | Test::DateGreaterThanEquals | Test::NumericGreaterThan | Test::NumericGreaterThanEquals)
}

/// A condition on the time: what is over never holds again, what has begun always holds, and for what begins later its holder waits. `now` is in
/// nanoseconds since 1970.
fn at_time(condition: &Condition<'_>, now: i128) -> Met {
    let moments: Option<Vec<i128>> = condition.values.iter().map(|value| moment(value)).collect();
    let Some(moments) = moments.filter(|moments| !moments.is_empty()) else {
        return Met::Perhaps;
    };
    let any_past = moments.iter().any(|moment| *moment < now);
    let all_past = moments.iter().all(|moment| *moment < now);
    match condition.operator.test {
        test if begins_later(test) => {
            if any_past {
                Met::Always
            } else {
                Met::Later
            }
        }
        Test::DateLessThan | Test::DateLessThanEquals | Test::NumericLessThan | Test::NumericLessThanEquals => {
            if all_past {
                Met::Never
            } else {
                Met::Plainly
            }
        }
        Test::DateEquals | Test::NumericEquals if all_past => Met::Never,
        Test::DateNotEquals | Test::NumericNotEquals => {
            if all_past {
                Met::Always
            } else {
                Met::Plainly
            }
        }
        _ => Met::Perhaps,
    }
}

/// A condition on a key that is `plain` in the plainest request.
fn of_boolean(condition: &Condition<'_>, plain: &str) -> Met {
    let same: fn(&str, &str) -> bool = match condition.operator.test {
        Test::Bool | Test::StringEqualsIgnoreCase | Test::StringNotEqualsIgnoreCase => |value, plain| value.eq_ignore_ascii_case(plain),
        Test::StringEquals | Test::StringNotEquals => |value, plain| value == plain,
        Test::StringLike | Test::StringNotLike => matches,
        _ => return Met::Perhaps,
    };
    let both = ["true", "false"].iter().all(|either| condition.values.iter().any(|value| same(value, either)));
    let positive = match (both, condition.values.iter().any(|value| same(value, plain))) {
        (true, _) => Met::Always,
        (false, true) => Met::Plainly,
        (false, false) => Met::Avoided,
    };
    if condition.operator.test.is_negated() { positive.negated() } else { positive }
}

/// A condition on the caller's address: whether the ranges, taken together, leave out no address of IPv4.
fn of_address(condition: &Condition<'_>) -> Met {
    let mut ranges = Vec::new();
    for value in &condition.values {
        let (base, length) = value.split_once('/').unwrap_or((value, "32"));
        let (Ok(base), Ok(length)) = (base.parse::<IpAddr>(), length.parse::<u32>()) else {
            return Met::Perhaps;
        };
        if let (IpAddr::V4(base), 0..=32) = (base, length) {
            let size = 1_u64 << (32 - length);
            let start = u64::from(base.to_bits()) / size * size;
            ranges.push((start, start + size));
        }
    }
    ranges.sort_unstable();
    let covered = ranges.iter().fold(0_u64, |covered, (start, end)| if *start <= covered { covered.max(*end) } else { covered });
    let positive = if covered > u64::from(u32::MAX) { Met::Plainly } else { Met::Perhaps };
    match condition.operator.test {
        Test::IpAddress => positive,
        Test::NotIpAddress => positive.negated(),
        _ => Met::Perhaps,
    }
}

/// The services to which the conditions let a role be passed, as bits of `PASSED_TO`: for certain, and possibly. `settled` says which
/// conditions hold in any case.
pub(super) fn passed_to(conditions: &[Condition<'_>], settled: impl Fn(&Condition<'_>) -> bool) -> (u64, u64) {
    conditions.iter().filter(|condition| !settled(condition)).fold((u64::MAX, u64::MAX), |(certain, possible), condition| {
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
    })
}
