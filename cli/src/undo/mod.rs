//! `rescind undo`: gives back what a case took, with the credentials of whoever runs it.
//!
//! No function does this: a function that makes the calls of a case would make them for anybody who can write a case. A case file may be an
//! attacker's, too. So no call runs as it stands in the file: it has to be one that the remedy writes, its setting has to be as the remedy
//! left it, and a person sees the calls before they are made.

mod source;
mod step;

use std::io::{self, IsTerminal as _, Write};
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use policy::Case;
use policy::text::shown;
use remedy::caller::CallerError;
use remedy::notice::Notice;
use remedy::plan;
use remedy::reading::Reader;
use remedy::setting::Writer;
use serde::Serialize;
use tokio::runtime::Runtime;

use self::step::{AnyStep, Made, State};
use crate::{input, ledger, live};

/// Most bytes that are read of a case file. A case with a long inline policy has some hundred thousand.
const CASE_FILE_MAX: u64 = 1 << 22;

/// Which case is undone, and how.
#[derive(Args)]
pub struct Arguments {
    /// A case's id, to look it up in the ledger. Or a case as JSON: from a notice, a function's answer or a line of its log; - for standard input.
    case: PathBuf,
    /// Which case, if there are several.
    #[arg(long = "case", value_name = "ID")]
    id: Option<String>,
    #[command(flatten)]
    ledger: ledger::Place,
    /// Show what would be done, check that it can be done, and do nothing.
    #[arg(long)]
    dry_run: bool,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
    /// Print one JSON document, with --yes or --dry-run: `case`, the `calls` that undo it, which were `done` and `leftOut`, and what there was no need to undo
    /// (`undone`).
    #[arg(long)]
    json: bool,
}

/// Undoes the case.
pub fn run(arguments: &Arguments, out: &mut impl Write) -> Result<()> {
    let mut report = Report::default();
    if !arguments.json {
        return give_back(arguments, &mut report, out);
    }
    if !arguments.yes && !arguments.dry_run {
        bail!("--json needs --yes or --dry-run: nobody would see what they agree to; nothing was done");
    }
    let ended = give_back(arguments, &mut report, &mut io::sink());
    writeln!(out, "{:#}", serde_json::json!(report))?;
    ended
}

/// What came of it, for programs. Everything that went wrong is in the error.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    case: String,
    calls: Vec<String>,
    done: Vec<String>,
    left_out: Vec<String>,
    undone: Vec<String>,
}

fn give_back(arguments: &Arguments, report: &mut Report, out: &mut impl Write) -> Result<()> {
    let runtime = live::runtime()?;
    let (case, source) = arguments.case(&runtime)?;
    report.case = shown(&case.id);
    let steps = step::of(&case)?;
    report.calls = steps.iter().map(command).collect();
    show(&case, source, &steps, out)?;
    let caller = live::caller()?;
    let alone = case.outcomes.iter().all(|outcome| plan::of(outcome.remedy).is_each_alone());
    let left = runtime.block_on(checked(&caller.reader(), &steps, alone, report, out))?;
    if arguments.dry_run {
        writeln!(out, "everything is as Rescind left it and can be undone; nothing was done")?;
        return Ok(());
    }
    out.flush()?;
    if !arguments.yes && !agreed()? {
        bail!("nothing was done");
    }
    runtime.block_on(undo(&caller.writer(), &left, alone, report, out))
}

impl Arguments {
    /// The case, and where it comes from.
    fn case(&self, runtime: &Runtime) -> Result<(Case, Source)> {
        if let Some(id) = self.case.to_str().filter(|text| source::is_id(text)) {
            let archive = self.ledger.open(runtime)?;
            let cases = runtime.block_on(archive.cases(id)).map_err(CallerError::from)?;
            if cases.is_empty() {
                bail!("the ledger has no case {id}: it forgets them after a while, so give the JSON of its notice instead");
            }
            let case = source::chosen(cases, Some(id))?;
            let times = runtime.block_on(archive.times(&case)).map_err(CallerError::from)?;
            return Ok((case, Source::Ledger { times }));
        }
        let path = self.case.display();
        let text = input::read_at_most(&self.case, CASE_FILE_MAX).with_context(|| format!("cannot read {path}"))?;
        let case = source::cases(&text).and_then(|cases| source::chosen(cases, self.id.as_deref()));
        Ok((case.with_context(|| path.to_string())?, Source::Hand))
    }
}

/// Where a case comes from.
#[derive(Clone, Copy)]
enum Source {
    /// The ledger, which also says how often its change was taken back in the last days.
    Ledger { times: usize },
    /// Somebody gave it.
    Hand,
}

/// The case, and the calls that undo it.
fn show(case: &Case, source: Source, steps: &[AnyStep], out: &mut impl Write) -> Result<()> {
    writeln!(out, "{}\n", Notice::of(case).subject())?;
    writeln!(out, "case {}, of {}", shown(&case.id), case.record.event_time.format("%Y-%m-%d %H:%M:%S UTC"))?;
    match source {
        Source::Hand => writeln!(out, "this case was given by hand and proves nothing: give its id to read it from the ledger")?,
        Source::Ledger { times: 0 | 1 } => {}
        Source::Ledger { times } => {
            writeln!(out, "the same change was taken back {times} times in the last days: this gives it back once, for all of them")?;
        }
    }
    for sibling in &case.siblings {
        writeln!(out, "the same change also called for {}, whose case has an undo of its own", sibling.name())?;
    }
    if let Some(why) = plan::irrevocable(case).filter(|_| steps.is_empty()) {
        bail!("nothing was done: {why}");
    }
    if steps.is_empty() {
        bail!("nothing to undo: the outcome of this case is {}", case.outcome.name());
    }
    writeln!(out, "\nwill do:")?;
    steps.iter().try_for_each(|step| writeln!(out, "  {}", command(step)))?;
    writeln!(
        out,
        "Rescind judges these calls too, and takes them back again unless you are exempt, as the principals in BreakGlassArns are.\n"
    )?;
    Ok(())
}

fn command(step: &AnyStep) -> String {
    step.call().map(|call| call.command()).unwrap_or_default()
}

/// The steps that are left to do. Nothing is half done: if anything moved, that is an error; unless each step stands alone, and only those are left out
/// whose holder is gone.
async fn checked<'a>(
    reader: &Reader,
    steps: &'a [AnyStep],
    alone: bool,
    report: &mut Report,
    out: &mut impl Write,
) -> Result<Vec<&'a AnyStep>> {
    let (mut left, mut undone, mut moved) = (Vec::new(), Vec::new(), Vec::new());
    for step in steps {
        match step.state(reader).await.map_err(CallerError::from).context("nothing was done")? {
            State::AsLeft => left.push(step),
            State::Gone(how) if alone => undone.push(how),
            State::Undone(how) => undone.push(how),
            State::Moved(how) | State::Gone(how) => moved.push(how),
        }
    }
    report.undone.clone_from(&undone);
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
        bail!(
            "cannot ask for confirmation because standard input is not a terminal: use --yes to go ahead without asking; nothing was done"
        );
    }
    let mut terminal = io::stderr();
    write!(terminal, "undo this? [y/N] ")?;
    terminal.flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(matches!(&*answer.trim().to_ascii_lowercase(), "y" | "yes"))
}

/// Makes the calls. If one fails, those after it are not made; unless each stands alone, and AWS refuses this one for good.
async fn undo(writer: &Writer, steps: &[&AnyStep], alone: bool, report: &mut Report, out: &mut impl Write) -> Result<()> {
    let mut refused = Vec::new();
    for (place, step) in steps.iter().enumerate() {
        let done = command(step);
        match step.make(writer).await {
            Ok(Made::Done) => {
                writeln!(out, "done: {done}")?;
                report.done.push(done);
            }
            Ok(Made::Kept(why)) => {
                writeln!(out, "left out: {done}\n  AWS keeps it: {why}")?;
                report.left_out.push(done);
            }
            Err(call) => {
                let goes_on = alone && !call.failure.is_retryable();
                refused.push(format!("failed: {done}\n  {}", CallerError::from(call)));
                if !goes_on {
                    refused.extend(steps.iter().skip(place + 1).map(|step| format!("not done: {}", command(step))));
                    break;
                }
            }
        }
    }
    if !refused.is_empty() {
        bail!("{}", refused.join("\n"));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
