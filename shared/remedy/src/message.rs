//! What is published: the frame of a notice, in the form that each kind of subscriber expects.

use std::fmt::Write as _;

use aws_sdk_sns::types::MessageAttributeValue;
use policy::arn::AccountId;
use policy::text::bounded;
use serde_json::{Value, json};

use crate::cut::{ACTIONS, Line};
use crate::error::{AwsCall, Named as _};

/// Longest subject that SNS takes, in characters (SNS API reference, `Publish`).
const SUBJECT_MAX: usize = 100;
/// The word of the line that is a link.
pub const LINK: &str = "Console";
/// Longest value of an attribute, in bytes.
const ATTRIBUTE_MAX: usize = 256;

/// What subscribers filter by: names and values.
pub type Attributes = [(&'static str, String); 5];

/// A headline and its lines.
pub struct Message<'a> {
    /// What it is known by, and what a chat makes a thread of.
    pub id: &'a str,
    pub severity: &'static str,
    pub outcome: &'static str,
    pub account: &'a AccountId,
    /// What happened to what, in one line.
    pub headline: String,
    /// The lines in the order in which a reader wants them: a word, and what there is to say.
    pub lines: Vec<Line>,
}

impl Message<'_> {
    /// The headline as at most 100 printable ASCII characters.
    pub fn subject(&self) -> String {
        let subject = format!("[{}] Rescind: {} ({})", self.severity, self.headline, self.account);
        let ascii = |c: char| if c.is_ascii_graphic() || c == ' ' { c } else { '?' };
        subject.chars().map(ascii).take(SUBJECT_MAX).collect()
    }

    /// For a mail or a terminal.
    pub fn text(&self) -> String {
        let mut text = format!("{}\n\n", self.headline);
        for (word, line) in &self.lines {
            // Writing to a String does not fail.
            let _ = writeln!(text, "{word:<10} {line}");
        }
        text
    }

    /// For AWS's chat integration (Amazon Q Developer in chat applications, "Custom notifications").
    fn chat(&self) -> Value {
        // Between back-quotes a chat renders no markup, mentions or links; those of our own words become apostrophes.
        let code = |line: &str| line.split('\n').map(|line| format!("`{}`", line.replace('`', "'"))).collect::<Vec<_>>().join("\n");
        let (steps, description): (Vec<_>, Vec<_>) = self.lines.iter().partition(|(word, _)| ACTIONS.contains(word));
        // A link is no foreign text: whatever stands in it is escaped.
        let live = |word: &str, line: &str| if word == LINK { format!("<{line}>") } else { code(line) };
        let written = |lines: Vec<&(&str, String)>| {
            lines.into_iter().map(|(word, line)| format!("*{word}* {}", live(word, line))).collect::<Vec<_>>()
        };
        json!({
            "version": "1.0",
            "source": "custom",
            "id": self.id,
            "content": {
                "textType": "client-markdown",
                "title": self.subject(),
                "description": written(description).join("\n"),
                "nextSteps": written(steps),
                "keywords": [self.outcome, self.account],
            },
            "metadata": {
                "threadId": self.id,
                "summary": self.headline,
                "eventType": format!("rescind.{}", self.outcome),
            },
        })
    }

    /// Every form, as SNS's `MessageStructure: json` takes it, with a document for queues and functions.
    pub fn with(&self, document: &str) -> String {
        let text = self.text();
        let chat = self.chat().to_string();
        json!({ "default": text, "email": text, "sqs": document, "lambda": document, "https": chat }).to_string()
    }

    /// The attributes that subscribers filter by.
    pub fn attributes(&self, guardrail: &str, change: &str) -> Attributes {
        [
            ("severity", self.severity.to_owned()),
            ("guardrail", bounded(guardrail.to_owned(), ATTRIBUTE_MAX)),
            ("outcome", self.outcome.to_owned()),
            ("account", self.account.to_string()),
            ("change", change.to_owned()),
        ]
    }

    /// Publishes it in the forms that [`Self::with`] made.
    ///
    /// # Errors
    ///
    /// If SNS did not take it.
    pub async fn publish(
        &self,
        (sns, topic_arn): (&aws_sdk_sns::Client, &str),
        forms: &str,
        attributes: Attributes,
    ) -> Result<(), AwsCall> {
        let mut request = sns.publish().topic_arn(topic_arn).subject(self.subject()).message_structure("json").message(forms);
        for (name, value) in attributes {
            // The builder refuses nothing but a value without a data type.
            if let Ok(value) = MessageAttributeValue::builder().data_type("String").string_value(value).build() {
                request = request.message_attributes(name, value);
            }
        }
        request.send().await.named("sns:Publish of", &self.id).map(drop)
    }
}
