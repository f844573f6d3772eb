//! What a remedy asks that has to choose among several ends.

use policy::Change;
use policy::arn::PolicyArn;
use policy::change::{PolicyVersionSet, Replaced};
use policy::facts::Facts;
use policy::guardrail::DecisionError;

use super::Hand;
use crate::environment::Environment;
use crate::error::AwsCall;
use crate::reading::facts::{self, Background};

impl Hand<'_> {
    /// Whether the rulebook would let this change stand, made by the same actor at the same time: a remedy that has to choose asks this about
    /// each candidate.
    ///
    /// # Errors
    ///
    /// If the rulebook gave no answer.
    pub fn would_pass(&self, change: &Change, facts: &Facts) -> Result<bool, DecisionError> {
        self.circumstances.would_pass(change, facts)
    }

    /// The same, with the facts that it takes read from IAM; `None` if nobody can say.
    ///
    /// # Errors
    ///
    /// If IAM did not answer.
    pub async fn passes(&self, change: &Change) -> Result<Option<bool>, AwsCall> {
        let unanswered = |error: &DecisionError| tracing::error!(%error, "candidate not judged");
        let Ok(needs) = self.circumstances.needs(change).inspect_err(unanswered) else {
            return Ok(None);
        };
        let Environment { break_glass, deny_without_mfa, .. } = self.environment;
        let background = Background { break_glass, deny_without_mfa, replaced: None };
        let facts = facts::read(self.reader, self.circumstances, change, needs, background).await?;
        let facts = facts.as_ref().map_err(String::as_str);
        Ok(self.circumstances.would_stand(change, facts).inspect_err(unanswered).ok().flatten())
    }

    /// Which version of a policy had been the default before this change.
    ///
    /// # Errors
    ///
    /// If IAM did not answer.
    pub async fn replaces(&self, set: &PolicyVersionSet) -> Result<Option<Replaced>, AwsCall> {
        match &set.replaced {
            Some(replaced) => Ok(Some(replaced.clone())),
            None => facts::replaces(self.reader, self.circumstances, set, None).await,
        }
    }

    /// Notes in the ledger that a version of a policy is the default again.
    pub async fn restored(&self, policy: &PolicyArn, version: &str) {
        if self.writer.is_some() {
            self.page.restored(policy, version).await;
        }
    }
}
