//! The account's password policy, set or deleted.

use cedar_policy::RestrictedExpression;
use serde::{Deserialize, Deserializer, Serialize, de};

use super::{Call, Change, Claim, Kind, Unread};
use crate::facts::{Facts, Members};
use crate::password::PasswordRules;
use crate::record::Parameters;
use crate::target::Target;

/// The account's password policy was set or deleted.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PasswordPolicyChanged {
    /// The whole of the new policy; absent if it was deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<PasswordRules>,
}

impl Kind for PasswordPolicyChanged {
    fn target(&self) -> Target {
        Target::Account
    }

    fn context(&self, _: &Facts, context: &mut Members<'_>) {
        let rules = self.rules.unwrap_or(PasswordRules::WITHOUT_A_POLICY);
        let switches = rules.switches().map(|(name, on)| (camel(name), RestrictedExpression::new_bool(on)));
        let numbers = rules.numbers().map(|(name, number)| (camel(name), RestrictedExpression::new_long(number.into())));
        context.record("passwordPolicy", switches.into_iter().chain(numbers));
    }

    fn matter(&self) -> String {
        "the account's password policy".to_owned()
    }

    fn happened(&self) -> String {
        self.rules.map_or_else(
            || "the account's password policy was deleted".to_owned(),
            |rules| format!("the account's password policy was set to: {rules}"),
        )
    }

    fn tried(&self, call: &str) -> String {
        format!("to change the account's password policy with {call}")
    }

    fn caveat(&self) -> Option<&'static str> {
        Some(
            "no record says what the password policy was before this call: an undo gives back what the call had set, not what was there earlier",
        )
    }
}

/// `RequireSymbols` → `requireSymbols`, as records and the Cedar schema spell it.
fn camel(name: &str) -> String {
    name.char_indices().map(|(at, c)| if at == 0 { c.to_ascii_lowercase() } else { c }).collect()
}

/// What a call names. What it leaves out is not left as it was: it becomes IAM's default.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Written {
    #[serde(deserialize_with = "number")]
    minimum_password_length: Option<u16>,
    #[serde(deserialize_with = "switch")]
    require_symbols: Option<bool>,
    #[serde(deserialize_with = "switch")]
    require_numbers: Option<bool>,
    #[serde(deserialize_with = "switch")]
    require_uppercase_characters: Option<bool>,
    #[serde(deserialize_with = "switch")]
    require_lowercase_characters: Option<bool>,
    #[serde(deserialize_with = "switch")]
    allow_users_to_change_password: Option<bool>,
    #[serde(deserialize_with = "number")]
    max_password_age: Option<u16>,
    #[serde(deserialize_with = "number")]
    password_reuse_prevention: Option<u16>,
    #[serde(deserialize_with = "switch")]
    hard_expiry: Option<bool>,
}

impl From<Written> for PasswordRules {
    fn from(written: Written) -> Self {
        let defaults = Self::IAM_DEFAULTS;
        Self {
            minimum_password_length: written.minimum_password_length.unwrap_or(defaults.minimum_password_length),
            require_symbols: written.require_symbols.unwrap_or(defaults.require_symbols),
            require_numbers: written.require_numbers.unwrap_or(defaults.require_numbers),
            require_uppercase_characters: written.require_uppercase_characters.unwrap_or(defaults.require_uppercase_characters),
            require_lowercase_characters: written.require_lowercase_characters.unwrap_or(defaults.require_lowercase_characters),
            allow_users_to_change_password: written.allow_users_to_change_password.unwrap_or(defaults.allow_users_to_change_password),
            max_password_age: written.max_password_age.filter(|days| *days > 0),
            password_reuse_prevention: written.password_reuse_prevention.filter(|number| *number > 0),
            hard_expiry: written.hard_expiry.unwrap_or(defaults.hard_expiry),
        }
    }
}

/// Some tools keep every value of a record as text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Value<T> {
    Plain(T),
    Text(String),
}

fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u16>, D::Error> {
    read(deserializer, "a small number")
}

fn switch<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    read(deserializer, "true or false")
}

fn read<'de, D: Deserializer<'de>, T: Deserialize<'de> + std::str::FromStr>(
    deserializer: D,
    expected: &str,
) -> Result<Option<T>, D::Error> {
    match Option::<Value<T>>::deserialize(deserializer)? {
        None => Ok(None),
        Some(Value::Plain(value)) => Ok(Some(value)),
        Some(Value::Text(text)) => text.parse().map(Some).map_err(|_| de::Error::custom(format!("{expected} was expected"))),
    }
}

fn claim(rules: Option<PasswordRules>) -> Vec<Claim> {
    vec![Claim::Change(Change::PasswordPolicyChanged(PasswordPolicyChanged { rules }))]
}

/// Reads `UpdateAccountPasswordPolicy`. A call that names no setting has no parameters at all, and neither has one that AWS refused.
pub fn updated(call: &Call<'_>) -> Result<Vec<Claim>, Unread> {
    let record = &call.event.record;
    let names_nothing = record.parameters() == Parameters::Absent && record.error_code.is_none();
    let written = if names_nothing { Written::default() } else { call.parameters()? };
    Ok(claim(Some(written.into())))
}

/// Reads `DeleteAccountPasswordPolicy`, which takes no parameters.
pub fn deleted(call: &Call<'_>) -> Result<Vec<Claim>, Unread> {
    /// None.
    #[derive(Deserialize)]
    struct Nothing {}

    if call.event.record.parameters() != Parameters::Absent {
        let Nothing {} = call.parameters()?;
    }
    Ok(claim(None))
}
