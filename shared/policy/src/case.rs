//! The durable record of one decision and its outcomes: what a function returns, what subscribers receive, what an undo starts from.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use chrono::{DateTime, SubsecRound as _, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::actor::Actor;
use crate::arn::AccountId;
use crate::change::{Change, Remedy};
use crate::guardrail::{Decision, Mode};
use crate::record::Event;
use crate::text::shell_word;

/// The version of this document's form. A member may be added without a new version; none changes its meaning or goes away.
pub const VERSION: u32 = 1;

/// One decision on one change, with what came of it.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Case {
    /// [`VERSION`].
    pub version: u32,
    /// The same for the same record and leading guardrail, however often it is delivered.
    pub id: String,
    /// When the decision was made.
    pub time: DateTime<Utc>,
    /// From the change to the decision, in milliseconds.
    pub latency_ms: i64,
    /// Where the change was made.
    pub account: AccountId,
    /// The region that recorded it.
    pub region: String,
    /// The partition of that region.
    pub partition: String,
    /// The mode of the whole stack.
    pub mode: Mode,
    /// Which record this is about.
    pub record: RecordReference,
    /// Who made the change.
    pub actor: Actor,
    /// What changed; absent where the record does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<Change>,
    /// What the rulebook says of it.
    pub decision: Decision,
    /// What came of it all: the one word that subscribers filter by.
    pub outcome: Outcome,
    /// What came of each remedy.
    pub outcomes: Vec<RemedyOutcome>,
    /// Remedies that other functions own and are asked for.
    pub requests: Vec<Remedy>,
    /// The case that asked for this one's remedy, where another function's did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_by: Option<AskedBy>,
    /// Proves to the functions that are asked that this case is one of Rescind's own; it is not told to anybody else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seal: Option<String>,
}

/// Which case asked for a remedy of another function, and for which.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct AskedBy {
    /// The id of the case.
    pub case: String,
    /// The remedy.
    pub remedy: Remedy,
    /// When that case was made.
    pub time: DateTime<Utc>,
}

/// The record that a case is about.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordReference {
    /// CloudTrail's `eventID`, or the envelope's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_id: Option<String>,
    /// The API call.
    pub event_name: String,
    /// When it was made.
    pub event_time: DateTime<Utc>,
    /// Why AWS refused it, where it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
}

/// What happened to a remedy.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The change was taken back.
    Applied,
    /// Nothing was left to take back.
    AlreadyClean,
    /// Not enforcing: told what would have been done.
    Observed,
    /// An exemption covers the change.
    Exempt,
    /// Nothing that Rescind may do would take it back: a person has to.
    Unremediable,
    /// AWS did not let the remedy through.
    Failed,
    /// AWS had refused the change itself: there was never anything to take back.
    Attempted,
    /// Another function owns the remedy, and is asked for it.
    Requested,
}

impl Outcome {
    /// As it stands in a case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::AlreadyClean => "already-clean",
            Self::Observed => "observed",
            Self::Exempt => "exempt",
            Self::Unremediable => "unremediable",
            Self::Failed => "failed",
            Self::Attempted => "attempted",
            Self::Requested => "requested",
        }
    }
}

/// What came of one remedy.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct RemedyOutcome {
    /// Which remedy.
    pub remedy: Remedy,
    /// What came of it.
    pub outcome: Outcome,
    /// In words, where the outcome alone does not say enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The calls that changed something.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<Call>,
    /// How to give back what was taken, call by call.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub undo: Vec<Receipt>,
    /// What is known of the credential and of what it could do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<CredentialReport>,
}

impl RemedyOutcome {
    /// An outcome without a call.
    #[must_use]
    pub const fn without_call(remedy: Remedy, outcome: Outcome, detail: Option<String>) -> Self {
        Self { remedy, outcome, detail, calls: Vec::new(), undo: Vec::new(), report: None }
    }

    /// Calls that were made, each with the one that undoes it.
    #[must_use]
    pub fn applied(remedy: Remedy, calls: Vec<Call>, undo: Vec<Call>) -> Self {
        Self { remedy, outcome: Outcome::Applied, detail: None, calls, undo: undo.into_iter().map(Receipt::from).collect(), report: None }
    }

    /// The same with something to say about it.
    #[must_use]
    pub fn saying(self, detail: Option<String>) -> Self {
        Self { detail, ..self }
    }
}

/// What a person wants to know of a quarantined credential before anything else.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct CredentialReport {
    /// What its owner can do for certain: the names of capabilities.
    pub can: Vec<String>,
    /// What its owner may be able to do, besides.
    pub may: Vec<String>,
    /// When it was created.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<DateTime<Utc>>,
    /// When, where and on which service it was last used, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_used: Option<String>,
    /// The other credentials of the same owner, in words.
    pub others: Vec<String>,
    /// What could not be read, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<String>,
}

/// One AWS API call.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Call {
    /// The service as the SDKs and the `aws` command name it.
    pub service: String,
    /// The API call.
    pub operation: String,
    /// Its parameters, all of them text.
    pub parameters: BTreeMap<String, String>,
}

impl Call {
    /// A call to IAM.
    #[must_use]
    pub fn iam(operation: &str, parameters: &[(&str, &str)]) -> Self {
        Self {
            service: "iam".to_owned(),
            operation: operation.to_owned(),
            parameters: parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        }
    }

    /// The same as an `aws` command line: `aws iam attach-user-policy --policy-arn … --user-name …`.
    #[must_use]
    pub fn command(&self) -> String {
        let mut command = format!("aws {} {}", self.service, kebab(&self.operation));
        for (name, value) in &self.parameters {
            // A policy document of Rescind's own has nothing in it that single quotes do not keep, and is read easily so.
            let readable = |c: char| c.is_ascii_alphanumeric() || "{}[]\":,.*+=@_-".contains(c);
            let word = if name == "PolicyDocument" && value.chars().all(readable) { format!("'{value}'") } else { shell_word(value) };
            // Writing to a String does not fail.
            let _ = write!(command, " --{} {word}", kebab(name));
        }
        command
    }
}

/// How to undo an applied remedy: a call, and the same as a command line.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Receipt {
    /// The call.
    #[serde(flatten)]
    pub call: Call,
    /// The call as an `aws` command line.
    pub command: String,
}

impl From<Call> for Receipt {
    fn from(call: Call) -> Self {
        Self { command: call.command(), call }
    }
}

/// The case as JSON, on one line.
impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Straight to text: a `serde_json::Value` in between would be built only to be taken apart again.
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

impl Case {
    /// Opens the case of a decision; [`Self::close`] says what came of it. `None` where no guardrail is broken: there is no case then.
    ///
    /// `part` tells apart the changes of one event.
    #[must_use]
    pub fn open(
        event: &Event,
        part: Option<&str>,
        actor: Actor,
        change: Option<Change>,
        decision: Decision,
        mode: Mode,
        now: DateTime<Utc>,
    ) -> Option<Self> {
        let id = id(event, &decision.lead()?.id, part);
        let record = &event.record;
        Some(Self {
            version: VERSION,
            id,
            time: now.trunc_subsecs(3),
            latency_ms: (now - record.event_time).num_milliseconds(),
            account: event.account.clone(),
            region: event.region.clone(),
            partition: event.partition().to_owned(),
            mode,
            record: RecordReference {
                event_id: event.id.clone(),
                event_name: record.event_name.clone(),
                event_time: record.event_time,
                error_code: record.error_code.clone(),
            },
            actor,
            change,
            decision,
            outcome: Outcome::Observed,
            outcomes: Vec::new(),
            requests: Vec::new(),
            asked_by: None,
            seal: None,
        })
    }

    /// The case of a remedy that this case asks another function for: the same change and decision, with an id of its own.
    #[must_use]
    pub fn asking(&self, remedy: Remedy, mode: Mode, now: DateTime<Utc>) -> Self {
        Self {
            id: hashed(&[&self.id, remedy.name()]),
            time: now.trunc_subsecs(3),
            latency_ms: (now - self.record.event_time).num_milliseconds(),
            mode,
            outcome: Outcome::Observed,
            outcomes: Vec::new(),
            requests: Vec::new(),
            asked_by: Some(AskedBy { case: self.id.clone(), remedy, time: self.time }),
            seal: None,
            ..self.clone()
        }
    }

    /// What a seal is made of: the case without it, as JSON. The same wherever the case is read and written again.
    #[must_use]
    pub fn sealed_text(&self) -> String {
        Self { seal: None, ..self.clone() }.to_string()
    }

    /// The remedies that the broken guardrails ask for: of those that are enforced, or of all in a stack that observes.
    #[must_use]
    pub fn remedies(&self) -> Vec<Remedy> {
        if let Some(asked) = &self.asked_by {
            return vec![asked.remedy];
        }
        let asked = self.decision.guardrails().iter().filter(|guardrail| !self.enforces() || guardrail.mode == Mode::Enforce);
        let mut remedies: Vec<Remedy> = asked.flat_map(|guardrail| guardrail.remedies.iter().copied()).collect();
        remedies.sort_unstable();
        remedies.dedup();
        remedies
    }

    /// Whether the stack and a guardrail that asks for a remedy both say enforce.
    #[must_use]
    pub fn enforces(&self) -> bool {
        self.mode == Mode::Enforce && self.asks_to_enforce()
    }

    /// Whether a guardrail asks for a remedy, and is not one that only observes.
    fn asks_to_enforce(&self) -> bool {
        self.decision.guardrails().iter().any(|guardrail| guardrail.mode == Mode::Enforce && !guardrail.remedies.is_empty())
    }

    /// Closes the case where nothing is to be tried; otherwise gives the change that is to be taken back.
    pub fn settle(&mut self) -> Option<Change> {
        let (outcome, detail) = match (&self.decision, &self.change) {
            (Decision::Exempt { .. }, _) => (Outcome::Exempt, None),
            _ if self.record.error_code.is_some() => (Outcome::Attempted, None),
            (Decision::Unknown { .. }, _) | (_, None) => {
                (Outcome::Unremediable, Some("Rescind cannot tell whether this is forbidden, and does not guess: a person has to look"))
            }
            (Decision::Allowed | Decision::Forbidden { .. }, Some(change)) if self.enforces() => return Some(change.clone()),
            _ if self.asks_to_enforce() => {
                (Outcome::Observed, Some("this stack observes: with its parameter Mode at enforce it would be taken back"))
            }
            _ if self.remedies().is_empty() => (Outcome::Observed, None),
            _ => (Outcome::Observed, Some("this guardrail observes: without its @mode it would be taken back")),
        };
        self.close(outcome, detail);
        None
    }

    /// The same outcome for every remedy that was asked for, without a call.
    pub fn close(&mut self, outcome: Outcome, detail: Option<&str>) {
        self.outcome = outcome;
        let same = |remedy| RemedyOutcome::without_call(remedy, outcome, detail.map(str::to_owned));
        self.outcomes = self.remedies().into_iter().map(same).collect();
    }

    /// What came of a remedy that was tried.
    pub fn close_with(&mut self, outcome: RemedyOutcome) {
        self.outcome = outcome.outcome;
        self.outcomes.push(outcome);
    }

    /// Asks the functions that own these remedies for them. Where there was nothing else to do, that is what came of the case.
    pub fn request(&mut self, remedies: Vec<Remedy>) {
        if self.outcomes.is_empty() && !remedies.is_empty() {
            self.outcome = Outcome::Requested;
        }
        self.outcomes.extend(remedies.iter().map(|remedy| RemedyOutcome::without_call(*remedy, Outcome::Requested, None)));
        self.requests = remedies;
    }
}

/// `rsc-` and 16 hexadecimal digits, from what identifies the record, the guardrail, and the part of the event.
fn id(event: &Event, guardrail: &str, part: Option<&str>) -> String {
    let record = &event.record;
    // A finding is sent again whenever it is updated, each time with a time of its own.
    let time = if record.is_finding() { String::new() } else { record.event_time.to_rfc3339() };
    let parts = [event.id.as_deref().unwrap_or_default(), event.account.as_str(), &time, &record.event_name, guardrail];
    hashed(&parts.into_iter().chain(part).collect::<Vec<_>>())
}

fn hashed(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
        hash.update([0]);
    }
    let digest = hash.finalize();
    digest.iter().take(8).fold(String::from("rsc-"), |mut id, byte| {
        let _ = write!(id, "{byte:02x}");
        id
    })
}

/// `AttachUserPolicy` → `attach-user-policy`, as the `aws` command spells API names.
fn kebab(name: &str) -> String {
    let letters = name.as_bytes();
    let is_lower = |at: Option<usize>| at.and_then(|at| letters.get(at)).is_some_and(u8::is_ascii_lowercase);
    name.chars().enumerate().fold(String::new(), |mut out, (at, c)| {
        // The last capital of an abbreviation begins the next word: `UpdateSSHPublicKey` is `update-ssh-public-key`.
        if c.is_ascii_uppercase() && at > 0 && (is_lower(at.checked_sub(1)) || is_lower(Some(at + 1))) {
            out.push('-');
        }
        out.push(c.to_ascii_lowercase());
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_also_a_command_line_that_a_shell_takes_as_meant() {
        let call = Call::iam("AttachUserPolicy", &[("UserName", "polsen"), ("PolicyArn", "arn:aws:iam::123456789012:policy/$(id)/x")]);
        assert_eq!(
            Receipt::from(call).command,
            r"aws iam attach-user-policy --policy-arn $'arn:aws:iam::123456789012:policy/\x24\x28id\x29/x' --user-name polsen"
        );
    }

    #[test]
    fn names_are_spelt_as_the_aws_command_spells_them() {
        let spelt = ["AttachUserPolicy", "UpdateSSHPublicKey", "SSHPublicKeyId", "ServiceSpecificCredentialId"].map(kebab);
        assert_eq!(spelt, ["attach-user-policy", "update-ssh-public-key", "ssh-public-key-id", "service-specific-credential-id"]);
    }

    #[test]
    fn a_document_is_read_easily_where_quotes_keep_it() {
        let command = |document: &str| Call::iam("PutUserPolicy", &[("PolicyDocument", document)]).command();
        assert_eq!(command(r#"{"Action":"*"}"#), r#"aws iam put-user-policy --policy-document '{"Action":"*"}'"#);
        assert_eq!(command("'; id"), r"aws iam put-user-policy --policy-document $'\x27\x3b\x20id'");
    }
}
