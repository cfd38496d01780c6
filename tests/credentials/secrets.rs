//! No secret leaves its type: not by Debug, not in errors, not in logs, not to a child, not in a core dump.

use std::io::Write;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use rictl::alibaba::CredentialSource as _;
use rictl::signature::{hex, percent_encode};

use super::fake::{self, EXPIRATION, Fake};
use super::home::{Home, ak, default, role};

/// Where all that is logged below goes.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no writer panics").write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn listen() -> (Self, tracing::subscriber::DefaultGuard) {
        let log = Self::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_writer(move || writer.clone())
            .finish();
        (log, tracing::subscriber::set_default(subscriber))
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().expect("no writer panics").clone()).expect("logs are text")
    }
}

/// Returns the secrets that a text gives away, whole or by their ends, in any usual coding.
fn leaks<'s>(text: &str, secrets: &[&'s str]) -> Vec<&'s str> {
    let gives_away = |secret: &str| {
        let forms = [
            secret.to_owned(),
            base64::engine::general_purpose::STANDARD.encode(secret),
            hex(secret.as_bytes()),
            percent_encode(secret),
            secret[..8].to_owned(),
            secret[secret.len() - 8..].to_owned(),
        ];
        forms.iter().any(|form| text.contains(form))
    };
    secrets.iter().copied().filter(|secret| gives_away(secret)).collect()
}

const NOTHING: [&str; 0] = [];
const SECRET: &str = "pL4nted+Secret/of=the*Env1r0nm3nt";
const TOKEN: &str = "7oken~planted/in+the=T4il-W0rds!";

#[test]
fn the_check_finds_a_planted_secret() {
    assert_eq!(leaks(&format!("x {} y", percent_encode(SECRET)), &[SECRET, TOKEN]), [SECRET]);
    assert_eq!(leaks("... l-W0rds! ...", &[SECRET, TOKEN]), [TOKEN]);
    assert_eq!(leaks("nothing", &[SECRET, TOKEN]), NOTHING);
}

#[tokio::test]
async fn nothing_printable_holds_a_secret() {
    let (log, _listening) = Log::listen();
    let quoting = Fake::start(|request| {
        let form = request.form();
        let message = format!("token {} refused, server string to sign is:{}", form["SecurityToken"], request.body);
        fake::refusal(400, "SignatureDoesNotMatch", &message)
    })
    .await;
    let mut profile = role("p", "STS.BASE", "net");
    profile["access_key_secret"] = SECRET.into();
    profile["sts_token"] = TOKEN.into();
    let home = Home::new()
        .variable("ALIBABA_CLOUD_ACCESS_KEY_SECRET", SECRET)
        .variable("ALIBABA_CLOUD_SECURITY_TOKEN", TOKEN)
        .profiles(&[profile])
        .sts(&quoting);
    let chain = home.chain();
    let error = chain.credentials(&default()).await.expect_err("STS refuses");
    let good = home.variable("ALIBABA_CLOUD_ACCESS_KEY_ID", "ENV").chain();
    let credentials = good.credentials(&default()).await.expect("the environment is whole");
    let whoami = good.describe(&default()).await.expect("the environment is whole");

    let printed = format!("{error} {error:?} {chain:?} {good:?} {credentials:?} {whoami:?} {}", log.text());
    assert!(printed.contains("SignatureDoesNotMatch") && printed.contains("REDACTED"), "{printed}");
    assert_eq!(leaks(&printed, &[SECRET, TOKEN]), NOTHING);
}

#[tokio::test]
async fn a_broken_file_is_named_and_never_quoted() {
    let (log, _listening) = Log::listen();
    for text in [
        format!(r#"{{"current": "p", "profiles": [{{"expired_seconds": "{SECRET}"}}]}}"#),
        format!(r#"{{"profiles": {{"{SECRET}": 1}}"#),
        SECRET.to_owned(),
    ] {
        let home = Home::new().file(".aliyun/config.json", &text).file(".alibabacloud/credentials", SECRET);
        let error = home.chain().credentials(&default()).await.expect_err("both files are broken");
        assert!(error.message.english().contains("~/.aliyun/config.json: line 1 column"), "{error}");
        assert!(error.message.english().contains("~/.alibabacloud/credentials: line 1:"), "{error}");
        assert_eq!(leaks(&format!("{error:?} {}", log.text()), &[SECRET]), NOTHING);
    }
}

#[tokio::test]
async fn a_password_in_an_address_is_refused_and_not_shown() {
    let home = Home::new().variable("ALIBABA_CLOUD_CREDENTIALS_URI", "http://user:Passw0rd-planted@127.0.0.1/");
    let error = home.chain().credentials(&default()).await.expect_err("refused");
    assert!(error.message.english().contains("must not carry a user or a password"), "{error}");
    assert_eq!(leaks(&format!("{error:?}"), &["Passw0rd-planted"]), NOTHING);
}

#[tokio::test]
async fn a_file_that_others_can_read_is_used_with_a_warning() {
    let (log, _listening) = Log::listen();
    let home = Home::new().profiles(&[ak("p", "CONF")]);
    let path = home.path().join(".aliyun/config.json");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).expect("a mode can be set");
    assert!(home.chain().credentials(&default()).await.is_ok());
    let expected = format!("has mode 0640, so others can reach the keys in it: run `chmod 600 {}`", path.display());
    assert!(log.text().contains(&expected), "{}", log.text());
}

#[tokio::test]
async fn loading_credentials_forbids_core_dumps() {
    let sts = Fake::start(|request| fake::sts(request, EXPIRATION)).await;
    let home = Home::new().profiles(&[role("p", "A", "net")]).sts(&sts);
    home.chain().credentials(&default()).await.expect("the role can be assumed");
    let limits = std::fs::read_to_string("/proc/self/limits").expect("this is Linux");
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).expect("the limit is listed");
    assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
    let dumpable = rustix::process::dumpable_behavior().expect("this is Linux");
    assert_eq!(dumpable, rustix::process::DumpableBehavior::NotDumpable);
}
