//! When an invocation has to be over. Lambda kills a function at its deadline, and then nobody learns what it has done: so whatever can be left
//! out ends early enough for what cannot.

use std::future::Future;
use std::time::{Duration, SystemTime};

use tokio::time::{Instant, timeout_at};

/// What is kept back for the remedy, its report and the notice, while facts are read: each of their calls may use up 10 s.
const FOR_THE_REMEDY: Duration = Duration::from_secs(30);
/// What is kept back for the notice while a report is read.
const FOR_THE_NOTICE: Duration = Duration::from_secs(12);

/// When an invocation has to be over.
#[derive(Clone, Copy, Debug)]
pub struct Deadline(Instant);

impl Deadline {
    /// The deadline that Lambda names, by the wall clock.
    #[must_use]
    pub fn at(time: SystemTime) -> Self {
        Self(Instant::now() + time.duration_since(SystemTime::now()).unwrap_or_default())
    }

    /// What has to be read before anything can be decided or done; `None` if it takes so long that no time would be left to do it.
    pub async fn before_the_remedy<T>(self, reading: impl Future<Output = T>) -> Option<T> {
        self.leaving(FOR_THE_REMEDY, reading).await
    }

    /// What is only told; `None` if it takes so long that no time would be left to send the notice.
    pub async fn before_the_notice<T>(self, reading: impl Future<Output = T>) -> Option<T> {
        self.leaving(FOR_THE_NOTICE, reading).await
    }

    async fn leaving<T>(self, rest: Duration, reading: impl Future<Output = T>) -> Option<T> {
        let until = self.0.checked_sub(rest).unwrap_or_else(Instant::now);
        timeout_at(until, reading).await.ok()
    }
}
