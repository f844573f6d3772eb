//! # What it takes back
//!
//! A console password of a user that was made or reset: the login profile, which holds it, is deleted. A user whose last MFA device is gone is denied
//! everything without MFA, but for enrolling a device: the stack's own policy, which does it, is attached. It is detached as soon as a device is enabled,
//! and put back if somebody else detaches it before.
//!
//! # What it spares
//!
//! A login profile that was made after the call: that is another change, with an event of its own. Root's password, which nobody else can touch.
//! Sessions: whoever has signed in stays signed in, and `quarantine-principal` has to be asked for as well. Whoever has a device, by what IAM lists now.
//! A denial that somebody attached by hand: Rescind puts back only what its ledger says it attached.
//!
//! # How it is undone
//!
//! A password not at all: nobody but its owner knows the old one, and IAM gives it to nobody. A person makes a new one. The policy is detached, or
//! attached again.
//!
//! # Source
//!
//! IAM API reference, `DeleteLoginProfile` and `GetLoginProfile`; IAM user guide, "Manage passwords for IAM users" and "AWS: Allows MFA-authenticated IAM
//! users to manage their own MFA device". A console session of an IAM user lasts 12 hours (AWS Management Console, "Session duration"), one of
//! `GetSessionToken` up to 36 (STS API reference).

use policy::affected::ROOT;
use policy::arn::PolicyArn;
use policy::case::Call;
use policy::change::{MfaChanged, MfaDeed, PasswordSet};
use policy::containment::is_called_deny_without_mfa;
use policy::remedy::Remedy;
use policy::target::Target;
use policy::text::shell_word;
use policy::{Case, Change};

use super::{Plan, Words, call_of, inverse};
use crate::setting::{Attachment, Home, Login, Step};

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

/// The step that denies a user everything without MFA by this policy, or ends that.
#[must_use]
pub fn denial(changed: &MfaChanged, policy: PolicyArn) -> Step<Attachment> {
    let to = !matches!(changed.deed, MfaDeed::Enabled { .. });
    Step { setting: Attachment { identity: changed.user.clone(), policy }, from: !to, to }
}

impl Plan for RemoveLogin {
    fn remedy(&self) -> Remedy {
        Remedy::RemoveLogin
    }

    fn words(&self, change: &Change) -> Words {
        let Change::MfaChanged(changed) = change else {
            return Words { done: "deleted", clean: "already gone" };
        };
        match &changed.deed {
            MfaDeed::Deactivated { .. } => Words { done: "denied everything without MFA", clean: "needs no denial without MFA" },
            MfaDeed::Enabled { .. } => Words { done: "taken off", clean: "already taken off, or still needed" },
            MfaDeed::Lifted { .. } => Words { done: "put back", clean: "already put back, or no longer needed" },
        }
    }

    fn applied(&self, _: &Case, change: &Change) -> String {
        match change {
            Change::MfaChanged(changed) => match &changed.deed {
                MfaDeed::Enabled { .. } => format!("{} can do again what their policies allow", changed.user),
                MfaDeed::Deactivated { .. } | MfaDeed::Lifted { .. } => {
                    format!("{} is denied everything without MFA, but for enrolling a device", changed.user)
                }
            },
            _ => "Rescind deleted it, and no call can give a password back".to_owned(),
        }
    }

    fn clean(&self, _: &Case, change: &Change) -> String {
        match change {
            Change::MfaChanged(_) => "nothing had to be attached or detached when Rescind acted".to_owned(),
            _ => "it was no longer there when Rescind acted".to_owned(),
        }
    }

    fn next(&self, case: &Case, change: &Change) -> Option<String> {
        let user = change.target().user()?.clone();
        if let Change::MfaChanged(changed) = change {
            return Some(match &changed.deed {
                MfaDeed::Enabled { .. } => {
                    format!("Make sure that the device is {user}'s own: an intruder who holds their password or key can enrol one as well")
                }
                MfaDeed::Deactivated { .. } | MfaDeed::Lifted { .. } => format!(
                    "It stops the access keys of {user} as well, because a call that an access key alone signs carries no MFA. Sessions that were \
                     opened with MFA go on until they expire, in the console after 12 hours and elsewhere after up to 36, and so do role sessions \
                     that are open already. It ends by itself when a device is enabled for {user}; if their own policies or boundary do not allow \
                     that, somebody else has to enable it. Only break-glass principals can undo it before: from anybody else it comes back"
                ),
            });
        }
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
        let touches = step(change).is_some() || matches!(change, Change::MfaChanged(_));
        touches.then(|| change.target())
    }

    /// Of the denial only the call that lifted it says which policy it is.
    fn calls(&self, _: &Case, change: &Change) -> Vec<Call> {
        match change {
            Change::MfaChanged(changed @ MfaChanged { deed: MfaDeed::Lifted { policy, .. }, .. }) => {
                call_of(Some(denial(changed, policy.clone())))
            }
            _ => call_of(step(change)),
        }
    }

    fn calls_with(&self, change: &Change, deny_without_mfa: &PolicyArn) -> Vec<Call> {
        match change {
            Change::MfaChanged(MfaChanged { deed: MfaDeed::Lifted { .. }, .. }) => Vec::new(),
            Change::MfaChanged(changed) => call_of(Some(denial(changed, deny_without_mfa.clone()))),
            _ => Vec::new(),
        }
    }

    fn writes(&self, call: Option<&Call>, undo: &Call, case: &Case) -> bool {
        let (Some(Change::MfaChanged(changed)), Some((Attachment { identity, policy }, made, back))) =
            (&case.change, inverse::<Attachment>(call, undo, Home::of(case)))
        else {
            return false;
        };
        // One whose unique id is known was found under another name, if they had been renamed.
        let is_whom = identity.is_user() && (changed.user.id.is_some() || identity.name == changed.user.name);
        made != back && is_whom && policy.owner() == case.account.as_str() && is_called_deny_without_mfa(&policy)
    }

    fn irrevocable(&self, _: &Case, change: &Change) -> Option<String> {
        step(change)?;
        let user = change.target().user()?.name.clone();
        let again =
            format!("aws iam create-login-profile --user-name {} --password-reset-required --password …", shell_word(user.as_str()));
        Some(format!("no call can give a password back: if user {user} needs one, make a new one and hand it over in person: {again}"))
    }
}
