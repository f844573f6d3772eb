//! Whom a quarantine affects: the owner of misused credentials, or whoever made a change.

use crate::actor::{ActorKind, Issuer};
use crate::arn::{IamName, UniqueId};
use crate::case::Case;
use crate::change::{Behind, Change};
use crate::containment::Sessions;
use crate::target::{Identity, IdentityKind, Target};

/// What root has to do, since nobody else can.
pub const ROOT: &str = "no policy of the account binds its root user, and nobody else can touch root's credentials: sign in as root, change the password, \
                        delete root's access keys, check its MFA devices, and review what was done as root";

const ELSEWHERE: &str = "the actor belongs to another account, out of Rescind's reach: remove the trust or policy that lets them in";

/// Whom a quarantine affects.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Affected {
    /// A user, or these sessions of a role.
    Principal(Identity, Sessions),
    /// Nobody whom Rescind can contain; why, for a person.
    OutOfReach(String),
}

impl Affected {
    /// Whom a quarantine would affect because of this change.
    #[must_use]
    pub fn by(case: &Case, change: &Change) -> Self {
        match change.kind().behind() {
            Behind::TheActor => Self::actor(case),
            Behind::Owner(session) => {
                let name = session.and_then(|session| session.name.as_ref()).map(IamName::as_str);
                Self::owner(change.target(), Sessions::named(name))
            }
        }
    }

    fn owner(target: Target, sessions: Sessions) -> Self {
        match target {
            Target::Root => Self::OutOfReach(ROOT.to_owned()),
            Target::Identity(identity) if identity.kind == IdentityKind::Group => {
                Self::OutOfReach("a group cannot act, so it cannot be contained".to_owned())
            }
            Target::Identity(identity) => Self::Principal(identity, sessions),
            other => Self::OutOfReach(format!("{other} cannot act, so it cannot be contained")),
        }
    }

    /// A deny of the user who issued a federated user's session binds the session, and outlives it (IAM user guide, "Permissions for
    /// `GetFederationToken`").
    fn issuer(case: &Case, issuer: &Issuer) -> Self {
        let user = issuer.arn.split_once(":user/").map(|_| IamName::new(&issuer.name));
        match user {
            _ if issuer.account != case.account.as_str() => Self::OutOfReach(ELSEWHERE.to_owned()),
            Some(Ok(name)) => {
                let id = issuer.principal_id.as_deref().and_then(|id| UniqueId::new(id).ok());
                Self::Principal(Identity::user(name).with_id(id), Sessions::All)
            }
            Some(Err(error)) => Self::OutOfReach(error.to_string()),
            None if issuer.arn.ends_with(":root") => Self::OutOfReach(ROOT.to_owned()),
            None => Self::OutOfReach("the actor is a federated user, and its issuer is neither a user nor root".to_owned()),
        }
    }

    fn actor(case: &Case) -> Self {
        let actor = &case.actor;
        if let Some(issuer) = &actor.issuer {
            return Self::issuer(case, issuer);
        }
        let home = actor.account == case.account.as_str();
        let kind = match actor.kind {
            ActorKind::User if home => IdentityKind::User,
            ActorKind::Role if home => IdentityKind::Role,
            ActorKind::Root if home => return Self::OutOfReach(ROOT.to_owned()),
            ActorKind::User | ActorKind::Role | ActorKind::Root => {
                return Self::OutOfReach(ELSEWHERE.to_owned());
            }
            ActorKind::Service | ActorKind::Principal => {
                return Self::OutOfReach("the actor is neither a user nor a role of this account, so no policy can contain it".to_owned());
            }
        };
        let sessions = Sessions::of(actor.source_identity.as_deref(), actor.session.as_deref());
        let id = actor.principal_id.as_deref().and_then(|id| UniqueId::new(id).ok());
        match IamName::new(&actor.name) {
            Ok(name) => Self::Principal(Identity::new(kind, name).with_id(id), sessions),
            Err(error) => Self::OutOfReach(error.to_string()),
        }
    }
}
