//! The titles of the rules that guardrails name in `@controls`.

/// By identifier. Sources: CIS Amazon Web Services Foundations Benchmark, versions 3.0.0 and 5.0.0, sections 1 and 3; PCI DSS version 4.0.1, requirements
/// 7, 8 and 10; NIST Special Publication 800-53, revision 5, families AC, AU, CM, IA and SI.
const TITLES: &[(&str, &str)] = &[
    ("CIS-AWS-3.0-1.4", ROOT_KEYS),
    ("CIS-AWS-3.0-1.7", ROOT_USE),
    ("CIS-AWS-3.0-1.8", PASSWORD_LENGTH),
    ("CIS-AWS-3.0-1.9", PASSWORD_REUSE),
    ("CIS-AWS-3.0-1.10", MFA),
    ("CIS-AWS-3.0-1.11", INITIAL_KEYS),
    ("CIS-AWS-3.0-1.14", ROTATION),
    ("CIS-AWS-3.0-1.15", GROUPS),
    ("CIS-AWS-3.0-1.16", FULL_ADMINISTRATORS),
    ("CIS-AWS-3.0-1.21", FEDERATION),
    ("CIS-AWS-3.0-3.1", "Ensure CloudTrail is enabled in all regions"),
    ("CIS-AWS-5.0-1.3", ROOT_KEYS),
    ("CIS-AWS-5.0-1.6", ROOT_USE),
    ("CIS-AWS-5.0-1.7", PASSWORD_LENGTH),
    ("CIS-AWS-5.0-1.8", PASSWORD_REUSE),
    ("CIS-AWS-5.0-1.9", MFA),
    ("CIS-AWS-5.0-1.10", INITIAL_KEYS),
    ("CIS-AWS-5.0-1.13", ROTATION),
    ("CIS-AWS-5.0-1.14", GROUPS),
    ("CIS-AWS-5.0-1.15", FULL_ADMINISTRATORS),
    ("CIS-AWS-5.0-1.20", FEDERATION),
    ("NIST-800-53-AC-2", "Account Management"),
    ("NIST-800-53-AC-2(7)", "Account Management: Privileged User Accounts"),
    ("NIST-800-53-AC-2(12)", "Account Management: Account Monitoring for Atypical Usage"),
    ("NIST-800-53-AC-2(13)", "Account Management: Disable Accounts for High-risk Individuals"),
    ("NIST-800-53-AC-3", "Access Enforcement"),
    ("NIST-800-53-AC-4", "Information Flow Enforcement"),
    ("NIST-800-53-AC-5", "Separation of Duties"),
    ("NIST-800-53-AC-6", "Least Privilege"),
    ("NIST-800-53-AC-6(5)", "Least Privilege: Privileged Accounts"),
    ("NIST-800-53-AC-6(7)", "Least Privilege: Review of User Privileges"),
    ("NIST-800-53-AC-7", "Unsuccessful Logon Attempts"),
    ("NIST-800-53-AC-12", "Session Termination"),
    ("NIST-800-53-AU-9", "Protection of Audit Information"),
    ("NIST-800-53-CM-5", "Access Restrictions for Change"),
    ("NIST-800-53-IA-2", "Identification and Authentication (Organizational Users)"),
    ("NIST-800-53-IA-2(1)", "Identification and Authentication (Organizational Users): Multi-factor Authentication to Privileged Accounts"),
    ("NIST-800-53-IA-4", "Identifier Management"),
    ("NIST-800-53-IA-5", "Authenticator Management"),
    ("NIST-800-53-IA-5(1)", "Authenticator Management: Password-based Authentication"),
    ("NIST-800-53-IA-8", "Identification and Authentication (Non-organizational Users)"),
    ("NIST-800-53-SI-4", "System Monitoring"),
    ("NIST-800-53-SI-7", "Software, Firmware, and Information Integrity"),
    ("PCI-DSS-4.0-7.2.2", "Access is assigned to users based on job classification and function, and least privileges"),
    ("PCI-DSS-4.0-8.2.2", "Shared and generic accounts are used only by exception"),
    ("PCI-DSS-4.0-8.3.6", "Passwords have a minimum length and complexity"),
    ("PCI-DSS-4.0-10.2.1.2", "Audit logs capture all actions taken by any individual with administrative access"),
    ("PCI-DSS-4.0-10.2.1.5", "Audit logs capture all changes to identification and authentication credentials"),
];

const FEDERATION: &str =
    "Ensure IAM users are managed centrally via identity federation or AWS Organizations for multi-account environments";
const FULL_ADMINISTRATORS: &str = "Ensure IAM policies that allow full \"*:*\" administrative privileges are not attached";
const GROUPS: &str = "Ensure IAM users receive permissions only through groups";
const INITIAL_KEYS: &str = "Do not create access keys during initial setup for IAM users with a console password";
const MFA: &str = "Ensure multi-factor authentication (MFA) is enabled for all IAM users that have a console password";
const PASSWORD_LENGTH: &str = "Ensure IAM password policy requires minimum length of 14 or greater";
const PASSWORD_REUSE: &str = "Ensure IAM password policy prevents password reuse";
const ROOT_KEYS: &str = "Ensure no 'root' user account access key exists";
const ROOT_USE: &str = "Eliminate use of the 'root' user for administrative and daily tasks";
const ROTATION: &str = "Ensure access keys are rotated every 90 days or less";

/// The title of a rule; `None` if it is not known.
pub fn title(id: &str) -> Option<&'static str> {
    TITLES.iter().find(|(known, _)| *known == id).map(|(_, title)| *title)
}
