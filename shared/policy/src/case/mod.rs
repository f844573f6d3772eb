//! The durable record of one decision and what came of it: what a function returns, what subscribers receive, what an undo starts from.

mod call;
mod contested;
mod held;
mod outcome;
mod repeated;
mod report;
mod story;

use std::fmt;

use chrono::{DateTime, SubsecRound as _, Utc};
use serde::{Deserialize, Serialize};

pub use call::{Call, Receipt};
pub use contested::Contested;
pub use held::Held;
pub use outcome::{Outcome, RemedyOutcome};
pub use repeated::Repeated;
pub use report::CredentialReport;
pub use story::Story;

use crate::actor::Actor;
use crate::arn::AccountId;
use crate::change::Change;
use crate::guardrail::{Decision, Guardrail, Judge, Mode};
use crate::record::{Event, FindingState};
use crate::remedy::Remedy;
use crate::severity::Severity;

/// The version of this document's form. A member may be added without a new version; none changes its meaning.
pub const VERSION: u32 = 1;

/// One decision on one change, with what came of it.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Case {
    /// [`VERSION`].
    pub version: u32,
    /// The same for the same change and function, however often the record is delivered.
    pub id: String,
    /// When the decision was made.
    pub time: DateTime<Utc>,
    /// From the change to the decision, in milliseconds.
    pub latency_ms: i64,
    /// The account in which the change was made.
    pub account: AccountId,
    /// The alias of that account, if it has one and the function knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_alias: Option<String>,
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
    /// [`Actor::correlation`]: cases that have it in common are one story.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation: Option<String>,
    /// What changed; absent if the record does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<Change>,
    /// The rulebook's decision on it.
    pub decision: Decision,
    /// The remedy that this case is about; absent if no guardrail asks for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<Remedy>,
    /// The other remedies that the guardrails of this case ask for. The functions that own them make cases of their own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub siblings: Vec<Remedy>,
    /// What came of it all: the one word that subscribers filter by.
    pub outcome: Outcome,
    /// What came of each remedy.
    pub outcomes: Vec<RemedyOutcome>,
    /// Which of this actor's changes it is, if there were others just before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub story: Option<Story>,
    /// How often the same change was taken back before, if it was often.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contested: Option<Contested>,
    /// How many like it were only counted before it, if any were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeated: Option<Repeated>,
    /// Why the remedy waits, or has waited, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<Held>,
    /// Why a person has stopped what would have taken this back, if somebody has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<String>,
    /// Why the ledger does not hold this case, if it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unrecorded: Option<String>,
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
    /// Why AWS refused it, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
    /// Of a finding, whether it still stands.
    #[serde(default, skip_serializing_if = "FindingState::is_open")]
    pub state: FindingState,
}

/// What has to be done about a case.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Next {
    /// Nothing: the case is closed.
    Nothing,
    /// The remedy is to be looked at, without changing anything.
    Look,
    /// The remedy is to be applied.
    Act,
}

/// The case as JSON, on one line.
impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Straight to text: a `serde_json::Value` in between would be built only to be taken apart again.
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

/// What a case is opened from.
pub struct Opening<'a> {
    /// The event.
    pub event: &'a Event,
    /// Whether the finding still stands.
    pub state: FindingState,
    /// Distinguishes the changes of one event.
    pub part: &'a str,
    /// Who made the change.
    pub actor: Actor,
    /// What changed, if it is known.
    pub change: Option<Change>,
    /// The rulebook's decision.
    pub decision: Decision,
    /// Who judged.
    pub judge: Judge,
    /// Whether the judge makes the case if there is no remedy to make one.
    pub reports: bool,
}

impl Case {
    /// Opens the case of a decision. `None` if there is none to make: no guardrail is broken, or the case is another function's.
    ///
    /// A function makes a case for its own remedy. The function that reports the action also makes one if no remedy is to be applied: for a
    /// notice, an exemption, a call that AWS refused, an unknown change.
    #[must_use]
    pub fn open(opening: Opening<'_>, mode: Mode, now: DateTime<Utc>) -> Option<Self> {
        let Opening { event, state, part, actor, change, decision, judge, reports } = opening;
        decision.lead()?;
        let remedy = judge.remedy_of(decision.guardrails());
        let is_forbidden = matches!(decision, Decision::Forbidden { .. }) && event.record.error_code.is_none();
        let wants_notice_only = decision.guardrails().iter().any(|guardrail| guardrail.remedies.is_empty());
        // Somebody has to be notified of what could not be decided, even if another function takes the change back.
        let reports_anyway = wants_notice_only || decision.undecided().is_some();
        let makes = if is_forbidden { remedy.is_some() || (reports && reports_anyway) } else { reports };
        if !makes {
            return None;
        }
        let id = id(event, state, part, judge, reports);
        // Nobody applies a remedy to a change that is exempt, refused or unknown.
        let asked = if is_forbidden { decision.guardrails() } else { &[] };
        let mut siblings: Vec<Remedy> = asked.iter().flat_map(|guardrail| guardrail.remedies.iter().copied()).collect();
        siblings.sort_unstable();
        siblings.dedup();
        siblings.retain(|sibling| Some(*sibling) != remedy);
        let record = &event.record;
        Some(Self {
            version: VERSION,
            id,
            time: now.trunc_subsecs(3),
            latency_ms: (now - record.event_time).num_milliseconds(),
            account: event.account.clone(),
            account_alias: None,
            region: event.region.clone(),
            partition: event.partition().to_owned(),
            mode,
            record: RecordReference {
                event_id: event.id.clone(),
                event_name: record.event_name.clone(),
                event_time: record.event_time,
                error_code: record.error_code.clone(),
                state,
            },
            correlation: actor.correlation(),
            actor,
            change,
            decision,
            remedy,
            siblings,
            outcome: Outcome::Observed,
            outcomes: Vec::new(),
            story: None,
            contested: None,
            repeated: None,
            held: None,
            stopped: None,
            unrecorded: None,
        })
    }

    /// How urgent it is: as grave as the guardrail that leads says, or one that may be broken as well, and critical if a remedy was refused to spare
    /// somebody who could give access back, if the change is made again and again, or if the remedy is held.
    #[must_use]
    pub fn severity(&self) -> Option<Severity> {
        if self.contested.is_some() || self.outcome == Outcome::Held || self.outcomes.iter().any(|outcome| outcome.spared) {
            return Some(Severity::Critical);
        }
        let undecided = self.decision.undecided().into_iter().flat_map(|undecided| &undecided.guardrails);
        let guardrails = self.decision.lead().into_iter().chain(undecided);
        guardrails.map(|guardrail| guardrail.severity).max()
    }

    /// The remedy that the case is about. Cases of earlier versions name it in their outcomes only.
    #[must_use]
    pub fn remedy(&self) -> Option<Remedy> {
        self.remedy.or_else(|| self.outcomes.first().map(|outcome| outcome.remedy))
    }

    /// Whether a broken guardrail that is enforced asks for the case's remedy.
    #[must_use]
    pub fn asks_to_enforce(&self) -> bool {
        let asks = |remedies: &[Remedy]| self.remedy().is_some_and(|remedy| remedies.contains(&remedy));
        self.decision.guardrails().iter().any(|guardrail| guardrail.mode == Mode::Enforce && asks(&guardrail.remedies))
    }

    /// The guardrails whose limits decide whether the remedy is held: all that enforce it. None if it is never held, because one of them is
    /// critical, or one that may be broken as well.
    #[must_use]
    pub fn limited_by(&self) -> Vec<&str> {
        let enforces = |guardrail: &&Guardrail| {
            guardrail.mode == Mode::Enforce && self.remedy().is_some_and(|remedy| guardrail.remedies.contains(&remedy))
        };
        let perhaps = self.decision.undecided().into_iter().flat_map(|undecided| &undecided.guardrails);
        if self.decision.guardrails().iter().chain(perhaps).filter(enforces).any(|guardrail| guardrail.severity == Severity::Critical) {
            return Vec::new();
        }
        self.decision.guardrails().iter().filter(enforces).map(|guardrail| &*guardrail.id).collect()
    }

    /// Closes the case if nothing is to be tried; otherwise says whether to look or to act.
    pub fn settle(&mut self) -> Next {
        let could_act = |guardrail: &Guardrail| guardrail.mode == Mode::Enforce && !guardrail.remedies.is_empty();
        let may_need_more = self.decision.undecided().is_some_and(|undecided| undecided.guardrails.iter().any(could_act));
        let unknown = "Rescind cannot decide whether this is forbidden, and does not guess: a person has to look";
        match (&self.decision, &self.change) {
            (Decision::Exempt { .. }, _) => self.close(Outcome::Exempt, None),
            _ if self.record.error_code.is_some() => self.close(Outcome::Attempted, None),
            _ if !self.record.state.is_open() => self.close(Outcome::Observed, None),
            (Decision::Unknown { .. }, _) | (_, None) => self.close(Outcome::Unremediable, Some(unknown)),
            _ if may_need_more && !self.asks_to_enforce() => self.close(Outcome::Unremediable, Some(unknown)),
            _ if self.remedy.is_none() => self.close(Outcome::Observed, None),
            _ if self.mode == Mode::Enforce && self.asks_to_enforce() => return Next::Act,
            _ => return Next::Look,
        }
        Next::Nothing
    }

    /// Why a case is only observed.
    #[must_use]
    pub fn why_observed(&self) -> &'static str {
        if self.stopped.is_some() {
            "somebody has stopped this: after `rescind resume`, Rescind would act"
        } else if self.asks_to_enforce() {
            "this stack only observes: with its parameter Mode set to enforce, Rescind would act"
        } else {
            "this guardrail only observes: without its @mode, Rescind would act"
        }
    }

    /// The same outcome for the case's remedy, without a call.
    pub fn close(&mut self, outcome: Outcome, detail: Option<&str>) {
        self.outcome = outcome;
        self.outcomes =
            self.remedy.map(|remedy| RemedyOutcome::without_call(remedy, outcome, detail.map(str::to_owned))).into_iter().collect();
    }

    /// Lets guardrails that a person has stopped observe, each with the reason.
    #[must_use]
    pub fn with_stopped(mut self, guardrails: &[(String, String)]) -> Self {
        let reason = |id: &str| guardrails.iter().find(|(stopped, _)| stopped == id).map(|(_, reason)| reason.clone());
        for guardrail in self.decision.guardrails_mut() {
            if let Some(reason) = reason(&guardrail.id) {
                guardrail.mode = Mode::Observe;
                self.stopped = Some(reason);
            }
        }
        self
    }

    /// What came of this case while it was not yet known what else it breaks.
    pub fn came_of(&mut self, earlier: Self) {
        self.remedy = earlier.remedy;
        self.outcome = earlier.outcome;
        self.outcomes = earlier.outcomes;
    }

    /// What came of a remedy that was tried.
    pub fn close_with(&mut self, outcome: RemedyOutcome) {
        self.outcome = outcome.outcome;
        self.outcomes.push(outcome);
    }
}

/// `rsc-` and 16 hexadecimal digits, from what identifies the record, the part of the event and the function. It is known before anything is
/// decided. A finding that no longer stands makes another case than it made before.
pub(crate) fn id(event: &Event, state: FindingState, part: &str, judge: Judge, reports: bool) -> String {
    let record = &event.record;
    // A finding is sent again whenever it is updated, each time with a time of its own.
    let time = if record.is_finding() { String::new() } else { record.event_time.to_rfc3339() };
    // Of the functions that judge a change, the one that reports it has the plain id.
    let function = match judge {
        Judge::Function { name, .. } if !reports => name,
        _ => "",
    };
    let parts = [event.id.as_deref().unwrap_or_default(), event.account.as_str(), &time, &record.event_name, part, function];
    let state = (!state.is_open()).then(|| state.name());
    hashed(&parts.into_iter().chain(state).collect::<Vec<_>>())
}

/// `rsc-` and 16 hexadecimal digits.
#[must_use]
pub fn hashed(parts: &[&str]) -> String {
    crate::id::hashed("rsc-", parts)
}
