//! The account's password policy: its rules, or none.

use std::fmt;

use aws_sdk_iam::types::PasswordPolicy as Answer;
use policy::case::Call;
use policy::password::PasswordRules;

use super::{Home, Live, Setting, Writer};
use crate::error::{AwsCall, Named as _, found};
use crate::reading::Reader;

/// The account's password policy, if there is one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PasswordPolicy;

impl fmt::Display for PasswordPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the account's password policy")
    }
}

/// The rules that a call names in full, as [`Setting::call`] does.
fn rules_of(call: &Call) -> Option<PasswordRules> {
    let number = |name: &str| call.parameter(name).map(str::parse::<u16>).transpose().ok();
    let switch = |name: &str| call.parameter(name)?.parse::<bool>().ok();
    Some(PasswordRules {
        minimum_password_length: number("MinimumPasswordLength")??,
        require_symbols: switch("RequireSymbols")?,
        require_numbers: switch("RequireNumbers")?,
        require_uppercase_characters: switch("RequireUppercaseCharacters")?,
        require_lowercase_characters: switch("RequireLowercaseCharacters")?,
        allow_users_to_change_password: switch("AllowUsersToChangePassword")?,
        max_password_age: number("MaxPasswordAge")?,
        password_reuse_prevention: number("PasswordReusePrevention")?,
        hard_expiry: switch("HardExpiry")?,
    })
}

/// What IAM answers. A number that it leaves out, or gives as 0, is none.
fn rules_in(answer: &Answer) -> PasswordRules {
    let number = |number: Option<i32>| number.and_then(|number| u16::try_from(number).ok()).filter(|number| *number > 0);
    PasswordRules {
        minimum_password_length: number(answer.minimum_password_length).unwrap_or(PasswordRules::IAM_DEFAULTS.minimum_password_length),
        require_symbols: answer.require_symbols,
        require_numbers: answer.require_numbers,
        require_uppercase_characters: answer.require_uppercase_characters,
        require_lowercase_characters: answer.require_lowercase_characters,
        allow_users_to_change_password: answer.allow_users_to_change_password,
        max_password_age: number(answer.max_password_age),
        password_reuse_prevention: number(answer.password_reuse_prevention),
        hard_expiry: answer.hard_expiry.unwrap_or_default(),
    }
}

impl Setting for PasswordPolicy {
    type Value = Option<PasswordRules>;

    fn holder(&self) -> String {
        "the account".to_owned()
    }

    /// Every setting is named: what a call leaves out becomes IAM's default. IAM takes no 0 for a number that is none.
    fn call(&self, rules: &Option<PasswordRules>) -> Option<Call> {
        let Some(rules) = rules else {
            return Some(Call::iam("DeleteAccountPasswordPolicy", &[]));
        };
        let numbers = rules.numbers().into_iter().filter(|(_, number)| *number > 0).map(|(name, number)| (name, number.to_string()));
        let switches = rules.switches().into_iter().map(|(name, on)| (name, on.to_string()));
        let parameters: Vec<(&str, String)> = numbers.chain(switches).collect();
        let parameters: Vec<(&str, &str)> = parameters.iter().map(|(name, value)| (*name, value.as_str())).collect();
        Some(Call::iam("UpdateAccountPasswordPolicy", &parameters))
    }

    fn parse(call: &Call, _: Home<'_>) -> Option<(Self, Option<PasswordRules>)> {
        let rules = if call.operation == "DeleteAccountPasswordPolicy" { None } else { Some(rules_of(call)?) };
        (Self.call(&rules).as_ref() == Some(call)).then_some((Self, rules))
    }

    fn words(rules: &Option<PasswordRules>) -> &'static str {
        if rules.is_some() { "as it was" } else { "not there" }
    }

    async fn get(&self, reader: &Reader) -> Result<Live<Option<PasswordRules>>, AwsCall> {
        let answer = found(reader.get_account_password_policy().send().await.named("iam:GetAccountPasswordPolicy", &""))?;
        match answer {
            Some(answer) => {
                let policy = answer.password_policy.ok_or_else(|| AwsCall::empty("iam:GetAccountPasswordPolicy".to_owned()))?;
                Ok(Live::Is(Some(rules_in(&policy))))
            }
            // An account is always there.
            None => Ok(Live::Is(None)),
        }
    }

    async fn set(&self, writer: &Writer, rules: &Option<PasswordRules>) -> Result<(), AwsCall> {
        let Some(rules) = rules else {
            return writer.delete_account_password_policy().send().await.named("iam:DeleteAccountPasswordPolicy", &"").map(drop);
        };
        let update = writer
            .update_account_password_policy()
            .minimum_password_length(rules.minimum_password_length.into())
            .require_symbols(rules.require_symbols)
            .require_numbers(rules.require_numbers)
            .require_uppercase_characters(rules.require_uppercase_characters)
            .require_lowercase_characters(rules.require_lowercase_characters)
            .allow_users_to_change_password(rules.allow_users_to_change_password)
            .set_max_password_age(rules.max_password_age.map(i32::from))
            .set_password_reuse_prevention(rules.password_reuse_prevention.map(i32::from))
            .hard_expiry(rules.hard_expiry);
        update.send().await.named("iam:UpdateAccountPasswordPolicy", &"").map(drop)
    }
}
