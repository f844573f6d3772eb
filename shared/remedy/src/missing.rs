//! What an event does not say, before its changes are judged.

use policy::Hearing;
use policy::change::{Found, Missing};
use policy::guardrail::Mode;
use policy::hearing::Circumstances;

use crate::error::AwsCall;
use crate::handler::{Function, Handler};
use crate::ledger::Key;
use crate::reading::missing;

impl Handler {
    /// The hearings of what an event says, with what IAM had to be asked for: of a new role one for each policy that it got.
    pub(crate) async fn complete<'h, F: Function>(
        &self,
        circumstances: Circumstances<'_>,
        hearing: Hearing<'h>,
    ) -> Result<Vec<Hearing<'h>>, AwsCall> {
        let answer = match hearing.missing() {
            None => return Ok(vec![hearing]),
            Some(missing @ (Missing::Attachments(_) | Missing::InlinePolicies(_))) if self.environment.mode == Mode::Enforce => {
                let key = Key { function: F::NAME, case: hearing.case_id(), time: circumstances.time() };
                self.found_first(&key, circumstances, missing).await?
            }
            Some(missing) => missing::read(&self.clients.reader, missing, circumstances.time()).await?,
        };
        Ok(hearing.completed(answer))
    }

    /// What was found at the first try at an event: what it led to may have been taken back since. A ledger that does not answer keeps nothing
    /// from being taken back.
    async fn found_first(&self, key: &Key, circumstances: Circumstances<'_>, missing: &Missing) -> Result<Result<Found, String>, AwsCall> {
        let ledger = &self.clients.ledger;
        match ledger.found(key).await {
            Ok(Some(found)) => return Ok(Ok(found)),
            Ok(None) => {}
            Err(call) => tracing::warn!(error = %call, "what an earlier try found is not known"),
        }
        let answer = missing::read(&self.clients.reader, missing, circumstances.time()).await?;
        if let Ok(found) = &answer
            && let Err(call) = ledger.note_found(key, found).await
        {
            tracing::warn!(error = %call, "what was found is not noted: a retry may miss what is taken back now");
        }
        Ok(answer)
    }
}
