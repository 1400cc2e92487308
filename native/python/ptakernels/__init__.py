"""Probabilistic token alignment for training programs."""
