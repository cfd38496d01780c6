//! In what each block of shell is run, and what cannot be run here.

use rictl::signature::v4::Dialect;

use super::Block;

/// Programs that do nothing where a block is run, each with the reason. Everything else is run as it is printed.
pub(super) const IDLE: &[(&str, &str)] = &[
    ("cargo", "builds for minutes; `cargo run` runs the binary that is built, and names of tests are looked up"),
    (".ci/run", "the whole judgement, of which this is a part"),
    ("packaging/build-deb", "builds a package: `cargo test -- --ignored packaging::`"),
    ("packaging/build-rpm", "builds a package: `cargo test -- --ignored packaging::`"),
    ("podman", "builds an image from another one of a registry"),
    ("kubectl", "needs a cluster; what it applies is read by tests::kubernetes"),
    ("terraform", "needs a state of Terraform's, and its provider"),
    ("ossutil", "makes a bucket in an account of the cloud; a strict mock stands for that"),
    ("aws", "makes a bucket in an account of the cloud; a strict mock stands for that"),
    ("sudo", "changes the system as root: packaging/try does, where it touches nothing of it"),
    ("systemctl", "needs systemd"),
    ("journalctl", "needs systemd"),
];

/// What a block is run in. It begins in a directory with [`SITE`].
pub(super) struct Setting {
    pub(super) page: &'static str,
    /// The first line of the block.
    pub(super) first: &'static str,
    /// A cloud answers on loopback, with [`WORLD`].
    pub(super) cloud: bool,
    /// A store is there.
    pub(super) store: Option<Store>,
    /// What is put in the place of texts that name what is not here.
    pub(super) swaps: &'static [(&'static str, &'static str)],
    /// What the page says is there already.
    pub(super) before: &'static str,
    /// What shows that it did what it is there for.
    pub(super) after: &'static str,
    /// What a command with such a word ends with, where that is not 0.
    pub(super) ends: &'static [(&'static str, i32)],
}

/// A store that many machines share.
#[derive(Clone, Copy)]
pub(super) enum Store {
    Postgres,
    Bucket(Dialect),
}

impl Setting {
    pub(super) fn is_of(&self, block: &Block) -> bool {
        self.page == block.page && self.first == block.first()
    }
}

/// Two links of a site, one of which is not as declared.
pub(super) const WORLD: &str = "regions: [cn-shanghai]
settle: { activate: 50ms, deactivate: 50ms }
interfaces:
  - { id: ri-a, name: sh-primary, router: vbr-a }
  - { id: ri-b, name: sh-backup, router: vbr-b, status: Inactive }
";

/// Makes a world and its spec, and functions that say which of both a block begins with.
pub(super) const SITE: &str = r#"
world() { cat >world.yaml <<'END'
regions: [cn-shanghai]
settle: { activate: 50ms, deactivate: 50ms }
interfaces:
  - { id: ri-a, name: sh-primary, router: vbr-a }
  - { id: ri-b, name: sh-backup, router: vbr-b, status: Inactive }
END
}
spec() { cat >"$1.yaml" <<END
version: 1
name: $1
cloud: { provider: emulator, region: cn-shanghai, world: world.yaml }
groups: { idc-$1: { min_active: 1 } }
interfaces:
  $1-primary: { id: ri-a, status: Inactive, group: idc-$1 }
  $1-backup: { id: ri-b, status: Active, group: idc-$1 }
END
}
lone() { cat >"$1.yaml" <<END
version: 1
name: $1
cloud: { provider: emulator, region: cn-shanghai, world: world.yaml }
interfaces: { $1: { id: $2, status: Active } }
END
}
drain() { world; spec rictl; }
drained() { drain; rictl apply --auto-approve >/dev/null; }
"#;

const PLAIN: Setting =
    Setting { page: "", first: "", cloud: false, store: None, swaps: &[], before: "", after: "", ends: &[] };

/// Every block that is not followed by what it shows.
pub(super) const SETTINGS: &[Setting] = &[
    Setting { page: "CONTRIBUTING.md", first: "cargo build", ..PLAIN },
    Setting {
        page: "CONTRIBUTING.md",
        first: "cargo test -- --ignored sdk:: official moto    # official SDKs, clients and servers of buckets",
        ..PLAIN
    },
    Setting {
        page: "CONTRIBUTING.md",
        first: "cargo test                            # all, unit tests first",
        ..PLAIN
    },
    Setting {
        page: "README.md",
        first: "cargo install --locked --path .        # in a clone; packages and images: see Install",
        ..PLAIN
    },
    Setting {
        page: "README.md",
        first: "cargo run -- -C examples/maintenance-drain apply --auto-approve",
        before: "cp -r ~/examples .\n",
        after: "rictl -C examples/maintenance-drain plan | grep -q 'No changes'\n",
        ..PLAIN
    },
    Setting { page: "README.md", first: ".ci/run", ..PLAIN },
    Setting {
        page: "README.md",
        first: "cargo install --locked --path .",
        after: "bash -n ~/.local/share/bash-completion/completions/rictl && test -s ~/.local/share/bash-completion/completions/rictl\n",
        ..PLAIN
    },
    Setting {
        page: "README.md",
        first: "rictl init --region cn-shanghai   # writes rictl.yaml from what is live; changes nothing",
        cloud: true,
        after: "rictl plan | grep -q 'No changes'\n",
        ..PLAIN
    },
    Setting {
        page: "README.md",
        first: "rictl apply --approve-digest sha256:c514b43677f083a5e8c0b8f7516b3bceb836166e78d66c454e3d597e3a02477b",
        swaps: &[("sha256:c514b43677f083a5e8c0b8f7516b3bceb836166e78d66c454e3d597e3a02477b", "$(cat digest)")],
        before: "drain\nrictl plan --json | jq -r .digest >digest\n",
        after: "rictl plan | grep -q 'No changes'\n",
        ..PLAIN
    },
    Setting {
        page: "README.md",
        first: "*/10 * * * * rictl --file /etc/rictl/rictl.yaml --input=false drift --quiet --notify-settle 2 --notify-repeat 1d",
        swaps: &[("/etc/rictl/", "")],
        before: "drained\n",
        ..PLAIN
    },
    Setting {
        page: "README.md",
        first: "export RICTL_STATE=postgres://net@db.example.com/rictl     # or oss://BUCKET/PREFIX, s3://BUCKET/PREFIX",
        store: Some(Store::Postgres),
        after: "drained\nrictl history | grep -q apply\ntest ! -e state\n",
        ..PLAIN
    },
    Setting {
        page: "README.md",
        first: r#"rictl plan --json | jq -r '.resource_changes[] | select(.change.actions != ["no-op"]) | "\(.address): \(.change.before.status) -> \(.change.after.status)"'"#,
        before: "drain\n",
        ..PLAIN
    },
    Setting {
        page: "docs/explanation/a-fleet.md",
        first: "rictl -f site-a.yaml -f site-b.yaml drift --record        # a timer for each account",
        store: Some(Store::Postgres),
        before: "world\nlone site-a ri-a\nlone site-b ri-b\nexport RICTL_STATE=postgres://net@db.example.com/rictl\n\
                 rictl -f site-a.yaml apply --auto-approve\nrictl -f site-b.yaml apply --auto-approve\n",
        after: "rictl fleet --json | jq -e '.states | length == 2' >/dev/null\n",
        ..PLAIN
    },
    Setting {
        page: "docs/explanation/a-team.md",
        first: "export RICTL_STATE=postgres://net@db.example.com/rictl    # or oss://audit-net/rictl, or s3://...",
        store: Some(Store::Postgres),
        before: "drained\n",
        after: "rictl history | grep -q apply\n(unset RICTL_STATE; ! \"$RICTL\" history)\n",
        ..PLAIN
    },
    Setting { page: "docs/explanation/simulation.md", first: "export SIM_SEEDS=1000000", ..PLAIN },
    Setting {
        page: "docs/explanation/simulation.md",
        first: "SIM_SEED=42 SIM_SEAMS=1 cargo test --test all simulation::swarm::one_seed -- --nocapture",
        ..PLAIN
    },
    Setting {
        page: "docs/how-to/alerts.md",
        first: "export RICTL_NOTIFY_URL='https://oapi.dingtalk.com/robot/send?access_token=…'",
        // Nothing is news, so nothing is sent; what would be, would go nowhere.
        swaps: &[("https://oapi.dingtalk.com", "http://127.0.0.1:9")],
        before: "world\nlone site-a ri-a\nlone site-b ri-b\n\
                 for name in site-a site-b; do mkdir $name; mv $name.yaml $name/rictl.yaml; cp world.yaml $name; done\n\
                 rictl -f site-b/rictl.yaml apply --auto-approve\n",
        ..PLAIN
    },
    Setting {
        page: "docs/how-to/beside-terraform.md",
        first: "terraform state rm 'alicloud_router_interface_connection.primary'",
        ..PLAIN
    },
    Setting {
        page: "docs/reference/emulator.md",
        first: "rictl emulator serve --world world.yaml --tls tls --listen 127.0.0.1:8443 &",
        before: "drain\n",
        ..PLAIN
    },
    Setting {
        page: "docs/reference/emulator.md",
        first: "rictl emulator serve --world world.yaml --faults throttled-and-stuck.yaml --listen 127.0.0.1:8080 &",
        before: "cp ~/examples/faults/*.yaml .\n",
        ends: &[("apply", 5)],
        ..PLAIN
    },
    Setting { page: "docs/reference/platforms.md", first: "cargo build --release --locked", ..PLAIN },
    Setting {
        page: "docs/reference/platforms.md",
        first: "cp -r /usr/share/doc/rictl/examples/maintenance-drain drain && cd drain",
        swaps: &[("/usr/share/doc/rictl", "~")],
        after: "rictl plan | grep -q 'No changes'\n",
        ..PLAIN
    },
    Setting {
        page: "docs/reference/platforms.md",
        first: "sudo install -o root -g rictl -m 640 /dev/stdin /etc/rictl/drift.env <<'END'",
        ..PLAIN
    },
    Setting { page: "docs/reference/platforms.md", first: "sudo usermod --append --groups rictl deploy", ..PLAIN },
    Setting {
        page: "docs/reference/store-oss.md",
        first: "ossutil mb oss://audit-net --region cn-hangzhou",
        store: Some(Store::Bucket(Dialect::Oss)),
        before: "drain\n",
        after: "rictl apply --auto-approve\nrictl history | grep -q apply\n",
        ..PLAIN
    },
    Setting {
        page: "docs/reference/store-postgres.md",
        first: "createdb rictl && psql rictl -c 'CREATE ROLE net LOGIN; GRANT CREATE ON DATABASE rictl TO net'",
        store: Some(Store::Postgres),
        before: "drain\ntouch ~/.pgpass\nchmod 600 ~/.pgpass\n",
        after: "rictl apply --auto-approve\nrictl history | grep -q apply\n",
        ..PLAIN
    },
    Setting {
        page: "docs/reference/store-s3.md",
        first: "aws s3api create-bucket --bucket audit-net --region eu-central-1 --create-bucket-configuration LocationConstraint=eu-central-1",
        store: Some(Store::Bucket(Dialect::Aws)),
        before: "drain\n",
        after: "rictl apply --auto-approve\nrictl history | grep -q apply\n",
        ..PLAIN
    },
    Setting {
        page: "docs/reference/stores.md",
        first: "rictl state move postgres://net@db.example.com/rictl     # from the files beside the spec",
        store: Some(Store::Postgres),
        before: "drained\n",
        after: "unset RICTL_STATE\nrictl --state file:state/site-a.json history | grep -q apply\n",
        ..PLAIN
    },
    Setting {
        page: "examples/faults/README.md",
        first: "rictl emulator serve --world world.yaml --faults throttled-and-stuck.yaml --listen 127.0.0.1:8080 &",
        before: "cp ~/examples/faults/*.yaml .\n",
        ends: &[("apply", 5)],
        ..PLAIN
    },
    Setting {
        page: "packaging/kubernetes/README.md",
        first: "kubectl apply -k overlays/production           # one account",
        ..PLAIN
    },
    Setting {
        page: "state/README.md",
        first: r#"jq -r '.accepted | if type == "array" then .[][2] else .request_id? // empty end' state/rictl.runs/*.jsonl"#,
        before: "drained\n",
        ..PLAIN
    },
];
