"""Frames in and out: movies, image sequences and stills as arrays, and arrays as pictures and movies."""
