//! # What it takes back
//!
//! A user's membership in a group: the user is removed from that group, and keeps everything else.
//!
//! # What it spares
//!
//! Nothing that IAM lets anybody change: groups have no members that AWS alone manages. IAM does not say how long a user has been in a group,
//! so a membership that is older than the call is removed as well; the notice says so, and the undo gives it back.
//!
//! # How it is undone
//!
//! The user is added to the group again.
//!
//! # Source
//!
//! IAM API reference, `AddUserToGroup` and `RemoveUserFromGroup`.

use policy::case::Call;
use policy::change::GroupJoined;
use policy::remedy::Remedy;
use policy::target::Target;
use policy::{Case, Change};

use super::{Plan, call_of, gives_back};
use crate::setting::{Home, Membership, Step};

/// The remedy `remove-group-member`.
pub struct RemoveGroupMember;

/// The step that takes a membership back.
#[must_use]
pub fn step(change: &Change) -> Option<Step<Membership>> {
    let Change::GroupJoined(GroupJoined { user, group }) = change else {
        return None;
    };
    Some(Step { setting: Membership { user: user.name.clone(), group: group.clone() }, from: true, to: false })
}

impl Plan for RemoveGroupMember {
    fn remedy(&self) -> Remedy {
        Remedy::RemoveGroupMember
    }

    fn applied(&self, _: &Case, _: &Change) -> String {
        "Rescind removed the user from the group".to_owned()
    }

    fn clean(&self, _: &Case, _: &Change) -> String {
        "the user was no longer in the group when Rescind acted".to_owned()
    }

    fn touches(&self, _: &Case, change: &Change) -> Option<Target> {
        Some(change.target()).filter(|target| target.user().is_some())
    }

    fn calls(&self, _: &Case, change: &Change) -> Vec<Call> {
        call_of(step(change))
    }

    fn writes(&self, call: Option<&Call>, undo: &Call, case: &Case) -> bool {
        gives_back::<Membership>(call, undo, Home::of(case))
    }
}
