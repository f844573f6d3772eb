//! Who could lift a quarantine: before Rescind contains a principal, somebody else has to be left who can give the access back.
//!
//! A break-glass principal, if one exists; otherwise any other user or role that is certainly an administrator. Rescind does not count on
//! the account's root user: many organizations deny it everything.

use policy::account::{Account, Holder};
use policy::break_glass;
use policy::capability::{Capability, Grants, Holdings, Sure};
use policy::document::Document;
use policy::target::{Identity, IdentityKind, Target};

use super::{Reader, account, identity};
use crate::error::{AwsCall, Failure};

/// Whether anybody is left who could lift this principal's quarantine.
///
/// The target of the change does not count, nor a member of a target that is
/// a group: another function may be taking away just what makes them an administrator.
///
/// # Errors
///
/// If IAM did not answer.
pub async fn is_anyone_left(reader: &Reader, break_glass: &[String], principal: &Identity, target: &Target) -> Result<bool, AwsCall> {
    for (_, responder) in break_glass::principals(break_glass) {
        if identity::exists(reader, &responder).await? {
            return Ok(true);
        }
    }
    let details = account::read(reader).await?;
    let account = Account::parse(&details).map_err(|error| AwsCall {
        call: "iam:GetAccountAuthorizationDetails".to_owned(),
        failure: Failure::ServiceError,
        message: error.to_string(),
    })?;
    let left = [IdentityKind::User, IdentityKind::Role].into_iter().any(|kind| {
        account
            .names(kind)
            .any(|name| !principal.is_named(kind, name) && !gains(&account, target, kind, name) && is_administrator(&account, kind, name))
    });
    Ok(left)
}

/// Whether a change of this target changes what a user or role can do.
fn gains(account: &Account<'_>, target: &Target, kind: IdentityKind, name: &str) -> bool {
    let Some(target) = target.identity() else {
        return false;
    };
    let is_member = |holder: Holder<'_>| holder.groups.iter().any(|group| target.is_named(IdentityKind::Group, group.name));
    target.is_named(kind, name) || account.holder(kind, name).is_some_and(is_member)
}

fn is_administrator(account: &Account<'_>, kind: IdentityKind, name: &str) -> bool {
    let Some(holder) = account.holder(kind, name).filter(Holder::is_complete) else {
        return false;
    };
    let policies: Vec<Document<'_>> = holder.held().filter_map(|held| held.document.as_ref().ok().cloned()).collect();
    let boundary = holder.boundary.as_ref().and_then(|held| held.document.as_ref().ok());
    Grants::of_principal(&Holdings { policies: &policies, boundary }).has(Capability::Admin, Sure::Definite)
}
