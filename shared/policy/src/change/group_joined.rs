//! A user added to a group.

use serde::{Deserialize, Serialize};

use super::{Call, Change, Claim, Gives, Kind, Unread};
use crate::arn::IamName;
use crate::facts::{Facts, Members};
use crate::target::{Identity, IdentityKind, Target};

/// A user was added to a group.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub struct GroupJoined {
    /// The user.
    #[serde(rename = "target")]
    pub user: Identity,
    /// The group's name.
    pub group: IamName,
}

impl Kind for GroupJoined {
    fn target(&self) -> Target {
        self.user.clone().into()
    }

    fn context(&self, facts: &Facts, context: &mut Members<'_>) {
        let path = context.group_path(facts);
        let arn = context.iam_arn(&format!("group{path}{}", self.group));
        context.granting("group", &[("arn", &arn), ("name", self.group.as_str()), ("path", &path)], facts);
        context.before_and_after(facts);
    }

    fn gives(&self) -> Gives<'_> {
        Gives::Membership(&self.group)
    }

    fn matter(&self) -> String {
        format!("{} in group {}", self.user, self.group)
    }

    fn happened(&self) -> String {
        format!("{} was added to group {}", self.user, self.group)
    }

    fn tried(&self, _: &str) -> String {
        format!("to add {} to group {}", self.user, self.group)
    }

    fn caveat(&self) -> Option<&'static str> {
        Some(
            "IAM does not record how long a user has been in a group: if this user was a member before this call, that membership is affected too",
        )
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parameters {
    user_name: Option<String>,
    group_name: Option<String>,
}

/// The user and the group that a call names which adds or removes a member.
pub(super) fn named(call: &Call<'_>) -> Result<(Identity, IamName), Unread> {
    let parameters: Parameters = call.parameters()?;
    let user = call.identity(IdentityKind::User, parameters.user_name.as_deref())?;
    Ok((user, call.iam_name(parameters.group_name.as_deref())?))
}

/// Reads `AddUserToGroup`.
pub fn read(call: &Call<'_>) -> Result<Vec<Claim>, Unread> {
    let (user, group) = named(call)?;
    Ok(vec![Claim::Change(Change::GroupJoined(GroupJoined { user, group }))])
}
