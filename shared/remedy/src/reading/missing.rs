//! The one thing that an event does not say about a change.

use chrono::{DateTime, Utc};
use policy::arn::{IamName, PolicyArn};
use policy::change::{Found, InlinePolicyPut, Missing};
use policy::target::Identity;

use super::identity::{Owner, Whom};
use super::{Reader, holdings, identity, settled};
use crate::error::{AwsCall, found};

/// The one thing that an event does not say, or why it cannot be had. `at` is the time of the change.
///
/// # Errors
///
/// If IAM did not answer.
pub async fn read(reader: &Reader, missing: &Missing, at: DateTime<Utc>) -> Result<Result<Found, String>, AwsCall> {
    Ok(match missing {
        Missing::Owner { id, .. } => match identity::owner(reader, id).await? {
            Owner::User(user) => Ok(Found::Owner(user)),
            Owner::Gone(why) | Owner::Unknown(why) => Err(why),
        },
        Missing::Document(InlinePolicyPut { identity, policy_name, .. }) => {
            let text = found(holdings::inline_document(reader, identity, policy_name.as_str()).await)?;
            let gone = || format!("the record omits the text of inline policy {policy_name}, and {identity} no longer holds it");
            text.map(Found::Document).ok_or_else(gone)
        }
        Missing::Trust(changed) => {
            let role = &changed.role;
            let text = found(holdings::trust_document(reader, role).await)?;
            let gone = || format!("the record omits the trust policy of {role}, which is gone");
            text.map(Found::Document).ok_or_else(gone)
        }
        Missing::Attachments(role) | Missing::InlinePolicies(role) => {
            // What IAM lists of a new role can lag behind the call.
            settled::agrees(at).await;
            let role = match identity::resolve(reader, role, None).await? {
                Whom::Is(role) => role,
                Whom::Gone(why) | Whom::Unknown(why) => return Ok(Err(format!("{}, and {why}", missing.reason()))),
            };
            let found = if matches!(missing, Missing::Attachments(_)) {
                attachments(reader, &role).await?
            } else {
                inline_policies(reader, &role).await?
            };
            found.unwrap_or_else(|| Err(format!("{}, and {role} is gone", missing.reason())))
        }
    })
}

/// The managed policies of a role, or why one cannot be read; `None` if the role is gone.
async fn attachments(reader: &Reader, role: &Identity) -> Result<Option<Result<Found, String>>, AwsCall> {
    let arns = found(holdings::attached(reader, role).await)?;
    let unreadable = |error| format!("IAM lists a policy of {role} that Rescind cannot read: {error}");
    let policies = |arns: Vec<String>| arns.iter().map(|arn| PolicyArn::new(arn)).collect::<Result<_, _>>();
    Ok(arns.map(|arns| policies(arns).map(Found::Attachments).map_err(unreadable)))
}

/// The same of its inline policies, with their texts.
async fn inline_policies(reader: &Reader, role: &Identity) -> Result<Option<Result<Found, String>>, AwsCall> {
    let Some(names) = found(holdings::inline(reader, role).await)? else {
        return Ok(None);
    };
    let mut policies = Vec::new();
    for name in names {
        let name = match IamName::new(&name) {
            Ok(name) => name,
            Err(error) => return Ok(Some(Err(format!("IAM lists an inline policy of {role} that Rescind cannot read: {error}")))),
        };
        // One that was deleted in the meantime is no change any more.
        if let Some(text) = found(holdings::inline_document(reader, role, name.as_str()).await)? {
            policies.push((name, text));
        }
    }
    Ok(Some(Ok(Found::InlinePolicies(policies))))
}
