use proptest::prelude::*;

use super::*;

fn allow(members: &str) -> String {
    format!(r#"{{"Effect":"Allow",{members}}}"#)
}

fn deny(members: &str) -> String {
    format!(r#"{{"Effect":"Deny",{members}}}"#)
}

fn on_all(actions: &str) -> String {
    allow(&format!(r#""Action":{actions},"Resource":"*""#))
}

fn document(statements: &[String]) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","))
}

fn grants(statements: &[String]) -> Grants {
    let json = document(statements);
    Grants::of_document(&Document::parse(&json).unwrap())
}

fn has(statements: &[String], capability: Capability) -> (bool, bool) {
    has_in(RequestContext::default(), statements, capability)
}

fn has_in(context: RequestContext<'_>, statements: &[String], capability: Capability) -> (bool, bool) {
    let json = document(statements);
    let grants = Grants::of_principal(&Holdings::one(&Document::parse(&json).unwrap(), context));
    (grants.has(capability, Sure::Definite), grants.has(capability, Sure::Possible))
}

fn paths(statements: &[String], sure: Sure) -> Vec<&'static str> {
    grants(statements).escalations(sure).map(|path| path.id).collect()
}

const YES: (bool, bool) = (true, true);
const PERHAPS: (bool, bool) = (false, true);
const NO: (bool, bool) = (false, false);

#[test]
fn everything_is_admin_however_it_is_written() {
    for actions in [r#""*""#, r#""*:*""#, r#"["s3:Get*","**"]"#] {
        assert_eq!(has(&[on_all(actions)], Capability::Admin), YES, "{actions}");
    }
}

#[test]
fn item_6_two_harmless_halves_are_admin_together() {
    let all_but_iam = allow(r#""NotAction":"iam:*","Resource":"*""#);
    assert_eq!(has(std::slice::from_ref(&all_but_iam), Capability::Admin), NO);
    for rest in [r#""iam:*""#, r#"["IAM:*"]"#, r#"["iam*:*","iam:*"]"#, r#""iam:Put*""#] {
        assert_eq!(has(&[all_but_iam.clone(), on_all(rest)], Capability::Admin), YES, "{rest}");
    }
    assert_eq!(has(&[all_but_iam.clone(), on_all(r#""iam:Get*""#)], Capability::Admin), NO);
    let all_but_s3 = allow(r#""NotAction":"s3:*","Resource":"*""#);
    assert_eq!(has(&[all_but_iam, all_but_s3], Capability::Admin), YES);
}

#[test]
fn halves_hidden_among_thousands_of_patterns_are_not_taken_for_harmless() {
    let junk = |letter: char| (0..2_000).map(|number| format!(r#""{letter}{number}:*""#)).collect::<Vec<_>>().join(",");
    let halves = |named: &str| {
        [allow(&format!(r#""NotAction":["iam:*",{}],"Resource":"*""#, junk('a'))), on_all(&format!(r#"["iam:*",{named},{}]"#, junk('b')))]
    };
    assert_eq!(has(&halves(&junk('a')), Capability::Admin), YES, "what is left out is named word for word");
    assert_eq!(has(&halves(r#""a*:*""#), Capability::Admin), YES, "what is left out is named by a pattern");
}

#[test]
fn item_5_what_names_no_action_excludes_nothing() {
    for never in [r#""s3:GetObject,PutObject""#, r#"" s3:*""#, r#""""#, r#""s3""#] {
        assert_eq!(has(&[allow(&format!(r#""NotAction":{never},"Resource":"*""#))], Capability::Admin), YES, "{never}");
        assert_eq!(has(&[on_all(never)], Capability::DataAccess), NO, "{never}");
    }
}

#[test]
fn a_harmless_deny_hides_no_administrator() {
    for harmless in [r#""Action":"*","Resource":"arn:aws:s3:::audit/*""#, r#""Action":"s3:DeleteBucket","Resource":"*""#] {
        assert_eq!(has(&[on_all(r#""*""#), deny(harmless)], Capability::Admin), YES, "{harmless}");
    }
}

#[test]
fn leaving_out_a_service_or_a_bucket_hides_no_administrator() {
    for statement in [
        r#""NotAction":"foo:bar","Resource":"*""#,
        r#""NotAction":["s3:*","organizations:*"],"Resource":"*""#,
        r#""NotAction":"iam:Delete*","Resource":"*""#,
        r#""Action":"*","NotResource":"arn:aws:s3:::audit/*""#,
        r#""NotAction":"foo:*","NotResource":["arn:aws:s3:::audit","arn:aws:iam::*:role/rescue"]"#,
    ] {
        assert_eq!(has(&[allow(statement)], Capability::Admin), YES, "{statement}");
    }
}

#[test]
fn leaving_out_all_that_gives_the_rest_back_is_no_administrator() {
    for statement in [
        r#""NotAction":"iam:*","Resource":"*""#,
        r#""NotAction":"*","Resource":"*""#,
        r#""Action":"*","NotResource":"arn:aws:iam::*:*""#,
        r#""Action":"*","NotResource":"*""#,
    ] {
        assert_eq!(has(&[allow(statement)], Capability::Admin), NO, "{statement}");
    }
}

#[test]
fn a_power_user_with_full_access_to_iam_is_an_administrator() {
    let power_user = [
        allow(r#""NotAction":["iam:*","organizations:*","account:*"],"Resource":"*""#),
        on_all(r#"["account:ListRegions","iam:CreateServiceLinkedRole","iam:ListRoles","organizations:DescribeOrganization"]"#),
    ];
    let iam = on_all(r#"["iam:*","organizations:DescribeAccount","organizations:List*"]"#);
    assert_eq!(has(&power_user, Capability::Admin), NO);
    assert_eq!(has(std::slice::from_ref(&iam), Capability::Admin), NO);
    assert_eq!(has(&[power_user.to_vec(), vec![iam]].concat(), Capability::Admin), YES);
}

#[test]
fn stars_make_a_pattern_no_less_of_one() {
    let long = format!(r#""iam:Put{}Policy""#, "*".repeat(200));
    assert!(paths(&[on_all(&long)], Sure::Definite).contains(&"iam-putuserpolicy"));
    let denied = deny(&format!(r#""Action":{long},"Resource":"*""#));
    assert!(!paths(&[on_all(r#""*""#), denied], Sure::Possible).contains(&"iam-putuserpolicy"));
}

#[test]
fn an_explicit_deny_takes_it_all_away() {
    for all in [r#""Action":"*","Resource":"*""#, r#""NotAction":"s3:Get","Resource":"*""#] {
        let grants = grants(&[on_all(r#""*""#), deny(all)]);
        assert_eq!(grants.capabilities(Sure::Possible).collect::<Vec<_>>(), [], "{all}");
    }
}

#[test]
fn a_conditional_deny_leaves_only_what_is_possible() {
    let without_mfa = deny(r#""NotAction":"iam:Get*","Resource":"*","Condition":{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}"#);
    assert_eq!(has(&[on_all(r#""*""#), without_mfa], Capability::Admin), PERHAPS);
}

fn under(condition: &str) -> (bool, bool) {
    has(&[allow(&format!(r#""Action":"*","Resource":"*","Condition":{condition}"#))], Capability::Admin)
}

fn unless(condition: &str) -> (bool, bool) {
    has(&[on_all(r#""*""#), deny(&format!(r#""Action":"*","Resource":"*","Condition":{condition}"#))], Capability::Admin)
}

#[test]
fn a_condition_that_limits_nothing_hides_no_administrator() {
    for condition in [
        r#"{"Bool":{"AWS:securetransport":"true"}}"#,
        r#"{"StringEquals":{"aws:SecureTransport":"true"}}"#,
        r#"{"BoolIfExists":{"aws:SecureTransport":true}}"#,
        r#"{"Null":{"aws:SecureTransport":"false"}}"#,
        r#"{"Bool":{"aws:ViaAWSService":"false"}}"#,
        r#"{"StringNotLike":{"aws:ViaAWSService":"tr*"}}"#,
        r#"{"StringLike":{"aws:UserAgent":"mine/*"}}"#,
        r#"{"ForAnyValue:StringEquals":{"aws:Referer":"here"}}"#,
        r#"{"StringNotEquals":{"aws:UserAgent":"mine"}}"#,
        r#"{"Null":{"aws:Referer":"true"}}"#,
        r#"{"DateGreaterThan":{"aws:CurrentTime":"2020-01-01T00:00:00Z"}}"#,
        r#"{"NumericGreaterThan":{"aws:EpochTime":"1577836800"}}"#,
        r#"{"DateNotEquals":{"aws:CurrentTime":"2020-01-01"}}"#,
        r#"{"DateLessThan":{"aws:CurrentTime":"2999-01-01T00:00:00Z"}}"#,
        r#"{"DateGreaterThan":{"aws:CurrentTime":"2999-01-01T00:00:00Z"}}"#,
        r#"{"DateGreaterThan":{"aws:CurrentTime":"2998-01-01"},"DateLessThan":{"aws:CurrentTime":"2999-01-01"}}"#,
        r#"{"IpAddress":{"aws:SourceIp":"0.0.0.0/0"}}"#,
        r#"{"IpAddress":{"aws:SourceIp":["128.0.0.0/1","0.0.0.0/1","::/0"]}}"#,
        r#"{"StringLike":{"aws:PrincipalArn":"*"}}"#,
        r#"{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:*"}}"#,
        r#"{"ArnLike":{"aws:PrincipalArn":["arn:*:iam::????????????:user/*","arn:aws:iam::*:role/*"]}}"#,
        r#"{"ArnNotEquals":{"aws:PrincipalArn":"arn:aws:iam::123456789012:user/nobody"}}"#,
        r#"{"StringNotLike":{"aws:PrincipalArn":"nobody*"}}"#,
        r#"{"StringLike":{"aws:PrincipalAccount":"????????????"}}"#,
        r#"{"ForAllValues:StringEquals":{"aws:PrincipalType":["User","AssumedRole"]}}"#,
        r#"{"StringLike":{"aws:userid":"A*"}}"#,
        r#"{"StringLikeIfExists":{"aws:SourceVpc":"*"}}"#,
        "{}",
    ] {
        assert_eq!(under(condition), YES, "{condition}");
    }
}

#[test]
fn a_condition_that_may_limit_leaves_an_administrator_possible() {
    for condition in [
        r#"{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#,
        r#"{"StringEquals":{"aws:RequestedRegion":"us-east-1"}}"#,
        r#"{"StringLike":{"aws:SourceVpc":"*"}}"#,
        r#"{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}"#,
        r#"{"IpAddress":{"aws:SourceIp":["0.0.0.0/1","192.0.0.0/2"]}}"#,
        r#"{"StringEquals":{"aws:PrincipalArn":"*"}}"#,
        r#"{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/*"}}"#,
        r#"{"StringLike":{"aws:PrincipalArn":"arn:aws:iam::123456789012:*"}}"#,
        r#"{"StringEquals":{"aws:PrincipalAccount":"123456789012"}}"#,
        r#"{"StringEquals":{"aws:PrincipalType":"AssumedRole"}}"#,
        r#"{"DateEquals":{"aws:CurrentTime":"2999-01-01T00:00:00Z"}}"#,
        r#"{"DateLessThan":{"aws:CurrentTime":"2020-01-01T00:00:00Z"}}"#,
        r#"{"DateGreaterThan":{"aws:CurrentTime":"2999-01-01"},"DateLessThan":{"aws:CurrentTime":"2998-01-01"}}"#,
        r#"{"DateGreaterThan":{"aws:CurrentTime":"2999-01-01"},"NumericLessThan":{"aws:EpochTime":"32440000000"}}"#,
        r#"{"Bool":{"aws:ViaAWSService":"true"}}"#,
        r#"{"StringLike":{"aws:UserAgent":"a*"},"StringNotLike":{"aws:UserAgent":"a*"}}"#,
        r#"{"StringEquals":{"aws:UserAgent":"${aws:PrincipalTag/agent}"}}"#,
        r#"{"StringLike":{"sts:ExternalId":"*"}}"#,
    ] {
        assert_eq!(under(condition), PERHAPS, "{condition}");
    }
}

#[test]
fn a_deny_that_its_holder_steps_around_denies_nothing() {
    for condition in [
        r#"{"StringEquals":{"aws:PrincipalArn":"arn:aws:iam::123456789012:user/nobody"}}"#,
        r#"{"ArnLike":{"aws:PrincipalArn":["arn:aws:iam::123456789012:user/nobody","arn:aws:iam::123456789012:role/none"]}}"#,
        r#"{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:*"}}"#,
        r#"{"StringEquals":{"aws:userid":"AIDANOBODY"}}"#,
        r#"{"Bool":{"aws:SecureTransport":"false"}}"#,
        r#"{"Null":{"aws:SecureTransport":"true"}}"#,
        r#"{"Bool":{"aws:ViaAWSService":"true"}}"#,
        r#"{"StringLike":{"aws:UserAgent":"curl*"}}"#,
        r#"{"StringNotLike":{"aws:Referer":"here"}}"#,
        r#"{"DateLessThan":{"aws:CurrentTime":"2020-01-01T00:00:00Z"}}"#,
        r#"{"DateGreaterThan":{"aws:CurrentTime":"2999-01-01T00:00:00Z"}}"#,
        r#"{"NotIpAddress":{"aws:SourceIp":["0.0.0.0/0","::/0"]}}"#,
        r#"{"Bool":{"aws:SecureTransport":"false"},"StringEquals":{"aws:RequestedRegion":"us-east-1"}}"#,
    ] {
        assert_eq!(unless(condition), YES, "{condition}");
    }
}

#[test]
fn a_deny_that_may_bind_its_holder_leaves_an_administrator_possible() {
    for condition in [
        r#"{"ArnNotEquals":{"aws:PrincipalArn":"arn:aws:iam::123456789012:role/rescue"}}"#,
        r#"{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:user/*"}}"#,
        r#"{"StringEquals":{"aws:PrincipalAccount":"123456789012"}}"#,
        r#"{"Bool":{"aws:SecureTransport":"true"}}"#,
        r#"{"IpAddress":{"aws:SourceIp":"0.0.0.0/0"}}"#,
        r#"{"StringLike":{"aws:UserAgent":"*"}}"#,
        r#"{"DateLessThan":{"aws:CurrentTime":"2999-01-01T00:00:00Z"}}"#,
        r#"{"StringNotEquals":{"aws:RequestedRegion":"us-east-1"}}"#,
    ] {
        assert_eq!(unless(condition), PERHAPS, "{condition}");
    }
}

#[test]
fn a_deny_that_holds_for_every_request_denies() {
    for condition in [r#"{"StringLike":{"aws:PrincipalArn":"*"}}"#, r#"{"DateGreaterThan":{"aws:CurrentTime":"2020-01-01"}}"#] {
        assert_eq!(unless(condition), NO, "{condition}");
    }
}

#[test]
fn a_time_is_over_or_not_at_the_time_of_the_change() {
    let until_may = allow(r#""Action":"*","Resource":"*","Condition":{"DateLessThan":{"aws:CurrentTime":"2026-05-01T00:00:00Z"}}"#);
    let at = |time: &str| RequestContext { at: Some(time.parse().unwrap()), ..RequestContext::default() };
    assert_eq!(has_in(at("2026-04-30T23:59:59Z"), std::slice::from_ref(&until_may), Capability::Admin), YES);
    assert_eq!(has_in(at("2026-05-01T00:00:01Z"), std::slice::from_ref(&until_may), Capability::Admin), PERHAPS);
}

#[test]
fn a_condition_on_the_account_limits_nobody_in_it() {
    let ours = RequestContext { account: Some(("aws-us-gov", "123456789012")), ..RequestContext::default() };
    for condition in [
        r#"{"StringEquals":{"aws:PrincipalAccount":"123456789012"}}"#,
        r#"{"ArnLike":{"aws:PrincipalArn":"arn:aws-us-gov:iam::123456789012:*"}}"#,
        r#"{"StringNotEquals":{"aws:PrincipalAccount":"999999999999"}}"#,
    ] {
        let conditional = |effect: &str| format!(r#"{{"Effect":"{effect}","Action":"*","Resource":"*","Condition":{condition}}}"#);
        assert_eq!(has_in(ours, &[conditional("Allow")], Capability::Admin), YES, "{condition}");
        assert_eq!(has_in(ours, &[on_all(r#""*""#), conditional("Deny")], Capability::Admin), NO, "{condition}");
    }
    let theirs = deny(r#""Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalAccount":"999999999999"}}"#);
    assert_eq!(has_in(ours, &[on_all(r#""*""#), theirs], Capability::Admin), YES);
}

#[test]
fn a_deny_that_names_the_holder_may_bind_it() {
    let polsen = RequestContext { principal: Some(("polsen", Some("AIDAPOLSEN"))), ..RequestContext::default() };
    let denied = |key: &str, value: &str| {
        let deny = deny(&format!(r#""Action":"*","Resource":"*","Condition":{{"StringEquals":{{"{key}":"{value}"}}}}"#));
        has_in(polsen, &[on_all(r#""*""#), deny], Capability::Admin)
    };
    assert_eq!(denied("aws:PrincipalArn", "arn:aws:iam::123456789012:user/team/Polsen"), PERHAPS);
    assert_eq!(denied("aws:userid", "AIDAPOLSEN"), PERHAPS);
    assert_eq!(denied("aws:PrincipalArn", "arn:aws:iam::123456789012:user/nobody"), YES);
    assert_eq!(denied("aws:userid", "AIDANOBODY"), YES);
}

#[test]
fn two_denies_that_leave_no_user_agent_between_them_are_not_stepped_around() {
    let only = |condition: &str| deny(&format!(r#""Action":"*","Resource":"*","Condition":{condition}"#));
    let both = [r#"{"StringLike":{"aws:UserAgent":"a*"}}"#, r#"{"StringNotLike":{"aws:UserAgent":"a*"}}"#].map(only);
    assert_eq!(has(&[vec![on_all(r#""*""#)], both.to_vec()].concat(), Capability::Admin), PERHAPS);
}

#[test]
fn a_path_through_a_resource_s_policy_is_no_escalation_for_whoever_has_the_service() {
    for statement in [
        r#""Action":"s3:*","Resource":"*""#,
        r#""Action":["S3:**","kms:List*"],"Resource":"arn:aws:s3:::logs*""#,
        r#""Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#,
    ] {
        assert_eq!(has(&[allow(statement)], Capability::Escalation), NO, "{statement}");
        assert!(has(&[allow(statement)], Capability::ResourceExposure).1, "{statement}");
    }
    assert!(!paths(&[allow(r#""NotAction":"iam:*","Resource":"*""#)], Sure::Possible).contains(&"s3-putbucketpolicy"));
    for statement in [r#""s3:Put*""#, r#"["s3:PutBucketPolicy","s3:Get*"]"#] {
        assert_eq!(paths(&[on_all(statement)], Sure::Definite), ["s3-putbucketpolicy"], "{statement}");
    }
    let alone_and_conditional = [
        on_all(r#""s3:PutBucketPolicy""#),
        allow(r#""Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#),
    ];
    assert_eq!(paths(&alone_and_conditional, Sure::Definite), ["s3-putbucketpolicy"]);
    assert_eq!(paths(&alone_and_conditional, Sure::Possible), ["s3-putbucketpolicy"]);
}

#[test]
fn wildcards_in_a_name_open_what_they_name() {
    assert!(paths(&[on_all(r#""iam:Attach*""#)], Sure::Definite).contains(&"iam-attachuserpolicy"));
    assert!(paths(&[on_all(r#""IAM:put?serPolicy""#)], Sure::Definite).contains(&"iam-putuserpolicy"));
    assert!(paths(&[on_all(r#""iam:Get*""#)], Sure::Possible).is_empty());
}

#[test]
fn item_7_a_wildcard_in_a_service_counts_only_where_danger_is_looked_for() {
    assert!(paths(&[on_all(r#""i?m:*""#)], Sure::Possible).contains(&"iam-putuserpolicy"));
    assert_eq!(paths(&[on_all(r#""i?m:*""#)], Sure::Definite), Vec::<&str>::new());
    assert_eq!(has(&[on_all(r#""s3*:Get*""#)], Capability::DataAccess), PERHAPS);
}

#[test]
fn all_but_a_service_is_every_path_of_the_others() {
    let open = paths(&[allow(r#""NotAction":"s3:*","Resource":"*""#)], Sure::Definite);
    assert!(open.contains(&"iam-putuserpolicy") && !open.contains(&"s3-putbucketpolicy"));
}

#[test]
fn an_action_that_aws_adds_tomorrow_is_judged_by_its_name() {
    assert_eq!(has(&[on_all(r#""iam:AttachWidgetPolicy""#)], Capability::PermissionsManagement), YES);
    assert_eq!(has(&[on_all(r#""widgets:PutResourcePolicy""#)], Capability::ResourceExposure), YES);
    assert_eq!(has(&[on_all(r#""widgets:GetTemporaryCredentials""#)], Capability::CredentialExposure), YES);
    assert_eq!(has(&[on_all(r#""widgets:DescribeWidget""#)], Capability::ResourceExposure), NO);
}

#[test]
fn reading_about_an_object_is_not_reading_it() {
    for action in ["s3:GetObject", "S3:getobjectversion", "s3:GetObject*", "s3:Get*", "s3:GetObjectVersionT*"] {
        assert_eq!(has(&[on_all(&format!("{action:?}"))], Capability::DataAccess), YES, "{action}");
    }
    for action in ["s3:GetObjectAcl", "s3:GetObjectVersionAcl", "s3:GetObjectTagging", "s3:GetObjectA*", "s3:GetObjectRetention"] {
        assert_eq!(has(&[on_all(&format!("{action:?}"))], Capability::DataAccess), NO, "{action}");
    }
}

#[test]
fn an_action_that_is_allowed_and_denied_is_no_danger() {
    let put = r#""Action":"iam:PutWidgetPolicy","Resource":"*""#;
    assert_eq!(has(&[allow(put), deny(put)], Capability::PermissionsManagement), NO);
}

#[test]
fn a_path_counts_once_in_its_smallest_form() {
    let open = paths(&[on_all(r#"["iam:CreateAccessKey","iam:DeleteAccessKey"]"#)], Sure::Definite);
    assert_eq!(open, ["iam-createaccesskey"]);
}

#[test]
fn a_path_through_pass_role_needs_the_service_to_be_admitted() {
    let start = on_all(r#"["lambda:CreateFunction","lambda:InvokeFunction"]"#);
    let pass = |condition: &str| allow(&format!(r#""Action":"iam:PassRole","Resource":"*","Condition":{condition}"#));
    let opened = |condition: &str, sure| paths(&[start.clone(), pass(condition)], sure).contains(&"lambda-passrole-create-invoke");
    for (condition, definite, possible) in [
        (r#"{"StringEquals":{"iam:PassedToService":"lambda.amazonaws.com"}}"#, true, true),
        (r#"{"StringLike":{"iam:passedtoservice":["ec2.*","lambda.*"]}}"#, true, true),
        (r#"{"StringEquals":{"iam:PassedToService":"ec2.amazonaws.com"}}"#, false, false),
        (r#"{"StringNotEquals":{"iam:PassedToService":"lambda.amazonaws.com"}}"#, false, false),
        (r#"{"StringNotLike":{"iam:PassedToService":"ec2*"}}"#, true, true),
        (r#"{"ArnLike":{"iam:AssociatedResourceArn":"arn:aws:lambda:*:*:*"}}"#, false, true),
    ] {
        assert_eq!((opened(condition, Sure::Definite), opened(condition, Sure::Possible)), (definite, possible), "{condition}");
    }
}

#[test]
fn a_role_that_can_be_passed_is_a_path_for_certain_only_where_every_role_can() {
    let start = on_all(r#"["lambda:CreateFunction","lambda:InvokeFunction"]"#);
    let pass = |resource: &str| allow(&format!(r#""Action":"iam:PassRole","Resource":"{resource}""#));
    let opened = |resource: &str, sure| paths(&[start.clone(), pass(resource)], sure).contains(&"lambda-passrole-create-invoke");
    for (resource, definite, possible) in [
        ("arn:aws:iam::*:role/*", true, true),
        ("arn:aws-cn:iam::123456789012:role/?*", true, true),
        ("arn:aws:iam::123456789012:role/deploy", false, true),
        ("arn:aws:iam::123456789012:user/*", false, false),
        ("arn:aws:s3:::*", false, false),
    ] {
        assert_eq!((opened(resource, Sure::Definite), opened(resource, Sure::Possible)), (definite, possible), "{resource}");
    }
}

fn opens(statements: &[String], path: &str) -> (bool, bool) {
    (paths(statements, Sure::Definite).contains(&path), paths(statements, Sure::Possible).contains(&path))
}

fn on(action: &str, resources: &[&str]) -> String {
    format!(r#""Action":"{action}","Resource":{resources:?}"#)
}

const DOCUMENTS: &str = "arn:aws:ssm:*:*:document/*";
const INSTANCES: &str = "arn:aws:ec2:*:*:instance/*";
const MANAGED: &str = "arn:aws:ssm:*:*:managed-instance/*";

#[test]
fn two_statements_may_grant_the_two_types_that_an_action_needs() {
    let [documents, instances] = [DOCUMENTS, INSTANCES].map(|resource| allow(&on("ssm:SendCommand", &[resource])));
    assert_eq!(opens(&[documents.clone(), instances.clone()], "ssm-sendcommand"), YES);
    assert_eq!(opens(&[allow(&on("ssm:SendCommand", &[DOCUMENTS, MANAGED]))], "ssm-sendcommand"), YES);
    assert!(!opens(std::slice::from_ref(&documents), "ssm-sendcommand").0);
    assert_eq!(opens(&[instances], "ssm-sendcommand"), NO);
    let one = allow(&on("ssm:SendCommand", &["arn:aws:ec2:*:*:instance/i-1"]));
    assert_eq!(opens(&[documents, one], "ssm-sendcommand"), PERHAPS);
}

#[test]
fn optional_types_need_not_be_granted() {
    let pass = on_all(r#""iam:PassRole""#);
    let needed = ["image", "instance", "network-interface", "security-group", "subnet", "volume", "key-pair"].map(|kind| {
        let account = if kind == "image" { "" } else { "*" };
        format!("arn:aws:ec2:*:{account}:{kind}/*")
    });
    let run = |resources: &[String]| allow(&on("ec2:RunInstances", &resources.iter().map(String::as_str).collect::<Vec<_>>()));
    assert_eq!(opens(&[pass.clone(), run(&needed)], "ec2-passrole-runinstances"), YES);
    assert!(!opens(&[pass, run(&needed[1..])], "ec2-passrole-runinstances").0);
}

#[test]
fn a_deny_on_a_type_that_is_needed_takes_the_path_away() {
    let run = on_all(r#"["iam:PassRole","ec2:RunInstances"]"#);
    let after = |members: &str| opens(&[run.clone(), deny(members)], "ec2-passrole-runinstances");
    assert_eq!(after(&on("ec2:RunInstances", &[INSTANCES])), NO);
    assert_eq!(after(&on("ec2:*", &[INSTANCES])), NO);
    assert_eq!(
        after(&format!(r#"{},"Condition":{{"Bool":{{"aws:MultiFactorAuthPresent":"false"}}}}"#, on("ec2:*", &[INSTANCES]))),
        PERHAPS
    );
    assert_eq!(after(&on("ec2:RunInstances", &["arn:aws:ec2:*:*:placement-group/*"])), YES);
    assert_eq!(after(&on("ec2:RunInstances", &["arn:aws:ec2:*:*:instance/i-1"])), YES);
    assert_eq!(after(r#""Action":"ec2:*","NotResource":"arn:aws:s3:::audit""#), NO);
}

#[test]
fn denies_on_every_type_that_would_do_take_the_path_away_together() {
    let send = on_all(r#""ssm:SendCommand""#);
    let [instances, managed] = [INSTANCES, MANAGED].map(|resource| deny(&on("ssm:SendCommand", &[resource])));
    assert_eq!(opens(&[send.clone(), instances.clone()], "ssm-sendcommand"), YES);
    assert_eq!(opens(&[send, instances, managed], "ssm-sendcommand"), NO);
}

#[test]
fn item_11_an_action_without_a_resource_type_is_granted_on_a_star_only() {
    let leave = |resource: &str| paths(&[allow(&format!(r#""Action":"organizations:LeaveOrganization",{resource}"#))], Sure::Definite);
    assert_eq!(leave(r#""Resource":"*""#), ["organizations-leave"]);
    assert_eq!(leave(r#""Resource":"arn:aws:organizations::*:*""#), Vec::<&str>::new());
    assert_eq!(leave(r#""NotResource":"arn:aws:s3:::b""#), ["organizations-leave"]);
}

#[test]
fn what_reaches_one_s_own_user_escalates_but_is_nobody_else_s_key() {
    let own = |action: &str| {
        paths(&[allow(&format!(r#""Action":"{action}","Resource":"arn:aws:iam::*:user/${{aws:username}}""#))], Sure::Possible)
    };
    assert_eq!(own("iam:PutUserPolicy"), ["iam-putuserpolicy"]);
    assert_eq!(own("iam:CreateAccessKey"), Vec::<&str>::new());
}

#[test]
#[expect(clippy::literal_string_with_formatting_args, reason = "a policy variable looks like one")]
fn item_12_in_the_older_version_a_variable_is_plain_text() {
    let own = r#"{"Version":"2008-10-17","Statement":{"Effect":"Allow","Action":"iam:PutUserPolicy","Resource":"arn:aws:iam::*:user/${aws:username}"}}"#;
    let grants = Grants::of_document(&Document::parse(own).unwrap());
    assert!(!grants.has(Capability::Escalation, Sure::Definite));
}

#[test]
fn a_boundary_holds_back_what_it_does_not_allow() {
    let (all, read) = (document(&[on_all(r#""*""#)]), document(&[on_all(r#""s3:Get*""#)]));
    let (all, read) = (Document::parse(&all).unwrap(), Document::parse(&read).unwrap());
    let bounded =
        Grants::of_principal(&Holdings { policies: std::slice::from_ref(&all), boundary: Some(&read), context: RequestContext::default() });
    assert_eq!(bounded.capabilities(Sure::Possible).collect::<Vec<_>>(), [Capability::DataAccess]);
    let unbounded =
        Grants::of_principal(&Holdings { policies: std::slice::from_ref(&all), boundary: Some(&all), context: RequestContext::default() });
    assert!(unbounded.has(Capability::Admin, Sure::Definite));
}

#[test]
fn item_20_a_boundary_that_only_denies_grants_nothing() {
    let (all, only_denies) = (document(&[on_all(r#""*""#)]), document(&[deny(r#""Action":"s3:*","Resource":"*""#)]));
    let (all, only_denies) = (Document::parse(&all).unwrap(), Document::parse(&only_denies).unwrap());
    let bounded = Grants::of_principal(&Holdings {
        policies: std::slice::from_ref(&all),
        boundary: Some(&only_denies),
        context: RequestContext::default(),
    });
    assert_eq!(bounded.capabilities(Sure::Possible).count(), 0);
}

#[test]
fn a_policy_that_lets_everyone_in_makes_a_resource_public() {
    let bucket = |principal: &str, more: &str| {
        has(&[allow(&format!(r#"{principal},"Action":"s3:GetObject","Resource":"*"{more}"#))], Capability::ResourceExposure)
    };
    assert_eq!(bucket(r#""Principal":"*""#, ""), YES);
    assert_eq!(bucket(r#""NotPrincipal":{"AWS":"123456789012"}"#, ""), YES);
    assert_eq!(bucket(r#""Principal":{"AWS":"*"}"#, r#","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}"#), PERHAPS);
    assert_eq!(bucket(r#""Principal":{"AWS":"123456789012"}"#, ""), NO);
}

#[test]
fn the_statements_that_open_a_path_are_named() {
    let json = document(&[on_all(r#""s3:Get*""#), on_all(r#""iam:Put*""#)]);
    let documents = [Document::parse(&json).unwrap()];
    let holdings = Holdings { policies: &documents, boundary: None, context: RequestContext::default() };
    assert_eq!(why_path(&holdings, Path::named("iam-putuserpolicy").unwrap()), [Reason { policy: 0, statement: 1 }]);
    assert_eq!(why(&holdings, Capability::DataAccess), [Reason { policy: 0, statement: 0 }]);
}

#[expect(clippy::literal_string_with_formatting_args, reason = "a policy variable looks like one")]
fn statement() -> impl Strategy<Value = String> {
    let action = prop::sample::select(vec![
        "*",
        "iam:*",
        "iam:Put*",
        "iam:PassRole",
        "lambda:*",
        "s3:*",
        "s3:Get*",
        "i?m:*",
        "*:Put*",
        "sts:AssumeRole",
        " x",
    ]);
    let resource = prop::sample::select(vec!["*", "arn:aws:iam::*:role/*", "arn:aws:iam::*:user/${aws:username}", "arn:aws:s3:::b/*"]);
    let condition = prop::sample::select(vec!["", r#","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#]);
    (any::<bool>(), any::<bool>(), action, any::<bool>(), resource, condition).prop_map(
        |(effect, not_action, action, not_resource, resource, condition)| {
            let (effect, a, r) =
                (if effect { "Allow" } else { "Deny" }, if not_action { "Not" } else { "" }, if not_resource { "Not" } else { "" });
            format!(r#"{{"Effect":"{effect}","{a}Action":"{action}","{r}Resource":"{resource}"{condition}}}"#)
        },
    )
}

fn everything_of(grants: &Grants, sure: Sure) -> (Vec<Capability>, Vec<&'static str>) {
    (grants.capabilities(sure).collect(), grants.open(sure).map(|path| path.id).collect())
}

fn some_of(values: Vec<&'static str>) -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(values), 1..4).prop_map(|some| format!("{some:?}"))
}

fn actions() -> impl Strategy<Value = String> {
    some_of(vec![
        "*",
        "*:*",
        "foo:bar",
        "s3:*",
        "s3:Get*",
        "s3:GetObject",
        "iam:*",
        "IAM:Put*",
        "iam:PutUserPolicy",
        "iam:PutWidgetPolicy",
        "iam:PassRole",
        "iam:P?ssRole",
        "i?m:*",
        "*:Put*",
        "*:Put*Policy",
        "lambda:*",
        "ec2:RunInstances",
        "ssm:SendCommand",
        "kms:Put*Policy",
        "",
        " s3:*",
    ])
}

#[expect(clippy::literal_string_with_formatting_args, reason = "a policy variable looks like one")]
fn resources() -> impl Strategy<Value = String> {
    some_of(vec![
        "*",
        "arn:aws:s3:::audit",
        "arn:aws:s3:::*",
        "arn:aws:iam::*:*",
        "arn:aws:iam::*:role/*",
        "arn:aws:iam::*:role/rescue",
        "arn:aws:iam::123456789012:user/*",
        "arn:aws:iam::*:user/${aws:username}",
        "arn:aws:ec2:*:*:instance/*",
        "arn:aws:ssm:*:*:document/*",
        "arn:aws:ssm:*:*:managed-instance/*",
        "arn:aws:lambda:*:*:function:*",
    ])
}

proptest! {
    #[test]
    fn all_actions_but_some_are_all_actions_with_a_deny_of_some(some in actions(), on in resources(), not in any::<bool>(), mfa in any::<bool>(), denied in prop::option::of(statement())) {
        let on = format!(r#""{}Resource":{on}"#, if not { "Not" } else { "" });
        let condition = if mfa { r#","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"# } else { "" };
        let more: Vec<String> = denied.into_iter().map(|statement| statement.replace("\"Allow\"", "\"Deny\"")).collect();
        let left_out = grants(&[vec![allow(&format!(r#""NotAction":{some},{on}{condition}"#))], more.clone()].concat());
        let everything = allow(&format!(r#""Action":"*",{on}{condition}"#));
        let denied = grants(&[vec![everything, deny(&format!(r#""Action":{some},"Resource":"*""#))], more].concat());
        for sure in [Sure::Definite, Sure::Possible] {
            prop_assert_eq!(everything_of(&left_out, sure), everything_of(&denied, sure));
        }
    }

    #[test]
    fn all_resources_but_some_are_all_resources_with_a_deny_of_some(some in resources(), of in actions(), not in any::<bool>(), mfa in any::<bool>(), denied in prop::option::of(statement())) {
        let of = format!(r#""{}Action":{of}"#, if not { "Not" } else { "" });
        let condition = if mfa { r#","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"# } else { "" };
        let more: Vec<String> = denied.into_iter().map(|statement| statement.replace("\"Allow\"", "\"Deny\"")).collect();
        let left_out = grants(&[vec![allow(&format!(r#"{of},"NotResource":{some}{condition}"#))], more.clone()].concat());
        let everything = allow(&format!(r#"{of},"Resource":"*"{condition}"#));
        let denied = grants(&[vec![everything, deny(&format!(r#""Action":"*","Resource":{some}"#))], more].concat());
        for sure in [Sure::Definite, Sure::Possible] {
            prop_assert_eq!(everything_of(&left_out, sure), everything_of(&denied, sure));
        }
    }

    #[test]
    fn what_is_definite_is_possible(statements in prop::collection::vec(statement(), 1..6)) {
        let grants = grants(&statements);
        let (definite, possible) = (everything_of(&grants, Sure::Definite), everything_of(&grants, Sure::Possible));
        prop_assert!(definite.0.iter().all(|capability| possible.0.contains(capability)));
        prop_assert!(definite.1.iter().all(|path| possible.1.contains(path)));
    }

    #[test]
    fn a_deny_adds_nothing(statements in prop::collection::vec(statement(), 1..5), more in statement()) {
        let more = more.replace("\"Allow\"", "\"Deny\"");
        let less = grants(&[statements.clone(), vec![more]].concat());
        let before = grants(&statements);
        for sure in [Sure::Definite, Sure::Possible] {
            let (less, before) = (everything_of(&less, sure), everything_of(&before, sure));
            prop_assert!(less.0.iter().all(|capability| before.0.contains(capability)));
            prop_assert!(less.1.iter().all(|path| before.1.contains(path)));
        }
    }

    #[test]
    fn the_order_of_statements_is_of_no_account(statements in prop::collection::vec(statement(), 1..6)) {
        let reversed: Vec<String> = statements.iter().rev().cloned().collect();
        prop_assert_eq!(grants(&statements), grants(&reversed));
    }

    #[test]
    fn a_boundary_adds_nothing(statements in prop::collection::vec(statement(), 1..4), boundary in prop::collection::vec(statement(), 1..4)) {
        let (own, boundary) = (document(&statements), document(&boundary));
        let (own, boundary) = (Document::parse(&own).unwrap(), Document::parse(&boundary).unwrap());
        let bounded = Grants::of_principal(&Holdings { policies: std::slice::from_ref(&own), boundary: Some(&boundary), context: RequestContext::default() });
        let free = Grants::of_document(&own);
        for sure in [Sure::Definite, Sure::Possible] {
            prop_assert!(everything_of(&bounded, sure).1.iter().all(|path| everything_of(&free, sure).1.contains(path)));
            prop_assert!(bounded.capabilities(sure).all(|capability| free.has(capability, sure)));
        }
    }
}
