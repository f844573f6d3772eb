//! IAM's writing calls.

use aws_sdk_iam::Client;

use crate::elsewhere::Elsewhere;

macro_rules! writes {
    ($($call:ident $builder:ident,)*) => {
        /// IAM's writing calls. Only what sets something has one.
        pub struct Writer(Client, Elsewhere);

        impl Writer {
            $(
                pub(super) fn $call(&self) -> aws_sdk_iam::operation::$call::builders::$builder {
                    self.0.$call()
                }
            )*
        }
    };
}

writes! {
    add_user_to_group AddUserToGroupFluentBuilder,
    attach_group_policy AttachGroupPolicyFluentBuilder,
    attach_role_policy AttachRolePolicyFluentBuilder,
    attach_user_policy AttachUserPolicyFluentBuilder,
    create_policy CreatePolicyFluentBuilder,
    delete_account_password_policy DeleteAccountPasswordPolicyFluentBuilder,
    delete_group_policy DeleteGroupPolicyFluentBuilder,
    delete_login_profile DeleteLoginProfileFluentBuilder,
    delete_policy DeletePolicyFluentBuilder,
    delete_role_policy DeleteRolePolicyFluentBuilder,
    delete_role_permissions_boundary DeleteRolePermissionsBoundaryFluentBuilder,
    delete_user_permissions_boundary DeleteUserPermissionsBoundaryFluentBuilder,
    delete_user_policy DeleteUserPolicyFluentBuilder,
    detach_group_policy DetachGroupPolicyFluentBuilder,
    detach_role_policy DetachRolePolicyFluentBuilder,
    detach_user_policy DetachUserPolicyFluentBuilder,
    put_group_policy PutGroupPolicyFluentBuilder,
    put_role_permissions_boundary PutRolePermissionsBoundaryFluentBuilder,
    put_role_policy PutRolePolicyFluentBuilder,
    put_user_permissions_boundary PutUserPermissionsBoundaryFluentBuilder,
    put_user_policy PutUserPolicyFluentBuilder,
    remove_user_from_group RemoveUserFromGroupFluentBuilder,
    set_default_policy_version SetDefaultPolicyVersionFluentBuilder,
    update_access_key UpdateAccessKeyFluentBuilder,
    update_assume_role_policy UpdateAssumeRolePolicyFluentBuilder,
    update_account_password_policy UpdateAccountPasswordPolicyFluentBuilder,
    update_service_specific_credential UpdateServiceSpecificCredentialFluentBuilder,
    update_signing_certificate UpdateSigningCertificateFluentBuilder,
    update_ssh_public_key UpdateSSHPublicKeyFluentBuilder,
}

impl Writer {
    /// Writes with this client.
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
    pub(super) const fn elsewhere(&self) -> &Elsewhere {
        &self.1
    }
}
