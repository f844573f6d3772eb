//! The `rescind` command.

mod cases;
mod check;
mod controls;
mod decide;
mod describe;
mod explain;
mod grants;
mod input;
mod ledger;
mod live;
mod records;
mod simulate;
mod stop;
mod undo;

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

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
    Cases(cases::Cases),
    /// Say what is wrong with a rulebook: its guardrails, exemptions and annotations.
    Check {
        /// The rulebook's folder.
        #[arg(default_value = "guardrails")]
        dir: PathBuf,
    },
    /// Print the cases that events would make, without touching AWS.
    Decide(decide::Arguments),
    /// Print a rulebook as a document in Markdown: what each guardrail forbids, why, and what answers it.
    Describe {
        /// The rulebook's folder.
        #[arg(default_value = "guardrails")]
        dir: PathBuf,
    },
    /// Say what a user, role or group can do, and through what.
    Explain(explain::Arguments),
    /// Print what policy documents grant, and which statements grant it.
    Grants {
        /// IAM policy documents, plain or percent-encoded, or JSON lines of them; - for standard input.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Print JSON, one line a document.
        #[arg(long)]
        json: bool,
    },
    /// Evaluate requests against policies: JSON lines on standard input, one answer per line on standard output.
    Simulate,
    /// Let what was stopped go on.
    Resume(stop::Resume),
    /// Stop taking anything back, or what one guardrail forbids: Rescind then only observes.
    Stop(stop::Stop),
    /// Give back what a case took, after checking that everything is still as Rescind left it.
    Undo(undo::Arguments),
}

fn main() -> ExitCode {
    let mut out = io::stdout().lock();
    let ran = match Arguments::parse().command {
        Command::Cases(arguments) => cases::run(&arguments, &mut out),
        Command::Check { dir } => check::run(&dir, &mut out),
        Command::Decide(arguments) => decide::run(&arguments, &mut out),
        Command::Describe { dir } => describe::run(&dir, &mut out),
        Command::Explain(arguments) => explain::run(&arguments, &mut out),
        Command::Grants { files, json } => grants::run(&files, json, &mut out),
        Command::Simulate => {
            simulate::run(&mut io::stdin().lock(), &mut io::BufWriter::with_capacity(1 << 16, out), &mut io::stderr().lock())
        }
        Command::Resume(arguments) => stop::resume(&arguments, &mut out),
        Command::Stop(arguments) => stop::stop(&arguments, &mut out),
        Command::Undo(arguments) => undo::run(&arguments, &mut out),
    };
    match ran {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            use io::Write as _;
            // If standard error is closed, the exit status still says it.
            let _ = writeln!(io::stderr(), "{}", policy::text::chain(&*error));
            ExitCode::FAILURE
        }
    }
}
