//! Calls to other services that decide who can do what.

use super::Subject::{self, Account, User};
use super::{Row, noticed};
use crate::severity::Severity::{self, Critical, High, Low, Medium};

macro_rules! service {
    ($function:ident, $source:literal, $group:literal) => {
        const fn $function(name: &'static str, severity: Severity, sentence: &'static str) -> Row {
            noticed($source, name, $group, Some(severity), Account, sentence)
        }
    };
}

service!(organizations, "organizations.amazonaws.com", "organization");
service!(sso, "sso.amazonaws.com", "identity-center");
service!(directory, "sso-directory.amazonaws.com", "identity-center");
service!(identity_store, "identitystore.amazonaws.com", "identity-center");
service!(roles_anywhere, "rolesanywhere.amazonaws.com", "federation");
service!(account, "account.amazonaws.com", "account-setting");
service!(ec2, "ec2.amazonaws.com", "pass-role");
service!(eks, "eks.amazonaws.com", "cluster-access");
service!(console, "signin.amazonaws.com", "console-setting");

/// Something that a person does to sign in.
const fn signin(name: &'static str, severity: Severity, subject: Subject, sentence: &'static str) -> Row {
    noticed("signin.amazonaws.com", name, "sign-in", Some(severity), subject, sentence)
}

const fn token(name: &'static str, sentence: &'static str) -> Row {
    noticed("sts.amazonaws.com", name, "session", Some(Low), Account, sentence)
}

pub static ROWS: &[Row] = &[
    signin("signin:SwitchRole", Low, Account, "somebody switched to a role in the console"),
    signin("signin:GetSigninToken", Low, Account, "somebody got a token to sign in to the console without a password"),
    signin("signin:PasswordRecoveryRequested", Medium, User, "somebody asked for a new password at the sign-in page"),
    signin("signin:PasswordRecoveryCompleted", High, User, "a password was set with the link that AWS had mailed"),
    signin("signin:PasswordUpdated", Medium, User, "a password was changed at the sign-in page"),
    signin("signin:EmailUpdated", High, User, "the e-mail address of the root user was changed"),
    signin("signin:CheckMfa", Low, User, "a second factor was asked for at the sign-in page"),
    signin("signin:CreateOAuth2Token", Low, Account, "a command-line session was opened with aws login"),
    signin("signin:CreateBearerToken", Low, Account, "a bearer token was issued"),
    console("signin:PutResourcePermissionStatement", High, "the networks from which people may sign in to the console were changed"),
    console(
        "signin:DeleteResourcePermissionStatement",
        Critical,
        "a limit on the networks from which people may sign in to the console was removed",
    ),
    console("signin:PutConsoleAuthorizationConfiguration", High, "the console's authorization was configured"),
    console("signin:DeleteConsoleAuthorizationConfiguration", Critical, "the configuration of the console's authorization was removed"),
    token("sts:GetWebIdentityToken", "a token for a service outside AWS was issued, for audience {audience}"),
    token("sts:GetScopedCredentials", "credentials in the scope of another resource were issued"),
    token("sts:GetDelegatedAccessToken", "a third party got credentials that were delegated to it"),
    organizations(
        "organizations:LeaveOrganization",
        Critical,
        "the account left its organization: its service control policies no longer hold",
    ),
    organizations("organizations:RemoveAccountFromOrganization", Critical, "account {accountId} was removed from the organization"),
    organizations(
        "organizations:MoveAccount",
        High,
        "account {accountId} was moved from {sourceParentId} to {destinationParentId}: other policies hold for it",
    ),
    organizations("organizations:InviteAccountToOrganization", Medium, "account {target.id} was invited into the organization"),
    organizations("organizations:CloseAccount", Critical, "account {accountId} is being closed"),
    organizations("organizations:DetachPolicy", Critical, "organization policy {policyId} was detached from {targetId}"),
    organizations("organizations:UpdatePolicy", High, "organization policy {policyId} was changed"),
    organizations("organizations:DeletePolicy", High, "organization policy {policyId} was deleted"),
    organizations("organizations:DisablePolicyType", Critical, "policies of type {policyType} no longer hold below {rootId}"),
    organizations(
        "organizations:RegisterDelegatedAdministrator",
        High,
        "account {accountId} administers {servicePrincipal} for the organization",
    ),
    sso(
        "sso:CreateAccountAssignment",
        Medium,
        "{principalType} {principalId} can sign in to account {targetId} with permission set {permissionSetArn}",
    ),
    sso(
        "sso:DeleteAccountAssignment",
        Low,
        "{principalType} {principalId} can no longer sign in to account {targetId} with permission set {permissionSetArn}",
    ),
    sso("sso:CreatePermissionSet", Medium, "permission set {name} was created"),
    sso("sso:UpdatePermissionSet", Medium, "permission set {permissionSetArn} was changed"),
    sso("sso:ProvisionPermissionSet", Low, "permission set {permissionSetArn} was provisioned to {targetId}"),
    sso("sso:PutInlinePolicyToPermissionSet", High, "permission set {permissionSetArn} got another inline policy"),
    sso("sso:AttachManagedPolicyToPermissionSet", High, "policy {managedPolicyArn} was attached to permission set {permissionSetArn}"),
    sso(
        "sso:AttachCustomerManagedPolicyReferenceToPermissionSet",
        High,
        "policy {customerManagedPolicyReference.name} of each account was attached to permission set {permissionSetArn}",
    ),
    sso("sso:PutPermissionsBoundaryToPermissionSet", High, "permission set {permissionSetArn} got another permissions boundary"),
    sso("sso:DeletePermissionsBoundaryFromPermissionSet", High, "permission set {permissionSetArn} lost its permissions boundary"),
    sso("sso:AssociateDirectory", High, "IAM Identity Center takes its users from another directory"),
    sso("sso:DisassociateDirectory", High, "IAM Identity Center no longer takes its users from the directory"),
    sso("sso:CreateApplication", High, "application {name} can sign people in through IAM Identity Center"),
    sso("sso:PutApplicationGrant", High, "application {applicationArn} got the grant {grantType}"),
    sso("sso:CreateTrustedTokenIssuer", High, "IAM Identity Center trusts tokens of {name}"),
    directory(
        "sso-directory:EnableExternalIdPConfigurationForDirectory",
        High,
        "an external identity provider signs the organization's people in",
    ),
    directory(
        "sso-directory:DisableExternalIdPConfigurationForDirectory",
        High,
        "an external identity provider no longer signs the organization's people in",
    ),
    directory("sso-directory:DisableMfaDeviceForUser", High, "an MFA device of a user of IAM Identity Center was disabled"),
    directory("sso-directory:CreateUser", Medium, "a user of IAM Identity Center was created"),
    directory("sso-directory:CreateGroup", Low, "a group of IAM Identity Center was created"),
    identity_store("identitystore:CreateUser", Medium, "user {userName} of IAM Identity Center was created"),
    identity_store("identitystore:CreateGroup", Low, "group {displayName} of IAM Identity Center was created"),
    identity_store("identitystore:CreateGroupMembership", Medium, "user {memberId.userId} of IAM Identity Center joined group {groupId}"),
    roles_anywhere(
        "rolesanywhere:CreateTrustAnchor",
        High,
        "trust anchor {name} was created: certificates of its authority open sessions of roles",
    ),
    roles_anywhere("rolesanywhere:UpdateTrustAnchor", High, "trust anchor {trustAnchorId} was changed"),
    roles_anywhere("rolesanywhere:CreateProfile", High, "profile {name} was created: certificates can open sessions of {roleArns}"),
    roles_anywhere("rolesanywhere:UpdateProfile", High, "profile {profileId} was changed"),
    roles_anywhere("rolesanywhere:ImportCrl", Medium, "revocation list {name} was imported"),
    account("account:EnableRegion", High, "region {regionName} was enabled"),
    account("account:DisableRegion", High, "region {regionName} was disabled"),
    account("account:CloseAccount", Critical, "the account is being closed"),
    account(
        "account:PutAlternateContact",
        High,
        "the {alternateContactType} contact of the account was changed: AWS writes to somebody else",
    ),
    ec2(
        "ec2:AssociateIamInstanceProfile",
        Medium,
        "instance {associateIamInstanceProfileRequest.instanceId} got an instance profile: whoever is on it can use its role",
    ),
    ec2("ec2:ReplaceIamInstanceProfileAssociation", Medium, "an instance got another instance profile: whoever is on it can use its role"),
    eks("eks:CreateAccessEntry", High, "{principalArn} got access to cluster {name}"),
    eks("eks:UpdateAccessEntry", High, "the access of {principalArn} to cluster {name} was changed"),
    eks("eks:AssociateAccessPolicy", High, "{principalArn} got policy {policyArn} on cluster {name}"),
];
