//! A user or group that has another name or path now. Policies, exemptions and people that know it by the old one no longer mean it.

use serde::{Deserialize, Serialize};

use super::{Call, Change, Claim, Kind, Unread};
use crate::arn::IamName;
use crate::facts::{Facts, Members};
use crate::target::{Identity, IdentityKind, Target};
use crate::text;

/// Longest path, in characters (IAM API reference, `UpdateUser`).
const PATH_MAX: usize = 512;

/// A user or group was renamed, or moved to another path.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Renamed {
    /// The user or group, under its old name.
    #[serde(rename = "target")]
    pub identity: Identity,
    /// Its new name; the old one if only its path changed.
    pub new_name: IamName,
    /// Its new path, if that changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_path: Option<String>,
    /// The policies that still name it as it was called before, if that was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub named_by: Option<Vec<String>>,
}

/// So many of them are named in a sentence.
const NAMED_MAX: usize = 5;

impl Kind for Renamed {
    fn target(&self) -> Target {
        self.identity.clone().into()
    }

    fn context(&self, facts: &Facts, context: &mut Members<'_>) {
        context.named_by(facts);
        context.text("newName", &self.new_name.as_str().to_ascii_lowercase());
        if let Some(path) = &self.new_path {
            context.text("newPath", &path.to_ascii_lowercase());
        }
    }

    fn matter(&self) -> String {
        if self.new_name == self.identity.name {
            let path = self.new_path.as_deref().map(text::name).unwrap_or_default();
            return format!("{} moved to path {path}", self.identity);
        }
        format!("{} renamed {}", self.identity, self.new_name)
    }

    fn happened(&self) -> String {
        let path = self.new_path.as_deref().map(|path| format!(" with path {}", text::name(path))).unwrap_or_default();
        let id = self.identity.id.as_ref().map(|id| format!(" (its id is still {id})")).unwrap_or_default();
        let policies = match self.named_by.as_deref() {
            None => String::new(),
            Some([]) => "; no policy names it as it was called before".to_owned(),
            Some(policies) => {
                let named = text::few(policies, NAMED_MAX);
                format!("; as it was called before it is still named by {named}: they hold for whoever gets that name next")
            }
        };
        format!("{} is {} {}{path} now{id}{policies}", self.identity, self.identity.kind.word(), self.new_name)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parameters {
    user_name: Option<String>,
    group_name: Option<String>,
    new_user_name: Option<String>,
    new_group_name: Option<String>,
    new_path: Option<String>,
}

/// Reads `UpdateUser` or `UpdateGroup`: nothing if the call changed nothing.
pub fn read(kind: IdentityKind, call: &Call<'_>) -> Result<Vec<Claim>, Unread> {
    let Parameters { user_name, group_name, new_user_name, new_group_name, new_path } = call.parameters()?;
    let (name, new_name) = if kind == IdentityKind::User { (user_name, new_user_name) } else { (group_name, new_group_name) };
    let identity = call.identity(kind, name.as_deref())?;
    let new_name = new_name.map_or_else(|| Ok(identity.name.clone()), |name| call.iam_name(Some(&name)))?;
    if new_path.as_ref().is_some_and(|path| path.len() > PATH_MAX) {
        return Err(call.unreadable(&"the new path is longer than IAM allows"));
    }
    if new_name == identity.name && new_path.is_none() {
        return Ok(Vec::new());
    }
    Ok(vec![Claim::Change(Change::Renamed(Renamed { identity, new_name, new_path, named_by: None }))])
}
