"""Stands in for Django where it is preloaded."""
