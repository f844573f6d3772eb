//! Break-glass principals: the users and roles that no remedy touches, and that may lift a quarantine.

use crate::arn::{AccountId, UniqueId};
use crate::target::{Identity, IdentityKind};

/// A user or role that the deployment names.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BreakGlass {
    /// The account that it belongs to.
    pub account: AccountId,
    /// Which user or role; its unique id, if the deployment gives one.
    pub identity: Identity,
}

/// What somebody is who bears the name of a break-glass principal.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Standing {
    /// Nobody on the list.
    Unlisted,
    /// A break-glass principal.
    Listed,
    /// One that was deleted and made anew: it bears the ARN, and not the unique id that the deployment gives. It is spared like the other, in
    /// case the list is out of date, and may do nothing that others may not.
    Recreated,
}

impl BreakGlass {
    /// Reads `arn:aws:iam::123456789012:role/team/responder`, or the same with `=` and its unique id; `None` for anything else.
    ///
    /// ```
    /// use policy::break_glass::BreakGlass;
    ///
    /// let known = BreakGlass::parse("arn:aws:iam::123456789012:role/team/responder=AROAEXAMPLEEXAMPLE001");
    /// assert_eq!(known.map(|known| known.identity.to_string()), Some("role responder".to_owned()));
    /// ```
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        // IAM allows `=` in names, so the unique id, which cannot contain one, follows the last `=`.
        let (arn, id) = match text.rsplit_once('=') {
            Some((arn, id)) if is_unique_id(id) => (arn, Some(UniqueId::new(id).ok()?)),
            _ => (text, None),
        };
        let segments: Vec<&str> = arn.splitn(6, ':').collect();
        let ["arn", _, "iam", "", account, resource] = *segments else {
            return None;
        };
        Some(Self { account: AccountId::new(account).ok()?, identity: Identity::of_resource(resource)?.with_id(id) })
    }

    /// Whether this is its name. Paths are ignored, because a session's record can lack the path of its role, and IAM tells no two names apart
    /// by their path.
    #[must_use]
    pub fn is_named(&self, account: &str, kind: IdentityKind, name: &str) -> bool {
        self.account.as_str() == account && self.identity.is_named(kind, name)
    }

    /// Whether it is the user or role with this unique id, whatever its name is now: whoever renames a responder does not take them off the list.
    fn is_known_by(&self, account: &str, kind: IdentityKind, id: Option<&str>) -> bool {
        let known = self.identity.id.as_ref().map(UniqueId::as_str);
        self.account.as_str() == account && self.identity.kind == kind && known.is_some() && known == id
    }

    /// Whether it is the one that this list gives the unique id of, or none.
    fn has_id(&self, id: Option<&str>) -> bool {
        self.identity.id.as_ref().is_none_or(|known| Some(known.as_str()) == id)
    }
}

/// What a user or role of this account is on the list.
#[must_use]
pub fn standing(list: &[BreakGlass], account: &str, kind: IdentityKind, name: &str, id: Option<&str>) -> Standing {
    if list.iter().any(|listed| listed.is_known_by(account, kind, id)) {
        return Standing::Listed;
    }
    let mut named = list.iter().filter(|listed| listed.is_named(account, kind, name)).peekable();
    match (named.peek().is_some(), named.any(|listed| listed.has_id(id))) {
        (false, _) => Standing::Unlisted,
        (true, true) => Standing::Listed,
        (true, false) => Standing::Recreated,
    }
}

/// The unique ids of users and roles begin so (IAM user guide, "Unique identifiers").
fn is_unique_id(text: &str) -> bool {
    text.starts_with("AIDA") || text.starts_with("AROA")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "AROAEXAMPLEEXAMPLE001";

    fn role(text: &str, name: &str, id: Option<&str>) -> Standing {
        standing(&[BreakGlass::parse(text).unwrap()], "123456789012", IdentityKind::Role, name, id)
    }

    #[test]
    fn without_an_id_the_name_decides() {
        for id in [None, Some(ID)] {
            assert_eq!(role("arn:aws:iam::123456789012:role/team/responder", "Responder", id), Standing::Listed);
        }
    }

    #[test]
    fn with_an_id_one_of_the_same_name_is_somebody_else() {
        let listed = format!("arn:aws:iam::123456789012:role/responder={ID}");
        assert_eq!(role(&listed, "responder", Some(ID)), Standing::Listed);
        for other in [None, Some("AROAEXAMPLEEXAMPLE002")] {
            assert_eq!(role(&listed, "responder", other), Standing::Recreated);
        }
    }

    #[test]
    fn one_that_was_renamed_is_known_by_the_unique_id() {
        let listed = format!("arn:aws:iam::123456789012:role/responder={ID}");
        assert_eq!(role(&listed, "renamed", Some(ID)), Standing::Listed);
        for other in [None, Some("AROAEXAMPLEEXAMPLE002")] {
            assert_eq!(role(&listed, "renamed", other), Standing::Unlisted);
        }
        assert_eq!(role("arn:aws:iam::123456789012:role/responder", "renamed", None), Standing::Unlisted);
        let elsewhere = listed.replace("123456789012", "999999999999");
        assert_eq!(role(&elsewhere, "renamed", Some(ID)), Standing::Unlisted);
    }

    #[test]
    fn a_namesake_in_another_account_is_not_on_the_list() {
        assert_eq!(role("arn:aws:iam::999999999999:role/responder", "responder", None), Standing::Unlisted);
    }

    #[test]
    fn an_equals_sign_can_be_part_of_a_name() {
        assert_eq!(role("arn:aws:iam::123456789012:role/a=b", "a=b", None), Standing::Listed);
    }

    #[test]
    fn what_is_no_user_or_role_is_refused() {
        for wrong in ["responder", "arn:aws:iam::123456789012:group/g", "arn:aws:iam::12:user/a", "arn:aws:iam::123456789012:role/a=AROA"] {
            assert_eq!(BreakGlass::parse(wrong), None, "{wrong}");
        }
    }
}
