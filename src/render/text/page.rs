//! A [`Page`] on a terminal or in a pipe: facts, sections, and last what it comes to, beside the prompt.

use std::io::{self, Write};

use super::{Line, Screen, Tone, View, and_more, columns_of};
use crate::language::say;
use crate::render::page::changes::{Block, Changes, Extent, GroupRow, Kind, MOST_AT_LENGTH, Wave};
use crate::render::page::findings::Finding;
use crate::render::page::steps::StepRow;
use crate::render::page::{Body, Entry, Fact, Lead, Page, Place, Section};
use crate::render::phrase::Phrase;

/// The most lines that the table of groups takes before the links of its rows are cut.
const MOST_LINES: usize = 40;

/// The cells of a row of the table of groups.
const GROUP_CELLS: usize = 5;

/// The most steps of a wave that are named where lists are cut.
const NAMED_STEPS: usize = 8;

/// How much a table of steps tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Steps {
    /// How each ended: the rest is in the history.
    Brief,
    /// Everything that is recorded of each.
    Whole,
}

/// Writes a page.
pub(crate) fn page<W: Write + ?Sized>(out: &mut W, page: &Page, steps: Steps, view: View) -> io::Result<()> {
    let mut screen = Screen::new(out, view);
    head(&mut screen, &page.facts)?;
    let mut before = Lead::Nothing;
    for section in &page.sections {
        let continues = |lead| matches!(lead, Lead::Labels { .. });
        let is_shown = !matches!(&section.body, Body::List(entries) if entries.iter().all(|entry| entry.is_repeated));
        if !is_shown {
            continue;
        }
        if !(continues(before) && continues(section.lead)) {
            screen.blank()?;
        }
        before = section.lead;
        self::section(&mut screen, section, steps)?;
    }
    screen.blank()?;
    foot(&mut screen, page)
}

fn head<W: Write + ?Sized>(screen: &mut Screen<'_, W>, facts: &[Fact]) -> io::Result<()> {
    let facts = || facts.iter().filter(|fact| matches!(fact.place, Place::Head | Place::HeadWhole));
    let width = facts().map(|fact| columns_of(fact.label)).max().unwrap_or(0) + 2;
    for fact in facts() {
        let label = format!("{}{}", fact.label, say!(":"));
        let label = format!("{label}{}", " ".repeat(width.saturating_sub(columns_of(&label))));
        let line = Line::at(0).hang(width).with(Tone::Strong, label).with(fact.tone, fact.says.to_string());
        if fact.place == Place::HeadWhole { screen.unwrapped(&line)? } else { screen.line(&line)? }
    }
    Ok(())
}

fn foot<W: Write + ?Sized>(screen: &mut Screen<'_, W>, page: &Page) -> io::Result<()> {
    for fact in page.facts.iter().filter(|fact| fact.place == Place::Foot) {
        screen.unwrapped(&Line::at(0).with(fact.tone, format!("{}{}{}", fact.label, say!(": "), fact.says)))?;
    }
    // Other tools parse these lines.
    let verdict = &page.verdict;
    screen.unwrapped(&Line::at(0).with(verdict.tone, verdict.strong.as_str()).text(verdict.rest.as_str()))?;
    for line in &verdict.lines {
        screen.unwrapped(&Line::at(0).text(line.as_str()))?;
    }
    match &page.next {
        Some(next) => screen.line(&Line::at(0).hang(2).with(Tone::Wait, say!("Next: ")).phrase(next)),
        None => Ok(()),
    }
}

fn section<W: Write + ?Sized>(screen: &mut Screen<'_, W>, section: &Section, steps: Steps) -> io::Result<()> {
    if let Lead::Line(lead) = section.lead {
        screen.line(&Line::at(0).with(Tone::Strong, lead))?;
    }
    match &section.body {
        Body::List(entries) => list(screen, section, entries),
        Body::Changes(changes) => self::changes(screen, changes),
        Body::Order(waves, rollout) => order(screen, waves, rollout.as_ref()),
        Body::Findings(findings) => self::findings(screen, findings),
        Body::Steps(rows) => self::steps(screen, rows, steps),
        Body::Table(table) => table.rows.iter().try_for_each(|row| {
            let cells: Vec<String> = row.iter().map(Phrase::to_string).collect();
            screen.line(&Line::at(2).hang(4).text(cells.join("  ")))
        }),
    }
}

fn list<W: Write + ?Sized>(screen: &mut Screen<'_, W>, section: &Section, entries: &[Entry]) -> io::Result<()> {
    let is_labelled = matches!(section.lead, Lead::Labels { .. });
    let (indent, name) = if is_labelled { (0, Tone::Plain) } else { (2, Tone::Strong) };
    let entries: Vec<&Entry> = entries.iter().filter(|entry| !entry.is_repeated).collect();
    let shown = if section.may_fold { most(screen.view()) } else { usize::MAX };
    for entry in entries.iter().take(shown) {
        let mut parts: Vec<(Tone, String)> = Vec::new();
        if !entry.about.is_empty() {
            parts.push((name, entry.about.join(", ")));
        }
        parts.extend(entry.code.map(|code| (entry.tone, code.to_owned())));
        parts.extend(entry.says.iter().map(|says| (Tone::Plain, says.clone())));
        let mut line = Line::at(indent).hang(indent + 2).with(entry.tone, entry.label);
        for (number, (tone, part)) in parts.into_iter().enumerate() {
            line = if number > 0 { line.text(say!(": ")) } else { line };
            line = line.with(tone, part);
        }
        screen.line(&line)?;
    }
    more(screen, indent, entries.len().saturating_sub(shown), "")
}

/// Returns how much of a list is shown.
fn most(view: View) -> usize {
    if view.folds { MOST_AT_LENGTH } else { usize::MAX }
}

/// Counts what was folded away, and says what shows it.
fn more<W: Write + ?Sized>(screen: &mut Screen<'_, W>, indent: usize, left_out: usize, what: &str) -> io::Result<()> {
    match and_more(left_out, what, screen.view().ellipsis()) {
        Some(text) => screen.line(&Line::at(indent).with(Tone::Faint, say!("{text} (--full shows all)", text))),
        None => Ok(()),
    }
}

fn changes<W: Write + ?Sized>(screen: &mut Screen<'_, W>, changes: &Changes) -> io::Result<()> {
    let extent = if screen.view().folds { changes.extent() } else { Extent::All };
    changes.told(extent).try_for_each(|block| self::block(screen, block))?;
    if extent == Extent::All {
        return Ok(());
    }
    screen.blank()?;
    aligned(screen, &GroupRow::heads(), &fitting(&changes.groups, screen.view()))?;
    let reasons = changes.reasons();
    if !reasons.is_empty() {
        screen.blank()?;
    }
    for (reason, count) in &reasons {
        let line = Line::at(2).hang(4).with(Tone::Faint, "# ").text(say!("{reason} ({count})", reason, count));
        screen.line(&line)?;
    }
    let told = changes.told(extent).count();
    more(screen, 2, changes.blocks.len() - told, say!("without a block of their own"))
}

/// Returns the rows of groups. Where they would take too many lines, each is one: of links that have no room the number is
/// told, and one link at least is named.
fn fitting(groups: &[GroupRow], view: View) -> Vec<[Phrase; GROUP_CELLS]> {
    const LAST: usize = GROUP_CELLS - 1;
    let heads = GroupRow::heads();
    let whole: Vec<_> = groups.iter().map(GroupRow::cells).collect();
    let width = |column: usize| {
        let cells = whole.iter().map(|row| columns_of(&row[column].to_string()));
        cells.chain([columns_of(heads[column])]).max().unwrap_or(0)
    };
    // Two before the row, two between its cells, and the last column stays free.
    let room = usize::from(view.width).saturating_sub((0..LAST).map(|column| width(column) + 2).sum::<usize>() + 3);
    let fits = |cells: &[Phrase; LAST + 1]| columns_of(&cells[LAST].to_string()) <= room;
    let lines = |cells: &[Phrase; LAST + 1]| {
        let beyond = columns_of(&cells[LAST].to_string()).saturating_sub(room);
        1 + beyond.div_ceil(usize::from(view.width).saturating_sub(7).max(1))
    };
    if whole.iter().map(lines).sum::<usize>() <= MOST_LINES {
        return whole;
    }
    let some = |row: &GroupRow, named: usize| {
        let mut cells = row.cells_with(named);
        let left_out = row.links.len() - named;
        cells[LAST] = std::mem::take(&mut cells[LAST]).and(say!(
            " {ellipsis} {left_out} more",
            ellipsis = view.ellipsis(),
            left_out
        ));
        cells
    };
    let fitted = |(row, cells): (&GroupRow, [Phrase; LAST + 1])| {
        if fits(&cells) || row.links.len() < 2 {
            return cells;
        }
        let more = (2..row.links.len()).map(|named| some(row, named)).take_while(fits);
        more.last().unwrap_or_else(|| some(row, 1))
    };
    groups.iter().zip(whole).map(fitted).collect()
}

/// Writes rows whose cells stand under each other; the last one is as long as it is.
fn aligned<W: Write + ?Sized, const N: usize>(
    screen: &mut Screen<'_, W>,
    heads: &[&'static str; N],
    rows: &[[Phrase; N]],
) -> io::Result<()> {
    let texts: Vec<[String; N]> = rows.iter().map(|row| row.each_ref().map(Phrase::to_string)).collect();
    let width = |column: usize| {
        let cells = texts.iter().map(|row| columns_of(&row[column]));
        cells.chain([columns_of(heads[column])]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..N).map(width).collect();
    let line = |tone: Tone, cells: [&str; N]| {
        let mut line = Line::at(2).hang(6);
        for (column, cell) in cells.into_iter().enumerate() {
            line =
                if column + 1 < N { line.cell(tone, cell, widths[column]) } else { line.with(tone, cell.to_owned()) };
        }
        line
    };
    screen.line(&line(Tone::Faint, *heads))?;
    texts.iter().try_for_each(|row| screen.line(&line(Tone::Plain, row.each_ref().map(String::as_str))))
}

fn block<W: Write + ?Sized>(screen: &mut Screen<'_, W>, block: &Block) -> io::Result<()> {
    let (tone, indent, symbol) = match block.kind {
        Kind::Down | Kind::Up => (Tone::Change, 2, "~ "),
        Kind::Wait => (Tone::Wait, 1, "<= "),
    };
    screen.blank()?;
    let address = &block.address;
    let because = block.because().map(|because| say!(" ({because})", because)).unwrap_or_default();
    let head = Line::at(2).hang(4).with(Tone::Strong, format!("# {address}"));
    screen.line(&head.text(format!(" {}{because}", block.intention)))?;
    screen.line(&Line::at(indent).with(tone, symbol).text(format!("router_interface \"{address}\" {{")))?;
    screen.line(&Line::at(8).text(format!("id     = \"{}\" ({})", block.id, block.scope)))?;
    let mut path = Line::at(6).hang(10).with(tone, "~ ").text("status = ");
    for (number, status) in block.path.iter().enumerate() {
        path = if number > 0 { path.with(tone, " -> ") } else { path };
        path = path.text(format!("\"{status}\""));
    }
    screen.line(&path)?;
    if let Some(moving) = &block.moving {
        screen.line(&Line::at(8).hang(10).with(Tone::Wait, format!("# {moving}")))?;
    }
    for guard in &block.guards {
        screen.line(&Line::at(8).hang(10).with(Tone::Faint, say!("# guard: {guard}", guard)))?;
    }
    screen.line(&Line::at(4).text("}"))
}

fn order<W: Write + ?Sized>(screen: &mut Screen<'_, W>, waves: &[Wave], rollout: Option<&Phrase>) -> io::Result<()> {
    let folds = screen.view().folds;
    for wave in waves.iter().take(most(screen.view())) {
        let steps = if folds && wave.steps.len() > NAMED_STEPS { wave.counts.clone() } else { wave.steps.join(", ") };
        screen.line(&Line::at(2).hang(10).text(say!("wave {number}: {steps}", number = wave.number, steps)))?;
    }
    more(screen, 2, waves.len().saturating_sub(most(screen.view())), say!("waves"))?;
    match rollout {
        Some(rollout) => screen.line(&Line::at(2).hang(4).text(rollout.to_string())),
        None => Ok(()),
    }
}

fn findings<W: Write + ?Sized>(screen: &mut Screen<'_, W>, findings: &[Finding]) -> io::Result<()> {
    if findings.len() > most(screen.view()) {
        return brief_findings(screen, findings);
    }
    for finding in findings {
        let head = Line::at(0).hang(4).with(finding.tone, finding.mark).with(Tone::Strong, finding.address.as_str());
        let since = finding.since.as_ref().map(|since| say!(" since {since}", since)).unwrap_or_default();
        let moving = if finding.is_moving { since.as_str() } else { "" };
        let cause = say!(": {cause}{moving}", cause = finding.cause, moving);
        screen.line(&head.with(finding.tone, cause).text(say!(
            " ({id} in {scope})",
            id = finding.id,
            scope = finding.scope
        )))?;
        let Finding { spec, last_applied, live, .. } = finding;
        let sides =
            say!("spec {spec}, last applied {last_applied}, live {live}{since}", spec, last_applied, live, since);
        screen.line(&Line::at(4).text(sides))?;
        if let Some(note) = &finding.note {
            screen.line(&Line::at(4).with(finding.note_tone, note.as_str()))?;
        }
    }
    Ok(())
}

/// Writes one row for each finding: none is folded away, since a finding that is not seen is not found.
fn brief_findings<W: Write + ?Sized>(screen: &mut Screen<'_, W>, findings: &[Finding]) -> io::Result<()> {
    let row = |finding: &Finding| {
        let since = finding.since.as_ref().map(|since| say!(" since {since}", since)).unwrap_or_default();
        [
            format!("{}{}", finding.mark, finding.address),
            finding.cause.to_owned(),
            say!("spec {spec}", spec = finding.spec),
            say!("live {live}{since}", live = finding.live, since),
        ]
        .map(Phrase::theirs)
    };
    let rows: Vec<[Phrase; 4]> = findings.iter().map(row).collect();
    aligned(screen, &[say!("Interface"), say!("Finding"), say!("Spec"), say!("Live")], &rows)?;
    screen.line(&Line::at(2).with(Tone::Faint, say!("(--full shows what was last applied, ids and notes)")))
}

fn steps<W: Write + ?Sized>(screen: &mut Screen<'_, W>, rows: &[StepRow], extent: Steps) -> io::Result<()> {
    let shown = if extent == Steps::Brief { most(screen.view()) } else { usize::MAX };
    let mut good = 0;
    let is_listed = |row: &&StepRow| {
        good += usize::from(row.is_at_goal);
        !row.is_at_goal || good <= shown
    };
    let listed: Vec<&StepRow> = rows.iter().filter(is_listed).collect();
    if extent == Steps::Whole {
        reasons(screen, rows)?;
    }
    let width = |text: fn(&StepRow) -> &str| listed.iter().map(|row| columns_of(text(row))).max().unwrap_or(0);
    let widths = [width(|row| &row.id), width(|row| &row.outcome), width(|row| row.status.as_deref().unwrap_or(""))];
    listed.iter().try_for_each(|row| step(screen, row, extent, widths))?;
    let good = rows.iter().filter(|row| row.is_at_goal).count();
    match and_more(good.saturating_sub(shown), say!("at their goals"), screen.view().ellipsis()) {
        Some(text) => screen.line(&Line::at(0).with(Tone::Faint, text)),
        None => Ok(()),
    }
}

fn reasons<W: Write + ?Sized>(screen: &mut Screen<'_, W>, rows: &[StepRow]) -> io::Result<()> {
    for (row, reason) in rows.iter().filter_map(|row| Some((row, row.reason.as_ref()?))) {
        let address = row.id.rsplit_once('/').map_or(row.id.as_str(), |(address, _)| address);
        screen.line(&Line::at(0).hang(2).with(Tone::Faint, format!("# {address}: {reason}")))?;
    }
    Ok(())
}

fn step<W: Write + ?Sized>(
    screen: &mut Screen<'_, W>,
    row: &StepRow,
    extent: Steps,
    [names, outcomes, statuses]: [usize; 3],
) -> io::Result<()> {
    let line = Line::at(0).hang(4).cell(Tone::Plain, &row.id, names).cell(row.tone, &row.outcome, outcomes);
    let line = line.cell(Tone::Plain, row.status.as_deref().unwrap_or(""), statuses);
    let mut facts: Vec<String> = row.took.iter().cloned().collect();
    let detail = row.detail.as_deref().unwrap_or("");
    if extent == Steps::Whole {
        facts.push(format!("{} -> {}", row.before, row.goal));
        facts.extend(row.began.as_ref().map(|began| match &row.ended {
            Some(ended) => say!("{began} to {ended}", began, ended),
            None => began.clone(),
        }));
        facts.push(say!("{interface_id} in {scope}", interface_id = row.interface_id, scope = row.scope));
    }
    let untold = |id: &&String| (extent == Steps::Whole || !row.is_at_goal) && !detail.contains(id.as_str());
    facts.extend(row.request_id.as_ref().filter(untold).map(|id| format!("[RequestId={id}]")));
    screen.line(&line.text(facts.join("  ")))?;
    if detail.is_empty() {
        return Ok(());
    }
    // A whole row names it already.
    let is_located = row.is_located && extent == Steps::Brief;
    let place = if is_located {
        say!("{interface_id} in {scope}: ", interface_id = row.interface_id, scope = row.scope)
    } else {
        String::new()
    };
    screen.line(&Line::at(4).hang(6).text(format!("{place}{detail}")))
}
