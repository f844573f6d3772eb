//! What the rulebook says of a change.

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Exemption, Guardrail, Mode};
use crate::severity::Severity;
use crate::text::said;

/// What the rulebook says of a change.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
pub enum Decision {
    /// No guardrail is broken.
    Allowed,
    /// Guardrails are broken, and an exemption covers the change.
    Exempt {
        /// The broken guardrails, the gravest first.
        guardrails: Vec<Guardrail>,
        /// What covers the change.
        exemption: Exemption,
        /// Those that may be broken as well.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        undecided: Option<Undecided>,
    },
    /// Guardrails are broken.
    Forbidden {
        /// The broken guardrails: those that are enforced first, the gravest of them first.
        guardrails: Vec<Guardrail>,
        /// Those that may be broken as well.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        undecided: Option<Undecided>,
    },
    /// Nothing is certain: the change, or a fact about it, cannot be determined.
    Unknown {
        /// The guardrails that could be broken.
        guardrails: Vec<Guardrail>,
        /// Why it cannot be determined.
        reason: String,
    },
}

/// Guardrails that could not be decided beside others that were.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Undecided {
    /// The guardrails that could be broken.
    pub guardrails: Vec<Guardrail>,
    /// Why it cannot be determined.
    pub reason: String,
}

impl Decision {
    /// The decision on a change that was judged one thing at a time: as forbidden as the most forbidden of them. What one of them is exempt from,
    /// another may break.
    #[must_use]
    pub fn of_all(decisions: Vec<Self>) -> Self {
        let (mut broken, mut maybe, mut reasons, mut exempt) = (Vec::new(), Vec::new(), Vec::new(), None);
        for decision in decisions {
            match decision {
                Self::Allowed => {}
                Self::Forbidden { guardrails, undecided } => {
                    broken.extend(guardrails);
                    if let Some(Undecided { guardrails, reason }) = undecided {
                        maybe.extend(guardrails);
                        reasons.push(reason);
                    }
                }
                Self::Unknown { guardrails, reason } => {
                    maybe.extend(guardrails);
                    reasons.push(reason);
                }
                covered @ Self::Exempt { .. } => exempt = exempt.or(Some(covered)),
            }
        }
        let (mut broken, mut maybe) = (distinct(broken), distinct(maybe));
        maybe.retain(|guardrail| !broken.contains(guardrail));
        let reason = distinct(reasons).join("; ");
        sort(&mut broken);
        sort(&mut maybe);
        match (broken.is_empty(), maybe.is_empty()) {
            (true, true) => exempt.unwrap_or(Self::Allowed),
            (true, false) => Self::Unknown { guardrails: maybe, reason },
            (false, true) => Self::Forbidden { guardrails: broken, undecided: None },
            (false, false) => Self::Forbidden { guardrails: broken, undecided: Some(Undecided { guardrails: maybe, reason }) },
        }
    }

    /// The guardrails that are broken, or, if nothing is certain, that may be.
    #[must_use]
    pub fn guardrails(&self) -> &[Guardrail] {
        match self {
            Self::Allowed => &[],
            Self::Exempt { guardrails, .. } | Self::Forbidden { guardrails, .. } | Self::Unknown { guardrails, .. } => guardrails,
        }
    }

    pub(crate) fn guardrails_mut(&mut self) -> &mut [Guardrail] {
        match self {
            Self::Allowed => &mut [],
            Self::Exempt { guardrails, .. } | Self::Forbidden { guardrails, .. } | Self::Unknown { guardrails, .. } => guardrails,
        }
    }

    /// The guardrails that could not be decided beside those that were.
    #[must_use]
    pub const fn undecided(&self) -> Option<&Undecided> {
        match self {
            Self::Exempt { undecided, .. } | Self::Forbidden { undecided, .. } => undecided.as_ref(),
            Self::Allowed | Self::Unknown { .. } => None,
        }
    }

    /// The same decision on a call that AWS refused: it changed nothing, so there is no remedy, and it is as grave as `@refused` says.
    #[must_use]
    pub fn refused(self) -> Self {
        self.reported_only(|guardrail| guardrail.refused.unwrap_or(Severity::Low))
    }

    /// The same decision on a finding that no longer stands: without a remedy, and of low severity, whatever the rulebook says.
    #[must_use]
    pub fn outdated(self) -> Self {
        self.reported_only(|_| Severity::Low)
    }

    fn reported_only(mut self, severity: impl Fn(&Guardrail) -> Severity) -> Self {
        if let Self::Exempt { undecided, .. } | Self::Forbidden { undecided, .. } = &mut self {
            *undecided = None;
        }
        if let Self::Exempt { guardrails, .. } | Self::Forbidden { guardrails, .. } | Self::Unknown { guardrails, .. } = &mut self {
            for guardrail in guardrails.iter_mut() {
                guardrail.severity = severity(guardrail);
                guardrail.remedies.clear();
            }
            sort(guardrails);
        }
        self
    }

    /// The guardrail that a case is known by.
    #[must_use]
    pub fn lead(&self) -> Option<&Guardrail> {
        self.guardrails().first().or_else(|| self.undecided()?.guardrails.first())
    }
}

fn distinct<T: PartialEq>(all: Vec<T>) -> Vec<T> {
    let mut distinct = Vec::new();
    for one in all {
        if !distinct.contains(&one) {
            distinct.push(one);
        }
    }
    distinct
}

/// Enforced before observed, then the gravest, then by name: the same order for the same guardrails.
pub(super) fn sort(guardrails: &mut [Guardrail]) {
    guardrails.sort_by(|a, b| key(a).cmp(&key(b)));
}

fn key(guardrail: &Guardrail) -> (bool, Reverse<Severity>, &str) {
    (guardrail.mode == Mode::Observe, Reverse(guardrail.severity), &guardrail.id)
}

/// Why there is no decision.
#[derive(Debug, Error)]
pub enum DecisionError {
    /// Cedar could not evaluate a policy.
    #[error("a guardrail or exemption could not be evaluated: {}", said(.0))]
    Evaluation(String),
    /// The change does not fit the schema.
    #[error("the change does not fit the schema: {}", said(.0))]
    Request(String),
}
