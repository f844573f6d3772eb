//! The daily digest: what was not worth a notice of its own, what an enforcing stack would have done, and what somebody should look at some time.
//!
//! The first tick after the hour of the digest sends it, of one function for all of them. A day on which there is nothing to say has none.

mod tally;

use chrono::{DateTime, TimeDelta, Timelike as _, Utc};
use policy::action::functions;
use policy::case::Outcome;
use policy::guardrail::{ANNOUNCED, Rulebook};
use policy::severity::Severity;
use policy::text::{name, said};
use policy::watch::WATCH;
use serde_json::{Value, json};

use crate::cut::{BRIEF, Line};
use crate::error::AwsCall;
use crate::handler::Handler;
use crate::ledger::archive::Span;
use crate::ledger::{Days, Stop};
use crate::log;
use crate::message::Message;
use crate::report::{may_wait, time};
use tally::{Count, Kind, Tally};

/// The message's id: it has no case.
const ID: &str = "rescind-digest";
/// An index follows its table by a moment: what is younger waits for the next digest.
const SETTLED: TimeDelta = TimeDelta::minutes(1);
/// A digest looks back as far as the last one, but no further than this.
const LOOKS_BACK: TimeDelta = TimeDelta::days(7);
/// A guardrail that was broken on so many days in a row is worth a change.
const DAILY: u32 = 7;

/// Everything that a digest says.
struct Digest<'a> {
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    tally: Tally,
    /// What watch alone reports: nothing would take it back.
    noticed: Tally,
    days: Days,
    /// The whole rulebook, whatever its function judges; `None` if it cannot be read.
    rulebook: Option<&'a Rulebook>,
    stop: Stop,
    /// What is less severe has no notice of its own.
    least: Severity,
}

impl Handler {
    /// Sends the digest if it is due, and if this function has an hour for it.
    pub(crate) async fn digest(&self, function: &str, now: DateTime<Utc>) -> Result<(), AwsCall> {
        let (Some(hour), ledger) = (self.environment.digest_hour, &self.clients.ledger) else {
            return Ok(());
        };
        if now.hour() < hour {
            return Ok(());
        }
        let days = ledger.days(function).await?;
        if days.at.is_some_and(|at| at.date_naive() == now.date_naive()) {
            return Ok(());
        }
        let to = now - SETTLED;
        let from =
            days.at.map(|at| at - SETTLED).filter(|at| *at > to - LOOKS_BACK && *at < to).unwrap_or_else(|| now - TimeDelta::days(1));
        let (mut tally, mut noticed) = (Tally::default(), Tally::default());
        let archive = ledger.archive();
        for reporter in functions() {
            let counted = if reporter == WATCH { &mut noticed } else { &mut tally };
            archive.lines(reporter, Span { from: Some(from), to: Some(to) }).await?.iter().for_each(|line| counted.add(line));
        }
        let days = days.passed(now, tally.broken().chain(noticed.broken()));
        let (stop, _) = ledger.stop_and_told().await?;
        let rulebook = rulebook::load(&self.environment.guardrails_dir);
        let rulebook = rulebook.inspect_err(|error| tracing::error!(%error, "the digest is without the rulebook")).ok();
        let digest = Digest { from, to, tally, noticed, days, rulebook: rulebook.as_ref(), stop, least: self.environment.notice_severity };
        if digest.has_news() {
            self.publish_digest(&digest).await?;
        }
        log::digest(digest.has_news());
        ledger.note_days(function, &digest.days).await
    }

    async fn publish_digest(&self, digest: &Digest<'_>) -> Result<(), AwsCall> {
        let mut lines = digest.lines();
        lines.push(("Account", self.account_and_region()));
        let message = Message {
            id: ID,
            severity: Severity::Low.name(),
            outcome: "digest",
            account: &self.environment.account,
            headline: digest.headline(),
            lines: BRIEF.lines(&lines, ID),
        };
        let forms = message.with(&digest.document(self.environment.account.as_str()).to_string());
        message.publish((&self.clients.sns, &self.environment.topic_arn), &forms, message.attributes("none", "none")).await
    }

    /// The account as a person knows it, and the region.
    pub(crate) fn account_and_region(&self) -> String {
        crate::notice::account(&self.environment.account, self.alias.as_deref(), &self.environment.region)
    }
}

impl Digest<'_> {
    /// Whether there is anything that somebody has not heard of. What ends, or is never broken, comes along.
    fn has_news(&self) -> bool {
        !self.tally.kinds.is_empty() || !self.noticed.kinds.is_empty() || !self.stop.is_nothing() || self.ends_today().next().is_some()
    }

    /// Exemptions of which today is a day to say so.
    fn ends_today(&self) -> impl Iterator<Item = i64> {
        let days_left = self.rulebook.into_iter().flat_map(|rulebook| rulebook.ending(self.to)).map(|ending| ending.days_left);
        days_left.filter(|left| *left == 1 || ANNOUNCED.contains(left))
    }

    fn headline(&self) -> String {
        let cases: usize = self.all().map(|(_, count)| count.times).sum();
        let unsent: usize = self.all().filter(|(kind, _)| self.is_unsent(kind)).map(|(_, count)| count.times).sum();
        let s = if cases == 1 { "" } else { "s" };
        format!("digest: {cases} case{s}, {unsent} without a notice of their own")
    }

    fn all(&self) -> impl Iterator<Item = (&Kind, &Count)> {
        self.tally.kinds.iter().chain(&self.noticed.kinds)
    }

    /// Whether cases of this kind had no notice of their own.
    fn is_unsent(&self, kind: &Kind) -> bool {
        Outcome::ALL.into_iter().any(|outcome| kind.is(outcome) && may_wait(outcome))
            && Severity::ALL.into_iter().any(|severity| severity < self.least && severity.name() == kind.severity)
    }

    fn lines(&self) -> Vec<Line> {
        let mut lines = vec![("Period", format!("{} to {}", minute(self.from), minute(self.to)))];
        for outcome in Outcome::ALL {
            for (tally, word) in
                [(&self.tally, word(outcome)), (&self.noticed, if outcome == Outcome::Observed { "Noticed" } else { word(outcome) })]
            {
                lines.extend(tally.kinds.iter().filter(|(kind, _)| kind.is(outcome)).map(|(kind, count)| (word, count.line(kind))));
            }
        }
        lines.extend(self.tally.again().map(|again| ("Again", again)));
        lines.extend(self.stop.lines().into_iter().map(|line| ("Stopped", said(&line))));
        let ending = self.rulebook.into_iter().flat_map(|rulebook| rulebook.ending(self.to));
        lines.extend(ending.map(|ending| {
            let exemption = ending.exemption;
            let when = if ending.days_left < 0 { "has ended on" } else { "ends on" };
            ("Exemption", format!("{} {when} {}; {} owns it", name(&exemption.id), exemption.until, said(&exemption.owner)))
        }));
        let daily: Vec<String> = self.days.daily(DAILY).map(name).collect();
        if !daily.is_empty() {
            lines.push(("Daily", format!("broken on each of the last {DAILY} days: {}", daily.join(", "))));
        }
        if let Some((known, never)) = self.never() {
            lines.push(("Never", format!("{} guardrails were not broken in {known} days: {}", never.len(), never.join(", "))));
        }
        if self.tally.kinds.keys().any(|kind| kind.is(Outcome::Observed)) {
            lines.push((
                "Next",
                "a stack that enforces takes back what is observed here: give what is right an exemption before".to_owned(),
            ));
        }
        lines.push(("Next", format!("rescind cases --since {} lists them", time(self.from))));
        lines
    }

    /// The guardrails that were not broken for as long as the digest can tell; `None` if that is not long.
    fn never(&self) -> Option<(u32, Vec<String>)> {
        let known = self.days.known(self.to);
        let never: Vec<String> = self.rulebook?.ids().iter().filter(|id| !self.days.ever(id)).map(|id| name(id)).collect();
        (known >= DAILY && !never.is_empty()).then_some((known, never))
    }

    fn document(&self, account: &str) -> Value {
        let ending = self.rulebook.into_iter().flat_map(|rulebook| rulebook.ending(self.to));
        let ending: Vec<_> = ending.map(|ending| json!({ "id": ending.exemption.id, "daysLeft": ending.days_left })).collect();
        let never = self.never().map(|(_, never)| never).unwrap_or_default();
        json!({
            "version": 1,
            "digest": { "from": self.from, "to": self.to, "cases": self.tally.document(), "noticed": self.noticed.document(),
                "again": self.tally.again().collect::<Vec<_>>(), "stop": self.stop.lines(), "exemptionsEnding": ending,
                "brokenDaily": self.days.daily(DAILY).collect::<Vec<_>>(), "neverBroken": never },
            "account": account,
        })
    }
}

/// The word before a line about cases with this outcome.
const fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Failed => "Failed",
        Outcome::Held => "Held",
        Outcome::Unremediable => "To do",
        Outcome::Applied => "Taken back",
        Outcome::Observed => "Observed",
        Outcome::Exempt => "Exempt",
        Outcome::Attempted => "Refused",
        Outcome::AlreadyClean => "Clean",
    }
}

fn minute(time: DateTime<Utc>) -> impl std::fmt::Display {
    time.format("%Y-%m-%d %H:%M UTC")
}
