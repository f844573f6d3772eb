//! Several changes by the same actor, one soon after the other.

use serde::{Deserialize, Serialize};

/// Which of an actor's changes this is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Story {
    /// How many changes the ledger has cases about, this one included.
    pub number: usize,
    /// Since the first of them, in seconds.
    pub seconds: i64,
}

impl Story {
    /// Changes that lie so far back are no longer part of the story, in minutes.
    pub const MINUTES: i64 = 10;

    /// In a line for a person.
    #[must_use]
    pub fn line(self, correlation: &str) -> String {
        const WORDS: [&str; 9] = ["second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"];
        let word = self.number.checked_sub(2).and_then(|index| WORDS.get(index));
        let which = word.map_or_else(|| format!("change number {}", self.number), |word| format!("{word} change"));
        let span = match self.seconds {
            ..2 => "the same second".to_owned(),
            2..120 => format!("{} seconds", self.seconds),
            seconds => format!("{} minutes", seconds / 60),
        };
        let the = if word.is_some() { "the " } else { "" };
        format!("{the}{which} of this actor in {span}: rescind cases --actor {correlation}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_story_is_counted_in_words() {
        let line = |number, seconds| Story { number, seconds }.line("act-0a1b");
        assert_eq!(line(3, 130), "the third change of this actor in 2 minutes: rescind cases --actor act-0a1b");
        assert_eq!(line(2, 1), "the second change of this actor in the same second: rescind cases --actor act-0a1b");
        assert_eq!(line(12, 59), "change number 12 of this actor in 59 seconds: rescind cases --actor act-0a1b");
    }
}
