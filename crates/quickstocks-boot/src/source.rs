use quickstocks_core::model::{CallBudget, SourceKind};

use crate::Env;

/// The variables of [`SourceSettings`].
pub const SOURCE_ENV: &[&str] =
    &["SOURCE_KIND", "YAHOO_BASE_URL", "YAHOO_COOKIE_URL", "YAHOO_USER_AGENTS", "YAHOO_CALLS_PER_HOUR", "YAHOO_SPARK_ONLY"];

/// How many calls an hour are made by default: reports speak of 360 an hour and address before Yahoo answers 429.
const DEFAULT_CALLS_PER_HOUR: u32 = 300;

/// Where quotes come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceSettings {
    /// `SOURCE_KIND`: `yahoo` (default), `simulated` or `replay`; what the user interface calls it.
    pub kind: SourceKind,
    /// `YAHOO_BASE_URL`: the server of quotes, by default `https://query1.finance.yahoo.com`.
    pub base_url: String,
    /// `YAHOO_COOKIE_URL`: the page that sets the cookie, by default `https://fc.yahoo.com/`.
    pub cookie_url: String,
    /// `YAHOO_USER_AGENTS`: one or more, separated by `|`; the next is tried when the first call is refused with 429.
    pub user_agents: Vec<String>,
    /// `YAHOO_CALLS_PER_HOUR`: how many calls an hour may be made, 0 for no limit; 300 by default.
    pub budget: CallBudget,
    /// `YAHOO_SPARK_ONLY`: `true` asks for quotes through spark alone, which needs no cookie; `false` by default.
    pub spark_only: bool,
}

impl SourceSettings {
    /// Reads them; what is wrong is noted in `env`.
    pub fn read(env: &mut Env) -> Self {
        let kind = match env.optional("SOURCE_KIND").as_deref() {
            None | Some("yahoo") => SourceKind::Yahoo,
            Some("simulated") => SourceKind::Simulated,
            Some("replay") => SourceKind::Replay,
            Some(other) => {
                env.problem(format!("SOURCE_KIND is {other:?}: it is one of yahoo, simulated, replay"));
                SourceKind::Yahoo
            }
        };
        let user_agents: Vec<String> = env
            .optional("YAHOO_USER_AGENTS")
            .unwrap_or_default()
            .split('|')
            .map(str::trim)
            .filter(|agent| !agent.is_empty())
            .map(str::to_owned)
            .collect();
        Self {
            kind,
            base_url: env.optional("YAHOO_BASE_URL").unwrap_or_else(|| "https://query1.finance.yahoo.com".to_owned()),
            cookie_url: env.optional("YAHOO_COOKIE_URL").unwrap_or_else(|| "https://fc.yahoo.com/".to_owned()),
            user_agents: if user_agents.is_empty() { vec![default_user_agent()] } else { user_agents },
            budget: CallBudget::from_setting(env.parsed("YAHOO_CALLS_PER_HOUR", DEFAULT_CALLS_PER_HOUR)),
            spark_only: env.parsed("YAHOO_SPARK_ONLY", false),
        }
    }

    /// The budget as a number of calls; `None` for no limit.
    pub fn calls_per_hour(&self) -> Option<u32> {
        match self.budget {
            CallBudget::Off => None,
            CallBudget::PerHour(calls) => Some(calls),
        }
    }
}

/// Short and honest: a long one of a real browser is answered with 429 when the TLS handshake is not that browser's.
pub fn default_user_agent() -> String {
    format!("Mozilla/5.0 (compatible; QuickStocks/{})", crate::VERSION)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_yahoo_with_a_budget_and_nonsense_is_named() {
        let mut env = Env::default();
        let settings = SourceSettings::read(&mut env);
        assert_eq!((settings.kind, settings.calls_per_hour()), (SourceKind::Yahoo, Some(300)));
        assert!(env.finish(()).is_ok());

        let mut env = Env::of([("SOURCE_KIND", "bloomberg"), ("YAHOO_CALLS_PER_HOUR", "many"), ("YAHOO_SPARK_ONLY", "yes")]);
        SourceSettings::read(&mut env);
        let problems = env.finish(()).unwrap_err().to_string();
        assert!(
            ["SOURCE_KIND", "YAHOO_CALLS_PER_HOUR", "YAHOO_SPARK_ONLY"].iter().all(|name| problems.contains(name)),
            "{problems}"
        );

        let mut env = Env::of([("YAHOO_CALLS_PER_HOUR", "0"), ("YAHOO_USER_AGENTS", "a b | c")]);
        let settings = SourceSettings::read(&mut env);
        assert_eq!((settings.calls_per_hour(), settings.user_agents), (None, vec!["a b".to_owned(), "c".to_owned()]));
    }
}
