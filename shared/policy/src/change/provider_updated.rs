//! An OIDC provider whose tokens stand for another identity now. Nothing is taken back: the record does not say what was there before.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Call, Change, Claim, Kind, Unread};
use crate::arn::ProviderArn;
use crate::facts::{Facts, Members};
use crate::target::Target;
use crate::text;

/// An OIDC provider was updated (IAM API reference, `UpdateOpenIDConnectProvider`).
///
/// The call sets where the identity comes from that its tokens propagate, or which instance of IAM Identity Center it belongs to.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProviderUpdated {
    /// The provider.
    #[serde(rename = "target")]
    pub provider: Target,
    /// What is new about it.
    pub update: Update,
}

/// What is new about an identity provider.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(tag = "type", content = "value", rename_all = "kebab-case")]
pub enum Update {
    /// The claim of its tokens that says who the user is.
    Subject(String),
    /// No claim says that any more.
    NoSubject,
    /// The instance of IAM Identity Center that it belongs to.
    IdentityCenter(String),
    /// It belongs to none any more.
    NoIdentityCenter,
}

impl Update {
    const fn name(&self) -> &'static str {
        match self {
            Self::Subject(_) => "subject",
            Self::NoSubject => "no-subject",
            Self::IdentityCenter(_) => "identity-center",
            Self::NoIdentityCenter => "no-identity-center",
        }
    }
}

impl Kind for ProviderUpdated {
    fn target(&self) -> Target {
        self.provider.clone()
    }

    fn context(&self, _: &Facts, context: &mut Members<'_>) {
        context.text("update", self.update.name());
    }

    fn matter(&self) -> String {
        self.provider.to_string()
    }

    fn happened(&self) -> String {
        let provider = &self.provider;
        match &self.update {
            Update::Subject(key) => format!("whom a token of {provider} stands for is what its claim {} says", text::quoted(key)),
            Update::NoSubject => format!("no claim says any more whom a token of {provider} stands for"),
            Update::IdentityCenter(instance) => format!("{provider} belongs to the IAM Identity Center instance {}", text::name(instance)),
            Update::NoIdentityCenter => format!("{provider} no longer belongs to an IAM Identity Center instance"),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parameters {
    #[serde(rename = "openIDConnectProviderArn")]
    provider: Option<String>,
    context_provider: Option<ContextProvider>,
    identity_center_instance_arn: Option<String>,
    remove_context_provider: Option<Value>,
    remove_identity_center_instance: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ContextProvider {
    subject_source_key: String,
}

/// Reads `UpdateOpenIDConnectProvider`, which changes one thing at a time.
pub fn read(call: &Call<'_>) -> Result<Vec<Claim>, Unread> {
    let parameters: Parameters = call.parameters()?;
    let provider = ProviderArn::new(parameters.provider.as_deref().unwrap_or_default()).map_err(|error| call.unreadable(&error))?;
    // Booleans stand in records as such, or as text.
    let is_set =
        |flag: Option<&Value>| flag.is_some_and(|flag| flag == true || flag.as_str().is_some_and(|text| text.eq_ignore_ascii_case("true")));
    let update = match (parameters.context_provider, parameters.identity_center_instance_arn) {
        (Some(ContextProvider { subject_source_key }), _) => Update::Subject(subject_source_key),
        (None, Some(instance)) => Update::IdentityCenter(instance),
        (None, None) if is_set(parameters.remove_context_provider.as_ref()) => Update::NoSubject,
        (None, None) if is_set(parameters.remove_identity_center_instance.as_ref()) => Update::NoIdentityCenter,
        (None, None) => return Err(call.unreadable(&"it does not say what was updated")),
    };
    Ok(vec![Claim::Change(Change::ProviderUpdated(ProviderUpdated { provider: Target::Provider(provider), update }))])
}
