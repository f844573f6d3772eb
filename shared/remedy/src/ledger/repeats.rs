//! Cases that are like one that was reported within the hour: they are counted, not reported.
//!
//! One item for each guardrail, actor, kind of change and outcome: `pk` is `<function>#repeats`, `sk` a hash of them.
//!
//! | attribute | |
//! |---|---|
//! | `since` | when its hour began |
//! | `told`, `by` | the changes that were reported in it, as hashes, and by which cases |
//! | `more`, `about` | how many cases were only counted, and the first of their changes |
//! | `before` | what had been counted in the hour before, as JSON: the case that began this hour says it, and a retry of it as well |
//! | `like` | what they are like, as JSON: for the message that closes an hour after which nothing more came |
//!
//! A case tried again is reported again. A second delivery of one that was counted may count twice.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use chrono::{DateTime, TimeDelta, Utc};
use policy::Case;
use policy::actor::Actor;
use policy::case::{Outcome, Repeated, hashed};
use policy::severity::Severity;
use serde::{Deserialize, Serialize};

use super::storm::counted;
use super::{Item, Key, Ledger, moment, of, string};
use crate::error::{AwsCall, Failure, Named as _};

const WINDOW: TimeDelta = TimeDelta::minutes(Repeated::MINUTES);
/// So many different changes are reported in an hour before the others are only counted.
const REPORTED: usize = 5;
/// How often an item is looked at again because somebody else has changed it.
const TRIES: u32 = 8;

/// Whether a case is reported.
#[derive(Debug, Eq, PartialEq)]
pub enum Telling {
    /// It is, with what was only counted before it.
    Due(Option<Repeated>),
    /// It is only counted.
    Counted,
}

/// What cases that are alike have in common.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Like {
    /// The first of them.
    pub case: String,
    pub headline: String,
    pub guardrail: String,
    pub severity: Option<Severity>,
    pub outcome: Outcome,
    pub actor: String,
    pub change: String,
}

/// An hour that is over, and after which nothing has come.
pub struct Over {
    sort: String,
    since: String,
    pub like: Like,
    pub repeated: Repeated,
}

/// How an item stands to a case.
enum Hour {
    /// There is none, or it is over.
    Over(Option<Repeated>),
    /// The case has been reported in it, or is to be: its change is new, and few are in it.
    New,
    Again(Option<Repeated>),
    /// Like one that was reported in it.
    Like,
}

impl Hour {
    fn of(item: &Item, case: &str, change: &str, now: DateTime<Utc>) -> Self {
        let holds = |name: &str, text: &str| set(item, name).iter().any(|held| held == text);
        let since = of(item, "since").parse::<DateTime<Utc>>().ok();
        // One that begins long after this moment was written by a clock that is wrong, or by somebody else.
        if since.is_none_or(|since| since <= now - WINDOW || since > now + WINDOW) {
            return Self::Over(repeated(item));
        }
        if holds("by", case) {
            return Self::Again(serde_json::from_str(of(item, "before")).ok());
        }
        if !holds("told", change) && set(item, "told").len() < REPORTED {
            return Self::New;
        }
        Self::Like
    }
}

impl Ledger {
    /// Whether a case is reported, or only counted because it is like others.
    ///
    /// # Errors
    ///
    /// If DynamoDB did not answer, or others were quicker each time.
    pub(super) async fn telling(&self, key: &Key, case: &Case, like: &Like, now: DateTime<Utc>) -> Result<Telling, AwsCall> {
        let matter = case.change.as_ref().map(|change| change.kind().matter()).unwrap_or_default();
        let part = case.change.as_ref().map(|change| change.kind().part()).unwrap_or_default();
        let sort = hashed(&[&like.guardrail, &principal(&case.actor), &like.change, &case.record.event_name, like.outcome.name()]);
        let (told, by) = (hashed(&[&part]), counted(key));
        let update = || self.client.update_item().table_name(&self.table).set_key(Some(item_key(key.function, &sort)));
        // Most cases are like no other.
        let mut seen = None;
        for _ in 0..TRIES {
            let hour = seen.as_ref().map_or(Hour::Over(None), |item| Hour::of(item, &by, &told, now));
            let since = seen.as_ref().and_then(|item: &Item| item.get("since"));
            let (update, telling) = match hour {
                Hour::Again(before) => return Ok(Telling::Due(before)),
                Hour::Over(before) => (begins(update(), like, (&told, &by), before.as_ref(), now), Telling::Due(before)),
                Hour::New => (adds(update(), vec![("told", one(&told)), ("by", one(&by))]), Telling::Due(None)),
                Hour::Like => {
                    let mut added = vec![("more", AttributeValue::N("1".to_owned()))];
                    if !matter.is_empty() && seen.as_ref().is_none_or(|item| set(item, "about").len() < Repeated::ABOUT) {
                        added.push(("about", one(&matter)));
                    }
                    (adds(update(), added), Telling::Counted)
                }
            };
            let update = match since {
                Some(since) => update.condition_expression("#since = :seen").expression_attribute_values(":seen", since.clone()),
                None => update.condition_expression("attribute_not_exists(#since)"),
            };
            let update = update.expression_attribute_names("#since", "since");
            match update.return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld).send().await {
                Ok(_) => return Ok(telling),
                Err(error) => match error.as_service_error() {
                    Some(UpdateItemError::ConditionalCheckFailedException(refused)) => seen = refused.item().cloned(),
                    _ => return Err(AwsCall::of(format!("dynamodb:UpdateItem of what is like case {}", key.case), &error)),
                },
            }
        }
        let message = "others were quicker each time".to_owned();
        Err(AwsCall { call: format!("counting what is like case {}", key.case), failure: Failure::Unsettled, message })
    }

    /// The hours that are over, in which something was only counted, and after which nothing has come.
    ///
    /// # Errors
    ///
    /// If DynamoDB did not answer.
    pub async fn repeats_over(&self, function: &str, now: DateTime<Utc>) -> Result<Vec<Over>, AwsCall> {
        let query = self.client.query().table_name(&self.table).key_condition_expression("pk = :pk");
        let query = query.expression_attribute_values(":pk", string(&format!("{function}#repeats")));
        let query = query.filter_expression("attribute_exists(#more) AND #since <= :before");
        let query = query.expression_attribute_names("#more", "more").expression_attribute_names("#since", "since");
        let query = query.expression_attribute_values(":before", string(&moment(now - WINDOW)));
        let mut items = query.consistent_read(true).into_paginator().items().send();
        let mut over = Vec::new();
        while let Some(item) = items.next().await {
            let item = item.named("dynamodb:Query for repeats of", &function)?;
            // An item that somebody has altered is left to its expiry.
            if let (Some(repeated), Ok(like)) = (repeated(&item), serde_json::from_str(of(&item, "like"))) {
                over.push(Over { sort: of(&item, "sk").to_owned(), since: of(&item, "since").to_owned(), like, repeated });
            }
        }
        Ok(over)
    }

    /// Notes that what was counted in this hour is reported.
    ///
    /// # Errors
    ///
    /// If DynamoDB did not do it.
    pub async fn repeats_reported(&self, function: &str, over: &Over) -> Result<(), AwsCall> {
        let update = self.client.update_item().table_name(&self.table).set_key(Some(item_key(function, &over.sort)));
        let update = update.update_expression("REMOVE #more, #about").condition_expression("#since = :seen");
        let update =
            ["more", "about", "since"].iter().fold(update, |update, name| update.expression_attribute_names(format!("#{name}"), *name));
        match update.expression_attribute_values(":seen", string(&over.since)).send().await.named("dynamodb:UpdateItem of", &over.sort) {
            // A case has begun another hour meanwhile, and says it as well.
            Err(call) if call.failure == Failure::Conflict => Ok(()),
            answer => answer.map(drop),
        }
    }
}

/// The user, role or root behind a case, whichever session it is.
fn principal(actor: &Actor) -> String {
    actor.principal_id.clone().unwrap_or_else(|| actor.arn.clone())
}

fn item_key(function: &str, sort: &str) -> Item {
    HashMap::from([("pk".to_owned(), string(&format!("{function}#repeats"))), ("sk".to_owned(), string(sort))])
}

fn set<'a>(item: &'a Item, name: &str) -> &'a [String] {
    item.get(name).and_then(|value| value.as_ss().ok()).map_or(&[], Vec::as_slice)
}

/// What an item says was only counted; `None` if nothing was.
fn repeated(item: &Item) -> Option<Repeated> {
    let times = item.get("more")?.as_n().ok()?.parse().ok()?;
    Some(Repeated { times, since: of(item, "since").parse().ok()?, about: set(item, "about").to_vec() })
}

fn begins(
    update: UpdateItemFluentBuilder,
    like: &Like,
    (told, by): (&str, &str),
    before: Option<&Repeated>,
    now: DateTime<Utc>,
) -> UpdateItemFluentBuilder {
    let json = |value: Result<String, serde_json::Error>| string(&value.unwrap_or_default());
    let set = "SET #since = :since, #told = :told, #by = :by, #before = :before, #like = :like, #expires = :expires REMOVE #more, #about";
    ["told", "by", "before", "like", "expires", "more", "about"]
        .iter()
        .fold(update.update_expression(set), |update, name| update.expression_attribute_names(format!("#{name}"), *name))
        .expression_attribute_values(":since", string(&moment(now)))
        .expression_attribute_values(":told", one(told))
        .expression_attribute_values(":by", one(by))
        .expression_attribute_values(":before", json(serde_json::to_string(&before)))
        .expression_attribute_values(":like", json(serde_json::to_string(like)))
        .expression_attribute_values(":expires", AttributeValue::N((now + TimeDelta::days(1)).timestamp().to_string()))
}

/// Adds each value to what is there.
fn adds(update: UpdateItemFluentBuilder, values: Vec<(&'static str, AttributeValue)>) -> UpdateItemFluentBuilder {
    let adds = values.iter().map(|(name, _)| format!("#{name} :{name}")).collect::<Vec<_>>().join(", ");
    values.into_iter().fold(update.update_expression(format!("ADD {adds}")), |update, (name, value)| {
        update.expression_attribute_names(format!("#{name}"), name).expression_attribute_values(format!(":{name}"), value)
    })
}

/// A set of one.
fn one(text: &str) -> AttributeValue {
    AttributeValue::Ss(vec![text.to_owned()])
}
