//! What Lambda puts on the event bus when a function has answered: the cases of one of Rescind's functions, with what they ask of others.
//!
//! AWS Lambda developer guide, "Capturing records of Lambda asynchronous invocations". Anybody who may put events can put one that looks the
//! same: what a case asks for is done only where its seal is right.

use aws_lambda_events::event::eventbridge::EventBridgeEvent;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::Case;
use crate::arn::AccountId;
use crate::record::RecordError;
use crate::text::quoted;

/// The event's `detail-type`.
pub const DETAIL_TYPE: &str = "Lambda Function Invocation Result - Success";

/// A function's answer.
#[derive(Debug)]
pub struct Invocation {
    /// The account of the function.
    pub account: AccountId,
    /// The function that answered, as the event says: not proof of it.
    pub function_arn: String,
    /// The cases that it made.
    pub cases: Vec<Case>,
}

impl Invocation {
    /// Reads such an event; `None` where it is another kind of event.
    ///
    /// # Errors
    ///
    /// Where it says that it is one, and is not as Lambda writes them.
    pub fn read(json: &str) -> Result<Option<Self>, RecordError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Detail {
            request_context: RequestContext,
            response_payload: Answer,
        }

        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct RequestContext {
            function_arn: String,
        }

        #[derive(Deserialize)]
        struct Answer {
            cases: Vec<Case>,
        }

        let envelope: EventBridgeEvent<Box<RawValue>> = serde_json::from_str(json).map_err(RecordError::Envelope)?;
        if envelope.detail_type != DETAIL_TYPE {
            return Ok(None);
        }
        if envelope.source != "lambda" {
            return Err(RecordError::Foreign(format!("its source is {}, and Lambda's is `lambda`", quoted(&envelope.source))));
        }
        let account = AccountId::new(&envelope.account.unwrap_or_default())?;
        let detail: Detail = serde_json::from_str(envelope.detail.get()).map_err(RecordError::Record)?;
        Ok(Some(Self { account, function_arn: detail.request_context.function_arn, cases: detail.response_payload.cases }))
    }
}
