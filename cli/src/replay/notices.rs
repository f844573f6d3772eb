//! The first and the last cases of each guardrail, as notices.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use policy::Case;
use remedy::notice::Notice;

/// As many of the first cases are kept, and as many of the last.
const KEPT: usize = 2;

/// What is kept of a guardrail.
#[derive(Default)]
pub struct Shown {
    /// What it forbids.
    pub description: Option<String>,
    /// By time and id.
    pub notices: BTreeMap<(DateTime<Utc>, String), String>,
}

/// Of each guardrail that leads a case.
#[derive(Default)]
pub struct Notices(pub BTreeMap<String, Shown>);

impl Notices {
    /// Keeps a case if it is among the first or the last.
    pub fn add(&mut self, case: &Case) {
        let Some(guardrail) = case.decision.lead() else {
            return;
        };
        let shown = self.0.entry(guardrail.id.clone()).or_default();
        let key = (case.record.event_time, case.id.clone());
        let inner = |place: usize| shown.notices.keys().nth(place);
        let is_between = inner(KEPT - 1).zip(inner(KEPT)).is_some_and(|(before, behind)| *before < key && key < *behind);
        if is_between && shown.notices.len() >= 2 * KEPT {
            return;
        }
        shown.description.clone_from(&guardrail.description);
        shown.notices.insert(key, Notice::of(case).text());
        if shown.notices.len() > 2 * KEPT {
            let middle = shown.notices.keys().nth(KEPT).cloned();
            middle.map(|middle| shown.notices.remove(&middle));
        }
    }
}
