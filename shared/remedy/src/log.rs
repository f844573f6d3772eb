//! One JSON line per step, and metrics in CloudWatch's embedded format, on standard output: Lambda collects both there.

use std::io::{self, Write as _};

use chrono::{DateTime, Utc};
use policy::case::{Call, Outcome, Receipt};
use policy::guardrail::{ANNOUNCED, Decision, Ending, Exemption};
use policy::remedy::Remedy;
use policy::severity::Severity;
use policy::text::shown;
use policy::{Case, Event};
use serde_json::{Value, json};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::environment::Environment;
use crate::error::Error;
use crate::ledger::Stop;

/// The namespace of every metric.
const NAMESPACE: &str = "Rescind";

/// Starts logging at `level`, as Lambda's log settings name it; at INFO if it is absent. Other crates log warnings only: at finer levels the
/// SDK's lines may hold requests.
pub fn init(level: Option<&str>) {
    let level = level.and_then(|level| level.parse().ok()).unwrap_or(LevelFilter::INFO);
    let ours = Targets::new().with_default(LevelFilter::WARN.min(level)).with_target(env!("CARGO_CRATE_NAME"), level);
    // The runtime repeats an error that `failed` has already logged, in Rust's own notation.
    let ours = ours.with_target("lambda_runtime::layers", LevelFilter::OFF);
    let lines =
        tracing_subscriber::fmt::layer().json().flatten_event(true).with_current_span(false).with_span_list(false).with_target(false);
    // A second init, which only a test makes, leaves the first in place.
    let _ = tracing_subscriber::registry().with(lines).with(ours).try_init();
}

/// Init came to an end: the function is ready.
pub fn ready(function: &str, mode: &str, guardrails: usize, exemptions: usize) {
    tracing::info!(function, mode, guardrails, exemptions, "ready");
}

/// These exemptions have ended, or will soon.
///
/// An alarm on how many there are rings for each further one; one on the days left would ring for the first and stay silent about the others.
pub fn endings(endings: &[Ending<'_>], now: DateTime<Utc>) {
    for Ending { exemption: Exemption { id, owner, until, .. }, days_left } in endings {
        let until = until.to_string();
        tracing::warn!(exemption = id, owner, until, days_left, "exemption ends");
        metric(&[&[]], &[("ExemptionDaysLeft", "Count", *days_left)], json!({ "Exemption": id }), now);
    }
    for days in ANNOUNCED {
        let within = endings.iter().filter(|ending| ending.days_left <= days).count();
        if within > 0 {
            let line = json!({ "Within": format!("{days} days") });
            metric(&[&["Within"]], &[("ExemptionsEnding", "Count", i64::try_from(within).unwrap_or(i64::MAX))], line, now);
        }
    }
}

/// Says if nobody of this account is on the list of break-glass principals.
pub fn break_glass(environment: &Environment) {
    if !environment.break_glass.iter().any(|listed| listed.account.as_str() == environment.account.as_str()) {
        tracing::warn!(
            listed = environment.break_glass.len(),
            "BreakGlassArns names nobody of this account: nobody could give back what Rescind takes, so the remedies of the last administrator are refused"
        );
    }
}

/// An event arrived, and can be read.
pub fn event_seen(function: &str, event: &Event, now: DateTime<Utc>) {
    let record = &event.record;
    let latency = (now - record.event_time).num_milliseconds();
    tracing::info!(
        function,
        event_id = event.id.as_deref().map(shown),
        event_name = shown(&record.event_name),
        actor = record.user_identity.arn.as_deref().map(shown),
        latency_ms = latency,
        "event"
    );
    metric(&[&["Function"]], &[("Events", "Count", 1), ("Latency", "Milliseconds", latency)], json!({ "Function": function }), now);
}

/// No guardrail is broken, or the case is another function's.
pub fn no_case(event: &Event) {
    tracing::info!(event_id = event.id.as_deref().map(shown), "no case");
}

/// A person has stopped something, or tried to.
pub fn stop(stop: &Stop) {
    for line in stop.lines() {
        tracing::warn!("{line}");
    }
}

/// A case without a notice of its own, and why.
pub fn unsent(case: &Case, why: &str) {
    tracing::info!(case = case.id, "no notice: {why}");
}

/// A day's digest is done with.
pub fn digest(has_news: bool) {
    tracing::info!(sent = has_news, "digest");
}

/// The heartbeat has travelled all the way to the ledger.
pub fn heartbeat(now: DateTime<Utc>) {
    tracing::info!("heartbeat");
    metric(&[&[]], &[("Heartbeat", "Count", 1)], json!({}), now);
}

/// The schedule has started the function.
pub fn tick(function: &str) {
    tracing::info!(function, "tick");
}

/// Whether a person has stopped something, read from the ledger: how many guardrails, or everything, which counts as one.
pub fn stopped(stop: &Stop, now: DateTime<Utc>) {
    let stopped = stop.guardrails.len() + usize::from(stop.everything.is_some());
    metric(&[&[]], &[("Stopped", "Count", i64::try_from(stopped).unwrap_or(i64::MAX))], json!({}), now);
}

/// An earlier delivery of the event has made and closed this case.
pub fn closed_already(case: &Case) {
    tracing::info!(case = case.id, outcome = case.outcome.name(), "closed already");
}

/// A call is about to be made: if the function is killed before its notice, this line says how to undo it.
pub fn step(call: &Call, undo: Option<&Call>) {
    let command = |call: &Call| Receipt::from(call.clone()).command;
    tracing::info!(call = command(call), undo = undo.map(command), "step");
}

/// A case has its outcome. What the saved queries of the template ask about has a field of its own: they cannot look into `case_json`.
pub fn case_closed(function: &str, case: &Case, now: DateTime<Utc>) {
    let lead = case.decision.lead();
    let guardrail = lead.map_or("none", |guardrail| &guardrail.id);
    let severity = case.severity().map_or("none", Severity::name);
    let outcome = case.outcome.name();
    let perhaps = case.decision.undecided().into_iter().flat_map(|undecided| &undecided.guardrails);
    let guardrails: Vec<&str> = case.decision.guardrails().iter().chain(perhaps).map(|guardrail| &*guardrail.id).collect();
    let exemption = if let Decision::Exempt { exemption, .. } = &case.decision { Some(exemption) } else { None };
    tracing::info!(
        function,
        case = case.id,
        guardrail,
        guardrails = guardrails.join(" "),
        severity,
        remedy = case.remedy().map(Remedy::name),
        outcome,
        actor = shown(&case.actor.arn),
        correlation = case.correlation,
        source_ip = case.actor.source_ip.as_deref().map(shown),
        event_id = case.record.event_id.as_deref().map(shown),
        event_name = shown(&case.record.event_name),
        target = case.change.as_ref().map(|change| change.target().to_string()),
        detail = case.outcomes.first().and_then(|outcome| outcome.detail.as_deref()),
        exemption = exemption.map(|exemption| &*exemption.id),
        owner = exemption.map(|exemption| &*exemption.owner),
        case_json = %case,
        "case"
    );
    metric(
        &[&["Guardrail", "Severity", "Outcome"], &["Outcome"]],
        &[("Cases", "Count", 1)],
        json!({ "Guardrail": guardrail, "Severity": severity, "Outcome": outcome, "CaseId": case.id }),
        case.time,
    );
    // What waited for its hour says nothing about how fast Rescind is.
    if case.outcome == Outcome::Applied && case.held.is_none() {
        let took = (now - case.record.event_time).num_milliseconds();
        let line = json!({ "Guardrail": guardrail, "CaseId": case.id });
        metric(&[&["Guardrail"], &[]], &[("TimeToRemedy", "Milliseconds", took)], line, case.time);
    }
}

/// An event ends with an error.
pub fn failed(error: &Error) {
    tracing::error!(error_type = error.kind(), error = %error, "failed");
    metric(&[&["ErrorType"]], &[("Failures", "Count", 1)], json!({ "ErrorType": error.kind() }), Utc::now());
}

/// Init failed: no event will be judged.
pub fn init_failed(error: &str) {
    tracing::error!(error, "init failed");
}

/// One line of the embedded metric format (CloudWatch user guide, "Specification: Embedded metric format").
fn metric(dimensions: &[&[&str]], metrics: &[(&str, &str, i64)], mut line: Value, time: DateTime<Utc>) {
    let names: Vec<Value> = metrics.iter().map(|(name, unit, _)| json!({ "Name": name, "Unit": unit })).collect();
    if let Value::Object(members) = &mut line {
        members.extend(metrics.iter().map(|(name, _, value)| ((*name).to_owned(), json!(value))));
        let directive = json!({ "Namespace": NAMESPACE, "Dimensions": dimensions, "Metrics": names });
        members.insert("_aws".to_owned(), json!({ "Timestamp": time.timestamp_millis(), "CloudWatchMetrics": [directive] }));
    }
    // Without standard output there is nobody left to report to.
    let _ = writeln!(io::stdout().lock(), "{line}");
}
