"""Prediction folders in the official form: names, checks, labels, scores, packing."""
