//! What Rescind never touches, whoever asks.

use policy::arn::begins_with;
use policy::break_glass;
use policy::target::{Identity, IdentityKind};
use policy::{Case, Change};

use crate::environment::Environment;
use crate::error::{AwsCall, found};
use crate::plan::Plan;
use crate::reading::{Reader, identity, responders};

/// Roles under these paths can be changed by AWS alone; nobody else can create one there (IAM user guide, "IAM identifiers").
const RESERVED_PATHS: [&str; 2] = ["/aws-service-role/", "/aws-reserved/"];
/// The names of such roles begin like this. Anybody may use such a name: it is a reason to look at the path, never proof.
const RESERVED_NAMES: [&str; 2] = ["AWSServiceRoleFor", "AWSReservedSSO_"];

/// Why this remedy must not be applied, if it must not.
pub async fn reason(
    reader: &Reader,
    environment: &Environment,
    plan: &dyn Plan,
    case: &Case,
    change: &Change,
) -> Result<Option<String>, AwsCall> {
    if let Some(reason) = plan.never(case, change) {
        return Ok(Some(reason));
    }
    let Some(identity) = plan.touches(case, change) else {
        return Ok(None);
    };
    let break_glass = &environment.break_glass;
    if plan.locks_out() && break_glass::includes(break_glass, environment.account.as_str(), identity.kind, identity.name.as_str()) {
        return Ok(Some(format!("{identity} is a break-glass principal, which Rescind never contains: a person has to look at once")));
    }
    if let Some(reason) = role(reader, environment, &identity).await? {
        return Ok(Some(reason));
    }
    if !plan.locks_out() || responders::is_anyone_left(reader, break_glass, &identity, &change.target()).await? {
        return Ok(None);
    }
    Ok(Some(format!(
        "nobody else could lift it: no break-glass principal exists, and no other user or role is certainly an administrator, so containing {identity} could lock everybody out"
    )))
}

/// Why a role must not be changed: it is one of Rescind's own, or only AWS can change it.
async fn role(reader: &Reader, environment: &Environment, identity: &Identity) -> Result<Option<String>, AwsCall> {
    if identity.kind != IdentityKind::Role {
        return Ok(None);
    }
    if is_own(environment, identity.name.as_str()) {
        let why = "this is one of Rescind's own roles, which it never changes: whoever changed it may be attacking Rescind itself";
        return Ok(Some(why.to_owned()));
    }
    if RESERVED_NAMES.iter().any(|prefix| begins_with(identity.name.as_str(), prefix)) {
        // If the role is gone, the remedy finds that out itself.
        let details = found(identity::details(reader, identity).await)?;
        let reserved = details.is_some_and(|details| RESERVED_PATHS.iter().any(|path| details.path.starts_with(path)));
        return Ok(reserved.then(|| "only AWS can change this role: take the access back in the service that owns it".to_owned()));
    }
    Ok(None)
}

/// Whether a role is one of the stack's own.
pub fn is_own(environment: &Environment, role: &str) -> bool {
    environment.own_roles.iter().any(|own| own.as_str().eq_ignore_ascii_case(role))
}
