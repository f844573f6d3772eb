//! One of the two queues: its messages are taken, and what is not deleted is given back.

use std::collections::{HashMap, HashSet};

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{ChangeMessageVisibilityBatchRequestEntry as Entry, Message, MessageSystemAttributeName as System};
use chrono::{DateTime, Utc};
use policy::text::name;
use remedy::{AwsCall, Named as _};

/// SQS gives out and takes back so many at once (SQS API reference, `ReceiveMessage` and `ChangeMessageVisibilityBatch`).
const AT_ONCE: i32 = 10;
/// For how long nobody else gets a message that is being looked at, in seconds.
const HIDDEN: i32 = 300;
/// SQS asks all of its servers only if it may wait (SQS developer guide, "Short and long polling").
const WAIT: i32 = 1;
/// Messages that are taken in one run.
pub const MOST: usize = 1000;

/// A message that was taken out of a queue.
pub struct Taken {
    /// Its id, fit to be shown.
    pub id: String,
    /// Its text.
    pub body: String,
    /// What its sender says besides.
    pub attributes: HashMap<String, String>,
    /// The ARN of the queue that SQS moved it from.
    pub moved_from: Option<String>,
    /// When it came into a queue.
    pub sent: Option<DateTime<Utc>>,
    receipt: String,
}

/// A queue, and which messages were taken out of it.
pub struct Queue<'a> {
    client: &'a Client,
    url: &'a str,
    held: Vec<String>,
    seen: HashSet<String>,
}

impl<'a> Queue<'a> {
    /// The queue with this URL.
    pub fn of(client: &'a Client, url: &'a str) -> Self {
        Self { client, url, held: Vec::new(), seen: HashSet::new() }
    }

    /// The next messages, each of them once; none if the queue is empty, or enough were taken.
    pub async fn take(&mut self) -> Result<Vec<Taken>, AwsCall> {
        loop {
            if self.is_enough() {
                return Ok(Vec::new());
            }
            let asked = self.client.receive_message().queue_url(self.url).max_number_of_messages(AT_ONCE).visibility_timeout(HIDDEN);
            let asked = asked.wait_time_seconds(WAIT).message_attribute_names("All").message_system_attribute_names(System::All);
            let found = asked.send().await.named("sqs:ReceiveMessage from", &name(self.url))?.messages.unwrap_or_default();
            if found.is_empty() {
                return Ok(Vec::new());
            }
            let taken: Vec<Taken> = found.into_iter().map(taken).filter(|taken| self.seen.insert(taken.id.clone())).collect();
            self.held.extend(taken.iter().map(|taken| taken.receipt.clone()));
            if !taken.is_empty() {
                return Ok(taken);
            }
        }
    }

    /// Whether so many were taken that the rest has to wait for another run.
    pub fn is_enough(&self) -> bool {
        self.seen.len() >= MOST
    }

    /// Deletes a message, which is over.
    pub async fn delete(&mut self, message: &Taken) -> Result<(), AwsCall> {
        let deleted = self.client.delete_message().queue_url(self.url).receipt_handle(&message.receipt).send().await;
        deleted.named("sqs:DeleteMessage from", &name(self.url))?;
        self.held.retain(|receipt| *receipt != message.receipt);
        Ok(())
    }

    /// Gives back everything that was not deleted: others can take it at once.
    pub async fn give_back(self) -> Result<(), AwsCall> {
        for receipts in self.held.chunks(AT_ONCE.unsigned_abs() as usize) {
            let entries = receipts.iter().enumerate().filter_map(|(place, receipt)| {
                Entry::builder().id(place.to_string()).receipt_handle(receipt).visibility_timeout(0).build().ok()
            });
            let given = self.client.change_message_visibility_batch().queue_url(self.url).set_entries(Some(entries.collect()));
            given.send().await.named("sqs:ChangeMessageVisibility in", &name(self.url))?;
        }
        Ok(())
    }
}

fn taken(message: Message) -> Taken {
    let system = message.attributes.unwrap_or_default();
    let sent = system.get(&System::SentTimestamp).and_then(|millis| millis.parse().ok()).and_then(DateTime::from_timestamp_millis);
    let said = message.message_attributes.unwrap_or_default();
    Taken {
        id: name(&message.message_id.unwrap_or_default()),
        body: message.body.unwrap_or_default(),
        attributes: said.into_iter().filter_map(|(name, value)| Some((name, value.string_value?))).collect(),
        moved_from: system.get(&System::DeadLetterQueueSourceArn).cloned(),
        sent,
        receipt: message.receipt_handle.unwrap_or_default(),
    }
}
