//! Long-lived credentials, and the sessions that were made with others.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::arn::{CredentialId, IamName};

/// A kind of long-lived credential of a user.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CredentialKind {
    /// An access key: signs API calls.
    AccessKey,
    /// An SSH public key, for `CodeCommit`.
    SshPublicKey,
    /// An X.509 certificate that signs SOAP calls.
    SigningCertificate,
    /// A password or API key for one service: `CodeCommit`, Keyspaces, Bedrock.
    ServiceSpecificCredential,
}

impl CredentialKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::AccessKey, Self::SshPublicKey, Self::SigningCertificate, Self::ServiceSpecificCredential];

    /// As the Cedar schema and JSON spell it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AccessKey => "access-key",
            Self::SshPublicKey => "ssh-public-key",
            Self::SigningCertificate => "signing-certificate",
            Self::ServiceSpecificCredential => "service-specific-credential",
        }
    }

    /// As people call it.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::AccessKey => "access key",
            Self::SshPublicKey => "SSH public key",
            Self::SigningCertificate => "signing certificate",
            Self::ServiceSpecificCredential => "service-specific credential",
        }
    }

    /// The call that sets one active or inactive, and the parameter in which it takes the id.
    #[must_use]
    pub const fn update(self) -> (&'static str, &'static str) {
        match self {
            Self::AccessKey => ("UpdateAccessKey", "AccessKeyId"),
            Self::SshPublicKey => ("UpdateSSHPublicKey", "SSHPublicKeyId"),
            Self::SigningCertificate => ("UpdateSigningCertificate", "CertificateId"),
            Self::ServiceSpecificCredential => ("UpdateServiceSpecificCredential", "ServiceSpecificCredentialId"),
        }
    }
}

/// One long-lived credential.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub struct Credential {
    /// What it is.
    pub kind: CredentialKind,
    /// Its id: no secret.
    pub id: CredentialId,
}

impl Credential {
    /// The members of the schema's `Credential`.
    #[must_use]
    pub fn members(&self) -> [(&'static str, &str); 2] {
        [("id", self.id.as_str()), ("kind", self.kind.name())]
    }
}

impl fmt::Display for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.words(), self.id)
    }
}

/// Temporary credentials, as far as a finding identifies them.
#[derive(Clone, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// The role session's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<IamName>,
    /// The session's key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_id: Option<CredentialId>,
}
