//! What is explained, as `--json` prints it and the tree shows it.

use chrono::Utc;
use policy::account::{Held, Holder, Membership, Origin};
use policy::capability::{self, Capability, Grants, Holdings, RequestContext, Sure};
use policy::document::Document;
use policy::target::IdentityKind;
use serde::Serialize;

use super::trust::Trust;

/// One principal: what it holds, and what that comes to.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    pub kind: &'static str,
    pub name: String,
    pub arn: String,
    pub policies: Vec<Policy>,
    pub groups: Vec<Group>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub boundary: Option<Policy>,
    /// Whether all that decides was read. Where not, nothing is definite: what is missing may deny, or grant, anything.
    pub complete: bool,
    /// All of it together, with denies and boundary applied.
    pub can: Can,
    /// The statements that make it an administrator, where it is or may be one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub admin_by: Vec<By>,
    /// The ways from there to more, the fewest that explain all.
    pub escalations: Vec<Escalation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trust: Option<Trust>,
}

/// A group and what it holds.
#[derive(Debug, Serialize)]
pub struct Group {
    pub name: String,
    /// Nothing where the group was not in the account's details.
    pub policies: Option<Vec<Policy>>,
}

/// A policy and what it grants by itself; of a boundary, what it leaves.
#[derive(Debug, Serialize)]
pub struct Policy {
    pub name: String,
    /// Nothing for an inline policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
    /// Why it is not known what it says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unread: Option<String>,
    /// What it grants by itself; nothing where it is unread.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub can: Option<Can>,
}

/// Capabilities by name. What is definite is possible too.
#[derive(Debug, Serialize)]
pub struct Can {
    pub definite: Vec<&'static str>,
    pub possible: Vec<&'static str>,
}

/// A statement of a policy that it holds.
#[derive(Debug, Serialize)]
pub struct By {
    pub policy: String,
    pub statement: usize,
}

impl By {
    fn all(holder: &Holder<'_>, holdings: &Holdings<'_>) -> Vec<Self> {
        let names: Vec<&str> = holder.held().filter(|held| held.document.is_ok()).map(|held| held.name).collect();
        let reasons = capability::why(holdings, Capability::Admin).into_iter();
        reasons.filter_map(|why| Some(Self { policy: (*names.get(why.policy)?).to_owned(), statement: why.statement })).collect()
    }
}

/// A path to more access.
#[derive(Debug, Serialize)]
pub struct Escalation {
    pub id: &'static str,
    pub name: &'static str,
    /// Whether it is open whatever the circumstances.
    pub definite: bool,
}

impl Explanation {
    /// Judges what the holder holds.
    pub fn of(holder: &Holder<'_>) -> Self {
        let documents: Vec<Document<'_>> = holder.held().filter_map(|held| held.document.as_ref().ok().cloned()).collect();
        let boundary = holder.boundary.as_ref().and_then(|held| held.document.as_ref().ok());
        let context = Self::context(holder);
        let holdings = Holdings { policies: &documents, boundary, context };
        let grants = Grants::of_principal(&holdings);
        let complete = holder.is_complete();
        Self {
            kind: holder.kind.word(),
            name: holder.name.to_owned(),
            arn: holder.arn.to_owned(),
            policies: holder.policies.iter().map(|held| Policy::of(held, context)).collect(),
            groups: holder.groups.iter().map(|membership| Group::of(membership, context)).collect(),
            boundary: holder.boundary.as_ref().map(|held| Policy::of(held, context)),
            complete,
            can: Can::of(&grants, complete),
            admin_by: if grants.has(Capability::Admin, Sure::Possible) { By::all(holder, &holdings) } else { Vec::new() },
            escalations: Escalation::all(&grants, complete),
            trust: holder.trust.as_ref().map(Trust::of),
        }
    }

    /// Conditions are judged for this holder, today.
    fn context<'a>(holder: &Holder<'a>) -> RequestContext<'a> {
        let mut segments = holder.arn.splitn(6, ':').skip(1);
        let account = segments.next().zip(segments.nth(2));
        let principal = (holder.kind != IdentityKind::Group).then_some((holder.name, None));
        RequestContext { at: Some(Utc::now()), account, principal }
    }
}

impl Group {
    fn of(group: &Membership<'_>, context: RequestContext<'_>) -> Self {
        let policies = group.policies.as_ref().map(|policies| policies.iter().map(|held| Policy::of(held, context)).collect());
        Self { name: group.name.to_owned(), policies }
    }
}

impl Policy {
    fn of(held: &Held<'_>, context: RequestContext<'_>) -> Self {
        let arn = match held.origin {
            Origin::Inline => None,
            Origin::Managed(arn) => Some(arn.to_owned()),
        };
        let can = held.document.as_ref().ok().map(|document| Can::of(&Grants::of_principal(&Holdings::one(document, context)), true));
        let unread = held.document.as_ref().err().map(ToString::to_string);
        Self { name: held.name.to_owned(), arn, unread, can }
    }
}

impl Can {
    fn of(grants: &Grants, complete: bool) -> Self {
        let names = |how| grants.capabilities(how).map(Capability::name).collect();
        Self { definite: if complete { names(Sure::Definite) } else { Vec::new() }, possible: names(Sure::Possible) }
    }

    /// What is possible and not definite.
    pub fn only_possible(&self) -> impl Iterator<Item = &'static str> {
        self.possible.iter().copied().filter(|name| !self.definite.contains(name))
    }
}

impl Escalation {
    fn all(grants: &Grants, complete: bool) -> Vec<Self> {
        let definite: Vec<&str> = grants.escalations(Sure::Definite).map(|path| path.id).collect();
        let path = |definite| move |path: &capability::Path| Self { id: path.id, name: path.name, definite };
        let only_possible = grants.escalations(Sure::Possible).filter(|path| !definite.contains(&path.id));
        grants.escalations(Sure::Definite).map(path(complete)).chain(only_possible.map(path(false))).collect()
    }
}
