//! Where a JSON value ends: behind the bracket that closes its first one. 64 bytes are looked at in one step, for most of a record is texts, between
//! whose quotation marks no bracket counts.

use wide::u8x64;

/// Length of the value that begins with the first of these bytes, a bracket; `None` if it does not end here.
pub fn value_len(bytes: &[u8]) -> Option<usize> {
    let (blocks, rest) = bytes.as_chunks::<64>();
    let mut place = Place { depth: 0, in_text: false, is_escaped: false };
    for (number, block) in blocks.iter().enumerate() {
        if let Some(end) = place.block(block) {
            return Some(number * 64 + end);
        }
    }
    place.bytes(rest).map(|end| blocks.len() * 64 + end)
}

/// What stands before a byte.
struct Place {
    /// How many brackets are open.
    depth: usize,
    in_text: bool,
    /// A backslash that escapes the byte.
    is_escaped: bool,
}

impl Place {
    /// Goes behind these bytes; or where the value ends in them.
    fn block(&mut self, block: &[u8; 64]) -> Option<usize> {
        let bytes = u8x64::from(*block);
        let places_of = |byte| bytes.simd_eq(u8x64::splat(byte)).to_bitmask();
        if self.is_escaped || places_of(b'\\') != 0 {
            return self.bytes(block);
        }
        let quotes = places_of(b'"');
        let texts = between(quotes) ^ if self.in_text { u64::MAX } else { 0 };
        self.in_text ^= quotes.count_ones() % 2 == 1;
        // `[` and `{` differ in this bit alone, and so do `]` and `}`.
        let folded = bytes | u8x64::splat(0x20);
        let brackets = |byte| folded.simd_eq(u8x64::splat(byte)).to_bitmask() & !texts;
        let (opening, mut closing) = (brackets(b'{'), brackets(b'}'));
        let mut opened = 0;
        // Brackets that open before one that closes.
        while closing != 0 {
            let at = closing.trailing_zeros();
            let before = (opening & ((1 << at) - 1)).count_ones() as usize;
            self.depth = (self.depth + before - opened).saturating_sub(1);
            if self.depth == 0 {
                return Some(at as usize + 1);
            }
            opened = before;
            closing &= closing - 1;
        }
        self.depth += opening.count_ones() as usize - opened;
        None
    }

    /// The same, one after the other.
    fn bytes(&mut self, bytes: &[u8]) -> Option<usize> {
        for (at, byte) in bytes.iter().enumerate() {
            match byte {
                _ if self.is_escaped => self.is_escaped = false,
                b'\\' => self.is_escaped = self.in_text,
                b'"' => self.in_text = !self.in_text,
                _ if self.in_text => {}
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 0 {
                        return Some(at + 1);
                    }
                }
                _ => {}
            }
        }
        None
    }
}

/// The bits from each first to before each second of these, the last to the end.
const fn between(bits: u64) -> u64 {
    let mut between = bits;
    let mut step = 1;
    while step < 64 {
        between ^= between << step;
        step *= 2;
    }
    between
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn in_steps_a_value_ends_where_it_does_byte_by_byte(texts in vec(prop::sample::select(vec!["{", "}", "[", "]", "\"", "\\", "\u{e9}", "a", "abcdefghijklmnopqrstuvwxyz"]), 0..200)) {
            let text = format!("{{{}", texts.concat());
            let mut place = Place { depth: 0, in_text: false, is_escaped: false };
            prop_assert_eq!(value_len(text.as_bytes()), place.bytes(text.as_bytes()));
        }
    }

    #[test]
    fn a_value_ends_with_the_bracket_that_closes_its_first() {
        let long = "x".repeat(300);
        for value in [
            "{}".to_owned(),
            "[[]]".to_owned(),
            r#"{"a":"}\"}","b":[{}]}"#.to_owned(),
            format!(r#"{{"{long}":["{long}}}",{{"{long}\\":"{long}]\"]"}}]}}"#),
        ] {
            for padding in 0..70 {
                let padded = format!("{}{value}]}}", "[".repeat(padding) + &"]".repeat(padding));
                assert_eq!(value_len(&padded.as_bytes()[2 * padding..]), Some(value.len()), "{value}");
                let within = format!("[{}{value}]}}", "1,".repeat(padding));
                assert_eq!(value_len(within.as_bytes()), Some(within.len() - 1), "{within}");
            }
            for end in 0..value.len() {
                assert_eq!(value_len(&value.as_bytes()[..end]), None);
            }
        }
    }
}
