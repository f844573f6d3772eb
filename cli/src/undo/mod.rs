//! `rescind undo`: gives back what a case took, with the credentials of whoever runs it.
//!
//! No function does this: one that makes the calls of a receipt would make them for whoever can write one. A case file may be an attacker's
//! too. So a receipt is never run as it stands: it has to be one that Rescind writes, what it names has to be as the remedy left it, and
//! a person sees the calls before they are made.

mod act;
mod log;
mod source;
mod state;
mod step;

use std::io::{self, IsTerminal as _, Write};
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use aws_sdk_iam::Client;
use chrono::Utc;
use clap::Args;
use policy::Case;
use policy::text::shown;
use remedy::caller::CallerError;
use remedy::notice::Notice;
use tokio::runtime::Runtime;

use self::act::Remark;
use self::state::State;
use self::step::Step;
use crate::{input, live};

/// Bytes that are read of a case file. A case has some thousand.
const CASE_FILE_MAX: u64 = 1 << 20;

/// Which case is undone, and how.
#[derive(Args)]
pub struct Arguments {
    /// What Rescind told: a case or a notice as JSON, what a function returned, a line of its log; - for standard input. Or a case's id, to
    /// be looked up in the log groups.
    case: PathBuf,
    /// The case, where there are several.
    #[arg(long = "case", value_name = "ID")]
    id: Option<String>,
    /// The stack whose log groups an id is looked up in.
    #[arg(long, default_value = "rescind")]
    stack: String,
    /// A log group to look an id up in, instead of the stack's; may be given more than once.
    #[arg(long, value_name = "NAME", conflicts_with = "stack")]
    log_group: Vec<String>,
    /// Show what would be done and check that it can be; do nothing.
    #[arg(long)]
    dry_run: bool,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
}

/// Undoes the case.
pub fn run(arguments: &Arguments, out: &mut impl Write) -> Result<()> {
    let runtime = live::runtime()?;
    let case = arguments.case(&runtime)?;
    let steps = step::of(&case)?;
    show(&case, &steps, out)?;
    let iam = live::caller()?.iam();
    let left = runtime.block_on(checked(&iam, &steps, out))?;
    if arguments.dry_run {
        writeln!(out, "this is as the remedy left it, and can be undone; nothing was done")?;
        return Ok(());
    }
    out.flush()?;
    if !arguments.yes && !agreed()? {
        bail!("nothing was done");
    }
    runtime.block_on(undo(&iam, &left, out))
}

impl Arguments {
    fn case(&self, runtime: &Runtime) -> Result<Case> {
        if let Some(id) = self.case.to_str().filter(|text| source::is_id(text)) {
            let logs = aws_sdk_cloudwatchlogs::Client::new(&live::caller()?.config("CLOUDWATCH_LOGS"));
            let groups = if self.log_group.is_empty() { log::groups(&self.stack) } else { self.log_group.clone() };
            return source::chosen(runtime.block_on(log::cases(&logs, &groups, id))?, Some(id));
        }
        let path = self.case.display();
        let text = input::read_at_most(&self.case, CASE_FILE_MAX).with_context(|| format!("cannot read {path}"))?;
        source::cases(&text).and_then(|cases| source::chosen(cases, self.id.as_deref())).with_context(|| path.to_string())
    }
}

/// What the case was, and the calls that undo it.
fn show(case: &Case, steps: &[Step], out: &mut impl Write) -> Result<()> {
    writeln!(out, "{}\n", Notice::of(case).subject())?;
    writeln!(out, "case {}, of {}", shown(&case.id), case.record.event_time.format("%Y-%m-%d %H:%M:%S UTC"))?;
    for remedy in &case.requests {
        let asked = case.asking(*remedy, case.mode, Utc::now()).id;
        writeln!(out, "asked for by it, with an undo of its own: {}, case {asked}", remedy.name())?;
    }
    if steps.is_empty() {
        bail!("nothing to undo: the outcome of this case is {}", case.outcome.name());
    }
    writeln!(out, "\nwill do:")?;
    steps.iter().try_for_each(|step| writeln!(out, "  {}", step.call().command()))?;
    writeln!(out, "Rescind judges these calls too. Unless you are exempt, as the stack's BreakGlassArns are, it takes them back again.\n")?;
    Ok(())
}

/// The steps that are left to do. Nothing is done by halves: where one thing moved, that is an error.
async fn checked<'a>(iam: &Client, steps: &'a [Step], out: &mut impl Write) -> Result<Vec<&'a Step>> {
    let (mut left, mut undone, mut moved) = (Vec::new(), Vec::new(), Vec::new());
    for step in steps {
        match state::of(iam, step).await.map_err(CallerError::from).context("nothing was done")? {
            State::Left => left.push(step),
            State::Undone(how) => undone.push(how),
            State::Moved(how) => moved.push(how),
        }
    }
    if !moved.is_empty() {
        bail!("moved: {}\nnothing was done", moved.join("\nmoved: "));
    }
    if left.is_empty() {
        bail!("nothing to undo: {}", undone.join("; "));
    }
    undone.iter().try_for_each(|how| writeln!(out, "nothing to undo: {how}"))?;
    Ok(left)
}

/// Asks the person at the terminal.
fn agreed() -> Result<bool> {
    if !io::stdin().is_terminal() {
        bail!("nobody can be asked, as standard input is no terminal: --yes does it unasked; nothing was done");
    }
    let mut terminal = io::stderr();
    write!(terminal, "undo this? [y/N] ")?;
    terminal.flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(matches!(&*answer.trim().to_ascii_lowercase(), "y" | "yes"))
}

/// Makes the calls. Where one fails, the others after it are not made.
async fn undo(iam: &Client, steps: &[&Step], out: &mut impl Write) -> Result<()> {
    for (place, step) in steps.iter().enumerate() {
        let command = step.call().command();
        match act::undo(iam, step).await.map_err(CallerError::from) {
            Ok(Remark::Done) => writeln!(out, "done: {command}")?,
            Ok(Remark::Stays(why)) => writeln!(out, "left out: {command}\n  AWS keeps it: {why}")?,
            Err(error) => {
                let rest = steps.iter().skip(place + 1).map(|step| format!("\nnot done: {}", step.call().command()));
                bail!("failed: {command}\n  {error}{}", rest.collect::<String>());
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
