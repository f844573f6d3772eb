//! `rescind decide`: the cases that events would make.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use chrono::{DateTime, Utc};
use policy::arn::AccountId;
use policy::case::{Next, Outcome, RemedyOutcome};
use policy::change::{Gives, failures_within};
use policy::facts::{Facts, Needs, Texts};
use policy::finding;
use policy::guardrail::{Decision, Guardrail, Mode};
use policy::hearing::Circumstances;
use policy::text::{self, shown};
use policy::{Action, Actor, Case, Change, Event, Hearing, Rulebook};
use remedy::notice::Notice;
use remedy::plan;
use serde_json::json;

use crate::{input, records};

/// What is decided, and by which rulebook.
#[derive(clap::Args)]
pub struct Arguments {
    /// EventBridge events or CloudTrail records as JSON: one or a list, JSON lines, a log file, the output of `aws cloudtrail lookup-events`; -
    /// for standard input.
    events: PathBuf,
    /// The rulebook's folder.
    #[arg(long, default_value = "guardrails")]
    guardrails: PathBuf,
    /// Accounts that roles may trust, as in the stack's parameter `TrustedAccounts`: 111111111111,222222222222.
    #[arg(long, value_name = "ACCOUNTS", value_delimiter = ',', value_parser = AccountId::new)]
    trusted_accounts: Vec<AccountId>,
    /// Print the cases themselves, as JSON: the documents that queues receive as their notices; `null` for an event that makes none.
    #[arg(long)]
    json: bool,
}

/// By what events are judged.
struct Judge<'a> {
    rulebook: Rulebook,
    trusted_accounts: &'a [AccountId],
    /// The failures to sign in among the records so far: who, and when.
    failures: RefCell<BTreeMap<String, Vec<DateTime<Utc>>>>,
}

/// Prints the cases, for people or as JSON.
pub fn run(Arguments { events, guardrails, trusted_accounts, json }: &Arguments, out: &mut impl Write) -> Result<()> {
    let json = *json;
    let judge = Judge { rulebook: ::rulebook::load(guardrails)?, trusted_accounts, failures: RefCell::default() };
    let text = input::read(events).with_context(|| format!("cannot read {}", events.display()))?;
    let records = records::of(&text)?;
    if let [record] = &*records {
        let event = Event::from_envelope_or_record(record)?;
        return actions(&event).and_then(|actions| one(&judge, &event, &actions, json, out));
    }
    let (mut passed, mut failed) = (0, 0);
    for (place, record) in (1..).zip(&records) {
        let event = Event::from_envelope_or_record(record);
        // Of a whole log file, most is of no concern.
        if event.as_ref().is_ok_and(|event| actions(event).is_err()) {
            passed += 1;
            continue;
        }
        if !json {
            writeln!(out, "── record {place} ──")?;
        }
        let judged = event.map_err(anyhow::Error::from).and_then(|event| one(&judge, &event, &actions(&event)?, json, out));
        if let Err(error) = judged {
            failed += 1;
            let error = text::chain(&*error);
            if json { writeln!(out, "{}", json!({ "record": place, "error": error }))? } else { writeln!(out, "{error}")? }
        }
        if !json {
            writeln!(out)?;
        }
    }
    if !json && !records.is_empty() {
        writeln!(out, "{} records, {passed} of which no guardrail can concern", records.len())?;
    }
    match (failed, records.len()) {
        (_, 0) => bail!("there is no event in it"),
        (0, _) => Ok(()),
        (failed, all) => bail!("{failed} of {all} events were not judged"),
    }
}

/// The actions of an event, or why no function would receive it.
fn actions(event: &Event) -> Result<Vec<&'static Action>> {
    let actions = Action::of(event);
    if actions.is_empty() {
        let call = format!("{}:{}", shown(&event.record.event_source), shown(&event.record.event_name));
        bail!("no guardrail can concern {call}: it is not among the actions of the schema");
    }
    if event.record.is_finding() && !finding::is_delivered(event) {
        let named = format!("{}: {}", shown(&event.record.event_source), shown(&event.record.event_name));
        bail!(
            "the stack's rules do not deliver this finding ({named}): only AWS Health's risks, and new findings of Security Hub about IAM"
        );
    }
    Ok(actions)
}

fn one(judge: &Judge<'_>, event: &Event, actions: &[&'static Action], json: bool, out: &mut impl Write) -> Result<()> {
    let cases = decide(judge, event, actions)?;
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

/// The cases in a stack that observes, one for each change that breaks a guardrail: what all functions together would do.
fn decide(judge: &Judge<'_>, event: &Event, actions: &[&'static Action]) -> Result<Vec<Case>> {
    let actor = Actor::of(event)?;
    let mut cases = Vec::new();
    for action in actions {
        let circumstances = Circumstances::of(&judge.rulebook, event, action, &actor, &[]).trusting(judge.trusted_accounts);
        for hearing in Hearing::open(circumstances) {
            cases.extend(decide_one(judge, circumstances, hearing)?);
        }
    }
    Ok(cases)
}

fn decide_one(judge: &Judge<'_>, circumstances: Circumstances<'_>, hearing: Hearing<'_>) -> Result<Option<Case>> {
    let Some(weighing) = hearing.weigh()? else {
        return Ok(None);
    };
    let facts = weighing.needs().map_or_else(|| Ok(Facts::none()), |(change, needs)| facts(judge, circumstances, change, needs));
    let mut case = weighing.decide(facts.as_ref().map_err(String::as_str), Mode::Observe, Utc::now())?;
    if let Some(case) = &mut case
        && case.settle() == Next::Look
        && let Some(change) = case.change.clone()
    {
        // The calls of every remedy that is asked for, as far as the record says them.
        for (place, remedy) in case.remedy.into_iter().chain(case.siblings.clone()).enumerate() {
            let plan = plan::of(remedy);
            if let Some(never) = plan.never(case, &change) {
                case.close_with(RemedyOutcome::without_call(remedy, Outcome::Unremediable, Some(never)));
                continue;
            }
            let would = plan.calls(case, &change);
            let note = (place == 0).then(|| "rescind decide changes nothing: these are the calls as far as the record goes".to_owned());
            case.close_with(RemedyOutcome { would, ..RemedyOutcome::without_call(remedy, Outcome::Observed, note) });
        }
        // The headline is about the remedy that the case is about, not about its siblings.
        if let Some(own) = case.outcomes.first().map(|own| own.outcome) {
            case.outcome = own;
        }
    }
    Ok(case)
}

/// The facts that the record itself holds, or why it does not hold those that are needed.
fn facts(judge: &Judge<'_>, circumstances: Circumstances<'_>, change: &Change, needs: Needs) -> Result<Facts, String> {
    if let Change::SignedIn(signed_in) = change
        && needs == (Needs { failures: true, ..Needs::NONE })
    {
        let mut failures = judge.failures.borrow_mut();
        let times = failures.entry(signed_in.counted_by(circumstances.source_ip())).or_default();
        times.push(circumstances.time());
        return Ok(Facts::none().with_failures(failures_within(times, circumstances.time())));
    }

    let document = Needs { document: needs.document, ..Needs::default() };
    let text = match change.kind().gives() {
        Gives::Inline(_, text) => Some(text),
        Gives::Version(set) => set.document.as_deref(),
        Gives::Nothing | Gives::Managed(_) | Gives::Membership(_) => None,
    };
    match text {
        Some(text) if needs == document => {
            let texts = Texts { policies: vec![text.to_owned()], boundary: None };
            let granted = circumstances.access(&texts, change.target().identity());
            let granted = granted.map_err(|error| format!("rescind decide cannot read what is granted: {error}"))?;
            Ok(Facts::none().with_granted(granted))
        }
        _ => Err(LIVE.to_owned()),
    }
}

const LIVE: &str = "guardrails or exemptions ask for facts that only the live account has: documents of policies, or the target's path, tags, groups or policies";

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
