//! The JSON Schema of each format that others read or write.
//!
//! What rictl writes has its schema from the very types that write it; the spec's is in [`crate::spec::schema`]. The
//! same texts are committed under `schemas/`, and a test holds them together.

use std::io::{self, Write};

use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema};
use serde_json::{Value, json};
use strum::{IntoStaticStr, VariantArray};

use super::plan::document;
use super::{drift, events, fleet, history, rehearsal, status, ticket, whatif};
use crate::{spec, state};

/// A format with a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "lowercase")]
pub enum Format {
    /// The spec, as people write it.
    Spec,
    /// What `plan --json` prints and `plan --out` saves.
    Plan,
    /// The state file.
    State,
    /// One line of `apply --json`.
    Events,
    /// What `drift --json` prints.
    Drift,
    /// What `status --json` prints.
    Status,
    /// What `fleet --json` prints.
    Fleet,
    /// What `whatif --json` prints.
    WhatIf,
    /// What `history --json` prints.
    History,
    /// What `report --format json` prints.
    Report,
    /// What `rehearse --json` prints.
    Rehearse,
}

impl Format {
    /// Every format.
    pub const ALL: &'static [Self] = <Self as VariantArray>::VARIANTS;

    /// Returns the word for it, which is also the name of its file.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// Returns the schema of a format.
pub fn schema(format: Format) -> Value {
    match format {
        Format::Spec => spec::schema::schema(),
        Format::Plan => {
            let mut schema = of::<document::Document<'_>>();
            schema["properties"]["checksum"] = checksum("Only in a saved plan: over the document without this key.");
            schema
        }
        Format::State => {
            let mut schema = of::<state::State>();
            schema["title"] = json!("rictl state");
            schema["properties"]["format_version"] =
                json!({ "description": "The version of the format.", "const": state::FORMAT_VERSION });
            schema["properties"]["checksum"] = checksum("Over every byte before it.");
            require(&mut schema, ["format_version", "checksum"]);
            schema
        }
        Format::Events => of::<events::EventLine<'_>>(),
        Format::Drift => of::<drift::document::Printed<'_>>(),
        Format::Status => of::<status::Printed<'_>>(),
        Format::Fleet => of::<fleet::Document<'_>>(),
        Format::WhatIf => of::<whatif::Document<'_>>(),
        Format::History => of::<history::ListDocument<'_>>(),
        Format::Report => of::<ticket::document::Document<'_>>(),
        Format::Rehearse => of::<rehearsal::Document<'_>>(),
    }
}

/// Writes the schema of a format as text that is pleasant to read and to compare.
pub fn write<W: Write + ?Sized>(out: &mut W, format: Format) -> io::Result<()> {
    writeln!(out, "{:#}", schema(format))
}

fn of<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().for_serialize().with_transform(RecursiveTransform(without_links));
    settings.into_generator().into_root_schema_for::<T>().to_value()
}

/// The descriptions are the types' own documentation, whose links lead nowhere outside of it.
fn without_links(schema: &mut Schema) {
    if let Some(Value::String(text)) = schema.get_mut("description") {
        *text = text.replace("[`", "`").replace("`]", "`");
    }
}

fn checksum(description: &str) -> Value {
    json!({ "type": "string", "pattern": "^sha256:[0-9a-f]{64}$", "description": description })
}

fn require<const N: usize>(schema: &mut Value, keys: [&str; N]) {
    if let Some(required) = schema["required"].as_array_mut() {
        required.extend(keys.map(Value::from));
    }
}
