use super::*;

fn envelope(detail: &str) -> String {
    format!(
        r#"{{"version":"0","id":"e-1","detail-type":"AWS API Call via CloudTrail","source":"aws.iam","account":"123456789012",
            "time":"2017-11-07T21:18:41Z","region":"us-east-1","resources":[],"detail":{detail}}}"#
    )
}

fn record(more: &str) -> String {
    format!(
        r#"{{"eventTime":"2017-11-07T21:18:41Z","eventSource":"iam.amazonaws.com","eventName":"AttachUserPolicy","awsRegion":"us-east-1"{more}}}"#
    )
}

fn read(more: &str) -> Result<Event, RecordError> {
    Event::from_event_bridge(&envelope(&record(more)))
}

#[test]
fn a_boolean_may_be_text() {
    for (written, meant) in [("\"false\"", Some(false)), ("true", Some(true)), ("\"True\"", Some(true)), ("null", None)] {
        let event = read(&format!(r#","userIdentity":{{"sessionContext":{{"attributes":{{"mfaAuthenticated":{written}}}}}}}"#)).unwrap();
        let attributes = event.record.user_identity.session_context.unwrap().attributes.unwrap();
        assert_eq!(attributes.mfa_authenticated, meant, "{written}");
    }
}

#[test]
fn omitted_parameters_are_told_from_absent_ones() {
    let parameters = |more: &str| match read(more).unwrap().record.parameters() {
        Parameters::Known(_) => "known",
        Parameters::Absent => "absent",
        Parameters::Omitted => "omitted",
    };
    assert_eq!(parameters(""), "absent");
    assert_eq!(parameters(r#","requestParameters":null"#), "absent");
    assert_eq!(parameters(r#","requestParameters":{"omitted":true}"#), "omitted");
    assert_eq!(parameters(r#","requestParameters":{"omitted":"true","originalSize":1}"#), "omitted");
    assert_eq!(parameters(r#","requestParameters":{"userName":"omitted"}"#), "known");
}

#[test]
fn the_record_s_own_id_is_preferred_because_it_survives_redelivery() {
    assert_eq!(read(r#","eventID":"r-1""#).unwrap().id.as_deref(), Some("r-1"));
    assert_eq!(read("").unwrap().id.as_deref(), Some("e-1"));
}

#[test]
fn an_envelope_of_another_source_is_foreign() {
    let forged = envelope(&record("")).replace("\"aws.iam\"", "\"my.app\"");
    assert!(matches!(Event::from_event_bridge(&forged), Err(RecordError::Foreign(_))));
}

#[test]
fn an_envelope_of_another_account_than_its_record_is_a_contradiction() {
    assert!(matches!(read(r#","recipientAccountId":"999999999999""#), Err(RecordError::Contradiction(_))));
}

#[test]
fn a_caller_of_another_partition_is_a_contradiction() {
    let more = r#","userIdentity":{"arn":"arn:aws-cn:iam::123456789012:user/a"}"#;
    assert!(matches!(read(more), Err(RecordError::Contradiction(_))));
}

#[test]
fn a_missing_detail_is_named() {
    let error = Event::from_event_bridge(r#"{"detail-type":"AWS API Call via CloudTrail","source":"aws.iam"}"#).unwrap_err();
    assert!(error.to_string().contains("missing field `detail`"), "{error}");
}

#[test]
fn a_bare_record_is_read_where_it_names_its_account() {
    let bare = record(r#","recipientAccountId":"123456789012""#);
    assert_eq!(Event::from_envelope_or_record(&bare).unwrap().account.as_str(), "123456789012");
    assert!(Event::from_envelope_or_record(&record("")).is_err());
}

#[test]
fn a_duplicate_member_is_refused_instead_of_picking_one() {
    assert!(matches!(read(r#","eventName":"DetachUserPolicy""#), Err(RecordError::Record(_))));
}

#[test]
fn a_megabyte_of_user_agent_is_cut() {
    let event = read(&format!(r#","userAgent":"{}""#, "a".repeat(1 << 20))).unwrap();
    assert!(event.record.user_agent.unwrap().len() < 2 * TEXT_MAX);
}

#[test]
fn a_record_as_cloudtrail_writes_it_is_known_from_what_holds_one() {
    assert!(plain(br#"{"eventVersion":"1.11","userIdentity":{"type":"Root"},"eventTime":"x"}"#).is_some());
    for other in [
        r#"{"eventVersion":"1.08","eventData":{"eventName":"CreateUser"}}"#,
        r#"{"eventVersion":1,"userIdentity":{}}"#,
        r#"{"eventVersion":"1.11"}"#,
        r#"{"version":"0","detail":{}}"#,
        "",
    ] {
        assert!(plain(other.as_bytes()).is_none(), "{other}");
    }
}
