//! `rescind decide`: the cases that events would make.

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context as _, Result, anyhow, bail};
use policy::guardrail::{Decision, Guardrail};
use policy::text;
use policy::{Action, Case, Event};
use remedy::notice::Notice;
use serde_json::json;

use crate::judging::{Judge, Rules, actions};
use crate::logs::{self, Found};

/// What is decided, and by which rulebook.
#[derive(clap::Args)]
pub struct Arguments {
    /// EventBridge events or CloudTrail records, in any form that `rescind replay` reads: one or a list, JSON lines, a log file, compressed or not, the
    /// output of `aws cloudtrail lookup-events`; - for standard input.
    events: PathBuf,
    #[command(flatten)]
    rules: Rules,
    /// Print the cases themselves, as JSON: the documents that queues receive as their notices; `null` for an event that makes none.
    #[arg(long)]
    json: bool,
}

/// Prints the cases, for people or as JSON.
pub fn run(Arguments { events, rules: Rules { guardrails, trusted_accounts }, json }: &Arguments, out: &mut impl Write) -> Result<()> {
    let json = *json;
    let rulebook = ::rulebook::load(guardrails)?;
    let judge = Judge::by(&rulebook, trusted_accounts);
    let mut records: Vec<Result<String>> = Vec::new();
    let read = logs::Reader::default().read(events, &mut |found| match found {
        Found::Value(value) => logs::records(&String::from_utf8_lossy(value), &mut |record| records.push(Ok(record.to_owned()))),
        Found::Broken(why) => records.push(Err(anyhow!("the events are not JSON: {why}"))),
    });
    read.with_context(|| format!("cannot read {}", events.display()))?;
    if records.len() == 1 {
        let event = Event::from_envelope_or_record(&records.remove(0)?)?;
        return actions(&event).and_then(|actions| one(&judge, &event, &actions, json, out));
    }
    let all = records.len();
    let (mut passed, mut failed) = (0, 0);
    for (place, record) in (1..).zip(records) {
        let event = record.and_then(|record| Ok(Event::from_envelope_or_record(&record)?));
        // Of a whole log file, most is of no concern.
        if event.as_ref().is_ok_and(|event| actions(event).is_err()) {
            passed += 1;
            continue;
        }
        if !json {
            writeln!(out, "── record {place} ──")?;
        }
        let judged = event.and_then(|event| one(&judge, &event, &actions(&event)?, json, out));
        if let Err(error) = judged {
            failed += 1;
            let error = text::chain(&*error);
            if json { writeln!(out, "{}", json!({ "record": place, "error": error }))? } else { writeln!(out, "{error}")? }
        }
        if !json {
            writeln!(out)?;
        }
    }
    if !json && all > 0 {
        writeln!(out, "{all} records, {passed} of which no guardrail can concern")?;
    }
    match (failed, all) {
        (_, 0) => bail!("there is no event in it"),
        (0, _) => Ok(()),
        (failed, all) => bail!("{failed} of {all} events were not judged"),
    }
}

fn one(judge: &Judge<'_>, event: &Event, actions: &[&'static Action], json: bool, out: &mut impl Write) -> Result<()> {
    let cases: Vec<Case> = judge.cases(event, actions)?.into_iter().map(|judged| judged.case).collect();
    match (&*cases, json) {
        ([], true) => writeln!(out, "null")?,
        ([], false) if event.record.error_code.is_some() => {
            writeln!(out, "no case: AWS refused the call, and no guardrail certainly forbids what the record says was tried")?;
        }
        ([], false) => writeln!(out, "allowed: no guardrail is broken")?,
        (cases, true) => {
            for case in cases {
                writeln!(out, "{}", serde_json::to_string_pretty(case)?)?;
            }
        }
        (cases, false) => {
            let texts = cases.iter().map(|case| format!("{}\n\n{}", verdict(case), Notice::of(case).text()));
            write!(out, "{}", texts.collect::<Vec<_>>().join("\n"))?;
        }
    }
    Ok(())
}

fn verdict(case: &Case) -> String {
    let listed = |guardrails: &[Guardrail]| {
        let named = guardrails.iter().map(|guardrail| format!("{} ({})", guardrail.id, guardrail.severity.name()));
        named.collect::<Vec<_>>().join(", ")
    };
    let guardrails = listed(case.decision.guardrails());
    let decided = match &case.decision {
        Decision::Allowed => "allowed".to_owned(),
        Decision::Exempt { exemption, guardrails: broken, .. } if broken.is_empty() => format!("exempt by {}", exemption.id),
        Decision::Exempt { exemption, .. } => format!("exempt by {}, forbidden by {guardrails}", exemption.id),
        Decision::Forbidden { .. } => format!("forbidden by {guardrails}"),
        Decision::Unknown { .. } => format!("unknown; could be forbidden by {guardrails}"),
    };
    let undecided = case.decision.undecided().map(|undecided| format!("; unknown whether also by {}", listed(&undecided.guardrails)));
    format!("{decided}{}", undecided.unwrap_or_default())
}
