//! # What it takes back
//!
//! A long-lived credential that was created, reactivated, or found exposed or misused; of a user whom AWS has quarantined, every access key; after
//! any other change, the key that signed it. It is set inactive, never deleted.
//!
//! # What it spares
//!
//! Root's credentials, which nobody else can touch: a person has to act. Sessions, which cannot be set inactive: `quarantine-principal` ends them.
//!
//! # How it is undone
//!
//! The credential is set active again.
//!
//! # Source
//!
//! IAM API reference, `UpdateAccessKey` and its siblings for SSH keys, signing certificates and service-specific credentials.

use policy::actor::ActorKind;
use policy::affected::ROOT;
use policy::arn::{CredentialId, IamName, UniqueId};
use policy::case::Call;
use policy::change::{CredentialActivated, CredentialExposed, PolicyAttached};
use policy::credential::{Credential, CredentialKind};
use policy::remedy::Remedy;
use policy::target::{Identity, Target};
use policy::{Case, Change};

use super::{Plan, Words, inverse};
use crate::setting::{CredentialStatus, Home, Setting as _, Status};

/// The remedy `quarantine-key`.
pub struct QuarantineKey;

/// What is to be set inactive.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Subject {
    /// This credential.
    One(Identity, Credential),
    /// Every access key of a user, because AWS does not say which one is exposed.
    AllKeys(Identity),
    /// Nothing that can be set inactive; why, for a person.
    Nothing(&'static str),
}

/// What a case is about: a credential of its own, the keys of a user whom AWS has quarantined, or the key of whoever made the change.
#[must_use]
pub fn subject(case: &Case, change: &Change) -> Subject {
    match change {
        Change::CredentialActivated(CredentialActivated { owner, credential, .. })
        | Change::CredentialExposed(CredentialExposed { owner, credential: Some(credential), .. }) => {
            owner.user().map_or(Subject::Nothing(ROOT), |user| Subject::One(user.clone(), credential.clone()))
        }
        Change::CredentialExposed(CredentialExposed { session: Some(_), .. }) => {
            Subject::Nothing("these credentials belong to a session and cannot be set inactive: quarantine-principal ends the session")
        }
        Change::CredentialExposed(CredentialExposed { owner, .. }) => match owner {
            Target::Identity(identity) if identity.is_user() => Subject::AllKeys(identity.clone()),
            Target::Root => Subject::Nothing(ROOT),
            _ => Subject::Nothing("a role has no keys to set inactive: quarantine-principal ends its sessions"),
        },
        Change::PolicyAttached(PolicyAttached { identity, policy_arn }) if identity.is_user() && policy_arn.is_key_quarantine() => {
            Subject::AllKeys(identity.clone())
        }
        _ => of_actor(case),
    }
}

fn of_actor(case: &Case) -> Subject {
    let actor = &case.actor;
    let id = actor.access_key_id.as_deref().and_then(|id| CredentialId::new(id).ok());
    match (actor.kind, id, IamName::new(&actor.name)) {
        (ActorKind::User, Some(id), Ok(name)) if !id.is_of_a_session() && actor.account == case.account.as_str() => {
            let unique = actor.principal_id.as_deref().and_then(|id| UniqueId::new(id).ok());
            Subject::One(Identity::user(name).with_id(unique), Credential { kind: CredentialKind::AccessKey, id })
        }
        _ => Subject::Nothing("the actor did not sign with a long-lived key of this account: quarantine-principal contains the actor"),
    }
}

impl Plan for QuarantineKey {
    fn remedy(&self) -> Remedy {
        Remedy::QuarantineKey
    }

    fn words(&self, _: &Change) -> Words {
        Words { done: "quarantined", clean: "already inactive or gone" }
    }

    fn matter(&self, case: &Case, change: &Change) -> String {
        match (change, subject(case, change)) {
            (Change::CredentialActivated(_) | Change::CredentialExposed(_), _) | (_, Subject::Nothing(_)) => change.kind().matter(),
            (_, Subject::One(user, credential)) => format!("{credential} of {user}"),
            (_, Subject::AllKeys(user)) => format!("every access key of {user}"),
        }
    }

    fn applied(&self, case: &Case, change: &Change) -> String {
        match subject(case, change) {
            Subject::One(_, credential) => format!("{credential} is inactive now"),
            Subject::AllKeys(user) => format!("every access key of {user} is inactive now"),
            Subject::Nothing(why) => why.to_owned(),
        }
    }

    fn clean(&self, _: &Case, _: &Change) -> String {
        "nothing was left to deactivate when Rescind acted".to_owned()
    }

    fn never(&self, case: &Case, change: &Change) -> Option<String> {
        match subject(case, change) {
            Subject::Nothing(why) => Some(why.to_owned()),
            Subject::One(..) | Subject::AllKeys(_) => None,
        }
    }

    fn touches(&self, case: &Case, change: &Change) -> Option<Target> {
        match subject(case, change) {
            Subject::One(user, _) | Subject::AllKeys(user) => Some(user.into()),
            Subject::Nothing(_) => None,
        }
    }

    fn key(&self, case: &Case, change: &Change) -> Option<CredentialId> {
        match subject(case, change) {
            Subject::One(_, credential) if credential.kind == CredentialKind::AccessKey => Some(credential.id),
            _ => None,
        }
    }

    fn calls(&self, case: &Case, change: &Change) -> Vec<Call> {
        let Subject::One(user, credential) = subject(case, change) else {
            return Vec::new();
        };
        CredentialStatus { user: user.name, credential }.call(&Status::Inactive).into_iter().collect()
    }

    fn writes(&self, call: Option<&Call>, undo: &Call, case: &Case) -> bool {
        matches!(inverse::<CredentialStatus>(call, undo, Home::of(case)), Some((_, Status::Inactive, Status::Active)))
    }
}
