//! Everything that Rescind reads from IAM. Code that has a [`Reader`] and nothing else cannot change anything.

pub mod account;
pub mod credentials;
pub mod facts;
pub mod guards;
pub mod holders;
pub mod holdings;
pub mod identity;
pub mod missing;
pub mod names;
pub mod responders;
pub mod settled;
pub mod versions;

use aws_sdk_iam::Client;

use crate::elsewhere::Elsewhere;

macro_rules! reads {
    ($($call:ident $builder:ident,)*) => {
        /// IAM's reading calls, and no other: that it cannot change anything is checked by the compiler.
        pub struct Reader(Client, Elsewhere);

        #[expect(missing_docs, reason = "each is the call of the SDK that has its name")]
        impl Reader {
            $(
                #[must_use]
                pub fn $call(&self) -> aws_sdk_iam::operation::$call::builders::$builder {
                    self.0.$call()
                }
            )*
        }
    };
}

reads! {
    get_access_key_last_used GetAccessKeyLastUsedFluentBuilder,
    get_account_authorization_details GetAccountAuthorizationDetailsFluentBuilder,
    get_account_password_policy GetAccountPasswordPolicyFluentBuilder,
    get_group GetGroupFluentBuilder,
    get_group_policy GetGroupPolicyFluentBuilder,
    get_login_profile GetLoginProfileFluentBuilder,
    get_policy GetPolicyFluentBuilder,
    get_policy_version GetPolicyVersionFluentBuilder,
    get_role GetRoleFluentBuilder,
    get_role_policy GetRolePolicyFluentBuilder,
    get_user GetUserFluentBuilder,
    get_user_policy GetUserPolicyFluentBuilder,
    list_access_keys ListAccessKeysFluentBuilder,
    list_account_aliases ListAccountAliasesFluentBuilder,
    list_attached_group_policies ListAttachedGroupPoliciesFluentBuilder,
    list_attached_role_policies ListAttachedRolePoliciesFluentBuilder,
    list_attached_user_policies ListAttachedUserPoliciesFluentBuilder,
    list_entities_for_policy ListEntitiesForPolicyFluentBuilder,
    list_group_policies ListGroupPoliciesFluentBuilder,
    list_groups_for_user ListGroupsForUserFluentBuilder,
    list_mfa_devices ListMFADevicesFluentBuilder,
    list_policy_versions ListPolicyVersionsFluentBuilder,
    list_role_policies ListRolePoliciesFluentBuilder,
    list_service_specific_credentials ListServiceSpecificCredentialsFluentBuilder,
    list_signing_certificates ListSigningCertificatesFluentBuilder,
    list_ssh_public_keys ListSSHPublicKeysFluentBuilder,
    list_user_policies ListUserPoliciesFluentBuilder,
    list_users ListUsersFluentBuilder,
}

impl Reader {
    /// Reads with this client.
    #[must_use]
    pub const fn of(iam: Client) -> Self {
        Self(iam, Elsewhere::none())
    }

    /// The same with clients of other services.
    #[must_use]
    pub fn reaching(self, elsewhere: Elsewhere) -> Self {
        Self(self.0, elsewhere)
    }

    /// Clients of other services.
    pub(crate) const fn elsewhere(&self) -> &Elsewhere {
        &self.1
    }
}
