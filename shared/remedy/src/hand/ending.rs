//! What came of a remedy.

use policy::case::{Call, CredentialReport};

/// What came of a remedy.
#[derive(Debug)]
pub struct Ending {
    pub(crate) came: Came,
    pub(crate) detail: Option<String>,
    pub(crate) report: Option<CredentialReport>,
    pub(crate) by_hand: Vec<Call>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Came {
    Done,
    Clean,
    Unremediable,
    Spared,
}

impl Ending {
    const fn new(came: Came, detail: Option<String>) -> Self {
        Self { came, detail, report: None, by_hand: Vec::new() }
    }

    /// The steps were made. The hand has recorded them.
    #[must_use]
    pub const fn done() -> Self {
        Self::new(Came::Done, None)
    }

    /// Nothing was left to do; why.
    #[must_use]
    pub const fn clean(why: String) -> Self {
        Self::new(Came::Clean, Some(why))
    }

    /// Rescind cannot do it; why.
    #[must_use]
    pub const fn unremediable(why: String) -> Self {
        Self::new(Came::Unremediable, Some(why))
    }

    /// Rescind could do it, and must not: nobody should; why.
    #[must_use]
    pub const fn spared(why: String) -> Self {
        Self::new(Came::Spared, Some(why))
    }

    /// Whether steps were made.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.came == Came::Done
    }

    /// What there is to say about it.
    #[must_use]
    pub fn why(&self) -> Option<&str> {
        self.detail.as_deref()
    }

    /// The same with something to say about it.
    #[must_use]
    pub fn saying(self, detail: Option<String>) -> Self {
        let both = [self.detail, detail].into_iter().flatten().collect::<Vec<_>>().join("; ");
        Self { detail: Some(both).filter(|both| !both.is_empty()), ..self }
    }

    /// The same with the calls that a person can make instead.
    #[must_use]
    pub fn with_calls(self, by_hand: Vec<Call>) -> Self {
        Self { by_hand, ..self }
    }

    /// The same with a report on the credential.
    #[must_use]
    pub fn with_report(self, report: CredentialReport) -> Self {
        Self { report: Some(report), ..self }
    }
}
