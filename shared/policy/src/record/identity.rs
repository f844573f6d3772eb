//! Who called, as a record says it (CloudTrail user guide, "CloudTrail userIdentity element").

use serde::Deserialize;

use super::{boolean, text};

/// `userIdentity`: everything is optional, because it differs with the kind of caller.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserIdentity {
    /// The key that signed the call: an identifier, not a secret.
    pub access_key_id: Option<String>,
    /// The caller's account.
    pub account_id: Option<String>,
    /// The caller's ARN; for a role's session that of the session.
    pub arn: Option<String>,
    /// The AWS service through which the call came, such as `cloudformation.amazonaws.com`.
    #[serde(default, deserialize_with = "text")]
    pub invoked_by: Option<String>,
    /// `AIDA…` for a user, `AROA…:session` for a role's session.
    pub principal_id: Option<String>,
    /// How a temporary credential was created.
    #[serde(default)]
    pub session_context: Option<SessionContext>,
    /// The user of IAM Identity Center behind the call.
    #[serde(default)]
    pub on_behalf_of: Option<OnBehalfOf>,
    /// The workload that AWS issued the credentials to.
    #[serde(default)]
    pub in_scope_of: Option<InScopeOf>,
    /// The third party that acts with delegated access.
    #[serde(default)]
    pub invoked_by_delegate: Option<Delegate>,
    /// `IAMUser`, `AssumedRole`, `Root`, …
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// The user's name, for an IAM user.
    pub user_name: Option<String>,
}

/// `userIdentity.onBehalfOf`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OnBehalfOf {
    /// The user's id in the identity store.
    pub user_id: Option<String>,
    /// The ARN of the identity store.
    pub identity_store_arn: Option<String>,
}

/// `userIdentity.inScopeOf`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InScopeOf {
    /// The function, instance or task that the credentials were issued to.
    pub credentials_issued_to: Option<String>,
    /// The resource for which a service called another.
    pub source_arn: Option<String>,
}

/// `userIdentity.invokedByDelegate`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Delegate {
    /// The third party's account.
    pub account_id: Option<String>,
}

/// `userIdentity.sessionContext`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionContext {
    /// Who is behind the session, as reported when its first role was assumed; it stays through further roles.
    #[serde(default)]
    pub source_identity: Option<String>,
    /// Whether it is a session of a member account's root user, opened with `AssumeRoot`.
    #[serde(default, deserialize_with = "boolean")]
    pub assumed_root: Option<bool>,
    /// When and how strongly the session was authenticated.
    #[serde(default)]
    pub attributes: Option<SessionAttributes>,
    /// The role or user that the session belongs to.
    #[serde(default)]
    pub session_issuer: Option<SessionIssuer>,
}

/// `userIdentity.sessionContext.attributes`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionAttributes {
    /// Whether the session was opened with a second factor. CloudTrail writes it as text, other producers as a boolean.
    #[serde(default, deserialize_with = "boolean")]
    pub mfa_authenticated: Option<bool>,
}

/// `userIdentity.sessionContext.sessionIssuer`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionIssuer {
    /// The account of the role or user.
    pub account_id: Option<String>,
    /// The role's or user's own ARN.
    pub arn: Option<String>,
    /// Its unique id.
    pub principal_id: Option<String>,
    /// Its name.
    pub user_name: Option<String>,
}
