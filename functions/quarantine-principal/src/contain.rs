//! The remedy: an inline deny; where no more text fits into the principal, a managed one; where that does not fit either, a person.

use aws_sdk_iam::Client;
use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use policy::case::{Outcome, RemedyOutcome};
use policy::change::{Remedy, Target, TargetKind};
use policy::quarantine::{Aim, PATH, Quarantine};
use policy::{Case, Change};
use remedy::holdings::{document, inline_document};
use remedy::{AwsCall, Failure, Function, attachments, calls, found, owner};

/// Sessions that are issued so long after the case was made are ended too: what IAM is told takes some seconds to be true everywhere.
const MARGIN: TimeDelta = TimeDelta::seconds(15);

/// The owner of the remedy `quarantine-principal`.
pub struct QuarantinePrincipal;

impl Function for QuarantinePrincipal {
    const REMEDY: Remedy = Remedy::QuarantinePrincipal;

    async fn take_back(iam: &Client, case: &Case, change: &Change) -> Result<RemedyOutcome, AwsCall> {
        let (target, quarantine) = match (change, Aim::of(case, change)) {
            (_, Aim::Out(why)) => return Ok(unremediable(why)),
            (Change::QuarantineLifted { policy_name, .. }, Aim::At(target, _)) => match Quarantine::named(policy_name.as_str()) {
                Some(quarantine) => (target, quarantine),
                None => return Ok(unremediable(format!("{policy_name} is no name that Rescind gives: somebody else's policy"))),
            },
            (_, Aim::At(target, of)) => {
                let quarantine = Quarantine::against(&target, of, before(case));
                (target, quarantine)
            }
        };
        if let Some(outcome) = contain(iam, case, &target, &quarantine).await? {
            return Ok(outcome);
        }
        // Nobody has that name. Names move: whose the key is now is asked of the key.
        let renamed = match change {
            Change::CredentialExposed { credential: Some(credential), .. } => owner(iam, &credential.id).await?.ok(),
            _ => None,
        };
        if let Some(renamed) = renamed.filter(|renamed| *renamed != target)
            && let Some(outcome) = contain(iam, case, &renamed, &quarantine).await?
        {
            return Ok(outcome.saying(Some(format!("{target} had been renamed: now {renamed}"))));
        }
        Ok(unremediable(format!("{target} is gone or renamed: if it was renamed, it goes on under its new name")))
    }
}

const fn unremediable(why: String) -> RemedyOutcome {
    RemedyOutcome::without_call(QuarantinePrincipal::REMEDY, Outcome::Unremediable, Some(why))
}

/// The same moment however often the event is tried: a second try finds what the first one did.
fn before(case: &Case) -> DateTime<Utc> {
    let decided = case.asked_by.as_ref().map_or(case.time, |asked| asked.time);
    decided.trunc_subsecs(0) + MARGIN
}

/// Puts the policy on; `None` where there is no such user or role.
async fn contain(iam: &Client, case: &Case, target: &Target, quarantine: &Quarantine) -> Result<Option<RemedyOutcome>, AwsCall> {
    let name = quarantine.policy_name();
    if let Some(text) = found(inline_document(iam, target, &name).await)?
        && quarantine.is_said_by(&text)
    {
        return Ok(Some(already(target)));
    }
    match put(iam, target, &name, quarantine).await {
        Ok(()) => Ok(Some(RemedyOutcome::applied(
            QuarantinePrincipal::REMEDY,
            vec![calls::put(target, quarantine)],
            vec![calls::take_out(target, quarantine)],
        ))),
        Err(call) if call.failure == Failure::NotFound => Ok(None),
        Err(call) if call.failure == Failure::Full => managed(iam, case, target, quarantine).await.map(Some),
        Err(call) => Err(call),
    }
}

fn already(target: &Target) -> RemedyOutcome {
    let why = format!("{target} was contained already, by an earlier case or try");
    RemedyOutcome::without_call(QuarantinePrincipal::REMEDY, Outcome::AlreadyClean, Some(why))
}

async fn put(iam: &Client, target: &Target, policy_name: &str, quarantine: &Quarantine) -> Result<(), AwsCall> {
    let (name, document) = (target.name.as_str(), quarantine.document());
    if target.kind == TargetKind::User {
        let answer = iam.put_user_policy().user_name(name).policy_name(policy_name).policy_document(document).send().await;
        answer.map(drop).map_err(|error| AwsCall::of(format!("iam:PutUserPolicy on {target}"), &error))
    } else {
        let answer = iam.put_role_policy().role_name(name).policy_name(policy_name).policy_document(document).send().await;
        answer.map(drop).map_err(|error| AwsCall::of(format!("iam:PutRolePolicy on {target}"), &error))
    }
}

/// The policy by itself, attached: the way out where the principal's inline policies have used up their characters.
async fn managed(iam: &Client, case: &Case, target: &Target, quarantine: &Quarantine) -> Result<RemedyOutcome, AwsCall> {
    let name = quarantine.policy_name();
    let arn = quarantine.arn(case);
    let answer = iam.create_policy().policy_name(&name).path(PATH).policy_document(quarantine.document()).send().await;
    match answer.map(drop).map_err(|error| AwsCall::of(format!("iam:CreatePolicy {name}"), &error)) {
        Ok(()) => {}
        // An earlier try made it, or somebody who wants it to be harmless.
        Err(call) if call.failure == Failure::Exists => {
            if !document(iam, &arn).await?.is_some_and(|text| quarantine.is_said_by(&text)) {
                return Ok(unremediable(format!("{arn} is there already and is not what Rescind writes: whoever made it means to stay")));
            }
        }
        Err(call) if call.failure == Failure::Full => return Ok(no_room(target)),
        Err(call) => return Err(call),
    }
    match attachments::attach(iam, target, &arn).await {
        Ok(()) => Ok(RemedyOutcome::applied(
            QuarantinePrincipal::REMEDY,
            vec![calls::create(quarantine), calls::attach(target, &arn)],
            vec![calls::detach(target, &arn), calls::delete(&arn)],
        )),
        Err(call) if call.failure == Failure::Full => Ok(no_room(target)),
        Err(call) => Err(call),
    }
}

fn no_room(target: &Target) -> RemedyOutcome {
    unremediable(format!("{target} has no room for one more policy, neither inline nor managed: take one away, then do it by hand"))
}
