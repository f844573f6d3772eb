//! The XML of IAM's query protocol, as its answers have it.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// What has no moment of its own has this one.
const LONG_AGO: DateTime<Utc> = DateTime::UNIX_EPOCH;

/// An element's beginning.
pub fn open(xml: &mut String, name: &str) {
    // Writing to memory does not fail.
    let _ = write!(xml, "<{name}>");
}

/// An element's end.
pub fn close(xml: &mut String, name: &str) {
    let _ = write!(xml, "</{name}>");
}

/// An element that holds text.
pub fn text(xml: &mut String, name: &str, text: &str) {
    open(xml, name);
    for c in text.chars() {
        match c {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '\r' => xml.push_str("&#xD;"),
            c => xml.push(c),
        }
    }
    close(xml, name);
}

/// A policy document, percent-encoded.
pub fn document(xml: &mut String, name: &str, said: &str) {
    let plain = policy::document::plain(said);
    let said = plain.as_deref().unwrap_or(said);
    text(xml, name, &utf8_percent_encode(said, NON_ALPHANUMERIC).to_string());
}

/// When something was made.
pub fn moment(xml: &mut String, name: &str, at: Option<DateTime<Utc>>) {
    text(xml, name, &at.unwrap_or(LONG_AGO).format("%Y-%m-%dT%H:%M:%SZ").to_string());
}

/// A list: one `member` for each item.
pub fn list<T, E>(
    xml: &mut String,
    name: &str,
    items: impl IntoIterator<Item = T>,
    mut each: impl FnMut(&mut String, T) -> Result<(), E>,
) -> Result<(), E> {
    open(xml, name);
    for item in items {
        open(xml, "member");
        each(xml, item)?;
        close(xml, "member");
    }
    close(xml, name);
    Ok(())
}
