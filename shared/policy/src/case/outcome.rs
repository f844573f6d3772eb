//! What came of a remedy.

use serde::{Deserialize, Serialize};

use super::{Call, CredentialReport, Receipt};
use crate::remedy::Remedy;

/// What happened to a remedy.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The change was taken back.
    Applied,
    /// Nothing was left to take back.
    AlreadyClean,
    /// Not enforcing: nothing was done. Version 1 of Rescind's cases also had `requested`, for a remedy left to another function.
    #[serde(alias = "requested")]
    Observed,
    /// An exemption covers the change.
    Exempt,
    /// Rescind cannot take it back: a person has to.
    Unremediable,
    /// AWS refused the remedy.
    Failed,
    /// AWS had refused the change itself: there was never anything to take back.
    Attempted,
    /// Its guardrails had too many remedies within an hour: it stands, and is judged again when the hour is over.
    Held,
}

impl Outcome {
    /// Every outcome, from the one that needs a person most.
    pub const ALL: [Self; 8] =
        [Self::Failed, Self::Held, Self::Unremediable, Self::Applied, Self::Observed, Self::Exempt, Self::Attempted, Self::AlreadyClean];

    /// As it stands in a case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::AlreadyClean => "already-clean",
            Self::Observed => "observed",
            Self::Exempt => "exempt",
            Self::Unremediable => "unremediable",
            Self::Failed => "failed",
            Self::Attempted => "attempted",
            Self::Held => "held",
        }
    }
}

/// What came of one remedy.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct RemedyOutcome {
    /// Which remedy.
    pub remedy: Remedy,
    /// What came of it.
    pub outcome: Outcome,
    /// In words, if the outcome alone does not say enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The calls that changed something, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<Call>,
    /// The calls that would have been made, in order: of a remedy that was only observed, or held.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub would: Vec<Call>,
    /// How to give back what was taken, call by call, in the order of the undoing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub undo: Vec<Receipt>,
    /// Whether Rescind could do it, and must not: nobody should.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub spared: bool,
    /// What is known about the credential, and what it could do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<CredentialReport>,
}

impl RemedyOutcome {
    /// An outcome without a call.
    #[must_use]
    pub const fn without_call(remedy: Remedy, outcome: Outcome, detail: Option<String>) -> Self {
        Self { remedy, outcome, detail, calls: Vec::new(), would: Vec::new(), undo: Vec::new(), spared: false, report: None }
    }
}
