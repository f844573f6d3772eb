//! Records that are looked at once more, in order of time: those that changed IAM, and those that cannot be judged without what was changed before them.
//! They wait in a file without a name, so that memory holds no more of each than where it is.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::os::unix::fs::FileExt as _;

use chrono::{DateTime, Utc};
use policy::Event;

/// Where a record was found: the number of its file, and its place in it. CloudTrail gives times in seconds, and within one only this tells what came first.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Place {
    pub file: usize,
    pub record: usize,
}

/// A record that waits.
struct Waiting {
    time: DateTime<Utc>,
    place: Place,
    /// The hash of the event's id: several trails may have written it.
    id: u64,
    offset: u64,
    length: usize,
    is_judged: bool,
}

/// The records that wait.
pub struct Later {
    file: BufWriter<File>,
    end: u64,
    waiting: Vec<Waiting>,
}

/// A record that has waited.
pub struct Again {
    pub event: Event,
    pub place: Place,
    /// Whether it was judged at the first look.
    pub is_judged: bool,
}

impl Later {
    /// None yet.
    pub fn new() -> io::Result<Self> {
        Ok(Self { file: BufWriter::new(tempfile::tempfile()?), end: 0, waiting: Vec::new() })
    }

    /// Adds a record.
    pub fn add(&mut self, record: &str, event: &Event, place: Place, is_judged: bool) -> io::Result<()> {
        self.file.write_all(record.as_bytes())?;
        let id = super::history::hash(&event.id.as_deref().unwrap_or(record));
        self.waiting.push(Waiting { time: event.record.event_time, place, id, offset: self.end, length: record.len(), is_judged });
        self.end += u64::try_from(record.len()).unwrap_or_default();
        Ok(())
    }

    /// Puts them in order, each event once.
    pub fn sorted(self) -> io::Result<Sorted> {
        let Self { file, mut waiting, .. } = self;
        waiting.sort_by_key(|waiting| (waiting.time, waiting.place));
        let mut seen = HashSet::new();
        waiting.retain(|waiting| seen.insert(waiting.id));
        Ok(Sorted { file: file.into_inner().map_err(io::IntoInnerError::into_error)?, waiting })
    }
}

/// The records that wait, in order of time.
pub struct Sorted {
    file: File,
    waiting: Vec<Waiting>,
}

impl Sorted {
    /// Each of them, the first first.
    pub fn all(&self) -> impl DoubleEndedIterator<Item = io::Result<Again>> {
        self.waiting.iter().map(|waiting| {
            let mut text = vec![0; waiting.length];
            self.file.read_exact_at(&mut text, waiting.offset)?;
            let text = String::from_utf8(text).map_err(io::Error::other)?;
            let event = Event::from_envelope_or_record(&text).map_err(io::Error::other)?;
            Ok(Again { event, place: waiting.place, is_judged: waiting.is_judged })
        })
    }
}
