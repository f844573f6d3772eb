//! Cases like one that was reported, which are counted instead of reported.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::text::said;

/// How many cases were only counted, because each was like one that had been reported within the hour.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Repeated {
    /// How many.
    pub times: usize,
    /// When the first one like them was reported.
    pub since: DateTime<Utc>,
    /// What they were about: the first few, in no order.
    pub about: Vec<String>,
}

impl Repeated {
    /// For so long cases are counted, in minutes.
    pub const MINUTES: i64 = 60;
    /// As many changes as a person reads.
    pub const ABOUT: usize = 10;

    /// In a line for a person.
    #[must_use]
    pub fn line(&self) -> String {
        let about: Vec<String> = self.about.iter().map(|change| said(change)).collect();
        let and_others = if about.len() < Self::ABOUT { "" } else { "; and perhaps others" };
        let about = if about.is_empty() { String::new() } else { format!(": {}", about.join("; ")) };
        let since = self.since.format("%Y-%m-%d %H:%M UTC");
        format!("{} more like it in the hour from {since}{about}{and_others}", self.times)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_only_counted_is_said_in_a_line() {
        let repeated = |about: &[&str]| Repeated {
            times: 14,
            since: "2026-03-02T11:00:30Z".parse().unwrap(),
            about: about.iter().map(ToString::to_string).collect(),
        };
        assert_eq!(repeated(&[]).line(), "14 more like it in the hour from 2026-03-02 11:00 UTC");
        assert_eq!(repeated(&["user ann", "user bob"]).line(), "14 more like it in the hour from 2026-03-02 11:00 UTC: user ann; user bob");
        assert!(repeated(&["user ann"; Repeated::ABOUT]).line().ends_with("user ann; and perhaps others"));
    }
}
