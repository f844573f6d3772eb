//! What the digest remembers from one day to the next: an item with `pk` `<function>#digest` and `sk` `last`.
//!
//! | attribute | |
//! |---|---|
//! | `at` | up to when the last digest looked |
//! | `first` | the day of the first digest |
//! | `broken` | of each guardrail, on which of the last days it was broken, as JSON: the lowest bit is the day of the last digest |

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, NaiveDate, Utc};

use super::{Item, Ledger, moment, of, string};
use crate::error::{AwsCall, Named as _};

/// What the digest remembers.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Days {
    /// Up to when the last digest looked; `None` if there was none.
    pub at: Option<DateTime<Utc>>,
    /// The day of the first digest.
    pub first: Option<NaiveDate>,
    broken: BTreeMap<String, u32>,
}

impl Days {
    /// As many days as are remembered.
    pub const KEPT: u32 = u32::BITS;

    /// A digest up to `now`, before which these guardrails were broken.
    #[must_use]
    pub fn passed<'a>(mut self, now: DateTime<Utc>, broken: impl Iterator<Item = &'a str>) -> Self {
        let days = self.at.map_or(0, |at| (now.date_naive() - at.date_naive()).num_days());
        let days = u32::try_from(days).unwrap_or_default();
        for days_broken in self.broken.values_mut() {
            *days_broken = days_broken.checked_shl(days).unwrap_or_default();
        }
        for id in broken {
            *self.broken.entry(id.to_owned()).or_default() |= 1;
        }
        self.broken.retain(|_, days| *days > 0);
        self.first.get_or_insert_with(|| now.date_naive());
        self.at = Some(now);
        self
    }

    /// Whether a guardrail was broken on any of the days.
    #[must_use]
    pub fn ever(&self, guardrail: &str) -> bool {
        self.broken.contains_key(guardrail)
    }

    /// The guardrails that were broken on each of the last so many days.
    pub fn daily(&self, days: u32) -> impl Iterator<Item = &str> {
        self.broken.iter().filter(move |(_, broken)| broken.trailing_ones() >= days).map(|(id, _)| id.as_str())
    }

    /// How many days the digest can look back, the present one among them.
    #[must_use]
    pub fn known(&self, now: DateTime<Utc>) -> u32 {
        let known = self.first.map_or(0, |first| (now.date_naive() - first).num_days() + 1);
        u32::try_from(known).unwrap_or_default().min(Self::KEPT)
    }
}

impl Ledger {
    /// What the digest remembers.
    ///
    /// # Errors
    ///
    /// If DynamoDB did not answer.
    pub async fn days(&self, function: &str) -> Result<Days, AwsCall> {
        let items = self.read(vec![key(function)], "the last digest").await?;
        let Some(item) = items.first() else {
            return Ok(Days::default());
        };
        Ok(Days {
            at: of(item, "at").parse().ok(),
            first: of(item, "first").parse().ok(),
            broken: serde_json::from_str(of(item, "broken")).unwrap_or_default(),
        })
    }

    /// Notes that a digest was sent.
    ///
    /// # Errors
    ///
    /// If DynamoDB did not do it.
    pub async fn note_days(&self, function: &str, days: &Days) -> Result<(), AwsCall> {
        let mut item = key(function);
        let text = [
            ("at", days.at.map(moment).unwrap_or_default()),
            ("first", days.first.map(|day| day.to_string()).unwrap_or_default()),
            ("broken", serde_json::to_string(&days.broken).unwrap_or_default()),
        ];
        item.extend(text.into_iter().map(|(name, value)| (name.to_owned(), string(&value))));
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item)).send().await;
        put.named("dynamodb:PutItem of the", &"last digest").map(drop)
    }
}

fn key(function: &str) -> Item {
    HashMap::from([("pk".to_owned(), string(&format!("{function}#digest"))), ("sk".to_owned(), string("last"))])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(number: u32) -> DateTime<Utc> {
        format!("2026-03-{number:02}T07:00:00Z").parse().unwrap()
    }

    #[test]
    fn a_guardrail_is_broken_daily_only_while_no_day_is_missing() {
        let days = (1..=7).fold(Days::default(), |days, number| days.passed(day(number), ["a", "b"].into_iter()));
        assert_eq!(days.daily(7).collect::<Vec<_>>(), ["a", "b"]);
        let days = days.passed(day(8), std::iter::once("a"));
        assert_eq!(days.daily(7).collect::<Vec<_>>(), ["a"]);
        let days = days.passed(day(10), std::iter::once("a"));
        assert_eq!(days.daily(2).count(), 0, "a day without a digest is a day without news");
    }

    #[test]
    fn what_was_broken_is_forgotten_after_a_month() {
        let days = Days::default().passed(day(1), std::iter::once("a"));
        assert!(days.ever("a") && !days.ever("b"));
        let later = |hours: i64| days.clone().passed(day(1) + chrono::TimeDelta::hours(hours), std::iter::empty());
        assert!(later(24 * 31).ever("a") && !later(24 * 32).ever("a") && !later(24 * 400).ever("a"));
    }

    #[test]
    fn a_clock_that_goes_back_forgets_nothing() {
        let days = Days::default().passed(day(9), std::iter::once("a")).passed(day(8), std::iter::empty());
        assert!(days.ever("a"));
        assert_eq!((days.known(day(9)), days.known(day(1)), Days::default().known(day(1))), (1, 0, 0));
    }
}
