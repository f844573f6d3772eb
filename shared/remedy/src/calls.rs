//! The IAM calls that remedies make, and those that undo them, as cases and notices tell them.

use policy::case::Call;
use policy::change::{Target, TargetKind};
use policy::credential::Credential;
use policy::quarantine::{PATH, Quarantine};

/// Attaches a managed policy.
#[must_use]
pub fn attach(target: &Target, policy_arn: &str) -> Call {
    on_policy("Attach", target, policy_arn)
}

/// Detaches a managed policy.
#[must_use]
pub fn detach(target: &Target, policy_arn: &str) -> Call {
    on_policy("Detach", target, policy_arn)
}

fn on_policy(verb: &str, target: &Target, policy_arn: &str) -> Call {
    let kind = target.kind.name();
    Call::iam(&format!("{verb}{kind}Policy"), &[(&name_parameter(target), target.name.as_str()), ("PolicyArn", policy_arn)])
}

/// Sets a credential of a user `Active` or `Inactive`.
#[must_use]
pub fn set_status(user: &Target, credential: &Credential, status: &str) -> Call {
    let (operation, id) = credential.kind.update();
    Call::iam(operation, &[("UserName", user.name.as_str()), (id, credential.id.as_str()), ("Status", status)])
}

/// Puts a policy of containment into a user or role.
#[must_use]
pub fn put(target: &Target, quarantine: &Quarantine) -> Call {
    let parameters = [
        (&*name_parameter(target), target.name.as_str()),
        ("PolicyName", &quarantine.policy_name()),
        ("PolicyDocument", &quarantine.document()),
    ];
    Call::iam(&format!("Put{}Policy", target.kind.name()), &parameters)
}

/// Takes it out again.
#[must_use]
pub fn take_out(target: &Target, quarantine: &Quarantine) -> Call {
    let parameters = [(&*name_parameter(target), target.name.as_str()), ("PolicyName", &quarantine.policy_name())];
    Call::iam(&format!("Delete{}Policy", target.kind.name()), &parameters)
}

/// Creates it as a policy of its own.
#[must_use]
pub fn create(quarantine: &Quarantine) -> Call {
    let (name, document) = (quarantine.policy_name(), quarantine.document());
    Call::iam("CreatePolicy", &[("PolicyName", &name), ("Path", PATH), ("PolicyDocument", &document)])
}

/// Deletes a policy of its own.
#[must_use]
pub fn delete(policy_arn: &str) -> Call {
    Call::iam("DeletePolicy", &[("PolicyArn", policy_arn)])
}

/// `UserName`, `GroupName`, `RoleName`.
fn name_parameter(target: &Target) -> String {
    let kind = if target.kind == TargetKind::Root { TargetKind::User } else { target.kind };
    format!("{}Name", kind.name())
}
