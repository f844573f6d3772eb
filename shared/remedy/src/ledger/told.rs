//! Who reports the stop: one function for all, by an item of its own with `pk` `told` and `sk` `stop`.
//!
//! | attribute | |
//! |---|---|
//! | `what`, `at` | what was last reported, as a hash, and when; no `what` if nothing is stopped |
//! | `claim` | since when a function has been about to report: one that is killed before it has is followed by another |

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use chrono::{DateTime, TimeDelta, Utc};

use super::{AT_WORK, Item, Ledger, Stop, moment, of, stop, string};
use crate::error::{AwsCall, Failure, Named as _};

/// A stop that lasts is reported again so often.
const REPEATED: TimeDelta = TimeDelta::hours(24);
/// The partition of what all functions share but for the stop.
pub(super) const TOLD: &str = "told";

/// What was last reported about the stop.
#[derive(Debug, Default)]
pub struct Told {
    what: String,
    at: String,
}

impl Told {
    /// Whether this is to be reported; empty if nothing is stopped.
    pub fn is_due(&self, what: &str, now: DateTime<Utc>) -> bool {
        let is_long_ago = self.at.parse::<DateTime<Utc>>().ok().is_none_or(|at| at <= now - REPEATED || at > now + REPEATED);
        self.what != what || (!what.is_empty() && is_long_ago)
    }
}

impl Ledger {
    /// What a person has stopped, and what was last reported about it.
    ///
    /// # Errors
    ///
    /// If DynamoDB did not answer.
    pub async fn stop_and_told(&self) -> Result<(Stop, Told), AwsCall> {
        let items = self.read(vec![stop::key(), key()], "the stop").await?;
        let found = |pk: &str| items.iter().find(|item| of(item, "pk") == pk);
        let told = found(TOLD).map(|item| Told { what: of(item, "what").to_owned(), at: of(item, "at").to_owned() });
        Ok((found(stop::STOP).map(Stop::of).unwrap_or_default(), told.unwrap_or_default()))
    }

    /// Whether this function is the one that reports what has changed since `told`.
    ///
    /// # Errors
    ///
    /// If DynamoDB did not answer.
    pub async fn claim(&self, told: &Told, now: DateTime<Utc>) -> Result<bool, AwsCall> {
        let as_read = if told.at.is_empty() { "attribute_not_exists(#at)" } else { "#at = :at" };
        let mut update = self
            .told()
            .update_expression("SET #claim = :now")
            .condition_expression(format!("{as_read} AND (attribute_not_exists(#claim) OR #claim < :before)"))
            .expression_attribute_names("#at", "at")
            .expression_attribute_names("#claim", "claim")
            .expression_attribute_values(":now", string(&moment(now)))
            .expression_attribute_values(":before", string(&moment(now - AT_WORK)));
        if !told.at.is_empty() {
            update = update.expression_attribute_values(":at", string(&told.at));
        }
        match update.send().await.named("dynamodb:UpdateItem of what was reported about the", &stop::STOP) {
            Ok(_) => Ok(true),
            Err(call) if call.failure == Failure::Conflict => Ok(false),
            Err(call) => Err(call),
        }
    }

    /// Notes that this is reported now, or that it is not and the next tick is to try.
    ///
    /// # Errors
    ///
    /// If DynamoDB did not do it.
    pub async fn reported(&self, what: Option<&str>, now: DateTime<Utc>) -> Result<(), AwsCall> {
        let update = self.told().expression_attribute_names("#claim", "claim");
        let update = match what {
            Some(what) => update
                .update_expression("SET #what = :what, #at = :now REMOVE #claim")
                .expression_attribute_names("#what", "what")
                .expression_attribute_names("#at", "at")
                .expression_attribute_values(":what", string(what))
                .expression_attribute_values(":now", string(&moment(now))),
            None => update.update_expression("REMOVE #claim"),
        };
        update.send().await.named("dynamodb:UpdateItem of what was reported about the", &stop::STOP).map(drop)
    }

    fn told(&self) -> UpdateItemFluentBuilder {
        self.client.update_item().table_name(&self.table).set_key(Some(key()))
    }
}

fn key() -> Item {
    HashMap::from([("pk".to_owned(), string(TOLD)), ("sk".to_owned(), string(stop::STOP))])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stop_is_reported_when_it_changes_daily_while_it_lasts_and_at_its_end() {
        let now = "2026-03-02T12:00:00Z".parse().unwrap();
        let told = |what: &str, at: &str| Told { what: what.to_owned(), at: at.to_owned() };
        assert!(!Told::default().is_due("", now) && Told::default().is_due("rsc-1", now));
        assert!(!told("rsc-1", "2026-03-01T12:00:00.001Z").is_due("rsc-1", now));
        assert!(told("rsc-1", "2026-03-01T12:00:00.000Z").is_due("rsc-1", now) && told("rsc-1", "nonsense").is_due("rsc-1", now));
        assert!(told("rsc-1", "2026-03-02T11:59:00.000Z").is_due("rsc-2", now));
        assert!(told("rsc-1", "2026-03-02T11:59:00.000Z").is_due("", now) && !told("", "2020-01-01T00:00:00.000Z").is_due("", now));
    }
}
