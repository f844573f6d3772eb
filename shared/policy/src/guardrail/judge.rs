//! Who judges by a rulebook: one function, or everyone.
//!
//! Every function judges every event that its rule delivers, and applies its own remedy and no other. For each action one function also
//! reports: it alone makes the case if there is no remedy to make one.

use super::Guardrail;
use crate::action::Action;
use crate::remedy::Remedy;

/// Who judges by a rulebook.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Judge {
    /// All functions at once: what `rescind decide` and `rescind check` show.
    Everyone,
    /// One function.
    Function {
        /// Its name.
        name: &'static str,
        /// The remedy that it applies, if it applies one.
        owns: Option<Remedy>,
    },
}

impl Judge {
    /// The function that owns a remedy.
    #[must_use]
    pub const fn of(remedy: Remedy) -> Self {
        Self::Function { name: remedy.name(), owns: Some(remedy) }
    }

    /// Whether it makes the case of such an action if there is no remedy to make one.
    #[must_use]
    pub fn reports(self, action: &Action) -> bool {
        match self {
            Self::Everyone => true,
            Self::Function { name, .. } => action.reporter == name,
        }
    }

    /// Whether such an action can be its business at all.
    #[must_use]
    pub fn judges(self, action: &Action) -> bool {
        match self {
            Self::Everyone => true,
            Self::Function { owns, .. } => self.reports(action) || owns.is_some_and(|owned| action.remedies.contains(&owned)),
        }
    }

    /// Whether a guardrail on such an action is its business: any guardrail for the function that reports, otherwise one that asks for the
    /// function's own remedy.
    #[must_use]
    pub fn considers(self, action: &Action, guardrail: &Guardrail) -> bool {
        match self {
            Self::Everyone => true,
            Self::Function { owns, .. } => {
                self.reports(action) || owns.is_some_and(|owned| action.remedies.contains(&owned) && guardrail.remedies.contains(&owned))
            }
        }
    }

    /// The remedy of a case about these broken guardrails: the function's own if one of them asks for it; for everyone, the first that is asked for.
    #[must_use]
    pub fn remedy_of(self, guardrails: &[Guardrail]) -> Option<Remedy> {
        let mut asked = guardrails.iter().flat_map(|guardrail| &guardrail.remedies).copied();
        match self {
            Self::Everyone => asked.min(),
            Self::Function { owns, .. } => asked.find(|remedy| Some(*remedy) == owns),
        }
    }
}
