//! What comes of an event, or of a tick.

use policy::Case;
use serde::Serialize;

use crate::error::Error;
use crate::log;

/// What a function returns: the cases that an event made.
#[derive(Debug, Serialize)]
pub struct Cases {
    /// None if no guardrail is broken, or all cases are other functions'.
    pub cases: Vec<Case>,
}

/// What came of several changes: one that failed does not hold up another, and fails the whole in the end.
#[derive(Default)]
pub struct Results {
    cases: Vec<Case>,
    failure: Option<Error>,
}

impl Results {
    pub fn add(&mut self, result: Result<Option<Case>, Error>) {
        match result {
            Ok(case) => self.cases.extend(case),
            Err(error) => match &self.failure {
                // Only one error can be returned.
                Some(_) => log::failed(&error),
                None => self.failure = Some(error),
            },
        }
    }

    pub fn into_cases(self) -> Result<Cases, Error> {
        match self.failure {
            Some(failure) => Err(failure),
            None => Ok(Cases { cases: self.cases }),
        }
    }
}
