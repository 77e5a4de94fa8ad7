"""Predicting and scoring: a cell, the job of some cells, an evaluation, seeds, series."""
