//! IAM as it was: rebuilt from CloudTrail's records in order of time, over an account's details of another day if there are any. It is asked by the code that
//! asks IAM itself in a function.

mod answer;
mod deed;
mod details;
mod state;
mod xml;

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_sdk_iam::config::retry::RetryConfig;
use aws_sdk_iam::config::{BehaviorVersion, Credentials, Region};
use aws_smithy_runtime_api::client::http::{HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use chrono::{TimeDelta, Utc};
use policy::arn::{AccountId, PolicyArn, path_of};
use policy::change::{Found, Gives, Missing};
use policy::facts::{Facts, Needs};
use policy::hearing::Circumstances;
use policy::target::Identity;
use policy::{Change, Event};
use remedy::reading::facts::Background;
use remedy::reading::{Reader, facts, missing};
use serde_json::Value;
use tokio::runtime::Runtime;

use answer::{Archive, Question, Refusal};
pub use deed::Deed;
pub use details::DetailsError;
pub use state::Sure;

/// Nobody is denied anything by a policy that Rescind had not yet made.
const DENY_WITHOUT_MFA: &str = "arn:aws:iam::aws:policy/rescind-denies-without-mfa";

/// The accounts of a history, each at the moment to which it has been told.
pub struct Past {
    desk: Desk,
    reader: Reader,
    runtime: Runtime,
    deny_without_mfa: PolicyArn,
}

/// Where questions are answered.
#[derive(Clone, Default)]
struct Desk(Arc<Mutex<Books>>);

#[derive(Default)]
struct Books {
    archive: Archive,
    /// The account that is asked about.
    about: Option<AccountId>,
    /// What nobody has said, and an answer would have needed.
    unknown: Option<String>,
}

impl Past {
    /// Nothing is known of any account.
    pub fn new() -> io::Result<Self> {
        let desk = Desk::default();
        let config = aws_sdk_iam::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("us-east-1"))
            .credentials_provider(Credentials::new("replay", "replay", None, None, "replay"))
            .retry_config(RetryConfig::disabled())
            .http_client(desk.clone())
            .build();
        Ok(Self {
            desk,
            reader: Reader::of(aws_sdk_iam::Client::from_conf(config)),
            runtime: crate::live::runtime()?,
            deny_without_mfa: PolicyArn::new(DENY_WITHOUT_MFA).map_err(io::Error::other)?,
        })
    }

    /// Takes an account as `aws iam get-account-authorization-details` prints it for what it was all along, until records say otherwise.
    pub fn assume(&self, details: &str) -> Result<(), DetailsError> {
        let (account, read) = details::read(details)?;
        self.books().archive.accounts.insert(account, read);
        Ok(())
    }

    /// What is known of each account, in the JSON of its details; whoever is not known wholly is left out.
    pub fn details(&self) -> Vec<(AccountId, Value)> {
        let accounts = &self.books().archive.accounts;
        accounts.iter().map(|(whose, account)| (whose.clone(), details::write(whose, account))).collect()
    }

    /// Whether somebody has read any account.
    pub fn has_details(&self) -> bool {
        self.books().archive.accounts.values().any(|account| account.is_read)
    }

    /// Takes back what a call did: for the way from what an account is to what it was.
    pub fn undo(&self, event: &Event) {
        if let Some(deed) = Deed::of(event)
            && let Some(account) = self.books().archive.accounts.get_mut(&event.account)
        {
            account.undo(deed, event.record.event_time);
        }
    }

    /// Does what a call did, and notes whatever else its record says of whoever made it.
    pub fn apply(&self, event: &Event) {
        self.books().apply(event);
    }

    /// The facts that are needed, and how sure they are; or why they cannot be had.
    pub fn facts(&self, circumstances: Circumstances<'_>, change: &Change, needs: Needs) -> Result<(Facts, Sure), String> {
        let (account, _) = circumstances.home();
        let replaced = match change.kind().gives() {
            Gives::Version(set) => self.books().archive.replaced(account, set.policy_arn.as_str()),
            _ => None,
        };
        let background = Background { break_glass: &[], deny_without_mfa: &self.deny_without_mfa, replaced: replaced.as_deref() };
        self.ask(account, || self.runtime.block_on(facts::read(&self.reader, circumstances, change, needs, background)))
    }

    /// What an event does not say, and how sure it is; or why it cannot be had.
    pub fn missing(&self, account: &AccountId, missing: &Missing) -> Result<(Found, Sure), String> {
        // Whatever it says, the past does not change any more: nothing waits for it.
        let long_ago = Utc::now() - TimeDelta::hours(1);
        self.ask(account, || self.runtime.block_on(missing::read(&self.reader, missing, long_ago)))
    }

    fn ask<T, E: fmt::Display>(
        &self,
        account: &AccountId,
        read: impl FnOnce() -> Result<Result<T, String>, E>,
    ) -> Result<(T, Sure), String> {
        {
            let mut books = self.books();
            books.about = Some(account.clone());
            books.unknown = None;
            books.archive.sure = Sure::Certain;
        }
        let answer = read();
        let books = self.books();
        match (&books.unknown, answer) {
            (Some(what), _) => Err(format!("neither the records nor the account's details say {what}")),
            (None, Ok(Ok(answer))) => Ok((answer, books.archive.sure)),
            (None, Ok(Err(why))) => Err(why),
            (None, Err(error)) => Err(error.to_string()),
        }
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.desk.books()
    }
}

/// The user or role that made a call in its own account, with its unique id and path.
fn caller(event: &Event) -> Option<(Identity, &str, String)> {
    let identity = &event.record.user_identity;
    let (arn, id) = match &identity.session_context.as_ref().and_then(|session| session.session_issuer.as_ref()) {
        Some(issuer) => (issuer.arn.as_deref()?, issuer.principal_id.as_deref()?),
        None if identity.kind.as_deref() == Some("IAMUser") => (identity.arn.as_deref()?, identity.principal_id.as_deref()?),
        None => return None,
    };
    let mut parts = arn.splitn(6, ':').skip(4);
    let (account, resource) = (parts.next()?, parts.next()?);
    let who = Identity::of_resource(resource).filter(|_| account == event.account.as_str())?;
    Some((who, id, path_of(arn).to_owned()))
}

impl Desk {
    fn books(&self) -> MutexGuard<'_, Books> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Books {
    fn apply(&mut self, event: &Event) {
        let at = event.record.event_time;
        let account = self.archive.accounts.entry(event.account.clone()).or_default();
        account.partition = event.partition();
        if let Some((who, id, path)) = caller(event) {
            account.learn(&who, id, &path, at);
        }
        if let Some(deed) = Deed::of(event) {
            account.apply(deed, at);
        }
    }

    /// IAM's answer: its status, and its body.
    fn answer(&mut self, body: &[u8]) -> (u16, String) {
        let Some(account) = self.about.clone() else {
            return (500, String::new());
        };
        match self.archive.answer(&account, &Question::read(&String::from_utf8_lossy(body))) {
            Ok(xml) => (200, xml),
            Err(Refusal::Gone(_)) => (404, refused("NoSuchEntity")),
            Err(Refusal::Unknown(what)) => {
                self.unknown.get_or_insert(what);
                (400, refused("Unknown"))
            }
        }
    }
}

fn refused(code: &str) -> String {
    format!("<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message/></Error></ErrorResponse>")
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Desk")
    }
}

impl HttpConnector for Desk {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (status, body) = self.books().answer(request.body().bytes().unwrap_or_default());
        HttpConnectorFuture::ready(match StatusCode::try_from(status) {
            Ok(status) => Ok(HttpResponse::new(status, SdkBody::from(body))),
            Err(error) => Err(ConnectorError::other(error.into(), None)),
        })
    }
}

impl HttpClient for Desk {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

#[cfg(test)]
mod tests;
