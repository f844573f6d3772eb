//! The calls themselves.

use aws_sdk_iam::Client;
use aws_sdk_iam::operation::delete_policy::DeletePolicyError;
use aws_sdk_iam::types::StatusType;
use policy::arn::PolicyArn;
use policy::change::{Target, TargetKind};
use policy::credential::{Credential, CredentialKind};
use policy::quarantine::Quarantine;
use remedy::AwsCall;

use super::step::{Managed, Step};

/// What came of a call that did not fail.
pub enum Remark {
    Done,
    /// The policy is in use elsewhere, and is not deleted; AWS's words.
    Stays(String),
}

/// Makes the call of a step.
pub async fn undo(iam: &Client, step: &Step) -> Result<Remark, AwsCall> {
    let call = step.name();
    match step {
        Step::Attach(target, arn) => attach(iam, call, target, arn).await?,
        Step::Activate(user, credential) => activate(iam, call, user, credential).await?,
        Step::TakeOut(target, quarantine) => take_out(iam, call, target, quarantine).await?,
        Step::Detach(target, policy) => detach(iam, call, target, policy).await?,
        Step::Delete(policy) => return delete(iam, call, policy).await,
    }
    Ok(Remark::Done)
}

async fn attach(iam: &Client, call: String, target: &Target, arn: &PolicyArn) -> Result<(), AwsCall> {
    let (name, arn) = (target.name.as_str(), arn.as_str());
    match target.kind {
        TargetKind::User => {
            let answer = iam.attach_user_policy().user_name(name).policy_arn(arn).send().await;
            answer.map(drop).map_err(|error| AwsCall::of(call, &error))
        }
        TargetKind::Group => {
            let answer = iam.attach_group_policy().group_name(name).policy_arn(arn).send().await;
            answer.map(drop).map_err(|error| AwsCall::of(call, &error))
        }
        TargetKind::Role | TargetKind::Root => {
            let answer = iam.attach_role_policy().role_name(name).policy_arn(arn).send().await;
            answer.map(drop).map_err(|error| AwsCall::of(call, &error))
        }
    }
}

async fn activate(iam: &Client, call: String, user: &Target, credential: &Credential) -> Result<(), AwsCall> {
    let (name, id, active) = (user.name.as_str(), credential.id.as_str(), StatusType::Active);
    match credential.kind {
        CredentialKind::AccessKey => {
            let answer = iam.update_access_key().user_name(name).access_key_id(id).status(active).send().await;
            answer.map(drop).map_err(|error| AwsCall::of(call, &error))
        }
        CredentialKind::SshPublicKey => {
            let answer = iam.update_ssh_public_key().user_name(name).ssh_public_key_id(id).status(active).send().await;
            answer.map(drop).map_err(|error| AwsCall::of(call, &error))
        }
        CredentialKind::SigningCertificate => {
            let answer = iam.update_signing_certificate().user_name(name).certificate_id(id).status(active).send().await;
            answer.map(drop).map_err(|error| AwsCall::of(call, &error))
        }
        CredentialKind::ServiceSpecificCredential => {
            let update = iam.update_service_specific_credential().user_name(name).service_specific_credential_id(id).status(active);
            update.send().await.map(drop).map_err(|error| AwsCall::of(call, &error))
        }
    }
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

async fn detach(iam: &Client, call: String, target: &Target, policy: &Managed) -> Result<(), AwsCall> {
    let (name, arn) = (target.name.as_str(), policy.arn.as_str());
    if target.kind == TargetKind::User {
        let answer = iam.detach_user_policy().user_name(name).policy_arn(arn).send().await;
        answer.map(drop).map_err(|error| AwsCall::of(call, &error))
    } else {
        let answer = iam.detach_role_policy().role_name(name).policy_arn(arn).send().await;
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
