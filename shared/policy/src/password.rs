//! The account's password policy: its nine settings, and the baseline that a guardrail asks for.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What IAM lets a setting be (IAM API reference, `UpdateAccountPasswordPolicy`).
const LENGTHS: (u16, u16) = (6, 128);
const AGES: (u16, u16) = (1, 1095);
const REUSES: (u16, u16) = (1, 24);

/// The rules that new passwords of IAM users have to meet, under the names of IAM's API.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "they are IAM's own settings, and any of them can be on")]
pub struct PasswordRules {
    /// The fewest characters.
    pub minimum_password_length: u16,
    /// Whether a symbol is required.
    pub require_symbols: bool,
    /// Whether a number is required.
    pub require_numbers: bool,
    /// Whether an upper-case letter is required.
    pub require_uppercase_characters: bool,
    /// Whether a lower-case letter is required.
    pub require_lowercase_characters: bool,
    /// Whether all users may change their own password.
    pub allow_users_to_change_password: bool,
    /// After how many days a password expires; `None`: never.
    pub max_password_age: Option<u16>,
    /// How many earlier passwords cannot be used again; `None`: any can.
    pub password_reuse_prevention: Option<u16>,
    /// Whether a user whose password has expired needs an administrator to get in again.
    pub hard_expiry: bool,
}

impl PasswordRules {
    /// What IAM sets if a call names no setting at all (IAM API reference, `UpdateAccountPasswordPolicy`).
    pub const IAM_DEFAULTS: Self = Self {
        minimum_password_length: LENGTHS.0,
        require_symbols: false,
        require_numbers: false,
        require_uppercase_characters: false,
        require_lowercase_characters: false,
        allow_users_to_change_password: false,
        max_password_age: None,
        password_reuse_prevention: None,
        hard_expiry: false,
    };

    /// What holds in an account without a policy, as far as these settings can say it: eight characters. AWS also asks for three of the four kinds of
    /// characters, which no setting expresses (IAM user guide, "Default password policy").
    pub const WITHOUT_A_POLICY: Self = Self { minimum_password_length: 8, ..Self::IAM_DEFAULTS };

    /// The switches, under the names of IAM's API.
    #[must_use]
    pub const fn switches(&self) -> [(&'static str, bool); 6] {
        [
            ("RequireSymbols", self.require_symbols),
            ("RequireNumbers", self.require_numbers),
            ("RequireUppercaseCharacters", self.require_uppercase_characters),
            ("RequireLowercaseCharacters", self.require_lowercase_characters),
            ("AllowUsersToChangePassword", self.allow_users_to_change_password),
            ("HardExpiry", self.hard_expiry),
        ]
    }

    /// The numbers, under the names of IAM's API; 0 is none, as IAM's documentation calls it.
    #[must_use]
    pub fn numbers(&self) -> [(&'static str, u16); 3] {
        [
            ("MinimumPasswordLength", self.minimum_password_length),
            ("MaxPasswordAge", self.max_password_age.unwrap_or_default()),
            ("PasswordReusePrevention", self.password_reuse_prevention.unwrap_or_default()),
        ]
    }
}

/// In words: `at least 14 characters, with symbols, …`.
impl fmt::Display for PasswordRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds = [
            ("symbols", self.require_symbols),
            ("numbers", self.require_numbers),
            ("upper-case letters", self.require_uppercase_characters),
            ("lower-case letters", self.require_lowercase_characters),
        ];
        let kinds: Vec<_> = kinds.into_iter().filter(|(_, required)| *required).map(|(kind, _)| kind).collect();
        write!(f, "at least {} characters", self.minimum_password_length)?;
        if kinds.is_empty() {
            f.write_str(" of any kind")?;
        } else {
            write!(f, " with {}", kinds.join(" and "))?;
        }
        match self.password_reuse_prevention {
            Some(number) => write!(f, ", none of the last {number} again")?,
            None => f.write_str(", earlier ones allowed again")?,
        }
        match (self.max_password_age, self.hard_expiry) {
            (None, false) => f.write_str(", never expiring")?,
            (None, true) => f.write_str(", never expiring (hard expiry is on)")?,
            (Some(days), false) => write!(f, ", expiring after {days} days")?,
            (Some(days), true) => write!(f, ", expiring after {days} days and then reset by an administrator only")?,
        }
        f.write_str(if self.allow_users_to_change_password {
            ", changed by the users themselves"
        } else {
            ", not changed by the users themselves"
        })
    }
}

/// What `@baseline` asks for: each setting that it names at least so strict.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct PasswordBaseline {
    minimum_password_length: Option<u16>,
    require_symbols: Option<bool>,
    require_numbers: Option<bool>,
    require_uppercase_characters: Option<bool>,
    require_lowercase_characters: Option<bool>,
    allow_users_to_change_password: Option<bool>,
    max_password_age: Option<u16>,
    password_reuse_prevention: Option<u16>,
    /// Off, if anything: it is never switched on.
    hard_expiry: Option<bool>,
}

/// The names that a baseline can use.
pub const SETTINGS: [&str; 9] = [
    "minimumPasswordLength",
    "requireSymbols",
    "requireNumbers",
    "requireUppercaseCharacters",
    "requireLowercaseCharacters",
    "allowUsersToChangePassword",
    "maxPasswordAge",
    "passwordReusePrevention",
    "hardExpiry",
];

/// Why a text is no baseline.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum BaselineError {
    /// It names a setting that IAM does not have.
    Unknown(String),
    /// A setting has a value that it cannot have: what was written, and what is expected.
    Value(String, String),
}

impl PasswordBaseline {
    /// Reads `minimumPasswordLength=14,requireSymbols=true`.
    ///
    /// # Errors
    ///
    /// If it names nothing, something unknown or the same twice, or gives a setting a value that it cannot have.
    pub fn parse(text: &str) -> Result<Self, BaselineError> {
        let mut baseline = Self::default();
        for item in text.split(',').map(str::trim) {
            let (name, value) = item.split_once('=').map_or((item, ""), |(name, value)| (name.trim(), value.trim()));
            match name {
                "minimumPasswordLength" => number(&mut baseline.minimum_password_length, item, value, LENGTHS)?,
                "maxPasswordAge" => number(&mut baseline.max_password_age, item, value, AGES)?,
                "passwordReusePrevention" => number(&mut baseline.password_reuse_prevention, item, value, REUSES)?,
                "requireSymbols" => switch(&mut baseline.require_symbols, item, value)?,
                "requireNumbers" => switch(&mut baseline.require_numbers, item, value)?,
                "requireUppercaseCharacters" => switch(&mut baseline.require_uppercase_characters, item, value)?,
                "requireLowercaseCharacters" => switch(&mut baseline.require_lowercase_characters, item, value)?,
                "allowUsersToChangePassword" => switch(&mut baseline.allow_users_to_change_password, item, value)?,
                "hardExpiry" if value == "true" => {
                    let why = "only `hardExpiry=false` is possible: Rescind never switches it on, because it locks people out";
                    return Err(BaselineError::Value(item.to_owned(), why.to_owned()));
                }
                "hardExpiry" => switch(&mut baseline.hard_expiry, item, value)?,
                _ => return Err(BaselineError::Unknown(name.to_owned())),
            }
        }
        Ok(baseline)
    }

    /// The stricter of both, setting by setting. Whether users may change their own password is no question of strictness: the first decides.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let shorter = match (self.max_password_age, other.max_password_age) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        Self {
            minimum_password_length: self.minimum_password_length.max(other.minimum_password_length),
            require_symbols: self.require_symbols.max(other.require_symbols),
            require_numbers: self.require_numbers.max(other.require_numbers),
            require_uppercase_characters: self.require_uppercase_characters.max(other.require_uppercase_characters),
            require_lowercase_characters: self.require_lowercase_characters.max(other.require_lowercase_characters),
            allow_users_to_change_password: self.allow_users_to_change_password.or(other.allow_users_to_change_password),
            max_password_age: shorter,
            password_reuse_prevention: self.password_reuse_prevention.max(other.password_reuse_prevention),
            hard_expiry: self.hard_expiry.or(other.hard_expiry),
        }
    }

    /// The rules that an account with these gets: of each setting the stricter, so that none becomes weaker. Two settings lock people out if they
    /// become stricter. Hard expiry stays as it is. So does a maximum age that is in force: passwords older than a shorter one would expire at once.
    /// If none is in force, that of the baseline is set, unless hard expiry is on.
    #[must_use]
    pub fn over(&self, now: Option<&PasswordRules>) -> PasswordRules {
        // The first policy of an account has IAM's defaults where the baseline names nothing, and never less than what holds without a policy.
        let now = now.copied().unwrap_or(PasswordRules::WITHOUT_A_POLICY);
        let on = |now: bool, asked: Option<bool>| now || asked == Some(true);
        PasswordRules {
            minimum_password_length: now.minimum_password_length.max(self.minimum_password_length.unwrap_or_default()),
            require_symbols: on(now.require_symbols, self.require_symbols),
            require_numbers: on(now.require_numbers, self.require_numbers),
            require_uppercase_characters: on(now.require_uppercase_characters, self.require_uppercase_characters),
            require_lowercase_characters: on(now.require_lowercase_characters, self.require_lowercase_characters),
            allow_users_to_change_password: self.allow_users_to_change_password.unwrap_or(now.allow_users_to_change_password),
            max_password_age: now.max_password_age.or_else(|| self.max_password_age.filter(|_| !now.hard_expiry)),
            password_reuse_prevention: now.password_reuse_prevention.max(self.password_reuse_prevention),
            hard_expiry: now.hard_expiry,
        }
    }
}

fn number(setting: &mut Option<u16>, item: &str, value: &str, (least, most): (u16, u16)) -> Result<(), BaselineError> {
    let found = value.parse().ok().filter(|number| (least..=most).contains(number) && setting.is_none());
    *setting =
        Some(found.ok_or_else(|| BaselineError::Value(item.to_owned(), format!("a number from {least} to {most} is expected, once")))?);
    Ok(())
}

fn switch(setting: &mut Option<bool>, item: &str, value: &str) -> Result<(), BaselineError> {
    let found = value.parse().ok().filter(|_| setting.is_none());
    *setting = Some(found.ok_or_else(|| BaselineError::Value(item.to_owned(), "`true` or `false` is expected, once".to_owned()))?);
    Ok(())
}

/// As `@baseline` writes it.
impl From<PasswordBaseline> for String {
    fn from(baseline: PasswordBaseline) -> Self {
        let number = |setting: Option<u16>| setting.map(|number| number.to_string());
        let switch = |setting: Option<bool>| setting.map(|on| on.to_string());
        let values = [
            number(baseline.minimum_password_length),
            switch(baseline.require_symbols),
            switch(baseline.require_numbers),
            switch(baseline.require_uppercase_characters),
            switch(baseline.require_lowercase_characters),
            switch(baseline.allow_users_to_change_password),
            number(baseline.max_password_age),
            number(baseline.password_reuse_prevention),
            switch(baseline.hard_expiry),
        ];
        let items = SETTINGS.into_iter().zip(values).filter_map(|(name, value)| Some(format!("{name}={}", value?)));
        items.collect::<Vec<_>>().join(",")
    }
}

impl TryFrom<String> for PasswordBaseline {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).map_err(|_| "a baseline of the password policy was expected".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn baseline(text: &str) -> PasswordBaseline {
        PasswordBaseline::parse(text).unwrap()
    }

    prop_compose! {
        fn rules()(length in 6..=128_u16, on in any::<[bool; 6]>(), age in proptest::option::of(1..=1095_u16), reuse in proptest::option::of(1..=24_u16)) -> PasswordRules {
            let [require_symbols, require_numbers, require_uppercase_characters, require_lowercase_characters, allow_users_to_change_password, hard_expiry] = on;
            PasswordRules {
                minimum_password_length: length, require_symbols, require_numbers, require_uppercase_characters, require_lowercase_characters,
                allow_users_to_change_password, max_password_age: age, password_reuse_prevention: reuse, hard_expiry,
            }
        }
    }

    prop_compose! {
        fn any_baseline()(
            length in proptest::option::of(6..=128_u16), on in any::<[Option<bool>; 5]>(), age in proptest::option::of(1..=1095_u16),
            reuse in proptest::option::of(1..=24_u16),
        ) -> PasswordBaseline {
            let [require_symbols, require_numbers, require_uppercase_characters, require_lowercase_characters, allow_users_to_change_password] = on;
            PasswordBaseline {
                minimum_password_length: length, require_symbols, require_numbers, require_uppercase_characters, require_lowercase_characters,
                allow_users_to_change_password, max_password_age: age, password_reuse_prevention: reuse, hard_expiry: None,
            }
        }
    }

    proptest! {
        #[test]
        fn no_setting_becomes_weaker_and_nobody_is_locked_out(now in proptest::option::of(rules()), asked in any_baseline()) {
            let then = asked.over(now.as_ref());
            let now = now.unwrap_or(PasswordRules::WITHOUT_A_POLICY);
            prop_assert!(then.minimum_password_length >= now.minimum_password_length);
            prop_assert!(then.password_reuse_prevention >= now.password_reuse_prevention);
            let required = |rules: &PasswordRules| {
                [rules.require_symbols, rules.require_numbers, rules.require_uppercase_characters, rules.require_lowercase_characters]
            };
            prop_assert!(required(&now).into_iter().zip(required(&then)).all(|(now, then)| then >= now));
            prop_assert_eq!(then.hard_expiry, now.hard_expiry);
            prop_assert!(then.max_password_age == now.max_password_age || (now.max_password_age.is_none() && !now.hard_expiry));
            prop_assert_eq!(then.allow_users_to_change_password, asked.allow_users_to_change_password.unwrap_or(now.allow_users_to_change_password));
            prop_assert_eq!(asked.over(Some(&then)), then, "a second time changes nothing");
        }

        #[test]
        fn the_strictest_of_several_baselines_satisfies_each(now in rules(), one in any_baseline(), other in any_baseline()) {
            let both = one.and(&other).over(Some(&now));
            for asked in [&one, &other] {
                let alone = asked.over(Some(&now));
                prop_assert!(both.minimum_password_length >= alone.minimum_password_length);
                prop_assert!(both.password_reuse_prevention >= alone.password_reuse_prevention);
                prop_assert!(both.require_symbols >= alone.require_symbols);
                prop_assert!(both.max_password_age.unwrap_or(u16::MAX) <= alone.max_password_age.unwrap_or(u16::MAX));
            }
        }

        #[test]
        fn a_baseline_is_read_back_from_a_case(asked in any_baseline()) {
            let text: String = asked.clone().into();
            prop_assume!(!text.is_empty());
            prop_assert_eq!(PasswordBaseline::parse(&text), Ok(asked));
        }
    }

    #[test]
    fn what_a_baseline_cannot_say_is_refused() {
        for (text, unknown) in [("minimumLength=14", true), ("", true), ("minimumPasswordLength=14,", true)] {
            assert_eq!(matches!(PasswordBaseline::parse(text), Err(BaselineError::Unknown(_))), unknown, "{text}");
        }
        for text in [
            "minimumPasswordLength",
            "minimumPasswordLength=5",
            "minimumPasswordLength=129",
            "minimumPasswordLength=14,minimumPasswordLength=15",
            "maxPasswordAge=0",
            "passwordReusePrevention=25",
            "requireSymbols=yes",
            "requireSymbols=true,requireSymbols=true",
            "hardExpiry=true",
        ] {
            assert!(matches!(PasswordBaseline::parse(text), Err(BaselineError::Value(..))), "{text}");
        }
        assert!(PasswordBaseline::parse(" hardExpiry=false , maxPasswordAge = 90 ").is_ok());
    }

    #[test]
    fn an_age_that_is_in_force_is_never_shortened_and_none_is_set_beside_hard_expiry() {
        let asked = baseline("maxPasswordAge=90");
        let of = |age, hard_expiry| PasswordRules { max_password_age: age, hard_expiry, ..PasswordRules::IAM_DEFAULTS };
        for (age, hard_expiry, then) in [
            (Some(365), false, Some(365)),
            (Some(30), false, Some(30)),
            (None, false, Some(90)),
            (None, true, None),
            (Some(365), true, Some(365)),
        ] {
            assert_eq!(asked.over(Some(&of(age, hard_expiry))).max_password_age, then, "{age:?} {hard_expiry}");
        }
    }

    #[test]
    fn rules_are_said_in_words() {
        assert_eq!(
            PasswordRules::IAM_DEFAULTS.to_string(),
            "at least 6 characters of any kind, earlier ones allowed again, never expiring, not changed by the users themselves"
        );
        let strict =
            baseline("minimumPasswordLength=14,requireSymbols=true,requireNumbers=true,passwordReusePrevention=24,maxPasswordAge=90");
        assert_eq!(
            strict.over(None).to_string(),
            "at least 14 characters with symbols and numbers, none of the last 24 again, expiring after 90 days, not changed by the users themselves"
        );
    }
}
