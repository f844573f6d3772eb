//! Condition operators (IAM user guide, "IAM JSON policy elements: Condition operators").

/// How a condition compares: `ForAnyValue:StringLikeIfExists` has all three parts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Operator {
    /// How the values of a key that has several are taken.
    pub qualifier: Option<Qualifier>,
    /// The comparison.
    pub test: Test,
    /// `…IfExists`: a missing key makes it true.
    pub if_exists: bool,
}

impl Operator {
    /// Reads an operator's name; `None` if AWS knows none of that name. Its case does not count.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let (qualifier, rest) = match name.split_once(':') {
            None => (None, name),
            Some((word, rest)) if word.eq_ignore_ascii_case("ForAllValues") => (Some(Qualifier::ForAllValues), rest),
            Some((word, rest)) if word.eq_ignore_ascii_case("ForAnyValue") => (Some(Qualifier::ForAnyValue), rest),
            Some(_) => return None,
        };
        let test = |name: &str| TESTS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, test)| *test);
        if let Some(test) = test(rest) {
            return Some(Self { qualifier, test, if_exists: false });
        }
        let (stem, suffix) = rest.split_at_checked(rest.len().checked_sub(IF_EXISTS.len())?)?;
        let test = test(stem).filter(|test| *test != Test::Null && suffix.eq_ignore_ascii_case(IF_EXISTS))?;
        Some(Self { qualifier, test, if_exists: true })
    }
}

const IF_EXISTS: &str = "IfExists";

/// How a condition takes a key with several values.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Qualifier {
    /// Each of the request's values has to pass; none is passed by all.
    ForAllValues,
    /// One of the request's values has to pass.
    ForAnyValue,
}

macro_rules! tests {
    ($($name:ident: $what:literal,)*) => {
        /// A comparison.
        #[derive(Clone, Copy, Debug, Eq, PartialEq)]
        pub enum Test {
            $(#[doc = $what] $name,)*
        }

        const TESTS: &[(&str, Test)] = &[$((stringify!($name), Test::$name),)*];
    };
}

tests! {
    StringEquals: "The same text, letter by letter; `*` is a letter.",
    StringNotEquals: "Not the same text.",
    StringEqualsIgnoreCase: "The same text but for case.",
    StringNotEqualsIgnoreCase: "Not the same text, whatever the case.",
    StringLike: "A text that the pattern names.",
    StringNotLike: "A text that the pattern does not name.",
    NumericEquals: "The same number.",
    NumericNotEquals: "Another number.",
    NumericLessThan: "A smaller number.",
    NumericLessThanEquals: "A smaller number or the same.",
    NumericGreaterThan: "A greater number.",
    NumericGreaterThanEquals: "A greater number or the same.",
    DateEquals: "The same moment.",
    DateNotEquals: "Another moment.",
    DateLessThan: "An earlier moment.",
    DateLessThanEquals: "An earlier moment or the same.",
    DateGreaterThan: "A later moment.",
    DateGreaterThanEquals: "A later moment or the same.",
    Bool: "The same of `true` and `false`.",
    BinaryEquals: "The same bytes, in base64.",
    IpAddress: "An address in the range.",
    NotIpAddress: "An address outside the range.",
    ArnEquals: "An ARN that the pattern names, segment by segment.",
    ArnLike: "The same as `ArnEquals`.",
    ArnNotEquals: "An ARN that the pattern does not name.",
    ArnNotLike: "The same as `ArnNotEquals`.",
    Null: "`true`: the key is missing; `false`: it is there.",
}

impl Test {
    /// Whether it is one of the negated comparisons: those hold where none of the values match, and where the key is missing.
    #[must_use]
    pub const fn is_negated(self) -> bool {
        matches!(
            self,
            Self::StringNotEquals
                | Self::StringNotEqualsIgnoreCase
                | Self::StringNotLike
                | Self::NumericNotEquals
                | Self::DateNotEquals
                | Self::NotIpAddress
                | Self::ArnNotEquals
                | Self::ArnNotLike
        )
    }
}
