//! A remedy that waits, because its guardrail had too many within an hour.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::text::{name, shell_word};

/// Why a remedy waits, and until when.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Held {
    /// The guardrail that is past its limit.
    pub guardrail: String,
    /// So many remedies it may have within an hour.
    pub limit: u16,
    /// When the hour is over.
    pub until: DateTime<Utc>,
}

impl Held {
    /// For whoever reads that it waits.
    #[must_use]
    pub fn detail(&self) -> String {
        let Self { guardrail, limit, .. } = self;
        format!(
            "guardrail {} had {limit} remedies within an hour, as many as StormLimit allows: this change and all further ones that it forbids stand \
             until {}, when Rescind judges each again and takes back what still stands; to keep it from doing so, run rescind stop --guardrail {} \
             --reason \"...\"",
            name(guardrail),
            self.end(),
            shell_word(guardrail)
        )
    }

    /// For whoever reads what came of it in the end.
    #[must_use]
    pub fn line(&self) -> String {
        format!("it waited until {}, because guardrail {} had {} remedies within an hour", self.end(), name(&self.guardrail), self.limit)
    }

    fn end(&self) -> impl std::fmt::Display {
        self.until.format("%Y-%m-%d %H:%M:%S UTC")
    }
}
