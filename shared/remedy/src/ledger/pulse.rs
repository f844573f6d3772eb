//! The last heartbeat, as a person reads it: the change that the stack makes each day, and that a function has judged.

use chrono::{DateTime, Utc};

use super::archive::Archive;
use super::{Item, Ledger, moment, of, string};
use crate::error::{AwsCall, Failure, Named as _};

/// The partition of its item.
const PARTITION: &str = "watch#heartbeat";

/// A heartbeat that arrived.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Heartbeat {
    /// When the change was made.
    pub at: DateTime<Utc>,
    /// When a function judged it.
    pub seen: DateTime<Utc>,
    /// The digest of the rulebook by which that function judges; `None` if it does not say.
    pub rulebook: Option<String>,
}

impl Ledger {
    /// Notes that a heartbeat arrived: when its change was made, when it was judged, and by which rulebook.
    ///
    /// # Errors
    ///
    /// If DynamoDB did not do it.
    pub async fn heartbeat(&self, function: &str, at: DateTime<Utc>, seen: DateTime<Utc>, rulebook: &str) -> Result<(), AwsCall> {
        let values = [("pk", format!("{function}#heartbeat")), ("sk", "last".to_owned())];
        let said = [("at", moment(at)), ("seen", moment(seen)), ("rulebook", rulebook.to_owned())];
        let item: Item = values.into_iter().chain(said).map(|(name, value)| (name.to_owned(), string(&value))).collect();
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item)).send().await;
        put.named("dynamodb:PutItem of the", &"heartbeat").map(drop)
    }
}

impl Archive {
    /// The last heartbeat that arrived; `None` if the ledger has none.
    ///
    /// # Errors
    ///
    /// If DynamoDB did not answer, or what it holds is no heartbeat.
    pub async fn heartbeat(&self) -> Result<Option<Heartbeat>, AwsCall> {
        let query = self.client.query().table_name(&self.table).key_condition_expression("pk = :pk").consistent_read(true);
        let mut items = query.expression_attribute_values(":pk", string(PARTITION)).into_paginator().items().send();
        let mut last: Option<Heartbeat> = None;
        while let Some(item) = items.next().await {
            let item = item.named("dynamodb:Query for", &PARTITION)?;
            let time = |name: &str| DateTime::parse_from_rfc3339(of(&item, name)).map(|time| time.to_utc());
            let (Ok(at), Ok(seen)) = (time("at"), time("seen")) else {
                let message = "the item does not say when the change was made and judged".to_owned();
                return Err(AwsCall { call: format!("reading item {PARTITION}"), failure: Failure::Rejected, message });
            };
            let rulebook = Some(of(&item, "rulebook").to_owned()).filter(|digest| !digest.is_empty());
            if last.as_ref().is_none_or(|last| last.seen < seen) {
                last = Some(Heartbeat { at, seen, rulebook });
            }
        }
        Ok(last)
    }
}
