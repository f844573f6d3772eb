//! What people receive, outcome by outcome, and what attackers cannot make them receive.

use std::path::Path;

use chrono::{DateTime, Utc};
use policy::case::{Case, Outcome, Receipt, RemedyOutcome};
use policy::change::Remedy;
use policy::guardrail::{Facts, Mode};
use policy::{Action, Event, Hearing};
use proptest::prelude::*;
use remedy::notice::{Notice, give_back_call, take_back_call};
use serde_json::{Value, json};

const SAMPLE: &str = include_str!("../../../events/attach-user-policy.json");

/// The case that a sample event makes in a stack that enforces, six seconds after the change.
fn case(sample: &str) -> Case {
    let dir = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../guardrails"));
    let rulebook = remedy::rulebook::load(dir).unwrap();
    let event = Event::from_event_bridge(sample).unwrap();
    let action = Action::of(&event).unwrap();
    let now: DateTime<Utc> = event.record.event_time + chrono::Duration::seconds(6);
    let hearing = Hearing::open(&rulebook, &event, action).unwrap().unwrap();
    hearing.decide(Ok(&Facts::default()), Mode::Enforce, now).unwrap().unwrap()
}

fn applied() -> Case {
    let mut case = case(SAMPLE);
    let change = case.settle().unwrap();
    case.close_with(RemedyOutcome {
        remedy: Remedy::DetachPolicy,
        outcome: Outcome::Applied,
        detail: None,
        calls: vec![take_back_call(&change)],
        undo: Some(Receipt::from(give_back_call(&change))),
    });
    case
}

fn closed(outcome: Outcome, detail: &str) -> String {
    let mut case = case(SAMPLE);
    case.close(outcome, Some(detail));
    Notice::of(&case).text()
}

/// The sample with one member of its detail replaced.
fn sample_with(pointer: &str, value: Value) -> String {
    let mut sample: Value = serde_json::from_str(SAMPLE).unwrap();
    let (parent, member) = pointer.rsplit_once('/').unwrap();
    sample.pointer_mut(&format!("/detail{parent}")).unwrap()[member] = value;
    sample.to_string()
}

#[test]
fn a_policy_taken_back() {
    insta::assert_snapshot!(Notice::of(&applied()).text(), @"");
    insta::assert_snapshot!(Notice::of(&applied()).subject(), @"");
}

#[test]
fn a_remedy_that_aws_refused_asks_for_a_person() {
    insta::assert_snapshot!(closed(Outcome::Failed, "iam:DetachUserPolicy on user polsen failed (access denied): AccessDenied; look for a boundary"), @"");
}

#[test]
fn what_cannot_be_taken_back_asks_for_a_person() {
    insta::assert_snapshot!(closed(Outcome::Unremediable, "this is one of Rescind's own roles, which it never changes"), @"");
}

#[test]
fn a_call_that_aws_refused_is_told_as_that() {
    let mut case = case(&sample_with("/errorCode", json!("AccessDenied")));
    assert_eq!(case.settle(), None);
    insta::assert_snapshot!(Notice::of(&case).text(), @"");
}

#[test]
fn a_record_that_does_not_say_what_changed_is_told_as_that() {
    let mut case = case(&sample_with("/requestParameters", Value::Null));
    assert_eq!(case.settle(), None);
    insta::assert_snapshot!(Notice::of(&case).text(), @"");
}

#[test]
fn chat_gets_a_custom_notification() {
    let message: Value = serde_json::from_str(&Notice::of(&applied()).message()).unwrap();
    let chat: Value = serde_json::from_str(message["https"].as_str().unwrap()).unwrap();
    insta::assert_snapshot!(format!("{chat:#}"), @"");
}

#[test]
fn queues_and_functions_get_the_case_itself() {
    let case = applied();
    let message: Value = serde_json::from_str(&Notice::of(&case).message()).unwrap();
    for subscriber in ["sqs", "lambda"] {
        let received: Case = serde_json::from_str(message[subscriber].as_str().unwrap()).unwrap();
        assert_eq!(received, case);
    }
    assert_eq!(message["default"], message["email"]);
}

proptest! {
    #[test]
    fn nothing_that_an_attacker_writes_is_live_in_a_notice(text in any::<String>(), evil in "(<!channel>|https://evil.example|<b>|\u{202e}|`|\\[a\\]\\(b\\)|\n|\r)") {
        for pointer in ["/userAgent", "/sourceIPAddress", "/userIdentity/invokedBy"] {
            let case = case(&sample_with(pointer, json!(format!("{text}{evil}{text}"))));
            let notice = Notice::of(&case);
            for live in ["<", "://", "\u{202e}", "\r"] {
                prop_assert!(!notice.text().contains(live));
            }
            let message: Value = serde_json::from_str(&notice.message()).unwrap();
            let chat: Value = serde_json::from_str(message["https"].as_str().unwrap()).unwrap();
            let description = chat["content"]["description"].as_str().unwrap();
            // Every line is a word and one code span: back-quotes come in pairs, and none is the attacker's.
            prop_assert!(description.lines().all(|line| line.matches('`').count() == 2 && line.ends_with('`')), "{}", description);
            prop_assert!(notice.subject().len() <= 100);
            prop_assert!(notice.subject().chars().all(|c| c.is_ascii_graphic() || c == ' '));
        }
    }

    #[test]
    fn a_notice_always_fits_into_a_message(size in 0usize..200_000) {
        let case = case(&sample_with("/userAgent", json!("\u{1}".repeat(size))));
        prop_assert!(Notice::of(&case).message().len() < 256 * 1024);
    }
}
