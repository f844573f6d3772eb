//! The sessions of a role that were issued before now are denied everything: by an inline policy; if the role has no room for more inline text, by a
//! managed one; if it has no room for that either, a person has to act. A role is shared, so it is never denied everything itself.

use policy::Case;
use policy::arn::{IamName, PolicyArn};
use policy::containment::{Containment, Quarantine};
use policy::target::Identity;
use remedy::reading::{Reader, holdings};
use remedy::setting::{Attachment, InlinePolicy, ManagedPolicy, Step, says};
use remedy::{AwsCall, Ending, Failure, Hand, Set, found};

use crate::already;

/// Ends the sessions.
pub async fn end(hand: &mut Hand<'_>, case: &Case, role: &Identity, quarantine: &Quarantine) -> Result<Ending, AwsCall> {
    let setting = InlinePolicy { identity: role.clone(), name: quarantine.policy_name() };
    let step = Step { setting, from: None, to: Some(quarantine.document()) };
    let earlier = match earlier(hand.reader(), case, role, quarantine).await? {
        Earlier::Contains if !hand.has_begun(&step) => return Ok(already(role)),
        Earlier::Contains => Vec::new(),
        Earlier::Weaker(earlier) => earlier,
    };
    hand.contains(role, Containment::Inline { policy_name: quarantine.policy_name() }).await?;
    match hand.set(&step).await {
        Ok(Set::Done) => Ok(Ending::done().saying(replace(hand, role, earlier).await)),
        Ok(Set::Already) => Ok(already(role)),
        Ok(Set::Gone | Set::Moved) => Ok(hand.gone(role)),
        Err(call) if call.failure == Failure::Full => by_managed_policy(hand, case, role, quarantine).await,
        Err(call) => Err(call),
    }
}

/// What inline policies contain a role before Rescind acts.
enum Earlier {
    /// One that says at least as much.
    Contains,
    /// Those that end fewer of the same sessions, with their texts.
    Weaker(Vec<(IamName, String)>),
}

/// A role's sessions are contained if a quarantine of the same sessions was put after the change: an earlier try at this event did it, at its
/// own time. An update of a finding comes later, and so does what it is about.
async fn earlier(reader: &Reader, case: &Case, role: &Identity, quarantine: &Quarantine) -> Result<Earlier, AwsCall> {
    let (mut contains, mut weaker) = (false, Vec::new());
    for name in found(holdings::inline(reader, role).await)?.unwrap_or_default() {
        let Some(earlier) = Quarantine::named(&name).filter(|earlier| earlier.of == quarantine.of) else {
            continue;
        };
        let text = found(holdings::inline_document(reader, role, &name).await)?.filter(|text| earlier.matches(text));
        match (text, IamName::new(&name)) {
            (Some(_), _) if earlier == *quarantine => contains = true,
            (Some(_), _) if earlier.before >= case.record.event_time => return Ok(Earlier::Contains),
            (Some(text), Ok(name)) => weaker.push((name, text)),
            _ => {}
        }
    }
    Ok(if contains && weaker.is_empty() { Earlier::Contains } else { Earlier::Weaker(weaker) })
}

/// Deletes the quarantines that the new one makes needless: a role has room for few. One that stays does no harm.
async fn replace(hand: &mut Hand<'_>, role: &Identity, earlier: Vec<(IamName, String)>) -> Option<String> {
    let mut notes = Vec::new();
    for (name, text) in earlier {
        let setting = InlinePolicy { identity: role.clone(), name: name.clone() };
        match hand.set(&Step { setting, from: Some(text), to: None }).await {
            Ok(_) => notes.push(format!("it replaces {name}, which ended fewer of these sessions")),
            Err(call) => notes.push(format!("{name}, which it makes needless, is still there: {call}")),
        }
    }
    (!notes.is_empty()).then(|| notes.join("; "))
}

/// A managed policy, attached: the way out if the role's inline policies have used up their characters.
async fn by_managed_policy(hand: &mut Hand<'_>, case: &Case, role: &Identity, quarantine: &Quarantine) -> Result<Ending, AwsCall> {
    let arn = quarantine.arn(case.account.as_str(), &case.partition);
    let Ok(policy) = PolicyArn::new(&arn) else {
        return Ok(Ending::unremediable(format!("{arn} cannot be the ARN of a policy")));
    };
    let setting = ManagedPolicy { arn: policy.clone() };
    match hand.set(&Step { setting: setting.clone(), from: None, to: Some(quarantine.document()) }).await {
        Ok(_) => {}
        // An earlier try made it, or somebody who wants it to be harmless.
        Err(call) if call.failure == Failure::Exists => {
            if !says(&setting, hand.reader(), &quarantine.document()).await? {
                return Ok(Ending::unremediable(format!(
                    "{arn} already exists and does not say what Rescind writes: whoever made it wants to avoid being contained"
                )));
            }
        }
        Err(call) if call.failure == Failure::Full => return Ok(no_room(role)),
        Err(call) => return Err(call),
    }
    hand.contains(role, Containment::Attached { policy: policy.clone() }).await?;
    match hand.set(&Step { setting: Attachment { identity: role.clone(), policy }, from: false, to: true }).await {
        Ok(Set::Done) => Ok(Ending::done()),
        Ok(_) => Ok(Ending::unremediable(format!("{role} is gone or renamed"))),
        Err(call) if call.failure == Failure::Full => Ok(no_room(role)),
        Err(call) => Err(call),
    }
}

fn no_room(role: &Identity) -> Ending {
    Ending::unremediable(format!("{role} has no room for one more policy, neither inline nor managed: remove one, then contain it by hand"))
}
