//! The API call in a record, as the readers of changes see it.

use std::fmt;

use serde::de::DeserializeOwned;

use crate::actor::{Actor, ActorKind};
use crate::arn::{IamName, PolicyArn, UniqueId};
use crate::record::{Event, Parameters};
use crate::target::{Identity, IdentityKind};
use crate::text::{quoted, shown};

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

/// Why a call or finding does not say what changed: the answer is "unknown".
#[derive(Debug)]
pub struct Unread(pub String);

impl Call<'_> {
    /// The request's parameters.
    ///
    /// # Errors
    ///
    /// [`Unread`] if CloudTrail did not keep them, or they are not those of the call.
    pub fn parameters<T: DeserializeOwned>(&self) -> Result<T, Unread> {
        let missing = |why: &str| Err(Unread(format!("CloudTrail did not keep the parameters of {}: {why}", self.name)));
        match self.event.record.parameters() {
            Parameters::Known(json) => serde_json::from_str(json).map_err(|error| self.unreadable(&error)),
            Parameters::Absent => missing("requestParameters is null"),
            Parameters::Omitted => missing("the record was too large (omitted: true)"),
        }
    }

    /// Why the call's parameters, or the answer to it, cannot be read.
    pub fn unreadable(&self, error: &dyn fmt::Display) -> Unread {
        Unread(format!("the record of {} cannot be read: {}", self.name, shown(&error.to_string())))
    }

    /// A name that the call gives.
    ///
    /// # Errors
    ///
    /// [`Unread`] if it is missing or no name that IAM allows.
    pub fn iam_name(&self, text: Option<&str>) -> Result<IamName, Unread> {
        IamName::new(text.unwrap_or_default()).map_err(|error| self.unreadable(&error))
    }

    /// A managed policy that the call names, in the parameter of that name: AWS's own, or one of the event's account.
    ///
    /// # Errors
    ///
    /// [`Unread`] if it is missing or no policy that somebody in the account can hold.
    pub fn policy_arn(&self, parameter: &str, text: Option<&str>) -> Result<PolicyArn, Unread> {
        let text = text.ok_or_else(|| self.unreadable(&format!("missing field `{parameter}`")))?;
        let policy = PolicyArn::new(text).map_err(|error| self.unreadable(&error))?;
        if policy.is_within(&self.event.account, self.event.partition()) {
            return Ok(policy);
        }
        let policy = quoted(policy.as_str());
        Err(Unread(format!("the policy {policy} belongs to another account or partition, so nobody in this one can hold it")))
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
