//! What a record means: one typed change to who can do what.
//!
//! To teach Rescind another API call: add it to [`Action`], add what it does to [`Change`] and read it in [`claims`]. The compiler
//! then names every place that has to know: the Cedar request, the case, the notice, the remedy.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::actor::{Actor, ActorKind};
use crate::arn::{CredentialId, IamName, PolicyArn};
use crate::credential::{Credential, CredentialKind, Session};
use crate::finding::{self, Finding};
use crate::quarantine::{PATH, Quarantine};
use crate::record::{Event, Parameters};
use crate::text::{quoted, shown};

macro_rules! actions {
    ($($(#[$doc:meta])* $variant:ident $name:literal $source:tt $what:expr,)*) => {
        /// What is judged: API calls, by the name that IAM and the Cedar schema give them, findings, and what lifts a quarantine.
        #[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
        pub enum Action {
            $($(#[$doc])* $variant,)*
        }

        impl Action {
            /// Every action, in the order of the schema.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Its name in the schema: of an API call the call's own.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// The service as CloudTrail's `eventSource` names it.
            #[must_use]
            pub const fn event_source(self) -> &'static str {
                match self {
                    $(Self::$variant => $source,)*
                }
            }

            const fn what(self) -> What {
                match self {
                    $(Self::$variant => $what,)*
                }
            }
        }
    };
}

/// What an action does.
#[derive(Clone, Copy, Eq, PartialEq)]
enum What {
    Attaches(TargetKind),
    Creates(CredentialKind),
    Activates(CredentialKind),
    Finds,
    Lifts,
}

actions! {
    /// A managed policy attached to a user.
    AttachUserPolicy "AttachUserPolicy" IAM What::Attaches(TargetKind::User),
    /// A managed policy attached to a group.
    AttachGroupPolicy "AttachGroupPolicy" IAM What::Attaches(TargetKind::Group),
    /// A managed policy attached to a role.
    AttachRolePolicy "AttachRolePolicy" IAM What::Attaches(TargetKind::Role),
    /// An access key created.
    CreateAccessKey "CreateAccessKey" IAM What::Creates(CredentialKind::AccessKey),
    /// An access key set active again.
    UpdateAccessKey "UpdateAccessKey" IAM What::Activates(CredentialKind::AccessKey),
    /// An SSH public key uploaded.
    UploadSshPublicKey "UploadSSHPublicKey" IAM What::Creates(CredentialKind::SshPublicKey),
    /// An SSH public key set active again.
    UpdateSshPublicKey "UpdateSSHPublicKey" IAM What::Activates(CredentialKind::SshPublicKey),
    /// A signing certificate uploaded.
    UploadSigningCertificate "UploadSigningCertificate" IAM What::Creates(CredentialKind::SigningCertificate),
    /// A signing certificate set active again.
    UpdateSigningCertificate "UpdateSigningCertificate" IAM What::Activates(CredentialKind::SigningCertificate),
    /// A credential for one service created.
    CreateServiceSpecificCredential "CreateServiceSpecificCredential" IAM What::Creates(CredentialKind::ServiceSpecificCredential),
    /// A credential for one service set active again.
    UpdateServiceSpecificCredential "UpdateServiceSpecificCredential" IAM What::Activates(CredentialKind::ServiceSpecificCredential),
    /// AWS Health tells of a risk.
    HealthEvent "HealthEvent" "health.amazonaws.com" What::Finds,
    /// `GuardDuty` found something.
    GuardDutyFinding "GuardDutyFinding" "guardduty.amazonaws.com" What::Finds,
    /// Another service found something: told, never acted on.
    SecurityFinding "SecurityFinding" "securityhub.amazonaws.com" What::Finds,
    /// A policy of containment taken away or replaced, by whichever call.
    LiftQuarantine "LiftQuarantine" IAM What::Lifts,
}

const IAM: &str = "iam.amazonaws.com";

/// The calls that can take a policy of containment away.
const LIFTING: [&str; 6] =
    ["DeleteRolePolicy", "DeleteUserPolicy", "DetachRolePolicy", "DetachUserPolicy", "PutRolePolicy", "PutUserPolicy"];

impl Action {
    /// The remedies that can answer it.
    #[must_use]
    pub const fn remedies(self) -> &'static [Remedy] {
        match self.what() {
            What::Attaches(_) => &[Remedy::DetachPolicy, Remedy::QuarantineKey, Remedy::QuarantinePrincipal],
            What::Creates(_) | What::Activates(_) | What::Finds => &[Remedy::QuarantineKey, Remedy::QuarantinePrincipal],
            What::Lifts => &[Remedy::QuarantinePrincipal],
        }
    }

    /// The remedy whose function judges such events. Another remedy that is asked for is handed to the function that owns it.
    #[must_use]
    pub const fn judged_by(self) -> Remedy {
        match self.what() {
            What::Attaches(_) => Remedy::DetachPolicy,
            What::Creates(_) | What::Activates(_) | What::Finds => Remedy::QuarantineKey,
            What::Lifts => Remedy::QuarantinePrincipal,
        }
    }

    /// Whether an event puts a policy of containment on somebody, by its name: seen from outside, that looks like replacing one.
    #[must_use]
    pub fn contains(event: &Event) -> bool {
        const CONTAINING: [&str; 4] = ["AttachRolePolicy", "AttachUserPolicy", "PutRolePolicy", "PutUserPolicy"];
        let record = &event.record;
        record.event_source == IAM && CONTAINING.contains(&record.event_name.as_str()) && lifted(event).is_some()
    }

    /// The action of an event, if it is one.
    #[must_use]
    pub fn of(event: &Event) -> Option<Self> {
        let record = &event.record;
        let source = record.event_source.as_str();
        match source {
            "health.amazonaws.com" if record.is_finding() => Some(Self::HealthEvent),
            "guardduty.amazonaws.com" if record.is_finding() => Some(Self::GuardDutyFinding),
            _ if record.is_finding() => Some(Self::SecurityFinding),
            IAM if LIFTING.contains(&record.event_name.as_str()) => lifted(event).map(|_| Self::LiftQuarantine),
            _ => Self::ALL.iter().copied().find(|action| {
                !matches!(action.what(), What::Finds | What::Lifts) && action.name() == record.event_name && action.event_source() == source
            }),
        }
    }
}

/// What takes a change back, or contains who made it. Each is owned by one function.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Remedy {
    /// Detaches the policy from the target that it was attached to.
    DetachPolicy,
    /// Sets a long-lived credential inactive.
    QuarantineKey,
    /// Denies a user, or sessions of a role, everything.
    QuarantinePrincipal,
}

impl Remedy {
    /// Every remedy.
    pub const ALL: [Self; 3] = [Self::DetachPolicy, Self::QuarantineKey, Self::QuarantinePrincipal];

    /// Its name in the rulebook's `@remedy`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::DetachPolicy => "detach-policy",
            Self::QuarantineKey => "quarantine-key",
            Self::QuarantinePrincipal => "quarantine-principal",
        }
    }
}

/// A kind of IAM identity that can be a target.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TargetKind {
    /// An IAM user.
    User,
    /// An IAM group.
    Group,
    /// An IAM role.
    Role,
    /// The account's root user.
    Root,
}

impl TargetKind {
    /// As IAM's API names and the Cedar schema spell it: `User`, `Group`, `Role`, `Root`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Group => "Group",
            Self::Role => "Role",
            Self::Root => "Root",
        }
    }

    /// As ARNs and people spell it: `user`, `group`, `role`, `root`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Group => "group",
            Self::Role => "role",
            Self::Root => "root",
        }
    }
}

/// Whose access changed.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub struct Target {
    /// User, group, role or root.
    #[serde(rename = "type")]
    pub kind: TargetKind,
    /// Its name at the time of the change. Names move: the unique id is what stays.
    pub name: IamName,
}

impl Target {
    /// The account's root user.
    ///
    /// ```
    /// assert_eq!(policy::change::Target::root().to_string(), "the root user");
    /// ```
    #[must_use]
    pub fn root() -> Self {
        Self { kind: TargetKind::Root, name: IamName::root() }
    }

    /// The user or role that the end of an ARN names: `user/path/name`.
    #[must_use]
    pub fn of_resource(resource: &str) -> Option<Self> {
        let (kind, path) = resource.split_once('/')?;
        let kind = match kind {
            "user" => TargetKind::User,
            "role" => TargetKind::Role,
            _ => return None,
        };
        Some(Self { kind, name: IamName::new(path.rsplit('/').next()?).ok()? })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.kind == TargetKind::Root {
            return f.write_str("the root user");
        }
        write!(f, "{} {}", self.kind.word(), self.name)
    }
}

/// What a record means.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(tag = "type", rename_all_fields = "camelCase")]
pub enum Change {
    /// A managed policy was attached to a user, group or role.
    PolicyAttached {
        /// To whom.
        target: Target,
        /// Which policy.
        policy_arn: PolicyArn,
    },
    /// A long-lived credential came to be, or was set active again.
    CredentialActivated {
        /// Whose it is.
        target: Target,
        /// Which one.
        credential: Credential,
        /// Whether it is new.
        created: bool,
    },
    /// AWS found that somebody's credentials are exposed or misused.
    CredentialExposed {
        /// Whose they are.
        target: Target,
        /// The long-lived credential, where it is known which.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        credential: Option<Credential>,
        /// The session, where it is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        session: Option<Session>,
        /// What was found.
        finding: Finding,
    },
    /// A policy of containment was taken away, or replaced.
    QuarantineLifted {
        /// Who was contained by it.
        target: Target,
        /// The policy's name.
        policy_name: IamName,
    },
}

/// What an event tells of one change.
#[derive(Debug)]
pub enum Claim {
    /// All of it.
    Change(Change),
    /// That a key is exposed, but not whose it is: IAM has to be asked.
    Unowned {
        /// The key.
        id: CredentialId,
        /// What was found.
        finding: Finding,
    },
    /// Not enough, for this reason: the answer is "unknown".
    Unknown(String),
}

/// Why an event cannot be one that AWS sends of this account.
#[derive(Debug, Error)]
pub enum ChangeError {
    /// The parameters are not those of the call.
    #[error("requestParameters of {0} are not what IAM takes: {1}")]
    Malformed(&'static str, String),
    /// The change is about another account or partition than the event.
    #[error("the policy {} belongs to another account or partition than the event, which is of account {account} in {partition}", quoted(.policy_arn))]
    Foreign {
        /// The policy that was named.
        policy_arn: String,
        /// The event's account.
        account: String,
        /// The event's partition.
        partition: &'static str,
    },
}

impl Change {
    /// The name of the variant, as it stands in a case and in the notice's `change` attribute.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::PolicyAttached { .. } => "PolicyAttached",
            Self::CredentialActivated { .. } => "CredentialActivated",
            Self::CredentialExposed { .. } => "CredentialExposed",
            Self::QuarantineLifted { .. } => "QuarantineLifted",
        }
    }

    /// Whose access changed, or whose credentials it is about.
    #[must_use]
    pub const fn target(&self) -> &Target {
        match self {
            Self::PolicyAttached { target, .. }
            | Self::CredentialActivated { target, .. }
            | Self::CredentialExposed { target, .. }
            | Self::QuarantineLifted { target, .. } => target,
        }
    }
}

/// What an event of this action tells: of a finding one claim for each credential, of a credential that was set inactive none.
///
/// # Errors
///
/// [`ChangeError::Malformed`] where what the record says cannot be, and [`ChangeError::Foreign`] where it is about what this account does
/// not own.
pub fn claims(action: Action, event: &Event, actor: &Actor) -> Result<Vec<Claim>, ChangeError> {
    let name = action.name();
    let parameters = match event.record.parameters() {
        Parameters::Known(json) => Ok(json),
        Parameters::Absent => Err(format!("CloudTrail did not keep the parameters of {name}: requestParameters is null")),
        Parameters::Omitted => Err(format!("CloudTrail did not keep the parameters of {name}: the record was too large (omitted: true)")),
    };
    let absent = matches!(event.record.parameters(), Parameters::Absent);
    match (action.what(), parameters) {
        (What::Finds, Ok(detail)) => Ok(finding::claims(event, detail)),
        // For oneself there is nothing to say: whose key it is tells the caller, and which it is the answer.
        (What::Creates(kind), Err(_)) if absent => Ok(vec![created(kind, event, actor, "{}", name)?]),
        (_, Err(reason)) => Ok(vec![Claim::Unknown(reason)]),
        (What::Attaches(kind), Ok(json)) => attached(kind, event, json, name).map(|change| vec![Claim::Change(change)]),
        (What::Creates(kind), Ok(json)) => Ok(vec![created(kind, event, actor, json, name)?]),
        (What::Activates(kind), Ok(json)) => Ok(activated(kind, actor, json, name)?.into_iter().collect()),
        (What::Lifts, Ok(_)) => {
            Ok(vec![lifted(event).map_or_else(|| Claim::Unknown("the policy is none of Rescind's".to_owned()), Claim::Change)])
        }
    }
}

fn malformed(name: &'static str) -> impl Fn(&dyn fmt::Display) -> ChangeError {
    move |error| ChangeError::Malformed(name, shown(&error.to_string()))
}

/// `requestParameters` of the calls that are judged, as far as they are told apart by them (IAM API reference).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CallParameters {
    group_name: Option<String>,
    policy_arn: Option<String>,
    policy_name: Option<String>,
    role_name: Option<String>,
    status: Option<String>,
    user_name: Option<String>,
    access_key_id: Option<String>,
    #[serde(rename = "sSHPublicKeyId", alias = "SSHPublicKeyId", alias = "sshPublicKeyId")]
    ssh_public_key_id: Option<String>,
    certificate_id: Option<String>,
    service_specific_credential_id: Option<String>,
}

impl CallParameters {
    fn credential_id(&self, kind: CredentialKind) -> &str {
        let id = match kind {
            CredentialKind::AccessKey => &self.access_key_id,
            CredentialKind::SshPublicKey => &self.ssh_public_key_id,
            CredentialKind::SigningCertificate => &self.certificate_id,
            CredentialKind::ServiceSpecificCredential => &self.service_specific_credential_id,
        };
        id.as_deref().unwrap_or_default()
    }
}

fn attached(kind: TargetKind, event: &Event, json: &str, name: &'static str) -> Result<Change, ChangeError> {
    let malformed = malformed(name);
    let call: CallParameters = serde_json::from_str(json).map_err(|error| malformed(&error))?;
    let target_name = match kind {
        TargetKind::User => &call.user_name,
        TargetKind::Group => &call.group_name,
        TargetKind::Role | TargetKind::Root => &call.role_name,
    };
    let target = Target { kind, name: IamName::new(target_name.as_deref().unwrap_or_default()).map_err(|error| malformed(&error))? };
    let policy_arn = call.policy_arn.ok_or_else(|| malformed(&"missing field `policyArn`"))?;
    let policy_arn = PolicyArn::new(&policy_arn).map_err(|error| ChangeError::Malformed(name, error.to_string()))?;
    if !policy_arn.is_within(&event.account, event.partition()) {
        return Err(ChangeError::Foreign {
            policy_arn: policy_arn.to_string(),
            account: event.account.to_string(),
            partition: event.partition(),
        });
    }
    Ok(Change::PolicyAttached { target, policy_arn })
}

/// Whose credential it is: whom the call names, or the caller (CloudTrail leaves `userName` out where a caller acts on itself).
fn owner(actor: &Actor, named: Option<&str>, name: &'static str) -> Result<Result<Target, String>, ChangeError> {
    let user = |text: &str| {
        let name = IamName::new(text).map_err(|error| malformed(name)(&error))?;
        Ok(Ok(Target { kind: TargetKind::User, name }))
    };
    match (named, actor.kind) {
        (Some(named), _) => user(named),
        (None, ActorKind::User) => user(&actor.name),
        (None, ActorKind::Root) => Ok(Ok(Target::root())),
        _ => Ok(Err("the record does not tell whose credential it is".to_owned())),
    }
}

fn created(kind: CredentialKind, event: &Event, actor: &Actor, json: &str, name: &'static str) -> Result<Claim, ChangeError> {
    /// `responseElements`: the credential's members under its own name, such as `accessKey`.
    #[derive(Deserialize)]
    struct Answer {
        #[serde(alias = "accessKey", alias = "sSHPublicKey", alias = "certificate", alias = "serviceSpecificCredential")]
        credential: Option<CallParameters>,
    }

    let malformed = malformed(name);
    let call: CallParameters = serde_json::from_str(json).map_err(|error| malformed(&error))?;
    let answer: Option<Answer> = event.record.response().map(serde_json::from_str).transpose().map_err(|error| malformed(&error))?;
    let answer = answer.and_then(|answer| answer.credential);
    let id = answer.as_ref().map(|answer| answer.credential_id(kind)).unwrap_or_default();
    match owner(actor, call.user_name.as_deref(), name)? {
        _ if id.is_empty() => Ok(Claim::Unknown(format!("the record of {name} does not tell the id of the new {}", kind.words()))),
        Err(reason) => Ok(Claim::Unknown(reason)),
        Ok(target) => {
            let id = CredentialId::new(id).map_err(|error| malformed(&error))?;
            Ok(Claim::Change(Change::CredentialActivated { target, credential: Credential { kind, id }, created: true }))
        }
    }
}

fn activated(kind: CredentialKind, actor: &Actor, json: &str, name: &'static str) -> Result<Option<Claim>, ChangeError> {
    let malformed = malformed(name);
    let call: CallParameters = serde_json::from_str(json).map_err(|error| malformed(&error))?;
    if call.status.as_deref() == Some("Inactive") {
        return Ok(None);
    }
    match owner(actor, call.user_name.as_deref(), name)? {
        Err(reason) => Ok(Some(Claim::Unknown(reason))),
        Ok(target) => {
            let id = CredentialId::new(call.credential_id(kind)).map_err(|error| malformed(&error))?;
            Ok(Some(Claim::Change(Change::CredentialActivated { target, credential: Credential { kind, id }, created: false })))
        }
    }
}

/// The policy of containment that a call takes away or replaces; `None` where it is about another policy.
fn lifted(event: &Event) -> Option<Change> {
    let Parameters::Known(json) = event.record.parameters() else {
        return None;
    };
    let call: CallParameters = serde_json::from_str(json).ok()?;
    let (kind, name) = match (&call.user_name, &call.role_name) {
        (Some(user), None) => (TargetKind::User, user),
        (None, Some(role)) => (TargetKind::Role, role),
        _ => return None,
    };
    let by_arn = || {
        let arn = PolicyArn::new(call.policy_arn.as_deref()?).ok()?;
        let ours = arn.owner() == event.account.as_str() && arn.as_str().ends_with(&format!(":policy{PATH}{}", arn.name()));
        ours.then(|| arn.name().to_owned())
    };
    let policy_name = call.policy_name.clone().or_else(by_arn)?;
    let target = Target { kind, name: IamName::new(name).ok()? };
    Quarantine::is_named_so(&policy_name).then_some(())?;
    Some(Change::QuarantineLifted { target, policy_name: IamName::new(&policy_name).ok()? })
}

#[cfg(test)]
mod tests;
