//! What a policy grants, or what a target can do as a whole, as guardrails see it.

use cedar_policy::RestrictedExpression;

use crate::capability::{self, Capability, Grants, Holdings, RequestContext, Sure};
use crate::document::{Document, DocumentError, plain};

/// What a policy grants, or what a target can do: the Cedar schema's `Access`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Access {
    grants: Vec<Capability>,
    may_grant: Vec<Capability>,
    escalations: Vec<&'static str>,
    allows: Vec<String>,
}

/// The policies of one principal as text, plain or percent-encoded: its own and its groups'.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Texts {
    /// The documents that grant and deny.
    pub policies: Vec<String>,
    /// The permissions boundary, if there is one.
    pub boundary: Option<String>,
}

impl Access {
    /// What these policies grant together to whoever `context` says, and which of the actions that are asked about they allow.
    ///
    /// # Errors
    ///
    /// If one of them cannot be read: then it is not known what they grant.
    pub fn of(texts: &Texts, asked: &[String], context: RequestContext<'_>) -> Result<Self, DocumentError> {
        let plain_texts = texts.policies.iter().map(|text| plain(text)).collect::<Result<Vec<_>, _>>()?;
        let policies = plain_texts.iter().map(|text| Document::parse(text)).collect::<Result<Vec<_>, _>>()?;
        let boundary_text = texts.boundary.as_deref().map(plain).transpose()?;
        let boundary = boundary_text.as_deref().map(Document::parse).transpose()?;
        let holdings = Holdings { policies: &policies, boundary: boundary.as_ref(), context };
        let grants = Grants::of_principal(&holdings);
        let allows = asked.iter().filter(|action| capability::allows(&holdings, action, Sure::Definite));
        Ok(Self {
            grants: grants.capabilities(Sure::Definite).collect(),
            may_grant: grants.capabilities(Sure::Possible).collect(),
            escalations: grants.escalations(Sure::Definite).map(|path| path.id).collect(),
            allows: allows.cloned().collect(),
        })
    }

    /// What each of them grants: nothing if there is none.
    #[must_use]
    pub fn common(all: &[Self]) -> Self {
        let Some((first, rest)) = all.split_first() else {
            return Self::default();
        };
        let mut common = first.clone();
        for other in rest {
            common.grants.retain(|grant| other.grants.contains(grant));
            common.may_grant.retain(|grant| other.may_grant.contains(grant));
            common.escalations.retain(|path| other.escalations.contains(path));
            common.allows.retain(|action| other.allows.contains(action));
        }
        common
    }

    /// What they grant for certain.
    #[must_use]
    pub fn grants(&self) -> &[Capability] {
        &self.grants
    }

    /// What they may grant, all that is certain among it.
    #[must_use]
    pub fn may_grant(&self) -> &[Capability] {
        &self.may_grant
    }

    /// The members of the schema's `Access`.
    pub(super) fn members(&self) -> Result<[(String, RestrictedExpression); 4], String> {
        let set = |texts: &mut dyn Iterator<Item = &str>| {
            RestrictedExpression::new_set(texts.map(|text| RestrictedExpression::new_string(text.to_owned())))
        };
        Ok([
            ("allows".to_owned(), set(&mut self.allows.iter().map(String::as_str))),
            ("escalations".to_owned(), set(&mut self.escalations.iter().copied())),
            ("grants".to_owned(), flags(&self.grants)?),
            ("mayGrant".to_owned(), flags(&self.may_grant)?),
        ])
    }
}

/// The schema's `Grants`: one boolean per capability, so that a rulebook with a misspelt one does not load.
fn flags(granted: &[Capability]) -> Result<RestrictedExpression, String> {
    let flag = |capability: Capability| (member(capability).to_owned(), RestrictedExpression::new_bool(granted.contains(&capability)));
    RestrictedExpression::new_record(Capability::ALL.map(flag)).map_err(|error| error.to_string())
}

const fn member(capability: Capability) -> &'static str {
    match capability {
        Capability::Admin => "admin",
        Capability::Escalation => "escalation",
        Capability::PermissionsManagement => "permissionsManagement",
        Capability::CredentialExposure => "credentialExposure",
        Capability::DataAccess => "dataAccess",
        Capability::ResourceExposure => "resourceExposure",
    }
}
