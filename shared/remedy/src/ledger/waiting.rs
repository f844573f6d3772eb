//! Cases that wait for their guardrail's hour to end.
//!
//! One item for each: `pk` is `<function>#held`, `sk` is `<until>#<case id>#<time of the change>`, so that the one that is due first comes first. It is
//! stored before its case is reported and closed.
//!
//! | attribute | |
//! |---|---|
//! | `event` | the event, as it came |
//! | `held` | why it waits, as JSON |

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, TimeDelta, Utc};
use policy::case::Held;

use super::storm::counted;
use super::{Item, Key, Ledger, moment, of, string};
use crate::error::{AwsCall, Named as _};

/// A case that waits is kept for as long as an event in a failure queue.
const KEPT: TimeDelta = TimeDelta::days(14);
/// As many as wait are read at once.
const PAGE: i32 = 10;

/// A case that waits.
pub struct Waiting {
    sort: String,
    /// The event, as it came.
    pub event: String,
    /// Why it waits; absent if somebody has altered that.
    pub held: Option<Held>,
}

impl Waiting {
    /// Whether it is this case. Another change of the same event has an hour of its own.
    pub fn is(&self, key: &Key) -> bool {
        self.sort.split_once('#').is_some_and(|(_, case)| case == counted(key))
    }
}

impl Ledger {
    /// Stores the event of a case that waits.
    pub(super) async fn hold(&self, key: &Key, held: &Held, event: &str, now: DateTime<Utc>) -> Result<(), AwsCall> {
        let mut item = held_key(key.function, &format!("{}#{}", moment(held.until), counted(key)));
        item.insert("event".to_owned(), string(event));
        item.insert("held".to_owned(), string(&serde_json::to_string(held).unwrap_or_default()));
        item.insert("expires".to_owned(), AttributeValue::N((now + KEPT).timestamp().to_string()));
        let answer = self.client.put_item().table_name(&self.table).set_item(Some(item)).send().await;
        answer.named("dynamodb:PutItem of held case", &key.case).map(drop)
    }

    /// Cases whose hour is over, the longest first, from behind `last`.
    ///
    /// # Errors
    ///
    /// If DynamoDB did not answer.
    pub async fn due(&self, function: &str, last: Option<&Waiting>, now: DateTime<Utc>) -> Result<Vec<Waiting>, AwsCall> {
        let query = self.client.query().table_name(&self.table).key_condition_expression("pk = :held AND sk < :now").limit(PAGE);
        let query = query.expression_attribute_values(":held", string(&format!("{function}#held")));
        let query = query.expression_attribute_values(":now", string(&moment(now))).consistent_read(true);
        let query = query.set_exclusive_start_key(last.map(|last| held_key(function, &last.sort)));
        let items = query.send().await.named("dynamodb:Query for held cases of", &function)?.items.unwrap_or_default();
        Ok(items
            .iter()
            .map(|item| Waiting {
                sort: of(item, "sk").to_owned(),
                event: of(item, "event").to_owned(),
                held: serde_json::from_str(of(item, "held")).ok(),
            })
            .collect())
    }

    /// Forgets a case that has waited.
    ///
    /// # Errors
    ///
    /// If DynamoDB did not do it.
    pub async fn forget(&self, function: &str, waiting: &Waiting) -> Result<(), AwsCall> {
        let deleted = self.client.delete_item().table_name(&self.table).set_key(Some(held_key(function, &waiting.sort))).send().await;
        deleted.named("dynamodb:DeleteItem of held case", &waiting.sort).map(drop)
    }
}

fn held_key(function: &str, sort: &str) -> Item {
    HashMap::from([("pk".to_owned(), string(&format!("{function}#held"))), ("sk".to_owned(), string(sort))])
}
