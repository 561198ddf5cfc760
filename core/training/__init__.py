"""Data sets, hint sampling, losses and trainers."""
