//! Which version of a managed policy is the default one, whose text counts.

use std::fmt;

use policy::arn::PolicyArn;
use policy::case::Call;
use policy::text;

use super::{Home, Live, Setting, Writer};
use crate::error::{AwsCall, Named as _};
use crate::reading::{Reader, holdings};

/// The id of a managed policy's default version: `v1`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DefaultVersion {
    /// The policy, of this account.
    pub policy: PolicyArn,
}

impl fmt::Display for DefaultVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the default version of {}", text::name(self.policy.as_str()))
    }
}

impl Setting for DefaultVersion {
    type Value = String;

    fn holder(&self) -> String {
        format!("policy {}", text::name(self.policy.as_str()))
    }

    fn call(&self, version: &String) -> Option<Call> {
        Some(Call::iam("SetDefaultPolicyVersion", &[("PolicyArn", self.policy.as_str()), ("VersionId", version)]))
    }

    fn parse(call: &Call, home: Home<'_>) -> Option<(Self, String)> {
        let policy = PolicyArn::new(call.parameter("PolicyArn")?).ok().filter(|arn| arn.owner() == home.account.as_str())?;
        let version = call.parameter("VersionId")?.to_owned();
        let is_id = version.strip_prefix('v').is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()));
        let it = Self { policy };
        (is_id && it.call(&version).as_ref() == Some(call)).then_some((it, version))
    }

    fn words(_: &String) -> &'static str {
        "the default"
    }

    async fn get(&self, reader: &Reader) -> Result<Live<String>, AwsCall> {
        Ok(holdings::default_version(reader, self.policy.as_str()).await?.map_or(Live::Gone, Live::Is))
    }

    async fn set(&self, writer: &Writer, version: &String) -> Result<(), AwsCall> {
        let set = writer.set_default_policy_version().policy_arn(self.policy.as_str()).version_id(version);
        set.send().await.named("iam:SetDefaultPolicyVersion on", &text::name(self.policy.as_str())).map(drop)
    }
}
