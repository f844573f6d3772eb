//! What a person wants to know of a quarantined credential: what its owner could do, when it was used last, what else the owner has.
//!
//! Read after the credential is inactive, and never a reason to fail: what could not be read is said.

use aws_sdk_iam::Client;
use chrono::{DateTime, Utc};
use policy::capability::Capability;
use policy::case::CredentialReport;
use policy::change::Target;
use policy::credential::{Credential, CredentialKind};
use policy::guardrail::Access;
use remedy::credentials::{Listed, of_kind};
use remedy::{AwsCall, found, holdings};

/// Reads all of it. `listed` are the credentials of the same kind, as they were before.
pub async fn of(iam: &Client, user: &Target, credential: Option<&Credential>, listed: &[Listed]) -> CredentialReport {
    let mut report = CredentialReport::default();
    match capabilities(iam, user).await {
        Ok((can, may)) => (report.can, report.may) = (can, may),
        Err(unread) => report.unread.push(format!("what {user} can do: {unread}")),
    }
    let own = listed.iter().find(|listed| Some(&listed.credential) == credential);
    report.created = own.and_then(|own| own.created).and_then(|created| DateTime::<Utc>::from_timestamp(created.secs(), 0));
    if let Some(credential) = credential.filter(|credential| credential.kind == CredentialKind::AccessKey) {
        match last_used(iam, credential).await {
            Ok(when) => report.last_used = Some(when),
            Err(unread) => report.unread.push(unread.to_string()),
        }
    }
    let kind = credential.map_or(CredentialKind::AccessKey, |credential| credential.kind);
    let others = listed.iter().filter(|listed| credential.is_some_and(|credential| listed.credential.id != credential.id));
    report.others = others.map(ToString::to_string).collect();
    for other in CredentialKind::ALL.into_iter().filter(|other| *other != kind) {
        match of_kind(iam, user, other).await {
            Ok(listed) => {
                let listed = listed.unwrap_or_default();
                report.others.extend(listed.iter().map(ToString::to_string));
            }
            Err(unread) => report.unread.push(unread.to_string()),
        }
    }
    let answer = iam.get_login_profile().user_name(user.name.as_str()).send().await;
    match found(answer.map_err(|error| AwsCall::of(format!("iam:GetLoginProfile of {user}"), &error))) {
        Ok(Some(_)) => report.others.push("a console password".to_owned()),
        Ok(None) => {}
        Err(unread) => report.unread.push(unread.to_string()),
    }
    report
}

/// What the whole principal can do: for certain, and perhaps besides.
async fn capabilities(iam: &Client, user: &Target) -> Result<(Vec<String>, Vec<String>), String> {
    let texts = holdings::of(iam, user, None).await.map_err(|error| error.to_string())?.ok_or("the user is gone")?;
    let access = Access::of(&texts, &[]).map_err(|error| error.to_string())?;
    let names = |granted: &mut dyn Iterator<Item = &Capability>| granted.map(|capability| capability.name().to_owned()).collect();
    let can = names(&mut access.grants().iter());
    let may = names(&mut access.may_grant().iter().filter(|capability| !access.grants().contains(capability)));
    Ok((can, may))
}

async fn last_used(iam: &Client, credential: &Credential) -> Result<String, AwsCall> {
    let answer = iam.get_access_key_last_used().access_key_id(credential.id.as_str()).send().await;
    let answer = answer.map_err(|error| AwsCall::of(format!("iam:GetAccessKeyLastUsed on {}", credential.id), &error))?;
    let used = answer.access_key_last_used.and_then(|used| {
        let when = DateTime::<Utc>::from_timestamp(used.last_used_date?.secs(), 0)?;
        Some(format!("{}, on {} in {}", when.format("%Y-%m-%d %H:%M:%S UTC"), used.service_name, used.region))
    });
    Ok(used.unwrap_or_else(|| "never, as far as IAM knows".to_owned()))
}
