//! The text of a policy document, in whichever of its three forms it stands in the JSON.

use std::borrow::Cow;

use serde::de::{Deserialize, Deserializer, Error};
use serde_json::value::RawValue;

use crate::document::plain;

/// The plain JSON of a document: the AWS CLI prints an object, IAM itself answers with percent-encoded text, other tools with plain text.
#[derive(Debug)]
pub(super) struct Text<'a>(pub Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        if !raw.starts_with('"') {
            return Ok(Self(Cow::Borrowed(raw)));
        }
        let text: String = serde_json::from_str(raw).map_err(D::Error::custom)?;
        let text = match plain(&text).map_err(D::Error::custom)? {
            Cow::Borrowed(_) => text,
            Cow::Owned(decoded) => decoded,
        };
        Ok(Self(Cow::Owned(text)))
    }
}
