//! The report as one file for a browser: it loads nothing, and whatever stands in a record is set as text.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde_json::{Value, json};

use super::history::{Answer, Verdict};
use super::notices::Notices;

/// The page, with a place for the data.
const PAGE: &str = include_str!("report.html");
const PLACE: &str = "/*DATA*/";
/// As many cases are in the file: more than anybody looks at, and a few megabytes.
const CASES: usize = 20_000;

/// Writes the page about this document, these cases and these notices.
pub fn write(mut document: Value, answers: &BTreeMap<u64, Answer>, notices: &Notices, out: &mut impl Write) -> io::Result<()> {
    let mut cases: Vec<&Answer> = answers.values().collect();
    cases.sort_by_key(|answer| answer.time);
    let left_out = cases.len().saturating_sub(CASES);
    cases.truncate(CASES);
    if let Some(rows) = document.get_mut("guardrails").and_then(Value::as_array_mut) {
        for row in rows {
            let description = row.get("id").and_then(Value::as_str).and_then(|id| notices.0.get(id)?.description.clone());
            if let Some(members) = row.as_object_mut() {
                members.insert("description".to_owned(), json!(description));
            }
        }
    }
    let notices: BTreeMap<&String, Vec<Value>> = notices
        .0
        .iter()
        .map(|(id, shown)| (id, shown.notices.iter().map(|((time, _), text)| json!({ "time": time, "text": text })).collect()))
        .collect();
    if let Some(members) = document.as_object_mut() {
        members.insert("cases".to_owned(), json!(cases));
        members.insert("casesLeftOut".to_owned(), json!(left_out));
        members.insert("notices".to_owned(), json!(notices));
        members.insert("verdicts".to_owned(), json!(Verdict::ALL));
    }
    let (before, behind) = PAGE.split_once(PLACE).unwrap_or((PAGE, ""));
    // No text in it can end the element that it stands in.
    let data = document.to_string().replace('<', "\\u003c");
    write!(out, "{before}{data}{behind}")
}
