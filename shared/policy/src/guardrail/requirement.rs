//! What the rulebook requires of a user, group or role: `@requires`.
//!
//! A guardrail that carries it forbids a change only if the change takes the required thing away. The loader adds that as a condition,
//! `context.removes.contains("…")`, so that a guardrail cannot forget it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::source::Source;
use crate::access::{Layer, misplaced};
use crate::action::Action;
use crate::arn::{AccountId, IamName, PolicyArn};
use crate::change::Removes;
use crate::containment::{self, Quarantine};
use crate::document::Document;
use crate::facts::Facts;

/// The most characters of an inline guard's text, white space not counted: the quotas of a user, a group and a role (IAM user guide, "IAM and
/// AWS STS quotas").
const USER_MAX: usize = 2048;
const GROUP_MAX: usize = 5120;
const ROLE_MAX: usize = 10_240;
/// The most bytes of a file that a rulebook's folder may hold for a guard.
pub const FILE_MAX: usize = 65_536;
/// Takes the place of an account in `arn:aws:iam:::policy/…`, so that the ARN can be read.
const ANY_ACCOUNT: &str = "000000000000";

/// What has to be there.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Requirement {
    /// `boundary=ARN`: this managed policy is the permissions boundary, or one that is certainly not looser.
    Boundary {
        /// The ARN as the rulebook writes it: without an account it is a policy of whichever account the change is made in.
        policy: String,
    },
    /// `policy=ARN`: this managed policy is attached.
    Policy {
        /// As above.
        policy: String,
    },
    /// `inline=NAME:FILE`: there is an inline policy of this name, with the text of a file in the rulebook's folder.
    Inline {
        /// The policy's name.
        name: IamName,
        /// The file's name.
        file: String,
        /// Its text.
        document: String,
    },
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boundary { policy } => write!(f, "boundary={policy}"),
            Self::Policy { policy } => write!(f, "policy={policy}"),
            Self::Inline { name, file, .. } => write!(f, "inline={name}:{file}"),
        }
    }
}

/// The ARN with the account filled in, if it has none.
fn in_account(written: &str, account: &str) -> String {
    let mut fields = written.splitn(6, ':').collect::<Vec<_>>();
    if let Some(owner) = fields.get_mut(4).filter(|owner| owner.is_empty()) {
        *owner = account;
    }
    fields.join(":")
}

impl Requirement {
    /// Reads what `@requires` says; or what is wrong with it, and what was probably intended.
    pub(super) fn parse(written: &str, sources: &[Source]) -> Result<Self, (String, String)> {
        const FORMS: &str = "expected `boundary=arn:aws:iam:::policy/Name`, `policy=arn:aws:iam:::policy/Name` or `inline=name:file.json`";
        let wrong = |message: String, help: &str| (message, help.to_owned());
        let unknown = || wrong(format!("`{written}` is nothing that can be required"), FORMS);
        let policy = |arn: &str| {
            let whole = PolicyArn::new(&in_account(arn, ANY_ACCOUNT));
            let whole = whole.map_err(|_| wrong(format!("`{arn}` is not the ARN of a managed policy"), FORMS))?;
            if containment::text_of(&whole).is_some() {
                return Err(wrong(
                    format!("`{arn}` is one of Rescind's own quarantines"),
                    "`quarantine-principal` puts these back by itself",
                ));
            }
            Ok(arn.to_owned())
        };
        match written.split_once('=').ok_or_else(unknown)? {
            ("boundary", arn) => Ok(Self::Boundary { policy: policy(arn)? }),
            ("policy", arn) => Ok(Self::Policy { policy: policy(arn)? }),
            ("inline", rest) => {
                let (name, file) = rest.split_once(':').ok_or_else(unknown)?;
                let policy_name = IamName::new(name).map_err(|error| wrong(error.to_string(), FORMS))?;
                if Quarantine::named(name).is_some() {
                    return Err(wrong(
                        format!("`{name}` is one of Rescind's own quarantines"),
                        "`quarantine-principal` puts these back by itself",
                    ));
                }
                Ok(Self::Inline { name: policy_name, file: file.to_owned(), document: text(file, sources)? })
            }
            _ => Err(unknown()),
        }
    }

    /// The ARN of the required policy in this account; `None` of an inline policy, if nobody in this account can hold it, or if it is a quarantine.
    #[must_use]
    pub fn policy(&self, account: &AccountId, partition: &str) -> Option<PolicyArn> {
        let (Self::Boundary { policy } | Self::Policy { policy }) = self else {
            return None;
        };
        PolicyArn::new(&in_account(policy, account.as_str()))
            .ok()
            .filter(|arn| arn.is_within(account, partition) && containment::text_of(arn).is_none())
    }

    /// What is wrong with requiring this of the targets of these actions.
    pub(super) fn misfit(&self, actions: &[&'static Action]) -> Option<String> {
        let calls: &[&str] = match self {
            Self::Boundary { .. } => &[
                "PutUserPermissionsBoundary",
                "PutRolePermissionsBoundary",
                "DeleteUserPermissionsBoundary",
                "DeleteRolePermissionsBoundary",
            ],
            Self::Policy { .. } => &["DetachUserPolicy", "DetachGroupPolicy", "DetachRolePolicy", "RemoveUserFromGroup"],
            Self::Inline { .. } => &["DeleteUserPolicy", "DeleteGroupPolicy", "DeleteRolePolicy", "RemoveUserFromGroup"],
        };
        if let Some(action) = actions.iter().find(|action| !calls.contains(&action.name)) {
            return Some(format!("{} does not take `{self}` away", action.name));
        }
        let Self::Inline { document, .. } = self else {
            return None;
        };
        let written = document.chars().filter(|character| !character.is_whitespace()).count();
        let room = |action: &&Action| match action.name {
            "DeleteUserPolicy" => USER_MAX,
            "DeleteRolePolicy" => ROLE_MAX,
            _ => GROUP_MAX,
        };
        let room = actions.iter().map(room).min().unwrap_or(ROLE_MAX);
        (written > room).then(|| format!("the text of `{self}` has {written} characters, and IAM has room for {room}"))
    }

    /// Whether a change takes this away; `None` if that depends on what IAM was not asked.
    fn is_removed(&self, removes: Removes<'_>, facts: &Facts, account: &AccountId, partition: &str) -> Option<bool> {
        let is = |arn: &PolicyArn| self.policy(account, partition).is_some_and(|own| own.as_str().eq_ignore_ascii_case(arn.as_str()));
        let as_read = || facts.removed().map(|removed| removed.contains(&self.to_string()));
        match (self, removes) {
            (Self::Policy { .. }, Removes::Managed(arn)) => Some(is(arn)),
            (Self::Inline { name, .. }, Removes::Inline(deleted)) => Some(name.as_str().eq_ignore_ascii_case(deleted.as_str())),
            (Self::Boundary { .. }, Removes::Boundary(None)) => Some(true),
            (Self::Boundary { .. }, Removes::Boundary(Some(arn))) if is(arn) => Some(false),
            (Self::Boundary { .. }, Removes::Boundary(Some(_))) | (Self::Policy { .. } | Self::Inline { .. }, Removes::Membership(_)) => {
                as_read()
            }
            _ => Some(false),
        }
    }
}

/// Which of these a change takes away, as they are written; `None` if that depends on what IAM was not asked.
pub(super) fn removed<'r>(
    requirements: impl Iterator<Item = &'r Requirement>,
    removes: Removes<'_>,
    facts: &Facts,
    account: &AccountId,
    partition: &str,
) -> Option<Vec<String>> {
    let mut gone = Vec::new();
    for requirement in requirements {
        if requirement.is_removed(removes, facts, account, partition)? {
            gone.push(requirement.to_string());
        }
    }
    Some(gone)
}

/// The text of a required inline policy.
fn text(file: &str, sources: &[Source]) -> Result<String, (String, String)> {
    let wrong = |message: String, help: &str| Err((message, help.to_owned()));
    let is_plain = file.strip_suffix(".json").is_some_and(|name| !name.is_empty() && !name.contains(['/', '\\']));
    if !is_plain {
        return wrong(
            format!("`{file}` is not the name of a JSON file"),
            "the file stands in the rulebook's folder: `inline=name:file.json`",
        );
    }
    let Some(source) = sources.iter().find(|source| source.file_name() == file) else {
        return wrong(format!("there is no file `{file}`"), "put the policy's text into the rulebook's folder, under this name");
    };
    if source.text.len() > FILE_MAX {
        return wrong(format!("`{file}` is too long"), "an inline policy has at most 10,240 characters");
    }
    let document = match Document::parse(&source.text) {
        Ok(document) => document,
        Err(error) => return wrong(format!("`{file}`: {error}"), "the file has to be a policy as IAM takes it"),
    };
    if document.statements.is_empty() || misplaced(&document, Layer::Identity).is_some() {
        return wrong(
            format!("`{file}` is no policy that IAM lets a user, group or role hold"),
            "it needs statements, each with `Resource` and without `Principal`",
        );
    }
    Ok(source.text.trim().to_owned())
}
