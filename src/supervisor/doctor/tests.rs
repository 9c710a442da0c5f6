//! Facts for the tests of the checks.

use crate::store::Server;

/// A server that tells this much of itself, and has these settings.
pub(super) fn server(facts: &[(&str, &str)], settings: &[(&str, &str)]) -> Server {
    let pairs = |pairs: &[(&str, &str)]| {
        let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Some(pairs.collect()).filter(|pairs: &std::collections::BTreeMap<_, _>| !pairs.is_empty())
    };
    Server { info: pairs(facts), settings: pairs(settings), skew: None }
}
