//! What a record means: one typed change to who can do what.
//!
//! To teach Rescind another API call: add it to [`Action`], add what it does to [`Change`] and read it in [`Change::of`]. The compiler
//! then names every place that has to know: the Cedar request, the case, the notice, the remedy.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::arn::{IamName, IdentifierError, PolicyArn};
use crate::record::{Event, Parameters};
use crate::text::{quoted, shown};

/// An API call whose records are judged, by the name that IAM and the Cedar schema give it.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub enum Action {
    /// A managed policy attached to a user.
    AttachUserPolicy,
    /// A managed policy attached to a group.
    AttachGroupPolicy,
    /// A managed policy attached to a role.
    AttachRolePolicy,
}

impl Action {
    /// Every action, in the order of the schema.
    pub const ALL: [Self; 3] = [Self::AttachUserPolicy, Self::AttachGroupPolicy, Self::AttachRolePolicy];

    /// The API call's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AttachUserPolicy => "AttachUserPolicy",
            Self::AttachGroupPolicy => "AttachGroupPolicy",
            Self::AttachRolePolicy => "AttachRolePolicy",
        }
    }

    /// The service as CloudTrail's `eventSource` names it.
    #[must_use]
    pub const fn event_source(self) -> &'static str {
        match self {
            Self::AttachUserPolicy | Self::AttachGroupPolicy | Self::AttachRolePolicy => "iam.amazonaws.com",
        }
    }

    /// The remedies that can take such a change back.
    #[must_use]
    pub const fn remedies(self) -> &'static [Remedy] {
        match self {
            Self::AttachUserPolicy | Self::AttachGroupPolicy | Self::AttachRolePolicy => &[Remedy::DetachPolicy],
        }
    }

    /// The action of an event, if it is one.
    #[must_use]
    pub fn of(event: &Event) -> Option<Self> {
        let record = &event.record;
        Self::ALL.into_iter().find(|action| action.name() == record.event_name && action.event_source() == record.event_source)
    }
}

/// What takes a change back. Each is owned by one function.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Remedy {
    /// Detaches the policy from the target that it was attached to.
    DetachPolicy,
}

impl Remedy {
    /// Every remedy.
    pub const ALL: [Self; 1] = [Self::DetachPolicy];

    /// Its name in the rulebook's `@remedy`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::DetachPolicy => "detach-policy",
        }
    }
}

/// A kind of IAM identity that can be a target.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TargetKind {
    /// An IAM user.
    User,
    /// An IAM group.
    Group,
    /// An IAM role.
    Role,
}

impl TargetKind {
    /// As IAM's API names and the Cedar schema spell it: `User`, `Group`, `Role`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Group => "Group",
            Self::Role => "Role",
        }
    }

    /// As ARNs and people spell it: `user`, `group`, `role`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Group => "group",
            Self::Role => "role",
        }
    }
}

/// Whose access changed.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub struct Target {
    /// User, group or role.
    #[serde(rename = "type")]
    pub kind: TargetKind,
    /// Its name at the time of the change. Names move: the unique id is what stays.
    pub name: IamName,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.word(), self.name)
    }
}

/// What a record means.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(tag = "type", rename_all_fields = "camelCase")]
pub enum Change {
    /// A managed policy was attached to a user, group or role.
    PolicyAttached {
        /// To whom.
        target: Target,
        /// Which policy.
        policy_arn: PolicyArn,
    },
}

/// Why a record's change cannot be told.
#[derive(Debug, Error)]
pub enum ChangeError {
    /// The record does not hold what the call was about. Not an error of the record: the answer is "unknown".
    #[error("CloudTrail did not keep the parameters of {0}: {1}")]
    Unknown(&'static str, &'static str),
    /// The parameters are not those of the call.
    #[error("requestParameters of {0} are not what IAM takes: {1}")]
    Malformed(&'static str, String),
    /// The change is about another account or partition than the event.
    #[error("the policy {} belongs to another account or partition than the event, which is of account {account} in {partition}", quoted(.policy_arn))]
    Foreign {
        /// The policy that was named.
        policy_arn: String,
        /// The event's account.
        account: String,
        /// The event's partition.
        partition: &'static str,
    },
}

impl Change {
    /// The name of the variant, as it stands in a case and in the notice's `change` attribute.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::PolicyAttached { .. } => "PolicyAttached",
        }
    }

    /// Whose access changed.
    #[must_use]
    pub const fn target(&self) -> &Target {
        match self {
            Self::PolicyAttached { target, .. } => target,
        }
    }

    /// What a record of this action means.
    ///
    /// # Errors
    ///
    /// [`ChangeError::Unknown`] where the record does not say, [`ChangeError::Malformed`] where what it says cannot be, and
    /// [`ChangeError::Foreign`] where it is about what this account does not own.
    pub fn of(action: Action, event: &Event) -> Result<Self, ChangeError> {
        let name = action.name();
        let parameters = match event.record.parameters() {
            Parameters::Known(json) => json,
            Parameters::Absent => return Err(ChangeError::Unknown(name, "requestParameters is null")),
            Parameters::Omitted => return Err(ChangeError::Unknown(name, "the record was too large (omitted: true)")),
        };
        let malformed = |error: &dyn fmt::Display| ChangeError::Malformed(name, shown(&error.to_string()));
        match action {
            Action::AttachUserPolicy | Action::AttachGroupPolicy | Action::AttachRolePolicy => {
                let attached: AttachParameters = serde_json::from_str(parameters).map_err(|error| malformed(&error))?;
                let target = attached.target(action).map_err(|error| malformed(&error))?;
                let policy_arn = PolicyArn::new(&attached.policy_arn).map_err(|error| ChangeError::Malformed(name, error.to_string()))?;
                let ours = policy_arn.owner() == "aws" || policy_arn.owner() == event.account.as_str();
                if !ours || policy_arn.partition() != event.partition() {
                    return Err(ChangeError::Foreign {
                        policy_arn: policy_arn.to_string(),
                        account: event.account.to_string(),
                        partition: event.partition(),
                    });
                }
                Ok(Self::PolicyAttached { target, policy_arn })
            }
        }
    }
}

/// `requestParameters` of Attach{User,Group,Role}Policy (IAM API reference).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AttachParameters {
    group_name: Option<String>,
    policy_arn: String,
    role_name: Option<String>,
    user_name: Option<String>,
}

impl AttachParameters {
    fn target(&self, action: Action) -> Result<Target, IdentifierError> {
        let (kind, name) = match action {
            Action::AttachUserPolicy => (TargetKind::User, &self.user_name),
            Action::AttachGroupPolicy => (TargetKind::Group, &self.group_name),
            Action::AttachRolePolicy => (TargetKind::Role, &self.role_name),
        };
        Ok(Target { kind, name: IamName::new(name.as_deref().unwrap_or_default())? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(action: &str, parameters: &str) -> Result<Change, ChangeError> {
        let record = format!(
            r#"{{"eventTime":"2026-01-01T00:00:00Z","eventSource":"iam.amazonaws.com","eventName":"{action}",
                "awsRegion":"us-east-1","recipientAccountId":"123456789012","requestParameters":{parameters}}}"#
        );
        let event = Event::from_envelope_or_record(&record).unwrap();
        Change::of(Action::of(&event).unwrap(), &event)
    }

    #[test]
    fn each_attach_call_names_its_own_kind_of_target() {
        for (action, parameters, target) in [
            ("AttachUserPolicy", r#""userName":"a""#, "user a"),
            ("AttachGroupPolicy", r#""groupName":"b""#, "group b"),
            ("AttachRolePolicy", r#""roleName":"c""#, "role c"),
        ] {
            let change = change(action, &format!(r#"{{{parameters},"policyArn":"arn:aws:iam::aws:policy/X"}}"#)).unwrap();
            assert_eq!(change.target().to_string(), target);
        }
    }

    #[test]
    fn parameters_that_were_not_kept_are_unknown() {
        for parameters in ["null", r#"{"omitted":true}"#] {
            assert!(matches!(change("AttachUserPolicy", parameters), Err(ChangeError::Unknown(..))));
        }
    }

    #[test]
    fn a_policy_of_another_account_or_partition_is_foreign() {
        for arn in ["arn:aws:iam::999999999999:policy/X", "arn:aws-cn:iam::aws:policy/X"] {
            let parameters = format!(r#"{{"userName":"a","policyArn":"{arn}"}}"#);
            assert!(matches!(change("AttachUserPolicy", &parameters), Err(ChangeError::Foreign { .. })), "{arn}");
        }
    }

    #[test]
    fn a_target_of_another_kind_than_the_call_s_is_malformed() {
        let parameters = r#"{"groupName":"a","policyArn":"arn:aws:iam::aws:policy/X"}"#;
        assert!(matches!(change("AttachUserPolicy", parameters), Err(ChangeError::Malformed(..))));
    }

    #[test]
    fn an_event_of_another_service_is_no_action_of_ours() {
        let record = r#"{"eventTime":"2026-01-01T00:00:00Z","eventSource":"sso.amazonaws.com","eventName":"AttachUserPolicy",
            "awsRegion":"us-east-1","recipientAccountId":"123456789012"}"#;
        assert_eq!(Action::of(&Event::from_envelope_or_record(record).unwrap()), None);
    }
}
