//! How often somebody failed to sign in.
//!
//! One item for each user, role or unknown caller: `pk` is `<function>#failed`, `sk` a hash of who it is. Each failure has one attribute, named by
//! its case, with its time, so that a retry counts once.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use policy::change::failures_within;

use super::{Key, Ledger, string};
use crate::error::AwsCall;

impl Ledger {
    /// Counts a failure to sign in, and says how many there were within ten minutes, this one among them.
    ///
    /// # Errors
    ///
    /// If DynamoDB did not do it.
    pub async fn failed_to_sign_in(&self, key: &Key, who: &str) -> Result<u32, AwsCall> {
        let (pk, sk) = (format!("{}#failed", key.function), policy::case::hashed(&[who]));
        let item = HashMap::from([("pk".to_owned(), string(&pk)), ("sk".to_owned(), string(&sk))]);
        let counted = self.add_up(&item, key, key.time, "", TimeDelta::hours(24)).await?;
        let times: Vec<DateTime<Utc>> = counted.iter().filter_map(|(time, _)| time.parse().ok()).collect();
        Ok(failures_within(&times, key.time))
    }
}
