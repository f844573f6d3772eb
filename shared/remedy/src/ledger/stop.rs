//! The stop: one item by which a person makes Rescind only observe, all of it or single guardrails.
//!
//! | attribute | |
//! |---|---|
//! | `pk`, `sk` | `stop` |
//! | `everything` | why nothing is to be taken back any more |
//! | `guardrails` | for each guardrail that is stopped, by its id, why |
//!
//! A stop without a reason is none: it is reported, and Rescind goes on.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use policy::text::{name, speech};

use super::{Item, string};

/// The key of the item, partition and sort.
pub const STOP: &str = "stop";
pub const EVERYTHING: &str = "everything";
pub const GUARDRAILS: &str = "guardrails";

/// What a person has stopped.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Stop {
    /// Why everything is stopped, if it is.
    pub everything: Option<String>,
    /// The guardrails that are stopped, with the reasons.
    pub guardrails: Vec<(String, String)>,
    /// What is stopped without a reason, and so is not.
    pub without_reason: Vec<String>,
}

impl Stop {
    /// Reads the item.
    pub(super) fn of(item: &Item) -> Self {
        let mut stop = Self::default();
        if let Some(value) = item.get(EVERYTHING) {
            match reason(value) {
                Some(reason) => stop.everything = Some(reason),
                None => stop.without_reason.push("everything".to_owned()),
            }
        }
        let stopped = item.get(GUARDRAILS).and_then(|value| value.as_m().ok()).into_iter().flatten();
        for (id, value) in stopped {
            match reason(value) {
                Some(reason) => stop.guardrails.push((id.clone(), reason)),
                None => stop.without_reason.push(format!("guardrail {}", name(id))),
            }
        }
        stop.guardrails.sort();
        stop.without_reason.sort();
        stop
    }

    /// Whether nobody has stopped anything, or tried to.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    /// What is stopped, in lines for a person.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let everything = self.everything.iter().map(|reason| format!("everything is stopped: {}", speech(reason)));
        let guardrails = self.guardrails.iter().map(|(id, reason)| format!("guardrail {} is stopped: {}", name(id), speech(reason)));
        let ignored = self.without_reason.iter().map(|what| format!("{what} has a stop without a reason, which Rescind ignores"));
        everything.chain(guardrails).chain(ignored).collect()
    }
}

/// The item's key.
pub(super) fn key() -> Item {
    HashMap::from(["pk", "sk"].map(|name| (name.to_owned(), string(STOP))))
}

fn reason(value: &AttributeValue) -> Option<String> {
    value.as_s().ok().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}
