//! Who could give back what a containment takes: before somebody is contained it has to be certain that somebody else is left who can.
//!
//! One of those who are listed to break glass, if they exist; where none does, any other user or role that is an administrator for certain.
//! The account's root user is not counted on: many organizations deny it everything.

use aws_sdk_iam::Client;
use policy::account::Account;
use policy::capability::{Capability, Grants, Holdings, Sure};
use policy::change::{Target, TargetKind};
use policy::document::Document;
use policy::quarantine;

use crate::error::{AwsCall, Error, Failure, found};
use crate::{account, facts};

/// Whether anybody is left who could lift the target's quarantine.
pub async fn is_anyone_left(iam: &Client, listed: &[String], target: &Target) -> Result<bool, Error> {
    for (_, responder) in quarantine::listed(listed) {
        if found(facts::details(iam, &responder).await)?.is_some() {
            return Ok(true);
        }
    }
    let details = account::read(iam).await?;
    let account = Account::parse(&details).map_err(|error| AwsCall {
        call: "iam:GetAccountAuthorizationDetails".to_owned(),
        failure: Failure::ServiceError,
        message: error.to_string(),
    })?;
    let left = [TargetKind::User, TargetKind::Role].into_iter().any(|kind| {
        account.names(kind).any(|name| {
            let other = kind != target.kind || !name.eq_ignore_ascii_case(target.name.as_str());
            other && is_administrator(&account, kind, name)
        })
    });
    Ok(left)
}

fn is_administrator(account: &Account<'_>, kind: TargetKind, name: &str) -> bool {
    let Some(holder) = account.holder(kind, name).filter(policy::account::Holder::is_complete) else {
        return false;
    };
    let policies: Vec<Document<'_>> = holder.held().filter_map(|held| held.document.as_ref().ok().cloned()).collect();
    let boundary = holder.boundary.as_ref().and_then(|held| held.document.as_ref().ok());
    Grants::of_principal(&Holdings { policies: &policies, boundary }).has(Capability::Admin, Sure::Definite)
}
