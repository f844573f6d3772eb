//! CloudTrail records, as EventBridge delivers them or as a log file holds them.
//!
//! Tolerant of what CloudTrail really sends (absent members, booleans as text, members nobody knows yet), strict about what a
//! decision needs: when, which call, in which account and region, and whether AWS let it through.

mod finding_state;
mod identity;

use std::fmt;

use aws_lambda_events::event::eventbridge::EventBridgeEvent;
use chrono::{DateTime, Utc};
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use thiserror::Error;

pub use finding_state::FindingState;
pub use identity::{Delegate, InScopeOf, OnBehalfOf, SessionAttributes, SessionContext, SessionIssuer, UserIdentity};

use crate::arn::{AccountId, IdentifierError, partition_of};
use crate::text::{bounded, quoted, said, shown};
use finding_state::Standing;

/// Longest free text kept of a record (user agent, source, error code), in bytes. CloudTrail itself cuts a user agent at 1 KB
/// (CloudTrail user guide, "Record contents").
const TEXT_MAX: usize = 2048;

/// The one member by which an oversized record says that CloudTrail left it out (CloudTrail user guide, "Record contents": `omitted`).
const OMITTED: &str = "omitted";

/// The services whose findings are read, as `source` names them after `aws.`.
const FINDERS: [&str; 4] = ["access-analyzer", "guardduty", "health", "securityhub"];
/// How EventBridge ends the detail type of what comes through CloudTrail.
const VIA_CLOUDTRAIL: &str = " via CloudTrail";

/// Why a payload is not a record that can be judged.
#[derive(Debug, Error)]
pub enum RecordError {
    /// the payload is not an EventBridge envelope around a CloudTrail record
    #[error("the event is not an EventBridge envelope around a CloudTrail record: {}", said(&.0.to_string()))]
    Envelope(serde_json::Error),
    /// the payload's detail is not a CloudTrail record
    #[error("the event's detail is not a CloudTrail record: {}", said(&.0.to_string()))]
    Record(serde_json::Error),
    /// the envelope and the record do not belong together
    #[error("the event contradicts itself: {0}")]
    Contradiction(String),
    /// neither envelope nor record name a valid account
    #[error("the event names no account: {0}")]
    Account(#[from] IdentifierError),
    /// the envelope says it is something other than a CloudTrail event of AWS's own
    #[error("the event is not one that CloudTrail sends: {0}")]
    Foreign(String),
}

/// One CloudTrail record with what its envelope adds.
#[derive(Debug)]
pub struct Event {
    /// The account in which the call was made.
    pub account: AccountId,
    /// The record's own id, or the envelope's if the record has none. Stable over redeliveries.
    pub id: Option<String>,
    /// The region whose trail recorded the call.
    pub region: String,
    /// The record.
    pub record: Record,
}

/// The members of a CloudTrail record that a decision can turn on (CloudTrail user guide, "Record contents").
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// Present if AWS refused the call, or the call failed.
    #[serde(default, deserialize_with = "text")]
    pub error_code: Option<String>,
    /// The API call's name.
    pub event_name: String,
    /// The service that was called, such as `iam.amazonaws.com`.
    pub event_source: String,
    /// When the call was made.
    pub event_time: DateTime<Utc>,
    /// The caller's address, or the name of the AWS service that called on somebody's behalf.
    #[serde(default, rename = "sourceIPAddress", deserialize_with = "text")]
    pub source_ip_address: Option<String>,
    /// The caller's software, as it names itself.
    #[serde(default, deserialize_with = "text")]
    pub user_agent: Option<String>,
    /// Who called.
    #[serde(default)]
    pub user_identity: UserIdentity,
    /// Whether the call only reads, if CloudTrail says so.
    #[serde(default, deserialize_with = "boolean")]
    pub read_only: Option<bool>,

    #[serde(default)]
    additional_event_data: Option<Box<RawValue>>,
    aws_region: Option<String>,
    #[serde(rename = "eventID")]
    event_id: Option<String>,
    recipient_account_id: Option<String>,
    #[serde(default)]
    request_parameters: Option<Box<RawValue>>,
    #[serde(default)]
    response_elements: Option<Box<RawValue>>,
    #[serde(skip)]
    finding: Option<FindingState>,
}

/// What a record says about its request's parameters.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Parameters<'a> {
    /// They are there, as JSON text.
    Known(&'a str),
    /// They are null or absent.
    Absent,
    /// The record was too large, and CloudTrail left them out.
    Omitted,
}

impl Record {
    /// The request's parameters, or why there are none.
    #[must_use]
    pub fn parameters(&self) -> Parameters<'_> {
        #[derive(Deserialize)]
        struct Oversized {
            #[serde(deserialize_with = "boolean")]
            omitted: Option<bool>,
        }

        let Some(raw) = self.request_parameters.as_deref().map(RawValue::get) else {
            return Parameters::Absent;
        };
        let omitted = raw.contains(OMITTED) && serde_json::from_str(raw).is_ok_and(|found: Oversized| found.omitted == Some(true));
        if omitted { Parameters::Omitted } else { Parameters::Known(raw) }
    }

    /// What AWS answered, as JSON text.
    #[must_use]
    pub fn response(&self) -> Option<&str> {
        self.response_elements.as_deref().map(RawValue::get)
    }

    /// What CloudTrail notes beside request and response, as JSON text.
    #[must_use]
    pub fn additional_event_data(&self) -> Option<&str> {
        self.additional_event_data.as_deref().map(RawValue::get)
    }

    /// Whether the call changes nothing: because CloudTrail says so, or by its name, as EventBridge knows it.
    #[must_use]
    pub fn is_read(&self) -> bool {
        self.read_only == Some(true) || reads(&self.event_name)
    }

    /// What an AWS service found, as the record of a call that it made of it: the finding is what it was about.
    fn of_finding(service: &str, kind: String, state: FindingState, time: DateTime<Utc>, detail: Box<RawValue>) -> Self {
        let source = format!("{service}.amazonaws.com");
        Self {
            error_code: None,
            event_name: bounded(kind, TEXT_MAX),
            event_source: source.clone(),
            event_time: time,
            source_ip_address: None,
            user_agent: None,
            user_identity: UserIdentity { kind: Some("AWSService".to_owned()), invoked_by: Some(source), ..UserIdentity::default() },
            read_only: None,
            additional_event_data: None,
            aws_region: None,
            event_id: None,
            recipient_account_id: None,
            request_parameters: Some(detail),
            response_elements: None,
            finding: Some(state),
        }
    }

    /// Whether it is what an AWS service found, and not a call: what stands in a call's parameters is the caller's own writing.
    #[must_use]
    pub const fn is_finding(&self) -> bool {
        self.finding.is_some()
    }

    /// Whether the finding still stands; a call always does.
    #[must_use]
    pub fn finding_state(&self) -> FindingState {
        self.finding.unwrap_or_default()
    }
}

impl Event {
    /// Reads the envelope in which EventBridge delivers a CloudTrail record, or what an AWS service found.
    ///
    /// # Errors
    ///
    /// If the payload is no such envelope, if envelope and record contradict each other, or if the envelope's source is not
    /// AWS's own.
    pub fn from_event_bridge(json: &str) -> Result<Self, RecordError> {
        let envelope: EventBridgeEvent<Box<RawValue>> = serde_json::from_str(json).map_err(RecordError::Envelope)?;
        if let Some(service) = FINDERS.into_iter().find(|service| envelope.source.strip_prefix("aws.") == Some(service))
            && !envelope.detail_type.ends_with(VIA_CLOUDTRAIL)
        {
            return Self::of_finding(service, envelope);
        }
        let record = parse_record(envelope.detail.get())?;
        let service = record.event_source.split('.').next().unwrap_or_default();
        if envelope.source.strip_prefix("aws.") != Some(service) {
            return Err(RecordError::Foreign(format!(
                "its source is {}, its record is of {}",
                quoted(&envelope.source),
                quoted(&record.event_source)
            )));
        }
        if !envelope.detail_type.ends_with(VIA_CLOUDTRAIL) {
            return Err(RecordError::Foreign(format!("its detail-type is {}", quoted(&envelope.detail_type))));
        }
        if let (Some(envelope), Some(recipient)) = (&envelope.account, &record.recipient_account_id)
            && envelope != recipient
        {
            return Err(RecordError::Contradiction(format!(
                "its account is {}, its record's recipientAccountId is {}",
                quoted(envelope),
                quoted(recipient)
            )));
        }
        Self::new(record, envelope.id, envelope.account, envelope.region)
    }

    /// What a service found: its type is the name, and its own id, if it has one, stays the same over redeliveries and updates.
    fn of_finding(service: &str, envelope: EventBridgeEvent<Box<RawValue>>) -> Result<Self, RecordError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Found {
            #[serde(alias = "Id")]
            id: Option<String>,
            #[serde(alias = "Type", alias = "eventTypeCode")]
            r#type: Option<String>,
            #[serde(alias = "AccountId", alias = "affectedAccount")]
            account_id: Option<String>,
        }

        let found: Found = serde_json::from_str(envelope.detail.get()).map_err(RecordError::Record)?;
        let state = serde_json::from_str(envelope.detail.get()).map(|standing: Standing| standing.state()).map_err(RecordError::Record)?;
        let time = envelope.time.ok_or_else(|| RecordError::Contradiction("the envelope has no time".to_owned()))?;
        if let (Some(envelope), Some(found)) = (&envelope.account, &found.account_id)
            && envelope != found
        {
            return Err(RecordError::Foreign(format!("its account is {}, its finding is about {}", quoted(envelope), quoted(found))));
        }
        let record = Record::of_finding(service, found.r#type.unwrap_or(envelope.detail_type), state, time, envelope.detail);
        Self::new(record, found.id.or(envelope.id), envelope.account, envelope.region)
    }

    /// Reads either an EventBridge envelope or a bare CloudTrail record, as a log file holds it.
    ///
    /// # Errors
    ///
    /// As [`Self::from_event_bridge`]; a bare record that names no account or region is refused too.
    pub fn from_envelope_or_record(json: &str) -> Result<Self, RecordError> {
        #[derive(Deserialize)]
        struct Peek {
            #[serde(rename = "eventName")]
            event_name: Option<de::IgnoredAny>,
        }

        // As CloudTrail writes it.
        if plain(json.as_bytes()).is_some()
            && let Ok(record) = parse_record(json)
        {
            return Self::of_record(record);
        }
        let peek: Peek = serde_json::from_str(json).map_err(RecordError::Envelope)?;
        if peek.event_name.is_none() {
            return Self::from_event_bridge(json);
        }
        Self::of_record(parse_record(json)?)
    }

    fn of_record(record: Record) -> Result<Self, RecordError> {
        let account = record.user_identity.account_id.clone();
        Self::new(record, None, account, None)
    }

    fn new(mut record: Record, id: Option<String>, account: Option<String>, region: Option<String>) -> Result<Self, RecordError> {
        let account = AccountId::new(&record.recipient_account_id.take().or(account).unwrap_or_default())?;
        let region = record
            .aws_region
            .take()
            .or(region)
            .filter(|region| !region.is_empty() && region.len() <= 32 && region.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'))
            .ok_or_else(|| RecordError::Contradiction("neither envelope nor record name a region".to_owned()))?;
        let event = Self { account, id: record.event_id.take().or(id).map(|id| bounded(id, TEXT_MAX)), region, record };
        event.check_partition()?;
        Ok(event)
    }

    /// The partition of the region in which the call was recorded: `aws`, `aws-cn`, `aws-us-gov`, …
    #[must_use]
    pub fn partition(&self) -> &'static str {
        partition_of(&self.region)
    }

    fn check_partition(&self) -> Result<(), RecordError> {
        let caller = self.record.user_identity.arn.as_deref().and_then(|arn| arn.split(':').nth(1));
        match caller {
            Some(caller) if caller != self.partition() => Err(RecordError::Contradiction(format!(
                "its region {} is in partition {}, its caller in {}",
                shown(&self.region),
                self.partition(),
                quoted(caller)
            ))),
            _ => Ok(()),
        }
    }
}

/// Whether a call changes nothing, by its name, as `EventBridge` knows it.
#[must_use]
pub fn reads(name: &str) -> bool {
    ["Describe", "Get", "List"].iter().any(|verb| name.starts_with(verb))
}

/// What follows the name of the caller's member, if a JSON text begins the way CloudTrail's own records do: with the version, then the caller. Nothing that
/// wraps a record begins so.
#[must_use]
pub fn plain(json: &[u8]) -> Option<&[u8]> {
    let behind = json.strip_prefix(b"{\"eventVersion\":\"")?;
    let version = behind.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
    behind.get(version..)?.strip_prefix(b"\",\"userIdentity\":")
}

fn parse_record(json: &str) -> Result<Record, RecordError> {
    serde_json::from_str(json).map_err(RecordError::Record)
}

fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.map(|text| bounded(text, TEXT_MAX)))
}

fn boolean<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    /// A boolean, or its text, or null.
    struct Written;

    impl Visitor<'_> for Written {
        type Value = Option<bool>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("true or false")
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
            Ok(Some(value))
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
            let is = |word| text.eq_ignore_ascii_case(word);
            match (is("true"), is("false")) {
                (false, false) => Err(E::invalid_value(de::Unexpected::Str(&shown(text)), &self)),
                (value, _) => Ok(Some(value)),
            }
        }
    }

    deserializer.deserialize_any(Written)
}

#[cfg(test)]
mod tests;
