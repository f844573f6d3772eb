//! What the conditions of a trust policy make of a principal.
//!
//! A limit counts only if it is certain: every value of the condition narrows, and the condition cannot be met by leaving the key out. A
//! condition that anybody can meet is none. Whatever is left is `Other`: it may limit.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::is_account;
use crate::capability::{Denial, RequestContext, denial, limit_nothing};
use crate::document::{Condition, Document, Qualifier, Statement, Test};

/// What limits a principal.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Limit {
    /// `sts:ExternalId`: a name that the trusting side gave to the trusted one.
    ExternalId,
    /// `aws:PrincipalOrgID` or `aws:PrincipalOrgPaths`.
    Organization,
    /// `aws:PrincipalAccount` or `aws:PrincipalArn`, of a named account.
    Principal,
    /// `aws:SourceAccount`, `aws:SourceOrgID` or `aws:SourceOrgPaths`.
    SourceAccount,
    /// `aws:SourceArn`, of a named account or resource.
    SourceArn,
    /// `sts:RoleSessionName`: the caller chooses it, so it keeps nobody out.
    SessionName,
    /// The audience of a token or assertion.
    Audience,
    /// The subject of a token: of a public builder, one that names an organization.
    Subject,
    /// A condition of which it is not certain that it limits.
    Other,
}

impl Limit {
    /// In words, for a notice.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::ExternalId => "an external id",
            Self::Organization => "its organization",
            Self::Principal => "the caller's account",
            Self::SourceAccount => "the source account",
            Self::SourceArn => "the source ARN",
            Self::SessionName => "the session's name",
            Self::Audience => "the audience",
            Self::Subject => "the subject",
            Self::Other => "other conditions",
        }
    }
}

/// Who can get a token from a provider of OIDC.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Provider {
    /// Anybody who has a repository there, for any audience.
    Builder,
    /// Bitbucket: it has an issuer for each workspace, and subjects that begin with the repository's id.
    Bitbucket,
    /// Whomever it knows: a cluster, a company's own, or one where each client has an audience of its own.
    Other,
}

impl Provider {
    pub(super) fn of(issuer: &str) -> Self {
        let host = issuer.split('/').next().unwrap_or_default();
        // A path behind GitHub's host is an enterprise's own issuer.
        if ["token.actions.githubusercontent.com", "gitlab.com", "app.terraform.io"].iter().any(|known| issuer.eq_ignore_ascii_case(known))
        {
            Self::Builder
        } else if host.eq_ignore_ascii_case("api.bitbucket.org") {
            Self::Bitbucket
        } else {
            Self::Other
        }
    }
}

/// What limits a principal, and whom the limits name.
#[derive(Debug, Default)]
pub(super) struct Limits {
    pub set: BTreeSet<Limit>,
    pub organizations: BTreeSet<String>,
    pub accounts: BTreeSet<String>,
}

/// What one condition comes to.
enum Found {
    Limits(Limits),
    /// Anybody can meet it.
    Nothing,
    /// Nothing is known of it here.
    Unlisted,
}

impl Limits {
    /// The limits that an allow's conditions set: all of them have to hold.
    pub(super) fn of_allow(conditions: &[Condition<'_>], issuer: Option<&str>) -> Self {
        let mut limits = Self::default();
        let mut unlisted = Vec::new();
        for condition in conditions {
            match one(condition, issuer, false) {
                Found::Limits(found) => limits.merge(found),
                Found::Nothing => {}
                Found::Unlisted => unlisted.push(condition.clone()),
            }
        }
        if !limit_nothing(&unlisted, &RequestContext::default()) {
            limits.add(Limit::Other);
        }
        limits
    }

    /// Adds what a deny makes of it; false if it leaves nobody. Denying whoever lacks something is the same as asking for it.
    pub(super) fn deny(&mut self, deny: &Statement<'_>, document: &Document<'_>, issuer: Option<&str>) -> bool {
        match deny.conditions.as_slice() {
            [] => return false,
            [condition] => match one(condition, issuer, true) {
                Found::Limits(found) => self.merge(found),
                Found::Nothing => {}
                Found::Unlisted => self.perhaps(deny, document),
            },
            _ => self.perhaps(deny, document),
        }
        true
    }

    fn perhaps(&mut self, deny: &Statement<'_>, document: &Document<'_>) {
        if denial(&deny.conditions, std::slice::from_ref(document), &RequestContext::default()) != Denial::Nothing {
            self.add(Limit::Other);
        }
    }

    pub(super) fn add(&mut self, limit: Limit) {
        self.set.insert(limit);
    }

    fn merge(&mut self, other: Self) {
        self.set.extend(other.set);
        self.organizations.extend(other.organizations);
        self.accounts.extend(other.accounts);
    }
}

/// A condition key that is known here.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Key {
    ExternalId,
    OrganizationOfPrincipal,
    AccountOfPrincipal,
    ArnOfPrincipal,
    SourceOrganization,
    SourceAccount,
    SourceArn,
    SessionName,
    Audience,
    Subject,
}

impl Key {
    fn of(name: &str, issuer: Option<&str>) -> Option<Self> {
        const KNOWN: [(&str, Key); 11] = [
            ("sts:ExternalId", Key::ExternalId),
            ("aws:PrincipalOrgID", Key::OrganizationOfPrincipal),
            ("aws:PrincipalOrgPaths", Key::OrganizationOfPrincipal),
            ("aws:PrincipalAccount", Key::AccountOfPrincipal),
            ("aws:PrincipalArn", Key::ArnOfPrincipal),
            ("aws:SourceOrgID", Key::SourceOrganization),
            ("aws:SourceOrgPaths", Key::SourceOrganization),
            ("aws:SourceAccount", Key::SourceAccount),
            ("aws:SourceArn", Key::SourceArn),
            ("sts:RoleSessionName", Key::SessionName),
            ("SAML:aud", Key::Audience),
        ];
        if let Some((_, key)) = KNOWN.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
            return Some(*key);
        }
        // A key of another issuer is in no token of this one.
        let (of, claim) = name.rsplit_once(':')?;
        let claim = claim.to_ascii_lowercase();
        match (issuer.is_some_and(|issuer| issuer.eq_ignore_ascii_case(of)), claim.as_str()) {
            (true, "sub") => Some(Self::Subject),
            (true, "aud" | "app_id") => Some(Self::Audience),
            _ => None,
        }
    }

    const fn limit(self) -> Limit {
        match self {
            Self::ExternalId => Limit::ExternalId,
            Self::OrganizationOfPrincipal => Limit::Organization,
            Self::AccountOfPrincipal | Self::ArnOfPrincipal => Limit::Principal,
            Self::SourceOrganization | Self::SourceAccount => Limit::SourceAccount,
            Self::SourceArn => Limit::SourceArn,
            Self::SessionName => Limit::SessionName,
            Self::Audience => Limit::Audience,
            Self::Subject => Limit::Subject,
        }
    }

    /// Whether a caller can leave it out: it is then missing, and `…IfExists` and `ForAllValues` hold.
    const fn can_be_absent(self) -> bool {
        matches!(self, Self::ExternalId | Self::OrganizationOfPrincipal | Self::SourceOrganization | Self::SourceAccount | Self::SourceArn)
    }
}

/// What one condition of an allow, or the only one of a deny, comes to.
fn one(condition: &Condition<'_>, issuer: Option<&str>, denies: bool) -> Found {
    let Some(key) = Key::of(&condition.key, issuer) else {
        return Found::Unlisted;
    };
    let operator = condition.operator;
    let literal = match operator.test {
        Test::StringEquals | Test::StringEqualsIgnoreCase | Test::StringNotEquals | Test::StringNotEqualsIgnoreCase => true,
        Test::StringLike | Test::StringNotLike | Test::ArnEquals | Test::ArnLike | Test::ArnNotEquals | Test::ArnNotLike => false,
        // Whoever chooses the value can make it be there.
        Test::Null if !denies && matches!(key, Key::ExternalId | Key::SessionName) => return Found::Nothing,
        _ => return Found::Unlisted,
    };
    if condition.values.is_empty() {
        return Found::Unlisted;
    }
    match (denies, operator.test.is_negated()) {
        // Everyone but a few is still everyone.
        (false, true) => return Found::Nothing,
        (true, false) => return Found::Unlisted,
        (true, true) if operator.qualifier == Some(Qualifier::ForAnyValue) => return Found::Unlisted,
        (false, false) if key.can_be_absent() && (operator.if_exists || operator.qualifier == Some(Qualifier::ForAllValues)) => {
            return Found::Nothing;
        }
        _ => {}
    }
    if condition.values.iter().any(|value| value.contains("${")) {
        return Found::Unlisted;
    }
    let by_segment = matches!(operator.test, Test::ArnEquals | Test::ArnLike | Test::ArnNotEquals | Test::ArnNotLike);
    let mut limits = Limits::default();
    limits.add(key.limit());
    let mut unclear = false;
    for value in &condition.values {
        match narrows(key, value, literal, by_segment, issuer) {
            Narrow::Open => return Found::Nothing,
            Narrow::Unclear => unclear = true,
            Narrow::Some => {}
            Narrow::Organization(name) => drop(limits.organizations.insert(name)),
            Narrow::Account(account) => drop(limits.accounts.insert(account)),
        }
    }
    if unclear { Found::Unlisted } else { Found::Limits(limits) }
}

/// What one value lets through.
enum Narrow {
    /// Anybody.
    Open,
    /// It cannot be said.
    Unclear,
    /// Those who have something that not everybody has.
    Some,
    /// Those of this organization.
    Organization(String),
    /// Those of this account.
    Account(String),
}

const fn is_wild(byte: char) -> bool {
    matches!(byte, '*' | '?')
}

fn narrows(key: Key, value: &str, literal: bool, by_segment: bool, issuer: Option<&str>) -> Narrow {
    let wild = |text: &str| !literal && text.contains(is_wild);
    if !literal && value.chars().all(is_wild) {
        return Narrow::Open;
    }
    match key {
        Key::ExternalId | Key::SessionName | Key::Audience => Narrow::Some,
        Key::OrganizationOfPrincipal | Key::SourceOrganization => {
            let id = value.split('/').next().unwrap_or_default();
            match id.strip_prefix("o-") {
                Some(rest) if rest.chars().all(is_wild) && !literal => Narrow::Open,
                _ if wild(id) => Narrow::Unclear,
                _ if key == Key::OrganizationOfPrincipal => Narrow::Organization(id.to_owned()),
                _ => Narrow::Some,
            }
        }
        Key::AccountOfPrincipal => match value {
            _ if wild(value) => Narrow::Unclear,
            _ if is_account(value) => Narrow::Account(value.to_owned()),
            _ => Narrow::Some,
        },
        Key::SourceAccount => {
            if wild(value) {
                Narrow::Unclear
            } else {
                Narrow::Some
            }
        }
        Key::ArnOfPrincipal | Key::SourceArn => of_arn(key, value, literal, by_segment),
        Key::Subject => of_subject(issuer.unwrap_or_default(), value, literal),
    }
}

fn of_arn(key: Key, value: &str, literal: bool, by_segment: bool) -> Narrow {
    let mut segments = value.splitn(6, ':');
    let before: Vec<&str> = segments.by_ref().take(4).collect();
    let account = segments.next().unwrap_or_default();
    let own = segments.next().unwrap_or_default();
    let wild = |text: &str| !literal && text.contains(is_wild);
    // Outside the ARN operators a wildcard reaches across colons.
    let reaches = !by_segment && before.iter().any(|segment| wild(segment));
    match account {
        _ if reaches => Narrow::Unclear,
        account if is_account(account) && key == Key::ArnOfPrincipal => Narrow::Account(account.to_owned()),
        account if is_account(account) || literal => Narrow::Some,
        // Anybody can give a role this name, in an account of their own.
        account if !account.is_empty() && account.chars().all(is_wild) && key == Key::ArnOfPrincipal => Narrow::Open,
        // A bucket's ARN has no account.
        "" if own.chars().next().is_some_and(|first| !is_wild(first)) => Narrow::Some,
        _ => Narrow::Unclear,
    }
}

/// The parts of a subject whose value names an organization, or something that belongs to one (GitHub, "OIDC reference"; GitLab, "Connect
/// to cloud services"; HCP Terraform, "Workload identity tokens").
const OWNED: [&str; 13] = [
    "repo",
    "repository",
    "repository_id",
    "repository_owner",
    "repository_owner_id",
    "enterprise",
    "enterprise_id",
    "job_workflow_ref",
    "project_path",
    "project_id",
    "namespace_path",
    "namespace_id",
    "organization",
];

/// A subject, which is what tells one repository, project or service account from another.
fn of_subject(issuer: &str, value: &str, literal: bool) -> Narrow {
    let fixed = if literal { value } else { value.split(is_wild).next().unwrap_or_default() };
    let whole = fixed.len() == value.len();
    match Provider::of(issuer) {
        Provider::Builder => {
            let Some((part, rest)) = fixed.split_once(':') else {
                return if whole { Narrow::Unclear } else { Narrow::Open };
            };
            if !OWNED.contains(&part) {
                return Narrow::Unclear;
            }
            // Without what ends it, `repo:acme*` names everyone who calls themselves acme-anything.
            let end = rest.find(['/', ':']);
            let name = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
            match name.split('@').next().unwrap_or_default() {
                "" => Narrow::Open,
                name if end.is_some() || whole => Narrow::Organization(name.to_owned()),
                _ => Narrow::Open,
            }
        }
        Provider::Bitbucket | Provider::Other => {
            let names = fixed.strip_prefix("system:serviceaccount:").unwrap_or(fixed);
            if names.chars().any(char::is_alphanumeric) { Narrow::Some } else { Narrow::Open }
        }
    }
}
