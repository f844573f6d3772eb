//! What a queue delivers: events that waited in it.
//!
//! A rule can send its events to a queue that holds each back for a while, and the function is invoked with the queue's messages (Lambda developer
//! guide, "Using Lambda with Amazon SQS"). Each message's body is one event, exactly as the rule delivers it. The mapping takes one message at a time: if it
//! fails, the queue gives it out again, and in the end to the queue of failed events.

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Batch {
    records: Vec<Message>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    event_source: String,
    body: String,
}

/// The events of a queue's messages; `None` if the payload is none of a queue's.
pub fn events_of(payload: &str) -> Option<Vec<String>> {
    let Batch { records } = serde_json::from_str(payload).ok()?;
    let is_queued = !records.is_empty() && records.iter().all(|message| message.event_source == "aws:sqs");
    is_queued.then(|| records.into_iter().map(|message| message.body).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_message_of_a_queue_is_one_event() {
        let batch = r#"{"Records":[{"messageId":"1","eventSource":"aws:sqs","body":"{\"a\":1}"},{"eventSource":"aws:sqs","body":"x"}]}"#;
        assert_eq!(events_of(batch), Some(vec![r#"{"a":1}"#.to_owned(), "x".to_owned()]));
    }

    #[test]
    fn what_no_queue_delivers_is_no_batch() {
        for other in
            ["{}", "[]", "x", r#"{"Records":[]}"#, r#"{"Records":[{"eventSource":"aws:sns","body":"x"}]}"#, r#"{"source":"aws.iam"}"#]
        {
            assert_eq!(events_of(other), None, "{other}");
        }
    }
}
