"""Predicting and scoring: a cell, a run, seeds, series."""
