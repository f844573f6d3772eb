//! How the kinds of policies are put together.

use super::principal::{Kind, Naming, named, spares, spares_account};
use super::statement::applies;
use super::truth::Truth;
use super::{Answer, Deciding, Layer, Policies, Request, Verdict, arns};
use crate::arn::begins_with;
use crate::document::{Document, Effect, Principals};

/// What the layers come to.
pub(super) struct Outcome {
    /// Whether everything that has to grant the request does.
    granted: Truth,
    /// Whether a statement refuses it.
    refused: Truth,
    /// The statements that apply, or may.
    applied: Vec<Applied>,
}

struct Applied {
    place: Deciding,
    effect: Effect,
    truth: Truth,
    /// Whether it counts as a reason for an allowed request.
    grants: bool,
}

impl Outcome {
    /// The answer that takes as granted what is `enough`: true alone, or unknown too.
    pub(super) fn answer(&self, enough: Truth) -> Answer {
        // What is enough to grant is not needed to refuse, and the other way about.
        let refusing = if enough == Truth::True { Truth::Unknown } else { Truth::True };
        let reasons = |effect, threshold| {
            let counts = move |applied: &&Applied| applied.effect == effect && applied.truth >= threshold;
            let counts = self.applied.iter().filter(counts).filter(move |applied| effect == Effect::Deny || applied.grants);
            counts.map(|applied| applied.place).collect()
        };
        if self.refused >= refusing {
            Answer { verdict: Verdict::ExplicitDeny, decided_by: reasons(Effect::Deny, refusing) }
        } else if self.granted >= enough {
            Answer { verdict: Verdict::Allowed, decided_by: reasons(Effect::Allow, enough) }
        } else {
            Answer { verdict: Verdict::ImplicitDeny, decided_by: Vec::new() }
        }
    }
}

/// Weighs all layers (items 19 to 22 of `docs/evaluation.md`).
pub(super) fn weigh(request: &Request<'_>, policies: &Policies<'_, '_>) -> Outcome {
    let who = request.who.kind();
    let mut weighing = Weighing { request, applied: Vec::new(), refused: Truth::False };
    if who != Kind::Anonymous && request.action.eq_ignore_ascii_case("sts:GetCallerIdentity") {
        // Asks for no permission, and no policy can refuse it (AWS STS API reference, `GetCallerIdentity`).
        return Outcome { granted: Truth::True, refused: Truth::False, applied: Vec::new() };
    }
    let bounded = matches!(who, Kind::User | Kind::Role | Kind::ServiceLinkedRole | Kind::Session | Kind::FederatedUser);
    let identity = match who {
        // No policy of the account binds its root user, an organization's does.
        Kind::Root => Truth::True,
        _ if bounded => weighing.documents(policies.identity, Layer::Identity),
        _ => Truth::False,
    };
    let mut limit = |documents: &[Document<'_>], layer| {
        if bounded && !documents.is_empty() { weighing.documents(documents, layer) } else { Truth::True }
    };
    let boundary = limit(policies.boundary, Layer::Boundary);
    let session = match who {
        // "If you do not pass any session policies, the federated user session has no permissions" but those of a resource's policy that
        // names it (AWS STS API reference, `GetFederationToken`).
        Kind::FederatedUser if policies.session.is_empty() => Truth::False,
        _ => limit(policies.session, Layer::Session),
    };
    let mut organization = Truth::True;
    if (bounded && who != Kind::ServiceLinkedRole) || who == Kind::Root {
        for (level, documents) in policies.service_control.iter().enumerate() {
            organization = organization & weighing.documents(documents, Layer::ServiceControl(level));
        }
    }
    if who != Kind::ServiceLinkedRole {
        for (level, documents) in policies.resource_control.iter().enumerate() {
            // `RCPFullAWSAccess` is always attached: these can only refuse.
            weighing.documents(documents, Layer::ResourceControl(level));
        }
    }
    let bounded_by_policy = bounded && !policies.boundary.is_empty();
    let resource = policies.resource.map_or(ResourceSays::NOTHING, |document| weighing.resource(document, bounded_by_policy));

    let limited = boundary & session;
    let inside = same_account(request);
    let delegates = Delegation::of(request, policies.resource.is_some()).holds(resource.account);
    let granted = match who {
        Kind::Outside | Kind::Anonymous => resource.itself,
        _ if inside => {
            let directly = resource.itself | (resource.origin & limited);
            (identity & limited & delegates) | directly
        }
        _ => identity & limited & (resource.itself | resource.origin | resource.account),
    };
    let explicit = !inside || Delegation::of(request, policies.resource.is_some()) == Delegation::Stated;
    for applied in &mut weighing.applied {
        applied.grants = match applied.place.layer {
            Layer::Identity => who != Kind::Outside,
            Layer::Resource => applied.grants || explicit,
            _ => false,
        };
    }
    let granted = if unremediable(request) { Truth::False } else { granted };
    Outcome { granted: granted & organization, refused: weighing.refused, applied: weighing.applied }
}

struct Weighing<'r, 'a> {
    request: &'r Request<'a>,
    applied: Vec<Applied>,
    refused: Truth,
}

/// What a resource's policy allows, by how closely it names the requester.
struct ResourceSays {
    account: Truth,
    origin: Truth,
    itself: Truth,
}

impl ResourceSays {
    const NOTHING: Self = Self { account: Truth::False, origin: Truth::False, itself: Truth::False };
}

impl Weighing<'_, '_> {
    /// Whether any document of a layer that names nobody allows the request.
    fn documents(&mut self, documents: &[Document<'_>], layer: Layer) -> Truth {
        let mut allowed = Truth::False;
        for (policy, document) in documents.iter().enumerate() {
            for (statement, written) in document.statements.iter().enumerate() {
                let truth = applies(written, document.version, self.request);
                if truth == Truth::False {
                    continue;
                }
                match written.effect {
                    Effect::Allow => allowed = allowed | truth,
                    Effect::Deny => self.refused = self.refused | truth,
                }
                let place = Deciding { layer, policy, statement };
                self.applied.push(Applied { place, effect: written.effect, truth, grants: true });
            }
        }
        allowed
    }

    /// What the resource's policy says to this requester.
    fn resource(&mut self, document: &Document<'_>, bounded: bool) -> ResourceSays {
        let mut says = ResourceSays::NOTHING;
        for (statement, written) in document.statements.iter().enumerate() {
            let (mut names, naming) = named(&written.principals, &self.request.who, self.request.reading);
            // "The NotPrincipal element with a Deny effect will always deny any IAM principal that has a permissions boundary attached"
            // (IAM user guide, "Permissions boundaries for IAM entities"). Whoever is not listed is denied, though their account or role is.
            if written.effect == Effect::Deny
                && let Principals::AllBut(spared) = &written.principals
            {
                if bounded || !spares(spared, &self.request.who) {
                    names = Truth::True;
                } else if names == Truth::False && !spares_account(spared, &self.request.who) {
                    // Who is spared without their account might be denied all the same (IAM user guide, "NotPrincipal with Deny").
                    names = self.request.reading.disputed(true);
                }
            }
            if names == Truth::False {
                continue;
            }
            let truth = names & applies(written, document.version, self.request);
            if truth == Truth::False {
                continue;
            }
            match (written.effect, naming) {
                (Effect::Deny, _) => self.refused = self.refused | truth,
                (Effect::Allow, Naming::Account) => says.account = says.account | truth,
                (Effect::Allow, Naming::Origin) => says.origin = says.origin | truth,
                (Effect::Allow, Naming::Itself) => says.itself = says.itself | truth,
            }
            let place = Deciding { layer: Layer::Resource, policy: 0, statement };
            self.applied.push(Applied { place, effect: written.effect, truth, grants: naming != Naming::Account });
        }
        says
    }
}

/// Whether the resource is in the requester's own account.
fn same_account(request: &Request<'_>) -> bool {
    let in_arn = || arns::segments(request.resource).map(|[_, _, _, _, account, _]| account).filter(|account| !account.is_empty());
    request.resource_account.or_else(in_arn).is_none_or(|owner| owner == request.who.account())
}

/// Who in the resource's account lets identity policies decide.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Delegation {
    /// Everybody in the account, of itself.
    Implied,
    /// Only who is told by the resource's policy that names the account: roles, by their trust policies, and KMS keys (item 21).
    Stated,
}

impl Delegation {
    fn of(request: &Request<'_>, has_policy: bool) -> Self {
        let service = request.action.split_once(':').map_or("", |(service, _)| service);
        let is_key = || arns::segments(request.resource).is_some_and(|[.., own]| own.starts_with("key/"));
        let stated = (service.eq_ignore_ascii_case("sts") && has_policy) || (service.eq_ignore_ascii_case("kms") && is_key());
        if stated { Self::Stated } else { Self::Implied }
    }

    const fn holds(self, account_named: Truth) -> Truth {
        match self {
            Self::Implied => Truth::True,
            Self::Stated => account_named,
        }
    }
}

/// What AWS lets nobody do, whatever the policies say: change its own managed policies, the roles under `aws-reserved`, and the aliases of its
/// own keys; assume a role as root (IAM user guide, "AWS managed policies"; IAM Identity Center user guide, "Referencing permission sets";
/// AWS KMS developer guide, "Aliases"; AWS STS API reference, `AssumeRole`).
fn unremediable(request: &Request<'_>) -> bool {
    let Some((service, name)) = request.action.split_once(':') else {
        return false;
    };
    let is =
        |wanted_service: &str, wanted_name: &str| service.eq_ignore_ascii_case(wanted_service) && name.eq_ignore_ascii_case(wanted_name);
    if request.who.kind() == Kind::Root && is("sts", "AssumeRole") {
        return true;
    }
    let (account, own) = match arns::segments(request.resource) {
        Some([_, _, "kms", .., own]) => {
            return own.starts_with("alias/aws/") && ["CreateAlias", "DeleteAlias", "UpdateAlias"].iter().any(|name| is("kms", name));
        }
        Some([_, _, "iam", _, account, own]) => (account, own),
        _ => return false,
    };
    let changes = |verbs: &[&str]| verbs.iter().any(|verb| begins_with(name, verb));
    let policy = account == "aws" && own.starts_with("policy/");
    let role = own.starts_with("role/aws-reserved/");
    service.eq_ignore_ascii_case("iam")
        && ((policy && changes(&["Create", "Delete", "SetDefault", "Tag", "Untag"]))
            || (role && changes(&["Attach", "Create", "Delete", "Detach", "Pass", "Put", "Tag", "Untag", "Update"])))
}
