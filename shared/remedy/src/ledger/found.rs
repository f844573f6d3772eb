//! What IAM answered when it was asked for what an event does not say: which policies a new role had.
//!
//! A retry must find the same changes, although an earlier try may have taken some of them back. One item for each event: `pk` is
//! `<function>#found`, `sk` is `<case id>#<time of the change>`, where the case would be about all that is missing.
//!
//! | attribute | |
//! |---|---|
//! | `found` | the answer, as JSON |

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::TimeDelta;
use policy::change::Found;

use super::storm::counted;
use super::{Item, Key, Ledger, of, string};
use crate::error::{AwsCall, Failure, Named as _};

/// As long as an event may wait in the queue of failed events.
const KEPT: TimeDelta = TimeDelta::days(14);

impl Ledger {
    /// What was found at the first try.
    ///
    /// # Errors
    ///
    /// If DynamoDB did not answer.
    pub async fn found(&self, key: &Key) -> Result<Option<Found>, AwsCall> {
        let items = self.read(vec![found_key(key)], format!("what was found for case {}", key.case)).await?;
        Ok(items.first().and_then(|item| serde_json::from_str(of(item, "found")).ok()))
    }

    /// Notes what was found. The first answer stays.
    ///
    /// # Errors
    ///
    /// If DynamoDB did not do it.
    pub async fn note_found(&self, key: &Key, found: &Found) -> Result<(), AwsCall> {
        let mut item = found_key(key);
        item.insert("found".to_owned(), string(&serde_json::to_string(found).unwrap_or_default()));
        item.insert("expires".to_owned(), AttributeValue::N((key.time + KEPT).timestamp().to_string()));
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        match put
            .condition_expression("attribute_not_exists(pk)")
            .send()
            .await
            .named("dynamodb:PutItem of what was found for case", &key.case)
        {
            Err(call) if call.failure != Failure::Conflict => Err(call),
            _ => Ok(()),
        }
    }
}

fn found_key(key: &Key) -> Item {
    HashMap::from([("pk".to_owned(), string(&format!("{}#found", key.function))), ("sk".to_owned(), string(&counted(key)))])
}
