//! Which records can concern a guardrail, or what one asks of the past, by their bytes: nearly all cannot, and need not be parsed.
//!
//! Within JSON a quotation mark in a text is escaped, so the bytes `"eventSource"` are the name of a member wherever they stand. A record in which they stand
//! once has its service there, and is read no further if no guardrail is about that service's call of that name, and the call changes nothing in IAM. In doubt
//! a record is read.

use std::collections::HashMap;

use memchr::memmem::Finder;
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
            known: HashMap::new(),
            key: Vec::new(),
        }
    }

    /// Whether no guardrail can be about this record, whatever else is in it.
    pub fn passes_over(&mut self, record: &[u8]) -> bool {
        let (Some(source), Some(name)) = (only(record, &self.source), only(record, &self.name)) else {
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
            return source == STS && self.service.find(record).is_some();
        }
        // Whatever the root user does is of interest.
        self.root.find(record).is_none()
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
    let rest = record.get(at + name.needle().len()..)?.trim_ascii_start();
    let text = rest.strip_prefix(b":")?.trim_ascii_start().strip_prefix(b"\"")?;
    let text = text.split(|byte| *byte == b'"').next()?;
    (!text.contains(&b'\\')).then_some(text)
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
        ] {
            assert!(!passes_over(record), "{record}");
        }
    }
}
