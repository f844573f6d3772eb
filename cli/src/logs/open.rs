//! Files, compressed or not, as streams of bytes.

use std::fs::File;
use std::io::{self, Cursor, Read, Seek as _, SeekFrom};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use libdeflater::Decompressor;

/// A file that is longer, inflated, is streamed.
const WHOLE_MAX: usize = 16 << 20;
/// Text compresses to no less than a hundredth, CloudTrail's to a tenth. What inflates to more than so many times its size is made to do harm.
const RATIO_MAX: u64 = 400;
/// What a small file may inflate to all the same.
const INFLATED_MIN: u64 = 64 << 20;

/// The bytes of a file.
pub enum Bytes {
    /// All of them.
    Whole(Vec<u8>),
    /// As they are read.
    Stream(Box<dyn Read>),
}

/// What is needed to read a whole file, and kept for the next one.
pub struct Buffers {
    compressed: Vec<u8>,
    /// The text of a file, given back once it is read.
    pub text: Vec<u8>,
    inflater: Decompressor,
}

impl Default for Buffers {
    fn default() -> Self {
        Self { compressed: Vec::new(), text: Vec::new(), inflater: Decompressor::new() }
    }
}

/// Opens a file, or standard input for `-`.
pub fn open(path: &Path, buffers: &mut Buffers) -> io::Result<Bytes> {
    if path.as_os_str() == "-" {
        let mut head = Vec::new();
        io::stdin().lock().take(2).read_to_end(&mut head)?;
        let stream = Cursor::new(head.clone()).chain(io::stdin());
        return Ok(if is_gzip(&head) { Bytes::Stream(Box::new(MultiGzDecoder::new(stream))) } else { Bytes::Stream(Box::new(stream)) });
    }
    of(File::open(path)?, buffers)
}

/// The bytes of an open file.
pub fn of(mut file: File, buffers: &mut Buffers) -> io::Result<Bytes> {
    let length = file.metadata()?.len();
    let mut head = Vec::new();
    file.by_ref().take(4).read_to_end(&mut head)?;
    file.seek(SeekFrom::Start(0))?;
    if head == b"PAR1" {
        let why = "it is Parquet, as Security Lake writes it: its columns are OCSF's, which leave out what guardrails ask for; give the CloudTrail files";
        return Err(io::Error::new(io::ErrorKind::Unsupported, why));
    }
    if !is_gzip(&head) {
        return Ok(Bytes::Stream(Box::new(file)));
    }
    if length <= WHOLE_MAX as u64 {
        buffers.compressed.clear();
        file.read_to_end(&mut buffers.compressed)?;
        let text = buffers.inflated();
        return Ok(text.map_or_else(|| streamed(Cursor::new(std::mem::take(&mut buffers.compressed)), length), Bytes::Whole));
    }
    Ok(streamed(file, length))
}

fn streamed(compressed: impl Read + 'static, length: u64) -> Bytes {
    let limit = length.saturating_mul(RATIO_MAX).max(INFLATED_MIN);
    Bytes::Stream(Box::new(Limited { source: MultiGzDecoder::new(compressed), left: limit }))
}

fn is_gzip(head: &[u8]) -> bool {
    head.starts_with(&[0x1f, 0x8b])
}

impl Buffers {
    /// The text of a whole file at once: twice as fast as streaming it. `None` if it is large, broken, or several files in one: then it is streamed, as far as
    /// it goes.
    fn inflated(&mut self) -> Option<Vec<u8>> {
        let Self { compressed, text, inflater } = self;
        // A file ends with the checksum and the length of its text (RFC 1952).
        let (_, trailer) = compressed.split_at_checked(compressed.len().checked_sub(8)?)?;
        let (checksum, length) = trailer.split_first_chunk::<4>()?;
        let length = u32::from_le_bytes(length.try_into().ok()?) as usize;
        if length > WHOLE_MAX {
            return None;
        }
        text.resize(length, 0);
        let found = inflater.gzip_decompress(compressed, text).ok()?;
        (found == length && libdeflater::crc32(text) == u32::from_le_bytes(*checksum)).then(|| std::mem::take(text))
    }
}

/// As much as may be read.
struct Limited<R> {
    source: R,
    left: u64,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(into)?;
        self.left = self.left.checked_sub(read as u64).ok_or_else(|| {
            let why = format!("it inflates to more than {RATIO_MAX} times its size: it is not read on");
            io::Error::new(io::ErrorKind::InvalidData, why)
        })?;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn only_one_whole_file_is_inflated_at_once() {
        let mut buffers = Buffers::default();
        let mut inflated = |compressed: &[u8]| {
            buffers.compressed = compressed.to_vec();
            buffers.inflated()
        };
        let one = gzip(b"one and more");
        assert_eq!(inflated(&one).as_deref(), Some(&b"one and more"[..]));
        assert_eq!(inflated(&[one.clone(), gzip(b"two and more")].concat()), None, "several in one, of the same length");
        assert_eq!(inflated(&one[..one.len() - 4]), None);
        assert_eq!(inflated(b"\x1f\x8b"), None);
    }

    #[test]
    fn what_inflates_beyond_measure_is_not_read_on() {
        let mut limited = Limited { source: io::repeat(0), left: 1000 };
        let mut text = Vec::new();
        let error = limited.read_to_end(&mut text).unwrap_err();
        assert!(text.len() <= 1000 && error.to_string().contains("400 times"), "{error}");
    }
}
