//! The remedy: one credential, or all of a user's access keys where it is not known which.

use aws_sdk_iam::Client;
use aws_sdk_iam::types::StatusType;
use policy::actor::ActorKind;
use policy::arn::{CredentialId, IamName};
use policy::case::{Outcome, RemedyOutcome};
use policy::change::{Remedy, Target, TargetKind};
use policy::credential::{Credential, CredentialKind};
use policy::{Case, Change};
use remedy::credentials::{Listed, of_kind, set_status};
use remedy::{AwsCall, Function, calls, found, owner};

use crate::report;

/// The owner of the remedy `quarantine-key`.
pub struct QuarantineKey;

/// What is to be set inactive.
enum Subject {
    One(Target, Credential),
    /// Every access key of a user of whom AWS does not say which is exposed.
    AllKeys(Target),
    /// Nothing that can be; why, for a person.
    Nothing(&'static str),
}

impl Function for QuarantineKey {
    const REMEDY: Remedy = Remedy::QuarantineKey;

    async fn take_back(iam: &Client, case: &Case, change: &Change) -> Result<RemedyOutcome, AwsCall> {
        let (user, credential) = match subject(case, change) {
            Subject::One(user, credential) => (user, Some(credential)),
            Subject::AllKeys(user) => (user, None),
            Subject::Nothing(why) => return Ok(RemedyOutcome::without_call(Self::REMEDY, Outcome::Unremediable, Some(why.to_owned()))),
        };
        let kind = credential.as_ref().map_or(CredentialKind::AccessKey, |credential| credential.kind);
        let Some((user, renamed, listed)) = find(iam, user, kind, credential.as_ref()).await? else {
            return Ok(gone(credential.as_ref()));
        };
        let wanted = |listed: &&Listed| credential.as_ref().is_none_or(|credential| credential.id == listed.credential.id);
        let (mut done, mut undo) = (Vec::new(), Vec::new());
        for listed in listed.iter().filter(wanted).filter(|listed| listed.active) {
            // One that is gone since it was listed needs nothing more.
            if found(set_status(iam, &user, &listed.credential, StatusType::Inactive).await)?.is_some() {
                done.push(calls::set_status(&user, &listed.credential, "Inactive"));
                undo.push(calls::set_status(&user, &listed.credential, "Active"));
            }
        }
        let report = Some(report::of(iam, &user, credential.as_ref(), &listed).await);
        if done.is_empty() {
            let outcome = RemedyOutcome::without_call(Self::REMEDY, Outcome::AlreadyClean, Some(clean(credential.as_ref(), &listed)));
            return Ok(RemedyOutcome { report, ..outcome });
        }
        Ok(RemedyOutcome { report, ..RemedyOutcome::applied(Self::REMEDY, done, undo).saying(renamed) })
    }
}

/// What a case is about: a credential of its own, the keys of whom AWS has quarantined, or the key of who made the change.
fn subject(case: &Case, change: &Change) -> Subject {
    match change {
        Change::CredentialActivated { target, credential, .. } | Change::CredentialExposed { target, credential: Some(credential), .. } => {
            Subject::One(target.clone(), credential.clone())
        }
        Change::CredentialExposed { session: Some(_), .. } => {
            Subject::Nothing("these are a session's credentials, which cannot be set inactive: quarantine-principal ends the session")
        }
        Change::CredentialExposed { target, .. } if target.kind == TargetKind::User => Subject::AllKeys(target.clone()),
        Change::CredentialExposed { .. } => Subject::Nothing("a role has no keys to set inactive: quarantine-principal ends its sessions"),
        Change::PolicyAttached { target, policy_arn } if target.kind == TargetKind::User && policy_arn.is_key_quarantine() => {
            Subject::AllKeys(target.clone())
        }
        Change::PolicyAttached { .. } => of_actor(case),
        Change::QuarantineLifted { .. } => Subject::Nothing("no credential changed"),
    }
}

fn of_actor(case: &Case) -> Subject {
    let actor = &case.actor;
    let id = actor.access_key_id.as_deref().and_then(|id| CredentialId::new(id).ok());
    match (actor.kind, id, IamName::new(&actor.name)) {
        (ActorKind::User, Some(id), Ok(name)) if !id.is_of_a_session() && actor.account == case.account.as_str() => {
            Subject::One(Target { kind: TargetKind::User, name }, Credential { kind: CredentialKind::AccessKey, id })
        }
        _ => Subject::Nothing("who did it did not sign with a long-lived key of this account: quarantine-principal contains them"),
    }
}

/// The user's credentials, under the name that the user has now, and a word about it where it is another; `None` where they are not found.
async fn find(
    iam: &Client,
    user: Target,
    kind: CredentialKind,
    credential: Option<&Credential>,
) -> Result<Option<(Target, Option<String>, Vec<Listed>)>, AwsCall> {
    let has = |listed: &[Listed]| credential.is_none_or(|credential| listed.iter().any(|listed| listed.credential.id == credential.id));
    match of_kind(iam, &user, kind).await? {
        Some(listed) if has(&listed) => return Ok(Some((user, None, listed))),
        // Names move, ids don't: whose an access key is now is asked of the key.
        _ if kind == CredentialKind::AccessKey => {}
        listed => return Ok(listed.map(|listed| (user, None, listed))),
    }
    let Some(credential) = credential else {
        return Ok(None);
    };
    let Ok(now) = owner(iam, &credential.id).await? else {
        return Ok(None);
    };
    let listed = of_kind(iam, &now, kind).await?;
    let renamed = (now != user).then(|| format!("{user} had been renamed: now {now}"));
    Ok(listed.map(|listed| (now, renamed, listed)))
}

fn gone(credential: Option<&Credential>) -> RemedyOutcome {
    let what = credential.map_or_else(|| "the user".to_owned(), ToString::to_string);
    let (outcome, why) = match credential {
        Some(credential) if credential.kind != CredentialKind::AccessKey => (
            Outcome::Unremediable,
            format!(
                "{what} is not found under its user's name: the user is gone or renamed, and IAM does not tell whose such a credential is"
            ),
        ),
        _ => (Outcome::AlreadyClean, format!("{what} is gone")),
    };
    RemedyOutcome::without_call(QuarantineKey::REMEDY, outcome, Some(why))
}

/// Why there was nothing to do. An earlier try at this very event may have done it, and failed to tell: so it is said how to give it back.
fn clean(credential: Option<&Credential>, listed: &[Listed]) -> String {
    let inactive = |credential: &Credential| listed.iter().any(|listed| listed.credential.id == credential.id);
    match credential {
        Some(credential) if inactive(credential) => {
            format!("{credential} was inactive already, by somebody's doing or by an earlier try at this event")
        }
        Some(credential) => format!("{credential} is gone"),
        None => "the user has no active access key".to_owned(),
    }
}
