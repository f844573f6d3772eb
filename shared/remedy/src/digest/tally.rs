//! Cases of a day, counted: by guardrail and outcome, by whom and on what.

use std::collections::BTreeMap;

use policy::case::Outcome;
use policy::text::{few, name};
use serde_json::{Value, json};

use crate::ledger::archive::Line;

/// As many actors and targets of one kind are named.
const NAMED: usize = 3;
/// From so many times on, a change that is taken back again and again is named. The notice's own count goes by the change, this one by its guardrail.
const AGAIN: usize = 3;

/// Cases that are alike but for who made them and on what.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Kind {
    /// As the ledger names it; empty of one that is not finished.
    pub outcome: String,
    pub guardrail: String,
    pub severity: String,
}

impl Kind {
    /// Whether its cases had this outcome.
    pub fn is(&self, outcome: Outcome) -> bool {
        self.outcome == outcome.name()
    }
}

/// How many of a kind there are.
#[derive(Debug, Default)]
pub struct Count {
    pub times: usize,
    actors: BTreeMap<String, usize>,
    targets: BTreeMap<String, usize>,
}

/// The cases of a day.
#[derive(Debug, Default)]
pub struct Tally {
    pub kinds: BTreeMap<Kind, Count>,
    taken: BTreeMap<(String, String), usize>,
}

impl Tally {
    /// Counts a case.
    pub fn add(&mut self, line: &Line) {
        let kind = Kind { outcome: line.outcome.clone(), guardrail: line.guardrail.clone(), severity: line.severity.clone() };
        let count = self.kinds.entry(kind).or_default();
        count.times += 1;
        *count.actors.entry(line.actor.clone()).or_default() += 1;
        *count.targets.entry(line.target.clone()).or_default() += 1;
        if line.outcome == Outcome::Applied.name() {
            *self.taken.entry((line.guardrail.clone(), line.target.clone())).or_default() += 1;
        }
    }

    /// The guardrails that were broken, exempt or not.
    pub fn broken(&self) -> impl Iterator<Item = &str> {
        self.kinds.keys().map(|kind| kind.guardrail.as_str())
    }

    /// What was taken back so often that somebody seems to make it again each time.
    pub fn again(&self) -> impl Iterator<Item = String> {
        let again = self.taken.iter().filter(|(_, times)| **times >= AGAIN);
        again.map(|((guardrail, target), times)| format!("{} on {}, taken back {times} times", name(guardrail), shown(target)))
    }

    /// As JSON.
    pub fn document(&self) -> Value {
        let kind = |(kind, count): (&Kind, &Count)| {
            let Kind { outcome, guardrail, severity } = kind;
            json!({ "outcome": outcome, "guardrail": guardrail, "severity": severity, "cases": count.times,
                "actors": count.actors.len(), "targets": count.targets.len() })
        };
        self.kinds.iter().map(kind).collect()
    }
}

impl Count {
    /// In a line for a person.
    pub fn line(&self, kind: &Kind) -> String {
        let (by, about) = (named(&self.actors, name), named(&self.targets, shown));
        let times = if self.times == 1 { "once".to_owned() } else { format!("{} times", self.times) };
        format!("{} ({}), {times}, by {by}: {about}", name(&kind.guardrail), kind.severity)
    }
}

/// What has the most cases, and how many others there are.
fn named(counted: &BTreeMap<String, usize>, shown: impl Fn(&str) -> String) -> String {
    let mut most: Vec<(&String, &usize)> = counted.iter().collect();
    most.sort_by_key(|(_, times)| std::cmp::Reverse(**times));
    few(most.into_iter().map(|(name, _)| shown(name)), NAMED)
}

/// A target, which the ledger holds in words: `user polsen`.
fn shown(target: &str) -> String {
    if target.is_empty() { "what the record does not say".to_owned() } else { policy::text::said(target) }
}
