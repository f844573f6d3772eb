//! The rulebook: the guardrails and exemptions that a user writes in Cedar.
//!
//! A change is put to it as an authorization request. Every guardrail that forbids the change is broken; an exemption that permits it covers
//! it. [`Rulebook::load`] accepts only what Cedar's strict validation accepts, because Cedar skips a policy that errors at run time:
//! a guardrail that could error could fail open. If one errors all the same, the error is returned, never skipped.

mod aim;
mod annotation;
mod asked;
mod conflict;
mod decision;
mod fold;
mod gate;
mod judge;
mod load;
mod must;
mod needs;
mod reads;
mod request;
mod requirement;
mod schema;
mod source;
mod weigh;
mod wildcard;

use std::collections::{BTreeSet, HashMap};

use cedar_policy::{Authorizer, PolicyId, PolicySet};

pub use annotation::{ANNOUNCED, Ending, Exemption, Guardrail, Mode};
pub use decision::{Decision, DecisionError, Undecided};
pub use judge::Judge;
pub use load::EXEMPTIONS_FILE;
pub use request::Question;
pub use requirement::{FILE_MAX, Requirement};
pub use schema::{SCHEMA_FILE, SHIPPED_SCHEMA};
pub use source::{Flaw, Source};
pub use weigh::Weighed;

use crate::action::Action;
use crate::capability::RequestContext;
use crate::document::DocumentError;
use crate::facts::{Access, Needs, Texts};
use must::Must;
use reads::Reads;
use request::Vocabulary;

/// A loaded, validated rulebook.
pub struct Rulebook {
    judge: Judge,
    authorizer: Authorizer,
    vocabulary: Vocabulary,
    guardrails: HashMap<PolicyId, Guardrail>,
    /// The ids of all guardrails, those that only other functions judge by among them.
    ids: BTreeSet<String>,
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
    /// What the record alone decides: the policies that need no fact, and of the others their gates, which say whether they could apply.
    by_record: PolicySet,
    /// What each of those certainly asks of the context.
    musts: Vec<Must>,
    /// The policies that need facts.
    by_facts: PolicySet,
    /// What each of these needs.
    needs: HashMap<PolicyId, Needs>,
    /// What all of them read of the context.
    reads: Reads,
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

    /// The same of changes of whose context this is known: what these booleans are, if it has them.
    #[must_use]
    pub fn concerns_where(&self, action: &Action, known: &[(&str, bool)]) -> bool {
        self.concerns.get(action).is_some_and(|concern| concern.musts.iter().any(|must| must.may_hold_where(known)))
    }

    /// The guardrails that could forbid this action on some target, by their ids.
    #[must_use]
    pub fn guardrails_on(&self, action: &Action) -> Vec<&Guardrail> {
        let concern = self.concerns.get(action).into_iter();
        let policies = concern.flat_map(|concern| concern.by_record.policies().chain(concern.by_facts.policies()));
        let mut guardrails: Vec<&Guardrail> = policies.filter_map(|policy| self.guardrails.get(policy.id())).collect();
        guardrails.sort_by(|one, other| one.id.cmp(&other.id));
        guardrails.dedup_by(|one, other| one.id == other.id);
        guardrails
    }

    /// What these policies grant together to whoever `context` says, as guardrails see it.
    ///
    /// # Errors
    ///
    /// If one of them cannot be read: then it is not known what they grant.
    pub fn access(&self, texts: &Texts, context: RequestContext<'_>) -> Result<Access, DocumentError> {
        Access::of(texts, &self.asked, context)
    }

    /// What the guardrails that this function considers require, each once.
    pub fn requirements(&self) -> impl Iterator<Item = &Requirement> {
        self.vocabulary.requirements().iter()
    }

    /// The ids of all guardrails, those among them that only other functions judge by.
    #[must_use]
    pub const fn ids(&self) -> &BTreeSet<String> {
        &self.ids
    }

    /// The guardrails, in no order.
    pub fn guardrails(&self) -> impl Iterator<Item = &Guardrail> {
        self.guardrails.values()
    }

    /// The exemptions, expired ones included, in no order.
    pub fn exemptions(&self) -> impl Iterator<Item = &Exemption> {
        self.exemptions.values()
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
}
