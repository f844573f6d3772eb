//! Splits a stream of bytes into JSON values: each value at the top level, and each element of a list of records.
//!
//! Nothing is parsed here. A value ends where its brackets do, so that a broken record costs itself only; whatever cannot end is given up at the next
//! line. Memory is bounded by the longest value that is taken, not by the file.

use std::io::{self, Read};

use memchr::{memchr, memchr2};

use super::brackets::value_len;

/// Longest value that is taken, in bytes. CloudTrail's records have at most 256 KB, and 1 MB where a trail asks for that (CloudTrail user guide, "Record
/// contents"); a message of a queue has at most 1 MB.
const VALUE_MAX: usize = 8 << 20;
/// As much is read at once.
const CHUNK: usize = 1 << 18;
/// The lists in which others hold records: a log file, `lookup-events`, `filter-log-events`, `receive-message`.
const LISTS: [&[u8]; 4] = [b"Records", b"Events", b"events", b"Messages"];
/// How an ordinary record begins, in CloudTrail's own files: no list is looked for in it.
const RECORD: &[u8] = b"{\"eventVersion\"";

/// A value in the stream, or what is in its place.
#[derive(Debug, Eq, PartialEq)]
pub enum Piece<'a> {
    /// A value that begins with a bracket, whole.
    Value(&'a [u8]),
    /// What stands between values and is none: a line of text.
    Text(&'a [u8]),
    /// Bytes that are no whole value; why.
    Broken(&'static str),
}

/// The stream.
pub struct Splitter<R> {
    /// `None` if all is read.
    source: Option<R>,
    bytes: Vec<u8>,
    at: usize,
    place: Place,
}

/// Where in the stream this is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Place {
    /// Among values that follow one another.
    Top,
    /// In a list at the top.
    List,
    /// In an object's list of records.
    Records,
    /// In that object, behind its list.
    Behind,
}

impl<R: Read> Splitter<R> {
    /// Values in what this reads.
    pub const fn of(source: R) -> Self {
        Self { source: Some(source), bytes: Vec::new(), at: 0, place: Place::Top }
    }

    /// Values in these bytes.
    pub const fn whole(bytes: Vec<u8>) -> Self {
        Self { source: None, bytes, at: 0, place: Place::Top }
    }

    /// Gives the bytes back.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// The next piece; `None` at the end.
    pub fn next(&mut self) -> io::Result<Option<Piece<'_>>> {
        loop {
            if !self.skip_blanks()? {
                let place = std::mem::replace(&mut self.place, Place::Top);
                return Ok((place != Place::Top).then_some(Piece::Broken("a list of records has no end")));
            }
            match (self.place, self.bytes.get(self.at).copied()) {
                (Place::Top, Some(b'[')) => self.go(Place::List),
                (Place::List, Some(b']')) | (Place::Behind, Some(b'}')) => self.go(Place::Top),
                (Place::Records, Some(b']')) => self.go(Place::Behind),
                (Place::Top, Some(b'{')) if self.begins_a_list()? => self.place = Place::Records,
                (Place::Behind, Some(b'{' | b'[')) => {
                    self.value()?;
                }
                (Place::Top | Place::List | Place::Records, Some(b'{' | b'[')) => return self.value(),
                (Place::List | Place::Records | Place::Behind, Some(b'"')) => self.skip_string()?,
                // Commas, numbers, booleans and nulls are skipped.
                (Place::List | Place::Records | Place::Behind, _) | (Place::Top, Some(b',' | b'}' | b']')) => self.at += 1,
                (Place::Top, _) => return self.line(),
            }
        }
    }

    const fn go(&mut self, place: Place) {
        self.at += 1;
        self.place = place;
    }

    /// A whole value, taken.
    fn value(&mut self) -> io::Result<Option<Piece<'_>>> {
        loop {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            match value_len(rest) {
                Some(len) => {
                    let from = self.at;
                    self.at += len;
                    if len > VALUE_MAX {
                        return Ok(Some(Piece::Broken("it is longer than any record")));
                    }
                    return Ok(Some(Piece::Value(self.bytes.get(from..self.at).unwrap_or_default())));
                }
                None if rest.len() > VALUE_MAX => {
                    self.give_up()?;
                    return Ok(Some(Piece::Broken("it is longer than any record")));
                }
                None => {
                    if !self.read_more()? {
                        self.give_up()?;
                        return Ok(Some(Piece::Broken("it has no end")));
                    }
                }
            }
        }
    }

    /// Goes on behind the next line break, or at the end.
    fn give_up(&mut self) -> io::Result<()> {
        loop {
            if let Some(end) = memchr(b'\n', self.bytes.get(self.at..).unwrap_or_default()) {
                self.at += end + 1;
                return Ok(());
            }
            self.at = self.bytes.len();
            if !self.read_more()? {
                return Ok(());
            }
        }
    }

    /// A line that begins with no bracket, up to the first bracket in it.
    fn line(&mut self) -> io::Result<Option<Piece<'_>>> {
        loop {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            match memchr2(b'\n', b'{', rest) {
                Some(end) => {
                    let from = self.at;
                    self.at += end.max(1);
                    return Ok(Some(Piece::Text(self.bytes.get(from..self.at).unwrap_or_default())));
                }
                None if rest.len() > VALUE_MAX => {
                    self.give_up()?;
                    return Ok(Some(Piece::Broken("it is no JSON")));
                }
                None => {
                    if !self.read_more()? {
                        let from = std::mem::replace(&mut self.at, self.bytes.len());
                        return Ok(Some(Piece::Text(self.bytes.get(from..).unwrap_or_default())));
                    }
                }
            }
        }
    }

    fn skip_string(&mut self) -> io::Result<()> {
        loop {
            if let Some(end) = string_end(&self.bytes, self.at + 1) {
                self.at = end;
                return Ok(());
            }
            if self.bytes.len() - self.at > VALUE_MAX || !self.read_more()? {
                return self.give_up();
            }
        }
    }

    /// Whether the object here holds records in a list: then the place is behind the list's bracket.
    fn begins_a_list(&mut self) -> io::Result<bool> {
        loop {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            if rest.starts_with(RECORD) {
                return Ok(false);
            }
            match list_in(rest) {
                Some(List::Behind(behind)) => {
                    self.at += behind;
                    return Ok(true);
                }
                Some(List::No) => return Ok(false),
                None if rest.len() > VALUE_MAX => return Ok(false),
                None => {
                    if !self.read_more()? {
                        return Ok(false);
                    }
                }
            }
        }
    }

    fn skip_blanks(&mut self) -> io::Result<bool> {
        loop {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            if let Some(first) = rest.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | 0xEF | 0xBB | 0xBF | 0x1E)) {
                self.at += first;
                return Ok(true);
            }
            self.at = self.bytes.len();
            if !self.read_more()? {
                return Ok(false);
            }
        }
    }

    /// Reads on; `false` at the end. What is behind the place is forgotten.
    fn read_more(&mut self) -> io::Result<bool> {
        let Some(source) = self.source.as_mut() else {
            return Ok(false);
        };
        if self.at > 0 {
            self.bytes.drain(..self.at);
            self.at = 0;
        }
        // A value that is long is read in longer and longer steps, so that it is not looked at from its beginning too often.
        let known = self.bytes.len();
        let step = CHUNK.max(known);
        self.bytes.resize(known + step, 0);
        let mut read = 0;
        while read < step {
            let into = self.bytes.get_mut(known + read..).unwrap_or_default();
            match source.read(into) {
                Ok(0) => {
                    self.source = None;
                    break;
                }
                Ok(more) => read += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.source = None;
                    self.bytes.truncate(known + read);
                    return Err(error);
                }
            }
        }
        self.bytes.truncate(known + read);
        Ok(read > 0)
    }
}

/// Whether an object has a list of records, as far as can be seen.
enum List {
    /// It has: this is where it begins.
    Behind(usize),
    No,
}

/// Whether the object that begins here has a list of records; `None` if that cannot be seen yet.
fn list_in(bytes: &[u8]) -> Option<List> {
    let mut at = 1;
    loop {
        at = blanks(bytes, at)?;
        match *bytes.get(at)? {
            b'"' => {}
            b',' => {
                at += 1;
                continue;
            }
            _ => return Some(List::No),
        }
        let end = string_end(bytes, at + 1)?;
        let key = bytes.get(at + 1..end - 1)?;
        at = blanks(bytes, end)?;
        if *bytes.get(at)? != b':' {
            return Some(List::No);
        }
        at = blanks(bytes, at + 1)?;
        match *bytes.get(at)? {
            b'[' if LISTS.contains(&key) => return Some(List::Behind(at + 1)),
            b'{' | b'[' => at += value_len(bytes.get(at..)?)?,
            b'"' => at = string_end(bytes, at + 1)?,
            _ => at += bytes.get(at..)?.iter().position(|byte| matches!(byte, b',' | b'}' | b']'))?,
        }
    }
}

fn blanks(bytes: &[u8], from: usize) -> Option<usize> {
    Some(from + bytes.get(from..)?.iter().position(|byte| !byte.is_ascii_whitespace())?)
}

/// Behind the quotation mark that closes the text in which this is.
fn string_end(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if *bytes.get(at)? == b'"' {
            return Some(at + 1);
        }
        at += 2;
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// Gives out little at a time.
    struct Slow<'a>(&'a [u8], usize);

    impl Read for Slow<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let many = self.1.min(self.0.len()).min(into.len());
            into.iter_mut().zip(self.0).take(many).for_each(|(to, from)| *to = *from);
            self.0 = self.0.get(many..).unwrap_or_default();
            Ok(many)
        }
    }

    fn pieces(text: &str) -> Vec<String> {
        let read = |step| {
            let mut splitter = Splitter::of(Slow(text.as_bytes(), step));
            let mut pieces = Vec::new();
            while let Some(piece) = splitter.next().unwrap() {
                pieces.push(match piece {
                    Piece::Value(bytes) => String::from_utf8_lossy(bytes).into_owned(),
                    Piece::Text(bytes) => format!("text {:?}", String::from_utf8_lossy(bytes).trim()),
                    Piece::Broken(why) => format!("broken: {why}"),
                });
            }
            pieces
        };
        assert_eq!(read(1), read(1000), "{text}");
        read(7)
    }

    proptest! {
        #[test]
        fn whatever_stands_in_records_they_are_found_as_they_were(texts in vec("[\\[\\]{}\",:\\\\a\u{e9}\n ]{0,12}", 0..5), step in 1usize..40) {
            let records: Vec<String> = texts.iter().map(|text| json!({ text: [text, { "x": text }], "eventName": text }).to_string()).collect();
            let file = format!(r#"{{"first": "{{", "Records": [{}]}}"#, records.join(" , "));
            let mut splitter = Splitter::of(Slow(file.as_bytes(), step));
            let mut found = Vec::new();
            while let Some(Piece::Value(value)) = splitter.next().unwrap() {
                found.push(String::from_utf8(value.to_vec()).unwrap());
            }
            prop_assert_eq!(found, records);
        }

        #[test]
        fn whatever_a_file_holds_it_has_an_end(bytes in vec(prop::sample::select(b"{}[]\",:\\a\n \xff".to_vec()), 0..200), step in 1usize..40) {
            let mut splitter = Splitter::of(Slow(&bytes, step));
            let mut pieces = 0;
            while splitter.next().unwrap().is_some() {
                pieces += 1;
                prop_assert!(pieces <= bytes.len());
            }
        }
    }

    #[test]
    fn values_are_found_in_every_form_in_which_people_have_them() {
        let two = [r#"{"a":1}"#, r#"{"b":"}]\"{"}"#];
        for text in [
            r#"{"a":1} {"b":"}]\"{"}"#,
            "{\"a\":1}\r\n\n{\"b\":\"}]\\\"{\"}\n",
            r#"[{"a":1},{"b":"}]\"{"}]"#,
            r#"{"Records":[{"a":1},{"b":"}]\"{"}]}"#,
            r#"{ "NextToken" : null, "x": {"Records": []}, "n": 1.5, "Records" : [ {"a":1} , {"b":"}]\"{"} ], "more": true }"#,
            r#"{"Records":[{"a":1}]}{"Records":[{"b":"}]\"{"}]}"#,
            r#"{"events":[{"a":1},{"b":"}]\"{"}],"searchedLogStreams":[{"x":["}"]}],"n":{"e":"f"}}"#,
            r#"[1,"{",{"a":1},null,{"b":"}]\"{"}]"#,
            "\u{feff}{\"Events\":[{\"a\":1},{\"b\":\"}]\\\"{\"}]}",
        ] {
            assert_eq!(pieces(text), two, "{text}");
        }
        assert!(pieces("").is_empty() && pieces(" \n ").is_empty() && pieces("[]").is_empty() && pieces(r#"{"Records":[]}"#).is_empty());
    }

    #[test]
    fn a_list_inside_a_record_is_no_list_of_records() {
        let record = r#"{"eventVersion":"1.11","Records":[{"eventName":"forged"}]}"#;
        assert_eq!(pieces(record), [record]);
        let event = r#"{"version":"0","detail":{"Records":[{"eventName":"forged"}]}}"#;
        assert_eq!(pieces(event), [event]);
        let nested = r#"{"Records":[{"requestParameters":{"x":[{"eventVersion":"1"}]}}]}"#;
        assert_eq!(pieces(nested), [r#"{"requestParameters":{"x":[{"eventVersion":"1"}]}}"#]);
    }

    #[test]
    fn a_broken_value_costs_itself_only() {
        assert_eq!(pieces("{\"a\":1}\n{\"b\":\n{\"c\":3}\n"), [r#"{"a":1}"#, "broken: it has no end", r#"{"c":3}"#]);
        assert_eq!(
            pieces("2026-03-02T12:00:00Z {\"a\":1}\nno json\n{\"b\":2}"),
            ["text \"2026-03-02T12:00:00Z\"", r#"{"a":1}"#, "text \"no json\"", r#"{"b":2}"#]
        );
        assert_eq!(pieces("{\"a\":\"unclosed\n"), ["broken: it has no end"]);
        for cut in ["[", r#"{"Records":["#, r#"{"Records":[], "x": 1"#] {
            assert_eq!(pieces(cut), ["broken: a list of records has no end"], "{cut}");
        }
    }

    #[test]
    fn what_is_longer_than_any_record_is_given_up_and_the_next_line_read() {
        let text = format!("{{\"a\":\"{}\"}}\n{{\"b\":2}}\n", "x".repeat(4 * VALUE_MAX));
        let mut splitter = Splitter::of(text.as_bytes());
        assert!(matches!(splitter.next(), Ok(Some(Piece::Broken("it is longer than any record")))));
        assert!(matches!(splitter.next(), Ok(Some(Piece::Value(b"{\"b\":2}")))));
        assert!(splitter.bytes.capacity() < 4 * VALUE_MAX);
    }
}
