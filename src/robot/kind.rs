//! Which robots there are.

use strum::IntoStaticStr;

/// Who is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum Kind {
    /// A robot of a DingTalk group.
    Dingtalk,
    /// A robot of a Feishu group.
    Feishu,
    /// A robot of a WeCom group.
    Wecom,
    /// An incoming webhook of Slack.
    Slack,
    /// Anything that takes the document itself.
    Webhook,
}

impl Kind {
    /// Returns its word.
    pub fn word(self) -> &'static str {
        self.into()
    }
}
