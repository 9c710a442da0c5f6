//! The registry: numbers of facts since the start, and what was seen at the last look.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use super::catalogue::{CATALOGUE, Definition, Kind, Metric, PREFIX};
use super::exposition::{Form, plain, unbracketed};

/// The most sets of labels that one metric has; what comes then is counted together. Queues are named by users.
const MOST: usize = 1_000;

/// What stands for every label of those.
const OTHER: &str = "other";

/// Names and values.
type Labels = Vec<(&'static str, String)>;

/// Makes histograms with some bounds.
#[derive(Debug, Clone, Copy)]
struct Bounds(&'static [f64]);

impl MetricConstructor<Histogram> for Bounds {
    fn new_metric(&self) -> Histogram {
        Histogram::new(self.0.iter().copied())
    }
}

/// The numbers of one metric, by their labels.
#[derive(Debug)]
struct Shelf<M, C = fn() -> M> {
    family: Family<Labels, M, C>,
    /// How many sets of labels there are.
    sets: AtomicUsize,
}

impl<M: Clone, C: MetricConstructor<M>> Shelf<M, C> {
    fn new(family: Family<Labels, M, C>) -> Self {
        Self { family, sets: AtomicUsize::new(0) }
    }

    /// Does something with the number that has these labels. One that there is no room for is counted with others.
    fn at(&self, metric: Metric, values: &[&str], act: impl FnOnce(&M)) {
        let names = metric.definition().labels.iter();
        let pairs = names.clone().zip(values);
        let mut labels: Labels = pairs.map(|(name, value)| (*name, (*value).to_owned())).collect();
        let known = self.family.get(&labels).is_some();
        if !known && self.sets.fetch_add(1, Ordering::Relaxed) >= MOST {
            labels = names.map(|name| (*name, OTHER.to_owned())).collect();
        }
        act(&self.family.get_or_create(&labels));
    }

    fn clear(&self) {
        self.family.clear();
        self.sets.store(0, Ordering::Relaxed);
    }
}

/// The numbers of one metric, of whichever kind.
#[derive(Debug)]
enum Page {
    Counter(Shelf<Counter>),
    Gauge(Shelf<Gauge<f64, AtomicU64>>),
    Histogram(Shelf<Histogram, Bounds>),
}

/// All numbers, as long as this process lives.
#[derive(Debug)]
pub(crate) struct Book {
    registry: Registry,
    /// In the order of the catalogue.
    pages: Vec<Page>,
}

impl Book {
    /// Everything that has no labels is there, as 0.
    pub(super) fn new() -> Self {
        let mut registry = Registry::with_prefix(PREFIX);
        let pages = CATALOGUE.iter().map(|definition| Page::register(definition, &mut registry)).collect();
        Self { registry, pages }
    }

    /// Counts some more.
    pub(crate) fn count(&self, metric: Metric, labels: &[&str], more: u64) {
        if let Page::Counter(shelf) = self.page(metric) {
            shelf.at(metric, labels, |counter| {
                counter.inc_by(more);
            });
        }
    }

    /// Takes over a count that somebody else keeps.
    pub(crate) fn count_up_to(&self, metric: Metric, labels: &[&str], count: u64) {
        if let Page::Counter(shelf) = self.page(metric) {
            shelf.at(metric, labels, |counter| {
                counter.inc_by(count.saturating_sub(counter.get()));
            });
        }
    }

    /// Notes how large something was.
    pub(crate) fn observe(&self, metric: Metric, labels: &[&str], size: f64) {
        if let Page::Histogram(shelf) = self.page(metric) {
            shelf.at(metric, labels, |histogram| histogram.observe(size));
        }
    }

    /// What is seen now.
    pub(crate) fn set(&self, metric: Metric, labels: &[&str], value: f64) {
        if let Page::Gauge(shelf) = self.page(metric) {
            shelf.at(metric, labels, |gauge| {
                gauge.set(value);
            });
        }
    }

    /// Forgets what was seen: it is not known any more.
    pub(crate) fn forget(&self, metric: Metric) {
        if let Page::Gauge(shelf) = self.page(metric) {
            shelf.clear();
        }
    }

    /// Everything as a text.
    pub(crate) fn text(&self, form: Form) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = encode(&mut text, &self.registry);
        let text = unbracketed(&text);
        match form {
            Form::OpenMetrics => text,
            Form::Plain => plain(&text),
        }
    }

    fn page(&self, metric: Metric) -> &Page {
        &self.pages[metric as usize]
    }
}

impl Page {
    fn register(definition: &'static Definition, registry: &mut Registry) -> Self {
        let is_alone = definition.labels.is_empty();
        match definition.kind {
            Kind::Counter => {
                let family = Family::<Labels, Counter>::default();
                if is_alone {
                    drop(family.get_or_create(&Labels::new()));
                }
                enter(registry, definition, family.clone());
                Self::Counter(Shelf::new(family))
            }
            Kind::Gauge => {
                let family = Family::<Labels, Gauge<f64, AtomicU64>>::default();
                enter(registry, definition, family.clone());
                Self::Gauge(Shelf::new(family))
            }
            Kind::Histogram(bounds) => {
                let family = Family::<Labels, Histogram, Bounds>::new_with_constructor(Bounds(bounds));
                if is_alone {
                    drop(family.get_or_create(&Labels::new()));
                }
                enter(registry, definition, family.clone());
                Self::Histogram(Shelf::new(family))
            }
        }
    }
}

fn enter(registry: &mut Registry, definition: &Definition, metric: impl prometheus_client::registry::Metric) {
    match definition.unit {
        "" => registry.register(definition.name(), definition.help(), metric),
        unit => {
            let unit = Unit::Other(unit.to_owned());
            registry.register_with_unit(definition.name(), definition.help(), unit, metric);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(text: &str, line: &str) {
        assert!(text.lines().any(|found| found == line), "{line} is not in:\n{text}");
    }

    #[test]
    fn counts_times_and_views_stand_in_both_forms() {
        let book = Book::new();
        book.count(Metric::JobsEnded, &["a\"b\n", "failed"], 2);
        book.observe(Metric::JobWait, &["q"], 0.3);
        book.set(Metric::RedisUp, &[], 1.0);
        book.set(Metric::Slots, &["g"], 2.0);
        book.forget(Metric::Slots);

        let open = book.text(Form::OpenMetrics);
        let plain = book.text(Form::Plain);

        has(&open, "# TYPE rqd_jobs_ended counter");
        has(&open, "# UNIT rqd_job_wait_seconds seconds");
        assert!(open.ends_with("# EOF\n") && !open.contains("rqd_slots{"), "{open}");
        has(&plain, "# TYPE rqd_jobs_ended_total counter");
        for text in [&open, &plain] {
            has(text, "rqd_jobs_ended_total{queue=\"a\\\"b\\n\",outcome=\"failed\"} 2");
            has(text, "rqd_job_wait_seconds_bucket{le=\"0.5\",queue=\"q\"} 1");
            has(text, "rqd_job_wait_seconds_sum{queue=\"q\"} 0.3");
            has(text, "rqd_redis_up 1.0");
            has(text, "rqd_worker_restarts_total 0");
        }
        assert!(!plain.contains("# EOF") && !plain.contains("# UNIT"), "{plain}");
    }

    #[test]
    fn a_count_that_somebody_else_keeps_is_taken_over() {
        let book = Book::new();

        for count in [3, 3, 5, 4] {
            book.count_up_to(Metric::LogLinesDropped, &["file"], count);
        }

        has(&book.text(Form::Plain), "rqd_log_lines_dropped_total{appender=\"file\"} 5");
    }

    #[test]
    fn labels_that_are_too_many_are_counted_together() {
        let book = Book::new();

        for number in 0..MOST + 5 {
            book.count(Metric::JobsClaimed, &[&number.to_string()], 1);
        }
        book.count(Metric::JobsClaimed, &["0"], 1);

        let text = book.text(Form::Plain);
        has(&text, "rqd_jobs_claimed_total{queue=\"other\"} 5");
        has(&text, "rqd_jobs_claimed_total{queue=\"0\"} 2");
    }
}
