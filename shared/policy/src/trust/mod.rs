//! Whom a role's trust policy lets assume the role, principal by principal, and what limits each of them.
//!
//! A trust policy is a resource policy without resources. What matters about it is not the text but each principal that some statement lets
//! in: who that is, and whether a condition of that statement, or a deny, limits it. A condition that anybody can meet limits nothing.
//! IAM user guide, "Creating roles and attaching policies", "AWS JSON policy elements: Principal", "AWS global condition context keys", and
//! "Available keys for AWS STS".

mod edit;
mod limits;
mod spans;

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use edit::{Edited, saveable, without};
pub use limits::Limit;

use crate::access::is_action;
use crate::document::{Document, DocumentError, Effect, Principal, Principals, Statement};
use crate::text;
use limits::{Limits, Provider};

/// Most principals of one trust policy that are judged. IAM's quota for the text is 2,048 characters, and can be raised; a principal takes
/// at least a dozen (IAM user guide, "IAM and AWS STS quotas").
const PRINCIPALS_MAX: usize = 1000;

/// Why a trust policy cannot be judged.
#[derive(Debug, Error)]
pub enum TrustError {
    /// It is no policy document.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// It names more principals than IAM's quota could hold.
    #[error("it names more than {PRINCIPALS_MAX} principals")]
    TooMany,
}

/// Whom a statement names.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(tag = "type", content = "name", rename_all = "kebab-case")]
pub enum Named {
    /// `*`.
    Everyone,
    /// `NotPrincipal`: everyone but a few.
    EveryoneBut,
    /// An account, user, role or session; or the unique id that IAM shows if the principal is gone.
    Aws(String),
    /// An AWS service.
    Service(String),
    /// An identity provider: the ARN of one of SAML or OIDC, or the name of one that AWS knows itself.
    Federated(String),
    /// An account by its canonical user id.
    CanonicalUser(String),
}

/// One principal that a trust policy lets in, with what limits it.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Trusted {
    /// Whom the policy names.
    pub principal: Named,
    /// What limits it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub limits: BTreeSet<Limit>,
    /// The organizations that the limits name: of AWS (`o-…`), or of the provider (the owner of a repository).
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub organizations: BTreeSet<String>,
    /// The accounts that the limits name.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub accounts: BTreeSet<String>,
}

/// What a principal is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// Anybody, in any account.
    Everyone,
    /// A whole account: whomever its administrators choose.
    Account,
    /// A role.
    Role,
    /// A user.
    User,
    /// One session of a role or of a federated user.
    Session,
    /// An AWS service.
    Service,
    /// A SAML provider.
    Saml,
    /// A provider of OIDC.
    Oidc,
    /// A user or role that no longer exists.
    Deleted,
    /// Anything else.
    Other,
}

impl Kind {
    /// Its name in the Cedar schema.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Everyone => "everyone",
            Self::Account => "account",
            Self::Role => "role",
            Self::User => "user",
            Self::Session => "session",
            Self::Service => "service",
            Self::Saml => "saml",
            Self::Oidc => "oidc",
            Self::Deleted => "deleted",
            Self::Other => "other",
        }
    }
}

impl Named {
    fn of(principal: &Principal<'_>) -> Self {
        match principal {
            Principal::Everyone => Self::Everyone,
            Principal::Federated(name) if name == "*" => Self::Everyone,
            Principal::Aws(name) | Principal::Bare(name) => Self::Aws(name.clone().into_owned()),
            Principal::Service(name) => Self::Service(name.clone().into_owned()),
            Principal::Federated(name) => Self::Federated(name.clone().into_owned()),
            Principal::CanonicalUser(name) => Self::CanonicalUser(name.clone().into_owned()),
        }
    }

    /// What it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Everyone | Self::EveryoneBut => Kind::Everyone,
            Self::Service(_) => Kind::Service,
            Self::CanonicalUser(_) => Kind::Account,
            Self::Federated(name) => match resource(name) {
                Some(resource) if resource.starts_with("saml-provider/") => Kind::Saml,
                _ => Kind::Oidc,
            },
            Self::Aws(name) if is_account(name) => Kind::Account,
            Self::Aws(name) => match (resource(name), name.split(':').nth(2)) {
                (Some("root"), _) => Kind::Account,
                (Some(resource), Some("iam")) if resource.starts_with("role/") => Kind::Role,
                (Some(resource), Some("iam")) if resource.starts_with("user/") => Kind::User,
                (Some(_), Some("sts")) => Kind::Session,
                (None, _) if is_unique_id(name) => Kind::Deleted,
                _ => Kind::Other,
            },
        }
    }

    /// The account that it belongs to; none of everyone, of services and of providers that AWS knows itself.
    #[must_use]
    pub fn account(&self) -> Option<&str> {
        let (Self::Aws(name) | Self::Federated(name)) = self else {
            return None;
        };
        if is_account(name) { Some(name) } else { name.split(':').nth(4).filter(|account| is_account(account)) }
    }

    /// The issuer of a provider of OIDC, without its scheme.
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        match self {
            Self::Federated(name) if self.kind() == Kind::Oidc => {
                Some(name.split_once(":oidc-provider/").map_or(name.as_str(), |(_, issuer)| issuer))
            }
            _ => None,
        }
    }

    /// The same principal in one form: an account by the ARN of its root, a service by its name, everyone as `*`.
    #[must_use]
    pub fn arn(&self, partition: &str) -> String {
        match self {
            Self::Everyone | Self::EveryoneBut => "*".to_owned(),
            Self::Aws(name) if is_account(name) => format!("arn:{partition}:iam::{name}:root"),
            Self::Aws(name) | Self::Service(name) | Self::Federated(name) | Self::CanonicalUser(name) => name.clone(),
        }
    }

    /// The calls by which such a principal assumes a role.
    const fn calls(&self, kind: Kind) -> &'static [&'static str] {
        match (self, kind) {
            (Self::Everyone | Self::EveryoneBut, _) => &["sts:AssumeRole", "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity"],
            (_, Kind::Saml) => &["sts:AssumeRoleWithSAML"],
            (_, Kind::Oidc) => &["sts:AssumeRoleWithWebIdentity"],
            _ => &["sts:AssumeRole"],
        }
    }
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self, self.kind(), self.account()) {
            (Self::Everyone, ..) => f.write_str("everyone"),
            (Self::EveryoneBut, ..) => f.write_str("everyone but those whom NotPrincipal names"),
            (Self::Aws(_), Kind::Account, Some(account)) => write!(f, "account {account}"),
            (Self::Aws(name), Kind::Deleted, _) => write!(f, "{}, which no longer exists", text::name(name)),
            (Self::Aws(name) | Self::CanonicalUser(name), ..) => f.write_str(&text::name(name)),
            (Self::Service(name), ..) => write!(f, "service {}", text::name(name)),
            (Self::Federated(name), ..) => write!(f, "provider {}", text::name(name)),
        }
    }
}

impl Trusted {
    /// Whether anybody at all can assume the role as this principal, for certain: it is everyone, or everyone whom a public provider vouches for,
    /// and nothing limits it.
    #[must_use]
    pub fn is_everyone(&self) -> bool {
        self.may_be_everyone() && !self.limits.contains(&Limit::Other)
    }

    /// The same unless a condition limits it of which nothing is known here.
    #[must_use]
    pub fn may_be_everyone(&self) -> bool {
        let is = |limit| self.limits.contains(&limit);
        let kept_out =
            [Limit::ExternalId, Limit::Organization, Limit::Principal, Limit::SourceAccount, Limit::SourceArn].into_iter().any(is);
        match (self.principal.kind(), self.principal.issuer()) {
            (Kind::Everyone, _) => !kept_out,
            (_, Some(issuer)) => {
                // Anybody can get a token of a public builder with any audience; every other provider is asked for one of its own clients.
                let by_audience = is(Limit::Audience) && Provider::of(issuer) != Provider::Builder;
                !kept_out && !is(Limit::Subject) && !by_audience
            }
            _ => false,
        }
    }

    /// The accounts that it comes down to: its own, or those that a condition names.
    #[must_use]
    pub fn in_accounts(&self) -> Vec<&str> {
        self.principal.account().map_or_else(|| self.accounts.iter().map(String::as_str).collect(), |account| vec![account])
    }
}

impl fmt::Display for Trusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.principal)?;
        match (self.is_everyone(), self.limits.is_empty()) {
            (true, _) if self.principal.issuer().is_some() => f.write_str(" (anybody whom it vouches for)"),
            (true, _) | (_, true) => Ok(()),
            _ => {
                let words: Vec<&str> = self.limits.iter().map(|limit| limit.words()).collect();
                write!(f, " (limited by {})", words.join(", "))
            }
        }
    }
}

/// A principal in a document.
struct Entry {
    /// The statement.
    statement: usize,
    /// Its place in the statement's principals; `None` of `NotPrincipal`.
    place: Option<usize>,
    trusted: Trusted,
}

/// Everyone whom a trust policy lets in, each once.
///
/// # Errors
///
/// [`TrustError`] if IAM would not take the text, or it names too many.
pub fn trusted(text: &str) -> Result<Vec<Trusted>, TrustError> {
    let document = Document::parse(text)?;
    let mut all: Vec<Trusted> = Vec::new();
    for entry in entries(&document)? {
        if !all.contains(&entry.trusted) {
            all.push(entry.trusted);
        }
    }
    Ok(all)
}

/// Whether a trust policy lets principals of this account in under conditions only.
///
/// Of callers whom an identity provider vouches for, whether it does so with all of them. A policy that names no such caller any more sets no
/// condition.
///
/// # Errors
///
/// As [`trusted`].
pub fn lets_in_conditionally(text: &str, account: &str) -> Result<bool, TrustError> {
    let all = trusted(text)?;
    let is_caller = |entry: &&Trusted| match entry.principal {
        Named::Everyone | Named::EveryoneBut => true,
        Named::Aws(_) => entry.principal.account() == Some(account),
        Named::Service(_) | Named::Federated(_) | Named::CanonicalUser(_) => false,
    };
    let mut callers: Vec<&Trusted> = all.iter().filter(is_caller).collect();
    if callers.is_empty() {
        callers = all.iter().filter(|entry| matches!(entry.principal, Named::Federated(_))).collect();
    }
    Ok(!callers.is_empty() && callers.iter().all(|entry| !entry.limits.is_empty()))
}

fn entries(document: &Document<'_>) -> Result<Vec<Entry>, TrustError> {
    let named = |statement: &Statement<'_>| match &statement.principals {
        Principals::Absent => 0,
        Principals::Only(list) | Principals::AllBut(list) => list.len(),
    };
    if document.statements.iter().map(named).sum::<usize>() > PRINCIPALS_MAX {
        return Err(TrustError::TooMany);
    }
    let mut entries = Vec::new();
    for (statement, allow) in document.statements.iter().enumerate().filter(|(_, statement)| statement.effect == Effect::Allow) {
        let mut enter = |place, principal| {
            if let Some(trusted) = entered(document, allow, principal) {
                entries.push(Entry { statement, place, trusted });
            }
        };
        match &allow.principals {
            Principals::Absent => {}
            Principals::Only(list) => list.iter().enumerate().for_each(|(place, principal)| enter(Some(place), Named::of(principal))),
            Principals::AllBut(_) => enter(None, Named::EveryoneBut),
        }
    }
    Ok(entries)
}

/// A principal as this statement lets it in; `None` if it does not.
fn entered(document: &Document<'_>, allow: &Statement<'_>, principal: Named) -> Option<Trusted> {
    let calls: Vec<&str> =
        principal.calls(principal.kind()).iter().copied().filter(|call| is_action(&allow.actions, call) != Some(false)).collect();
    let sure = calls.iter().any(|call| is_action(&allow.actions, call) == Some(true));
    if calls.is_empty() {
        return None;
    }
    let mut limits = Limits::of_allow(&allow.conditions, principal.issuer());
    if !sure {
        limits.add(Limit::Other);
    }
    for deny in document.statements.iter().filter(|statement| statement.effect == Effect::Deny) {
        let denied = calls.iter().filter(|call| is_action(&deny.actions, call) != Some(false)).count();
        let surely = calls.iter().all(|call| is_action(&deny.actions, call) == Some(true));
        match denies(deny, &principal) {
            Some(_) if denied == 0 => {}
            None => {}
            Some(true) if surely && limits.deny(deny, document, principal.issuer()) => {}
            Some(true) if surely => return None,
            Some(_) => limits.add(Limit::Other),
        }
    }
    let Limits { set: limits, organizations, accounts } = limits;
    Some(Trusted { principal, limits, organizations, accounts })
}

/// Whether a deny is about this principal: `Some(false)` if it is about some of those whom the principal stands for.
fn denies(deny: &Statement<'_>, principal: &Named) -> Option<bool> {
    let lists = |list: &[Principal<'_>]| list.iter().any(|denied| Named::of(denied) == *principal);
    let all = |list: &[Principal<'_>]| list.iter().any(|denied| matches!(denied, Principal::Everyone));
    match &deny.principals {
        Principals::Absent => None,
        Principals::Only(list) if all(list) || lists(list) => Some(true),
        // Of everyone, one or the other is denied: the rest is still everyone.
        Principals::Only(_) if principal.kind() == Kind::Everyone => None,
        Principals::Only(list) => {
            let account = principal.account()?;
            let same = |denied: &Named| denied.account() == Some(account) && denied.kind() == Kind::Account;
            list.iter().map(Named::of).any(|denied| same(&denied)).then_some(true)
        }
        Principals::AllBut(list) if lists(list) || all(list) => None,
        Principals::AllBut(_) => Some(false),
    }
}

/// What follows the account in an ARN.
fn resource(arn: &str) -> Option<&str> {
    arn.strip_prefix("arn:")?.splitn(5, ':').nth(4)
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether it is what IAM shows in place of a principal that is gone: `AROA…`, `AIDA…` (IAM user guide, "IAM identifiers").
fn is_unique_id(text: &str) -> bool {
    (16..=128).contains(&text.len()) && text.starts_with('A') && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests;
