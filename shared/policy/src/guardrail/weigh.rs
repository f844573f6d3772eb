//! From a change to the rulebook's decision, in two passes.
//!
//! The first pass has the record alone. It decides every guardrail and exemption that asks for no fact, and rules out, by their gates (see
//! `gate`), those of the others that cannot apply whatever the facts are. The second pass has the facts that the rest asks for. Whatever
//! the first pass decided stands, even if no fact can be read.

use cedar_policy::{Policy, PolicyId, PolicySet};

use super::decision::{self, Decision, DecisionError, Undecided};
use super::request::{Question, Translated};
use super::{Concern, Exemption, Guardrail, Rulebook, gate};
use crate::action::Action;
use crate::actor::Actor;
use crate::break_glass::Standing;
use crate::facts::Needs;
use crate::record::Event;

/// What the record decides about a change, and what it leaves open.
pub struct Weighed {
    translated: Translated,
    guardrails: Passed,
    exemptions: Passed,
    needs: Needs,
}

/// What a pass over policies says.
#[derive(Default)]
struct Passed {
    /// Those that apply.
    certain: Vec<PolicyId>,
    /// Those that may apply: it depends on facts.
    open: Vec<PolicyId>,
}

impl Passed {
    const fn is_empty(&self) -> bool {
        self.certain.is_empty() && self.open.is_empty()
    }
}

impl Weighed {
    /// The facts that the decision still depends on.
    #[must_use]
    pub const fn needs(&self) -> Needs {
        self.needs
    }
}

impl Concern {
    /// The policies themselves, and not the gates of those that need facts.
    fn whole_policies(&self) -> impl Iterator<Item = &Policy> {
        self.by_record.policies().filter(|policy| !self.needs.contains_key(policy.id())).chain(self.by_facts.policies())
    }
}

impl Rulebook {
    /// Weighs a change by its record alone; `None` if no guardrail can be broken, whatever the facts are.
    ///
    /// # Errors
    ///
    /// If Cedar could not evaluate a guardrail or exemption.
    pub fn weigh(&self, question: &Question<'_>) -> Result<Option<Weighed>, DecisionError> {
        let Some(concern) = self.concerns.get(question.action) else {
            return Ok(None);
        };
        let outline = self.vocabulary.outline(question);
        if !concern.musts.iter().any(|must| must.may_hold(&outline)) {
            return Ok(None);
        }
        let translated = self.translate(concern, question)?;
        let guardrails = self.first_pass(concern, &translated)?;
        if guardrails.is_empty() {
            return Ok(None);
        }
        let exemptions = self.first_pass(&self.permits, &translated)?;
        // Whether one has ended is judged by the time of the change, not of its delivery.
        let at = question.event.record.event_time;
        let applies = |id: &PolicyId| self.exemptions.get(id).is_some_and(|exemption| exemption.applies_at(at));
        let exemptions = Passed {
            certain: exemptions.certain.into_iter().filter(applies).collect(),
            open: exemptions.open.into_iter().filter(applies).collect(),
        };
        let open = |passed: &Passed, concern: &Concern| {
            passed.open.iter().filter_map(|id| concern.needs.get(id)).fold(Needs::default(), |needs, more| needs | *more)
        };
        let needs = (open(&guardrails, concern) | open(&exemptions, &self.permits)) & translated.unread;
        Ok(Some(Weighed { translated, guardrails, exemptions, needs }))
    }

    /// The guardrails that the record alone says are broken, unless an exemption covers the change, or could.
    #[must_use]
    pub fn certain(&self, weighed: &Weighed) -> Option<Decision> {
        let guardrails = self.named(&weighed.guardrails.certain);
        (weighed.exemptions.is_empty() && !guardrails.is_empty()).then_some(Decision::Forbidden { guardrails, undecided: None })
    }

    /// The decision on a change, with the facts of the question. `unread` says why facts that it depends on are missing, if they are.
    ///
    /// # Errors
    ///
    /// If Cedar could not evaluate a guardrail or exemption. Then there is no decision, and nothing may be considered allowed.
    pub fn decide(&self, question: &Question<'_>, weighed: Weighed, unread: Option<&str>) -> Result<Decision, DecisionError> {
        let Some(concern) = self.concerns.get(question.action) else {
            return Ok(Decision::Allowed);
        };
        let Weighed { translated, guardrails, exemptions, needs } = weighed;
        let (guardrails, exemptions) = if needs.is_empty() && guardrails.open.is_empty() && exemptions.open.is_empty() {
            (guardrails, exemptions)
        } else {
            let translated = if needs.is_empty() { translated } else { self.translate(concern, question)? };
            let guardrails = self.second_pass(concern, guardrails, &translated)?;
            (guardrails, self.second_pass(&self.permits, exemptions, &translated)?)
        };
        let reason = || unread.unwrap_or("facts that a guardrail or exemption depends on were not read").to_owned();
        let broken = self.named(&guardrails.certain);
        let open = self.named(&guardrails.open);
        if let Some(exemption) = self.covering(&exemptions.certain)
            && !guardrails.is_empty()
        {
            let undecided = undecided(open, reason);
            return Ok(Decision::Exempt { guardrails: broken, exemption: exemption.clone(), undecided });
        }
        Ok(match (broken.is_empty(), open.is_empty()) {
            (true, true) => Decision::Allowed,
            // An exemption that cannot be decided may cover all of them.
            _ if broken.is_empty() || !exemptions.open.is_empty() => {
                let mut guardrails = [broken, open].concat();
                decision::sort(&mut guardrails);
                Decision::Unknown { guardrails, reason: reason() }
            }
            _ => Decision::Forbidden { guardrails: broken, undecided: undecided(open, reason) },
        })
    }

    /// The decision on an event of this action that does not say what changed: any of the guardrails that concern it may be broken, unless who
    /// called, and how, rules it out. An exemption for the actor covers them.
    ///
    /// # Errors
    ///
    /// If Cedar could not evaluate a guardrail or exemption.
    pub fn undecidable(
        &self,
        action: &Action,
        event: &Event,
        actor: &Actor,
        break_glass: Standing,
        reason: String,
    ) -> Result<Decision, DecisionError> {
        let Some(concern) = self.concerns.get(action) else {
            return Ok(Decision::Allowed);
        };
        let (request, entities) = self.vocabulary.of_actor(action, event, actor, break_glass)?;
        let open = |concern: &Concern, whole: bool| {
            let mut gates = PolicySet::new();
            for policy in concern.whole_policies() {
                let json = policy.to_json().map_err(|error| DecisionError::Evaluation(error.to_string()))?;
                let gate = gate::of_actor(&json);
                if !whole || gate == json {
                    let gate = Policy::from_json(Some(policy.id().clone()), gate);
                    let gate = gate.map_err(|error| DecisionError::Evaluation(error.to_string()))?;
                    gates.add(gate).map_err(|error| DecisionError::Evaluation(error.to_string()))?;
                }
            }
            satisfied(&self.authorizer.is_authorized(&request, &gates, &entities))
        };
        let guardrails = self.named(&open(concern, false)?);
        if guardrails.is_empty() {
            return Ok(Decision::Allowed);
        }
        let mut exemptions = open(&self.permits, true)?;
        exemptions.retain(|id| self.exemptions.get(id).is_some_and(|exemption| exemption.applies_at(event.record.event_time)));
        Ok(match self.covering(&exemptions) {
            Some(exemption) => {
                let undecided = Some(Undecided { guardrails, reason });
                Decision::Exempt { guardrails: Vec::new(), exemption: exemption.clone(), undecided }
            }
            None => Decision::Unknown { guardrails, reason },
        })
    }

    /// The request as far as these policies and the exemptions read it.
    fn translate(&self, concern: &Concern, question: &Question<'_>) -> Result<Translated, DecisionError> {
        self.vocabulary.translate(question, &|name| concern.reads.contains(name) || self.permits.reads.contains(name))
    }

    fn first_pass(&self, concern: &Concern, Translated { request, entities, .. }: &Translated) -> Result<Passed, DecisionError> {
        let satisfied = satisfied(&self.authorizer.is_authorized(request, &concern.by_record, entities))?;
        let (open, certain) = satisfied.into_iter().partition(|id| concern.needs.contains_key(id));
        Ok(Passed { certain, open })
    }

    /// Decides those that are open, as far as the facts that they ask for are there.
    fn second_pass(&self, concern: &Concern, first: Passed, translated: &Translated) -> Result<Passed, DecisionError> {
        let Translated { request, entities, unread } = translated;
        let Passed { mut certain, open } = first;
        if open.is_empty() {
            return Ok(Passed { certain, open });
        }
        let is_unread = |id: &PolicyId| concern.needs.get(id).is_none_or(|needs| !(*needs & *unread).is_empty());
        let (open, read): (Vec<_>, Vec<_>) = open.into_iter().partition(is_unread);
        let satisfied = satisfied(&self.authorizer.is_authorized(request, &concern.by_facts, entities))?;
        certain.extend(read.into_iter().filter(|id| satisfied.contains(id)));
        Ok(Passed { certain, open })
    }

    /// The guardrails with these ids, in the order in which they are shown.
    fn named(&self, ids: &[PolicyId]) -> Vec<Guardrail> {
        let mut guardrails: Vec<Guardrail> = ids.iter().filter_map(|id| self.guardrails.get(id)).cloned().collect();
        decision::sort(&mut guardrails);
        guardrails
    }

    /// The first of these exemptions by name.
    fn covering(&self, ids: &[PolicyId]) -> Option<&Exemption> {
        ids.iter().filter_map(|id| self.exemptions.get(id)).min_by(|a, b| a.id.cmp(&b.id))
    }
}

fn undecided(guardrails: Vec<Guardrail>, reason: impl Fn() -> String) -> Option<Undecided> {
    (!guardrails.is_empty()).then(|| Undecided { guardrails, reason: reason() })
}

/// The policies that decided, or the error that kept one from deciding.
fn satisfied(response: &cedar_policy::Response) -> Result<Vec<PolicyId>, DecisionError> {
    let diagnostics = response.diagnostics();
    let error = diagnostics.errors().next().map(|error| DecisionError::Evaluation(error.to_string()));
    error.map_or_else(|| Ok(diagnostics.reason().cloned().collect()), Err)
}
