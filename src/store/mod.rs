//! Redis: the only place that names a key.
