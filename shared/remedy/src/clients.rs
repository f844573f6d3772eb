//! IAM, SNS and the ledger, built once, at init.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_iam::config::retry::RetryConfig;
use aws_sdk_iam::config::timeout::{self, TimeoutConfig};
use aws_sdk_iam::config::{BehaviorVersion, Region, SharedHttpClient};
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};
use aws_types::SdkConfig;
use policy::arn::partition_of;

use crate::elsewhere::Elsewhere;
use crate::environment::{self, Environment};
use crate::ledger::Ledger;
use crate::reading::Reader;
use crate::setting::Writer;

/// The root certificates that `build.rs` picks out.
const AMAZON_ROOTS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/amazon-roots.pem"));

/// Calls of one operation, the first among them. IAM throttles a whole account at once: more would hold up everybody else.
const ATTEMPTS: u32 = 4;
/// For one attempt. IAM answers within a second.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(3);
/// For all attempts of one operation.
const OPERATION_TIMEOUT: Duration = Duration::from_secs(10);
/// The same for the ledger, which answers within milliseconds.
const LEDGER_ATTEMPT_TIMEOUT: Duration = Duration::from_secs(1);
const LEDGER_TIMEOUT: Duration = Duration::from_secs(3);
/// Before the second attempt. All of them have to fit into the time for the operation: throttling is an answer, a time-out is none.
const LEDGER_BACKOFF: Duration = Duration::from_millis(50);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// For one attempt of a command that a person waits for: a page of an account's details can be megabytes.
const CALLER_TIMEOUT: Duration = Duration::from_secs(30);

/// The clients that every function has.
pub struct Clients {
    pub reader: Reader,
    pub writer: Writer,
    pub sns: aws_sdk_sns::Client,
    pub ledger: Ledger,
}

impl Clients {
    pub fn of(environment: &Environment) -> Self {
        let endpoints = [&environment.iam_endpoint, &environment.sns_endpoint, &environment.dynamodb_endpoint];
        // All calls of one event fit into the function's 60 s, so that an error is returned, not lost.
        let timeouts = timeouts(ATTEMPT_TIMEOUT).operation_timeout(OPERATION_TIMEOUT);
        let credentials = SharedCredentialsProvider::new(credentials(&environment.credentials));
        let shared = config(&environment.region, &endpoints, credentials, timeouts).build();
        let mut iam = aws_sdk_iam::config::Builder::from(&shared);
        iam.set_endpoint_url(environment.iam_endpoint.clone());
        let mut sns = aws_sdk_sns::config::Builder::from(&shared);
        sns.set_endpoint_url(environment.sns_endpoint.clone());
        let iam = aws_sdk_iam::Client::from_conf(iam.build());
        let mut dynamodb = aws_sdk_dynamodb::config::Builder::from(&shared);
        dynamodb.set_endpoint_url(environment.dynamodb_endpoint.clone());
        // A remedy does not wait long for the ledger.
        let short = self::timeouts(LEDGER_ATTEMPT_TIMEOUT).operation_timeout(LEDGER_TIMEOUT).build();
        let retries = RetryConfig::standard().with_max_attempts(ATTEMPTS).with_initial_backoff(LEDGER_BACKOFF);
        let dynamodb = aws_sdk_dynamodb::Client::from_conf(dynamodb.timeout_config(short).retry_config(retries).build());
        let mut elsewhere = shared.to_builder();
        elsewhere.set_endpoint_url(environment.other_endpoint.clone());
        let elsewhere = Elsewhere::of(elsewhere.build());
        Self {
            reader: Reader::of(iam.clone()).reaching(elsewhere.clone()),
            writer: Writer::of(iam).reaching(elsewhere),
            sns: aws_sdk_sns::Client::from_conf(sns.build()),
            ledger: Ledger::of(dynamodb, environment.ledger_table.clone(), environment.ledger_days, environment.storm_limit),
        }
    }
}

/// What the clients of a command in somebody's hands are made from: no function's time-out stands over them, and their answers are long.
pub fn config_of_caller(region: &str, credentials: SharedCredentialsProvider, endpoint: Option<String>) -> SdkConfig {
    let mut config = config(region, &[&endpoint], credentials, timeouts(CALLER_TIMEOUT));
    config.set_endpoint_url(endpoint);
    config.build()
}

fn config(
    region: &str,
    endpoints: &[&Option<String>],
    credentials: SharedCredentialsProvider,
    timeouts: timeout::TimeoutConfigBuilder,
) -> aws_types::sdk_config::Builder {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .http_client(http_client(region, endpoints))
        .credentials_provider(credentials)
        .region(Region::new(region.to_owned()))
        // Standard, not adaptive: adaptive retries hold a throttled client to half a call a second and charge five calls for a retry,
        // so that the second attempt comes 8 to 10 s later (measured), past every time-out here. One event at a time needs no such brake.
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
        .timeout_config(timeouts.build())
}

fn timeouts(attempt: Duration) -> timeout::TimeoutConfigBuilder {
    TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).operation_attempt_timeout(attempt)
}

pub fn credentials(keys: &environment::Credentials) -> Credentials {
    Credentials::new(&keys.access_key_id, &keys.secret_access_key, keys.session_token.clone(), None, "environment")
}

/// Amazon's own roots if AWS's own endpoints of the `aws` partition are called, or no TLS is spoken at all. Other partitions, and
/// endpoints that somebody set, may chain to any root: there the system's store is asked, at its price.
fn http_client(region: &str, endpoints: &[&Option<String>]) -> SharedHttpClient {
    let foreign = |endpoint: &&Option<String>| endpoint.as_ref().is_some_and(|url| !url.starts_with("http://"));
    let amazons = partition_of(region) == "aws" && !endpoints.iter().any(foreign);
    let roots = if amazons { TrustStore::empty().with_pem_certificate(AMAZON_ROOTS) } else { TrustStore::default() };
    let mut http = aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring));
    if let Ok(context) = TlsContext::builder().with_trust_store(roots).build() {
        http = http.tls_context(context);
    }
    http.build_https()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_five_roots_are_there() {
        let pem = String::from_utf8(AMAZON_ROOTS.to_vec()).unwrap();
        assert_eq!(pem.matches("BEGIN CERTIFICATE").count(), 5);
    }
}
