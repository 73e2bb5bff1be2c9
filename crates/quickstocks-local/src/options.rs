use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::{Parser, Subcommand, ValueEnum};
use quickstocks_core::model::{Sharing, SignUp, SourceKind};
use quickstocks_push::Subject;

/// QuickStocks on one machine: search a company, pick it, watch its price live.
#[derive(Clone, Debug, Parser)]
#[command(name = "quickstocks-local", version, about, max_term_width = 110, args_conflicts_with_subcommands = true)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub struct Options {
    /// Something else than to run.
    #[command(subcommand)]
    pub command: Option<Command>,

    /// Where prices come from: `demo` (a simulated market), `yahoo` (Yahoo Finance, for personal use) or `replay DIR` (recorded answers of Yahoo)
    #[arg(long, value_names = ["SOURCE", "DIR"], num_args = 1..=2, default_value = "demo", env = "QUICKSTOCKS_SOURCE", value_delimiter = ' ')]
    pub source: Vec<String>,

    /// Seconds between two polls of what somebody has on screen [default: 5 for demo, 15 for replay, 60 for yahoo]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=3600), env = "QUICKSTOCKS_TICK_SECONDS")]
    pub tick_seconds: Option<u32>,

    /// The folder that keeps lists and last prices
    #[arg(long, default_value = "quickstocks-data", env = "QUICKSTOCKS_DATA_DIR")]
    pub data_dir: PathBuf,

    /// The address to listen on; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:8080", env = "QUICKSTOCKS_LISTEN")]
    pub listen: SocketAddr,

    /// The folder of the built web UI
    #[arg(long, default_value = "web/dist", env = "QUICKSTOCKS_WEB_DIR")]
    pub web_dir: PathBuf,

    /// Serve the API and the WebSocket only, without the web UI
    #[arg(long)]
    pub no_web: bool,

    /// The address people type, such as <https://stocks.example.org> behind a proxy that does TLS; may be given several times
    #[arg(long = "public-url", value_name = "URL", env = "QUICKSTOCKS_PUBLIC_URL", value_delimiter = ',')]
    pub public_urls: Vec<String>,

    /// Allow plain http beyond this machine: cookies then travel in the clear
    #[arg(long)]
    pub insecure_lan: bool,

    /// Who may become a guest: `open` (everybody), `invite` (who has a code; the first one is printed at the start, guests make more) or `closed`
    #[arg(long, default_value = "open", env = "QUICKSTOCKS_SIGN_UP")]
    pub sign_up: SignUp,

    /// Whether lists may be shared by a link: `auto` (unless prices are Yahoo's, whose terms do not allow to pass them on), `on` or `off`
    #[arg(long, default_value = "auto", env = "QUICKSTOCKS_SHARING")]
    pub sharing: Sharing,

    /// How many proxies in front add whom they speak for to X-Forwarded-For; limits by address need it
    #[arg(long, default_value_t = 0, env = "QUICKSTOCKS_TRUSTED_PROXIES")]
    pub trusted_proxies: u8,

    /// Whom push services may write to about this server: <mailto:you@example.org> or an https address [default: the https --public-url]
    #[arg(long, value_name = "CONTACT", env = "QUICKSTOCKS_PUSH_CONTACT")]
    pub push_contact: Option<Subject>,

    /// Also push to the test push service at this address, over plain http; only where no other machine can send any
    #[arg(long, hide = true)]
    pub push_service: Option<SocketAddr>,

    /// Answer as many requests as come, for load tests; only where no other machine can send any
    #[arg(long, hide = true)]
    pub no_rate_limits: bool,

    /// How many calls an hour the source may have, 0 for no limit [default: 300 for yahoo, no limit otherwise]
    #[arg(long, env = "YAHOO_CALLS_PER_HOUR")]
    pub calls_per_hour: Option<u32>,

    /// Ask for quotes through Yahoo's spark endpoint alone, which needs no cookie: poorer quotes, 20 symbols a call
    #[arg(long, env = "YAHOO_SPARK_ONLY")]
    pub spark_only: bool,

    /// User-Agent headers, separated by |; the next one is tried when the first call is refused [default: names QuickStocks]
    #[arg(long, env = "YAHOO_USER_AGENTS", value_delimiter = '|', value_name = "TEXT")]
    pub user_agents: Vec<String>,

    /// The address of the simulated or replaying market server; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:0")]
    pub market_listen: SocketAddr,

    /// The simulated market's seed: the same seed gives the same prices
    #[arg(long, default_value_t = 2016)]
    pub seed: u64,

    /// How many made-up listings (SIM00001 and so on) join the simulated market's real names, for load tests
    #[arg(long, default_value_t = 0, hide = true)]
    pub synthetic_listings: u32,

    /// How much to log: a level or a list of directives such as `info,quickstocks_yahoo=debug`
    #[arg(long, default_value = "info,fetch_quotes=warn,dispatch=warn", env = "LOG_LEVEL")]
    pub log_level: String,

    /// How log lines look
    #[arg(long, value_enum, default_value = "text")]
    pub log_format: LogFormat,
}

/// Something else than to run.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Copy the data into a new file, also while QuickStocks runs
    Backup {
        /// The file to write; it must not exist
        file: PathBuf,
        /// The folder that keeps lists and last prices
        #[arg(long, default_value = "quickstocks-data", env = "QUICKSTOCKS_DATA_DIR")]
        data_dir: PathBuf,
    },
    /// Put a backup in the place of the data, which is kept beside it; QuickStocks must not run meanwhile
    Restore {
        /// The backup
        file: PathBuf,
        /// The folder that keeps lists and last prices
        #[arg(long, default_value = "quickstocks-data", env = "QUICKSTOCKS_DATA_DIR")]
        data_dir: PathBuf,
    },
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Where prices come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A simulated market in this process.
    Demo,
    /// Yahoo Finance.
    Yahoo,
    /// Recorded answers of Yahoo Finance.
    Replay(PathBuf),
}

impl Source {
    /// What the store calls it: prices of one name are comparable with each other.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Demo => "simulated".to_owned(),
            Self::Yahoo => "yahoo".to_owned(),
            Self::Replay(folder) => format!("replay {}", folder.canonicalize().as_deref().unwrap_or(folder).display()),
        }
    }

    /// What the user interface calls it.
    pub fn kind(&self) -> SourceKind {
        match self {
            Self::Demo => SourceKind::Simulated,
            Self::Yahoo => SourceKind::Yahoo,
            Self::Replay(_) => SourceKind::Replay,
        }
    }
}

impl Options {
    /// The options with their defaults, as with an empty command line.
    pub fn default_options() -> Self {
        Self::parse_from(["quickstocks-local"])
    }

    /// Where prices come from.
    ///
    /// # Errors
    /// A sentence that says what `--source` takes.
    pub fn source(&self) -> anyhow::Result<Source> {
        let parts: Vec<&str> = self.source.iter().map(String::as_str).collect();
        match parts[..] {
            ["demo"] => Ok(Source::Demo),
            ["yahoo"] => Ok(Source::Yahoo),
            ["replay", dir] => Ok(Source::Replay(dir.into())),
            ["replay"] => bail!("--source replay needs a folder of recorded answers: --source replay DIR"),
            _ => bail!("--source {} is not known: it is demo, yahoo or replay DIR", parts.join(" ")),
        }
    }

    /// Seconds between two ticks.
    pub fn tick_seconds(&self, source: &Source) -> u32 {
        self.tick_seconds.unwrap_or(match source {
            Source::Demo => 5,
            Source::Replay(_) => 15,
            Source::Yahoo => 60,
        })
    }

    /// Checks that nobody's session would travel in the clear unasked.
    ///
    /// # Errors
    /// A sentence that says what to do.
    pub fn check_exposure(&self) -> anyhow::Result<()> {
        for url in &self.public_urls {
            let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
            let host = rest.with_context(|| format!("--public-url {url} has to begin with https:// or http://"))?;
            if host.is_empty() || host.trim_end_matches('/').contains('/') {
                bail!("--public-url {url} is an origin: scheme, host and port, without a path");
            }
        }
        for (option, given) in [("--no-rate-limits", self.no_rate_limits), ("--push-service", self.push_service.is_some())] {
            if given && !(self.listen.ip().is_loopback() && self.public_urls.is_empty()) {
                bail!("{option} is for tests on this machine: leave --public-url out and listen on 127.0.0.1");
            }
        }
        let exposed = !self.listen.ip().is_loopback() && !self.is_https();
        if exposed && !self.insecure_lan {
            bail!(
                "{} can be reached from other machines, and plain http would send sessions in the clear. Put a proxy that does TLS in \
                 front and name its address with --public-url https://…, or say --insecure-lan",
                self.listen
            );
        }
        Ok(())
    }

    /// Whom push services are told to write to: who was named, or the site; nobody where the site has no public name.
    pub fn push_contact(&self) -> Subject {
        let of_site = || self.public_urls.iter().find_map(|url| url.starts_with("https://").then(|| url.parse().ok()).flatten());
        self.push_contact.clone().or_else(of_site).unwrap_or_else(Subject::nobody)
    }

    /// Whether people reach it by https.
    pub fn is_https(&self) -> bool {
        !self.public_urls.is_empty() && self.public_urls.iter().all(|url| url.starts_with("https://"))
    }

    /// The origins whose pages may change something, for a server that listens at `listening`.
    pub fn allowed_origins(&self, listening: SocketAddr) -> Vec<String> {
        let port = listening.port();
        let mut origins: Vec<String> = self.public_urls.iter().map(|url| url.trim_end_matches('/').to_owned()).collect();
        if !self.is_https() {
            origins.extend(["127.0.0.1", "localhost", "[::1]"].map(|host| format!("http://{host}:{port}")));
            if !listening.ip().is_loopback() && !listening.ip().is_unspecified() {
                origins.push(format!("http://{listening}"));
            }
        }
        origins
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(arguments: &[&str]) -> Options {
        Options::try_parse_from(std::iter::once("quickstocks-local").chain(arguments.iter().copied())).unwrap()
    }

    #[test]
    fn sources_are_read_and_others_refused_with_what_there_is() {
        for (arguments, expect) in [
            (vec![], Some(Source::Demo)),
            (vec!["--source", "demo"], Some(Source::Demo)),
            (vec!["--source", "yahoo"], Some(Source::Yahoo)),
            (vec!["--source", "replay", "some/folder"], Some(Source::Replay("some/folder".into()))),
            (vec!["--source", "replay"], None),
            (vec!["--source", "bloomberg"], None),
            (vec!["--source", "demo", "folder"], None),
        ] {
            assert_eq!(options(&arguments).source().ok(), expect, "{arguments:?}");
        }
        assert!(options(&["--source", "bloomberg"]).source().unwrap_err().to_string().contains("demo, yahoo or replay DIR"));
    }

    #[test]
    fn push_services_are_told_whom_to_write_to() {
        for (arguments, expect) in [
            (vec![], None),
            (vec!["--public-url", "http://stocks.example.org,https://stocks.example.org"], Some("https://stocks.example.org")),
            (
                vec!["--push-contact", "mailto:me@example.org", "--public-url", "https://x.example.org"],
                Some("mailto:me@example.org"),
            ),
            (vec!["--public-url", "https://stocks.local"], None),
        ] {
            let expect = expect.map_or_else(Subject::nobody, |text| text.parse().unwrap());
            assert_eq!(options(&arguments).push_contact(), expect, "{arguments:?}");
        }
        let refused = Options::try_parse_from(["quickstocks-local", "--push-contact", "me@localhost"]);
        assert!(refused.unwrap_err().to_string().contains("mailto:"));
    }

    #[test]
    fn plain_http_beyond_this_machine_has_to_be_asked_for() {
        for (arguments, allowed) in [
            (vec!["--listen", "127.0.0.1:0"], true),
            (vec!["--no-rate-limits"], true),
            (vec!["--no-rate-limits", "--listen", "0.0.0.0:80", "--insecure-lan"], false),
            (vec!["--no-rate-limits", "--public-url", "https://stocks.example.org"], false),
            (vec!["--push-service", "127.0.0.1:8090"], true),
            (vec!["--push-service", "127.0.0.1:8090", "--listen", "0.0.0.0:80", "--insecure-lan"], false),
            (vec!["--push-service", "127.0.0.1:8090", "--public-url", "https://stocks.example.org"], false),
            (vec!["--listen", "0.0.0.0:80"], false),
            (vec!["--listen", "0.0.0.0:80", "--insecure-lan"], true),
            (vec!["--listen", "0.0.0.0:80", "--public-url", "https://stocks.example.org"], true),
            (vec!["--listen", "0.0.0.0:80", "--public-url", "http://stocks.example.org"], false),
            (vec!["--public-url", "stocks.example.org"], false),
            (vec!["--public-url", "https://stocks.example.org/path"], false),
        ] {
            assert_eq!(options(&arguments).check_exposure().is_ok(), allowed, "{arguments:?}");
        }
        let behind_proxy = options(&["--public-url", "https://stocks.example.org/"]);
        assert_eq!(behind_proxy.allowed_origins("127.0.0.1:8080".parse().unwrap()), ["https://stocks.example.org"]);
    }
}
