//! What Rescind judges: API calls, findings, and whatever lifts a quarantine. One line each.
//!
//! A line says which source records it, how it is read, which function reports it (makes the case if there is no remedy to make one), and
//! which remedies can answer it.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::LazyLock;

use crate::actor::{Actor, SIGN_IN};
use crate::change::{self, Call, Claim, Unread};
use crate::credential::CredentialKind::{AccessKey, ServiceSpecificCredential, SigningCertificate, SshPublicKey};
use crate::finding;
use crate::record::{Event, reads};
use crate::remedy::Remedy::{
    self, DeleteInlinePolicy, DetachEverywhere, DetachPolicy, QuarantineKey, QuarantinePrincipal, RemoveGroupMember, RemoveLogin,
    RestoreGuard, RestorePasswordPolicy, RestorePolicyVersion, RestoreTrust,
};
use crate::target::IdentityKind::{Group, Role, User};
use crate::watch::{self, WATCH, WATCH_TAMPERING};

/// Reads what a call or finding changed.
type Read = fn(&Call<'_>) -> Result<Vec<Claim>, Unread>;

/// One thing that Rescind judges.
pub struct Action {
    /// Its name in the Cedar schema: of an API call, the call's own.
    pub name: &'static str,
    /// The service, as CloudTrail's `eventSource` names it.
    pub source: &'static str,
    /// The function that makes the case if there is no remedy to make one.
    pub reporter: &'static str,
    /// The remedies that can answer it.
    pub remedies: &'static [Remedy],
    kind: Kind,
    read: Read,
}

/// How an event is recognised as an action.
enum Kind {
    /// By the name of the call.
    Call,
    /// By the service that made the finding.
    Finding,
    /// By what the parameters of a call say, whichever call it is. Such a line goes before those that know the call by its name.
    Parameters(fn(&Event) -> bool),
    /// As any change to IAM: whether it changes a part of Rescind, guardrails ask.
    AnyChange,
    /// As a change to IAM that no line knows.
    UnknownChange,
    /// By its actor, the root user, if the function that watches reports nothing else of it.
    ByRoot,
}

const IAM: &str = "iam.amazonaws.com";
/// Those that contain the actor or switch off the actor's key, whatever the change was.
const OF_ACTOR: [Remedy; 2] = [QuarantineKey, QuarantinePrincipal];

/// The functions that make cases: one for each remedy, and the one that only watches.
pub fn functions() -> impl Iterator<Item = &'static str> {
    Remedy::ALL.iter().map(|remedy| remedy.name()).chain([WATCH])
}

const fn iam(name: &'static str, read: Read, reporter: Remedy, remedies: &'static [Remedy]) -> Action {
    Action { name, source: IAM, reporter: reporter.name(), remedies, kind: Kind::Call, read }
}

const fn renamed(name: &'static str, read: Read) -> Action {
    Action { name, source: IAM, reporter: WATCH, remedies: &OF_ACTOR, kind: Kind::Call, read }
}

const fn finding(name: &'static str, source: &'static str) -> Action {
    Action { name, source, reporter: QuarantineKey.name(), remedies: &OF_ACTOR, kind: Kind::Finding, read: finding::claims }
}

/// A call, whatever its name, that by its parameters may take away what contains somebody.
const fn lift(name: &'static str, says: fn(&Event) -> bool, read: Read, reporter: Remedy, remedies: &'static [Remedy]) -> Action {
    Action { name, source: IAM, reporter: reporter.name(), remedies, kind: Kind::Parameters(says), read }
}

const ATTACHED: &[Remedy] = &[DetachPolicy, QuarantineKey, QuarantinePrincipal];
const PUT: &[Remedy] = &[DeleteInlinePolicy, QuarantineKey, QuarantinePrincipal];
const VERSION: &[Remedy] = &[RestorePolicyVersion, DetachEverywhere, QuarantineKey, QuarantinePrincipal];
const LOGIN: &[Remedy] = &[RemoveLogin, QuarantineKey, QuarantinePrincipal];
const PASSWORD_POLICY: &[Remedy] = &[RestorePasswordPolicy, QuarantineKey, QuarantinePrincipal];
const REMOVED: &[Remedy] = &[RestoreGuard, QuarantineKey, QuarantinePrincipal];
const JOINED: &[Remedy] = &[RemoveGroupMember, QuarantineKey, QuarantinePrincipal];

const TRUSTED: &[Remedy] = &[RestoreTrust, QuarantineKey, QuarantinePrincipal];

const fn started(name: &'static str) -> Action {
    Action { name, source: "sts.amazonaws.com", reporter: WATCH, remedies: &[], kind: Kind::Call, read: change::read_session_started }
}

/// Every action that has a remedy or a context of its own, in the order of the schema. The others stand in [`crate::watch`].
pub static ACTIONS: &[Action] = &[
    iam("AttachUserPolicy", |call| change::read_policy_attached(User, call), DetachPolicy, ATTACHED),
    iam("AttachGroupPolicy", |call| change::read_policy_attached(Group, call), DetachPolicy, ATTACHED),
    iam("AttachRolePolicy", |call| change::read_policy_attached(Role, call), DetachPolicy, ATTACHED),
    iam("PutUserPolicy", |call| change::read_inline_policy_put(User, call), DeleteInlinePolicy, PUT),
    iam("PutGroupPolicy", |call| change::read_inline_policy_put(Group, call), DeleteInlinePolicy, PUT),
    iam("PutRolePolicy", |call| change::read_inline_policy_put(Role, call), DeleteInlinePolicy, PUT),
    iam("CreatePolicyVersion", change::read_policy_version_created, RestorePolicyVersion, VERSION),
    iam("SetDefaultPolicyVersion", change::read_default_version_set, RestorePolicyVersion, VERSION),
    // Nobody holds a policy that is new, so nothing is taken back.
    iam("CreatePolicy", change::read_policy_created, RestorePolicyVersion, &OF_ACTOR),
    iam("AddUserToGroup", change::read_group_joined, RemoveGroupMember, JOINED),
    iam("CreateRole", |call| change::read_trust_changed(true, call), RestoreTrust, TRUSTED),
    iam("UpdateAssumeRolePolicy", |call| change::read_trust_changed(false, call), RestoreTrust, TRUSTED),
    // What it changes cannot be read back from the record, so nothing is taken back.
    iam("UpdateOpenIDConnectProvider", change::read_provider_updated, RestoreTrust, &OF_ACTOR),
    iam("CreateLoginProfile", change::read_password_created, RemoveLogin, LOGIN),
    iam("UpdateLoginProfile", change::read_password_reset, RemoveLogin, LOGIN),
    iam("DeactivateMFADevice", change::read_mfa_deactivated, RemoveLogin, LOGIN),
    iam("EnableMFADevice", change::read_mfa_enabled, RemoveLogin, LOGIN),
    lift("LiftMfaDenial", change::lifts_mfa_denial, change::read_mfa_denial_lifted, RemoveLogin, LOGIN),
    iam("UpdateAccountPasswordPolicy", change::read_password_policy_updated, RestorePasswordPolicy, PASSWORD_POLICY),
    iam("DeleteAccountPasswordPolicy", change::read_password_policy_deleted, RestorePasswordPolicy, PASSWORD_POLICY),
    iam("DetachUserPolicy", |call| change::read_policy_detached(User, call), RestoreGuard, REMOVED),
    iam("DetachGroupPolicy", |call| change::read_policy_detached(Group, call), RestoreGuard, REMOVED),
    iam("DetachRolePolicy", |call| change::read_policy_detached(Role, call), RestoreGuard, REMOVED),
    iam("DeleteUserPolicy", |call| change::read_inline_policy_deleted(User, call), RestoreGuard, REMOVED),
    iam("DeleteGroupPolicy", |call| change::read_inline_policy_deleted(Group, call), RestoreGuard, REMOVED),
    iam("DeleteRolePolicy", |call| change::read_inline_policy_deleted(Role, call), RestoreGuard, REMOVED),
    iam("PutUserPermissionsBoundary", |call| change::read_boundary_put(User, call), RestoreGuard, REMOVED),
    iam("PutRolePermissionsBoundary", |call| change::read_boundary_put(Role, call), RestoreGuard, REMOVED),
    iam("DeleteUserPermissionsBoundary", |call| change::read_boundary_deleted(User, call), RestoreGuard, REMOVED),
    iam("DeleteRolePermissionsBoundary", |call| change::read_boundary_deleted(Role, call), RestoreGuard, REMOVED),
    iam("RemoveUserFromGroup", change::read_group_left, RestoreGuard, REMOVED),
    renamed("UpdateUser", |call| change::read_renamed(User, call)),
    renamed("UpdateGroup", |call| change::read_renamed(Group, call)),
    iam("CreateAccessKey", |call| change::read_created(AccessKey, call), QuarantineKey, &OF_ACTOR),
    iam("UpdateAccessKey", |call| change::read_activated(AccessKey, call), QuarantineKey, &OF_ACTOR),
    iam("UploadSSHPublicKey", |call| change::read_created(SshPublicKey, call), QuarantineKey, &OF_ACTOR),
    iam("UpdateSSHPublicKey", |call| change::read_activated(SshPublicKey, call), QuarantineKey, &OF_ACTOR),
    iam("UploadSigningCertificate", |call| change::read_created(SigningCertificate, call), QuarantineKey, &OF_ACTOR),
    iam("UpdateSigningCertificate", |call| change::read_activated(SigningCertificate, call), QuarantineKey, &OF_ACTOR),
    iam("CreateServiceSpecificCredential", |call| change::read_created(ServiceSpecificCredential, call), QuarantineKey, &OF_ACTOR),
    iam("ResetServiceSpecificCredential", |call| change::read_reset(ServiceSpecificCredential, call), QuarantineKey, &OF_ACTOR),
    iam("UpdateServiceSpecificCredential", |call| change::read_activated(ServiceSpecificCredential, call), QuarantineKey, &OF_ACTOR),
    finding("HealthEvent", "health.amazonaws.com"),
    finding("GuardDutyFinding", "guardduty.amazonaws.com"),
    // Findings of any other service: reported, never acted on.
    finding("SecurityFinding", "securityhub.amazonaws.com"),
    Action { name: "signin:ConsoleLogin", source: SIGN_IN, reporter: WATCH, remedies: &[], kind: Kind::Call, read: change::read_signed_in },
    started("sts:AssumeRole"),
    started("sts:AssumeRoleWithSAML"),
    started("sts:AssumeRoleWithWebIdentity"),
    started("sts:AssumeRoot"),
    started("sts:GetFederationToken"),
    started("sts:GetSessionToken"),
    lift("LiftQuarantine", change::takes_quarantine_away, change::read_quarantine_lifted, QuarantinePrincipal, &[QuarantinePrincipal]),
];

/// What a call does that does several things at once, each as the action that does it alone. So a guardrail on the one call holds for the other.
static PARTS: &[(&str, Action)] = &[
    (change::ACQUIRE_ROLE, iam("CreateRole", change::read_acquired_trusted, RestoreTrust, TRUSTED)),
    (change::ACQUIRE_ROLE, iam("AttachRolePolicy", change::read_acquired_attached, DetachPolicy, ATTACHED)),
    (change::ACQUIRE_ROLE, iam("PutRolePolicy", change::read_acquired_put, DeleteInlinePolicy, PUT)),
];

/// What everything of the root user's is that the function that watches reports nothing else of.
const ROOT_USED: &str = "RootUsed";
/// A change to IAM that no line knows.
const UNKNOWN_CHANGE: &str = "UnknownChange";

impl Action {
    /// Every action.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        ACTIONS.iter().chain(watch::rows().map(|row| &row.action))
    }

    /// A call that is reported and not taken back.
    pub(crate) const fn noticed(name: &'static str, source: &'static str, reporter: &'static str, read: Read) -> Self {
        let remedies: &[Remedy] = if matches!(source.as_bytes(), b"iam.amazonaws.com") { &OF_ACTOR } else { &[] };
        Self { name, source, reporter, remedies, kind: Kind::Call, read }
    }

    /// The same with remedies that answer it.
    pub(crate) const fn answered_by(self, remedies: &'static [Remedy]) -> Self {
        Self { remedies, ..self }
    }

    /// Any change to IAM, if it is made on one of Rescind's own roles or policies.
    pub(crate) const fn on_own_roles(name: &'static str, read: Read) -> Self {
        Self { name, source: IAM, reporter: WATCH_TAMPERING, remedies: &[], kind: Kind::AnyChange, read }
    }

    /// A change to IAM that no other action is.
    pub(crate) const fn unknown_change(read: Read) -> Self {
        Self { name: UNKNOWN_CHANGE, source: IAM, reporter: WATCH, remedies: &OF_ACTOR, kind: Kind::UnknownChange, read }
    }

    /// Whatever the root user does.
    pub(crate) const fn root_used(read: Read) -> Self {
        Self { name: ROOT_USED, source: "", reporter: WATCH, remedies: &[], kind: Kind::ByRoot, read }
    }

    /// The action with this name in the schema.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        Self::all().find(|action| action.name == name)
    }

    /// Whether it is recognised by the root user alone.
    pub(crate) const fn is_by_root(&self) -> bool {
        matches!(self.kind, Kind::ByRoot)
    }

    /// The name of the call: that of the action without the service.
    fn call(&self) -> &'static str {
        self.name.split_once(':').map_or(self.name, |(_, call)| call)
    }

    /// The actions of an event: none, one, or of a call that does several things at once one for each.
    #[must_use]
    pub fn of(event: &Event) -> Vec<&'static Self> {
        let record = &event.record;
        let (source, name) = (record.event_source.as_str(), record.event_name.as_str());
        if record.is_finding() {
            let by_service = ACTIONS.iter().find(|action| matches!(action.kind, Kind::Finding) && action.source == source);
            return by_service.or_else(|| Self::named("SecurityFinding")).into_iter().collect();
        }
        let name = if source == LAMBDA { without_version(name) } else { name };
        let of_source = || of_source(source);
        let mut actions: Vec<&'static Self> = Vec::new();
        if let Some(said) = of_source().find(|action| matches!(action.kind, Kind::Parameters(says) if says(event))) {
            actions.push(said);
        } else {
            actions.extend(PARTS.iter().filter(|(call, part)| *call == name && part.source == source).map(|(_, part)| part));
            actions.extend(of_source().filter(|action| matches!(action.kind, Kind::Call) && action.call() == name));
        }
        if source == IAM && !record.is_read() {
            if actions.is_empty() && !REPORTS.iter().any(|verb| name.starts_with(verb)) {
                actions.extend(Self::named(UNKNOWN_CHANGE));
            }
            actions.extend(of_source().filter(|action| matches!(action.kind, Kind::AnyChange)));
        }
        let is_root = record.user_identity.kind.as_deref() == Some("Root") && record.user_identity.invoked_by.is_none();
        if is_root && !record.is_read() && !actions.iter().any(|action| action.reporter == WATCH) {
            actions.extend(Self::named(ROOT_USED));
        }
        actions
    }

    /// The actions that a call of this name, of a service by its address, may be, whatever its parameters and whoever made it but the root user: all that
    /// [`Self::of`] finds are among them. So a record of which these are of no concern need not be read.
    pub fn candidates(source: &str, name: &str) -> impl Iterator<Item = &'static Self> {
        let name = if source == LAMBDA { without_version(name) } else { name };
        let changes = !reads(name);
        let parts = PARTS.iter().filter(move |(call, part)| *call == name && part.source == source).map(|(_, part)| part);
        parts.chain(of_source(source).filter(move |action| match action.kind {
            Kind::Call => action.call() == name,
            Kind::Parameters(_) | Kind::AnyChange | Kind::UnknownChange => changes,
            Kind::Finding | Kind::ByRoot => false,
        }))
    }

    /// The calls that do several things at once, each with the actions that its parts are.
    pub fn several() -> impl Iterator<Item = (&'static str, &'static Self)> {
        PARTS.iter().map(|(call, part)| (*call, part))
    }

    /// Whether a call of this name does several things at once.
    #[must_use]
    pub fn is_one_of_several(call: &str) -> bool {
        PARTS.iter().any(|(several, _)| *several == call)
    }

    /// That of a call which takes away what the ledger says contains somebody by this remedy; `None` if the remedy contains nobody.
    #[must_use]
    pub fn lift(remedy: Remedy) -> Option<&'static Self> {
        ACTIONS.iter().find(|action| matches!(action.kind, Kind::Parameters(_)) && action.reporter == remedy.name())
    }

    /// What an event of this action says: one claim for each credential that a finding names, none for a credential that was set inactive. What
    /// cannot be read is unknown: IAM may take more than Rescind knows of.
    #[must_use]
    pub fn claims(&self, event: &Event, actor: &Actor) -> Vec<Claim> {
        (self.read)(&Call { name: self.name, event, actor }).unwrap_or_else(|Unread(reason)| vec![Claim::Unknown(reason)])
    }
}

/// The actions of a service: every event is looked for among them several times.
fn of_source(source: &str) -> impl Iterator<Item = &'static Action> {
    static BY_SOURCE: LazyLock<HashMap<&'static str, Vec<&'static Action>>> = LazyLock::new(|| {
        let mut by_source: HashMap<_, Vec<_>> = HashMap::new();
        for action in Action::all() {
            by_source.entry(action.source).or_default().push(action);
        }
        by_source
    });
    BY_SOURCE.get(source).into_iter().flatten().copied()
}

/// How the names of IAM's calls begin that only report, although EventBridge delivers them like changes: `GenerateCredentialReport`,
/// `SimulatePrincipalPolicy` (IAM API reference).
const REPORTS: [&str; 2] = ["Generate", "Simulate"];
const LAMBDA: &str = "lambda.amazonaws.com";

/// Names of Lambda's calls end with the version of its API: `UpdateFunctionCode20150331v2`.
fn without_version(name: &str) -> &str {
    let is_digit = |c: char| c.is_ascii_digit();
    let without_number = name.trim_end_matches(is_digit);
    without_number.strip_suffix('v').map_or(without_number, |dated| dated.trim_end_matches(is_digit))
}

impl PartialEq for Action {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Action {}

impl Hash for Action {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl std::fmt::Debug for Action {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_that_no_line_knows_is_an_unknown_change_unless_it_only_reports() {
        let names = |name: &str| {
            let record = format!(
                r#"{{"eventTime":"2026-01-01T00:00:00Z","eventSource":"iam.amazonaws.com","eventName":"{name}","awsRegion":"us-east-1",
                    "recipientAccountId":"123456789012"}}"#
            );
            let actions = Action::of(&Event::from_envelope_or_record(&record).unwrap());
            actions.into_iter().map(|action| action.name).collect::<Vec<_>>()
        };
        assert_eq!(names("DoSomethingNew"), [UNKNOWN_CHANGE, watch::OWN_ROLE_CHANGED]);
        assert_eq!(names("GenerateCredentialReport"), [watch::OWN_ROLE_CHANGED]);
        assert_eq!(names("GetUser"), [""; 0]);
    }

    #[test]
    fn what_a_call_is_is_among_what_its_name_alone_says_it_may_be() {
        for sample in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../events")).unwrap() {
            let event = Event::from_envelope_or_record(&std::fs::read_to_string(sample.unwrap().path()).unwrap()).unwrap();
            let candidates: Vec<_> = Action::candidates(&event.record.event_source, &event.record.event_name).collect();
            let is_by_name = |action: &&&Action| !matches!(action.kind, Kind::Finding | Kind::ByRoot);
            for action in Action::of(&event).iter().filter(is_by_name) {
                assert!(candidates.contains(action), "{action:?} of {}", event.record.event_name);
            }
        }
        assert_eq!(
            Action::candidates("s3.amazonaws.com", "ListBuckets").count() + Action::candidates("iam.amazonaws.com", "GetRole").count(),
            0
        );
    }

    #[test]
    fn the_version_of_lambda_s_api_is_no_part_of_a_call_s_name() {
        for written in ["UpdateFunctionCode", "UpdateFunctionCode20150331", "UpdateFunctionCode20150331v2"] {
            assert_eq!(without_version(written), "UpdateFunctionCode");
        }
    }

    #[test]
    fn every_reporter_owns_a_remedy_that_can_answer() {
        // These are only reported: by the functions that judge the versions of a policy, and whom a role trusts; and by those that watch.
        let is_only_reported = |action: &&Action| {
            ["CreatePolicy", "UpdateOpenIDConnectProvider"].contains(&action.name) || [WATCH, WATCH_TAMPERING].contains(&action.reporter)
        };
        for action in ACTIONS.iter().filter(|action| !is_only_reported(action)) {
            assert!(action.remedies.iter().any(|remedy| remedy.name() == action.reporter), "{action:?}");
        }
    }

    #[test]
    fn every_remedy_answers_something() {
        for remedy in Remedy::ALL {
            assert!(Action::all().any(|action| action.remedies.contains(remedy)), "{}", remedy.name());
        }
    }

    #[test]
    fn what_a_call_does_among_other_things_has_the_reporter_and_the_remedies_of_the_call_that_does_it_alone() {
        for (call, part) in PARTS {
            let alone = Action::named(part.name).unwrap();
            assert_eq!((part.reporter, part.remedies), (alone.reporter, alone.remedies), "{part:?} of {call}");
        }
    }
}
