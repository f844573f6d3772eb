//! How often the same change is taken back.
//!
//! One item for each change and target: `pk` is `<function>#taken`, `sk` a hash of the change. Each case has one attribute, named by its id, with
//! its time and actor, so that a retry counts once and two invocations at the same moment count twice. Who counts looks at the stored times.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use chrono::{DateTime, TimeDelta, Utc};
use policy::case::{Contested, Outcome};
use policy::{Case, Change};

use super::{Item, Key, Ledger, moment, of, string};
use crate::error::{AwsCall, Failure, Named as _};

/// What an attribute's name begins with that counts a case.
const COUNTED: &str = "case ";
/// Cases that an item keeps: an attacker who goes on for hours makes it no longer.
const KEPT: usize = 200;
/// A contested change is reported so often.
const REPORTED: TimeDelta = TimeDelta::hours(1);

/// A contested change.
pub struct Again {
    pub contested: Contested,
    /// Whether its notice is due: the first one, or an hour after the last.
    pub is_due: bool,
}

/// The key of the item that counts a change.
pub(super) fn count_of(function: &str, change: &Change) -> Item {
    let pk = format!("{function}#taken");
    let sk = policy::case::hashed(&[change.name(), &change.kind().part(), &change.target().to_string()]);
    HashMap::from([("pk".to_owned(), string(&pk)), ("sk".to_owned(), string(&sk))])
}

/// How many cases such an item counts.
pub(super) fn counted(item: &Item) -> usize {
    item.keys().filter(|name| name.starts_with(COUNTED)).count()
}

impl Ledger {
    /// Adds a case to an item that counts cases: when, and a word about it. Returns all that the item counts, in order of time.
    ///
    /// # Errors
    ///
    /// If DynamoDB did not do it.
    pub(super) async fn add_up(
        &self,
        item: &Item,
        key: &Key,
        time: DateTime<Utc>,
        word: &str,
        kept_for: TimeDelta,
    ) -> Result<Vec<(String, String)>, AwsCall> {
        let update = || self.client.update_item().table_name(&self.table).set_key(Some(item.clone()));
        let counted = update()
            .update_expression("SET #case = if_not_exists(#case, :case), #expires = :expires")
            .expression_attribute_names("#case", format!("{COUNTED}{}", key.case))
            .expression_attribute_names("#expires", "expires")
            .expression_attribute_values(":case", string(&format!("{} {word}", moment(time))))
            .expression_attribute_values(":expires", AttributeValue::N((Utc::now() + kept_for).timestamp().to_string()))
            .return_values(ReturnValue::AllNew)
            .send()
            .await;
        let item = counted.named("dynamodb:UpdateItem of a count for case", &key.case)?.attributes.unwrap_or_default();
        let mut times: Vec<(&str, &str)> =
            item.keys().filter(|name| name.starts_with(COUNTED)).map(|name| (of(&item, name), name.as_str())).collect();
        times.sort_unstable();
        if let Some(many) = times.len().checked_sub(KEPT).filter(|many| *many > 0) {
            let old: Vec<&str> = times.iter().take(many).map(|(_, name)| *name).collect();
            let names: Vec<String> = (0..old.len()).map(|number| format!("#c{number}")).collect();
            let forgets = names.iter().zip(old).fold(update(), |update, (short, name)| update.expression_attribute_names(short, name));
            let forgotten = forgets.update_expression(format!("REMOVE {}", names.join(", "))).send().await;
            forgotten.named("dynamodb:UpdateItem of a count for case", &key.case)?;
        }
        let written = times.into_iter().filter_map(|(written, _)| written.split_once(' '));
        Ok(written.map(|(time, word)| (time.to_owned(), word.to_owned())).collect())
    }

    /// Counts a case in which something was taken back; `None` if its change is not contested.
    pub(super) async fn taken(&self, key: &Key, case: &Case, now: DateTime<Utc>) -> Result<Option<Again>, AwsCall> {
        let Some(change) = case.change.as_ref().filter(|_| case.outcome == Outcome::Applied) else {
            return Ok(None);
        };
        let item_key = count_of(key.function, change);
        let counted = self.add_up(&item_key, key, now, &case.actor.arn, TimeDelta::hours(2 * Contested::HOURS)).await?;
        let since = moment(now - TimeDelta::hours(Contested::HOURS));
        let actors = counted.into_iter().filter(|(time, _)| *time >= since).map(|(_, actor)| actor);
        let Some(contested) = Contested::of(actors.collect(), &case.actor) else {
            return Ok(None);
        };
        // Whoever writes down that it is reported reports it. A retry of the same case does as well.
        let claimed = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(item_key))
            .update_expression("SET #told = :now, #by = :case")
            .condition_expression("attribute_not_exists(#told) OR #told < :before OR #by = :case")
            .expression_attribute_names("#told", "told")
            .expression_attribute_names("#by", "by")
            .expression_attribute_values(":now", string(&moment(now)))
            .expression_attribute_values(":before", string(&moment(now - REPORTED)))
            .expression_attribute_values(":case", string(&key.case))
            .send()
            .await;
        let is_due = match claimed.named("dynamodb:UpdateItem of a count for case", &key.case) {
            Ok(_) => true,
            Err(call) if call.failure == Failure::Conflict => false,
            Err(call) => return Err(call),
        };
        Ok(Some(Again { contested, is_due }))
    }
}
