//! The rulebook: the guardrails and exemptions that a user writes in Cedar.
//!
//! A change is put to it as an authorization request. Every guardrail that forbids the change is broken; an exemption that permits it covers
//! it. [`Rulebook::load`] accepts only what Cedar's strict validation accepts, because Cedar skips a policy that errors at run time:
//! a guardrail that could error could fail open. If one errors all the same, the error is returned, never skipped.

mod aim;
mod annotation;
mod asked;
mod decision;
mod fold;
mod gate;
mod judge;
mod load;
mod needs;
mod request;
mod source;

use std::collections::HashMap;

use cedar_policy::{Authorizer, PolicyId, PolicySet};
use chrono::{DateTime, Utc};

pub use annotation::{Exemption, Guardrail, Mode};
pub use decision::{Decision, DecisionError};
pub use judge::Judge;
pub use load::{EXEMPTIONS_FILE, SCHEMA_FILE, SHIPPED_SCHEMA};
pub use request::Question;
pub use source::{Flaw, Source};

use crate::action::Action;
use crate::document::DocumentError;
use crate::facts::{Access, Needs, Texts};
use request::{Translated, Vocabulary};

/// A loaded, validated rulebook.
pub struct Rulebook {
    judge: Judge,
    authorizer: Authorizer,
    vocabulary: Vocabulary,
    guardrails: HashMap<PolicyId, Guardrail>,
    /// The guardrails that could concern an action, and what they need; actions that none concerns are absent.
    concerns: HashMap<&'static Action, Concern>,
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
    /// Of the policies that need facts, the part that says without any whether they could apply.
    gates: PolicySet,
}

impl Rulebook {
    /// The function that judges by it, or everyone.
    #[must_use]
    pub const fn judge(&self) -> Judge {
        self.judge
    }

    /// Whether any guardrail that this function considers could forbid this action, on any target.
    #[must_use]
    pub fn concerns(&self, action: &Action) -> bool {
        self.concerns.contains_key(action)
    }

    /// The facts that the decision on a change can depend on: those that the change has, and that a guardrail or exemption which could apply
    /// refers to.
    ///
    /// # Errors
    ///
    /// If Cedar could not evaluate whether one could apply.
    pub fn needs(&self, question: &Question<'_>) -> Result<Needs, DecisionError> {
        let asking = |concern: &&Concern| !concern.needs.is_empty();
        let concerns: Vec<&Concern> = self.concerns.get(question.action).into_iter().chain([&self.permits]).filter(asking).collect();
        if concerns.is_empty() {
            return Ok(Needs::default());
        }
        let translated = self.vocabulary.translate(question)?;
        let asked = concerns.into_iter().try_fold(Needs::default(), |needs, concern| {
            let open = satisfied(&self.authorizer.is_authorized(&translated.request, &concern.gates, &translated.entities))?;
            Ok(open.iter().filter_map(|id| concern.needs.get(id)).fold(needs, |needs, more| needs | *more))
        })?;
        Ok(asked & translated.unread)
    }

    /// What these policies grant together, as guardrails see it.
    ///
    /// # Errors
    ///
    /// If one of them cannot be read: then it is not known what they grant.
    pub fn access(&self, texts: &Texts) -> Result<Access, DocumentError> {
        Access::of(texts, &self.asked)
    }

    /// How many guardrails it holds.
    #[must_use]
    pub fn guardrail_count(&self) -> usize {
        self.guardrails.len()
    }

    /// How many exemptions it holds, expired ones included.
    #[must_use]
    pub fn exemption_count(&self) -> usize {
        self.exemptions.len()
    }

    /// The rulebook's decision on a change. `needs` are the facts that it can depend on ([`Self::needs`]): without them it is unknown.
    ///
    /// # Errors
    ///
    /// If Cedar could not evaluate a guardrail or exemption. Then there is no decision, and nothing may be considered allowed.
    pub fn decide(&self, question: &Question<'_>, needs: Needs, now: DateTime<Utc>) -> Result<Decision, DecisionError> {
        let Some(concern) = self.concerns.get(question.action) else {
            return Ok(Decision::Allowed);
        };
        let Translated { request, entities, unread } = self.vocabulary.translate(question)?;
        if !(needs & unread).is_empty() {
            return Ok(self.undecidable(question.action, "facts that a guardrail or exemption depends on were not read".to_owned()));
        }
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

    /// The decision on a change of this action that cannot be judged: any of the guardrails that concern it may be broken.
    #[must_use]
    pub fn undecidable(&self, action: &Action, reason: String) -> Decision {
        let concerned = self.concerns.get(action).into_iter().flat_map(|concern| concern.policies.policies());
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
