//! Who asks, and how a policy's `Principal` names them.

use thiserror::Error;

use super::Reading;
use super::arns::segments;
use super::truth::Truth;
use crate::document::{Principal, Principals};
use crate::text::quoted;

/// Why a text is nobody that could ask.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("{} is not a principal: expected the ARN of a user, role, session, provider or account root, an account id, the name of a service, or *", quoted(.0))]
pub struct NoPrincipal(String);

/// Who makes a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Requester<'a> {
    name: &'a str,
    account: &'a str,
    kind: Kind,
}

/// What a requester is: it decides which policies bind it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    /// An IAM user.
    User,
    /// A role, by which session of it is not told.
    Role,
    /// A role that a service made for itself: no organization's policy binds it.
    ServiceLinkedRole,
    /// A role's session.
    Session,
    /// A session of `GetFederationToken`.
    FederatedUser,
    /// An account's root user.
    Root,
    /// A service, or somebody whom a provider vouches for: no identity policies.
    Outside,
    /// Nobody known.
    Anonymous,
}

impl<'a> Requester<'a> {
    /// Takes the ARN of a user, role, session, provider or account root, an account id (its root), the name of a service, or `*` (anybody).
    ///
    /// # Errors
    ///
    /// [`NoPrincipal`] for anything else: a group cannot ask.
    pub fn new(name: &'a str) -> Result<Self, NoPrincipal> {
        let none = || NoPrincipal(name.to_owned());
        let is_account = |text: &str| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
        if name == "*" {
            return Ok(Self { name, account: "", kind: Kind::Anonymous });
        }
        if is_account(name) {
            return Ok(Self { name, account: name, kind: Kind::Root });
        }
        let Some(["arn", _, service, _, account, own]) = segments(name) else {
            let outside = name.contains('.') && !name.contains(':') && !name.contains(char::is_whitespace);
            return if outside { Ok(Self { name, account: "", kind: Kind::Outside }) } else { Err(none()) };
        };
        let kind = match (service, own.split_once('/')) {
            ("iam", None) if own == "root" => Kind::Root,
            ("iam", Some(("user", _))) => Kind::User,
            ("iam", Some(("role", path))) if path.starts_with("aws-service-role/") => Kind::ServiceLinkedRole,
            ("iam", Some(("role", _))) => Kind::Role,
            ("iam", Some(("saml-provider" | "oidc-provider", _))) => Kind::Outside,
            ("sts", Some(("assumed-role", session))) if session.contains('/') => Kind::Session,
            ("sts", Some(("federated-user", _))) => Kind::FederatedUser,
            _ => return Err(none()),
        };
        if is_account(account) { Ok(Self { name, account, kind }) } else { Err(none()) }
    }

    /// The account it belongs to; empty for services, providers and anybody.
    #[must_use]
    pub const fn account(&self) -> &'a str {
        self.account
    }

    pub(super) const fn kind(&self) -> Kind {
        self.kind
    }
}

/// How closely a policy names a requester.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Naming {
    /// Its account: that only lets the account's own policies decide (item 21 of `docs/evaluation.md`).
    Account,
    /// The role or the user whose session it is: the session's limits apply.
    Origin,
    /// Itself: nothing that is only not allowed elsewhere stands in the way.
    Itself,
}

/// How a statement's principals name the requester: not at all where the truth is false.
pub(super) fn named(principals: &Principals<'_>, who: &Requester<'_>, reading: Reading) -> (Truth, Naming) {
    match principals {
        Principals::Absent => (Truth::False, Naming::Itself),
        Principals::Only(list) => {
            let closest = list.iter().filter_map(|principal| naming(principal, who)).max();
            match closest {
                Some(naming) => (Truth::True, naming),
                // An account by its canonical id may be anybody's.
                None if list.iter().any(|principal| matches!(principal, Principal::CanonicalUser(_))) => {
                    (reading.disputed(who.kind != Kind::Outside), Naming::Account)
                }
                None => (Truth::False, Naming::Itself),
            }
        }
        // Item 22: everybody else.
        Principals::AllBut(list) => (list.iter().all(|principal| naming(principal, who).is_none()).into(), Naming::Itself),
    }
}

/// Whether a `NotPrincipal` lists the requester itself: of a session its own ARN, of a user or role not only its account (IAM user guide,
/// "`NotPrincipal` with Deny").
pub(super) fn spares(spared: &[Principal<'_>], who: &Requester<'_>) -> bool {
    spared.iter().any(|principal| match (naming(principal, who), who.kind) {
        (Some(Naming::Itself), _) => true,
        (Some(Naming::Origin), kind) => matches!(kind, Kind::Role | Kind::ServiceLinkedRole),
        (Some(Naming::Account), kind) => kind == Kind::Root,
        (None, _) => false,
    })
}

/// Whether the account of the requester, and of a session also its role, is among those whom a `NotPrincipal` spares.
pub(super) fn spares_account(spared: &[Principal<'_>], who: &Requester<'_>) -> bool {
    let names = |wanted| spared.iter().any(|principal| matches!(principal, Principal::Everyone) || naming(principal, who) == Some(wanted));
    match who.kind {
        Kind::Session | Kind::FederatedUser => names(Naming::Account) && names(Naming::Origin),
        Kind::User | Kind::Role | Kind::ServiceLinkedRole => names(Naming::Account),
        Kind::Root | Kind::Outside | Kind::Anonymous => true,
    }
}

fn naming(principal: &Principal<'_>, who: &Requester<'_>) -> Option<Naming> {
    match principal {
        // A role's ARN asks for any of its sessions, and `*` names each of them.
        Principal::Everyone => Some(Naming::Itself),
        Principal::Service(name) | Principal::Federated(name) => (who.kind == Kind::Outside && name == who.name).then_some(Naming::Itself),
        Principal::CanonicalUser(name) => (name == who.name).then_some(Naming::Itself),
        Principal::Aws(name) | Principal::Bare(name) => {
            if name == who.name {
                let origin = matches!(who.kind, Kind::Role | Kind::ServiceLinkedRole);
                return Some(if origin { Naming::Origin } else { Naming::Itself });
            }
            let account = match segments(name) {
                Some(["arn", _, "iam", "", account, "root"]) => account,
                Some(_) => return is_origin(name, who).then_some(Naming::Origin),
                None => name,
            };
            (!account.is_empty() && account == who.account).then_some(Naming::Account)
        }
    }
}

/// Whether the ARN is that of the role, or of the user, whose session asks. A role's path is not in its sessions' ARNs.
fn is_origin(arn: &str, who: &Requester<'_>) -> bool {
    let (Some(["arn", partition, "iam", "", account, own]), Some([_, session_partition, _, _, _, session])) =
        (segments(arn), segments(who.name))
    else {
        return false;
    };
    if partition != session_partition || account != who.account {
        return false;
    }
    let last = own.rsplit('/').next();
    match (who.kind, own.split_once('/'), session.split_once('/')) {
        (Kind::Session, Some(("role", _)), Some((_, session))) => {
            let role = session.split('/').next().unwrap_or_default();
            last.is_some_and(|last| last.eq_ignore_ascii_case(role))
        }
        (Kind::FederatedUser, Some(("user", name)), Some((_, session))) => name == session,
        _ => false,
    }
}
