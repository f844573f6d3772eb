//! How long ago something was, for a person.

use chrono::{DateTime, TimeDelta, Utc};

/// In the largest unit of which at least two have passed.
pub fn ago(then: DateTime<Utc>, now: DateTime<Utc>) -> String {
    format!("{} ago", long(now - then))
}

/// The same of a span.
pub fn long(span: TimeDelta) -> String {
    let units = [(span.num_days(), "days"), (span.num_hours(), "h"), (span.num_minutes(), "min")];
    let unit = units.into_iter().find(|(number, _)| *number >= 2);
    let (number, unit) = unit.unwrap_or_else(|| (span.num_seconds().max(0), "s"));
    format!("{number} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_said_in_the_largest_unit_that_it_has_two_of() {
        let spans = [-5, 0, 119, 120, 7_199, 7_200, 172_799, 172_800].map(|seconds| long(TimeDelta::seconds(seconds)));
        assert_eq!(spans, ["0 s", "0 s", "119 s", "2 min", "119 min", "2 h", "47 h", "2 days"]);
    }
}
