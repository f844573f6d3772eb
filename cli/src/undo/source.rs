//! The forms in which a case comes.

use anyhow::{Context as _, Result, anyhow, bail};
use policy::Case;
use policy::case::VERSION;
use policy::text::{quoted, said, shown};
use serde_json::{Map, Value};

/// Depth of texts within texts: a message within an envelope, a case within a message, and one more.
const NESTED_MAX: usize = 3;

/// Members that hold the text of a case: of the envelope in which SNS sends a notice, of a notice as SNS receives it, of a log line.
const HOLDERS: [&str; 3] = ["Message", "sqs", "case_json"];

/// Whether a text is a case's id.
pub fn is_id(text: &str) -> bool {
    let digits = |digits: &str| digits.len() == 16 && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    text.strip_prefix("rsc-").is_some_and(digits)
}

/// The cases in a text: a case, a notice, a function's answer or a line of its log.
pub fn cases(text: &str) -> Result<Vec<Case>> {
    within(text, NESTED_MAX)
}

fn within(text: &str, nested: usize) -> Result<Vec<Case>> {
    let value: Value = serde_json::from_str(text).context("this is not JSON; from a mail, take the id in its last line")?;
    let Value::Object(mut members) = value else {
        bail!(no_case());
    };
    if members.contains_key("outcomes") {
        return Ok(vec![case(Value::Object(members))?]);
    }
    if let Some(Value::Array(cases)) = members.remove("cases") {
        return cases.into_iter().map(case).collect();
    }
    match held(&members) {
        Some(text) if nested > 0 => within(text, nested - 1),
        _ => bail!(no_case()),
    }
}

fn held(members: &Map<String, Value>) -> Option<&str> {
    HOLDERS.iter().find_map(|name| members.get(*name)?.as_str())
}

fn no_case() -> anyhow::Error {
    anyhow!("there is no case in it: expected a case, a notice as queues receive it, a function's answer, or a line of its log")
}

/// What a message that was too long left out (`leftOut`), and an undo cannot do without.
const NEEDED: [&str; 3] = ["calls", "outcomes", "undo"];

fn case(value: Value) -> Result<Case> {
    let lacks_calls = value.get("leftOut").is_some_and(|left_out| NEEDED.iter().any(|name| left_out.get(name).is_some()));
    let case: Case = serde_json::from_value(value).map_err(|error| anyhow!("this is not a case: {}", said(&error.to_string())))?;
    if case.version != VERSION {
        bail!("this case has version {}, and this command understands version {VERSION}", case.version);
    }
    if lacks_calls {
        bail!(
            "the calls of case {0} were too long for this message: use its id, `rescind undo {0}`, to read them from the ledger",
            shown(&case.id)
        );
    }
    Ok(case)
}

/// The one case to undo: of several with the same id, the newest (the last) that lists the calls that were made; if none does, the newest
/// that has something to undo. A retry whose first notice was lost finds nothing left to do and knows the undo, but not the call.
pub fn chosen(mut cases: Vec<Case>, id: Option<&str>) -> Result<Case> {
    let mut ids: Vec<String> = cases.iter().map(|case| quoted(&case.id)).collect();
    ids.sort_unstable();
    ids.dedup();
    let ids = ids.join(", ");
    if let Some(id) = id {
        cases.retain(|case| case.id == id);
    }
    let has = |calls: bool| move |case: &Case| case.outcomes.iter().any(|of| !of.undo.is_empty() && (!calls || !of.calls.is_empty()));
    let newest = cases.iter().rposition(has(true)).or_else(|| cases.iter().rposition(has(false)));
    let newest = newest.unwrap_or_else(|| cases.len().saturating_sub(1));
    match cases.first().map(|first| cases.iter().all(|case| case.id == first.id)) {
        Some(true) => Ok(cases.swap_remove(newest)),
        Some(false) => bail!("there are several cases; choose one with --case: {ids}"),
        None if ids.is_empty() => bail!("the input holds no case"),
        None => bail!("there is no case {} in it, but {ids}", quoted(id.unwrap_or_default())),
    }
}
