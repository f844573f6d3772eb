//! Contains whoever is behind a change, or the owner of exposed credentials: denies everything to a user, or to the affected sessions of a role
//! that were issued before now; restores the deny if somebody removes it.
//!
//! By an inline policy; if the principal has no room for more inline text, by a managed one; if it has no room for that either, a person has to
//! act.

use std::process::ExitCode;

use policy::Case;
use policy::arn::PolicyArn;
use policy::change::{Change, CredentialExposed};
use policy::containment::Quarantine;
use policy::remedy::Remedy;
use policy::target::Identity;
use remedy::plan::quarantine;
use remedy::reading::Reader;
use remedy::reading::{holdings, identity};
use remedy::setting::{Attachment, InlinePolicy, ManagedPolicy, Step, is_quarantine};
use remedy::{AwsCall, Ending, Failure, Function, Hand, Set, found};

struct QuarantinePrincipal;

impl Function for QuarantinePrincipal {
    const NAME: &'static str = "quarantine-principal";
    const OWNS: Option<Remedy> = Some(Remedy::QuarantinePrincipal);

    async fn take_back(hand: &mut Hand<'_>, case: &Case, change: &Change) -> Result<Ending, AwsCall> {
        let (principal, quarantine) = match quarantine(case, change) {
            Ok(quarantine) => quarantine,
            Err(why) => return Ok(Ending::unremediable(why)),
        };
        if let Some(ending) = contain(hand, case, &principal, &quarantine).await? {
            return Ok(ending);
        }
        // Nobody has that name. Names move: IAM says who owns the key now.
        let renamed = match change {
            Change::CredentialExposed(CredentialExposed { credential: Some(credential), .. }) => {
                identity::owner(hand.reader(), &credential.id).await?.ok()
            }
            _ => None,
        };
        if let Some(renamed) = renamed.filter(|renamed| renamed.name != principal.name)
            && let Some(ending) = contain(hand, case, &renamed, &quarantine).await?
        {
            return Ok(ending.saying(Some(format!("{principal} has been renamed: {renamed}"))));
        }
        Ok(Ending::unremediable(format!("{principal} is gone or renamed: if it was renamed, it keeps its access under the new name")))
    }
}

/// Puts the policy on; `None` if there is no such user or role.
async fn contain(hand: &mut Hand<'_>, case: &Case, principal: &Identity, quarantine: &Quarantine) -> Result<Option<Ending>, AwsCall> {
    if is_contained(hand.reader(), case, principal, quarantine).await? {
        return Ok(Some(already(principal)));
    }
    let setting = InlinePolicy { identity: principal.clone(), name: quarantine.policy_name() };
    match hand.set(&Step { setting, from: None, to: Some(quarantine.document()) }).await {
        Ok(Set::Done) => Ok(Some(Ending::done())),
        Ok(Set::Already) => Ok(Some(already(principal))),
        Ok(Set::Gone | Set::Moved) => Ok(None),
        Err(call) if call.failure == Failure::Full => by_managed_policy(hand, case, principal, quarantine).await.map(Some),
        Err(call) => Err(call),
    }
}

/// Whether an inline policy contains the principal already. A role's sessions are contained if a quarantine of the same sessions was put after
/// the change: an earlier try at this event did it, at its own time.
async fn is_contained(reader: &Reader, case: &Case, principal: &Identity, quarantine: &Quarantine) -> Result<bool, AwsCall> {
    let Quarantine::Sessions { of, .. } = quarantine else {
        let setting = InlinePolicy { identity: principal.clone(), name: quarantine.policy_name() };
        return is_quarantine(&setting, reader, quarantine).await;
    };
    for name in found(holdings::inline(reader, principal).await)?.unwrap_or_default() {
        let Some(earlier) = Quarantine::named(&name) else {
            continue;
        };
        let covers = matches!(&earlier, Quarantine::Sessions { before, of: others } if others == of && *before >= case.record.event_time);
        if covers && found(holdings::inline_document(reader, principal, &name).await)?.is_some_and(|text| earlier.matches(&text)) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn already(principal: &Identity) -> Ending {
    Ending::clean(format!("{principal} was already contained, by an earlier case or try"))
}

/// A managed policy, attached: the way out if the principal's inline policies have used up their characters.
async fn by_managed_policy(hand: &mut Hand<'_>, case: &Case, principal: &Identity, quarantine: &Quarantine) -> Result<Ending, AwsCall> {
    let arn = quarantine.arn(case.account.as_str(), &case.partition);
    let Ok(policy) = PolicyArn::new(&arn) else {
        return Ok(Ending::unremediable(format!("{arn} cannot be the ARN of a policy")));
    };
    let setting = ManagedPolicy { arn: policy.clone() };
    match hand.set(&Step { setting: setting.clone(), from: None, to: Some(quarantine.document()) }).await {
        Ok(_) => {}
        // An earlier try made it, or somebody who wants it to be harmless.
        Err(call) if call.failure == Failure::Exists => {
            if !is_quarantine(&setting, hand.reader(), quarantine).await? {
                return Ok(Ending::unremediable(format!(
                    "{arn} already exists and does not say what Rescind writes: whoever made it wants to avoid being contained"
                )));
            }
        }
        Err(call) if call.failure == Failure::Full => return Ok(no_room(principal)),
        Err(call) => return Err(call),
    }
    match hand.set(&Step { setting: Attachment { identity: principal.clone(), policy }, from: false, to: true }).await {
        Ok(Set::Done) => Ok(Ending::done()),
        Ok(_) => Ok(Ending::unremediable(format!("{principal} is gone or renamed"))),
        Err(call) if call.failure == Failure::Full => Ok(no_room(principal)),
        Err(call) => Err(call),
    }
}

fn no_room(principal: &Identity) -> Ending {
    Ending::unremediable(format!(
        "{principal} has no room for one more policy, neither inline nor managed: remove one, then contain it by hand"
    ))
}

fn main() -> ExitCode {
    remedy::run::<QuarantinePrincipal>()
}
