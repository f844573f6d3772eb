//! # What it takes back
//!
//! A console password of a user that was made or reset: the login profile, which holds it, is deleted.
//!
//! # What it spares
//!
//! A login profile that was made after the call: that is another change, with an event of its own. Root's password, which nobody else can touch.
//! Sessions: whoever has signed in stays signed in, and `quarantine-principal` has to be asked for as well.
//!
//! # How it is undone
//!
//! Not at all. It is the one remedy without an undo: nobody but its owner knows the old password, and IAM tells it to nobody. A person makes a new one.
//!
//! # Source
//!
//! IAM API reference, `DeleteLoginProfile` and `GetLoginProfile`; IAM user guide, "Manage passwords for IAM users". A console session of an IAM user lasts 12
//! hours (AWS Management Console, "Session duration").

use policy::affected::ROOT;
use policy::case::Call;
use policy::change::PasswordSet;
use policy::remedy::Remedy;
use policy::target::Target;
use policy::text::shell_word;
use policy::{Case, Change};

use super::{Plan, Words, call_of};
use crate::setting::{Login, Step};

/// The remedy `remove-login`.
pub struct RemoveLogin;

/// The step that takes a console password back.
#[must_use]
pub fn step(change: &Change) -> Option<Step<Login>> {
    let Change::PasswordSet(PasswordSet { owner, .. }) = change else {
        return None;
    };
    Some(Step { setting: Login { user: owner.user()?.name.clone() }, from: true, to: false })
}

impl Plan for RemoveLogin {
    fn remedy(&self) -> Remedy {
        Remedy::RemoveLogin
    }

    fn words(&self, _: &Change) -> Words {
        Words { done: "deleted", clean: "already gone" }
    }

    fn applied(&self, _: &Case, _: &Change) -> String {
        "Rescind deleted it, and no call can give a password back".to_owned()
    }

    fn clean(&self, _: &Case, _: &Change) -> String {
        "it was no longer there when Rescind acted".to_owned()
    }

    fn next(&self, case: &Case, change: &Change) -> Option<String> {
        let user = change.target().user()?.clone();
        let stay = format!(
            "console sessions that {user} already opened go on for up to 12 hours, and role sessions opened from them until they expire"
        );
        let contains = case.siblings.contains(&Remedy::QuarantinePrincipal);
        let end = if contains { "; quarantine-principal contains whoever set the password, not its owner" } else { "" };
        Some(format!("{stay}: remove-login ends none of them{end}"))
    }

    fn never(&self, _: &Case, change: &Change) -> Option<String> {
        (change.target() == Target::Root).then(|| ROOT.to_owned())
    }

    fn touches(&self, _: &Case, change: &Change) -> Option<Target> {
        step(change).map(|_| change.target())
    }

    fn calls(&self, _: &Case, change: &Change) -> Vec<Call> {
        call_of(step(change))
    }

    fn writes(&self, _: Option<&Call>, _: &Call, _: &Case) -> bool {
        false
    }

    fn irrevocable(&self, _: &Case, change: &Change) -> Option<String> {
        let user = change.target().user()?.name.clone();
        let again =
            format!("aws iam create-login-profile --user-name {} --password-reset-required --password …", shell_word(user.as_str()));
        Some(format!("no call can give a password back: if user {user} needs one, make a new one and hand it over in person: {again}"))
    }
}
