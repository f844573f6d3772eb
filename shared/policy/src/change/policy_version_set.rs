//! A version of a managed policy that was created or made the default.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Call, Change, Claim, Gives, Kind, Unread};
use crate::arn::PolicyArn;
use crate::facts::{Facts, Members};
use crate::target::Target;
use crate::text;

/// What was done.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Deed {
    /// The policy itself was created: nobody holds it yet.
    CreatedPolicy,
    /// A version was created.
    CreatedVersion,
    /// A version that was there already was made the default.
    SetDefault,
}

/// Which version had been the default before.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub struct Replaced {
    /// Its id. If it is only assumed: all that it may have been.
    pub versions: Vec<String>,
    /// Whether nothing says so: IAM does not.
    pub assumed: bool,
}

/// A version of a managed policy was created, or made the default: the one whose text counts.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicyVersionSet {
    /// The policy, of this account.
    pub policy_arn: PolicyArn,
    /// The version's id, `v2`, if the record says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Its text, if the record says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
    /// Whether it became the default.
    pub is_default: bool,
    /// What was done.
    pub deed: Deed,
    /// Which version had been the default before, if a guardrail asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced: Option<Replaced>,
}

impl PolicyVersionSet {
    /// Another version of the same policy, as if somebody had made it the default instead.
    #[must_use]
    pub fn candidate(&self, version: String, document: String) -> Self {
        Self {
            policy_arn: self.policy_arn.clone(),
            version: Some(version),
            document: Some(document),
            is_default: true,
            deed: Deed::SetDefault,
            replaced: None,
        }
    }

    /// `version v2 of policy Tools`.
    fn named(&self) -> String {
        let policy = text::name(self.policy_arn.name());
        let version = self.version.as_deref().map_or_else(|| "a version".to_owned(), |version| format!("version {}", text::name(version)));
        format!("{version} of policy {policy}")
    }
}

impl Kind for PolicyVersionSet {
    fn target(&self) -> Target {
        Target::Policy(self.policy_arn.clone())
    }

    fn context(&self, facts: &Facts, context: &mut Members<'_>) {
        let arn = &self.policy_arn;
        context.granting("policy", &[("arn", arn.as_str()), ("name", arn.name()), ("owner", arn.owner())], facts);
        context.before_and_after(facts);
        context.holders(facts);
        context.boolean("isDefault", self.is_default);
        if let Some(version) = &self.version {
            context.text("version", version);
        }
    }

    fn gives(&self) -> Gives<'_> {
        Gives::Version(self)
    }

    /// One event is about one policy. Its versions are not told apart: whoever makes one after the other makes the same change again.
    fn part(&self) -> String {
        format!("the default version of {}", self.policy_arn)
    }

    fn matter(&self) -> String {
        self.named()
    }

    fn happened(&self) -> String {
        let arn = text::name(self.policy_arn.as_str());
        let done = match self.deed {
            Deed::CreatedPolicy => "is the first of a new policy",
            Deed::CreatedVersion if self.is_default => "was created and made the default",
            Deed::CreatedVersion => "was created, and not made the default",
            Deed::SetDefault => "was made the default",
        };
        let replaced = self.replaced.as_ref().filter(|_| self.is_default).map(|Replaced { versions, assumed }| {
            let which = versions.iter().map(|version| text::name(version)).collect::<Vec<_>>().join(" or ");
            let mark = if *assumed { " (assumed: IAM does not say which one was the default before)" } else { "" };
            format!(" in place of {which}{mark}")
        });
        format!("{} ({arn}) {done}{}", self.named(), replaced.unwrap_or_default())
    }

    fn tried(&self, call: &str) -> String {
        format!("to call {call} on {}", self.target())
    }
}

/// Longest document that IAM takes, in characters (IAM API reference, `CreatePolicyVersion`).
const DOCUMENT_MAX: usize = 131_072;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parameters {
    policy_arn: Option<String>,
    policy_name: Option<String>,
    path: Option<String>,
    policy_document: Option<String>,
    set_as_default: Option<Value>,
    version_id: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    #[serde(default)]
    policy_version: Option<Version>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    version_id: Option<String>,
}

/// Reads `CreatePolicyVersion`.
pub fn created(call: &Call<'_>) -> Result<Vec<Claim>, Unread> {
    let parameters: Parameters = call.parameters()?;
    let policy_arn = policy(call, parameters.policy_arn.as_deref())?;
    let document = document(call, parameters.policy_document)?;
    // Records exist whose booleans are texts. Whatever else stands there is not guessed at.
    let is_default = match &parameters.set_as_default {
        None | Some(Value::Null | Value::Bool(false)) => false,
        Some(Value::Bool(true)) => true,
        Some(Value::String(text)) if text.eq_ignore_ascii_case("true") => true,
        Some(Value::String(text)) if text.eq_ignore_ascii_case("false") => false,
        Some(_) => return Err(call.unreadable(&"`setAsDefault` is neither true nor false")),
    };
    let answer: Option<Answer> = call.event.record.response().and_then(|json| serde_json::from_str(json).ok());
    let version = answer.and_then(|answer| answer.policy_version?.version_id);
    let version = version.map(|version| id(call, version)).transpose()?;
    // A call that AWS refused made none.
    if version.is_none() && call.event.record.error_code.is_none() {
        return Err(call.unreadable(&"it does not say which version was made"));
    }
    Ok(claim(PolicyVersionSet { policy_arn, version, document, is_default, deed: Deed::CreatedVersion, replaced: None }))
}

/// Reads `SetDefaultPolicyVersion`: the version's text is not in the record.
pub fn set(call: &Call<'_>) -> Result<Vec<Claim>, Unread> {
    let parameters: Parameters = call.parameters()?;
    let policy_arn = policy(call, parameters.policy_arn.as_deref())?;
    let version = parameters.version_id.ok_or_else(|| call.unreadable(&"missing field `versionId`"))?;
    let version = Some(id(call, version)?);
    Ok(claim(PolicyVersionSet { policy_arn, version, document: None, is_default: true, deed: Deed::SetDefault, replaced: None }))
}

/// Reads `CreatePolicy`.
pub fn policy_created(call: &Call<'_>) -> Result<Vec<Claim>, Unread> {
    let parameters: Parameters = call.parameters()?;
    let name = call.iam_name(parameters.policy_name.as_deref())?;
    let path = parameters.path.as_deref().unwrap_or("/");
    let arn = format!("arn:{}:iam::{}:policy{path}{name}", call.event.partition(), call.event.account);
    let policy_arn = policy(call, Some(&arn))?;
    let document = document(call, parameters.policy_document)?;
    let version = Some("v1".to_owned());
    Ok(claim(PolicyVersionSet { policy_arn, version, document, is_default: true, deed: Deed::CreatedPolicy, replaced: None }))
}

fn claim(set: PolicyVersionSet) -> Vec<Claim> {
    vec![Claim::Change(Change::PolicyVersionSet(set))]
}

fn policy(call: &Call<'_>, arn: Option<&str>) -> Result<PolicyArn, Unread> {
    let arn = arn.ok_or_else(|| call.unreadable(&"missing field `policyArn`"))?;
    let arn = PolicyArn::new(arn).map_err(|error| call.unreadable(&error))?;
    let event = call.event;
    if arn.partition() != event.partition() || arn.owner() != event.account.as_str() {
        let policy = text::quoted(arn.as_str());
        return Err(Unread(format!("the policy {policy} is not this account's own, so nobody in it can change its versions")));
    }
    Ok(arn)
}

fn document(call: &Call<'_>, document: Option<String>) -> Result<Option<String>, Unread> {
    if document.as_ref().is_some_and(|text| text.chars().count() > DOCUMENT_MAX) {
        return Err(call.unreadable(&format!("a policy document has at most {DOCUMENT_MAX} characters")));
    }
    Ok(document)
}

/// A version's id: `v`, and a number (IAM API reference, `PolicyVersion`).
fn id(call: &Call<'_>, version: String) -> Result<String, Unread> {
    let number = version.strip_prefix('v').unwrap_or_default();
    if number.is_empty() || number.len() > 9 || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(call.unreadable(&format!("{} is no id of a version", text::quoted(&version))));
    }
    Ok(version)
}
