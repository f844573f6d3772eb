//! The console password of a user: there or not.

use std::fmt;

use policy::arn::IamName;
use policy::case::Call;
use policy::target::Identity;

use super::{Home, Live, Setting, Writer, value_of};
use crate::error::{AwsCall, Named as _};
use crate::reading::{Reader, credentials, identity};

/// Whether a user has a login profile, which holds the console password.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Login {
    /// The user.
    pub user: IamName,
}

impl fmt::Display for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the console password of user {}", self.user)
    }
}

impl Setting for Login {
    type Value = bool;

    fn holder(&self) -> String {
        format!("user {}", self.user)
    }

    /// No call gives a password back: nobody but its owner knows it.
    fn call(&self, is_there: &bool) -> Option<Call> {
        (!is_there).then(|| Call::iam("DeleteLoginProfile", &[("UserName", self.user.as_str())]))
    }

    fn parse(call: &Call, _: Home<'_>) -> Option<(Self, bool)> {
        value_of(Self { user: IamName::new(call.parameter("UserName")?).ok()? }, call, [false])
    }

    fn words(is_there: &bool) -> &'static str {
        if *is_there { "there" } else { "not there" }
    }

    async fn get(&self, reader: &Reader) -> Result<Live<bool>, AwsCall> {
        let made = credentials::login_made(reader, &self.user).await?;
        Ok(made.map_or(Live::Unclear, |_| Live::Is(true)))
    }

    async fn resolve(&self, reader: &Reader) -> Result<Live<bool>, AwsCall> {
        Ok(match self.get(reader).await? {
            Live::Unclear if identity::exists(reader, &Identity::user(self.user.clone())).await? => Live::Is(false),
            Live::Unclear => Live::Gone,
            live => live,
        })
    }

    /// A step that no call makes is never asked for.
    async fn set(&self, writer: &Writer, _: &bool) -> Result<(), AwsCall> {
        writer
            .delete_login_profile()
            .user_name(self.user.as_str())
            .send()
            .await
            .named("iam:DeleteLoginProfile of user", &self.user)
            .map(drop)
    }
}
