//! Any text as a policy document: reading and judging it neither panics nor hangs, what is definite is possible, and a deny never grants.

#![no_main]

use libfuzzer_sys::fuzz_target;
use policy::capability::{Capability, Grants, Holdings, RequestContext, Sure, why};
use policy::document::{Document, Effect, plain};

fuzz_target!(|text: &str| {
    let Ok(plain) = plain(text) else { return };
    let Ok(document) = Document::parse(&plain) else { return };
    let grants = Grants::of_document(&document);
    assert!(grants.capabilities(Sure::Definite).all(|capability| grants.has(capability, Sure::Possible)), "definite and not possible");
    for capability in Capability::ALL {
        std::hint::black_box(why(&Holdings::one(&document, RequestContext::default()), capability));
    }

    let mut denies = document.clone();
    denies.statements.iter_mut().for_each(|statement| statement.effect = Effect::Deny);
    assert_eq!(Grants::of_document(&denies).capabilities(Sure::Possible).next(), None, "a deny grants");

    let mut more = document.clone();
    more.statements.extend(denies.statements.into_iter().take(1));
    let less = Grants::of_document(&more);
    for sure in [Sure::Definite, Sure::Possible] {
        assert!(less.capabilities(sure).all(|capability| grants.has(capability, sure)), "a deny adds");
    }

    let mut reversed = document.clone();
    reversed.statements.reverse();
    assert_eq!(Grants::of_document(&reversed), grants, "the order of statements counts");
});
