//! What a plan does: interface by interface, as one row a group, and wave by wave.

use std::collections::BTreeMap;

use super::table::Table;
use crate::language::say;
use crate::render::phrase::Phrase;

/// The most changes, findings or lines of a list that one screen or comment tells at length.
pub(crate) const MOST_AT_LENGTH: usize = 20;

/// What a plan does, interface by interface, and the same as one row a group.
#[derive(Clone, Debug)]
pub(crate) struct Changes {
    /// One for each interface, in the order of their first steps.
    pub(crate) blocks: Vec<Block>,
    /// One for each group that is touched; last, what is in no group.
    pub(crate) groups: Vec<GroupRow>,
}

/// How much of the changes is told interface by interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// All of them.
    All,
    /// Those that take something down; of the rest, what becomes of each group.
    Deactivations,
    /// None: there are too many that take something down.
    Groups,
}

/// What is done to one interface.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    /// Its key in the spec.
    pub(crate) address: String,
    /// What its steps amount to.
    pub(crate) intention: &'static str,
    /// Where its calls go.
    pub(crate) kind: Kind,
    /// Why it changes, by what is known of it.
    pub(crate) why: Option<&'static str>,
    /// Why it changes, as the spec says.
    pub(crate) reason: Option<String>,
    /// The cloud's id.
    pub(crate) id: String,
    /// The region.
    pub(crate) scope: String,
    /// The statuses that its steps lead through.
    pub(crate) path: Vec<String>,
    /// Since when it is on its way, where somebody else moved it.
    pub(crate) moving: Option<String>,
    /// What its groups keep.
    pub(crate) guards: Vec<String>,
}

/// What the steps of an interface, or of a link, do in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// They take it down.
    Down,
    /// They bring it up.
    Up,
    /// They wait for what somebody else began.
    Wait,
}

/// What becomes of one group.
#[derive(Clone, Debug)]
pub(crate) struct GroupRow {
    /// Its name; nothing for what is in no group.
    pub(crate) group: Option<String>,
    /// Its links that change, both ends as one.
    pub(crate) links: Vec<(Kind, String)>,
    /// What it keeps.
    pub(crate) keeps: Option<Keeps>,
}

/// How many links of a group are up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Keeps {
    /// At the lowest moment, where that is known.
    pub(crate) lowest: Option<u32>,
    /// At the end.
    pub(crate) end: u32,
    /// How many it has.
    pub(crate) of: u32,
    /// How many must be.
    pub(crate) floor: u32,
}

/// The steps of one wave.
#[derive(Clone, Debug)]
pub(crate) struct Wave {
    /// Its number.
    pub(crate) number: u32,
    /// Their names.
    pub(crate) steps: Vec<String>,
    /// How many take down, bring up and wait, in words.
    pub(crate) counts: String,
}

impl Changes {
    /// Returns how much is told interface by interface where not everything is.
    pub(crate) fn extent(&self) -> Extent {
        let deactivations = self.blocks.iter().filter(|block| block.kind == Kind::Down).count();
        match (self.blocks.len(), deactivations) {
            (..=MOST_AT_LENGTH, _) => Extent::All,
            (_, ..=MOST_AT_LENGTH) => Extent::Deactivations,
            _ => Extent::Groups,
        }
    }

    /// Lists the blocks that are told at some extent.
    pub(crate) fn told(&self, extent: Extent) -> impl Iterator<Item = &Block> {
        self.blocks.iter().filter(move |block| match extent {
            Extent::All => true,
            Extent::Deactivations => block.kind == Kind::Down,
            Extent::Groups => false,
        })
    }

    /// Lists each reason once, with how many interfaces have it.
    pub(crate) fn reasons(&self) -> Vec<(String, usize)> {
        let mut reasons: Vec<(String, usize)> = Vec::new();
        let mut index: BTreeMap<String, usize> = BTreeMap::new();
        for because in self.blocks.iter().filter_map(Block::because) {
            let at = *index.entry(because.clone()).or_insert(reasons.len());
            match reasons.get_mut(at) {
                Some((_, count)) => *count += 1,
                None => reasons.push((because, 1)),
            }
        }
        reasons
    }

    /// Returns blocks as rows.
    pub(crate) fn table<'a>(blocks: impl Iterator<Item = &'a Block>) -> Table {
        let some = |text: Option<&'static str>| text.map_or_else(Phrase::default, Phrase::ours);
        let row = |block: &Block| {
            let moving = block.moving.iter().cloned();
            let why = match &block.reason {
                Some(reason) if block.why.is_some() => some(block.why).and("; ").and_theirs(reason.as_str()),
                Some(reason) => Phrase::theirs(reason.as_str()),
                None => some(block.why),
            };
            [
                Phrase::theirs(block.address.as_str()),
                Phrase::ours(block.intention),
                Phrase::joined(block.path.iter().cloned(), " -> "),
                Phrase::theirs(block.id.as_str()).and(" in ").and_theirs(block.scope.as_str()),
                why,
                Phrase::joined(block.guards.iter().cloned().chain(moving), "; "),
            ]
        };
        Table::of(["Interface", "Change", "Status", "Where", "Why", "Guards"], blocks.map(row))
    }

    /// Returns what becomes of each group as rows.
    pub(crate) fn group_table(&self) -> Table {
        Table::of(GroupRow::heads(), self.groups.iter().map(GroupRow::cells))
    }
}

impl Block {
    /// Returns why it changes, in one phrase.
    pub(crate) fn because(&self) -> Option<String> {
        let parts: Vec<&str> = self.why.into_iter().chain(self.reason.as_deref()).collect();
        (!parts.is_empty()).then(|| parts.join(say!("; ")))
    }
}

impl GroupRow {
    /// Returns the heads of its cells.
    pub(crate) fn heads() -> [&'static str; 5] {
        [say!("Group"), say!("Lowest"), say!("End"), say!("Floor"), say!("Links")]
    }

    /// Returns it as cells.
    pub(crate) fn cells(&self) -> [Phrase; 5] {
        self.cells_with(self.links.len())
    }

    /// Returns it as cells in which so many of its links are named, and the rest is not spoken of.
    pub(crate) fn cells_with(&self, named: usize) -> [Phrase; 5] {
        let number = |number: Option<String>| number.map_or_else(Phrase::default, Phrase::ours);
        let keeps = self.keeps.as_ref();
        [
            self.group.as_ref().map_or_else(|| Phrase::ours(say!("(no group)")), Phrase::theirs),
            number(keeps.and_then(|keeps| Some(say!("{lowest} of {of}", lowest = keeps.lowest?, of = keeps.of)))),
            number(keeps.map(|keeps| keeps.end.to_string())),
            number(keeps.map(|keeps| keeps.floor.to_string())),
            self.named_links(named),
        ]
    }

    /// Names all its links that change.
    pub(crate) fn links_named(&self) -> Phrase {
        self.named_links(self.links.len())
    }

    fn named_links(&self, most: usize) -> Phrase {
        let links = || self.links.iter().take(most);
        let named = |kind: Kind| links().filter(move |(other, _)| *other == kind).map(|(_, name)| name.clone());
        let mut phrase = Phrase::default();
        for (kind, word) in [(Kind::Down, say!("down ")), (Kind::Up, say!("up ")), (Kind::Wait, say!("waited for "))] {
            for (number, name) in named(kind).enumerate() {
                let before = match (number, phrase.is_nothing()) {
                    (0, true) => word.to_owned(),
                    (0, false) => format!("{}{word}", say!("; ")),
                    _ => say!(", ").to_owned(),
                };
                phrase = phrase.and(before).and_theirs(name);
            }
        }
        phrase
    }
}
