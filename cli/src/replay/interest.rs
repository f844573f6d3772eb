//! Which records can concern a guardrail, or what one asks of the past, by their bytes: nearly all cannot, and need not be parsed.
//!
//! Within JSON a quotation mark in a text is escaped, so the bytes `"eventSource"` are the name of a member wherever they stand. A record in which they stand
//! once has its service there, and is read no further if no guardrail is about that service's call of that name, and the call changes nothing in IAM. In doubt
//! a record is read.
//!
//! CloudTrail writes a record's members in an order of its own: who called comes first, then time, service and call, and only then whatever the caller wrote
//! (seen in every third-party record in that form). In such a record nothing after the call is searched.
//!
//! Most sessions are those of roles whose callers are of the same account: if all guardrails on them ask for another account's, these are passed over too.

use hashbrown::HashMap;
use memchr::memmem::Finder;
use policy::record::plain;
use policy::{Action, Rulebook};

use crate::logs::value_len;
use crate::past::Deed;

const STS: &[u8] = b"sts.amazonaws.com";
/// As many calls are remembered: AWS has fewer, and whoever makes names up fills no memory.
const KNOWN_MAX: usize = 1 << 16;
/// What is known of every change: a replay knows neither break-glass principals nor the parts of a stack.
const KNOWN: [(&str, bool); 3] = [("breakGlass", false), ("breakGlassRecreated", false), ("own", false)];
/// What is known of a session whose caller is of the account.
const SAME_ACCOUNT: [(&str, bool); 4] = [("breakGlass", false), ("breakGlassRecreated", false), ("own", false), ("crossAccount", false)];
/// How a record says that an AWS service called.
const BY_SERVICE: &[u8] = b"\"userIdentity\":{\"type\":\"AWSService\"";
/// How `userIdentity` begins if one did, and if a role's session did.
const SERVICE: &[u8] = b"{\"type\":\"AWSService\"";
const SESSION: &[u8] = b"{\"type\":\"AssumedRole\"";

/// What a rulebook is about.
pub struct Interest<'a> {
    rulebook: &'a Rulebook,
    source: Finder<'static>,
    name: Finder<'static>,
    recipient: Finder<'static>,
    root: Finder<'static>,
    service: Finder<'static>,
    /// Whether a service's call is of interest, by the bytes that name both.
    known: HashMap<Vec<u8>, Of>,
    key: Vec<u8>,
}

/// Which records of a call are of interest.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Of {
    /// Those of the root user: whatever it does is.
    Root,
    /// Sessions that another account started.
    OtherAccounts,
    /// All.
    All,
}

/// The beginning of a record whose members are in CloudTrail's order.
struct Head<'r> {
    /// `userIdentity`.
    identity: &'r [u8],
    source: &'r [u8],
    name: &'r [u8],
    /// The bytes in which the last two stand.
    call: &'r [u8],
}

impl<'a> Interest<'a> {
    /// What this rulebook is about.
    pub fn of(rulebook: &'a Rulebook) -> Self {
        Self {
            rulebook,
            source: Finder::new(b"\"eventSource\""),
            name: Finder::new(b"\"eventName\""),
            recipient: Finder::new(b"\"recipientAccountId\""),
            root: Finder::new(b"\"Root\""),
            service: Finder::new(BY_SERVICE),
            known: HashMap::new(),
            key: Vec::new(),
        }
    }

    /// Whether no guardrail can be about this record, whatever else is in it.
    pub fn passes_over(&mut self, record: &[u8]) -> bool {
        let Some(Head { identity, source, name, call }) = Head::of(record) else {
            return self.passes_over_in_any_order(record);
        };
        match self.known.get(call).copied().unwrap_or_else(|| self.learn(call, source, name)) {
            Of::Root => self.root.find(identity).is_none(),
            // AWS's services assume roles all the time, and no rule delivers it.
            Of::All => source == STS && identity.starts_with(SERVICE),
            Of::OtherAccounts => {
                let of_same_account = || caller(identity).is_some_and(|account| only(record, &self.recipient) == Some(account));
                identity.starts_with(SERVICE) || of_same_account()
            }
        }
    }

    /// The same if the record's members are in another order.
    fn passes_over_in_any_order(&mut self, record: &[u8]) -> bool {
        let Some((source, name)) = only(record, &self.source).zip(only(record, &self.name)) else {
            return false;
        };
        let mut key = std::mem::take(&mut self.key);
        key.clear();
        key.extend_from_slice(source);
        key.push(b' ');
        key.extend_from_slice(name);
        let of = self.known.get(&key).copied().unwrap_or_else(|| self.learn(&key, source, name));
        self.key = key;
        match of {
            Of::Root => self.root.find(record).is_none(),
            Of::OtherAccounts | Of::All => source == STS && self.service.find(record).is_some(),
        }
    }

    fn learn(&mut self, call: &[u8], source: &[u8], name: &[u8]) -> Of {
        let (Ok(service), Ok(name)) = (str::from_utf8(source), str::from_utf8(name)) else {
            return Of::All;
        };
        let of_action = |action: &Action| match self.rulebook.concerns_where(action, &KNOWN) {
            false => Of::Root,
            true if source == STS && !self.rulebook.concerns_where(action, &SAME_ACCOUNT) => Of::OtherAccounts,
            true => Of::All,
        };
        let of_actions = Action::candidates(service, name).map(of_action).max().unwrap_or(Of::Root);
        let of = if Deed::may_be(service, name) { Of::All } else { of_actions };
        if self.known.len() < KNOWN_MAX {
            self.known.insert(call.to_vec(), of);
        }
        of
    }
}

impl<'r> Head<'r> {
    fn of(record: &'r [u8]) -> Option<Self> {
        let caller = plain(record).filter(|caller| caller.starts_with(b"{"))?;
        let (identity, rest) = caller.split_at_checked(value_len(caller)?)?;
        let (_, from) = member(rest, b",\"eventTime\"")?;
        let (source, rest) = member(from, b",\"eventSource\"")?;
        let (name, rest) = member(rest, b",\"eventName\"")?;
        Some(Self { identity, source, name, call: from.get(..from.len() - rest.len())? })
    }
}

/// The account of a role's session that called, if the members of `userIdentity` are in CloudTrail's order.
fn caller(identity: &[u8]) -> Option<&[u8]> {
    let rest = identity.strip_prefix(SESSION)?;
    let (_, rest) = member(rest, b",\"principalId\"")?;
    let (_, rest) = member(rest, b",\"arn\"")?;
    member(rest, b",\"accountId\"").map(|(account, _)| account).filter(|account| !account.is_empty())
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

/// The text of the member that comes first, if it has this name, and the rest of the record after it.
fn member<'r>(rest: &'r [u8], name: &[u8]) -> Option<(&'r [u8], &'r [u8])> {
    text(rest.strip_prefix(name)?)
}

/// A member's value, if it is plain text, and the rest of the record after it.
fn text(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let text = rest.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start().strip_prefix(b"\"")?;
    let (text, end) = text.split_at_checked(memchr::memchr2(b'"', b'\\', text)?)?;
    Some((text, end.strip_prefix(b"\"")?))
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
        for identity in [r#"{"type":"AWSService"}"#, r#"{"type":"AssumedRole","principalId":"x","arn":"x","accountId":"1"}"#] {
            assert!(passes_over(&format!(
                r#"{{"eventVersion":"1.11","userIdentity":{identity},"eventTime":"x","eventSource":"sts.amazonaws.com","eventName":"AssumeRole","recipientAccountId":"1"}}"#
            )));
        }
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
        for (identity, recipient) in [
            (r#"{"type":"AssumedRole","principalId":"x","arn":"x","accountId":"1"}"#, r#""recipientAccountId":"2""#),
            (r#"{"type":"AssumedRole","principalId":"x","arn":"x","accountId":""}"#, r#""recipientAccountId":"""#),
            (r#"{"type":"AssumedRole","principalId":"x","arn":"x"}"#, r#""recipientAccountId":"1""#),
            (r#"{"type":"AssumedRole","accountId":"2","sessionContext":{"accountId":"1"}}"#, r#""recipientAccountId":"1""#),
            (
                r#"{"type":"AssumedRole","principalId":"x","arn":"x","accountId":"1"}"#,
                r#""x":{"recipientAccountId":"1"},"recipientAccountId":"2""#,
            ),
            (r#"{"type":"AssumedRole","principalId":"x","arn":"x","accountId":"1"}"#, r#""x":1"#),
        ] {
            let record = format!(
                r#"{{"eventVersion":"1.11","userIdentity":{identity},"eventTime":"x","eventSource":"sts.amazonaws.com","eventName":"AssumeRole",{recipient}}}"#
            );
            assert!(!passes_over(&record), "{record}");
        }
    }
}
