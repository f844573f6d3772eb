//! A trail logs changes to IAM: without one, `EventBridge` gets none of them.

use aws_sdk_cloudtrail::Client;
use aws_sdk_cloudtrail::types::{AdvancedEventSelector, AdvancedFieldSelector, EventSelector, ReadWriteType, Trail};
use policy::text::{name, said};
use remedy::{AwsCall, Failure, Named as _};

use super::report::Report;

const CHECK: &str = "trail";
const TO_DO: &str = "log management events, reads or not, in a trail of this account or its organization: CreateTrail=true makes one, \
                     `aws cloudtrail start-logging` starts one that is there";

/// What of IAM's write calls a trail logs.
#[derive(Debug, Eq, PartialEq)]
enum Logs {
    /// All of them.
    All,
    /// Perhaps not all of them; why.
    Some(String),
    /// None; why.
    None(String),
}

/// Looks for a trail that logs the calls that change IAM, and whose events reach this region.
pub async fn check(client: &Client, region: &str, report: &mut Report) -> Result<(), AwsCall> {
    let trails = client.describe_trails().include_shadow_trails(true).send().await.named("cloudtrail:DescribeTrails", &"")?;
    let (mut doubtful, mut none) = (Vec::new(), Vec::new());
    for trail in trails.trail_list() {
        let named = format!("trail {}", name(trail.name().unwrap_or_default()));
        match logs(client, trail, region).await {
            Ok(Logs::All) => {
                let whose = if trail.is_organization_trail() == Some(true) { ", the organization's," } else { "" };
                report.ok(CHECK, format!("{named}{whose} logs every call that changes IAM"));
                return Ok(());
            }
            Ok(Logs::Some(why)) => doubtful.push(format!("{named} {why}")),
            Ok(Logs::None(why)) => none.push(format!("{named} {why}")),
            // Another trail may do; and what an organization's trail logs, a member may not be allowed to know.
            Err(call) => {
                doubtful.push(format!("{named} could not be looked at: {} failed: {}", call.call, said(&call.message)));
                if call.failure == Failure::AccessDenied {
                    report.unseen(&named, Err::<(), _>(call));
                }
            }
        }
    }
    if doubtful.is_empty() {
        none.push("no other trail reaches this region".to_owned());
        report.fail(CHECK, none.join("; "), TO_DO);
    } else {
        doubtful.extend(none);
        report.warn(CHECK, doubtful.join("; "), TO_DO);
    }
    Ok(())
}

async fn logs(client: &Client, trail: &Trail, region: &str) -> Result<Logs, AwsCall> {
    if trail.home_region() != Some(region) && trail.is_multi_region_trail() != Some(true) {
        return Ok(Logs::None("logs another region".to_owned()));
    }
    if trail.include_global_service_events() == Some(false) {
        return Ok(Logs::None("leaves out global services, IAM among them".to_owned()));
    }
    let arn = trail.trail_arn().unwrap_or_default();
    let status = client.get_trail_status().name(arn).send().await.named("cloudtrail:GetTrailStatus of", &name(arn))?;
    if status.is_logging() != Some(true) {
        return Ok(Logs::None("is stopped".to_owned()));
    }
    let selectors = client.get_event_selectors().trail_name(arn).send().await.named("cloudtrail:GetEventSelectors of", &name(arn))?;
    let advanced = selectors.advanced_event_selectors();
    Ok(if advanced.is_empty() { classic(selectors.event_selectors()) } else { selected(advanced) })
}

/// What classic selectors let through. A trail without any logs all management events.
fn classic(selectors: &[EventSelector]) -> Logs {
    let excludes_iam =
        |selector: &EventSelector| selector.exclude_management_event_sources().iter().any(|source| source == "iam.amazonaws.com");
    let lets_through = |selector: &EventSelector| {
        selector.include_management_events() != Some(false)
            && matches!(selector.read_write_type(), None | Some(ReadWriteType::All | ReadWriteType::WriteOnly))
            && !excludes_iam(selector)
    };
    if selectors.is_empty() || selectors.iter().any(lets_through) {
        Logs::All
    } else {
        Logs::None("does not log management events that write".to_owned())
    }
}

/// What advanced selectors let through: an event that every field of one of them selects.
fn selected(selectors: &[AdvancedEventSelector]) -> Logs {
    let mut narrow = Vec::new();
    for selector in selectors {
        let mut depends = Vec::new();
        let lets_through = selector.field_selectors().iter().all(|field| match field.field() {
            "eventCategory" => selects(field, "Management"),
            "readOnly" => selects(field, "false"),
            "eventSource" => selects(field, "iam.amazonaws.com"),
            other => {
                depends.push(name(other));
                true
            }
        });
        match (lets_through, depends.is_empty()) {
            (true, true) => return Logs::All,
            (true, false) => narrow.extend(depends),
            (false, _) => {}
        }
    }
    if narrow.is_empty() {
        Logs::None("does not log management events that write".to_owned())
    } else {
        Logs::Some(format!("logs only some of the calls that change IAM: its selectors ask for {}", narrow.join(", ")))
    }
}

/// Whether every operator of a field selects the value; of an operator's values, one has to match, and of a negative one's, none may.
fn selects(field: &AdvancedFieldSelector, value: &str) -> bool {
    let any = |values: &[String], matches: fn(&str, &str) -> bool| values.iter().any(|wanted| matches(value, wanted));
    let wanted = |values: &[String], matches| values.is_empty() || any(values, matches);
    wanted(field.equals(), |value, wanted| value == wanted)
        && wanted(field.starts_with(), |value, wanted| value.starts_with(wanted))
        && wanted(field.ends_with(), |value, wanted| value.ends_with(wanted))
        && !any(field.not_equals(), |value, wanted| value == wanted)
        && !any(field.not_starts_with(), |value, wanted| value.starts_with(wanted))
        && !any(field.not_ends_with(), |value, wanted| value.ends_with(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(name: &str, operator: &str, value: &str) -> AdvancedFieldSelector {
        let field = AdvancedFieldSelector::builder().field(name);
        let field = match operator {
            "Equals" => field.equals(value),
            "NotEquals" => field.not_equals(value),
            "StartsWith" => field.starts_with(value),
            "NotStartsWith" => field.not_starts_with(value),
            "EndsWith" => field.ends_with(value),
            _ => field.not_ends_with(value),
        };
        field.build().unwrap()
    }

    fn advanced(fields: &[(&str, &str, &str)]) -> AdvancedEventSelector {
        let fields = fields.iter().map(|(name, operator, value)| field(name, operator, value)).collect();
        AdvancedEventSelector::builder().set_field_selectors(Some(fields)).build().unwrap()
    }

    #[test]
    fn classic_selectors_log_writes_to_iam_unless_they_say_otherwise() {
        let selector = EventSelector::builder;
        assert_eq!(classic(&[]), Logs::All);
        for all in [
            selector(),
            selector().read_write_type(ReadWriteType::WriteOnly),
            selector().exclude_management_event_sources("kms.amazonaws.com"),
        ] {
            assert_eq!(classic(&[all.build()]), Logs::All);
        }
        for none in [
            selector().include_management_events(false),
            selector().read_write_type(ReadWriteType::ReadOnly),
            selector().exclude_management_event_sources("iam.amazonaws.com"),
        ] {
            let none = none.build();
            assert!(matches!(classic(std::slice::from_ref(&none)), Logs::None(_)), "{none:?}");
            assert_eq!(classic(&[none, selector().build()]), Logs::All, "one selector of several is enough");
        }
    }

    #[test]
    fn an_advanced_selector_logs_what_all_of_its_fields_select() {
        let management = ("eventCategory", "Equals", "Management");
        for all in [
            &[management][..],
            &[management, ("readOnly", "Equals", "false")],
            &[management, ("eventSource", "NotEquals", "kms.amazonaws.com")],
            &[management, ("eventSource", "StartsWith", "iam.")],
            &[management, ("eventSource", "NotEndsWith", ".example")],
        ] {
            assert_eq!(selected(&[advanced(all)]), Logs::All, "{all:?}");
        }
        for none in [
            &[("eventCategory", "Equals", "Data")][..],
            &[management, ("readOnly", "Equals", "true")],
            &[management, ("eventSource", "NotEquals", "iam.amazonaws.com")],
            &[management, ("eventSource", "NotStartsWith", "iam.")],
            &[management, ("eventSource", "EndsWith", ".example")],
        ] {
            assert!(matches!(selected(&[advanced(none)]), Logs::None(_)), "{none:?}");
            assert_eq!(selected(&[advanced(none), advanced(&[management])]), Logs::All, "one selector of several is enough");
        }
    }

    #[test]
    fn a_field_that_events_differ_in_lets_only_some_of_them_through() {
        let narrow = advanced(&[("eventCategory", "Equals", "Management"), ("eventName", "NotEquals", "AttachUserPolicy")]);
        assert!(matches!(selected(&[narrow]), Logs::Some(why) if why.ends_with("ask for eventName")));
    }
}
