//! A user removed from a group.

use serde::{Deserialize, Serialize};

use super::{Call, Change, Claim, Kind, Removes, Unread};
use crate::arn::IamName;
use crate::facts::{Facts, Members};
use crate::target::{Identity, IdentityKind, Target};

/// A user was removed from a group.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub struct GroupLeft {
    /// The user.
    #[serde(rename = "target")]
    pub user: Identity,
    /// The group's name.
    pub group: IamName,
}

impl Kind for GroupLeft {
    fn target(&self) -> Target {
        self.user.clone().into()
    }

    fn context(&self, _: &Facts, context: &mut Members) {
        context.texts("group", &[("name", &self.group.as_str().to_ascii_lowercase())]);
    }

    fn removes(&self) -> Option<Removes<'_>> {
        Some(Removes::Membership(&self.group))
    }

    fn matter(&self) -> String {
        format!("{} in group {}", self.user, self.group)
    }

    fn happened(&self) -> String {
        format!("{} was removed from group {}", self.user, self.group)
    }

    fn tried(&self, _: &str) -> String {
        format!("to remove {} from group {}", self.user, self.group)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parameters {
    user_name: Option<String>,
    group_name: Option<String>,
}

/// Reads `RemoveUserFromGroup`.
pub fn read(call: &Call<'_>) -> Result<Vec<Claim>, Unread> {
    let parameters: Parameters = call.parameters()?;
    let user = call.identity(IdentityKind::User, parameters.user_name.as_deref())?;
    let group = call.iam_name(parameters.group_name.as_deref())?;
    Ok(vec![Claim::Change(Change::GroupLeft(GroupLeft { user, group }))])
}
