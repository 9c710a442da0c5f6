//! Errors in words.

use std::error::Error;

/// An error and its causes, in one line. Many errors repeat their cause already: then it is not said again.
pub(crate) fn in_words(error: &dyn Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !words.ends_with(&more) {
            words = format!("{words}: {more}");
        }
        cause = error.source();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{words}")]
    struct Told {
        words: &'static str,
        #[source]
        cause: Option<Box<Told>>,
    }

    #[test]
    fn causes_follow_their_error_once() {
        let root = Told { words: "no such file", cause: None };
        let open = Told { words: "cannot open x: no such file", cause: Some(Box::new(root)) };
        let start = Told { words: "cannot start", cause: Some(Box::new(open)) };

        assert_eq!(in_words(&start), "cannot start: cannot open x: no such file");
    }
}
