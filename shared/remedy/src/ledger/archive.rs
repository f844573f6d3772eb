//! The ledger as a person reads it: with their own credentials, every function's cases.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Utc};
use policy::Case;
use policy::action::functions;
use policy::case::{Outcome, Receipt, RemedyOutcome};

use super::body::Body;
use super::contested::{count_of, counted};
pub use super::pulse::Heartbeat;
use super::stop::{self, EVERYTHING, GUARDRAILS, STOP, Stop};
use super::{Item, moment, of, read, string, whole_text};
use crate::error::{AwsCall, Failure, Named as _};

/// What comes between the name of a stack and what `CloudFormation` adds to it, in the name of the stack's ledger.
const LOGICAL_ID: &str = "-Ledger-";

/// A ledger.
pub struct Archive {
    pub(super) client: Client,
    pub(super) table: String,
}

/// What the ledger says of a case without its text.
#[derive(Clone, Debug)]
pub struct Line {
    /// The case's id.
    pub id: String,
    /// The function that made it.
    pub function: String,
    /// When it was decided.
    pub time: String,
    /// `begun` or `closed`.
    pub state: String,
    /// What came of it. Of a begun case that is not known yet.
    pub outcome: String,
    /// As in the notice.
    pub severity: String,
    /// The guardrail that leads.
    pub guardrail: String,
    /// Who or what was changed, and how if the guardrail does not say it; empty if the record does not.
    pub target: String,
    /// The ARN of whoever made the change.
    pub actor: String,
    /// What the actor's other cases have in common with it.
    pub correlation: String,
    key: Item,
}

impl Line {
    /// Whether its function has begun and not finished it.
    #[must_use]
    pub fn is_unfinished(&self) -> bool {
        self.state != "closed"
    }
}

/// Between which moments a case was decided; each end may be open.
#[derive(Clone, Copy, Debug, Default)]
pub struct Span {
    /// The first moment.
    pub from: Option<DateTime<Utc>>,
    /// The last.
    pub to: Option<DateTime<Utc>>,
}

impl Archive {
    /// The ledger with this table.
    #[must_use]
    pub const fn of(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// The tables that can be the ledger of a stack, by their names. There are several if an earlier stack of the same name left its own.
    ///
    /// # Errors
    ///
    /// If DynamoDB did not answer.
    pub async fn tables(client: &Client, stack: &str) -> Result<Vec<String>, AwsCall> {
        let mut pages = client.list_tables().into_paginator().items().send();
        let mut found = Vec::new();
        while let Some(name) = pages.next().await {
            let name = name.named("dynamodb:ListTables", &"")?;
            if name.strip_prefix(stack).is_some_and(|rest| rest.starts_with(LOGICAL_ID)) {
                found.push(name);
            }
        }
        Ok(found)
    }

    /// Every case of this id: one for each update of a finding.
    ///
    /// # Errors
    ///
    /// If DynamoDB did not answer, or what it holds is no case.
    pub async fn cases(&self, id: &str) -> Result<Vec<Case>, AwsCall> {
        let mut cases = Vec::new();
        for function in functions() {
            let pk = format!("{function}#{id}");
            let query = self.client.query().table_name(&self.table).key_condition_expression("pk = :pk AND begins_with(sk, :case)");
            let query = query.expression_attribute_values(":pk", string(&pk)).expression_attribute_values(":case", string("case#"));
            let mut items = query.consistent_read(true).into_paginator().items().send();
            while let Some(item) = items.next().await {
                cases.push(self.case(&item.named("dynamodb:Query for case", &id)?).await?);
            }
        }
        Ok(cases)
    }

    /// How often the change of a case was taken back in the last days, this time included.
    ///
    /// # Errors
    ///
    /// If DynamoDB did not answer.
    pub async fn times(&self, case: &Case) -> Result<usize, AwsCall> {
        let (Some(remedy), Some(change)) = (case.remedy(), &case.change) else {
            return Ok(0);
        };
        let key = count_of(remedy.name(), change);
        let items = read(&self.client, &self.table, vec![key], format!("a count for case {}", case.id)).await?;
        Ok(items.first().map_or(0, counted))
    }

    /// What it says of the cases that a function made, the newest first.
    ///
    /// # Errors
    ///
    /// If DynamoDB did not answer.
    pub async fn lines(&self, function: &str, span: Span) -> Result<Vec<Line>, AwsCall> {
        let from = span.from.map_or_else(|| "0".to_owned(), moment);
        let to = span.to.map_or_else(|| "9".to_owned(), moment);
        let query = self.client.query().table_name(&self.table).index_name("ByTime").scan_index_forward(false);
        let query = query.key_condition_expression("#function = :function AND #time BETWEEN :from AND :to");
        let query = query.expression_attribute_names("#function", "function").expression_attribute_names("#time", "time");
        let query = query.expression_attribute_values(":function", string(function));
        let query = query.expression_attribute_values(":from", string(&from)).expression_attribute_values(":to", string(&to));
        let mut items = query.into_paginator().items().send();
        let mut lines = Vec::new();
        while let Some(item) = items.next().await {
            lines.push(line(&item.named("dynamodb:Query for cases of", &function)?));
        }
        Ok(lines)
    }

    /// The whole case of a line; `None` if it is gone since.
    ///
    /// # Errors
    ///
    /// If DynamoDB did not answer, or what it holds is no case.
    pub async fn whole(&self, line: &Line) -> Result<Option<Case>, AwsCall> {
        let items = read(&self.client, &self.table, vec![line.key.clone()], format!("case {}", line.id)).await?;
        match items.first() {
            Some(item) => self.case(item).await.map(Some),
            None => Ok(None),
        }
    }

    /// The case of an item. What an unfinished one had begun to do is taken for done: whether it was, the account tells.
    async fn case(&self, item: &Item) -> Result<Case, AwsCall> {
        let unreadable =
            |message: String| AwsCall { call: format!("reading item {}", of(item, "pk")), failure: Failure::Rejected, message };
        let text = match item.get("parts") {
            Some(AttributeValue::Ss(parts)) => whole_text(&self.client, &self.table, item, parts).await?,
            _ => of(item, "body").to_owned(),
        };
        let Body { mut case, steps } = Body::parse(&text).map_err(unreadable)?;
        if let Some(remedy) = case.remedy
            && of(item, "state") != "closed"
            && case.outcomes.is_empty()
        {
            let detail = "the function that began this has not finished it".to_owned();
            let undo = steps.iter().rev().filter_map(|step| step.undo.clone()).map(Receipt::from).collect();
            let calls = steps.into_iter().map(|step| step.call).collect();
            let outcome = RemedyOutcome::without_call(remedy, Outcome::Failed, Some(detail));
            case.close_with(RemedyOutcome { calls, undo, ..outcome });
        }
        Ok(case)
    }
}

impl Archive {
    /// What a person has stopped.
    ///
    /// # Errors
    ///
    /// If DynamoDB did not answer.
    pub async fn stopped(&self) -> Result<Stop, AwsCall> {
        let items = read(&self.client, &self.table, vec![stop::key()], "the stop").await?;
        Ok(items.first().map(Stop::of).unwrap_or_default())
    }

    /// Stops a guardrail, or everything, for this reason; without a reason, ends the stop.
    ///
    /// # Errors
    ///
    /// If DynamoDB did not do it: only break-glass principals may.
    pub async fn stop(&self, guardrail: Option<&str>, reason: Option<&str>) -> Result<(), AwsCall> {
        let update = || self.client.update_item().table_name(&self.table).set_key(Some(stop::key()));
        let Some(guardrail) = guardrail else {
            let update = update().expression_attribute_names("#what", EVERYTHING);
            let update = match reason {
                Some(reason) => update.update_expression("SET #what = :why").expression_attribute_values(":why", string(reason)),
                None => update.update_expression("REMOVE #what"),
            };
            return update.send().await.named("dynamodb:UpdateItem of", &STOP).map(drop);
        };
        let map = update().update_expression("SET #map = if_not_exists(#map, :none)").expression_attribute_names("#map", GUARDRAILS);
        let map = map.expression_attribute_values(":none", AttributeValue::M(HashMap::new())).send().await;
        map.named("dynamodb:UpdateItem of", &STOP)?;
        let update = update().expression_attribute_names("#map", GUARDRAILS).expression_attribute_names("#what", guardrail);
        let update = match reason {
            Some(reason) => update.update_expression("SET #map.#what = :why").expression_attribute_values(":why", string(reason)),
            None => update.update_expression("REMOVE #map.#what"),
        };
        update.send().await.named("dynamodb:UpdateItem of", &STOP).map(drop)
    }
}

fn line(item: &Item) -> Line {
    let text = |name: &str| of(item, name).to_owned();
    let pk = of(item, "pk");
    Line {
        id: pk.split_once('#').map_or(pk, |(_, id)| id).to_owned(),
        function: text("function"),
        time: text("time"),
        state: text("state"),
        outcome: text("outcome"),
        severity: text("severity"),
        guardrail: text("guardrail"),
        target: text("target"),
        actor: text("actor"),
        correlation: text("correlation"),
        key: HashMap::from(["pk", "sk"].map(|name| (name.to_owned(), string(of(item, name))))),
    }
}
