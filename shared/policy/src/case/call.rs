//! AWS API calls, as cases hold them and as the `aws` command writes them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::arn::UniqueId;
use crate::text::{shell_document, shell_word};

/// Parameters that are on or off. The `aws` command has two options for each, without a value: `--hard-expiry` and `--no-hard-expiry`.
const SWITCHES: [&str; 7] = [
    "AllowUsersToChangePassword",
    "HardExpiry",
    "RequireLowercaseCharacters",
    "RequireNumbers",
    "RequireSymbols",
    "RequireUppercaseCharacters",
    "SetAsDefault",
];

/// One AWS API call.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Call {
    /// The service as the SDKs and the `aws` command name it.
    pub service: String,
    /// The API call.
    pub operation: String,
    /// Its parameters, all of them text.
    pub parameters: BTreeMap<String, String>,
    /// The unique id of the user, group or role that they name, if it matters who that is: the name may be somebody else's later.
    #[serde(default, rename = "uniqueId", skip_serializing_if = "Option::is_none")]
    pub unique_id: Option<UniqueId>,
}

impl Call {
    /// A call to IAM.
    #[must_use]
    pub fn iam(operation: &str, parameters: &[(&str, &str)]) -> Self {
        Self {
            service: "iam".to_owned(),
            operation: operation.to_owned(),
            parameters: parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            unique_id: None,
        }
    }

    /// A call to any service.
    #[must_use]
    pub fn to(service: &str, operation: &str, parameters: &[(&str, &str)]) -> Self {
        Self { service: service.to_owned(), ..Self::iam(operation, parameters) }
    }

    /// The same call about somebody with this unique id.
    #[must_use]
    pub fn about(self, unique_id: Option<UniqueId>) -> Self {
        Self { unique_id, ..self }
    }

    /// A parameter, if the call has it.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(String::as_str)
    }

    /// The same as an `aws` command line: `aws iam attach-user-policy --policy-arn … --user-name …`.
    #[must_use]
    pub fn command(&self) -> String {
        let mut command = format!("aws {} {}", self.service, kebab(&self.operation));
        for (name, value) in &self.parameters {
            let option = kebab(name);
            // Writing to a String does not fail.
            let _ = match value.as_str() {
                "true" if SWITCHES.contains(&name.as_str()) => write!(command, " --{option}"),
                "false" if SWITCHES.contains(&name.as_str()) => write!(command, " --no-{option}"),
                document if name == "PolicyDocument" => write!(command, " --{option} {}", shell_document(document)),
                word => write!(command, " --{option} {}", shell_word(word)),
            };
        }
        command
    }
}

/// How to undo a step of a remedy: a call, and the same as a command line.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Receipt {
    /// The call.
    #[serde(flatten)]
    pub call: Call,
    /// The call as an `aws` command line.
    pub command: String,
}

impl From<Call> for Receipt {
    fn from(call: Call) -> Self {
        Self { command: call.command(), call }
    }
}

/// `AttachUserPolicy` → `attach-user-policy`, as the `aws` command spells API names.
fn kebab(name: &str) -> String {
    let letters = name.as_bytes();
    let is_lower = |at: Option<usize>| at.and_then(|at| letters.get(at)).is_some_and(u8::is_ascii_lowercase);
    name.chars().enumerate().fold(String::new(), |mut out, (at, c)| {
        // The last capital of an abbreviation begins the next word: `UpdateSSHPublicKey` is `update-ssh-public-key`.
        if c.is_ascii_uppercase() && at > 0 && (is_lower(at.checked_sub(1)) || is_lower(Some(at + 1))) {
            out.push('-');
        }
        out.push(c.to_ascii_lowercase());
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_has_no_value_on_the_command_line() {
        let call = Call::iam("CreatePolicyVersion", &[("PolicyArn", "arn"), ("PolicyDocument", "{}"), ("SetAsDefault", "true")]);
        assert_eq!(call.command(), "aws iam create-policy-version --policy-arn arn --policy-document '{}' --set-as-default");
    }

    #[test]
    fn a_call_keeps_whom_it_is_about_and_the_command_line_does_not() {
        let call = Call::iam("AttachUserPolicy", &[("UserName", "polsen")]).about(UniqueId::new("AIDAEXAMPLEEXAMPLE001").ok());
        let written = serde_json::to_string(&call).unwrap();
        assert!(written.ends_with(r#","uniqueId":"AIDAEXAMPLEEXAMPLE001"}"#), "{written}");
        assert_eq!(serde_json::from_str::<Call>(&written).unwrap(), call);
        assert_eq!(call.command(), "aws iam attach-user-policy --user-name polsen");
        assert!(!serde_json::to_string(&call.about(None)).unwrap().contains("uniqueId"));
    }

    #[test]
    fn a_call_is_also_a_command_line_that_a_shell_reads_back() {
        let call = Call::iam("AttachUserPolicy", &[("UserName", "polsen"), ("PolicyArn", "arn:aws:iam::123456789012:policy/$(id)/x")]);
        assert_eq!(
            Receipt::from(call).command,
            r"aws iam attach-user-policy --policy-arn $'arn:aws:iam::123456789012:policy/\x24\x28id\x29/x' --user-name polsen"
        );
    }

    #[test]
    fn names_are_spelt_as_the_aws_command_spells_them() {
        let spelt = ["AttachUserPolicy", "UpdateSSHPublicKey", "SSHPublicKeyId", "ServiceSpecificCredentialId"].map(kebab);
        assert_eq!(spelt, ["attach-user-policy", "update-ssh-public-key", "ssh-public-key-id", "service-specific-credential-id"]);
    }

    #[test]
    fn a_switch_is_an_option_without_a_value_and_a_name_never_is() {
        let call = Call::iam(
            "UpdateAccountPasswordPolicy",
            &[("HardExpiry", "false"), ("MinimumPasswordLength", "14"), ("RequireSymbols", "true")],
        );
        assert_eq!(
            call.command(),
            "aws iam update-account-password-policy --no-hard-expiry --minimum-password-length 14 --require-symbols"
        );
        assert_eq!(Call::iam("GetUser", &[("UserName", "true")]).command(), "aws iam get-user --user-name true");
        assert!(!Call::iam("X", &[("HardExpiry", "; id")]).command().contains(';'));
    }

    #[test]
    fn a_document_stays_readable_and_inert() {
        let command = |document: &str| Call::iam("PutUserPolicy", &[("PolicyDocument", document)]).command();
        assert_eq!(command(r#"{"Action":"*"}"#), r#"aws iam put-user-policy --policy-document '{"Action":"*"}'"#);
        assert_eq!(command("{\n \"a\": 1}"), r#"aws iam put-user-policy --policy-document $'{\x0a "a": 1}'"#);
        assert_eq!(command("'; id"), r"aws iam put-user-policy --policy-document $'\x27\x3b id'");
        assert_eq!(command("http://www.a"), r"aws iam put-user-policy --policy-document $'http:/\x2fwww\x2ea'");
    }
}
