"""Predictions to figures: a cell's score, means, spread, uncertainty."""
