//! What the threads of a pass read: the files in their order, and then the objects of buckets as they come.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};

use crate::logs::{Fetched, Object, Source};

/// As many objects wait to be read once they are fetched.
const FETCHED: usize = 16;

/// What the threads take from.
pub struct Intake<'a> {
    paths: Vec<(usize, &'a Path)>,
    next: AtomicUsize,
    fetched: Mutex<Receiver<Fetched>>,
}

/// A file that is still to be opened, or one that was fetched.
pub enum Opened<'a> {
    Path(&'a Path),
    Fetched(io::Result<File>),
}

impl<'a> Intake<'a> {
    /// What is read of these, with the objects that have to be fetched, and where to.
    pub fn of(files: &'a [Source]) -> (Self, Vec<(usize, Object)>, SyncSender<Fetched>) {
        let (mut paths, mut objects) = (Vec::new(), Vec::new());
        for (number, source) in files.iter().enumerate() {
            match source {
                Source::File(path) => paths.push((number, path.as_path())),
                Source::Object(object) => objects.push((number, object.clone())),
            }
        }
        let (to, fetched) = sync_channel(FETCHED);
        (Self { paths, next: AtomicUsize::new(0), fetched: Mutex::new(fetched) }, objects, to)
    }

    /// The next, with its number; `None` after the last.
    pub fn next(&self) -> Option<(usize, Opened<'a>)> {
        if let Some((number, path)) = self.paths.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            return Some((*number, Opened::Path(path)));
        }
        let fetched = self.fetched.lock().unwrap_or_else(PoisonError::into_inner).recv();
        fetched.ok().map(|(number, file)| (number, Opened::Fetched(file)))
    }
}
