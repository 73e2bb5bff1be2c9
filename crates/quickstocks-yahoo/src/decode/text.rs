//! Texts. They come from outside: they are cut, cleaned and never trusted to be what they should.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use quickstocks_core::model::Currency;
use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// The longest name that is kept, in characters.
const LONGEST_NAME: usize = 300;
/// The longest name of an exchange or a time zone that is kept.
const LONGEST_LABEL: usize = 64;

/// A text where Yahoo has one; any other JSON value counts as none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Text<'a>(pub(super) Option<Cow<'a, str>>);

impl Text<'_> {
    /// The text, if there is one.
    pub(super) fn get(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Text(Some(Cow::Borrowed(text))))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Text(Some(Cow::Owned(text.to_owned()))))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Text(None))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Text(None))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Text(None))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Text(None))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Text(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Text(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Text(None))
    }
}

/// The first of the texts that is a name, else the symbol.
pub(super) fn name(texts: &[&Text<'_>], symbol: &str) -> Arc<str> {
    let name = texts.iter().find_map(|text| clean(text.get()?, LONGEST_NAME));
    name.map_or_else(|| symbol.into(), Arc::from)
}

/// The name of an exchange or a time zone.
pub(super) fn label(text: &Text<'_>) -> Option<Arc<str>> {
    clean(text.get()?, LONGEST_LABEL).map(Arc::from)
}

/// A currency code: letters, the case kept.
pub(super) fn currency(text: &Text<'_>) -> Option<Currency> {
    let code = text.get()?.trim();
    let fits = (1..=8).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_alphanumeric());
    fits.then(|| Currency::new(code))
}

/// One line without control characters, and without the marks that turn the direction of what follows on the page.
/// None when nothing is left.
fn clean(text: &str, longest: usize) -> Option<String> {
    let turns = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let mut cleaned = String::with_capacity(text.len());
    let mut length = 0;
    let mut gap = false;
    for c in text.chars() {
        if c.is_whitespace() {
            gap = true;
        } else if !c.is_control() && !turns(c) {
            if gap && length > 0 {
                cleaned.push(' ');
                length += 1;
            }
            gap = false;
            if length >= longest {
                break;
            }
            cleaned.push(c);
            length += 1;
        }
    }
    cleaned.truncate(cleaned.trim_end().len());
    (!cleaned.is_empty()).then_some(cleaned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_one_clean_line() {
        let long = "x".repeat(400);
        for (text, expect) in [
            ("Apple Inc.", Some("Apple Inc.")),
            ("  Apple International Co. Ltd.  R ", Some("Apple International Co. Ltd. R")),
            ("a\u{0}b\u{7}c\nd", Some("abc d")),
            ("\u{202e}evil\u{2066}", Some("evil")),
            ("<b>&amp;", Some("<b>&amp;")),
            ("REIT—Hotel & Motel", Some("REIT—Hotel & Motel")),
            (long.as_str(), Some(&long[..300])),
            (" \u{200f}\t", None),
            ("", None),
        ] {
            assert_eq!(clean(text, LONGEST_NAME).as_deref(), expect, "{text:?}");
        }
    }

    #[test]
    fn the_first_name_there_is_wins_and_the_symbol_is_the_last_resort() {
        let text = |text: &str| Text(Some(Cow::Owned(text.to_owned())));
        assert_eq!(&*name(&[&text(" "), &text("Short")], "S"), "Short");
        assert_eq!(&*name(&[&Text(None), &text("\u{1}")], "S"), "S");
    }

    #[test]
    fn a_value_of_another_type_is_no_text() {
        for json in ["null", "1", "-1", "1.5", "true", "[1,[2]]", r#"{"a":{"b":1}}"#] {
            assert_eq!(serde_json::from_str::<Text<'_>>(json).unwrap(), Text(None), "{json}");
        }
        assert_eq!(serde_json::from_str::<Text<'_>>(r#""a\u0041""#).unwrap().get(), Some("aA"));
    }

    #[test]
    fn a_currency_keeps_its_case() {
        let code = |text: &str| currency(&Text(Some(Cow::Borrowed(text)))).map(|code| code.as_str().to_owned());
        assert_eq!(code("GBp").as_deref(), Some("GBp"));
        assert_eq!(code("<script>"), None);
        assert_eq!(code(""), None);
    }
}
