//! From an event to its case: record → change → decision → remedy → notice, in this order and no other.

use std::future::Future;

use chrono::{DateTime, Utc};
use policy::case::{Outcome, RemedyOutcome};
use policy::change::Remedy;
use policy::guardrail::Facts;
use policy::text::quoted;
use policy::{Action, Case, Change, Event, Hearing, Rulebook};
use serde::Serialize;

use crate::clients::Clients;
use crate::error::{AwsCall, Error, Failure};
use crate::notice::Notice;
use crate::settings::Settings;
use crate::{facts, log, protected};

/// What a function crate adds: the one remedy that it owns, and how that takes a change back.
pub trait Function {
    /// The remedy. It decides which actions' events the function takes.
    const REMEDY: Remedy;

    /// Takes a change back: idempotent, and only what still stands.
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
    /// Judges one event, and acts on it.
    pub async fn handle<F: Function>(&self, payload: &str, now: DateTime<Utc>) -> Result<Cases, Error> {
        let function = F::REMEDY.name();
        let event = Event::from_event_bridge(payload)?;
        log::event_seen(function, &event, now);
        if event.account != self.settings.account {
            let seen = quoted(event.account.as_str());
            return Err(Error::Foreign(format!("it is of account {seen}, this stack judges {}", self.settings.account)));
        }
        let action = Action::of(&event).filter(|action| action.remedies().contains(&F::REMEDY));
        let action = action.ok_or_else(|| Error::NotOwned { function, event_name: event.record.event_name.clone() })?;
        let Some(mut case) = self.decide(&event, action, now).await? else {
            log::allowed(&event);
            return Ok(Cases { cases: Vec::new() });
        };
        let failure = self.act::<F>(&mut case).await?;
        log::case_closed(function, &case);
        let published = Notice::of(&case).publish(&self.clients.sns, &self.settings.topic_arn).await;
        match (failure, published) {
            (None, Ok(())) => Ok(Cases { cases: vec![case] }),
            (None, Err(unpublished)) => Err(unpublished),
            (Some(failure), Ok(())) => Err(failure),
            (Some(failure), Err(unpublished)) => {
                // Only one error can be returned: a remedy that failed is the graver news.
                log::failed(&unpublished);
                Err(failure)
            }
        }
    }

    /// The case that the rulebook makes of an event; `None` where no guardrail is broken.
    async fn decide(&self, event: &Event, action: Action, now: DateTime<Utc>) -> Result<Option<Case>, Error> {
        let Some(hearing) = Hearing::open(&self.rulebook, event, action)? else {
            return Ok(None);
        };
        let facts = match hearing.needs()? {
            Some((change, needs)) => facts::read(&self.clients.iam, &self.rulebook, change, needs).await?,
            None => Ok(Facts::default()),
        };
        Ok(hearing.decide(facts.as_ref().map_err(String::as_str), self.settings.mode, now)?)
    }

    /// Brings a case to its outcome. A remedy that AWS refused for good is an outcome too, `failed`, and is handed back as well:
    /// it is told to people at once, and to Lambda. One that may succeed later is an error only, because Lambda tries it again.
    async fn act<F: Function>(&self, case: &mut Case) -> Result<Option<Error>, Error> {
        let Some(change) = case.settle() else {
            return Ok(None);
        };
        if let Some(reason) = protected::reason(&self.clients.iam, &self.settings.own_roles, &change).await? {
            case.close(Outcome::Unremediable, Some(reason));
            return Ok(None);
        }
        match F::take_back(&self.clients.iam, case, &change).await {
            Ok(outcome) => {
                case.close_with(outcome);
                Ok(None)
            }
            Err(call) if call.failure == Failure::Unmodifiable => {
                case.close(Outcome::Unremediable, Some(&format!("AWS does not allow it: {}", call.message)));
                Ok(None)
            }
            Err(call) if call.failure.is_retryable() => Err(call.into()),
            Err(call) => {
                case.close(Outcome::Failed, Some(&call.to_string()));
                Ok(Some(call.into()))
            }
        }
    }
}
