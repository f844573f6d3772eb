//! Services other than IAM, for the one function that changes something there. A client is made when it is used: no other function has one.

use aws_types::SdkConfig;
use aws_types::region::Region;

use crate::error::{AwsCall, Failure};

/// What clients of other services are made from; a command in somebody's hands has nothing.
#[derive(Clone, Debug)]
pub struct Elsewhere(Option<SdkConfig>);

impl Elsewhere {
    /// Nothing.
    #[must_use]
    pub const fn none() -> Self {
        Self(None)
    }

    /// With this configuration.
    #[must_use]
    pub const fn of(config: SdkConfig) -> Self {
        Self(Some(config))
    }

    fn config(&self, call: &str) -> Result<&SdkConfig, AwsCall> {
        self.0.as_ref().ok_or_else(|| AwsCall {
            call: call.to_owned(),
            failure: Failure::Rejected,
            message: "only the function makes this call".to_owned(),
        })
    }

    /// `CloudTrail` in this region, in which the trail is.
    pub(crate) fn cloudtrail(&self, region: &str, call: &str) -> Result<aws_sdk_cloudtrail::Client, AwsCall> {
        let config = aws_sdk_cloudtrail::config::Builder::from(self.config(call)?).region(Region::new(region.to_owned()));
        Ok(aws_sdk_cloudtrail::Client::from_conf(config.build()))
    }

    /// `CloudFormation` in the stack's region.
    pub(crate) fn cloudformation(&self, call: &str) -> Result<aws_sdk_cloudformation::Client, AwsCall> {
        Ok(aws_sdk_cloudformation::Client::new(self.config(call)?))
    }

    /// `EventBridge` in the stack's region.
    pub(crate) fn events(&self, call: &str) -> Result<aws_sdk_eventbridge::Client, AwsCall> {
        Ok(aws_sdk_eventbridge::Client::new(self.config(call)?))
    }
}
