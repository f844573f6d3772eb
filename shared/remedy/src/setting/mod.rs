//! Something in an account that is one way or another: a policy attached or not, a key active or not, the text of an inline policy.
//!
//! What Rescind does is always the same: one thing is one way, and should be another. So the call, its inverse, the check whether anything
//! moved and the words for it are not separate pieces of code, but one setting with two values. Each setting has a file here, which alone
//! knows its calls.

mod attachment;
mod boundary;
mod credential_status;
mod default_version;
mod inline_policy;
mod logging;
mod login;
mod managed_policy;
mod membership;
mod password_policy;
mod rule_state;
mod trust;
mod writer;

use std::fmt;
use std::future::Future;

use policy::Case;
use policy::arn::AccountId;
use policy::case::Call;
use policy::containment;
use policy::target::{Identity, IdentityKind};

pub use attachment::Attachment;
pub use boundary::Boundary;
pub use credential_status::{CredentialStatus, Status};
pub use default_version::DefaultVersion;
pub use inline_policy::InlinePolicy;
pub use logging::Logging;
pub use login::Login;
pub use managed_policy::ManagedPolicy;
pub use membership::Membership;
pub use password_policy::PasswordPolicy;
pub use rule_state::RuleState;
pub use trust::Trust;
pub use writer::Writer;

use crate::error::AwsCall;
use crate::reading::Reader;

/// The account that calls are made in: what a call does not say about itself.
#[derive(Clone, Copy, Debug)]
pub struct Home<'a> {
    /// The account.
    pub account: &'a AccountId,
    /// Its partition.
    pub partition: &'a str,
}

impl<'a> Home<'a> {
    /// The account of a case.
    #[must_use]
    pub fn of(case: &'a Case) -> Self {
        Self { account: &case.account, partition: &case.partition }
    }
}

/// How a setting is now.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Live<V> {
    /// It has this value.
    Is(V),
    /// There is nothing that could have the setting: the user, the key or the group is gone.
    Gone,
    /// IAM says "not found", and not what: a second read decides ([`Setting::resolve`]).
    Unclear,
}

/// Something in an account that is one way or another.
pub trait Setting: Clone + fmt::Display {
    /// The ways that it can be.
    type Value: Clone + PartialEq;

    /// What has to exist so that there is such a setting at all: `user polsen`.
    fn holder(&self) -> String;

    /// Whose it is, if its calls say the unique id.
    fn whom(&self) -> Option<&Identity> {
        None
    }

    /// The call that sets it to a value; `None` if no call can.
    fn call(&self, value: &Self::Value) -> Option<Call>;

    /// Reads back what [`Self::call`] wrote, to the letter, and nothing else.
    fn parse(call: &Call, home: Home<'_>) -> Option<(Self, Self::Value)>;

    /// The other value, if there are only two.
    #[must_use]
    fn opposite(_: &Self::Value) -> Option<Self::Value> {
        None
    }

    /// Whether two values mean the same.
    fn is_same(one: &Self::Value, other: &Self::Value) -> bool {
        one == other
    }

    /// Whether the step destroys the only copy of what its undo needs.
    #[must_use]
    fn is_only_copy(_from: &Self::Value, _to: &Self::Value) -> bool {
        false
    }

    /// A value in words: `attached`, `not attached`.
    fn words(value: &Self::Value) -> &'static str;

    /// How it is now, with one read.
    fn get(&self, reader: &Reader) -> impl Future<Output = Result<Live<Self::Value>, AwsCall>>;

    /// How it is now, with a second read if the first is unclear. Never [`Live::Unclear`].
    fn resolve(&self, reader: &Reader) -> impl Future<Output = Result<Live<Self::Value>, AwsCall>> {
        self.get(reader)
    }

    /// Why it cannot be set to a value, if something that it needs is gone.
    fn obstacle(&self, _: &Reader, _: &Self::Value) -> impl Future<Output = Result<Option<String>, AwsCall>> {
        async { Ok(None) }
    }

    /// Sets it.
    fn set(&self, writer: &Writer, value: &Self::Value) -> impl Future<Output = Result<(), AwsCall>>;
}

/// Whether a policy is there and says this: anybody's policy can have the same name.
///
/// # Errors
///
/// If IAM did not answer.
#[expect(clippy::future_not_send, reason = "a function handles one event at a time, on one thread")]
pub async fn says<S: Setting<Value = Option<String>>>(policy: &S, reader: &Reader, wanted: &str) -> Result<bool, AwsCall> {
    Ok(matches!(policy.get(reader).await?, Live::Is(Some(text)) if containment::says(&text, wanted)))
}

/// One setting changed. Undoing it needs no code of its own: `from` and `to` change places.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Step<S: Setting> {
    /// What is set.
    pub setting: S,
    /// Its value before.
    pub from: S::Value,
    /// Its value afterwards.
    pub to: S::Value,
}

impl<S: Setting> Step<S> {
    /// The call that makes the step.
    #[must_use]
    pub fn call(&self) -> Option<Call> {
        self.setting.call(&self.to)
    }

    /// The call that undoes it; `None` if none can.
    #[must_use]
    pub fn undo(&self) -> Option<Call> {
        self.setting.call(&self.from)
    }
}

/// `UserName`, `GroupName` or `RoleName` with its value, as IAM's calls take it.
fn named(identity: &Identity) -> (&'static str, &str) {
    (identity.kind.name_parameter(), identity.name.as_str())
}

/// The identity that a call names: it names one.
fn identity_of(call: &Call) -> Option<Identity> {
    IdentityKind::ALL.into_iter().find_map(|kind| {
        let name = policy::arn::IamName::new(call.parameter(kind.name_parameter())?).ok()?;
        Some(Identity::new(kind, name).with_id(call.unique_id.clone()))
    })
}

/// The one of these values that makes exactly this call.
fn value_of<S: Setting>(setting: S, call: &Call, values: impl IntoIterator<Item = S::Value>) -> Option<(S, S::Value)> {
    let value = values.into_iter().find(|value| setting.call(value).as_ref() == Some(call))?;
    Some((setting, value))
}

#[cfg(test)]
mod tests;
