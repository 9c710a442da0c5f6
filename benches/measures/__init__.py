"""What is measured of the field: a module for each measurement, and what they share.

A measurement is a function `measure(arena, contenders, options)` that returns a Sheet.
"""
