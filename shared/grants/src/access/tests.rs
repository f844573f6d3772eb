//! The table of `docs/evaluation.md`: what is easily got wrong, each a named test, through the documents as people write them.

#![expect(clippy::literal_string_with_formatting_args, reason = "policy variables are written so")]
#![expect(clippy::needless_pass_by_value, reason = "`json!` values are made where they are used")]

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const USER: &str = "arn:aws:iam::111122223333:user/ann";
const ROLE: &str = "arn:aws:iam::111122223333:role/team/ops";
const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/ops/ann";
const FEDERATED: &str = "arn:aws:sts::111122223333:federated-user/ann";
const OBJECT: &str = "arn:aws:s3:::b/k";
const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/1";
const TARGET: &str = "arn:aws:iam::111122223333:role/target";

/// A request with its policies, as JSON: what a test does not say is as in [`case`].
#[derive(Debug)]
struct Case {
    who: &'static str,
    action: &'static str,
    resource: &'static str,
    account: Option<&'static str>,
    context: Value,
    unknown: Vec<&'static str>,
    reading: Reading,
    identity: Vec<Value>,
    boundary: Vec<Value>,
    session: Vec<Value>,
    scp: Vec<Vec<Value>>,
    rcp: Vec<Vec<Value>>,
    resource_policy: Option<Value>,
}

fn case() -> Case {
    Case {
        who: USER,
        action: "s3:GetObject",
        resource: OBJECT,
        account: Some("111122223333"),
        context: json!({}),
        unknown: Vec::new(),
        reading: Reading::Documented,
        identity: Vec::new(),
        boundary: Vec::new(),
        session: Vec::new(),
        scp: Vec::new(),
        rcp: Vec::new(),
        resource_policy: None,
    }
}

impl Case {
    fn bracket(&self) -> Bracket {
        let text = |documents: &[Value]| documents.iter().map(Value::to_string).collect::<Vec<_>>();
        let (identity, boundary, session) = (text(&self.identity), text(&self.boundary), text(&self.session));
        let scp: Vec<_> = self.scp.iter().map(|level| text(level)).collect();
        let rcp: Vec<_> = self.rcp.iter().map(|level| text(level)).collect();
        let resource = self.resource_policy.as_ref().map(Value::to_string);
        let (identity, boundary, session) = (parsed(&identity), parsed(&boundary), parsed(&session));
        let scp: Vec<_> = scp.iter().map(|level| parsed(level)).collect();
        let rcp: Vec<_> = rcp.iter().map(|level| parsed(level)).collect();
        let resource = resource.as_deref().map(|text| Document::parse(text).unwrap());
        let keys = self.context.as_object().unwrap().iter().map(|(key, value)| {
            let texts = |value: &Value| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned).into();
            let values = value.as_array().map_or_else(|| vec![texts(value)], |list| list.iter().map(texts).collect());
            (key.as_str().into(), values)
        });
        let request = Request {
            who: Requester::new(self.who).unwrap(),
            action: self.action,
            resource: self.resource,
            resource_account: self.account,
            context: Context::new(keys, self.unknown.iter().map(|key| (*key).into())).unwrap(),
            reading: self.reading,
        };
        let policies = Policies {
            identity: &identity,
            boundary: &boundary,
            session: &session,
            service_control: &scp,
            resource_control: &rcp,
            resource: resource.as_ref(),
        };
        evaluate(&request, &policies)
    }

    fn verdict(&self) -> Verdict {
        let bracket = self.bracket();
        assert_eq!(bracket.definite, bracket.possible, "one answer where nothing is unknown");
        bracket.definite.verdict
    }

    fn both(&self) -> (Verdict, Verdict) {
        let bracket = self.bracket();
        (bracket.definite.verdict, bracket.possible.verdict)
    }
}

fn parsed(texts: &[String]) -> Vec<Document<'_>> {
    texts.iter().map(|text| Document::parse(text).unwrap()).collect()
}

fn policy(statements: Value) -> Value {
    json!({ "Version": "2012-10-17", "Statement": statements })
}

fn allow(action: &str, resource: &str) -> Value {
    policy(json!({ "Effect": "Allow", "Action": action, "Resource": resource }))
}

fn deny(action: &str, resource: &str) -> Value {
    policy(json!({ "Effect": "Deny", "Action": action, "Resource": resource }))
}

fn allow_if(condition: Value) -> Value {
    policy(json!({ "Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition }))
}

fn for_principal(effect: &str, element: &str, principal: Value) -> Value {
    policy(json!({ "Effect": effect, element: principal, "Action": "*", "Resource": "*" }))
}

/// What the conditions let through, in this context.
fn holds(condition: Value, context: Value) -> bool {
    Case { identity: vec![allow_if(condition)], context, ..case() }.verdict() == Allowed
}

fn resource_fits(pattern: &str, resource: &'static str) -> bool {
    Case { identity: vec![allow("*", pattern)], resource, ..case() }.verdict() == Allowed
}

fn action_fits(pattern: &str, action: &'static str) -> bool {
    Case { identity: vec![allow(pattern, "*")], action, ..case() }.verdict() == Allowed
}

use Verdict::{Allowed, ExplicitDeny, ImplicitDeny};

#[test]
fn item_3_every_statement_counts_though_their_sids_are_the_same() {
    let twice = policy(json!([
        { "Sid": "A", "Effect": "Allow", "Action": "*", "Resource": "*" },
        { "Sid": "A", "Effect": "Deny", "Action": "s3:*", "Resource": "*" },
    ]));
    assert_eq!(Case { identity: vec![twice], ..case() }.verdict(), ExplicitDeny);
}

#[test]
fn item_4_an_action_is_compared_without_case_and_with_wildcards_anywhere() {
    for pattern in ["S3:getobject", "s3:G?t*ject", "*", "*:*", "s3:*"] {
        assert!(action_fits(pattern, "s3:GetObject"), "{pattern}");
    }
    assert!(!action_fits("s3:Get", "s3:GetObject"));
}

#[test]
fn item_5_commas_blanks_and_empty_names_never_match() {
    for pattern in ["s3:GetObject,PutObject", "s3: GetObject", "s3:GetObject ", " s3:GetObject", "s3:"] {
        assert!(!action_fits(pattern, "s3:GetObject"), "{pattern}");
        let all_but = policy(json!({ "Effect": "Allow", "NotAction": pattern, "Resource": "*" }));
        assert_eq!(Case { identity: vec![all_but], ..case() }.verdict(), Allowed, "{pattern} excludes nothing");
    }
}

#[test]
fn item_6_all_but_iam_and_iam_together_are_everything() {
    let all_but = policy(json!({ "Effect": "Allow", "NotAction": "iam:*", "Resource": "*" }));
    let identity = vec![all_but, allow("iam:*", "*")];
    for action in ["iam:CreateUser", "s3:GetObject", "invented:Tomorrow"] {
        assert_eq!(Case { identity: identity.clone(), action, ..case() }.verdict(), Allowed);
    }
}

#[test]
fn item_7_a_wildcard_in_the_service_is_disputed() {
    for pattern in ["*:GetObject", "s3*:Get*"] {
        assert!(!action_fits(pattern, "s3:GetObject"), "{pattern}");
        let cautious = Case { identity: vec![allow(pattern, "*")], reading: Reading::Cautious, ..case() };
        assert_eq!(cautious.both(), (ImplicitDeny, Allowed), "{pattern}");
    }
}

#[test]
fn item_8_the_resource_is_compared_with_case_and_a_star_crosses_slashes() {
    assert!(resource_fits("arn:aws:s3:::b/*", "arn:aws:s3:::b/x/y/z"));
    assert!(resource_fits("ARN:AWS:S3:::b/k", OBJECT));
    assert!(!resource_fits("arn:aws:s3:::B/k", OBJECT));
}

#[test]
fn item_9_a_star_that_crosses_segments_is_disputed() {
    const QUEUE: &str = "arn:aws:sqs:us-east-1:111122223333:q";
    assert!(!resource_fits("arn:aws:sqs*:111122223333:q", QUEUE));
    let crossing = vec![allow("*", "arn:aws:sqs*:111122223333:q")];
    assert_eq!(Case { identity: crossing, resource: QUEUE, reading: Reading::Cautious, ..case() }.both(), (ImplicitDeny, Allowed));
    let refusing = vec![allow("*", "*"), deny("*", "arn:aws:sqs*:111122223333:q")];
    assert_eq!(Case { identity: refusing, resource: QUEUE, reading: Reading::Cautious, ..case() }.both(), (ExplicitDeny, Allowed));
    assert!(resource_fits("arn:aws:logs:*:*:log-group:*", "arn:aws:logs:us-east-1:111122223333:log-group:a:log-stream:b"));
}

#[test]
fn item_10_empty_segments_and_partitions_are_compared_as_they_stand() {
    assert!(resource_fits("arn:aws:iam::111122223333:user/ann", USER));
    assert!(!resource_fits("arn:aws:iam:us-east-1:111122223333:user/ann", USER));
    assert!(resource_fits("arn:*:s3:::b/k", "arn:aws-cn:s3:::b/k") && !resource_fits("arn:aws:s3:::b/k", "arn:aws-cn:s3:::b/k"));
    assert!(resource_fits("arn:aws:s3:::*", OBJECT) && resource_fits("arn:aws:s3*", OBJECT));
}

#[test]
fn item_11_an_action_without_resource_type_is_granted_on_everything_or_not_at_all() {
    let on = |identity| Case { action: "ec2:DescribeInstances", resource: "*", identity: vec![identity], ..case() };
    assert_eq!(on(allow("*", OBJECT)).verdict(), ImplicitDeny);
    let all_but = |effect: &str| policy(json!({ "Effect": effect, "Action": "*", "NotResource": OBJECT }));
    assert_eq!(on(all_but("Allow")).verdict(), Allowed);
    let denied =
        |deny: Value| Case { identity: vec![allow("*", "*"), deny], action: "ec2:DescribeInstances", resource: "*", ..case() }.verdict();
    assert_eq!((denied(deny("*", OBJECT)), denied(all_but("Deny"))), (Allowed, ExplicitDeny));
}

fn in_version(version: Option<&str>, resource: &str, context: Value, asked: &'static str) -> Verdict {
    let mut document = allow("*", resource);
    match version {
        Some(version) => document["Version"] = json!(version),
        None => drop(document.as_object_mut().unwrap().remove("Version")),
    }
    Case { identity: vec![document], resource: asked, context, ..case() }.verdict()
}

#[test]
fn item_12_variables_are_text_in_the_older_language() {
    let context = || json!({ "aws:username": "ann" });
    for version in [None, Some("2008-10-17")] {
        assert_eq!(in_version(version, "arn:aws:s3:::b/${aws:username}", context(), "arn:aws:s3:::b/ann"), ImplicitDeny);
        assert_eq!(in_version(version, "arn:aws:s3:::b/${aws:username}", context(), "arn:aws:s3:::b/${aws:username}"), Allowed);
    }
    assert_eq!(in_version(Some("2012-10-17"), "arn:aws:s3:::b/${aws:username}", context(), "arn:aws:s3:::b/ann"), Allowed);
}

#[test]
fn item_12_a_variable_stands_in_the_resource_alone_and_its_value_is_text() {
    let fits = |pattern: &str, context, asked| in_version(Some("2012-10-17"), pattern, context, asked) == Allowed;
    assert!(!fits("arn:aws:${aws:Service}:::b/k", json!({ "aws:Service": "s3" }), OBJECT));
    assert!(fits("arn:aws:s3:::b/${*}${?}${$}", json!({}), "arn:aws:s3:::b/*?$") && !fits("arn:aws:s3:::b/${*}", json!({}), OBJECT));
    assert!(fits("arn:aws:s3:::b/${aws:PrincipalTag/team, 'none'}/*", json!({}), "arn:aws:s3:::b/none/x"));
    assert!(!fits("arn:aws:s3:::b/${aws:username}", json!({ "aws:username": "*" }), OBJECT));
    assert!(fits("arn:aws:s3:::b/${AWS:UserName}", json!({ "aws:username": "k" }), OBJECT));
    assert!(!fits("arn:aws:s3:::b/${aws:TagKeys}", json!({ "aws:TagKeys": ["k", "l"] }), OBJECT));
    assert!(holds(
        json!({ "StringEquals": { "s3:prefix": "home/${aws:username}" } }),
        json!({ "s3:prefix": "home/ann", "aws:username": "ann" })
    ));
    assert!(holds(json!({ "StringEquals": { "s3:prefix": "${*}" } }), json!({ "s3:prefix": "*" })));
    assert!(!holds(json!({ "NumericEquals": { "s3:max-keys": "${aws:n}" } }), json!({ "s3:max-keys": "1", "aws:n": "1" })));
}

#[test]
fn item_13_a_statement_whose_variable_has_no_value_does_not_apply() {
    let own = "arn:aws:s3:::b/${aws:username}";
    assert_eq!(Case { identity: vec![allow("*", "*"), deny("*", own)], ..case() }.verdict(), Allowed);
    let all_but = policy(json!({ "Effect": "Allow", "Action": "*", "NotResource": own }));
    assert_eq!(Case { identity: vec![all_but], ..case() }.verdict(), ImplicitDeny);
    let prefix = || json!({ "s3:prefix": "x" });
    assert!(!holds(json!({ "StringLike": { "s3:prefix": "${aws:username}*" } }), prefix()));
    assert!(holds(json!({ "StringNotLike": { "s3:prefix": "${aws:username}*" } }), prefix()));
}

#[test]
fn item_14_keys_are_all_wanted_of_values_one_and_of_negated_ones_none() {
    let region = |region: &str| json!({ "aws:RequestedRegion": region, "aws:username": "ann" });
    let both = || json!({ "StringEquals": { "aws:RequestedRegion": ["eu-west-1", "eu-west-2"], "aws:username": "ann" } });
    assert!(holds(both(), region("eu-west-2")) && !holds(both(), region("us-east-1")) && !holds(both(), json!({ "aws:username": "ann" })));
    let neither = || json!({ "StringNotEquals": { "aws:RequestedRegion": ["eu-west-1", "eu-west-2"] } });
    assert!(holds(neither(), region("us-east-1")) && !holds(neither(), region("eu-west-2")));
}

#[test]
fn item_14_a_missing_key_fails_what_is_positive_and_passes_what_is_negated() {
    for (operator, value, passes) in [
        ("StringEquals", "a", false),
        ("StringNotEquals", "a", true),
        ("StringEqualsIfExists", "a", true),
        ("StringNotLikeIfExists", "a", true),
        ("NumericLessThan", "1", false),
        ("NumericNotEquals", "1", true),
        ("DateGreaterThan", "2020-01-01T00:00:00Z", false),
        ("ArnNotLike", "arn:aws:iam::*:role/x", true),
        ("IpAddressIfExists", "10.0.0.0/8", true),
    ] {
        assert_eq!(holds(json!({ operator: { "aws:k": value } }), json!({})), passes, "{operator}");
    }
}

#[test]
fn item_15_all_of_nothing_passes_and_any_of_nothing_does_not() {
    for absent in [json!({}), json!({ "aws:TagKeys": [] })] {
        assert!(holds(json!({ "ForAllValues:StringEquals": { "aws:TagKeys": "a" } }), absent.clone()));
        assert!(!holds(json!({ "ForAnyValue:StringEquals": { "aws:TagKeys": "a" } }), absent));
    }
    let tags = |list: &[&str]| json!({ "aws:TagKeys": list });
    assert!(holds(json!({ "ForAllValues:StringEquals": { "aws:TagKeys": ["a", "b"] } }), tags(&["a", "b"])));
    assert!(!holds(json!({ "ForAllValues:StringEquals": { "aws:TagKeys": ["a", "b"] } }), tags(&["a", "c"])));
    assert!(holds(json!({ "ForAnyValue:StringNotEquals": { "aws:TagKeys": "a" } }), tags(&["a", "c"])));
    assert!(!holds(json!({ "ForAllValues:StringNotEquals": { "aws:TagKeys": "a" } }), tags(&["a", "c"])));
}

#[test]
fn item_15_several_values_want_a_qualifier() {
    let several = || json!({ "aws:TagKeys": ["a", "b"] });
    assert!(!holds(json!({ "StringEquals": { "aws:TagKeys": "a" } }), several()));
    let identity = vec![allow_if(json!({ "StringEquals": { "aws:TagKeys": "a" } }))];
    assert_eq!(Case { identity, context: several(), reading: Reading::Cautious, ..case() }.both(), (ImplicitDeny, Allowed));
}

#[test]
fn item_15_nothing_but_empty_text_is_nothing() {
    let empty = || json!({ "aws:TagKeys": "" });
    assert!(holds(json!({ "ForAllValues:StringEquals": { "aws:TagKeys": "a" } }), empty()));
    assert!(!holds(json!({ "ForAnyValue:StringNotEquals": { "aws:TagKeys": "a" } }), empty()));
    assert!(!holds(json!({ "StringEquals": { "aws:TagKeys": "a" } }), empty()));
}

#[test]
fn item_16_without_mfa_means_without_only_where_the_key_may_be_missing() {
    let key = "aws:MultiFactorAuthPresent";
    assert!(!holds(json!({ "Bool": { key: "false" } }), json!({})));
    assert!(holds(json!({ "BoolIfExists": { key: "false" } }), json!({})));
    assert!(holds(json!({ "Bool": { key: "false" } }), json!({ key: "False" })));
}

#[test]
fn item_17_the_names_of_keys_have_no_case_and_stars_count_only_where_they_may() {
    assert!(holds(json!({ "StringEquals": { "AWS:sourceVpc": "vpc-1" } }), json!({ "aws:SourceVpc": "vpc-1" })));
    let name = |value: &str| json!({ "aws:PrincipalArn": value });
    assert!(!holds(json!({ "StringEquals": { "aws:PrincipalArn": "arn:*" } }), name(ROLE)));
    assert!(holds(json!({ "StringLike": { "aws:PrincipalArn": "arn:*/ops" } }), name(ROLE)));
    for operator in ["ArnEquals", "ArnLike"] {
        assert!(!holds(json!({ operator: { "aws:PrincipalArn": "arn:*/ops" } }), name(ROLE)), "{operator}");
        assert!(holds(json!({ operator: { "aws:PrincipalArn": "arn:aws:iam::*:role/*" } }), name(ROLE)), "{operator}");
    }
    assert!(!holds(json!({ "ArnNotEquals": { "aws:PrincipalArn": "arn:aws:iam::*:role/*" } }), name(ROLE)));
    assert!(!holds(json!({ "ArnNotLike": { "aws:PrincipalArn": "arn:aws:iam::*:role/*" } }), name("x")), "no ARN, so not another one");
    assert!(holds(json!({ "StringEqualsIgnoreCase": { "aws:username": "ÉANN" } }), json!({ "aws:username": "éann" })));
}

#[test]
fn item_18_json_s_own_booleans_and_numbers_are_taken() {
    assert!(holds(json!({ "Bool": { "aws:SecureTransport": true } }), json!({ "aws:SecureTransport": true })));
    assert!(holds(json!({ "NumericLessThanEquals": { "s3:max-keys": 10 } }), json!({ "s3:max-keys": 10 })));
    assert!(!holds(json!({ "NumericLessThan": { "s3:max-keys": 9 } }), json!({ "s3:max-keys": "10" })), "as numbers, not as text");
    assert!(holds(json!({ "NumericGreaterThan": { "k:n": "0.5" } }), json!({ "k:n": "1e3" })));
    assert!(!holds(json!({ "NumericEquals": { "k:n": "9007199254740993" } }), json!({ "k:n": "9007199254740992" })));
    assert!(!holds(json!({ "NumericNotEquals": { "k:n": "1" } }), json!({ "k:n": "one" })), "not a number, so not another number");
}

#[test]
fn item_18_moments_are_iso_dates_or_seconds() {
    let later = |value: &str| json!({ "aws:CurrentTime": value });
    for same in ["2020-09-13T12:26:40Z", "2020-09-13T14:26:40+02:00", "2020-09-13T12:26:40.000Z", "1600000000"] {
        assert!(holds(json!({ "DateEquals": { "aws:CurrentTime": same } }), later("2020-09-13T12:26:40Z")), "{same}");
    }
    for earlier in ["2020-09-13", "2020-09", "2020-09-13T12:26Z", "1599999999", "2020"] {
        assert!(holds(json!({ "DateGreaterThan": { "aws:CurrentTime": earlier } }), later("2020-09-13T12:26:40Z")), "{earlier}");
    }
    assert!(!holds(json!({ "DateLessThan": { "aws:CurrentTime": "soon" } }), later("2020-09-13T12:26:40Z")));
}

#[test]
fn item_18_an_address_that_is_absent_or_of_the_other_family_is_outside() {
    let from = |address: &str| json!({ "aws:SourceIp": address });
    let outside = || json!({ "NotIpAddress": { "aws:SourceIp": ["10.0.0.0/8", "192.0.2.1"] } });
    assert!(holds(outside(), json!({})) && holds(outside(), from("2001:db8::1")) && holds(outside(), from("192.0.2.2")));
    assert!(!holds(outside(), from("10.255.0.1")) && !holds(outside(), from("192.0.2.1")) && !holds(outside(), from("nowhere")));
    let inside = || json!({ "IpAddress": { "aws:SourceIp": ["10.0.0.0/8", "2001:db8::/32"] } });
    assert!(holds(inside(), from("10.1.2.3")) && holds(inside(), from("2001:db8:1::1")) && !holds(inside(), from("2001:db9::1")));
    assert!(holds(json!({ "IpAddress": { "aws:SourceIp": "0.0.0.0/0" } }), from("203.0.113.9")));
}

#[test]
fn a_null_condition_looks_whether_the_key_is_there() {
    let null = |wanted| json!({ "Null": { "aws:TokenIssueTime": wanted } });
    let there = || json!({ "aws:TokenIssueTime": "2020-01-01T00:00:00Z" });
    assert!(holds(null("true"), json!({})) && holds(null("false"), there()));
    assert!(!holds(null("false"), json!({})) && !holds(null("true"), there()));
}

#[test]
fn a_null_condition_on_an_empty_value_is_disputed() {
    let both = |wanted: Value, reading| {
        let identity = vec![allow_if(json!({ "Null": { "aws:username": wanted } }))];
        Case { identity, context: json!({ "aws:username": "" }), reading, ..case() }.both()
    };
    assert_eq!(both(json!("false"), Reading::Documented), (Allowed, Allowed));
    assert_eq!(both(json!("true"), Reading::Documented), (ImplicitDeny, ImplicitDeny));
    for wanted in ["true", "false"] {
        assert_eq!(both(json!(wanted), Reading::Cautious), (ImplicitDeny, Allowed), "{wanted}");
    }
    assert_eq!(both(json!(["true", "false"]), Reading::Cautious), (Allowed, Allowed));
}

#[test]
fn bytes_are_compared_as_base64() {
    assert!(holds(json!({ "BinaryEquals": { "k:b": "QmluYXJ5" } }), json!({ "k:b": "QmluYXJ5" })));
    assert!(!holds(json!({ "BinaryEquals": { "k:b": "QmluYXJ5" } }), json!({ "k:b": "qmluyxj5" })));
}

#[test]
fn item_19_a_deny_in_any_layer_wins() {
    let open =
        || Case { identity: vec![allow("*", "*")], resource_policy: Some(for_principal("Allow", "Principal", json!("*"))), ..case() };
    assert_eq!(open().verdict(), Allowed);
    let no = || deny("s3:*", "*");
    let cases = [
        Case { identity: vec![allow("*", "*"), no()], ..open() },
        Case { boundary: vec![allow("*", "*"), no()], ..open() },
        Case { session: vec![allow("*", "*"), no()], ..open() },
        Case { scp: vec![vec![allow("*", "*")], vec![allow("*", "*"), no()]], ..open() },
        Case { rcp: vec![vec![for_principal("Deny", "Principal", json!("*"))]], ..open() },
        Case { resource_policy: Some(for_principal("Deny", "Principal", json!({ "AWS": "111122223333" }))), ..open() },
    ];
    let wanted = ["identity:1", "boundary:1", "session:1", "scp:1:1", "rcp:0:0", "resource:0"];
    for (case, wanted) in cases.iter().zip(wanted) {
        let answer = case.bracket().definite;
        let policies: Vec<_> = answer.decided_by.iter().map(|deciding| deciding.policy().to_string()).collect();
        assert_eq!((answer.verdict, policies), (ExplicitDeny, vec![wanted.to_owned()]));
    }
}

#[test]
fn item_19_within_an_account_either_side_grants_and_across_accounts_both_have_to() {
    let named = || Some(for_principal("Allow", "Principal", json!({ "AWS": USER })));
    let by_account = || Some(for_principal("Allow", "Principal", json!({ "AWS": "arn:aws:iam::111122223333:root" })));
    let own = || vec![allow("s3:*", "*")];
    for (identity, resource_policy, inside, across) in [
        (own(), None, Allowed, ImplicitDeny),
        (vec![], named(), Allowed, ImplicitDeny),
        (own(), named(), Allowed, Allowed),
        (own(), by_account(), Allowed, Allowed),
        (vec![], by_account(), ImplicitDeny, ImplicitDeny),
    ] {
        let asked =
            |account| Case { identity: identity.clone(), resource_policy: resource_policy.clone(), account: Some(account), ..case() };
        assert_eq!((asked("111122223333").verdict(), asked("444455556666").verdict()), (inside, across));
    }
}

#[test]
fn every_level_of_the_organization_has_to_allow() {
    let levels = |scp| Case { identity: vec![allow("*", "*")], scp, ..case() }.verdict();
    assert_eq!(levels(vec![vec![allow("*", "*")], vec![allow("s3:*", "*")]]), Allowed);
    assert_eq!(levels(vec![vec![allow("*", "*")], vec![allow("ec2:*", "*")]]), ImplicitDeny);
    assert_eq!(levels(vec![vec![allow("*", "*")], vec![]]), ImplicitDeny);
}

#[test]
fn an_organization_binds_root_users_and_leaves_out_service_linked_roles_and_services() {
    let nothing = || vec![vec![deny("*", "*")]];
    assert_eq!(Case { who: "arn:aws:iam::111122223333:root", ..case() }.verdict(), Allowed);
    assert_eq!(Case { who: "arn:aws:iam::111122223333:root", scp: nothing(), ..case() }.verdict(), ExplicitDeny);
    let linked = "arn:aws:iam::111122223333:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX";
    assert_eq!(Case { who: linked, identity: vec![allow("*", "*")], scp: nothing(), ..case() }.verdict(), Allowed);
    let service = || Some(for_principal("Allow", "Principal", json!({ "Service": "logs.amazonaws.com" })));
    assert_eq!(Case { who: "logs.amazonaws.com", scp: nothing(), resource_policy: service(), ..case() }.verdict(), Allowed);
    assert_eq!(Case { who: "ec2.amazonaws.com", resource_policy: service(), ..case() }.verdict(), ImplicitDeny);
}

#[test]
fn item_20_a_boundary_grants_nothing_and_one_of_denies_alone_lets_nothing_through() {
    let bound = |boundary| Case { identity: vec![allow("s3:*", "*")], boundary: vec![boundary], ..case() };
    assert_eq!(bound(allow("s3:Get*", "*")).verdict(), Allowed);
    assert_eq!(bound(allow("ec2:*", "*")).verdict(), ImplicitDeny);
    assert_eq!(bound(deny("iam:*", "*")).verdict(), ImplicitDeny);
    assert_eq!(Case { boundary: vec![allow("*", "*")], ..case() }.verdict(), ImplicitDeny);
}

#[test]
fn item_21_a_resource_policy_that_names_the_user_or_the_session_passes_an_implicit_deny() {
    let narrow = || vec![allow("ec2:*", "*")];
    let asked = |who, named: &str| {
        let resource_policy = Some(for_principal("Allow", "Principal", json!({ "AWS": named })));
        let bounded = Case { who, boundary: narrow(), resource_policy: resource_policy.clone(), ..case() }.verdict();
        (bounded, Case { who, session: narrow(), resource_policy, ..case() }.verdict())
    };
    assert_eq!(asked(USER, USER).0, Allowed);
    assert_eq!(asked(SESSION, SESSION), (Allowed, Allowed));
    assert_eq!(asked(SESSION, ROLE), (ImplicitDeny, ImplicitDeny));
    assert_eq!(asked(ROLE, ROLE).0, ImplicitDeny);
    assert_eq!(asked(FEDERATED, FEDERATED), (Allowed, Allowed));
    assert_eq!(asked(FEDERATED, USER), (ImplicitDeny, ImplicitDeny));
    assert_eq!(asked(SESSION, "*"), (Allowed, Allowed));
}

#[test]
fn item_21_a_session_is_its_role_whatever_the_role_s_path() {
    let trusts =
        |named: &str| Case { who: SESSION, resource_policy: Some(for_principal("Allow", "Principal", json!({ "AWS": named }))), ..case() };
    assert_eq!(trusts(ROLE).verdict(), Allowed);
    assert_eq!(trusts("arn:aws:iam::111122223333:role/operations").verdict(), ImplicitDeny);
    assert_eq!(trusts("arn:aws:iam::444455556666:role/ops").verdict(), ImplicitDeny);
    assert_eq!(trusts("arn:aws:sts::111122223333:assumed-role/ops/bob").verdict(), ImplicitDeny);
}

#[test]
fn item_21_trust_and_key_policies_have_to_allow_it_themselves() {
    for (action, resource) in [("sts:AssumeRole", TARGET), ("kms:Decrypt", KEY)] {
        let asked = |principal: Value, identity: Vec<Value>| Case {
            action,
            resource,
            identity,
            resource_policy: Some(for_principal("Allow", "Principal", principal)),
            ..case()
        };
        let own = || vec![allow("*", "*")];
        let account = || json!({ "AWS": "111122223333" });
        assert_eq!(asked(json!({ "AWS": "444455556666" }), own()).verdict(), ImplicitDeny, "{action}");
        assert_eq!(asked(account(), own()).verdict(), Allowed, "{action}");
        assert_eq!(asked(account(), vec![]).verdict(), ImplicitDeny, "{action}");
        assert_eq!(asked(json!({ "AWS": USER }), vec![]).verdict(), Allowed, "{action}");
    }
    assert_eq!(Case { action: "kms:Decrypt", resource: KEY, identity: vec![allow("*", "*")], ..case() }.verdict(), ImplicitDeny);
}

#[test]
fn a_principal_without_its_type_is_a_user_role_or_account() {
    let answer =
        |principal: &str| Case { resource_policy: Some(for_principal("Allow", "Principal", json!(principal))), ..case() }.verdict();
    assert_eq!(answer(USER), Allowed);
    assert_eq!(answer("arn:aws:iam::111122223333:user/bob"), ImplicitDeny);
    let own = || Case {
        resource_policy: Some(for_principal("Deny", "Principal", json!("111122223333"))),
        identity: vec![allow("*", "*")],
        ..case()
    };
    assert_eq!(own().verdict(), ExplicitDeny);
}

#[test]
fn item_22_an_allow_for_all_but_one_is_an_allow_for_everyone_else() {
    let but = |principal: &str| Some(for_principal("Allow", "NotPrincipal", json!({ "AWS": principal })));
    assert_eq!(Case { resource_policy: but("arn:aws:iam::444455556666:user/bob"), ..case() }.verdict(), Allowed);
    assert_eq!(Case { who: "*", resource_policy: but("arn:aws:iam::444455556666:user/bob"), ..case() }.verdict(), Allowed);
    assert_eq!(Case { resource_policy: but(USER), ..case() }.verdict(), ImplicitDeny);
}

#[test]
fn item_22_a_deny_for_all_but_some_refuses_whoever_is_not_listed_by_name() {
    const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/ops/alice";
    let answer = |who: &'static str, spared: Value| {
        let resource_policy = Some(for_principal("Deny", "NotPrincipal", json!({ "AWS": spared })));
        Case { who, identity: vec![allow("*", "*")], resource_policy, ..case() }.verdict()
    };
    let root = "arn:aws:iam::111122223333:root";
    for (who, spared, expected) in [
        (USER, json!(["arn:aws:iam::111122223333:user/bob", root]), ExplicitDeny),
        (USER, json!([USER, root]), Allowed),
        (USER, json!("*"), Allowed),
        (ROLE, json!([root]), ExplicitDeny),
        (ROLE, json!([ROLE, root]), Allowed),
        (SESSION, json!([ROLE, root]), ExplicitDeny),
        (SESSION, json!([SESSION, ROLE, root]), Allowed),
        ("111122223333", json!("111122223333"), Allowed),
    ] {
        assert_eq!(answer(who, spared.clone()), expected, "{who} beside {spared}");
    }
}

#[test]
fn a_deny_for_all_but_one_refuses_everybody_with_a_boundary() {
    let resource_policy = || Some(for_principal("Deny", "NotPrincipal", json!({ "AWS": [USER, "111122223333"] })));
    let open = || Case { identity: vec![allow("*", "*")], resource_policy: resource_policy(), ..case() };
    assert_eq!(open().verdict(), Allowed);
    assert_eq!(Case { boundary: vec![allow("*", "*")], ..open() }.verdict(), ExplicitDeny);
}

#[test]
fn a_federated_user_has_what_its_session_policies_leave_and_without_any_nothing() {
    let federated = |session| Case { who: FEDERATED, identity: vec![allow("*", "*")], session, ..case() }.verdict();
    assert_eq!((federated(vec![allow("s3:*", "*")]), federated(vec![])), (Allowed, ImplicitDeny));
}

#[test]
fn disputed_points_lie_between_the_definite_and_the_possible_answer() {
    let cautious = |identity: Vec<Value>, context: Value| Case { identity, context, reading: Reading::Cautious, ..case() }.both();
    let either = (ImplicitDeny, Allowed);
    let on = |condition| vec![allow_if(condition)];
    assert_eq!(
        cautious(on(json!({ "Bool": { "aws:SecureTransport": "${k:b}" } })), json!({ "aws:SecureTransport": "true", "k:b": "true" })),
        either
    );
    assert_eq!(cautious(on(json!({ "ArnLike": { "aws:SourceArn": "${k:a}" } })), json!({ "aws:SourceArn": ROLE, "k:a": ROLE })), either);
    assert_eq!(cautious(vec![allow("*", "arn:aws:s3")], json!({})), either);
    let crossing = vec![allow("*", "*"), deny("*", "arn:aws:s3*/${aws:username}")];
    assert_eq!(cautious(crossing, json!({ "aws:username": "k" })), (ExplicitDeny, Allowed));
    let spared = Some(for_principal("Deny", "NotPrincipal", json!({ "AWS": USER })));
    let without_its_account = Case { identity: vec![allow("*", "*")], resource_policy: spared, reading: Reading::Cautious, ..case() };
    assert_eq!(without_its_account.both(), (ExplicitDeny, Allowed));
}

#[test]
fn variables_make_little_of_much_and_never_much_of_little() {
    let long = json!("v".repeat(8_000));
    for pattern in ["${k:v}".repeat(30_000), "${".repeat(90_000)] {
        assert!(!holds(json!({ "StringLike": { "k:v": pattern.as_str() } }), json!({ "k:v": long.clone() })));
        assert!(!resource_fits(&format!("arn:aws:s3:::{pattern}"), OBJECT));
    }
    let several: Vec<Value> = (0..200).map(|_| long.clone()).collect();
    assert!(holds(json!({ "ForAllValues:StringNotLike": { "k:v": "${k:w}".repeat(4_000) } }), json!({ "k:v": several, "k:w": long })));
}

#[test]
fn what_aws_lets_nobody_change_is_allowed_to_nobody() {
    let asked = |action, resource| Case { identity: vec![allow("*", "*")], action, resource, account: None, who: USER, ..case() }.verdict();
    assert_eq!(asked("iam:DetachRolePolicy", "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/x"), ImplicitDeny);
    assert_eq!(asked("iam:GetRole", "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/x"), Allowed);
    assert_eq!(asked("sts:GetCallerIdentity", "*"), Allowed);
    assert_eq!(asked("kms:DeleteAlias", "arn:aws:kms:us-east-1:111122223333:alias/aws/s3"), ImplicitDeny);
    assert_eq!(asked("kms:DeleteAlias", "arn:aws:kms:us-east-1:111122223333:alias/mine"), Allowed);
    let root = |action| Case { who: "111122223333", action, resource: TARGET, ..case() }.verdict();
    assert_eq!((root("sts:AssumeRole"), root("iam:GetRole")), (ImplicitDeny, Allowed));
}

#[test]
fn an_unknown_key_counts_only_where_it_refuses_and_then_only_where_it_allows() {
    let on_ip = |effect: &str| {
        policy(json!({ "Effect": effect, "Action": "*", "Resource": "*", "Condition": { "IpAddress": { "aws:SourceIp": "10.0.0.0/8" } } }))
    };
    let unknown = || Case { unknown: vec!["AWS:SourceIP"], reading: Reading::Cautious, ..case() };
    assert_eq!(Case { identity: vec![on_ip("Allow")], ..unknown() }.both(), (ImplicitDeny, Allowed));
    assert_eq!(Case { identity: vec![allow("*", "*"), on_ip("Deny")], ..unknown() }.both(), (ExplicitDeny, Allowed));
}

#[test]
fn nobody_that_could_not_ask_is_taken_for_a_principal() {
    for name in ["", "ann", "arn:aws:iam::111122223333:group/g", "arn:aws:iam::1:user/a", "arn:aws:s3:::b", "a b.c"] {
        assert!(Requester::new(name).is_err(), "{name}");
    }
}

/// Statements over a few actions, resources and conditions, so that they meet often.
fn statement() -> impl Strategy<Value = Value> {
    let actions = prop::sample::select(vec!["*", "s3:*", "s3:Get*", "s3:GetObject", "ec2:*", "*:GetObject", "s3:GetObject "]);
    let resources =
        prop::sample::select(vec!["*", OBJECT, "arn:aws:s3:::b/*", "arn:aws:s3:::c", "arn:aws:s3*k", "arn:aws:s3:::b/${aws:username}"]);
    let conditions = prop::sample::select(vec![
        json!({}),
        json!({ "StringEquals": { "aws:username": "k" } }),
        json!({ "StringNotEquals": { "aws:username": "k" } }),
        json!({ "ForAllValues:StringLike": { "aws:TagKeys": ["a*"] } }),
        json!({ "NumericLessThan": { "aws:TagKeys": "7" } }),
        json!({ "Null": { "aws:username": "true" } }),
    ]);
    let names = (prop::bool::ANY, prop::bool::ANY, prop::bool::ANY);
    (names, actions, resources, conditions).prop_map(|((allows, not_action, not_resource), action, resource, condition)| {
        json!({
            "Effect": if allows { "Allow" } else { "Deny" },
            if not_action { "NotAction" } else { "Action" }: action,
            if not_resource { "NotResource" } else { "Resource" }: resource,
            "Condition": condition,
        })
    })
}

fn documents() -> impl Strategy<Value = Vec<Value>> {
    prop::collection::vec(prop::collection::vec(statement(), 1..4).prop_map(|statements| policy(json!(statements))), 0..3)
}

prop_compose! {
    fn cases()(
        identity in documents(),
        boundary in documents(),
        scp in prop::collection::vec(documents(), 0..3),
        who in prop::sample::select(vec![USER, SESSION, ROLE]),
        known in prop::bool::ANY,
        username in prop::bool::ANY,
        account in prop::sample::select(vec!["111122223333", "444455556666"]),
        trusted in prop::option::of(prop::sample::select(vec![json!("*"), json!({ "AWS": USER }), json!({ "AWS": "111122223333" })])),
    ) -> Case {
        Case {
            identity,
            boundary,
            scp,
            who,
            account: Some(account),
            unknown: if known { vec![] } else { vec!["aws:username"] },
            context: if known && username { json!({ "aws:username": "k", "aws:TagKeys": ["a", "b"] }) } else { json!({ "aws:TagKeys": "a" }) },
            reading: Reading::Cautious,
            resource_policy: trusted.map(|principal| for_principal("Allow", "Principal", principal)),
            ..case()
        }
    }
}

fn allowed(case: &Case) -> (bool, bool) {
    let (definite, possible) = case.both();
    (definite == Allowed, possible == Allowed)
}

proptest! {
    #[test]
    fn evaluation_algebra_what_is_definite_is_possible(case in cases()) {
        let (definite, possible) = allowed(&case);
        prop_assert!(!definite || possible);
    }

    #[test]
    fn evaluation_algebra_a_deny_never_adds_access(mut case in cases(), mut statement in statement(), place in 0..4_usize) {
        let before = allowed(&case);
        statement["Effect"] = json!("Deny");
        let deny = policy(json!([statement]));
        match place {
            0 => case.identity.push(deny),
            1 if !case.boundary.is_empty() => case.boundary.push(deny),
            2 if !case.scp.is_empty() => case.scp[0].push(deny),
            _ => case.rcp.push(vec![deny]),
        }
        let after = allowed(&case);
        prop_assert!((before.0 || !after.0) && (before.1 || !after.1));
    }

    #[test]
    fn evaluation_algebra_a_boundary_never_adds_access(mut case in cases(), boundary in documents()) {
        case.boundary.clear();
        let before = allowed(&case);
        case.boundary = boundary;
        let after = allowed(&case);
        prop_assert!((before.0 || !after.0) && (before.1 || !after.1));
    }

    #[test]
    fn evaluation_algebra_the_order_of_statements_is_of_no_account(mut case in cases()) {
        let before = case.both();
        case.identity.reverse();
        for document in case.identity.iter_mut().chain(&mut case.boundary) {
            document["Statement"].as_array_mut().unwrap().reverse();
        }
        prop_assert_eq!(case.both(), before);
    }
}
