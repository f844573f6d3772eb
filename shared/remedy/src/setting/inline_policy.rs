//! An inline policy of an identity: its text, or none.

use std::fmt;

use policy::arn::IamName;
use policy::case::Call;
use policy::document::Document;
use policy::target::{Identity, IdentityKind};

use super::{Home, Live, Setting, Writer, identity_of, named};
use crate::error::{AwsCall, Named as _, found};
use crate::reading::{Reader, holdings, identity};

/// The text of an inline policy, if there is one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct InlinePolicy {
    /// The identity that holds it.
    pub identity: Identity,
    /// Its name.
    pub name: IamName,
}

impl fmt::Display for InlinePolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "inline policy {} of {}", self.name, self.identity)
    }
}

impl Setting for InlinePolicy {
    type Value = Option<String>;

    fn holder(&self) -> String {
        self.identity.to_string()
    }

    fn call(&self, text: &Option<String>) -> Option<Call> {
        let kind = self.identity.kind.name();
        let (holder, name) = (named(&self.identity), ("PolicyName", self.name.as_str()));
        let delete = || Call::iam(&format!("Delete{kind}Policy"), &[holder, name]);
        let put = |text: &String| Call::iam(&format!("Put{kind}Policy"), &[holder, name, ("PolicyDocument", text)]);
        Some(text.as_ref().map_or_else(delete, put))
    }

    fn parse(call: &Call, _: Home<'_>) -> Option<(Self, Option<String>)> {
        let it = Self { identity: identity_of(call)?, name: IamName::new(call.parameter("PolicyName")?).ok()? };
        let text = call.parameter("PolicyDocument").map(str::to_owned);
        (it.call(&text).as_ref() == Some(call)).then_some((it, text))
    }

    /// Documents are compared parsed: white space and the order of members mean nothing. Texts that are no documents are compared as they are.
    fn is_same(one: &Option<String>, other: &Option<String>) -> bool {
        one == other
            || match (one, other) {
                (Some(one), Some(other)) => matches!((Document::parse(one), Document::parse(other)), (Ok(one), Ok(other)) if one == other),
                _ => false,
            }
    }

    fn is_only_copy(from: &Option<String>, to: &Option<String>) -> bool {
        from.is_some() && !Self::is_same(from, to)
    }

    fn words(text: &Option<String>) -> &'static str {
        if text.is_some() { "there" } else { "not there" }
    }

    async fn get(&self, reader: &Reader) -> Result<Live<Option<String>>, AwsCall> {
        let text = found(holdings::inline_document(reader, &self.identity, self.name.as_str()).await)?;
        Ok(text.map_or(Live::Unclear, |text| Live::Is(Some(text))))
    }

    async fn resolve(&self, reader: &Reader) -> Result<Live<Option<String>>, AwsCall> {
        Ok(match self.get(reader).await? {
            Live::Unclear if identity::exists(reader, &self.identity).await? => Live::Is(None),
            Live::Unclear => Live::Gone,
            live => live,
        })
    }

    async fn set(&self, writer: &Writer, text: &Option<String>) -> Result<(), AwsCall> {
        let (holder, name) = (self.identity.name.as_str(), self.name.as_str());
        match (self.identity.kind, text) {
            (IdentityKind::User, Some(text)) => {
                let put = writer.put_user_policy().user_name(holder).policy_name(name).policy_document(text);
                put.send().await.named("iam:PutUserPolicy of", self).map(drop)
            }
            (IdentityKind::User, None) => writer
                .delete_user_policy()
                .user_name(holder)
                .policy_name(name)
                .send()
                .await
                .named("iam:DeleteUserPolicy of", self)
                .map(drop),
            (IdentityKind::Group, Some(text)) => {
                let put = writer.put_group_policy().group_name(holder).policy_name(name).policy_document(text);
                put.send().await.named("iam:PutGroupPolicy of", self).map(drop)
            }
            (IdentityKind::Group, None) => writer
                .delete_group_policy()
                .group_name(holder)
                .policy_name(name)
                .send()
                .await
                .named("iam:DeleteGroupPolicy of", self)
                .map(drop),
            (IdentityKind::Role, Some(text)) => {
                let put = writer.put_role_policy().role_name(holder).policy_name(name).policy_document(text);
                put.send().await.named("iam:PutRolePolicy of", self).map(drop)
            }
            (IdentityKind::Role, None) => writer
                .delete_role_policy()
                .role_name(holder)
                .policy_name(name)
                .send()
                .await
                .named("iam:DeleteRolePolicy of", self)
                .map(drop),
        }
    }
}
