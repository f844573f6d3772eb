//! Whether what a step names is still as the remedy left it.

use aws_sdk_iam::Client;
use policy::arn::PolicyArn;
use policy::change::Target;
use policy::credential::Credential;
use policy::quarantine::Quarantine;
use policy::text::shown;
use remedy::credentials::of_kind;
use remedy::holdings::{self, document, inline_document};
use remedy::{AwsCall, found};

use super::step::{Managed, Step};

/// How things are now.
#[derive(Debug, Eq, PartialEq)]
pub enum State {
    /// As the remedy left them.
    Left,
    /// As the step would leave them.
    Undone(String),
    /// Neither.
    Moved(String),
}

/// Asks IAM.
pub async fn of(iam: &Client, step: &Step) -> Result<State, AwsCall> {
    match step {
        Step::Attach(target, arn) => detached(iam, target, arn).await,
        Step::Activate(user, credential) => inactive(iam, user, credential).await,
        Step::TakeOut(target, quarantine) => contained(iam, target, quarantine).await,
        Step::Detach(target, policy) => attached(iam, target, policy).await,
        Step::Delete(policy) => standing(iam, policy).await,
    }
}

async fn detached(iam: &Client, target: &Target, arn: &PolicyArn) -> Result<State, AwsCall> {
    let policy = shown(arn.as_str());
    let Some(holds) = found(holdings::attached(iam, target).await)? else {
        return Ok(gone(target));
    };
    if holds.iter().any(|held| held.eq_ignore_ascii_case(arn.as_str())) {
        return Ok(State::Undone(format!("{policy} is attached to {target} again")));
    }
    let answer = iam.get_policy().policy_arn(arn.as_str()).send().await;
    let answer = found(answer.map_err(|error| AwsCall::of(format!("iam:GetPolicy on {policy}"), &error)))?;
    Ok(if answer.is_some() { State::Left } else { State::Moved(format!("{policy} is gone")) })
}

async fn inactive(iam: &Client, user: &Target, credential: &Credential) -> Result<State, AwsCall> {
    let Some(listed) = of_kind(iam, user, credential.kind).await? else {
        return Ok(gone(user));
    };
    Ok(match listed.iter().find(|listed| listed.credential.id == credential.id) {
        Some(listed) if listed.active => State::Undone(format!("{credential} of {user} is active again")),
        Some(_) => State::Left,
        None => State::Moved(format!("{credential} of {user} is gone")),
    })
}

async fn contained(iam: &Client, target: &Target, quarantine: &Quarantine) -> Result<State, AwsCall> {
    let name = quarantine.policy_name();
    Ok(match found(inline_document(iam, target, &name).await)? {
        Some(text) if quarantine.is_said_by(&text) => State::Left,
        Some(_) => State::Moved(format!("{name} of {target} does not say any more what Rescind wrote")),
        None => State::Undone(format!("{name} is not in {target} any more, or {target} is gone or renamed")),
    })
}

async fn attached(iam: &Client, target: &Target, policy: &Managed) -> Result<State, AwsCall> {
    let Some(holds) = found(holdings::attached(iam, target).await)? else {
        return Ok(gone(target));
    };
    let holds = holds.iter().any(|held| held.eq_ignore_ascii_case(policy.arn.as_str()));
    Ok(if holds { State::Left } else { State::Undone(format!("{} is not attached to {target} any more", shown(policy.arn.as_str()))) })
}

async fn standing(iam: &Client, policy: &Managed) -> Result<State, AwsCall> {
    let arn = shown(policy.arn.as_str());
    Ok(match document(iam, policy.arn.as_str()).await? {
        Some(text) if policy.quarantine.is_said_by(&text) => State::Left,
        Some(_) => State::Moved(format!("{arn} does not say any more what Rescind wrote")),
        None => State::Undone(format!("{arn} is gone")),
    })
}

fn gone(target: &Target) -> State {
    State::Moved(format!("{target} is gone or renamed"))
}
