//! Bad specs and what is said of each: `tests/spec/NAME.yaml` (or `.json`) in, `NAME.yaml.txt` out.
//!
//! A new case is a new file. `UPDATE=1 cargo test spec::` writes what is said now; read the difference before
//! committing it.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;

use rictl::diagnostic::Diagnostics;
use rictl::render::diagnostic::{DrawStyle, write};
use rictl::spec::{Spec, SpecFile, parse};

use crate::golden;

fn drawn(parsed: Result<Spec, Diagnostics>) -> io::Result<String> {
    let (verdict, diagnostics) = match parsed {
        Ok(spec) => ("valid\n", Diagnostics { sources: spec.sources, findings: spec.warnings }),
        Err(diagnostics) => ("", diagnostics),
    };
    let mut out = verdict.as_bytes().to_vec();
    write(&mut out, &diagnostics, DrawStyle::default())?;
    String::from_utf8(out).map_err(io::Error::other)
}

#[test]
fn says_of_each_spec_what_stands_beside_it() -> io::Result<()> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/spec");
    let names = fs::read_dir(&directory)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let names = names.collect::<io::Result<BTreeSet<String>>>()?;
    let mut failures = Vec::new();
    for name in names.into_iter().filter(|name| !name.ends_with(".txt")) {
        let bytes = fs::read(directory.join(&name))?;
        let said = drawn(parse(vec![SpecFile { name: name.clone(), bytes }]))?;
        let golden = directory.join(format!("{name}.txt"));
        if golden::updates() {
            fs::write(&golden, &said)?;
        } else if fs::read_to_string(&golden).ok().as_deref() != Some(&said) {
            failures.push(format!("{name}:\n{said}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    Ok(())
}
