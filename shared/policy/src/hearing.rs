//! A change before the rulebook: from an event to its case, with a pause in which facts can be read.
//!
//! A function reads them from IAM in that pause; the command line, which touches nothing, says that it cannot.

use chrono::{DateTime, Utc};
use thiserror::Error;

use crate::action::Action;
use crate::actor::{Actor, ActorError, ActorKind};
use crate::break_glass;
use crate::case::{Case, Opening};
use crate::change::{Change, ChangeError, Claim, Found, Missing};
use crate::facts::{Facts, Needs};
use crate::guardrail::{Decision, DecisionError, Mode, Question, Rulebook};
use crate::record::Event;
use crate::target::IdentityKind;

/// Why an event cannot be judged.
#[derive(Debug, Error)]
pub enum HearingError {
    /// Its actor is impossible.
    #[error(transparent)]
    Actor(#[from] ActorError),
    /// Its change is impossible, or not this account's.
    #[error(transparent)]
    Change(#[from] ChangeError),
    /// The rulebook gave no answer.
    #[error(transparent)]
    Decision(#[from] DecisionError),
}

/// Everything about an event that is the same for each of its changes.
#[derive(Clone, Copy)]
pub struct Circumstances<'a> {
    rulebook: &'a Rulebook,
    event: &'a Event,
    action: &'static Action,
    actor: &'a Actor,
    break_glass: bool,
}

impl<'a> Circumstances<'a> {
    /// `break_glass` are the ARNs of the principals that may lift a quarantine.
    #[must_use]
    pub fn of(rulebook: &'a Rulebook, event: &'a Event, action: &'static Action, actor: &'a Actor, break_glass: &[String]) -> Self {
        let kind = match actor.kind {
            ActorKind::User => Some(IdentityKind::User),
            ActorKind::Role => Some(IdentityKind::Role),
            ActorKind::Root | ActorKind::Service | ActorKind::Principal => None,
        };
        let listed = kind.is_some_and(|kind| break_glass::includes(break_glass, &actor.account, kind, &actor.name));
        Self { rulebook, event, action, actor, break_glass: listed }
    }

    const fn question<'q>(&self, change: &'q Change, facts: &'q Facts) -> Question<'q>
    where
        'a: 'q,
    {
        let Self { event, action, actor, break_glass, .. } = *self;
        Question { event, actor, action, change, facts, break_glass }
    }

    /// Whether the rulebook would let this change stand, made by the same actor at the same time: a remedy that has to choose asks this about
    /// each candidate.
    ///
    /// # Errors
    ///
    /// If the rulebook gave no answer.
    pub fn would_pass(&self, change: &Change, facts: &Facts, now: DateTime<Utc>) -> Result<bool, DecisionError> {
        let needs = self.rulebook.needs(&self.question(change, &Facts::none()))?;
        let decision = self.rulebook.decide(&self.question(change, facts), needs, now)?;
        Ok(matches!(decision, Decision::Allowed | Decision::Exempt { .. }))
    }
}

/// A change that is being judged.
pub struct Hearing<'a> {
    circumstances: Circumstances<'a>,
    /// The change, or why the event does not say it.
    claim: Claim,
    /// Distinguishes this change from others of the same event.
    part: Option<String>,
}

impl<'a> Hearing<'a> {
    /// Opens the hearing of each change that an event is about; none if no guardrail could concern such an action.
    ///
    /// # Errors
    ///
    /// If the record is not one that AWS can have written, or is about something that the account does not own.
    pub fn open(circumstances: Circumstances<'a>) -> Result<Vec<Self>, HearingError> {
        let Circumstances { rulebook, event, action, actor, .. } = circumstances;
        if !rulebook.concerns(action) {
            return Ok(Vec::new());
        }
        let hearing = |claim: Claim| Self { part: event.record.is_finding().then(|| part(&claim)), circumstances, claim };
        Ok(action.claims(event, actor)?.into_iter().map(hearing).collect())
    }

    /// What the event does not say and IAM has to be asked for; [`Self::completed`] takes the answer.
    #[must_use]
    pub const fn missing(&self) -> Option<&Missing> {
        match &self.claim {
            Claim::Missing(missing) => Some(missing),
            Claim::Change(_) | Claim::Unknown(_) => None,
        }
    }

    /// The hearing with IAM's answer, or with the reason why there is none.
    #[must_use]
    pub fn completed(self, answer: Result<Found, String>) -> Self {
        let claim = match (self.claim, answer) {
            (Claim::Missing(missing), Ok(found)) => {
                let reason = missing.reason();
                missing.completed(found).map_or(Claim::Unknown(reason), Claim::Change)
            }
            (Claim::Missing(_), Err(reason)) => Claim::Unknown(reason),
            (claim, _) => claim,
        };
        Self { claim, ..self }
    }

    /// The change and the facts that have to be read before [`Self::decide`]; `None` if the event does not say what changed.
    ///
    /// # Errors
    ///
    /// If the rulebook gave no answer.
    pub fn needs(&self) -> Result<Option<(&Change, Needs)>, HearingError> {
        let Claim::Change(change) = &self.claim else {
            return Ok(None);
        };
        let needs = self.circumstances.rulebook.needs(&self.circumstances.question(change, &Facts::none()))?;
        Ok(Some((change, needs)))
    }

    /// The case; `None` if there is none to make. `facts` are those that [`Self::needs`] named, or why they cannot be had.
    ///
    /// # Errors
    ///
    /// If the rulebook gave no answer.
    pub fn decide(self, needs: Needs, facts: Result<&Facts, &str>, mode: Mode, now: DateTime<Utc>) -> Result<Option<Case>, HearingError> {
        let Self { circumstances, claim, part } = self;
        let Circumstances { rulebook, event, action, actor, .. } = circumstances;
        let unknown = |reason: String| rulebook.undecidable(action, reason);
        let (decision, change) = match (claim, facts) {
            (Claim::Change(change), Ok(facts)) => {
                let decision = rulebook.decide(&circumstances.question(&change, facts), needs, now)?;
                (decision, Some(change))
            }
            (Claim::Change(change), Err(reason)) => (unknown(reason.to_owned()), Some(change)),
            (Claim::Missing(missing), _) => (unknown(missing.reason()), None),
            (Claim::Unknown(reason), _) => (unknown(reason), None),
        };
        let judge = rulebook.judge();
        let reports = judge.reports(action);
        let opening = Opening { event, part: part.as_deref(), actor: actor.clone(), change, decision, judge, reports };
        Ok(Case::open(opening, mode, now))
    }
}

fn part(claim: &Claim) -> String {
    match claim {
        Claim::Change(change) => change.kind().part(),
        Claim::Missing(missing) => missing.part(),
        Claim::Unknown(reason) => reason.clone(),
    }
}
