//! How often somebody failed to sign in.
//!
//! One item for each user, role or unknown caller: `pk` is `<function>#failed`, `sk` a hash of who it is. Each failure has one attribute, named by
//! its case, with its time, so that a retry counts once.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Key, Ledger, string};
use crate::error::AwsCall;

/// Failures within this time belong together.
const WINDOW: TimeDelta = TimeDelta::minutes(10);

impl Ledger {
    /// Counts a failure to sign in, and says how many there were within ten minutes, this one among them.
    ///
    /// # Errors
    ///
    /// If DynamoDB did not do it.
    pub async fn failed_to_sign_in(&self, key: &Key, who: &str) -> Result<u32, AwsCall> {
        let (pk, sk) = (format!("{}#failed", key.function), policy::case::hashed(&[who]));
        let item = HashMap::from([("pk".to_owned(), string(&pk)), ("sk".to_owned(), string(&sk))]);
        let counted = self.add_up(&item, key, key.time, "", TimeDelta::hours(24)).await?;
        let times: Vec<DateTime<Utc>> = counted.iter().filter_map(|(time, _)| time.parse().ok()).collect();
        Ok(most_within(&times, key.time))
    }
}

/// The most of these times that lie within a window that has `at` in it. They can have come in any order.
fn most_within(times: &[DateTime<Utc>], at: DateTime<Utc>) -> u32 {
    let starts = times.iter().filter(|start| **start <= at && at - **start < WINDOW);
    let within = |start: &DateTime<Utc>| times.iter().filter(|time| *time >= start && **time - *start < WINDOW).count();
    u32::try_from(starts.map(within).max().unwrap_or_default()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_count_together_that_lie_within_ten_minutes_in_whatever_order_they_come() {
        let minutes = |minutes: &[i64]| -> Vec<DateTime<Utc>> {
            minutes.iter().map(|minute| DateTime::UNIX_EPOCH + TimeDelta::minutes(*minute)).collect()
        };
        let at = |minute| DateTime::UNIX_EPOCH + TimeDelta::minutes(minute);
        assert_eq!(most_within(&minutes(&[0, 2, 4, 6, 8]), at(8)), 5);
        assert_eq!(most_within(&minutes(&[8, 6, 4, 2, 0]), at(0)), 5);
        assert_eq!(most_within(&minutes(&[0, 10, 20, 30, 40]), at(40)), 1);
        assert_eq!(most_within(&minutes(&[0, 1, 11, 12, 13]), at(11)), 3);
        assert_eq!(most_within(&[], at(0)), 0);
    }
}
