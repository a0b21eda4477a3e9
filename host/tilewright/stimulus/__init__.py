"""Stimulus files, as course testbenches of this kind of array read them: export, and replay through the RTL."""
