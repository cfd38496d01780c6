//! The Chinese pages show what the English ones show: the same sections, commands, code and links.
//!
//! A heading of a Chinese page stands below the anchor of its English one (`<a id="drill-a-failover"></a>`): a link to a
//! section is the same in both languages, and what lacks can be named. Prose is not compared, but whatever it sets in code
//! (flags, keys, files) and where it leads to. What the commands print is compared where they are typed ([`super`]).

use std::collections::BTreeSet;
use std::fs;

use super::links::anchor;
use super::repository;

/// A page in both languages, as paths from the top of the repository.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) english: String,
    pub(super) chinese: String,
}

/// The pages that have to be there in Chinese: what a user reads first, each how-to, the API's error codes, and what is said in
/// which language.
pub(super) fn pages() -> Vec<Page> {
    let names = [
        "README.md",
        "docs/README.md",
        "docs/tutorial.md",
        "docs/how-to.md",
        "docs/reference/error-codes.md",
        "docs/reference/languages.md",
    ];
    let mut names = names.map(str::to_owned).to_vec();
    let how_to = fs::read_dir(repository().join("docs/how-to")).expect("the how-to pages");
    let files = how_to.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
    names.extend(files.filter(|name| name.ends_with(".md")).map(|name| format!("docs/how-to/{name}")));
    names.into_iter().map(|english| Page { chinese: in_chinese(&english), english }).collect()
}

fn in_chinese(english: &str) -> String {
    match english.strip_prefix("docs/") {
        Some(name) => format!("docs/zh-CN/{name}"),
        None => english.replace(".md", ".zh-CN.md"),
    }
}

/// What a section holds that is the same in every language.
#[derive(Debug, Default)]
struct Section {
    /// The anchor of its English heading; none at the top of the page.
    anchor: String,
    heading: String,
    line: usize,
    /// Commands, other blocks and the clock's times, in their order; comments are not part of a block of code.
    shown: Vec<String>,
    code: BTreeSet<String>,
    links: BTreeSet<String>,
}

/// What is read of a section, line by line.
#[derive(Default)]
struct Reading {
    sections: Vec<Section>,
    /// The block that is open: its language and what it shows.
    block: Option<(String, Vec<String>)>,
    prose: String,
    anchor: Option<String>,
}

impl Reading {
    fn section(&mut self) -> &mut Section {
        self.sections.last_mut().expect("the top of the page is one")
    }

    fn line(&mut self, number: usize, line: &str) {
        if let Some(language) = line.strip_prefix("```") {
            match self.block.take() {
                Some((language, shown)) if language == "console" => self.section().shown.extend(shown),
                Some((language, shown)) => self.section().shown.push(format!("```{language}\n{}", shown.join("\n"))),
                None => self.block = Some((language.to_owned(), Vec::new())),
            }
        } else if let Some((language, shown)) = &mut self.block {
            match language.as_str() {
                "console" => shown.extend(line.starts_with("$ ").then(|| line.to_owned())),
                "yaml" | "sh" => shown.push(line.split(" # ").next().unwrap_or_default().trim_end().to_owned()),
                _ => shown.push(line.to_owned()),
            }
        } else if let Some(heading) = line.strip_prefix("## ") {
            self.end_section();
            let anchor = self.anchor.take().unwrap_or_else(|| anchor(heading));
            self.sections.push(Section { anchor, heading: line.to_owned(), line: number, ..Section::default() });
        } else if let Some(rest) = line.strip_prefix("<a id=\"") {
            self.anchor = rest.split('"').next().map(str::to_owned);
        } else if line.starts_with("<!-- clock: ") {
            self.section().shown.push(line.to_owned());
        } else {
            self.prose.push_str(line);
            self.prose.push('\n');
        }
    }

    fn end_section(&mut self) {
        let prose = std::mem::take(&mut self.prose);
        let code = prose.split('`').skip(1).step_by(2);
        let code = code.map(|code| code.split_whitespace().collect::<Vec<_>>().join(" "));
        let links = prose.split("](").skip(1).filter_map(|rest| rest.split(')').next()).map(str::to_owned);
        let section = self.section();
        section.code = code.collect();
        section.links = links.collect();
    }
}

/// Reads the sections of a page whose links are relative to `name`; each link as the path that it leads to.
fn sections(name: &str, text: &str) -> Vec<Section> {
    let mut reading = Reading { sections: vec![Section { line: 1, ..Section::default() }], ..Reading::default() };
    for (number, line) in (1..).zip(text.lines()) {
        reading.line(number, line);
    }
    reading.end_section();
    for section in &mut reading.sections {
        section.links = section.links.iter().map(|link| leads_to(name, link)).collect();
    }
    reading.sections
}

/// Returns where a link of a page leads to, from the top of the repository.
fn leads_to(page: &str, link: &str) -> String {
    let (file, anchor) = link.split_once('#').map_or((link, String::new()), |(file, at)| (file, format!("#{at}")));
    if file.is_empty() || file.contains("://") {
        return format!("{}{anchor}", if file.is_empty() { page } else { file });
    }
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in file.split('/').filter(|part| !part.is_empty()) {
        if part == ".." {
            parts.pop();
        } else {
            parts.push(part);
        }
    }
    format!("{}{anchor}", parts.join("/"))
}

/// Returns where the link of an English page has to lead on its Chinese one.
fn in_chinese_if_there(link: &str, pages: &[Page]) -> String {
    let (file, anchor) = link.split_once('#').map_or((link, ""), |(file, _)| (file, &link[file.len()..]));
    let page = pages.iter().find(|page| page.english == file);
    page.map_or_else(|| link.to_owned(), |page| format!("{}{anchor}", page.chinese))
}

/// Lists what the Chinese text of a page has otherwise than its English one, each with its place.
fn differences(page: &Page, pages: &[Page], english: &str, chinese: &str) -> Vec<String> {
    let (mut ours, mut theirs) = (sections(&page.english, english), sections(&page.chinese, chinese));
    for section in &mut ours {
        section.links.remove(&page.chinese);
        section.links = section.links.iter().map(|link| in_chinese_if_there(link, pages)).collect();
    }
    for section in &mut theirs {
        section.links.remove(&page.english);
    }
    let mut found = Vec::new();
    let has = |sections: &[Section], anchor: &str| sections.iter().any(|section| section.anchor == anchor);
    for section in ours.iter().filter(|section| !has(&theirs, &section.anchor)) {
        let place = format!("{}:{}", page.english, section.line);
        found.push(format!("{} lacks the section {:?} ({place})", page.chinese, section.heading));
    }
    for section in theirs.iter().filter(|section| !has(&ours, &section.anchor)) {
        let place = format!("{}:{}", page.chinese, section.line);
        found.push(format!("{place}: {:?}: {} has no section #{}", section.heading, page.english, section.anchor));
    }
    if !found.is_empty() {
        return found;
    }
    for (ours, theirs) in ours.iter().zip(&theirs) {
        let place = format!("{}:{}: {:?}", page.chinese, theirs.line, theirs.heading);
        if ours.anchor != theirs.anchor {
            found.push(format!("{place} stands where the English page has {:?}", ours.heading));
            break;
        }
        found.extend(differences_of(ours, theirs).into_iter().map(|what| format!("{place} {what}")));
    }
    found
}

fn differences_of(ours: &Section, theirs: &Section) -> Vec<String> {
    let equal = ours.shown.iter().zip(&theirs.shown).take_while(|(ours, theirs)| ours == theirs).count();
    let shown = match (ours.shown.get(equal), theirs.shown.get(equal)) {
        (None, None) => None,
        (Some(ours), None) => Some(format!("lacks\n{ours}")),
        (None, Some(theirs)) => Some(format!("shows what the English one does not\n{theirs}")),
        (Some(ours), Some(theirs)) => Some(format!("shows\n{theirs}\n  where the English one has\n{ours}")),
    };
    let words = [("names", &ours.code, &theirs.code), ("leads to", &ours.links, &theirs.links)];
    let words = words.into_iter().flat_map(|(what, ours, theirs)| {
        let lacking = ours.difference(theirs).map(move |word| format!("never {what} `{word}`"));
        lacking.chain(theirs.difference(ours).map(move |word| format!("{what} `{word}`, and the English one does not")))
    });
    shown.into_iter().chain(words).collect()
}

#[test]
fn every_chinese_page_shows_what_its_english_one_shows() {
    let pages = pages();
    let mut found = Vec::new();
    for page in &pages {
        let read = |name: &str| fs::read_to_string(repository().join(name));
        let english = read(&page.english).expect("an English page");
        match read(&page.chinese) {
            Ok(chinese) => found.extend(differences(page, &pages, &english, &chinese)),
            Err(error) => found.push(format!("{}: {error}", page.chinese)),
        }
    }
    assert!(found.is_empty(), "the Chinese pages are not what the English ones are:\n{}", found.join("\n"));
}

#[test]
fn every_chinese_page_names_its_english_one_first_and_the_readmes_each_other() {
    let mut silent = Vec::new();
    let pages = pages();
    let to_english = pages.iter().map(|page| (&page.chinese, &page.english));
    let readmes = pages.iter().filter(|page| page.english.ends_with("README.md"));
    for (name, other) in to_english.chain(readmes.map(|page| (&page.english, &page.chinese))) {
        let text = fs::read_to_string(repository().join(name)).expect("a page");
        let first: Vec<&str> = text.lines().take(5).collect();
        if !sections(name, &first.join("\n"))[0].links.contains(other) {
            silent.push(format!("{name} does not lead to {other} in its first lines"));
        }
    }
    assert!(silent.is_empty(), "{}", silent.join("\n"));
}

#[test]
fn nothing_in_chinese_has_lost_its_english_page() {
    let known: BTreeSet<String> = pages().into_iter().map(|page| page.chinese).collect();
    let written = super::links::files(&repository().join("docs/zh-CN"), ".md");
    let names = written.iter().map(|path| path.strip_prefix(repository()).expect("below it").to_string_lossy());
    let lost: Vec<_> = names.filter(|name| !known.contains(name.as_ref())).collect();
    assert!(lost.is_empty(), "no English page is there to compare these with: {lost:?}");
}

/// What is found between two texts of the tutorial, which leads to the how-to.
fn found_between(english: &str, chinese: &str) -> Vec<String> {
    let pages =
        ["docs/tutorial.md", "docs/how-to.md"].map(|name| Page { english: name.to_owned(), chinese: in_chinese(name) });
    differences(&pages[0], &pages, english, chinese)
}

const ENGLISH: &str = "# A\n\n## Do it\n\n<!-- clock: 2026-12-01T15:00:30+08:00 -->\n\nBy `plan`, as [b](how-to.md) \
                       and [c](c/x.yaml) say:\n\n```console\n$ rictl plan\nNo changes.\n```\n\n## Undo it\n\nNever.\n";
const CHINESE: &str = "# 甲\n\n[English](../tutorial.md)\n\n<a id=\"do-it\"></a>\n\n## 做\n\n<!-- clock: 2026-12-01T15:00:30+08:00 \
                       -->\n\n用 `plan`，见 [b](how-to.md) 和 [c](../c/x.yaml)：\n\n```console\n$ rictl plan\n...\n```\n\n<a \
                       id=\"undo-it\"></a>\n\n## 不做\n\n绝不。\n";

#[test]
fn what_lacks_in_chinese_is_named_with_its_place() {
    assert_eq!(found_between(ENGLISH, CHINESE), Vec::<String>::new());
    let without_section = CHINESE.split("<a id=\"undo-it\"").next().expect("a beginning");
    let lacks = "docs/zh-CN/tutorial.md lacks the section \"## Undo it\" (docs/tutorial.md:14)";
    assert_eq!(found_between(ENGLISH, without_section), [lacks]);
    let place = "docs/zh-CN/tutorial.md:7: \"## 做\"";
    let cases = [
        ("$ rictl plan\n", "", "lacks\n$ rictl plan"),
        ("rictl plan\n", "rictl apply\n", "shows\n$ rictl apply\n  where the English one has\n$ rictl plan"),
        ("15:00:30", "16:00:30", "shows\n<!-- clock: 2026-12-01T16:00:30+08:00 -->\n  where"),
        ("用 `plan`", "用计划", "never names `plan`"),
        ("(how-to.md)", "(../how-to.md)", "never leads to `docs/zh-CN/how-to.md`"),
        ("(../c/x.yaml)", "(c/x.yaml)", "never leads to `docs/c/x.yaml`"),
    ];
    for (from, to, said) in cases {
        let found = found_between(ENGLISH, &CHINESE.replace(from, to));
        let expected = format!("{place} {said}");
        assert!(found.first().is_some_and(|first| first.starts_with(&expected)), "{from} -> {to}: {found:?}");
    }
}
