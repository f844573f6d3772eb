//! Rescind's own quarantine policies: what they say, and how they are named.
//!
//! A user gets a deny of everything, which binds the user's sessions too. A role gets a deny for sessions issued before now, limited to one
//! session name or source identity if it is known whose they are: a role is shared, and goes on working for everybody else. The name of such
//! a policy says what its text is, so that one that somebody took away can be put back.

use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::json;

use crate::arn::IamName;
use crate::document::{Document, plain};
use crate::target::Identity;

/// The names of all these policies begin with this.
pub const PREFIX: &str = "RescindQuarantine";
/// The path of those that are managed policies, because the principal has no room for more inline text.
pub const PATH: &str = "/rescind/";

/// One quarantine policy.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Quarantine {
    /// A user's: everything, always.
    Everything,
    /// A role's: everything, for these sessions.
    Sessions {
        /// Sessions issued before this moment, in whole seconds.
        before: DateTime<Utc>,
        /// Which of them.
        of: Sessions,
    },
}

/// Longest name of a role's session, and longest source identity, in characters (STS API reference, `AssumeRole`).
const SESSION_NAME_MAX: usize = 64;

/// Some of a role's sessions.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Sessions {
    /// All of them.
    All,
    /// Those with this name.
    Named(IamName),
    /// Those with this source identity.
    Of(IamName),
}

impl Sessions {
    /// Those with this name; all of them if no session can have it.
    #[must_use]
    pub fn named(name: Option<&str>) -> Self {
        name.and_then(session_name).map_or(Self::All, Self::Named)
    }

    /// Those with this source identity, or else with this name.
    #[must_use]
    pub fn of(source_identity: Option<&str>, name: Option<&str>) -> Self {
        source_identity.and_then(session_name).map_or_else(|| Self::named(name), Self::Of)
    }
}

fn session_name(text: &str) -> Option<IamName> {
    IamName::new(text).ok().filter(|name| name.as_str().len() <= SESSION_NAME_MAX)
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
    /// The quarantine of a user, or of these sessions of a role.
    #[must_use]
    pub fn against(identity: &Identity, of: Sessions, before: DateTime<Utc>) -> Self {
        if identity.is_user() { Self::Everything } else { Self::Sessions { before, of } }
    }

    /// The policy's name: at most 95 of the 128 characters that IAM takes, because session names and source identities have at most 64.
    #[must_use]
    pub fn policy_name(&self) -> IamName {
        IamName::made(match self {
            Self::Everything => PREFIX.to_owned(),
            Self::Sessions { before, of } => {
                let seconds = before.timestamp();
                match of {
                    Sessions::All => format!("{PREFIX}-{seconds}"),
                    Sessions::Named(name) => format!("{PREFIX}-{seconds}-s-{name}"),
                    Sessions::Of(identity) => format!("{PREFIX}-{seconds}-i-{identity}"),
                }
            }
        })
    }

    /// The quarantine with this policy name, in any case of letters; `None` if Rescind gives no such name.
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

    /// The ARN that it has as a managed policy.
    #[must_use]
    pub fn arn(&self, account: &str, partition: &str) -> String {
        format!("arn:{partition}:iam::{account}:policy{PATH}{}", self.policy_name())
    }

    /// Whether a managed policy of this ARN is one, by its path and name.
    #[must_use]
    pub fn is_arn(policy_arn: &str) -> bool {
        Self::of_arn(policy_arn).is_some()
    }

    /// The quarantine whose managed policy would have this ARN. Anybody's policy can have it: [`Self::matches`] says whether it is one.
    #[must_use]
    pub fn of_arn(policy_arn: &str) -> Option<Self> {
        let (_, end) = policy_arn.split_once(":policy")?;
        let (path, name) = end.split_at_checked(PATH.len())?;
        if path.eq_ignore_ascii_case(PATH) { Self::named(name) } else { None }
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

    /// Whether a document, plain or percent-encoded, says what this one says: anybody's policy can have the same name.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let wanted = self.document();
        plain(text).is_ok_and(|text| matches!((Document::parse(&text), Document::parse(&wanted)), (Ok(is), Ok(wanted)) if is == wanted))
    }
}
