//! A long-lived credential that is created, or set active again.

use serde::{Deserialize, Serialize};

use super::{Call, Change, Claim, Kind, Unread};
use crate::actor::ActorKind;
use crate::arn::CredentialId;
use crate::credential::{Credential, CredentialKind};
use crate::facts::{Facts, Members};
use crate::record::Parameters;
use crate::target::{IdentityKind, Target};

/// A long-lived credential was created, or set active again.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub struct CredentialActivated {
    /// Whose it is: a user's, or root's.
    #[serde(rename = "target")]
    pub owner: Target,
    /// Which one.
    pub credential: Credential,
    /// Whether it, or its secret, is new.
    pub created: bool,
}

impl Kind for CredentialActivated {
    fn target(&self) -> Target {
        self.owner.clone()
    }

    fn context(&self, _: &Facts, context: &mut Members<'_>) {
        context.boolean("created", self.created);
        context.texts("credential", &self.credential.members());
    }

    fn matter(&self) -> String {
        format!("{} of {}", self.credential, self.owner)
    }

    fn happened(&self) -> String {
        let what = match (self.created, self.credential.kind) {
            (false, _) => "set active again",
            (true, CredentialKind::ServiceSpecificCredential) => "created, or given a new secret",
            (true, _) => "created",
        };
        format!("{} of {} was {what}", self.credential, self.owner)
    }
}

/// Parameters of the calls that create credentials or set their status, and the credential in their answers.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    user_name: Option<String>,
    status: Option<String>,
    access_key_id: Option<String>,
    #[serde(rename = "sSHPublicKeyId", alias = "SSHPublicKeyId", alias = "sshPublicKeyId")]
    ssh_public_key_id: Option<String>,
    certificate_id: Option<String>,
    service_specific_credential_id: Option<String>,
}

impl Written {
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

/// Whose credential it is: the user whom the call names, or the caller (CloudTrail leaves `userName` out if callers act on themselves).
fn owner(call: &Call<'_>, named: Option<&str>) -> Result<Target, Unread> {
    match (named, call.actor.kind) {
        (Some(named), _) => Ok(call.identity(IdentityKind::User, Some(named))?.into()),
        (None, ActorKind::User) => Ok(call.identity(IdentityKind::User, Some(&call.actor.name))?.into()),
        (None, ActorKind::Root) => Ok(Target::Root),
        _ => Err(Unread("the record does not say whose credential it is".to_owned())),
    }
}

/// `responseElements`: the credential's members under its own name, such as `accessKey`.
#[derive(Deserialize)]
struct Answer {
    #[serde(alias = "accessKey", alias = "sSHPublicKey", alias = "certificate", alias = "serviceSpecificCredential")]
    credential: Option<Written>,
}

/// The credential in the answer to a call.
fn answered(call: &Call<'_>) -> Result<Option<Written>, Unread> {
    let answer: Option<Answer> =
        call.event.record.response().map(serde_json::from_str).transpose().map_err(|error| call.unreadable(&error))?;
    Ok(answer.and_then(|answer| answer.credential))
}

/// Reads a call that creates a credential.
pub fn created(kind: CredentialKind, call: &Call<'_>) -> Result<Vec<Claim>, Unread> {
    // A caller who acts on themselves names nobody: requestParameters is null, and the answer has the new credential's id.
    let named = match call.event.record.parameters() {
        Parameters::Absent => None,
        Parameters::Known(_) | Parameters::Omitted => call.parameters::<Written>()?.user_name,
    };
    let answer = answered(call)?;
    let id = answer.as_ref().map(|answer| answer.credential_id(kind)).unwrap_or_default();
    let owner = owner(call, named.as_deref())?;
    if id.is_empty() {
        return Err(Unread(format!("the record of {} does not say the id of the new {}", call.name, kind.words())));
    }
    activation(call, owner, kind, id, true)
}

/// Reads a call that gives a credential a new secret: whoever made the call knows it, as if the credential were new. One that is inactive stays
/// so.
pub fn reset(kind: CredentialKind, call: &Call<'_>) -> Result<Vec<Claim>, Unread> {
    let parameters: Written = call.parameters()?;
    if answered(call)?.is_some_and(|answer| answer.status.as_deref() == Some("Inactive")) {
        return Ok(Vec::new());
    }
    let owner = owner(call, parameters.user_name.as_deref())?;
    activation(call, owner, kind, parameters.credential_id(kind), true)
}

/// Reads a call that sets a credential's status: only one that becomes active is a change.
pub fn activated(kind: CredentialKind, call: &Call<'_>) -> Result<Vec<Claim>, Unread> {
    let parameters: Written = call.parameters()?;
    if parameters.status.as_deref() == Some("Inactive") {
        return Ok(Vec::new());
    }
    let owner = owner(call, parameters.user_name.as_deref())?;
    activation(call, owner, kind, parameters.credential_id(kind), false)
}

fn activation(call: &Call<'_>, owner: Target, kind: CredentialKind, id: &str, created: bool) -> Result<Vec<Claim>, Unread> {
    let id = CredentialId::new(id).map_err(|error| call.unreadable(&error))?;
    Ok(vec![Claim::Change(Change::CredentialActivated(CredentialActivated { owner, credential: Credential { kind, id }, created }))])
}
