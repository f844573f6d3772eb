//! The API call in a record, as the readers of changes see it.

use std::fmt;

use serde::de::DeserializeOwned;

use super::ChangeError;
use crate::actor::{Actor, ActorKind};
use crate::arn::{IamName, UniqueId};
use crate::record::{Event, Parameters};
use crate::target::{Identity, IdentityKind};

/// One API call, or one finding, with who made it.
#[derive(Clone, Copy)]
pub struct Call<'a> {
    /// The call's name, as IAM and the Cedar schema spell it.
    pub name: &'static str,
    /// Where and when.
    pub event: &'a Event,
    /// Who.
    pub actor: &'a Actor,
}

/// Why a call does not say what it changed.
#[derive(Debug)]
pub enum Unread {
    /// CloudTrail left something out: the answer is "unknown".
    Unknown(String),
    /// It cannot be a call that AWS recorded.
    Impossible(ChangeError),
}

impl From<ChangeError> for Unread {
    fn from(error: ChangeError) -> Self {
        Self::Impossible(error)
    }
}

impl Call<'_> {
    /// The request's parameters.
    ///
    /// # Errors
    ///
    /// [`Unread::Unknown`] if CloudTrail did not keep them, [`Unread::Impossible`] if they are not those of the call.
    pub fn parameters<T: DeserializeOwned>(&self) -> Result<T, Unread> {
        let missing = |why: &str| Err(Unread::Unknown(format!("CloudTrail did not keep the parameters of {}: {why}", self.name)));
        match self.event.record.parameters() {
            Parameters::Known(json) => serde_json::from_str(json).map_err(|error| self.malformed(&error)),
            Parameters::Absent => missing("requestParameters is null"),
            Parameters::Omitted => missing("the record was too large (omitted: true)"),
        }
    }

    /// An error about the call's parameters.
    pub fn malformed(&self, error: &dyn fmt::Display) -> Unread {
        ChangeError::Malformed(self.name, error.to_string()).into()
    }

    /// A name that the call gives.
    ///
    /// # Errors
    ///
    /// [`Unread::Impossible`] if it is missing or no name that IAM allows.
    pub fn iam_name(&self, text: Option<&str>) -> Result<IamName, Unread> {
        IamName::new(text.unwrap_or_default()).map_err(|error| self.malformed(&error))
    }

    /// The identity that the call names, with its unique id if it is the actor.
    ///
    /// # Errors
    ///
    /// As [`Self::iam_name`].
    pub fn identity(&self, kind: IdentityKind, name: Option<&str>) -> Result<Identity, Unread> {
        let identity = Identity::new(kind, self.iam_name(name)?);
        let id = self.id_of(&identity);
        Ok(identity.with_id(id))
    }

    /// A record says the unique id of its actor only: it is the target's if somebody changed their own user or role.
    fn id_of(&self, identity: &Identity) -> Option<UniqueId> {
        let actor = self.actor;
        let kind = match actor.kind {
            ActorKind::User => Some(IdentityKind::User),
            ActorKind::Role => Some(IdentityKind::Role),
            ActorKind::Root | ActorKind::Service | ActorKind::Principal => None,
        };
        let oneself = actor.account == self.event.account.as_str() && kind.is_some_and(|kind| identity.is_named(kind, &actor.name));
        actor.principal_id.as_deref().filter(|_| oneself).and_then(|id| UniqueId::new(id).ok())
    }
}
