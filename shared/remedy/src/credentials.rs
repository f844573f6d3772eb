//! A user's long-lived credentials, as IAM lists them.

use std::fmt;

use aws_sdk_iam::Client;
use aws_sdk_iam::primitives::DateTime;
use aws_sdk_iam::types::StatusType;
use policy::arn::CredentialId;
use policy::change::Target;
use policy::credential::{Credential, CredentialKind};

use crate::error::{AwsCall, found};

/// One credential, and whether it can be used.
pub struct Listed {
    /// Which one.
    pub credential: Credential,
    /// Whether it can be used.
    pub active: bool,
    /// When it was made.
    pub created: Option<DateTime>,
}

impl fmt::Display for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.credential, if self.active { "active" } else { "inactive" })
    }
}

impl Listed {
    fn of(kind: CredentialKind, id: &str, status: Option<&StatusType>, created: Option<DateTime>) -> Option<Self> {
        let id = CredentialId::new(id).ok()?;
        // A state that is not known to be inactive may be used.
        Some(Self { credential: Credential { kind, id }, active: status != Some(&StatusType::Inactive), created })
    }
}

/// The user's credentials of a kind; `None` where there is no user of that name.
///
/// A user has two access keys, two certificates and a handful of the others: one page.
///
/// # Errors
///
/// Where IAM did not answer.
pub async fn of_kind(iam: &Client, user: &Target, kind: CredentialKind) -> Result<Option<Vec<Listed>>, AwsCall> {
    let name = user.name.as_str();
    match kind {
        CredentialKind::AccessKey => {
            let answer = iam.list_access_keys().user_name(name).send().await;
            let answer = found(answer.map_err(|error| AwsCall::of(format!("iam:ListAccessKeys of {user}"), &error)))?;
            let listed = |key: aws_sdk_iam::types::AccessKeyMetadata| {
                Listed::of(kind, key.access_key_id.as_deref()?, key.status.as_ref(), key.create_date)
            };
            Ok(answer.map(|answer| answer.access_key_metadata.into_iter().filter_map(listed).collect()))
        }
        CredentialKind::SshPublicKey => {
            let answer = iam.list_ssh_public_keys().user_name(name).send().await;
            let answer = found(answer.map_err(|error| AwsCall::of(format!("iam:ListSSHPublicKeys of {user}"), &error)))?;
            let keys = answer.map(|answer| answer.ssh_public_keys.unwrap_or_default());
            Ok(keys.map(|keys| {
                keys.into_iter()
                    .filter_map(|key| Listed::of(kind, &key.ssh_public_key_id, Some(&key.status), Some(key.upload_date)))
                    .collect()
            }))
        }
        CredentialKind::SigningCertificate => {
            let answer = iam.list_signing_certificates().user_name(name).send().await;
            let answer = found(answer.map_err(|error| AwsCall::of(format!("iam:ListSigningCertificates of {user}"), &error)))?;
            let listed = |certificate: aws_sdk_iam::types::SigningCertificate| {
                Listed::of(kind, &certificate.certificate_id, Some(&certificate.status), certificate.upload_date)
            };
            Ok(answer.map(|answer| answer.certificates.into_iter().filter_map(listed).collect()))
        }
        CredentialKind::ServiceSpecificCredential => {
            let answer = iam.list_service_specific_credentials().user_name(name).send().await;
            let answer = found(answer.map_err(|error| AwsCall::of(format!("iam:ListServiceSpecificCredentials of {user}"), &error)))?;
            let credentials = answer.map(|answer| answer.service_specific_credentials.unwrap_or_default());
            Ok(credentials.map(|credentials| {
                let listed = |credential: aws_sdk_iam::types::ServiceSpecificCredentialMetadata| {
                    Listed::of(kind, &credential.service_specific_credential_id, Some(&credential.status), Some(credential.create_date))
                };
                credentials.into_iter().filter_map(listed).collect()
            }))
        }
    }
}

/// Sets a credential active or inactive.
///
/// # Errors
///
/// Where IAM did not do it; [`Failure::NotFound`](crate::Failure::NotFound) where the credential, or its user, is gone.
pub async fn set_status(iam: &Client, user: &Target, credential: &Credential, status: StatusType) -> Result<(), AwsCall> {
    let (name, id) = (user.name.as_str(), credential.id.as_str());
    let (operation, _) = credential.kind.update();
    let call = || format!("iam:{operation} of {credential} of {user}");
    match credential.kind {
        CredentialKind::AccessKey => {
            let answer = iam.update_access_key().user_name(name).access_key_id(id).status(status).send().await;
            answer.map(drop).map_err(|error| AwsCall::of(call(), &error))
        }
        CredentialKind::SshPublicKey => {
            let answer = iam.update_ssh_public_key().user_name(name).ssh_public_key_id(id).status(status).send().await;
            answer.map(drop).map_err(|error| AwsCall::of(call(), &error))
        }
        CredentialKind::SigningCertificate => {
            let answer = iam.update_signing_certificate().user_name(name).certificate_id(id).status(status).send().await;
            answer.map(drop).map_err(|error| AwsCall::of(call(), &error))
        }
        CredentialKind::ServiceSpecificCredential => {
            let update = iam.update_service_specific_credential().user_name(name).service_specific_credential_id(id).status(status);
            update.send().await.map(drop).map_err(|error| AwsCall::of(call(), &error))
        }
    }
}
