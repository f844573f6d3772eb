//! One change before the rulebook: from an event to its case, with a pause in which facts can be read.
//!
//! A function reads them from IAM in that pause; the command line, which touches nothing, says that it cannot.

use chrono::{DateTime, Utc};
use thiserror::Error;

use crate::actor::ActorError;
use crate::case::Case;
use crate::change::ChangeError;
use crate::guardrail::{Decision, DecisionError, Facts, Mode, Needs, Question};
use crate::{Action, Actor, Change, Event, Rulebook};

/// Why an event cannot be judged.
#[derive(Debug, Error)]
pub enum HearingError {
    /// Its actor cannot be.
    #[error(transparent)]
    Actor(#[from] ActorError),
    /// Its change cannot be, or is not this account's.
    #[error(transparent)]
    Change(#[from] ChangeError),
    /// The rulebook gave no answer.
    #[error(transparent)]
    Decision(#[from] DecisionError),
}

/// A change that is being judged.
pub struct Hearing<'a> {
    rulebook: &'a Rulebook,
    event: &'a Event,
    action: Action,
    actor: Actor,
    /// The change, or why the record does not tell it.
    change: Result<Change, String>,
}

impl<'a> Hearing<'a> {
    /// Opens the hearing of an event; `None` where no guardrail could concern such an action.
    ///
    /// # Errors
    ///
    /// Where the record is not one that AWS can have written, or is about what the account does not own.
    pub fn open(rulebook: &'a Rulebook, event: &'a Event, action: Action) -> Result<Option<Self>, HearingError> {
        if !rulebook.concerns(action) {
            return Ok(None);
        }
        let change = match Change::of(action, event) {
            Ok(change) => Ok(change),
            Err(unknown @ ChangeError::Unknown(..)) => Err(unknown.to_string()),
            Err(error) => return Err(error.into()),
        };
        Ok(Some(Self { rulebook, event, action, actor: Actor::of(event)?, change }))
    }

    /// What has to be known of which change before [`Self::decide`].
    ///
    /// # Errors
    ///
    /// Where the rulebook gave no answer.
    pub fn needs(&self) -> Result<Option<(&Change, Needs)>, HearingError> {
        let Ok(change) = &self.change else {
            return Ok(None);
        };
        let Self { rulebook, event, action, actor, .. } = self;
        let needs = rulebook.needs(&Question { event, actor, action: *action, change, facts: &Facts::default() })?;
        Ok((!needs.is_empty()).then_some((change, needs)))
    }

    /// The case; `None` where no guardrail is broken. `facts` are those that were needed, or why they cannot be had.
    ///
    /// # Errors
    ///
    /// Where the rulebook gave no answer.
    pub fn decide(self, facts: Result<&Facts, &str>, mode: Mode, now: DateTime<Utc>) -> Result<Option<Case>, HearingError> {
        let Self { rulebook, event, action, actor, change } = self;
        let decision = match (&change, facts) {
            (Ok(change), Ok(facts)) => rulebook.decide(&Question { event, actor: &actor, action, change, facts }, now)?,
            (Ok(_), Err(reason)) => rulebook.undecidable(action, reason.to_owned()),
            (Err(reason), _) => rulebook.undecidable(action, reason.clone()),
        };
        if decision == Decision::Allowed {
            return Ok(None);
        }
        Ok(Case::open(event, actor, change.ok(), decision, mode, now))
    }
}
