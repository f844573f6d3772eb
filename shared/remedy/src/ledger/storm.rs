//! The brake: past so many remedies of one guardrail within an hour, its further ones wait until the hour is over.
//!
//! One item for each guardrail: `pk` is `<function>#storm`, `sk` its id.
//!
//! | attribute | |
//! |---|---|
//! | `since` | when its hour began |
//! | `cases` | those that are counted in it, at most as many as the limit |
//! | `paged` | the held case that was reported for all of this hour |
//!
//! An hour ends by its stored time, and the next remedy begins another. A case is counted by its id and the time of its change, so that retries and
//! duplicates count once. Each write has a condition, so that invocations at the same moment never let through more than the limit.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use policy::Case;
use policy::case::Held;

use super::{Item, Key, Ledger, is_out_of_reach, moment, of, string};
use crate::error::{AwsCall, Failure, Named as _};

/// Within so long a guardrail has its limit.
const WINDOW: TimeDelta = TimeDelta::hours(1);
/// How often the count is looked at again because somebody else has changed it. Eight invocations that begin an hour together need three.
const TRIES: u32 = 8;
/// The counts of guardrails, by their ids, as they were when the case was looked up; `None` if there was none yet.
pub type Counts = HashMap<String, Option<Item>>;

/// What the brake needs besides the case.
pub struct Brake<'a> {
    pub counts: Counts,
    /// The event, to judge it again.
    pub payload: &'a str,
}

/// How far a guardrail's hour has come.
enum Hour<'a> {
    /// There is none, or it is over: this is when it began, if anything.
    Over(Option<&'a AttributeValue>),
    /// This case may be counted, or is.
    Open,
    /// It has as many cases as it may, until then.
    Full(DateTime<Utc>),
}

impl<'a> Hour<'a> {
    fn of(item: Option<&'a Item>, case: &str, limit: u16, now: DateTime<Utc>) -> Self {
        let Some(item) = item else {
            return Self::Over(None);
        };
        let since = of(item, "since").parse::<DateTime<Utc>>().ok();
        // One that begins long after this moment was written by a clock that is wrong, or by somebody else.
        let Some(since) = since.filter(|since| *since > now - WINDOW && *since <= now + WINDOW) else {
            return Self::Over(item.get("since"));
        };
        let Some(Ok(cases)) = item.get("cases").map(AttributeValue::as_ss) else {
            return Self::Over(item.get("since"));
        };
        if cases.len() < usize::from(limit) || cases.iter().any(|counted| counted == case) {
            return Self::Open;
        }
        Self::Full(since.min(now) + WINDOW)
    }
}

impl Ledger {
    /// Lets a remedy through and counts it, or stores its event and says why it waits. A remedy that several guardrails ask for waits if all of them
    /// are past their limits. Nothing waits if the ledger is out of reach.
    ///
    /// # Errors
    ///
    /// If the ledger answers, and not now.
    pub(super) async fn brake(&self, key: &Key, case: &Case, brake: &Brake<'_>, now: DateTime<Utc>) -> Result<Option<Held>, AwsCall> {
        let held = match self.held(key, case, &brake.counts, now).await {
            Ok(Some(held)) => self.hold(key, &held, brake.payload, now).await.map(|()| Some(held)),
            answer => answer,
        };
        match held {
            Err(call) if is_out_of_reach(&call) => {
                tracing::warn!(case = key.case, error = %call, "not counted, and not held");
                Ok(None)
            }
            answer => answer,
        }
    }

    async fn held(&self, key: &Key, case: &Case, counts: &Counts, now: DateTime<Utc>) -> Result<Option<Held>, AwsCall> {
        let mut held: Option<Held> = None;
        for guardrail in case.limited_by() {
            let Some(until) = self.full_until(key, guardrail, counts.get(guardrail), now).await? else {
                return Ok(None);
            };
            if held.as_ref().is_none_or(|held| until < held.until) {
                held = Some(Held { guardrail: guardrail.to_owned(), limit: self.limit, until: until.trunc_subsecs(3) });
            }
        }
        Ok(held)
    }

    /// Until when a guardrail is past its limit; `None` if the case is counted. `seen` is its count, if it was read.
    async fn full_until(
        &self,
        key: &Key,
        guardrail: &str,
        seen: Option<&Option<Item>>,
        now: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, AwsCall> {
        let case = counted(key);
        let mut seen = seen.cloned();
        for _ in 0..TRIES {
            let hour = seen.as_ref().map_or(Hour::Open, |item| Hour::of(item.as_ref(), &case, self.limit, now));
            let update = match hour {
                Hour::Full(until) => return Ok(Some(until)),
                Hour::Open => self.counts_in(key, guardrail, &case, now),
                Hour::Over(since) => self.begins(key, guardrail, &case, since, now),
            };
            let answer = update.return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld).send().await;
            match answer {
                Ok(_) => return Ok(None),
                Err(error) => match error.as_service_error() {
                    Some(UpdateItemError::ConditionalCheckFailedException(refused)) => seen = Some(refused.item().cloned()),
                    _ => return Err(AwsCall::of(format!("dynamodb:UpdateItem of the brake on guardrail {guardrail}"), &error)),
                },
            }
        }
        let message = "others were quicker each time".to_owned();
        Err(AwsCall { call: format!("counting case {}", key.case), failure: Failure::Unsettled, message })
    }

    /// Counts a case in the guardrail's present hour.
    fn counts_in(&self, key: &Key, guardrail: &str, case: &str, now: DateTime<Utc>) -> UpdateItemFluentBuilder {
        self.count(key, guardrail)
            .update_expression("ADD #cases :cases")
            .condition_expression("#since > :before AND #since <= :after AND (contains(#cases, :case) OR size(#cases) < :limit)")
            .expression_attribute_names("#cases", "cases")
            .expression_attribute_names("#since", "since")
            .expression_attribute_values(":cases", AttributeValue::Ss(vec![case.to_owned()]))
            .expression_attribute_values(":case", string(case))
            .expression_attribute_values(":before", string(&moment(now - WINDOW)))
            .expression_attribute_values(":after", string(&moment(now + WINDOW)))
            .expression_attribute_values(":limit", AttributeValue::N(self.limit.to_string()))
    }

    /// Begins an hour with a case, if nobody else has since `since` was read.
    fn begins(
        &self,
        key: &Key,
        guardrail: &str,
        case: &str,
        since: Option<&AttributeValue>,
        now: DateTime<Utc>,
    ) -> UpdateItemFluentBuilder {
        let update = self
            .count(key, guardrail)
            .update_expression("SET #since = :now, #cases = :cases, #expires = :expires REMOVE #paged")
            .expression_attribute_names("#since", "since")
            .expression_attribute_names("#cases", "cases")
            .expression_attribute_names("#expires", "expires")
            .expression_attribute_names("#paged", "paged")
            .expression_attribute_values(":now", string(&moment(now)))
            .expression_attribute_values(":cases", AttributeValue::Ss(vec![case.to_owned()]))
            .expression_attribute_values(":expires", AttributeValue::N((now + WINDOW * 2).timestamp().to_string()));
        match since {
            Some(since) => update.condition_expression("#since = :since").expression_attribute_values(":since", since.clone()),
            None => update.condition_expression("attribute_not_exists(#since)"),
        }
    }

    fn count(&self, key: &Key, guardrail: &str) -> UpdateItemFluentBuilder {
        self.client.update_item().table_name(&self.table).set_key(Some(count_key(key.function, guardrail)))
    }

    /// Whether this case is the one of its guardrail's hour that is reported; again if it is tried again. In doubt it is.
    pub(super) async fn announces(&self, key: &Key, held: &Held) -> bool {
        let claim = self
            .count(key, &held.guardrail)
            .update_expression("SET #paged = :case")
            .condition_expression("attribute_not_exists(#paged) OR #paged = :case")
            .expression_attribute_names("#paged", "paged")
            .expression_attribute_values(":case", string(&counted(key)));
        match claim.send().await.named("dynamodb:UpdateItem of the brake for case", &key.case) {
            Ok(_) => true,
            Err(call) if call.failure == Failure::Conflict => false,
            Err(call) => {
                tracing::error!(case = key.case, error = %call, "not known whether it is reported");
                true
            }
        }
    }
}

/// By what a case is counted.
pub(super) fn counted(key: &Key) -> String {
    format!("{}#{}", key.case, moment(key.time))
}

pub(super) fn count_key(function: &str, guardrail: &str) -> Item {
    HashMap::from([("pk".to_owned(), string(&format!("{function}#storm"))), ("sk".to_owned(), string(guardrail))])
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-03-02T12:00:00.000Z";

    fn item(since: &str, cases: usize) -> Item {
        let cases = (0..cases).map(|number| format!("case {number}")).collect();
        HashMap::from([("since".to_owned(), string(since)), ("cases".to_owned(), AttributeValue::Ss(cases))])
    }

    fn hour(item: &Item, case: &str) -> Result<Option<String>, ()> {
        match Hour::of(Some(item), case, 3, NOW.parse().unwrap()) {
            Hour::Full(until) => Ok(Some(moment(until))),
            Hour::Open => Ok(None),
            Hour::Over(_) => Err(()),
        }
    }

    #[test]
    fn an_hour_is_full_at_its_limit_but_for_those_that_it_counts_already() {
        assert_eq!(hour(&item("2026-03-02T11:30:00.000Z", 2), "another"), Ok(None));
        assert_eq!(hour(&item("2026-03-02T11:30:00.000Z", 3), "another"), Ok(Some("2026-03-02T12:30:00.000Z".to_owned())));
        assert_eq!(hour(&item("2026-03-02T11:30:00.000Z", 3), "case 1"), Ok(None));
    }

    #[test]
    fn an_hour_is_over_by_its_stored_time_and_nothing_waits_longer_than_an_hour() {
        assert_eq!(hour(&item("2026-03-02T11:00:00.000Z", 3), "another"), Err(()));
        assert_eq!(hour(&item("2026-03-02T11:00:00.001Z", 3), "another"), Ok(Some("2026-03-02T12:00:00.001Z".to_owned())));
        assert_eq!(hour(&item("2026-03-02T12:40:00.000Z", 3), "another"), Ok(Some("2026-03-02T13:00:00.000Z".to_owned())));
        for nonsense in ["2026-03-02T13:00:00.001Z", "2099-01-01T00:00:00.000Z", "yesterday", ""] {
            assert_eq!(hour(&item(nonsense, 3), "another"), Err(()), "{nonsense}");
        }
    }
}
