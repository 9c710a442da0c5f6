//! A Rust source file as the rules see it: tokens with their lines, without comments and the insides of literals.

use std::ops::Range;

/// A word or one character of punctuation, and the line it stands on, from 1.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Token {
    /// The text of the token.
    pub(crate) text: String,
    /// The line it stands on.
    pub(crate) line: usize,
}

/// One Rust file.
pub(crate) struct Source {
    /// Its path from the top of the repository, such as `src/store/keys.rs`.
    pub(crate) path: String,
    /// All tokens of the file.
    pub(crate) tokens: Vec<Token>,
    lines: usize,
    tests: Vec<Range<usize>>,
}

impl Source {
    /// Reads a file that was loaded already.
    pub(crate) fn new(path: &str, text: &str) -> Self {
        let tokens = tokenize(text);
        let tests = test_modules(&tokens);
        Self { path: path.to_owned(), tokens, lines: text.lines().count(), tests }
    }

    /// The top-level module the file belongs to: `store` for `src/store/keys.rs`, `event` for `src/event.rs`.
    /// The roots of the crate belong to none.
    pub(crate) fn top_module(&self) -> Option<&str> {
        let inside = self.path.strip_prefix("src/")?;
        let name = inside.split('/').next()?.trim_end_matches(".rs");
        (!matches!(name, "lib" | "main")).then_some(name)
    }

    /// Whether the whole file is made of tests.
    pub(crate) fn is_tests(&self) -> bool {
        !self.path.starts_with("src/") || self.path.ends_with("/tests.rs") || self.path.contains("/tests/")
    }

    /// The number of lines that are not part of a module of tests.
    pub(crate) fn product_lines(&self) -> usize {
        let line = |index: usize| self.tokens[index].line;
        let in_tests: usize =
            self.tests.iter().map(|range| line(range.end - 1) - line(range.start) + 1).sum();
        self.lines - in_tests
    }

    /// The places of the tokens that are not part of a module of tests.
    pub(crate) fn product(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.tokens.len()).filter(|index| !self.tests.iter().any(|range| range.contains(index)))
    }

    /// Whether these tokens stand at this place.
    pub(crate) fn has(&self, at: usize, texts: &[&str]) -> bool {
        starts_with(&self.tokens[at..], texts)
    }

    /// The text of the token at a place; nothing past the end.
    pub(crate) fn text(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |token| token.text.as_str())
    }
}

/// Whether a row of tokens begins with these texts.
fn starts_with(tokens: &[Token], texts: &[&str]) -> bool {
    tokens.len() >= texts.len() && tokens.iter().zip(texts).all(|(token, text)| token.text == *text)
}

/// Where the modules marked `#[cfg(test)]` begin and end.
fn test_modules(tokens: &[Token]) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for start in 0..tokens.len() {
        if found.last().is_some_and(|range| range.contains(&start))
            || !starts_with(&tokens[start..], &["#", "[", "cfg", "(", "test", ")", "]"])
        {
            continue;
        }
        let mut at = start;
        while starts_with(&tokens[at..], &["#", "["]) {
            at = closing(tokens, at + 1) + 1;
        }
        if starts_with(&tokens[at..], &["mod"]) && tokens.get(at + 2).is_some_and(|token| token.text == "{") {
            found.push(start..closing(tokens, at + 2) + 1);
        }
    }
    found
}

/// The place of the bracket that closes the one at `open`; the last token when there is none.
fn closing(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0_usize;
    for (offset, token) in tokens[open..].iter().enumerate() {
        match token.text.as_str() {
            "{" | "[" | "(" => depth += 1,
            "}" | "]" | ")" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return open + offset;
        }
    }
    tokens.len() - 1
}

/// Splits a text into tokens. Comments vanish; a string or character literal becomes the token `""`.
pub(crate) fn tokenize(text: &str) -> Vec<Token> {
    let chars: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let (mut at, mut line) = (0, 1);
    while at < chars.len() {
        let (kind, end) = lex(&chars, at);
        let text = match kind {
            Kind::Nothing => None,
            Kind::Literal => Some("\"\"".to_owned()),
            Kind::Text => Some(chars[at..end].iter().collect()),
        };
        tokens.extend(text.map(|text| Token { text, line }));
        line += chars[at..end].iter().filter(|&&c| c == '\n').count();
        at = end;
    }
    tokens
}

/// What begins at a place in a text.
enum Kind {
    /// Blanks and comments.
    Nothing,
    Literal,
    Text,
}

/// What begins at `at`, and where it ends.
fn lex(chars: &[char], at: usize) -> (Kind, usize) {
    let next = chars.get(at + 1).copied().unwrap_or(' ');
    match chars[at] {
        '/' if next == '/' => (Kind::Nothing, find(chars, at, |c| c == '\n')),
        '/' if next == '*' => (Kind::Nothing, block_comment_end(chars, at)),
        '"' => (Kind::Literal, quoted_end(chars, at + 1, '"')),
        '\'' => quote(chars, at),
        c if c.is_whitespace() => (Kind::Nothing, at + 1),
        c if is_word(c) => {
            let end = find(chars, at, |c| !is_word(c));
            raw_string_end(chars, at, end).map_or((Kind::Text, end), |end| (Kind::Literal, end))
        }
        _ => (Kind::Text, at + 1),
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The first place from `at` where the character fits; the end of the text when none does.
fn find(chars: &[char], at: usize, fits: impl Fn(char) -> bool) -> usize {
    chars[at..].iter().position(|&c| fits(c)).map_or(chars.len(), |offset| at + offset)
}

/// The end of a literal whose first character inside is at `at`.
fn quoted_end(chars: &[char], mut at: usize, quote: char) -> usize {
    while at < chars.len() && chars[at] != quote {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(chars.len())
}

/// A quote begins a character (`'a'`, `'\n'`) or a lifetime (`'a`).
fn quote(chars: &[char], at: usize) -> (Kind, usize) {
    let is_character = chars.get(at + 1) == Some(&'\\') || chars.get(at + 2) == Some(&'\'');
    if is_character { (Kind::Literal, quoted_end(chars, at + 1, '\'')) } else { (Kind::Text, at + 1) }
}

/// The end of a raw string whose prefix (`r`, `br`, `cr`) stands from `at` to `end`, if that is what stands there.
fn raw_string_end(chars: &[char], at: usize, end: usize) -> Option<usize> {
    let prefix: String = chars[at..end].iter().collect();
    if !matches!(prefix.as_str(), "r" | "br" | "cr") {
        return None;
    }
    let open = find(chars, end, |c| c != '#');
    if chars.get(open) != Some(&'"') {
        return None;
    }
    let hashes = open - end;
    let closes = |at: usize| {
        chars[at] == '"' && chars[at + 1..].iter().take(hashes).filter(|&&c| c == '#').count() == hashes
    };
    let close = (open + 1..chars.len()).find(|&at| closes(at))?;
    Some(close + 1 + hashes)
}

/// The end of a block comment; these nest.
fn block_comment_end(chars: &[char], mut at: usize) -> usize {
    let mut depth = 0_usize;
    while at + 1 < chars.len() {
        match (chars[at], chars[at + 1]) {
            ('/', '*') => (depth, at) = (depth + 1, at + 1),
            ('*', '/') => (depth, at) = (depth - 1, at + 1),
            _ => {}
        }
        at += 1;
        if depth == 0 {
            return at;
        }
    }
    chars.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(source: &str) -> Vec<String> {
        tokenize(source).into_iter().map(|token| token.text).collect()
    }

    #[test]
    fn comments_and_literals_hide_what_they_hold() {
        let cases = [
            ("a // unsafe\nb", vec!["a", "b"]),
            ("a /* x /* unsafe */ y */ b", vec!["a", "b"]),
            ("f(\"un\\\"safe\")", vec!["f", "(", "\"\"", ")"]),
            ("r#\"un\"safe\"# b", vec!["\"\"", "b"]),
            ("br\"unsafe\" b", vec!["\"\"", "b"]),
            ("'\\'' '\"' b", vec!["\"\"", "\"\"", "b"]),
            ("&'a str", vec!["&", "'", "a", "str"]),
            ("r#type", vec!["r", "#", "type"]),
        ];

        for (source, expected) in cases {
            assert_eq!(texts(source), expected, "{source}");
        }
    }

    #[test]
    fn tokens_know_their_line() {
        let tokens = tokenize("a\n/* x\n */ \"\n\" b\n");

        assert_eq!(tokens.iter().map(|token| token.line).collect::<Vec<_>>(), [1, 3, 4]);
    }

    #[test]
    fn the_lines_of_a_tests_module_do_not_count() {
        let source = Source::new(
            "src/a.rs",
            "fn a() {}\n\n#[cfg(test)]\n#[expect(x)]\nmod tests {\n    fn b() {}\n}\n",
        );

        assert_eq!(source.product_lines(), 2);
        assert!(!source.product().any(|at| source.text(at) == "b"));
        assert!(source.product().any(|at| source.text(at) == "a"));
    }

    #[test]
    fn a_tests_module_elsewhere_hides_nothing() {
        let source = Source::new("src/a.rs", "#[cfg(test)]\nmod tests;\nfn a() {}\n");

        assert_eq!(source.product_lines(), 3);
        assert!(source.product().any(|at| source.text(at) == "a"));
    }
}
