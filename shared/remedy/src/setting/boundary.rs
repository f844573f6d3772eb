//! The permissions boundary of a user or role: a managed policy, or none.

use std::fmt;

use policy::arn::PolicyArn;
use policy::case::Call;
use policy::target::{Identity, IdentityKind};
use policy::text;

use super::{Home, Live, Setting, Writer, identity_of, named};
use crate::error::{AwsCall, Named as _, found};
use crate::reading::{Reader, holdings};

/// The managed policy that is a user's or role's permissions boundary, if there is one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Boundary {
    /// The user or role: a group has none.
    pub identity: Identity,
}

impl fmt::Display for Boundary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the permissions boundary of {}", self.identity)
    }
}

impl Setting for Boundary {
    type Value = Option<PolicyArn>;

    fn holder(&self) -> String {
        self.identity.to_string()
    }

    fn call(&self, policy: &Option<PolicyArn>) -> Option<Call> {
        let (kind, whose) = (self.identity.kind, named(&self.identity));
        let operation = |verb: &str| format!("{verb}{}PermissionsBoundary", kind.name());
        let delete = || Call::iam(&operation("Delete"), &[whose]);
        let put = |policy: &PolicyArn| Call::iam(&operation("Put"), &[whose, ("PermissionsBoundary", policy.as_str())]);
        (kind != IdentityKind::Group).then(|| policy.as_ref().map_or_else(delete, put))
    }

    fn parse(call: &Call, home: Home<'_>) -> Option<(Self, Option<PolicyArn>)> {
        let it = Self { identity: identity_of(call)? };
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

    /// Nothing but the user or role says which boundary there was.
    fn is_only_copy(from: &Option<PolicyArn>, to: &Option<PolicyArn>) -> bool {
        from.is_some() && !Self::is_same(from, to)
    }

    fn words(policy: &Option<PolicyArn>) -> &'static str {
        if policy.is_some() { "set" } else { "not set" }
    }

    async fn get(&self, reader: &Reader) -> Result<Live<Option<PolicyArn>>, AwsCall> {
        let Some(boundary) = holdings::boundary(reader, &self.identity).await? else {
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
        let (name, identity) = (self.identity.name.as_str(), &self.identity);
        match (identity.kind, policy) {
            (IdentityKind::Role, Some(policy)) => {
                let put = writer.put_role_permissions_boundary().role_name(name).permissions_boundary(policy.as_str());
                put.send().await.named("iam:PutRolePermissionsBoundary on", identity).map(drop)
            }
            (IdentityKind::Role, None) => {
                let delete = writer.delete_role_permissions_boundary().role_name(name);
                delete.send().await.named("iam:DeleteRolePermissionsBoundary on", identity).map(drop)
            }
            (IdentityKind::User | IdentityKind::Group, Some(policy)) => {
                let put = writer.put_user_permissions_boundary().user_name(name).permissions_boundary(policy.as_str());
                put.send().await.named("iam:PutUserPermissionsBoundary on", identity).map(drop)
            }
            (IdentityKind::User | IdentityKind::Group, None) => {
                let delete = writer.delete_user_permissions_boundary().user_name(name);
                delete.send().await.named("iam:DeleteUserPermissionsBoundary on", identity).map(drop)
            }
        }
    }
}
