//! A managed policy, attached to an identity or not.

use std::fmt;

use policy::arn::PolicyArn;
use policy::case::Call;
use policy::target::{Identity, IdentityKind};
use policy::text;

use super::{Home, Live, Setting, Writer, identity_of, named, value_of};
use crate::error::{AwsCall, Named as _, found};
use crate::reading::{Reader, holdings};

/// Whether a managed policy is attached to an identity.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Attachment {
    /// The identity.
    pub identity: Identity,
    /// The policy.
    pub policy: PolicyArn,
}

impl fmt::Display for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}", text::name(self.policy.as_str()), self.identity)
    }
}

impl Setting for Attachment {
    type Value = bool;

    fn holder(&self) -> String {
        self.identity.to_string()
    }

    fn whom(&self) -> Option<&Identity> {
        Some(&self.identity)
    }

    fn call(&self, attached: &bool) -> Option<Call> {
        let verb = if *attached { "Attach" } else { "Detach" };
        let operation = format!("{verb}{}Policy", self.identity.kind.name());
        let call = Call::iam(&operation, &[named(&self.identity), ("PolicyArn", self.policy.as_str())]);
        Some(call.about(self.identity.id.clone()))
    }

    fn parse(call: &Call, home: Home<'_>) -> Option<(Self, bool)> {
        let policy = PolicyArn::new(call.parameter("PolicyArn")?).ok()?;
        if !policy.is_within(home.account, home.partition) {
            return None;
        }
        value_of(Self { identity: identity_of(call)?, policy }, call, [true, false])
    }

    fn opposite(attached: &bool) -> Option<bool> {
        Some(!attached)
    }

    fn words(attached: &bool) -> &'static str {
        if *attached { "attached" } else { "not attached" }
    }

    async fn get(&self, reader: &Reader) -> Result<Live<bool>, AwsCall> {
        let attached = found(holdings::attached(reader, &self.identity).await)?;
        let holds = |arns: Vec<String>| arns.iter().any(|arn| arn.eq_ignore_ascii_case(self.policy.as_str()));
        Ok(attached.map_or(Live::Gone, |arns| Live::Is(holds(arns))))
    }

    async fn obstacle(&self, reader: &Reader, attached: &bool) -> Result<Option<String>, AwsCall> {
        let arn = self.policy.as_str();
        if !attached || found(reader.get_policy().policy_arn(arn).send().await.named("iam:GetPolicy on", &text::name(arn)))?.is_some() {
            return Ok(None);
        }
        Ok(Some(format!("{} is gone", text::name(arn))))
    }

    async fn set(&self, writer: &Writer, attached: &bool) -> Result<(), AwsCall> {
        let (name, arn, identity) = (self.identity.name.as_str(), self.policy.as_str(), &self.identity);
        match (identity.kind, attached) {
            (IdentityKind::User, true) => writer
                .attach_user_policy()
                .user_name(name)
                .policy_arn(arn)
                .send()
                .await
                .named("iam:AttachUserPolicy on", identity)
                .map(drop),
            (IdentityKind::User, false) => writer
                .detach_user_policy()
                .user_name(name)
                .policy_arn(arn)
                .send()
                .await
                .named("iam:DetachUserPolicy on", identity)
                .map(drop),
            (IdentityKind::Group, true) => writer
                .attach_group_policy()
                .group_name(name)
                .policy_arn(arn)
                .send()
                .await
                .named("iam:AttachGroupPolicy on", identity)
                .map(drop),
            (IdentityKind::Group, false) => writer
                .detach_group_policy()
                .group_name(name)
                .policy_arn(arn)
                .send()
                .await
                .named("iam:DetachGroupPolicy on", identity)
                .map(drop),
            (IdentityKind::Role, true) => writer
                .attach_role_policy()
                .role_name(name)
                .policy_arn(arn)
                .send()
                .await
                .named("iam:AttachRolePolicy on", identity)
                .map(drop),
            (IdentityKind::Role, false) => writer
                .detach_role_policy()
                .role_name(name)
                .policy_arn(arn)
                .send()
                .await
                .named("iam:DetachRolePolicy on", identity)
                .map(drop),
        }
    }
}
