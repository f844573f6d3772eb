//! `rescind cases`: what the ledger holds.

use std::io::Write;

use anyhow::{Result, anyhow};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use clap::Args;
use policy::action::functions;
use policy::text::{quoted, shown};
use remedy::archive::{Line, Span};
use remedy::caller::CallerError;

use crate::{ledger, live};

/// Which cases.
#[derive(Args)]
pub struct Cases {
    #[command(flatten)]
    ledger: ledger::Place,
    /// Only those since then: 2026-03-02, 2026-03-02T12:00:00Z, or so long ago: 30m, 12h, 7d.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    since: Option<DateTime<Utc>>,
    /// Only those until then.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    until: Option<DateTime<Utc>>,
    /// Only those about this user, group or role: part of its name will do.
    #[arg(long, value_name = "NAME")]
    principal: Option<String>,
    /// Only those that this guardrail leads.
    #[arg(long, value_name = "ID")]
    guardrail: Option<String>,
    /// Only those with this outcome.
    #[arg(long)]
    outcome: Option<String>,
    /// Only those whose change somebody with this in their ARN made, or of one session or key (`act-…`, as notices name it). The oldest first:
    /// the story in order.
    #[arg(long, value_name = "ARN|ID")]
    actor: Option<String>,
    /// Only those that a function began and has not finished.
    #[arg(long)]
    unfinished: bool,
    /// Print the cases themselves, each as one line of JSON: the document that queues receive as its notice.
    #[arg(long)]
    json: bool,
}

/// Prints them, the newest first; of one actor, the oldest first.
pub fn run(arguments: &Cases, out: &mut impl Write) -> Result<()> {
    let runtime = live::runtime()?;
    let archive = arguments.ledger.open(&runtime)?;
    let span = Span { from: arguments.since, to: arguments.until };
    let mut lines = Vec::new();
    for function in functions() {
        lines.extend(runtime.block_on(archive.lines(function, span)).map_err(CallerError::from)?);
    }
    lines.retain(|line| arguments.wants(line));
    lines.sort_by(|one, other| (&one.time, &one.id).cmp(&(&other.time, &other.id)));
    if arguments.actor.is_none() {
        lines.reverse();
    }
    for line in &lines {
        if !arguments.json {
            print(line, out)?;
        } else if let Some(case) = runtime.block_on(archive.whole(line)).map_err(CallerError::from)? {
            writeln!(out, "{case}")?;
        }
    }
    if lines.is_empty() && !arguments.json {
        writeln!(out, "no such case")?;
    }
    Ok(())
}

impl Cases {
    fn wants(&self, line: &Line) -> bool {
        let holds = |wanted: &Option<String>, text: &str| {
            wanted.as_ref().is_none_or(|wanted| text.to_ascii_lowercase().contains(&wanted.to_ascii_lowercase()))
        };
        let is = |wanted: &Option<String>, text: &str| wanted.as_ref().is_none_or(|wanted| wanted == text);
        holds(&self.principal, &line.target)
            && (holds(&self.actor, &line.actor) || self.actor.as_ref() == Some(&line.correlation))
            && is(&self.guardrail, &line.guardrail)
            && is(&self.outcome, &line.outcome)
            && (!self.unfinished || line.is_unfinished())
    }
}

fn print(line: &Line, out: &mut impl Write) -> Result<()> {
    let outcome = if line.is_unfinished() { "UNFINISHED" } else { &line.outcome };
    let target = if line.target.is_empty() { "unknown" } else { &line.target };
    writeln!(
        out,
        "{}  {}  {:<13} {:<8} {}  {}  by {}",
        shown(&line.time),
        shown(&line.id),
        shown(outcome),
        shown(&line.severity),
        shown(&line.guardrail),
        shown(target),
        shown(&line.actor)
    )?;
    Ok(())
}

/// A moment, a day's beginning, or so long ago.
pub fn moment(text: &str) -> Result<DateTime<Utc>> {
    if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
        return Ok(moment.to_utc());
    }
    if let Ok(day) = text.parse::<NaiveDate>() {
        return Ok(day.and_time(chrono::NaiveTime::MIN).and_utc());
    }
    let ago = || {
        let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
        let number: i64 = number.parse().ok()?;
        let long = match unit {
            "m" => TimeDelta::try_minutes(number),
            "h" => TimeDelta::try_hours(number),
            "d" => TimeDelta::try_days(number),
            _ => None,
        };
        Utc::now().checked_sub_signed(long?)
    };
    ago().ok_or_else(|| anyhow!("{} is no time: 2026-03-02, 2026-03-02T12:00:00Z or 7d are", quoted(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_moment_a_day_or_so_long_ago() {
        assert_eq!(moment("2026-03-02").unwrap(), moment("2026-03-02T00:00:00Z").unwrap());
        let then = moment("12h").unwrap();
        let ago = Utc::now() - then;
        assert!((TimeDelta::hours(12)..TimeDelta::hours(13)).contains(&ago));
        for wrong in ["", "d", "é", "yesterday", "99999999999999999999d", "9223372036854775807d"] {
            assert!(moment(wrong).is_err(), "{wrong}");
        }
    }
}
