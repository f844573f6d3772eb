//! What a replay says: a table for people, a document for programs.

use std::collections::BTreeMap;
use std::io::{self, Write};

use chrono::{DateTime, Utc};
use policy::Rulebook;
use policy::severity::Severity;
use policy::text::{few, name, said, shown};
use serde_json::{Value, json};

use super::compare::Comparison;
use super::history::{Named, Row, Share, Verdict};
use super::pass::Replayed;

/// As many actors of a guardrail, and accounts, are named.
const NAMED: usize = 3;
/// The width of the longest bar.
const BAR: usize = 12;

/// A replay, with what it was judged by.
pub struct Report<'a> {
    pub rulebook: &'a Rulebook,
    /// Folders of other days and regions, or without records.
    pub passed_folders: usize,
    pub replayed: &'a Replayed,
    /// What another rulebook makes of it, and where that is.
    pub beside: Option<(&'a Comparison<'a>, String)>,
}

impl Report<'_> {
    /// For a terminal.
    pub fn text(&self, unreadable: &[(String, io::Error)], out: &mut impl Write) -> io::Result<()> {
        let Replayed { counts, outcome, files, span, broken, seconds, .. } = self.replayed;
        let rows: Vec<(&String, &Row)> = sorted(&outcome.guardrails);
        let cases: usize = rows.iter().map(|(_, row)| row.cases()).sum();
        let period = span.map(|(first, last)| format!(", judged from {} to {}", minute(first), minute(last))).unwrap_or_default();
        writeln!(out, "{} in {}{period}, {seconds:.1} s", counted(counts.records, "record"), counted(*files, "file"))?;
        writeln!(
            out,
            "{} of no concern to any guardrail, {} judged, {} of {}, {} not broken",
            counts.passed,
            counts.judged,
            counted(cases, "case"),
            counted(rows.len(), "guardrail"),
            self.rulebook.guardrail_count().saturating_sub(rows.len())
        )?;
        if outcome.doubled > 0 {
            writeln!(out, "{} cases were in the records twice, and count once", outcome.doubled)?;
        }
        if !rows.is_empty() {
            table(&rows, out)?;
        }
        if outcome.assumed > 0 {
            writeln!(out, "\nassumed, from the accounts' details of another day: {}", outcome.assumed)?;
        }
        let unknown: usize = rows.iter().map(|(_, row)| row.of(Verdict::Unknown)).sum();
        if unknown > 0 && !self.replayed.past.has_details() {
            writeln!(out, "\nunknown: the records do not say what the account was; --account-details does")?;
        }
        if outcome.accounts.len() > 1 {
            writeln!(out, "\nby account")?;
            for (account, row) in sorted(&outcome.accounts).iter().take(NAMED * 3) {
                writeln!(out, "  {}  {}", name(account), verdicts(&row.verdicts))?;
            }
        }
        if let Some((comparison, other)) = &self.beside {
            comparison.text(other, out)?;
        }
        for (file, place, why) in broken {
            writeln!(out, "\nnot judged: record {place} of {}: {}", shown(file), said(why))?;
        }
        if counts.broken > broken.len() {
            writeln!(out, "\nand {} more that were not judged", counts.broken - broken.len())?;
        }
        for (file, error) in unreadable.iter().chain(&self.replayed.unreadable) {
            writeln!(out, "\nnot read: {}: {error}", shown(file))?;
        }
        Ok(())
    }

    /// For programs.
    pub fn document(&self, unreadable: &[(String, io::Error)]) -> Value {
        let Replayed { counts, outcome, files, span, broken, .. } = self.replayed;
        let not_read = unreadable.iter().chain(&self.replayed.unreadable);
        json!({
            "version": 1,
            "files": files,
            "foldersPassed": self.passed_folders,
            "records": counts.records,
            "passed": counts.passed,
            "judged": counts.judged,
            "doubled": outcome.doubled,
            "assumed": outcome.assumed,
            "span": span.map(|(first, last)| json!({ "from": first, "to": last })),
            "guardrails": sorted(&outcome.guardrails).into_iter().map(|(id, row)| row_json("id", id, row)).collect::<Vec<_>>(),
            "accounts": sorted(&outcome.accounts).into_iter().map(|(id, row)| row_json("account", id, row)).collect::<Vec<_>>(),
            "actors": most_of(&outcome.actors, Share::cases).into_iter().map(|(actor, share)| actor_json(actor, share)).collect::<Vec<_>>(),
            "neverBroken": self.rulebook.ids().iter().filter(|id| !outcome.guardrails.contains_key(*id)).collect::<Vec<_>>(),
            "notJudged": { "records": counts.broken, "first": broken.iter().map(|(file, place, why)| {
                json!({ "file": file, "record": place, "why": why })
            }).collect::<Vec<_>>() },
            "against": self.beside.as_ref().map(|(comparison, other)| comparison.json(other)),
            "notRead": not_read.map(|(file, error)| json!({ "file": file, "why": error.to_string() })).collect::<Vec<_>>(),
        })
    }
}

/// The guardrails, each with whoever broke it most.
fn table(rows: &[(&String, &Row)], out: &mut impl Write) -> io::Result<()> {
    let columns: Vec<Verdict> = Verdict::ALL.into_iter().filter(|verdict| rows.iter().any(|(_, row)| row.of(*verdict) > 0)).collect();
    let width = rows.iter().map(|(id, _)| id.len()).max().unwrap_or_default().max("guardrail".len());
    write!(out, "\n{:<width$}  {:<8}  {:>7}", "guardrail", "severity", "cases")?;
    for column in &columns {
        write!(out, "  {:>10}", column.name())?;
    }
    writeln!(out)?;
    let most = rows.iter().map(|(_, row)| row.cases()).max().unwrap_or(1).max(1);
    for (id, row) in rows {
        let severity = row.severity.map_or("none", Severity::name);
        write!(out, "{:<width$}  {severity:<8}  {:>7}", shown(id), row.cases())?;
        for column in &columns {
            match row.of(*column) {
                0 => write!(out, "  {:>10}", "")?,
                many => write!(out, "  {many:>10}")?,
            }
        }
        writeln!(out, "  {}", "▇".repeat((row.cases() * BAR).div_ceil(most)))?;
        for (actor, share) in most_of(&row.actors, Share::cases).iter().take(NAMED) {
            writeln!(out, "    {} {}{}", share.cases(), name(&actor.arn), behind(share))?;
        }
        if row.actors.len() > NAMED {
            writeln!(out, "    and {} more", row.actors.len() - NAMED)?;
        }
        if let Some((hour, many)) = row.busiest().filter(|(_, many)| *many > 1) {
            writeln!(out, "    busiest hour: {many} from {}", minute(hour))?;
        }
        if row.contested > 0 {
            writeln!(out, "    made again and again: {} for the third time or more within a day", row.contested)?;
        }
    }
    Ok(())
}

fn row_json(key: &str, id: &str, row: &Row) -> Value {
    let busiest = row.busiest().map(|(hour, cases)| json!({ "hour": hour, "cases": cases }));
    let targets: Vec<_> =
        most_of(&row.targets, |cases| *cases).into_iter().map(|(target, cases)| json!({ "target": target, "cases": cases })).collect();
    json!({
        key: id,
        "cases": row.cases(),
        "verdicts": row.verdicts,
        "severity": row.severity,
        "contested": row.contested,
        "assumed": row.assumed,
        "first": row.span.map(|(first, _)| first),
        "last": row.span.map(|(_, last)| last),
        "busiestHour": busiest,
        "actors": most_of(&row.actors, Share::cases).into_iter().map(|(actor, share)| actor_json(actor, share)).collect::<Vec<_>>(),
        "targets": targets,
    })
}

fn actor_json(actor: &Named, share: &Share) -> Value {
    json!({ "id": actor.id, "arn": actor.arn, "cases": share.cases(), "verdicts": share.verdicts, "sessions": share.sessions })
}

/// The gravest first, and of those the ones with the most cases.
fn sorted(rows: &BTreeMap<String, Row>) -> Vec<(&String, &Row)> {
    let mut rows: Vec<_> = rows.iter().collect();
    rows.sort_by_key(|(_, row)| std::cmp::Reverse((row.severity, row.cases())));
    rows
}

fn most_of<K, V>(shares: &BTreeMap<K, V>, cases: impl Fn(&V) -> usize) -> Vec<(&K, &V)> {
    let mut shares: Vec<_> = shares.iter().collect();
    shares.sort_by_key(|(_, share)| std::cmp::Reverse(cases(share)));
    shares
}

fn verdicts(verdicts: &BTreeMap<Verdict, usize>) -> String {
    verdicts.iter().map(|(verdict, cases)| format!("{cases} {}", verdict.name())).collect::<Vec<_>>().join(", ")
}

/// The people behind an actor's sessions, or what the sessions are called.
fn behind(share: &Share) -> String {
    if share.sessions.is_empty() {
        return String::new();
    }
    let sessions = most_of(&share.sessions, |times| *times).into_iter().map(|(session, _)| name(session));
    format!(": {}", few(sessions, NAMED))
}

/// `1 file`, `2 files`.
pub fn counted(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

fn minute(time: DateTime<Utc>) -> impl std::fmt::Display {
    time.format("%Y-%m-%d %H:%M UTC")
}
