//! A console password of a user, made or reset.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Call, Change, Claim, Kind, Unread};
use crate::actor::{Actor, ActorKind};
use crate::facts::{Facts, Members};
use crate::record::Parameters;
use crate::target::{IdentityKind, Target};

/// A console password was made, or reset.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PasswordSet {
    /// Whose it is: a user's, or root's.
    #[serde(rename = "target")]
    pub owner: Target,
    /// Whether there was none before.
    pub created: bool,
    /// Whether whoever set it is its owner.
    pub oneself: Oneself,
    /// Whether the owner has to choose another one at the next sign-in.
    pub password_reset_required: bool,
}

/// Whether the actor is the target.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Oneself {
    /// By unique id, or by the name that the caller had when it made the call.
    Yes,
    /// A role session carries the user's name. Whoever assumes a role may choose that name, so this proves nothing.
    Likely,
    /// Somebody else.
    No,
}

impl Oneself {
    /// As the Cedar schema spells it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::Likely => "likely",
            Self::No => "no",
        }
    }

    fn of(actor: &Actor, account: &str, owner: &Target) -> Self {
        let is_local = actor.account == account;
        let Some(user) = owner.user() else {
            return if is_local && actor.kind == ActorKind::Root { Self::Yes } else { Self::No };
        };
        let carries = |name: &Option<String>| name.as_ref().is_some_and(|name| user.is_named(IdentityKind::User, name));
        match actor.kind {
            // Names are unique at any moment: the caller had this one when it made the call.
            ActorKind::User if is_local && user.is_named(IdentityKind::User, &actor.name) => Self::Yes,
            ActorKind::Role if carries(&actor.session) || carries(&actor.source_identity) => Self::Likely,
            _ => Self::No,
        }
    }
}

impl fmt::Display for PasswordSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the console password of {}", self.owner)
    }
}

impl Kind for PasswordSet {
    fn target(&self) -> Target {
        self.owner.clone()
    }

    fn context(&self, _: &Facts, context: &mut Members<'_>) {
        context.boolean("created", self.created);
        context.text("oneself", self.oneself.name());
        context.boolean("passwordResetRequired", self.password_reset_required);
    }

    fn matter(&self) -> String {
        self.to_string()
    }

    fn happened(&self) -> String {
        let what = if self.created { "made" } else { "reset" };
        let by = match self.oneself {
            Oneself::Yes => " by themselves",
            Oneself::Likely => " by a role session that carries their name, which proves nothing",
            Oneself::No => " by somebody else",
        };
        let then = if self.password_reset_required { ", to be changed at the next sign-in" } else { "" };
        format!("{self} was {what}{by}{then}")
    }

    fn tried(&self, _: &str) -> String {
        format!("to {} {self}", if self.created { "make" } else { "reset" })
    }

    fn caveat(&self) -> Option<&'static str> {
        let reset = "a record does not say whether UpdateLoginProfile set a new password or only asked for one at the next sign-in, so it counts as new";
        (!self.created).then_some(reset)
    }
}

/// What a call names. The password itself is in no record.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    user_name: Option<String>,
    password_reset_required: Option<Switch>,
}

/// Some tools keep every value of a record as text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Switch {
    Plain(bool),
    Text(String),
}

impl Switch {
    fn is_on(&self) -> Option<bool> {
        match self {
            Self::Plain(on) => Some(*on),
            Self::Text(text) => text.parse().ok(),
        }
    }
}

/// Reads `CreateLoginProfile`.
pub fn created(call: &Call<'_>) -> Result<Vec<Claim>, Unread> {
    read(call, true)
}

/// Reads `UpdateLoginProfile`.
pub fn reset(call: &Call<'_>) -> Result<Vec<Claim>, Unread> {
    read(call, false)
}

fn read(call: &Call<'_>, created: bool) -> Result<Vec<Claim>, Unread> {
    // A caller who acts on themselves need name nobody. Nor has a call that AWS refused any parameters.
    let record = &call.event.record;
    let names_nobody = created && record.parameters() == Parameters::Absent && record.error_code.is_none();
    let written = if names_nobody { Written { user_name: None, password_reset_required: None } } else { call.parameters()? };
    let owner = match (written.user_name.as_deref(), call.actor.kind) {
        (None, ActorKind::User) if created => call.identity(IdentityKind::User, Some(&call.actor.name))?.into(),
        (None, ActorKind::Root) if created => Target::Root,
        (named, _) => call.identity(IdentityKind::User, named)?.into(),
    };
    let oneself = Oneself::of(call.actor, call.event.account.as_str(), &owner);
    let password_reset_required = match written.password_reset_required {
        Some(switch) => switch.is_on().ok_or_else(|| call.unreadable(&"passwordResetRequired is neither true nor false"))?,
        None => false,
    };
    Ok(vec![Claim::Change(Change::PasswordSet(PasswordSet { owner, created, oneself, password_reset_required }))])
}
