//! The environment of a function: everything that differs from one deployment to the next.

use std::path::PathBuf;

use policy::arn::{AccountId, IamName, PolicyArn};
use policy::break_glass::BreakGlass;
use policy::containment::{is_called_deny_everything, is_called_deny_without_mfa};
use policy::guardrail::Mode;
use policy::severity::Severity;
use policy::text::quoted;
use thiserror::Error;

/// Where the rulebook's layer puts it.
const GUARDRAILS_DIR: &str = "/opt/guardrails";

/// What `LEDGER_DAYS` has to be.
const DAYS: &str = "a number of days, from 1 to 3653";

/// What `STORM_LIMIT` has to be.
const LIMIT: &str = "a number of remedies, from 1 to 1000";

/// What `NOTICE_SEVERITY` has to be.
const SEVERITY: &str = "low, medium, high or critical";

/// What `DIGEST_HOUR` has to be.
const HOUR: &str = "an hour of the day, from 0 to 23";

/// What `DENY_EVERYTHING_POLICY` has to be.
const POLICY_ARN: &str = "the ARN of the stack's policy /rescind/RescindDenyEverything-…";
/// What `DENY_WITHOUT_MFA_POLICY` has to be.
const MFA_POLICY_ARN: &str = "the ARN of the stack's policy /rescind/RescindDenyWithoutMfa-…";

/// What `TRUSTED_ACCOUNTS` has to be.
const ACCOUNTS: &str = "the 12 digits of accounts, separated by commas, or nothing";

/// What `NOTICE_TOPIC_ARN` has to be.
const TOPIC_ARN: &str = "the ARN of an SNS topic";

/// A variable that is not as the template sets it.
#[derive(Debug, Error)]
#[error("the environment variable {name} is {problem}: expected {wanted}; deploy template.yaml again, or set it")]
pub struct VariableError {
    name: &'static str,
    problem: String,
    wanted: &'static str,
}

/// What the environment says.
#[derive(Debug)]
pub struct Environment {
    /// `ACCOUNT_ID`: the account whose events are judged.
    pub account: AccountId,
    /// `MODE`.
    pub mode: Mode,
    /// `NOTICE_TOPIC_ARN`.
    pub topic_arn: String,
    /// `OWN_ROLES`: the names of the stack's own roles.
    pub own_roles: Vec<IamName>,
    /// `STACK_ID`: the stack itself, of the function that answers what is done to its parts.
    pub stack: Option<String>,
    /// `HEARTBEAT_ROLE`: the name of the role that makes the stack's daily change, of the function that looks for it.
    pub heartbeat_role: Option<IamName>,
    /// `BREAK_GLASS`: the break-glass principals, which no remedy touches and which may lift a quarantine.
    pub break_glass: Vec<BreakGlass>,
    /// `TRUSTED_ACCOUNTS`: accounts of others that roles may trust, as `context.trusted.trustedAccount` says.
    pub trusted_accounts: Vec<AccountId>,
    /// `DENY_EVERYTHING_POLICY`: the ARN of the stack's own policy that denies a user everything.
    pub deny_everything: PolicyArn,
    /// `DENY_WITHOUT_MFA_POLICY`: the ARN of the stack's own policy that denies a user everything without MFA.
    pub deny_without_mfa: PolicyArn,
    /// `LEDGER_TABLE`: the name of the ledger's table.
    pub ledger_table: String,
    /// `LEDGER_DAYS`: for how many days it keeps a case.
    pub ledger_days: i64,
    /// `STORM_LIMIT`: so many remedies one guardrail may have within an hour.
    pub storm_limit: u16,
    /// `NOTICE_SEVERITY`: what is less severe waits for the digest, unless Rescind has changed something.
    pub notice_severity: Severity,
    /// `DIGEST_HOUR`: the hour of the day, in UTC, after which the digest is sent, of the function that sends it.
    pub digest_hour: Option<u32>,
    /// `GUARDRAILS_DIR`.
    pub guardrails_dir: PathBuf,
    /// `AWS_REGION`, which Lambda sets.
    pub region: String,
    /// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`, which Lambda sets for as long as the process lives.
    pub credentials: Credentials,
    /// `AWS_ENDPOINT_URL_IAM`, or `AWS_ENDPOINT_URL`: another IAM than AWS's own.
    pub iam_endpoint: Option<String>,
    /// `AWS_ENDPOINT_URL_DYNAMODB`, or `AWS_ENDPOINT_URL`.
    pub dynamodb_endpoint: Option<String>,
    /// `AWS_ENDPOINT_URL_SNS`, or `AWS_ENDPOINT_URL`.
    pub sns_endpoint: Option<String>,
    /// `AWS_ENDPOINT_URL`: that of every other service.
    pub other_endpoint: Option<String>,
    /// `SECOND_TOPIC_ARN`: another topic for the same notices, of the function whose first topic may be what somebody tampers with.
    pub second_topic_arn: Option<String>,
}

/// The function role's temporary credentials.
pub struct Credentials {
    pub access_key_id: String,
    pub secret_access_key: String,
    pub session_token: Option<String>,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credentials(…)")
    }
}

impl Environment {
    /// Reads them with `variable`, which gives the value of an environment variable.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, VariableError> {
        let optional = |name: &str| variable(name).filter(|value| !value.is_empty());
        let required = |name, wanted| optional(name).ok_or_else(|| VariableError { name, problem: "missing".to_owned(), wanted });
        let parsed = |name, wanted| move |value: &str| VariableError { name, problem: quoted(value), wanted };

        let account = required("ACCOUNT_ID", "the account's 12 digits")?;
        let mode = required("MODE", "observe or enforce")?;
        let own_roles = required("OWN_ROLES", "the stack's own role names, separated by commas")?;
        let topic_arn = required("NOTICE_TOPIC_ARN", TOPIC_ARN)?;
        let topic: Vec<&str> = topic_arn.split(':').collect();
        if !matches!(*topic, ["arn", _, "sns", _, _, name] if !name.is_empty()) {
            return Err(parsed("NOTICE_TOPIC_ARN", TOPIC_ARN)(&topic_arn));
        }
        let ledger_days = required("LEDGER_DAYS", DAYS)?;
        let deny_everything = required("DENY_EVERYTHING_POLICY", POLICY_ARN)?;
        let deny_without_mfa = required("DENY_WITHOUT_MFA_POLICY", MFA_POLICY_ARN)?;
        let storm_limit = required("STORM_LIMIT", LIMIT)?;
        let notice_severity = required("NOTICE_SEVERITY", SEVERITY)?;
        let break_glass = optional("BREAK_GLASS").unwrap_or_default();
        let listed = break_glass.split(',').map(str::trim).filter(|text| !text.is_empty());
        let wanted = "the ARNs of users and roles, each alone or with = and its unique id, separated by commas";
        let break_glass = listed.map(|text| BreakGlass::parse(text).ok_or_else(|| parsed("BREAK_GLASS", wanted)(text)));
        let break_glass = break_glass.collect::<Result<_, _>>()?;
        let trusted_accounts = optional("TRUSTED_ACCOUNTS").unwrap_or_default();
        let listed = trusted_accounts.split(',').map(str::trim).filter(|text| !text.is_empty());
        let trusted_accounts = listed.map(|text| AccountId::new(text).map_err(|_| parsed("TRUSTED_ACCOUNTS", ACCOUNTS)(text)));
        let trusted_accounts = trusted_accounts.collect::<Result<_, _>>()?;
        Ok(Self {
            heartbeat_role: optional("HEARTBEAT_ROLE")
                .map(|role| IamName::new(&role).map_err(|_| parsed("HEARTBEAT_ROLE", "the name of a role")(&role)))
                .transpose()?,
            account: AccountId::new(&account).map_err(|_| parsed("ACCOUNT_ID", "the account's 12 digits")(&account))?,
            stack: optional("STACK_ID"),
            mode: Mode::named(&mode).ok_or_else(|| parsed("MODE", "observe or enforce")(&mode))?,
            topic_arn,
            own_roles: own_roles
                .split(',')
                .map(|role| IamName::new(role.trim()).map_err(|_| parsed("OWN_ROLES", "role names, separated by commas")(role)))
                .collect::<Result<_, _>>()?,
            break_glass,
            trusted_accounts,
            deny_everything: PolicyArn::new(&deny_everything)
                .ok()
                .filter(is_called_deny_everything)
                .ok_or_else(|| parsed("DENY_EVERYTHING_POLICY", POLICY_ARN)(&deny_everything))?,
            deny_without_mfa: PolicyArn::new(&deny_without_mfa)
                .ok()
                .filter(is_called_deny_without_mfa)
                .ok_or_else(|| parsed("DENY_WITHOUT_MFA_POLICY", MFA_POLICY_ARN)(&deny_without_mfa))?,
            ledger_table: required("LEDGER_TABLE", "the name of a DynamoDB table")?,
            ledger_days: ledger_days
                .parse()
                .ok()
                .filter(|days| (1..=3653).contains(days))
                .ok_or_else(|| parsed("LEDGER_DAYS", DAYS)(&ledger_days))?,
            storm_limit: storm_limit
                .parse()
                .ok()
                .filter(|limit| (1..=1000).contains(limit))
                .ok_or_else(|| parsed("STORM_LIMIT", LIMIT)(&storm_limit))?,
            notice_severity: Severity::ALL
                .into_iter()
                .find(|severity| severity.name() == notice_severity)
                .ok_or_else(|| parsed("NOTICE_SEVERITY", SEVERITY)(&notice_severity))?,
            digest_hour: optional("DIGEST_HOUR")
                .map(|hour| hour.parse().ok().filter(|hour| *hour < 24).ok_or_else(|| parsed("DIGEST_HOUR", HOUR)(&hour)))
                .transpose()?,
            guardrails_dir: optional("GUARDRAILS_DIR").unwrap_or_else(|| GUARDRAILS_DIR.to_owned()).into(),
            region: required("AWS_REGION", "a region; Lambda sets it")?,
            credentials: Credentials {
                access_key_id: required("AWS_ACCESS_KEY_ID", "the role's key; Lambda sets it")?,
                secret_access_key: required("AWS_SECRET_ACCESS_KEY", "the role's key; Lambda sets it")?,
                session_token: optional("AWS_SESSION_TOKEN"),
            },
            iam_endpoint: optional("AWS_ENDPOINT_URL_IAM").or_else(|| optional("AWS_ENDPOINT_URL")),
            dynamodb_endpoint: optional("AWS_ENDPOINT_URL_DYNAMODB").or_else(|| optional("AWS_ENDPOINT_URL")),
            sns_endpoint: optional("AWS_ENDPOINT_URL_SNS").or_else(|| optional("AWS_ENDPOINT_URL")),
            other_endpoint: optional("AWS_ENDPOINT_URL"),
            second_topic_arn: optional("SECOND_TOPIC_ARN"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMPLETE: [(&str, &str); 13] = [
        ("ACCOUNT_ID", "123456789012"),
        ("MODE", "observe"),
        ("NOTICE_TOPIC_ARN", "arn:aws:sns:us-east-1:123456789012:notices"),
        ("OWN_ROLES", "rescind-a,rescind-b"),
        ("DENY_EVERYTHING_POLICY", "arn:aws:iam::123456789012:policy/rescind/RescindDenyEverything-0"),
        ("DENY_WITHOUT_MFA_POLICY", "arn:aws:iam::123456789012:policy/rescind/RescindDenyWithoutMfa-0"),
        ("LEDGER_TABLE", "ledger"),
        ("LEDGER_DAYS", "400"),
        ("STORM_LIMIT", "20"),
        ("NOTICE_SEVERITY", "medium"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "ASIAEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "not-a-secret"),
    ];

    fn read(changed: (&str, &str)) -> Result<Environment, VariableError> {
        Environment::read(|name| {
            let value = COMPLETE.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
            Some(if name == changed.0 { changed.1 } else { value? }.to_owned())
        })
    }

    #[test]
    fn each_required_variable_is_named_when_it_is_missing() {
        for (name, _) in COMPLETE {
            let message = read((name, "")).unwrap_err().to_string();
            assert!(message.contains(name) && message.contains("is missing"), "{message}");
        }
    }

    #[test]
    fn a_mode_that_is_neither_is_refused_instead_of_guessed() {
        assert!(read(("MODE", "Enforce")).is_err());
    }

    #[test]
    fn a_limit_that_would_hold_everything_or_nothing_is_refused() {
        assert_eq!(
            ["0", "1", "1000", "1001", "-1", "many"].map(|limit| read(("STORM_LIMIT", limit)).is_ok()),
            [false, true, true, false, false, false]
        );
    }

    #[test]
    fn severities_and_hours_that_do_not_exist_are_refused() {
        assert_eq!(
            ["low", "critical", "Low", "none"].map(|severity| read(("NOTICE_SEVERITY", severity)).is_ok()),
            [true, true, false, false]
        );
        let hour = |hour: &str| {
            Environment::read(|name| {
                if name == "DIGEST_HOUR" {
                    Some(hour.to_owned())
                } else {
                    COMPLETE.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
                }
            })
        };
        assert_eq!(["0", "23", "24", "-1", "noon"].map(|text| hour(text).is_ok()), [true, true, false, false, false]);
        assert_eq!(hour("").unwrap().digest_hour, None);
    }

    #[test]
    fn a_topic_s_name_alone_is_refused_at_init_instead_of_after_the_remedy() {
        assert!(read(("NOTICE_TOPIC_ARN", "notices")).is_err());
    }

    #[test]
    fn break_glass_principals_are_listed_by_arn_or_not_at_all() {
        let environment = Environment::read(|name| match name {
            "BREAK_GLASS" => Some(" arn:aws:iam::123456789012:role/team/responder , arn:aws:iam::123456789012:user/ann".to_owned()),
            name => COMPLETE.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()),
        });
        assert_eq!(environment.unwrap().break_glass.len(), 2);
        assert_eq!(read(("", "")).unwrap().break_glass, Vec::<BreakGlass>::new());
        for wrong in ["responder", "arn:aws:iam::123456789012:group/g", "arn:aws:iam::12:user/a", "arn:aws:iam::123456789012:root"] {
            let environment = Environment::read(|name| {
                if name == "BREAK_GLASS" {
                    Some(wrong.to_owned())
                } else {
                    COMPLETE.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
                }
            });
            assert!(environment.is_err(), "{wrong}");
        }
    }

    #[test]
    fn trusted_accounts_are_account_ids_or_none() {
        assert_eq!(read(("", "")).unwrap().trusted_accounts, Vec::new());
        let listed = Environment::read(|name| match name {
            "TRUSTED_ACCOUNTS" => Some("111111111111, 222222222222".to_owned()),
            name => COMPLETE.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()),
        });
        assert_eq!(listed.unwrap().trusted_accounts.len(), 2);
        let wrong = Environment::read(|name| match name {
            "TRUSTED_ACCOUNTS" => Some("*".to_owned()),
            name => COMPLETE.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()),
        });
        assert!(wrong.unwrap_err().to_string().contains("TRUSTED_ACCOUNTS"));
    }

    #[test]
    fn a_service_s_own_endpoint_wins() {
        let environment = Environment::read(|name| match name {
            "AWS_ENDPOINT_URL" => Some("http://all".to_owned()),
            "AWS_ENDPOINT_URL_SNS" => Some("http://sns".to_owned()),
            name => COMPLETE.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()),
        });
        let environment = environment.unwrap();
        assert_eq!((environment.iam_endpoint.as_deref(), environment.sns_endpoint.as_deref()), (Some("http://all"), Some("http://sns")));
    }

    #[test]
    fn credentials_are_not_shown() {
        assert!(!format!("{:?}", read(("", "")).unwrap()).contains("not-a-secret"));
    }
}
