//! Every fact worth telling.
