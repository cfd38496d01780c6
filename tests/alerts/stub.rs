//! A robot on loopback, as strict as the real one: method, content type, size, keyword and signature are checked, and what is wrong
//! is refused as the real one refuses it, mostly with HTTP 200.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use serde_json::Value;
use sha2::Sha256;

use super::{SECRET, TOKEN};

/// What a stub was sent.
#[derive(Clone, Debug)]
pub(super) struct Received {
    pub(super) target: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    pub(super) was_taken: bool,
}

impl Received {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The text of a message, whichever robot it is for.
    pub(super) fn text(&self) -> String {
        let body = self.json();
        let texts = [&body["text"]["content"], &body["content"]["text"], &body["text"]];
        texts.iter().find_map(|text| text.as_str()).unwrap_or_default().to_owned()
    }
}

/// How a stub answers.
#[derive(Clone, Debug)]
pub(super) enum Mood {
    /// As the robot does.
    Strict,
    /// With this, whatever it is sent: status line, further headers, body.
    Always(&'static str, String, &'static str),
}

struct Shared {
    kind: &'static str,
    /// Whether messages have to be signed.
    is_signed: bool,
    /// The clock of whoever sends is not this machine's.
    ignores_time: bool,
    mood: Mutex<Mood>,
    received: Mutex<Vec<Received>>,
    is_over: AtomicBool,
}

/// A robot; it ends with this value.
pub(super) struct Stub {
    shared: Arc<Shared>,
    port: u16,
    thread: Option<JoinHandle<()>>,
}

impl Stub {
    pub(super) fn new(kind: &'static str) -> Self {
        Self::with(kind, false, false)
    }

    pub(super) fn signed(kind: &'static str) -> Self {
        Self::with(kind, true, false)
    }

    /// One whose senders have a clock of their own.
    pub(super) fn at_any_time(kind: &'static str) -> Self {
        Self::with(kind, true, true)
    }

    fn with(kind: &'static str, is_signed: bool, ignores_time: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (mood, received, is_over) = (Mutex::new(Mood::Strict), Mutex::default(), AtomicBool::new(false));
        let shared = Arc::new(Shared { kind, is_signed, ignores_time, mood, received, is_over });
        let with = Arc::clone(&shared);
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if with.is_over.load(Ordering::SeqCst) {
                    return;
                }
                // Whoever goes away in the middle has said nothing.
                drop(stream.and_then(|stream| with.serve(&stream)));
            }
        });
        Self { shared, port, thread: Some(thread) }
    }

    /// The address that a robot of this kind has, with its token.
    pub(super) fn url(&self) -> String {
        let path = match self.shared.kind {
            "dingtalk" => format!("/robot/send?access_token={TOKEN}"),
            "feishu" => format!("/open-apis/bot/v2/hook/{TOKEN}"),
            "wecom" => format!("/cgi-bin/webhook/send?key={TOKEN}"),
            "slack" => format!("/services/T00000000/B00000000/{TOKEN}"),
            _ => format!("/hook/{TOKEN}"),
        };
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub(super) fn mood(&self, mood: Mood) {
        *self.shared.mood.lock().unwrap() = mood;
    }

    /// What came since this was asked last.
    pub(super) fn received(&self) -> Vec<Received> {
        std::mem::take(&mut self.shared.received.lock().unwrap())
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(("127.0.0.1", self.port)));
        self.thread.take().unwrap().join().unwrap();
    }
}

impl Shared {
    fn serve(&self, mut stream: &TcpStream) -> std::io::Result<()> {
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let first: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        let mut headers = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let length = headers.iter().find(|(name, _)| name == "content-length");
        let mut body = vec![0; length.map_or(0, |(_, length)| length.parse().unwrap())];
        reader.read_exact(&mut body)?;
        let [method, target, _] = first.as_slice() else { return Ok(()) };
        let mut received = Received { target: target.clone(), headers, body, was_taken: false };
        let (status, more, answer) = match self.mood.lock().unwrap().clone() {
            Mood::Always(status, more, answer) => (status, more, answer.to_owned()),
            Mood::Strict => {
                let judged = if method == "POST" { self.judge(&received) } else { Err((405, "method")) };
                received.was_taken = judged.is_ok();
                let (status, answer) = self.answer(judged);
                (status, String::new(), answer)
            }
        };
        let date = Timestamp::now().strftime("%a, %d %b %Y %H:%M:%S GMT");
        self.received.lock().unwrap().push(received);
        write!(
            stream,
            "HTTP/1.1 {status}\r\nDate: {date}\r\n{more}Content-Length: {}\r\nConnection: close\r\n\r\n{answer}",
            answer.len()
        )
    }

    /// Says what is wrong with a message, with the code and the words of the robot.
    fn judge(&self, received: &Received) -> Result<(), (i64, &'static str)> {
        let wrong = |dingtalk, feishu, wecom, words| {
            let code = match self.kind {
                "dingtalk" => dingtalk,
                "feishu" => feishu,
                _ => wecom,
            };
            Err((code, words))
        };
        if !received.header("content-type").is_some_and(|value| value.starts_with("application/json")) {
            return wrong(43_004, 9499, 43_004, "content-type");
        }
        if !received.target.contains(TOKEN) {
            return wrong(300_001, 19_001, 93_000, "token is not exist");
        }
        let Ok(body) = serde_json::from_slice::<Value>(&received.body) else {
            return wrong(40_035, 9499, 40_058, "invalid json");
        };
        if self.kind == "webhook" {
            let expected = format!("sha256={}", hex(&mac(SECRET.as_bytes(), &received.body)));
            let is_right = received.header("x-rictl-signature") == Some(&*expected);
            return if is_right == self.is_signed { Ok(()) } else { Err((401, "signature")) };
        }
        let (text, most) = match self.kind {
            "dingtalk" if body["msgtype"] == "text" => (&body["text"]["content"], received.body.len() <= 20_000),
            "feishu" if body["msg_type"] == "text" => (&body["content"]["text"], received.body.len() <= 20 * 1024),
            "wecom" if body["msgtype"] == "text" => {
                (&body["text"]["content"], body["text"]["content"].as_str().is_some_and(|text| text.len() <= 2048))
            }
            "slack" => (&body["text"], body["text"].as_str().is_some_and(|text| text.chars().count() <= 3000)),
            _ => return wrong(40_035, 9499, 40_008, "invalid message type"),
        };
        let Some(text) = text.as_str().filter(|_| most) else { return wrong(460_101, 9499, 40_058, "too large") };
        if !text.contains("rictl") {
            return wrong(310_000, 19_024, 40_058, "keywords not in content");
        }
        if self.is_signed && !self.is_signed_right(received, &body) {
            return wrong(310_000, 19_021, 40_058, "sign not match");
        }
        Ok(())
    }

    fn is_signed_right(&self, received: &Received, body: &Value) -> bool {
        let query = received.target.split_once('?').map_or("", |(_, query)| query);
        let parameter = |name: &str| {
            let pair = query.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}=")));
            pair.map(|value| value.replace("%2B", "+").replace("%2F", "/").replace("%3D", "="))
        };
        let (timestamp, sign, is_right, seconds) = match self.kind {
            "dingtalk" => {
                let (timestamp, sign) = (parameter("timestamp"), parameter("sign"));
                let at = timestamp.clone().unwrap_or_default();
                let expected = STANDARD.encode(mac(SECRET.as_bytes(), format!("{at}\n{SECRET}").as_bytes()));
                let is_right = sign.as_deref() == Some(&expected);
                (at.len() == 13, sign, is_right, at.parse().unwrap_or(0) / 1000)
            }
            "feishu" => {
                let at = body["timestamp"].as_str().unwrap_or_default().to_owned();
                let expected = STANDARD.encode(mac(format!("{at}\n{SECRET}").as_bytes(), b""));
                let sign = body["sign"].as_str().map(str::to_owned);
                (at.len() == 10, sign.clone(), sign == Some(expected), at.parse().unwrap_or(0))
            }
            _ => return true,
        };
        let age = (Timestamp::now().as_second() - seconds).abs();
        timestamp && sign.is_some() && is_right && (self.ignores_time || age < 3600)
    }

    /// Words a verdict as the robot does.
    fn answer(&self, judged: Result<(), (i64, &str)>) -> (&'static str, String) {
        match (self.kind, judged) {
            ("slack", Ok(())) => ("200 OK", "ok".to_owned()),
            ("slack", Err((_, words))) => ("400 Bad Request", format!("invalid_payload: {words}")),
            ("webhook", Ok(())) => ("204 No Content", String::new()),
            ("webhook", Err((_, words))) => ("401 Unauthorized", words.to_owned()),
            ("feishu", Ok(())) => (
                "200 OK",
                r#"{"StatusCode":0,"StatusMessage":"success","code":0,"data":{},"msg":"success"}"#.to_owned(),
            ),
            ("feishu", Err((code, words))) => ("200 OK", format!(r#"{{"code":{code},"data":{{}},"msg":"{words}"}}"#)),
            (_, Ok(())) => ("200 OK", r#"{"errcode":0,"errmsg":"ok"}"#.to_owned()),
            (_, Err((code, words))) => ("200 OK", format!(r#"{{"errcode":{code},"errmsg":"{words}"}}"#)),
        }
    }
}

fn mac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
