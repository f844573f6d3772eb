//! Who is contained, and by what: the guard of quarantines asks.
//!
//! One item each: `pk` is `<function>#contained`, `sk` the unique id of whoever is contained; of a role's sessions also by which policy. The latest
//! containment of a user replaces an earlier one. An item does not expire before somebody who is allowed to lifts the quarantine (`lifted`).

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
        let mut item = key(case.function, identity, containment);
        let json = |value: Result<String, serde_json::Error>| string(&value.unwrap_or_default());
        item.insert("identity".to_owned(), json(serde_json::to_string(identity)));
        item.insert("containment".to_owned(), json(serde_json::to_string(containment)));
        item.insert("case".to_owned(), string(&case.case));
        item.insert("at".to_owned(), string(&moment(now)));
        let answer = self.client.put_item().table_name(&self.table).set_item(Some(item)).send().await;
        answer.named("dynamodb:PutItem of the containment in case", &case.case).map(drop)
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
            if of(&item, "at").parse::<DateTime<Utc>>().is_ok_and(|since| since > at + SKEW) {
                continue;
            }
            let read = (serde_json::from_str(of(&item, "identity")), serde_json::from_str(of(&item, "containment")));
            if let (Ok(identity), Ok(containment)) = read {
                contained.push(Contained { identity, containment });
            } else {
                tracing::error!(item = of(&item, "sk"), "item about a containment cannot be read");
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
