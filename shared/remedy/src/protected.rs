//! What Rescind never touches, whoever asks.

use aws_sdk_iam::Client;
use policy::arn::begins_with;
use policy::change::{Remedy, Target, TargetKind};
use policy::quarantine::{Aim, ROOT, is_listed};
use policy::{Case, Change};

use crate::error::{Error, found};
use crate::settings::Settings;
use crate::{facts, responders};

/// Roles that only AWS can change stand under these paths; nobody else can create one there (IAM user guide, "IAM identifiers").
const RESERVED_PATHS: [&str; 2] = ["/aws-service-role/", "/aws-reserved/"];
/// How AWS names such roles. Anybody may use such a name: it is a reason to look at the path, never proof.
const RESERVED_NAMES: [&str; 2] = ["AWSServiceRoleFor", "AWSReservedSSO_"];

/// Why this remedy must be left alone, if it must.
pub async fn reason(iam: &Client, settings: &Settings, remedy: Remedy, case: &Case, change: &Change) -> Result<Option<String>, Error> {
    match remedy {
        Remedy::DetachPolicy => {
            if let Change::PolicyAttached { policy_arn, .. } = change
                && policy_arn.is_key_quarantine()
            {
                return Ok(Some("AWS attaches this policy to fence in a leaked key: Rescind never takes it away".to_owned()));
            }
            role(iam, settings, change.target()).await
        }
        Remedy::QuarantineKey => Ok((change.target().kind == TargetKind::Root).then(|| ROOT.to_owned())),
        Remedy::QuarantinePrincipal => match Aim::of(case, change) {
            Aim::Out(reason) => Ok(Some(reason)),
            Aim::At(target, _) => principal(iam, settings, &target).await,
        },
    }
}

/// Why a principal must not be contained.
async fn principal(iam: &Client, settings: &Settings, target: &Target) -> Result<Option<String>, Error> {
    if is_listed(&settings.break_glass, settings.account.as_str(), target.kind, target.name.as_str()) {
        return Ok(Some(format!(
            "{target} is one of those who may lift a quarantine, and is never contained: a person has to look at once"
        )));
    }
    if let Some(reason) = role(iam, settings, target).await? {
        return Ok(Some(reason));
    }
    if responders::is_anyone_left(iam, &settings.break_glass, target).await? {
        return Ok(None);
    }
    Ok(Some(format!(
        "nobody else could lift it: none of those who are listed to break glass exists, and no other user or role is an administrator for certain, so containing {target} could lock everybody out"
    )))
}

/// Why a target must not be changed: it is one of Rescind's own roles, or one that only AWS can change.
async fn role(iam: &Client, settings: &Settings, target: &Target) -> Result<Option<String>, Error> {
    if target.kind != TargetKind::Role {
        return Ok(None);
    }
    if is_own(settings, target.name.as_str()) {
        let why = "this is one of Rescind's own roles, which it never changes: whoever changed it may be after Rescind itself";
        return Ok(Some(why.to_owned()));
    }
    if RESERVED_NAMES.iter().any(|prefix| begins_with(target.name.as_str(), prefix)) {
        // A role that is gone is the remedy's to find out.
        let details = found(facts::details(iam, target).await)?;
        let reserved = details.is_some_and(|details| RESERVED_PATHS.iter().any(|path| details.path.starts_with(path)));
        return Ok(reserved.then(|| "only AWS can change this role: take the access back in the service that owns it".to_owned()));
    }
    Ok(None)
}

/// Whether a role is one of the stack's own.
pub fn is_own(settings: &Settings, role: &str) -> bool {
    settings.own_roles.iter().any(|own| own.as_str().eq_ignore_ascii_case(role))
}
