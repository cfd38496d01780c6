//! Every block of shell in every page is run, as it is printed; and every command that a page names in passing is one of the grammar.
//!
//! Pages that show what commands print (`console`) are followed by [`super::transcript`]; the others by [`run`], each block in a
//! directory that [`settings`] makes for it. What cannot be run here stands on one list there, with its reason, and does nothing.
//! A Chinese page has the blocks of its English one ([`super::languages`]), so it is not run again.

mod run;
mod settings;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;

use clap::error::ErrorKind;

use super::languages;
use super::links::files;
use super::repository;
use settings::SETTINGS;

/// The languages of blocks that somebody types into a shell; `cron` is typed into a crontab.
const SHELLS: [&str; 10] =
    ["sh", "bash", "zsh", "fish", "shell", "console", "shell-session", "terminal", "powershell", "cron"];

/// A fenced block of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Block {
    page: String,
    line: usize,
    language: String,
    text: String,
}

impl Block {
    fn first(&self) -> &str {
        self.text.lines().next().unwrap_or_default()
    }

    fn is_shell(&self) -> bool {
        SHELLS.contains(&self.language.as_str())
    }
}

/// Returns the blocks of a page, and the page without them.
fn blocks(page: &str, text: &str) -> (Vec<Block>, String) {
    let (mut blocks, mut prose) = (Vec::new(), String::new());
    let mut open: Option<(String, Block)> = None;
    for (number, line) in (1..).zip(text.lines()) {
        let begins = line.trim_start_matches([' ', '>']);
        match open.take() {
            Some((fence, block)) if begins.trim_end() == fence => blocks.push(block),
            Some((fence, mut block)) => {
                block.text.push_str(line);
                block.text.push('\n');
                open = Some((fence, block));
            }
            None => match ['`', '~'].into_iter().find(|mark| begins.starts_with(&mark.to_string().repeat(3))) {
                Some(mark) => {
                    let fence: String = begins.chars().take_while(|letter| *letter == mark).collect();
                    let language = begins[fence.len()..].split_whitespace().next().unwrap_or_default().to_lowercase();
                    let page = page.to_owned();
                    open = Some((fence, Block { page, line: number, language, text: String::new() }));
                }
                None => {
                    prose.push_str(line);
                    prose.push('\n');
                }
            },
        }
    }
    assert!(open.is_none(), "{page}: a block is not closed");
    (blocks, prose)
}

/// The pages of the repository, by their names: what was measured and what changed once is no page to type from.
fn pages() -> Vec<(String, String)> {
    let all = files(&repository(), ".md").into_iter().map(|path| {
        let name = path.strip_prefix(repository()).expect("below it").to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).expect("a page");
        (name, text)
    });
    all.filter(|(name, _)| !name.starts_with("docs/receipts/") && name != "CHANGELOG.md").collect()
}

/// Returns whether the console blocks of a page are typed, and what they print compared, by [`super`].
fn is_followed(page: &str) -> bool {
    let is_how_to = page.starts_with("docs/how-to/") || page.starts_with("docs/zh-CN/how-to/");
    let is_example = page.starts_with("examples/") && repository().join(page).with_file_name("rictl.yaml").exists();
    is_how_to || is_example || ["docs/tutorial.md", "docs/zh-CN/tutorial.md"].contains(&page)
}

/// Returns what the grammar says against a line, as words; a pipe, a redirection or a comment ends the command.
fn refused(line: &str) -> Option<clap::Error> {
    let quoted = line.split(['\'', '"']).enumerate().flat_map(|(number, piece)| match number % 2 {
        0 => piece.split_whitespace().collect::<Vec<_>>(),
        _ => vec![piece],
    });
    let words = quoted.take_while(|word| !["|", ">", "<", "#", "&", "&&", "||", ";"].contains(word));
    rictl::cli::read(words.map(OsString::from)).err()
}

#[test]
fn every_block_of_shell_is_run_or_followed() {
    let chinese: BTreeSet<String> = languages::pages().into_iter().map(|page| page.chinese).collect();
    let (mut wrong, mut unused) =
        (Vec::new(), SETTINGS.iter().map(|setting| (setting.page, setting.first)).collect::<BTreeSet<_>>());
    let mut count = 0;
    for (page, text) in pages() {
        for block in blocks(&page, &text).0 {
            let at = format!("{page}:{}", block.line);
            if !block.is_shell() {
                let typed = block.text.lines().find(|line| line.starts_with("rictl ") && refused(line).is_none());
                wrong.extend(typed.map(|line| format!("{at}: `{line}` can be typed: write the block as `sh`")));
            } else if block.language == "console" {
                count += 1;
                wrong.extend((!is_followed(&page)).then(|| format!("{at}: nobody follows what this page shows")));
            } else if !chinese.contains(&page) {
                count += 1;
                let setting = SETTINGS.iter().find(|setting| setting.is_of(&block));
                match setting {
                    Some(setting) => drop(unused.remove(&(setting.page, setting.first))),
                    None => wrong.push(format!("{at}: no setting runs this block: {}", block.first())),
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(unused.is_empty(), "settings of no block: {unused:?}");
    assert!(run::gone().is_empty(), "the list has what is not in the repository: {:?}", run::gone());
    assert!(count > 60, "only {count} blocks of shell were found");
}

#[test]
fn every_block_of_shell_does_what_it_is_there_for() {
    if !run::can_run() {
        return;
    }
    let pages = pages();
    let of_page = |name: &str| pages.iter().find(|(page, _)| page == name).map(|(page, text)| blocks(page, text).0);
    let failed = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for setting in SETTINGS {
            let block = of_page(setting.page).into_iter().flatten().find(|block| setting.is_of(block));
            let Some(block) = block else { continue };
            let failed = &failed;
            scope.spawn(move || failed.lock().expect("no test panics").extend(run::run(setting, &block)));
        }
    });
    let failed = failed.into_inner().expect("no test panics");
    assert!(failed.is_empty(), "blocks that do not go as they are printed:\n{}", failed.join("\n"));
}

#[test]
fn every_command_that_a_page_names_is_one() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for (page, text) in pages().into_iter().filter(|(page, _)| page != "docs/reference/commands.md") {
        let (_, prose) = blocks(&page, &text);
        for paragraph in prose.split("\n\n") {
            let spans = paragraph.split('`').skip(1).step_by(2).filter(|span| span.starts_with("rictl "));
            for span in spans.filter(|span| !span.contains(['[', '|', '\u{2026}', '{']) && !span.contains("...")) {
                count += 1;
                // What stands for something else, such as RUN_ID, is no value that it takes.
                let grave = [ErrorKind::UnknownArgument, ErrorKind::InvalidSubcommand];
                let error = refused(span).filter(|error| grave.contains(&error.kind()));
                wrong.extend(error.map(|error| {
                    format!("{page}: `{span}`: {}", error.to_string().lines().next().unwrap_or_default())
                }));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 100, "only {count} commands were found");
}

#[test]
fn blocks_are_found_wherever_they_stand() {
    let text = "a\n\n  ```sh title\n  x\n  ```\n> ~~~~ Bash\n> ```\n> ~~~~\n```\n$ y\n```\n";
    let found: Vec<(usize, String, String)> =
        blocks("p", text).0.into_iter().map(|block| (block.line, block.language, block.text)).collect();
    let expected = [(3, "sh", "  x\n"), (6, "bash", "> ```\n"), (9, "", "$ y\n")];
    assert_eq!(found, expected.map(|(line, language, text)| (line, language.to_owned(), text.to_owned())));
    assert!(refused("rictl plan --outt FILE").is_some() && refused("rictl state mov x").is_some());
    assert!(refused("rictl plan --out FILE # x").is_none() && refused("rictl plan --json | jq -r .x").is_none());
}
