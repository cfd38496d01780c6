//! What the answer of a robot means. Source: docs/reference/api.md#robots.

use reqwest::StatusCode;
use serde::Deserialize;

use super::kind::Kind;

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It was taken.
    Taken,
    /// It was not.
    Refused {
        /// Why, in the robot's words.
        words: String,
        /// It may be about a clock that is wrong.
        is_about_signature: bool,
    },
    /// That was no answer of such a robot.
    Strange(String),
}

/// The answers of DingTalk, WeCom (`errcode`) and Feishu (`code`, formerly `StatusCode`).
#[derive(Default, Deserialize)]
#[serde(default)]
struct Answer {
    errcode: Option<i64>,
    errmsg: Option<String>,
    code: Option<i64>,
    msg: Option<String>,
    #[serde(rename = "StatusCode")]
    status_code: Option<i64>,
    #[serde(rename = "StatusMessage")]
    status_message: Option<String>,
}

/// DingTalk's code for a signature, a time or a keyword that is not right.
const DINGTALK_SECURITY: i64 = 310_000;

/// Feishu's code for a signature that is not right, or too old.
const FEISHU_SIGNATURE: i64 = 19_021;

/// Reads an answer.
pub(super) fn verdict(kind: Kind, status: StatusCode, body: &[u8]) -> Verdict {
    let words = String::from_utf8_lossy(body);
    if status.is_redirection() {
        let words = format!("{status}: it sends elsewhere, and no redirect is followed");
        return Verdict::Refused { words, is_about_signature: false };
    }
    let plain = || Verdict::Refused { words: format!("{status}: {words}"), is_about_signature: false };
    let (code, says) = match (kind, serde_json::from_slice::<Answer>(body)) {
        (Kind::Webhook, _) => return if status.is_success() { Verdict::Taken } else { plain() },
        (Kind::Slack, _) if !status.is_success() => return plain(),
        (Kind::Slack, _) if words.trim() == "ok" => return Verdict::Taken,
        (Kind::Dingtalk | Kind::Wecom, Ok(answer)) => (answer.errcode, answer.errmsg),
        (Kind::Feishu, Ok(answer)) => match answer.code {
            Some(code) => (Some(code), answer.msg),
            None => (answer.status_code, answer.status_message),
        },
        (_, _) => (None, None),
    };
    match code {
        Some(0) if status.is_success() => Verdict::Taken,
        Some(code) => Verdict::Refused {
            words: format!("{code} {}", says.unwrap_or_default()),
            is_about_signature: matches!(
                (kind, code),
                (Kind::Dingtalk, DINGTALK_SECURITY) | (Kind::Feishu, FEISHU_SIGNATURE)
            ),
        },
        None if status.is_success() => Verdict::Strange(words.into_owned()),
        None => plain(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(kind: Kind, status: u16, body: &str) -> Verdict {
        verdict(kind, StatusCode::from_u16(status).unwrap(), body.as_bytes())
    }

    fn refused(words: &str, is_about_signature: bool) -> Verdict {
        Verdict::Refused { words: words.to_owned(), is_about_signature }
    }

    #[test]
    fn http_200_is_not_yet_a_yes() {
        use Kind::{Dingtalk, Feishu, Slack, Webhook, Wecom};
        for (kind, body) in [
            (Dingtalk, r#"{"errcode":0,"errmsg":"ok"}"#),
            (Wecom, r#"{"errcode":0,"errmsg":"ok"}"#),
            (Feishu, r#"{"code":0,"msg":"success","data":{}}"#),
            (Feishu, r#"{"StatusCode":0,"StatusMessage":"success"}"#),
            (Feishu, r#"{"Extra":null,"StatusCode":0,"StatusMessage":"success","code":0}"#),
            (Slack, "ok"),
            (Webhook, "anything"),
        ] {
            assert_eq!(of(kind, 200, body), Verdict::Taken, "{body}");
        }
        let sign = r#"{"errcode":310000,"errmsg":"sign not match"}"#;
        assert_eq!(of(Dingtalk, 200, sign), refused("310000 sign not match", true));
        assert_eq!(
            of(Feishu, 200, r#"{"code":19024,"msg":"Key Words Not Found"}"#),
            refused("19024 Key Words Not Found", false)
        );
        assert_eq!(of(Feishu, 200, r#"{"code":19021,"msg":"sign","StatusCode":0}"#), refused("19021 sign", true));
        let url = r#"{"errcode":93000,"errmsg":"invalid webhook url"}"#;
        assert_eq!(of(Wecom, 200, url), refused("93000 invalid webhook url", false));
        assert_eq!(of(Slack, 403, "action_prohibited"), refused("403 Forbidden: action_prohibited", false));
        assert_eq!(of(Webhook, 500, "down"), refused("500 Internal Server Error: down", false));
    }

    #[test]
    fn what_is_no_answer_of_a_robot_is_no_yes() {
        for (kind, body) in [
            (Kind::Dingtalk, "<html>a portal</html>"),
            (Kind::Dingtalk, "{}"),
            (Kind::Feishu, r#"{"errcode":0}"#),
            (Kind::Wecom, r#"{"code":0}"#),
            (Kind::Slack, "<html>"),
            (Kind::Slack, ""),
        ] {
            assert_eq!(of(kind, 200, body), Verdict::Strange(body.to_owned()), "{kind:?}");
        }
        assert!(matches!(of(Kind::Dingtalk, 502, "{}"), Verdict::Refused { .. }));
        assert!(matches!(of(Kind::Webhook, 302, ""), Verdict::Refused { .. }));
        assert!(matches!(of(Kind::Slack, 301, "ok"), Verdict::Refused { .. }));
    }
}
