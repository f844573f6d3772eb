//! The ledger: one DynamoDB table that holds every case, and what each was about to do before it did it.
//!
//! A function stores its case as *begun*, with each step's call and undo, before the step's call; and as *closed* after its notice. A second
//! delivery of the same event finds either. One that finds that the change was taken back does nothing. One that finds a begun case does not
//! decide again: it goes on with that case, and never overwrites how a step is undone.
//!
//! | attribute | |
//! |---|---|
//! | `pk` | `<function>#<case id>`: each function's role may write its own cases only |
//! | `sk` | `case#<time of the change>`: an update of a finding is a case of its own under the same id |
//! | `state` | `begun` or `closed` |
//! | `by`, `at` | the invocation that stored it, and when |
//! | `function`, `time` | the key of the index `ByTime` |
//! | `body`, or `parts` | case and steps as JSON; of a body that is too long for one item, under which keys its parts stand |
//! | `actor`, `guardrail`, `outcome`, `severity`, `target` | what `rescind cases` filters by |
//! | `correlation`, `time` | the key of the index `ByActor` |
//! | `change` | the event: several functions may have made a case about it |
//! | `expires` | when DynamoDB may delete it, in seconds since 1970 |
//!
//! The other items are each described in their file: `stop` and `told` of all functions; `watch#digest`; `<function>#taken`, `<function>#storm`,
//! `<function>#held`, `<function>#repeats`, `<function>#failed`, `<function>#default` and `<function>#found`.

mod account;
pub mod archive;
mod body;
pub mod contained;
mod contested;
mod days;
mod defaults;
mod failures;
mod found;
mod page;
mod pulse;
mod read;
mod repeats;
mod stop;
mod storm;
mod story;
mod told;
mod waiting;

use std::collections::HashMap;
use std::fmt::Display;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use policy::Case;
use policy::case::{Held, Outcome};
use policy::guardrail::Mode;
use policy::severity::Severity;
use policy::text;

use archive::Archive;
pub use body::{Body, Written};
pub use contested::Again;
pub use days::Days;
pub use page::Page;
use read::read;
pub use repeats::{Like, Over, Telling};
use stop::STOP;
pub use stop::Stop;
pub use storm::{Brake, Counts};
pub use waiting::Waiting;

use crate::error::{AwsCall, Failure, Named as _};

/// How long another invocation may be at the same event: as long as a function runs. The template's time-out is the same.
const AT_WORK: TimeDelta = TimeDelta::seconds(60);

/// As many guardrails' counts are read with a case: one call reads at most 100 items (DynamoDB API reference, `BatchGetItem`).
const COUNTS: usize = 90;

type Item = HashMap<String, AttributeValue>;

/// The ledger, as one function writes it.
pub struct Ledger {
    client: Client,
    table: String,
    days: i64,
    /// So many remedies a guardrail may have within an hour.
    limit: u16,
}

/// Which case: the function that makes it, its id, and the time of its change.
#[derive(Clone, Debug)]
pub struct Key {
    pub function: &'static str,
    pub case: String,
    pub time: DateTime<Utc>,
}

/// What the ledger knows about a case before anything is decided.
pub enum Opened {
    /// Nothing.
    New,
    /// An earlier try went so far.
    Begun(Box<Body>),
    /// It is over, or it waits.
    Closed(Box<Case>),
    /// It has waited for its guardrail's hour to end: it waits no second time.
    Waited(Held),
    /// The ledger cannot say; why, for a person.
    Unknown(String),
}

/// What the ledger knows before anything is decided.
pub struct Known {
    pub opened: Opened,
    pub stop: Stop,
    /// The counts of the guardrails that were asked about.
    pub counts: Counts,
}

impl Known {
    /// Nothing, but for how the case was opened.
    pub fn nothing(opened: Opened) -> Self {
        Self { opened, stop: Stop::default(), counts: Counts::new() }
    }
}

/// What is read at once.
struct Items {
    case: Option<Item>,
    stop: Stop,
    counts: Counts,
}

impl Ledger {
    pub const fn of(client: Client, table: String, days: i64, limit: u16) -> Self {
        Self { client, table, days, limit }
    }

    /// The same table as a person reads it: every function's cases.
    pub fn archive(&self) -> Archive {
        Archive::of(self.client.clone(), self.table.clone())
    }

    /// What is known about a case and about these guardrails' counts, and what a person has stopped.
    ///
    /// # Errors
    ///
    /// If the ledger answers, and not now: too many requests, or another invocation is at the same event.
    pub async fn open(&self, key: &Key, guardrails: &[&str], invocation: &str, now: DateTime<Utc>) -> Result<Known, AwsCall> {
        let Items { case, stop, counts } = match self.items(key, guardrails).await {
            Ok(items) => items,
            Err(call) if is_out_of_reach(&call) => return Ok(Known::nothing(Opened::Unknown(call.to_string()))),
            Err(call) => return Err(call),
        };
        let opened = match case {
            Some(item) => self.opened(key, item, invocation, now).await?,
            None => Opened::New,
        };
        Ok(Known { opened, stop, counts })
    }

    async fn opened(&self, key: &Key, item: Item, invocation: &str, now: DateTime<Utc>) -> Result<Opened, AwsCall> {
        let body = match self.body(&item).await {
            Ok(body) => body,
            Err(Unreadable::Call(call)) if is_out_of_reach(&call) => return Ok(Opened::Unknown(call.to_string())),
            Err(Unreadable::Call(call)) => return Err(call),
            Err(Unreadable::Item(why)) => {
                return Ok(Opened::Unknown(format!("the ledger's item about this case cannot be read: {why}")));
            }
        };
        let at = of(&item, "at").parse::<DateTime<Utc>>().ok();
        let is_fresh = at.is_some_and(|at| (TimeDelta::zero()..AT_WORK).contains(&(now - at)));
        if of(&item, "state") == "closed" {
            let is_over = match body.case.outcome {
                Outcome::Applied | Outcome::AlreadyClean => true,
                Outcome::Held => body.case.held.as_ref().is_some_and(|held| held.until > now),
                // What was not taken back is decided again when a person sends the event again.
                _ => is_fresh && body.case.mode == Mode::Enforce,
            };
            return Ok(match body.case.held.clone() {
                _ if is_over => Opened::Closed(Box::new(body.case)),
                Some(held) => Opened::Waited(held),
                None => Opened::New,
            });
        }
        if is_fresh && of(&item, "by") != invocation {
            let message = format!("another invocation has been at this event since {}", text::name(of(&item, "at")));
            return Err(AwsCall { call: format!("opening case {}", key.case), failure: Failure::Unsettled, message });
        }
        Ok(Opened::Begun(Box::new(body)))
    }

    async fn read(&self, keys: Vec<Item>, what: impl Display) -> Result<Vec<Item>, AwsCall> {
        read(&self.client, &self.table, keys, what).await
    }

    /// The items of a case, of the stop and of these guardrails' counts, with one call.
    async fn items(&self, key: &Key, guardrails: &[&str]) -> Result<Items, AwsCall> {
        let (own, guardrails) = (keys(key, "case"), guardrails.iter().take(COUNTS));
        let case = of(&own, "pk").to_owned();
        let counts = guardrails.clone().map(|guardrail| storm::count_key(key.function, guardrail));
        let keys = [own, stop::key()].into_iter().chain(counts).collect();
        let mut items = Items { case: None, stop: Stop::default(), counts: guardrails.map(|id| ((*id).to_owned(), None)).collect() };
        for item in self.read(keys, format!("case {}", key.case)).await? {
            if of(&item, "pk") == STOP {
                items.stop = Stop::of(&item);
            } else if of(&item, "pk") == case {
                items.case = Some(item);
            } else {
                items.counts.insert(of(&item, "sk").to_owned(), Some(item));
            }
        }
        Ok(items)
    }

    async fn body(&self, item: &Item) -> Result<Body, Unreadable> {
        let Some(AttributeValue::Ss(parts)) = item.get("parts") else {
            return Body::parse(of(item, "body")).map_err(Unreadable::Item);
        };
        let whole = whole_text(&self.client, &self.table, item, parts).await.map_err(Unreadable::Call)?;
        Body::parse(&whole).map_err(Unreadable::Item)
    }

    /// Stores a case. One in which something was taken back stays as it is, and so does one that another invocation has begun.
    async fn store(&self, key: &Key, body: &Body, state: &str, by: &str, now: DateTime<Utc>) -> Result<Stored, AwsCall> {
        let mut item = keys(key, "case");
        let expires = (now + TimeDelta::days(self.days)).timestamp();
        item.insert("expires".to_owned(), AttributeValue::N(expires.to_string()));
        for (name, value) in [("state", state), ("by", by), ("function", key.function)].into_iter().chain(searched(&body.case)) {
            item.insert(name.to_owned(), string(value));
        }
        item.insert("at".to_owned(), string(&moment(now)));
        item.insert("time".to_owned(), string(&moment(body.case.time)));
        if let Some(correlation) = &body.case.correlation {
            item.insert("correlation".to_owned(), string(correlation));
            item.insert("change".to_owned(), string(body.case.record.event_id.as_deref().unwrap_or(&key.case)));
        }
        if let Some(target) = body.case.change.as_ref().map(|change| change.kind().listed()) {
            item.insert("target".to_owned(), string(&target));
        }
        match &*body.pieces() {
            [whole] => {
                item.insert("body".to_owned(), string(whole));
            }
            pieces => {
                let mut names = Vec::new();
                for (number, piece) in pieces.iter().enumerate() {
                    let mut part = keys(key, &format!("part {number:03} of {state} {}", moment(now)));
                    let name = of(&part, "sk").to_owned();
                    part.insert("body".to_owned(), string(piece));
                    part.insert("expires".to_owned(), AttributeValue::N(expires.to_string()));
                    let answer = self.client.put_item().table_name(&self.table).set_item(Some(part)).send().await;
                    answer.named("dynamodb:PutItem of a part of case", &key.case)?;
                    names.push(name);
                }
                item.insert("parts".to_owned(), AttributeValue::Ss(names));
            }
        }
        let answer = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression(
                "attribute_not_exists(pk) OR (#state = :begun AND #by = :by) OR (#state = :closed AND NOT #outcome IN (:applied, :clean))",
            )
            .expression_attribute_names("#state", "state")
            .expression_attribute_names("#by", "by")
            .expression_attribute_names("#outcome", "outcome")
            .expression_attribute_values(":begun", string("begun"))
            .expression_attribute_values(":closed", string("closed"))
            .expression_attribute_values(":applied", string(Outcome::Applied.name()))
            .expression_attribute_values(":clean", string(Outcome::AlreadyClean.name()))
            .expression_attribute_values(":by", string(by))
            .send()
            .await;
        match answer.named("dynamodb:PutItem of case", &key.case) {
            Ok(_) => Ok(Stored::Here),
            Err(call) if call.failure == Failure::Conflict => Ok(Stored::Elsewhere),
            Err(call) => Err(call),
        }
    }

    /// Takes over a case that an earlier invocation began and did not close.
    async fn take_over(&self, key: &Key, by: &str, now: DateTime<Utc>) -> Result<(), AwsCall> {
        let answer = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(keys(key, "case")))
            .update_expression("SET #by = :by, #at = :at")
            .condition_expression("#state = :begun")
            .expression_attribute_names("#state", "state")
            .expression_attribute_names("#by", "by")
            .expression_attribute_names("#at", "at")
            .expression_attribute_values(":begun", string("begun"))
            .expression_attribute_values(":by", string(by))
            .expression_attribute_values(":at", string(&moment(now)))
            .send()
            .await;
        answer.named("dynamodb:UpdateItem of case", &key.case).map(drop)
    }
}

/// A body that stands in several items. Their names are numbered within one writing of the case, and sets have no order.
async fn whole_text(client: &Client, table: &str, item: &Item, parts: &[String]) -> Result<String, AwsCall> {
    let mut parts = parts.to_vec();
    parts.sort();
    let mut whole = String::new();
    for part in parts {
        let key = HashMap::from([("pk".to_owned(), string(of(item, "pk"))), ("sk".to_owned(), string(&part))]);
        for item in read(client, table, vec![key], &part).await? {
            whole.push_str(of(&item, "body"));
        }
    }
    Ok(whole)
}

/// What came of storing a case.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Stored {
    Here,
    /// Another invocation has stored it.
    Elsewhere,
}

enum Unreadable {
    Call(AwsCall),
    Item(String),
}

/// Whether the ledger does not answer, or not this function: then remedies go on without it. A conflict or too many requests are answers.
const fn is_out_of_reach(call: &AwsCall) -> bool {
    matches!(call.failure, Failure::Unreachable | Failure::AccessDenied | Failure::NotFound | Failure::ServiceError | Failure::Rejected)
}

/// What `rescind cases` filters by.
fn searched(case: &Case) -> [(&'static str, &str); 4] {
    let lead = case.decision.lead();
    [
        ("actor", &case.actor.arn),
        ("guardrail", lead.map_or("none", |guardrail| &guardrail.id)),
        ("outcome", case.outcome.name()),
        ("severity", case.severity().map_or("none", Severity::name)),
    ]
}

fn keys(key: &Key, what: &str) -> Item {
    let pk = format!("{}#{}", key.function, key.case);
    let sk = format!("{what}#{}", moment(key.time));
    HashMap::from([("pk".to_owned(), string(&pk)), ("sk".to_owned(), string(&sk))])
}

fn moment(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn string(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn of<'a>(item: &'a Item, name: &str) -> &'a str {
    item.get(name).and_then(|value| value.as_s().ok()).map_or("", String::as_str)
}
