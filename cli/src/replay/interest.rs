//! Which records can concern a guardrail, or what one asks of the past, by their bytes: nearly all cannot, and need not be parsed.
//!
//! Within JSON a quotation mark in a text is escaped, so the bytes `"eventSource"` are the name of a member wherever they stand. A record in which they stand
//! once has its service there, and is read no further if no guardrail is about that service's call of that name, and the call changes nothing in IAM. In doubt
//! a record is read.
//!
//! CloudTrail writes a record's members in an order of its own: who called comes first, then time, service and call, and only then whatever the caller wrote
//! (seen in every third-party record in that form). In such a record nothing after the call is searched.

use std::collections::HashMap;

use memchr::memmem::Finder;
use policy::record::is_plain;
use policy::{Action, Rulebook};

use crate::past::Deed;

const STS: &[u8] = b"sts.amazonaws.com";

/// What a rulebook is about.
pub struct Interest<'a> {
    rulebook: &'a Rulebook,
    source: Finder<'static>,
    name: Finder<'static>,
    root: Finder<'static>,
    service: Finder<'static>,
    /// What a caller wrote begins with one of these.
    asked: [Finder<'static>; 2],
    /// Whether a service's call is of interest: service and call, with a blank between them.
    known: HashMap<Vec<u8>, bool>,
    key: Vec<u8>,
}

impl<'a> Interest<'a> {
    /// What this rulebook is about.
    pub fn of(rulebook: &'a Rulebook) -> Self {
        Self {
            rulebook,
            source: Finder::new(b"\"eventSource\""),
            name: Finder::new(b"\"eventName\""),
            root: Finder::new(b"\"Root\""),
            service: Finder::new(b"\"userIdentity\":{\"type\":\"AWSService\""),
            asked: [Finder::new(b"Parameters\""), Finder::new(b"Elements\"")],
            known: HashMap::new(),
            key: Vec::new(),
        }
    }

    /// Whether no guardrail can be about this record, whatever else is in it.
    pub fn passes_over(&mut self, record: &[u8]) -> bool {
        let in_order = self.in_order(record);
        let head = in_order.map_or(record, |(_, _, head)| head);
        let found = in_order.map(|(source, name, _)| (source, name));
        let Some((source, name)) = found.or_else(|| only(record, &self.source).zip(only(record, &self.name))) else {
            return false;
        };
        self.key.clear();
        self.key.extend_from_slice(source);
        self.key.push(b' ');
        self.key.extend_from_slice(name);
        let is_known = self.known.get(&self.key).copied();
        let is_of_interest = is_known.unwrap_or_else(|| self.learn(source, name));
        if is_of_interest {
            // AWS's services assume roles all the time, and no rule delivers it.
            return source == STS && self.service.find(head).is_some();
        }
        // Whatever the root user does is of interest.
        self.root.find(head).is_none()
    }

    /// The service, the call and everything before them, if the record's members are in CloudTrail's order.
    fn in_order<'r>(&self, record: &'r [u8]) -> Option<(&'r [u8], &'r [u8], &'r [u8])> {
        let at = self.source.find(record).filter(|_| is_plain(record))?;
        let (head, rest) = record.split_at_checked(at)?;
        let (source, rest) = text(rest.get(self.source.needle().len()..)?)?;
        let (name, _) = text(rest.strip_prefix(b",")?.strip_prefix(self.name.needle())?)?;
        self.asked.iter().all(|asked| asked.find(head).is_none()).then_some((source, name, head))
    }

    fn learn(&mut self, source: &[u8], name: &[u8]) -> bool {
        let (Ok(source), Ok(name)) = (str::from_utf8(source), str::from_utf8(name)) else {
            return true;
        };
        let is_of_interest = Deed::may_be(source, name) || Action::candidates(source, name).any(|action| self.rulebook.concerns(action));
        self.known.insert(self.key.clone(), is_of_interest);
        is_of_interest
    }
}

/// The text of the only member of this name; `None` if there is none, or several, or it is no plain text.
fn only<'r>(record: &'r [u8], name: &Finder<'_>) -> Option<&'r [u8]> {
    let mut places = name.find_iter(record);
    let at = places.next()?;
    if places.next().is_some() {
        return None;
    }
    text(record.get(at + name.needle().len()..)?).map(|(text, _)| text)
}

/// A member's value, if it is plain text, and the rest of the record after it.
fn text(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let text = rest.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start().strip_prefix(b"\"")?;
    let (text, quote) = text.split_at_checked(memchr::memchr(b'"', text)?)?;
    Some((text, quote.get(1..)?)).filter(|_| !text.contains(&b'\\'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes_over(record: &str) -> bool {
        let rulebook = rulebook::load(std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../guardrails"))).unwrap();
        Interest::of(&rulebook).passes_over(record.as_bytes())
    }

    #[test]
    fn what_no_guardrail_is_about_is_passed_over() {
        assert!(passes_over(r#"{"eventSource":"s3.amazonaws.com","eventName":"ListBuckets"}"#));
        assert!(passes_over(
            r#"{"eventVersion":"1.11","userIdentity":{"type":"IAMUser"},"eventTime":"x","eventSource":"s3.amazonaws.com","eventName":"PutObject","requestParameters":{"eventSource":"iam.amazonaws.com","x":"Root"}}"#
        ));
        assert!(passes_over("{ \"eventName\" : \"GetRole\",\n \"eventSource\" : \"iam.amazonaws.com\" }"));
        assert!(passes_over(r#"{"userIdentity":{"type":"AWSService"},"eventSource":"sts.amazonaws.com","eventName":"AssumeRole"}"#));
    }

    #[test]
    fn what_one_may_be_about_is_read_and_so_is_what_is_not_certain() {
        for record in [
            r#"{"eventSource":"iam.amazonaws.com","eventName":"AttachUserPolicy"}"#,
            r#"{"eventSource":"iam.amazonaws.com","eventName":"DoSomethingNew"}"#,
            r#"{"eventSource":"s3.amazonaws.com","eventName":"CreateBucket","userIdentity":{"type":"Root"}}"#,
            r#"{"eventSource":"sts.amazonaws.com","eventName":"AssumeRole","userIdentity":{"type":"AssumedRole"}}"#,
            r#"{"eventSource":"s3.amazonaws.com","eventName":"PutObject","requestParameters":{"eventSource":"iam.amazonaws.com"}}"#,
            r#"{"eventSource":"iam\u002eamazonaws.com","eventName":"AttachUserPolicy"}"#,
            r#"{"CloudTrailEvent":"{\"eventSource\":\"iam.amazonaws.com\"}"}"#,
            r#"{"eventSource":null,"eventName":"x"}"#,
            "{}",
            r#"{"eventVersion":"1.11","userIdentity":{"type":"Root"},"eventTime":"x","eventSource":"s3.amazonaws.com","eventName":"CreateBucket"}"#,
            r#"{"eventVersion":"1.11","userIdentity":{},"requestParameters":{"eventSource":"s3.amazonaws.com","eventName":"x"},"eventSource":"iam.amazonaws.com","eventName":"AttachUserPolicy"}"#,
            r#"{"eventVersion":"1.11","userIdentity":{},"eventSource":"s3.amazonaws.com","x":1,"eventName":"x","a":{"eventSource":"y"}}"#,
        ] {
            assert!(!passes_over(record), "{record}");
        }
    }
}
