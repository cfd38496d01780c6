//! The way of one word through the house, as the architecture page tells it: each file is there, and each function in it.

use std::fs;

use super::repository;

#[test]
fn every_hop_of_the_architecture_page_is_a_function_that_is_there() {
    let page = fs::read_to_string(repository().join("docs/explanation/architecture.md")).expect("the page");
    let section = page.split("## The way of one word").nth(1).expect("the section");
    let section = section.split("\n## ").next().expect("its text");
    let hops: Vec<&str> =
        section.lines().filter(|line| line.starts_with(|first: char| first.is_ascii_digit())).collect();
    let missing: Vec<String> = hops.iter().flat_map(|hop| missing(hop)).collect();
    assert!(missing.is_empty(), "{}", missing.join("\n"));
    assert!(hops.len() < 40, "a word goes through {} hops", hops.len());
}

/// Lists what a hop names before its colons and is not there.
fn missing(hop: &str) -> Vec<String> {
    let mut missing = Vec::new();
    // What stands after a colon, or before a file, says what happens.
    for part in hop.split("; ") {
        let mut text = None;
        for name in part.split(": ").next().unwrap_or_default().split('`').skip(1).step_by(2) {
            if name.ends_with(".rs") {
                let file = repository().join("src").join(name);
                let mut of_file = fs::read_to_string(&file).unwrap_or_else(|_| {
                    missing.push(format!("src/{name} is not there: {hop}"));
                    String::new()
                });
                let folder = fs::read_dir(file.with_extension("")).into_iter().flatten().flatten();
                of_file.extend(folder.filter_map(|entry| fs::read_to_string(entry.path()).ok()));
                text = Some(of_file);
            } else if let Some(text) = &text
                && !has_function(text, name.rsplit("::").next().unwrap_or(name))
            {
                missing.push(format!("no function {name} there: {hop}"));
            }
        }
    }
    missing
}

fn has_function(text: &str, name: &str) -> bool {
    ['(', '<'].iter().any(|after| text.contains(&format!("fn {name}{after}")))
}
