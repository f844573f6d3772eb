//! `rescind stop` and `rescind resume`: a person makes Rescind only observe, and ends that.

use std::io::Write;

use anyhow::{Result, bail};
use chrono::{SecondsFormat, Utc};
use clap::Args;
use remedy::archive::Archive;
use remedy::caller::CallerError;
use tokio::runtime::Runtime;

use crate::{ledger, live};

/// What to stop, and why.
#[derive(Args)]
pub struct Stop {
    #[command(flatten)]
    ledger: ledger::Place,
    /// Only this guardrail.
    #[arg(long, value_name = "ID")]
    guardrail: Option<String>,
    /// Why: every notice has it until `rescind resume`.
    #[arg(long)]
    reason: String,
}

/// What goes on.
#[derive(Args)]
pub struct Resume {
    #[command(flatten)]
    ledger: ledger::Place,
    /// Only this guardrail.
    #[arg(long, value_name = "ID")]
    guardrail: Option<String>,
}

/// Stops it.
pub fn stop(arguments: &Stop, out: &mut impl Write) -> Result<()> {
    let reason = arguments.reason.trim();
    if reason.is_empty() {
        bail!("a stop needs a reason: whoever gets the next notice has to know it");
    }
    if arguments.guardrail.as_deref().is_some_and(str::is_empty) {
        bail!("a guardrail's id is expected; without --guardrail, everything stops");
    }
    let runtime = live::runtime()?;
    let archive = arguments.ledger.open(&runtime)?;
    let reason = format!("{reason} (since {})", Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true));
    runtime.block_on(archive.stop(arguments.guardrail.as_deref(), Some(&reason))).map_err(CallerError::from)?;
    say(&archive, &runtime, out)
}

/// Lets it go on.
pub fn resume(arguments: &Resume, out: &mut impl Write) -> Result<()> {
    let runtime = live::runtime()?;
    let archive = arguments.ledger.open(&runtime)?;
    runtime.block_on(archive.stop(arguments.guardrail.as_deref(), None)).map_err(CallerError::from)?;
    say(&archive, &runtime, out)
}

/// Says what is stopped now.
fn say(archive: &Archive, runtime: &Runtime, out: &mut impl Write) -> Result<()> {
    let stop = runtime.block_on(archive.stopped()).map_err(CallerError::from)?;
    let lines = stop.lines();
    lines.iter().try_for_each(|line| writeln!(out, "{line}"))?;
    if lines.is_empty() {
        writeln!(out, "nothing is stopped")?;
    }
    Ok(())
}
