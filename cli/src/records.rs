//! The records in a text: whatever people have of CloudTrail.

use std::borrow::Cow;

use anyhow::{Context as _, Result};
use serde::Deserialize;
use serde_json::Deserializer;
use serde_json::value::RawValue;

/// What holds several records.
#[derive(Deserialize)]
struct Holder<'a> {
    /// Of one of CloudTrail's log files.
    #[serde(borrow, default, rename = "Records")]
    records: Vec<&'a RawValue>,
    /// Of the answer to `aws cloudtrail lookup-events`.
    #[serde(borrow, default, rename = "Events")]
    events: Vec<Looked<'a>>,
}

#[derive(Deserialize)]
struct Looked<'a> {
    #[serde(borrow, rename = "CloudTrailEvent")]
    record: Cow<'a, str>,
}

/// Splits a text into records: one record or event, several as a list or as JSON lines, a log file, or what `lookup-events` prints.
pub fn of(text: &str) -> Result<Vec<Cow<'_, str>>> {
    let mut records = Vec::new();
    for value in Deserializer::from_str(text).into_iter::<&RawValue>() {
        let value = value.context("the events are not JSON")?.get();
        if value.starts_with('[') {
            let list: Vec<&RawValue> = serde_json::from_str(value).context("the list of events is not JSON")?;
            records.extend(list.into_iter().map(|record| Cow::Borrowed(record.get())));
            continue;
        }
        // Anything but an object is no record, and the reader of records says so.
        let holder = serde_json::from_str(value).unwrap_or(Holder { records: Vec::new(), events: Vec::new() });
        if holder.records.is_empty() && holder.events.is_empty() {
            records.push(Cow::Borrowed(value));
        }
        records.extend(holder.records.into_iter().map(|record| Cow::Borrowed(record.get())));
        records.extend(holder.events.into_iter().map(|event| event.record));
    }
    Ok(records)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_found_in_every_form_that_people_have() {
        for text in [
            r#"{"a":1} {"b":2}"#,
            "{\"a\":1}\n{\"b\":2}\n",
            r#"[{"a":1},{"b":2}]"#,
            r#"{"Records":[{"a":1},{"b":2}]}"#,
            r#"{"Events":[{"CloudTrailEvent":"{\"a\":1}"},{"EventId":"x","CloudTrailEvent":"{\"b\":2}"}]}"#,
        ] {
            assert_eq!(of(text).unwrap(), [r#"{"a":1}"#, r#"{"b":2}"#], "{text}");
        }
        assert_eq!(of(r#"{"detail":{"a":1}}"#).unwrap(), [r#"{"detail":{"a":1}}"#]);
        assert_eq!(of(r#"{"Records":"none"}"#).unwrap(), [r#"{"Records":"none"}"#]);
        assert!(of("").unwrap().is_empty());
        assert!(of(r#"{"a":1} {"b""#).is_err());
    }
}
