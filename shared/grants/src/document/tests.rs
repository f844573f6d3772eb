use proptest::prelude::*;

use super::*;

const ALL: &str = r#""Effect":"Allow","Action":"*","Resource":"*""#;

fn error(json: &str) -> String {
    Document::parse(json).unwrap_err().to_string()
}

fn one_statement(members: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":{{{members}}}}}"#)
}

#[test]
fn item_1_a_statement_may_stand_alone_and_a_scalar_for_a_list() {
    let json = format!(r#"{{"Statement":{{{ALL}}}}}"#);
    let alone = Document::parse(&json).unwrap().statements;
    let listed = Document::parse(r#"{"Statement":[{"Effect":"Allow","Action":["*"],"Resource":["*"]}]}"#).unwrap().statements;
    assert_eq!(alone, listed);
}

#[test]
fn item_2_a_document_of_the_size_of_aws_s_largest_is_read() {
    let actions = vec![r#""ec2:DescribeInstances""#; 6400].join(",");
    let json = one_statement(&format!(r#""Effect":"Allow","Action":[{actions}],"Resource":"*""#));
    assert!(json.len() > 152_297);
    assert_eq!(Document::parse(&json).unwrap().statements[0].actions.values.len(), 6400);
    assert!(matches!(Document::parse(&" ".repeat(DOCUMENT_MAX + 1)), Err(DocumentError::TooLarge(_))));
}

#[test]
fn item_3_statements_with_the_same_sid_are_all_kept() {
    let json = format!(r#"{{"Statement":[{{"Sid":"A",{ALL}}},{{"Sid":"A",{ALL}}}]}}"#);
    assert_eq!(Document::parse(&json).unwrap().statements.len(), 2);
}

#[test]
fn item_3_a_key_given_twice_is_refused_rather_than_picked_from() {
    for json in [
        format!(r#"{{"Statement":{{{ALL}}},"Statement":[]}}"#),
        format!(r#"{{"Version":"2012-10-17","Version":"2012-10-17","Statement":{{{ALL}}}}}"#),
        one_statement(&format!(r#"{ALL},"Action":"s3:Get*""#)),
        one_statement(&format!(r#"{ALL},"NotAction":"s3:Get*""#)),
        one_statement(&format!(r#"{ALL},"action":"s3:Get*""#)),
        one_statement(&format!(r#"{ALL},"Principal":{{"AWS":"*","AWS":"1"}}"#)),
        one_statement(&format!(r#"{ALL},"Condition":{{"Bool":{{"a":"true"}},"Bool":{{"b":"true"}}}}"#)),
        one_statement(&format!(r#"{ALL},"Condition":{{"Bool":{{"a":"true","a":"false"}}}}"#)),
    ] {
        assert!(error(&json).contains("given twice"), "{json}: {}", error(&json));
    }
}

#[test]
fn an_error_names_the_place() {
    let json = format!("{{\"Statement\":[{{{ALL}}},\n{{{ALL},\"Condition\":{{\"StringEquals\":{{\"aws:x\":null}}}}}}]}}");
    insta::assert_snapshot!(error(&json), @"not a policy document: Statement[1]: Condition: StringEquals: `aws:x`: invalid type: null, expected text or a list of texts at line 2 column 87");
}

#[test]
fn what_aws_refuses_is_an_error_and_never_an_empty_document() {
    for json in [
        "",
        "{}",
        "[]",
        "null",
        r#"{"Version":"2012-10-17"}"#,
        r#"{"Statement":"x"}"#,
        r#"{"Statement":[[]]}"#,
        r#"{"Statement":{}}"#,
        r#"{"Statement":{"Effect":"Allow"}}"#,
        r#"{"Statement":{"Action":"*","Resource":"*"}}"#,
        &format!(r#"{{"Version":"2012-10-18","Statement":{{{ALL}}}}}"#),
        &one_statement(r#""Effect":"allow","Action":"*","Resource":"*""#),
        &one_statement(&format!(r#"{ALL},"Actions":"*""#)),
        &one_statement(&format!(r#"{ALL},"Principal":"lambda.amazonaws.com""#)),
        &one_statement(&format!(r#"{ALL},"Principal":"12345678901""#)),
        &one_statement(&format!(r#"{ALL},"Principal":{{"Group":"x"}}"#)),
        &one_statement(&format!(r#"{ALL},"Condition":{{"StringMatches":{{"a":"b"}}}}"#)),
        &one_statement(&format!(r#"{ALL},"Condition":{{"NullIfExists":{{"a":"true"}}}}"#)),
        &one_statement(&format!(r#"{ALL},"Condition":{{"ForSomeValues:StringLike":{{"a":"b"}}}}"#)),
        &format!(r#"{{"Statement":{{{ALL}}}}} trailing"#),
    ] {
        assert!(matches!(Document::parse(json), Err(DocumentError::Malformed(_))), "{json}");
    }
}

#[test]
fn every_kind_of_principal_is_told_apart() {
    let json = one_statement(
        r#""Effect":"Allow","Action":"*","NotPrincipal":{"AWS":["*","123456789012"],"Service":"a.amazonaws.com","Federated":"f","CanonicalUser":"c"}"#,
    );
    let document = Document::parse(&json).unwrap();
    let expected = [
        Principal::Everyone,
        Principal::Aws("123456789012".into()),
        Principal::Service("a.amazonaws.com".into()),
        Principal::Federated("f".into()),
        Principal::CanonicalUser("c".into()),
    ];
    assert_eq!(document.statements[0].principals, Principals::AllBut(expected.into()));
}

#[test]
fn an_arn_or_account_without_its_type_is_read_and_told_apart() {
    for name in ["arn:aws:iam::123456789012:user/ann", "123456789012"] {
        let json = one_statement(&format!(r#"{ALL},"Principal":"{name}""#));
        let document = Document::parse(&json).unwrap();
        assert_eq!(document.statements[0].principals, Principals::Only(vec![Principal::Bare(name.into())]));
    }
}

#[test]
fn numbers_and_booleans_in_a_condition_are_taken_as_their_text() {
    let json = one_statement(&format!(r#"{ALL},"Condition":{{"NumericLessThan":{{"a":[10,1.5,-3]}},"Bool":{{"b":true}}}}"#));
    let document = Document::parse(&json).unwrap();
    let values: Vec<_> = document.statements[0].conditions.iter().map(|condition| condition.values.clone()).collect();
    assert_eq!(values, [vec!["10", "1.5", "-3"], vec!["true"]]);
}

#[test]
fn an_operator_is_read_with_its_qualifier_and_suffix() {
    let operator = Operator::from_name("ForAnyValue:stringLikeIfExists").unwrap();
    assert_eq!(operator, Operator { qualifier: Some(Qualifier::ForAnyValue), test: Test::StringLike, if_exists: true });
    assert_eq!(Operator::from_name("IfExists"), None);
    assert_eq!(Operator::from_name("é"), None);
}

#[test]
fn text_without_escapes_is_borrowed_and_text_with_them_is_read_right() {
    let json = one_statement(r#""Effect":"Allow","Action":["s3:Get*","iam:\u0050assRole"],"Resource":"*""#);
    let document = Document::parse(&json).unwrap();
    let actions = &document.statements[0].actions.values;
    assert!(matches!(actions[0], Cow::Borrowed("s3:Get*")) && actions[1] == "iam:PassRole");
}

#[test]
fn only_what_begins_with_a_percent_sign_is_decoded() {
    assert_eq!(plain("%7B%22a%22%3A%22%2525%22%7D").unwrap(), r#"{"a":"%25"}"#);
    assert_eq!(plain(r#"{"a":"%25"}"#).unwrap(), r#"{"a":"%25"}"#);
    assert!(matches!(plain("%FF"), Err(DocumentError::Encoding)));
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in r#"[{}\[\]",:A-Za-z*\\ 0-9]{0,80}"#) {
        let _ = Document::parse(&text);
    }
}
