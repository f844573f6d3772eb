//! `rescind stop` and `rescind resume`: a person makes Rescind only observe, and ends that.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use chrono::{SecondsFormat, Utc};
use clap::Args;
use policy::text::quoted;
use remedy::archive::Archive;
use remedy::caller::CallerError;
use serde_json::json;
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
    /// The rulebook's folder, where that guardrail has to be.
    #[arg(long, value_name = "DIR", default_value = "guardrails")]
    guardrails: PathBuf,
    /// Stop that guardrail even if the rulebook does not have it.
    #[arg(long)]
    anyway: bool,
    /// Why: every notice has it until `rescind resume`.
    #[arg(long)]
    reason: String,
    /// Print what is stopped now as one JSON document: `everything` (the reason, or null), `guardrails` (the reasons by id) and `withoutReason` (what has a
    /// stop that Rescind ignores).
    #[arg(long)]
    json: bool,
}

/// What goes on.
#[derive(Args)]
pub struct Resume {
    #[command(flatten)]
    ledger: ledger::Place,
    /// Only this guardrail.
    #[arg(long, value_name = "ID")]
    guardrail: Option<String>,
    /// Print what is stopped now as one JSON document, as `rescind stop` does.
    #[arg(long)]
    json: bool,
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
    if let Some(guardrail) = arguments.guardrail.as_deref().filter(|_| !arguments.anyway) {
        check(guardrail, &arguments.guardrails)?;
    }
    let runtime = live::runtime()?;
    let archive = arguments.ledger.open(&runtime)?;
    let reason = format!("{reason} (since {})", Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true));
    runtime.block_on(archive.stop(arguments.guardrail.as_deref(), Some(&reason))).map_err(CallerError::from)?;
    say(&archive, &runtime, arguments.json, out)
}

/// Refuses a guardrail that the rulebook does not have: its stop would stop nothing.
fn check(guardrail: &str, dir: &Path) -> Result<()> {
    if !dir.is_dir() {
        // If standard error is closed, the stop is made all the same.
        let _ = writeln!(io::stderr(), "not checked against a rulebook: there is no folder {}", dir.display());
        return Ok(());
    }
    let rulebook = rulebook::load(dir)?;
    if !rulebook.ids().contains(guardrail) {
        let known: Vec<&str> = rulebook.ids().iter().map(String::as_str).collect();
        bail!(
            "the rulebook in {} has no guardrail {}: choose one of {}, name another folder with --guardrails, or add --anyway",
            dir.display(),
            quoted(guardrail),
            known.join(", ")
        );
    }
    Ok(())
}

/// Lets it go on.
pub fn resume(arguments: &Resume, out: &mut impl Write) -> Result<()> {
    let runtime = live::runtime()?;
    let archive = arguments.ledger.open(&runtime)?;
    runtime.block_on(archive.stop(arguments.guardrail.as_deref(), None)).map_err(CallerError::from)?;
    say(&archive, &runtime, arguments.json, out)
}

/// Says what is stopped now.
fn say(archive: &Archive, runtime: &Runtime, as_json: bool, out: &mut impl Write) -> Result<()> {
    let stop = runtime.block_on(archive.stopped()).map_err(CallerError::from)?;
    if as_json {
        let guardrails: BTreeMap<&str, &str> = stop.guardrails.iter().map(|(id, reason)| (&**id, &**reason)).collect();
        let document = json!({ "everything": stop.everything, "guardrails": guardrails, "withoutReason": stop.without_reason });
        return Ok(writeln!(out, "{document:#}")?);
    }
    let lines = stop.lines();
    lines.iter().try_for_each(|line| writeln!(out, "{line}"))?;
    if lines.is_empty() {
        writeln!(out, "nothing is stopped")?;
    }
    Ok(())
}
