//! Picks the root certificates of Amazon Trust Services out of Mozilla's set, so that a function trusts those and no others, and does
//! not parse a hundred certificates at each cold start (3.5 ms of CPU for a system's whole store).

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

/// The roots that chain every AWS endpoint of the `aws` partition (Amazon Trust Services, "Certification Authorities").
const SUBJECTS: [&str; 5] =
    ["Amazon Root CA 1", "Amazon Root CA 2", "Amazon Root CA 3", "Amazon Root CA 4", "Starfield Services Root Certificate Authority - G2"];

fn main() -> Result<(), Box<dyn Error>> {
    let mut pem = String::new();
    for subject in SUBJECTS {
        let named = |der: &[u8]| der.windows(subject.len()).any(|window| window == subject.as_bytes());
        let root = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().find(|der| named(der));
        let root = root.ok_or_else(|| format!("{subject} is no longer among Mozilla's roots"))?;
        pem.push_str("-----BEGIN CERTIFICATE-----\n");
        pem.push_str(&BASE64_STANDARD.encode(root));
        pem.push_str("\n-----END CERTIFICATE-----\n");
    }
    let out = PathBuf::from(env::var("OUT_DIR")?).join("amazon-roots.pem");
    fs::write(out, pem)?;
    println!("cargo::rerun-if-changed=build.rs");
    Ok(())
}
