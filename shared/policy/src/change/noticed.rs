//! A call that Rescind reports and does not take back: what it is about stands in its row of [`crate::watch`].

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Call, Claim, Kind, Unread};
use crate::actor::ActorKind;
use crate::arn::{PolicyArn, ProviderArn};
use crate::facts::{Facts, Members};
use crate::own::PartKind;
use crate::record::Parameters;
use crate::severity::Severity;
use crate::target::{Identity, IdentityKind, Target};
use crate::text::{bounded, name};
use crate::watch::{self, Row, Subject, WATCH};

/// Longest value of a parameter that is shown, in bytes.
const VALUE_MAX: usize = 300;
/// Longest sentence, in bytes.
const SENTENCE_MAX: usize = 2000;
/// Most elements of a list that are shown.
const LISTED_MAX: usize = 10;

/// Something happened that Rescind only reports.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Noticed {
    /// What it is about.
    pub target: Target,
    /// The action, by its name in the Cedar schema.
    pub call: String,
    /// What happened, in a sentence; nothing if AWS refused the call, whose record does not say it.
    pub sentence: String,
    /// How grave the table says it is; `None` if it is only recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// The parts of an account that the call names: their kind, and each as it is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parts: Option<(PartKind, Vec<String>)>,
}

impl Kind for Noticed {
    fn target(&self) -> Target {
        self.target.clone()
    }

    fn context(&self, _: &Facts, context: &mut Members<'_>) {
        context.text("severity", self.severity.map_or("none", Severity::name));
        let is_own = self.parts.as_ref().is_some_and(|(kind, names)| names.iter().any(|name| context.owns(*kind, name)));
        context.boolean("own", is_own);
    }

    fn part(&self) -> String {
        format!("{} {}", self.call, self.target)
    }

    fn matter(&self) -> String {
        if self.sentence.is_empty() { self.call.clone() } else { self.sentence.clone() }
    }

    fn listed(&self) -> String {
        let (target, matter) = (self.target.to_string(), self.matter());
        if self.target == Target::Account || matter.contains(&target) { matter } else { format!("{target}: {matter}") }
    }

    fn happened(&self) -> String {
        self.matter()
    }

    fn tried(&self, _: &str) -> String {
        format!("to call {}", self.call)
    }
}

/// Reads a call of the table.
pub fn read(call: &Call<'_>) -> Result<Vec<Claim>, Unread> {
    let row = watch::row(call.name).ok_or_else(|| call.unreadable(&"it is not in the table"))?;
    let record = &call.event.record;
    let noticed = |target, sentence, parts| {
        vec![Claim::Change(Noticed { target, call: call.name.to_owned(), sentence, severity: row.severity, parts }.into())]
    };
    // What IAM takes is too short, by its own quotas, for CloudTrail to leave it out.
    if row.part.is_some_and(|part| part.kind != PartKind::Iam) && record.parameters() == Parameters::Omitted {
        return Err(call.unreadable(&"CloudTrail left out which part it is about (omitted: true)"));
    }
    let said = Said::of(call)?;
    let parts = row.part.map(|part| {
        let named = part.parameters.iter().find_map(|parameter| said.value(parameter));
        (part.kind, named.map(texts).unwrap_or_default())
    });
    if record.error_code.is_some() && row.action.reporter == WATCH && !row.action.is_by_root() {
        // Nothing happened. Only who tries to blind Rescind, or the root user, is of interest all the same.
        return Ok(Vec::new());
    }
    if record.error_code.is_some() {
        return Ok(noticed(Target::Account, String::new(), parts));
    }
    Ok(noticed(target(row, call, &said), said.sentence(row.sentence), parts))
}

/// What the call is about. What the record does not name in a form that IAM knows is something of the account.
fn target(row: &Row, call: &Call<'_>, said: &Said<'_>) -> Target {
    let text = |parameter: &str| said.value(parameter).and_then(Value::as_str);
    let identity = |kind, parameter| call.identity(kind, text(parameter)).ok().map(Target::from);
    let found = match row.subject {
        Subject::User => identity(IdentityKind::User, "userName").or_else(|| oneself(call)),
        Subject::Group => identity(IdentityKind::Group, "groupName"),
        Subject::Role => identity(IdentityKind::Role, "roleName"),
        Subject::Policy => text("policyArn").and_then(|arn| PolicyArn::new(arn).ok()).map(Target::Policy),
        Subject::Provider => {
            let arn = text("openIDConnectProviderArn").or_else(|| text("sAMLProviderArn"));
            arn.and_then(|arn| ProviderArn::new(arn).ok()).map(Target::Provider)
        }
        Subject::Account => None,
    };
    found.unwrap_or(Target::Account)
}

/// The actor, if it is a user of the account, or its root user.
pub(super) fn oneself(call: &Call<'_>) -> Option<Target> {
    let actor = call.actor;
    match actor.kind {
        ActorKind::Root => Some(Target::Root),
        ActorKind::User if actor.account == call.event.account.as_str() => {
            call.identity(IdentityKind::User, Some(&actor.name)).ok().map(Identity::into)
        }
        ActorKind::User | ActorKind::Role | ActorKind::Service | ActorKind::Principal => None,
    }
}

/// What a record says of a call.
struct Said<'a> {
    call: &'a Call<'a>,
    request: Value,
    response: Value,
}

impl<'a> Said<'a> {
    fn of(call: &'a Call<'a>) -> Result<Self, Unread> {
        let record = &call.event.record;
        let json = |text: &str| serde_json::from_str(text).map_err(|error| call.unreadable(&error));
        let request = match record.parameters() {
            Parameters::Known(text) => json(text)?,
            Parameters::Absent | Parameters::Omitted => Value::Null,
        };
        Ok(Self { call, request, response: record.response().map(json).transpose()?.unwrap_or_default() })
    }

    /// The value of a parameter, or of that name in the answer; `a.b` is in the record `a`. Services differ in the case of names.
    fn value(&self, path: &str) -> Option<&Value> {
        member(&self.request, path).or_else(|| member(&self.response, path)).filter(|value| !value.is_null())
    }

    /// The sentence with the values in their places.
    fn sentence(&self, template: &str) -> String {
        let mut sentence = String::new();
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('{') {
            let (placeholder, after) = after.split_once('}').unwrap_or((after, ""));
            sentence.push_str(before);
            sentence.push_str(&match placeholder {
                "*" => shown(&self.request),
                "!" => name(&self.call.event.record.event_name),
                "@" => name(&self.call.event.record.event_source),
                "userName" if self.value(placeholder).is_none() => name(&self.call.actor.name),
                path => self.value(path).map_or_else(String::new, shown),
            });
            rest = after;
        }
        sentence.push_str(rest);
        bounded(sentence.trim_end().to_owned(), SENTENCE_MAX)
    }
}

fn member<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.')
        .try_fold(value, |value, key| value.as_object()?.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value))
}

/// The texts in a value that names one thing, or several.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![bounded(text.clone(), VALUE_MAX)],
        Value::Array(list) => {
            list.iter().filter_map(Value::as_str).take(LISTED_MAX * 10).map(|text| bounded(text.to_owned(), VALUE_MAX)).collect()
        }
        _ => Vec::new(),
    }
}

/// A value for a reader: texts without quotation marks if they cannot be mistaken, pairs as `key=value`, records as `{key: value, …}`.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => name(&bounded(text.clone(), VALUE_MAX)),
        Value::Array(list) => listed(list.iter().map(shown)),
        Value::Object(pair) => match (member(value, "key").and_then(Value::as_str), member(value, "value").and_then(Value::as_str)) {
            (Some(key), Some(text)) if pair.len() == 2 => name(&bounded(format!("{key}={text}"), VALUE_MAX)),
            _ => {
                let members = listed(pair.iter().map(|(key, value)| format!("{}: {}", name(key), shown(value))));
                format!("{{{members}}}")
            }
        },
        Value::Null => "nothing".to_owned(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

/// The first elements, and how many more there are.
fn listed(mut elements: impl ExactSizeIterator<Item = String>) -> String {
    let mut shown: Vec<String> = elements.by_ref().take(LISTED_MAX).collect();
    let more = elements.len();
    shown.extend((more > 0).then(|| format!("{more} more")));
    shown.join(", ")
}
