//! What policies grant that is dangerous, judged from their patterns.
//!
//! Two answers are kept apart. *Definite* is what is certain whatever the request: conditions count only where they deny. *Possible* is what
//! may be: conditions and scoped resources count as met. An action that AWS adds tomorrow is judged by the patterns that name it today.
//!
//! A deny takes an action away where it denies it on everything. A deny on some resources leaves the others, so it takes nothing away:
//! otherwise a harmless deny on one bucket would hide an administrator. What `NotAction` and `NotResource` leave out is judged as such a deny.

mod actions;
mod admin;
mod catalog;
mod conditions;
mod marks;
mod reach;

pub use catalog::{Category, Path};
pub use conditions::RequestContext;
pub use conditions::{Denial, denial, limit_nothing};

use catalog::{CREDENTIAL_EXPOSURE, DATA_ACCESS, PASS_ROLE, PATHS, PERMISSIONS_MANAGEMENT, RESOURCE_EXPOSURE, Set};
use marks::Granted;

use crate::document::{Document, Effect, Principal, Principals};
use crate::pattern::overlaps;

/// A kind of danger.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Capability {
    /// Every action on every resource.
    Admin,
    /// A path to more access than is given.
    Escalation,
    /// Changing permissions everywhere.
    PermissionsManagement,
    /// Having credentials handed out.
    CredentialExposure,
    /// Reading data, everywhere.
    DataAccess,
    /// Opening resources to others; for a resource's policy: being open to everyone.
    ResourceExposure,
}

impl Capability {
    /// Every kind, the gravest first.
    pub const ALL: [Self; 6] =
        [Self::Admin, Self::Escalation, Self::PermissionsManagement, Self::CredentialExposure, Self::DataAccess, Self::ResourceExposure];

    /// As it stands in JSON and on the terminal.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Escalation => "escalation",
            Self::PermissionsManagement => "permissions-management",
            Self::CredentialExposure => "credential-exposure",
            Self::DataAccess => "data-access",
            Self::ResourceExposure => "resource-exposure",
        }
    }

    /// What shows it, where a list of actions does.
    const fn marks(self) -> Option<Set> {
        match self {
            Self::Admin | Self::Escalation => None,
            Self::PermissionsManagement => Some(PERMISSIONS_MANAGEMENT),
            Self::CredentialExposure => Some(CREDENTIAL_EXPOSURE),
            Self::DataAccess => Some(DATA_ACCESS),
            Self::ResourceExposure => Some(RESOURCE_EXPOSURE),
        }
    }
}

/// Which of the two answers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Sure {
    /// What is certain.
    Definite,
    /// What may be, the certain included.
    Possible,
}

/// All the policies of a principal.
#[derive(Clone, Copy, Debug)]
pub struct Holdings<'a> {
    /// Its own and its groups'.
    pub policies: &'a [Document<'a>],
    /// Its permissions boundary.
    pub boundary: Option<&'a Document<'a>>,
    /// Who it is and when, as far as that is known.
    pub context: RequestContext<'a>,
}

impl<'a> Holdings<'a> {
    /// One policy, whoever holds it.
    #[must_use]
    pub const fn one(document: &'a Document<'a>, context: RequestContext<'a>) -> Self {
        Self { policies: std::slice::from_ref(document), boundary: None, context }
    }
}

/// What is granted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Grants {
    granted: Granted,
    /// Definite and possible.
    admin: (bool, bool),
    public: (bool, bool),
}

impl Grants {
    /// What one document grants, to whoever holds it; of a resource's policy, whether it is open to everyone.
    #[must_use]
    pub fn of_document(document: &Document<'_>) -> Self {
        Self::of_principal(&Holdings::one(document, RequestContext::default()))
    }

    /// What a principal can do by all its policies, within its boundary, which grants nothing of its own (item 20 of `docs/evaluation.md`).
    #[must_use]
    pub fn of_principal(holdings: &Holdings<'_>) -> Self {
        let context = &holdings.context;
        let mut by_mark = marks::of(holdings.policies, context);
        let mut all = admin::is_everything(holdings.policies, context);
        if let Some(boundary) = holdings.boundary.map(std::slice::from_ref) {
            by_mark = by_mark.within(marks::of(boundary, context));
            let within = admin::is_everything(boundary, context);
            all = (all.0 && within.0, all.1 && within.1);
        }
        let mut all_told = Self { granted: by_mark, admin: (false, false), public: public(holdings.policies, context) };
        // Whoever can still give themselves what is denied or left out is an administrator in spite of that.
        let returns = |sure| all_told.open(sure).any(|path| path.category == Category::SelfEscalation);
        all_told.admin = (all.0 && returns(Sure::Definite), all.1 && returns(Sure::Possible));
        all_told
    }

    /// The kinds of danger, the gravest first.
    pub fn capabilities(&self, sure: Sure) -> impl Iterator<Item = Capability> {
        Capability::ALL.into_iter().filter(move |capability| self.has(*capability, sure))
    }

    /// Whether it is granted.
    #[must_use]
    pub fn has(&self, capability: Capability, sure: Sure) -> bool {
        let pick = |pair: (bool, bool)| if sure == Sure::Definite { pair.0 } else { pair.1 };
        let of_marks = capability.marks().is_some_and(|marks| !(self.set(sure) & marks).is_empty());
        match capability {
            Capability::Admin => pick(self.admin),
            Capability::Escalation => self.open(sure).next().is_some(),
            Capability::ResourceExposure => of_marks || pick(self.public),
            _ => of_marks,
        }
    }

    /// The paths that are open, without those that only take more of the same.
    pub fn escalations(&self, sure: Sure) -> impl Iterator<Item = &'static Path> {
        let smaller_open =
            move |path: &Path| path.smaller.iter().filter_map(|place| PATHS.get(*place)).any(|path| self.is_open(path, sure));
        self.open(sure).filter(move |path| !smaller_open(path))
    }

    const fn set(&self, sure: Sure) -> Set {
        match sure {
            Sure::Definite => self.granted.definite,
            Sure::Possible => self.granted.possible,
        }
    }

    fn open(&self, sure: Sure) -> impl Iterator<Item = &'static Path> {
        // Most policies grant nothing of the catalog.
        let any = !(self.set(sure).is_empty() && self.granted.perhaps_oneself.is_empty());
        PATHS.iter().filter(move |path| any && self.is_open(path, sure))
    }

    fn is_open(&self, path: &Path, sure: Sure) -> bool {
        let granted = &self.granted;
        let (set, passed) = match sure {
            Sure::Definite if path.works_on_oneself() => (granted.oneself, granted.passed.0),
            Sure::Definite => (granted.definite, granted.passed.0),
            Sure::Possible if path.works_on_oneself() => (granted.perhaps_oneself, granted.passed.1),
            Sure::Possible => (granted.possible, granted.passed.1),
        };
        let admitted = !path.set.contains(PASS_ROLE) || (passed != 0 && passed & path.passes == path.passes);
        set.holds(&path.set) && admitted && !self.adds_nothing(path, sure)
    }

    /// Whether the path only leads to a resource of a service whose actions are all granted: that exposes the resource to others, and gives its
    /// holder nothing.
    fn adds_nothing(&self, path: &Path, sure: Sure) -> bool {
        let Granted { definite, needless, .. } = &self.granted;
        path.category == Category::ResourcePolicy
            && (needless.0.holds(&path.set)
                || sure == Sure::Possible && (needless.0 | needless.1).holds(&path.set) && !definite.holds(&path.set))
    }
}

/// Whether a resource's policy lets everyone in: for certain, and perhaps.
fn public(documents: &[Document<'_>], context: &RequestContext<'_>) -> (bool, bool) {
    let open = documents.iter().flat_map(|document| &document.statements).filter(|statement| {
        let everyone = match &statement.principals {
            Principals::Only(named) => named.contains(&Principal::Everyone),
            Principals::AllBut(_) => true,
            Principals::Absent => false,
        };
        everyone && statement.effect == Effect::Allow
    });
    open.fold((false, false), |(definite, _), statement| (definite || limit_nothing(&statement.conditions, context), true))
}

/// Whether something that the pattern names is allowed, on some resource at least.
#[must_use]
pub fn allows(holdings: &Holdings<'_>, pattern: &str, sure: Sure) -> bool {
    let allowed = |documents: &[Document<'_>]| allowed(documents, pattern, sure, &holdings.context);
    allowed(holdings.policies) && holdings.boundary.is_none_or(|boundary| allowed(std::slice::from_ref(boundary)))
}

fn allowed(documents: &[Document<'_>], pattern: &str, sure: Sure, context: &RequestContext<'_>) -> bool {
    let granted = documents.iter().flat_map(|document| &document.statements).any(|statement| {
        let values = &statement.actions.values;
        let named = if statement.actions.negated {
            !values.iter().any(|value| marks::names_all(value, pattern))
        } else {
            values.iter().any(|value| match actions::Value::of(value) {
                actions::Value::Everything => true,
                actions::Value::Action(service, _) if sure == Sure::Definite && service.contains(['*', '?']) => false,
                actions::Value::Action(..) => overlaps(value, pattern),
                actions::Value::Never => false,
            })
        };
        let certain = sure == Sure::Possible || limit_nothing(&statement.conditions, context);
        statement.effect == Effect::Allow && statement.principals == Principals::Absent && named && certain
    });
    let (whole, part) = marks::denied_action(documents, pattern, context);
    granted && !whole && (sure == Sure::Possible || !part)
}

/// A statement that grants part of something.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Reason {
    /// Which of the policies.
    pub policy: usize,
    /// Which of its statements.
    pub statement: usize,
}

/// The statements that open a path.
#[must_use]
pub fn why_path(holdings: &Holdings<'_>, path: &Path) -> Vec<Reason> {
    reasons(holdings, |granted| !((granted.possible | granted.perhaps_oneself) & path.set).is_empty())
}

/// The statements that show a kind of danger.
#[must_use]
pub fn why(holdings: &Holdings<'_>, capability: Capability) -> Vec<Reason> {
    let paths = || Grants::of_principal(holdings).escalations(Sure::Possible).fold(Set::EMPTY, |set, path| set | path.set);
    let marks = capability.marks().unwrap_or_else(paths);
    reasons(holdings, |granted| !((granted.possible | granted.perhaps_oneself) & marks).is_empty())
}

fn reasons(holdings: &Holdings<'_>, grants: impl Fn(&Granted) -> bool) -> Vec<Reason> {
    let statements = holdings.policies.iter().enumerate().flat_map(|(policy, document)| {
        document.statements.iter().enumerate().map(move |(statement, granting)| (Reason { policy, statement }, granting))
    });
    statements.filter(|(_, statement)| grants(&marks::of_statement(statement, &holdings.context))).map(|(reason, _)| reason).collect()
}

#[cfg(test)]
mod tests;
