//! No event waits in a queue of failures.

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::QueueAttributeName::{ApproximateNumberOfMessages, ApproximateNumberOfMessagesNotVisible};
use policy::text::{name, shell_word};
use remedy::{AwsCall, Named as _};

use super::report::Report;
use crate::stack::{QUEUE, Stack};

/// The queues whose messages are events that nobody has judged.
pub const FAILURES: [&str; 2] = ["UndeliveredEvents", "FailedEvents"];

/// Looks whether both are empty.
pub async fn check(client: &Client, stack: &Stack, report: &mut Report) {
    for logical in FAILURES {
        let check = format!("queue {logical}");
        let Some(queue) = stack.named(QUEUE, logical) else {
            report.fail(check, "the stack has none: events that fail are lost", "deploy the stack again");
            continue;
        };
        match report.unseen(&check, waiting(client, &queue.physical).await) {
            None => {}
            Some((0, 0)) => report.ok(check, "empty"),
            Some((visible, taken)) => {
                let to_do = format!("`rescind redrive --stack {}` says why, and sends them again", shell_word(&stack.name));
                report.fail(check, format!("{}, {taken} of them in somebody's hands", waits(visible + taken)), to_do);
            }
        }
    }
}

fn waits(number: u64) -> String {
    if number == 1 { "1 event waits".to_owned() } else { format!("{number} events wait") }
}

/// How many messages a queue holds that can be received, and how many somebody has received and not deleted.
async fn waiting(client: &Client, url: &str) -> Result<(u64, u64), AwsCall> {
    let asked = [ApproximateNumberOfMessages, ApproximateNumberOfMessagesNotVisible];
    let found = client.get_queue_attributes().queue_url(url).set_attribute_names(Some(asked.to_vec())).send().await;
    let found = found.named("sqs:GetQueueAttributes of", &name(url))?;
    let [visible, taken] = asked.map(|which| found.attributes().and_then(|all| all.get(&which)).and_then(|number| number.parse().ok()));
    visible.zip(taken).ok_or_else(|| AwsCall::empty(format!("sqs:GetQueueAttributes of {}", name(url))))
}
