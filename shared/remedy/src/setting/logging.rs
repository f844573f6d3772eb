//! Whether a trail logs.

use std::fmt;

use policy::case::Call;
use policy::text;

use super::{Home, Live, Setting, Writer};
use crate::error::{AwsCall, Failure, Named as _};
use crate::reading::Reader;

/// Whether a trail logs. Rescind only starts one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Logging {
    /// The trail, by its name or ARN.
    pub trail: String,
    /// The region that it is in.
    pub region: String,
}

impl fmt::Display for Logging {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "logging of trail {}", text::name(&self.trail))
    }
}

impl Setting for Logging {
    type Value = bool;

    fn holder(&self) -> String {
        format!("trail {}", text::name(&self.trail))
    }

    fn call(&self, logs: &bool) -> Option<Call> {
        logs.then(|| Call::to("cloudtrail", "StartLogging", &[("Name", &self.trail), ("Region", &self.region)]))
    }

    fn parse(call: &Call, _: Home<'_>) -> Option<(Self, bool)> {
        let it = Self { trail: call.parameter("Name")?.to_owned(), region: call.parameter("Region")?.to_owned() };
        (it.call(&true).as_ref() == Some(call)).then_some((it, true))
    }

    fn words(logs: &bool) -> &'static str {
        if *logs { "on" } else { "off" }
    }

    async fn get(&self, reader: &Reader) -> Result<Live<bool>, AwsCall> {
        let call = "cloudtrail:GetTrailStatus of";
        let status = reader.elsewhere().cloudtrail(&self.region, call)?.get_trail_status().name(&self.trail).send().await;
        match status.named(call, &text::name(&self.trail)) {
            Ok(status) => Ok(Live::Is(status.is_logging() == Some(true))),
            Err(error) if error.failure == Failure::NotFound => Ok(Live::Gone),
            Err(error) => Err(error),
        }
    }

    async fn set(&self, writer: &Writer, _: &bool) -> Result<(), AwsCall> {
        let call = "cloudtrail:StartLogging of";
        let started = writer.elsewhere().cloudtrail(&self.region, call)?.start_logging().name(&self.trail).send().await;
        started.named(call, &text::name(&self.trail)).map(drop)
    }
}
