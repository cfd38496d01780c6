//! What the page of each command tells beside its grammar: what people type, and which files it reads or writes.

/// What is typed, and what it does.
pub(super) type Example = (&'static str, &'static str);

/// A path, and what lies there.
pub(super) type File = (&'static str, &'static str);

/// What a page tells beside the grammar of its command.
pub(super) struct Told {
    /// The name of the page.
    pub(super) page: &'static str,
    /// What people type.
    pub(super) examples: &'static [Example],
    /// What the command reads or writes.
    pub(super) files: &'static [File],
}

const SPEC: File = ("rictl.yaml", "the spec, where -f names no other; see rictl.yaml(5)");
const STATE: File =
    ("state/rictl.json, state/rictl.json.backup", "one record an interface, and the state before the last commit");
const JOURNAL: File = ("state/rictl.journal.jsonl", "intents and results, on disk before the next call");
const RUNS: File = ("state/rictl.runs/", "the runs that are over, a file each; never deleted by rictl");
const APPROVALS: File = ("state/rictl.approvals/", "what `rictl approve` keeps");
const LOCK: File = ("state/rictl.lock", "who is at work on the state");
const ACCOUNT_LOCK: File =
    ("/run/lock/rictl-PROVIDER-ACCOUNT.lock", "who is at work on the account, from whatever checkout");
const FINDING: File = ("state/rictl.finding", "what the last `drift --record` found, for `rictl fleet`");
const TOLD: File = ("state/rictl.notified", "what of drift was told already");
const PROFILES: File = (
    "~/.aliyun/config.json, ~/.alibabacloud/credentials",
    "profiles of credentials, as the vendor's CLI and SDKs read them",
);
const WORLD: File = ("FILE", "the world of the emulator; it is never rewritten");
const WORLD_LOG: File = ("FILE.log.jsonl", "what has happened to that world");

/// Reads the spec and the cloud, and what is recorded.
const LOOKS: &[File] = &[SPEC, STATE, JOURNAL, RUNS, PROFILES];
/// The same, and acts.
const ACTS: &[File] = &[SPEC, STATE, JOURNAL, RUNS, APPROVALS, LOCK, ACCOUNT_LOCK, PROFILES];
/// Reads what is recorded alone.
const RECORDED: &[File] = &[SPEC, STATE, JOURNAL, RUNS];
/// Writes what is recorded.
const EDITS: &[File] = &[SPEC, STATE, JOURNAL, RUNS, LOCK];

/// What each page tells, in the order of `rictl --help`.
pub(super) const PAGES: &[Told] = &[
    Told {
        page: "rictl",
        examples: &[
            ("rictl init --region cn-shanghai", "writes rictl.yaml from what is live"),
            ("rictl plan --out drain.plan", "shows what an apply would do, and keeps it"),
            ("rictl apply drain.plan", "does exactly that"),
            (
                "rictl drift --metrics-file /var/lib/node_exporter/rictl.prom",
                "for a timer: exit code 2 where something moved",
            ),
            ("rictl rollback last", "takes the last apply back"),
        ],
        files: &[SPEC, STATE, JOURNAL, RUNS, APPROVALS, LOCK, ACCOUNT_LOCK, PROFILES],
    },
    Told {
        page: "rictl-init",
        examples: &[
            ("rictl init --region cn-shanghai --region cn-beijing", "writes a spec of two regions"),
            ("rictl init --append", "adds what the spec does not declare yet"),
        ],
        files: &[SPEC, PROFILES],
    },
    Told {
        page: "rictl-validate",
        examples: &[
            ("rictl -f sites/ validate", "checks the specs of a directory as one, offline"),
            ("rictl validate --live", "compares its groups with the route tables as well"),
        ],
        files: &[SPEC, PROFILES],
    },
    Told {
        page: "rictl-fmt",
        examples: &[("rictl fmt --check", "exits with 1 where a file would be laid out anew, for CI")],
        files: &[SPEC],
    },
    Told {
        page: "rictl-plan",
        examples: &[
            ("rictl plan --target group:sh --format markdown", "plans one group, for a review"),
            (
                "rictl plan --detailed-exitcode --out drain.plan",
                "exits with 2 where something is to be done, and keeps the plan",
            ),
        ],
        files: LOOKS,
    },
    Told {
        page: "rictl-rehearse",
        examples: &[(
            "rictl rehearse drain.plan --faults stuck.yaml",
            "says what a saved plan would leave where a link hangs",
        )],
        files: LOOKS,
    },
    Told {
        page: "rictl-apply",
        examples: &[
            ("rictl apply", "plans, asks, and does it"),
            ("rictl apply drain.plan", "does what a saved plan says, or nothing"),
            (
                "rictl apply --approve-digest sha256:c514b43677f083a5e8c0b8f7516b3bceb836166e78d66c454e3d597e3a02477b@2026-12-01T15:00:00Z",
                "does that plan and no other, without asking",
            ),
            ("rictl apply --confirm-within 10m", "takes back what `rictl confirm` does not keep in time"),
        ],
        files: ACTS,
    },
    Told {
        page: "rictl-approve",
        examples: &[("rictl approve drain.plan --expires 12h", "keeps a saved plan for `rictl apply --approved`")],
        files: &[SPEC, STATE, JOURNAL, RUNS, APPROVALS, PROFILES],
    },
    Told {
        page: "rictl-change",
        examples: &[(
            "rictl change add CHG-1042 --select group:sh --status Inactive --reason 'fibre splice'",
            "writes a change into the spec",
        )],
        files: &[SPEC],
    },
    Told {
        page: "rictl-change-add",
        examples: &[(
            "rictl change add CHG-1042 --select sh-primary --status Inactive --reason 'fibre splice' --until 6h",
            "drains a link for six hours",
        )],
        files: &[SPEC],
    },
    Told {
        page: "rictl-drift",
        examples: &[
            ("rictl drift --quiet --notify-settle 2 --notify-repeat 1d", "for cron: prints what is news, once"),
            ("rictl -f net-a.yaml -f net-b.yaml drift --record", "leaves what was found for `rictl fleet`"),
        ],
        files: &[SPEC, STATE, JOURNAL, RUNS, FINDING, TOLD, PROFILES],
    },
    Told {
        page: "rictl-show",
        examples: &[
            ("rictl show drain.plan", "prints a saved plan"),
            ("rictl show last --format html", "prints the last run as a page"),
        ],
        files: RECORDED,
    },
    Told {
        page: "rictl-history",
        examples: &[("rictl history --since 7d --change CHG-1042", "lists the runs of a change in the last week")],
        files: RECORDED,
    },
    Told {
        page: "rictl-report",
        examples: &[(
            "rictl report CHG-1042 --output ticket.html",
            "writes what was done for a change, for its ticket",
        )],
        files: RECORDED,
    },
    Told {
        page: "rictl-state",
        examples: &[("rictl state list", "says what is recorded of each interface")],
        files: EDITS,
    },
    Told {
        page: "rictl-state-list",
        examples: &[("rictl state list --json", "prints what is recorded as one document")],
        files: RECORDED,
    },
    Told {
        page: "rictl-state-show",
        examples: &[("rictl state show sh-primary", "says all that is recorded of one interface")],
        files: RECORDED,
    },
    Told {
        page: "rictl-state-accept",
        examples: &[("rictl state accept", "goes on where state or journal was lost or is damaged")],
        files: EDITS,
    },
    Told {
        page: "rictl-state-lock",
        examples: &[("rictl state lock", "says who holds the state, and the id that `rictl force-unlock` takes")],
        files: &[SPEC, LOCK],
    },
    Told {
        page: "rictl-state-init",
        examples: &[("rictl state init --print-sql", "prints what makes the schema, for whoever may run it")],
        files: &[SPEC],
    },
    Told {
        page: "rictl-state-move",
        examples: &[
            (
                "rictl state move postgres://net@db.example.com/rictl",
                "takes the history to a store that many machines share",
            ),
            ("rictl state move file:state/site-a.json", "takes it back, where RICTL_STATE names that store"),
        ],
        files: &[SPEC, STATE, JOURNAL, RUNS, APPROVALS, LOCK, ("state/rictl.json.moved", "where the history is now")],
    },
    Told {
        page: "rictl-state-pull",
        examples: &[("rictl state pull --all", "prints a backup: state, open journal, every run")],
        files: RECORDED,
    },
    Told {
        page: "rictl-state-push",
        examples: &[("rictl state push backup.json", "puts back what `rictl state pull` wrote")],
        files: EDITS,
    },
    Told {
        page: "rictl-state-rescue",
        examples: &[(
            "rictl state rescue rictl-journal-1a2B3c",
            "keeps what a run could not record, as notes beside the history",
        )],
        files: EDITS,
    },
    Told {
        page: "rictl-state-rm",
        examples: &[("rictl state rm sh-primary", "forgets one record; the interface is not touched")],
        files: EDITS,
    },
    Told {
        page: "rictl-rollback",
        examples: &[
            ("rictl rollback last", "takes the newest apply back"),
            ("rictl rollback --change CHG-1042", "takes back what was done for a change"),
        ],
        files: ACTS,
    },
    Told {
        page: "rictl-confirm",
        examples: &[
            ("rictl confirm last", "keeps what the last apply did"),
            ("rictl confirm --expired", "for a timer: takes back what nobody has confirmed in time"),
        ],
        files: ACTS,
    },
    Told {
        page: "rictl-graph",
        examples: &[("rictl graph --format svg --offline", "draws dependencies and groups of the spec alone")],
        files: LOOKS,
    },
    Told {
        page: "rictl-status",
        examples: &[("rictl status group:sh --watch 5s", "shows a group again and again, until q")],
        files: LOOKS,
    },
    Told {
        page: "rictl-fleet",
        examples: &[(
            "rictl --state postgres://net@db.example.com/rictl fleet --stale-after 2h",
            "shows every state of a store",
        )],
        files: &[SPEC, FINDING, STATE, JOURNAL, RUNS, APPROVALS, LOCK],
    },
    Told {
        page: "rictl-whatif",
        examples: &[("rictl whatif --down label:carrier=alfa", "says which groups would fall without one carrier")],
        files: LOOKS,
    },
    Told {
        page: "rictl-explain",
        examples: &[
            ("rictl explain sh-primary", "says why it is or is not planned, and whether it can go down"),
            ("rictl explain --key limits.max_changes", "says what a key of the spec means"),
        ],
        files: LOOKS,
    },
    Told {
        page: "rictl-whoami",
        examples: &[("rictl whoami", "says whose credentials are used, and where they come from")],
        files: &[SPEC, PROFILES],
    },
    Told {
        page: "rictl-force-unlock",
        examples: &[(
            "rictl force-unlock 4f7b2c9e-1a2b-4c3d-8e9f-001122334455",
            "frees a lock by the id that the refusal showed",
        )],
        files: &[SPEC, LOCK],
    },
    Told {
        page: "rictl-emulator",
        examples: &[("rictl emulator generate --interfaces 20 --output world.yaml", "makes a world of 20 interfaces")],
        files: &[WORLD, WORLD_LOG],
    },
    Told {
        page: "rictl-emulator-serve",
        examples: &[(
            "rictl emulator serve --world world.yaml --listen 127.0.0.1:8080",
            "answers the API there, until it is interrupted",
        )],
        files: &[WORLD, WORLD_LOG],
    },
    Told {
        page: "rictl-emulator-generate",
        examples: &[(
            "rictl emulator generate --interfaces 1000 --routes 2 --seed 7 --output world.json",
            "makes a large world, the same each time",
        )],
        files: &[("FILE", "the world that is written, where --output names one")],
    },
    Told {
        page: "rictl-emulator-reset",
        examples: &[("rictl emulator reset --world world.yaml", "forgets what has happened to a world")],
        files: &[WORLD, WORLD_LOG],
    },
    Told {
        page: "rictl-schema",
        examples: &[("rictl schema spec", "prints the JSON Schema of the spec, for an editor")],
        files: &[],
    },
    Told {
        page: "rictl-completions",
        examples: &[(
            "rictl completions bash",
            "prints what the shell reads from ~/.local/share/bash-completion/completions/rictl",
        )],
        files: &[],
    },
    Told {
        page: "rictl-man",
        examples: &[("rictl man ~/.local/share/man/man1", "writes these pages")],
        files: &[("DIRECTORY", "where the pages are written; those of commands end in .1, that of the spec in .5")],
    },
    Told {
        page: "rictl-version",
        examples: &[("rictl version --json", "prints the version as one document")],
        files: &[],
    },
];
