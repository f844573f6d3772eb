//! One pass over all files, several at once: what no guardrail can concern is left on its bytes, everything else is judged.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use chrono::{DateTime, Utc};
use policy::actor::SIGN_IN;
use policy::arn::AccountId;
use policy::text;
use policy::{Action, Case, Event, Rulebook};

use super::history::{Account, Answer, History};
use super::interest::Interest;
use super::notices::Notices;
use super::progress::{self, Progress};
use crate::judging::Judge;
use crate::logs::{self, Found};

/// As many broken records are shown; all are counted.
const SHOWN: usize = 20;

/// By what records are judged, and which.
#[derive(Clone, Copy)]
pub struct By<'a> {
    pub rulebook: &'a Rulebook,
    pub trusted_accounts: &'a [AccountId],
    pub from: Option<DateTime<Utc>>,
    pub to: Option<DateTime<Utc>>,
    /// Whether each answer is wanted, for a comparison or for exemptions.
    pub keeps_answers: bool,
    /// Whether notices are wanted.
    pub keeps_notices: bool,
}

/// How many records there were, and what became of them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// All of them.
    pub records: usize,
    /// Those that no guardrail can concern, by their bytes.
    pub passed: usize,
    /// Those that were judged.
    pub judged: usize,
    /// Those that are none, or cannot be judged.
    pub broken: usize,
}

/// What came of the pass.
pub struct Replayed {
    pub counts: Counts,
    pub outcome: Account,
    /// By case, if they are wanted.
    pub answers: BTreeMap<u64, Answer>,
    /// Of each guardrail, if they are wanted.
    pub notices: Notices,
    pub files: usize,
    /// The first and the last record that was judged.
    pub span: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// The first of the broken records: in which file, which one, and why.
    pub broken: Vec<(PathBuf, usize, String)>,
    pub unreadable: Vec<(PathBuf, io::Error)>,
    pub seconds: f64,
}

/// What the threads have in common.
#[derive(Default)]
struct Shared {
    history: History,
    /// If they are wanted.
    notices: Option<Notices>,
    /// Sign-ins, which are judged in order of time: a failure counts with those before it.
    sign_ins: Vec<(DateTime<Utc>, Event, PathBuf)>,
    counts: Counts,
    span: Option<(DateTime<Utc>, DateTime<Utc>)>,
    broken: Vec<(PathBuf, usize, String)>,
    unreadable: Vec<(PathBuf, io::Error)>,
}

/// Judges everything in these files.
pub fn all(files: &[PathBuf], threads: usize, by: &By<'_>) -> Replayed {
    let began = Instant::now();
    let (next, shared, progress) = (
        AtomicUsize::new(0),
        Mutex::new(Shared { notices: by.keeps_notices.then(Notices::default), ..Shared::default() }),
        Progress::default(),
    );
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads.clamp(1, files.len().max(1)))
            .map(|_| {
                scope.spawn(|| {
                    let mut worker = Worker {
                        by,
                        interest: Interest::of(by.rulebook),
                        judge: Judge::by(by.rulebook, by.trusted_accounts),
                        shared: &shared,
                    };
                    while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                        worker.read(file, &progress);
                        progress.finished();
                    }
                })
            })
            .collect();
        progress::show(&progress, files.len(), began, || workers.iter().all(thread::ScopedJoinHandle::is_finished));
    });
    let mut shared = shared.into_inner().unwrap_or_else(PoisonError::into_inner);
    let judge = Judge::by(by.rulebook, by.trusted_accounts);
    shared.sign_ins.sort_by(|(one, event, _), (other, another, _)| (one, &event.id).cmp(&(other, &another.id)));
    shared.sign_ins.dedup_by(|(_, one, _), (_, other, _)| one.id.is_some() && one.id == other.id);
    for (time, event, file) in std::mem::take(&mut shared.sign_ins) {
        match judge.cases(&event, &Action::of(&event)) {
            Ok(cases) => shared.judged(time, &cases),
            Err(error) => shared.broken(&file, 0, text::chain(&*error)),
        }
    }
    let Shared { history, notices, counts, span, mut broken, unreadable, .. } = shared;
    broken.sort();
    let mut answers = BTreeMap::new();
    let outcome = history.outcome(|id, answer| {
        if by.keeps_answers {
            answers.insert(id, answer);
        }
    });
    Replayed {
        counts,
        outcome,
        answers,
        notices: notices.unwrap_or_default(),
        files: files.len(),
        span,
        broken,
        unreadable,
        seconds: began.elapsed().as_secs_f64(),
    }
}

/// One thread.
struct Worker<'a> {
    by: &'a By<'a>,
    interest: Interest<'a>,
    judge: Judge<'a>,
    shared: &'a Mutex<Shared>,
}

impl Worker<'_> {
    fn read(&mut self, file: &Path, progress: &Progress) {
        let mut counts = Counts::default();
        let read = logs::read(file, &mut |found| {
            counts.records += 1;
            match found {
                Found::Value(value) if self.interest.passes_over(value) => counts.passed += 1,
                Found::Value(value) => self.value(value, file, &mut counts),
                Found::Broken(why) => self.broken(file, &counts, why.to_owned()),
            }
            if counts.records.is_multiple_of(1024) {
                progress.read(1024);
            }
        });
        progress.read(counts.records % 1024);
        let mut shared = self.shared();
        shared.counts.records += counts.records;
        shared.counts.passed += counts.passed;
        shared.counts.judged += counts.judged;
        if let Err(error) = read {
            shared.unreadable.push((file.to_owned(), error));
        }
    }

    fn value(&mut self, value: &[u8], file: &Path, counts: &mut Counts) {
        let Ok(value) = str::from_utf8(value) else {
            return self.broken(file, counts, "it is not UTF-8".to_owned());
        };
        let mut first = true;
        logs::records(value, &mut |record| {
            // The value itself is counted already; further records in it are not.
            counts.records += usize::from(!std::mem::take(&mut first));
            if self.interest.passes_over(record.as_bytes()) {
                counts.passed += 1;
            } else if let Err(error) = self.record(record, file, counts) {
                let error = text::chain(&*error);
                self.broken(file, counts, error);
            }
        });
    }

    fn record(&self, record: &str, file: &Path, counts: &mut Counts) -> anyhow::Result<()> {
        let event = Event::from_envelope_or_record(record)?;
        let time = event.record.event_time;
        let actions = Action::of(&event);
        if actions.is_empty() || self.by.from.is_some_and(|from| time < from) || self.by.to.is_some_and(|to| time > to) {
            counts.passed += 1;
            return Ok(());
        }
        if event.record.event_source == SIGN_IN {
            counts.judged += 1;
            self.shared().signed_in(time, event, file);
            return Ok(());
        }
        let cases = self.judge.cases(&event, &crate::judging::actions(&event)?)?;
        counts.judged += 1;
        self.shared().judged(time, &cases);
        Ok(())
    }

    fn broken(&self, file: &Path, counts: &Counts, why: String) {
        self.shared().broken(file, counts.records, why);
    }

    fn shared(&self) -> std::sync::MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    fn judged(&mut self, time: DateTime<Utc>, cases: &[(&'static Action, Case)]) {
        self.saw(time);
        for (action, case) in cases {
            self.history.add(action, case);
            if let Some(notices) = &mut self.notices {
                notices.add(case);
            }
        }
    }

    fn signed_in(&mut self, time: DateTime<Utc>, event: Event, file: &Path) {
        self.saw(time);
        self.sign_ins.push((time, event, file.to_owned()));
    }

    fn broken(&mut self, file: &Path, place: usize, why: String) {
        self.counts.broken += 1;
        if self.broken.len() < SHOWN {
            self.broken.push((file.to_owned(), place, why));
        }
    }

    fn saw(&mut self, time: DateTime<Utc>) {
        let (first, last) = self.span.unwrap_or((time, time));
        self.span = Some((first.min(time), last.max(time)));
    }
}
