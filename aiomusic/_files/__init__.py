"""Clips become files: fetched, checked, tagged, and named when they are whole."""
