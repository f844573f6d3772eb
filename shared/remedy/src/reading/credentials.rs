//! A user's long-lived credentials, as IAM lists them.

use std::fmt;

use aws_sdk_iam::primitives::DateTime as Moment;
use aws_sdk_iam::types::StatusType;
use chrono::{DateTime, Utc};
use policy::arn::{CredentialId, IamName};
use policy::change::{MfaChanged, MfaDeed};
use policy::credential::{Credential, CredentialKind};

use super::{Reader, settled};
use crate::error::{AwsCall, Named as _, found};

/// One credential, and whether it is active.
pub struct Listed {
    /// Which one.
    pub credential: Credential,
    /// Whether it is active.
    pub active: bool,
    /// When it was created.
    pub created: Option<Moment>,
}

impl fmt::Display for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.credential, if self.active { "active" } else { "inactive" })
    }
}

impl Listed {
    fn of(kind: CredentialKind, id: &str, status: Option<&StatusType>, created: Option<Moment>) -> Option<Self> {
        let id = CredentialId::new(id).ok()?;
        // A status that is not known to be inactive counts as active.
        Some(Self { credential: Credential { kind, id }, active: status != Some(&StatusType::Inactive), created })
    }
}

/// When the user's login profile, which holds the console password, was made, in seconds since 1970; `None` if there is none, or no such user.
///
/// # Errors
///
/// If IAM did not answer.
pub async fn login_made(reader: &Reader, user: &IamName) -> Result<Option<i64>, AwsCall> {
    let answer = reader.get_login_profile().user_name(user.as_str()).send().await;
    let answer = found(answer.named("iam:GetLoginProfile of user", user))?;
    match answer {
        Some(answer) => {
            let profile = answer.login_profile.ok_or_else(|| AwsCall::empty(format!("iam:GetLoginProfile of user {user}")))?;
            Ok(Some(profile.create_date.secs()))
        }
        None => Ok(None),
    }
}

/// Whether the user has an MFA device; `None` if there is no such user.
///
/// # Errors
///
/// If IAM did not answer.
pub async fn has_device(reader: &Reader, user: &IamName) -> Result<Option<bool>, AwsCall> {
    let mut pages = reader.list_mfa_devices().user_name(user.as_str()).into_paginator().send();
    while let Some(page) = pages.next().await {
        let Some(page) = found(page.named("iam:ListMFADevices of user", user))? else {
            return Ok(None);
        };
        if !page.mfa_devices.is_empty() {
            return Ok(Some(true));
        }
    }
    Ok(Some(false))
}

/// The same after a change that was made at this time.
///
/// Just after it, IAM may still list a device that is gone, or not list one yet: an answer
/// that is not what the change alone would make it is believed only when all answers agree. Otherwise nobody would be found to have lost the last of
/// two devices that are deactivated at the same moment.
///
/// # Errors
///
/// If IAM did not answer.
pub async fn has_device_since(reader: &Reader, changed: &MfaChanged, user: &IamName, made: DateTime<Utc>) -> Result<Option<bool>, AwsCall> {
    let has_one = has_device(reader, user).await?;
    let is_expected = match &changed.deed {
        MfaDeed::Deactivated { .. } => has_one == Some(false),
        MfaDeed::Enabled { .. } => has_one == Some(true),
        MfaDeed::Lifted { .. } => true,
    };
    if is_expected || !settled::agrees(made).await {
        return Ok(has_one);
    }
    has_device(reader, user).await
}

/// The user's credentials of a kind; `None` if there is no user of that name.
///
/// A user has two access keys, two certificates and a handful of the others: one page.
///
/// # Errors
///
/// If IAM did not answer.
pub async fn of_kind(reader: &Reader, user: &IamName, kind: CredentialKind) -> Result<Option<Vec<Listed>>, AwsCall> {
    let name = user.as_str();
    match kind {
        CredentialKind::AccessKey => {
            let answer = reader.list_access_keys().user_name(name).send().await;
            let answer = found(answer.named("iam:ListAccessKeys on user", user))?;
            let listed = |key: aws_sdk_iam::types::AccessKeyMetadata| {
                Listed::of(kind, key.access_key_id.as_deref()?, key.status.as_ref(), key.create_date)
            };
            Ok(answer.map(|answer| answer.access_key_metadata.into_iter().filter_map(listed).collect()))
        }
        CredentialKind::SshPublicKey => {
            let answer = reader.list_ssh_public_keys().user_name(name).send().await;
            let answer = found(answer.named("iam:ListSSHPublicKeys on user", user))?;
            let keys = answer.map(|answer| answer.ssh_public_keys.unwrap_or_default());
            Ok(keys.map(|keys| {
                keys.into_iter()
                    .filter_map(|key| Listed::of(kind, &key.ssh_public_key_id, Some(&key.status), Some(key.upload_date)))
                    .collect()
            }))
        }
        CredentialKind::SigningCertificate => {
            let answer = reader.list_signing_certificates().user_name(name).send().await;
            let answer = found(answer.named("iam:ListSigningCertificates on user", user))?;
            let listed = |certificate: aws_sdk_iam::types::SigningCertificate| {
                Listed::of(kind, &certificate.certificate_id, Some(&certificate.status), certificate.upload_date)
            };
            Ok(answer.map(|answer| answer.certificates.into_iter().filter_map(listed).collect()))
        }
        CredentialKind::ServiceSpecificCredential => {
            let answer = reader.list_service_specific_credentials().user_name(name).send().await;
            let answer = found(answer.named("iam:ListServiceSpecificCredentials on user", user))?;
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
