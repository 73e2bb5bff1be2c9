/// Letters that a terminal shows as nothing, or as a gap, beside those that Unicode calls control or format characters: fillers, selectors
/// of variants, and the blank of Braille. <https://www.unicode.org/reports/tr44/#Default_Ignorable_Code_Point>
const BLANK: [(char, char); 11] = [
    ('\u{34f}', '\u{34f}'),
    ('\u{115f}', '\u{1160}'),
    ('\u{17b4}', '\u{17b5}'),
    ('\u{180b}', '\u{180f}'),
    ('\u{2065}', '\u{2065}'),
    ('\u{2800}', '\u{2800}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{fe00}', '\u{fe0f}'),
    ('\u{ffa0}', '\u{ffa0}'),
    ('\u{fff0}', '\u{fff8}'),
    ('\u{e0000}', '\u{e0fff}'),
];

/// How many marks may stand on one letter: Vietnamese and Hebrew need three; towers of them would run over other lines.
const MOST_MARKS: usize = 3;

/// Somebody's text as a terminal may show it, on one line and of at most so many letters (without marks): nothing that a terminal obeys,
/// that turns the direction of what follows, or that cannot be seen. What is cut off is told by `…`.
pub fn plain(text: &str, most: usize) -> String {
    let mut shown = String::new();
    let (mut letters, mut marks, mut cut) = (0, 0, 0);
    for letter in text.trim_end().chars() {
        match look(letter) {
            Look::Hidden => continue,
            Look::Mark if letters == 0 || marks == MOST_MARKS => continue,
            Look::Mark => marks += 1,
            Look::Gap if letters == 0 || shown.ends_with(' ') => continue,
            Look::Gap | Look::Letter => {
                if letters + 1 == most {
                    cut = shown.len();
                }
                (letters, marks) = (letters + 1, 0);
            }
        }
        if letters > most {
            shown.truncate(cut);
            return format!("{}…", shown.trim_end());
        }
        shown.push(if letter.is_whitespace() { ' ' } else { letter });
    }
    shown.truncate(shown.trim_end().len());
    shown
}

enum Look {
    Letter,
    /// It combines with the letter before it.
    Mark,
    Gap,
    Hidden,
}

/// The standard library knows what can be printed: what it would escape in a string's `Debug` is a control, format, private or unassigned
/// character or a space of some width, and at a string's beginning what combines with the letter before it.
fn look(letter: char) -> Look {
    if matches!(letter, '!'..='~') {
        return Look::Letter;
    }
    if letter.is_whitespace() {
        return Look::Gap;
    }
    if BLANK.iter().any(|(first, last)| (*first..=*last).contains(&letter)) {
        return Look::Hidden;
    }
    if letter.escape_debug().count() == 1 {
        return Look::Letter;
    }
    if format!("x{letter}").escape_debug().count() == 2 { Look::Mark } else { Look::Hidden }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_obeys_and_what_nobody_sees_is_left_out() {
        for (text, expect) in [
            ("Apple Inc.", "Apple Inc."),
            ("  Größe \u{2212} \u{65e5}\u{672c}  ", "Größe \u{2212} \u{65e5}\u{672c}"),
            ("\u{1b}[31mred\u{1b}[0m", "[31mred[0m"),
            ("\u{1b}]8;;https://evil.example\u{7}here\u{1b}]8;;\u{7}", "]8;;https://evil.examplehere]8;;"),
            ("\u{9b}2J\u{85}\u{90}gone", "2J gone"),
            ("one\r\ntwo\tthree\u{2028}four\u{a0}five\u{3000}six", "one two three four five six"),
            ("\u{202e}evil\u{202c} \u{2066}a\u{2069}\u{200f}\u{61c}", "evil a"),
            ("a\u{200b}b\u{200d}c\u{2060}d\u{feff}e\u{ad}f\u{180e}g", "abcdefg"),
            ("a\u{115f}b\u{3164}c\u{ffa0}d\u{2800}e\u{fe0f}f\u{e0101}g\u{34f}h", "abcdefgh"),
            ("a\u{e0041}\u{e0001}b\u{e000}c\u{10ffff}d\u{fffe}e\u{378}f\u{fff9}g\u{1d173}h", "abcdefgh"),
            ("e\u{301}\u{301}\u{301}\u{301}\u{301}x", "e\u{301}\u{301}\u{301}x"),
            ("\u{301}\u{301}x", "x"),
            // Vowels of Thai and Hindi combine, and are a part of the word.
            ("\u{e19}\u{e49}\u{e33}", "\u{e19}\u{e49}\u{e33}"),
            ("\u{939}\u{93f}\u{928}\u{94d}\u{926}\u{940}", "\u{939}\u{93f}\u{928}\u{94d}\u{926}\u{940}"),
            ("it's \"quoted\" \\ ~", "it's \"quoted\" \\ ~"),
            ("\u{1f4c8} up", "\u{1f4c8} up"),
            ("\u{200b}\u{202e}", ""),
            ("", ""),
        ] {
            assert_eq!(plain(text, 60), expect, "{text:?}");
        }
    }

    #[test]
    fn no_letter_of_unicode_gets_through_that_a_terminal_obeys() {
        for letter in char::MIN..=char::MAX {
            let shown = plain(&format!("a{letter}b"), 10);
            let harmful = letter.is_control()
                || matches!(letter, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
            assert!(!(harmful && shown.contains(letter)), "{letter:?}");
            assert!(!shown.contains(char::is_control), "{letter:?}");
        }
    }

    #[test]
    fn a_text_is_cut_at_letters_and_told_to_be() {
        for (text, most, expect) in [
            ("abcdef", 6, "abcdef".to_owned()),
            ("abcdefg", 6, "abcde…".to_owned()),
            ("abcd efg", 6, "abcd…".to_owned()),
            ("abcdef  ", 6, "abcdef".to_owned()),
            (&"x".repeat(300), 40, format!("{}…", "x".repeat(39))),
            (&"e\u{301}".repeat(300), 3, "e\u{301}e\u{301}…".to_owned()),
            (&"\u{65e5}".repeat(300), 2, "\u{65e5}…".to_owned()),
        ] {
            assert_eq!(plain(text, most), expect, "{text:?}");
        }
    }
}
