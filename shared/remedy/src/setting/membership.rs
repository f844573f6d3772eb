//! A user, in a group or not.

use std::fmt;

use policy::arn::IamName;
use policy::case::Call;
use policy::target::Identity;

use super::{Home, Live, Setting, Writer, value_of};
use crate::error::{AwsCall, Named as _, found};
use crate::reading::{Reader, identity};

/// Whether a user is in a group.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Membership {
    /// The user.
    pub user: IamName,
    /// The group.
    pub group: IamName,
}

impl fmt::Display for Membership {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "user {} in group {}", self.user, self.group)
    }
}

impl Setting for Membership {
    type Value = bool;

    fn holder(&self) -> String {
        format!("user {}", self.user)
    }

    fn call(&self, is_in: &bool) -> Option<Call> {
        let operation = if *is_in { "AddUserToGroup" } else { "RemoveUserFromGroup" };
        Some(Call::iam(operation, &[("UserName", self.user.as_str()), ("GroupName", self.group.as_str())]))
    }

    fn parse(call: &Call, _: Home<'_>) -> Option<(Self, bool)> {
        let name = |parameter: &str| IamName::new(call.parameter(parameter)?).ok();
        value_of(Self { user: name("UserName")?, group: name("GroupName")? }, call, [true, false])
    }

    fn opposite(is_in: &bool) -> Option<bool> {
        Some(!is_in)
    }

    fn words(is_in: &bool) -> &'static str {
        if *is_in { "a member" } else { "not a member" }
    }

    async fn get(&self, reader: &Reader) -> Result<Live<bool>, AwsCall> {
        let groups = found(identity::groups(reader, &self.user).await)?;
        let is_in = |groups: Vec<IamName>| groups.iter().any(|group| group.as_str().eq_ignore_ascii_case(self.group.as_str()));
        Ok(groups.map_or(Live::Gone, |groups| Live::Is(is_in(groups))))
    }

    async fn obstacle(&self, reader: &Reader, is_in: &bool) -> Result<Option<String>, AwsCall> {
        let group = Identity::group(self.group.clone());
        let missing = *is_in && !identity::exists(reader, &group).await?;
        Ok(missing.then(|| format!("{group} is gone")))
    }

    async fn set(&self, writer: &Writer, is_in: &bool) -> Result<(), AwsCall> {
        let (user, group) = (self.user.as_str(), self.group.as_str());
        if *is_in {
            writer.add_user_to_group().user_name(user).group_name(group).send().await.named("iam:AddUserToGroup of", self).map(drop)
        } else {
            writer
                .remove_user_from_group()
                .user_name(user)
                .group_name(group)
                .send()
                .await
                .named("iam:RemoveUserFromGroup of", self)
                .map(drop)
        }
    }
}
