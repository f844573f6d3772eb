//! Temporary credentials that somebody got from STS.

use serde::{Deserialize, Serialize};

use super::noticed::oneself;
use super::{Call, Change, Claim, Kind, Unread};
use crate::actor::ActorKind;
use crate::facts::{Facts, Members};
use crate::target::{Identity, IdentityKind, Target};
use crate::text;

/// A session was started with one of the calls of STS that issue temporary credentials (STS API reference).
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionStarted {
    /// The role or user whose session it is; the account if it is a role of another one.
    pub target: Target,
    /// Whose session it is, in words.
    pub whose: String,
    /// The session's name, or that of the federated user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// How long it lasts, in seconds; `None` if the caller left that to AWS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_seconds: Option<u32>,
    /// The caller's account, if it is another one than the role's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Whether a role's session started it.
    pub chained: bool,
    /// Whether the trust policy lets this caller in under a condition only, if that was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conditional: Option<bool>,
    /// Whether the role is certainly an administrator, if that was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub admin: Option<bool>,
    /// The source identity that the caller set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_identity: Option<String>,
}

impl Kind for SessionStarted {
    fn target(&self) -> Target {
        self.target.clone()
    }

    fn context(&self, facts: &Facts, context: &mut Members<'_>) {
        context.boolean("chained", self.chained);
        context.boolean("crossAccount", self.from.is_some());
        context.long("durationSeconds", self.duration_seconds.unwrap_or_default().into());
        context.text("from", self.from.as_deref().unwrap_or_default());
        if let Some(identity) = &self.source_identity {
            context.text("newSourceIdentity", identity);
        }
        let trusted = self.from.as_deref().is_none_or(|account| context.trusts(account));
        context.boolean("trustedAccount", trusted);
        context.session(facts, self.target.identity().is_some());
    }

    fn part(&self) -> String {
        format!("session of {}", self.target)
    }

    fn matter(&self) -> String {
        let from = self.from.as_deref().map(|account| format!(" from account {}", text::name(account))).unwrap_or_default();
        format!("session of {}{from}", self.whose)
    }

    fn happened(&self) -> String {
        let session = self.session.as_deref().map(|session| format!(" called {}", text::name(session))).unwrap_or_default();
        let from = self.from.as_deref().map(|account| format!(" from account {}", text::name(account))).unwrap_or_default();
        let duration = self.duration_seconds.map(|seconds| format!(", for {seconds} seconds")).unwrap_or_default();
        let chained = if self.chained { ", out of another role's session" } else { "" };
        let admin = match self.admin {
            Some(true) => "; the role is an administrator",
            Some(false) => "; the role is no administrator",
            None => "",
        };
        let conditional = match self.conditional {
            Some(true) => "; its trust policy lets this caller in under a condition only",
            Some(false) => "; its trust policy lets this caller in without a condition",
            None => "",
        };
        let identity = self.source_identity.as_deref().map(|name| format!("; source identity {}", text::name(name))).unwrap_or_default();
        format!("a session of {}{session} was started{from}{duration}{chained}{admin}{conditional}{identity}", self.whose)
    }

    fn tried(&self, call: &str) -> String {
        format!("to start a session with {call}")
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Parameters {
    role_arn: Option<String>,
    role_session_name: Option<String>,
    duration_seconds: Option<Number>,
    source_identity: Option<String>,
    name: Option<String>,
    target_principal: Option<String>,
}

/// A number, or its text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Number {
    Number(u32),
    Text(String),
}

/// Reads a call of STS that issues temporary credentials. Calls of AWS's own services are most of all, and say nothing.
pub fn read(call: &Call<'_>) -> Result<Vec<Claim>, Unread> {
    let (event, actor) = (call.event, call.actor);
    if actor.kind == ActorKind::Service {
        return Ok(Vec::new());
    }
    let parameters: Parameters = call.parameters()?;
    let duration_seconds = match parameters.duration_seconds {
        Some(Number::Number(seconds)) => Some(seconds),
        Some(Number::Text(text)) => text.parse().ok(),
        None => None,
    };
    let home = event.account.as_str();
    let account_of = |arn: &str| arn.split(':').nth(4).unwrap_or_default().to_owned();
    let (target, whose) = match (&parameters.role_arn, &parameters.target_principal) {
        (Some(arn), _) => {
            let role = arn.splitn(6, ':').nth(5).and_then(Identity::of_resource).filter(|role| role.kind == IdentityKind::Role);
            let role = role.ok_or_else(|| call.unreadable(&"it names no role"))?;
            if account_of(arn) == home {
                let whose = role.to_string();
                (role.into(), whose)
            } else {
                (Target::Account, format!("{role} of account {}", text::name(&account_of(arn))))
            }
        }
        (None, Some(principal)) if account_of(principal) == home || principal == home => (Target::Root, Target::Root.to_string()),
        (None, Some(principal)) => (Target::Account, format!("the root user of account {}", text::name(principal))),
        (None, None) => {
            let owner = oneself(call).unwrap_or(Target::Account);
            let whose = owner.to_string();
            (owner, whose)
        }
    };
    // The caller of another account, or nobody that a web or SAML identity provider names.
    let from = Some(actor.account.clone()).filter(|account| !account.is_empty() && account != home);
    let session = parameters.role_session_name.or(parameters.name);
    Ok(vec![Claim::Change(Change::SessionStarted(SessionStarted {
        target,
        whose,
        session,
        duration_seconds,
        from,
        chained: actor.kind == ActorKind::Role,
        conditional: None,
        admin: None,
        source_identity: parameters.source_identity,
    }))])
}
