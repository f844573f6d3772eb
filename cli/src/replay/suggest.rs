//! A draft of the exemptions that people would otherwise write by hand: one for each actor whose changes would have been taken back.
//!
//! An actor is known by its account, path and name, as an exemption has to compare them. Never by what it writes itself: the session's name, the user agent,
//! a tag. The root user and callers of other accounts get none: whoever wants one has to write it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use chrono::{DateTime, TimeDelta, Utc};
use policy::actor::ActorKind;
use policy::severity::Severity;
use policy::text::shown;

use super::history::{Answer, Verdict};
use super::report::counted;

/// So long an exemption lasts that nobody has looked at twice.
const LASTS: TimeDelta = TimeDelta::days(90);

/// The actor of an exemption: kind, account, path and name.
type Who = (&'static str, String, String, String);

/// What one exemption would cover.
#[derive(Default)]
struct Covered<'a> {
    cases: usize,
    /// The guardrails that lead, each with its number of cases and its severity.
    guardrails: BTreeMap<&'a str, (usize, Option<Severity>)>,
    actions: BTreeSet<&'static str>,
    targets: BTreeSet<&'a str>,
}

/// A draft, as text of `exemptions.cedar`.
pub struct Suggestions<'a> {
    covered: Vec<(Who, Covered<'a>)>,
    /// Cases that none of them covers.
    others: usize,
}

impl<'a> Suggestions<'a> {
    /// For these answers.
    pub fn of(answers: impl Iterator<Item = &'a Answer>) -> Self {
        let mut covered: BTreeMap<Who, Covered<'a>> = BTreeMap::new();
        let mut others = 0;
        for answer in answers.filter(|answer| matches!(answer.verdict, Verdict::TakenBack | Verdict::Held | Verdict::ToDo)) {
            let Some(who) = who(answer) else {
                others += 1;
                continue;
            };
            let group = covered.entry(who).or_default();
            group.cases += 1;
            let guardrail = group.guardrails.entry(&answer.guardrail).or_default();
            *guardrail = (guardrail.0 + 1, guardrail.1.max(answer.severity));
            group.actions.insert(answer.action.name);
            group.targets.insert(&answer.target);
        }
        let mut covered: Vec<_> = covered.into_iter().collect();
        covered.sort_by_key(|(_, group)| std::cmp::Reverse(group.cases));
        Self { covered, others }
    }

    /// How many there are.
    pub const fn number(&self) -> usize {
        self.covered.len()
    }

    /// Writes the draft.
    pub fn write(&self, now: DateTime<Utc>, out: &mut impl Write) -> io::Result<()> {
        let all = self.others + self.covered.iter().map(|(_, group)| group.cases).sum::<usize>();
        writeln!(
            out,
            "// A draft: {all} changes of the replayed history would have been taken back, or left to a person. Take out what is an attack or a mistake,"
        )?;
        writeln!(out, "// say of the rest who owns it and why, narrow what you can, and add it to exemptions.cedar.")?;
        let mut remain = all;
        for (number, (who, group)) in (1..).zip(&self.covered) {
            remain -= group.cases;
            one(number, who, group, remain, now, out)?;
        }
        if self.others > 0 {
            writeln!(
                out,
                "\n// {} are by the root user, by callers of other accounts, or by callers without a name: no exemption is proposed for them.",
                self.others
            )?;
        }
        Ok(())
    }
}

fn one(
    number: usize,
    (kind, account, path, name): &Who,
    group: &Covered<'_>,
    remain: usize,
    now: DateTime<Utc>,
    out: &mut impl Write,
) -> io::Result<()> {
    let guardrails: Vec<String> = group
        .guardrails
        .iter()
        .map(|(id, (cases, severity))| format!("{cases} of {} ({})", shown(id), severity.map_or("none", Severity::name)))
        .collect();
    let actions: Vec<String> = group.actions.iter().map(|action| format!("Action::{}", quoted(action))).collect();
    let about = if group.targets.len() == 1 {
        format!("one target, {}", group.targets.first().map(|target| shown(target)).unwrap_or_default())
    } else {
        counted(group.targets.len(), "target")
    };
    writeln!(
        out,
        "\n// Covers {} about {about}: {}. {} left after this one.",
        counted(group.cases, "case"),
        guardrails.join(", "),
        counted(remain, "case")
    )?;
    writeln!(out, "// It also lets stand whatever else this actor does by the same calls.{}", also(kind, path))?;
    writeln!(out, "@id(\"draft-{number}-{}\")", slug(name))?;
    writeln!(out, "@owner(\"\")")?;
    writeln!(out, "@reason(\"\")")?;
    writeln!(out, "@until(\"{}\")", (now + LASTS).date_naive())?;
    let is = match &*actions {
        [action] => format!("action == {action}"),
        actions => format!("action in [{}]", actions.join(", ")),
    };
    writeln!(out, "permit (principal is {kind}, {is}, resource)")?;
    write!(out, "when   {{ ")?;
    if *kind == "Service" {
        return writeln!(out, "principal.name == {} && context.account == {} }};", quoted(name), quoted(account));
    }
    let account = if account.is_empty() { "context.account".to_owned() } else { quoted(account) };
    writeln!(out, "principal.account == {account} && principal.path == {} && principal.name == {} }};", quoted(path), quoted(name))
}

/// Who else would be exempt.
fn also(kind: &str, path: &str) -> &'static str {
    match kind {
        "Service" => "",
        _ if path.starts_with("/aws-reserved/") || path.starts_with("/aws-service-role/") => " Only AWS can make a role under this path.",
        "Role" => " So it does for whoever may create a role of this path and name, or change who can assume it: keep them few.",
        _ => " So it does for whoever may create a user of this path and name, or a key of theirs: keep them few.",
    }
}

/// The actor of an exemption; `None` if there is none to be named.
fn who(answer: &Answer) -> Option<Who> {
    let parts: Vec<&str> = answer.actor.splitn(6, ':').collect();
    match (answer.kind, &*parts) {
        (ActorKind::Service, _) => Some(("Service", answer.account.clone(), String::new(), answer.actor.clone())),
        (ActorKind::User | ActorKind::Role, ["arn", _, "iam", _, account, resource]) if *account == answer.account => {
            let kind = if answer.kind == ActorKind::Role { "Role" } else { "User" };
            let (_, path) = resource.split_once('/')?;
            let (path, name) = path.rsplit_once('/').map_or_else(|| ("/".to_owned(), path), |(path, name)| (format!("/{path}/"), name));
            Some((kind, (*account).to_owned(), path, name.to_owned()))
        }
        _ => None,
    }
}

/// A text of Cedar's. It knows the escapes of JSON for what can stand in a name or path: printable ASCII (IAM API reference).
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// What an id may hold of a name.
fn slug(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    name.chars().map(plain).take(40).collect()
}
