//! The notice that a person has stopped something, that it is still stopped, or that the stop has ended: from one function for all of them, by its
//! next tick.

use chrono::{DateTime, Utc};
use policy::case::hashed;
use policy::severity::Severity;
use policy::text::name;
use serde_json::json;

use crate::cut::BRIEF;
use crate::error::AwsCall;
use crate::handler::Handler;
use crate::ledger::Stop;
use crate::log;
use crate::message::Message;

/// The message's id: it has no case.
const ID: &str = "rescind-stop";

impl Handler {
    /// Reports the stop, if it has changed or a day has passed, and no other function does.
    pub(crate) async fn report_stop(&self, now: DateTime<Utc>) -> Result<(), AwsCall> {
        let ledger = &self.clients.ledger;
        let (stop, told) = ledger.stop_and_told().await?;
        log::stopped(&stop, now);
        let lines = self.stop_lines(&stop);
        let what = if lines.is_empty() { String::new() } else { hashed(&lines.iter().map(String::as_str).collect::<Vec<_>>()) };
        if !told.is_due(&what, now) || !ledger.claim(&told, now).await? {
            return Ok(());
        }
        let published = self.publish_stop(&stop, lines).await;
        ledger.reported(published.is_ok().then_some(&*what), now).await.and(published)
    }

    /// What is stopped, with what is not although somebody wanted it.
    fn stop_lines(&self, stop: &Stop) -> Vec<String> {
        let unknown = stop.guardrails.iter().filter(|(id, _)| !self.rulebook.ids().contains(id));
        let unknown = unknown.map(|(id, _)| format!("the rulebook has no guardrail {}, so that its stop stops nothing", name(id)));
        stop.lines().into_iter().chain(unknown).collect()
    }

    async fn publish_stop(&self, stop: &Stop, stopped: Vec<String>) -> Result<(), AwsCall> {
        let is_over = stopped.is_empty();
        let known = |(id, _): &&(String, String)| self.rulebook.ids().contains(id);
        let headline = match (stop.guardrails.iter().filter(known).count(), &stop.everything) {
            _ if is_over => "the stop is over: Rescind judges and acts as its mode says".to_owned(),
            (_, Some(_)) => "STOPPED by a person: Rescind takes nothing back".to_owned(),
            (0, None) => "a stop that stops nothing".to_owned(),
            (1, None) => "STOPPED by a person: one guardrail only observes".to_owned(),
            (many, None) => format!("STOPPED by a person: {many} guardrails only observe"),
        };
        let next = if is_over {
            "what was only observed meanwhile still stands: rescind cases --outcome observed lists it"
        } else {
            "if this is not intended, run rescind resume, and find out which principal in BreakGlassArns wrote the item stop of the ledger's table"
        };
        let document = json!({ "version": 1, "stop": stopped, "account": self.environment.account, "region": self.environment.region });
        let mut lines: Vec<_> = stopped.into_iter().map(|line| ("Stopped", line)).collect();
        if !is_over {
            lines.push(("Note", "this notice comes again every day for as long as the stop lasts".to_owned()));
        }
        lines.push(("Next", next.to_owned()));
        lines.push(("Account", self.account_and_region()));
        let severity = Severity::Critical.name();
        let outcome = if is_over { "resumed" } else { "stopped" };
        let message = Message { id: ID, severity, outcome, account: &self.environment.account, headline, lines: BRIEF.lines(&lines, ID) };
        let forms = message.with(&BRIEF.case(document).to_string());
        message.publish((&self.clients.sns, &self.environment.topic_arn), &forms, message.attributes("none", "none")).await
    }
}
