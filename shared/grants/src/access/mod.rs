//! AWS's evaluation logic: whether a request is allowed, refused, or granted by nobody, and by which statements.
//!
//! IAM user guide, "Policy evaluation logic". What is easily got wrong is a numbered table of tests in `docs/evaluation.md`.
//!
//! Each statement applies, does not apply, or may apply: a condition key that is not known, or a reading of the language that is disputed,
//! decides nothing. The definite answer counts what may apply only where it denies, the possible one only where it allows.

mod arns;
mod compare;
mod conditions;
mod context;
mod layers;
mod principal;
mod statement;
mod truth;
mod width;
mod written;

use std::fmt;

pub(crate) use compare::moment;
pub use context::Context;
pub use principal::{NoPrincipal, Requester};
pub use width::{Width, width};

use crate::document::{Document, Effect, Patterns};
use truth::Truth;

/// Who asks for what.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// Who asks.
    pub who: Requester<'a>,
    /// The action, such as `s3:GetObject`.
    pub action: &'a str,
    /// The resource's ARN; `*` for an action that has no resource type.
    pub resource: &'a str,
    /// The account that owns the resource. Where neither it nor the ARN tells, it is the requester's own.
    pub resource_account: Option<&'a str>,
    /// The condition keys.
    pub context: Context<'a>,
    /// How disputed points of the language are taken.
    pub reading: Reading,
}

/// How to take what AWS's documentation leaves open.
///
/// That is: a wildcard in an action's service, a `*` that reaches from one segment of an ARN into the next, several values without a
/// qualifier, values that cannot be compared, `Null` on a key whose value is empty.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Reading {
    /// As documented, and where nothing is: no match. Every answer is one answer.
    #[default]
    Documented,
    /// As something unknown: the definite and the possible answer may differ.
    Cautious,
}

impl Reading {
    /// What a disputed point that could match comes to.
    const fn disputed(self, could_match: bool) -> Truth {
        match self {
            Self::Cautious if could_match => Truth::Unknown,
            _ => Truth::False,
        }
    }
}

/// All policies that bear on a request. An empty list is: no such policy.
#[derive(Clone, Copy, Debug, Default)]
pub struct Policies<'p, 'a> {
    /// The requester's own policies, and those of its groups.
    pub identity: &'p [Document<'a>],
    /// Its permissions boundary.
    pub boundary: &'p [Document<'a>],
    /// The policies its session was made with.
    pub session: &'p [Document<'a>],
    /// Service control policies of the requester's account, level by level.
    pub service_control: &'p [Vec<Document<'a>>],
    /// Resource control policies of the resource's account, level by level.
    pub resource_control: &'p [Vec<Document<'a>>],
    /// The resource's own policy; of a role, its trust policy.
    pub resource: Option<&'p Document<'a>>,
}

/// The answer, as IAM's own simulator names it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// Granted, and refused by nobody.
    Allowed,
    /// Refused by a statement.
    ExplicitDeny,
    /// Not granted where it has to be.
    ImplicitDeny,
}

impl Verdict {
    /// `allowed`, `explicitDeny` or `implicitDeny`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::ExplicitDeny => "explicitDeny",
            Self::ImplicitDeny => "implicitDeny",
        }
    }
}

/// Whether a statement's actions name this one; `None` if that is disputed.
#[must_use]
pub fn is_action(patterns: &Patterns<'_>, action: &str) -> Option<bool> {
    match statement::action(patterns, action, Reading::Cautious) {
        Truth::True => Some(true),
        Truth::False => Some(false),
        Truth::Unknown => None,
    }
}

/// A kind of policies.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Layer {
    /// The requester's own.
    Identity,
    /// Its permissions boundary.
    Boundary,
    /// Its session's.
    Session,
    /// Service control policies of one level, counted from the root.
    ServiceControl(usize),
    /// Resource control policies of one level, counted from the root.
    ResourceControl(usize),
    /// The resource's.
    Resource,
}

/// A statement that decided.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Deciding {
    /// Which list of policies it stands in.
    pub layer: Layer,
    /// The policy's place in that list.
    pub policy: usize,
    /// The statement's place in the policy.
    pub statement: usize,
}

impl Deciding {
    /// The policy: `identity:0`, `boundary:0`, `session:0`, `scp:LEVEL:0`, `rcp:LEVEL:0` or `resource:0`.
    #[must_use]
    pub fn policy(&self) -> impl fmt::Display + use<> {
        PolicyName(self.layer, self.policy)
    }
}

struct PolicyName(Layer, usize);

impl fmt::Display for PolicyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(layer, policy) = self;
        match layer {
            Layer::Identity => write!(f, "identity:{policy}"),
            Layer::Boundary => write!(f, "boundary:{policy}"),
            Layer::Session => write!(f, "session:{policy}"),
            Layer::ServiceControl(level) => write!(f, "scp:{level}:{policy}"),
            Layer::ResourceControl(level) => write!(f, "rcp:{level}:{policy}"),
            Layer::Resource => write!(f, "resource:{policy}"),
        }
    }
}

/// An answer with its reasons.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Answer {
    /// Allowed or not.
    pub verdict: Verdict,
    /// The statements that allow or refuse it; none where nothing grants it.
    pub decided_by: Vec<Deciding>,
}

/// The definite and the possible answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Bracket {
    /// What holds whatever the unknown turns out to be, where the question is whether access is certain.
    pub definite: Answer,
    /// The most access that the unknown could leave.
    pub possible: Answer,
}

/// Puts a request to the policies.
#[must_use]
pub fn evaluate(request: &Request<'_>, policies: &Policies<'_, '_>) -> Bracket {
    let outcome = layers::weigh(request, policies);
    Bracket { definite: outcome.answer(Truth::True), possible: outcome.answer(Truth::Unknown) }
}

/// Why a document cannot stand where it was put; AWS refuses to save it there.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Misplaced {
    /// An identity policy, boundary, session policy or SCP names principals.
    NamesPrincipals,
    /// A resource policy names nobody.
    NamesNobody,
    /// An identity policy, boundary, session policy, SCP or RCP has a statement without `Resource`.
    WithoutResource,
    /// An RCP allows something: only AWS's own `RCPFullAWSAccess` does.
    Allows,
}

/// What is wrong with a document in a layer, and in which statement.
#[must_use]
pub fn misplaced(document: &Document<'_>, layer: Layer) -> Option<(usize, Misplaced)> {
    use crate::document::Principals;

    document.statements.iter().enumerate().find_map(|(place, statement)| {
        let names = statement.principals != Principals::Absent;
        let everything = statement.actions.values.iter().any(|action| action == "*");
        let wrong = match layer {
            Layer::Resource => (!names).then_some(Misplaced::NamesNobody),
            Layer::ResourceControl(_) if !names => Some(Misplaced::NamesNobody),
            Layer::ResourceControl(_) if statement.effect == Effect::Allow && !everything => Some(Misplaced::Allows),
            Layer::ResourceControl(_) => statement.resources.is_none().then_some(Misplaced::WithoutResource),
            _ if names => Some(Misplaced::NamesPrincipals),
            _ => statement.resources.is_none().then_some(Misplaced::WithoutResource),
        };
        wrong.map(|wrong| (place, wrong))
    })
}

#[cfg(test)]
mod tests;
