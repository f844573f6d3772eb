//! Two looks at a history. The first is at all files, several at once: what no guardrail can concern is left on its bytes, and what a record says by itself is
//! judged. The second is at the rest, in order of time: what depends on what had been changed before.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use chrono::{DateTime, Utc};
use policy::actor::SIGN_IN;
use policy::arn::AccountId;
use policy::text;
use policy::{Action, Event, Rulebook};

use super::history::{Account, Answer, History};
use super::intake::{Intake, Opened};
use super::interest::Interest;
use super::later::{Again, Later, Place};
use super::notices::Notices;
use super::progress::{self, Progress};
use crate::judging::{self, Judge, Judged};
use crate::logs::{self, Found, Reader, Source};
use crate::past::{Deed, Past};

/// As many broken records are shown; all are counted.
const SHOWN: usize = 20;

/// By what records are judged, and which.
#[derive(Clone, Copy)]
pub struct By<'a> {
    pub rulebook: &'a Rulebook,
    pub trusted_accounts: &'a [AccountId],
    /// What IAM was on another day, of each account that somebody has read.
    pub details: &'a [String],
    /// Where objects of buckets are kept.
    pub cache: Option<&'a Path>,
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
    pub broken: Vec<(String, usize, String)>,
    pub unreadable: Vec<(String, io::Error)>,
    pub seconds: f64,
    /// IAM as the records leave it.
    pub past: Past,
}

/// What the threads have in common.
struct Shared {
    history: History,
    /// If they are wanted.
    notices: Option<Notices>,
    later: Later,
    counts: Counts,
    span: Option<(DateTime<Utc>, DateTime<Utc>)>,
    broken: Vec<(String, usize, String)>,
    unreadable: Vec<(String, io::Error)>,
}

/// Judges everything in these files.
///
/// # Errors
///
/// If an account's details cannot be read, or there is no place for what is looked at twice.
pub fn all(files: &[Source], threads: usize, by: &By<'_>) -> Result<Replayed> {
    let began = Instant::now();
    let past = Past::new()?;
    for details in by.details {
        past.assume(details)?;
    }
    let (intake, objects, to) = Intake::of(files);
    let progress = Progress::default();
    let shared = Mutex::new(Shared {
        history: History::keeping(by.keeps_answers),
        notices: by.keeps_notices.then(Notices::default),
        later: Later::new().context("cannot make a temporary file")?,
        counts: Counts::default(),
        span: None,
        broken: Vec::new(),
        unreadable: Vec::new(),
    });
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads.clamp(1, files.len().max(1)))
            .map(|_| {
                scope.spawn(|| {
                    let mut worker = Worker {
                        by,
                        reader: Reader::default(),
                        interest: Interest::of(by.rulebook),
                        judge: Judge::by(by.rulebook, by.trusted_accounts),
                        shared: &shared,
                    };
                    while let Some((number, file)) = intake.next() {
                        let name = files.get(number).map(Source::name).unwrap_or_default();
                        worker.read(file, (&name, number), &progress);
                        progress.finished();
                    }
                })
            })
            .collect();
        let fetching = (!objects.is_empty()).then(|| scope.spawn(move || logs::fetch(&objects, by.cache, &to)));
        progress::show(&progress, files.len(), began, || workers.iter().all(thread::ScopedJoinHandle::is_finished));
        fetching.map_or(Ok(()), |fetching| fetching.join().unwrap_or_else(|_| bail!("fetching from the bucket ended early")))
    })?;
    let mut shared = shared.into_inner().unwrap_or_else(PoisonError::into_inner);
    shared.second_look(files, by, &past).context("cannot read a temporary file")?;
    let Shared { history, notices, counts, span, mut broken, unreadable, .. } = shared;
    broken.sort();
    let (outcome, answers) = history.outcome();
    Ok(Replayed {
        counts,
        outcome,
        answers,
        notices: notices.unwrap_or_default(),
        files: files.len(),
        span,
        broken,
        unreadable,
        seconds: began.elapsed().as_secs_f64(),
        past,
    })
}

/// One thread.
struct Worker<'a> {
    by: &'a By<'a>,
    reader: Reader,
    interest: Interest<'a>,
    judge: Judge<'a>,
    shared: &'a Mutex<Shared>,
}

impl Worker<'_> {
    fn read(&mut self, opened: Opened<'_>, (file, number): (&str, usize), progress: &Progress) {
        let mut counts = Counts::default();
        let mut reader = std::mem::take(&mut self.reader);
        let mut each = |found: Found<'_>| {
            counts.records += 1;
            match found {
                Found::Value(value) if self.interest.passes_over(value) => counts.passed += 1,
                Found::Value(value) => self.value(value, (file, number), &mut counts),
                Found::Broken(why) => self.broken(file, &counts, why.to_owned()),
            }
            if counts.records.is_multiple_of(1024) {
                progress.read(1024);
            }
        };
        let read = match opened {
            Opened::Path(path) => reader.read(path, &mut each),
            Opened::Fetched(file) => file.and_then(|file| reader.read_open(file, &mut each)),
        };
        self.reader = reader;
        progress.read(counts.records % 1024);
        let mut shared = self.shared();
        shared.counts.records += counts.records;
        shared.counts.passed += counts.passed;
        shared.counts.judged += counts.judged;
        if let Err(error) = read {
            shared.unreadable.push((file.to_owned(), error));
        }
    }

    fn value(&mut self, value: &[u8], (file, number): (&str, usize), counts: &mut Counts) {
        let Ok(value) = str::from_utf8(value) else {
            return self.broken(file, counts, "it is not UTF-8".to_owned());
        };
        let mut first = true;
        logs::records(value, &mut |record| {
            // The value itself is counted already; further records in it are not.
            counts.records += usize::from(!std::mem::take(&mut first));
            if self.interest.passes_over(record.as_bytes()) {
                counts.passed += 1;
            } else if let Err(error) = self.record(record, Place { file: number, record: counts.records }, counts) {
                let error = text::chain(&*error);
                self.broken(file, counts, error);
            }
        });
    }

    fn record(&self, record: &str, place: Place, counts: &mut Counts) -> Result<()> {
        let event = Event::from_envelope_or_record(record)?;
        let time = event.record.event_time;
        let is_told = Deed::of(&event).is_some();
        let is_wanted = self.by.from.is_none_or(|from| time >= from) && self.by.to.is_none_or(|to| time <= to);
        let actions = if is_wanted { Action::of(&event) } else { Vec::new() };
        if actions.is_empty() {
            counts.passed += 1;
            // What came before the time that is asked about has led to it, and what came after it to what the account is now.
            if is_told {
                self.shared().later.add(record, &event, place, true)?;
            }
            return Ok(());
        }
        // A failure to sign in counts with those before it.
        let waits = event.record.event_source == SIGN_IN;
        judging::delivered(&event)?;
        let cases = if waits { Vec::new() } else { self.judge.cases(&event, &actions)? };
        counts.judged += 1;
        let waits = waits || self.judge.asked_for_more();
        let waiting = (waits || is_told).then_some((record, place));
        self.shared().looked(&event, (!waits).then_some(&*cases), waiting)?;
        Ok(())
    }

    fn broken(&self, file: &str, counts: &Counts, why: String) {
        self.shared().broken(file, counts.records, why);
    }

    fn shared(&self) -> std::sync::MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    /// Tells the past what was changed, and judges what waits for it.
    fn second_look(&mut self, files: &[Source], by: &By<'_>, past: &Past) -> Result<()> {
        let later = std::mem::replace(&mut self.later, Later::new()?).sorted()?;
        // From what the accounts are to what they were before all of it.
        if past.has_details() {
            for again in later.all().rev() {
                past.undo(&again?.event);
            }
        }
        let judge = Judge::by(by.rulebook, by.trusted_accounts).knowing(past);
        for again in later.all() {
            let Again { event, place, is_judged } = again?;
            if by.to.is_some_and(|to| event.record.event_time > to) {
                break;
            }
            past.apply(&event);
            if is_judged {
                continue;
            }
            match judge.cases(&event, &Action::of(&event)) {
                Ok(cases) => self.judged(&cases),
                Err(error) => {
                    let file = files.get(place.file).map(Source::name).unwrap_or_default();
                    self.broken(&file, place.record, text::chain(&*error));
                }
            }
        }
        Ok(())
    }

    /// Notes what came of an event's first look: its cases, unless they wait, and the record, if it is looked at again.
    fn looked(&mut self, event: &Event, cases: Option<&[Judged]>, waiting: Option<(&str, Place)>) -> io::Result<()> {
        let time = event.record.event_time;
        let (first, last) = self.span.unwrap_or((time, time));
        self.span = Some((first.min(time), last.max(time)));
        self.judged(cases.unwrap_or_default());
        match waiting {
            Some((record, place)) => self.later.add(record, event, place, cases.is_some()),
            None => Ok(()),
        }
    }

    fn judged(&mut self, cases: &[Judged]) {
        for judged in cases {
            self.history.add(judged);
            if let Some(notices) = &mut self.notices {
                notices.add(&judged.case);
            }
        }
    }

    fn broken(&mut self, file: &str, place: usize, why: String) {
        self.counts.broken += 1;
        if self.broken.len() < SHOWN {
            self.broken.push((file.to_owned(), place, why));
        }
    }
}
