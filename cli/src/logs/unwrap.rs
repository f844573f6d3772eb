//! The records in a value: as they stand, or in whatever others wrap them in.

use std::borrow::Cow;
use std::io::Empty;

use policy::record::plain;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::split::{Piece, Splitter};

/// A message holds an event, which holds a record: nothing that people have is nested deeper than this.
const DEPTH_MAX: usize = 4;

/// What records stand in.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Wrapped<'a> {
    /// A record of its own.
    #[serde(borrow, rename = "eventName")]
    event_name: Option<&'a RawValue>,
    /// An event of EventBridge.
    #[serde(borrow)]
    detail: Option<&'a RawValue>,
    /// `lookup-events`.
    #[serde(borrow, rename = "CloudTrailEvent")]
    looked_up: Option<&'a RawValue>,
    /// `filter-log-events`, CloudWatch Logs.
    #[serde(borrow)]
    message: Option<&'a RawValue>,
    /// A message of SQS.
    #[serde(borrow, rename = "Body")]
    body: Option<&'a RawValue>,
    /// A notification of SNS.
    #[serde(borrow, rename = "Message")]
    notification: Option<&'a RawValue>,
    /// What Lambda sends to a queue of failures.
    #[serde(borrow, rename = "requestPayload")]
    payload: Option<&'a RawValue>,
    /// CloudTrail Lake.
    #[serde(borrow, rename = "eventData", alias = "eventJson")]
    lake: Option<&'a RawValue>,
    /// Splunk.
    #[serde(borrow, rename = "_raw")]
    raw: Option<&'a RawValue>,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    /// Elastic.
    #[serde(borrow, rename = "event.original", alias = "original")]
    original: Option<&'a RawValue>,
    #[serde(borrow)]
    event: Option<&'a RawValue>,
    #[serde(borrow, rename = "_source")]
    source: Option<&'a RawValue>,
}

/// Hands out each record in a value, or the value itself if it holds none: then whoever reads records says what is wrong.
pub fn records(value: &str, each: &mut impl FnMut(&str)) {
    if plain(value.as_bytes()).is_some() {
        return each(value);
    }
    unwrap(value, DEPTH_MAX, each);
}

fn unwrap(value: &str, depth: usize, each: &mut impl FnMut(&str)) {
    let wrapped: Wrapped<'_> = serde_json::from_str(value).unwrap_or_default();
    if wrapped.event_name.is_some() || wrapped.detail.is_some() || depth == 0 {
        return each(value);
    }
    let Wrapped { looked_up, message, body, notification, payload, lake, raw, result, original, event, source, .. } = wrapped;
    let inner = [looked_up, payload, body, notification, raw, original, message, lake, result, event, source];
    let Some(inner) = inner.into_iter().flatten().find_map(json) else {
        return each(value);
    };
    let mut splitter = Splitter::<Empty>::whole(inner.into_owned().into_bytes());
    while let Ok(Some(piece)) = splitter.next() {
        match piece {
            Piece::Value(inner) => unwrap(&String::from_utf8_lossy(inner), depth - 1, each),
            Piece::Broken(_) => each(value),
            Piece::Text(_) => {}
        }
    }
}

/// The JSON that a member is, or that its text holds.
fn json(member: &RawValue) -> Option<Cow<'_, str>> {
    let member = member.get();
    if member.starts_with('"') {
        let text: Cow<'_, str> = serde_json::from_str(member).ok()?;
        return text.trim_start().starts_with(['{', '[']).then_some(text);
    }
    member.starts_with(['{', '[']).then_some(Cow::Borrowed(member))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_record_is_found_in_whatever_others_wrap_it_in() {
        let record = json!({ "eventName": "CreateUser", "requestParameters": { "userName": "a\"b" } });
        let event = json!({ "detail-type": "AWS API Call via CloudTrail", "detail": record });
        let wrap = |value: &serde_json::Value| value.to_string();
        for (wrapped, inner) in [
            (record.clone(), &record),
            (event.clone(), &event),
            (json!({ "EventId": "1", "CloudTrailEvent": wrap(&record) }), &record),
            (json!({ "timestamp": 1, "message": wrap(&record) }), &record),
            (json!({ "MessageId": "1", "Body": wrap(&event) }), &event),
            (json!({ "MessageId": "1", "Body": json!({ "version": "1.0", "requestPayload": event }).to_string() }), &event),
            (json!({ "Body": json!({ "Type": "Notification", "Message": wrap(&event) }).to_string() }), &event),
            (json!({ "preview": false, "result": { "_raw": wrap(&record), "_time": "2026" } }), &record),
            (json!({ "_index": "logs", "_source": { "event": { "original": wrap(&record) }, "cloud": {} } }), &record),
            (json!({ "event.original": wrap(&record) }), &record),
            (json!({ "eventVersion": "1.08", "eventData": record }), &record),
            (json!({ "Body": json!({ "Records": [{ "body": "x" }, record] }).to_string() }), &record),
        ] {
            let mut found = Vec::new();
            records(&wrapped.to_string(), &mut |record| found.push(serde_json::from_str::<serde_json::Value>(record).unwrap()));
            assert_eq!(found.last(), Some(inner), "{wrapped}");
        }
    }

    #[test]
    fn what_is_no_record_is_handed_out_as_it_is_and_what_nests_itself_has_an_end() {
        let mut found = Vec::new();
        records(r#"{"message":"text"}"#, &mut |record| found.push(record.to_owned()));
        assert_eq!(found, [r#"{"message":"text"}"#]);
        let nested = (0..9).fold("{}".to_owned(), |inner, _| json!({ "Body": inner }).to_string());
        let mut times = 0;
        records(&nested, &mut |_| times += 1);
        assert_eq!(times, 1);
    }
}
