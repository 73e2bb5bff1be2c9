//! Files stay short, and none of them knows the machine it was written on.

use super::TextFile;

/// Longer files do two things.
const MOST_LINES: usize = 600;
const CODE: [&str; 8] = [".rs", ".ts", ".svelte", ".js", ".mjs", ".css", ".py", ".html"];

/// Folders of a developer's machine; put together here so that this file does not name them.
const MACHINE: [&str; 3] = [concat!("/ro", "ot/"), concat!("/ho", "me/"), concat!("/tmp/", "bash")];

pub(super) fn check_lengths(files: &[TextFile]) -> Vec<String> {
    files
        .iter()
        .filter(|file| CODE.iter().any(|ending| file.path.ends_with(ending)))
        .map(|file| (file, file.text.lines().count()))
        .filter(|(_, lines)| *lines > MOST_LINES)
        .map(|(file, lines)| format!("{} has {lines} lines, more than {MOST_LINES}: split it", file.path))
        .collect()
}

pub(super) fn check_paths(files: &[TextFile]) -> Vec<String> {
    let mut violations = Vec::new();
    for file in files {
        for (number, line) in file.text.lines().enumerate() {
            for folder in MACHINE {
                if starts_a_path(line, folder) {
                    violations.push(format!("{}:{}: names {folder}, a folder of one machine", file.path, number + 1));
                }
            }
        }
    }
    violations
}

/// Whether `folder` stands in `line` as the beginning of a path, and not inside a URL or a longer path.
fn starts_a_path(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        before.is_none_or(|c| !(c.is_alphanumeric() || "._-/}".contains(c)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> TextFile {
        TextFile { path: path.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn long_code_is_found_and_long_data_is_not() {
        let long = "x\n".repeat(MOST_LINES + 1);
        let found = check_lengths(&[file("a.rs", &long), file("b.json", &long), file("c.rs", "x\n")]);
        assert_eq!(found, ["a.rs has 601 lines, more than 600: split it"]);
    }

    #[test]
    fn a_path_of_one_machine_is_found() {
        let text = format!("ok\npath = \"{}me/x\"\n", MACHINE[1]);
        assert_eq!(check_paths(&[file("a.toml", &text)]).len(), 1);
        let url = format!("https://example.com{}page", MACHINE[1]);
        assert_eq!(check_paths(&[file("a.md", &url)]), [""; 0]);
    }
}
