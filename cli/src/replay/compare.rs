//! What another rulebook would have made of the same history.

use std::collections::BTreeMap;
use std::io::{self, Write};

use policy::text::{name, said, shown};
use serde_json::{Value, json};

use super::history::{Answer, Verdict};
use super::report::counted;

/// As many cases of a kind are listed for a person.
const LISTED: usize = 20;

/// How two rulebooks differ on a history: this one, and the other that it is put beside.
pub struct Comparison<'a> {
    /// Cases that only this one makes.
    pub won: Vec<&'a Answer>,
    /// Cases that only the other makes.
    pub lost: Vec<&'a Answer>,
    /// Cases that they answer differently: the other's answer, and this one's.
    pub changed: Vec<(&'a Answer, &'a Answer)>,
}

impl<'a> Comparison<'a> {
    /// Puts the answers of this rulebook beside those of the other.
    pub fn of(these: &'a BTreeMap<u64, Answer>, others: &'a BTreeMap<u64, Answer>) -> Self {
        let won = these.iter().filter(|(id, _)| !others.contains_key(id)).map(|(_, answer)| answer).collect();
        let lost = others.iter().filter(|(id, _)| !these.contains_key(id)).map(|(_, answer)| answer).collect();
        let both = these.iter().filter_map(|(id, this)| Some((others.get(id)?, this)));
        let mut comparison = Self { won, lost, changed: both.filter(|(other, this)| other.verdict != this.verdict).collect() };
        comparison.won.sort_by_key(|answer| answer.time);
        comparison.lost.sort_by_key(|answer| answer.time);
        comparison.changed.sort_by_key(|(_, this)| this.time);
        comparison
    }

    /// How many changes would be taken back that the other rulebook leaves.
    pub fn new_remedies(&self) -> usize {
        let takes = |answer: &Answer| matches!(answer.verdict, Verdict::TakenBack | Verdict::Held);
        self.won.iter().filter(|answer| takes(answer)).count()
            + self.changed.iter().filter(|(other, this)| takes(this) && !takes(other)).count()
    }

    /// Whether they differ at all.
    pub const fn differs(&self) -> bool {
        !(self.won.is_empty() && self.lost.is_empty() && self.changed.is_empty())
    }

    /// For a terminal.
    pub fn text(&self, other: &str, out: &mut impl Write) -> io::Result<()> {
        let Self { won, lost, changed } = self;
        writeln!(
            out,
            "\nagainst {}: {} won, {} lost, {} answered otherwise; {} would be taken back that were not",
            shown(other),
            counted(won.len(), "case"),
            lost.len(),
            changed.len(),
            counted(self.new_remedies(), "change")
        )?;
        let won: Vec<String> = won.iter().map(|answer| line("+", answer.verdict.name(), answer)).collect();
        let lost: Vec<String> = lost.iter().map(|answer| line("-", answer.verdict.name(), answer)).collect();
        let changed: Vec<String> =
            changed.iter().map(|(was, is)| line("~", &format!("{}, was {}", is.verdict.name(), was.verdict.name()), is)).collect();
        for lines in [won, lost, changed] {
            for line in lines.iter().take(LISTED) {
                writeln!(out, "{line}")?;
            }
            if lines.len() > LISTED {
                writeln!(out, "  and {} more", lines.len() - LISTED)?;
            }
        }
        Ok(())
    }

    /// For programs.
    pub fn json(&self, other: &str) -> Value {
        let changed = self.changed.iter().map(|(was, is)| json!({ "was": was.verdict, "is": is }));
        json!({ "rulebook": other, "newRemedies": self.new_remedies(), "won": self.won, "lost": self.lost, "changed": changed.collect::<Vec<_>>() })
    }
}

fn line(sign: &str, verdict: &str, answer: &Answer) -> String {
    let time = answer.time.format("%Y-%m-%d %H:%M");
    format!("{sign} {time}  {verdict}: {}  {}  by {}", shown(&answer.guardrail), said(&answer.target), name(&answer.actor))
}
