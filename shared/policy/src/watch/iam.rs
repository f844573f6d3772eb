//! Calls to IAM.

use super::Subject::{self, Account, Group, Policy, Provider, Role, User};
use super::{Row, noticed};
use crate::severity::Severity::{self, Critical, High, Low, Medium};

const fn iam(name: &'static str, group: &'static str, severity: Severity, subject: Subject, sentence: &'static str) -> Row {
    noticed("iam.amazonaws.com", name, group, Some(severity), subject, sentence)
}

/// A call that changes nothing about access: it is recorded, and nobody is notified.
const fn recorded(name: &'static str, group: &'static str, sentence: &'static str) -> Row {
    noticed("iam.amazonaws.com", name, group, None, Account, sentence)
}

pub static ROWS: &[Row] = &[
    // Who exists.
    iam("CreateUser", "identity", Low, User, "user {userName} was created"),
    iam("DeleteUser", "identity", Low, User, "user {userName} was deleted"),
    iam("CreateGroup", "identity", Low, Group, "group {groupName} was created"),
    iam("DeleteGroup", "identity", Low, Group, "group {groupName} was deleted"),
    iam("DeleteRole", "identity", Low, Role, "role {roleName} was deleted"),
    iam(
        "UpdateRole",
        "identity",
        Low,
        Role,
        "role {roleName} was updated: sessions of {maxSessionDuration} seconds at most, description {description}",
    ),
    iam("UpdateRoleDescription", "identity", Low, Role, "the description of role {roleName} was changed"),
    iam("DeletePolicy", "identity", Low, Policy, "policy {policyArn} was deleted"),
    iam("DeletePolicyVersion", "identity", Low, Policy, "version {versionId} of policy {policyArn} was deleted"),
    recorded("CreateServiceLinkedRole", "identity", "AWS's own role for {aWSServiceName} was created"),
    recorded("DeleteServiceLinkedRole", "identity", "the deletion of service-linked role {roleName} was started"),
    // Tags decide access in policies that compare them.
    iam("TagUser", "tag", Low, User, "user {userName} was tagged: {tags}"),
    iam("UntagUser", "tag", Low, User, "tags were removed from user {userName}: {tagKeys}"),
    iam("TagRole", "tag", Low, Role, "role {roleName} was tagged: {tags}"),
    iam("UntagRole", "tag", Low, Role, "tags were removed from role {roleName}: {tagKeys}"),
    iam("TagPolicy", "tag", Low, Policy, "policy {policyArn} was tagged: {tags}"),
    iam("UntagPolicy", "tag", Low, Policy, "tags were removed from policy {policyArn}: {tagKeys}"),
    recorded("TagInstanceProfile", "tag", "instance profile {instanceProfileName} was tagged"),
    recorded("UntagInstanceProfile", "tag", "tags were removed from instance profile {instanceProfileName}"),
    recorded("TagMFADevice", "tag", "MFA device {serialNumber} was tagged"),
    recorded("UntagMFADevice", "tag", "tags were removed from MFA device {serialNumber}"),
    recorded("TagOpenIDConnectProvider", "tag", "identity provider {openIDConnectProviderArn} was tagged"),
    recorded("UntagOpenIDConnectProvider", "tag", "tags were removed from identity provider {openIDConnectProviderArn}"),
    recorded("TagSAMLProvider", "tag", "identity provider {sAMLProviderArn} was tagged"),
    recorded("UntagSAMLProvider", "tag", "tags were removed from identity provider {sAMLProviderArn}"),
    recorded("TagServerCertificate", "tag", "server certificate {serverCertificateName} was tagged"),
    recorded("UntagServerCertificate", "tag", "tags were removed from server certificate {serverCertificateName}"),
    // Passwords, devices and credentials that are changed by their owners, or end.
    iam("ChangePassword", "credential-upkeep", Low, User, "a user changed their own console password"),
    iam("DeleteLoginProfile", "credential-upkeep", Low, User, "the console password of user {userName} was deleted"),
    iam("CreateVirtualMFADevice", "credential-upkeep", Low, Account, "virtual MFA device {virtualMFADeviceName} was created"),
    // IAM deletes only a device that DeactivateMFADevice has taken from its user before (IAM API reference, "DeleteVirtualMFADevice").
    iam("DeleteVirtualMFADevice", "credential-upkeep", Low, Account, "virtual MFA device {serialNumber}, which was nobody's, was deleted"),
    iam("ResyncMFADevice", "credential-upkeep", Low, User, "MFA device {serialNumber} of user {userName} was synchronized"),
    iam("DeleteAccessKey", "credential-upkeep", Low, User, "access key {accessKeyId} of user {userName} was deleted"),
    iam("DeleteSSHPublicKey", "credential-upkeep", Low, User, "SSH key {sSHPublicKeyId} of user {userName} was deleted"),
    iam(
        "DeleteServiceSpecificCredential",
        "credential-upkeep",
        Low,
        User,
        "service-specific credential {serviceSpecificCredentialId} of user {userName} was deleted",
    ),
    iam("DeleteSigningCertificate", "credential-upkeep", Low, User, "signing certificate {certificateId} of user {userName} was deleted"),
    iam("UploadServerCertificate", "credential-upkeep", Low, Account, "server certificate {serverCertificateName} was uploaded"),
    iam(
        "UpdateServerCertificate",
        "credential-upkeep",
        Low,
        Account,
        "server certificate {serverCertificateName} was renamed {newServerCertificateName} or moved",
    ),
    iam("DeleteServerCertificate", "credential-upkeep", Low, Account, "server certificate {serverCertificateName} was deleted"),
    // Whose word the account takes for who somebody is.
    iam("CreateOpenIDConnectProvider", "federation", High, Provider, "identity provider {openIDConnectProviderArn} was created for {url}"),
    iam("DeleteOpenIDConnectProvider", "federation", High, Provider, "identity provider {openIDConnectProviderArn} was deleted"),
    iam(
        "UpdateOpenIDConnectProviderThumbprint",
        "federation",
        High,
        Provider,
        "identity provider {openIDConnectProviderArn} is trusted by other certificates: {thumbprintList}",
    ),
    iam(
        "AddClientIDToOpenIDConnectProvider",
        "federation",
        High,
        Provider,
        "identity provider {openIDConnectProviderArn} accepts tokens for audience {clientID}",
    ),
    iam(
        "RemoveClientIDFromOpenIDConnectProvider",
        "federation",
        High,
        Provider,
        "identity provider {openIDConnectProviderArn} no longer accepts tokens for audience {clientID}",
    ),
    iam("CreateSAMLProvider", "federation", High, Provider, "identity provider {sAMLProviderArn} was created"),
    iam(
        "UpdateSAMLProvider",
        "federation",
        High,
        Provider,
        "the metadata of identity provider {sAMLProviderArn} was replaced: whoever has its new key can sign in",
    ),
    iam("DeleteSAMLProvider", "federation", High, Provider, "identity provider {sAMLProviderArn} was deleted"),
    // Roles that workloads can use.
    iam("CreateInstanceProfile", "pass-role", Low, Account, "instance profile {instanceProfileName} was created"),
    iam("DeleteInstanceProfile", "pass-role", Low, Account, "instance profile {instanceProfileName} was deleted"),
    iam("AddRoleToInstanceProfile", "pass-role", Medium, Role, "role {roleName} was put into instance profile {instanceProfileName}"),
    iam(
        "RemoveRoleFromInstanceProfile",
        "pass-role",
        Medium,
        Role,
        "role {roleName} was taken out of instance profile {instanceProfileName}",
    ),
    // Temporary access of third parties.
    iam("CreateDelegationRequest", "delegation", Medium, Account, "{ownerAccountId} was asked to delegate access: {description}"),
    iam(
        "AssociateDelegationRequest",
        "delegation",
        Medium,
        Account,
        "delegation request {delegationRequestId} was taken up by this account",
    ),
    iam("UpdateDelegationRequest", "delegation", Medium, Account, "delegation request {delegationRequestId} was changed"),
    iam(
        "AcceptDelegationRequest",
        "delegation",
        High,
        Account,
        "delegation request {delegationRequestId} was accepted: a third party gets temporary access",
    ),
    iam("RejectDelegationRequest", "delegation", Low, Account, "delegation request {delegationRequestId} was rejected"),
    iam(
        "SendDelegationToken",
        "delegation",
        High,
        Account,
        "the third party of delegation request {delegationRequestId} was sent its token: its access begins",
    ),
    // Settings of the account and of its organization.
    iam(
        "CreateAccountAlias",
        "account-setting",
        Critical,
        Account,
        "the account got the alias {accountAlias}: its sign-in page has another address",
    ),
    iam(
        "DeleteAccountAlias",
        "account-setting",
        Critical,
        Account,
        "the account's alias {accountAlias} was deleted: its sign-in page has another address, and anybody can take the old one",
    ),
    iam(
        "EnableOrganizationsRootCredentialsManagement",
        "account-setting",
        Critical,
        Account,
        "the organization can manage the root credentials of member accounts",
    ),
    iam(
        "DisableOrganizationsRootCredentialsManagement",
        "account-setting",
        Critical,
        Account,
        "the organization can no longer manage the root credentials of member accounts",
    ),
    iam(
        "EnableOrganizationsRootSessions",
        "account-setting",
        Critical,
        Account,
        "the organization can open root sessions in member accounts",
    ),
    iam(
        "DisableOrganizationsRootSessions",
        "account-setting",
        Critical,
        Account,
        "the organization can no longer open root sessions in member accounts",
    ),
    iam(
        "EnableOutboundWebIdentityFederation",
        "account-setting",
        High,
        Account,
        "identities of this account can get tokens for services outside AWS; disabling it later does not end such tokens",
    ),
    iam(
        "DisableOutboundWebIdentityFederation",
        "account-setting",
        Critical,
        Account,
        "identities of this account can no longer get tokens for services outside AWS",
    ),
    iam("PutAccountProperties", "account-setting", High, Account, "properties of the account were set: {accountProperties}"),
    iam(
        "SetSecurityTokenServicePreferences",
        "account-setting",
        Critical,
        Account,
        "tokens of the global STS endpoint are of version {globalEndpointTokenVersion}",
    ),
];
