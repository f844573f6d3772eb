//! The guard of quarantines: which calls lift one. The ledger and IAM say so, not names, which anybody can give.

use policy::Event;
use policy::arn::{PolicyArn, UniqueId};
use policy::change::{Lift, QuarantineLifted};
use policy::containment::Containment;
use policy::remedy::Remedy;
use policy::target::Target;

use crate::clients::Clients;
use crate::error::AwsCall;
use crate::handler::Function;
use crate::reading::identity;

/// What an event could lift: only the function that contains principals asks. A call that AWS refused lifts nothing.
pub fn lift<F: Function>(event: &Event) -> Option<Lift> {
    let asks = F::OWNS == Some(Remedy::QuarantinePrincipal) && event.record.error_code.is_none();
    if asks { Lift::of(event) } else { None }
}

/// The quarantine that a call lifted; `None` if it lifted none. `own` is the stack's own policy that denies everything.
///
/// # Errors
///
/// If the ledger or IAM did not answer: then it is not known, and the event has to be tried again.
pub async fn lifted(
    Clients { reader, ledger, .. }: &Clients,
    own: &PolicyArn,
    function: &str,
    lift: &Lift,
) -> Result<Option<QuarantineLifted>, AwsCall> {
    let named = match lift {
        Lift::Text(policy) if policy.as_str().eq_ignore_ascii_case(own.as_str()) => {
            return Ok(Some(QuarantineLifted::of(Target::Policy(own.clone()), Containment::Text { policy: own.clone() })));
        }
        Lift::Text(policy) => {
            let contained = ledger.contained(function).await?;
            // A role's quarantine that is a managed policy.
            let ours = contained.into_iter().find_map(|(_, containment)| match containment {
                Containment::Attached { policy: known } if known.as_str().eq_ignore_ascii_case(policy.as_str()) => Some(known),
                _ => None,
            });
            let lifted = |policy: PolicyArn| QuarantineLifted::of(Target::Policy(policy.clone()), Containment::Text { policy });
            return Ok(ours.map(lifted));
        }
        Lift::Inline(identity, _) | Lift::Attached(identity, _) | Lift::Boundary(identity) => identity,
    };
    let contained = ledger.contained(function).await?;
    if contained.is_empty() {
        return Ok(None);
    }
    let now = identity::id_of(reader, named).await?.and_then(|id| UniqueId::new(&id).ok());
    let lifted = contained.into_iter().find(|(identity, containment)| lift.takes(containment, identity, now.as_ref()));
    Ok(lifted.map(|(identity, containment)| QuarantineLifted::of(identity.into(), containment)))
}
