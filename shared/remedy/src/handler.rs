//! From an event to its cases: record → change → decision → remedy → notice, in this order and no other.

use std::future::Future;

use chrono::{DateTime, Utc};
use policy::actor::ActorKind;
use policy::case::{Outcome, RemedyOutcome};
use policy::change::Remedy;
use policy::guardrail::Facts;
use policy::invocation::Invocation;
use policy::text::quoted;
use policy::{Action, Actor, Case, Change, Event, Hearing, Rulebook};
use serde::Serialize;

use crate::clients::Clients;
use crate::error::{AwsCall, Error, Failure};
use crate::notice::Notice;
use crate::settings::Settings;
use crate::{facts, log, protected};

/// What a function crate adds: the one remedy that it owns, and how that answers a change.
pub trait Function {
    /// The remedy. It decides which actions' events the function judges.
    const REMEDY: Remedy;

    /// Takes a change back, or contains who is behind it: idempotent, and only what still stands.
    ///
    /// # Errors
    ///
    /// Where AWS did not do what was asked, and it is therefore not known whether the change still stands.
    fn take_back(iam: &aws_sdk_iam::Client, case: &Case, change: &Change) -> impl Future<Output = Result<RemedyOutcome, AwsCall>>;
}

/// What a function returns: the cases that an event made.
#[derive(Debug, Serialize)]
pub struct Cases {
    /// None where no guardrail is broken.
    pub cases: Vec<Case>,
}

/// All that a function holds between events.
pub struct Handler {
    pub clients: Clients,
    pub rulebook: Rulebook,
    pub settings: Settings,
}

impl Handler {
    /// Judges one event, or does what another function asks for, and acts on it.
    pub async fn handle<F: Function>(&self, payload: &str, now: DateTime<Utc>) -> Result<Cases, Error> {
        if let Some(invocation) = Invocation::read(payload)? {
            return self.obey::<F>(invocation, now).await;
        }
        let function = F::REMEDY.name();
        let event = Event::from_event_bridge(payload)?;
        log::event_seen(function, &event, now);
        self.check_account(event.account.as_str())?;
        let action = Action::of(&event).filter(|action| action.judged_by() == F::REMEDY);
        let action = action.ok_or_else(|| Error::NotOwned { function, event_name: event.record.event_name.clone() })?;
        if self.is_own_doing(&event)? {
            return Ok(Cases { cases: Vec::new() });
        }
        let hearings = Hearing::open(&self.rulebook, &event, action, &self.settings.break_glass)?;
        let mut results = Results::default();
        for hearing in hearings {
            results.add(self.hear::<F>(&event, hearing, now).await);
        }
        results.into_cases()
    }

    /// Does the remedies that cases of other functions ask this one for, where their seals are right.
    async fn obey<F: Function>(&self, invocation: Invocation, now: DateTime<Utc>) -> Result<Cases, Error> {
        self.check_account(invocation.account.as_str())?;
        let mut results = Results::default();
        for asking in invocation.cases.iter().filter(|case| case.requests.contains(&F::REMEDY)) {
            results.add(self.obey_one::<F>(asking, now).await.map(Some));
        }
        results.into_cases()
    }

    async fn obey_one<F: Function>(&self, asking: &Case, now: DateTime<Utc>) -> Result<Case, Error> {
        self.check_account(asking.account.as_str())?;
        self.clients.seal.check(asking, now).await?;
        let case = asking.asking(F::REMEDY, self.settings.mode, now);
        self.close::<F>(case).await
    }

    fn check_account(&self, seen: &str) -> Result<(), Error> {
        if seen == self.settings.account.as_str() {
            return Ok(());
        }
        Err(Error::Foreign(format!("it is of account {}, this stack judges {}", quoted(seen), self.settings.account)))
    }

    /// Whether it is this stack's own remedy, seen from outside: one of its roles puts a policy of containment on.
    fn is_own_doing(&self, event: &Event) -> Result<bool, Error> {
        if !Action::contains(event) {
            return Ok(false);
        }
        let actor = Actor::of(event).map_err(policy::hearing::HearingError::from)?;
        let ours = actor.kind == ActorKind::Role && actor.account == self.settings.account.as_str();
        Ok(ours && protected::is_own(&self.settings, &actor.name))
    }

    /// One change before the rulebook; `None` where no guardrail is broken.
    async fn hear<F: Function>(&self, event: &Event, hearing: Hearing<'_>, now: DateTime<Utc>) -> Result<Option<Case>, Error> {
        let iam = &self.clients.iam;
        let owner = match hearing.unowned() {
            Some(id) => Some(facts::owner(iam, id).await?),
            None => None,
        };
        let hearing = match owner {
            Some(owner) => hearing.owned_by(owner),
            None => hearing,
        };
        let facts = match hearing.needs()? {
            Some((change, needs)) => facts::read(iam, &self.rulebook, change, needs).await?,
            None => Ok(Facts::default()),
        };
        let Some(case) = hearing.decide(facts.as_ref().map_err(String::as_str), self.settings.mode, now)? else {
            log::allowed(event);
            return Ok(None);
        };
        self.close::<F>(case).await.map(Some)
    }

    /// Brings a case to its outcome, tells people, and asks others for what they own.
    async fn close<F: Function>(&self, mut case: Case) -> Result<Case, Error> {
        let failure = self.act::<F>(&mut case).await?;
        log::case_closed(F::REMEDY.name(), &case);
        let published = Notice::of(&case).publish(&self.clients.sns, &self.settings.topic_arn).await;
        match (failure, published) {
            (None, Ok(())) => {
                if !case.requests.is_empty() {
                    self.clients.seal.put_on(&mut case).await?;
                }
                Ok(case)
            }
            (None, Err(unpublished)) => Err(unpublished),
            (Some(failure), Ok(())) => Err(failure),
            (Some(failure), Err(unpublished)) => {
                // Only one error can be returned: a remedy that failed is the graver news.
                log::failed(&unpublished);
                Err(failure)
            }
        }
    }

    /// Does what this function owns of what is asked for, and asks for the rest. A remedy that AWS refused for good is an outcome too,
    /// `failed`, and is handed back as well: it is told to people at once, and to Lambda. One that may succeed later is an error only,
    /// because Lambda tries it again.
    async fn act<F: Function>(&self, case: &mut Case) -> Result<Option<Error>, Error> {
        let Some(change) = case.settle() else {
            return Ok(None);
        };
        let mut others = case.remedies();
        if let Some(own) = others.iter().position(|remedy| *remedy == F::REMEDY) {
            others.remove(own);
            let without_call = |outcome, detail| RemedyOutcome::without_call(F::REMEDY, outcome, Some(detail));
            if let Some(reason) = protected::reason(&self.clients.iam, &self.settings, F::REMEDY, case, &change).await? {
                case.close_with(without_call(Outcome::Unremediable, reason));
            } else {
                match F::take_back(&self.clients.iam, case, &change).await {
                    Ok(outcome) => case.close_with(outcome),
                    Err(call) if call.failure == Failure::Unmodifiable => {
                        case.close_with(without_call(Outcome::Unremediable, format!("AWS does not allow it: {}", call.message)));
                    }
                    Err(call) if call.failure.is_retryable() => return Err(call.into()),
                    Err(call) => {
                        case.close_with(without_call(Outcome::Failed, call.to_string()));
                        return Ok(Some(call.into()));
                    }
                }
            }
        }
        case.request(others);
        Ok(None)
    }
}

/// What came of the changes of one event: one that failed holds no other up, and fails the event in the end.
#[derive(Default)]
struct Results {
    cases: Vec<Case>,
    failure: Option<Error>,
}

impl Results {
    fn add(&mut self, result: Result<Option<Case>, Error>) {
        match result {
            Ok(case) => self.cases.extend(case),
            Err(error) => match &self.failure {
                // Only one error can be returned.
                Some(_) => log::failed(&error),
                None => self.failure = Some(error),
            },
        }
    }

    fn into_cases(self) -> Result<Cases, Error> {
        match self.failure {
            Some(failure) => Err(failure),
            None => Ok(Cases { cases: self.cases }),
        }
    }
}
