//! Sets a long-lived credential of a user inactive, or all of a user's access keys if it is not known which one is exposed.

mod report;

use std::process::ExitCode;

use policy::credential::{Credential, CredentialKind};
use policy::remedy::Remedy;
use policy::target::{Identity, Target};
use policy::{Case, Change};
use remedy::plan::{Subject, subject};
use remedy::reading::credentials::{Listed, of_kind};
use remedy::setting::{CredentialStatus, Status, Step};
use remedy::{AwsCall, Ending, Function, Hand, Set};

struct QuarantineKey;

impl Function for QuarantineKey {
    const NAME: &'static str = "quarantine-key";
    const OWNS: Option<Remedy> = Some(Remedy::QuarantineKey);

    async fn take_back(hand: &mut Hand<'_>, case: &Case, change: &Change, target: &Target) -> Result<Ending, AwsCall> {
        let Some(whom) = target.identity() else {
            return Ok(Ending::unremediable(format!("{target} is no identity")));
        };
        let credential = match subject(case, change) {
            Subject::One(_, credential) => Some(credential),
            Subject::AllKeys(_) => None,
            Subject::Nothing(why) => return Ok(Ending::unremediable(why.to_owned())),
        };
        let kind = credential.as_ref().map_or(CredentialKind::AccessKey, |credential| credential.kind);
        let has = |listed: &Vec<Listed>| credential.as_ref().is_none_or(|credential| is_listed(credential, listed));
        let mut listed = of_kind(hand.reader(), &whom.name, kind).await?;
        // Just after the change, IAM may not list it yet.
        if !listed.as_ref().is_some_and(has) && hand.settles().await {
            listed = of_kind(hand.reader(), &whom.name, kind).await?;
        }
        let Some(listed) = listed.filter(|listed| has(listed) || whom.id.is_some()) else {
            return Ok(unfound(whom, credential.as_ref()));
        };
        let wanted = |listed: &&Listed| credential.as_ref().is_none_or(|credential| credential.id == listed.credential.id);
        let mut done = false;
        for listed in listed.iter().filter(wanted) {
            let setting = CredentialStatus { user: whom.name.clone(), credential: listed.credential.clone() };
            let step = Step { setting, from: Status::Active, to: Status::Inactive };
            // One that is gone since it was listed needs nothing more.
            done |= (listed.active || hand.has_begun(&step)) && hand.set(&step).await? == Set::Done;
        }
        let report = Box::pin(report::of(hand, change, &whom.name, credential.as_ref(), &listed)).await;
        let ending = if done { Ending::done() } else { Ending::clean(clean(credential.as_ref(), &listed)) };
        Ok(ending.with_report(report))
    }
}

/// The user or the credential is not there, and nobody can say that nothing is left: the user may bear another name.
fn unfound(user: &Identity, credential: Option<&Credential>) -> Ending {
    let what = credential.map_or_else(|| "active access keys".to_owned(), ToString::to_string);
    Ending::unremediable(format!("IAM finds no {what} under {user}: deleted, or the user was renamed and has them under another name"))
}

fn is_listed(credential: &Credential, listed: &[Listed]) -> bool {
    listed.iter().any(|listed| listed.credential.id == credential.id)
}

/// Why there was nothing to do.
fn clean(credential: Option<&Credential>, listed: &[Listed]) -> String {
    match credential {
        Some(credential) if is_listed(credential, listed) => {
            format!("{credential} was already inactive: somebody, or an earlier try at this event, had set it so")
        }
        Some(credential) => format!("{credential} is gone"),
        None => "the user has no active access key".to_owned(),
    }
}

fn main() -> ExitCode {
    remedy::run::<QuarantineKey>()
}
