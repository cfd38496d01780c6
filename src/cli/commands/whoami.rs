//! `whoami`: whose credentials would be used for each account of the spec, and where they come from. Never a secret.

use anyhow::{Context as _, Result};

use crate::alibaba::credentials::{Identities, Whoami};
use crate::cloud::CloudRead as _;
use crate::ops::connection::{Connection, connect};
use crate::ops::init::blank_project;
use crate::ops::project::Project;
use crate::render::{self, escape::escape_terminal};
use crate::resource::{AccountId, AccountName};
use crate::run::Exit;

use super::super::output::Output;
use super::{DEFAULT_SPEC, Invocation};

pub(super) async fn whoami(invocation: &Invocation, output: &Output, json: bool) -> Result<Exit> {
    let project = project(invocation)?;
    let connection = connect(&project, &invocation.access(), invocation.clock).await?;
    let own = Caller::of(&AccountName::default_account(), connection.target.account_id.clone(), &connection).await?;
    let mut others = Vec::new();
    for name in project.spec.cloud.accounts.keys() {
        let identity =
            connection.cloud.identity(name).await.with_context(|| format!("cannot use the account {name}"))?;
        others.push((name, Caller::of(name, identity.account_id, &connection).await?));
    }
    let target = &connection.target;
    let identities = connection.identities();
    output.print(|out| {
        if json {
            let mut document = own.document();
            let accounts: serde_json::Map<_, _> =
                others.iter().map(|(name, caller)| (name.to_string(), caller.document())).collect();
            document["format_version"] = "1.0".into();
            document["target"] = serde_json::json!(target);
            document["accounts"] = accounts.into();
            document["passed_over"] = identities.as_ref().map(|both| both.passed_over.as_str()).into();
            return writeln!(out, "{document}");
        }
        if let Some(Identities { used, passed_over }) = &identities {
            writeln!(out, "{}", escape_terminal(&render::words::identity::two(used, passed_over)))?;
        }
        let mut lines = own.lines();
        lines.insert(1, ("Provider", target.provider.to_string()));
        lines.insert(2, ("Endpoint", target.endpoint.clone()));
        for (name, caller) in &others {
            lines.push(("", String::new()));
            lines.push(("Name", name.to_string()));
            lines.extend(caller.lines());
        }
        lines.iter().try_for_each(|(name, value)| {
            let line = format!("{name:<9} {}", escape_terminal(value));
            writeln!(out, "{}", line.trim_end())
        })
    })?;
    Ok(Exit::Done)
}

/// Without a spec, what one would find that says nothing of the cloud.
fn project(invocation: &Invocation) -> Result<Project> {
    if invocation.global.file.is_empty() && !std::path::Path::new(DEFAULT_SPEC).exists() {
        return blank_project(&[], None, None);
    }
    invocation.load()
}

/// Who would call for one account.
struct Caller {
    account_id: AccountId,
    /// `None` for an emulator's own key.
    whoami: Option<Whoami>,
}

impl Caller {
    async fn of(name: &AccountName, account_id: AccountId, connection: &Connection) -> Result<Self> {
        let whoami = match &connection.chain {
            Some(chain) => Some(chain.describe(name).await?),
            None => None,
        };
        Ok(Self { account_id, whoami })
    }

    fn source(&self) -> &str {
        self.whoami.as_ref().map_or("the emulator's own key", |whoami| &whoami.source)
    }

    fn mode(&self) -> &str {
        self.whoami.as_ref().map_or("AK", |whoami| &whoami.mode)
    }

    fn key(&self) -> Option<&str> {
        self.whoami.as_ref().map(|whoami| whoami.access_key_id_masked.as_str())
    }

    fn expires(&self) -> Option<String> {
        self.whoami.as_ref()?.expires_at.map(|time| time.to_string())
    }

    fn document(&self) -> serde_json::Value {
        serde_json::json!({
            "account_id": self.account_id, "source": self.source(), "mode": self.mode(),
            "access_key_id": self.key(), "expires_at": self.expires(),
        })
    }

    fn lines(&self) -> Vec<(&'static str, String)> {
        vec![
            ("Account", self.account_id.to_string()),
            ("Source", self.source().to_owned()),
            ("Mode", self.mode().to_owned()),
            ("Key", self.key().unwrap_or("-").to_owned()),
            ("Expires", self.expires().unwrap_or_else(|| "never".to_owned())),
        ]
    }
}
