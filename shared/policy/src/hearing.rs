//! A change before the rulebook: from an event to its case, with a pause in which facts can be read.
//!
//! A function reads them from IAM in that pause; the command line, which touches nothing, says that it cannot.

use chrono::{DateTime, Utc};
use thiserror::Error;

use crate::action::Action;
use crate::actor::{Actor, ActorError, ActorKind};
use crate::arn::{AccountId, UniqueId};
use crate::break_glass::{self, BreakGlass, Standing};
use crate::capability::RequestContext;
use crate::case::{self, Case, Opening};
use crate::change::{Change, Claim, Found, Missing};
use crate::document::DocumentError;
use crate::facts::{Access, Facts, Needs, Texts};
use crate::guardrail::{Decision, DecisionError, Guardrail, Mode, Question, Requirement, Rulebook, Weighed};
use crate::own::OwnParts;
use crate::record::{Event, FindingState};
use crate::target::{Identity, IdentityKind};

/// Why an event cannot be judged.
#[derive(Debug, Error)]
pub enum HearingError {
    /// Its actor is impossible.
    #[error(transparent)]
    Actor(#[from] ActorError),
    /// The rulebook gave no answer.
    #[error(transparent)]
    Decision(#[from] DecisionError),
}

/// Everything about an event that is the same for each of its changes.
#[derive(Clone, Copy)]
pub struct Circumstances<'a> {
    rulebook: &'a Rulebook,
    event: &'a Event,
    action: &'static Action,
    actor: &'a Actor,
    break_glass: Standing,
    trusted_accounts: &'a [AccountId],
    own: Option<&'a OwnParts>,
}

impl<'a> Circumstances<'a> {
    /// `break_glass` are the principals that may lift a quarantine.
    #[must_use]
    pub fn of(rulebook: &'a Rulebook, event: &'a Event, action: &'static Action, actor: &'a Actor, break_glass: &[BreakGlass]) -> Self {
        let kind = match actor.kind {
            ActorKind::User => Some(IdentityKind::User),
            ActorKind::Role => Some(IdentityKind::Role),
            ActorKind::Root | ActorKind::Service | ActorKind::Principal => None,
        };
        let standing = |kind| break_glass::standing(break_glass, &actor.account, kind, &actor.name, actor.principal_id.as_deref());
        Self { rulebook, event, action, actor, break_glass: kind.map_or(Standing::Unlisted, standing), trusted_accounts: &[], own: None }
    }

    /// The same with accounts of others that count as trusted.
    #[must_use]
    pub const fn trusting(self, trusted_accounts: &'a [AccountId]) -> Self {
        Self { trusted_accounts, ..self }
    }

    /// The same with the parts of Rescind's own stack.
    #[must_use]
    pub const fn knowing(self, own: &'a OwnParts) -> Self {
        Self { own: Some(own), ..self }
    }

    /// A call that AWS refused makes a case only if a guardrail certainly forbids what was tried, and it is reported at most, like a finding that
    /// no longer stands.
    fn case(&self, change: Option<Change>, decision: Decision, about: &About, mode: Mode, now: DateTime<Utc>) -> Option<Case> {
        let Self { rulebook, event, action, actor, .. } = *self;
        let About { state, part } = about;
        let refused = event.record.error_code.is_some();
        if refused && matches!(decision, Decision::Unknown { .. }) {
            return None;
        }
        let decision = match (refused, state.is_open()) {
            (true, _) => decision.refused(),
            (false, false) => decision.outdated(),
            (false, true) => decision,
        };
        let judge = rulebook.judge();
        let reports = judge.reports(action);
        Case::open(Opening { event, state: *state, part, actor: actor.clone(), change, decision, judge, reports }, mode, now)
    }

    /// When the change was made.
    #[must_use]
    pub const fn time(&self) -> DateTime<Utc> {
        self.event.record.event_time
    }

    /// The address, or the AWS service, the call came from.
    #[must_use]
    pub fn source_ip(&self) -> Option<&'a str> {
        self.actor.source_ip.as_deref()
    }

    /// What these policies grant together at the time of the change, as guardrails see it, to `holder`.
    ///
    /// # Errors
    ///
    /// If one of them cannot be read: then it is not known what they grant.
    pub fn access(&self, texts: &Texts, holder: Option<&Identity>) -> Result<Access, DocumentError> {
        // A group makes no requests: its members do.
        let principal = holder.filter(|holder| holder.kind != IdentityKind::Group);
        let context = RequestContext {
            at: Some(self.time()),
            account: Some((self.event.partition(), self.event.account.as_str())),
            principal: principal.map(|holder| (holder.name.as_str(), holder.id.as_ref().map(UniqueId::as_str))),
        };
        self.rulebook.access(texts, context)
    }

    /// The account and partition in which the change was made.
    #[must_use]
    pub fn home(&self) -> (&'a AccountId, &'static str) {
        (&self.event.account, self.event.partition())
    }

    /// What the rulebook requires.
    pub fn requirements(&self) -> impl Iterator<Item = &'a Requirement> {
        self.rulebook.requirements()
    }

    const fn question<'q>(&self, change: &'q Change, facts: &'q Facts) -> Question<'q>
    where
        'a: 'q,
    {
        let Self { event, action, actor, break_glass, trusted_accounts, own, .. } = *self;
        Question { event, actor, action, change, facts, break_glass, trusted_accounts, own }
    }

    /// Whether the rulebook would let this change stand, made by the same actor at the same time: a remedy that has to choose asks this about
    /// each candidate. A guardrail that only reports lets it stand, and so does one that only observes.
    ///
    /// # Errors
    ///
    /// If the rulebook gave no answer.
    pub fn would_pass(&self, change: &Change, facts: &Facts) -> Result<bool, DecisionError> {
        Ok(self.would_stand(change, Ok(facts))? == Some(true))
    }

    /// The same, or `None` if that cannot be said: because the facts cannot be had, for the reason given, or do not suffice. A remedy that takes
    /// something away because nothing passes has to be sure of it.
    ///
    /// # Errors
    ///
    /// If the rulebook gave no answer.
    pub fn would_stand(&self, change: &Change, facts: Result<&Facts, &str>) -> Result<Option<bool>, DecisionError> {
        let (none, unread) = (Facts::none(), facts.err());
        let facts = facts.unwrap_or(&none);
        let takes_back = |guardrail: &Guardrail| guardrail.mode == Mode::Enforce && !guardrail.remedies.is_empty();
        let mut stands = Some(true);
        for Part { alone, weighed, .. } in self.parts(change)? {
            let decision = self.rulebook.decide(&self.question(alone.as_ref().unwrap_or(change), facts), weighed, unread)?;
            match decision {
                Decision::Forbidden { guardrails, .. } if guardrails.iter().any(takes_back) => return Ok(Some(false)),
                Decision::Allowed | Decision::Exempt { .. } | Decision::Forbidden { undecided: None, .. } => {}
                Decision::Forbidden { .. } | Decision::Unknown { .. } => stands = None,
            }
        }
        Ok(stands)
    }

    /// The facts that the decision about a change depends on.
    ///
    /// # Errors
    ///
    /// If the rulebook gave no answer.
    pub fn needs(&self, change: &Change) -> Result<Needs, DecisionError> {
        let weighed = self.rulebook.weigh(&self.question(change, &Facts::none()))?;
        Ok(weighed.map(|weighed| weighed.needs()).unwrap_or_default())
    }

    /// The change as the rulebook is asked about it, one thing at a time, weighed by the record alone; none of what no guardrail can forbid.
    fn parts(&self, change: &Change) -> Result<Vec<Part>, DecisionError> {
        let several = change.kind().one_by_one();
        let alone = several.map_or_else(|| vec![None], |alone| alone.into_iter().map(Some).collect());
        let mut parts = Vec::new();
        for (place, alone) in alone.into_iter().enumerate() {
            if let Some(weighed) = self.rulebook.weigh(&self.question(alone.as_ref().unwrap_or(change), &Facts::none()))? {
                parts.push(Part { place, alone, weighed });
            }
        }
        Ok(parts)
    }
}

/// A change, or one thing of a change that gives several.
struct Part {
    /// Its place among them.
    place: usize,
    /// The change about this thing alone; `None` of a change that gives one thing only.
    alone: Option<Change>,
    weighed: Weighed,
}

/// A change that is being judged.
pub struct Hearing<'a> {
    circumstances: Circumstances<'a>,
    /// The change, or why the event does not say it.
    claim: Claim,
    about: About,
}

impl<'a> Hearing<'a> {
    /// Opens the hearing of each change that an event is about; none if no guardrail could concern such an action.
    #[must_use]
    pub fn open(circumstances: Circumstances<'a>) -> Vec<Self> {
        let Circumstances { rulebook, event, action, actor, .. } = circumstances;
        if !rulebook.concerns(action) {
            return Vec::new();
        }
        action.claims(event, actor).into_iter().map(|claim| Self::of(circumstances, claim)).collect()
    }

    fn of(circumstances: Circumstances<'a>, claim: Claim) -> Self {
        Self { about: About::of(&claim, circumstances.event), circumstances, claim }
    }

    /// Opens the hearing of a change that the event alone does not say; `None` if no guardrail could concern it.
    #[must_use]
    pub fn about(circumstances: Circumstances<'a>, change: Change) -> Option<Self> {
        let Circumstances { rulebook, action, .. } = circumstances;
        rulebook.concerns(action).then(|| Self::of(circumstances, Claim::Change(change)))
    }

    /// What the event does not say and IAM has to be asked for; [`Self::completed`] takes the answer.
    #[must_use]
    pub const fn missing(&self) -> Option<&Missing> {
        match &self.claim {
            Claim::Missing(missing) => Some(missing),
            Claim::Change(_) | Claim::Unknown(_) => None,
        }
    }

    /// The id of the case that this would be, if what is missing were the whole of it.
    #[must_use]
    pub fn case_id(&self) -> String {
        self.about.case_id(self.circumstances)
    }

    /// The hearing with IAM's answer, or with the reason why there is none. Of a new role, each policy that it got has a hearing of its own.
    #[must_use]
    pub fn completed(self, answer: Result<Found, String>) -> Vec<Self> {
        let Self { circumstances, claim, about } = self;
        let missing = match claim {
            Claim::Missing(missing) => missing,
            claim => return vec![Self { circumstances, claim, about }],
        };
        let reason = missing.reason();
        let changes = answer.and_then(|found| missing.completed(found).ok_or(reason));
        match changes {
            Ok(changes) => changes.into_iter().map(|change| Self::of(circumstances, Claim::Change(change))).collect(),
            Err(reason) => vec![Self { circumstances, claim: Claim::Unknown(reason), about }],
        }
    }

    /// Judges it by the record alone; `None` if there is no case to make, whatever the facts are.
    ///
    /// # Errors
    ///
    /// If the rulebook gave no answer.
    pub fn weigh(self) -> Result<Option<Weighing<'a>>, HearingError> {
        let Self { circumstances, claim, about } = self;
        let subject = match claim {
            Claim::Change(change) => {
                let parts = circumstances.parts(&change)?;
                if parts.is_empty() {
                    return Ok(None);
                }
                Subject::Known(change, parts)
            }
            Claim::Missing(missing) => Subject::Unknown(missing.reason()),
            Claim::Unknown(reason) => Subject::Unknown(reason),
        };
        Ok(Some(Weighing { circumstances, subject, about }))
    }
}

/// A change of which everything is judged that the record alone decides.
pub struct Weighing<'a> {
    circumstances: Circumstances<'a>,
    subject: Subject,
    about: About,
}

/// What makes the case of this change another than that of the event's other changes.
struct About {
    /// Whether the finding still stands, or this part of it: of Health's entities each can be resolved by itself.
    state: FindingState,
    part: String,
}

impl About {
    fn of(claim: &Claim, event: &Event) -> Self {
        let state = match claim {
            Claim::Change(Change::CredentialExposed(exposed)) => exposed.finding.state,
            Claim::Missing(Missing::Owner { finding, .. }) => finding.state,
            Claim::Change(_) | Claim::Missing(_) | Claim::Unknown(_) => event.record.finding_state(),
        };
        Self { state, part: part(claim) }
    }

    fn case_id(&self, circumstances: Circumstances<'_>) -> String {
        let Circumstances { rulebook, event, action, .. } = circumstances;
        let judge = rulebook.judge();
        case::id(event, self.state, &self.part, judge, judge.reports(action))
    }
}

enum Subject {
    Known(Change, Vec<Part>),
    /// The event does not say what changed.
    Unknown(String),
}

impl Weighing<'_> {
    /// The id of the case, if there is one to make.
    #[must_use]
    pub fn case_id(&self) -> String {
        self.about.case_id(self.circumstances)
    }

    /// The change and the facts that the rest of the decision depends on; `None` if it depends on none.
    #[must_use]
    pub fn needs(&self) -> Option<(&Change, Needs)> {
        match &self.subject {
            Subject::Known(change, parts) => Some((change, needs(parts))).filter(|(_, needs)| !needs.is_empty()),
            Subject::Unknown(_) => None,
        }
    }

    /// The case as far as it is certain before any fact is read: that no fact can change that the change is forbidden.
    #[must_use]
    pub fn certain(&self, mode: Mode, now: DateTime<Utc>) -> Option<Case> {
        let Subject::Known(change, parts) = &self.subject else {
            return None;
        };
        // Facts can add a thing that the remedy takes back as well: it does so once, for all of them.
        if parts.len() > 1 && !needs(parts).is_empty() {
            return None;
        }
        let rulebook = self.circumstances.rulebook;
        let decisions = parts.iter().filter_map(|part| Some((part.place, rulebook.certain(&part.weighed)?))).collect();
        let (change, decision) = joined(change, decisions)?;
        self.circumstances.case(Some(change), decision, &self.about, mode, now)
    }

    /// The case; `None` if there is none to make. `facts` are those that [`Self::needs`] named, or why they cannot be had.
    ///
    /// # Errors
    ///
    /// If the rulebook gave no answer.
    pub fn decide(self, facts: Result<&Facts, &str>, mode: Mode, now: DateTime<Utc>) -> Result<Option<Case>, HearingError> {
        let Self { circumstances, subject, about } = self;
        let (change, decision) = match subject {
            Subject::Known(change, parts) => {
                let none = Facts::none();
                let mut decisions = Vec::new();
                for Part { place, alone, weighed } in parts {
                    let question = circumstances.question(alone.as_ref().unwrap_or(&change), facts.unwrap_or(&none));
                    decisions.push((place, circumstances.rulebook.decide(&question, weighed, facts.err())?));
                }
                let Some((change, decision)) = joined(&change, decisions) else {
                    return Ok(None);
                };
                (Some(change.noting(facts.unwrap_or(&none))), decision)
            }
            Subject::Unknown(reason) => {
                let Circumstances { rulebook, event, action, actor, break_glass, .. } = circumstances;
                (None, rulebook.undecidable(action, event, actor, break_glass, reason)?)
            }
        };
        Ok(circumstances.case(change, decision, &about, mode, now))
    }
}

/// The facts that a change needs, whichever of its parts.
fn needs(parts: &[Part]) -> Needs {
    parts.iter().fold(Needs::default(), |needs, part| needs | part.weighed.needs())
}

/// A change with the decision on all of its parts, and what they break; `None` if nothing was decided.
fn joined(change: &Change, decisions: Vec<(usize, Decision)>) -> Option<(Change, Decision)> {
    if decisions.is_empty() {
        return None;
    }
    let ids = |decision: &Decision| {
        let undecided = decision.undecided().into_iter().flat_map(|undecided| &undecided.guardrails);
        decision.guardrails().iter().chain(undecided).map(|guardrail| guardrail.id.clone()).collect()
    };
    let is_exempt = |decision: &Decision| matches!(decision, Decision::Allowed | Decision::Exempt { .. });
    let all_exempt = decisions.iter().all(|(_, decision)| is_exempt(decision));
    let shown = decisions.iter().filter(|(_, decision)| *decision != Decision::Allowed && (all_exempt || !is_exempt(decision)));
    let broken: Vec<(usize, Vec<String>)> = shown.map(|(place, decision)| (*place, ids(decision))).collect();
    let change = change.kind().with_broken(&broken).unwrap_or_else(|| change.clone());
    Some((change, Decision::of_all(decisions.into_iter().map(|(_, decision)| decision).collect())))
}

fn part(claim: &Claim) -> String {
    match claim {
        Claim::Change(change) => change.kind().part(),
        Claim::Missing(missing) => missing.part(),
        Claim::Unknown(reason) => reason.clone(),
    }
}
