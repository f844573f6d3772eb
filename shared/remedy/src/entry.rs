//! The `main` of every function: init once, then event after event.

use std::env;
use std::fmt::Display;
use std::process::ExitCode;

use chrono::Utc;
use lambda_runtime::{LambdaEvent, service_fn};
use lambda_runtime_api_client::{body::Body, build_request};
use policy::Rulebook;
use policy::guardrail::{Judge, Source};
use serde_json::json;
use serde_json::value::RawValue;

use crate::clients::Clients;
use crate::deadline::Deadline;
use crate::environment::Environment;
use crate::handler::{Function, Handler, Invocation};
use crate::log;
use crate::own_parts::Listed;

/// Runs a function for as long as Lambda wants it.
///
/// Init reads the environment and the rulebook. If either is invalid, the function reports that to Lambda and its process ends with a failure:
/// an invalid rulebook never judges an event, and never silently lets one pass.
#[must_use]
pub fn run<F: Function>() -> ExitCode {
    log::init(env::var("AWS_LAMBDA_LOG_LEVEL").ok().as_deref());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let ended = runtime.map_err(|error| error.to_string()).and_then(|runtime| runtime.block_on(serve::<F>()));
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

async fn serve<F: Function>() -> Result<(), String> {
    let mut handler = match init(F::JUDGE) {
        Ok(handler) => handler,
        Err(error) => {
            log::init_failed(&error);
            report_init_error(&error).await;
            return Err(error);
        }
    };
    log::ready(F::NAME, handler.environment.mode.name(), handler.rulebook.guardrail_count(), handler.rulebook.exemption_count());
    let started = Utc::now();
    log::endings(&handler.rulebook.ending(started), started);
    log::break_glass(&handler.environment);
    handler.alias = handler.clients.ledger.connect().await;
    let handler = &handler;
    let answer = |event: LambdaEvent<Box<RawValue>>| async move {
        let invocation = Invocation { id: &event.context.request_id, now: Utc::now(), deadline: Deadline::at(event.context.deadline()) };
        let answer = handler.handle::<F>(event.payload.get(), invocation).await;
        answer.inspect_err(log::failed)
    };
    lambda_runtime::run(service_fn(answer)).await.map_err(|error| error.to_string())
}

fn init(judge: Judge) -> Result<Handler, String> {
    let text = |error: &dyn Display| error.to_string();
    let environment = Environment::read(|name| env::var(name).ok()).map_err(|error| text(&error))?;
    let mut rulebook_digest = String::new();
    let load = |sources: &[Source]| {
        // Only the function that looks for the heartbeat writes it down.
        if environment.heartbeat_role.is_some() {
            rulebook_digest = rulebook::digest(sources);
        }
        Rulebook::load_for(sources, judge)
    };
    let rulebook = rulebook::load_with(&environment.guardrails_dir, load).map_err(|error| text(&error))?;
    let clients = Clients::of(&environment);
    Ok(Handler { clients, rulebook, rulebook_digest, environment, own: Listed::default(), alias: None })
}

/// Tells Lambda why init failed, so that the error, not just an exit status, stands in the failure queue. Best effort: the log line and the
/// exit status say the same.
async fn report_init_error(error: &str) {
    let body = json!({ "errorType": "Final.Init", "errorMessage": error }).to_string();
    let request = build_request()
        .method("POST")
        .uri("/2018-06-01/runtime/init/error")
        .header("lambda-runtime-function-error-type", "Final.Init")
        .body(Body::from(body));
    let sent = match (request, lambda_runtime_api_client::Client::builder().build()) {
        (Ok(request), Ok(client)) => client.call(request).await.map(drop),
        (Err(error), _) => Err(error.into()),
        (_, Err(error)) => Err(error.to_string().into()),
    };
    if let Err(error) = sent {
        log::init_failed(&format!("the error could not be reported to Lambda: {error}"));
    }
}
