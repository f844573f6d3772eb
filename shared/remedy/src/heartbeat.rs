//! The heartbeat: a harmless change that a schedule makes each day, to prove that changes still arrive.
//!
//! The template's schedule tags a role that nobody can assume, with the rights of a role that may do nothing else. If CloudTrail records it, a rule
//! delivers it and a function reads it, the ledger holds when; a metric says so, and an alarm rings if it stays out.

use chrono::{DateTime, Utc};
use policy::actor::ActorKind;
use policy::{Actor, Event};

use crate::error::AwsCall;
use crate::handler::Handler;
use crate::log;

impl Handler {
    /// Whether the stack's own schedule made this change.
    pub(crate) fn is_heartbeat(&self, event: &Event, actor: &Actor) -> bool {
        let role = self.environment.heartbeat_role.as_ref();
        actor.kind == ActorKind::Role
            && actor.account == self.environment.account.as_str()
            && role.is_some_and(|role| role.as_str().eq_ignore_ascii_case(&actor.name))
            && event.record.event_name == "TagRole"
            && event.record.error_code.is_none()
    }

    /// Notes that the heartbeat arrived, and by which rulebook this function judges. The metric comes last: it says that all of it worked.
    pub(crate) async fn note_heartbeat(&self, function: &'static str, event: &Event, now: DateTime<Utc>) -> Result<(), AwsCall> {
        self.clients.ledger.heartbeat(function, event.record.event_time, now, &self.rulebook_digest).await?;
        log::heartbeat(now);
        Ok(())
    }
}
