//! How Rescind contains a principal, and the texts that do it.
//!
//! A user gets a managed policy that denies everything, attached or as permissions boundary; it binds the user's sessions too. The stack brings
//! that policy, so nothing is written for a user. A role gets a deny for sessions issued before now, limited to one session name or source
//! identity if it is known whose they are: a role is shared, and goes on working for everybody else. The name of such a policy says what its text
//! is. Anybody can give a policy such a name: what Rescind put there, its ledger says.

use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::arn::{IamName, PolicyArn, begins_with};
use crate::document::{Document, plain};
use crate::text;

/// The names of a role's quarantines begin with this.
pub const PREFIX: &str = "RescindQuarantine-";
/// The path of Rescind's managed policies.
pub const PATH: &str = "/rescind/";
/// The name of the stack's own policy that denies everything begins with this; the id of the stack follows.
pub const DENY_EVERYTHING: &str = "RescindDenyEverything-";
/// The name of the stack's own policy that denies everything without MFA begins with this; the id of the stack follows.
pub const DENY_WITHOUT_MFA: &str = "RescindDenyWithoutMfa-";
/// AWS's own policy that denies everything: nobody in the account can change it.
const AWS_DENIES_ALL: &str = "AWSDenyAll";

/// What contains a principal: of one that somebody lifted, the ledger says it.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(tag = "by", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Containment {
    /// An inline policy of a role.
    Inline {
        /// Its name.
        policy_name: IamName,
    },
    /// A managed policy, attached.
    Attached {
        /// Its ARN.
        policy: PolicyArn,
    },
    /// A managed policy, as permissions boundary.
    Boundary {
        /// Its ARN.
        policy: PolicyArn,
    },
    /// What a managed policy of Rescind's says.
    Text {
        /// Its ARN.
        policy: PolicyArn,
    },
}

impl Containment {
    /// The name of the policy.
    #[must_use]
    pub fn policy_name(&self) -> &str {
        match self {
            Self::Inline { policy_name } => policy_name.as_str(),
            Self::Attached { policy } | Self::Boundary { policy } | Self::Text { policy } => policy.name(),
        }
    }
}

impl fmt::Display for Containment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = text::name(self.policy_name());
        match self {
            Self::Inline { .. } => write!(f, "inline policy {name}"),
            Self::Attached { .. } => write!(f, "attached policy {name}"),
            Self::Boundary { .. } => write!(f, "permissions boundary {name}"),
            Self::Text { .. } => write!(f, "the text of policy {name}"),
        }
    }
}

/// The text of the policy that denies a user everything.
#[must_use]
pub fn deny_everything() -> String {
    json!({ "Version": "2012-10-17", "Statement": [{ "Sid": "Quarantine", "Effect": "Deny", "Action": "*", "Resource": "*" }] }).to_string()
}

/// Whether a managed policy has the name and path of a stack's policy that denies everything. Which one is the stack's own, its environment says.
#[must_use]
pub fn is_called_deny_everything(policy: &PolicyArn) -> bool {
    policy.path().eq_ignore_ascii_case(PATH) && begins_with(policy.name(), DENY_EVERYTHING)
}

/// The calls by which users enrol a device of their own, and take it into use: the denial without MFA leaves them open.
const ENROLLING: [&str; 7] = [
    "iam:CreateVirtualMFADevice",
    "iam:EnableMFADevice",
    "iam:GetUser",
    "iam:ListMFADevices",
    "iam:ListVirtualMFADevices",
    "iam:ResyncMFADevice",
    "sts:GetSessionToken",
];
/// Those of them that name a user. Whoever has no device must not enrol one for somebody else.
const OF_A_USER: [&str; 4] = ["iam:EnableMFADevice", "iam:GetUser", "iam:ListMFADevices", "iam:ResyncMFADevice"];

/// The text of the policy that denies a user everything but enrolling a device, as long as the session has no MFA.
///
/// A call that is signed with an access key alone says nothing about MFA, and is denied as well.
#[must_use]
#[expect(clippy::literal_string_with_formatting_args, reason = "these are variables of IAM's")]
pub fn deny_without_mfa() -> String {
    let without = json!({ "BoolIfExists": { "aws:MultiFactorAuthPresent": "false" } });
    let oneself = ["arn:*:iam::*:user/${aws:username}", "arn:*:iam::*:user/*/${aws:username}"];
    let all_else = json!({ "Sid": "EnrolADeviceFirst", "Effect": "Deny", "NotAction": ENROLLING, "Resource": "*", "Condition": without });
    let others = json!({ "Sid": "ForOneself", "Effect": "Deny", "Action": OF_A_USER, "NotResource": oneself, "Condition": without });
    json!({ "Version": "2012-10-17", "Statement": [all_else, others] }).to_string()
}

/// Whether a managed policy has the name and path of a stack's policy that denies everything without MFA.
#[must_use]
pub fn is_called_deny_without_mfa(policy: &PolicyArn) -> bool {
    policy.path().eq_ignore_ascii_case(PATH) && begins_with(policy.name(), DENY_WITHOUT_MFA)
}

/// AWS's own policy that denies everything, in this partition: for people who act by hand, and if somebody has changed the stack's own.
#[must_use]
pub fn aws_denies_all(partition: &str) -> Option<PolicyArn> {
    PolicyArn::new(&format!("arn:{partition}:iam::aws:policy/{AWS_DENIES_ALL}")).ok()
}

/// Whether it is AWS's own policy that denies everything.
#[must_use]
pub fn is_aws_denies_all(policy: &PolicyArn) -> bool {
    policy.owner() == "aws" && policy.name().eq_ignore_ascii_case(AWS_DENIES_ALL)
}

/// What a managed policy of Rescind's says, by its name; `None` for any other.
#[must_use]
pub fn text_of(policy: &PolicyArn) -> Option<String> {
    if is_called_deny_everything(policy) {
        return Some(deny_everything());
    }
    if is_called_deny_without_mfa(policy) {
        return Some(deny_without_mfa());
    }
    Quarantine::of_arn(policy.as_str()).map(|quarantine| quarantine.document())
}

/// Whether two policies say the same: each plain or percent-encoded, with any white space and order of members.
#[must_use]
pub fn says(text: &str, wanted: &str) -> bool {
    plain(text).is_ok_and(|text| matches!((Document::parse(&text), Document::parse(wanted)), (Ok(is), Ok(wanted)) if is == wanted))
}

/// A role's quarantine: everything is denied to these sessions.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Quarantine {
    /// Sessions issued before this moment, in whole seconds.
    pub before: DateTime<Utc>,
    /// Which of them.
    pub of: Sessions,
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
    /// The policy's name: at most 95 of the 128 characters that IAM takes, because session names and source identities have at most 64.
    #[must_use]
    pub fn policy_name(&self) -> IamName {
        let seconds = self.before.timestamp();
        IamName::made(match &self.of {
            Sessions::All => format!("{PREFIX}{seconds}"),
            Sessions::Named(name) => format!("{PREFIX}{seconds}-s-{name}"),
            Sessions::Of(identity) => format!("{PREFIX}{seconds}-i-{identity}"),
        })
    }

    /// The quarantine with this policy name, in any case of letters; `None` if Rescind gives no such name.
    #[must_use]
    pub fn named(policy_name: &str) -> Option<Self> {
        let (prefix, rest) = policy_name.split_at_checked(PREFIX.len())?;
        if !prefix.eq_ignore_ascii_case(PREFIX) {
            return None;
        }
        let mut parts = rest.splitn(3, '-');
        let before = DateTime::from_timestamp(parts.next()?.parse().ok()?, 0)?;
        let of = match (parts.next(), parts.next()) {
            (None, None) => Sessions::All,
            (Some(kind), Some(name)) if kind.eq_ignore_ascii_case("s") => Sessions::Named(IamName::new(name).ok()?),
            (Some(kind), Some(name)) if kind.eq_ignore_ascii_case("i") => Sessions::Of(IamName::new(name).ok()?),
            _ => return None,
        };
        Some(Self { before, of })
    }

    /// The ARN that it has as a managed policy.
    #[must_use]
    pub fn arn(&self, account: &str, partition: &str) -> String {
        format!("arn:{partition}:iam::{account}:policy{PATH}{}", self.policy_name())
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
        let issued = json!({ "aws:TokenIssueTime": self.before.to_rfc3339_opts(SecondsFormat::Secs, true) });
        let mut condition = json!({ "DateLessThan": issued });
        if let Some(tests) = condition.as_object_mut() {
            match &self.of {
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
        let statement = json!({ "Sid": "Quarantine", "Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition });
        json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string()
    }

    /// Whether a document says what this one says.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        says(text, &self.document())
    }
}

#[cfg(test)]
mod tests;
