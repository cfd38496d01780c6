//! The XML of object stores: errors, and the pages of a listing. Everything in it is somebody else's text.

use quick_xml::Reader;
use quick_xml::events::Event;

/// What a store says of a refusal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) code: String,
    pub(super) message: String,
    pub(super) request_id: String,
}

/// A page of a listing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) keys: Vec<String>,
    /// What the keys that are told together begin with.
    pub(super) folders: Vec<String>,
    /// How to ask for the next page, where there is one.
    pub(super) next: Option<String>,
}

/// Reads an error; nothing of it where it is none.
pub(super) fn refusal(body: &[u8]) -> Refusal {
    /// Longer than any that helps.
    const LONGEST: usize = 300;
    let clean = |text: &str| text.chars().filter(|c| !c.is_control()).take(LONGEST).collect::<String>();
    let mut refusal = Refusal::default();
    // Half an answer still has a code.
    let _read = leaves(body, |path, text| {
        let field = match path {
            ["Error", "Code"] => &mut refusal.code,
            ["Error", "Message"] => &mut refusal.message,
            ["Error", "RequestId"] => &mut refusal.request_id,
            _ => return,
        };
        if field.is_empty() {
            *field = clean(text);
        }
    });
    refusal
}

/// Reads a page of a listing.
pub(super) fn page(body: &[u8]) -> Result<Page, String> {
    let mut page = Page::default();
    let mut is_listing = false;
    let mut is_cut = false;
    leaves(body, |path, text| {
        is_listing |= path.first() == Some(&"ListBucketResult");
        match path {
            ["ListBucketResult", "Contents", "Key"] => page.keys.push(text.to_owned()),
            ["ListBucketResult", "CommonPrefixes", "Prefix"] => page.folders.push(text.to_owned()),
            ["ListBucketResult", "IsTruncated"] => is_cut = text == "true",
            ["ListBucketResult", "NextContinuationToken"] => page.next = Some(text.to_owned()),
            _ => {}
        }
    })?;
    match (is_listing, is_cut, &page.next) {
        (false, ..) => Err("no listing".to_owned()),
        (true, true, None) => Err("a listing that goes on, and does not say where".to_owned()),
        (true, true, Some(_)) => Ok(page),
        (true, false, _) => Ok(Page { next: None, ..page }),
    }
}

/// Hands on the text of every element that has no others in it, with the names of those around it.
fn leaves(body: &[u8], mut take: impl FnMut(&[&str], &str)) -> Result<(), String> {
    /// Deeper than any answer.
    const DEPTH: usize = 16;
    let body = std::str::from_utf8(body).map_err(|error| error.to_string())?;
    let mut reader = Reader::from_str(body);
    let mut path: Vec<String> = Vec::new();
    let mut text = String::new();
    loop {
        match reader.read_event().map_err(|error| error.to_string())? {
            Event::Start(start) => {
                path.push(start.local_name().as_ref().to_owned());
                if path.len() > DEPTH {
                    return Err("elements in elements without end".to_owned());
                }
                text.clear();
            }
            Event::Text(part) => text.push_str(&part),
            Event::CData(part) => text.push_str(&part),
            Event::GeneralRef(name) => text.push_str(&entity(&name)?),
            Event::Empty(start) => {
                let name = start.local_name().as_ref().to_owned();
                take(&[path.iter().map(String::as_str).collect::<Vec<_>>().as_slice(), &[name.as_str()]].concat(), "");
            }
            Event::End(_) => {
                take(&path.iter().map(String::as_str).collect::<Vec<_>>(), &text);
                path.pop();
                text.clear();
            }
            Event::Eof if path.is_empty() => return Ok(()),
            Event::Eof => return Err("it ends within an element".to_owned()),
            _ => {}
        }
    }
}

/// What a reference stands for: one of XML's own, or a character's number.
fn entity(name: &quick_xml::events::BytesRef<'_>) -> Result<String, String> {
    if let Some(letter) = name.resolve_char_ref().map_err(|error| error.to_string())? {
        return Ok(letter.to_string());
    }
    let name: &str = name;
    quick_xml::escape::resolve_xml_entity(name).map(str::to_owned).ok_or_else(|| format!("&{name}; is not known"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_read_with_its_request_and_without_anything_else() {
        let body = b"<?xml version=\"1.0\"?>\n<Error>\n <Code>AccessDenied</Code><Message>no &amp;\x1b[2J no</Message><RequestId>5C3D</RequestId><AWSAccessKeyId>LTAI</AWSAccessKeyId></Error>";
        let expected = Refusal { code: "AccessDenied".into(), message: "no &[2J no".into(), request_id: "5C3D".into() };
        assert_eq!(refusal(body), expected);
        assert_eq!(refusal(b"<html>502</html>"), Refusal::default());
        assert_eq!(refusal(b"<Error><Code>SlowDown</Code>").code, "SlowDown", "what is cut off has a code");
    }

    #[test]
    fn a_page_says_how_the_listing_goes_on() {
        let body = b"<ListBucketResult xmlns=\"x\"><Prefix>a</Prefix><IsTruncated>true</IsTruncated><Contents><Key>a/1</Key><Owner><ID>Key</ID></Owner></Contents><Contents><Key>a/2&#x20;&lt;</Key></Contents><NextContinuationToken>t=</NextContinuationToken></ListBucketResult>";
        let (keys, next) = (vec!["a/1".into(), "a/2 <".into()], Some("t=".into()));
        assert_eq!(page(body), Ok(Page { keys, folders: Vec::new(), next }));
        let folders = b"<ListBucketResult><CommonPrefixes><Prefix>a/</Prefix></CommonPrefixes></ListBucketResult>";
        assert_eq!(page(folders).unwrap().folders, ["a/"]);
        assert_eq!(page(b"<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"), Ok(Page::default()));
        assert!(page(b"<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>").is_err());
        assert!(page(b"<html/>").is_err() && page(b"<ListBucketResult><Contents>").is_err());
    }
}
