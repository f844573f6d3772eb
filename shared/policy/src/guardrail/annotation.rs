//! What a guardrail or an exemption says of itself, in annotations.

use std::collections::BTreeMap;

use cedar_policy::Policy;
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::requirement::Requirement;
use super::source::{Source, did_you_mean};
use crate::password::{BaselineError, PasswordBaseline, SETTINGS};
use crate::remedy::Remedy;
use crate::severity::Severity;

/// Whether remedies are applied, or only reported.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Decide and report, touch nothing.
    Observe,
    /// Take back what is forbidden.
    Enforce,
}

impl Mode {
    /// Both modes.
    pub const ALL: [Self; 2] = [Self::Observe, Self::Enforce];

    /// As `@mode` and the stack's parameter write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Observe => "observe",
            Self::Enforce => "enforce",
        }
    }

    /// The mode of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.name() == name)
    }
}

/// What a guardrail says of itself.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Guardrail {
    /// `@id`: unique in the rulebook.
    pub id: String,
    /// `@severity`.
    pub severity: Severity,
    /// `@mode`; enforce if there is none, so that the stack's mode decides.
    pub mode: Mode,
    /// `@remedy`; empty if a notice is enough.
    pub remedies: Vec<Remedy>,
    /// `@requires`: what has to be there, and what the remedy gives back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requires: Option<Requirement>,
    /// `@refused`: how grave it is if AWS refuses what it forbids; low if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<Severity>,
    /// `@baseline`: the password policy that `restore-password-policy` restores.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<PasswordBaseline>,
    /// `@controls`: the rules of compliance frameworks that this guardrail implements.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub controls: Vec<String>,
    /// `@description`: why, in one sentence, for the notice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// What an exemption says of itself.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Exemption {
    /// `@id`: unique among the exemptions.
    pub id: String,
    /// `@owner`: who answers for it.
    pub owner: String,
    /// `@reason`: why it is needed.
    pub reason: String,
    /// `@until`: the last day on which it applies, in UTC.
    pub until: NaiveDate,
}

impl Exemption {
    /// Whether it still applies at a moment.
    #[must_use]
    pub fn applies_at(&self, moment: DateTime<Utc>) -> bool {
        moment.date_naive() <= self.until
    }
}

/// How many days before its end an exemption is announced, the nearest first.
pub const ANNOUNCED: [i64; 2] = [7, 30];

/// An exemption that a person should renew or remove.
#[derive(Clone, Copy, Debug)]
pub struct Ending<'a> {
    /// Which one.
    pub exemption: &'a Exemption,
    /// Days until its last day: 0 on that day, below 0 if it has ended.
    pub days_left: i64,
}

impl<'a> Ending<'a> {
    /// The exemption as a moment sees it; `None` if its end is more than 30 days away.
    pub(super) fn of(exemption: &'a Exemption, moment: DateTime<Utc>) -> Option<Self> {
        let days_left = (exemption.until - moment.date_naive()).num_days();
        ANNOUNCED.iter().any(|days| days_left <= *days).then_some(Self { exemption, days_left })
    }

    /// Which announcement is due, by the number of days (30 or 7); `None` if the exemption has ended.
    #[must_use]
    pub fn within(&self) -> Option<i64> {
        ANNOUNCED.into_iter().find(|days| (0..=*days).contains(&self.days_left))
    }
}

/// A mistake in an annotation: its key (to find its place by), what is wrong, and what was probably intended.
pub(super) type Mistake = (Option<String>, String, Option<String>);

/// The annotations of one policy. An unknown one is a mistake.
struct Annotations<'a> {
    written: BTreeMap<&'a str, &'a str>,
    mistakes: Vec<Mistake>,
}

impl<'a> Annotations<'a> {
    fn of(policy: &'a Policy, known: &[&str]) -> Self {
        // Read once: each lookup by name would have Cedar parse the name.
        let written: BTreeMap<_, _> = policy.annotations().map(|(key, value)| (key, value.trim())).collect();
        let unknown = written.keys().filter(|key| !known.contains(key));
        let mistakes = unknown.map(|key| {
            let help = did_you_mean(key, known.iter().copied());
            (Some((*key).to_owned()), format!("unknown annotation `@{key}`"), Some(help))
        });
        Self { mistakes: mistakes.collect(), written }
    }

    fn optional(&self, key: &str) -> Option<&'a str> {
        self.written.get(key).copied()
    }

    fn required(&mut self, key: &str) -> String {
        let value = self.optional(key).unwrap_or_default();
        if value.is_empty() {
            let at = self.optional(key).map(|_| key.to_owned());
            self.mistakes.push((at, format!("`@{key}` is missing or empty"), None));
        }
        value.to_owned()
    }

    fn mistake(&mut self, key: &str, message: String, help: String) {
        self.mistakes.push((Some(key.to_owned()), message, Some(help)));
    }

    fn word<T: Copy>(&mut self, key: &str, written: &str, words: &[T], name: fn(T) -> &'static str) -> Option<T> {
        let found = words.iter().copied().find(|word| name(*word) == written);
        if found.is_none() && !written.is_empty() {
            let help = did_you_mean(written, words.iter().map(|word| name(*word)));
            self.mistake(key, format!("unknown {key} `{written}`"), help);
        }
        found
    }
}

fn list(value: Option<&str>) -> impl Iterator<Item = &str> {
    value.unwrap_or_default().split(',').map(str::trim).filter(|item| !item.is_empty())
}

/// `sources` hold the texts that a guardrail can require.
pub(super) fn guardrail(policy: &Policy, sources: &[Source]) -> Result<Guardrail, Vec<Mistake>> {
    let mut annotations =
        Annotations::of(policy, &["id", "severity", "remedy", "requires", "mode", "refused", "baseline", "controls", "description"]);
    let id = annotations.required("id");
    let severity = annotations.required("severity");
    let severity = annotations.word("severity", &severity, &Severity::ALL, Severity::name);
    let mode = annotations.optional("mode").unwrap_or_else(|| Mode::Enforce.name());
    let mode = annotations.word("mode", mode, &Mode::ALL, Mode::name);
    let refused = annotations.optional("refused").and_then(|refused| annotations.word("refused", refused, &Severity::ALL, Severity::name));
    let remedies: Vec<Remedy> =
        list(annotations.optional("remedy")).filter_map(|remedy| annotations.word("remedy", remedy, Remedy::ALL, Remedy::name)).collect();
    let requires = annotations.optional("requires").map(|written| Requirement::parse(written, sources));
    let requires = match requires.transpose() {
        Ok(requires) => requires,
        Err((message, help)) => {
            annotations.mistake("requires", message, help);
            None
        }
    };
    let restores = remedies.contains(&Remedy::RestoreGuard);
    if restores && annotations.optional("requires").is_none() {
        let help = "add `@requires`, which says what the remedy gives back".to_owned();
        annotations.mistake("remedy", "the remedy `restore-guard` needs `@requires`".to_owned(), help);
    } else if !restores && requires.is_some() {
        let help = "add `@remedy(\"restore-guard\")`".to_owned();
        annotations.mistake("requires", "`@requires` without the remedy `restore-guard` does nothing".to_owned(), help);
    }
    let baseline = baseline(&mut annotations, &remedies);
    let controls = list(annotations.optional("controls")).map(str::to_owned).collect();
    let description = annotations.optional("description").map(str::to_owned);
    match (severity, mode) {
        (Some(severity), Some(mode)) if annotations.mistakes.is_empty() => {
            Ok(Guardrail { id, severity, mode, remedies, requires, refused, baseline, controls, description })
        }
        _ => Err(annotations.mistakes),
    }
}

/// `@baseline`, which `restore-password-policy` needs and nothing else has.
fn baseline(annotations: &mut Annotations<'_>, remedies: &[Remedy]) -> Option<PasswordBaseline> {
    let name = Remedy::RestorePasswordPolicy.name();
    match (annotations.optional("baseline"), remedies.contains(&Remedy::RestorePasswordPolicy)) {
        (None, false) => None,
        (None, true) => {
            let help = "say what it restores: `@baseline(\"minimumPasswordLength=14,passwordReusePrevention=24\")`";
            annotations.mistake("remedy", format!("the remedy `{name}` needs a `@baseline`"), help.to_owned());
            None
        }
        (Some(_), false) => {
            let help = format!("ask for the remedy `{name}`, or leave `@baseline` out");
            annotations.mistake("baseline", format!("only the remedy `{name}` has a `@baseline`"), help);
            None
        }
        (Some(written), true) => match PasswordBaseline::parse(written) {
            Ok(baseline) => Some(baseline),
            Err(BaselineError::Unknown(name)) => {
                let help = did_you_mean(&name, SETTINGS);
                annotations.mistake("baseline", format!("the password policy has no setting `{name}`"), help);
                None
            }
            Err(BaselineError::Value(item, help)) => {
                annotations.mistake("baseline", format!("`{item}` is nothing that the password policy can be"), help);
                None
            }
        },
    }
}

pub(super) fn exemption(policy: &Policy) -> Result<Exemption, Vec<Mistake>> {
    let mut annotations = Annotations::of(policy, &["id", "owner", "reason", "until"]);
    let (id, owner, reason) = (annotations.required("id"), annotations.required("owner"), annotations.required("reason"));
    let written = annotations.required("until");
    let until = written.parse().ok();
    if until.is_none() && !written.is_empty() {
        annotations.mistake("until", format!("`{written}` is not a date"), "a date like `2027-01-31` is expected".to_owned());
    }
    match until {
        Some(until) if annotations.mistakes.is_empty() => Ok(Exemption { id, owner, reason, until }),
        _ => Err(annotations.mistakes),
    }
}
