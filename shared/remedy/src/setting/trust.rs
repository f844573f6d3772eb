//! The trust policy of a role.

use std::fmt;

use policy::arn::IamName;
use policy::case::Call;
use policy::document::Document;
use policy::target::Identity;
use policy::trust::saveable;

use super::{Home, Live, Setting, Writer};
use crate::error::{AwsCall, Named as _, found};
use crate::reading::{Reader, holdings};

/// The text of a role's trust policy.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Trust {
    /// The role.
    pub role: IamName,
}

impl fmt::Display for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the trust policy of role {}", self.role)
    }
}

impl Setting for Trust {
    type Value = String;

    fn holder(&self) -> String {
        format!("role {}", self.role)
    }

    /// Principals that no longer exist are left out: IAM refuses to save their unique ids.
    fn call(&self, text: &String) -> Option<Call> {
        Some(Call::iam("UpdateAssumeRolePolicy", &[("RoleName", self.role.as_str()), ("PolicyDocument", &saveable(text))]))
    }

    fn parse(call: &Call, _: Home<'_>) -> Option<(Self, String)> {
        let it = Self { role: IamName::new(call.parameter("RoleName")?).ok()? };
        let text = call.parameter("PolicyDocument")?.to_owned();
        (it.call(&text).as_ref() == Some(call)).then_some((it, text))
    }

    /// Documents are compared parsed: white space and the order of members mean nothing. Texts that are no documents are compared as they are.
    fn is_same(one: &String, other: &String) -> bool {
        one == other || matches!((Document::parse(one), Document::parse(other)), (Ok(one), Ok(other)) if one == other)
    }

    fn words(_: &String) -> &'static str {
        "as it was"
    }

    async fn get(&self, reader: &Reader) -> Result<Live<String>, AwsCall> {
        let text = found(holdings::trust_document(reader, &Identity::role(self.role.clone())).await)?;
        Ok(text.map_or(Live::Gone, Live::Is))
    }

    async fn set(&self, writer: &Writer, text: &String) -> Result<(), AwsCall> {
        let update = writer.update_assume_role_policy().role_name(self.role.as_str()).policy_document(saveable(text));
        update.send().await.named("iam:UpdateAssumeRolePolicy of role", &self.role).map(drop)
    }
}
