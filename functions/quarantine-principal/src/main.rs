//! Contains whoever is behind a change, or the owner of exposed credentials: denies everything to a user, or to the affected sessions of a role
//! that were issued before now; restores the deny if somebody lifts it.

mod everything;
mod sessions;
mod text;

use std::process::ExitCode;

use policy::Case;
use policy::change::Change;
use policy::remedy::Remedy;
use policy::target::{Identity, Target};
use remedy::plan::{Measure, measure};
use remedy::{AwsCall, Ending, Function, Hand};

struct QuarantinePrincipal;

impl Function for QuarantinePrincipal {
    const NAME: &'static str = "quarantine-principal";
    const OWNS: Option<Remedy> = Some(Remedy::QuarantinePrincipal);

    async fn take_back(hand: &mut Hand<'_>, case: &Case, change: &Change, target: &Target) -> Result<Ending, AwsCall> {
        match (measure(case, change), target) {
            (Ok(Measure::Everything(_)), Target::Identity(user)) => everything::deny(hand, case, user).await,
            (Ok(Measure::Sessions(_, quarantine)), Target::Identity(role)) => sessions::end(hand, case, role, &quarantine).await,
            (Ok(Measure::Text(policy)), _) => text::restore(hand, case, &policy).await,
            (Ok(_), target) => Ok(Ending::unremediable(format!("{target} cannot act, so it cannot be contained"))),
            (Err(why), _) => Ok(Ending::unremediable(why)),
        }
    }
}

fn already(principal: &Identity) -> Ending {
    Ending::clean(format!("{principal} was already contained"))
}

fn main() -> ExitCode {
    remedy::run::<QuarantinePrincipal>()
}
