//! The seal on what one function asks of another.
//!
//! Cases reach the other function over the event bus, where anybody who may put events can put one that looks the same. A message
//! authentication code of KMS tells them apart: its key's policy lets Rescind's own functions make codes, and nobody else.

use aws_sdk_kms::operation::verify_mac::VerifyMacError;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::MacAlgorithmSpec;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use policy::Case;
use policy::text::quoted;
use sha2::{Digest as _, Sha256};

use crate::error::{AwsCall, Error};

/// How long a request is obeyed: EventBridge tries to deliver an event for 24 hours, Lambda then for 6.
const VALID: TimeDelta = TimeDelta::hours(30);

/// Makes seals, and tells whether one is right.
pub struct Seal {
    kms: aws_sdk_kms::Config,
    key_arn: String,
}

impl Seal {
    pub const fn with(kms: aws_sdk_kms::Config, key_arn: String) -> Self {
        Self { kms, key_arn }
    }

    /// Made when it is needed: most events ask nothing of another function.
    fn kms(&self) -> aws_sdk_kms::Client {
        aws_sdk_kms::Client::from_conf(self.kms.clone())
    }

    /// Seals a case that asks other functions for remedies.
    pub async fn put_on(&self, case: &mut Case) -> Result<(), Error> {
        let answer = self
            .kms()
            .generate_mac()
            .key_id(&self.key_arn)
            .mac_algorithm(MacAlgorithmSpec::HmacSha256)
            .message(digest(case))
            .send()
            .await
            .map_err(|error| AwsCall::of(format!("kms:GenerateMac for case {}", case.id), &error))?;
        case.seal = answer.mac.map(|code| BASE64_STANDARD.encode(code));
        Ok(())
    }

    /// Refuses a case that is not sealed, whose seal is another case's, or that is too old to be delivered now.
    pub async fn check(&self, case: &Case, now: DateTime<Utc>) -> Result<(), Error> {
        let forged = |what: &str| Err(Error::Forged(format!("case {} {what}", quoted(&case.id))));
        let Some(Ok(code)) = case.seal.as_deref().map(|seal| BASE64_STANDARD.decode(seal)) else {
            return forged("bears no seal");
        };
        if now - case.time > VALID || case.time - now > VALID {
            return forged("is older than any that is still delivered");
        }
        let answer = self
            .kms()
            .verify_mac()
            .key_id(&self.key_arn)
            .mac_algorithm(MacAlgorithmSpec::HmacSha256)
            .message(digest(case))
            .mac(Blob::new(code))
            .send()
            .await;
        match answer {
            Ok(answer) if answer.mac_valid => Ok(()),
            Ok(_) => forged("bears a seal that is not its own"),
            // KMS answers a wrong code with an error (KMS API reference, `VerifyMac`: KMSInvalidMacException).
            Err(error) if error.as_service_error().is_some_and(VerifyMacError::is_kms_invalid_mac_exception) => {
                forged("bears a seal that is not its own")
            }
            Err(error) => Err(AwsCall::of(format!("kms:VerifyMac for case {}", quoted(&case.id)), &error).into()),
        }
    }
}

/// KMS takes messages of 4,096 bytes: the code is of the case's digest.
fn digest(case: &Case) -> Blob {
    Blob::new(Sha256::digest(case.sealed_text()).to_vec())
}
