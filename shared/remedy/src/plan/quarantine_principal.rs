//! # What it takes back
//!
//! The access of whoever is behind a change, or of the owner of exposed credentials. It denies everything to a user, by a managed policy of the stack's
//! own, or to the sessions of a role that were issued before now, limited to one session name or source identity if it is known whose they are. It
//! puts back a quarantine that somebody lifted, if the ledger says that Rescind had put it there, and the text of the stack's policies that deny users
//! something.
//!
//! # What it spares
//!
//! Break-glass principals, and the last principal who could lift the quarantine. Roles that only AWS can change, and Rescind's own. Root, other
//! accounts and services are out of reach.
//!
//! # How it is undone
//!
//! A user's policy is detached; if there was no room for one more, the permissions boundary that was there before is set again. A role's inline deny is
//! deleted; if there was no room for it, the managed policy is detached and deleted.
//!
//! # Source
//!
//! IAM user guide, "Revoke IAM role temporary security credentials" and "Disabling permissions for temporary security credentials".

use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use policy::affected::Affected;
use policy::arn::{CredentialId, PolicyArn};
use policy::case::Call;
use policy::change::{CredentialExposed, QuarantineLifted};
use policy::containment::{self, Containment, Quarantine, Sessions};
use policy::credential::CredentialKind;
use policy::remedy::Remedy;
use policy::target::{Identity, IdentityKind, Target};
use policy::{Case, Change};

use super::{Plan, Words, inverse};
use crate::setting::{Attachment, Boundary, DefaultVersion, Home, InlinePolicy, ManagedPolicy, Setting as _};

/// Sessions that are issued so long after the decision are ended as well: IAM changes take seconds to propagate.
const MARGIN: TimeDelta = TimeDelta::seconds(15);

/// The remedy `quarantine-principal`.
pub struct QuarantinePrincipal;

/// What contains whoever is behind a change.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Measure {
    /// This user is denied everything.
    Everything(Identity),
    /// These sessions of this role are denied everything.
    Sessions(Identity, Quarantine),
    /// This policy, by which others are contained, says again what it said.
    Text(PolicyArn),
}

/// What to do about a change; or why nobody can be contained.
///
/// # Errors
///
/// Why nobody can be contained, for a person.
pub fn measure(case: &Case, change: &Change) -> Result<Measure, String> {
    if let Change::QuarantineLifted(lifted) = change {
        return again(case, lifted);
    }
    match Affected::by(case, change) {
        Affected::OutOfReach(why) => Err(why),
        Affected::Principal(identity, _) if identity.is_user() => Ok(Measure::Everything(identity)),
        Affected::Principal(identity, of) => Ok(Measure::Sessions(identity, Quarantine { before: before(case), of })),
    }
}

/// What puts a quarantine back that somebody lifted.
fn again(case: &Case, QuarantineLifted { target, containment, .. }: &QuarantineLifted) -> Result<Measure, String> {
    let Some(containment) = containment else {
        return Err("Rescind puts back only the quarantines that its ledger says it put there, and of this one nothing says so".to_owned());
    };
    let quarantine = match containment {
        Containment::Inline { policy_name } => Quarantine::named(policy_name.as_str()),
        Containment::Attached { policy } | Containment::Boundary { policy } => Quarantine::of_arn(policy.as_str()),
        Containment::Text { policy } => return Ok(Measure::Text(policy.clone())),
    };
    match (target, quarantine) {
        (Target::Identity(user), _) if user.is_user() => Ok(Measure::Everything(user.clone())),
        // One that was overwritten comes back under another name: the policy that has its name now is judged by itself, and perhaps deleted.
        (Target::Identity(role), Some(quarantine)) if case.record.event_name == "PutRolePolicy" => {
            Ok(Measure::Sessions(role.clone(), Quarantine { before: before(case), ..quarantine }))
        }
        (Target::Identity(role), Some(quarantine)) => Ok(Measure::Sessions(role.clone(), quarantine)),
        (target, _) => Err(format!("Rescind contains no {target} by {containment}")),
    }
}

/// The same moment however often the event is tried: a second try finds what the first one did.
fn before(case: &Case) -> DateTime<Utc> {
    case.time.trunc_subsecs(0) + MARGIN
}

impl Plan for QuarantinePrincipal {
    fn remedy(&self) -> Remedy {
        Remedy::QuarantinePrincipal
    }

    fn words(&self, change: &Change) -> Words {
        match change {
            Change::QuarantineLifted(_) => Words { done: "put back", clean: "already put back" },
            _ => Words { done: "contained", clean: "already contained" },
        }
    }

    fn matter(&self, case: &Case, change: &Change) -> String {
        match (change, Affected::by(case, change)) {
            (Change::QuarantineLifted(_), _) | (_, Affected::OutOfReach(_)) => change.kind().matter(),
            (_, Affected::Principal(identity, Sessions::All)) => identity.to_string(),
            (_, Affected::Principal(identity, sessions)) => format!("{sessions} of {identity}"),
        }
    }

    fn applied(&self, case: &Case, change: &Change) -> String {
        match measure(case, change) {
            Ok(Measure::Everything(user)) => format!("{user} is denied everything"),
            Ok(Measure::Sessions(role, Quarantine { of, .. })) => format!("{of} of {role} issued until now: denied everything"),
            Ok(Measure::Text(policy)) if containment::is_called_deny_without_mfa(&policy) => {
                "whoever it is attached to is denied everything without MFA again".to_owned()
            }
            Ok(Measure::Text(_)) => "whoever is contained by it is denied everything again".to_owned(),
            Err(why) => why,
        }
    }

    fn clean(&self, case: &Case, change: &Change) -> String {
        self.applied(case, change)
    }

    fn next(&self, case: &Case, change: &Change) -> Option<String> {
        let next = match measure(case, change) {
            Ok(Measure::Everything(_)) => {
                "Role sessions that this user already opened stay valid until they expire. Find them in CloudTrail (AssumeRole) and end them too"
            }
            Ok(Measure::Sessions(..)) => {
                "Anybody who can assume this role can do so again. Find out in CloudTrail how the session was opened, and stop that"
            }
            Ok(Measure::Text(_)) => {
                "Check what the contained users did in the meantime and who can still change this policy. Do not run the undo: it would lift every quarantine"
            }
            Err(_) => return None,
        };
        Some(next.to_owned())
    }

    fn never(&self, case: &Case, change: &Change) -> Option<String> {
        measure(case, change).err()
    }

    fn touches(&self, case: &Case, change: &Change) -> Option<Target> {
        measure(case, change).ok().map(|measure| match measure {
            Measure::Everything(identity) | Measure::Sessions(identity, _) => identity.into(),
            Measure::Text(policy) => Target::Policy(policy),
        })
    }

    fn key(&self, _: &Case, change: &Change) -> Option<CredentialId> {
        match change {
            Change::CredentialExposed(CredentialExposed { credential: Some(credential), .. })
                if credential.kind == CredentialKind::AccessKey =>
            {
                Some(credential.id.clone())
            }
            _ => None,
        }
    }

    fn locks_out(&self) -> bool {
        true
    }

    /// A person needs nothing of the stack's to deny a user everything: AWS has such a policy as well.
    fn calls(&self, case: &Case, change: &Change) -> Vec<Call> {
        let call = match measure(case, change) {
            Ok(Measure::Everything(identity)) => {
                containment::aws_denies_all(&case.partition).and_then(|policy| Attachment { identity, policy }.call(&true))
            }
            Ok(Measure::Sessions(identity, quarantine)) => {
                let setting = InlinePolicy { identity, name: quarantine.policy_name() };
                setting.call(&Some(quarantine.document()))
            }
            Ok(Measure::Text(_)) | Err(_) => None,
        };
        call.into_iter().collect()
    }

    /// Only policies that Rescind names and writes itself, or that deny everything, are ever taken away, and no group is ever contained.
    fn writes(&self, call: Option<&Call>, undo: &Call, case: &Case) -> bool {
        let home = Home::of(case);
        let is_ours = |policy_name: &str, text: &Option<String>| {
            let document = Quarantine::named(policy_name).map(|quarantine| quarantine.document());
            document.is_some() && InlinePolicy::is_same(&document, text)
        };
        let denies_everything = |policy: &PolicyArn| {
            (policy.owner() == case.account.as_str() && containment::is_called_deny_everything(policy))
                || containment::is_aws_denies_all(policy)
        };
        // One that was put, or one that a newer one replaced.
        if let Some((setting, made, back)) = inverse::<InlinePolicy>(call, undo, home)
            && let (text @ Some(_), None) | (None, text @ Some(_)) = (made, back)
        {
            return setting.identity.kind == IdentityKind::Role && is_ours(setting.name.as_str(), &text);
        }
        if let Some((Attachment { identity, policy }, true, false)) = inverse::<Attachment>(call, undo, home) {
            return match identity.kind {
                IdentityKind::User => denies_everything(&policy),
                IdentityKind::Role => Quarantine::of_arn(policy.as_str()).is_some(),
                IdentityKind::Group => false,
            };
        }
        if let Some((setting, text, None)) = inverse::<ManagedPolicy>(call, undo, home) {
            return Quarantine::of_arn(setting.arn.as_str()).is_some() && is_ours(setting.arn.name(), &text);
        }
        if let Some((Boundary { identity }, Some(made), _)) = inverse::<Boundary>(call, undo, home) {
            return identity.is_user() && denies_everything(&made);
        }
        matches!(inverse::<DefaultVersion>(call, undo, home), Some((setting, ..)) if containment::text_of(&setting.policy).is_some())
    }
}
