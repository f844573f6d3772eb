//! One of Rescind's own quarantines taken away, or replaced, by whichever call.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Behind, Call, Change, Claim, Kind, Unread};
use crate::arn::{IamName, PolicyArn};
use crate::containment::{self, Containment, Quarantine};
use crate::facts::{Facts, Members};
use crate::record::{Event, Parameters};
use crate::target::{Identity, IdentityKind, Target};

/// A quarantine was taken away, or replaced.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct QuarantineLifted {
    /// Whom it contained; or the policy that contains people, if its text was changed.
    pub target: Target,
    /// The policy's name.
    pub policy_name: IamName,
    /// What contained the target, as the ledger says; absent if nothing says that Rescind did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub containment: Option<Containment>,
}

impl QuarantineLifted {
    /// A quarantine that the ledger knows was lifted from this target.
    #[must_use]
    pub fn of(target: Target, containment: Containment) -> Self {
        Self { target, policy_name: IamName::made(containment.policy_name().to_owned()), containment: Some(containment) }
    }
}

impl Kind for QuarantineLifted {
    fn target(&self) -> Target {
        self.target.clone()
    }

    fn context(&self, _: &Facts, context: &mut Members<'_>) {
        context.text("policyName", self.policy_name.as_str());
    }

    fn behind(&self) -> Behind<'_> {
        Behind::Owner(None)
    }

    fn matter(&self) -> String {
        match &self.target {
            Target::Policy(_) => format!("text of quarantine policy {}", self.policy_name),
            target => format!("quarantine of {target}"),
        }
    }

    fn happened(&self) -> String {
        match &self.target {
            Target::Policy(_) => format!("quarantine policy {} was given another text, or deleted", self.policy_name),
            target => format!("the quarantine {} was taken from {target}, or replaced", self.policy_name),
        }
    }
}

/// What a call could lift, by its parameters. Only the ledger says whether it is a quarantine.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Lift {
    /// An inline policy of a role, deleted or overwritten.
    Inline(Identity, IamName),
    /// A managed policy, detached.
    Attached(Identity, PolicyArn),
    /// A user's permissions boundary, replaced by this one or deleted: the record does not say which it was.
    Boundary(Identity, Option<PolicyArn>),
    /// The text of a managed policy.
    Text(PolicyArn),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    user_name: Option<String>,
    role_name: Option<String>,
    policy_name: Option<String>,
    policy_arn: Option<String>,
    permissions_boundary: Option<String>,
    /// A boolean, as CloudTrail writes it; in any other form it is taken for true.
    set_as_default: Option<Value>,
}

impl Lift {
    /// What an event could lift; `None` if it can be no quarantine, whatever the ledger says.
    #[must_use]
    pub fn of(event: &Event) -> Option<Self> {
        let Parameters::Known(json) = event.record.parameters() else {
            return None;
        };
        let Written { user_name, role_name, policy_name, policy_arn, permissions_boundary, set_as_default } =
            serde_json::from_str(json).ok()?;
        let named = |kind, name: Option<String>| Some(Identity::new(kind, IamName::new(&name?).ok()?));
        let user = || named(IdentityKind::User, user_name.clone());
        let role = || named(IdentityKind::Role, role_name.clone());
        let policy = || PolicyArn::new(policy_arn.as_deref()?).ok();
        let own = || policy().filter(|arn| arn.owner() == event.account.as_str() && containment::text_of(arn).is_some());
        match event.record.event_name.as_str() {
            "DeleteRolePolicy" | "PutRolePolicy" => {
                let name = IamName::new(policy_name.as_deref()?).ok()?;
                Quarantine::named(name.as_str())?;
                Some(Self::Inline(role()?, name))
            }
            // The denial without MFA, attached, is remove-login's.
            "DetachUserPolicy" | "DetachRolePolicy" if policy().is_some_and(|arn| containment::is_called_deny_without_mfa(&arn)) => None,
            "DetachUserPolicy" => {
                let aws = || policy().filter(containment::is_aws_denies_all);
                Some(Self::Attached(user()?, own().or_else(aws)?))
            }
            "DetachRolePolicy" => Some(Self::Attached(role()?, own()?)),
            "PutUserPermissionsBoundary" | "DeleteUserPermissionsBoundary" => {
                Some(Self::Boundary(user()?, permissions_boundary.and_then(|arn| PolicyArn::new(&arn).ok())))
            }
            "CreatePolicyVersion" if matches!(set_as_default, None | Some(Value::Bool(false))) => None,
            "CreatePolicyVersion" | "SetDefaultPolicyVersion" | "DeletePolicy" => own().map(Self::Text),
            _ => None,
        }
    }

    /// Whose quarantine it could be; nobody's if it is about a policy itself.
    #[must_use]
    pub const fn named(&self) -> Option<&Identity> {
        match self {
            Self::Inline(named, _) | Self::Attached(named, _) | Self::Boundary(named, _) => Some(named),
            Self::Text(_) => None,
        }
    }

    /// Whether this is a way to take such a containment away from somebody.
    #[must_use]
    pub fn takes(&self, containment: &Containment) -> bool {
        match (self, containment) {
            (Self::Inline(_, name), Containment::Inline { policy_name }) => policy_name.as_str().eq_ignore_ascii_case(name.as_str()),
            (Self::Attached(_, arn), Containment::Attached { policy }) => policy.as_str().eq_ignore_ascii_case(arn.as_str()),
            (Self::Boundary(..), Containment::Boundary { .. }) => true,
            _ => false,
        }
    }
}

/// Whether a call takes away something that is called like a quarantine. One that puts a policy under such a name is judged as any other, and of a
/// boundary the record does not say what it was.
pub fn takes_away(event: &Event) -> bool {
    !event.record.event_name.starts_with("Put") && by_name(event).is_some()
}

/// Reads such a call: nothing says yet that Rescind put there what it takes away.
pub fn read(call: &Call<'_>) -> Result<Vec<Claim>, Unread> {
    let lifted = by_name(call.event).ok_or_else(|| Unread(format!("{} does not take a quarantine away", call.name)))?;
    Ok(vec![Claim::Change(Change::QuarantineLifted(lifted))])
}

fn by_name(event: &Event) -> Option<QuarantineLifted> {
    let (target, name) = match Lift::of(event)? {
        Lift::Inline(identity, name) => (identity.into(), name),
        // AWS's own policy may be attached by anybody.
        Lift::Attached(_, policy) if policy.owner() == "aws" => return None,
        Lift::Attached(identity, policy) => (identity.into(), IamName::made(policy.name().to_owned())),
        Lift::Text(policy) => (Target::Policy(policy.clone()), IamName::made(policy.name().to_owned())),
        Lift::Boundary(..) => return None,
    };
    Some(QuarantineLifted { target, policy_name: name, containment: None })
}
