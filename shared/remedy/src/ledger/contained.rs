//! Who is contained, and by what: the guard of quarantines asks.
//!
//! One item each: `pk` is `<function>#contained`, `sk` the unique id of whoever is contained, and by what. `lifted` is when somebody who may lifted
//! it. It does not expire: a quarantine lasts until a person lifts it.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Utc};
use policy::arn::UniqueId;
use policy::change::QuarantineLifted;
use policy::containment::Containment;
use policy::target::{Identity, Target};

use super::{Item, Key, Ledger, moment, of, string};
use crate::error::{AwsCall, Failure, Named as _};

impl Ledger {
    /// Notes that `identity` is about to be contained so, in this case.
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

    /// Everybody whom a function has contained and nobody who may has released. An item that cannot be read is nobody's.
    pub async fn contained(&self, function: &str) -> Result<Vec<(Identity, Containment)>, AwsCall> {
        let query = self.client.query().table_name(&self.table).key_condition_expression("pk = :pk").consistent_read(true);
        let query = query.filter_expression("attribute_not_exists(lifted)");
        let mut items = query.expression_attribute_values(":pk", string(&pk(function))).into_paginator().items().send();
        let mut contained = Vec::new();
        while let Some(item) = items.next().await {
            let item = item.named("dynamodb:Query for whoever is contained by", &function)?;
            match (serde_json::from_str(of(&item, "identity")), serde_json::from_str(of(&item, "containment"))) {
                (Ok(identity), Ok(containment)) => contained.push((identity, containment)),
                _ => tracing::error!(item = of(&item, "sk"), "item about a containment cannot be read"),
            }
        }
        Ok(contained)
    }

    /// Notes that somebody who may has lifted a quarantine: what is done to its target later is no lifting of it.
    pub async fn released(&self, function: &str, lifted: &QuarantineLifted, now: DateTime<Utc>) -> Result<(), AwsCall> {
        let (Target::Identity(identity), Some(containment)) = (&lifted.target, &lifted.containment) else {
            return Ok(());
        };
        let update = self.client.update_item().table_name(&self.table).set_key(Some(key(function, identity, containment)));
        let update = update.update_expression("SET lifted = :now").expression_attribute_values(":now", string(&moment(now)));
        let answer = update.condition_expression("attribute_exists(pk)").send().await;
        match answer.named("dynamodb:UpdateItem of the containment of", identity) {
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
    let sk: AttributeValue = string(&format!("{} {who} {containment}", identity.kind.word()));
    HashMap::from([("pk".to_owned(), string(&pk(function))), ("sk".to_owned(), sk)])
}
