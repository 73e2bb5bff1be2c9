use std::collections::HashMap;
use std::fmt::Display;
use std::str::FromStr;

/// Settings as text, and what is wrong with them. All that is wrong is told at once, so that nobody mends one
/// variable after the other.
#[derive(Debug, Default)]
pub struct Env {
    variables: HashMap<String, String>,
    problems: Vec<String>,
}

/// What is wrong with the settings.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("; "))]
pub struct ConfigError(Vec<String>);

impl Env {
    /// The environment of this process.
    pub fn process() -> Self {
        Self { variables: std::env::vars().collect(), problems: Vec::new() }
    }

    /// Settings from elsewhere: tests, and the local server.
    pub fn of<K: Into<String>, V: Into<String>>(variables: impl IntoIterator<Item = (K, V)>) -> Self {
        let variables = variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        Self { variables, problems: Vec::new() }
    }

    /// A variable that has to be set, and not to nothing.
    pub fn required(&mut self, name: &str) -> String {
        self.optional(name).unwrap_or_else(|| {
            self.problems.push(format!("{name} is not set"));
            String::new()
        })
    }

    /// A variable that may be set; one set to nothing counts as not set, as a template's empty parameter is.
    pub fn optional(&mut self, name: &str) -> Option<String> {
        self.variables.get(name).filter(|value| !value.trim().is_empty()).cloned()
    }

    /// A variable of some type, with a default.
    pub fn parsed<T: FromStr>(&mut self, name: &str, default: T) -> T
    where
        T::Err: Display,
    {
        let Some(text) = self.optional(name) else { return default };
        text.trim().parse().unwrap_or_else(|error| {
            self.problems.push(format!("{name} cannot be read: {error}"));
            default
        })
    }

    /// A list, split at commas, without the white space around its items.
    pub fn list(&mut self, name: &str) -> Vec<String> {
        let text = self.optional(name).unwrap_or_default();
        text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
    }

    /// Notes something that is wrong and that only the caller can see.
    pub fn problem(&mut self, problem: impl Into<String>) {
        self.problems.push(problem.into());
    }

    /// The settings that were read, if nothing was wrong.
    ///
    /// # Errors
    /// Everything that was wrong.
    pub fn finish<T>(self, settings: T) -> Result<T, ConfigError> {
        if self.problems.is_empty() { Ok(settings) } else { Err(ConfigError(self.problems)) }
    }
}
