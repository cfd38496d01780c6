//! A message as each robot takes it: cut where it would be too large, by whole lines and whole characters.

use jiff::Timestamp;
use serde_json::json;

use super::kind::Kind;
use crate::signature::robot as signature;

/// What is to be said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// The first line. It has the word `rictl` in it, which robots with keywords look for.
    pub head: String,
    /// One line an item, the most important first.
    pub lines: Vec<String>,
    /// The document, which webhooks get, whole.
    pub document: Vec<u8>,
}

/// How large a text may be.
#[derive(Clone, Copy, Debug)]
struct Room {
    /// Bytes of text, or of the body where `is_of_body`.
    most: usize,
    /// The body counts, in which some characters take two bytes.
    is_of_body: bool,
}

/// What stands around the text in a body, with a signature and room to spare.
const AROUND: usize = 400;

/// No line takes more than this part of a message.
const LINES_AT_LEAST: usize = 4;

/// No line is longer than this anywhere.
const LONGEST_LINE: usize = 1024;

impl Kind {
    fn room(self) -> Room {
        match self {
            // 20,000 bytes, and 20 KB of Feishu's: the body.
            Self::Dingtalk | Self::Feishu => Room { most: 20_000 - AROUND, is_of_body: true },
            Self::Wecom => Room { most: 2048, is_of_body: false },
            // As much as a section takes, in characters.
            Self::Slack => Room { most: 3000, is_of_body: false },
            Self::Webhook => Room { most: usize::MAX, is_of_body: false },
        }
    }

    /// Takes away what would be more than text there: a mention of everybody, a link.
    fn escaped(self, text: &str) -> String {
        match self {
            Self::Slack => text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"),
            // It knows tags, and no way to write one.
            Self::Feishu => text.replace('<', "‹").replace('>', "›"),
            Self::Dingtalk | Self::Wecom | Self::Webhook => text.to_owned(),
        }
    }
}

impl Message {
    /// Writes the body for a robot.
    pub(super) fn body(&self, kind: Kind, secret: Option<&str>, now: Timestamp) -> Vec<u8> {
        let body = match kind {
            Kind::Webhook => return self.document.clone(),
            Kind::Dingtalk | Kind::Wecom => json!({"msgtype": "text", "text": {"content": self.text(kind)}}),
            Kind::Slack => json!({"text": self.text(kind)}),
            Kind::Feishu => {
                let mut body = json!({"msg_type": "text", "content": {"text": self.text(kind)}});
                if let Some(secret) = secret {
                    let at = now.as_second();
                    body["timestamp"] = json!(at.to_string());
                    body["sign"] = json!(signature::feishu(secret, at));
                }
                body
            }
        };
        body.to_string().into_bytes()
    }

    /// Returns the text that a robot takes.
    fn text(&self, kind: Kind) -> String {
        let room = kind.room();
        let longest = LONGEST_LINE.min(room.most / LINES_AT_LEAST);
        let line = |text: &str| cut(&kind.escaped(text), longest, room);
        let head = line(&self.head);
        let (mut used, mut taken) = (room.cost(&head), Vec::new());
        let lines: Vec<String> = self.lines.iter().map(|text| line(text)).collect();
        for (number, line) in lines.iter().enumerate() {
            let left = lines.len() - number;
            // Room for what says how many are left out, unless this is the last.
            let reserve = if left > 1 { room.cost(&more(left)) } else { 0 };
            if used + room.cost(line) + reserve > room.most {
                taken.push(more(left));
                break;
            }
            used += room.cost(line);
            taken.push(line.clone());
        }
        std::iter::once(head).chain(taken).collect::<Vec<_>>().join("\n")
    }
}

impl Room {
    /// Returns what a line takes, with its end.
    fn cost(self, line: &str) -> usize {
        if !self.is_of_body {
            return line.len() + 1;
        }
        let extra = |character: char| match character {
            '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
            character if character.is_ascii_control() => 6,
            character => character.len_utf8(),
        };
        line.chars().map(extra).sum::<usize>() + 2
    }
}

fn more(left: usize) -> String {
    format!("… and {left} more")
}

/// Cuts a line between two characters, where it takes more than it may.
fn cut(line: &str, longest: usize, room: Room) -> String {
    if room.cost(line) <= longest {
        return line.to_owned();
    }
    let most = longest.saturating_sub(room.cost("…"));
    let mut shown = String::new();
    let mut used = 0;
    for character in line.chars() {
        let mut bytes = [0; 4];
        used += room.cost(character.encode_utf8(&mut bytes)) - room.cost("");
        if used > most {
            break;
        }
        shown.push(character);
    }
    shown + "…"
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXTS: [Kind; 4] = [Kind::Dingtalk, Kind::Feishu, Kind::Wecom, Kind::Slack];

    fn now() -> Timestamp {
        Timestamp::from_second(1_796_000_000).unwrap()
    }

    fn text(body: &[u8]) -> String {
        let body: serde_json::Value = serde_json::from_slice(body).unwrap();
        let texts = [&body["text"]["content"], &body["content"]["text"], &body["text"]];
        texts.iter().find_map(|text| text.as_str()).unwrap().to_owned()
    }

    fn fits(kind: Kind, body: &[u8]) -> bool {
        match kind {
            Kind::Dingtalk | Kind::Feishu => body.len() <= 20_000,
            Kind::Wecom => text(body).len() <= 2048,
            Kind::Slack => text(body).len() <= 3000,
            Kind::Webhook => true,
        }
    }

    #[test]
    fn whatever_is_said_fits_and_what_is_left_out_is_counted() {
        let lines = [
            "sh-primary: drifted",
            "线路维护：上海—北京 专线割接",
            "\"\\\"\\\t\u{1}",
            "<!channel> & <at user_id=\"all\">",
        ];
        for (kind, line) in TEXTS.into_iter().flat_map(|kind| lines.map(|line| (kind, line))) {
            for (count, repeat) in [(0, 1), (1, 1), (3, 1), (40, 3), (2000, 1), (5, 5000), (1, 100_000)] {
                let lines = vec![line.repeat(repeat); count];
                let message = Message { head: "rictl drift: a".to_owned(), lines, document: Vec::new() };
                let body = message.body(kind, Some("secret"), now());
                assert!(fits(kind, &body), "{kind:?} {count} x {repeat}: {}", body.len());
                let text = text(&body);
                assert!(text.starts_with("rictl drift: a"), "{text}");
                let shown = text.lines().count() - 1;
                let last = text.lines().last().unwrap();
                match last.strip_prefix("… and ").and_then(|rest| rest.strip_suffix(" more")) {
                    Some(more) => assert_eq!(shown - 1 + more.parse::<usize>().unwrap(), count),
                    None => assert_eq!(shown, count),
                }
            }
        }
    }

    #[test]
    fn nobody_is_mentioned_by_what_somebody_wrote() {
        let message = Message { head: "rictl <!channel> <at user_id=\"all\">&".to_owned(), ..Message::default() };
        assert_eq!(
            text(&message.body(Kind::Slack, None, now())),
            "rictl &lt;!channel&gt; &lt;at user_id=\"all\"&gt;&amp;"
        );
        assert_eq!(text(&message.body(Kind::Feishu, None, now())), "rictl ‹!channel› ‹at user_id=\"all\"›&");
    }

    #[test]
    fn a_webhook_gets_the_document_as_it_is() {
        let document = vec![b'x'; 100_000];
        let message = Message { document: document.clone(), ..Message::default() };
        assert_eq!(message.body(Kind::Webhook, Some("secret"), now()), document);
    }
}
