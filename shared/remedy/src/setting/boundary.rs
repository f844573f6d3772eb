//! The permissions boundary of a user: a managed policy, or none.

use std::fmt;

use policy::arn::{IamName, PolicyArn};
use policy::case::Call;
use policy::target::Identity;
use policy::text;

use super::{Home, Live, Setting, Writer};
use crate::error::{AwsCall, Named as _, found};
use crate::reading::{Reader, holdings};

/// The managed policy that is a user's permissions boundary, if there is one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Boundary {
    /// The user.
    pub user: IamName,
}

impl Boundary {
    fn identity(&self) -> Identity {
        Identity::user(self.user.clone())
    }
}

impl fmt::Display for Boundary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the permissions boundary of user {}", self.user)
    }
}

impl Setting for Boundary {
    type Value = Option<PolicyArn>;

    fn holder(&self) -> String {
        self.identity().to_string()
    }

    fn call(&self, policy: &Option<PolicyArn>) -> Option<Call> {
        let user = ("UserName", self.user.as_str());
        let delete = || Call::iam("DeleteUserPermissionsBoundary", &[user]);
        let put = |policy: &PolicyArn| Call::iam("PutUserPermissionsBoundary", &[user, ("PermissionsBoundary", policy.as_str())]);
        Some(policy.as_ref().map_or_else(delete, put))
    }

    fn parse(call: &Call, home: Home<'_>) -> Option<(Self, Option<PolicyArn>)> {
        let it = Self { user: IamName::new(call.parameter("UserName")?).ok()? };
        let policy = match call.parameter("PermissionsBoundary") {
            Some(arn) => Some(PolicyArn::new(arn).ok().filter(|arn| arn.is_within(home.account, home.partition))?),
            None => None,
        };
        (it.call(&policy).as_ref() == Some(call)).then_some((it, policy))
    }

    /// IAM ignores the case of a policy's letters.
    fn is_same(one: &Option<PolicyArn>, other: &Option<PolicyArn>) -> bool {
        match (one, other) {
            (Some(one), Some(other)) => one.as_str().eq_ignore_ascii_case(other.as_str()),
            (one, other) => one == other,
        }
    }

    /// Nothing but the user says which boundary there was.
    fn is_only_copy(from: &Option<PolicyArn>, to: &Option<PolicyArn>) -> bool {
        from.is_some() && !Self::is_same(from, to)
    }

    fn words(policy: &Option<PolicyArn>) -> &'static str {
        if policy.is_some() { "set" } else { "not set" }
    }

    async fn get(&self, reader: &Reader) -> Result<Live<Option<PolicyArn>>, AwsCall> {
        let Some(boundary) = holdings::boundary(reader, &self.identity()).await? else {
            return Ok(Live::Gone);
        };
        let unreadable = |arn: &String| AwsCall::empty(format!("reading {self}, which IAM calls {}", text::name(arn)));
        let policy = boundary.map(|arn| PolicyArn::new(&arn).map_err(|_| unreadable(&arn))).transpose()?;
        Ok(Live::Is(policy))
    }

    async fn obstacle(&self, reader: &Reader, policy: &Option<PolicyArn>) -> Result<Option<String>, AwsCall> {
        let Some(arn) = policy.as_ref().map(PolicyArn::as_str) else {
            return Ok(None);
        };
        let there = found(reader.get_policy().policy_arn(arn).send().await.named("iam:GetPolicy on", &text::name(arn)))?.is_some();
        Ok((!there).then(|| format!("{} is gone", text::name(arn))))
    }

    async fn set(&self, writer: &Writer, policy: &Option<PolicyArn>) -> Result<(), AwsCall> {
        let user = self.user.as_str();
        if let Some(policy) = policy {
            let put = writer.put_user_permissions_boundary().user_name(user).permissions_boundary(policy.as_str());
            return put.send().await.named("iam:PutUserPermissionsBoundary on user", &self.user).map(drop);
        }
        let delete = writer.delete_user_permissions_boundary().user_name(user);
        delete.send().await.named("iam:DeleteUserPermissionsBoundary on user", &self.user).map(drop)
    }
}
