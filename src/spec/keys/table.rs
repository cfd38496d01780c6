//! The table. The rows of one level stand together, a level after the row that opens it.

use crate::windows::Days;

use super::{Grammar, Key, Kind, Presence, last_word};

/// Every key of the spec.
pub const KEYS: &[Key] = &[
    // The document.
    key("version", Kind::Version, "The version of the format.").required("write `version: 1`").example("1"),
    key("name", Kind::Line, "What the spec is called where several are told apart.").example("site-a"),
    key("cloud", Kind::Section, "Who answers the calls, and as whom."),
    key("state", Kind::Section, "Where the history is kept."),
    key(
        "limits",
        Kind::Section,
        "Blast radius: a plan beyond a limit is refused; a limit that is not given does not limit.",
    ),
    key(
        "groups",
        Kind::Names { but: None },
        "Redundancy: interfaces that must not all be down at a time, by a name of your choice.",
    ),
    key("rollout", Kind::Section, "How a large change is cut into waves."),
    key(
        "time_zone",
        Kind::Zone,
        "The zone of dates and times without an offset, by its name in the IANA database; times are shown in it.",
    )
    .default("UTC"),
    key(
        "drift",
        choice(&["fix", "leave"]),
        "What an apply does about an interface that only the cloud has moved since the last one: bring it back, or leave it.",
    )
    .default("fix"),
    key("windows", Kind::Entries, "When calls may be sent, and when not."),
    key(
        "changes",
        Kind::Names { but: None },
        "What is planned, approved and closed as one: interfaces that have another status for a time, by a name of your choice.",
    ),
    key(
        "interfaces",
        Kind::Names { but: None },
        "The interfaces by address: a stable, unique name of your choice, used in every output.",
    ),
    // cloud
    key("cloud.provider", choice(&["alibaba", "emulator"]), "The real cloud, or the emulator.").default("alibaba"),
    key("cloud.region", Kind::Word(Grammar::Region), "The region of the interfaces that name none.")
        .example("cn-shanghai"),
    key("cloud.profile", Kind::Line, "The credentials profile, and only that one.")
        .otherwise("the standard chain")
        .example("net-prod"),
    key(
        "cloud.signature",
        choice(&["v1", "v3"]),
        "How requests are signed; `--signature` and `RICTL_SIGNATURE` go before it.",
    )
    .default("v3"),
    key("cloud.account_id", Kind::Word(Grammar::Digits), "`apply` refuses credentials of any other account.")
        .example("\"1234567890123456\""),
    key(
        "cloud.world",
        Kind::Line,
        "The emulator's file, relative to the spec; needed with `provider: emulator` unless `--endpoint` names a running one.",
    )
    .example("world.yaml"),
    key(
        "cloud.accounts",
        Kind::Names { but: Some("default") },
        "Further accounts by a name of your choice; interfaces name theirs with `account`.",
    ),
    key(
        "cloud.accounts.*",
        Kind::Entry { one_of: &["profile", "role_arn"] },
        "An account: either a profile or a role.",
    ),
    key("cloud.accounts.*.profile", Kind::Line, "A profile of the credential files.").example("net-other"),
    key("cloud.accounts.*.role_arn", Kind::Role, "A role to assume with the spec's own credentials.")
        .example("acs:ram::1987654321098765:role/rictl"),
    key(
        "cloud.accounts.*.account_id",
        Kind::Word(Grammar::Digits),
        "The account that these credentials must belong to.",
    )
    .example("\"1987654321098765\""),
    // state
    key("state.path", Kind::Line, "The state file, relative to the spec; the journal and the lock stand beside it.")
        .otherwise("`state/<name of the spec>.json`")
        .example("state/rictl.json"),
    key("state.name", Kind::Line, "What the state is called in a store that many machines share: `--state URL`.")
        .otherwise("`name`")
        .example("network/site-a"),
    // limits
    key("limits.max_changes", number(0), "At most this many interfaces change in one run.").example("4"),
    key(
        "limits.max_changes_percent",
        Kind::Number { least: 1, most: Some(100) },
        "The same as a part of the declared interfaces, never below one.",
    )
    .example("30"),
    key("limits.per_group", number(0), "At most this many changes in any one group.").example("2"),
    key("limits.per_region", number(0), "At most this many changes in any one region.").example("3"),
    key(
        "limits.max_forgotten",
        number(0),
        "At most this many recorded interfaces may be gone from the spec; `--allow-forgotten N` overrides it.",
    )
    .example("2"),
    key(
        "limits.approvals",
        choice(&["any", "other"]),
        "Whose approval `apply --approved` and `--approve-digest` go by: anybody's, or that of somebody else than who runs them.",
    )
    .default("any"),
    key(
        "limits.health",
        choice(&["warn", "block", "ignore"]),
        "What a health check counts for that says `Abnormal` of a link that keeps a floor: a warning, no longer up, or nothing, unasked.",
    )
    .default("warn"),
    key(
        "limits.quiet_below",
        Kind::Rate,
        "What carries more, both directions together, is not deactivated; nor is what nobody can tell of.",
    )
    .example("1Mbit/s"),
    key(
        "limits.last_route",
        choice(&["warn", "block", "ignore"]),
        "What it counts for that a deactivation leaves a route without a next hop: a warning, a block, or nothing, no route table read; `--allow-last-route ADDRESS` overrides a block.",
    )
    .default("warn"),
    // groups
    key("groups.*", Kind::Section, "A group; interfaces join it with `group`."),
    key("groups.*.min_active", number(0), "At least this many members stay up; no step may leave fewer.").example("1"),
    key(
        "groups.*.max_unavailable",
        number(0),
        "At most this many members not up; those that are down already, or declared `Inactive`, count.",
    )
    .example("1"),
    key("groups.*.labels", Kind::Labels, "Labels that its members inherit; their own win.").example("{ site: shanghai }"),
    // rollout
    key("rollout.canary", number(0), "Interfaces in the first wave; 0 for none.").default("0"),
    key("rollout.batch", number(1), "Interfaces in each further wave.").otherwise("all the rest").example("5"),
    key("rollout.pause", Kind::Duration { may_be_zero: true }, "How long to wait before each further wave.")
        .default("0s"),
    key(
        "rollout.check",
        Kind::Arguments,
        "A program and its arguments, never shell text, run beside the spec; it must exit 0 before each further wave.",
    )
    .example("[\"./probe\", \"--fast\"]"),
    key(
        "rollout.check_timeout",
        Kind::Duration { may_be_zero: false },
        "A check that takes longer has failed, and is killed.",
    )
    .default("1m"),
    key(
        "rollout.traffic",
        Kind::Entry { one_of: &[] },
        "What a wave that brings interfaces up has to carry before it is good, the last one too.",
    ),
    key(
        "rollout.traffic.returns",
        Kind::Share,
        "How much it carries then of what the members of its groups carried before the wave.",
    )
    .required("say how much has to come back, `returns: 50%`")
    .example("50%"),
    key(
        "rollout.traffic.within",
        Kind::Duration { may_be_zero: false },
        "How long that may take after its last step; figures are 3 to 4 minutes old, so give it more than that.",
    )
    .default("10m"),
    // windows
    key(
        "windows.*",
        Kind::Entry { one_of: &["deny", "allow"] },
        "A window: daily, or once from `start` to `end`.",
    ),
    key(
        "windows.*.deny",
        Kind::Line,
        "What people call it; no call that it covers is sent while it is open.",
    )
    .example("Friday night"),
    key(
        "windows.*.allow",
        Kind::Line,
        "What people call it; a call that allow windows cover is sent only while one of them is open.",
    )
    .example("nightly works"),
    key("windows.*.days", DAYS, "The days on which it begins.").otherwise("every day").example("[fri]"),
    key("windows.*.from", Kind::Clock, "The time of day at which it begins.").default("\"00:00\""),
    key(
        "windows.*.to",
        Kind::Clock,
        "The time of day at which it ends, that moment not included; before `from` it is of the next day.",
    )
    .default("\"24:00\""),
    key("windows.*.start", Kind::Moment, "When a window begins that is open once.").example("2026-11-11T00:00"),
    key("windows.*.end", Kind::Moment, "When it ends, that moment not included.").example("2026-11-12T00:00"),
    key("windows.*.for", Kind::Selectors, "Which interfaces it covers.")
        .otherwise("everything")
        .example("[\"label:carrier=alfa\"]"),
    key("windows.*.calls", CALLS, "Which calls it covers.").otherwise("both").example("[deactivate]"),
    // changes
    key("changes.*", Kind::Entry { one_of: &[] }, "A change."),
    key("changes.*.reason", Kind::Text, "Why: carried into plan, history and reports.")
        .required("say why, `reason: ...`")
        .example("alfa backbone works"),
    key("changes.*.select", Kind::Selectors, "Which interfaces it is about.")
        .required("name the interfaces, `select: [\"label:carrier=alfa\"]`")
        .example("[\"label:carrier=alfa\"]"),
    key(
        "changes.*.expect",
        Kind::Number { least: 1, most: None },
        "How many interfaces that are, both ends of a link counted; it must be there unless every selector is a plain address or id.",
    )
    .example("10"),
    key("changes.*.status", STATUS, "The status that they have while it is in force.")
        .required("write `status: Inactive` or `status: Active`"),
    key("changes.*.from", Kind::Moment, "When it begins.").otherwise("now").example("2026-12-02T01:00:00+08:00"),
    key("changes.*.until", Kind::Moment, "When it ends, that moment not included.")
        .otherwise("when the block is removed")
        .example("2026-12-02T03:00:00+08:00"),
    key("changes.*.owner", Kind::Line, "Whose it is.").example("net-oncall"),
    // interfaces
    key(
        "interfaces.*",
        Kind::Entry { one_of: &[] },
        "A router interface and the state that it is kept in.",
    ),
    key("interfaces.*.id", Kind::Word(Grammar::Id), "The cloud's id of the interface, unique in the spec.")
        .required("write the cloud's id, `id: ri-...`")
        .example("ri-2zeo3xzyf38r4urzdpvfs"),
    key("interfaces.*.status", STATUS, "Active: up; Inactive: drained; nothing else can be asked for.")
        .required("write `status: Active` or `status: Inactive`"),
    key("interfaces.*.region", Kind::Word(Grammar::Region), "Where it lives.")
        .otherwise("`cloud.region`")
        .example("cn-beijing"),
    key("interfaces.*.account", Kind::Word(Grammar::Name), "Whose it is: a key of `cloud.accounts`.")
        .otherwise("the spec's own")
        .example("partner"),
    key("interfaces.*.group", Kind::Word(Grammar::Name), "Its redundancy group: a key of `groups`.")
        .example("idc-shanghai"),
    key("interfaces.*.labels", Kind::Labels, "Words of your choice by which selectors find it: `label:carrier=alfa`.")
        .example("{ carrier: alfa }"),
    key(
        "interfaces.*.depends_on",
        Kind::Addresses,
        "The interfaces that this one needs: up after them, down before them.",
    )
    .example("[sh-backup]"),
    key("interfaces.*.reason", Kind::Text, "Why it is as it is: carried into plan, history and reports.")
        .example("CHG-1042 fibre splice"),
    key("interfaces.*.protect", Kind::Boolean, "Never deactivated by rictl while this is true.").default("false"),
    key("interfaces.*.hands_off", Kind::Entry { one_of: &[] }, "Read and shown, never acted on."),
    key("interfaces.*.timeouts", Kind::Section, "How long a step may take to reach its goal."),
    key("interfaces.*.hands_off.reason", Kind::Text, "Why nobody may touch it.")
        .required("say why nobody may touch it")
        .example("vendor works on it"),
    key(
        "interfaces.*.hands_off.until",
        Kind::Date,
        "The last day it is meant to stand, in the `time_zone`; past it, plan and drift say so.",
    )
    .example("2026-12-24"),
    key("interfaces.*.timeouts.activate", Kind::Duration { may_be_zero: false }, "From the call to Active.")
        .otherwise("`--settle-timeout`")
        .example("10m"),
    key("interfaces.*.timeouts.deactivate", Kind::Duration { may_be_zero: false }, "From the call to Inactive.")
        .otherwise("`--settle-timeout`")
        .example("10m"),
];

const STATUS: Kind = Kind::Choice {
    words: &["Active", "Inactive"],
    // Without these the nearest word to `Deactivated` would be `Active`.
    synonyms: &[
        ("Activate", "Active"),
        ("Activated", "Active"),
        ("Up", "Active"),
        ("On", "Active"),
        ("Deactivate", "Inactive"),
        ("Deactivated", "Inactive"),
        ("Inactivated", "Inactive"),
        ("Down", "Inactive"),
        ("Off", "Inactive"),
        ("Drained", "Inactive"),
    ],
};

const DAYS: Kind = Kind::Choices {
    words: &Days::WORDS,
    synonyms: &[
        ("monday", "mon"),
        ("tuesday", "tue"),
        ("wednesday", "wed"),
        ("thursday", "thu"),
        ("friday", "fri"),
        ("saturday", "sat"),
        ("sunday", "sun"),
    ],
};

const CALLS: Kind =
    Kind::Choices { words: &["deactivate", "activate"], synonyms: &[("down", "deactivate"), ("up", "activate")] };

const fn number(least: u32) -> Kind {
    Kind::Number { least, most: None }
}

const fn choice(words: &'static [&'static str]) -> Kind {
    Kind::Choice { words, synonyms: &[] }
}

/// Starts a row: an optional key of the contract's first list.
const fn key(path: &'static str, kind: Kind, meaning: &'static str) -> Key {
    let (presence, asked_in) = (Presence::Optional, "product: The spec");
    Key { path, name: last_word(path), kind, presence, meaning, example: "", asked_in }
}

impl Key {
    const fn required(self, how: &'static str) -> Self {
        Self { presence: Presence::Required(how), ..self }
    }

    /// The value that holds where the key is absent; it serves as the example too.
    const fn default(self, value: &'static str) -> Self {
        Self { presence: Presence::Default(value), example: value, ..self }
    }

    const fn otherwise(self, what: &'static str) -> Self {
        Self { presence: Presence::Otherwise(what), ..self }
    }

    const fn example(self, value: &'static str) -> Self {
        Self { example: value, ..self }
    }
}
