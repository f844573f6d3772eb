//! The calls themselves.

use aws_sdk_iam::Client;
use aws_sdk_iam::operation::delete_policy::DeletePolicyError;
use aws_sdk_iam::types::StatusType;
use policy::change::{Target, TargetKind};
use policy::quarantine::Quarantine;
use remedy::credentials::set_status;
use remedy::{AwsCall, attachments};

use super::step::{Managed, Step};

/// What came of a call that did not fail.
pub enum Remark {
    Done,
    /// The policy is in use elsewhere, and is not deleted; AWS's words.
    Stays(String),
}

/// Makes the call of a step.
pub async fn undo(iam: &Client, step: &Step) -> Result<Remark, AwsCall> {
    match step {
        Step::Attach(target, arn) => attachments::attach(iam, target, arn.as_str()).await?,
        Step::Activate(user, credential) => set_status(iam, user, credential, StatusType::Active).await?,
        Step::TakeOut(target, quarantine) => take_out(iam, step.name(), target, quarantine).await?,
        Step::Detach(target, policy) => attachments::detach(iam, target, policy.arn.as_str()).await?,
        Step::Delete(policy) => return delete(iam, step.name(), policy).await,
    }
    Ok(Remark::Done)
}

async fn take_out(iam: &Client, call: String, target: &Target, quarantine: &Quarantine) -> Result<(), AwsCall> {
    let (name, policy_name) = (target.name.as_str(), quarantine.policy_name());
    if target.kind == TargetKind::User {
        let answer = iam.delete_user_policy().user_name(name).policy_name(policy_name).send().await;
        answer.map(drop).map_err(|error| AwsCall::of(call, &error))
    } else {
        let answer = iam.delete_role_policy().role_name(name).policy_name(policy_name).send().await;
        answer.map(drop).map_err(|error| AwsCall::of(call, &error))
    }
}

/// The same policy may hold somebody else too, by a case of their own.
async fn delete(iam: &Client, call: String, policy: &Managed) -> Result<Remark, AwsCall> {
    match iam.delete_policy().policy_arn(policy.arn.as_str()).send().await {
        Ok(_) => Ok(Remark::Done),
        Err(error) => {
            let in_use = error.as_service_error().is_some_and(DeletePolicyError::is_delete_conflict_exception);
            let call = AwsCall::of(call, &error);
            if in_use { Ok(Remark::Stays(call.message)) } else { Err(call) }
        }
    }
}
