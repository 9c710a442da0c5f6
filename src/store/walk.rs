//! Reading a place from its head to its end while others take entries out of it and put some in.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use super::listing::Shelf;
use super::{Store, StoreError};

/// How many entries are read again, to see whether any went from before them meanwhile.
const OVERLAP: usize = 50;

/// How far a place was read. What is there all the time is met at least once, whatever goes and comes beside it.
pub(crate) struct Walk<'a> {
    store: &'a Store,
    place: &'a Shelf,
    page: usize,
    offset: usize,
    /// What was met, in a form that does not grow with the ids.
    met: HashSet<u64>,
    mixer: RandomState,
    is_over: bool,
}

impl Store {
    /// Begins to read a place, so many entries at a time.
    pub(crate) fn walk<'a>(&'a self, place: &'a Shelf, page: usize) -> Walk<'a> {
        let (met, mixer) = (HashSet::new(), RandomState::new());
        Walk { store: self, place, page: page.max(2 * OVERLAP), offset: 0, met, mixer, is_over: false }
    }
}

impl Walk<'_> {
    /// The next ids, some of them once more; nothing at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<String>>, StoreError> {
        while !self.is_over {
            let from = self.offset.saturating_sub(OVERLAP);
            let ids = self.store.ids_at(self.place, from, self.page).await?;
            // Entries that were further on stand before this page now, unless it begins with one that was met.
            if from > 0 && !ids.first().is_some_and(|id| self.met.contains(&self.mixer.hash_one(id))) {
                self.offset = from.saturating_sub(self.page - OVERLAP);
                continue;
            }
            self.is_over = ids.len() < self.page;
            self.offset = from + ids.len();
            self.met.extend(ids.iter().map(|id| self.mixer.hash_one(id)));
            return Ok(Some(ids));
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use crate::job::QueueName;
    use crate::store::tests::server::{Server, run};
    use crate::store::{Address, Client, Keys, Standing, Store};

    async fn send(store: &Store, words: &[&str]) {
        store.client().run(redis::cmd(words[0]).arg(&words[1..])).await.unwrap();
    }

    #[test]
    fn what_stays_is_met_while_others_take_from_the_head_and_put_back() {
        let server = Server::start(&[]);
        run(async {
            let store =
                Store::new(Client::new(Address::from_url(&server.url()).unwrap(), None), Keys::new("rq"));
            let numbers: Vec<String> = (0..2000).map(|number| number.to_string()).collect();
            let words: Vec<&str> = numbers.iter().map(String::as_str).collect();
            send(&store, &[&["RPUSH", "rq:queue:q"][..], &words].concat()).await;
            let shelves = store.shelves(&[QueueName::new("q")], &[Standing::Queued]).await.unwrap();
            let mut walk = store.walk(&shelves[0], 200);
            let (mut met, mut pages) = (Vec::new(), 0);

            while let Some(ids) = walk.next().await.unwrap() {
                met.extend(ids);
                pages += 1;
                // More than the overlap, more than a page, and nothing.
                match pages {
                    1 => send(&store, &["LTRIM", "rq:queue:q", "150", "-1"]).await,
                    2 => send(&store, &["LTRIM", "rq:queue:q", "1000", "-1"]).await,
                    3 => send(&store, &["LPUSH", "rq:queue:q", "front"]).await,
                    _ => {}
                }
            }

            let first_that_stayed = 1150;
            assert!(numbers[first_that_stayed..].iter().all(|id| met.contains(id)), "{met:?}");
            assert!(pages < 20, "{pages}");
        });
    }
}
