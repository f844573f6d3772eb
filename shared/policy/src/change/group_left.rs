//! A user removed from a group.

use serde::{Deserialize, Serialize};

use super::{Call, Change, Claim, Kind, Removes, Unread, group_joined};
use crate::arn::IamName;
use crate::facts::{Facts, Members};
use crate::target::{Identity, Target};

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

    fn context(&self, _: &Facts, context: &mut Members<'_>) {
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

/// Reads `RemoveUserFromGroup`.
pub fn read(call: &Call<'_>) -> Result<Vec<Claim>, Unread> {
    let (user, group) = group_joined::named(call)?;
    Ok(vec![Claim::Change(Change::GroupLeft(GroupLeft { user, group }))])
}
