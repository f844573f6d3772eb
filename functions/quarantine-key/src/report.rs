//! What a person wants to know about a quarantined credential: what its owner could do, when it was used last, what else the owner has.
//!
//! Read after the credential is inactive, and never a reason to fail: the report names everything that could not be read.

use chrono::{DateTime, Utc};
use policy::Change;
use policy::arn::IamName;
use policy::capability::Capability;
use policy::case::CredentialReport;
use policy::credential::{Credential, CredentialKind};
use policy::target::Identity;
use remedy::reading::Reader;
use remedy::reading::credentials::{Listed, login_made, of_kind};
use remedy::reading::facts::held_after;
use remedy::{AwsCall, Hand, Named as _};

/// Reads all of it. `listed` are the credentials of the same kind, as they were before.
pub async fn of(hand: &Hand<'_>, change: &Change, user: &IamName, credential: Option<&Credential>, listed: &[Listed]) -> CredentialReport {
    let reader = hand.reader();
    let mut report = CredentialReport::default();
    let own = listed.iter().find(|listed| Some(&listed.credential) == credential);
    report.created = own.and_then(|own| own.created).and_then(|created| DateTime::<Utc>::from_timestamp(created.secs(), 0));
    if let Some(credential) = credential.filter(|credential| credential.kind == CredentialKind::AccessKey) {
        match last_used(reader, credential).await {
            Ok(when) => report.last_used = Some(when),
            Err(unread) => report.unread.push(unread.to_string()),
        }
    }
    let kind = credential.map_or(CredentialKind::AccessKey, |credential| credential.kind);
    let others = listed.iter().filter(|listed| credential.is_some_and(|credential| listed.credential.id != credential.id));
    report.others = others.map(ToString::to_string).collect();
    for other in CredentialKind::ALL.into_iter().filter(|other| *other != kind) {
        match of_kind(reader, user, other).await {
            Ok(listed) => {
                let listed = listed.unwrap_or_default();
                report.others.extend(listed.iter().map(ToString::to_string));
            }
            Err(unread) => report.unread.push(unread.to_string()),
        }
    }
    match login_made(reader, user).await {
        Ok(Some(_)) => report.others.push("a console password".to_owned()),
        Ok(None) => {}
        Err(unread) => report.unread.push(unread.to_string()),
    }
    // The most that there is to read, so it comes last.
    match hand.deadline().before_the_notice(Box::pin(capabilities(hand, change, user))).await {
        Some(Ok((can, may))) => (report.can, report.may) = (can, may),
        Some(Err(unread)) => report.unread.push(format!("what user {user} can do: {unread}")),
        None => report.unread.push(format!("what user {user} can do: there was not enough time to read it all")),
    }
    report
}

/// What the user can do as a whole: certainly, and possibly.
async fn capabilities(hand: &Hand<'_>, change: &Change, user: &IamName) -> Result<(Vec<String>, Vec<String>), String> {
    let user = Identity::user(user.clone());
    let texts = held_after(hand.reader(), &user, change).await;
    let texts = texts.map_err(|error| error.to_string())?.ok_or("the user is gone")?;
    let access = hand.access(&texts, &user).map_err(|error| error.to_string())?;
    let names = |granted: &mut dyn Iterator<Item = &Capability>| granted.map(|capability| capability.name().to_owned()).collect();
    let can = names(&mut access.grants().iter());
    let may = names(&mut access.may_grant().iter().filter(|capability| !access.grants().contains(capability)));
    Ok((can, may))
}

async fn last_used(reader: &Reader, credential: &Credential) -> Result<String, AwsCall> {
    let answer = reader.get_access_key_last_used().access_key_id(credential.id.as_str()).send().await;
    let answer = answer.named("iam:GetAccessKeyLastUsed on", &credential.id)?;
    let used = answer.access_key_last_used.and_then(|used| {
        let when = DateTime::<Utc>::from_timestamp(used.last_used_date?.secs(), 0)?;
        Some(format!("{}, on {} in {}", when.format("%Y-%m-%d %H:%M:%S UTC"), used.service_name, used.region))
    });
    Ok(used.unwrap_or_else(|| "never, as far as IAM knows".to_owned()))
}
