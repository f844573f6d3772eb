//! How condition operators compare one value of a request with one of a policy.
//!
//! IAM user guide, "IAM JSON policy elements: Condition operators".

use std::cmp::Ordering;
use std::net::IpAddr;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime};

use super::context::Context;
use super::truth::Truth;
use super::written::{Filled, fill};
use super::{Reading, arns};
use crate::document::{Test, Version};

/// What two values come to.
pub(super) enum Compared {
    /// They are comparable, and the positive comparison holds or not.
    As(Truth),
    /// One of them is no number, moment, boolean or address.
    NotComparable,
}

impl From<bool> for Compared {
    fn from(holds: bool) -> Self {
        Self::As(holds.into())
    }
}

/// A condition's value as it is written, and filled in: once, however many values of the request it is compared with.
pub(super) struct Written<'p> {
    text: &'p str,
    filled: Filled<'p>,
}

impl<'p> Written<'p> {
    pub(super) fn of(text: &'p str, version: Version, context: &Context<'_>) -> Self {
        Self { text, filled: fill(text, version, context) }
    }
}

/// Compares with the positive form of the operator: `StringNotLike` as `StringLike`. Variables stand in strings and ARNs (item 12); whether
/// they may stand in booleans is disputed.
pub(super) fn compare(
    test: Test,
    wanted: &Written<'_>,
    value: &str,
    version: Version,
    context: &Context<'_>,
    reading: Reading,
) -> Compared {
    let (written, filled) = (wanted.text, &wanted.filled);
    match test {
        Test::StringEquals | Test::StringNotEquals => match filled.literally() {
            Ok(wanted) => (*wanted == *value.as_bytes()).into(),
            Err(unresolved) => Compared::As(unresolved),
        },
        Test::StringEqualsIgnoreCase | Test::StringNotEqualsIgnoreCase => match filled.literally() {
            Ok(wanted) => same_but_for_case(&wanted, value).into(),
            Err(unresolved) => Compared::As(unresolved),
        },
        Test::StringLike | Test::StringNotLike => Compared::As(filled.names(value)),
        Test::ArnEquals | Test::ArnLike | Test::ArnNotEquals | Test::ArnNotLike => {
            arns::like(written, filled, value, version, context, reading).map_or(Compared::NotComparable, Compared::As)
        }
        Test::NumericEquals | Test::NumericNotEquals => numbers(written, value, Ordering::is_eq),
        Test::NumericLessThan => numbers(written, value, Ordering::is_lt),
        Test::NumericLessThanEquals => numbers(written, value, Ordering::is_le),
        Test::NumericGreaterThan => numbers(written, value, Ordering::is_gt),
        Test::NumericGreaterThanEquals => numbers(written, value, Ordering::is_ge),
        Test::DateEquals | Test::DateNotEquals => moments(written, value, Ordering::is_eq),
        Test::DateLessThan => moments(written, value, Ordering::is_lt),
        Test::DateLessThanEquals => moments(written, value, Ordering::is_le),
        Test::DateGreaterThan => moments(written, value, Ordering::is_gt),
        Test::DateGreaterThanEquals => moments(written, value, Ordering::is_ge),
        Test::Bool => match (boolean(written), boolean(value)) {
            (Some(wanted), Some(given)) => (wanted == given).into(),
            (None, Some(_)) if written.contains("${") => Compared::As(reading.disputed(filled.names(value) != Truth::False)),
            _ => Compared::NotComparable,
        },
        Test::BinaryEquals => (written == value).into(),
        Test::IpAddress | Test::NotIpAddress => in_range(written, value).map_or(Compared::NotComparable, Compared::from),
        // `Null` looks at no value.
        Test::Null => Compared::NotComparable,
    }
}

fn same_but_for_case(a: &[u8], b: &str) -> bool {
    if a.is_ascii() && b.is_ascii() {
        return a.eq_ignore_ascii_case(b.as_bytes());
    }
    std::str::from_utf8(a).is_ok_and(|a| a.chars().flat_map(char::to_lowercase).eq(b.chars().flat_map(char::to_lowercase)))
}

/// The order of the request's number to the policy's. Whole numbers keep all their digits.
fn numbers(written: &str, value: &str, wanted: fn(Ordering) -> bool) -> Compared {
    let order = match (written.parse::<i128>(), value.parse::<i128>()) {
        (Ok(written), Ok(value)) => Some(value.cmp(&written)),
        _ => number(written).zip(number(value)).and_then(|(written, value)| value.partial_cmp(&written)),
    };
    order.map_or(Compared::NotComparable, |order| wanted(order).into())
}

/// A decimal number; Rust's `inf` and `nan` are none.
fn number(text: &str) -> Option<f64> {
    text.bytes().any(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

fn moments(written: &str, value: &str, wanted: fn(Ordering) -> bool) -> Compared {
    let order = moment(written).zip(moment(value)).map(|(written, value)| value.cmp(&written));
    order.map_or(Compared::NotComparable, |order| wanted(order).into())
}

/// Nanoseconds since 1970: from whole seconds, as any whole number is read, or from one of the W3C's profiles of ISO 8601 (item 18 of `docs/evaluation.md`).
pub fn moment(text: &str) -> Option<i128> {
    const SECOND: i128 = 1_000_000_000;
    if let Ok(seconds) = text.parse::<i64>() {
        return Some(i128::from(seconds) * SECOND);
    }
    let nanos = |seconds: i64, nanos: u32| i128::from(seconds) * SECOND + i128::from(nanos);
    if let Ok(full) = DateTime::parse_from_rfc3339(text) {
        return Some(nanos(full.timestamp(), full.timestamp_subsec_nanos()));
    }
    if let Ok(without_seconds) = DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M%:z") {
        return Some(nanos(without_seconds.timestamp(), 0));
    }
    let naive = || {
        let text = text.strip_suffix('Z').unwrap_or(text);
        let formats = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M"];
        let timed = formats.iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok());
        let day = || NaiveDate::parse_from_str(text, "%Y-%m-%d").or_else(|_| NaiveDate::parse_from_str(&format!("{text}-01"), "%Y-%m-%d"));
        timed.or_else(|| day().ok().map(|day| day.and_time(NaiveTime::MIN)))
    };
    naive().map(|naive| naive.and_utc()).map(|moment| nanos(moment.timestamp(), moment.timestamp_subsec_nanos()))
}

const fn boolean(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

/// Whether an address lies in a range of CIDR; one of the other family lies outside it (item 18).
fn in_range(range: &str, address: &str) -> Option<bool> {
    let (base, length) = range.split_once('/').map_or((range, None), |(base, length)| (base, Some(length)));
    let base: IpAddr = base.parse().ok()?;
    let address: IpAddr = address.parse().ok()?;
    let widest: u32 = if base.is_ipv4() { 32 } else { 128 };
    let length = match length {
        None => widest,
        Some(digits) => digits.parse().ok().filter(|length| *length <= widest && digits.bytes().all(|byte| byte.is_ascii_digit()))?,
    };
    let bits = |address: IpAddr| match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    };
    let differing = (bits(base) ^ bits(address)).checked_shr(widest - length).unwrap_or(0);
    Some(base.is_ipv4() == address.is_ipv4() && differing == 0)
}
