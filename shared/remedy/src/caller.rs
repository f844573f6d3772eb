//! Who runs a command: the credentials, region and endpoints of the environment, under the names that the AWS CLI knows.

use aws_credential_types::provider::SharedCredentialsProvider;
use aws_types::SdkConfig;
use policy::arn::partition_of;
use thiserror::Error;

use crate::clients;
use crate::environment::Credentials;
use crate::error::AwsCall;
use crate::reading::Reader;
use crate::setting::Writer;

/// Why a command did not get from AWS what it asked for.
#[derive(Debug, Error)]
pub enum CallerError {
    /// The environment holds no credentials.
    #[error(
        "no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, as `aws configure export-credentials --format env` prints them"
    )]
    Credentials,
    /// AWS did not do what was asked.
    #[error("{} failed: {}", .0.call, .0.message)]
    Aws(AwsCall),
}

impl From<AwsCall> for CallerError {
    fn from(call: AwsCall) -> Self {
        Self::Aws(call)
    }
}

/// Somebody with credentials. `V` gives the value of an environment variable.
pub struct Caller<V> {
    variable: V,
    region: String,
    credentials: SharedCredentialsProvider,
}

impl<V: Fn(&str) -> Option<String>> Caller<V> {
    /// Whom the environment describes.
    ///
    /// # Errors
    ///
    /// [`CallerError::Credentials`] if it does not.
    pub fn of(variable: V) -> Result<Self, CallerError> {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let keys = Credentials {
            access_key_id: set("AWS_ACCESS_KEY_ID").ok_or(CallerError::Credentials)?,
            secret_access_key: set("AWS_SECRET_ACCESS_KEY").ok_or(CallerError::Credentials)?,
            session_token: set("AWS_SESSION_TOKEN"),
        };
        let region = home_region(set("AWS_REGION").or_else(|| set("AWS_DEFAULT_REGION")));
        Ok(Self { credentials: SharedCredentialsProvider::new(clients::credentials(&keys)), variable, region })
    }

    /// What a client of a service is made from. The service goes by its id in capitals, as in `AWS_ENDPOINT_URL_<service>`.
    #[must_use]
    pub fn config(&self, service: &str) -> SdkConfig {
        let set = |name: &str| (self.variable)(name).filter(|value| !value.is_empty());
        let endpoint = set(&format!("AWS_ENDPOINT_URL_{service}")).or_else(|| set("AWS_ENDPOINT_URL"));
        clients::config_of_caller(&self.region, self.credentials.clone(), endpoint)
    }

    /// IAM, for reading.
    #[must_use]
    pub fn reader(&self) -> Reader {
        Reader::of(self.iam())
    }

    /// IAM, for changing something.
    #[must_use]
    pub fn writer(&self) -> Writer {
        Writer::of(self.iam())
    }

    fn iam(&self) -> aws_sdk_iam::Client {
        aws_sdk_iam::Client::new(&self.config("IAM"))
    }
}

/// Where IAM of a partition is, and with it Rescind, whichever region one works in.
fn home_region(region: Option<String>) -> String {
    let home = match region.as_deref().map_or("aws", partition_of) {
        "aws" => "us-east-1",
        "aws-us-gov" => "us-gov-west-1",
        "aws-cn" => "cn-north-1",
        _ => return region.unwrap_or_default(),
    };
    home.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(set: &'static [(&'static str, &'static str)]) -> Result<Caller<impl Fn(&str) -> Option<String>>, CallerError> {
        Caller::of(|name: &str| set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn without_credentials_nobody_calls() {
        for set in [&[][..], &[("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")], &[("AWS_ACCESS_KEY_ID", ""), ("AWS_SECRET_ACCESS_KEY", "")]] {
            assert!(matches!(caller(set), Err(CallerError::Credentials)));
        }
    }

    #[test]
    fn a_service_s_own_endpoint_wins() {
        let caller = caller(&[
            ("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY", "not-a-secret"),
            ("AWS_ENDPOINT_URL", "http://all"),
            ("AWS_ENDPOINT_URL_IAM", "http://iam"),
        ])
        .unwrap();
        assert_eq!(caller.config("IAM").endpoint_url(), Some("http://iam"));
        assert_eq!(caller.config("CLOUDWATCH_LOGS").endpoint_url(), Some("http://all"));
    }

    #[test]
    fn whichever_region_one_works_in_iam_is_at_home() {
        let regions = [None, Some("eu-west-1"), Some("us-gov-east-1"), Some("cn-northwest-1"), Some("us-iso-east-1")];
        let homes = regions.map(|region| home_region(region.map(str::to_owned)));
        assert_eq!(homes, ["us-east-1", "us-east-1", "us-gov-west-1", "cn-north-1", "us-iso-east-1"]);
    }
}
