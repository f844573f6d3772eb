//! Which version of a managed policy was the default when: IAM does not say it.
//!
//! One item for each policy of which a version was made the default: `pk` is `<function>#default`, `sk` the policy's ARN.
//!
//! | attribute | |
//! |---|---|
//! | `at`, `version` | the latest change, and what has been the default since then: Rescind's choice if it took the change back |
//! | `before` | what had been the default until then, if it was known |

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};
use chrono::{DateTime, TimeDelta, Utc};
use policy::arn::PolicyArn;

use super::{Item, Key, Ledger, moment, of, string};
use crate::error::{AwsCall, Failure, Named as _};

impl Ledger {
    /// Which version was the default before this one became it at this moment, if that is known; and notes this one.
    ///
    /// # Errors
    ///
    /// If DynamoDB did not answer.
    pub async fn default_before(
        &self,
        function: &str,
        policy: &PolicyArn,
        version: &str,
        at: DateTime<Utc>,
    ) -> Result<Option<String>, AwsCall> {
        let update = self.client.update_item().table_name(&self.table).set_key(Some(key(function, policy)));
        let answer = update
            .update_expression("SET #before = if_not_exists(#version, :unknown), #version = :version, #at = :at, #expires = :expires")
            .condition_expression("attribute_not_exists(#at) OR #at < :at")
            .expression_attribute_names("#at", "at")
            .expression_attribute_names("#before", "before")
            .expression_attribute_names("#expires", "expires")
            .expression_attribute_names("#version", "version")
            .expression_attribute_values(":at", string(&moment(at)))
            .expression_attribute_values(":expires", self.expiry(at))
            .expression_attribute_values(":unknown", string(""))
            .expression_attribute_values(":version", string(version))
            .return_values(ReturnValue::AllOld)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        let known = match answer {
            Ok(answer) => answer.attributes.map(|item| of(&item, "version").to_owned()),
            Err(error) => match error.as_service_error() {
                // An earlier try at this event, or another change within the same second; of one that came later, it does not say.
                Some(UpdateItemError::ConditionalCheckFailedException(refused)) => {
                    refused.item().filter(|item| of(item, "at") == moment(at)).map(|item| of(item, "before").to_owned())
                }
                _ => return Err(AwsCall::of(format!("dynamodb:UpdateItem of the default version of {policy}"), &error)),
            },
        };
        Ok(known.filter(|known| !known.is_empty()))
    }

    /// Notes that this version is the default again, since a change was taken back.
    pub(super) async fn restored(&self, key: &Key, policy: &PolicyArn, version: &str) -> Result<(), AwsCall> {
        let update = self.client.update_item().table_name(&self.table).set_key(Some(self::key(key.function, policy)));
        let answer = update
            .update_expression("SET #version = :version, #at = :at, #expires = :expires")
            .condition_expression("attribute_not_exists(#at) OR #at <= :at")
            .expression_attribute_names("#at", "at")
            .expression_attribute_names("#expires", "expires")
            .expression_attribute_names("#version", "version")
            .expression_attribute_values(":at", string(&moment(key.time)))
            .expression_attribute_values(":expires", self.expiry(key.time))
            .expression_attribute_values(":version", string(version))
            .send()
            .await;
        match answer.named("dynamodb:UpdateItem of the default version after case", &key.case) {
            Err(call) if call.failure != Failure::Conflict => Err(call),
            _ => Ok(()),
        }
    }

    fn expiry(&self, at: DateTime<Utc>) -> AttributeValue {
        AttributeValue::N((at + TimeDelta::days(self.days)).timestamp().to_string())
    }
}

fn key(function: &str, policy: &PolicyArn) -> Item {
    // IAM ignores the case of ARNs.
    let policy = policy.as_str().to_ascii_lowercase();
    HashMap::from([("pk".to_owned(), string(&format!("{function}#default"))), ("sk".to_owned(), string(&policy))])
}
