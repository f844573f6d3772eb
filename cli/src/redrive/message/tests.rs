use super::*;
use crate::stack::FUNCTION;

const DETACH: &str = "arn:aws:lambda:us-east-1:123456789012:function:rescind-detach-policy";
const GUARD: &str = "arn:aws:lambda:us-east-1:123456789012:function:rescind-restore-guard";
const DELAY: &str = "arn:aws:sqs:us-east-1:123456789012:rescind-Delay";
const OWN_RULE: &str = "arn:aws:events:us-east-1:123456789012:rule/rescind-PolicyAttached";
const EVENT: &str = r#"{"source":"aws.iam","detail-type":"AWS API Call via CloudTrail","account":"123456789012","time":"2026-03-02T10:00:00Z","id":"e",
    "detail":{"eventSource":"iam.amazonaws.com","eventName":"AttachUserPolicy","eventID":"i","userIdentity":{"arn":"arn:aws:iam::123456789012:user/mallory"}}}"#;

fn stack() -> Stack {
    Stack::for_test(&[
        (FUNCTION, "DetachPolicyFunction", "rescind-detach-policy"),
        (FUNCTION, "RestoreGuardFunction", "rescind-restore-guard"),
        (RULE, "DetachPolicyFunctionPolicyAttached", "rescind-PolicyAttached"),
        (QUEUE, "RestoreGuardDelay", "https://sqs.us-east-1.amazonaws.com/123456789012/rescind-Delay"),
    ])
}

fn feeds() -> Vec<Feed> {
    vec![Feed { id: String::new(), queue: DELAY.to_owned(), function: GUARD.to_owned(), state: String::new() }]
}

fn undelivered(body: &str, attributes: &[(&str, &str)]) -> Message {
    let attributes = attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let (stack, feeds) = (stack(), feeds());
    Home { stack: &stack, feeds: Ok(&feeds) }.undelivered(body, Envelope { attributes: &attributes, moved_from: None })
}

fn failed(body: &str, moved_from: Option<&str>) -> Message {
    let (stack, feeds) = (stack(), feeds());
    Home { stack: &stack, feeds: Ok(&feeds) }.failed(body, Envelope { attributes: &HashMap::new(), moved_from })
}

fn record(function: &str, kind: &str) -> String {
    format!(
        r#"{{"requestContext":{{"functionArn":"{function}","condition":"RetriesExhausted"}},"requestPayload":{EVENT},
            "responsePayload":{{"errorType":"{kind}","errorMessage":"a | b"}}}}"#
    )
}

/// The name of the function that gets it, or why none does.
fn verdict(message: &Message) -> Result<String, String> {
    message.verdict(&stack(), false).map(|(function, _)| function.name.clone())
}

#[test]
fn an_undelivered_event_goes_to_the_target_of_its_rule() {
    let of = |target| {
        undelivered(EVENT, &[("RULE_ARN", OWN_RULE), ("TARGET_ARN", target), ("ERROR_CODE", "NO_PERMISSIONS"), ("ERROR_MESSAGE", "a b")])
    };
    assert_eq!(verdict(&of(DETACH)), Ok("detach-policy".to_owned()));
    assert_eq!(verdict(&of(DELAY)), Ok("restore-guard".to_owned()), "that queue feeds it");
    assert_eq!(of(DETACH).error.as_deref(), Some("NO_PERMISSIONS \"a b\""));
}

#[test]
fn an_undelivered_event_of_a_foreign_rule_or_target_is_kept() {
    let foreign = "arn:aws:events:us-east-1:123456789012:rule/another";
    let kept = |attributes: &[(&str, &str)]| verdict(&undelivered(EVENT, attributes)).unwrap_err();
    assert!(kept(&[("RULE_ARN", foreign), ("TARGET_ARN", DETACH)]).starts_with("foreign: the rule"));
    assert!(
        kept(&[("RULE_ARN", OWN_RULE), ("TARGET_ARN", "arn:aws:lambda:us-east-1:123456789012:function:another")]).starts_with("foreign: ")
    );
    assert!(kept(&[("TARGET_ARN", DETACH)]).starts_with("unreadable: "));
}

#[test]
fn a_failed_event_goes_to_the_function_that_failed() {
    let message = failed(&record(&format!("{DETACH}:$LATEST"), "Retryable.Throttled"), None);
    let (function, event) = message.verdict(&stack(), false).unwrap();
    assert_eq!((&*function.arn, &*event.text), (DETACH, EVENT), "byte for byte");
    assert_eq!(event.call, "iam.amazonaws.com:AttachUserPolicy");
    assert_eq!(event.actor.as_deref(), Some("arn:aws:iam::123456789012:user/mallory"));
    assert_eq!(message.error.as_deref(), Some("Retryable.Throttled \"a \\u{7c} b\""));
}

#[test]
fn an_error_that_would_come_again_is_kept_unless_all_are_sent() {
    for kind in ["Final.Init", "Final.Rulebook", "Final.AccessDenied", "Final.Rejected", "Final.ForeignEvent"] {
        let message = failed(&record(DETACH, kind), None);
        assert!(verdict(&message).unwrap_err().starts_with("it would fail again: "), "{kind}");
        assert!(message.verdict(&stack(), true).is_ok(), "{kind}");
    }
    assert!(verdict(&failed(&record(DETACH, "Runtime.ExitError"), None)).is_ok(), "Lambda's own errors pass");
}

#[test]
fn an_event_alone_goes_to_the_function_of_the_queue_that_gave_up_on_it() {
    assert_eq!(verdict(&failed(EVENT, Some(DELAY))), Ok("restore-guard".to_owned()));
    assert!(verdict(&failed(EVENT, Some(&format!("{DELAY}-2")))).unwrap_err().starts_with("foreign: "));
    assert!(verdict(&failed(EVENT, None)).unwrap_err().starts_with("unreadable: "), "SQS did not move it");
}

#[test]
fn which_function_a_queue_feeds_may_not_be_known() {
    let (stack, attributes) = (stack(), HashMap::new());
    let home = Home { stack: &stack, feeds: Err("AWS denies it") };
    let message = home.failed(EVENT, Envelope { attributes: &attributes, moved_from: Some(DELAY) });
    assert!(verdict(&message).unwrap_err().ends_with("AWS denies it"));
}

#[test]
fn a_function_that_is_not_the_stack_s_is_never_invoked_whatever_is_sent() {
    for foreign in
        [&format!("{DETACH}-2"), &format!("{DETACH}:7"), "rescind-detach-policy", &DETACH.replace("123456789012", "210987654321")]
    {
        let message = failed(&record(foreign, "Retryable.Throttled"), None);
        assert!(message.verdict(&stack(), true).unwrap_err().starts_with("foreign: "), "{foreign}");
    }
}

#[test]
fn what_is_no_event_of_this_account_is_kept() {
    let own = [("RULE_ARN", OWN_RULE), ("TARGET_ARN", DETACH)];
    for wrong in ["", "[", "{}", "null", "7", r#"{"source":"aws.iam","detail-type":"x"}"#] {
        assert!(verdict(&undelivered(wrong, &own)).unwrap_err().starts_with("unreadable: "), "{wrong}");
    }
    let foreign = EVENT.replacen("123456789012", "210987654321", 1);
    assert!(verdict(&undelivered(&foreign, &own)).unwrap_err().starts_with("foreign: its account"));
}

#[test]
fn what_is_shown_of_a_message_is_inert_and_short() {
    let hostile = "<!channel> https://evil.example\\u202e".repeat(1000);
    let body = EVENT.replace("AttachUserPolicy", &hostile).replace("user/mallory", &hostile);
    let message =
        undelivered(&body, &[("RULE_ARN", OWN_RULE), ("TARGET_ARN", DETACH), ("ERROR_MESSAGE", &hostile), ("ERROR_CODE", &hostile)]);
    let event = message.event.unwrap();
    for text in [event.call, event.actor.unwrap(), message.error.unwrap()] {
        assert!(text.len() < 2000 && !text.contains("https://") && !text.contains('<') && !text.contains('\u{202e}'), "{text}");
    }
}
