//! Which document a file is: a Terraform state of version 4, or something else that people take for one.

use serde::Deserialize;
use serde_json::{Map, Value};

/// Why a text cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// No JSON, or another document.
    #[error("it is not a Terraform state")]
    NotAState(#[from] serde_json::Error),
    /// Another document; what it is, and what to do.
    #[error("{0}")]
    Other(&'static str, &'static str),
    /// Another version of the format, and what wrote it.
    #[error("it is a Terraform state of version {0}, written by {1}, and version 4 can be read")]
    Version(u64, String),
    /// No router interface in it.
    #[error("it holds no router interface")]
    Nothing,
    /// Router interfaces, none of which a spec could declare; what is wrong with each.
    #[error("none of its router interfaces can be declared: {0}")]
    NoneUsable(String),
}

impl StateError {
    /// Returns what to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NotAState(_) => "a state is JSON: `terraform state pull > FILE` writes one",
            Self::Other(_, hint) => hint,
            Self::Version(5.., _) => "this rictl is older; `rictl init --region REGION` reads what is live instead",
            Self::Version(..) => {
                "let Terraform 0.12 or newer upgrade it (`terraform refresh`), then `terraform state pull > FILE`"
            }
            Self::Nothing | Self::NoneUsable(_) => "`rictl init --region REGION` reads what is live, without a state",
        }
    }
}

/// A state of version 4, as far as it matters. What older releases left empty may be null.
#[derive(Deserialize)]
pub(super) struct Document {
    pub(super) resources: Option<Vec<Resource>>,
}

#[derive(Deserialize)]
pub(super) struct Resource {
    pub(super) mode: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) module: Option<String>,
    pub(super) instances: Option<Vec<Instance>>,
}

#[derive(Deserialize)]
pub(super) struct Instance {
    pub(super) index_key: Option<Value>,
    /// Which leftover it is of an object that was replaced, and that Terraform means to destroy.
    pub(super) deposed: Option<String>,
    /// Terraform's own mark: `tainted` is what it means to destroy and make anew.
    pub(super) status: Option<String>,
    attributes: Option<Map<String, Value>>,
    /// What 0.11 recorded, in a state that no later release has refreshed.
    attributes_flat: Option<Map<String, Value>>,
}

impl Instance {
    /// Returns a text among its attributes.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.value(name).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// Returns what stands where a text was looked for in vain.
    pub(super) fn instead_of_text(&self, name: &str) -> &'static str {
        match self.value(name) {
            None => "missing",
            Some(Value::Null) => "null",
            Some(Value::String(_)) => "empty",
            Some(Value::Number(_)) => "a number",
            Some(_) => "no text",
        }
    }

    fn value(&self, name: &str) -> Option<&Value> {
        let value = self.attributes.as_ref().and_then(|attributes| attributes.get(name));
        let flat = || self.attributes_flat.as_ref()?.get(name);
        value.or_else(flat)
    }
}

/// Reads a state, or says what the file is instead.
pub(super) fn read(bytes: &[u8]) -> Result<Document, StateError> {
    let text = decode(bytes)?;
    let head: Map<String, Value> = match serde_json::from_str(&text) {
        Ok(Value::Object(head)) => head,
        Ok(_) => return Err(StateError::Other("it is JSON, and no Terraform state", PULL)),
        Err(_) if text.trim_start().starts_with('{') => return Err(StateError::Other("it is not whole JSON", PULL)),
        Err(error) => return Err(StateError::NotAState(error)),
    };
    if let Some((what, hint)) = other(&head) {
        return Err(StateError::Other(what, hint));
    }
    match head.get("version").and_then(Value::as_u64) {
        Some(4) => {}
        Some(version) => {
            let by = head.get("terraform_version").and_then(Value::as_str);
            return Err(StateError::Version(version, by.unwrap_or("an older release").to_owned()));
        }
        None => return Err(StateError::Other("it is JSON, and no Terraform state", PULL)),
    }
    serde_json::from_value(Value::Object(head)).map_err(StateError::NotAState)
}

const PULL: &str = "`terraform state pull > FILE`, in the directory of the configuration, writes one";

/// Recognises documents that are no state.
fn other(head: &Map<String, Value>) -> Option<(&'static str, &'static str)> {
    let has = |key: &str| head.contains_key(key);
    Some(if has("encrypted_data") {
        ("it is a state that OpenTofu has encrypted", "`tofu state pull > FILE` writes it decrypted")
    } else if has("deployment") || has("checkpoint") {
        ("it is a stack of Pulumi, and no Terraform state", "`rictl init --region REGION` reads what is live instead")
    } else if has("values") || has("planned_values") || has("resource_changes") {
        ("it is what `terraform show -json` prints, and no state", PULL)
    } else if has("backend") && !has("resources") {
        ("it only says in which backend the state is kept", PULL)
    } else if has("format_version") && has("rictl_version") || has("lineage") && has("interfaces") {
        ("it is a file of rictl's own", "Terraform's state is usually called terraform.tfstate")
    } else {
        return None;
    })
}

/// Takes a text in the encodings that editors and shells write.
fn decode(bytes: &[u8]) -> Result<String, StateError> {
    let units = |of: fn([u8; 2]) -> u16, from: usize| {
        bytes[from..].chunks_exact(2).map(|pair| of([pair[0], pair[1]])).collect::<Vec<u16>>()
    };
    let not_text = StateError::Other("it is not text", PULL);
    match bytes {
        [] => Err(StateError::Other("it is empty", PULL)),
        [0xFF, 0xFE, ..] => String::from_utf16(&units(u16::from_le_bytes, 2)).map_err(|_| not_text),
        [0xFE, 0xFF, ..] => String::from_utf16(&units(u16::from_be_bytes, 2)).map_err(|_| not_text),
        // Without a mark, a brace of two bytes tells.
        [b'{', 0, ..] => String::from_utf16(&units(u16::from_le_bytes, 0)).map_err(|_| not_text),
        [0, b'{', ..] => String::from_utf16(&units(u16::from_be_bytes, 0)).map_err(|_| not_text),
        [b'P', b'K', ..] => Err(StateError::Other("it is a saved plan of Terraform, and no state", PULL)),
        [0x1F, 0x8B, ..] => Err(StateError::Other("it is compressed", "decompress it first: `gunzip -c FILE`")),
        _ => {
            let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
            std::str::from_utf8(text).map(str::to_owned).map_err(|_| not_text)
        }
    }
}
