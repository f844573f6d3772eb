//! Several changes by the same actor, one soon after the other: the index `ByActor` finds their cases, whichever function made them.

use chrono::{DateTime, TimeDelta, Utc};
use policy::Case;
use policy::case::Story;

use super::{Key, Ledger, moment, of, string};
use crate::error::{AwsCall, Named as _};

/// As many cases are counted: one answer of DynamoDB, and more than anybody reads.
const COUNTED: i32 = 1000;

impl Ledger {
    /// Which of its actor's changes a case is about; `None` if it is the first for some time. An index follows its table by a moment, so a case
    /// of the same moment may not count yet.
    pub(super) async fn story(&self, key: &Key, case: &Case) -> Result<Option<Story>, AwsCall> {
        let Some(correlation) = &case.correlation else {
            return Ok(None);
        };
        let since = case.time - TimeDelta::minutes(Story::MINUTES);
        let query = self.client.query().table_name(&self.table).index_name("ByActor").limit(COUNTED);
        let query = query.key_condition_expression("#correlation = :correlation AND #time BETWEEN :since AND :now");
        let query = query.expression_attribute_names("#correlation", "correlation").expression_attribute_names("#time", "time");
        let query = query.expression_attribute_values(":correlation", string(correlation));
        let query = query.expression_attribute_values(":since", string(&moment(since)));
        let query = query.expression_attribute_values(":now", string(&moment(case.time))).send().await;
        let found = query.named("dynamodb:Query for the story of case", &key.case)?.items.unwrap_or_default();
        // Several functions may have made a case about the same change.
        let mut changes: Vec<&str> = found.iter().map(|item| of(item, "change")).filter(|change| !change.is_empty()).collect();
        let own = case.record.event_id.as_deref().unwrap_or(&key.case);
        changes.push(own);
        changes.sort_unstable();
        changes.dedup();
        let first = found.first().and_then(|item| of(item, "time").parse::<DateTime<Utc>>().ok()).unwrap_or(case.time);
        let number = changes.len();
        Ok((number > 1).then(|| Story { number, seconds: (case.time - first).num_seconds().max(0) }))
    }
}
