//! `rescind replay`: what these guardrails would have done to a history of CloudTrail.

mod compare;
mod history;
mod html;
mod intake;
mod interest;
mod later;
mod notices;
mod pass;
mod progress;
mod report;
mod suggest;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use chrono::{DateTime, Utc};
use remedy::caller::CallerError;

use crate::cases::moment;
use crate::judging::Rules;
use crate::live;
use crate::logs::{self, Wanted};
use crate::past::Past;
use compare::Comparison;
use pass::By;
use report::{Report, counted};
use suggest::Suggestions;

/// What is replayed, and by which rulebook.
#[derive(clap::Args)]
pub struct Arguments {
    /// Files and folders of CloudTrail's records, compressed or not: log files, the output of `aws cloudtrail lookup-events` and `aws logs
    /// filter-log-events`, JSON lines, events of EventBridge, messages of queues, exports of CloudTrail Lake, Athena, Elastic or Splunk; `s3://bucket/prefix`
    /// with the credentials in the environment; - for standard input.
    #[arg(required = true)]
    logs: Vec<PathBuf>,
    #[command(flatten)]
    rules: Rules,
    /// Only records since then: 2026-03-02, 2026-03-02T12:00:00Z, or so long ago: 30m, 12h, 7d. A trail's folders of earlier days are not opened.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    from: Option<DateTime<Utc>>,
    /// Only records until then.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    to: Option<DateTime<Utc>>,
    /// Only these of a trail's folders: us-east-1,eu-west-1.
    #[arg(long, value_name = "REGIONS", value_delimiter = ',')]
    regions: Vec<String>,
    /// Keep the objects of buckets in this folder: a replay that was interrupted goes on from there, and the next one fetches only what is new.
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
    /// What `aws iam get-account-authorization-details` printed of an account: what the records do not say of it is assumed to have been as it is there. Once
    /// for each account.
    #[arg(long, value_name = "FILE")]
    account_details: Vec<PathBuf>,
    /// Read these details from the account of the credentials in the environment.
    #[arg(long)]
    live_account_details: bool,
    /// Write IAM as the records leave it into this folder: of each account a file in the same form, for `rescind explain`. Whoever is not known wholly is
    /// left out.
    #[arg(long, value_name = "DIR")]
    write_account_details: Option<PathBuf>,
    /// How many files are read at once; as many as there are processors if not given.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,
    /// Write the report into this file as well, for a browser: with a timeline, all cases, and the first and last cases of each guardrail as notices. It
    /// loads nothing from anywhere.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Write a draft of the exemptions that the history calls for into this file: for what the actors have in common whose changes would have been taken back,
    /// with owner and reason left to you.
    #[arg(long, value_name = "FILE")]
    suggest_exemptions: Option<PathBuf>,
    /// Say what another rulebook makes of the same history: which cases this one wins, loses, or answers otherwise.
    #[arg(long, value_name = "DIR")]
    against: Option<PathBuf>,
    /// Make the exit status 3 if this rulebook takes back what the other leaves (`new-remedies`), or if they differ at all (`any-difference`).
    #[arg(long, requires = "against")]
    fail_on: Option<FailOn>,
    /// Print one document of JSON.
    #[arg(long)]
    json: bool,
}

/// What of a comparison is a failure.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
enum FailOn {
    NewRemedies,
    AnyDifference,
}

/// The exit status of a comparison that fails.
const DIFFERS: u8 = 3;

impl Arguments {
    /// The accounts' details, as text.
    fn details(&self) -> Result<Vec<String>> {
        let read = |file: &PathBuf| std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()));
        let mut details = self.account_details.iter().map(read).collect::<Result<Vec<_>>>()?;
        if self.live_account_details {
            let reader = live::caller()?.reader();
            details.push(live::runtime()?.block_on(remedy::reading::account::read(&reader)).map_err(CallerError::Aws)?);
        }
        Ok(details)
    }
}

/// Replays, and prints what would have come of it.
pub fn run(arguments: &Arguments, out: &mut impl Write) -> Result<ExitCode> {
    let rulebook = ::rulebook::load(&arguments.rules.guardrails)?;
    let Arguments { from, to, regions, against, .. } = arguments;
    let other = against.as_ref().map(|dir| ::rulebook::load(dir)).transpose()?;
    let files = logs::list(&arguments.logs, arguments.cache.as_deref(), &Wanted { from: *from, to: *to, regions: regions.clone() })?;
    let threads = arguments.threads.map_or_else(|| std::thread::available_parallelism().map_or(1, usize::from), usize::from);
    let keeps_answers = against.is_some() || arguments.suggest_exemptions.is_some() || arguments.html.is_some();
    let details = arguments.details()?;
    let by = |rulebook| By {
        rulebook,
        trusted_accounts: &arguments.rules.trusted_accounts,
        details: &details,
        cache: arguments.cache.as_deref(),
        from: *from,
        to: *to,
        keeps_answers,
        keeps_notices: arguments.html.is_some(),
    };
    let replayed = pass::all(&files.found, threads, &by(&rulebook))?;
    let before = other.as_ref().map(|other| pass::all(&files.found, threads, &by(other))).transpose()?;
    let comparison = before.as_ref().map(|before| Comparison::of(&replayed.answers, &before.answers));
    let beside = comparison.as_ref().zip(against.as_ref().map(|dir| dir.display().to_string()));
    let report = Report { rulebook: &rulebook, passed_folders: files.passed, replayed: &replayed, beside };
    if arguments.json {
        writeln!(out, "{}", report.document(&files.unreadable))?;
    } else {
        report.text(&files.unreadable, out)?;
    }
    if let Some(path) = &arguments.html {
        let write = || {
            html::write(report.document(&files.unreadable), &replayed.answers, &replayed.notices, &mut BufWriter::new(File::create(path)?))
        };
        write().with_context(|| format!("cannot write {}", path.display()))?;
    }
    if let Some(folder) = &arguments.write_account_details {
        write_details(&replayed.past, folder).with_context(|| format!("cannot write into {}", folder.display()))?;
    }
    if let Some(path) = &arguments.suggest_exemptions {
        let suggestions = Suggestions::of(replayed.answers.values());
        let write = || suggestions.write(Utc::now(), &mut BufWriter::new(File::create(path)?));
        write().with_context(|| format!("cannot write {}", path.display()))?;
        if !arguments.json {
            writeln!(out, "\n{} proposed in {}: say who owns each, and why", counted(suggestions.number(), "exemption"), path.display())?;
        }
    }
    out.flush()?;
    let unreadable = files.unreadable.len() + replayed.unreadable.len();
    if replayed.counts.records == 0 && unreadable == 0 {
        bail!("there is no record in it");
    }
    if unreadable > 0 {
        bail!("{unreadable} of {} files and folders could not be read to their ends", files.found.len() + files.unreadable.len());
    }
    let fails = comparison.is_some_and(|comparison| match arguments.fail_on {
        Some(FailOn::NewRemedies) => comparison.new_remedies() > 0,
        Some(FailOn::AnyDifference) => comparison.differs(),
        None => false,
    });
    Ok(if fails { ExitCode::from(DIFFERS) } else { ExitCode::SUCCESS })
}

fn write_details(past: &Past, folder: &Path) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    for (account, details) in past.details() {
        std::fs::write(folder.join(format!("{account}.json")), format!("{details:#}\n"))?;
    }
    Ok(())
}
