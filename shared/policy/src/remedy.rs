//! The remedies, by name. How each one works is in the `remedy` crate, one file a remedy.

use serde::{Deserialize, Serialize};

macro_rules! remedies {
    ($($(#[$doc:meta])* $remedy:ident $name:literal,)*) => {
        /// Takes a change back, or contains whoever made it. Each remedy belongs to the function of the same name.
        #[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
        pub enum Remedy {
            $($(#[$doc])* #[serde(rename = $name)] $remedy,)*
        }

        impl Remedy {
            /// Every remedy.
            pub const ALL: &[Self] = &[$(Self::$remedy),*];

            /// Its name in the rulebook's `@remedy`, and the name of its function.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$remedy => $name,)*
                }
            }
        }
    };
}

remedies! {
    /// Detaches the policy from the identity that it was attached to.
    DetachPolicy "detach-policy",
    /// Deletes the inline policy.
    DeleteInlinePolicy "delete-inline-policy",
    /// Makes the newest version that the rulebook lets stand the default one again.
    RestorePolicyVersion "restore-policy-version",
    /// Detaches the policy from everybody who holds it, if the rulebook lets none of its versions stand.
    DetachEverywhere "detach-everywhere",
    /// Removes the user from the group.
    RemoveGroupMember "remove-group-member",
    /// Removes forbidden principals from a role's trust policy.
    RestoreTrust "restore-trust",
    /// Deletes a console password.
    RemoveLogin "remove-login",
    /// Sets the account's password policy to the stricter of what it is and what the guardrail's baseline asks for.
    RestorePasswordPolicy "restore-password-policy",
    /// Gives back a policy, boundary or membership that the rulebook requires.
    RestoreGuard "restore-guard",
    /// Starts a trail again, or enables a rule of Rescind's own again.
    WatchTampering "watch-tampering",
    /// Sets a long-lived credential inactive.
    QuarantineKey "quarantine-key",
    /// Denies everything to a user or to sessions of a role.
    QuarantinePrincipal "quarantine-principal",
}
