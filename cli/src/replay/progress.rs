//! How far a long pass has come, on a terminal.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How often it is shown.
const EVERY: Duration = Duration::from_millis(500);
/// How often it is asked whether the pass is over.
const STEP: Duration = Duration::from_millis(5);

/// What has been read.
#[derive(Default)]
pub struct Progress {
    records: AtomicUsize,
    files: AtomicUsize,
}

impl Progress {
    /// So many records more.
    pub fn read(&self, records: usize) {
        self.records.fetch_add(records, Ordering::Relaxed);
    }

    /// A file more.
    pub fn finished(&self) {
        self.files.fetch_add(1, Ordering::Relaxed);
    }
}

/// Shows it until the pass is over, if somebody watches.
pub fn show(progress: &Progress, files: usize, began: Instant, is_over: impl Fn() -> bool) {
    let mut terminal = io::stderr();
    if !terminal.is_terminal() {
        return;
    }
    let mut shown = began;
    while !is_over() {
        sleep(STEP);
        if shown.elapsed() < EVERY {
            continue;
        }
        shown = Instant::now();
        let (done, records) = (progress.files.load(Ordering::Relaxed), progress.records.load(Ordering::Relaxed));
        let seconds = began.elapsed().as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "a rate and a guess, shown in whole numbers")]
        let (rate, left) = (records as f64 / seconds, seconds * files.saturating_sub(done) as f64 / done.max(1) as f64);
        let left = if done == 0 { String::new() } else { format!(", {left:.0} s left") };
        // A terminal that is gone is no reason to stop.
        let _ = write!(terminal, "\r\x1b[K{done} of {files} files, {records} records, {rate:.0} a second{left}");
        let _ = terminal.flush();
    }
    let _ = write!(terminal, "\r\x1b[K");
}
