//! Answers where something may be unknown.

use std::ops::{BitAnd, BitOr, Not};

/// Kleene's three values: what cannot be told is neither true nor false.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Truth {
    False,
    Unknown,
    True,
}

impl Truth {
    /// True where any is true.
    pub(super) fn any(truths: impl IntoIterator<Item = Self>) -> Self {
        let mut most = Self::False;
        for truth in truths {
            most = most.max(truth);
            if most == Self::True {
                break;
            }
        }
        most
    }

    /// True where all are true.
    pub(super) fn all(truths: impl IntoIterator<Item = Self>) -> Self {
        let mut least = Self::True;
        for truth in truths {
            least = least.min(truth);
            if least == Self::False {
                break;
            }
        }
        least
    }
}

impl From<bool> for Truth {
    fn from(known: bool) -> Self {
        if known { Self::True } else { Self::False }
    }
}

impl BitAnd for Truth {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        self.min(other)
    }
}

impl BitOr for Truth {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.max(other)
    }
}

impl Not for Truth {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Self::False => Self::True,
            Self::Unknown => Self::Unknown,
            Self::True => Self::False,
        }
    }
}
