//! A long-lived credential of a user, active or inactive.

use std::fmt;

use aws_sdk_iam::types::StatusType;
use policy::arn::{CredentialId, IamName};
use policy::case::Call;
use policy::credential::{Credential, CredentialKind};

use super::{Home, Live, Setting, Writer, value_of};
use crate::error::{AwsCall, Named as _};
use crate::reading::{Reader, credentials};

/// Whether a credential is active.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CredentialStatus {
    /// The user who owns it.
    pub user: IamName,
    /// Which one.
    pub credential: Credential,
}

/// A credential's status, as IAM writes it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Status {
    /// It can be used.
    Active,
    /// It cannot.
    Inactive,
}

impl Status {
    const fn name(self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::Inactive => "Inactive",
        }
    }
}

impl fmt::Display for CredentialStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of user {}", self.credential, self.user)
    }
}

impl Setting for CredentialStatus {
    type Value = Status;

    fn holder(&self) -> String {
        self.to_string()
    }

    fn call(&self, status: &Status) -> Option<Call> {
        let (operation, id) = self.credential.kind.update();
        let parameters = [("UserName", self.user.as_str()), (id, self.credential.id.as_str()), ("Status", status.name())];
        Some(Call::iam(operation, &parameters))
    }

    fn parse(call: &Call, _: Home<'_>) -> Option<(Self, Status)> {
        let kind = CredentialKind::ALL.into_iter().find(|kind| kind.update().0 == call.operation)?;
        let user = IamName::new(call.parameter("UserName")?).ok()?;
        let credential = Credential { kind, id: CredentialId::new(call.parameter(kind.update().1)?).ok()? };
        value_of(Self { user, credential }, call, [Status::Active, Status::Inactive])
    }

    fn opposite(status: &Status) -> Option<Status> {
        Some(if *status == Status::Active { Status::Inactive } else { Status::Active })
    }

    fn words(status: &Status) -> &'static str {
        match status {
            Status::Active => "active",
            Status::Inactive => "inactive",
        }
    }

    async fn get(&self, reader: &Reader) -> Result<Live<Status>, AwsCall> {
        let listed = credentials::of_kind(reader, &self.user, self.credential.kind).await?.unwrap_or_default();
        let own = listed.iter().find(|listed| listed.credential.id == self.credential.id);
        Ok(own.map_or(Live::Gone, |own| Live::Is(if own.active { Status::Active } else { Status::Inactive })))
    }

    async fn set(&self, writer: &Writer, status: &Status) -> Result<(), AwsCall> {
        let (user, id) = (self.user.as_str(), self.credential.id.as_str());
        let status = match status {
            Status::Active => StatusType::Active,
            Status::Inactive => StatusType::Inactive,
        };
        let call = format!("iam:{} of", self.credential.kind.update().0);
        match self.credential.kind {
            CredentialKind::AccessKey => {
                writer.update_access_key().user_name(user).access_key_id(id).status(status).send().await.named(&call, self).map(drop)
            }
            CredentialKind::SshPublicKey => writer
                .update_ssh_public_key()
                .user_name(user)
                .ssh_public_key_id(id)
                .status(status)
                .send()
                .await
                .named(&call, self)
                .map(drop),
            CredentialKind::SigningCertificate => writer
                .update_signing_certificate()
                .user_name(user)
                .certificate_id(id)
                .status(status)
                .send()
                .await
                .named(&call, self)
                .map(drop),
            CredentialKind::ServiceSpecificCredential => {
                let update = writer.update_service_specific_credential().user_name(user).service_specific_credential_id(id);
                update.status(status).send().await.named(&call, self).map(drop)
            }
        }
    }
}
