//! Credentials that AWS found exposed or misused.

use serde::{Deserialize, Serialize};

use super::{Behind, Kind};
use crate::arn::{CredentialId, IamName};
use crate::credential::{Credential, CredentialKind, Session};
use crate::facts::{Facts, Members};
use crate::record::FindingState;
use crate::severity::Severity;
use crate::target::Target;
use crate::text;

/// What AWS found.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// `health` or `guardduty`.
    pub finder: String,
    /// `AWS_RISK_CREDENTIALS_EXPOSED`, `UnauthorizedAccess:IAMUser/MaliciousIPCaller`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// How grave the finder considers it.
    pub severity: Severity,
    /// Whether it still stands.
    #[serde(default, skip_serializing_if = "FindingState::is_open")]
    pub state: FindingState,
}

/// AWS found that somebody's credentials are exposed or misused.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub struct CredentialExposed {
    /// Whose they are: a user's, a role's, or root's.
    #[serde(rename = "target")]
    pub owner: Target,
    /// The long-lived credential, if it is known which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<Credential>,
    /// The session, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<Session>,
    /// What was found.
    pub finding: Finding,
}

impl CredentialExposed {
    /// An access key of this owner.
    #[must_use]
    pub const fn of_key(owner: Target, id: CredentialId, finding: Finding) -> Self {
        Self { owner, credential: Some(Credential { kind: CredentialKind::AccessKey, id }), session: None, finding }
    }
}

impl Kind for CredentialExposed {
    fn target(&self) -> Target {
        self.owner.clone()
    }

    fn context(&self, _: &Facts, context: &mut Members<'_>) {
        let finding = &self.finding;
        let members = [
            ("finder", finding.finder.as_str()),
            ("severity", finding.severity.name()),
            ("state", finding.state.name()),
            ("type", &finding.kind),
        ];
        context.texts("finding", &members);
        if let Some(credential) = &self.credential {
            context.texts("credential", &credential.members());
        }
        context.boolean("ofSession", self.session.is_some());
    }

    fn behind(&self) -> Behind<'_> {
        Behind::Owner(self.session.as_ref())
    }

    fn part(&self) -> String {
        // A key is the same whether or not the finding names its owner.
        if let Some(credential) = &self.credential {
            return credential.id.to_string();
        }
        let session = self.session.as_ref().and_then(|session| session.name.as_ref()).map(IamName::as_str);
        format!("{} {}", self.owner, session.unwrap_or_default())
    }

    fn matter(&self) -> String {
        match (&self.credential, &self.session) {
            (Some(credential), _) => format!("{credential} of {}", self.owner),
            (None, Some(session)) => {
                let name = session.name.as_ref().map(|name| format!(" {name}")).unwrap_or_default();
                format!("session{name} of {}", self.owner)
            }
            (None, None) => format!("credentials of {}", self.owner),
        }
    }

    fn happened(&self) -> String {
        let whose = match (&self.credential, &self.session) {
            (Some(credential), _) => format!("{credential} of {}", self.owner),
            (None, Some(session)) => {
                let name = session.name.as_ref().map(|name| format!(" named {name}")).unwrap_or_default();
                let key = session.key_id.as_ref().map(|key| format!(", key {key}")).unwrap_or_default();
                format!("a session{name} of {}{key}", self.owner)
            }
            (None, None) => format!("credentials of {}", self.owner),
        };
        format!("{} about {whose} ({})", text::name(&self.finding.kind), self.finding.severity.name())
    }
}
