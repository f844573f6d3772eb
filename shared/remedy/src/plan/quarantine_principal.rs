//! # What it takes back
//!
//! The access of whoever is behind a change, or of the owner of exposed credentials: a user is denied everything; of a role, the sessions issued
//! before now are, limited to one session name or source identity if it is known whose they are. A quarantine that somebody lifted is put back.
//!
//! # What it spares
//!
//! Break-glass principals, and the last principal who could lift the quarantine. Roles that only AWS can change, and Rescind's own. Root, other
//! accounts and services are out of reach.
//!
//! # How it is undone
//!
//! The inline deny is deleted; if there was no room for it, the managed policy is detached and deleted.
//!
//! # Source
//!
//! IAM user guide, "Revoke IAM role temporary security credentials" and "Disabling permissions for temporary security credentials".

use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use policy::affected::Affected;
use policy::arn::CredentialId;
use policy::case::Call;
use policy::change::{CredentialExposed, QuarantineLifted};
use policy::containment::{Quarantine, Sessions};
use policy::credential::CredentialKind;
use policy::remedy::Remedy;
use policy::target::{Identity, IdentityKind};
use policy::{Case, Change};

use super::{Plan, Words, inverse};
use crate::setting::{Attachment, Home, InlinePolicy, ManagedPolicy, Setting as _};

/// Sessions that are issued so long after the decision are ended as well: IAM changes take seconds to propagate.
const MARGIN: TimeDelta = TimeDelta::seconds(15);

/// The remedy `quarantine-principal`.
pub struct QuarantinePrincipal;

/// Whom to contain, and by which policy; or why nobody can be contained.
///
/// # Errors
///
/// Why nobody can be contained, for a person.
pub fn quarantine(case: &Case, change: &Change) -> Result<(Identity, Quarantine), String> {
    match (change, Affected::by(case, change)) {
        (_, Affected::OutOfReach(why)) => Err(why),
        (Change::QuarantineLifted(QuarantineLifted { policy_name, .. }), Affected::Principal(identity, _)) => {
            let quarantine = Quarantine::named(policy_name.as_str());
            quarantine.map(|quarantine| (identity, quarantine)).ok_or_else(|| format!("Rescind gives no policy the name {policy_name}"))
        }
        (_, Affected::Principal(identity, sessions)) => {
            let quarantine = Quarantine::against(&identity, sessions, before(case));
            Ok((identity, quarantine))
        }
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
        match Affected::by(case, change) {
            Affected::Principal(identity, _) if identity.is_user() => format!("{identity} is denied everything"),
            Affected::Principal(identity, sessions) => format!("{sessions} of {identity} issued until now: denied everything"),
            Affected::OutOfReach(why) => why,
        }
    }

    fn clean(&self, case: &Case, change: &Change) -> String {
        self.applied(case, change)
    }

    fn next(&self, case: &Case, change: &Change) -> Option<String> {
        let Affected::Principal(identity, _) = Affected::by(case, change) else {
            return None;
        };
        let next = if identity.is_user() {
            "Role sessions that this user already opened stay valid until they expire. Find them in CloudTrail (AssumeRole) and end them too"
        } else {
            "Anybody who can assume this role can do so again. Find out in CloudTrail how the session was opened, and stop that"
        };
        Some(next.to_owned())
    }

    fn never(&self, case: &Case, change: &Change) -> Option<String> {
        quarantine(case, change).err()
    }

    fn touches(&self, case: &Case, change: &Change) -> Option<Identity> {
        quarantine(case, change).ok().map(|(identity, _)| identity)
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

    fn calls(&self, case: &Case, change: &Change) -> Vec<Call> {
        let inline = |(identity, quarantine): (Identity, Quarantine)| {
            let setting = InlinePolicy { identity, name: quarantine.policy_name() };
            setting.call(&Some(quarantine.document()))
        };
        quarantine(case, change).ok().and_then(inline).into_iter().collect()
    }

    /// Only policies that Rescind names and writes itself are ever taken away, and no group is ever contained.
    fn writes(&self, call: Option<&Call>, undo: &Call, case: &Case) -> bool {
        let home = Home::of(case);
        let is_ours = |policy_name: &str, text: &Option<String>| {
            let document = Quarantine::named(policy_name).map(|quarantine| quarantine.document());
            document.is_some() && InlinePolicy::is_same(&document, text)
        };
        let can_act = |identity: &Identity| identity.kind != IdentityKind::Group;
        // One that was put, or one that a newer one replaced.
        if let Some((setting, made, back)) = inverse::<InlinePolicy>(call, undo, home)
            && let (text @ Some(_), None) | (None, text @ Some(_)) = (made, back)
        {
            return can_act(&setting.identity) && is_ours(setting.name.as_str(), &text);
        }
        if let Some((setting, true, false)) = inverse::<Attachment>(call, undo, home) {
            return can_act(&setting.identity) && Quarantine::is_arn(setting.policy.as_str());
        }
        if let Some((setting, text, None)) = inverse::<ManagedPolicy>(call, undo, home) {
            return Quarantine::is_arn(setting.arn.as_str()) && is_ours(setting.arn.name(), &text);
        }
        false
    }
}
