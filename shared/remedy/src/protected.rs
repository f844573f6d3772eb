//! What Rescind never touches, whoever asks.

use aws_sdk_iam::Client;
use policy::Change;
use policy::arn::IamName;
use policy::change::TargetKind;

use crate::error::{Error, found};
use crate::facts;

/// Roles that only AWS can change stand under these paths; nobody else can create one there (IAM user guide, "IAM identifiers").
const RESERVED_PATHS: [&str; 2] = ["/aws-service-role/", "/aws-reserved/"];
/// How AWS names such roles. Anybody may use such a name: it is a reason to look at the path, never proof.
const RESERVED_NAMES: [&str; 2] = ["AWSServiceRoleFor", "AWSReservedSSO_"];
/// The policies with which AWS fences in a leaked key.
const QUARANTINE: &str = "AWSCompromisedKeyQuarantine";

/// Why this change must be left alone, if it must.
pub async fn reason(iam: &Client, own_roles: &[IamName], change: &Change) -> Result<Option<&'static str>, Error> {
    let target = change.target();
    match change {
        Change::PolicyAttached { policy_arn, .. } if policy_arn.owner() == "aws" && begins_with(policy_arn.name(), QUARANTINE) => {
            return Ok(Some("AWS attaches this policy to fence in a leaked key: Rescind never takes it away"));
        }
        Change::PolicyAttached { .. } => {}
    }
    if target.kind != TargetKind::Role {
        return Ok(None);
    }
    if own_roles.iter().any(|role| role.as_str().eq_ignore_ascii_case(target.name.as_str())) {
        return Ok(Some("this is one of Rescind's own roles, which it never changes: whoever changed it may be after Rescind itself"));
    }
    if RESERVED_NAMES.iter().any(|prefix| begins_with(target.name.as_str(), prefix)) {
        // A role that is gone is the remedy's to find out.
        let details = found(facts::details(iam, target).await)?;
        let reserved = details.is_some_and(|details| RESERVED_PATHS.iter().any(|path| details.path.starts_with(path)));
        return Ok(reserved.then_some("only AWS can change this role: take the access back in the service that owns it"));
    }
    Ok(None)
}

/// IAM does not tell names apart by case.
fn begins_with(name: &str, prefix: &str) -> bool {
    name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}
