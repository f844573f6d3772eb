//! What Rescind never touches, whoever asks.

use policy::Change;
use policy::arn::{IamName, PolicyArn, UniqueId, begins_with};
use policy::break_glass::{self, Standing};
use policy::remedy::Remedy;
use policy::target::{Identity, IdentityKind};

use crate::environment::Environment;
use crate::error::{AwsCall, found};
use crate::hand::Ending;
use crate::plan::Plan;
use crate::reading::{Reader, holders, identity, responders};

/// Roles under these paths can be changed by AWS alone; nobody else can create one there (IAM user guide, "IAM identifiers").
const RESERVED_PATHS: [&str; 2] = ["/aws-service-role/", "/aws-reserved/"];
/// The names of such roles begin like this. Anybody may use such a name: it is a reason to look at the path, never proof.
const RESERVED_NAMES: [&str; 2] = ["AWSServiceRoleFor", "AWSReservedSSO_"];

/// How a remedy ends that must not be applied; `None` if it may be.
pub async fn ending(
    reader: &Reader,
    environment: &Environment,
    plan: &dyn Plan,
    change: &Change,
    identity: &Identity,
) -> Result<Option<Ending>, AwsCall> {
    if let Some(reason) = break_glass(reader, environment, identity).await? {
        return Ok(Some(Ending::spared(reason)));
    }
    if let Some(ending) = role(reader, environment, identity).await? {
        return Ok(Some(ending));
    }
    // Without a list, which the template does not let enforce, only what locks somebody out is worth reading the whole account.
    let matters = plan.locks_out() || !environment.break_glass.is_empty();
    let account = environment.account.as_str();
    let changed = match change {
        Change::PolicyVersionSet(set) => Some(&set.policy_arn),
        _ => None,
    };
    // The target of the change does not count: another function may be taking away just what makes it an administrator.
    let without: Vec<Identity> = change.target().identity().into_iter().chain([identity]).cloned().collect();
    if !matters || responders::is_anyone_left(reader, &environment.break_glass, account, &without, changed).await? {
        return Ok(None);
    }
    Ok(Some(Ending::spared(format!(
        "nobody else could give it back: no break-glass principal exists, and no other user or role is certainly an administrator, so applying {} to {identity} could lock everybody out",
        plan.remedy().name()
    ))))
}

/// The same for a remedy that changes what everybody can do who holds a policy.
pub async fn policy(reader: &Reader, environment: &Environment, plan: &dyn Plan, policy: &PolicyArn) -> Result<Option<Ending>, AwsCall> {
    let holders = holders::of(reader, policy).await?.unwrap_or_default();
    if holders.iter().any(|holder| holder.kind == IdentityKind::Role && is_own(environment, holder.name.as_str())) {
        let why = "one of Rescind's own roles holds this policy, and Rescind never changes those: whoever changed it may be attacking Rescind itself";
        return Ok(Some(Ending::spared(why.to_owned())));
    }
    let (list, account) = (&environment.break_glass, environment.account.as_str());
    if let Some(listed) = holders::break_glass(reader, list, account, &holders).await? {
        let why =
            format!("break-glass {listed} holds this policy, and no remedy ever touches what they can do: a person has to look at once");
        return Ok(Some(Ending::spared(why)));
    }
    Ok(nobody_is_left(reader, environment, plan.remedy(), &holders).await?.map(Ending::spared))
}

/// Why a policy's holders must not all lose what it grants: nobody else could give it back.
async fn nobody_is_left(
    reader: &Reader,
    environment: &Environment,
    remedy: Remedy,
    holders: &[Identity],
) -> Result<Option<String>, AwsCall> {
    let (list, account) = (&environment.break_glass, environment.account.as_str());
    if list.is_empty() || responders::is_anyone_left(reader, list, account, holders, None).await? {
        return Ok(None);
    }
    Ok(Some(format!(
        "nobody else could give it back: no break-glass principal exists, and no user or role that does not hold this policy is certainly an administrator, so applying {} could lock everybody out",
        remedy.name()
    )))
}

/// A holder of a policy from whom no remedy takes it.
#[derive(Clone, Debug)]
pub struct Spared {
    /// Who.
    pub holder: Identity,
    /// Why.
    pub why: String,
}

/// Those of a policy's holders from whom no remedy takes it; or, if nobody were left who could give it back to the others, why none may lose it.
pub async fn holders(
    reader: &Reader,
    environment: &Environment,
    remedy: Remedy,
    holders: &[Identity],
) -> Result<Result<Vec<Spared>, String>, AwsCall> {
    if let Some(why) = nobody_is_left(reader, environment, remedy, holders).await? {
        return Ok(Err(why));
    }
    let has_groups = holders.iter().any(|holder| holder.kind == IdentityKind::Group);
    let (list, account) = (&environment.break_glass, environment.account.as_str());
    let groups = if has_groups { holders::groups_of_break_glass(reader, list, account).await? } else { Vec::new() };
    let mut spared = Vec::new();
    for holder in holders {
        let why = match listed(environment, holder).or_else(|| grouped(&groups, holder)) {
            Some(why) => Some(why),
            None => role(reader, environment, holder).await?.and_then(|ending| ending.detail),
        };
        spared.extend(why.map(|why| Spared { holder: holder.clone(), why }));
    }
    Ok(Ok(spared))
}

/// Why an identity must not be changed: it is a break-glass principal, or a group that one is in.
async fn break_glass(reader: &Reader, environment: &Environment, identity: &Identity) -> Result<Option<String>, AwsCall> {
    if let Some(why) = listed(environment, identity) {
        return Ok(Some(why));
    }
    if identity.kind != IdentityKind::Group {
        return Ok(None);
    }
    let groups = holders::groups_of_break_glass(reader, &environment.break_glass, environment.account.as_str()).await?;
    Ok(grouped(&groups, identity))
}

/// What is said of a break-glass principal.
const A_PERSON_HAS_TO_LOOK: &str = "which no remedy ever touches: a person has to look at once";

/// The same of a break-glass principal alone.
fn listed(environment: &Environment, identity: &Identity) -> Option<String> {
    let account = environment.account.as_str();
    let id = identity.id.as_ref().map(UniqueId::as_str);
    match break_glass::standing(&environment.break_glass, account, identity.kind, identity.name.as_str(), id) {
        Standing::Unlisted => None,
        Standing::Listed | Standing::Recreated => Some(format!("{identity} is a break-glass principal, {A_PERSON_HAS_TO_LOOK}")),
    }
}

/// The same of a group, by the groups of the break-glass users.
fn grouped(groups: &[(&Identity, Vec<IamName>)], identity: &Identity) -> Option<String> {
    let is_in = |groups: &[IamName]| groups.iter().any(|group| identity.is_named(IdentityKind::Group, group.as_str()));
    let (user, _) = groups.iter().find(|(_, groups)| is_in(groups))?;
    Some(format!("break-glass {user} is in {identity}, {A_PERSON_HAS_TO_LOOK}"))
}

/// Why a role must not be changed: it is one of Rescind's own, or only AWS can change it.
async fn role(reader: &Reader, environment: &Environment, identity: &Identity) -> Result<Option<Ending>, AwsCall> {
    if identity.kind != IdentityKind::Role {
        return Ok(None);
    }
    if is_own(environment, identity.name.as_str()) {
        let why = "this is one of Rescind's own roles, which it never changes: whoever changed it may be attacking Rescind itself";
        return Ok(Some(Ending::spared(why.to_owned())));
    }
    let name = identity.name.as_str();
    let reserved = RESERVED_NAMES.iter().any(|prefix| begins_with(name, prefix));
    if !reserved && !responds(name) {
        return Ok(None);
    }
    // If the role is gone, the remedy finds that out itself.
    let Some(details) = found(identity::details(reader, identity).await)? else {
        return Ok(None);
    };
    if reserved && RESERVED_PATHS.iter().any(|path| details.path.starts_with(path)) {
        let why = "only AWS can change this role: take the access back in the service that owns it";
        return Ok(Some(Ending::unremediable(why.to_owned())));
    }
    if responds(name) && details.path == "/" {
        let why = "AWS acts through this role for your organization (incident response, stack sets), and Rescind never fights it: a person has to look";
        return Ok(Some(Ending::unremediable(why.to_owned())));
    }
    Ok(None)
}

/// Whether a role of the path `/` and this name is one that AWS responds or deploys through: that of AWS Security Incident Response, or of a stack set with
/// service-managed permissions, whose name ends with 32 hexadecimal digits. Anybody may use such a name, so the role is spared and a person notified.
fn responds(role: &str) -> bool {
    let stack_set = role.strip_prefix("stacksets-exec-");
    role == "AWSSecurityIncidentResponseContainment"
        || stack_set.is_some_and(|id| id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Whether a role is one of the stack's own.
pub fn is_own(environment: &Environment, role: &str) -> bool {
    environment.own_roles.iter().any(|own| own.as_str().eq_ignore_ascii_case(role))
}
