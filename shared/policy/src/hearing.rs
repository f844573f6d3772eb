//! A change before the rulebook: from an event to its case, with a pause in which facts can be read.
//!
//! A function reads them from IAM in that pause; the command line, which touches nothing, says that it cannot.

use chrono::{DateTime, Utc};
use thiserror::Error;

use crate::actor::{ActorError, ActorKind};
use crate::arn::CredentialId;
use crate::case::Case;
use crate::change::{ChangeError, Claim, Target, TargetKind, claims};
use crate::guardrail::{Decision, DecisionError, Facts, Mode, Needs, Question};
use crate::quarantine::is_listed;
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
    /// The change, or why the event does not tell it.
    claim: Claim,
    /// What tells this change from others of the same event.
    part: Option<String>,
    break_glass: bool,
}

impl<'a> Hearing<'a> {
    /// Opens the hearing of each change that an event tells of; none where no guardrail could concern such an action. `break_glass` are the
    /// ARNs of those who may lift a quarantine.
    ///
    /// # Errors
    ///
    /// Where the record is not one that AWS can have written, or is about what the account does not own.
    pub fn open(rulebook: &'a Rulebook, event: &'a Event, action: Action, break_glass: &[String]) -> Result<Vec<Self>, HearingError> {
        if !rulebook.concerns(action) {
            return Ok(Vec::new());
        }
        let actor = Actor::of(event)?;
        let listed = may_lift(&actor, break_glass);
        let hearing = |claim: Claim| Self {
            part: event.record.is_finding().then(|| part(&claim)),
            rulebook,
            event,
            action,
            actor: actor.clone(),
            claim,
            break_glass: listed,
        };
        Ok(claims(action, event, &actor)?.into_iter().map(hearing).collect())
    }

    /// The key of which it is not told whose it is: IAM has to be asked, and [`Self::owned_by`] told.
    #[must_use]
    pub const fn unowned(&self) -> Option<&CredentialId> {
        match &self.claim {
            Claim::Unowned { id, .. } => Some(id),
            Claim::Change(_) | Claim::Unknown(_) => None,
        }
    }

    /// Says whose the key is, or why that cannot be told.
    #[must_use]
    pub fn owned_by(self, owner: Result<Target, String>) -> Self {
        Self { claim: self.claim.owned_by(owner), ..self }
    }

    /// What has to be known of which change before [`Self::decide`].
    ///
    /// # Errors
    ///
    /// Where the rulebook gave no answer.
    pub fn needs(&self) -> Result<Option<(&Change, Needs)>, HearingError> {
        let Claim::Change(change) = &self.claim else {
            return Ok(None);
        };
        let Self { rulebook, event, action, actor, break_glass, .. } = self;
        let facts = Facts::default();
        let question = Question { event, actor, action: *action, change, facts: &facts, break_glass: *break_glass };
        let needs = rulebook.needs(&question)?;
        Ok((!needs.is_empty()).then_some((change, needs)))
    }

    /// The case; `None` where no guardrail is broken. `facts` are those that were needed, or why they cannot be had.
    ///
    /// # Errors
    ///
    /// Where the rulebook gave no answer.
    pub fn decide(self, facts: Result<&Facts, &str>, mode: Mode, now: DateTime<Utc>) -> Result<Option<Case>, HearingError> {
        let Self { rulebook, event, action, actor, claim, part, break_glass } = self;
        let (decision, change) = match (claim, facts) {
            (Claim::Change(change), Ok(facts)) => {
                let question = Question { event, actor: &actor, action, change: &change, facts, break_glass };
                (rulebook.decide(&question, now)?, Some(change))
            }
            (Claim::Change(change), Err(reason)) => (rulebook.undecidable(action, reason.to_owned()), Some(change)),
            (Claim::Unowned { id, .. }, _) => {
                (rulebook.undecidable(action, format!("only the live account tells whose key {id} is")), None)
            }
            (Claim::Unknown(reason), _) => (rulebook.undecidable(action, reason), None),
        };
        if decision == Decision::Allowed {
            return Ok(None);
        }
        Ok(Case::open(event, part.as_deref(), actor, change, decision, mode, now))
    }
}

/// What a finding's change is told apart by: whose credential, and which.
fn part(claim: &Claim) -> String {
    match claim {
        Claim::Change(Change::CredentialExposed { target, credential, session, .. }) => {
            let credential = credential.as_ref().map(|credential| credential.id.as_str());
            let session = session.as_ref().and_then(|session| session.name.as_ref()).map(crate::arn::IamName::as_str);
            // A key is the same whether or not its owner was told.
            credential.map_or_else(|| format!("{target} {}", session.unwrap_or_default()), str::to_owned)
        }
        Claim::Change(change) => change.target().to_string(),
        Claim::Unowned { id, .. } => id.to_string(),
        Claim::Unknown(reason) => reason.clone(),
    }
}

/// Whether an actor is among those who may lift a quarantine.
fn may_lift(actor: &Actor, break_glass: &[String]) -> bool {
    let kind = match actor.kind {
        ActorKind::User => TargetKind::User,
        ActorKind::Role => TargetKind::Role,
        ActorKind::Root | ActorKind::Service | ActorKind::Principal => return false,
    };
    is_listed(break_glass, &actor.account, kind, &actor.name)
}
