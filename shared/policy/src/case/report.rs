//! What a person wants to know first about a quarantined credential.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::text::said;

/// What a person wants to know first about a quarantined credential.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct CredentialReport {
    /// What its owner can do for certain: the names of capabilities.
    pub can: Vec<String>,
    /// What its owner may also be able to do.
    pub may: Vec<String>,
    /// When it was created.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<DateTime<Utc>>,
    /// When, where and on which service it was last used, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_used: Option<String>,
    /// The other credentials of the same owner, in words.
    pub others: Vec<String>,
    /// What could not be read, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<String>,
}

impl CredentialReport {
    /// Its lines in a notice about a case of this time: a word, and what there is to say.
    #[must_use]
    pub fn lines(&self, time: DateTime<Utc>) -> Vec<(&'static str, String)> {
        let mut can = if self.can.is_empty() { "nothing dangerous for certain".to_owned() } else { self.can.join(", ") };
        if !self.may.is_empty() {
            // Writing to a String does not fail.
            let _ = write!(can, "; possibly {}", self.may.join(", "));
        }
        let mut lines = vec![("Could", can)];
        lines.extend(self.last_used.as_ref().map(|used| ("Last used", said(used))));
        lines.extend(self.created.map(|created| {
            let days = (time - created).num_days();
            ("Created", format!("{}, {days} day{} before", created.format("%Y-%m-%d %H:%M:%S UTC"), if days == 1 { "" } else { "s" }))
        }));
        lines.push(("Also has", if self.others.is_empty() { "no other credentials".to_owned() } else { said(&self.others.join("; ")) }));
        lines.extend(self.unread.iter().map(|unread| ("Not read", said(unread))));
        lines
    }
}
