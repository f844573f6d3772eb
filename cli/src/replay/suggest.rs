//! A draft of the exemptions that people would otherwise write by hand: one for what the actors have in common whose changes would have been taken back.
//!
//! An actor is known by its kind, account, path and name, as an exemption has to compare them. Never by what it writes itself: the session's name, the user
//! agent, a tag. Actors go together if they differ in their accounts only, as what is deployed everywhere does; if they are the roles of one permission set,
//! whose names only AWS can give; or if they do the same from under one path. The root user and callers of other accounts get none: whoever wants one has to
//! write it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use chrono::{DateTime, TimeDelta, Utc};
use policy::actor::ActorKind;
use policy::arn::path_of;
use policy::severity::Severity;
use policy::text::shown;

use super::history::{Answer, Verdict};
use super::report::counted;

/// So long an exemption lasts that nobody has looked at twice.
const LASTS: TimeDelta = TimeDelta::days(90);
/// The path of the roles of permission sets, in which only AWS can make one (IAM Identity Center user guide, "Referencing permission sets in resource policies").
const PERMISSION_SETS: &str = "/aws-reserved/sso.amazonaws.com/";
/// So many letters AWS adds to the name of such a role.
const SUFFIX: usize = 16;

/// What the actors of an exemption have in common.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Common {
    kind: Kind,
    path: String,
    /// The name; of the roles of a permission set how it begins, before `*`.
    name: String,
}

/// The kinds of actors that can be exempt.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Kind {
    User,
    Role,
    Service,
}

/// What one exemption would cover.
#[derive(Default)]
struct Covered<'a> {
    cases: usize,
    accounts: BTreeSet<String>,
    /// The guardrails that lead, each with its number of cases and its severity.
    guardrails: BTreeMap<&'a str, (usize, Option<Severity>)>,
    actions: BTreeSet<&'static str>,
    targets: BTreeSet<&'a str>,
}

/// An exemption: for actors of this kind and path with one of these names.
struct Exemption<'a> {
    kind: Kind,
    path: String,
    names: BTreeSet<String>,
    covered: Covered<'a>,
}

/// A draft, as text of `exemptions.cedar`.
pub struct Suggestions<'a> {
    exemptions: Vec<Exemption<'a>>,
    /// Cases that none of them covers.
    others: usize,
}

impl<'a> Suggestions<'a> {
    /// For these answers.
    pub fn of(answers: impl Iterator<Item = &'a Answer>) -> Self {
        let mut alike: BTreeMap<Common, Covered<'a>> = BTreeMap::new();
        let mut others = 0;
        for answer in answers.filter(|answer| matches!(answer.verdict, Verdict::TakenBack | Verdict::Held | Verdict::ToDo)) {
            let Some((account, common)) = who(answer) else {
                others += 1;
                continue;
            };
            let covered = alike.entry(common).or_default();
            covered.cases += 1;
            covered.accounts.insert(account);
            let guardrail = covered.guardrails.entry(&answer.guardrail).or_default();
            *guardrail = (guardrail.0 + 1, guardrail.1.max(answer.severity));
            covered.actions.insert(answer.action.name);
            covered.targets.insert(&answer.target);
        }
        let mut exemptions: Vec<Exemption<'a>> = Vec::new();
        for (Common { kind, path, name }, covered) in alike {
            match exemptions.iter_mut().find(|other| other.goes_with(kind, &path, &covered)) {
                Some(other) => other.add(name, covered),
                None => exemptions.push(Exemption { kind, path, names: BTreeSet::from([name]), covered }),
            }
        }
        exemptions.sort_by_key(|exemption| std::cmp::Reverse(exemption.covered.cases));
        Self { exemptions, others }
    }

    /// How many there are.
    pub const fn number(&self) -> usize {
        self.exemptions.len()
    }

    /// Writes the draft.
    pub fn write(&self, now: DateTime<Utc>, out: &mut impl Write) -> io::Result<()> {
        let all = self.others + self.exemptions.iter().map(|exemption| exemption.covered.cases).sum::<usize>();
        writeln!(
            out,
            "// A draft: {all} changes of the replayed history would have been taken back, or left to a person. Take out what is an attack or a mistake,"
        )?;
        writeln!(out, "// say of the rest who owns it and why, narrow what you can, and add it to exemptions.cedar.")?;
        let mut remain = all;
        for (number, exemption) in (1..).zip(&self.exemptions) {
            remain -= exemption.covered.cases;
            exemption.write(number, remain, now, out)?;
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

impl<'a> Exemption<'a> {
    /// Whether other actors do the same from under the same path, in the same accounts: a path of its own is a team's or a tool's.
    fn goes_with(&self, kind: Kind, path: &str, covered: &Covered<'a>) -> bool {
        let is_of_its_own = path != "/" && !path.is_empty() && !is_aws_s(path);
        let is_alike = self.covered.accounts == covered.accounts
            && self.covered.actions == covered.actions
            && self.covered.guardrails.keys().eq(covered.guardrails.keys());
        is_of_its_own && self.kind == kind && self.path == path && is_alike
    }

    fn add(&mut self, name: String, covered: Covered<'a>) {
        self.names.insert(name);
        self.covered.cases += covered.cases;
        self.covered.targets.extend(covered.targets);
        for (id, (cases, severity)) in covered.guardrails {
            let guardrail = self.covered.guardrails.entry(id).or_default();
            *guardrail = (guardrail.0 + cases, guardrail.1.max(severity));
        }
    }

    fn write(&self, number: usize, remain: usize, now: DateTime<Utc>, out: &mut impl Write) -> io::Result<()> {
        let Covered { cases, accounts, guardrails, actions, targets } = &self.covered;
        let guardrails: Vec<String> = guardrails
            .iter()
            .map(|(id, (cases, severity))| format!("{cases} of {} ({})", shown(id), severity.map_or("none", Severity::name)))
            .collect();
        let about = match targets.first() {
            Some(target) if targets.len() == 1 => format!("one target, {}", shown(target)),
            _ => counted(targets.len(), "target"),
        };
        let cases = counted(*cases, "case");
        writeln!(out, "\n// Covers {cases} about {about}: {}. {} left after this one.", guardrails.join(", "), counted(remain, "case"))?;
        writeln!(out, "// It also lets stand whatever else {} by the same calls.{}", self.others_of_theirs(), self.who_else())?;
        writeln!(out, "@id(\"draft-{number}-{}\")", self.names.first().map(|name| slug(name)).unwrap_or_default())?;
        writeln!(out, "@owner(\"\")")?;
        writeln!(out, "@reason(\"\")")?;
        writeln!(out, "@until(\"{}\")", (now + LASTS).date_naive())?;
        let actions: Vec<String> = actions.iter().map(|action| format!("Action::{}", quoted(action))).collect();
        let is = match &*actions {
            [action] => format!("action == {action}"),
            actions => format!("action in [{}]", actions.join(", ")),
        };
        writeln!(out, "permit (principal is {}, {is}, resource)", self.kind.name())?;
        let name = if self.path.starts_with(PERMISSION_SETS) {
            // There is one name: these do not go together with others.
            format!("principal.name like {}", quoted(&format!("{}*", self.names.first().map_or("", String::as_str))))
        } else {
            one_of("principal.name", &self.names)
        };
        if self.kind == Kind::Service {
            return writeln!(out, "when   {{ {name} && {} }};", one_of("context.account", accounts));
        }
        writeln!(out, "when   {{ {} && principal.path == {} && {name} }};", one_of("principal.account", accounts), quoted(&self.path))
    }

    fn others_of_theirs(&self) -> &'static str {
        match (self.names.len() > 1, self.covered.accounts.len() > 1) {
            (false, false) => "this actor does",
            (false, true) => "this actor does in any of these accounts",
            (true, false) => "any of these actors does",
            (true, true) => "any of these actors does in any of these accounts",
        }
    }

    /// Who else would be exempt.
    fn who_else(&self) -> &'static str {
        match self.kind {
            Kind::Service => "",
            Kind::Role if self.path.starts_with(PERMISSION_SETS) => {
                " Only AWS can make a role under this path: it does so for whoever is assigned a permission set whose name begins like this one's."
            }
            Kind::Role if is_aws_s(&self.path) => " Only AWS can make a role under this path.",
            Kind::Role => " So it does for whoever may create a role of this path and name, or change who can assume it: keep them few.",
            Kind::User => " So it does for whoever may create a user of this path and name, or a key of theirs: keep them few.",
        }
    }
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Role => "Role",
            Self::Service => "Service",
        }
    }
}

/// A comparison with the one text, or with any of several.
fn one_of(attribute: &str, texts: &BTreeSet<String>) -> String {
    let quoted: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
    match &*quoted {
        [text] => format!("{attribute} == {text}"),
        texts => format!("[{}].contains({attribute})", texts.join(", ")),
    }
}

/// Whether only AWS can make a role under this path (IAM API reference, `CreateRole`).
fn is_aws_s(path: &str) -> bool {
    path.starts_with("/aws-reserved/") || path.starts_with("/aws-service-role/")
}

/// The account in which somebody acted, and what others may have in common with them; `None` if they cannot be named.
fn who(answer: &Answer) -> Option<(String, Common)> {
    let parts: Vec<&str> = answer.actor.splitn(6, ':').collect();
    match (answer.kind, &*parts) {
        (ActorKind::Service, _) => {
            Some((answer.account.clone(), Common { kind: Kind::Service, path: String::new(), name: answer.actor.clone() }))
        }
        (ActorKind::User | ActorKind::Role, ["arn", _, "iam", _, account, resource]) if *account == answer.account => {
            let kind = if answer.kind == ActorKind::Role { Kind::Role } else { Kind::User };
            let (_, name) = resource.rsplit_once('/')?;
            let path = path_of(&answer.actor).to_owned();
            let name = if path.starts_with(PERMISSION_SETS) { of_permission_set(name)? } else { name };
            Some(((*account).to_owned(), Common { kind, path, name: name.to_owned() }))
        }
        _ => None,
    }
}

/// How the names begin of all roles of a permission set: `AWSReservedSSO_Administrators_`, before sixteen letters that differ from account to account.
fn of_permission_set(role: &str) -> Option<&str> {
    let (set, suffix) = role.split_at_checked(role.len().checked_sub(SUFFIX)?)?;
    (set.ends_with('_') && suffix.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(set)
}

/// A text of Cedar's. It knows the escapes of JSON for what can stand in a name or path: printable ASCII (IAM API reference).
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// What an id may hold of a name.
fn slug(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let slug: String = name.chars().map(plain).take(40).collect();
    slug.trim_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_roles_of_a_permission_set_are_known_by_how_aws_names_them() {
        assert_eq!(of_permission_set("AWSReservedSSO_Team_Admin_0123456789abcdef"), Some("AWSReservedSSO_Team_Admin_"));
        for other in ["AWSReservedSSO_Admin", "AWSReservedSSO_Admin_0123456789abcdeg", "AWSReservedSSO-0123456789abcdef", "x"] {
            assert_eq!(of_permission_set(other), None, "{other}");
        }
    }
}
