//! Commands that need no network and no credentials, but for `validate --live`.

use std::path::Path;

use anyhow::{Context as _, Result};
use clap_complete::Shell;

use crate::diagnostic::Diagnostics;
use crate::language::say;
use crate::ops::{self, project::together};
use crate::render::{counted, schema};
use crate::run::Exit;

use super::super::args::{AtArgs, SchemaFormat};
use super::super::output::Output;
use super::super::{completion, errors};
use super::Invocation;

pub(super) async fn validate(
    at: &AtArgs,
    (live, json): (bool, bool),
    invocation: &Invocation,
    output: &Output,
) -> Result<Exit> {
    let mut failed = false;
    let (mut documents, mut projects) = (Vec::new(), Vec::new());
    for path in invocation.spec_paths() {
        let (diagnostics, declared) = match invocation.load_to_validate(&path, at) {
            Ok(project) => {
                let declared = project.spec.interfaces.len();
                let (sources, mut findings) = (project.spec.sources.clone(), project.spec.warnings.clone());
                if live {
                    findings.extend(ops::validate::live(&project, &invocation.access(), invocation.clock).await?);
                }
                projects.push(project);
                (Diagnostics { sources, findings }, Some(declared))
            }
            Err(error) => (errors::diagnose(&error), None),
        };
        failed |= diagnostics.has_errors();
        if json {
            documents.push(errors::findings(&diagnostics));
            continue;
        }
        errors::draw(output, &diagnostics.sources, &diagnostics.findings);
        if let Some(declared) = declared {
            let line = output.spoken(|| {
                let declared = counted(declared, say!("interface"));
                say!("Success! {spec} is valid: {declared} declared.", spec = path.display(), declared)
            });
            output.print(|out| writeln!(out, "{}", crate::render::escape::escape_terminal(&line)))?;
        }
    }
    if let Err(diagnostics) = together::check(&projects.iter().collect::<Vec<_>>()) {
        failed = true;
        if json {
            documents.push(errors::findings(&diagnostics));
        } else {
            errors::draw(output, &diagnostics.sources, &diagnostics.findings);
        }
    }
    if json {
        let document = serde_json::json!({
            "format_version": "1.0",
            "valid": !failed,
            "error_count": count(&documents, "error"),
            "warning_count": count(&documents, "warning"),
            "diagnostics": documents.concat(),
        });
        output.print(|out| writeln!(out, "{document}"))?;
    }
    Ok(if failed { Exit::Error } else { Exit::Done })
}

fn count(documents: &[Vec<serde_json::Value>], severity: &str) -> usize {
    documents.iter().flatten().filter(|finding| finding["severity"] == severity).count()
}

pub(super) fn completions(shell: Shell, output: &Output) -> Result<Exit> {
    let mut script = Vec::new();
    completion::script(&mut script, shell)?;
    output.print(|out| out.write_all(&script))?;
    Ok(Exit::Done)
}

pub(super) fn fmt(invocation: &Invocation, output: &Output, check: bool) -> Result<Exit> {
    let mut any = false;
    for path in invocation.spec_paths() {
        for changed in crate::ops::fmt::fmt(&path, check)? {
            any = true;
            let name = changed.display().to_string();
            output.print(|out| writeln!(out, "{}", crate::render::escape::escape_terminal(&name)))?;
        }
    }
    Ok(if check && any { Exit::Error } else { Exit::Done })
}

pub(super) fn man(directory: &Path) -> Result<Exit> {
    let doing = || format!("cannot write man pages into {}", directory.display());
    std::fs::create_dir_all(directory).with_context(doing)?;
    super::super::man::write(directory).with_context(doing)?;
    Ok(Exit::Done)
}

pub(super) fn schema(format: SchemaFormat, output: &Output) -> Result<Exit> {
    let format = match format {
        SchemaFormat::Spec => schema::Format::Spec,
        SchemaFormat::Plan => schema::Format::Plan,
        SchemaFormat::State => schema::Format::State,
        SchemaFormat::Events => schema::Format::Events,
        SchemaFormat::Drift => schema::Format::Drift,
        SchemaFormat::Status => schema::Format::Status,
        SchemaFormat::Fleet => schema::Format::Fleet,
        SchemaFormat::WhatIf => schema::Format::WhatIf,
        SchemaFormat::History => schema::Format::History,
        SchemaFormat::Report => schema::Format::Report,
        SchemaFormat::Rehearse => schema::Format::Rehearse,
    };
    output.print(|out| schema::write(out, format))?;
    Ok(Exit::Done)
}

pub(in crate::cli) fn version(output: &Output, json: bool) -> Result<Exit> {
    let version = env!("CARGO_PKG_VERSION");
    let platform = format!("{}_{}", std::env::consts::OS, std::env::consts::ARCH);
    output.print(|out| {
        if json {
            let document = serde_json::json!({
                "format_version": "1.0",
                "rictl_version": version,
                "platform": platform,
                "plan_format_version": crate::plan::FORMAT_VERSION,
                "state_format_version": crate::state::FORMAT_VERSION,
            });
            writeln!(out, "{document}")
        } else {
            writeln!(out, "rictl {version}\non {platform}")
        }
    })?;
    Ok(Exit::Done)
}
