//! The cases that events make, as far as records and rulebook go, and what is known of the past: nothing is asked of an account.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Result, bail};
use chrono::{DateTime, Utc};
use policy::arn::AccountId;
use policy::case::{Next, Outcome, RemedyOutcome};
use policy::change::{Gives, failures_within};
use policy::facts::{Facts, Needs, Texts};
use policy::finding;
use policy::guardrail::Mode;
use policy::hearing::Circumstances;
use policy::text::shown;
use policy::{Action, Actor, Case, Change, Event, Hearing, Rulebook};
use remedy::plan;

use crate::past::{Past, Sure};

/// By what a command judges events.
#[derive(clap::Args)]
pub struct Rules {
    /// The rulebook's folder.
    #[arg(long, default_value = "guardrails")]
    pub guardrails: PathBuf,
    /// Accounts that roles may trust, as in the stack's parameter `TrustedAccounts`: 111111111111,222222222222.
    #[arg(long, value_name = "ACCOUNTS", value_delimiter = ',', value_parser = AccountId::new)]
    pub trusted_accounts: Vec<AccountId>,
}

/// By what events are judged.
pub struct Judge<'a> {
    rulebook: &'a Rulebook,
    trusted_accounts: &'a [AccountId],
    /// IAM as it was when the event happened, if anything is known of it.
    past: Option<&'a Past>,
    /// The failures to sign in among the records so far: who, and when.
    failures: RefCell<BTreeMap<String, Vec<DateTime<Utc>>>>,
    /// Whether an event asked for more than its record says.
    asked: Cell<bool>,
}

/// A case that an event makes.
pub struct Judged {
    pub action: &'static Action,
    pub case: Case,
    /// How sure the facts are that it was decided by.
    pub sure: Sure,
}

impl<'a> Judge<'a> {
    /// By this rulebook. Roles may trust these accounts.
    pub fn by(rulebook: &'a Rulebook, trusted_accounts: &'a [AccountId]) -> Self {
        Self { rulebook, trusted_accounts, past: None, failures: RefCell::default(), asked: Cell::default() }
    }

    /// The same, knowing the past.
    pub fn knowing(self, past: &'a Past) -> Self {
        Self { past: Some(past), ..self }
    }

    /// Whether the last event asked for more than its record says.
    pub const fn asked_for_more(&self) -> bool {
        self.asked.get()
    }

    /// The cases in a stack that observes, one for each change that breaks a guardrail: what all functions together would do.
    pub fn cases(&self, event: &Event, actions: &[&'static Action]) -> Result<Vec<Judged>> {
        self.asked.set(false);
        let actor = Actor::of(event)?;
        let mut cases = Vec::new();
        for action in actions {
            let circumstances = Circumstances::of(self.rulebook, event, action, &actor, &[]).trusting(self.trusted_accounts);
            for hearing in Hearing::open(circumstances) {
                for (hearing, sure) in self.completed(circumstances, hearing) {
                    let case = decide_one(self, circumstances, hearing)?;
                    cases.extend(case.map(|(case, is)| Judged { action, case, sure: sure.max(is) }));
                }
            }
        }
        Ok(cases)
    }

    /// The hearing with what the event does not say, if the past says it.
    fn completed<'h>(&self, circumstances: Circumstances<'h>, hearing: Hearing<'h>) -> Vec<(Hearing<'h>, Sure)> {
        let Some(missing) = hearing.missing() else {
            return vec![(hearing, Sure::Certain)];
        };
        self.asked.set(true);
        match self.past.map(|past| past.missing(circumstances.home().0, missing)) {
            Some(Ok((found, sure))) => hearing.completed(Ok(found)).into_iter().map(|hearing| (hearing, sure)).collect(),
            Some(Err(_)) | None => vec![(hearing, Sure::Certain)],
        }
    }
}

/// The actions of an event, or why no function would receive it.
pub fn actions(event: &Event) -> Result<Vec<&'static Action>> {
    let actions = Action::of(event);
    if actions.is_empty() {
        let call = format!("{}:{}", shown(&event.record.event_source), shown(&event.record.event_name));
        bail!("no guardrail can concern {call}: it is not among the actions of the schema");
    }
    delivered(event)?;
    Ok(actions)
}

/// Why no function would receive an event that is one of the schema's actions.
pub fn delivered(event: &Event) -> Result<()> {
    if event.record.is_finding() && !finding::is_delivered(event) {
        let named = format!("{}: {}", shown(&event.record.event_source), shown(&event.record.event_name));
        bail!(
            "the stack's rules do not deliver this finding ({named}): only AWS Health's risks, and new findings of Security Hub about IAM"
        );
    }
    Ok(())
}

fn decide_one(judge: &Judge<'_>, circumstances: Circumstances<'_>, hearing: Hearing<'_>) -> Result<Option<(Case, Sure)>> {
    let Some(weighing) = hearing.weigh()? else {
        return Ok(None);
    };
    let unasked = || Ok((Facts::none(), Sure::Certain));
    let facts = weighing.needs().map_or_else(unasked, |(change, needs)| facts(judge, circumstances, change, needs));
    let mut case = weighing.decide(facts.as_ref().map(|(facts, _)| facts).map_err(String::as_str), Mode::Observe, Utc::now())?;
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
    Ok(case.map(|case| (case, facts.map_or(Sure::Certain, |(_, sure)| sure))))
}

/// The facts that the record itself holds, or the past; or why neither holds those that are needed.
fn facts(judge: &Judge<'_>, circumstances: Circumstances<'_>, change: &Change, needs: Needs) -> Result<(Facts, Sure), String> {
    if let Change::SignedIn(signed_in) = change
        && needs == (Needs { failures: true, ..Needs::NONE })
    {
        let mut failures = judge.failures.borrow_mut();
        let times = failures.entry(signed_in.counted_by(circumstances.source_ip())).or_default();
        times.push(circumstances.time());
        return Ok((Facts::none().with_failures(failures_within(times, circumstances.time())), Sure::Certain));
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
            Ok((Facts::none().with_granted(granted), Sure::Certain))
        }
        _ => {
            judge.asked.set(true);
            judge.past.map_or_else(|| Err(LIVE.to_owned()), |past| past.facts(circumstances, change, needs))
        }
    }
}

const LIVE: &str = "guardrails or exemptions ask for facts that only the live account has: documents of policies, or the target's path, tags, groups or policies";
