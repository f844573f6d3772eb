//! Who is contained, and by what: the guard of quarantines asks.
//!
//! One item each: `pk` is `<function>#contained`, `sk` the unique id of whoever is contained; of a role's sessions also by which policy. The latest
//! containment of a user replaces an earlier one. An item does not expire before somebody who is allowed to lifts the quarantine (`lifted`).
//!
//! | attribute | |
//! |---|---|
//! | `identity`, `containment` | who, and by what |
//! | `case`, `at` | by which case, and since when |
//! | `change`, `before` | the time of that case's change, and what had contained them until then: a retry at the same event has to find that as well |

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, TimeDelta, Utc};
use policy::arn::UniqueId;
use policy::containment::Containment;
use policy::target::{Identity, IdentityKind};

use super::{Item, Key, Ledger, moment, of, string};
use crate::error::{AwsCall, Failure, Named as _};

/// A call that lifts a quarantine comes after it. The clocks of CloudTrail, IAM and Lambda may differ by so much.
pub const SKEW: TimeDelta = TimeDelta::seconds(5);
/// A quarantine that was lifted is forgotten after so long.
const FORGOTTEN: TimeDelta = TimeDelta::days(30);

/// Somebody who is contained.
#[derive(Clone, Debug)]
pub struct Contained {
    pub identity: Identity,
    pub containment: Containment,
}

impl Ledger {
    /// Notes that `identity` is contained so by this case, or is about to be.
    pub(super) async fn contain(
        &self,
        case: &Key,
        identity: &Identity,
        containment: &Containment,
        now: DateTime<Utc>,
    ) -> Result<(), AwsCall> {
        // Only the first try at an event says what had been there before.
        match self.note_containment(case, identity, containment, now, true).await {
            Err(call) if call.failure == Failure::Conflict => self.note_containment(case, identity, containment, now, false).await,
            noted => noted,
        }
    }

    async fn note_containment(
        &self,
        case: &Key,
        identity: &Identity,
        containment: &Containment,
        now: DateTime<Utc>,
        is_first: bool,
    ) -> Result<(), AwsCall> {
        let json = |value: Result<String, serde_json::Error>| string(&value.unwrap_or_default());
        let update = self.client.update_item().table_name(&self.table).set_key(Some(key(case.function, identity, containment)));
        let set = "#identity = :identity, #containment = :containment, #case = :case, #at = :at, #change = :change";
        let update = if is_first {
            update
                .update_expression(format!("SET #before = if_not_exists(#containment, :nothing), {set} REMOVE #lifted, #expires"))
                .condition_expression("attribute_not_exists(#change) OR #change <> :change")
                .expression_attribute_names("#before", "before")
                .expression_attribute_values(":nothing", string(""))
        } else {
            update.update_expression(format!("SET {set} REMOVE #lifted, #expires"))
        };
        let names = ["identity", "containment", "case", "at", "change", "lifted", "expires"];
        let update = names.into_iter().fold(update, |update, name| update.expression_attribute_names(format!("#{name}"), name));
        let answer = update
            .expression_attribute_values(":identity", json(serde_json::to_string(identity)))
            .expression_attribute_values(":containment", json(serde_json::to_string(containment)))
            .expression_attribute_values(":case", string(&case.case))
            .expression_attribute_values(":at", string(&moment(now)))
            .expression_attribute_values(":change", string(&moment(case.time)))
            .send()
            .await;
        answer.named("dynamodb:UpdateItem of the containment in case", &case.case).map(drop)
    }

    /// Everybody whom a function had contained at this moment. An item that cannot be read is nobody's.
    ///
    /// # Errors
    ///
    /// If DynamoDB did not answer.
    pub async fn contained(&self, function: &str, at: DateTime<Utc>) -> Result<Vec<Contained>, AwsCall> {
        let query = self.client.query().table_name(&self.table).key_condition_expression("pk = :pk").consistent_read(true);
        let query = query.filter_expression("attribute_not_exists(lifted)");
        let mut items = query.expression_attribute_values(":pk", string(&pk(function))).into_paginator().items().send();
        let mut contained = Vec::new();
        while let Some(item) = items.next().await {
            let item = item.named("dynamodb:Query for whoever is contained by", &function)?;
            let is_of_this_change = of(&item, "change") == moment(at);
            if !is_of_this_change && of(&item, "at").parse::<DateTime<Utc>>().is_ok_and(|since| since > at + SKEW) {
                continue;
            }
            let read = |name| (serde_json::from_str(of(&item, "identity")), serde_json::from_str(of(&item, name)));
            if let (Ok(identity), Ok(containment)) = read("containment") {
                contained.push(Contained { identity, containment });
            } else {
                tracing::error!(item = of(&item, "sk"), "item about a containment cannot be read");
            }
            if let (true, (Ok(identity), Ok(containment))) = (is_of_this_change, read("before")) {
                contained.push(Contained { identity, containment });
            }
        }
        Ok(contained)
    }

    /// Notes that somebody who is allowed to has lifted a quarantine: what happens to its target later no longer lifts it.
    ///
    /// # Errors
    ///
    /// If DynamoDB did not do it.
    pub async fn released(&self, function: &str, lifted: &Contained, now: DateTime<Utc>) -> Result<(), AwsCall> {
        let Contained { identity, containment } = lifted;
        let expires = (now + FORGOTTEN).timestamp();
        let update = self.client.update_item().table_name(&self.table).set_key(Some(key(function, identity, containment)));
        let update = update
            .update_expression("SET #lifted = :now, #expires = :expires")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_names("#lifted", "lifted")
            .expression_attribute_names("#expires", "expires")
            .expression_attribute_values(":now", string(&moment(now)))
            .expression_attribute_values(":expires", AttributeValue::N(expires.to_string()));
        match update.send().await.named("dynamodb:UpdateItem of the containment of", identity) {
            Err(call) if call.failure != Failure::Conflict => Err(call),
            _ => Ok(()),
        }
    }
}

fn pk(function: &str) -> String {
    format!("{function}#contained")
}

fn key(function: &str, identity: &Identity, containment: &Containment) -> Item {
    let who = identity.id.as_ref().map_or(identity.name.as_str(), UniqueId::as_str);
    let which = if identity.kind == IdentityKind::Role { format!(" {}", containment.policy_name()) } else { String::new() };
    let sk = format!("{} {who}{which}", identity.kind.word());
    HashMap::from([("pk".to_owned(), string(&pk(function))), ("sk".to_owned(), string(&sk))])
}
