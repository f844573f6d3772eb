//! What tells one rulebook from another.

use std::fmt::Write as _;

use policy::guardrail::Source;
use sha2::{Digest as _, Sha256};

/// The SHA-256 digest of a rulebook's files, in lower-case hexadecimal: the same for the same files in whichever folder, so that a stack's rulebook can be
/// compared with the one at hand.
///
/// It covers, for each file in the order of their names: the name, a zero byte, the length of the text in bytes as a decimal number, a zero byte, the text.
#[must_use]
pub fn digest(sources: &[Source]) -> String {
    let mut sorted: Vec<&Source> = sources.iter().collect();
    sorted.sort_by_key(|source| source.file_name());
    let mut hash = Sha256::new();
    for source in sorted {
        hash.update(source.file_name());
        hash.update([0]);
        hash.update(source.text.len().to_string());
        hash.update([0]);
        hash.update(&source.text);
    }
    hash.finalize().iter().fold(String::new(), |mut hex, byte| {
        // Writing to a String does not fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(name: &str, text: &str) -> Source {
        Source { name: name.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn it_is_the_sha_256_of_names_lengths_and_texts() {
        // printf 'a.cedar\0002\000éb.cedar\0000\000' | sha256sum
        let digest = digest(&[source("a.cedar", "é"), source("b.cedar", "")]);
        assert_eq!(digest, "4f69f340143dbb8956c51ad1d578148bddc38d6f4dfa67ebf86a5e6ef2d0e710");
    }

    #[test]
    fn neither_the_folder_nor_the_order_counts() {
        let (here, there) =
            ([source("x/a.cedar", "1"), source("x/b.cedar", "2")], [source("/opt/y/b.cedar", "2"), source("/opt/y/a.cedar", "1")]);
        assert_eq!(digest(&here), digest(&there));
    }

    #[test]
    fn every_byte_counts_and_so_does_the_file_that_it_is_in() {
        let one = digest(&[source("a.cedar", "12"), source("b.cedar", "3")]);
        for other in [
            [source("a.cedar", "1"), source("b.cedar", "23")],
            [source("a.cedar", "12"), source("c.cedar", "3")],
            [source("a.cedar", "12"), source("b.cedar", "4")],
        ] {
            assert_ne!(one, digest(&other));
        }
    }
}
