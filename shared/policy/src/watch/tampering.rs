//! Calls that could blind or silence Rescind: on the trail, on AWS's sensors, and on Rescind's own parts.

use super::Subject::Account;
use super::{OWN_PART, Part, Row, WATCH_TAMPERING};
use crate::action::Action;
use crate::change;
use crate::own::PartKind;
use crate::remedy::Remedy;
use crate::severity::Severity::{self, Critical, High, Low};

/// What CloudTrail records, and where.
const fn trail(name: &'static str, severity: Severity, sentence: &'static str) -> Row {
    row("cloudtrail.amazonaws.com", name, "trail", severity, sentence, None)
}

/// What people do with findings every day: it is recorded, and nobody is notified.
const fn recorded(name: &'static str, sentence: &'static str) -> Row {
    Row { severity: None, ..row("securityhub.amazonaws.com", name, "sensor", Low, sentence, None) }
}

const fn row(
    source: &'static str,
    name: &'static str,
    group: &'static str,
    severity: Severity,
    sentence: &'static str,
    part: Option<Part>,
) -> Row {
    let action = Action::noticed(name, source, WATCH_TAMPERING, change::read_noticed);
    Row { action, group, subject: Account, sentence, severity: Some(severity), part }
}

/// One that is switched on again.
const fn remedied(row: Row) -> Row {
    Row { action: row.action.answered_by(&[Remedy::WatchTampering]), ..row }
}

macro_rules! sensor {
    ($function:ident, $source:literal) => {
        const fn $function(name: &'static str, severity: Severity, sentence: &'static str) -> Row {
            row($source, name, "sensor", severity, sentence, None)
        }
    };
}

macro_rules! own {
    ($function:ident, $source:literal, $kind:ident) => {
        /// A call on one of Rescind's own parts, which the first of these parameters names that the call has.
        const fn $function(name: &'static str, parameters: &'static [&'static str], sentence: &'static str) -> Row {
            row($source, name, OWN_PART, Critical, sentence, Some(Part { kind: PartKind::$kind, parameters }))
        }
    };
}

sensor!(config, "config.amazonaws.com");
sensor!(guardduty, "guardduty.amazonaws.com");
sensor!(securityhub, "securityhub.amazonaws.com");
sensor!(analyzer, "access-analyzer.amazonaws.com");
own!(rule, "events.amazonaws.com", Rule);
own!(function, "lambda.amazonaws.com", Function);
own!(layer, "lambda.amazonaws.com", Layer);
own!(topic, "sns.amazonaws.com", Topic);
own!(queue, "sqs.amazonaws.com", Queue);
own!(key, "kms.amazonaws.com", Key);
own!(log, "logs.amazonaws.com", LogGroup);
own!(alarm, "monitoring.amazonaws.com", Alarm);
own!(ledger, "dynamodb.amazonaws.com", Table);
own!(stack, "cloudformation.amazonaws.com", Stack);
own!(schedule, "scheduler.amazonaws.com", Schedule);

pub static ROWS: &[Row] = &[
    remedied(Row {
        part: Some(Part { kind: PartKind::Trail, parameters: &["name"] }),
        ..trail("cloudtrail:StopLogging", Critical, "trail {name} no longer logs")
    }),
    trail("cloudtrail:DeleteTrail", Critical, "trail {name} was deleted"),
    trail("cloudtrail:UpdateTrail", High, "trail {name} was changed to: {*}"),
    trail("cloudtrail:PutEventSelectors", High, "trail {trailName} logs other events: {eventSelectors} {advancedEventSelectors}"),
    trail("cloudtrail:PutInsightSelectors", High, "trail {trailName} analyses other events: {insightSelectors}"),
    trail("cloudtrail:CreateTrail", Low, "trail {name} was created"),
    trail("cloudtrail:StartLogging", Low, "trail {name} logs"),
    trail("cloudtrail:DeleteEventDataStore", Critical, "event data store {eventDataStore} was deleted"),
    trail("cloudtrail:StopEventDataStoreIngestion", Critical, "event data store {eventDataStore} takes no more events"),
    config("config:StopConfigurationRecorder", High, "AWS Config no longer records: recorder {configurationRecorderName}"),
    config("config:DeleteConfigurationRecorder", High, "AWS Config's recorder {configurationRecorderName} was deleted"),
    config("config:DeleteDeliveryChannel", High, "AWS Config's delivery channel {deliveryChannelName} was deleted"),
    config("config:PutDeliveryChannel", High, "AWS Config delivers elsewhere: {deliveryChannel}"),
    config("config:DeleteConfigRule", High, "AWS Config rule {configRuleName} was deleted"),
    config("config:DeleteOrganizationConfigRule", High, "AWS Config rule {organizationConfigRuleName} of the organization was deleted"),
    config("config:DeleteConformancePack", High, "conformance pack {conformancePackName} was deleted"),
    config("config:DeleteRetentionConfiguration", High, "AWS Config's retention {retentionConfigurationName} was deleted"),
    config("config:DeleteRemediationConfiguration", High, "the remediation of AWS Config rule {configRuleName} was deleted"),
    config("config:DeleteConfigurationAggregator", High, "AWS Config's aggregator {configurationAggregatorName} was deleted"),
    guardduty("guardduty:DeleteDetector", Critical, "GuardDuty's detector {detectorId} was deleted: it finds nothing more"),
    guardduty("guardduty:UpdateDetector", High, "GuardDuty's detector {detectorId} was changed to: {*}"),
    guardduty("guardduty:CreateFilter", High, "GuardDuty's filter {name} was created, with action {action}: ARCHIVE hides findings"),
    guardduty("guardduty:CreateIPSet", High, "GuardDuty finds nothing from the addresses of list {name}: {location}"),
    guardduty("guardduty:UpdateIPSet", High, "GuardDuty's list of trusted addresses {ipSetId} was changed: {location}"),
    guardduty("guardduty:CreateThreatIntelSet", High, "GuardDuty takes threats from list {name}: {location}"),
    guardduty("guardduty:UpdateThreatIntelSet", High, "GuardDuty's list of threats {threatIntelSetId} was changed: {location}"),
    guardduty("guardduty:DeleteMembers", High, "accounts {accountIds} were removed from GuardDuty"),
    guardduty("guardduty:DisassociateMembers", High, "accounts {accountIds} left GuardDuty's administrator"),
    guardduty("guardduty:DisassociateFromAdministratorAccount", High, "this account left GuardDuty's administrator"),
    guardduty("guardduty:DisassociateFromMasterAccount", High, "this account left GuardDuty's administrator"),
    guardduty("guardduty:StopMonitoringMembers", High, "GuardDuty no longer watches accounts {accountIds}"),
    guardduty("guardduty:DeleteInvitations", High, "invitations of GuardDuty from accounts {accountIds} were deleted"),
    guardduty("guardduty:DeletePublishingDestination", High, "GuardDuty no longer sends its findings to destination {destinationId}"),
    securityhub("securityhub:DisableSecurityHub", Critical, "Security Hub was disabled"),
    securityhub("securityhub:BatchDisableStandards", High, "standards of Security Hub were disabled: {standardsSubscriptionArns}"),
    // Ordinary triage.
    recorded("securityhub:BatchUpdateFindings", "findings of Security Hub were updated: {*}"),
    recorded("securityhub:UpdateFindings", "findings of Security Hub were updated: {*}"),
    securityhub("securityhub:DeleteInsight", Low, "insight {insightArn} of Security Hub was deleted"),
    securityhub("securityhub:UpdateInsight", Low, "insight {insightArn} of Security Hub was changed"),
    analyzer("access-analyzer:DeleteAnalyzer", High, "IAM Access Analyzer {analyzerName} was deleted"),
    analyzer("access-analyzer:CreateArchiveRule", High, "IAM Access Analyzer {analyzerName} hides findings by rule {ruleName}: {filter}"),
    remedied(rule("events:DisableRule", &["name"], "Rescind's rule {name} was disabled: its function gets no events")),
    rule("events:DeleteRule", &["name"], "Rescind's rule {name} was deleted: its function gets no events"),
    rule("events:PutRule", &["name"], "Rescind's rule {name} was changed to: {*}"),
    rule("events:PutTargets", &["rule"], "Rescind's rule {rule} delivers elsewhere: {targets}"),
    rule("events:RemoveTargets", &["rule"], "Rescind's rule {rule} no longer delivers to {ids}"),
    function("lambda:UpdateFunctionCode", &["functionName"], "the code of Rescind's function {functionName} was replaced"),
    function("lambda:UpdateFunctionConfiguration", &["functionName"], "Rescind's function {functionName} was configured: {*}"),
    function(
        "lambda:PutFunctionConcurrency",
        &["functionName"],
        "Rescind's function {functionName} may run {reservedConcurrentExecutions} at a time: 0 switches it off",
    ),
    function(
        "lambda:PutFunctionEventInvokeConfig",
        &["functionName"],
        "Rescind's function {functionName} retries, or reports failures, otherwise: {*}",
    ),
    function(
        "lambda:UpdateFunctionEventInvokeConfig",
        &["functionName"],
        "Rescind's function {functionName} retries, or reports failures, otherwise: {*}",
    ),
    function(
        "lambda:DeleteFunctionEventInvokeConfig",
        &["functionName"],
        "Rescind's function {functionName} no longer reports its failures",
    ),
    function("lambda:AddPermission", &["functionName"], "{principal} may do {action} with Rescind's function {functionName}"),
    function(
        "lambda:RemovePermission",
        &["functionName"],
        "permission {statementId} on Rescind's function {functionName} was removed: its rule cannot invoke it",
    ),
    function("lambda:DeleteFunction", &["functionName"], "Rescind's function {functionName} was deleted"),
    function(
        "lambda:UpdateEventSourceMapping",
        &["functionName"],
        "the queue that feeds Rescind's function {functionName} was reconfigured: {*}",
    ),
    function("lambda:DeleteEventSourceMapping", &["functionName"], "the queue no longer feeds Rescind's function {functionName}"),
    layer("lambda:DeleteLayerVersion", &["layerName"], "a version of Rescind's rulebook layer {layerName} was deleted"),
    layer("lambda:PublishLayerVersion", &["layerName"], "another version of Rescind's rulebook layer {layerName} was published"),
    topic("sns:SetTopicAttributes", &["topicArn"], "attribute {attributeName} of Rescind's topic {topicArn} was set"),
    topic("sns:DeleteTopic", &["topicArn"], "Rescind's topic {topicArn} was deleted: nobody gets its messages"),
    topic("sns:RemovePermission", &["topicArn"], "permission {label} on Rescind's topic {topicArn} was removed"),
    topic("sns:AddPermission", &["topicArn"], "permission {label} on Rescind's topic {topicArn} was given"),
    topic("sns:Subscribe", &["topicArn"], "{endpoint} subscribed to Rescind's topic {topicArn} with {protocol}"),
    topic("sns:Unsubscribe", &["subscriptionArn"], "subscription {subscriptionArn} to Rescind's topic was ended"),
    topic(
        "sns:SetSubscriptionAttributes",
        &["subscriptionArn"],
        "attribute {attributeName} of subscription {subscriptionArn} to Rescind's topic was set: a filter can hide its messages",
    ),
    queue("sqs:DeleteQueue", &["queueUrl"], "Rescind's queue {queueUrl} was deleted: events that fail are lost"),
    queue("sqs:PurgeQueue", &["queueUrl"], "Rescind's queue {queueUrl} was emptied: the events in it are lost"),
    queue("sqs:SetQueueAttributes", &["queueUrl"], "Rescind's queue {queueUrl} was configured: {attributes}"),
    queue("sqs:AddPermission", &["queueUrl"], "permission {label} on Rescind's queue {queueUrl} was given"),
    queue("sqs:RemovePermission", &["queueUrl"], "permission {label} on Rescind's queue {queueUrl} was removed"),
    key("kms:PutKeyPolicy", &["keyId"], "the policy of Rescind's key {keyId} was replaced"),
    key("kms:DisableKey", &["keyId"], "Rescind's key {keyId} was disabled: no notice can be sent"),
    key("kms:ScheduleKeyDeletion", &["keyId"], "Rescind's key {keyId} is to be deleted: no notice can be sent"),
    key("kms:CreateGrant", &["keyId"], "{granteePrincipal} was granted {operations} with Rescind's key {keyId}"),
    key("kms:RevokeGrant", &["keyId"], "a grant on Rescind's key {keyId} was revoked"),
    log("logs:DeleteLogGroup", &["logGroupName"], "Rescind's log group {logGroupName} was deleted"),
    log("logs:DeleteLogStream", &["logGroupName"], "log stream {logStreamName} of Rescind's log group was deleted"),
    log("logs:PutRetentionPolicy", &["logGroupName"], "Rescind's log group {logGroupName} keeps {retentionInDays} days"),
    log("logs:DeleteRetentionPolicy", &["logGroupName"], "Rescind's log group {logGroupName} keeps everything"),
    alarm("monitoring:DeleteAlarms", &["alarmNames"], "alarms of Rescind were deleted: {alarmNames}"),
    alarm("monitoring:DisableAlarmActions", &["alarmNames"], "alarms of Rescind no longer notify anybody: {alarmNames}"),
    alarm("monitoring:SetAlarmState", &["alarmName"], "Rescind's alarm {alarmName} was set to {stateValue} by hand: {stateReason}"),
    alarm("monitoring:PutMetricAlarm", &["alarmName"], "Rescind's alarm {alarmName} was changed"),
    ledger("dynamodb:DeleteTable", &["tableName"], "Rescind's ledger {tableName} was deleted"),
    ledger("dynamodb:UpdateTable", &["tableName"], "Rescind's ledger {tableName} was changed: {*}"),
    ledger(
        "dynamodb:UpdateContinuousBackups",
        &["tableName"],
        "the backups of Rescind's ledger {tableName} were configured: {pointInTimeRecoverySpecification}",
    ),
    ledger(
        "dynamodb:UpdateTimeToLive",
        &["tableName"],
        "how long Rescind's ledger {tableName} keeps its items was changed: {timeToLiveSpecification}",
    ),
    ledger("dynamodb:PutResourcePolicy", &["resourceArn"], "the policy of Rescind's ledger {resourceArn} was replaced"),
    ledger("dynamodb:DeleteResourcePolicy", &["resourceArn"], "the policy of Rescind's ledger {resourceArn} was deleted"),
    stack("cloudformation:CreateChangeSet", &["stackName"], "a change of Rescind's stack {stackName} was prepared"),
    stack(
        "cloudformation:ExecuteChangeSet",
        &["stackName", "changeSetName"],
        "Rescind's stack is being changed, by change set {changeSetName}",
    ),
    stack("cloudformation:UpdateStack", &["stackName"], "Rescind's stack {stackName} is being changed"),
    stack("cloudformation:DeleteStack", &["stackName"], "Rescind's stack {stackName} is being deleted"),
    stack("cloudformation:SetStackPolicy", &["stackName"], "the policy that protects Rescind's stack {stackName} was replaced"),
    schedule("scheduler:UpdateSchedule", &["name"], "Rescind's schedule {name} was changed: the heartbeat may stop"),
    schedule("scheduler:DeleteSchedule", &["name"], "Rescind's schedule {name} was deleted: the heartbeat stops"),
];
