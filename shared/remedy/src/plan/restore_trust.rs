//! # What it takes back
//!
//! Principals that a role's trust policy lets in and a guardrail forbids: each is removed from the statement that names it, or with the whole
//! statement if it names nobody else. Everything else of the text stays as it was written, byte for byte. If no statement is left, one takes
//! their place that denies everyone: IAM refuses a policy without a statement.
//!
//! # What it spares
//!
//! Principals that no guardrail forbids, or that an exemption covers, and those that stand in the policy now and not in the event: those are
//! another change, with an event of its own. A principal whose conditions somebody has changed in the meantime. Roles that only AWS can change,
//! break-glass principals and Rescind's own roles.
//!
//! # How it is undone
//!
//! The text that stood there before Rescind wrote is set again. It lacks users and roles that no longer exist: IAM shows them by their unique
//! ids (`AROA…`, `AIDA…`), and refuses to save those. What the policy said before the forbidden call is in no record.
//!
//! # Source
//!
//! IAM API reference, `GetRole` and `UpdateAssumeRolePolicy`; IAM user guide, "AWS JSON policy elements: Principal".

use policy::case::Call;
use policy::change::TrustChanged;
use policy::guardrail::Mode;
use policy::remedy::Remedy;
use policy::target::Target;
use policy::text;
use policy::trust::{Trusted, without};
use policy::{Case, Change};

use super::{Plan, call_of};
use crate::setting::{Home, Setting as _, Step, Trust};

/// Principals whom a sentence names.
const NAMED: usize = 5;

/// The remedy `restore-trust`.
pub struct RestoreTrust;

const fn trust_of(change: &Change) -> Option<&TrustChanged> {
    match change {
        Change::TrustChanged(changed) => Some(changed),
        _ => None,
    }
}

/// The principals to remove: those that break a guardrail which asks for this, and of guardrails that only observe none if others are enforced.
#[must_use]
pub fn offenders<'c>(case: &Case, change: &'c Change) -> Vec<&'c Trusted> {
    let enforced = case.asks_to_enforce();
    let guardrails = case.decision.guardrails().iter();
    let asks =
        guardrails.filter(|guardrail| guardrail.remedies.contains(&Remedy::RestoreTrust) && (guardrail.mode == Mode::Enforce || !enforced));
    let asks: Vec<&str> = asks.map(|guardrail| guardrail.id.as_str()).collect();
    let trusted = trust_of(change).map(|changed| changed.trusted.as_slice()).unwrap_or_default();
    let breaks = trusted.iter().filter(|judged| judged.guardrails.iter().any(|id| asks.contains(&id.as_str())));
    breaks.map(|judged| &judged.trusted).collect()
}

/// The step that takes forbidden principals out of the text of the event.
#[must_use]
pub fn step(case: &Case, change: &Change) -> Option<Step<Trust>> {
    let changed = trust_of(change)?;
    let from = changed.document.clone()?;
    let offenders = offenders(case, change);
    let to = without(&from, |trusted| offenders.contains(&trusted)).ok()?.text;
    Some(Step { setting: Trust { role: changed.role.name.clone() }, from, to })
}

impl Plan for RestoreTrust {
    fn remedy(&self) -> Remedy {
        Remedy::RestoreTrust
    }

    fn applied(&self, case: &Case, change: &Change) -> String {
        let principals = offenders(case, change).into_iter().map(|trusted| &trusted.principal);
        format!("Rescind removed {} from it", text::few(principals, NAMED))
    }

    fn clean(&self, _: &Case, _: &Change) -> String {
        "it no longer let them in when Rescind acted".to_owned()
    }

    fn next(&self, _: &Case, _: &Change) -> Option<String> {
        Some(
            "sessions of this role that were opened in the meantime stay valid until they expire: look for AssumeRole of it in CloudTrail"
                .to_owned(),
        )
    }

    fn touches(&self, _: &Case, change: &Change) -> Option<Target> {
        trust_of(change).map(|changed| changed.role.clone().into())
    }

    fn calls(&self, case: &Case, change: &Change) -> Vec<Call> {
        call_of(step(case, change))
    }

    /// The text of an undo is partly an attacker's. It is accepted only for the role that the case is about, and only if the call that the same
    /// case says was made is what removing the case's principals from that text comes to.
    fn writes(&self, call: Option<&Call>, undo: &Call, case: &Case) -> bool {
        let (Some(call), Some((setting, back)), Some(change)) = (call, Trust::parse(undo, Home::of(case)), &case.change) else {
            return false;
        };
        let offenders = offenders(case, change);
        let is_of_the_role = trust_of(change).is_some_and(|changed| changed.role.name == setting.role);
        let made = without(&back, |trusted| offenders.contains(&trusted)).ok();
        is_of_the_role && made.is_some_and(|made| !made.removed.is_empty() && setting.call(&made.text).as_ref() == Some(call))
    }
}
