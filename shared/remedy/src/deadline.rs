//! When an invocation has to be over. Lambda kills a function at its deadline, and then nobody learns what it has done: so whatever can be left
//! out ends early enough for what cannot.

use std::future::Future;
use std::time::{Duration, SystemTime};

use tokio::time::{Instant, timeout_at};

/// When an invocation has to be over, and what has to be over before it.
#[derive(Clone, Copy, Debug)]
pub struct Deadline {
    /// When it is over.
    end: Instant,
    /// How much time there was in all.
    all: Duration,
    /// Half of the time is left for the remedy, its report and the notice: each of their calls may take 10 s.
    facts: Instant,
    /// A fifth of it is left for the notice.
    report: Instant,
}

impl Deadline {
    /// The deadline that Lambda names, by the wall clock.
    #[must_use]
    pub fn at(time: SystemTime) -> Self {
        let all = time.duration_since(SystemTime::now()).unwrap_or(Duration::ZERO);
        Self::after(Instant::now(), all)
    }

    fn after(now: Instant, all: Duration) -> Self {
        Self { end: now + all, all, facts: now + all / 2, report: now + all * 4 / 5 }
    }

    /// The same end for one more piece of work; `None` if less than half of the time is left.
    #[must_use]
    pub fn for_another(self) -> Option<Self> {
        let now = Instant::now();
        let left = self.end.saturating_duration_since(now);
        (left >= self.all / 2).then(|| Self { all: self.all, ..Self::after(now, left) })
    }

    /// Whether there is time for one more step before the notice has to be sent.
    #[must_use]
    pub fn leaves_time(self) -> bool {
        Instant::now() < self.report
    }

    /// What has to be read before anything can be decided or done; `None` if it takes so long that too little time would be left to do it.
    pub async fn before_the_remedy<T>(self, reading: impl Future<Output = T>) -> Option<T> {
        timeout_at(self.facts, reading).await.ok()
    }

    /// What is only reported; `None` if it takes so long that too little time would be left to send the notice.
    pub async fn before_the_notice<T>(self, reading: impl Future<Output = T>) -> Option<T> {
        timeout_at(self.report, reading).await.ok()
    }
}
