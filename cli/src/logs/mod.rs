//! Whatever people have of CloudTrail: files and folders, compressed or not, with records in any wrapping.

mod brackets;
mod bucket;
mod files;
mod open;
mod split;
mod unwrap;

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

pub use brackets::value_len;
pub use bucket::{Fetched, Object, fetch};
pub use files::{Source, Wanted, list};
pub use unwrap::records;

use open::{Buffers, Bytes};
use split::{Piece, Splitter};

/// More broken values than this, and the rest of a file is not read: it is something else.
const BROKEN_MAX: usize = 1000;
/// As much of a file tells whether it is a table.
const HEAD: u64 = 4096;

/// What is found in a file.
pub enum Found<'a> {
    /// A JSON value: a record, or what others wrap records in.
    Value(&'a [u8]),
    /// What is none; why.
    Broken(&'a str),
}

/// Reads one file after another.
#[derive(Default)]
pub struct Reader(Buffers);

impl Reader {
    /// Hands out what is in a file, or in standard input for `-`.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or not to its end.
    pub fn read(&mut self, path: &Path, each: &mut impl FnMut(Found<'_>)) -> io::Result<()> {
        let bytes = open::open(path, &mut self.0)?;
        self.take(bytes, each)
    }

    /// The same of an open file.
    ///
    /// # Errors
    ///
    /// If it cannot be read to its end.
    pub fn read_open(&mut self, file: File, each: &mut impl FnMut(Found<'_>)) -> io::Result<()> {
        let bytes = open::of(file, &mut self.0)?;
        self.take(bytes, each)
    }

    fn take(&mut self, bytes: Bytes, each: &mut impl FnMut(Found<'_>)) -> io::Result<()> {
        match bytes {
            Bytes::Whole(bytes) => {
                let mut splitter = Splitter::<io::Empty>::whole(bytes);
                let read = split(&mut splitter, each);
                self.0.text = splitter.into_bytes();
                read
            }
            Bytes::Stream(mut stream) => {
                let mut head = Vec::new();
                stream.by_ref().take(HEAD).read_to_end(&mut head)?;
                let is_table = is_table(&head);
                let stream = io::Cursor::new(head).chain(stream);
                if is_table { rows(stream, each) } else { split(&mut Splitter::of(stream), each) }
            }
        }
    }
}

fn split<R: Read>(splitter: &mut Splitter<R>, each: &mut impl FnMut(Found<'_>)) -> io::Result<()> {
    let mut broken = 0;
    while let Some(piece) = splitter.next()? {
        let why = match piece {
            Piece::Value(value) => {
                each(Found::Value(value));
                continue;
            }
            // An export of CloudWatch Logs has the time before each record.
            Piece::Text(text) if is_time(text) => continue,
            Piece::Text(_) => "it is no JSON",
            Piece::Broken(why) => why,
        };
        each(Found::Broken(why));
        broken += 1;
        if broken > BROKEN_MAX {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "so much in it is broken that it is not read on"));
        }
    }
    Ok(())
}

fn is_time(text: &[u8]) -> bool {
    str::from_utf8(text).is_ok_and(|text| chrono::DateTime::parse_from_rfc3339(text.trim()).is_ok())
}

/// Whether a file begins with the names of columns.
fn is_table(head: &[u8]) -> bool {
    let first = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let begins = first.iter().find(|byte| !byte.is_ascii_whitespace());
    begins.is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'"') && !first.contains(&b'{') && head.contains(&b'\n')
}

/// A table with a record in one of its columns, as CloudTrail Lake, Athena and Splunk export it.
fn rows(stream: impl Read, each: &mut impl FnMut(Found<'_>)) -> io::Result<()> {
    let mut table = csv::ReaderBuilder::new().flexible(true).from_reader(stream);
    let mut row = csv::ByteRecord::new();
    while table.read_byte_record(&mut row)? {
        match row.iter().find(|field| field.trim_ascii_start().starts_with(b"{")) {
            Some(record) => each(Found::Value(record)),
            None => each(Found::Broken("no column of this row holds a record as JSON")),
        }
    }
    Ok(())
}
