//! Contains whoever is behind a change, or the owner of exposed credentials: denies everything to a user, or to the affected sessions of a role
//! that were issued before now; restores the deny if somebody removes it.
//!
//! By an inline policy; if the principal has no room for more inline text, by a managed one; if it has no room for that either, a person has to
//! act.

use std::process::ExitCode;

use policy::Case;
use policy::arn::{IamName, PolicyArn};
use policy::change::Change;
use policy::containment::Quarantine;
use policy::remedy::Remedy;
use policy::target::Identity;
use remedy::plan::quarantine;
use remedy::reading::Reader;
use remedy::reading::holdings;
use remedy::setting::{Attachment, InlinePolicy, ManagedPolicy, Step, is_quarantine};
use remedy::{AwsCall, Ending, Failure, Function, Hand, Set, found};

struct QuarantinePrincipal;

impl Function for QuarantinePrincipal {
    const NAME: &'static str = "quarantine-principal";
    const OWNS: Option<Remedy> = Some(Remedy::QuarantinePrincipal);

    async fn take_back(hand: &mut Hand<'_>, case: &Case, change: &Change, whom: &Identity) -> Result<Ending, AwsCall> {
        let quarantine = match quarantine(case, change) {
            Ok((_, quarantine)) => quarantine,
            Err(why) => return Ok(Ending::unremediable(why)),
        };
        let contained = contain(hand, case, whom, &quarantine).await?;
        Ok(contained.unwrap_or_else(|| hand.gone(whom)))
    }
}

/// Puts the policy on; `None` if there is no such user or role.
async fn contain(hand: &mut Hand<'_>, case: &Case, principal: &Identity, quarantine: &Quarantine) -> Result<Option<Ending>, AwsCall> {
    let setting = InlinePolicy { identity: principal.clone(), name: quarantine.policy_name() };
    let step = Step { setting, from: None, to: Some(quarantine.document()) };
    let earlier = match earlier(hand.reader(), case, principal, quarantine).await? {
        Earlier::Contains if !hand.has_begun(&step) => return Ok(Some(already(principal))),
        Earlier::Contains => Vec::new(),
        Earlier::Weaker(earlier) => earlier,
    };
    match hand.set(&step).await {
        Ok(Set::Done) => Ok(Some(Ending::done().saying(replace(hand, principal, earlier).await))),
        Ok(Set::Already) => Ok(Some(already(principal))),
        Ok(Set::Gone | Set::Moved) => Ok(None),
        Err(call) if call.failure == Failure::Full => by_managed_policy(hand, case, principal, quarantine).await.map(Some),
        Err(call) => Err(call),
    }
}

/// What inline policies contain a principal before Rescind acts.
enum Earlier {
    /// One that says at least as much.
    Contains,
    /// Those that end fewer of the same sessions, with their texts.
    Weaker(Vec<(IamName, String)>),
}

/// A role's sessions are contained if a quarantine of the same sessions was put after the change: an earlier try at this event did it, at its
/// own time. An update of a finding comes later, and so does what it is about.
async fn earlier(reader: &Reader, case: &Case, principal: &Identity, quarantine: &Quarantine) -> Result<Earlier, AwsCall> {
    let Quarantine::Sessions { of, .. } = quarantine else {
        let setting = InlinePolicy { identity: principal.clone(), name: quarantine.policy_name() };
        let contains = is_quarantine(&setting, reader, quarantine).await?;
        return Ok(if contains { Earlier::Contains } else { Earlier::Weaker(Vec::new()) });
    };
    let (mut contains, mut weaker) = (false, Vec::new());
    for name in found(holdings::inline(reader, principal).await)?.unwrap_or_default() {
        let Some(Quarantine::Sessions { before: at, of: others }) = Quarantine::named(&name) else {
            continue;
        };
        let earlier = Quarantine::Sessions { before: at, of: others.clone() };
        if others != *of {
            continue;
        }
        let text = found(holdings::inline_document(reader, principal, &name).await)?.filter(|text| earlier.matches(text));
        match (text, IamName::new(&name)) {
            (Some(_), _) if earlier == *quarantine => contains = true,
            (Some(_), _) if at >= case.record.event_time => return Ok(Earlier::Contains),
            (Some(text), Ok(name)) => weaker.push((name, text)),
            _ => {}
        }
    }
    Ok(if contains && weaker.is_empty() { Earlier::Contains } else { Earlier::Weaker(weaker) })
}

/// Deletes the quarantines that the new one makes needless: a role has room for few. One that stays does no harm.
async fn replace(hand: &mut Hand<'_>, principal: &Identity, earlier: Vec<(IamName, String)>) -> Option<String> {
    let mut notes = Vec::new();
    for (name, text) in earlier {
        let setting = InlinePolicy { identity: principal.clone(), name: name.clone() };
        match hand.set(&Step { setting, from: Some(text), to: None }).await {
            Ok(_) => notes.push(format!("it replaces {name}, which ended fewer of these sessions")),
            Err(call) => notes.push(format!("{name}, which it makes needless, is still there: {call}")),
        }
    }
    (!notes.is_empty()).then(|| notes.join("; "))
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
