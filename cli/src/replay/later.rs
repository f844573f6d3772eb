//! Records that are looked at once more, in order of time: those that changed IAM, and those that cannot be judged without what was changed before them.
//! They wait in a file without a name, so that memory holds no more of each than where it is.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::os::unix::fs::FileExt as _;

use policy::Event;

/// Where a record was found: the number of its file, and its place in it. CloudTrail gives times in seconds, and within one only this tells what came first.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Place {
    pub file: usize,
    pub record: usize,
}

/// A record that waits, in as few bytes as will do: a long history has millions.
struct Waiting {
    /// When, in microseconds.
    time: i64,
    /// The hash of the event's id: several trails may have written it.
    id: u64,
    offset: u64,
    length: u32,
    file: u32,
    record: u32,
    is_judged: bool,
}

impl Waiting {
    fn place(&self) -> Place {
        let wide = |number| usize::try_from(number).unwrap_or(usize::MAX);
        Place { file: wide(self.file), record: wide(self.record) }
    }
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
        let narrow = |number: usize| u32::try_from(number).map_err(io::Error::other);
        let waiting = Waiting {
            time: event.record.event_time.timestamp_micros(),
            id: super::history::hash(&event.id.as_deref().unwrap_or(record)),
            offset: self.end,
            length: narrow(record.len())?,
            file: narrow(place.file)?,
            record: narrow(place.record)?,
            is_judged,
        };
        self.file.write_all(record.as_bytes())?;
        self.end += u64::from(waiting.length);
        self.waiting.push(waiting);
        Ok(())
    }

    /// Puts them in order, each event once.
    pub fn sorted(self) -> io::Result<Sorted> {
        let Self { file, mut waiting, .. } = self;
        waiting.sort_unstable_by_key(|waiting| (waiting.time, waiting.id, waiting.place()));
        waiting.dedup_by_key(|waiting| (waiting.time, waiting.id));
        waiting.sort_unstable_by_key(|waiting| (waiting.time, waiting.place()));
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
            let mut text = vec![0; usize::try_from(waiting.length).map_err(io::Error::other)?];
            self.file.read_exact_at(&mut text, waiting.offset)?;
            let text = String::from_utf8(text).map_err(io::Error::other)?;
            let event = Event::from_envelope_or_record(&text).map_err(io::Error::other)?;
            Ok(Again { event, place: waiting.place(), is_judged: waiting.is_judged })
        })
    }
}
