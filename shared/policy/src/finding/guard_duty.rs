//! `GuardDuty`'s findings about somebody's credentials. Its API has the same members with capital letters.
//!
//! `GuardDuty` user guide, "`GuardDuty` IAM finding types", "Attack sequence finding types" and "Severity levels of `GuardDuty` findings";
//! `GuardDuty` API reference, `AccessKeyDetails`, `Sequence`, `Actor`.

use serde::Deserialize;

use super::{exposed, finding};
use crate::arn::{CredentialId, IamName, UniqueId};
use crate::change::{Claim, Finding};
use crate::credential::Session;
use crate::record::Event;
use crate::severity::Severity;
use crate::target::{Identity, IdentityKind, Target};
use crate::text::quoted;

/// The form of findings that is read.
const SCHEMA: &str = "2.0";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GuardDutyFinding {
    #[serde(alias = "SchemaVersion")]
    schema_version: Option<String>,
    #[serde(alias = "Severity")]
    severity: Option<f64>,
    #[serde(default, alias = "Resource")]
    resource: Resource,
    #[serde(default, alias = "Service")]
    service: Service,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Resource {
    #[serde(alias = "ResourceType")]
    resource_type: Option<String>,
    #[serde(alias = "AccessKeyDetails")]
    access_key_details: Option<AccessKeyDetails>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct AccessKeyDetails {
    #[serde(alias = "AccountId")]
    account_id: Option<String>,
    #[serde(alias = "AccessKeyId")]
    access_key_id: Option<String>,
    #[serde(alias = "PrincipalId")]
    principal_id: Option<String>,
    #[serde(alias = "UserName")]
    user_name: Option<String>,
    #[serde(alias = "UserType")]
    user_type: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Service {
    #[serde(alias = "Action")]
    action: Option<FoundAction>,
    #[serde(alias = "Detection")]
    detection: Option<Detection>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct FoundAction {
    #[serde(alias = "AwsApiCallAction")]
    aws_api_call_action: Option<ApiCall>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ApiCall {
    #[serde(alias = "RemoteAccountDetails")]
    remote_account_details: Option<RemoteAccount>,
}

/// The account whose principal made the call.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RemoteAccount {
    #[serde(alias = "AccountId")]
    account_id: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Detection {
    #[serde(alias = "Sequence")]
    sequence: Option<Sequence>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Sequence {
    #[serde(alias = "Actors")]
    actors: Vec<ThreatActor>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ThreatActor {
    #[serde(alias = "User")]
    user: Option<ActorUser>,
    #[serde(alias = "Session")]
    session: ActorSession,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ActorSession {
    #[serde(alias = "Issuer")]
    issuer: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ActorAccount {
    #[serde(alias = "Uid")]
    uid: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ActorUser {
    #[serde(alias = "Name")]
    name: Option<String>,
    #[serde(alias = "Uid")]
    uid: Option<String>,
    #[serde(alias = "Type")]
    r#type: Option<String>,
    #[serde(alias = "CredentialUid")]
    credential_uid: Option<String>,
    #[serde(default, alias = "Account")]
    account: ActorAccount,
}

/// Findings about credentials of this account that are used from another: their remote account is the thief's (`GuardDuty` user guide,
/// "`UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.InsideAWS`").
const USED_ELSEWHERE: &str = "InstanceCredentialExfiltration";

/// What a finding names, or why it names nothing.
pub fn claims(event: &Event, detail: &str) -> Result<Vec<Claim>, String> {
    let read: GuardDutyFinding = serde_json::from_str(detail).map_err(|error| format!("the GuardDuty finding cannot be read: {error}"))?;
    let schema = read.schema_version.as_deref().unwrap_or_default();
    if schema != SCHEMA {
        return Err(format!("the finding's schema version is {}, and Rescind reads {SCHEMA}", quoted(schema)));
    }
    let severity = severity(read.severity.ok_or("the finding has no severity")?);
    let finding = finding(event, "guardduty", severity);
    let actors = read.service.detection.and_then(|detection| detection.sequence).map_or_else(Vec::new, |sequence| sequence.actors);
    if !actors.is_empty() {
        let claims: Vec<Claim> = actors.into_iter().filter_map(|actor| acted(event, actor, &finding)).collect();
        return if claims.is_empty() { Err("the attack sequence names no user".to_owned()) } else { Ok(claims) };
    }
    let Some(details) = read.resource.access_key_details else {
        let about = read.resource.resource_type.unwrap_or_else(|| "something unnamed".to_owned());
        return Err(format!("the finding is about {}, not about a credential", quoted(&about)));
    };
    let action = read.service.action.and_then(|action| action.aws_api_call_action);
    let remote = action.and_then(|call| call.remote_account_details).and_then(|remote| remote.account_id);
    let remote = remote.filter(|_| !event.record.event_name.contains(USED_ELSEWHERE));
    let says = [details.account_id.as_deref(), remote.as_deref(), account_of(details.principal_id.as_deref())];
    Ok(vec![elsewhere(event, says).unwrap_or_else(|| misused(&details, &finding))])
}

/// What an actor of an attack sequence did. That its account is this one does not prove that the user is this account's (`GuardDuty` API reference,
/// `User`: "not necessarily the account that owns the user identity"); that it is another is enough to keep away from a namesake.
fn acted(event: &Event, actor: ThreatActor, finding: &Finding) -> Option<Claim> {
    let user = actor.user?;
    let says = [
        user.account.uid.as_deref(),
        account_of(actor.session.issuer.as_deref()),
        account_of(user.uid.as_deref()),
        account_of(user.name.as_deref()),
    ];
    let abroad = elsewhere(event, says);
    let details = AccessKeyDetails {
        account_id: None,
        access_key_id: user.credential_uid,
        principal_id: user.uid,
        user_name: user.name,
        user_type: user.r#type,
    };
    Some(abroad.unwrap_or_else(|| misused(&details, finding)))
}

/// The account in an ARN; `None` for what is no ARN.
fn account_of(arn: Option<&str>) -> Option<&str> {
    arn.filter(|arn| arn.starts_with("arn:"))?.split(':').nth(4)
}

/// The claim about a principal of another account, if anything in the finding says that it is one: this account's user of that name is somebody
/// else.
fn elsewhere<'a>(event: &Event, says: impl IntoIterator<Item = Option<&'a str>>) -> Option<Claim> {
    let home = event.account.as_str();
    let account = says.into_iter().flatten().find(|account| !account.is_empty() && *account != home)?;
    Some(Claim::Unknown(format!("the credentials belong to account {}, out of Rescind's reach: tell its owner", quoted(account))))
}

/// `GuardDuty` user guide, "Severity levels of `GuardDuty` findings".
fn severity(value: f64) -> Severity {
    match value {
        9.0.. => Severity::Critical,
        7.0.. => Severity::High,
        4.0.. => Severity::Medium,
        _ => Severity::Low,
    }
}

/// Whose credentials are misused.
fn misused(details: &AccessKeyDetails, finding: &Finding) -> Claim {
    let unknown = |what: &str| Claim::Unknown(format!("the finding does not say plainly whose credentials are misused: {what}"));
    let user_type = details.user_type.as_deref().unwrap_or_default();
    let id = match details.access_key_id.as_deref().filter(|id| !id.is_empty()).map(CredentialId::new).transpose() {
        Ok(Some(id)) if !id.is_access_key() => return unknown(&format!("{} is not the id of an access key", quoted(id.as_str()))),
        Ok(id) => id,
        Err(error) => return unknown(&error.to_string()),
    };
    let kind = match user_type {
        "IAMUser" => IdentityKind::User,
        "AssumedRole" | "Role" => IdentityKind::Role,
        "Root" => return exposed(Target::Root, id.filter(|id| !id.is_of_a_session()), None, finding),
        "FederatedUser" => {
            return unknown(
                "they are a federated user's; the GetFederationToken event of this session in CloudTrail names the user who issued it",
            );
        }
        other => return unknown(&format!("its user type is {}", quoted(other))),
    };
    let name = match IamName::new(details.user_name.as_deref().unwrap_or_default()) {
        Ok(name) => name,
        Err(error) => return unknown(&error.to_string()),
    };
    // `AIDA…`, or `AROA…:session`.
    let principal = details.principal_id.as_deref().unwrap_or_default();
    let (unique_id, session) = principal.split_once(':').map_or((principal, None), |(id, session)| (id, Some(session)));
    // IAM user guide, "IAM identifiers", unique id prefixes.
    let of_another_kind = if kind == IdentityKind::User { "AROA" } else { "AIDA" };
    if unique_id.starts_with(of_another_kind) {
        return unknown(&format!("{} is not the id of a {}", quoted(unique_id), kind.word()));
    }
    let owner = Identity::new(kind, name).with_id(UniqueId::new(unique_id).ok());
    let of_session = kind == IdentityKind::Role || id.as_ref().is_some_and(CredentialId::is_of_a_session);
    if !of_session {
        return exposed(owner.into(), id, None, finding);
    }
    let session = session.and_then(|session| IamName::new(session).ok());
    exposed(owner.into(), None, Some(Session { name: session, key_id: id }), finding)
}
