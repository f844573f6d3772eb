//! What went wrong, and whether another try can help.
//!
//! Lambda tries an asynchronous invocation again whatever the error, and then hands event and error to the failure queue. The type of
//! the error tells the person who reads that queue what to do: `Retryable.…` can be sent again as it is, `Final.…` will fail again
//! until something is changed.

use std::fmt;

use aws_sdk_iam::config::http::HttpResponse;
use aws_sdk_iam::error::{ProvideErrorMetadata, SdkError};
use lambda_runtime::Diagnostic;
use policy::guardrail::DecisionError;
use policy::hearing::HearingError;
use policy::record::RecordError;
use policy::text::{self, chain, said, speech};
use thiserror::Error;

/// Why an event ended without its remedy and notice.
#[derive(Debug, Error)]
pub enum Error {
    /// The event cannot be read.
    #[error("malformed event: {0}; nothing was changed")]
    Malformed(String),
    /// The event is not about this account, or not from AWS.
    #[error("foreign event: {0}; nothing was changed")]
    Foreign(String),
    /// The rulebook gave no answer.
    #[error("no decision: {0}; nothing was changed; `rescind decide` with this event shows the same")]
    Undecided(#[from] DecisionError),
    /// AWS did not do what was asked.
    #[error(transparent)]
    Aws(#[from] AwsCall),
}

/// An AWS call that failed.
#[derive(Debug, Error)]
#[error("{call} failed ({}): {message}; {}", .failure.word(), .failure.advice())]
pub struct AwsCall {
    /// The call and what it was about.
    pub call: String,
    /// What kind of failure.
    pub failure: Failure,
    /// AWS's own words, fit to be shown.
    pub message: String,
}

/// Kinds of failed calls, by how to react.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Failure {
    /// The role is not allowed to make the call.
    AccessDenied,
    /// Too many calls, past the SDK's own retries.
    Throttled,
    /// No answer: time-out, connection refused or cut.
    Unreachable,
    /// The service failed, or is busy with the same entity.
    ServiceError,
    /// AWS never allows this change.
    Unmodifiable,
    /// The thing is not there.
    NotFound,
    /// One call says that the thing is not there, another that it is: IAM takes seconds until all its answers agree.
    Unsettled,
    /// There is no room for one more.
    Full,
    /// It exists already.
    Exists,
    /// Something else uses it.
    InUse,
    /// There was not enough time for all of it.
    Unfinished,
    /// Somebody else has changed it in the meantime.
    Conflict,
    /// Any other refusal.
    Rejected,
}

impl Failure {
    const fn word(self) -> &'static str {
        match self {
            Self::AccessDenied => "access denied",
            Self::Throttled => "throttled",
            Self::Unreachable => "no answer",
            Self::ServiceError => "service error",
            Self::Unmodifiable => "not modifiable",
            Self::NotFound => "not found",
            Self::Unsettled => "contradictory answers",
            Self::Full => "a quota is used up",
            Self::Exists => "exists already",
            Self::InUse => "in use",
            Self::Unfinished => "out of time",
            Self::Conflict => "changed in the meantime",
            Self::Rejected => "rejected",
        }
    }

    const fn advice(self) -> &'static str {
        match self {
            Self::AccessDenied => "look for a service control policy, permissions boundary or key policy that stops the function's role",
            Self::Throttled | Self::Unreachable | Self::ServiceError | Self::Unsettled | Self::Unfinished | Self::Conflict => {
                "Lambda tries again; if it still fails, send the event again from the queue"
            }
            Self::Unmodifiable | Self::NotFound | Self::Full | Self::Exists | Self::InUse | Self::Rejected => {
                "look at the target, then send the event again from the queue"
            }
        }
    }

    /// Whether the same call can succeed later by itself.
    #[must_use]
    pub const fn is_retryable(self) -> bool {
        matches!(self, Self::Throttled | Self::Unreachable | Self::ServiceError | Self::Unsettled | Self::Unfinished | Self::Conflict)
    }

    fn of_code(code: &str, status: u16) -> Self {
        match code {
            "AccessDenied"
            | "AccessDeniedException"
            | "AuthorizationError"
            | "AuthorizationErrorException"
            | "ExpiredToken"
            | "InvalidClientTokenId"
            | "KMSAccessDenied"
            | "KMSAccessDeniedException"
            | "SignatureDoesNotMatch"
            | "UnrecognizedClientException" => Self::AccessDenied,
            "KMSThrottling"
            | "KMSThrottlingException"
            | "ProvisionedThroughputExceededException"
            | "RequestLimitExceeded"
            | "Throttled"
            | "ThrottledException"
            | "Throttling"
            | "ThrottlingException"
            | "TooManyRequestsException" => Self::Throttled,
            "ConcurrentModification" | "EntityTemporarilyUnmodifiable" | "InternalError" | "ServiceFailure" | "ServiceUnavailable" => {
                Self::ServiceError
            }
            "UnmodifiableEntity" => Self::Unmodifiable,
            "EntityAlreadyExists" => Self::Exists,
            "DeleteConflict" => Self::InUse,
            "ConditionalCheckFailedException" => Self::Conflict,
            "LimitExceeded" => Self::Full,
            "NoSuchEntity" | "ResourceNotFoundException" | "TrailNotFoundException" => Self::NotFound,
            _ if status >= 500 => Self::ServiceError,
            _ => Self::Rejected,
        }
    }
}

/// `None` if AWS says that the thing is not there: an answer, not an error.
///
/// # Errors
///
/// Every other failure.
pub fn found<T>(answer: Result<T, AwsCall>) -> Result<Option<T>, AwsCall> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(call) if call.failure == Failure::NotFound => Ok(None),
        Err(call) => Err(call),
    }
}

/// Names the call that failed.
pub trait Named<T> {
    /// The answer, or the error with the call and what it was about: `iam:DetachUserPolicy on user polsen`.
    ///
    /// # Errors
    ///
    /// That of the call.
    fn named(self, call: &str, about: &dyn fmt::Display) -> Result<T, AwsCall>;
}

impl<T, E> Named<T> for Result<T, SdkError<E, HttpResponse>>
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
{
    fn named(self, call: &str, about: &dyn fmt::Display) -> Result<T, AwsCall> {
        self.map_err(|error| AwsCall::of(format!("{call} {about}").trim_end(), &error))
    }
}

impl AwsCall {
    /// An answer that lacks what it should hold.
    #[must_use]
    pub fn empty(call: String) -> Self {
        Self { call, failure: Failure::ServiceError, message: "IAM's answer is empty".to_owned() }
    }

    /// Names the call that an SDK error belongs to: `iam:DetachUserPolicy on user polsen`.
    #[must_use]
    pub fn of<E>(call: impl Into<String>, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: std::error::Error + ProvideErrorMetadata + 'static,
    {
        let call = call.into();
        match error {
            SdkError::ServiceError(answer) => {
                let code = answer.err().code().unwrap_or_default();
                let status = answer.raw().status().as_u16();
                let words = answer.err().message().filter(|words| !words.is_empty());
                let message = [Some(code).filter(|code| !code.is_empty()).map(text::name), words.map(speech)];
                let message = message.into_iter().flatten().collect::<Vec<_>>().join(" ");
                Self { call, failure: Failure::of_code(code, status), message }
            }
            SdkError::ResponseError(answer) => {
                let message = format!("an answer with status {} that cannot be read", answer.raw().status().as_u16());
                Self { call, failure: Failure::ServiceError, message }
            }
            SdkError::TimeoutError(_) => {
                Self { call, failure: Failure::Unreachable, message: "no answer within the time allowed".to_owned() }
            }
            SdkError::DispatchFailure(failure) => {
                let cause = failure.as_connector_error().map_or_else(String::new, |error| said(&chain(error)));
                Self { call, failure: Failure::Unreachable, message: cause }
            }
            error => Self { call, failure: Failure::Rejected, message: said(&chain(error)) },
        }
    }
}

impl From<RecordError> for Error {
    fn from(error: RecordError) -> Self {
        match error {
            RecordError::Foreign(_) | RecordError::Contradiction(_) => Self::Foreign(error.to_string()),
            RecordError::Envelope(_) | RecordError::Record(_) | RecordError::Account(_) => Self::Malformed(error.to_string()),
        }
    }
}

impl From<HearingError> for Error {
    fn from(error: HearingError) -> Self {
        match error {
            HearingError::Actor(_) => Self::Malformed(error.to_string()),
            HearingError::Decision(error) => Self::Undecided(error),
        }
    }
}

impl Error {
    /// `Final.…` or `Retryable.…`, as it stands in Lambda's `errorType`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "Final.MalformedEvent",
            Self::Foreign(_) => "Final.ForeignEvent",
            Self::Undecided(_) => "Final.Rulebook",
            Self::Aws(call) => match call.failure {
                Failure::AccessDenied => "Final.AccessDenied",
                Failure::Unmodifiable | Failure::NotFound | Failure::Full | Failure::Exists | Failure::InUse | Failure::Rejected => {
                    "Final.Rejected"
                }
                Failure::Throttled => "Retryable.Throttled",
                Failure::Unreachable => "Retryable.Unreachable",
                Failure::ServiceError => "Retryable.ServiceError",
                Failure::Unsettled | Failure::Conflict => "Retryable.Unsettled",
                Failure::Unfinished => "Retryable.Unfinished",
            },
        }
    }
}

impl From<Error> for Diagnostic {
    fn from(error: Error) -> Self {
        Self { error_type: error.kind().to_owned(), error_message: error.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn throttling_is_distinguished_from_a_denial() {
        let kinds = [("Throttling", 400), ("AccessDenied", 403), ("NoSuchEntity", 404), ("Whatever", 503), ("MalformedInput", 400)];
        let kinds = kinds.map(|(code, status)| Failure::of_code(code, status));
        assert_eq!(kinds, [Failure::Throttled, Failure::AccessDenied, Failure::NotFound, Failure::ServiceError, Failure::Rejected]);
    }
}
