//! Any text as a trust policy: reading it and cutting principals out of it neither panics nor hangs. Exactly those are gone that were asked for, and
//! the rest is trusted as before.

#![no_main]

use std::collections::BTreeSet;

use libfuzzer_sys::fuzz_target;
use policy::document::Document;
use policy::trust::{self, Kind, Trusted};

/// What is compared: no two of these lists need have the same order.
fn named(trusted: &[Trusted]) -> BTreeSet<String> {
    trusted.iter().map(|trusted| format!("{trusted:?}")).collect()
}

fuzz_target!(|text: &str| {
    let Ok(before) = trust::trusted(text) else { return };
    // None, each second one, and all.
    for step in [usize::MAX, 2, 1] {
        let gone: Vec<&Trusted> = before.iter().enumerate().filter(|(place, _)| (place + 1) % step == 0).map(|(_, trusted)| trusted).collect();
        let edited = trust::without(text, |trusted| gone.contains(&trusted)).expect("what can be read can be edited");
        if edited.removed.is_empty() && edited.deleted.is_empty() {
            assert_eq!(edited.text, text, "nothing goes, and the text is another one");
        }
        Document::parse(&edited.text).expect("what stays is a policy");
        let after = trust::trusted(&edited.text).expect("whom it trusts can be read");
        let stay = before.iter().filter(|trusted| !gone.contains(trusted) && trusted.principal.kind() != Kind::Deleted);
        assert_eq!(named(&after), named(&stay.cloned().collect::<Vec<_>>()), "{}", edited.text);
        assert_eq!(trust::saveable(&edited.text), edited.text, "what IAM saves is saved as it is");
    }
});
