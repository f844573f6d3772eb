//! Whether a finding still stands.

use serde::{Deserialize, Deserializer, Serialize};

use super::boolean;

/// Whether a finding still stands. Only one that is open is ever acted on.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FindingState {
    /// It stands.
    #[default]
    Open,
    /// The service considers it over.
    Closed,
    /// Somebody, or a suppression rule, archived it.
    Archived,
    /// Somebody asked the service for an example: nothing has happened.
    Sample,
}

impl FindingState {
    /// As JSON, the Cedar schema and people spell it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
            Self::Archived => "archived",
            Self::Sample => "sample",
        }
    }

    /// Whether it stands.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        matches!(self, Self::Open)
    }

    /// A status in the words of AWS Health (`open`, `closed`; of an entity `RESOLVED`), IAM Access Analyzer (`ACTIVE`, `ARCHIVED`, `RESOLVED`)
    /// or Security Hub (`ACTIVE`, `ARCHIVED`). What no service says leaves a finding open.
    #[must_use]
    pub fn of_status(status: &str) -> Self {
        match status.to_ascii_lowercase().as_str() {
            "closed" | "resolved" => Self::Closed,
            "archived" => Self::Archived,
            _ => Self::Open,
        }
    }
}

/// The members that say whether a finding still stands (AWS Health user guide, "AWS Health event schema"; `GuardDuty` API reference, `Service`;
/// IAM user guide, "Monitoring IAM Access Analyzer with Amazon EventBridge"; Security Hub user guide, "`RecordState`").
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Standing {
    #[serde(alias = "Title")]
    title: Option<Word>,
    status: Option<Word>,
    status_code: Option<Word>,
    #[serde(alias = "Service")]
    service: Service,
    findings: Vec<Listed>,
}

/// Of Health `service` is text, of `GuardDuty` an object.
#[derive(Deserialize)]
#[serde(untagged)]
enum Service {
    Guardian {
        #[serde(default, alias = "Archived", deserialize_with = "boolean")]
        archived: Option<bool>,
        #[serde(default, alias = "additionalInfo", alias = "AdditionalInfo")]
        additional_info: Option<AdditionalInfo>,
    },
    Other(serde::de::IgnoredAny),
}

impl Default for Service {
    fn default() -> Self {
        Self::Other(serde::de::IgnoredAny)
    }
}

/// `sample` stands here, or, since AWS also writes the same members as JSON text, in `value`.
#[derive(Deserialize)]
struct AdditionalInfo {
    #[serde(default, alias = "Sample", deserialize_with = "boolean")]
    sample: Option<bool>,
    #[serde(default, alias = "Value")]
    value: Option<Word>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Listed {
    #[serde(rename = "RecordState")]
    record_state: Option<Word>,
    #[serde(rename = "Sample", deserialize_with = "boolean")]
    sample: Option<bool>,
}

/// Text, where another service may write something else.
struct Word(String);

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Text(String),
            Other(serde::de::IgnoredAny),
        }

        Ok(Self(match Written::deserialize(deserializer)? {
            Written::Text(text) => text,
            Written::Other(_) => String::new(),
        }))
    }
}

impl Standing {
    /// Whether the finding still stands: whatever says that it does not wins.
    pub(super) fn state(&self) -> FindingState {
        let (archived, sample) = match &self.service {
            Service::Guardian { archived, additional_info } => {
                (*archived == Some(true), additional_info.as_ref().is_some_and(AdditionalInfo::is_sample))
            }
            Service::Other(_) => (false, false),
        };
        let one_is_sample = self.findings.iter().any(|listed| listed.sample == Some(true));
        let is_titled_sample = self.title.as_ref().is_some_and(|title| title.0.starts_with("[SAMPLE]"));
        if sample || one_is_sample || is_titled_sample {
            return FindingState::Sample;
        }
        if archived {
            return FindingState::Archived;
        }
        // A list of findings stands as long as one of them does.
        let all_are_archived = !self.findings.is_empty() && self.findings.iter().all(Listed::is_archived);
        let states = [&self.status, &self.status_code].into_iter().flatten().map(|word| FindingState::of_status(&word.0));
        states.chain(all_are_archived.then_some(FindingState::Archived)).find(|state| !state.is_open()).unwrap_or_default()
    }
}

impl AdditionalInfo {
    fn is_sample(&self) -> bool {
        let inner = || serde_json::from_str::<Self>(&self.value.as_ref()?.0).ok();
        self.sample == Some(true) || inner().is_some_and(|inner| inner.sample == Some(true))
    }
}

impl Listed {
    fn is_archived(&self) -> bool {
        self.record_state.as_ref().is_some_and(|word| !FindingState::of_status(&word.0).is_open())
    }
}
