//! Who made a change. Never to be confused with the target.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::id::hashed;
use crate::record::{Event, SessionIssuer, UserIdentity};
use crate::text::quoted;

/// The service whose records are of people who sign in.
pub const SIGN_IN: &str = "signin.amazonaws.com";

/// Longest ARN, name or id taken from a record, in bytes: an ARN's own limit.
const IDENTIFIER_MAX: usize = 2048;

/// The `userIdentity` of a record holds something that no AWS principal can have.
#[derive(Debug, Error)]
#[error("userIdentity.{member} is not what AWS writes there: {}", quoted(.value))]
pub struct ActorError {
    member: &'static str,
    value: String,
}

/// What kind of principal an actor is, as far as guardrails tell kinds apart.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub enum ActorKind {
    /// An IAM user, with a password or an access key.
    User,
    /// A session of an IAM role.
    Role,
    /// The account's root user.
    Root,
    /// An AWS service on its own behalf.
    Service,
    /// Anyone else: federated, from another account, or of a kind that is not known.
    #[default]
    Principal,
}

/// Who made a change, from where and how strongly authenticated.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Actor {
    /// `userIdentity.type` as CloudTrail writes it.
    #[serde(rename = "type")]
    pub identity_type: String,
    /// What guardrails call it.
    pub kind: ActorKind,
    /// The user's, role's or root's IAM ARN; for a role's session that of the role.
    pub arn: String,
    /// The user's or role's name; for others the last part of the ARN.
    pub name: String,
    /// The account that the principal belongs to.
    pub account: String,
    /// The unique id of the user or role (`AIDA…`, `AROA…`), without the session's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub principal_id: Option<String>,
    /// Of a federated user: the user, or root, who issued the session with `GetFederationToken`. A deny of the issuer binds the session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<Issuer>,
    /// The key that signed the call: an identifier, not a secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_key_id: Option<String>,
    /// The role session's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// Who is behind the role session, as reported when its first role was assumed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_identity: Option<String>,
    /// The address, or the AWS service, the call came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_ip: Option<String>,
    /// The software the call came from, as it names itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// Whether a second factor was used; `None` if CloudTrail does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mfa: Option<bool>,
    /// The AWS service through which the call came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invoked_by: Option<String>,
    /// The user of IAM Identity Center behind the call, by its id in the identity store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_behalf_of: Option<String>,
    /// The ARN of the workload that AWS issued the credentials to: a function, an instance, a task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_scope_of: Option<String>,
    /// The account of the third party that acts with delegated access.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delegate: Option<String>,
    /// Whether it is a session of the root user that an administrator of the organization opened with `AssumeRoot`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub assumed_root: bool,
}

/// Who issued the session of a federated user.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Issuer {
    /// The user's or root's IAM ARN.
    pub arn: String,
    /// The user's name, or `root`.
    pub name: String,
    /// The issuer's account.
    pub account: String,
    /// The user's unique id (`AIDA…`), or root's account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub principal_id: Option<String>,
}

impl Issuer {
    /// `sessionContext.sessionIssuer` of a federated user; `None` if it names nobody.
    fn of(issuer: &SessionIssuer) -> Result<Option<Self>, ActorError> {
        let Some(arn) = identifier("sessionContext.sessionIssuer.arn", issuer.arn.as_ref())? else {
            return Ok(None);
        };
        let name = identifier("sessionContext.sessionIssuer.userName", issuer.user_name.as_ref())?;
        Ok(Some(Self {
            name: name.unwrap_or_else(|| last_part(&arn).to_owned()),
            account: arn.split(':').nth(4).unwrap_or_default().to_owned(),
            principal_id: identifier("sessionContext.sessionIssuer.principalId", issuer.principal_id.as_ref())?,
            arn,
        }))
    }
}

impl Actor {
    /// An id that the changes of this actor have in common, made in one session or with one long-lived key; `None` of a service. The keys of a
    /// session change while it lasts, so they do not count.
    #[must_use]
    pub fn correlation(&self) -> Option<String> {
        let who = self.principal_id.as_deref().unwrap_or(&self.arn);
        let key = self.access_key_id.as_deref().filter(|key| !key.starts_with("ASIA")).unwrap_or_default();
        let session = self.session.as_deref().unwrap_or_default();
        let is_known = self.kind != ActorKind::Service && !who.is_empty();
        is_known.then(|| hashed("act-", &[&self.account, who, key, session]))
    }

    /// The actor of an event.
    ///
    /// # Errors
    ///
    /// If an ARN, name or id is longer than AWS makes them, or holds control characters: such a record is forged.
    pub fn of(event: &Event) -> Result<Self, ActorError> {
        let record = &event.record;
        let identity = &record.user_identity;
        let context = identity.session_context.as_ref();
        let issuer = context.and_then(|context| context.session_issuer.as_ref());
        let identity_type = identifier("type", identity.kind.as_ref())?.unwrap_or_else(|| "Unknown".to_owned());
        let kind = kind_of(&identity_type);
        let is_federated = identity_type == "FederatedUser";
        let own_arn = identifier("arn", identity.arn.as_ref())?;
        let role = (kind == ActorKind::Role).then_some(issuer).flatten();
        let session_arn = own_arn.as_deref().and_then(AssumedRoleArn::parse);

        let arn = match (role.and_then(|role| role.arn.as_ref()), &session_arn) {
            (Some(arn), _) => identifier("sessionContext.sessionIssuer.arn", Some(arn))?,
            (None, Some(session)) => Some(session.role_arn()),
            (None, None) => own_arn.clone(),
        };
        let arn = arn.or_else(|| identity.invoked_by.clone().filter(|_| kind == ActorKind::Service)).unwrap_or_default();
        let named = role.map_or(identity.user_name.as_ref(), |role| role.user_name.as_ref());
        let name = identifier("userName", named)?.unwrap_or_else(|| last_part(&arn).to_owned());
        let account =
            identifier("accountId", identity.account_id.as_ref())?.or_else(|| arn.split(':').nth(4).map(str::to_owned)).unwrap_or_default();

        Ok(Self {
            identity_type,
            kind,
            name,
            account,
            principal_id: principal_id(identity)?,
            issuer: issuer.filter(|_| is_federated).map(Issuer::of).transpose()?.flatten(),
            access_key_id: identifier("accessKeyId", identity.access_key_id.as_ref())?,
            session: session_arn.map(|session| session.session.to_owned()),
            source_identity: identifier("sessionContext.sourceIdentity", context.and_then(|context| context.source_identity.as_ref()))?,
            source_ip: record.source_ip_address.clone(),
            user_agent: record.user_agent.clone(),
            mfa: signed_in(event)
                .or_else(|| context.and_then(|context| context.attributes.as_ref()).and_then(|found| found.mfa_authenticated)),
            invoked_by: identity.invoked_by.clone(),
            on_behalf_of: identifier("onBehalfOf.userId", identity.on_behalf_of.as_ref().and_then(|user| user.user_id.as_ref()))?,
            in_scope_of: identifier(
                "inScopeOf",
                identity.in_scope_of.as_ref().and_then(|scope| scope.credentials_issued_to.as_ref().or(scope.source_arn.as_ref())),
            )?,
            delegate: identifier("invokedByDelegate", identity.invoked_by_delegate.as_ref().and_then(|party| party.account_id.as_ref()))?,
            assumed_root: context.and_then(|context| context.assumed_root).unwrap_or_default(),
            arn,
        })
    }
}

/// Whether a user or root signed in to the console with a second factor. Of a role's session AWS writes "No" whatever was used, because the
/// identity provider asked for it (CloudTrail user guide, "AWS Management Console sign-in events").
fn signed_in(event: &Event) -> Option<bool> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Additional {
        #[serde(rename = "MFAUsed")]
        mfa_used: Option<String>,
    }

    let record = &event.record;
    let is_own = matches!(record.user_identity.kind.as_deref(), Some("IAMUser" | "Root"));
    let said = record.additional_event_data().filter(|_| is_own && record.event_source == SIGN_IN)?;
    let Additional { mfa_used } = serde_json::from_str(said).ok()?;
    match mfa_used?.as_str() {
        "Yes" => Some(true),
        "No" => Some(false),
        _ => None,
    }
}

/// The kinds of `userIdentity.type` (CloudTrail user guide, "CloudTrail userIdentity element").
fn kind_of(identity_type: &str) -> ActorKind {
    match identity_type {
        "IAMUser" => ActorKind::User,
        "AssumedRole" | "Role" => ActorKind::Role,
        "Root" => ActorKind::Root,
        "AWSService" => ActorKind::Service,
        _ => ActorKind::Principal,
    }
}

/// `arn:<partition>:sts::<account>:assumed-role/<role>/<session>`: the role's path is not in it.
struct AssumedRoleArn<'a> {
    partition: &'a str,
    account: &'a str,
    role: &'a str,
    session: &'a str,
}

impl<'a> AssumedRoleArn<'a> {
    fn parse(arn: &'a str) -> Option<Self> {
        let (partition, rest) = arn.strip_prefix("arn:")?.split_once(":sts::")?;
        let (account, rest) = rest.split_once(":assumed-role/")?;
        let (role, session) = rest.split_once('/')?;
        Some(Self { partition, account, role, session })
    }

    fn role_arn(&self) -> String {
        format!("arn:{}:iam::{}:role/{}", self.partition, self.account, self.role)
    }
}

fn principal_id(identity: &UserIdentity) -> Result<Option<String>, ActorError> {
    let id = identifier("principalId", identity.principal_id.as_ref())?;
    Ok(id.map(|id| id.split(':').next().unwrap_or_default().to_owned()))
}

fn identifier(member: &'static str, value: Option<&String>) -> Result<Option<String>, ActorError> {
    match value {
        Some(value) if value.len() > IDENTIFIER_MAX || value.chars().any(char::is_control) => {
            Err(ActorError { member, value: value.clone() })
        }
        value => Ok(value.filter(|value| !value.is_empty()).cloned()),
    }
}

fn last_part(arn: &str) -> &str {
    arn.rsplit(['/', ':']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn actor(identity: &str) -> Result<Actor, ActorError> {
        let record = format!(
            r#"{{"eventTime":"2026-01-01T00:00:00Z","eventSource":"iam.amazonaws.com","eventName":"AttachUserPolicy",
                "awsRegion":"us-east-1","recipientAccountId":"123456789012","userIdentity":{identity}}}"#
        );
        Actor::of(&Event::from_envelope_or_record(&record).unwrap())
    }

    #[test]
    fn a_session_s_actor_is_the_role_with_its_path() {
        let actor = actor(
            r#"{"type":"AssumedRole","principalId":"AROAEXAMPLE:alice","arn":"arn:aws:sts::123456789012:assumed-role/FinanceAdmin/alice",
                "sessionContext":{"sessionIssuer":{"arn":"arn:aws:iam::123456789012:role/finance/FinanceAdmin","userName":"FinanceAdmin"}}}"#,
        )
        .unwrap();
        assert_eq!(actor.arn, "arn:aws:iam::123456789012:role/finance/FinanceAdmin");
        assert_eq!((actor.name.as_str(), actor.session.as_deref()), ("FinanceAdmin", Some("alice")));
        assert_eq!((actor.principal_id.as_deref(), actor.kind), (Some("AROAEXAMPLE"), ActorKind::Role));
    }

    #[test]
    fn a_federated_user_s_session_keeps_the_user_who_issued_it() {
        let actor = actor(
            r#"{"type":"FederatedUser","principalId":"123456789012:guest","arn":"arn:aws:sts::123456789012:federated-user/guest",
                "accountId":"123456789012","sessionContext":{"sessionIssuer":{"type":"IAMUser","principalId":"AIDAEXAMPLEEXAMPLE00",
                "arn":"arn:aws:iam::123456789012:user/ci/broker","accountId":"123456789012","userName":"broker"}}}"#,
        )
        .unwrap();
        assert_eq!((actor.kind, actor.name.as_str()), (ActorKind::Principal, "guest"));
        let issuer = actor.issuer.unwrap();
        assert_eq!((issuer.name.as_str(), issuer.account.as_str()), ("broker", "123456789012"));
        assert_eq!(
            (issuer.arn.as_str(), issuer.principal_id.as_deref()),
            ("arn:aws:iam::123456789012:user/ci/broker", Some("AIDAEXAMPLEEXAMPLE00"))
        );
    }

    #[test]
    fn a_session_without_an_issuer_is_still_the_role() {
        let actor = actor(r#"{"type":"AssumedRole","arn":"arn:aws:sts::123456789012:assumed-role/Ops/bob"}"#).unwrap();
        assert_eq!(actor.arn, "arn:aws:iam::123456789012:role/Ops");
    }

    #[test]
    fn a_kind_that_is_not_known_is_nobody_special() {
        assert_eq!(actor(r#"{"type":"SomethingNew"}"#).unwrap().kind, ActorKind::Principal);
        assert_eq!(actor("{}").unwrap().kind, ActorKind::Principal);
    }

    #[test]
    fn a_service_is_named_by_what_invoked_the_call() {
        let actor = actor(r#"{"type":"AWSService","invokedBy":"sso.amazonaws.com"}"#).unwrap();
        assert_eq!((actor.kind, actor.arn.as_str()), (ActorKind::Service, "sso.amazonaws.com"));
    }

    #[test]
    fn a_control_character_in_an_arn_is_refused() {
        let error = actor(r#"{"type":"IAMUser","arn":"arn:aws:iam::123456789012:user/a\nb"}"#).unwrap_err();
        assert!(error.to_string().starts_with("userIdentity.arn"), "{error}");
    }
}
