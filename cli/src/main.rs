//! The `rescind` command.

mod ago;
mod cases;
mod check;
mod controls;
mod decide;
mod describe;
mod doctor;
mod explain;
mod feed;
mod grants;
mod input;
mod judging;
mod ledger;
mod live;
mod logs;
mod manual;
mod past;
mod redrive;
mod replay;
mod simulate;
mod stack;
mod stop;
mod undo;

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{CommandFactory as _, Parser, Subcommand};

/// Takes back IAM access that your guardrails forbid.
#[derive(Parser)]
#[command(version, about, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List what the ledger holds, the newest first; with --actor, the oldest first.
    #[command(after_help = "Example:\n  rescind cases --since 7d --outcome failed")]
    Cases(cases::Cases),
    /// Say what is wrong with a rulebook: its guardrails, exemptions and annotations.
    #[command(after_help = "Example:\n  rescind check guardrails")]
    Check(check::Arguments),
    /// Print a script that completes this command in a shell.
    #[command(after_help = "Example:\n  rescind completions bash > ~/.local/share/bash-completion/completions/rescind")]
    Completions(manual::Completions),
    /// Print the cases that events would make, without touching AWS.
    #[command(after_help = "Example:\n  aws cloudtrail lookup-events | rescind decide -")]
    Decide(decide::Arguments),
    /// Print a rulebook as a document in Markdown: what each guardrail forbids, why, and what answers it.
    #[command(after_help = "Example:\n  rescind describe guardrails > rulebook.md")]
    Describe(describe::Arguments),
    /// Examine a deployed stack: whether it sees, takes back and reports what it should, and what to do if not.
    ///
    /// Exit status: 0 if nothing failed (there may be warnings), 1 if something did, 2 if nothing could be looked at.
    #[command(after_help = "Example:\n  rescind doctor --stack rescind --guardrails guardrails")]
    Doctor(doctor::Arguments),
    /// Say what a user, role or group can do, and through what.
    #[command(after_help = "Example:\n  rescind explain role deployer")]
    Explain(explain::Arguments),
    /// Print what policy documents grant, and which statements grant it.
    #[command(after_help = "Example:\n  rescind grants policy.json")]
    Grants {
        /// IAM policy documents, plain or percent-encoded, or JSON lines of them; - for standard input.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Print JSON, one line a document: `id`, `definite` and `possible` (each with `grants` and `escalations`), or `error`.
        #[arg(long)]
        json: bool,
    },
    /// Write manual pages into a folder: one for this command, and one for each of its commands.
    #[command(after_help = "Example:\n  rescind man ~/.local/share/man/man1")]
    Man(manual::Man),
    /// Show which events wait in the queues of failures and why; with --send, have them judged again.
    ///
    /// Exit status: 1 if --send was given and a message is left in a queue, or AWS refused a call.
    #[command(after_help = "Examples:\n  rescind redrive --stack rescind\n  rescind redrive --stack rescind --send")]
    Redrive(redrive::Arguments),
    /// Say what these guardrails would have done to a history of CloudTrail, without touching AWS.
    ///
    /// Exit status: 1 if a file could not be read to its end, or there is no record; 3 if --fail-on says so.
    #[command(
        after_help = "Examples:\n  rescind replay logs/AWSLogs --guardrails guardrails --from 90d\n  rescind replay logs --against ../main/guardrails --fail-on new-remedies"
    )]
    Replay(replay::Arguments),
    /// Let what was stopped go on.
    #[command(after_help = "Example:\n  rescind resume --guardrail billing-is-for-finance")]
    Resume(stop::Resume),
    /// Evaluate requests against policies: JSON lines on standard input, one answer per line on standard output.
    #[command(after_help = "Example:\n  rescind simulate < requests.jsonl")]
    Simulate,
    /// Stop taking anything back, or what one guardrail forbids: Rescind then only observes.
    #[command(after_help = "Example:\n  rescind stop --guardrail billing-is-for-finance --reason \"finance moves until Friday\"")]
    Stop(stop::Stop),
    /// Give back what a case took, after checking that everything is still as Rescind left it.
    #[command(after_help = "Example:\n  rescind undo rsc-8b332ad44cc59341 --dry-run")]
    Undo(undo::Arguments),
}

fn main() -> ExitCode {
    let error = match run(Arguments::parse().command) {
        Ok(status) => return status,
        Err(error) => error,
    };
    // If standard error is closed, the exit status still says it.
    let _ = writeln!(io::stderr(), "{}", policy::text::chain(&*error));
    if error.is::<doctor::NotAsked>() { ExitCode::from(2) } else { ExitCode::FAILURE }
}

fn run(command: Command) -> Result<ExitCode> {
    let mut out = io::stdout().lock();
    match command {
        Command::Cases(arguments) => cases::run(&arguments, &mut out)?,
        Command::Check(arguments) => check::run(&arguments, &mut out)?,
        Command::Completions(arguments) => manual::completions(&arguments, Arguments::command(), &mut out)?,
        Command::Decide(arguments) => decide::run(&arguments, &mut out)?,
        Command::Describe(arguments) => describe::run(&arguments, &mut out)?,
        Command::Doctor(arguments) => return doctor::run(&arguments, &mut out),
        Command::Explain(arguments) => explain::run(&arguments, &mut out)?,
        Command::Grants { files, json } => grants::run(&files, json, &mut out)?,
        Command::Man(arguments) => manual::man(&arguments, Arguments::command())?,
        Command::Redrive(arguments) => redrive::run(&arguments, &mut out)?,
        Command::Simulate => {
            simulate::run(&mut io::stdin().lock(), &mut io::BufWriter::with_capacity(1 << 16, out), &mut io::stderr().lock())?;
        }
        Command::Replay(arguments) => return replay::run(&arguments, &mut out),
        Command::Resume(arguments) => stop::resume(&arguments, &mut out)?,
        Command::Stop(arguments) => stop::stop(&arguments, &mut out)?,
        Command::Undo(arguments) => undo::run(&arguments, &mut out)?,
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests;
