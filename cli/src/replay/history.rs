//! What came of a history: the cases in order of time, each once, as an enforcing stack would have answered them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher as _};
use std::sync::Arc;

use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};
use policy::actor::ActorKind;
use policy::case::Outcome;
use policy::guardrail::Decision;
use policy::remedy::Remedy;
use policy::severity::Severity;
use policy::{Action, Case};
use serde::Serialize;

use crate::judging::Judged;
use crate::past::Sure;

/// So many remedies a guardrail may have within an hour: the template's default for `StormLimit`.
pub const STORM_LIMIT: usize = 20;
/// From so many times on, within a day, a change is contested.
const CONTESTED: usize = 3;
/// As many sessions, users or keys of one actor are named.
const SESSIONS_MAX: usize = 20;

/// What an enforcing stack would have done.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Taken the change back.
    TakenBack,
    /// Taken it back an hour later: its guardrail had too many.
    Held,
    /// Observed it: the guardrail has `@mode("observe")`.
    Observed,
    /// Left it, because of an exemption.
    Exempt,
    /// Reported it: nothing takes it back.
    Noticed,
    /// Asked a person: it must not or cannot be taken back.
    ToDo,
    /// AWS had refused the call.
    Refused,
    /// Only the account at that time could have told.
    Unknown,
}

impl Verdict {
    /// All, in the order of a table's columns.
    pub const ALL: [Self; 8] =
        [Self::TakenBack, Self::Held, Self::ToDo, Self::Unknown, Self::Exempt, Self::Observed, Self::Noticed, Self::Refused];

    /// The head of its column.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TakenBack => "taken back",
            Self::Held => "held",
            Self::Observed => "observed",
            Self::Exempt => "exempt",
            Self::Noticed => "noticed",
            Self::ToDo => "to do",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
        }
    }

    fn of(case: &Case) -> Self {
        match (case.outcome, &case.decision) {
            (Outcome::Exempt, _) => Self::Exempt,
            (Outcome::Attempted, _) => Self::Refused,
            (Outcome::Unremediable, Decision::Unknown { .. }) => Self::Unknown,
            (Outcome::Unremediable, _) if case.change.is_none() || case.decision.undecided().is_some() => Self::Unknown,
            (Outcome::Unremediable | Outcome::Failed, _) => Self::ToDo,
            _ if case.remedy().is_none() => Self::Noticed,
            _ if case.asks_to_enforce() => Self::TakenBack,
            _ => Self::Observed,
        }
    }
}

/// How sure an answer is.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Certainty {
    /// It follows from the records.
    Certain,
    /// It holds if the account was then as its details say.
    Assumed,
    /// Neither says what it depends on.
    Unknown,
}

impl Certainty {
    const fn of(sure: Sure, verdict: Verdict) -> Self {
        match (verdict, sure) {
            (Verdict::Unknown, _) => Self::Unknown,
            (_, Sure::Certain) => Self::Certain,
            (_, Sure::Assumed) => Self::Assumed,
        }
    }
}

/// Texts that come again and again, each kept once.
#[derive(Default)]
struct Names {
    texts: Vec<Arc<str>>,
    numbers: HashMap<Arc<str>, u32>,
}

impl Names {
    fn number(&mut self, text: &str) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = u32::try_from(self.texts.len()).unwrap_or(u32::MAX);
        let text = Arc::<str>::from(text);
        self.texts.push(Arc::clone(&text));
        self.numbers.insert(text, number);
        number
    }

    fn text(&self, number: u32) -> &str {
        usize::try_from(number).ok().and_then(|number| self.texts.get(number)).map_or("", |text| text)
    }
}

/// What is kept of a case.
struct Kept {
    id: u64,
    time: DateTime<Utc>,
    action: &'static Action,
    kind: ActorKind,
    verdict: Verdict,
    sure: Sure,
    severity: Option<Severity>,
    remedy: Option<Remedy>,
    guardrail: u32,
    /// Those whose limits decide whether the remedy is held.
    limited_by: Box<[u32]>,
    /// The change and its target.
    change: u64,
    account: u32,
    actor: u32,
    session: u32,
    target: u32,
}

/// The cases of a history, in whatever order they come.
#[derive(Default)]
pub struct History {
    names: Names,
    /// The ARN of each actor, by the number of its unique id.
    arns: HashMap<u32, String>,
    /// The cases that are counted.
    counted: HashSet<u64>,
    account: Account,
    /// By case, if they are wanted.
    answers: Option<BTreeMap<u64, Answer>>,
    /// Those that would be taken back: what becomes of each depends on those before it. All others are counted as they come, so that they take up no more
    /// than the bytes of an id.
    waiting: Vec<Kept>,
}

impl History {
    /// No cases yet.
    pub fn keeping(answers: bool) -> Self {
        Self { answers: answers.then(BTreeMap::new), ..Self::default() }
    }

    /// Adds a case.
    pub fn add(&mut self, Judged { action, case, sure }: &Judged) {
        let names = &mut self.names;
        let guardrails = case.decision.lead().map_or("none", |guardrail| &guardrail.id);
        let target = case.change.as_ref().map_or_else(|| "what the record does not say".to_owned(), |change| change.kind().listed());
        let part = case.change.as_ref().map(|change| change.kind().part()).unwrap_or_default();
        let actor = names.number(case.actor.principal_id.as_deref().unwrap_or(&case.actor.arn));
        // Who is behind a session says more than what it is called.
        let person = [&case.actor.on_behalf_of, &case.actor.source_identity, &case.actor.session].into_iter().flatten().next();
        let kept = Kept {
            id: hash(&case.id),
            time: case.record.event_time,
            action,
            kind: case.actor.kind,
            verdict: Verdict::of(case),
            sure: *sure,
            severity: case.severity(),
            remedy: case.remedy(),
            guardrail: names.number(guardrails),
            limited_by: case.limited_by().into_iter().map(|id| names.number(id)).collect(),
            change: hash(&(part, &target, case.account.as_str())),
            account: names.number(case.account.as_str()),
            actor,
            session: person.map_or(u32::MAX, |person| names.number(person)),
            target: names.number(&target),
        };
        self.arns.entry(actor).or_insert_with(|| case.actor.arn.clone());
        if kept.verdict == Verdict::TakenBack {
            self.waiting.push(kept);
        } else if self.is_first(&kept) {
            self.count(&kept, kept.verdict, false);
        }
    }

    /// What an enforcing stack would have made of it, and of each case, if that is wanted: records that several trails hold count once, and what is made again
    /// and again or too often within an hour is answered as the stack answers it.
    pub fn outcome(mut self) -> (Account, BTreeMap<u64, Answer>) {
        let mut waiting = std::mem::take(&mut self.waiting);
        waiting.sort_unstable_by_key(|kept| (kept.time, kept.id));
        let mut breakers = Breakers::default();
        for kept in &waiting {
            if self.is_first(kept) {
                let (verdict, is_contested) = breakers.answer(kept);
                self.count(kept, verdict, is_contested);
            }
        }
        (self.account, self.answers.unwrap_or_default())
    }

    /// Whether no other record of the same event made this case.
    fn is_first(&mut self, kept: &Kept) -> bool {
        let is_first = self.counted.insert(kept.id);
        self.account.doubled += usize::from(!is_first);
        is_first
    }

    fn count(&mut self, kept: &Kept, verdict: Verdict, is_contested: bool) {
        let Self { names, arns, account, answers, .. } = self;
        let row = account.guardrails.entry(names.text(kept.guardrail).to_owned()).or_default();
        row.severity = row.severity.max(kept.severity);
        let actor = Named { id: names.text(kept.actor).to_owned(), arn: arns.get(&kept.actor).cloned().unwrap_or_default() };
        row.count(kept.time, verdict, is_contested);
        let certainty = Certainty::of(kept.sure, verdict);
        row.assumed += usize::from(certainty == Certainty::Assumed);
        account.assumed += usize::from(certainty == Certainty::Assumed);
        *row.targets.entry(names.text(kept.target).to_owned()).or_default() += 1;
        row.actors.entry(actor.clone()).or_default().count(verdict, names.text(kept.session));
        account.actors.entry(actor).or_default().count(verdict, names.text(kept.session));
        account.accounts.entry(names.text(kept.account).to_owned()).or_default().count(kept.time, verdict, is_contested);
        if let Some(answers) = answers {
            let answer = Answer {
                time: kept.time,
                verdict,
                certainty,
                action: kept.action,
                kind: kept.kind,
                severity: kept.severity,
                account: names.text(kept.account).to_owned(),
                guardrail: names.text(kept.guardrail).to_owned(),
                actor: arns.get(&kept.actor).cloned().unwrap_or_default(),
                target: names.text(kept.target).to_owned(),
            };
            answers.insert(kept.id, answer);
        }
    }
}

/// What would have come of one case.
#[derive(Clone, Debug, Serialize)]
pub struct Answer {
    pub time: DateTime<Utc>,
    pub verdict: Verdict,
    pub certainty: Certainty,
    #[serde(skip)]
    pub action: &'static Action,
    #[serde(skip)]
    pub kind: ActorKind,
    pub severity: Option<Severity>,
    /// The account in which the change was made.
    pub account: String,
    /// The guardrail that leads.
    pub guardrail: String,
    /// The ARN of the actor.
    pub actor: String,
    pub target: String,
}

/// What slows a stack down, and what it counts for that.
#[derive(Default)]
struct Breakers {
    /// Of each guardrail in each function: when its hour began, and how many remedies it had since.
    hours: HashMap<(Option<Remedy>, u32), (DateTime<Utc>, usize)>,
    /// When each change was taken back within the last day.
    taken: HashMap<(Option<Remedy>, u64), Vec<DateTime<Utc>>>,
}

impl Breakers {
    /// What becomes of a case, and whether its change is made again and again.
    fn answer(&mut self, kept: &Kept) -> (Verdict, bool) {
        if kept.verdict != Verdict::TakenBack {
            return (kept.verdict, false);
        }
        let verdict = if self.holds(kept) { Verdict::Held } else { Verdict::TakenBack };
        let times = self.taken.entry((kept.remedy, kept.change)).or_default();
        times.retain(|time| *time > kept.time - TimeDelta::hours(24));
        times.push(kept.time);
        (verdict, times.len() >= CONTESTED)
    }

    /// Whether a remedy waits: all guardrails that enforce it have had as many as they may within the hour.
    fn holds(&mut self, kept: &Kept) -> bool {
        for guardrail in &kept.limited_by {
            let hour = self.hours.entry((kept.remedy, *guardrail)).or_insert((kept.time, 0));
            if kept.time - hour.0 >= TimeDelta::hours(1) {
                *hour = (kept.time, 0);
            }
            if hour.1 < STORM_LIMIT {
                hour.1 += 1;
                return false;
            }
        }
        !kept.limited_by.is_empty()
    }
}

pub fn hash(what: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    hasher.finish()
}

/// An actor, by its unique id, with the name that it had.
#[derive(Clone, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub struct Named {
    /// The unique id; the ARN if the record has none.
    pub id: String,
    /// The ARN in the first record.
    pub arn: String,
}

/// What came of a history.
#[derive(Default)]
pub struct Account {
    /// By the guardrail that leads.
    pub guardrails: BTreeMap<String, Row>,
    /// By account.
    pub accounts: BTreeMap<String, Row>,
    /// By actor, whatever the guardrail.
    pub actors: BTreeMap<Named, Share>,
    /// Cases that another record of the same event had made.
    pub doubled: usize,
    /// Cases whose answer rests on the account's details.
    pub assumed: usize,
}

/// The cases of a guardrail, or of an account.
#[derive(Default)]
pub struct Row {
    /// How many there are of each verdict.
    pub verdicts: BTreeMap<Verdict, usize>,
    /// The gravest.
    pub severity: Option<Severity>,
    /// Of those that would be taken back, how many for the third time or more within a day.
    pub contested: usize,
    /// How many answers rest on the account's details.
    pub assumed: usize,
    /// The first and the last.
    pub span: Option<(DateTime<Utc>, DateTime<Utc>)>,
    hours: BTreeMap<DateTime<Utc>, usize>,
    /// Who.
    pub actors: BTreeMap<Named, Share>,
    /// About what.
    pub targets: BTreeMap<String, usize>,
}

impl Row {
    fn count(&mut self, time: DateTime<Utc>, verdict: Verdict, is_contested: bool) {
        *self.verdicts.entry(verdict).or_default() += 1;
        self.contested += usize::from(is_contested);
        let (first, last) = self.span.unwrap_or((time, time));
        self.span = Some((first.min(time), last.max(time)));
        *self.hours.entry(time.duration_trunc(TimeDelta::hours(1)).unwrap_or(time)).or_default() += 1;
    }

    /// All of them.
    pub fn cases(&self) -> usize {
        self.verdicts.values().sum()
    }

    /// Those with this verdict.
    pub fn of(&self, verdict: Verdict) -> usize {
        self.verdicts.get(&verdict).copied().unwrap_or_default()
    }

    /// The hour with the most cases, and how many.
    pub fn busiest(&self) -> Option<(DateTime<Utc>, usize)> {
        self.hours.iter().max_by_key(|(hour, cases)| (**cases, std::cmp::Reverse(**hour))).map(|(hour, cases)| (*hour, *cases))
    }
}

/// The cases of an actor.
#[derive(Clone, Debug, Default)]
pub struct Share {
    /// How many there are of each verdict.
    pub verdicts: BTreeMap<Verdict, usize>,
    /// Who is behind its sessions, or what they are called, and how often.
    pub sessions: BTreeMap<String, usize>,
}

impl Share {
    fn count(&mut self, verdict: Verdict, session: &str) {
        *self.verdicts.entry(verdict).or_default() += 1;
        if session.is_empty() {
            return;
        }
        *self.sessions.entry(session.to_owned()).or_default() += 1;
        // The first by name, so that they are the same ones in whatever order the cases come.
        if self.sessions.len() > SESSIONS_MAX {
            self.sessions.pop_last();
        }
    }

    /// All of them.
    pub fn cases(&self) -> usize {
        self.verdicts.values().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sessions_that_are_named_are_the_same_in_whatever_order_the_cases_come() {
        let names: Vec<String> = (0..3 * SESSIONS_MAX).map(|number| format!("session-{number:02}")).collect();
        let mut forwards = Share::default();
        names.iter().chain(&names).for_each(|name| forwards.count(Verdict::Noticed, name));
        let mut backwards = Share::default();
        names.iter().rev().flat_map(|name| [name, name]).for_each(|name| backwards.count(Verdict::Noticed, name));
        assert_eq!(forwards.sessions, backwards.sessions);
        assert!(forwards.sessions.len() == SESSIONS_MAX && forwards.sessions.values().all(|times| *times == 2));
        assert_eq!(forwards.cases(), 6 * SESSIONS_MAX);
    }
}
