//! Containment: the policies that leave a principal nothing, and whom a case aims them at.
//!
//! A user gets a deny of everything, which binds the user's sessions too. A role gets a deny for the sessions that were issued before now, of
//! one session's name or source identity where it is known whose they are: a role is shared, and goes on working for everybody else. What
//! such a policy says can be read off its name, so that one that was taken away can be put back.

use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::json;

use crate::actor::ActorKind;
use crate::arn::{IamName, begins_with};
use crate::case::Case;
use crate::change::{Change, Target, TargetKind};
use crate::document::{Document, plain};

/// How the names of all these policies begin.
pub const PREFIX: &str = "RescindQuarantine";
/// The path of those that are kept by themselves, where no more text fits into the principal.
pub const PATH: &str = "/rescind/";

/// One policy of containment.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Quarantine {
    /// Of a user: everything, always.
    Everything,
    /// Of a role: everything, to these sessions.
    Sessions {
        /// Issued before this moment, in whole seconds.
        before: DateTime<Utc>,
        /// Which of them.
        of: Sessions,
    },
}

/// Some of a role's sessions.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Sessions {
    /// All of them.
    All,
    /// Those of this name.
    Named(IamName),
    /// Those that this source identity is behind.
    Of(IamName),
}

impl fmt::Display for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("every session"),
            Self::Named(name) => write!(f, "the sessions named {name}"),
            Self::Of(identity) => write!(f, "the sessions of source identity {identity}"),
        }
    }
}

impl Quarantine {
    /// The one that leaves a user, or these sessions of a role, nothing.
    #[must_use]
    pub fn against(target: &Target, of: Sessions, before: DateTime<Utc>) -> Self {
        if target.kind == TargetKind::User { Self::Everything } else { Self::Sessions { before, of } }
    }

    /// The policy's name: at most 95 of the 128 characters that IAM takes.
    #[must_use]
    pub fn policy_name(&self) -> String {
        match self {
            Self::Everything => PREFIX.to_owned(),
            Self::Sessions { before, of } => {
                let seconds = before.timestamp();
                match of {
                    Sessions::All => format!("{PREFIX}-{seconds}"),
                    Sessions::Named(name) => format!("{PREFIX}-{seconds}-s-{name}"),
                    Sessions::Of(identity) => format!("{PREFIX}-{seconds}-i-{identity}"),
                }
            }
        }
    }

    /// The policy that has such a name, whatever its case; `None` where it is no name of ours.
    #[must_use]
    pub fn named(policy_name: &str) -> Option<Self> {
        let (prefix, rest) = policy_name.split_at_checked(PREFIX.len())?;
        if !prefix.eq_ignore_ascii_case(PREFIX) {
            return None;
        }
        if rest.is_empty() {
            return Some(Self::Everything);
        }
        let mut parts = rest.strip_prefix('-')?.splitn(3, '-');
        let before = DateTime::from_timestamp(parts.next()?.parse().ok()?, 0)?;
        let of = match (parts.next(), parts.next()) {
            (None, None) => Sessions::All,
            (Some(kind), Some(name)) if kind.eq_ignore_ascii_case("s") => Sessions::Named(IamName::new(name).ok()?),
            (Some(kind), Some(name)) if kind.eq_ignore_ascii_case("i") => Sessions::Of(IamName::new(name).ok()?),
            _ => return None,
        };
        Some(Self::Sessions { before, of })
    }

    /// Whether the policy of a name is one of ours, as far as the name tells.
    #[must_use]
    pub fn is_named_so(policy_name: &str) -> bool {
        begins_with(policy_name, PREFIX)
    }

    /// Its ARN in the account of a case, where it is kept by itself.
    #[must_use]
    pub fn arn(&self, case: &Case) -> String {
        format!("arn:{}:iam::{}:policy{PATH}{}", case.partition, case.account, self.policy_name())
    }

    /// The policy's document.
    #[must_use]
    pub fn document(&self) -> String {
        let mut statement = json!({ "Sid": "Quarantine", "Effect": "Deny", "Action": "*", "Resource": "*" });
        if let (Self::Sessions { before, of }, Some(members)) = (self, statement.as_object_mut()) {
            let issued = json!({ "aws:TokenIssueTime": before.to_rfc3339_opts(SecondsFormat::Secs, true) });
            let mut condition = json!({ "DateLessThan": issued });
            if let Some(tests) = condition.as_object_mut() {
                match of {
                    Sessions::All => {}
                    // A role session's `aws:userid` is the role's id, a colon and the session's name, which has no colon and no wildcard.
                    Sessions::Named(name) => {
                        tests.insert("StringLike".to_owned(), json!({ "aws:userid": format!("*:{name}") }));
                    }
                    Sessions::Of(identity) => {
                        tests.insert("StringEquals".to_owned(), json!({ "aws:SourceIdentity": identity }));
                    }
                }
            }
            members.insert("Condition".to_owned(), condition);
        }
        json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string()
    }

    /// Whether a document, plain or percent-encoded, is this one's: somebody's policy of the same name may say anything.
    #[must_use]
    pub fn is_said_by(&self, text: &str) -> bool {
        let wanted = self.document();
        plain(text).is_ok_and(|text| matches!((Document::parse(&text), Document::parse(&wanted)), (Ok(is), Ok(wanted)) if is == wanted))
    }
}

/// The users and roles that ARNs name, with their accounts: those who break glass. What is no ARN of either is nobody.
pub fn listed(arns: &[String]) -> impl Iterator<Item = (&str, Target)> {
    arns.iter().filter_map(|arn| {
        let mut segments = arn.splitn(6, ':').skip(4);
        Some((segments.next()?, Target::of_resource(segments.next()?)?))
    })
}

/// Whether they name this user or role: by kind, account and name, since a session's record can lack its role's path.
#[must_use]
pub fn is_listed(arns: &[String], account: &str, kind: TargetKind, name: &str) -> bool {
    listed(arns).any(|(owner, listed)| owner == account && listed.kind == kind && listed.name.as_str().eq_ignore_ascii_case(name))
}

/// Whom a case contains.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Aim {
    /// A user, or these sessions of a role.
    At(Target, Sessions),
    /// Nobody that can be contained; why, for a person.
    Out(String),
}

/// What root has to do, since nobody else can.
pub const ROOT: &str = "no policy of the account binds its root user, and nobody else can touch its credentials: sign in as root, change the password, \
                        delete root's access keys, check its MFA devices, and look for what was done as root";

impl Aim {
    /// Whom a case is about: of a finding whose credentials they are, otherwise who made the change.
    #[must_use]
    pub fn of(case: &Case, change: &Change) -> Self {
        match change {
            Change::CredentialExposed { target, session, .. } => {
                let named = session.as_ref().and_then(|session| session.name.clone());
                Self::at(target.clone(), named.map_or(Sessions::All, Sessions::Named))
            }
            Change::QuarantineLifted { target, .. } => Self::at(target.clone(), Sessions::All),
            Change::PolicyAttached { .. } | Change::CredentialActivated { .. } => Self::of_actor(case),
        }
    }

    fn at(target: Target, sessions: Sessions) -> Self {
        match target.kind {
            TargetKind::Root => Self::Out(ROOT.to_owned()),
            TargetKind::Group => Self::Out("a group cannot act, so it cannot be contained".to_owned()),
            TargetKind::User | TargetKind::Role => Self::At(target, sessions),
        }
    }

    fn of_actor(case: &Case) -> Self {
        let actor = &case.actor;
        let kind = match actor.kind {
            ActorKind::User => TargetKind::User,
            ActorKind::Role => TargetKind::Role,
            ActorKind::Root if actor.account == case.account.as_str() => return Self::Out(ROOT.to_owned()),
            ActorKind::Root => TargetKind::Root,
            ActorKind::Service | ActorKind::Principal => {
                return Self::Out(
                    "who did it is neither a user nor a role of this account: there is no policy to contain it by".to_owned(),
                );
            }
        };
        if actor.account != case.account.as_str() {
            return Self::Out(
                "who did it belongs to another account, and is out of reach: take away the trust or policy that let them in".to_owned(),
            );
        }
        let limit = |text: &Option<String>| text.as_deref().and_then(|text| IamName::new(text).ok());
        let sessions = match (limit(&actor.source_identity), limit(&actor.session)) {
            (Some(identity), _) => Sessions::Of(identity),
            (None, Some(session)) => Sessions::Named(session),
            (None, None) => Sessions::All,
        };
        IamName::new(&actor.name).map_or_else(|error| Self::Out(error.to_string()), |name| Self::At(Target { kind, name }, sessions))
    }
}

#[cfg(test)]
mod tests;
