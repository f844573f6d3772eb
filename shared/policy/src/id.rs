//! The ids that Rescind makes itself.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

/// The prefix and 16 hexadecimal digits, the same for the same parts.
#[must_use]
pub fn hashed(prefix: &str, parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
        hash.update([0]);
    }
    let digest = hash.finalize();
    digest.iter().take(8).fold(prefix.to_owned(), |mut id, byte| {
        let _ = write!(id, "{byte:02x}");
        id
    })
}
