//! Pages by number, and pages that begin at a token.
//!
//! A token says where a page begins and of which list: with other parameters, or another caller's, it is none.

use std::collections::BTreeMap;

use super::caller::Caller;
use super::refusal::Refusal;
use super::request::Request;
use crate::signature::sha256_hex;

const DEFAULT_PAGE_SIZE: usize = 10;
const MAX_PAGE_SIZE: usize = 50;

/// Reads which page by number is asked for, from 1, and how large pages are.
pub(super) fn page(parameters: &BTreeMap<String, String>) -> Result<(usize, usize), Refusal> {
    let page_number = number(parameters, "PageNumber", 1)?;
    let page_size = number(parameters, "PageSize", DEFAULT_PAGE_SIZE)?;
    if page_number == 0 || page_size == 0 || page_size > MAX_PAGE_SIZE {
        return Err(Refusal::bad_page());
    }
    Ok((page_number, page_size))
}

fn number(parameters: &BTreeMap<String, String>, name: &str, default: usize) -> Result<usize, Refusal> {
    match parameters.get(name).map(String::as_str) {
        None | Some("") => Ok(default),
        Some(text) => text.parse().map_err(|_| Refusal::bad_page()),
    }
}

/// Reads how many entries a page by token has.
pub(super) fn size(request: &Request, name: &'static str, default: usize, most: usize) -> Result<usize, Refusal> {
    match request.parameter(name) {
        None | Some("") => Ok(default),
        Some(text) => {
            let size = text.parse().ok().filter(|size| (1..=most).contains(size));
            size.ok_or_else(Refusal::illegal_parameter)
        }
    }
}

/// What tells the tokens of one list from all others.
pub(super) struct Mark(String);

impl Mark {
    pub(super) fn of(caller: &Caller, request: &Request) -> Self {
        /// What no page of a list has in common with the next.
        const OF_ONE_PAGE: [&str; 8] = [
            "NextToken",
            "Signature",
            "SignatureNonce",
            "Timestamp",
            "AccessKeyId",
            "SecurityToken",
            "SignatureMethod",
            "SignatureVersion",
        ];
        let mut text = format!("{}\n{}", caller.account, request.action);
        let parameters = request.parameters.iter().filter(|(name, _)| !OF_ONE_PAGE.contains(&name.as_str()));
        parameters.for_each(|(name, value)| text.push_str(&format!("\n{name}={value}")));
        let digest = sha256_hex(text.as_bytes());
        Self(digest[..24].to_owned())
    }

    /// Returns where the page of a request begins; `None` if its token is none of this list.
    pub(super) fn begin(&self, request: &Request) -> Option<usize> {
        match request.parameter("NextToken") {
            None | Some("") => Some(0),
            Some(token) => {
                let place = token.strip_prefix(self.0.as_str())?;
                usize::from_str_radix(place, 16).ok().filter(|begin| self.token(*begin) == token)
            }
        }
    }

    /// Makes the token of the page that begins there.
    pub(super) fn token(&self, begin: usize) -> String {
        format!("{}{begin:08x}", self.0)
    }
}
