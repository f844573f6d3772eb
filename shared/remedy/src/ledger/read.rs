//! Reading items by their keys: one call for all of them.

use std::fmt::Display;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::KeysAndAttributes;

use super::Item;
use crate::error::{AwsCall, Failure, Named as _};

/// The items with these keys, as far as they exist, in any order. DynamoDB reads at most 100 with one call (API reference, `BatchGetItem`).
/// `what` names them in an error.
///
/// # Errors
///
/// If DynamoDB did not answer, or read only some of them.
pub async fn read(client: &Client, table: &str, keys: Vec<Item>, what: impl Display) -> Result<Vec<Item>, AwsCall> {
    let call = format!("dynamodb:BatchGetItem of {what}");
    let wanted = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true).build();
    let wanted = wanted.map_err(|error| AwsCall { call: call.clone(), failure: Failure::Rejected, message: error.to_string() })?;
    let answer = client.batch_get_item().request_items(table, wanted).send().await.named("dynamodb:BatchGetItem of", &what)?;
    if answer.unprocessed_keys.is_some_and(|left| !left.is_empty()) {
        let message = "DynamoDB read only some of the items".to_owned();
        return Err(AwsCall { call, failure: Failure::Throttled, message });
    }
    Ok(answer.responses.into_iter().flatten().flat_map(|(_, items)| items).collect())
}
