//! `rescind doctor`: whether a stack sees, takes back and reports what it should.

mod alarms;
mod functions;
pub mod queues;
mod report;
mod rights;
mod rules;
mod signs;
mod stop;
mod topics;
mod trail;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use chrono::Utc;
use clap::Args;
use remedy::archive::Archive;
use thiserror::Error;

use self::report::Report;
use crate::live;
use crate::stack::{Place, Stack, TABLE};

/// What is examined.
#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    place: Place,
    /// The rulebook's folder: whether the stack judges by what it holds.
    #[arg(long, value_name = "DIR")]
    guardrails: Option<PathBuf>,
    /// Print one JSON document: `stack`, `checks` (each with `what`, `verdict`, `seen` and perhaps `toDo`), and how many are `ok`, `warnings` and `failed`.
    #[arg(long)]
    json: bool,
}

/// Nothing could be asked at all: there are no credentials, or `CloudFormation` does not say what the stack is.
#[derive(Debug, Error)]
#[error("nothing was looked at: {}", policy::text::chain(&**.0))]
pub struct NotAsked(anyhow::Error);

/// Prints what was seen. Fails if something is wrong.
pub fn run(arguments: &Arguments, out: &mut impl Write) -> Result<ExitCode> {
    let (stack, report) = live::runtime()?.block_on(examine(arguments)).map_err(NotAsked)?;
    if arguments.json {
        report.print_json(&stack.name, out)?;
    } else {
        report.print(out)?;
    }
    Ok(if report.is_well() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn examine(arguments: &Arguments) -> Result<(Stack, Report)> {
    let (caller, now) = (live::caller()?, Utc::now());
    let stack = arguments.place.read(&aws_sdk_cloudformation::Client::new(&caller.config("CLOUDFORMATION"))).await?;
    let mut report = Report::default();
    condition(&stack, &mut report);
    let seen = trail::check(&aws_sdk_cloudtrail::Client::new(&caller.config("CLOUDTRAIL")), &stack.region, &mut report).await;
    report.unseen("trail", seen);
    rules::check(&aws_sdk_eventbridge::Client::new(&caller.config("EVENTBRIDGE")), &stack, &mut report).await;
    let deployed = functions::check(&aws_sdk_lambda::Client::new(&caller.config("LAMBDA")), &stack, &mut report).await;
    rights::check(&aws_sdk_iam::Client::new(&caller.config("IAM")), &deployed, &stack.region, &mut report).await;
    topics::check(&aws_sdk_sns::Client::new(&caller.config("SNS")), &stack, &mut report).await;
    let cloudwatch = aws_sdk_cloudwatch::Client::new(&caller.config("CLOUDWATCH"));
    let seen = signs::events(&cloudwatch, &stack, now, &mut report).await;
    report.unseen("last event", seen);
    let seen = signs::heartbeat_metric(&cloudwatch, now, &mut report).await;
    report.unseen("heartbeat metric", seen);
    if let Some(table) = stack.named(TABLE, "Ledger") {
        let ledger = Archive::of(aws_sdk_dynamodb::Client::new(&caller.config("DYNAMODB")), table.physical.clone());
        let seen = signs::heartbeat(&ledger, arguments.guardrails.as_deref(), now, &mut report).await;
        report.unseen("heartbeat", seen);
        let seen = stop::check(&ledger, &mut report).await;
        report.unseen("stop", seen);
    } else {
        report.fail("ledger", "the stack has none", "deploy the stack again");
    }
    queues::check(&aws_sdk_sqs::Client::new(&caller.config("SQS")), &stack, &mut report).await;
    let seen = alarms::check(&cloudwatch, &stack, &mut report).await;
    report.unseen("alarms", seen);
    Ok((stack, report))
}

/// Whether the last deployment went through.
fn condition(stack: &Stack, report: &mut Report) {
    let seen = format!("{}, {} parts", stack.status, stack.size());
    if matches!(stack.status.as_str(), "CREATE_COMPLETE" | "UPDATE_COMPLETE" | "IMPORT_COMPLETE") {
        report.ok("stack", seen);
    } else {
        report.warn("stack", seen, "look at the stack's events: `aws cloudformation describe-stack-events`");
    }
}
