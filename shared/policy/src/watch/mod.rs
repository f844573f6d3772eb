//! Calls that Rescind reports and does not take back: one row a call.
//!
//! A row says what the call is about, what happened in one sentence, how grave that is, and in which group of the Cedar schema it stands. A call
//! that gets a remedy later moves from here to [`crate::action::ACTIONS`]; its name in the rulebook does not change.

mod elsewhere;
mod iam;
mod tampering;

use crate::action::Action;
use crate::change;
use crate::own::PartKind;
use crate::severity::Severity;

/// The name of the function that reports what nobody takes back.
pub const WATCH: &str = "watch";
/// The name of the function that reports what is done to the trail, to AWS's sensors and to Rescind itself.
pub const WATCH_TAMPERING: &str = "watch-tampering";

/// The group of the calls that matter if they are made on a part of Rescind itself.
pub const OWN_PART: &str = "own-part";

/// The action of any change to IAM, if it is made on one of Rescind's own roles or policies.
pub const OWN_ROLE_CHANGED: &str = "OwnRoleChanged";

/// One call that is reported.
pub struct Row {
    /// The call.
    pub action: Action,
    /// The group of the Cedar schema that it is in.
    pub group: &'static str,
    /// What it is about.
    pub subject: Subject,
    /// What happened, as a sentence with the names of parameters in braces: `user {userName} was created`.
    pub sentence: &'static str,
    /// How grave it is; `None` if it is recorded and nobody is notified.
    pub severity: Option<Severity>,
    /// Of a call that matters if it is made on a part of Rescind itself: which part it names.
    pub part: Option<Part>,
}

/// The part of an account that a call names.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// What kind of part it is.
    pub kind: PartKind,
    /// The parameters that can name it: the first that the call has does.
    pub parameters: &'static [&'static str],
}

/// What a call is about: the Cedar `resource`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Subject {
    /// The user whom `userName` names; the actor if the call names none.
    User,
    /// The group that `groupName` names.
    Group,
    /// The role that `roleName` names.
    Role,
    /// The managed policy that `policyArn` names.
    Policy,
    /// The identity provider whose ARN the request or the answer has.
    Provider,
    /// The account: whatever has no entity of its own.
    Account,
}

impl Row {
    /// The groups of the Cedar schema that it is in.
    pub(crate) fn groups(&self) -> impl Iterator<Item = &'static str> {
        let all = if self.action.reporter == WATCH { "watched" } else { "tampering" };
        [self.group, all].into_iter().filter(|group| !group.is_empty())
    }
}

impl Subject {
    /// The types of the Cedar schema that such a call applies to.
    #[must_use]
    pub const fn types(self) -> &'static [&'static str] {
        match self {
            Self::User => &["Account", "Root", "User"],
            Self::Group => &["Account", "Group"],
            Self::Role => &["Account", "Role"],
            Self::Policy => &["Account", "Policy"],
            Self::Provider => &["Account", "Provider"],
            Self::Account => &["Account"],
        }
    }
}

/// What is recognised by more than the call's name.
static SPECIAL: [Row; 3] = [
    Row {
        action: Action::unknown_change(change::read_noticed),
        group: "",
        subject: Subject::Account,
        sentence: "{!} was called, a change to IAM that this version of Rescind does not know: {*}",
        severity: Some(Severity::Medium),
        part: None,
    },
    Row {
        action: Action::root_used(change::read_noticed),
        group: "",
        subject: Subject::Account,
        sentence: "the root user called {!} of {@}",
        severity: Some(Severity::Critical),
        part: None,
    },
    Row {
        action: Action::on_own_roles(OWN_ROLE_CHANGED, change::read_noticed),
        group: OWN_PART,
        subject: Subject::Account,
        sentence: "{!} changed what belongs to Rescind: {roleName}{policyArn}",
        severity: Some(Severity::Critical),
        // A policy that is attached to a user is not changed by that.
        part: Some(Part { kind: PartKind::Iam, parameters: &["roleName", "userName", "groupName", "policyArn"] }),
    },
];

/// Every row.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    iam::ROWS.iter().chain(elsewhere::ROWS).chain(tampering::ROWS).chain(&SPECIAL)
}

/// The row of the action with this name.
#[must_use]
pub fn row(name: &str) -> Option<&'static Row> {
    rows().find(|row| row.action.name == name)
}

/// A row; `name` is the action's, of another service than IAM with the service before it: `organizations:LeaveOrganization`.
const fn noticed(
    source: &'static str,
    name: &'static str,
    group: &'static str,
    severity: Option<Severity>,
    subject: Subject,
    sentence: &'static str,
) -> Row {
    Row { action: Action::noticed(name, source, WATCH, change::read_noticed), group, subject, sentence, severity, part: None }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::action::ACTIONS;

    #[test]
    fn every_row_has_a_name_of_its_own_under_its_service() {
        let mut names: BTreeSet<&str> = ACTIONS.iter().map(|action| action.name).collect();
        for Row { action, sentence, .. } in rows() {
            assert!(names.insert(action.name), "{action:?} is there twice");
            if let Some((prefix, _)) = action.name.split_once(':') {
                assert_eq!(prefix, action.source.split('.').next().unwrap(), "{action:?}");
            }
            assert_eq!(sentence.matches('{').count(), sentence.matches('}').count(), "{action:?}");
        }
    }
}
