//! A case with the steps of its remedy, as the ledger's items hold it.

use policy::Case;
use policy::case::Call;
use policy::text::said;
use serde::{Deserialize, Serialize};

/// Longest text of one item, in bytes: DynamoDB takes 400 KB with all attributes and their names (DynamoDB developer guide, "Quotas").
const PIECE_MAX: usize = 350_000;

/// A case with the steps of its remedy.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Body {
    pub case: Case,
    /// In the order in which they were to be made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Written>,
}

/// A step before it is made.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Written {
    pub call: Call,
    /// Absent if nothing can undo it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo: Option<Call>,
}

impl Body {
    /// Reads what [`Self::pieces`] wrote, put together again.
    pub fn parse(text: &str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|error| said(&error.to_string()))
    }

    /// As JSON, in pieces that fit into an item each.
    pub fn pieces(&self) -> Vec<String> {
        let text = serde_json::to_string(self).unwrap_or_default();
        let mut pieces = Vec::new();
        let mut rest = text.as_str();
        while rest.len() > PIECE_MAX {
            let (piece, more) = rest.split_at(rest.floor_char_boundary(PIECE_MAX));
            pieces.push(piece.to_owned());
            rest = more;
        }
        pieces.push(rest.to_owned());
        pieces
    }
}
