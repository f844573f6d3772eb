//! The permissions boundary of a user or role, replaced or taken away.

use serde::{Deserialize, Serialize};

use super::{Call, Change, Claim, Kind, Removes, Unread};
use crate::arn::PolicyArn;
use crate::facts::{Facts, Members};
use crate::target::{Identity, IdentityKind, Target};
use crate::text;

/// A user or role was given a permissions boundary, or lost the one that it had. No record says which one it was.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub struct BoundaryChanged {
    /// The user or role.
    #[serde(rename = "target")]
    pub identity: Identity,
    /// The new boundary; absent if it was taken away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boundary: Option<PolicyArn>,
}

impl Kind for BoundaryChanged {
    fn target(&self) -> Target {
        self.identity.clone().into()
    }

    fn context(&self, _: &Facts, context: &mut Members<'_>) {
        if let Some(boundary) = &self.boundary {
            context.policy_names("boundary", boundary);
        }
    }

    fn removes(&self) -> Option<Removes<'_>> {
        Some(Removes::Boundary(self.boundary.as_ref()))
    }

    fn part(&self) -> String {
        let boundary = self.boundary.as_ref().map_or("none", PolicyArn::as_str);
        format!("boundary {boundary} of {}", self.identity)
    }

    fn matter(&self) -> String {
        format!("permissions boundary of {}", self.identity)
    }

    fn happened(&self) -> String {
        let removed = || format!("the permissions boundary of {} was removed", self.identity);
        let set = |boundary: &PolicyArn| format!("{} became the permissions boundary of {}", text::name(boundary.as_str()), self.identity);
        self.boundary.as_ref().map_or_else(removed, set)
    }

    fn tried(&self, _: &str) -> String {
        let remove = || format!("to remove the permissions boundary of {}", self.identity);
        let set = |boundary: &PolicyArn| format!("to make {} the permissions boundary of {}", text::name(boundary.as_str()), self.identity);
        self.boundary.as_ref().map_or_else(remove, set)
    }

    fn caveat(&self) -> Option<&'static str> {
        Some("no record says which boundary there was before this call")
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parameters {
    user_name: Option<String>,
    role_name: Option<String>,
    permissions_boundary: Option<String>,
}

fn named(kind: IdentityKind, call: &Call<'_>) -> Result<(Identity, Parameters), Unread> {
    let parameters: Parameters = call.parameters()?;
    let name = kind.pick(parameters.user_name.as_deref(), None, parameters.role_name.as_deref());
    Ok((call.identity(kind, name)?, parameters))
}

/// Reads `PutUserPermissionsBoundary` or `PutRolePermissionsBoundary`.
pub fn put(kind: IdentityKind, call: &Call<'_>) -> Result<Vec<Claim>, Unread> {
    let (identity, parameters) = named(kind, call)?;
    let boundary = Some(call.policy_arn("permissionsBoundary", parameters.permissions_boundary.as_deref())?);
    Ok(vec![Claim::Change(Change::BoundaryChanged(BoundaryChanged { identity, boundary }))])
}

/// Reads `DeleteUserPermissionsBoundary` or `DeleteRolePermissionsBoundary`.
pub fn deleted(kind: IdentityKind, call: &Call<'_>) -> Result<Vec<Claim>, Unread> {
    let (identity, _) = named(kind, call)?;
    Ok(vec![Claim::Change(Change::BoundaryChanged(BoundaryChanged { identity, boundary: None }))])
}
