//! Whether a rule of EventBridge is enabled.

use std::fmt;

use aws_sdk_eventbridge::types::RuleState as State;
use policy::case::Call;
use policy::text;

use super::{Home, Live, Setting, Writer};
use crate::error::{AwsCall, Failure, Named as _};
use crate::reading::Reader;

/// Whether a rule of the default event bus is enabled. Rescind only enables one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RuleState {
    /// The rule's name.
    pub rule: String,
}

impl fmt::Display for RuleState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rule {}", text::name(&self.rule))
    }
}

impl Setting for RuleState {
    type Value = bool;

    fn holder(&self) -> String {
        self.to_string()
    }

    fn call(&self, enabled: &bool) -> Option<Call> {
        enabled.then(|| Call::to("events", "EnableRule", &[("Name", &self.rule)]))
    }

    fn parse(call: &Call, _: Home<'_>) -> Option<(Self, bool)> {
        let it = Self { rule: call.parameter("Name")?.to_owned() };
        (it.call(&true).as_ref() == Some(call)).then_some((it, true))
    }

    fn words(enabled: &bool) -> &'static str {
        if *enabled { "enabled" } else { "disabled" }
    }

    async fn get(&self, reader: &Reader) -> Result<Live<bool>, AwsCall> {
        let call = "events:DescribeRule";
        let rule = reader.elsewhere().events(call)?.describe_rule().name(&self.rule).send().await;
        match rule.named(call, &text::name(&self.rule)) {
            Ok(rule) => Ok(Live::Is(rule.state() != Some(&State::Disabled))),
            Err(error) if error.failure == Failure::NotFound => Ok(Live::Gone),
            Err(error) => Err(error),
        }
    }

    async fn set(&self, writer: &Writer, _: &bool) -> Result<(), AwsCall> {
        let call = "events:EnableRule";
        writer.elsewhere().events(call)?.enable_rule().name(&self.rule).send().await.named(call, &text::name(&self.rule)).map(drop)
    }
}
