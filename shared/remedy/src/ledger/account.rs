//! The account's alias, which one function reads from IAM for all of them: an item with `pk` `told` and `sk` `account`.
//!
//! | attribute | |
//! |---|---|
//! | `alias`, `at` | the alias, empty if the account has none, and when it was read |

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Item, Ledger, moment, of, string};
use crate::error::{AwsCall, Named as _};

/// The alias is read again so often.
const READ_AGAIN: TimeDelta = TimeDelta::hours(24);

impl Ledger {
    /// Makes the connection, so that the first event need not wait for it, and reads the account's alias. A ledger that does not answer is reported
    /// by the first case.
    pub async fn connect(&self) -> Option<String> {
        let items = self.read(vec![key()], "the account's alias").await;
        let items = items.inspect_err(|call| tracing::warn!(error = %call, "ledger not reached")).unwrap_or_default();
        items.first().map(|item| of(item, "alias").to_owned()).filter(|alias| !alias.is_empty())
    }

    /// Whether it is time to read the alias from IAM again.
    ///
    /// # Errors
    ///
    /// If DynamoDB did not answer.
    pub async fn is_alias_due(&self, now: DateTime<Utc>) -> Result<bool, AwsCall> {
        let items = self.read(vec![key()], "the account's alias").await?;
        let at = items.first().and_then(|item| of(item, "at").parse::<DateTime<Utc>>().ok());
        Ok(at.is_none_or(|at| at <= now - READ_AGAIN || at > now + READ_AGAIN))
    }

    /// Notes the account's alias.
    ///
    /// # Errors
    ///
    /// If DynamoDB did not do it.
    pub async fn note_alias(&self, alias: Option<&str>, now: DateTime<Utc>) -> Result<(), AwsCall> {
        let mut item = key();
        item.insert("alias".to_owned(), string(alias.unwrap_or_default()));
        item.insert("at".to_owned(), string(&moment(now)));
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item)).send().await;
        put.named("dynamodb:PutItem of the", &"account's alias").map(drop)
    }
}

fn key() -> Item {
    HashMap::from([("pk".to_owned(), string(super::told::TOLD)), ("sk".to_owned(), string("account"))])
}
