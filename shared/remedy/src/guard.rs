//! The guard of quarantines, and of the denial without MFA: which calls lift one. The ledger and IAM say so, not names, which anybody can give.

use chrono::{DateTime, Utc};
use policy::arn::{PolicyArn, UniqueId};
use policy::change::{Lift, MfaChanged, QuarantineLifted, lift_of_mfa_denial};
use policy::containment::{self, Containment, Quarantine};
use policy::remedy::Remedy;
use policy::target::{Identity, Target};
use policy::{Action, Change, Event};

use crate::clients::Clients;
use crate::error::AwsCall;
use crate::handler::Function;
use crate::ledger::contained::{Contained, SKEW};
use crate::reading::identity::Whom;
use crate::reading::{Reader, identity};
use crate::setting::{Attachment, Boundary, InlinePolicy, Live, ManagedPolicy, Setting as _, says};

/// What an event could lift, and as what it is judged then: only a function that contains people asks, about its own way to do so. A call that
/// AWS refused lifts nothing.
pub fn lift<F: Function>(event: &Event) -> Option<(Lift, &'static Action)> {
    let remedy = F::OWNS.filter(|_| event.record.error_code.is_none())?;
    let lift = match remedy {
        Remedy::QuarantinePrincipal => Lift::of(event)?,
        Remedy::RemoveLogin => lift_of_mfa_denial(event)?,
        _ => return None,
    };
    Some((lift, Action::lift(remedy)?))
}

/// The change by which a quarantine, or a denial without MFA, was lifted.
pub fn change(lifted: QuarantineLifted, action: &Action) -> Change {
    match (&lifted.target, &lifted.containment) {
        (Target::Identity(user), Some(Containment::Attached { policy })) if action.remedies.contains(&Remedy::RemoveLogin) => {
            MfaChanged::lifted(user.clone(), policy.clone()).into()
        }
        _ => lifted.into(),
    }
}

/// The quarantine that a call lifted at this moment; `None` if it lifted none. `own` are the stack's own policies by which users are contained.
///
/// # Errors
///
/// If the ledger or IAM did not answer: then it is not known, and the event has to be tried again.
pub async fn lifted(
    Clients { reader, ledger, .. }: &Clients,
    own: [&PolicyArn; 2],
    function: &str,
    lift: &Lift,
    at: DateTime<Utc>,
) -> Result<Option<QuarantineLifted>, AwsCall> {
    let is = |one: &PolicyArn, other: &PolicyArn| one.as_str().eq_ignore_ascii_case(other.as_str());
    let text = |policy: PolicyArn| QuarantineLifted::of(Target::Policy(policy.clone()), Containment::Text { policy });
    if let Lift::Text(policy) = lift {
        if let Some(own) = own.into_iter().find(|own| is(policy, own)) {
            return Ok(Some(text(own.clone())));
        }
        // A role's quarantine that is a managed policy.
        let contained = ledger.contained(function, at).await?;
        let ours = contained.into_iter().find_map(|Contained { containment, .. }| match containment {
            Containment::Attached { policy: known } if is(&known, policy) => Some(known),
            _ => None,
        });
        return Ok(ours.map(text));
    }
    let mut contained = ledger.contained(function, at).await?;
    contained.retain(|Contained { containment, .. }| lift.takes(containment));
    let (Some(named), false) = (lift.named(), contained.is_empty()) else {
        return Ok(None);
    };
    // Another boundary that denies everything is no way out: two stacks may contain the same user.
    if let Lift::Boundary(_, Some(policy)) = lift
        && denies_everything(reader, policy).await?
    {
        return Ok(None);
    }
    if let Some(bearer) = identity::bearer(reader, named).await? {
        let id = UniqueId::new(&bearer.id).ok();
        let known = contained.iter().find(|contained| id.is_some() && contained.identity.id == id);
        if known.is_some() || bearer.made < (at - SKEW).timestamp() {
            return Ok(known.map(Contained::lifted));
        }
    }
    // Nobody has had that name since then: names move. So IAM is asked about each who was contained in this way.
    for candidate in contained {
        if let Whom::Is(identity) = identity::resolve(reader, &candidate.identity, None).await?
            && !stands(reader, &identity, &candidate.containment).await?
        {
            return Ok(Some(candidate.lifted()));
        }
    }
    Ok(None)
}

/// Whether a containment that somebody who is allowed to has lifted is lifted indeed.
///
/// # Errors
///
/// If IAM did not answer.
pub async fn is_over(reader: &Reader, lifted: &Contained) -> Result<bool, AwsCall> {
    match identity::resolve(reader, &lifted.identity, None).await? {
        Whom::Is(identity) => Ok(!stands(reader, &identity, &lifted.containment).await?),
        Whom::Gone(_) => Ok(true),
        Whom::Unknown(_) => Ok(false),
    }
}

async fn stands(reader: &Reader, identity: &Identity, containment: &Containment) -> Result<bool, AwsCall> {
    match containment {
        Containment::Inline { policy_name } => {
            let Some(quarantine) = Quarantine::named(policy_name.as_str()) else {
                return Ok(false);
            };
            says(&InlinePolicy { identity: identity.clone(), name: policy_name.clone() }, reader, &quarantine.document()).await
        }
        Containment::Attached { policy } => {
            let attachment = Attachment { identity: identity.clone(), policy: policy.clone() };
            Ok(attachment.get(reader).await? == Live::Is(true))
        }
        Containment::Boundary { policy } => {
            let live = Boundary { identity: identity.clone() }.get(reader).await?;
            Ok(matches!(live, Live::Is(bounded) if Boundary::is_same(&bounded, &Some(policy.clone()))))
        }
        Containment::Text { .. } => Ok(true),
    }
}

/// Whether a policy denies everything: AWS's own, or that of a stack, as long as it says so.
///
/// # Errors
///
/// If IAM did not answer.
pub async fn denies_everything(reader: &Reader, policy: &PolicyArn) -> Result<bool, AwsCall> {
    if containment::is_aws_denies_all(policy) {
        return Ok(true);
    }
    let is_called_so = containment::is_called_deny_everything(policy);
    Ok(is_called_so && says(&ManagedPolicy { arn: policy.clone() }, reader, &containment::deny_everything()).await?)
}

/// Whether this policy denies everything without MFA, as long as it says so.
///
/// # Errors
///
/// If IAM did not answer.
pub async fn denies_without_mfa(reader: &Reader, policy: &PolicyArn) -> Result<bool, AwsCall> {
    says(&ManagedPolicy { arn: policy.clone() }, reader, &containment::deny_without_mfa()).await
}

impl Contained {
    fn lifted(&self) -> QuarantineLifted {
        QuarantineLifted::of(self.identity.clone().into(), self.containment.clone())
    }

    /// Who was contained, and by what; `None` of a policy.
    pub fn of(lifted: &QuarantineLifted) -> Option<Self> {
        let (Target::Identity(identity), Some(containment)) = (&lifted.target, &lifted.containment) else {
            return None;
        };
        Some(Self { identity: identity.clone(), containment: containment.clone() })
    }
}
