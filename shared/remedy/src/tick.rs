//! What a function does every few minutes, without an event: it judges again what it has held for an hour, and reports the stop and what it has only
//! counted. One of them also sends the daily digest, and reads the account's alias for all.
//!
//! Whoever may start a function can start a tick: it does nothing that the next one would not do.

use chrono::{DateTime, Utc};
use policy::watch::WATCH;
use serde::Deserialize;

use crate::error::{AwsCall, Error};
use crate::handler::{Function, Handler, Invocation};
use crate::ledger::Waiting;
use crate::log;
use crate::reading::account;
use crate::results::{Cases, Results};

/// What EventBridge's scheduled event says of itself (EventBridge user guide, "Creating a rule that runs on a schedule").
#[derive(Deserialize)]
struct Envelope {
    source: String,
    #[serde(rename = "detail-type")]
    kind: String,
    account: String,
}

/// The account of a scheduled event; `None` if the payload is none.
pub fn account_of(payload: &str) -> Option<String> {
    let envelope: Envelope = serde_json::from_str(payload).ok()?;
    (envelope.source == "aws.events" && envelope.kind == "Scheduled Event").then_some(envelope.account)
}

impl Handler {
    /// Reports the stop, and judges what was held until now, as far as the time allows: the next tick does the rest. What fails stays for the next
    /// tick, and fails this one in the end.
    pub(crate) async fn tick<F: Function>(&self, invocation: Invocation<'_>) -> Result<Cases, Error> {
        log::tick(F::NAME);
        let mut results = Results::default();
        let now = invocation.now;
        let mut told = vec![self.report_stop(now).await, self.report_repeats::<F>(now).await];
        // Known when it is compiled: the code of these two is in no other function.
        if F::NAME == WATCH {
            told.extend([self.note_alias(now).await, self.digest(F::NAME, now).await]);
        }
        for told in told {
            results.add(told.map(|()| None).map_err(Error::from));
        }
        let ledger = &self.clients.ledger;
        let mut last: Option<Waiting> = None;
        loop {
            let due = match ledger.due(F::NAME, last.as_ref(), invocation.now).await {
                Ok(due) if due.is_empty() => break,
                Ok(due) => due,
                Err(call) => {
                    results.add(Err(call.into()));
                    break;
                }
            };
            for waiting in due {
                let Some(deadline) = invocation.deadline.for_another() else {
                    return results.into_cases();
                };
                let judged = self.judge::<F>(&waiting.event, Invocation { deadline, ..invocation }, Some(&waiting)).await;
                let forgotten = match judged {
                    Ok(Cases { cases }) => {
                        for case in cases {
                            results.add(Ok(Some(case)));
                        }
                        ledger.forget(F::NAME, &waiting).await.map_err(Error::from)
                    }
                    // Somebody has altered the item: the next tick could not read it either, so it is reported once.
                    Err(error @ (Error::Malformed(_) | Error::Foreign(_))) => {
                        results.add(Err(error));
                        ledger.forget(F::NAME, &waiting).await.map_err(Error::from)
                    }
                    Err(error) => Err(error),
                };
                results.add(forgotten.map(|()| None));
                last = Some(waiting);
            }
        }
        results.into_cases()
    }

    /// Reads the account's alias, if it is time.
    async fn note_alias(&self, now: DateTime<Utc>) -> Result<(), AwsCall> {
        let ledger = &self.clients.ledger;
        if !ledger.is_alias_due(now).await? {
            return Ok(());
        }
        ledger.note_alias(account::alias(&self.clients.reader).await?.as_deref(), now).await
    }
}
