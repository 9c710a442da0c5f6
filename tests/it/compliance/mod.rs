//! What users of Python RQ rely on: each claim holds for Python RQ's worker and for ours alike.

mod core;
