//! Break-glass principals: the users and roles that are never contained and that may lift a quarantine.

use crate::target::{Identity, IdentityKind};

/// The users and roles that these ARNs name, each with its account. An ARN of anything else names nobody.
pub fn principals(arns: &[String]) -> impl Iterator<Item = (&str, Identity)> {
    arns.iter().filter_map(|arn| {
        let mut segments = arn.splitn(6, ':').skip(4);
        Some((segments.next()?, Identity::of_resource(segments.next()?)?))
    })
}

/// Whether these ARNs name this user or role. Paths are ignored, because a session's record can lack the path of its role.
#[must_use]
pub fn includes(arns: &[String], account: &str, kind: IdentityKind, name: &str) -> bool {
    principals(arns).any(|(owner, principal)| owner == account && principal.is_named(kind, name))
}
