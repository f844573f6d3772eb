//! From the text of a rulebook to one that can be asked; or everything that is wrong with it.

use std::collections::{BTreeSet, HashMap};
use std::str::FromStr;

use cedar_policy::{ActionConstraint, Authorizer, Effect, EntityUid, Policy, PolicyId, PolicySet, ValidationMode, Validator};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::annotation::{self, Ending, Guardrail, Mistake};
use super::must::Must;
use super::needs;
use super::reads::Reads;
use super::schema::{SCHEMA_FILE, vocabulary};
use super::source::{Flaw, Source};
use super::wildcard::Loose;
use super::{Concern, Judge, Requirement, Rulebook, aim, asked, conflict, fold, gate, wildcard};
use crate::action::Action;
use crate::facts::Needs;
use crate::remedy::Remedy;

/// The file that holds the exemptions; every other `*.cedar` file holds guardrails.
pub const EXEMPTIONS_FILE: &str = "exemptions.cedar";

/// One policy with where it stands.
struct Placed<'a> {
    source: &'a Source,
    /// Byte range of its text in the file.
    start: usize,
    end: usize,
    policy: Policy,
}

impl Placed<'_> {
    /// A flaw at one of the policy's annotations, or at its start.
    fn flaw(&self, key: Option<&str>, message: impl Into<String>) -> Flaw {
        let text = self.source.text.get(self.start..self.end).unwrap_or_default();
        let at = key.and_then(|key| text.find(&format!("@{key}"))).unwrap_or(0);
        self.source.flaw(self.start + at, message)
    }

    /// A flaw at a pattern that lets too much through. The same pattern may also stand where it is harmless: in the `when` before.
    fn loose(&self, Loose { pattern, help }: &Loose) -> Flaw {
        let text = self.source.text.get(self.start..self.end).unwrap_or_default();
        let at = text.rfind(&format!("\"{pattern}\"")).unwrap_or(0);
        let message = format!(
            "`{pattern}` lets more through than it seems to: `*` also matches colons and slashes, and whoever creates a role or policy chooses its path"
        );
        self.source.flaw(self.start + at, message).with_help(*help)
    }

    fn mistakes(&self, mistakes: Vec<Mistake>) -> impl Iterator<Item = Flaw> {
        mistakes.into_iter().map(|(key, message, help)| {
            let flaw = self.flaw(key.as_deref(), message);
            Flaw { help, ..flaw }
        })
    }
}

impl Rulebook {
    /// Loads a rulebook: one exemptions file (by its name), a schema file that may be there, and the guardrails in all other files.
    ///
    /// # Errors
    ///
    /// Everything that is wrong, in the order of files and lines: syntax, types, annotations, and guardrails that could not do what they say.
    pub fn load(sources: &[Source]) -> Result<Self, Vec<Flaw>> {
        Self::load_for(sources, Judge::Everyone)
    }

    /// Loads what one function judges by: the policies that could concern the events it receives, validated for the actions that it judges. It
    /// parses the others and no more, which halves a function's init: each of them is validated by the functions that judge by it, and all of them,
    /// for every action, by [`Self::load`].
    ///
    /// # Errors
    ///
    /// As [`Self::load`].
    pub fn load_for(sources: &[Source], judge: Judge) -> Result<Self, Vec<Flaw>> {
        let actions: Vec<&'static Action> = Action::all().filter(|action| judge.judges(action)).collect();
        let actions = actions.as_slice();
        let mut flaws = Vec::new();
        let vocabulary = vocabulary(sources, actions, &mut flaws)?;
        let mut parsed = 0;
        let validator = Validator::new(vocabulary.schema().clone());
        let mut rulebook = Self {
            judge,
            authorizer: Authorizer::new(),
            vocabulary,
            guardrails: HashMap::new(),
            ids: BTreeSet::new(),
            concerns: HashMap::new(),
            exemptions: HashMap::new(),
            permits: Concern::default(),
            asked: Vec::new(),
        };
        let mut required = Vec::new();
        for source in sources.iter().filter(|source| source.file_name() != SCHEMA_FILE && !source.is_text_of_a_guard()) {
            let effect = if source.file_name() == EXEMPTIONS_FILE { Effect::Permit } else { Effect::Forbid };
            for placed in policies(source, effect, &mut flaws) {
                parsed += usize::from(effect == Effect::Forbid);
                rulebook.ids.extend(placed.policy.annotation("id").filter(|_| effect == Effect::Forbid).map(str::to_owned));
                match rulebook.is_for_others(&placed, sources) {
                    Ok(true) => continue,
                    Ok(false) => {}
                    Err(found) => {
                        flaws.extend(found);
                        continue;
                    }
                }
                validate(&validator, &placed, &mut flaws);
                match rulebook.take(&placed, sources) {
                    Ok(requirement) => {
                        required
                            .extend(requirement.map(|(requirement, actions)| (placed.flaw(Some("requires"), ""), requirement, actions)));
                    }
                    Err(found) => flaws.extend(found),
                }
            }
        }
        if parsed == 0 && flaws.is_empty() {
            let nowhere = Source { name: sources.first().map_or_else(String::new, |source| source.name.clone()), text: String::new() };
            flaws.push(
                nowhere
                    .flaw(0, "the rulebook holds no guardrail")
                    .with_help("an empty rulebook would forbid nothing: add a `forbid` policy"),
            );
        }
        if flaws.is_empty() && judge == Judge::Everyone {
            for (at, requirement, actions) in required {
                let forbidden = conflict::of(&rulebook, &requirement, &actions);
                flaws.extend(forbidden.map(|guardrail| {
                    let message = format!(
                        "`{requirement}` is required here, and the guardrail `{guardrail}` takes it back from whoever puts it there"
                    );
                    Flaw { message, ..at }.with_help("except it there by its name, or require something else")
                }));
            }
        }
        if flaws.is_empty() {
            return Ok(rulebook);
        }
        // Cedar says the same of each action that a policy covers: once is enough.
        flaws.sort_by(|a, b| (&a.file, a.line, a.column, &a.help, &a.message).cmp(&(&b.file, b.line, b.column, &b.help, &b.message)));
        flaws.dedup_by(|a, b| a.help.is_some() && (&a.file, a.line, a.column, &a.help) == (&b.file, b.line, b.column, &b.help));
        Err(flaws)
    }

    /// Exemptions that a person should renew or remove, because they have ended or will within 30 days: the first to end comes first.
    #[must_use]
    pub fn ending(&self, now: DateTime<Utc>) -> Vec<Ending<'_>> {
        let mut ending: Vec<_> = self.exemptions.values().filter_map(|exemption| Ending::of(exemption, now)).collect();
        ending.sort_by_key(|ending| (ending.days_left, &ending.exemption.id));
        ending
    }

    /// Takes a policy into the rulebook; of a guardrail that requires something, that and the actions that take it away.
    fn take(&mut self, placed: &Placed<'_>, sources: &[Source]) -> Result<Option<(Requirement, Vec<&'static Action>)>, Vec<Flaw>> {
        let one = |flaw: Flaw| vec![flaw];
        let mut json = placed.policy.to_json().map_err(|error| one(placed.flaw(None, error.to_string())))?;
        if let Some(requires) = placed.policy.annotation("requires") {
            require(&mut json, requires.trim());
        }
        let mut needs = needs::of_policy(&json).map_err(|reason| one(placed.flaw(None, reason)))?;
        needs.guards &=
            self.vocabulary.actions().any(|action| TAKEN_BY_FACTS.contains(&action.name) && self.covers(&placed.policy, action));
        let asked = asked::of_policy(&json).map_err(|reason| one(placed.flaw(None, reason)))?;
        let loose: Vec<Flaw> = wildcard::of_policy(&json).iter().map(|pattern| placed.loose(pattern)).collect();
        if !loose.is_empty() {
            return Err(loose);
        }
        self.asked.extend(asked);
        fold::policy(&mut json).map_err(|reason| one(placed.flaw(None, reason)))?;
        let gate = (!needs.is_empty()).then(|| gate::of_policy(&json));
        let must = Must::of_policy(gate.as_ref().unwrap_or(&json));
        let looks = Looks { needs, reads: Reads::of_policy(&json), gate, must };
        let is_aimed = self.judge == Judge::Everyone && aim::is_at_quarantines(&json);
        let folded = |id: &str| Policy::from_json(Some(PolicyId::new(id)), json).map_err(|error| one(placed.flaw(None, error.to_string())));
        if placed.policy.effect() == Effect::Permit {
            let exemption = annotation::exemption(&placed.policy).map_err(|mistakes| placed.mistakes(mistakes).collect::<Vec<_>>())?;
            let policy = folded(&exemption.id)?;
            if self.exemptions.contains_key(policy.id()) {
                return Err(one(repeated(placed, &exemption.id)));
            }
            self.permits.add(policy.clone(), &looks).map_err(|error| one(placed.flaw(None, error)))?;
            self.exemptions.insert(policy.id().clone(), exemption);
            return Ok(None);
        }
        let guardrail = annotation::guardrail(&placed.policy, sources).map_err(|mistakes| placed.mistakes(mistakes).collect::<Vec<_>>())?;
        if is_aimed {
            check_aim(placed, &guardrail).map_err(one)?;
        }
        let policy = folded(&guardrail.id)?;
        if self.guardrails.contains_key(policy.id()) {
            return Err(one(repeated(placed, &guardrail.id)));
        }
        let actions: Vec<&'static Action> = self.vocabulary.actions().filter(|action| self.covers(&policy, action)).collect();
        check_remedies(placed, &guardrail, &actions).map_err(one)?;
        if let Some(requires) = &guardrail.requires {
            if let Some(misfit) = requires.misfit(&actions) {
                return Err(one(placed
                    .flaw(Some("requires"), misfit)
                    .with_help("narrow the guardrail's actions to those that take it away")));
            }
            self.vocabulary.require(requires);
        }
        let required = guardrail.requires.clone().map(|requires| (requires, actions.clone()));
        for action in actions.into_iter().filter(|action| self.judge.considers(action, &guardrail)) {
            let concern = self.concerns.entry(action).or_default();
            concern.add(policy.clone(), &looks).map_err(|error| one(placed.flaw(None, error)))?;
        }
        self.guardrails.insert(policy.id().clone(), guardrail);
        Ok(required)
    }

    /// Whether a policy is the business of other functions alone. One that names an unknown action is everybody's: it is an error.
    fn is_for_others(&self, placed: &Placed<'_>, sources: &[Source]) -> Result<bool, Vec<Flaw>> {
        if self.judge == Judge::Everyone {
            return Ok(false);
        }
        let policy = &placed.policy;
        let known = |uid: &EntityUid| {
            let name: &str = uid.id().as_ref();
            self.vocabulary.is_group(uid) || Action::named(name).is_some()
        };
        let all_known = match policy.action_constraint() {
            ActionConstraint::Any => true,
            ActionConstraint::Eq(uid) => known(&uid),
            ActionConstraint::In(uids) => uids.iter().all(known),
        };
        let mut covered = self.vocabulary.actions().filter(|action| self.covers(policy, action)).peekable();
        if !all_known || policy.effect() == Effect::Permit {
            return Ok(all_known && covered.peek().is_none());
        }
        let guardrail = annotation::guardrail(policy, sources).map_err(|mistakes| placed.mistakes(mistakes).collect::<Vec<_>>())?;
        Ok(!covered.any(|action| self.judge.considers(action, &guardrail)))
    }

    fn covers(&self, policy: &Policy, action: &Action) -> bool {
        let groups = self.vocabulary.action_with_groups(action);
        match policy.action_constraint() {
            ActionConstraint::Any => true,
            ActionConstraint::Eq(uid) => groups.contains(&uid),
            ActionConstraint::In(uids) => uids.iter().any(|uid| groups.contains(uid)),
        }
    }
}

/// What a policy looks at.
struct Looks {
    /// The facts.
    needs: Needs,
    /// The members of the context.
    reads: Reads,
    /// The same policy as far as it needs no fact, if it needs any.
    gate: Option<Value>,
    must: Must,
}

impl Concern {
    fn add(&mut self, policy: Policy, looks: &Looks) -> Result<(), String> {
        self.musts.push(looks.must.clone());
        self.reads.extend(&looks.reads);
        let Some(gate) = &looks.gate else {
            return self.by_record.add(policy).map_err(|error| error.to_string());
        };
        let gate = Policy::from_json(Some(policy.id().clone()), gate.clone()).map_err(|error| error.to_string())?;
        self.needs.insert(policy.id().clone(), looks.needs);
        self.by_record.add(gate).map_err(|error| error.to_string())?;
        self.by_facts.add(policy).map_err(|error| error.to_string())
    }
}

/// The calls of which the record alone does not say what they take away.
const TAKEN_BY_FACTS: [&str; 3] = ["PutUserPermissionsBoundary", "PutRolePermissionsBoundary", "RemoveUserFromGroup"];

/// Adds to a policy's JSON form that the change takes away what is required. The schema has `removes` for every action that a guardrail with
/// `@requires` may cover.
fn require(policy: &mut Value, requires: &str) {
    let removes = json!({ ".": { "left": { "Var": "context" }, "attr": "removes" } });
    let body = json!({ "contains": { "left": removes, "right": { "Value": requires } } });
    if let Some(conditions) = policy.get_mut("conditions").and_then(Value::as_array_mut) {
        conditions.push(json!({ "kind": "when", "body": body }));
    }
}

fn repeated(placed: &Placed<'_>, id: &str) -> Flaw {
    placed.flaw(Some("id"), format!("the id `{id}` is used twice")).with_help("a case is known by its guardrail's id: give each its own")
}

fn check_remedies(placed: &Placed<'_>, guardrail: &Guardrail, actions: &[&Action]) -> Result<(), Flaw> {
    for remedy in &guardrail.remedies {
        if let Some(action) = actions.iter().find(|action| !action.remedies.contains(remedy)) {
            let message = format!("the remedy `{}` cannot answer {}", remedy.name(), action.name);
            return Err(placed
                .flaw(Some("remedy"), message)
                .with_help("narrow the guardrail's actions, or leave `@remedy` out to get a notice only"));
        }
    }
    Ok(())
}

/// Remedies that take policies from people.
const TAKES_POLICIES: [Remedy; 2] = [Remedy::DetachPolicy, Remedy::DeleteInlinePolicy];

fn check_aim(placed: &Placed<'_>, guardrail: &Guardrail) -> Result<(), Flaw> {
    let Some(remedy) = guardrail.remedies.iter().find(|remedy| TAKES_POLICIES.contains(remedy)) else {
        return Ok(());
    };
    let message =
        format!("the remedy `{}` would undo what `quarantine-principal` does: this forbids Rescind's own quarantines", remedy.name());
    Err(placed.flaw(Some("remedy"), message).with_help(
        "leave `@remedy` out to get a notice only, or except them: `unless { context.policy.name like \"RescindQuarantine*\" }`",
    ))
}

/// The policies of one file, in the order in which they stand there.
fn policies<'a>(source: &'a Source, wanted: Effect, flaws: &mut Vec<Flaw>) -> Vec<Placed<'a>> {
    let set = match PolicySet::from_str(&source.text) {
        Ok(set) => set,
        Err(errors) => {
            flaws.extend(errors.iter().map(|error| source.diagnostic(error)));
            return Vec::new();
        }
    };
    for template in set.templates() {
        let at = source.text.find(&template.to_cedar()).unwrap_or(0);
        flaws.push(
            source
                .flaw(at, "a template cannot be a guardrail or exemption")
                .with_help("write out what stands for `?principal` or `?resource`"),
        );
    }
    let mut placed = in_place(source, &set);
    placed.retain(|placed| {
        let right = placed.policy.effect() == wanted;
        if !right {
            flaws.push(match wanted {
                Effect::Forbid => placed
                    .flaw(None, "a guardrail is a `forbid` policy")
                    .with_help(format!("a `permit` belongs in {EXEMPTIONS_FILE}, where it is an exemption")),
                Effect::Permit => placed
                    .flaw(None, "an exemption is a `permit` policy")
                    .with_help("a `forbid` belongs in any other *.cedar file, where it is a guardrail"),
            });
        }
        right
    });
    placed
}

/// Finds each policy's text after the one before it, so that two alike are distinguished.
fn in_place<'a>(source: &'a Source, set: &PolicySet) -> Vec<Placed<'a>> {
    // Cedar numbers the policies of a text: `policy0`, `policy1`, …
    let nth = |policy: &&Policy| -> usize {
        let id: &str = policy.id().as_ref();
        id.trim_start_matches("policy").parse().unwrap_or(usize::MAX)
    };
    let mut policies: Vec<&Policy> = set.policies().collect();
    policies.sort_by_key(nth);
    let mut end = 0;
    let mut placed = Vec::new();
    for policy in policies {
        let text = policy.to_cedar().unwrap_or_default();
        let start = end + source.text.get(end..).and_then(|rest| rest.find(&text)).unwrap_or(0);
        end = start + text.len();
        placed.push(Placed { source, start, end, policy: policy.clone() });
    }
    placed
}

fn validate(validator: &Validator, placed: &Placed<'_>, flaws: &mut Vec<Flaw>) {
    let Ok(alone) = PolicySet::from_policies([placed.policy.clone()]) else {
        flaws.push(placed.flaw(None, "this policy could not be read on its own"));
        return;
    };
    let result = validator.validate(&alone, ValidationMode::Strict);
    flaws.extend(result.validation_errors().map(|error| placed.source.diagnostic(error)));
    // A warning says that a policy can never apply, or that its text deceives the eye: in a guardrail both are errors.
    flaws.extend(result.validation_warnings().map(|warning| placed.source.diagnostic(warning)));
}
