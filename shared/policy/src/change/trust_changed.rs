//! A role with another trust policy: a new role, or an old one whose policy was replaced.

use std::borrow::Cow;

use cedar_policy::RestrictedExpression;
use serde::{Deserialize, Serialize};

use super::{Call, Change, Claim, Kind, Missing, Unread};
use crate::arn::UniqueId;
use crate::document::plain;
use crate::facts::{Facts, Members};
use crate::target::{Identity, IdentityKind, Target};
use crate::text::quoted;
use crate::trust::{self, Limit, Trusted};

/// A role got a trust policy: it was created with one, or its policy was replaced. Each principal that the policy lets in is judged by itself.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TrustChanged {
    /// The role.
    #[serde(rename = "target")]
    pub role: Identity,
    /// Whether the role is new.
    #[serde(default)]
    pub created: bool,
    /// The policy's text, as the caller wrote it. Absent only until IAM is asked for a text that the record omits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
    /// Whom the policy lets in; in a case, only those that break a guardrail.
    #[serde(default)]
    pub trusted: Vec<Judged>,
}

/// A principal that a trust policy lets in, and what it breaks.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub struct Judged {
    /// The principal.
    #[serde(flatten)]
    pub trusted: Trusted,
    /// The ids of the guardrails that it breaks, or may break.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub guardrails: Vec<String>,
}

/// Principals whom a sentence names; the case has all.
const NAMED_MAX: usize = 5;

impl TrustChanged {
    /// The same with its text, if it can be read.
    pub(super) fn with_document(self, text: String) -> Result<Self, String> {
        let trusted = trust::trusted(&text).map_err(|error| format!("the trust policy of {} cannot be read: {error}", self.role))?;
        let trusted = trusted.into_iter().map(|trusted| Judged { trusted, guardrails: Vec::new() }).collect();
        Ok(Self { document: Some(text), trusted, ..self })
    }

    /// Whom it lets in, in words.
    fn names(&self) -> String {
        let mut names: Vec<String> = self.trusted.iter().take(NAMED_MAX).map(|judged| judged.trusted.to_string()).collect();
        if let Some(more) = self.trusted.len().checked_sub(NAMED_MAX).filter(|more| *more > 0) {
            names.push(format!("{more} more"));
        }
        names.join("; ")
    }
}

impl Kind for TrustChanged {
    fn target(&self) -> Target {
        self.role.clone().into()
    }

    fn context(&self, _: &Facts, context: &mut Members<'_>) {
        context.boolean("created", self.created);
        // INVARIANT: the rulebook is asked about one principal at a time (`one_by_one`).
        if let Some(Judged { trusted, .. }) = self.trusted.first() {
            let members = trusted_members(trusted, context);
            context.record("trusted", members.into_iter());
        }
    }

    fn one_by_one(&self) -> Option<Vec<Change>> {
        let alone = |judged: &Judged| Self { document: None, trusted: vec![judged.clone()], ..self.clone() }.into();
        Some(self.trusted.iter().map(alone).collect())
    }

    fn with_broken(&self, broken: &[(usize, Vec<String>)]) -> Option<Change> {
        let judged = |(place, guardrails): &(usize, Vec<String>)| {
            self.trusted.get(*place).map(|judged| Judged { guardrails: guardrails.clone(), ..judged.clone() })
        };
        Some(Self { trusted: broken.iter().filter_map(judged).collect(), ..self.clone() }.into())
    }

    fn matter(&self) -> String {
        format!("trust of {}", self.role)
    }

    fn happened(&self) -> String {
        let what = if self.created { "was created" } else { "has another trust policy" };
        if self.trusted.is_empty() {
            format!("{} {what}", self.role)
        } else {
            format!("{} {what}, which trusts {}", self.role, self.names())
        }
    }

    fn tried(&self, _: &str) -> String {
        format!("to let {} assume {}", self.names(), self.role)
    }

    fn caveat(&self) -> Option<&'static str> {
        let replaced = "the undo restores what Rescind removed, not what the trust policy said before this call: neither IAM nor the record keeps that";
        (!self.created).then_some(replaced)
    }
}

/// The schema's `Trusted`.
fn trusted_members(trusted: &Trusted, context: &Members<'_>) -> Vec<(String, RestrictedExpression)> {
    let text = |value: &str| RestrictedExpression::new_string(value.to_owned());
    let boolean = RestrictedExpression::new_bool;
    let principal = &trusted.principal;
    let accounts = trusted.in_accounts();
    let is = |limit| boolean(trusted.limits.contains(&limit));
    let limits = [
        ("audience", Limit::Audience),
        ("externalId", Limit::ExternalId),
        ("organization", Limit::Organization),
        ("other", Limit::Other),
        ("principal", Limit::Principal),
        ("sessionName", Limit::SessionName),
        ("sourceAccount", Limit::SourceAccount),
        ("sourceArn", Limit::SourceArn),
        ("subject", Limit::Subject),
    ];
    let limits = RestrictedExpression::new_record(limits.map(|(name, limit)| (name.to_owned(), is(limit))));
    let known = |all: &dyn Fn(&str) -> bool| boolean(!accounts.is_empty() && accounts.iter().all(|account| all(account)));
    let mut members = vec![
        ("account", text(if let [account] = accounts.as_slice() { account } else { "" })),
        ("arn", text(&principal.arn(context.partition()).to_ascii_lowercase())),
        ("everyone", boolean(trusted.is_everyone())),
        ("issuer", text(&principal.issuer().unwrap_or_default().to_ascii_lowercase())),
        ("kind", text(principal.kind().name())),
        ("mayBeEveryone", boolean(trusted.may_be_everyone())),
        ("organizations", RestrictedExpression::new_set(trusted.organizations.iter().map(|name| text(name)))),
        ("ownAccount", known(&|account| account == context.account())),
        ("trustedAccount", known(&|account| context.trusts(account))),
    ];
    // INVARIANT: the names are distinct, so the record can be made.
    members.extend(limits.ok().map(|limits| ("limits", limits)));
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parameters {
    role_name: Option<String>,
    #[serde(alias = "assumeRolePolicyDocument")]
    policy_document: Option<String>,
}

/// `responseElements.role`.
#[derive(Deserialize)]
struct Answer {
    role: Option<Role>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Role {
    role_id: Option<String>,
}

/// Longest document that IAM takes, in characters (IAM API reference, `UpdateAssumeRolePolicy`).
const DOCUMENT_MAX: usize = 131_072;

/// Reads `CreateRole` or `UpdateAssumeRolePolicy`.
pub fn read(created: bool, call: &Call<'_>) -> Result<Vec<Claim>, Unread> {
    let parameters: Parameters = call.parameters()?;
    let role = call.identity(IdentityKind::Role, parameters.role_name.as_deref())?;
    // An answer that is cut, or missing, leaves the role known by its name.
    let answer: Option<Answer> = call.event.record.response().and_then(|text| serde_json::from_str(text).ok());
    let id = answer.and_then(|answer| answer.role?.role_id).and_then(|id| UniqueId::new(&id).ok());
    let id = id.or_else(|| role.id.clone());
    let changed = TrustChanged { role: role.with_id(id), created, document: None, trusted: Vec::new() };
    let Some(text) = parameters.policy_document else {
        return Ok(vec![Claim::Missing(Missing::Trust(changed))]);
    };
    if text.chars().count() > DOCUMENT_MAX {
        return Err(call.unreadable(&format!("a policy document has at most {DOCUMENT_MAX} characters")));
    }
    let short = quoted(&text);
    let text = plain(&text).map_or_else(|_| text.clone(), Cow::into_owned);
    let changed = changed.with_document(text).map_err(|error| Unread(format!("{error} ({short})")))?;
    Ok(vec![Claim::Change(changed.into())])
}
