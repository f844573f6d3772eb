//! A case's page: how far its remedy has come, as the ledger holds it.

use chrono::{DateTime, Utc};
use policy::Case;
use policy::arn::PolicyArn;
use policy::case::{Call, Held, Story};
use policy::containment::Containment;
use policy::target::Identity;

use super::contained::Contained;
use super::{Again, Body, Brake, Key, Ledger, Like, Stored, Telling, Written, is_out_of_reach};
use crate::error::{AwsCall, Failure};

/// A case's page in the ledger, while its remedy is applied.
pub struct Page<'a> {
    ledger: &'a Ledger,
    key: Key,
    invocation: &'a str,
    body: Body,
    /// Steps that an earlier try had stored.
    earlier: Vec<Written>,
    /// Who is contained by the next step, and by what.
    contains: Option<(Identity, Containment)>,
    state: State,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum State {
    /// Nothing is stored yet.
    New,
    /// An earlier invocation has begun it.
    Earlier,
    /// This invocation has begun it.
    Begun,
    /// The ledger does not hold it; why.
    Unrecorded(String),
}

impl<'a> Page<'a> {
    /// The page of a case that is to be acted on.
    pub fn of(ledger: &'a Ledger, key: Key, invocation: &'a str, case: Case, unknown: Option<String>) -> Self {
        let state = unknown.map_or(State::New, State::Unrecorded);
        Self { ledger, key, invocation, body: Body { case, steps: Vec::new() }, earlier: Vec::new(), contains: None, state }
    }

    /// The page of a case that an earlier try began.
    pub fn again(ledger: &'a Ledger, key: Key, invocation: &'a str, body: Body) -> Self {
        let earlier = body.steps.clone();
        Self { ledger, key, invocation, body, earlier, contains: None, state: State::Earlier }
    }

    /// How an earlier try at the same event would have this step undone, if it got so far.
    pub fn earlier(&self, call: &Call) -> Option<&Written> {
        self.earlier.iter().find(|written| written.call == *call)
    }

    /// The steps that an earlier try at the same event had stored, each with its undo.
    pub fn begun(&self) -> impl Iterator<Item = (&Call, Option<&Call>)> {
        self.earlier.iter().map(|written| (&written.call, written.undo.as_ref()))
    }

    /// Why the remedy waits, if it does: its guardrails had too many. One that was begun never waits, nor does any while the ledger is out of reach.
    ///
    /// # Errors
    ///
    /// If the ledger answers, and not now.
    pub async fn brake(&self, case: &Case, brake: &Brake<'_>) -> Result<Option<Held>, AwsCall> {
        match self.state {
            State::New => self.ledger.brake(&self.key, case, brake, Utc::now()).await,
            State::Earlier | State::Begun | State::Unrecorded(_) => Ok(None),
        }
    }

    /// Whether a case that waits is the one of its guardrail's hour that is reported.
    pub async fn announces(&self, held: &Held) -> bool {
        self.ledger.announces(&self.key, held).await
    }

    /// Stores a step that is about to be made. If the ledger is out of reach, the remedy goes on without it, but for a step that would destroy the
    /// only copy of what its undo needs.
    ///
    /// # Errors
    ///
    /// If the ledger answers, and not now; if another invocation is at the same event; or if an only copy would be lost.
    pub async fn before(&mut self, call: &Call, undo: Option<&Call>, only_copy: bool) -> Result<(), AwsCall> {
        let now = Utc::now();
        let written = Written { call: call.clone(), undo: undo.cloned() };
        let answered = match &self.state {
            State::Unrecorded(_) => Ok(Stored::Here),
            State::Earlier => {
                let taken = self.ledger.take_over(&self.key, self.invocation, now).await;
                if taken.is_ok() {
                    self.state = State::Begun;
                }
                match taken {
                    Ok(()) if self.body.steps.contains(&written) || self.earlier(call).is_some() => Ok(Stored::Here),
                    Ok(()) => self.add(written, now).await,
                    Err(call) if call.failure == Failure::Conflict => Ok(Stored::Elsewhere),
                    Err(call) => Err(call),
                }
            }
            State::Begun if self.earlier(call).is_some() => Ok(Stored::Here),
            State::New | State::Begun => self.add(written, now).await,
        };
        match answered {
            Ok(Stored::Here) => {}
            Ok(Stored::Elsewhere) => {
                let message = "another invocation is at this event".to_owned();
                return Err(AwsCall { call: format!("storing case {}", self.key.case), failure: Failure::Unsettled, message });
            }
            Err(call) if is_out_of_reach(&call) => self.state = State::Unrecorded(call.to_string()),
            Err(call) => return Err(call),
        }
        match &self.state {
            State::Unrecorded(why) if only_copy => {
                let message = format!("the ledger does not hold what it would delete, and nothing else would: {why}");
                Err(AwsCall { call: call.command(), failure: Failure::Unreachable, message })
            }
            _ => self.note_containment(now).await,
        }
    }

    /// Says who is contained by the next step, and by what, so that the guard of quarantines knows it. It is noted before the step's call.
    pub fn contains(&mut self, identity: Identity, containment: Containment) {
        self.contains = Some((identity, containment));
    }

    async fn note_containment(&mut self, now: DateTime<Utc>) -> Result<(), AwsCall> {
        let Some((identity, containment)) = self.contains.take() else {
            return Ok(());
        };
        self.note(&identity, &containment, now).await
    }

    /// Notes that somebody is contained so already.
    ///
    /// # Errors
    ///
    /// If the ledger answers, and not now.
    pub async fn is_contained(&self, identity: &Identity, containment: &Containment) -> Result<(), AwsCall> {
        self.note(identity, containment, Utc::now()).await
    }

    async fn note(&self, identity: &Identity, containment: &Containment, now: DateTime<Utc>) -> Result<(), AwsCall> {
        match self.ledger.contain(&self.key, identity, containment, now).await {
            Err(call) if is_out_of_reach(&call) => {
                tracing::error!(case = self.key.case, error = %call, "nobody will put this containment back if somebody lifts it");
                Ok(())
            }
            noted => noted,
        }
    }

    /// Notes that Rescind itself has ended what it contained somebody by.
    ///
    /// # Errors
    ///
    /// If the ledger answers, and not now.
    pub async fn releases(&self, ended: Contained) -> Result<(), AwsCall> {
        match self.ledger.released(self.key.function, &ended, Utc::now()).await {
            Err(call) if is_out_of_reach(&call) => {
                tracing::error!(case = self.key.case, error = %call, "the ledger still holds this containment, which Rescind has ended");
                Ok(())
            }
            noted => noted,
        }
    }

    /// Everybody whom this function has contained.
    ///
    /// # Errors
    ///
    /// If the ledger did not answer.
    pub async fn contained(&self) -> Result<Vec<Contained>, AwsCall> {
        self.ledger.contained(self.key.function, Utc::now()).await
    }

    async fn add(&mut self, step: Written, now: DateTime<Utc>) -> Result<Stored, AwsCall> {
        self.body.steps.push(step);
        let stored = self.ledger.store(&self.key, &self.body, "begun", self.invocation, now).await?;
        if stored == Stored::Here {
            self.state = State::Begun;
        }
        Ok(stored)
    }

    /// Why the ledger does not hold this case, if it does not.
    pub fn unrecorded(&self) -> Option<String> {
        match &self.state {
            State::Unrecorded(why) => Some(why.clone()),
            State::New | State::Earlier | State::Begun => None,
        }
    }

    /// Notes that a version of a policy is the default again. What cannot be noted is assumed the next time.
    pub async fn restored(&self, policy: &PolicyArn, version: &str) {
        if !matches!(self.state, State::Unrecorded(_))
            && let Err(call) = self.ledger.restored(&self.key, policy, version).await
        {
            tracing::warn!(case = self.key.case, error = %call, "default version not noted");
        }
    }

    /// Counts the case if something was taken back in it; `None` if its change is not contested. What cannot be counted is reported like any other.
    pub async fn taken(&self, case: &Case) -> Option<Again> {
        if matches!(self.state, State::Unrecorded(_)) {
            return None;
        }
        let counted = self.ledger.taken(&self.key, case, Utc::now()).await;
        counted.inspect_err(|call| tracing::error!(case = self.key.case, error = %call, "case not counted")).ok()?
    }

    /// Which of its actor's changes the case is about; `None` if it is the first, or the ledger does not answer: the notice goes out all the same.
    pub async fn story(&self, case: &Case) -> Option<Story> {
        if matches!(self.state, State::Unrecorded(_)) {
            return None;
        }
        let story = self.ledger.story(&self.key, case).await;
        story.inspect_err(|call| tracing::warn!(case = self.key.case, error = %call, "other changes of this actor not looked up")).ok()?
    }

    /// Whether the case is reported, or only counted because it is like others. In doubt it is reported.
    pub async fn telling(&self, case: &Case, like: &Like) -> Telling {
        if matches!(self.state, State::Unrecorded(_)) {
            return Telling::Due(None);
        }
        let telling = self.ledger.telling(&self.key, case, like, Utc::now()).await;
        let unknown =
            |call: &AwsCall| tracing::error!(case = self.key.case, error = %call, "not known whether it is like others: it is reported");
        telling.inspect_err(unknown).unwrap_or(Telling::Due(None))
    }

    /// Closes the case, and says whether the ledger holds it now. What cannot be stored is only logged: the next delivery of the event, if there is
    /// one, ends it.
    pub async fn close(&mut self, case: &Case) -> bool {
        if matches!(self.state, State::Unrecorded(_)) {
            return false;
        }
        let now = Utc::now();
        if self.state == State::Earlier
            && let Err(call) = self.ledger.take_over(&self.key, self.invocation, now).await
        {
            tracing::error!(case = self.key.case, error = %call, "case not closed");
            return false;
        }
        self.body.case = case.clone();
        match self.ledger.store(&self.key, &self.body, "closed", self.invocation, now).await {
            Ok(Stored::Here) => return true,
            Ok(Stored::Elsewhere) => tracing::warn!(case = self.key.case, "case closed by another invocation"),
            Err(call) => tracing::error!(case = self.key.case, error = %call, "case not closed"),
        }
        false
    }
}
