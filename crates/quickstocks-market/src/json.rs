//! JSON as Yahoo writes it: fields in a fixed order, floats with a decimal point and single precision.

use std::fmt::Write as _;

/// An object under construction, kept as fields so that `fields=` can pick from them.
#[derive(Debug, Default)]
pub(crate) struct Object {
    fields: Vec<(&'static str, String)>,
}

impl Object {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds a field whose value is JSON already.
    pub(crate) fn raw(&mut self, name: &'static str, json: impl Into<String>) -> &mut Self {
        self.fields.push((name, json.into()));
        self
    }

    pub(crate) fn text(&mut self, name: &'static str, value: &str) -> &mut Self {
        self.raw(name, quoted(value))
    }

    pub(crate) fn int(&mut self, name: &'static str, value: i64) -> &mut Self {
        self.raw(name, value.to_string())
    }

    pub(crate) fn flag(&mut self, name: &'static str, value: bool) -> &mut Self {
        self.raw(name, if value { "true" } else { "false" })
    }

    /// A price or ratio in single precision, with the noise that this brings.
    pub(crate) fn float(&mut self, name: &'static str, value: f64) -> &mut Self {
        self.raw(name, single(value))
    }

    /// A number in double precision.
    pub(crate) fn double(&mut self, name: &'static str, value: f64) -> &mut Self {
        self.raw(name, double(value))
    }

    /// Keeps only the fields that `keep` names.
    pub(crate) fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.fields.retain(|(name, _)| keep(name));
    }

    pub(crate) fn finish(&self) -> String {
        let size = self.fields.iter().map(|(name, value)| name.len() + value.len() + 4);
        let mut json = String::with_capacity(size.sum::<usize>() + 2);
        json.push('{');
        for (at, (name, value)) in self.fields.iter().enumerate() {
            if at > 0 {
                json.push(',');
            }
            let _infallible = write!(json, "\"{name}\":{value}");
        }
        json.push('}');
        json
    }
}

/// A JSON string.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A JSON array of values that are JSON already.
pub(crate) fn array<T: AsRef<str>>(items: impl IntoIterator<Item = T>) -> String {
    let mut json = String::from("[");
    for (at, item) in items.into_iter().enumerate() {
        if at > 0 {
            json.push(',');
        }
        json.push_str(item.as_ref());
    }
    json.push(']');
    json
}

/// A float in single precision, written as Java's `Float.toString` writes it.
#[expect(clippy::cast_possible_truncation, reason = "the loss of precision is Yahoo's own")]
pub(crate) fn single(value: f64) -> String {
    let value = value as f32;
    if is_plain(f64::from(value)) { format!("{value:?}") } else { java_exponent(&format!("{value:e}")) }
}

/// A float in double precision, written as Java's `Double.toString` writes it.
pub(crate) fn double(value: f64) -> String {
    if is_plain(value) { format!("{value:?}") } else { java_exponent(&format!("{value:e}")) }
}

/// A price of a chart: single precision widened to double, as recorded bars show.
#[expect(clippy::cast_possible_truncation, reason = "the loss of precision is Yahoo's own")]
pub(crate) fn widened(value: f64) -> String {
    double(f64::from(value as f32))
}

/// The difference of two prices as Yahoo computes it: in single precision.
#[expect(clippy::cast_possible_truncation, reason = "the loss of precision is Yahoo's own")]
pub(crate) fn single_difference(left: f64, right: f64) -> f64 {
    f64::from(left as f32 - right as f32)
}

fn is_plain(value: f64) -> bool {
    let size = value.abs();
    size == 0.0 || (1e-3..1e7).contains(&size)
}

/// `3.6e11` becomes `3.6E11`, `3e-4` becomes `3.0E-4`.
fn java_exponent(rust: &str) -> String {
    match rust.split_once('e') {
        Some((digits, exponent)) if digits.contains('.') => format!("{digits}E{exponent}"),
        Some((digits, exponent)) => format!("{digits}.0E{exponent}"),
        None => rust.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_written_as_yahoo_writes_them() {
        for (value, expected) in [
            (202.0, "202.0"),
            (0.0, "0.0"),
            (269.7, "269.7"),
            (1.125_745_8, "1.1257458"),
            (0.000_3, "3.0E-4"),
            (-0.000_954, "-9.54E-4"),
            (12_345_678.0, "1.2345678E7"),
        ] {
            assert_eq!(single(value), expected);
        }
        assert_eq!(double(360_630_321_000.0), "3.60630321E11");
        assert_eq!(widened(394.65), "394.6499938964844");
        assert_eq!(widened(20.0), "20.0");
    }

    #[test]
    fn a_difference_carries_single_precision_noise() {
        // As recorded for AAPL on 2025-08-15 and QQQ on 2025-08-26.
        assert_eq!(single(single_difference(231.18, 231.59)), "-0.41000366");
        assert_eq!(single(single_difference(570.99, 570.32)), "0.6699829");
    }

    #[test]
    fn every_written_float_is_json() {
        for value in [0.0, 1e-9, 0.5, 1e7, 1e12, -3.25, 123_456_789.123] {
            for text in [single(value), double(value), widened(value)] {
                assert!(serde_json::from_str::<f64>(&text).is_ok(), "{text}");
            }
        }
    }
}
