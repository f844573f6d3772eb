//! The rulebook: the guardrails and exemptions that a user writes in Cedar.
//!
//! A change is put to it as an authorization request. Every guardrail that forbids it is broken; an exemption that permits it covers
//! it. [`Rulebook::load`] accepts only what Cedar's strict validation accepts, because Cedar skips a policy that errors at run time:
//! a guardrail that could error could fail open. An error at run time, should there be one all the same, is returned, never skipped.

mod access;
mod annotation;
mod asked;
mod decision;
mod fold;
mod gate;
mod load;
mod needs;
mod request;
mod source;

use std::collections::HashMap;

use cedar_policy::{Authorizer, PolicyId, PolicySet};
use chrono::{DateTime, Utc};

pub use access::{Access, Texts};
pub use annotation::{Exemption, Guardrail, Mode, Severity};
pub use decision::{Decision, DecisionError};
pub use load::{EXEMPTIONS_FILE, SCHEMA_FILE, SHIPPED_SCHEMA};
pub use needs::Needs;
pub use request::{Facts, Question, TargetDetails};
pub use source::{Flaw, Source};

use crate::change::Action;
use crate::document::DocumentError;
use request::Vocabulary;

/// A loaded, validated rulebook.
pub struct Rulebook {
    authorizer: Authorizer,
    vocabulary: Vocabulary,
    guardrails: HashMap<PolicyId, Guardrail>,
    /// The guardrails that could concern an action, and what they need; actions that none concerns are absent.
    concerns: HashMap<Action, Concern>,
    exemptions: HashMap<PolicyId, Exemption>,
    permits: Concern,
    /// The actions that guardrails and exemptions ask `allows` about.
    asked: Vec<String>,
}

/// Policies that are evaluated together, with the facts that each needs.
#[derive(Default)]
struct Concern {
    policies: PolicySet,
    needs: HashMap<PolicyId, Needs>,
    /// Of the policies that need facts, what decides without any whether they could apply.
    gates: PolicySet,
}

impl Rulebook {
    /// Whether any guardrail could forbid this action, on any target.
    #[must_use]
    pub fn concerns(&self, action: Action) -> bool {
        self.concerns.contains_key(&action)
    }

    /// The facts that the decision on a change can turn on: those that a guardrail or exemption which could apply refers to.
    ///
    /// # Errors
    ///
    /// Where Cedar could not evaluate whether one could apply.
    pub fn needs(&self, question: &Question<'_>) -> Result<Needs, DecisionError> {
        let asking = |concern: &&Concern| !concern.needs.is_empty();
        let concerns: Vec<&Concern> = self.concerns.get(&question.action).into_iter().chain([&self.permits]).filter(asking).collect();
        if concerns.is_empty() {
            return Ok(Needs::default());
        }
        let (request, entities) = self.vocabulary.translate(question)?;
        concerns.into_iter().try_fold(Needs::default(), |needs, concern| {
            let open = satisfied(&self.authorizer.is_authorized(&request, &concern.gates, &entities))?;
            Ok(open.iter().filter_map(|id| concern.needs.get(id)).fold(needs, |needs, more| needs | *more))
        })
    }

    /// What these policies grant together, as guardrails see it.
    ///
    /// # Errors
    ///
    /// Where one of them cannot be read: then what they grant is not known.
    pub fn access(&self, texts: &Texts) -> Result<Access, DocumentError> {
        Access::of(texts, &self.asked)
    }

    /// How many guardrails it holds.
    #[must_use]
    pub fn guardrail_count(&self) -> usize {
        self.guardrails.len()
    }

    /// How many exemptions it holds, expired ones among them.
    #[must_use]
    pub fn exemption_count(&self) -> usize {
        self.exemptions.len()
    }

    /// What the rulebook says of a change.
    ///
    /// # Errors
    ///
    /// Where Cedar could not evaluate a guardrail or exemption. Then there is no decision, and nothing may be taken for allowed.
    pub fn decide(&self, question: &Question<'_>, now: DateTime<Utc>) -> Result<Decision, DecisionError> {
        let Some(concern) = self.concerns.get(&question.action) else {
            return Ok(Decision::Allowed);
        };
        let (request, entities) = self.vocabulary.translate(question)?;
        let broken = satisfied(&self.authorizer.is_authorized(&request, &concern.policies, &entities))?;
        let mut guardrails: Vec<Guardrail> = broken.iter().filter_map(|id| self.guardrails.get(id)).cloned().collect();
        if guardrails.is_empty() {
            return Ok(Decision::Allowed);
        }
        decision::sort(&mut guardrails);
        let permits = satisfied(&self.authorizer.is_authorized(&request, &self.permits.policies, &entities))?;
        let mut exemptions: Vec<&Exemption> =
            permits.iter().filter_map(|id| self.exemptions.get(id)).filter(|exemption| exemption.applies_at(now)).collect();
        exemptions.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(match exemptions.first() {
            Some(exemption) => Decision::Exempt { guardrails, exemption: (*exemption).clone() },
            None => Decision::Forbidden { guardrails },
        })
    }

    /// The decision on a change of this action that cannot be told: any of the guardrails that concern it may be broken.
    #[must_use]
    pub fn undecidable(&self, action: Action, reason: String) -> Decision {
        let concerned = self.concerns.get(&action).into_iter().flat_map(|concern| concern.policies.policies());
        let mut guardrails: Vec<Guardrail> = concerned.filter_map(|policy| self.guardrails.get(policy.id())).cloned().collect();
        decision::sort(&mut guardrails);
        Decision::Unknown { guardrails, reason }
    }
}

/// The policies that decided, or the error that kept one from deciding.
fn satisfied(response: &cedar_policy::Response) -> Result<Vec<PolicyId>, DecisionError> {
    let diagnostics = response.diagnostics();
    let error = diagnostics.errors().next().map(|error| DecisionError::Evaluation(error.to_string()));
    error.map_or_else(|| Ok(diagnostics.reason().cloned().collect()), Err)
}
