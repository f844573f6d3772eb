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
    // An earlier try found no room for inline text.
    if let Some(managed) = managed(case, quarantine).filter(|managed| hand.has_begun(managed)) {
        return by_managed_policy(hand, role, quarantine, managed).await;
    }
    let earlier = match earlier(hand.reader(), case, role, quarantine).await? {
        Earlier::Contains(policy_name) if !hand.has_begun(&step) => {
            hand.is_contained(role, Containment::Inline { policy_name }).await?;
            return Ok(already(role));
        }
        Earlier::Contains(_) => Vec::new(),
        Earlier::Weaker(earlier) => earlier,
    };
    hand.contains(role, Containment::Inline { policy_name: quarantine.policy_name() }).await?;
    match hand.set(&step).await {
        Ok(Set::Done) => Ok(Ending::done().saying(replace(hand, role, earlier).await)),
        Ok(Set::Already) => Ok(already(role)),
        Ok(Set::Gone | Set::Moved) => Ok(hand.gone(role)),
        Err(call) if call.failure == Failure::Full => match managed(case, quarantine) {
            Some(managed) => by_managed_policy(hand, role, quarantine, managed).await,
            None => Err(call),
        },
        Err(call) => Err(call),
    }
}

/// What inline policies contain a role before Rescind acts.
enum Earlier {
    /// One that says at least as much.
    Contains(IamName),
    /// Those that end fewer of the same sessions, with their texts.
    Weaker(Vec<(IamName, String)>),
}

/// A role's sessions are contained if a quarantine of the same sessions was put after the change: an earlier try at this event did it, at its
/// own time. An update of a finding comes later, and so does what it is about.
async fn earlier(reader: &Reader, case: &Case, role: &Identity, quarantine: &Quarantine) -> Result<Earlier, AwsCall> {
    let (mut contains, mut weaker) = (None, Vec::new());
    for name in found(holdings::inline(reader, role).await)?.unwrap_or_default() {
        let Some(earlier) = Quarantine::named(&name).filter(|earlier| earlier.of == quarantine.of) else {
            continue;
        };
        let text = found(holdings::inline_document(reader, role, &name).await)?.filter(|text| earlier.matches(text));
        let (Some(text), Ok(name)) = (text, IamName::new(&name)) else {
            continue;
        };
        if earlier == *quarantine {
            contains = Some(name);
        } else if earlier.before >= case.record.event_time {
            return Ok(Earlier::Contains(name));
        } else {
            weaker.push((name, text));
        }
    }
    Ok(match contains {
        Some(name) if weaker.is_empty() => Earlier::Contains(name),
        _ => Earlier::Weaker(weaker),
    })
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

/// The step that makes a managed policy: the way out if the role's inline policies have used up their characters.
fn managed(case: &Case, quarantine: &Quarantine) -> Option<Step<ManagedPolicy>> {
    let arn = PolicyArn::new(&quarantine.arn(case.account.as_str(), &case.partition)).ok()?;
    Some(Step { setting: ManagedPolicy { arn }, from: None, to: Some(quarantine.document()) })
}

async fn by_managed_policy(
    hand: &mut Hand<'_>,
    role: &Identity,
    quarantine: &Quarantine,
    make: Step<ManagedPolicy>,
) -> Result<Ending, AwsCall> {
    match hand.set(&make).await {
        Ok(_) => {}
        // An earlier try made it, or somebody who wants it to be harmless.
        Err(call) if call.failure == Failure::Exists => {
            if !says(&make.setting, hand.reader(), &quarantine.document()).await? {
                return Ok(Ending::unremediable(format!(
                    "{} already exists and does not say what Rescind writes: whoever made it wants to avoid being contained",
                    make.setting
                )));
            }
            if hand.has_begun(&make) {
                hand.remember(&make);
            }
        }
        Err(call) if call.failure == Failure::Full => return Ok(no_room(role)),
        Err(call) => return Err(call),
    }
    let policy = make.setting.arn;
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
