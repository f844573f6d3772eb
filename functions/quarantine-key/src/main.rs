//! Sets a long-lived credential of a user inactive, or all of a user's access keys if it is not known which one is exposed.

mod report;

use std::process::ExitCode;

use policy::arn::IamName;
use policy::credential::{Credential, CredentialKind};
use policy::remedy::Remedy;
use policy::{Case, Change};
use remedy::plan::{Subject, subject};
use remedy::reading::Reader;
use remedy::reading::credentials::{Listed, of_kind};
use remedy::reading::identity::owner;
use remedy::setting::{CredentialStatus, Status, Step};
use remedy::{AwsCall, Ending, Function, Hand, Set};

struct QuarantineKey;

impl Function for QuarantineKey {
    const NAME: &'static str = "quarantine-key";
    const OWNS: Option<Remedy> = Some(Remedy::QuarantineKey);

    async fn take_back(hand: &mut Hand<'_>, case: &Case, change: &Change) -> Result<Ending, AwsCall> {
        let (user, credential) = match subject(case, change) {
            Subject::One(user, credential) => (user, Some(credential)),
            Subject::AllKeys(user) => (user, None),
            Subject::Nothing(why) => return Ok(Ending::unremediable(why.to_owned())),
        };
        let kind = credential.as_ref().map_or(CredentialKind::AccessKey, |credential| credential.kind);
        let Some(Found { user, renamed, listed }) = find(hand.reader(), user, kind, credential.as_ref()).await? else {
            return Ok(gone(credential.as_ref()));
        };
        let wanted = |listed: &&Listed| credential.as_ref().is_none_or(|credential| credential.id == listed.credential.id);
        let mut done = false;
        for listed in listed.iter().filter(wanted).filter(|listed| listed.active) {
            let setting = CredentialStatus { user: user.clone(), credential: listed.credential.clone() };
            let step = Step { setting, from: Status::Active, to: Status::Inactive };
            // One that is gone since it was listed needs nothing more.
            done |= hand.set(&step).await? == Set::Done;
        }
        let report = report::of(hand, change, &user, credential.as_ref(), &listed).await;
        let ending = if done { Ending::done() } else { Ending::clean(clean(credential.as_ref(), &listed)) };
        Ok(ending.saying(renamed).with_report(report))
    }
}

/// A user's credentials of a kind, under the name that the user has now, with a word about it if that is another.
struct Found {
    user: IamName,
    renamed: Option<String>,
    listed: Vec<Listed>,
}

/// Finds the user's credentials; `None` if they are not found.
async fn find(reader: &Reader, user: IamName, kind: CredentialKind, credential: Option<&Credential>) -> Result<Option<Found>, AwsCall> {
    let has = |listed: &[Listed]| credential.is_none_or(|credential| listed.iter().any(|listed| listed.credential.id == credential.id));
    match of_kind(reader, &user, kind).await? {
        Some(listed) if has(&listed) => return Ok(Some(Found { user, renamed: None, listed })),
        // Names move, ids don't: IAM says who owns an access key now.
        _ if kind == CredentialKind::AccessKey => {}
        listed => return Ok(listed.map(|listed| Found { user, renamed: None, listed })),
    }
    let Some(credential) = credential else {
        return Ok(None);
    };
    let Ok(now) = owner(reader, &credential.id).await? else {
        return Ok(None);
    };
    let listed = of_kind(reader, &now.name, kind).await?;
    let renamed = (now.name != user).then(|| format!("user {user} has been renamed: {now}"));
    Ok(listed.map(|listed| Found { user: now.name, renamed, listed }))
}

fn gone(credential: Option<&Credential>) -> Ending {
    match credential {
        Some(credential) if credential.kind != CredentialKind::AccessKey => Ending::unremediable(format!(
            "{credential} is not found under its user's name: the user is gone or renamed, and IAM does not say who owns such a credential"
        )),
        Some(credential) => Ending::clean(format!("{credential} is gone")),
        None => Ending::clean("the user is gone".to_owned()),
    }
}

/// Why there was nothing to do.
fn clean(credential: Option<&Credential>, listed: &[Listed]) -> String {
    let is_listed = |credential: &Credential| listed.iter().any(|listed| listed.credential.id == credential.id);
    match credential {
        Some(credential) if is_listed(credential) => {
            format!("{credential} was already inactive: somebody, or an earlier try at this event, had set it so")
        }
        Some(credential) => format!("{credential} is gone"),
        None => "the user has no active access key".to_owned(),
    }
}

fn main() -> ExitCode {
    remedy::run::<QuarantineKey>()
}
