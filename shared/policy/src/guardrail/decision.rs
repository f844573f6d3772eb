//! What the rulebook says of a change.

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Exemption, Guardrail, Mode};
use crate::severity::Severity;
use crate::text::shown;

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
    },
    /// Guardrails are broken.
    Forbidden {
        /// The broken guardrails: those that are enforced first, the gravest of them first.
        guardrails: Vec<Guardrail>,
    },
    /// The change cannot be determined, so any of the guardrails may be broken.
    Unknown {
        /// The guardrails that could be broken.
        guardrails: Vec<Guardrail>,
        /// Why it cannot be determined.
        reason: String,
    },
}

impl Decision {
    /// The guardrails that are, or may be, broken.
    #[must_use]
    pub fn guardrails(&self) -> &[Guardrail] {
        match self {
            Self::Allowed => &[],
            Self::Exempt { guardrails, .. } | Self::Forbidden { guardrails } | Self::Unknown { guardrails, .. } => guardrails,
        }
    }

    /// The guardrail that a case is known by.
    #[must_use]
    pub fn lead(&self) -> Option<&Guardrail> {
        self.guardrails().first()
    }
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
    #[error("a guardrail or exemption could not be evaluated: {}", shown(.0))]
    Evaluation(String),
    /// The change does not fit the schema.
    #[error("the change does not fit the schema: {}", shown(.0))]
    Request(String),
}
