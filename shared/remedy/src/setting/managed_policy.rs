//! A managed policy of the account's own: its text, or none.

use std::borrow::Cow;
use std::fmt;

use policy::arn::PolicyArn;
use policy::case::Call;
use policy::document::plain;
use policy::text;

use super::{Home, Live, Setting, Writer};
use crate::error::{AwsCall, Named as _};
use crate::reading::{Reader, holdings};

/// The text of a managed policy, if there is one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ManagedPolicy {
    /// Its ARN.
    pub arn: PolicyArn,
}

impl fmt::Display for ManagedPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text::name(self.arn.as_str()))
    }
}

impl Setting for ManagedPolicy {
    type Value = Option<String>;

    fn holder(&self) -> String {
        self.to_string()
    }

    fn call(&self, text: &Option<String>) -> Option<Call> {
        let delete = || Call::iam("DeletePolicy", &[("PolicyArn", self.arn.as_str())]);
        let create = |text: &String| {
            Call::iam("CreatePolicy", &[("PolicyName", self.arn.name()), ("Path", self.arn.path()), ("PolicyDocument", text)])
        };
        Some(text.as_ref().map_or_else(delete, create))
    }

    fn parse(call: &Call, home: Home<'_>) -> Option<(Self, Option<String>)> {
        let text = call.parameter("PolicyDocument").map(str::to_owned);
        let arn = if text.is_some() {
            let (path, name) = (call.parameter("Path")?, call.parameter("PolicyName")?);
            format!("arn:{}:iam::{}:policy{path}{name}", home.partition, home.account)
        } else {
            call.parameter("PolicyArn")?.to_owned()
        };
        let it = Self { arn: PolicyArn::new(&arn).ok().filter(|arn| arn.owner() == home.account.as_str())? };
        (it.call(&text).as_ref() == Some(call)).then_some((it, text))
    }

    fn is_same(one: &Option<String>, other: &Option<String>) -> bool {
        super::InlinePolicy::is_same(one, other)
    }

    fn words(text: &Option<String>) -> &'static str {
        if text.is_some() { "there" } else { "not there" }
    }

    async fn get(&self, reader: &Reader) -> Result<Live<Option<String>>, AwsCall> {
        let text = holdings::document(reader, self.arn.as_str()).await?;
        // IAM answers with managed policies percent-encoded, some emulators do not.
        let text = text.map(|text| plain(&text).map_or_else(|_| text.clone(), Cow::into_owned));
        Ok(Live::Is(text))
    }

    async fn set(&self, writer: &Writer, text: &Option<String>) -> Result<(), AwsCall> {
        let Some(text) = text else {
            return writer.delete_policy().policy_arn(self.arn.as_str()).send().await.named("iam:DeletePolicy of", self).map(drop);
        };
        let create = writer.create_policy().policy_name(self.arn.name()).path(self.arn.path()).policy_document(text);
        create.send().await.named("iam:CreatePolicy of", self).map(drop)
    }
}
