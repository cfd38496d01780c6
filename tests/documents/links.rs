//! Every link between documents is there, every page that a comment cites, and what CONTRIBUTING.md must name.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::repository;

/// The files below a directory of the repository whose names end so, without what was built or installed.
pub(super) fn files(directory: &Path, ending: &str) -> Vec<PathBuf> {
    let (mut open, mut found) = (vec![directory.to_owned()], Vec::new());
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(&directory).expect("a directory") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                if !name.starts_with('.') && name != "target" && name != "node_modules" {
                    open.push(path);
                }
            } else if name.ends_with(ending) {
                found.push(path);
            }
        }
    }
    found
}

/// Returns the anchor that a heading gets.
pub(super) fn anchor(heading: &str) -> String {
    let words = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = words.chars().filter(|letter| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_'));
    kept.map(|letter| if letter == ' ' { '-' } else { letter }).collect()
}

/// Returns whether a document has the anchor: one of its own, or the one that a heading gets.
fn has_anchor(document: &Path, wanted: &str) -> bool {
    let text = fs::read_to_string(document).expect("a document");
    text.contains(&format!("<a id=\"{wanted}\"></a>"))
        || text.lines().filter(|line| line.starts_with('#')).any(|heading| anchor(heading) == wanted)
}

/// Returns whether a file is there, and the anchor in it if one is named.
fn is_there(path: &Path, anchor: &str) -> bool {
    if anchor.is_empty() { path.exists() } else { path.is_file() && has_anchor(path, anchor) }
}

/// The words of a text that begin with `docs/` and name a page, with an anchor or without.
fn citations(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || "/._-#".contains(letter);
    let begins = text.match_indices("docs/").map(|(at, _)| at);
    let whole_words = begins.filter(move |at| !text[..*at].ends_with(is_part));
    let words = whole_words.map(move |at| {
        let rest = &text[at..];
        let word = &rest[..rest.find(|letter| !is_part(letter)).unwrap_or(rest.len())];
        word.trim_end_matches(['.', '-'])
    });
    words.filter(|word| word.contains(".md")).map(|word| word.split_once('#').unwrap_or((word, "")))
}

#[test]
fn every_link_between_documents_leads_somewhere() {
    let mut dead = Vec::new();
    for document in files(&repository(), ".md") {
        let text = fs::read_to_string(&document).expect("a document");
        let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for target in targets.filter(|target| !target.contains("://")) {
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let path = if file.is_empty() { document.clone() } else { document.with_file_name(file) };
            if !is_there(&path, anchor) {
                dead.push(format!("{}: {target}", document.display()));
            }
        }
    }
    assert!(dead.is_empty(), "links that lead nowhere:\n{}", dead.join("\n"));
}

#[test]
fn every_page_that_is_cited_is_there() {
    let (mut dead, mut count) = (Vec::new(), 0);
    let sources = ["src", "tests", "benches"].map(|directory| files(&repository().join(directory), ".rs")).concat();
    for source in [sources, files(&repository().join("docs"), ".md")].concat() {
        let text = fs::read_to_string(&source).expect("a text");
        for (file, anchor) in citations(&text) {
            count += 1;
            if !is_there(&repository().join(file), anchor) {
                dead.push(format!("{}: {file}#{anchor}", source.display()));
            }
        }
    }
    assert!(count > 30, "only {count} citations were found");
    assert!(dead.is_empty(), "citations that lead nowhere:\n{}", dead.join("\n"));
}

#[test]
fn comments_cite_nothing_that_a_reader_cannot_open() {
    let mut closed = Vec::new();
    for source in [files(&repository().join("src"), ".rs"), files(&repository().join("tests"), ".rs")].concat() {
        let text = fs::read_to_string(&source).expect("a text");
        for (number, line) in text.lines().enumerate().filter(|(_, line)| line.trim_start().starts_with("//")) {
            let cites = |word: &str| line.contains(word);
            if cites("(faults ") || cites("vpc-api") || cites("product.md") || cites(" \u{a7}") {
                closed.push(format!("{}:{}: {}", source.display(), number + 1, line.trim()));
            }
        }
    }
    assert!(closed.is_empty(), "cite docs/reference/...#anchor instead:\n{}", closed.join("\n"));
}

#[test]
fn the_way_of_one_word_names_files_that_are_there() {
    let page = fs::read_to_string(repository().join("docs/explanation/architecture.md")).expect("a page");
    let way = page.split("## The way of one word").nth(1).and_then(|rest| rest.split("\n## ").next()).expect("a way");
    let hops = way.lines().filter(|line| line.starts_with(|letter: char| letter.is_ascii_digit()));
    let named: Vec<&str> = hops.flat_map(|hop| hop.split('`').skip(1).step_by(2)).collect();
    let files: Vec<&str> = named.into_iter().filter(|word| word.ends_with(".rs")).collect();
    assert!(files.len() > 20, "the way is told without files");
    let gone: Vec<&str> = files.into_iter().filter(|file| !repository().join("src").join(file).is_file()).collect();
    assert!(gone.is_empty(), "docs/explanation/architecture.md tells the way of a word through {gone:?}");
}

#[test]
fn contributing_names_every_variable_that_tests_read() {
    let page = fs::read_to_string(repository().join("CONTRIBUTING.md")).expect("a page");
    let mut missing = Vec::new();
    for source in files(&repository().join("tests"), ".rs") {
        let text = fs::read_to_string(&source).expect("a text");
        for reader in ["env::var(\"", "env::var_os(\"", "= number(\""] {
            let names = text.split(reader).skip(1).filter_map(|rest| rest.split('"').next());
            let ours = names.filter(|name| !name.is_empty() && !["PATH", "HOME"].contains(name));
            missing.extend(
                ours.filter(|name| !page.contains(&format!("`{name}`")))
                    .map(|name| format!("{}: {name}", source.display())),
            );
        }
    }
    assert!(missing.is_empty(), "CONTRIBUTING.md does not name {missing:#?}");
}

/// The pages that a summary lists, in its order.
fn listed(summary: &str) -> Vec<&str> {
    summary.split("](").skip(1).filter_map(|rest| rest.split(')').next()).collect()
}

#[test]
fn the_summary_of_the_site_lists_every_page_once() {
    let docs = repository().join("docs");
    let summary = fs::read_to_string(docs.join("SUMMARY.md")).expect("a summary");
    let mut listed: Vec<PathBuf> = listed(&summary).into_iter().map(|page| docs.join(page)).collect();
    listed.sort();
    let mut pages = files(&docs, ".md");
    pages.retain(|page| !page.ends_with("SUMMARY.md"));
    pages.sort();
    assert_eq!(listed, pages);
}

#[test]
fn the_site_is_built_and_its_links_lead_somewhere() {
    if Command::new("mdbook").arg("--version").output().is_err() {
        println!("skipped: there is no mdbook here");
        return;
    }
    let output = tempfile::tempdir().expect("a temporary directory");
    let built = Command::new(repository().join("packaging/build-site")).arg(output.path()).output().expect("a shell");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    for page in ["index.html", "docs/index.html", "docs/pictures/drain.svg"] {
        assert!(output.path().join(page).is_file(), "the site has no {page}");
    }
}
