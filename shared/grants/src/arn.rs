//! Identifiers as IAM defines them: a value of these types is well formed, whoever wrote it.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de};
use thiserror::Error;

use crate::text::quoted;

/// Longest ARN that IAM's API takes, in characters (IAM API reference, `AttachUserPolicy`, `PolicyArn`).
const ARN_MAX: usize = 2048;
/// Longest name of a user, group, role or policy, in characters (IAM user guide, "IAM and AWS STS quotas"; a role's is 64).
const NAME_MAX: usize = 128;

/// Why a value is not the identifier it stands for.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum IdentifierError {
    /// Not an account id.
    #[error("{} is not an account id: 12 digits are expected", quoted(.0))]
    Account(String),
    /// Not a name that IAM allows.
    #[error("{} is not an IAM name: 1 to {NAME_MAX} letters, digits and +=,.@_- are expected", quoted(.0))]
    Name(String),
    /// Not the id of a credential.
    #[error("{} is not the id of a credential: 16 to 128 letters, digits and _ are expected", quoted(.0))]
    Credential(String),
    /// Not the unique id of an IAM identity.
    #[error("{} is not the unique id of an IAM identity: 16 to 128 letters, digits and _ are expected", quoted(.0))]
    UniqueId(String),
    /// Not the ARN of an identity provider.
    #[error("{} is not the ARN of an identity provider: arn:<partition>:iam::<account>:saml-provider/<name> or …:oidc-provider/<host> is expected", quoted(.0))]
    ProviderArn(String),
    /// Not the ARN of a managed policy.
    #[error("{} is not the ARN of a managed policy: arn:<partition>:iam::<account or aws>:policy/<path and name> is expected", quoted(.0))]
    PolicyArn(String),
}

/// A twelve-digit AWS account id.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Serialize)]
pub struct AccountId(String);

impl AccountId {
    /// Takes exactly twelve digits.
    ///
    /// # Errors
    ///
    /// [`IdentifierError::Account`] for anything else.
    pub fn new(text: &str) -> Result<Self, IdentifierError> {
        let is_one = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
        if is_one { Ok(Self(text.to_owned())) } else { Err(IdentifierError::Account(text.to_owned())) }
    }

    /// The twelve digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The name of a user, group, role or policy: `[\w+=,.@-]{1,128}`, as the IAM API reference has it.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Serialize)]
pub struct IamName(String);

impl IamName {
    /// Takes a name in IAM's own character set.
    ///
    /// # Errors
    ///
    /// [`IdentifierError::Name`] if it is empty, too long or holds any other character.
    pub fn new(text: &str) -> Result<Self, IdentifierError> {
        let in_charset = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte);
        if (1..=NAME_MAX).contains(&text.len()) && text.bytes().all(in_charset) {
            Ok(Self(text.to_owned()))
        } else {
            Err(IdentifierError::Name(text.to_owned()))
        }
    }

    /// Stands for the name of the account's root user, which has none.
    #[must_use]
    pub fn root() -> Self {
        Self::made("root".to_owned())
    }

    /// A name that Rescind makes itself.
    ///
    /// INVARIANT: it is made of valid names and characters, and not too long.
    #[must_use]
    pub const fn made(text: String) -> Self {
        Self(text)
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The id of a long-lived credential (`AKIA…`, `APKA…`, `ACCA…`) or of a session's key (`ASIA…`): `\w{16,128}`, as the IAM API reference has it.
/// An identifier, not a secret.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Serialize)]
pub struct CredentialId(String);

impl CredentialId {
    /// Takes an id in IAM's own character set.
    ///
    /// # Errors
    ///
    /// [`IdentifierError::Credential`] if it is too short, too long or holds any other character.
    pub fn new(text: &str) -> Result<Self, IdentifierError> {
        if is_id(text) { Ok(Self(text.to_owned())) } else { Err(IdentifierError::Credential(text.to_owned())) }
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it has the form of an access key's id: `AKIA`, or `ASIA` of temporary credentials, and 16 or more capital letters and digits
    /// (IAM user guide, "IAM identifiers", unique id prefixes). A user may be named almost so.
    #[must_use]
    pub fn is_access_key(&self) -> bool {
        let rest = ["AKIA", "ASIA"].iter().find_map(|prefix| self.0.strip_prefix(prefix));
        rest.is_some_and(|rest| rest.len() >= 16 && rest.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()))
    }

    /// Whether it is that of temporary credentials (IAM user guide, "IAM identifiers", unique id prefixes).
    #[must_use]
    pub fn is_of_a_session(&self) -> bool {
        self.0.starts_with("ASIA")
    }
}

/// The unique id of a user (`AIDA…`), group (`AGPA…`) or role (`AROA…`): `\w{16,128}`, as the IAM API reference has it. IAM never uses one again.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Serialize)]
pub struct UniqueId(String);

impl UniqueId {
    /// Takes an id in IAM's own character set.
    ///
    /// # Errors
    ///
    /// [`IdentifierError::UniqueId`] if it is too short, too long or holds any other character.
    pub fn new(text: &str) -> Result<Self, IdentifierError> {
        if is_id(text) { Ok(Self(text.to_owned())) } else { Err(IdentifierError::UniqueId(text.to_owned())) }
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_id(text: &str) -> bool {
    (16..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// The ARN of a SAML or OIDC identity provider.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Serialize)]
pub struct ProviderArn(String);

impl ProviderArn {
    /// Takes `arn:<partition>:iam::<account>:saml-provider/<name>` or `…:oidc-provider/<host and path>`.
    ///
    /// # Errors
    ///
    /// [`IdentifierError::ProviderArn`] if any part is missing, too long, or holds what IAM does not allow there.
    pub fn new(text: &str) -> Result<Self, IdentifierError> {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let well_formed = matches!(*parts, ["arn", partition, "iam", "", account, provider]
            if partition.starts_with("aws")
                && AccountId::new(account).is_ok()
                && ["saml-provider/", "oidc-provider/"].iter().any(|kind| provider.len() > kind.len() && provider.starts_with(kind))
                && provider.bytes().all(|byte| byte.is_ascii_graphic()));
        if well_formed && text.len() <= ARN_MAX { Ok(Self(text.to_owned())) } else { Err(IdentifierError::ProviderArn(text.to_owned())) }
    }

    /// The whole ARN.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The account that it belongs to.
    #[must_use]
    pub fn account(&self) -> &str {
        self.0.split(':').nth(4).unwrap_or_default()
    }

    /// The provider's name: of an OIDC provider its host and path.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.split_once("-provider/").map_or("", |(_, name)| name)
    }
}

/// The ARN of a managed policy, AWS's own or a customer's.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Serialize)]
#[serde(transparent)]
pub struct PolicyArn(String);

impl PolicyArn {
    /// Takes `arn:<partition>:iam::<account or aws>:policy/<path><name>`. IAM ignores the case of its letters, so all that comes before the path
    /// is kept in lower case, in which AWS writes it.
    ///
    /// # Errors
    ///
    /// [`IdentifierError::PolicyArn`] if any part is missing, too long, or holds what IAM does not allow there.
    pub fn new(text: &str) -> Result<Self, IdentifierError> {
        let well_formed = || {
            let (head, path) = text.split_once('/')?;
            let head = head.to_ascii_lowercase();
            let (partition, owner) = head.strip_prefix("arn:")?.strip_suffix(":policy")?.split_once(":iam::")?;
            let (_, name) = path.rsplit_once('/').unwrap_or(("", path));
            let partition_ok = partition.starts_with("aws") && partition.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
            let owner_ok = owner == "aws" || AccountId::new(owner).is_ok();
            let path_ok = path.bytes().all(|byte| byte.is_ascii_graphic());
            (partition_ok && owner_ok && path_ok && IamName::new(name).is_ok()).then(|| format!("{head}/{path}"))
        };
        let arn = (text.len() <= ARN_MAX).then(well_formed).flatten();
        arn.map(Self).ok_or_else(|| IdentifierError::PolicyArn(text.to_owned()))
    }

    /// The whole ARN.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `aws`, `aws-cn`, `aws-us-gov`, …
    #[must_use]
    pub fn partition(&self) -> &str {
        self.field(1)
    }

    /// The account that owns the policy, or `aws` for one that AWS manages.
    #[must_use]
    pub fn owner(&self) -> &str {
        self.field(4)
    }

    /// The policy's name, without its path.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// The policy's path: `/` or `/team/a/`.
    #[must_use]
    pub fn path(&self) -> &str {
        path_of(&self.0)
    }

    /// Whether it is one of the policies that AWS attaches to a user whose key leaked: `AWSCompromisedKeyQuarantine` and its later versions.
    #[must_use]
    pub fn is_key_quarantine(&self) -> bool {
        const NAME: &str = "AWSCompromisedKeyQuarantine";
        self.owner() == "aws" && begins_with(self.name(), NAME)
    }

    /// Whether principals of an account can hold it: it belongs to the account or to AWS, in the account's partition.
    #[must_use]
    pub fn is_within(&self, account: &AccountId, partition: &str) -> bool {
        self.partition() == partition && (self.owner() == "aws" || self.owner() == account.as_str())
    }

    fn field(&self, index: usize) -> &str {
        self.0.split(':').nth(index).unwrap_or_default()
    }
}

macro_rules! identifier {
    ($($type:ident)*) => {$(
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::new(&String::deserialize(deserializer)?).map_err(de::Error::custom)
            }
        }
    )*};
}

identifier!(AccountId CredentialId IamName PolicyArn ProviderArn UniqueId);

/// Whether a name begins with this prefix: IAM ignores the case of names.
#[must_use]
pub fn begins_with(name: &str, prefix: &str) -> bool {
    name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// The path in `arn:…:user/team/a/name`: `/team/a/`.
#[must_use]
pub fn path_of(arn: &str) -> &str {
    let after = arn.splitn(6, ':').nth(5).unwrap_or_default();
    let path = after.find('/').and_then(|start| after.get(start..=after.rfind('/')?));
    path.unwrap_or("/")
}

/// The partition that a region belongs to (AWS general reference, "Partitions").
#[must_use]
pub fn partition_of(region: &str) -> &'static str {
    const BY_PREFIX: [(&str, &str); 7] = [
        ("cn-", "aws-cn"),
        ("us-gov-", "aws-us-gov"),
        ("us-iso-", "aws-iso"),
        ("us-isob-", "aws-iso-b"),
        ("eu-isoe-", "aws-iso-e"),
        ("us-isof-", "aws-iso-f"),
        ("eusc-", "aws-eusc"),
    ];
    BY_PREFIX.iter().find(|(prefix, _)| region.starts_with(prefix)).map_or("aws", |(_, partition)| partition)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_arn_is_taken_apart_in_any_partition() {
        let arn = PolicyArn::new("arn:aws-us-gov:iam::123456789012:policy/team/a/ReadOnly").unwrap();
        assert_eq!((arn.partition(), arn.owner(), arn.name()), ("aws-us-gov", "123456789012", "ReadOnly"));
    }

    #[test]
    fn what_is_no_policy_arn_is_refused() {
        for text in [
            "",
            "Billing",
            "arn:aws:iam::aws:role/Billing",
            "arn:aws:iam::aws:policy/",
            "arn:aws:iam::12345:policy/Billing",
            "arn:aws:iam::aws:policy/job function/Billing",
            "arn:aws:iam::aws:policy/Bill\u{202e}ing",
            "arn:aws:iam::aws:group/policy/Billing",
        ] {
            assert!(PolicyArn::new(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_policy_arn_in_other_letters_is_the_same_policy() {
        let arn = PolicyArn::new("ARN:aws:IAM::AWS:Policy/job-function/billing").unwrap();
        assert_eq!(arn.as_str(), "arn:aws:iam::aws:policy/job-function/billing");
        assert_eq!(PolicyArn::new("arn:aws:iam::AWS:policy/awscompromisedkeyquarantinev3").map(|arn| arn.is_key_quarantine()), Ok(true));
    }

    #[test]
    fn an_access_key_s_id_is_known_by_its_form() {
        let is_key = |id: &str| CredentialId::new(id).unwrap().is_access_key();
        assert!(is_key("AKIAIOSFODNN7EXAMPLE") && is_key("ASIAIOSFODNN7EXAMPLE"));
        for id in ["SVC_BILLING_EXPORT", "AKIA_BILLING_EXPORT_", "AKIAIOSFODNN7EXAMPle", "AKIAIOSFODNN7EXAM", "AIDAIOSFODNN7EXAMPLE"] {
            assert!(!is_key(id), "{id}");
        }
    }

    #[test]
    fn a_name_holds_only_what_iam_allows() {
        assert!(IamName::new("polsen+admin@example.com").is_ok());
        for text in ["", "a b", "a\nb", "<b>", "pöl", &"x".repeat(129)] {
            assert!(IamName::new(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_long_value_is_cut_in_the_message_about_it() {
        let message = IamName::new(&"x".repeat(1_000_000)).unwrap_err().to_string();
        assert!(message.len() < 400, "{}", message.len());
    }

    #[test]
    fn a_path_is_read_off_an_arn() {
        let paths = ["user/polsen", "user/a/b/polsen", "role/aws-service-role/x/y"].map(|end| format!("arn:aws:iam::1:{end}"));
        assert_eq!(paths.each_ref().map(|arn| path_of(arn)), ["/", "/a/b/", "/aws-service-role/x/"]);
    }

    #[test]
    fn a_provider_is_saml_or_oidc() {
        let provider = ProviderArn::new("arn:aws:iam::123456789012:oidc-provider/token.example.com/x").unwrap();
        assert_eq!((provider.account(), provider.name()), ("123456789012", "token.example.com/x"));
        for text in
            ["arn:aws:iam::123456789012:user/saml-provider/x", "arn:aws:iam::123456789012:saml-provider/", "arn:aws:iam::1:saml-provider/x"]
        {
            assert!(ProviderArn::new(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_region_tells_its_partition() {
        let partitions = ["us-east-1", "cn-north-1", "us-gov-west-1", "us-isob-east-1", "eusc-de-east-1"].map(partition_of);
        assert_eq!(partitions, ["aws", "aws-cn", "aws-us-gov", "aws-iso-b", "aws-eusc"]);
    }
}
