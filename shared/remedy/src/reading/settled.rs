//! How long after a change IAM's answers agree about it.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

/// How long IAM takes at most until all its answers agree: seen to be 3 to 4 s (issues of the Terraform provider, which waits for it).
pub const AFTER: TimeDelta = TimeDelta::seconds(5);
/// If the clocks disagree, no wait is longer than this.
const LONGEST: Duration = Duration::from_secs(6);

/// Waits until all answers of IAM agree about a change of this time; false if it is so long ago that they do.
pub async fn agrees(change: DateTime<Utc>) -> bool {
    let left = (change + AFTER - Utc::now()).to_std().ok();
    if let Some(left) = left {
        tokio::time::sleep(left.min(LONGEST)).await;
    }
    left.is_some()
}
